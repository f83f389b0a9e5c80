/* What all exchanges share: the audit writer, the message cache, the engines, the compute pool, budgets and counters.
 */
#ifndef GATE_GATE_H
#define GATE_GATE_H

#include <pthread.h>
#include <stdatomic.h>

#include "audit/writer.h"
#include "proxy/gate/snapshot.h"
#include "proxy/net/server.h"

enum metric {
#define METRIC(name, prometheus, help) METRIC_##name,
#include "proxy/gate/metrics.def"
#undef METRIC
	METRIC_COUNT
};

struct compute;

struct gate {
	struct audit_writer *audit;
	struct classifier_cache *cache;
	struct engines *engines;
	struct compute *compute;
	uint8_t text_key[16];   /* of the fingerprints of texts; as lasting as the ledger that holds them */
	atomic_size_t buffered; /* request bytes held by all exchanges */
	size_t max_buffered;
	atomic_ulong metrics[METRIC_COUNT];
	atomic_bool draining;
	struct { /* refusals before identification, written out as summary leaves */
		pthread_mutex_t lock;
		uint64_t from_ns;
		uint64_t count[ERR_COUNT];
	} early;
};

static inline void gate_count(struct gate *g, enum metric m, uint64_t n)
{
	atomic_fetch_add_explicit(&g->metrics[m], n, memory_order_relaxed);
}

/* Once the audit store is open: the keys that come from its secret. */
void gate_derive(struct gate *g);

/* Counts a refusal that gets no record of its own. */
void gate_refused_early(struct gate *g, enum err why);
/* Appends a refusal summary if anything was refused since the last one. Call now and then, and before closing. */
void gate_flush_early(struct gate *g);

/* Reserves n bytes of the global budget: false when it is spent. */
bool gate_reserve(struct gate *g, size_t n) MUST;
void gate_unreserve(struct gate *g, size_t n);

uint64_t gate_wall_ns(void) MUST; /* UTC nanoseconds since the epoch */

#endif
