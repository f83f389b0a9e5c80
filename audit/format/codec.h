/* The parts that several record bodies share: keys, facts, verdicts, and the reader that keeps what it reads in an
 * arena. */
#ifndef AUDIT_FORMAT_CODEC_H
#define AUDIT_FORMAT_CODEC_H

#include "audit/format/cbor.h"
#include "base/arena.h"
#include "base/facts.h"
#include "base/verdict.h"

enum record_key {
#define FIELD(map, key, name, json, form, sub) K_##map##_##name = key,
#include "audit/format/record.def"
#undef FIELD
};

#define KEY_BIT(k) ((uint64_t)1 << (k))

/* Reads a map of a record: which keys were there, and whether all that must be there were. */
struct record_in {
	struct cbor c;
	struct arena *arena;
};
/* Text copied to the arena; SPAN_NULL never: an absent text is an absent key. */
struct span record_text(struct record_in *in) MUST;
/* Optional text, number or flag: present means not empty, not zero, true. */
struct span record_some_text(struct record_in *in) MUST;
uint64_t record_some_uint(struct record_in *in, uint64_t max) MUST;
bool record_true(struct record_in *in) MUST;
/* Exactly n bytes, not all zero. */
void record_some_bytes(struct record_in *in, uint8_t *out, size_t n);
/* An array of n zeroed elements; NULL (and a failure) when memory is out. */
void *record_array(struct record_in *in, size_t n, size_t size) MUST;
/* After a map: all keys of the mask must have been seen. */
void record_need(struct record_in *in, uint64_t seen, uint64_t mask);

void put_key_uint(struct cbor_out_map *m, uint64_t key, uint64_t v);
void put_key_text(struct cbor_out_map *m, uint64_t key, struct span v);
void put_key_bytes(struct cbor_out_map *m, uint64_t key, const uint8_t *v, size_t n);
/* Left out when zero, empty, false or all zero. */
void put_some_uint(struct cbor_out_map *m, uint64_t key, uint64_t v);
void put_some_text(struct cbor_out_map *m, uint64_t key, struct span v);
void put_some_bool(struct cbor_out_map *m, uint64_t key, bool v);
void put_some_bytes(struct cbor_out_map *m, uint64_t key, const uint8_t *v, size_t n);

/* Countries as one text: two letters each, rising, without separators. */
void put_countries(struct buf *out, const struct country_set *set);
void get_countries(struct record_in *in, struct country_set *out);

/* The known facts of one scope, keyed by their permanent numbers. v: FACT_REQUEST_COUNT or FACT_DEST_COUNT facts. */
void put_facts(struct buf *out, enum fact_scope scope, const struct fact *v);
void get_facts(struct record_in *in, enum fact_scope scope, struct fact *v);

void put_verdict(struct buf *out, const struct verdict *v);
void get_verdict(struct record_in *in, struct verdict *v);

#endif
