/* Reading the audit log while it is being written: list, show, find, verify, prove, export.
 *
 * Everything is read in short slices, so that a long listing keeps neither pages nor a new segment waiting. A callback
 * runs inside a slice: what it is given lives until it returns, and it must not block for long. Errors: those of
 * store.h; ERR_VERIFY where something does not fit; ERR_NOT_FOUND where there is nothing. */
#ifndef AUDIT_READER_H
#define AUDIT_READER_H

#include "audit/format/record.h"
#include "audit/writer.h"

struct audit_reader;

/* From another process than the writer's; the writer may run or not. */
struct audit_reader *audit_reader_open(const char *path, enum err *err) MUST;
/* In the writer's own process, where the store must not be opened twice. To be closed before the writer. */
struct audit_reader *audit_reader_attach(struct audit_writer *w, enum err *err) MUST;
void audit_reader_close(struct audit_reader *r);

/* Leaves committed. */
enum err audit_size(struct audit_reader *r, uint64_t *size) MUST;

struct audit_item {
	struct leaf leaf;
	uint8_t leaf_hash[32]; /* RFC 6962 */
	bool has_body;         /* false: erased or expired */
	struct span body;
};
/* false: stop. */
typedef bool audit_visit(void *arg, const struct audit_item *item);
/* Sequences [from, to) as far as they exist, in order. */
enum err audit_list(struct audit_reader *r, uint64_t from, uint64_t to, audit_visit *visit, void *arg) MUST;
/* {"sequence":…,"kind":…,"time":…,"leaf_hash":…,"body":{…} or null} */
enum err audit_item_json(const struct audit_item *item, struct buf *out) MUST;
enum err audit_show(struct audit_reader *r, uint64_t sequence, struct buf *json) MUST;

/* All that is given must hold. Anything but kind, time and destination is found in decisions only. */
struct audit_query {
	uint64_t from, to;       /* sequences [from, to); to 0: to the end */
	uint64_t from_ns, to_ns; /* time [from_ns, to_ns); to_ns 0: no end */
	uint32_t kinds;          /* bit (1 << enum leaf_kind) each; 0: any */
	struct span app;         /* null: any; so below */
	struct span type;        /* "health.condition" or "health.*" */
	struct span destination; /* the chosen one of a decision, or an attempt's */
	struct span rule;        /* name of a rule that fired */
	struct span regime;      /* name of a regime that applied or may have applied */
	struct span refusal;     /* reason of a refusal; "*": any */
};
enum err audit_find(struct audit_reader *r, const struct audit_query *q, audit_visit *visit, void *arg) MUST;

struct audit_report {
	uint64_t leaves, bodies, absent; /* absent: bodies erased or expired */
	uint64_t checkpoints;            /* whose root fits */
	uint64_t verified;               /* … and whose signature fits the key given */
	uint64_t signed_size;            /* of the newest of those (without a key: of the newest checkpoint) */
	uint8_t root[32];                /* over all leaves */
	/* When ERR_VERIFY or ERR_CORRUPT is returned: */
	const char *fault; /* a static sentence */
	uint64_t at;       /* sequence or tree size */
};
/* Everything again from the leaves up: sequences, digests of bodies, stored nodes, frontier, every checkpoint's root,
 * and its signature if a verifier key is given (else null). progress may be NULL. */
enum err audit_verify(struct audit_reader *r, struct span vkey, void (*progress)(void *arg, uint64_t done, uint64_t of),
		      void *arg, struct audit_report *out) MUST;

/* Inclusion in the newest checkpoint that covers it, as C2SP tlog-proof. ERR_NOT_FOUND: none covers it yet. */
enum err audit_prove(struct audit_reader *r, uint64_t sequence, struct buf *out) MUST;

struct audit_export_options {
	const char *folder; /* made if it is missing; files in it are replaced */
	struct span vkey;   /* written next to the log, with a policy that names it; null: left out */
	bool json;          /* also records.jsonl: every record for people */
	void (*progress)(void *arg, uint64_t done, uint64_t of); /* or NULL */
	void *arg;
};
/* The tree of the newest checkpoint: see docs/audit-format.md for the files. ERR_NOT_FOUND: there is no checkpoint yet.
 */
enum err audit_export(struct audit_reader *r, const struct audit_export_options *o, uint64_t *size) MUST;

#endif
