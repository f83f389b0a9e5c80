/* Requests of a client under test, as their owner sees them. */
#ifndef TEST_CALLS_H
#define TEST_CALLS_H

#include "rig.h"

enum call_stop { CALL_ALL, CALL_LEASE_ONLY, CALL_RELEASE };

struct call {
	/* What to do. */
	struct rig *rig;
	struct upstream *upstream;
	const char *method, *path;
	struct span body;
	bool chunked, fresh, by_ref, lazy; /* lazy: consumes nothing by itself */
	enum call_stop stop;
	struct call *then;                /* started when this one is over */
	void (*on_event)(struct call *c); /* at each event */

	/* What happened. */
	struct lease_request request;
	struct lease *_Atomic lease;
	struct stream *s;
	struct stream_peer peer;
	char address[64];
	bool verified;
	enum err lease_err, why;
	bool leased, head, end, over;
	unsigned interim, status;
	struct buf answer, trailers; /* the latter as "name: value" lines */
	_Atomic size_t got;
	size_t unconsumed, max_unconsumed;
};
struct upstream_options call_options(uint16_t port);
struct upstream *call_upstream(const struct upstream_options *o);
/* Leases, sends, reads; rig.n_closed counts those that are over. */
void call_start(struct call *c);
/* Makes a stream of the lease (after CALL_LEASE_ONLY) and sends. */
void call_use(struct call *c);
void call_fini(struct call *c);

#endif
