/* On-prem engines: a concurrency limit and a bounded, fair queue, shared by all loops and kept across reloads.
 * Fair: applications take turns; within one application the order is that of arrival. */
#ifndef GATE_ENGINE_H
#define GATE_ENGINE_H

#include "proxy/net/loop.h"

struct engine;
struct engines;

struct engines *engines_new(void) MUST;
void engines_free(struct engines *e);
/* The engine of that name, made if need be; settings take effect at once. NULL: out of memory. */
struct engine *engine_configure(struct engines *e, struct span name, uint32_t concurrency, uint32_t queue) MUST;

struct engine_waiter {
	/* Runs on loop, once for every ERR_WAIT that was not taken back in time (see engine_leave). Its first act must
	 * be to set state to ENGINE_GRANTED if it is ENGINE_POSTED; if it is ENGINE_IDLE the slot was given back
	 * meanwhile. */
	struct loop_task granted;
	struct loop *loop;
	uint64_t tenant;            /* who takes turns */
	struct engine_waiter *next; /* the engine's */
	enum { ENGINE_IDLE, ENGINE_QUEUED, ENGINE_POSTED, ENGINE_GRANTED } state;
};

/* ERR_OK: a slot is held. ERR_WAIT: queued, granted will run. ERR_QUEUE_FULL. */
enum err engine_enter(struct engine *e, struct engine_waiter *w) MUST;
/* Leaves the queue or gives the slot back, whichever w has. True: granted is already on its way to the loop and w must
 * live until it has run. */
bool engine_leave(struct engine *e, struct engine_waiter *w) MUST;

/* What the last connection or health check showed. */
void engine_report(struct engine *e, bool up);
struct engine_status {
	struct span name;
	bool up;
	uint32_t running, waiting, concurrency;
};
void engine_status(const struct engine *e, struct engine_status *out);
/* The i-th engine, or NULL. */
struct engine *engines_at(const struct engines *e, size_t i) MUST;

#endif
