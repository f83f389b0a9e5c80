/* The audit writer: one thread, group commit. A request is released only when its ticket says that it is durable. */
#ifndef AUDIT_WRITER_H
#define AUDIT_WRITER_H

#include "audit/format/record.h"

struct audit_writer;

struct audit_options {
	const char *path; /* folder of the store */
	uint64_t map_bytes;
	uint32_t commit_ms;      /* a commit waits at most so long for others who are likely to come; 0: never */
	uint32_t commit_records; /* … and holds at most so many; 0: 256 */
	const char *origin;
	const char *signer_socket; /* NULL: checkpoints stay unsigned (tests) */
	uint32_t checkpoint_ms;    /* at most this long between checkpoints while leaves come in; 0: 1000 */
	uint32_t heartbeat_s;      /* 0: 60 */
	size_t queue_records;      /* waiting at most; beyond: refused with ERR_AUDIT. 0: 65536 */
	uint32_t ledger_days;      /* how long the taint ledger remembers; 0: 30 */
	uint64_t segment_bytes;    /* when a new segment is begun; 0: by map_bytes */
};

/* Opens (or creates) the store, checks it, closes decisions without an outcome ("unknown"), appends a start leaf. */
struct audit_writer *audit_open(const struct audit_options *o, enum err *err) MUST;
/* Commits what is queued, appends a stop leaf, asks for a last checkpoint. */
void audit_close(struct audit_writer *w);

/* Changes map_bytes while running; a store that was full goes on by itself if there is room now. */
enum err audit_resize(struct audit_writer *w, uint64_t map_bytes) MUST;

/* One append, in memory the caller keeps until done was called. */
struct audit_ticket {
	/* Called on the writer's thread, exactly once: post to your loop from there. err: ERR_OK durable;
	 * ERR_STORE_FULL, ERR_IO, ERR_AUDIT not. */
	void (*done)(struct audit_ticket *t, enum err err);
	enum leaf_kind kind;
	struct span body; /* CBOR; must hold until done */
	/* Appended in the same transaction right behind it (the first attempt behind its decision), or empty. In an
	 * attempt body the sequence of its decision is filled by the writer through fixup. */
	enum leaf_kind kind2;
	struct span body2;
	/* May rewrite body2 once the first leaf's sequence is known; NULL if not needed. On the writer's thread. If it
	 * returns nothing, the first leaf is written alone, and sequence2 stays 0. */
	struct span (*fixup)(struct audit_ticket *t, uint64_t sequence);
	/* Results. */
	uint64_t sequence, sequence2;
	uint8_t leaf_hash[32];     /* RFC 6962 hash of the first leaf: for the receipt */
	struct audit_ticket *next; /* the writer's */
};
/* ERR_OK: done will be called. Otherwise (queue full, poisoned, closing) done is not called. Any thread. */
enum err audit_append(struct audit_writer *w, struct audit_ticket *t) MUST;

/* Appends without waiting: outcomes, summaries. The body is copied. It rides along with the next commit of something
 * that is awaited, for 50 ms at most, in the order in which everything came; the leaf's time is that of the commit.
 * Lost only if the process dies (then "unknown"). */
enum err audit_post(struct audit_writer *w, enum leaf_kind kind, struct span body) MUST;

struct audit_status {
	bool healthy;         /* appends are being accepted and committed */
	enum err err;         /* why not */
	uint64_t size;        /* leaves committed */
	uint64_t signed_size; /* of the newest signed checkpoint */
	uint64_t commits, map_used, map_bytes;
	uint64_t last_commit_us;
};
void audit_status(const struct audit_writer *w, struct audit_status *out);

/* The taint ledger lives in the store too: keyed hashes only. hash is SipHash-128 under the writer's own secret. */
enum ledger_kind { LEDGER_MESSAGE, LEDGER_STATE, LEDGER_FILE };
struct ledger_entry {
	bool tainted;         /* had to stay on-prem */
	uint32_t destination; /* hash of the name of the destination that holds the state */
	int64_t day;          /* when it was entered: days since the epoch */
};
/* Durable with the next commit, which a taint does not wait for; visible to ledger_find at once. Any thread. */
enum err audit_ledger_put(struct audit_writer *w, enum ledger_kind kind, struct span tenant, struct span id,
			  struct ledger_entry e) MUST;
bool audit_ledger_find(const struct audit_writer *w, enum ledger_kind kind, struct span tenant, struct span id,
		       struct ledger_entry *out) MUST;

/* Keyed commitments under the store's secret (HMAC-SHA-256, domain-separated by purpose). */
void audit_commit(const struct audit_writer *w, const char *purpose, struct span value, uint8_t out[32]);

#endif
