/* The store of the audit log: the only code that sees LMDB.
 *
 * On disk (all files 0600, the folder 0700):
 *   lock                    held while a writer has the store open
 *   secret                  64 random bytes, made at the first open
 *   segments/0000000000.mdb one LMDB environment per segment, in its default, fully synced mode
 *
 * A segment holds everything about its stretch of the log: leaves, bodies with their salts, inner nodes of the tree,
 * the frontier (right edge) after its last leaf, signed checkpoints and ledger entries. One commit therefore makes a
 * group of records durable, wholly or not at all. A new segment starts with the frontier its predecessor ended with;
 * whatever an earlier segment holds at or behind that point was never acknowledged and does not count.
 *
 * Bodies lie in a table of their own, each behind one byte that says how it is kept: retention and erasure drop or
 * replace bodies (in the end by rewriting a sealed segment without them, which leaves no old pages behind), encryption
 * adds another value of that byte, and leaves, nodes, checkpoints and proofs stay as they are in either case.
 *
 * Limits: a body of STORE_MAX_BODY bytes; STORE_MAX_SEGMENTS segments. Errors: ERR_STORE_FULL (size limit, disk full),
 * ERR_IO, ERR_CORRUPT, ERR_NOT_FOUND, ERR_NOMEM, ERR_CONFIG (unsuitable file system), ERR_AUDIT (another writer has it
 * open).
 *
 * Open no store twice in one process: LMDB's file locks would be lost. Open it after forking. */
#ifndef STORE_STORE_H
#define STORE_STORE_H

#include "audit/format/record.h"
#include "audit/format/tree.h"

enum { STORE_SECRET = 64, STORE_MAX_BODY = 1 << 20, STORE_MAX_SEGMENTS = 4096, STORE_LEDGER_KEY = 16 };

struct store;

struct store_options {
	const char *path;
	bool read_only; /* any number of readers beside one writer */
	uint64_t bytes; /* all segments together; 0: 64 GiB. A sixteenth of it (8 MiB at most) is kept for leaves that
			 * are neither decisions nor attempts, so that refusals can still be recorded. */
	uint64_t
		segment_bytes; /* a new segment is begun beyond this; 0: a sixteenth of bytes, within 4 MiB and 4 GiB */
};
struct store *store_open(const struct store_options *o, enum err *err) MUST;
void store_close(struct store *s);
/* For keyed hashes and commitments. */
void store_secret(const struct store *s, uint8_t out[STORE_SECRET]);
/* Changes the size limit while the store is open. */
enum err store_resize(struct store *s, uint64_t bytes) MUST;

/* --- writing: one thread. begin, any number of puts, then commit or abort; after an error abort. --- */

/* Starts a new segment first when the present one is full, of another month, or broken. */
enum err store_begin(struct store *s, uint64_t now_ns) MUST;
struct store_leaf {
	uint64_t sequence;
	struct tree_hash hash; /* RFC 6962 leaf hash */
};
/* ERR_STORE_FULL for decisions and attempts when only the reserve is left. */
enum err store_append(struct store *s, enum leaf_kind kind, uint64_t time_ns, const uint8_t salt[LEAF_SALT],
		      struct span body, struct store_leaf *out) MUST;
/* Key: STORE_LEDGER_KEY bytes; a later value replaces an earlier one. */
enum err store_put_ledger(struct store *s, struct span key, struct span value) MUST;
enum err store_put_checkpoint(struct store *s, uint64_t size, struct span note) MUST;
/* low: no decision below this sequence waits for its outcome. Afterwards the transaction is over, whatever the result.
 * After ERR_IO the segment is not written to again: the next begin opens a new one. */
enum err store_commit(struct store *s, uint64_t low) MUST;
void store_abort(struct store *s);
/* Leaves committed; the writing thread's own view of it, also between begin and commit. */
uint64_t store_size(const struct store *s) MUST;
/* Bytes in use by all segments, and the limit. Any thread. */
void store_usage(const struct store *s, uint64_t *used, uint64_t *limit);
/* Is there room for decisions? Tries to get some if not. Writing thread, outside a transaction. */
bool store_has_room(struct store *s) MUST;

/* --- reading: a view is a consistent snapshot, held for a short while only (it keeps old pages from being reused and a
 * new segment from being begun). Any thread; one thread per view. --- */
struct store_view;
struct store_view *store_view_begin(struct store *s, enum err *err) MUST;
void store_view_end(struct store_view *v);
uint64_t store_view_size(const struct store_view *v) MUST;
uint64_t store_view_low(const struct store_view *v) MUST;
const struct tree_frontier *store_view_frontier(const struct store_view *v) MUST;
/* ERR_NOT_FOUND: behind the end. ERR_CORRUPT: the leaf is missing or says another sequence. data: the leaf as the tree
 * hashes it; it lives as long as the view; may be NULL, like leaf. */
enum err store_view_leaf(struct store_view *v, uint64_t sequence, struct leaf *leaf, struct span *data) MUST;
/* Salt and body live as long as the view. ERR_NOT_FOUND: the body is not kept any more. */
enum err store_view_body(struct store_view *v, uint64_t sequence, struct span *salt, struct span *body) MUST;
/* A node of the tree; stored nodes are trusted, see store_view_check. */
enum err store_view_node(struct store_view *v, unsigned height, uint64_t index, struct tree_hash *out) MUST;
struct tree_source store_view_source(struct store_view *v) MUST;
/* The newest checkpoint of at most this size. */
enum err store_view_checkpoint(struct store_view *v, uint64_t most, uint64_t *size, struct span *note) MUST;
/* All ledger entries, older segments first. */
enum err store_view_ledger(struct store_view *v, void (*each)(void *arg, struct span key, struct span value),
			   void *arg) MUST;

#endif
