/* Record bodies and leaf envelopes: pure formats. A leaf is permanent; a body may be erased or expire.
 *
 * Leaf data (what the Merkle tree hashes): format version, kind, sequence, time, SHA-256(salt ‖ body).
 * Bodies are deterministic CBOR maps (RFC 8949 §4.2) with the integer keys declared in record.def. */
#ifndef AUDIT_FORMAT_RECORD_H
#define AUDIT_FORMAT_RECORD_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/facts.h"
#include "base/verdict.h"

enum leaf_kind {
#define LEAF(number, name, word, doc) LEAF_##name = number,
#include "audit/format/leaf.def"
#undef LEAF
};
const char *leaf_kind_name(enum leaf_kind k) MUST;

enum {
	LEAF_VERSION = 1,
	LEAF_SALT = 32,
	LEAF_SIZE = 52 /* 1 version, 1 kind, 2 zero, 8 sequence, 8 time, 32 digest; big-endian */
};
struct leaf {
	uint8_t version;
	enum leaf_kind kind;
	uint64_t sequence;  /* from 0: the index in the tree */
	uint64_t time_ns;   /* UTC, nanoseconds since the epoch */
	uint8_t digest[32]; /* SHA-256(salt ‖ body) */
};
void leaf_encode(const struct leaf *l, uint8_t out[LEAF_SIZE]);
enum err leaf_decode(struct span in, struct leaf *out) MUST;
void leaf_digest(const uint8_t salt[LEAF_SALT], struct span body, uint8_t out[32]);

/* --- decision --- */
struct record_candidate {
	struct dest_facts facts;
	struct verdict joined;
	struct {
		struct span regime; /* name and version */
		struct span version;
		uint8_t applies; /* 1 unknown, 2 true */
		struct verdict verdict;
	} regimes[32];
	size_t n_regimes;
	struct {
		struct span regime, rule, source;
		bool deciding, by_unknown, exempted;
	} fired[64];
	size_t n_fired;
	bool met; /* the verdict can be met here */
};

struct record_decision {
	uint64_t started_ns;  /* when the request's head was complete */
	uint8_t exchange[16]; /* random id that ties attempts and outcome to this */
	uint32_t unit;        /* 0 for the only unit */
	const struct facts *facts;
	const struct record_candidate *candidates; /* in route order, as far as they were judged */
	size_t n_candidates;
	int32_t chosen;      /* index, or -1: refused */
	struct span refusal; /* err_reason when refused, else null */
	uint8_t rules_hash[32], tables_hash[32], detector_hash[32], model_hash[32];
	uint8_t request_commit[32]; /* keyed commitment to the body */
	uint8_t actor_commit[16];   /* keyed commitment to the caller's key or user; zero: none */
	uint8_t client_commit[16];  /* … to the client's network address */
	uint32_t classify_us, decide_us;
	struct span build; /* program version */
};
enum err record_decision_encode(const struct record_decision *d, struct buf *out) MUST;
/* Everything lands in the arena; facts and candidates are filled so that rules_eval can run on them again. */
enum err record_decision_decode(struct span body, struct arena *arena, struct record_decision *out,
				struct facts *facts) MUST;

/* --- attempt: one connection, one sending --- */
struct record_attempt {
	uint64_t decision;       /* sequence of the decision leaf */
	uint32_t number;         /* 1, 2… within the exchange */
	struct span destination; /* configured name */
	uint8_t ip[16];
	bool has_ip;
	country cc;
	uint16_t tls_version, tls_cipher;
	uint8_t cert_sha256[32];
	bool reused;
	uint8_t purpose; /* 0 request, 1 helper */
};
enum err record_attempt_encode(const struct record_attempt *a, struct buf *out) MUST;
enum err record_attempt_decode(struct span body, struct arena *arena, struct record_attempt *out) MUST;

/* --- outcome --- */
struct record_outcome {
	uint64_t decision;
	struct span result; /* "sent", "refused", "failed", "cut", "client-gone", "unknown" */
	struct span error;  /* err_reason or null */
	uint16_t status;
	uint64_t request_bytes, response_bytes, input_tokens, output_tokens;
	uint32_t first_byte_us, total_us;
	struct span region_evidence; /* the reply's own, or null */
	uint32_t attempts;
};
enum err record_outcome_encode(const struct record_outcome *o, struct buf *out) MUST;
enum err record_outcome_decode(struct span body, struct arena *arena, struct record_outcome *out) MUST;

/* The sequence of the decision that an attempt's or an outcome's body belongs to, without decoding the rest. */
enum err record_decision_of(struct span body, uint64_t *sequence) MUST;

/* --- refusal summary: requests refused before identification, counted by reason --- */
struct record_refusals {
	uint64_t from_ns, to_ns;
	struct {
		struct span reason;
		uint64_t count;
	} rows[64];
	size_t n;
};
enum err record_refusals_encode(const struct record_refusals *r, struct buf *out) MUST;
enum err record_refusals_decode(struct span body, struct arena *arena, struct record_refusals *out) MUST;

/* --- event: start, stop, policy change, key change, heartbeat: name and detail pairs without personal data --- */
struct record_event {
	struct span name;
	struct {
		struct span key, value;
	} details[16];
	size_t n;
};
enum err record_event_encode(const struct record_event *e, struct buf *out) MUST;
enum err record_event_decode(struct span body, struct arena *arena, struct record_event *out) MUST;

/* Any body as JSON, for `audit show` and exports. */
enum err record_json(enum leaf_kind kind, struct span body, struct buf *out) MUST;

/* Pieces of it: "2026-11-20T13:00:00.000000000Z" and "00ff…", quoted. */
void record_json_time(uint64_t ns, struct buf *out);
void record_json_hex(struct span s, struct buf *out);

#endif
