/* The admin listener: /healthz, /readyz and /metrics. Read-only; a Unix socket by default, guarded by its file mode. */
#ifndef CONSOLE_ADMIN_H
#define CONSOLE_ADMIN_H

#include "proxy/gate/gate.h"

struct admin {
	struct gate *gate;
	atomic_bool ready; /* start-up is complete and no drain has begun */
	uint64_t started_wall_ns;
	uint64_t (*generation)(void *arg); /* of the snapshot in use */
	void *arg;
};

/* server_handler.open; arg is a struct admin. */
void admin_open(void *admin, struct stream *s);

/* Prometheus text format 0.0.4. */
enum err admin_metrics(const struct admin *a, struct buf *out) MUST;
/* Why the gateway is not ready, or ERR_OK. */
enum err admin_readiness(const struct admin *a) MUST;

#endif
