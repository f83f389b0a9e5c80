#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "audit/format/base64.h"
#include "audit/format/tile.h"
#include "audit/format/tree.h"

/* The tree by the book: RFC 6962 §2.1, as recursive as it is written there. */
enum { BOOK_MAX = 80 };
static struct tree_hash leaves[BOOK_MAX];

static struct tree_hash book_root(size_t from, size_t to)
{
	if (to - from == 1)
		return leaves[from];
	size_t k = 1;
	while (k * 2 < to - from)
		k *= 2;
	struct tree_hash l = book_root(from, from + k), r = book_root(from + k, to);
	return tree_node_hash(&l, &r);
}

static void book_path(size_t m, size_t from, size_t to, struct tree_proof *out)
{
	if (to - from == 1)
		return;
	size_t k = 1;
	while (k * 2 < to - from)
		k *= 2;
	if (m < k) {
		book_path(m, from, from + k, out);
		out->path[out->n++] = book_root(from + k, to);
	} else {
		book_path(m - k, from + k, to, out);
		out->path[out->n++] = book_root(from, from + k);
	}
}

static void book_subproof(size_t m, size_t from, size_t to, bool whole, struct tree_proof *out)
{
	if (m == to - from) {
		if (!whole)
			out->path[out->n++] = book_root(from, to);
		return;
	}
	size_t k = 1;
	while (k * 2 < to - from)
		k *= 2;
	if (m <= k) {
		book_subproof(m, from, from + k, whole, out);
		out->path[out->n++] = book_root(from + k, to);
	} else {
		book_subproof(m - k, from + k, to, false, out);
		out->path[out->n++] = book_root(from, from + k);
	}
}

static enum err book_node(void *arg, unsigned height, uint64_t index, struct tree_hash *out)
{
	(void)arg;
	*out = book_root((size_t)(index << height), (size_t)((index + 1) << height));
	return ERR_OK;
}

static const struct tree_source source = {book_node, NULL};

static int fill_leaves(void **state)
{
	(void)state;
	for (size_t i = 0; i < BOOK_MAX; i++) {
		uint8_t data = (uint8_t)i;
		leaves[i] = tree_leaf_hash(span_of(&data, 1));
	}
	return 0;
}

static struct tree_frontier frontier_of(size_t n)
{
	struct tree_frontier f = {0};
	for (size_t i = 0; i < n; i++)
		tree_append(&f, &leaves[i], NULL, NULL);
	return f;
}

static struct tree_hash from_hex(const char *hex)
{
	struct tree_hash h;
	for (size_t i = 0; i < TREE_HASH; i++) {
		unsigned byte;
		assert_int_equal(sscanf(hex + 2 * i, "%2x", &byte), 1);
		h.b[i] = (uint8_t)byte;
	}
	return h;
}

static void assert_hash(const struct tree_hash *a, const struct tree_hash *b)
{
	assert_memory_equal(a->b, b->b, TREE_HASH);
}

static void assert_frontier(const struct tree_frontier *a, const struct tree_frontier *b)
{
	assert_int_equal(a->size, b->size);
	assert_memory_equal(a->nodes, b->nodes, tree_frontier_count(a->size) * TREE_HASH);
}

/* The leaves and roots that the implementations of Certificate Transparency share as test data. */
static void roots_are_those_of_certificate_transparency(void **state)
{
	(void)state;
	static const struct {
		const char *data;
		size_t n;
	} inputs[] = {{"", 0},         {"\x00", 1},
		      {"\x10", 1},     {"\x20\x21", 2},
		      {"\x30\x31", 2}, {"\x40\x41\x42\x43", 4},
		      {"PQRSTUVW", 8}, {"`abcdefghijklmno", 16}};
	static const char *const roots[] = {
		"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
		"6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
		"fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
		"aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
		"d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
		"4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
		"76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
		"ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
		"5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
	};
	struct tree_frontier f = {0};
	for (size_t i = 0;; i++) {
		struct tree_hash want = from_hex(roots[i]), got = tree_root(&f);
		assert_hash(&got, &want);
		if (i == sizeof inputs / sizeof *inputs)
			break;
		struct tree_hash leaf = tree_leaf_hash(span_of(inputs[i].data, inputs[i].n));
		tree_append(&f, &leaf, NULL, NULL);
	}
}

/* A log of another implementation: its fifteen entries and the root its checkpoint states. */
static void the_root_of_a_foreign_log_is_found(void **state)
{
	(void)state;
	static const char *const entries[] = {"one",  "two", "three",  "four",  "five",     "six",     "seven", "eit",
					      "nain", "ten", "ileven", "twelf", "threeten", "fourten", "fivten"};
	struct tree_frontier f = {0};
	struct buf text = {0};
	for (size_t i = 0; i < sizeof entries / sizeof *entries; i++) {
		struct tree_hash leaf = tree_leaf_hash(span_str(entries[i]));
		tree_append(&f, &leaf, NULL, NULL);
	}
	struct tree_hash root = tree_root(&f);
	base64_encode(span_of(root.b, TREE_HASH), &text);
	assert_true(span_eq(buf_span(&text), SPAN("rKbDipCvhuX1GZ7g5BBe8sA6BbJ7ja/1nk427v383cs=")));
	buf_fini(&text);
}

static void frontiers_give_the_roots_of_the_book(void **state)
{
	(void)state;
	for (size_t n = 1; n <= BOOK_MAX; n++) {
		struct tree_frontier f = frontier_of(n), again, loaded;
		uint8_t text[TREE_FRONTIER_MAX];
		struct tree_hash want = book_root(0, n), got = tree_root(&f);
		assert_hash(&got, &want);
		size_t len = tree_frontier_encode(&f, text);
		assert_int_equal(tree_frontier_decode(span_of(text, len), &again), ERR_OK);
		assert_frontier(&again, &f);
		assert_int_equal(tree_frontier_decode(span_of(text, len - 1), &again), ERR_SYNTAX);
		assert_int_equal(tree_frontier_load(&source, n, &loaded), ERR_OK);
		assert_frontier(&loaded, &f);
	}
}

struct completions {
	size_t n;
};

static void check_completed(void *arg, unsigned height, uint64_t index, const struct tree_hash *hash)
{
	struct completions *c = arg;
	struct tree_hash want = book_root((size_t)(index << height), (size_t)((index + 1) << height));
	assert_hash(hash, &want);
	c->n++;
}

static void every_complete_subtree_is_told_once(void **state)
{
	(void)state;
	struct tree_frontier f = {0};
	struct completions c = {0};
	for (size_t i = 0; i < 64; i++)
		tree_append(&f, &leaves[i], check_completed, &c);
	assert_int_equal(c.n, 63);
}

static void inclusion_proofs_are_those_of_the_book(void **state)
{
	(void)state;
	for (size_t n = 1; n <= BOOK_MAX; n++) {
		struct tree_hash root = book_root(0, n);
		for (size_t m = 0; m < n; m++) {
			struct tree_proof want = {0}, got;
			book_path(m, 0, n, &want);
			assert_int_equal(tree_inclusion(&source, m, n, &got), ERR_OK);
			assert_int_equal(got.n, want.n);
			assert_memory_equal(got.path, want.path, want.n * TREE_HASH);
			assert_int_equal(tree_verify_inclusion(m, n, &leaves[m], &got, &root), ERR_OK);
		}
	}
}

static void consistency_proofs_are_those_of_the_book(void **state)
{
	(void)state;
	for (size_t n = 1; n <= BOOK_MAX; n++) {
		struct tree_hash second = book_root(0, n);
		for (size_t m = 1; m <= n; m++) {
			struct tree_hash first = book_root(0, m);
			struct tree_proof want = {0}, got;
			book_subproof(m, 0, n, true, &want);
			assert_int_equal(tree_consistency(&source, m, n, &got), ERR_OK);
			assert_int_equal(got.n, want.n);
			assert_memory_equal(got.path, want.path, want.n * TREE_HASH);
			assert_int_equal(tree_verify_consistency(m, n, &first, &second, &got), ERR_OK);
		}
	}
}

/* Any change to a valid inclusion proof must make it invalid. */
static void spoilt_inclusion_proofs_are_refused(void **state)
{
	(void)state;
	for (size_t n = 1; n <= 40; n++) {
		struct tree_hash root = book_root(0, n);
		for (size_t m = 0; m < n; m++) {
			struct tree_proof p, bad;
			struct tree_hash other = leaves[(m + 1) % BOOK_MAX];
			assert_int_equal(tree_inclusion(&source, m, n, &p), ERR_OK);
			for (size_t i = 0; i < p.n; i++) {
				bad = p;
				bad.path[i].b[i % TREE_HASH] ^= 1;
				assert_int_equal(tree_verify_inclusion(m, n, &leaves[m], &bad, &root), ERR_VERIFY);
			}
			bad = p;
			bad.path[bad.n++] = root;
			assert_int_equal(tree_verify_inclusion(m, n, &leaves[m], &bad, &root), ERR_VERIFY);
			bad = p;
			if (bad.n > 0) {
				bad.n--;
				assert_int_equal(tree_verify_inclusion(m, n, &leaves[m], &bad, &root), ERR_VERIFY);
			}
			assert_int_equal(tree_verify_inclusion(m, n, &other, &p, &root), ERR_VERIFY);
			assert_int_equal(tree_verify_inclusion(n, n, &leaves[m], &p, &root), ERR_VERIFY);
			assert_int_equal(tree_verify_inclusion(m, n, &leaves[m], &p, &leaves[BOOK_MAX - 1]),
					 ERR_VERIFY);
			for (size_t other_m = 0; other_m < n; other_m++)
				if (other_m != m)
					assert_int_equal(tree_verify_inclusion(other_m, n, &leaves[m], &p, &root),
							 ERR_VERIFY);
		}
	}
}

static void spoilt_consistency_proofs_are_refused(void **state)
{
	(void)state;
	for (size_t n = 2; n <= 40; n++) {
		struct tree_hash second = book_root(0, n);
		for (size_t m = 1; m < n; m++) {
			struct tree_hash first = book_root(0, m), wrong = leaves[BOOK_MAX - 1];
			struct tree_proof p, bad;
			assert_int_equal(tree_consistency(&source, m, n, &p), ERR_OK);
			for (size_t i = 0; i < p.n; i++) {
				bad = p;
				bad.path[i].b[0] ^= 0x80;
				assert_int_equal(tree_verify_consistency(m, n, &first, &second, &bad), ERR_VERIFY);
			}
			bad = p;
			bad.path[bad.n++] = first;
			assert_int_equal(tree_verify_consistency(m, n, &first, &second, &bad), ERR_VERIFY);
			bad = p;
			bad.n--;
			assert_int_equal(tree_verify_consistency(m, n, &first, &second, &bad), ERR_VERIFY);
			assert_int_equal(tree_verify_consistency(m, n, &wrong, &second, &p), ERR_VERIFY);
			assert_int_equal(tree_verify_consistency(m, n, &first, &wrong, &p), ERR_VERIFY);
			assert_int_equal(tree_verify_consistency(n, m, &second, &first, &p), ERR_VERIFY);
			assert_int_equal(tree_verify_consistency(m, n, &second, &first, &p), ERR_VERIFY);
		}
	}
}

static void the_empty_tree_comes_before_every_other(void **state)
{
	(void)state;
	struct tree_frontier none = {0};
	struct tree_hash empty = tree_root(&none), root = book_root(0, 5);
	struct tree_proof p = {0};
	assert_int_equal(tree_verify_consistency(0, 5, &empty, &root, &p), ERR_OK);
	assert_int_equal(tree_verify_consistency(0, 0, &empty, &empty, &p), ERR_OK);
	assert_int_equal(tree_verify_consistency(0, 5, &root, &root, &p), ERR_VERIFY);
	assert_int_equal(tree_verify_consistency(5, 5, &root, &root, &p), ERR_OK);
	assert_int_equal(tree_verify_consistency(5, 5, &root, &empty, &p), ERR_VERIFY);
	p.n = 1;
	assert_int_equal(tree_verify_consistency(0, 5, &empty, &root, &p), ERR_VERIFY);
	assert_int_equal(tree_inclusion(&source, 3, 3, &p), ERR_LIMIT);
	assert_int_equal(tree_consistency(&source, 4, 3, &p), ERR_LIMIT);
}

static void assert_path(void (*path)(const struct tile *, struct buf *), struct tile t, const char *want)
{
	struct buf b = {0};
	path(&t, &b);
	assert_true(span_eq(buf_span(&b), span_str(want)));
	buf_fini(&b);
}

static void tiles_are_named_as_the_specification_says(void **state)
{
	(void)state;
	assert_path(tile_path, (struct tile){0, 0, 256}, "tile/0/000");
	assert_path(tile_path, (struct tile){0, 1234067, 256}, "tile/0/x001/x234/067");
	assert_path(tile_path, (struct tile){3, 999, 12}, "tile/3/999.p/12");
	assert_path(tile_path, (struct tile){1, 1000, 255}, "tile/1/x001/000.p/255");
	assert_path(tile_entries_path, (struct tile){0, 123456789, 1}, "tile/entries/x123/x456/789.p/1");
	assert_path(tile_bodies_path, (struct tile){0, 7, 256}, "body/007");
	assert_int_equal(tile_hashes(70000, 0), 70000);
	assert_int_equal(tile_hashes(70000, 1), 273);
	assert_int_equal(tile_hashes(70000, 2), 1);
	assert_int_equal(tile_hashes(70000, 3), 0);
	assert_int_equal(tile_hashes(UINT64_MAX, 8), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(roots_are_those_of_certificate_transparency),
		cmocka_unit_test(the_root_of_a_foreign_log_is_found),
		cmocka_unit_test(frontiers_give_the_roots_of_the_book),
		cmocka_unit_test(every_complete_subtree_is_told_once),
		cmocka_unit_test(inclusion_proofs_are_those_of_the_book),
		cmocka_unit_test(consistency_proofs_are_those_of_the_book),
		cmocka_unit_test(spoilt_inclusion_proofs_are_refused),
		cmocka_unit_test(spoilt_consistency_proofs_are_refused),
		cmocka_unit_test(the_empty_tree_comes_before_every_other),
		cmocka_unit_test(tiles_are_named_as_the_specification_says),
	};
	return cmocka_run_group_tests(tests, fill_leaves, NULL);
}
