/* The Merkle tree of RFC 6962 §2.1 (RFC 9162 §2.1) over SHA-256: frontier, roots, inclusion and consistency proofs.
 *
 * A node (height, index) is the root of the complete subtree over leaves [index << height, (index + 1) << height). */
#ifndef AUDIT_FORMAT_TREE_H
#define AUDIT_FORMAT_TREE_H

#include "base/err.h"

enum { TREE_HASH = 32, TREE_MAX_NODES = 63, TREE_MAX_PROOF = 2 * TREE_MAX_NODES };
#define TREE_MAX_SIZE ((uint64_t)1 << 62) /* leaves */

struct tree_hash {
	uint8_t b[TREE_HASH];
};

static inline bool tree_hash_eq(const struct tree_hash *a, const struct tree_hash *b)
{
	return memcmp(a->b, b->b, TREE_HASH) == 0;
}

struct tree_hash tree_leaf_hash(struct span data) MUST;
struct tree_hash tree_node_hash(const struct tree_hash *left, const struct tree_hash *right) MUST;

/* The right edge: the roots of the complete subtrees that make up a tree of this size, largest first. All that is
 * needed to append. A zeroed frontier is the empty tree. */
struct tree_frontier {
	uint64_t size;
	struct tree_hash nodes[TREE_MAX_NODES];
};
size_t tree_frontier_count(uint64_t size) MUST; /* nodes in use */

/* Told about every complete subtree of two leaves and more as it comes into being, smaller ones first. */
typedef void tree_completed(void *arg, unsigned height, uint64_t index, const struct tree_hash *hash);
/* completed may be NULL. The size must be below TREE_MAX_SIZE: an invariant. */
void tree_append(struct tree_frontier *f, const struct tree_hash *leaf, tree_completed *completed, void *arg);
struct tree_hash tree_root(const struct tree_frontier *f) MUST;

enum { TREE_FRONTIER_MAX = 8 + TREE_MAX_NODES * TREE_HASH };
/* Big-endian size, then the nodes; returns the bytes written. */
size_t tree_frontier_encode(const struct tree_frontier *f, uint8_t out[TREE_FRONTIER_MAX]) MUST;
enum err tree_frontier_decode(struct span in, struct tree_frontier *out) MUST;

/* Where nodes come from; any error is passed on. */
struct tree_source {
	enum err (*node)(void *arg, unsigned height, uint64_t index, struct tree_hash *out);
	void *arg;
};
/* Root of leaves [from, to) as one tree of RFC 6962; from must be a multiple of the largest power of two below to -
 * from, which holds for from = 0 and for every subtree a proof needs. from < to. */
enum err tree_range(const struct tree_source *s, uint64_t from, uint64_t to, struct tree_hash *out) MUST;
/* The frontier of the tree of this size. */
enum err tree_frontier_load(const struct tree_source *s, uint64_t size, struct tree_frontier *out) MUST;

struct tree_proof {
	struct tree_hash path[TREE_MAX_PROOF];
	size_t n;
};
/* ERR_LIMIT unless index < size, or first <= second. */
enum err tree_inclusion(const struct tree_source *s, uint64_t index, uint64_t size, struct tree_proof *out) MUST;
enum err tree_consistency(const struct tree_source *s, uint64_t first, uint64_t second, struct tree_proof *out) MUST;

/* ERR_OK or ERR_VERIFY. */
enum err tree_verify_inclusion(uint64_t index, uint64_t size, const struct tree_hash *leaf,
			       const struct tree_proof *proof, const struct tree_hash *root) MUST;
/* Any tree is consistent with the empty one, by an empty proof. */
enum err tree_verify_consistency(uint64_t first, uint64_t second, const struct tree_hash *first_root,
				 const struct tree_hash *second_root, const struct tree_proof *proof) MUST;

#endif
