#include "audit/format/tree.h"

#include "audit/format/sha256.h"
#include "base/assert.h"

struct tree_hash tree_leaf_hash(struct span data)
{
	const struct span parts[] = {SPAN("\0"), data};
	struct tree_hash out;
	sha256(parts, 2, out.b);
	return out;
}

struct tree_hash tree_node_hash(const struct tree_hash *left, const struct tree_hash *right)
{
	const struct span parts[] = {SPAN("\1"), span_of(left->b, TREE_HASH), span_of(right->b, TREE_HASH)};
	struct tree_hash out;
	sha256(parts, 3, out.b);
	return out;
}

size_t tree_frontier_count(uint64_t size)
{
	return (size_t)__builtin_popcountll(size);
}

void tree_append(struct tree_frontier *f, const struct tree_hash *leaf, tree_completed *completed, void *arg)
{
	INVARIANT(f->size < TREE_MAX_SIZE);
	size_t n = tree_frontier_count(f->size);
	struct tree_hash hash = *leaf;
	/* Each trailing one bit of the size is a subtree as large as the one just completed. */
	for (unsigned height = 0; (f->size >> height & 1) != 0; height++) {
		hash = tree_node_hash(&f->nodes[--n], &hash);
		if (completed != NULL)
			completed(arg, height + 1, f->size >> (height + 1), &hash);
	}
	f->nodes[n] = hash;
	f->size++;
}

struct tree_hash tree_root(const struct tree_frontier *f)
{
	size_t n = tree_frontier_count(f->size);
	struct tree_hash root;
	if (n == 0) {
		sha256(NULL, 0, root.b);
		return root;
	}
	root = f->nodes[--n];
	while (n > 0)
		root = tree_node_hash(&f->nodes[--n], &root);
	return root;
}

size_t tree_frontier_encode(const struct tree_frontier *f, uint8_t out[TREE_FRONTIER_MAX])
{
	size_t n = tree_frontier_count(f->size);
	for (int i = 0; i < 8; i++)
		out[i] = (uint8_t)(f->size >> (56 - 8 * i));
	memcpy(out + 8, f->nodes, n * TREE_HASH);
	return 8 + n * TREE_HASH;
}

enum err tree_frontier_decode(struct span in, struct tree_frontier *out)
{
	*out = (struct tree_frontier){0};
	if (in.n < 8)
		return ERR_SYNTAX;
	uint64_t size = 0;
	for (int i = 0; i < 8; i++)
		size = size << 8 | in.p[i];
	if (size > TREE_MAX_SIZE || in.n != 8 + tree_frontier_count(size) * TREE_HASH)
		return ERR_SYNTAX;
	out->size = size;
	memcpy(out->nodes, in.p + 8, in.n - 8);
	return ERR_OK;
}

/* Height of the largest power of two that is smaller than n; n > 1. */
static unsigned split_height(uint64_t n)
{
	return 63 - (unsigned)__builtin_clzll(n - 1);
}

enum err tree_range(const struct tree_source *s, uint64_t from, uint64_t to, struct tree_hash *out)
{
	struct tree_frontier parts = {.size = to - from};
	INVARIANT(from < to);
	uint64_t at = from;
	size_t n = 0;
	for (unsigned height = 63; height-- > 0;) {
		if ((parts.size >> height & 1) == 0)
			continue;
		enum err err = s->node(s->arg, height, at >> height, &parts.nodes[n++]);
		if (err != ERR_OK)
			return err;
		at += (uint64_t)1 << height;
	}
	*out = tree_root(&parts);
	return ERR_OK;
}

enum err tree_frontier_load(const struct tree_source *s, uint64_t size, struct tree_frontier *out)
{
	*out = (struct tree_frontier){.size = size};
	uint64_t at = 0;
	size_t n = 0;
	for (unsigned height = 63; height-- > 0;) {
		if ((size >> height & 1) == 0)
			continue;
		enum err err = s->node(s->arg, height, at >> height, &out->nodes[n++]);
		if (err != ERR_OK)
			return err;
		at += (uint64_t)1 << height;
	}
	return ERR_OK;
}

/* Proofs list the siblings from the leaf upwards; the recursion of the RFC runs from the root downwards. */
static void reverse(struct tree_proof *p)
{
	for (size_t i = 0; i < p->n / 2; i++) {
		struct tree_hash t = p->path[i];
		p->path[i] = p->path[p->n - 1 - i];
		p->path[p->n - 1 - i] = t;
	}
}

static enum err add_range(const struct tree_source *s, uint64_t from, uint64_t to, struct tree_proof *p)
{
	INVARIANT(p->n < TREE_MAX_PROOF);
	return tree_range(s, from, to, &p->path[p->n++]);
}

enum err tree_inclusion(const struct tree_source *s, uint64_t index, uint64_t size, struct tree_proof *out)
{
	uint64_t from = 0, to = size;
	*out = (struct tree_proof){0};
	if (index >= size)
		return ERR_LIMIT;
	while (to - from > 1) {
		uint64_t middle = from + ((uint64_t)1 << split_height(to - from));
		bool left = index < middle;
		enum err err = left ? add_range(s, middle, to, out) : add_range(s, from, middle, out);
		if (err != ERR_OK)
			return err;
		if (left)
			to = middle;
		else
			from = middle;
	}
	reverse(out);
	return ERR_OK;
}

/* SUBPROOF of RFC 6962 §2.1.2: whole is true while the first tree is still a complete left part. */
enum err tree_consistency(const struct tree_source *s, uint64_t first, uint64_t second, struct tree_proof *out)
{
	uint64_t from = 0, to = second;
	bool whole = true;
	*out = (struct tree_proof){0};
	if (first > second)
		return ERR_LIMIT;
	if (first == 0 || first == second)
		return ERR_OK;
	while (first != to) {
		uint64_t middle = from + ((uint64_t)1 << split_height(to - from));
		bool left = first <= middle;
		enum err err = left ? add_range(s, middle, to, out) : add_range(s, from, middle, out);
		if (err != ERR_OK)
			return err;
		if (left) {
			to = middle;
		} else {
			from = middle;
			whole = false;
		}
	}
	enum err err = whole ? ERR_OK : add_range(s, from, to, out);
	reverse(out);
	return err;
}

enum err tree_verify_inclusion(uint64_t index, uint64_t size, const struct tree_hash *leaf,
			       const struct tree_proof *proof, const struct tree_hash *root)
{
	if (index >= size || proof->n > TREE_MAX_PROOF)
		return ERR_VERIFY;
	uint64_t fn = index, sn = size - 1;
	struct tree_hash r = *leaf;
	for (size_t i = 0; i < proof->n; i++) {
		if (sn == 0)
			return ERR_VERIFY;
		if ((fn & 1) != 0 || fn == sn) {
			r = tree_node_hash(&proof->path[i], &r);
			while ((fn & 1) == 0 && fn != 0) {
				fn >>= 1;
				sn >>= 1;
			}
		} else {
			r = tree_node_hash(&r, &proof->path[i]);
		}
		fn >>= 1;
		sn >>= 1;
	}
	return sn == 0 && tree_hash_eq(&r, root) ? ERR_OK : ERR_VERIFY;
}

/* RFC 9162 §2.1.4.2, steps 4 to 7; first is neither 0 nor second. */
static enum err walk_consistency(uint64_t first, uint64_t second, const struct tree_hash *first_root,
				 const struct tree_hash *second_root, const struct tree_proof *proof)
{
	bool power = (first & (first - 1)) == 0;
	size_t i = power ? 0 : 1;
	if (proof->n < i)
		return ERR_VERIFY;
	uint64_t fn = first - 1, sn = second - 1;
	while ((fn & 1) != 0) {
		fn >>= 1;
		sn >>= 1;
	}
	struct tree_hash fr = power ? *first_root : proof->path[0];
	struct tree_hash sr = fr;
	for (; i < proof->n; i++) {
		const struct tree_hash *c = &proof->path[i];
		if (sn == 0)
			return ERR_VERIFY;
		if ((fn & 1) != 0 || fn == sn) {
			fr = tree_node_hash(c, &fr);
			sr = tree_node_hash(c, &sr);
			while ((fn & 1) == 0 && fn != 0) {
				fn >>= 1;
				sn >>= 1;
			}
		} else {
			sr = tree_node_hash(&sr, c);
		}
		fn >>= 1;
		sn >>= 1;
	}
	return sn == 0 && tree_hash_eq(&fr, first_root) && tree_hash_eq(&sr, second_root) ? ERR_OK : ERR_VERIFY;
}

enum err tree_verify_consistency(uint64_t first, uint64_t second, const struct tree_hash *first_root,
				 const struct tree_hash *second_root, const struct tree_proof *proof)
{
	const struct tree_frontier empty = {0};
	const struct tree_hash empty_root = tree_root(&empty);
	if (first > second || proof->n > TREE_MAX_PROOF)
		return ERR_VERIFY;
	if (first == 0 && !tree_hash_eq(first_root, &empty_root))
		return ERR_VERIFY;
	if (first == second)
		return proof->n == 0 && tree_hash_eq(first_root, second_root) ? ERR_OK : ERR_VERIFY;
	if (first == 0)
		return proof->n == 0 ? ERR_OK : ERR_VERIFY;
	if (proof->n == 0)
		return ERR_VERIFY;
	return walk_consistency(first, second, first_root, second_root, proof);
}
