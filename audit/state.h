/* The writer's inside: what its files share. Private to audit/. */
#ifndef AUDIT_STATE_H
#define AUDIT_STATE_H

#include <pthread.h>

#include "audit/ledger.h"
#include "audit/open_set.h"
#include "audit/writer.h"
#include "store/store.h"

/* A list of tickets, in the order in which they came. */
struct ticket_queue {
	struct audit_ticket *head, **tail;
	size_t n;
	size_t awaited; /* of these, those that somebody waits for: all but posts */
};

struct ledger_put {
	struct hash128 key;
	struct ledger_entry entry;
};

struct ledger_puts {
	struct ledger_put *p;
	size_t n, cap;
};

enum { SALT_POOL = 64 };

struct audit_writer {
	struct store *store;
	struct ledger ledger;
	uint8_t ledger_key[16], commit_key[32];
	char *origin, *signer_socket;
	uint32_t commit_ms, commit_records, checkpoint_ms, heartbeat_s;
	size_t queue_records;

	pthread_t thread, signer_thread;
	bool started, signer_started;

	pthread_mutex_t lock; /* guards what follows, up to the next comment */
	pthread_cond_t work;  /* ends the writer's sleep, see rouse */
	pthread_cond_t news;  /* a commit, a failure, closing: for those who wait for one */
	pthread_cond_t halt;  /* signer_stop was set */
	struct ticket_queue incoming;
	struct ledger_puts ledger_incoming;
	bool asleep; /* the writer is, until sleep_us (monotonic) or until enough tickets are awaited */
	uint64_t sleep_us;
	size_t enough;
	size_t others;      /* decisions on their way to an outcome: their callers may come back soon */
	bool urgent;        /* something other than an awaited ticket is to be written without delay */
	uint64_t riders_us; /* by when those are to be written that wait for company; 0: there are none */
	bool closing;       /* nothing is accepted any more */
	bool signer_stop;   /* … and nothing is signed any more */
	bool drained;       /* the writer has ended */
	bool resize;        /* to resize_bytes */
	uint64_t resize_bytes;
	size_t waiting;         /* tickets and posts not yet done */
	uint64_t attempts;      /* groups tried */
	struct buf signed_note; /* a checkpoint to be stored; empty: none */
	uint64_t signed_note_size;
	uint64_t asked_size; /* signed by the signer, though perhaps not stored yet */
	struct audit_status status;

	/* The writing thread's. */
	struct ticket_queue todo; /* taken from incoming, not yet durable */
	struct ledger_puts ledger_todo;
	struct open_set open;
	uint64_t last_write_ms; /* monotonic: for heartbeats */
	uint64_t group_us;      /* when the last group was answered */
	uint64_t gap_us;        /* between awaited tickets, on average */
	uint8_t salts[SALT_POOL][LEAF_SALT];
	size_t salts_left;
};

/* What is only posted waits this long for the commit of something that is awaited. */
enum { RIDE_MS = 50 };

uint64_t clock_realtime_ns(void) MUST;
uint64_t clock_monotonic_us(void) MUST;
int64_t clock_today(void) MUST;

/* --- queue.c --- */
void queue_init(struct ticket_queue *q);
void queue_push(struct ticket_queue *q, struct audit_ticket *t);
struct audit_ticket *queue_pop(struct ticket_queue *q) MUST;
/* Appends all of other and leaves it empty. */
void queue_move(struct ticket_queue *q, struct ticket_queue *other);
/* A ticket with a copy of the body, which frees itself when done. NULL: out of memory. */
struct audit_ticket *post_new(enum leaf_kind kind, struct span body) MUST;
bool ticket_is_post(const struct audit_ticket *t) MUST;
enum err ledger_puts_add(struct ledger_puts *l, const struct ledger_put *p) MUST;
void ledger_puts_fini(struct ledger_puts *l);

/* --- commit.c: the writing thread --- */
void *writer_thread(void *arg);

/* --- wait.c: when the writing thread sleeps; all with the lock held --- */
/* Something is to be written by then (monotonic; 0: now). Wakes the writer only if it would sleep longer. */
void rouse(struct audit_writer *w, uint64_t by_us);
/* A ticket came in that somebody waits for. */
void rouse_for_ticket(struct audit_writer *w);
/* Something came in that may wait for company. */
void rouse_for_rider(struct audit_writer *w);
/* An outcome came in, which is a rider, too. */
void rouse_for_outcome(struct audit_writer *w);
/* A group was written, or could not be. */
void note_group(struct audit_writer *w, const struct ticket_queue *group);
/* Until something is due: awaited, urgent, a ride's end, closing, a heartbeat, or after a failure the next try. Then,
 * if others are likely to come soon, a little longer for them. */
void wait_for_work(struct audit_writer *w, bool failing);

/* --- recover.c: what is done at opening --- */
enum { TAIL_CHECKED = 1024 };
enum err recover_check_tail(struct store *s) MUST;
enum err recover_ledger(struct audit_writer *w) MUST;
/* Puts an outcome "unknown" into the queue for each decision without one, then a start leaf. */
enum err recover_open_decisions(struct audit_writer *w) MUST;

/* --- sign.c: the checkpoint thread --- */
void *signer_thread(void *arg);
/* Asks for a checkpoint over everything committed and leaves it in w->signed_note; waits at most for the socket's
 * time-outs. */
enum err sign_now(struct audit_writer *w) MUST;

#endif
