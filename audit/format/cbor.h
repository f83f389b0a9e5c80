/* Deterministic CBOR (RFC 8949 §4.2.1), the subset that records use: integers, byte and text strings, arrays, booleans,
 * and maps with unsigned integer keys in rising order. The reader accepts exactly what the writer can produce: shortest
 * forms, definite lengths, valid UTF-8, rising keys. Floats, tags, null, undefined and indefinite lengths are errors.
 *
 * Both sides are sticky: go on after a failure and check once at the end. */
#ifndef AUDIT_FORMAT_CBOR_H
#define AUDIT_FORMAT_CBOR_H

#include "base/buf.h"

/* --- writing: failures land in the buffer --- */
void cbor_put_uint(struct buf *out, uint64_t v);
void cbor_put_int(struct buf *out, int64_t v);
void cbor_put_bytes(struct buf *out, struct span s);
/* Text that is not UTF-8 makes the buffer fail with ERR_ENCODING. */
void cbor_put_text(struct buf *out, struct span s);
/* The head of a text of n bytes, which the caller writes next and answers for. */
void cbor_put_head_of_text(struct buf *out, size_t n);
void cbor_put_bool(struct buf *out, bool v);
void cbor_put_array(struct buf *out, uint64_t n);

/* A map under construction: the head is filled in at the end, when the number of keys is known (fewer than 256). */
struct cbor_out_map {
	struct buf *out;
	size_t at; /* where the head stands */
	uint64_t n, last;
};
void cbor_map_begin(struct cbor_out_map *m, struct buf *out);
/* Keys must rise: an invariant. The value is written next. */
void cbor_map_key(struct cbor_out_map *m, uint64_t key);
void cbor_map_end(struct cbor_out_map *m);

/* --- reading --- */
struct cbor {
	struct span in;
	size_t at;
	enum err err; /* first failure: ERR_SYNTAX, ERR_ENCODING or ERR_LIMIT */
};
void cbor_init(struct cbor *c, struct span in);
/* Marks the input as bad; the first error stays. */
void cbor_fail(struct cbor *c, enum err err);
/* Zero, false or empty after a failure. */
uint64_t cbor_uint(struct cbor *c, uint64_t max) MUST;
int64_t cbor_int(struct cbor *c) MUST;
bool cbor_bool(struct cbor *c) MUST;
/* Spans point into the input. */
struct span cbor_text(struct cbor *c) MUST;
struct span cbor_bytes(struct cbor *c) MUST;
/* Exactly n bytes are copied to out (zeroed on failure). */
void cbor_bytes_exactly(struct cbor *c, uint8_t *out, size_t n);
/* Number of elements, at most max (and never more than the input could hold). */
size_t cbor_array(struct cbor *c, size_t max) MUST;

struct cbor_map {
	size_t left;
	uint64_t last;
	bool any;
};
void cbor_map(struct cbor *c, struct cbor_map *m);
/* The next key, or false at the end and after a failure. */
bool cbor_map_next(struct cbor *c, struct cbor_map *m, uint64_t *key) MUST;
/* Is the next item of this major type? */
enum cbor_major { CBOR_UINT, CBOR_NEGATIVE, CBOR_BYTES, CBOR_TEXT, CBOR_ARRAY, CBOR_MAP, CBOR_TAG, CBOR_SIMPLE };
bool cbor_peek(const struct cbor *c, enum cbor_major major) MUST;
/* ERR_OK if nothing failed and nothing is left. */
enum err cbor_end(const struct cbor *c) MUST;

#endif
