#include "proxy/gate/gate.h"

#include <time.h>

#include "base/log.h"

void gate_derive(struct gate *g)
{
	uint8_t secret[32];
	audit_commit(g->audit, "text fingerprint", SPAN_NULL, secret);
	memcpy(g->text_key, secret, sizeof g->text_key);
	explicit_bzero(secret, sizeof secret);
}

void gate_refused_early(struct gate *g, enum err why)
{
	gate_count(g, METRIC_MALFORMED, 1);
	pthread_mutex_lock(&g->early.lock);
	if (g->early.from_ns == 0)
		g->early.from_ns = gate_wall_ns();
	g->early.count[-1 - (int)why]++;
	pthread_mutex_unlock(&g->early.lock);
}

void gate_flush_early(struct gate *g)
{
	struct record_refusals r = {.to_ns = gate_wall_ns()};
	pthread_mutex_lock(&g->early.lock);
	r.from_ns = g->early.from_ns;
	for (int i = 0; i < ERR_COUNT; i++) {
		if (g->early.count[i] == 0 || r.n == sizeof r.rows / sizeof *r.rows)
			continue;
		r.rows[r.n].reason = span_str(err_reason((enum err)(-1 - i)));
		r.rows[r.n].count = g->early.count[i];
		r.n++;
		g->early.count[i] = 0;
	}
	g->early.from_ns = 0;
	pthread_mutex_unlock(&g->early.lock);
	if (r.n == 0)
		return;
	struct buf body = {0};
	enum err e = record_refusals_encode(&r, &body);
	if (e == ERR_OK)
		e = audit_post(g->audit, LEAF_REFUSALS, buf_span(&body));
	if (e != ERR_OK)
		log_line(LOG_WARN, "refusal summary not recorded", LOG_S("reason", err_reason(e)));
	buf_fini(&body);
}

bool gate_reserve(struct gate *g, size_t n)
{
	size_t before = atomic_fetch_add_explicit(&g->buffered, n, memory_order_relaxed);
	if (before <= g->max_buffered && n <= g->max_buffered - before)
		return true;
	atomic_fetch_sub_explicit(&g->buffered, n, memory_order_relaxed);
	return false;
}

void gate_unreserve(struct gate *g, size_t n)
{
	atomic_fetch_sub_explicit(&g->buffered, n, memory_order_relaxed);
}

uint64_t gate_wall_ns(void)
{
	struct timespec now;
	clock_gettime(CLOCK_REALTIME, &now);
	return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}
