/* One request from its head to its outcome: one struct, one arena, one table of steps, one small loop. */
#ifndef GATE_EXCHANGE_H
#define GATE_EXCHANGE_H

#include "proxy/gate/compute.h"
#include "proxy/gate/engine.h"
#include "proxy/gate/gate.h"
#include "proxy/gate/unit.h"

enum step {
#define STEP(name, function, doc) STEP_##name,
#include "proxy/gate/steps.def"
#undef STEP
	STEP_COUNT
};

/* What an exchange is parked for: exactly one of these at a time. */
enum waiting { WAIT_NONE, WAIT_BODY, WAIT_COMPUTE, WAIT_ENGINE, WAIT_LEASE, WAIT_RETRY, WAIT_AUDIT, WAIT_ANSWER };

struct classifier_scratch;

/* Per thread (loop or compute): a scratch for the classifier it last worked with. */
struct inspector {
	struct snapshot *snap; /* keeps the classifier alive */
	struct classifier_scratch *scratch;
};
void inspector_fini(struct inspector *i);
/* The scratch for this snapshot's classifier, or NULL: out of memory. */
struct classifier_scratch *inspector_scratch(struct inspector *i, struct snapshot *snap) MUST;

/* One per loop. */
struct worker {
	struct gate *gate;
	struct loop *loop;
	struct client *client;
	struct snapshot *snap; /* this worker's own reference */
	struct inspector inspector;
	size_t exchanges; /* alive */
	/* What the next exchange takes up again: wiped memory, and randomness fetched for many at once. */
	struct exchange *spare;
	size_t n_spare;
	struct arena_pool arenas;
	uint8_t random[512];
	size_t n_random; /* bytes left */
};
/* When no exchange is left. The loop, the client and the snapshot are the caller's to free. */
void worker_fini(struct worker *w);

struct exchange {
	struct exchange *next; /* among the spare ones */
	struct worker *worker;
	struct gate *gate;
	struct snapshot *snap;
	struct arena arena;
	struct arena judged;  /* of the candidates: destinations' facts and rules' names, no content */
	enum step step, jump; /* jump: STEP_COUNT unless the step chose its successor */
	enum waiting waiting;
	bool running, finished;
	unsigned holds; /* callbacks still to come that point here */

	/* client side */
	struct stream *client;
	const struct config_listener *listener;
	const struct http_head *head;
	bool own_head; /* head is a copy in the arena, not the stream's */
	struct buf body;
	size_t reserved; /* of the global budget */
	bool body_done, client_done, gone;
	bool answer_started; /* a final head was sent to the client */

	/* who and what */
	struct span credential;
	const struct config_app *app;
	struct span tenant;
	uint8_t actor[32]; /* commitment to the credential */
	bool has_actor;
	struct api_route route;
	const struct config_route *config_route;
	uint64_t started_wall_ns, started_ns;
	uint8_t id[16];
	enum err err; /* why it failed */

	struct unit unit;
	struct compute_job job;
	struct loop_task task; /* back from another thread */
	enum err task_err;

	/* destination */
	uint32_t state_holder; /* id of the destination that holds the state referred to; 0: none */
	size_t next_candidate; /* of the route, to be judged next */
	struct target *target;
	struct engine_waiter slot;
	struct loop_timer timer;
	uint64_t queue_until_ns;
	bool leasing;
	struct lease_request lease_request;
	struct lease *lease;
	struct lease_info lease_info;
	bool fresh;           /* no pooled connection: the last one died idle */
	struct buf rewritten; /* the body to send if it is not the client's own */
	bool is_rewritten;

	/* record */
	struct audit_ticket ticket;
	struct buf record, attempt_body;
	bool recorded; /* the decision is durable */
	uint64_t sequence;
	uint8_t leaf_hash[32];
	uint32_t attempts;

	/* upstream side */
	struct stream *upstream;
	bool upstream_started, upstream_ended;
	bool answer_ended; /* with trailers, before the destination's `end` */
	size_t owed;       /* answer bytes delivered to us, not yet granted back */
	uint16_t status;
	uint64_t response_bytes, first_byte_ns;
	uint64_t announced; /* bytes of the answer's body; 0: its end is told otherwise */
	struct api_tap *tap;
	struct api_tap_result seen; /* what the tap saw, once learnt */
	bool learnt;
};

/* Called for each new stream of a listener; s->context is the struct config_listener. */
void exchange_open(void *worker, struct stream *s);
/* The keyed commitment to the caller's credential, made once. */
const uint8_t *exchange_actor(struct exchange *x) MUST;
/* Runs steps until one parks or the exchange is finished; frees a finished exchange that nothing points to. */
void exchange_run(struct exchange *x);
/* Wakes a parked exchange if it waits for that. */
void exchange_wake(struct exchange *x, enum waiting what);
/* The client went away: stop what can be stopped. */
void exchange_abandon(struct exchange *x);
/* Gives back slot and lease, whichever are held. */
void exchange_let_go(struct exchange *x);

#define STEP(name, function, doc) enum err function(struct exchange *x) MUST;
#include "proxy/gate/steps.def"
#undef STEP

/* The route for a path at the provider, or NULL. */
const struct config_route *route_find(const struct config *c, struct span path) MUST;

/* Decode, extract, classify, facts: pure work on the exchange's own memory; any thread. */
enum err inspect(struct exchange *x, struct classifier_scratch *scratch) MUST;

/* Judges the route's candidate i; on ERR_OK it is the last of unit.candidates and says whether it is met.
 * ERR_NOT_FOUND: it cannot take this request at all. */
enum err judge(struct exchange *x, size_t i) MUST;
/* The name under which a destination serves a model, or a null span if it does not. */
struct span served_model(const struct config_destination *d, struct span asked) MUST;
/* Judges candidate c again, now with the facts of the leased connection. */
void judge_connected(struct exchange *x, struct record_candidate *c);

/* The taint ledger. */
/* Is this text known to it one by one, whatever message it comes back in? */
bool taint_counts(const struct api_text *t) MUST;
bool taint_known(const struct exchange *x) MUST;     /* is a message of this conversation tainted? */
bool taint_must_stay(const struct exchange *x) MUST; /* did a verdict ask for on-prem, or more? */
void taint_conversation(struct exchange *x);         /* enters this conversation's messages */
void taint_learn(struct exchange *x, const struct api_tap_result *seen); /* ids and texts of the answer */
/* How many references to stored state are unknown; holder: id of the destination that holds the known ones, 0 if none.
 */
size_t taint_states(struct exchange *x, bool *tainted, uint32_t *holder) MUST;

/* The head for the destination: end-to-end fields in order, those that name the end user or our network dropped. */
enum err upstream_head(struct exchange *x, struct http_head *out) MUST;
/* The head for the client. */
enum err client_head(struct exchange *x, const struct http_head *answer, struct http_head *out) MUST;
/* Adds the fields of a head or of trailers that are for the client: end-to-end ones, and none that look like ours. */
enum err client_fields(const struct http_head *from, struct http_head *out) MUST;
/* Should this request field's value be scanned as text? */
bool header_is_text(struct span name) MUST;
/* Bailiwick-Decision and Bailiwick-Receipt. */
enum err add_receipt(struct exchange *x, struct http_head *out) MUST;
/* Can what the verdict wants replaced be replaced in this request? */
bool transform_possible(const struct exchange *x, const struct verdict *v) MUST;
/* The edits that do it, sorted and disjoint, in the arena; room for one more is left. */
enum err transform_edits(struct exchange *x, const struct verdict *v, struct splice_edit **edits, size_t *n) MUST;
/* Body as it goes out: the client's own bytes, unless something was replaced or the model must be mapped; then it is
 * what was read, without a content coding. */
enum err outgoing_body(struct exchange *x, struct span *out) MUST;

#endif
