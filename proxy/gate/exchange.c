#include "proxy/gate/exchange.h"

#include <stdlib.h>
#include <sys/random.h>

#include "base/assert.h"
#include "base/log.h"

enum { ARENA_LIMIT = 256 << 20 };

static const struct {
	const char *name;
	enum err (*run)(struct exchange *x);
} steps[STEP_COUNT] = {
#define STEP(name, function, doc) {#name, function},
#include "proxy/gate/steps.def"
#undef STEP
};

static void exchange_free(struct exchange *x)
{
	INVARIANT(x->client == NULL && x->upstream == NULL && x->lease == NULL && x->holds == 0 && !x->leasing);
	INVARIANT(x->slot.state == ENGINE_IDLE);
	gate_unreserve(x->gate, x->reserved);
	loop_timer_fini(&x->timer);
	buf_fini(&x->body);
	buf_fini(&x->rewritten);
	buf_fini(&x->record);
	buf_fini(&x->attempt_body);
	arena_fini(&x->arena);
	snapshot_put(x->snap);
	x->worker->exchanges--;
	explicit_bzero(x, sizeof *x);
	free(x);
}

static void fail(struct exchange *x, enum err e)
{
	x->err = e;
	if (x->step >= STEP_REFUSE)
		x->step = STEP_FINISH;
	else
		x->step = x->recorded ? STEP_ANSWER : STEP_REFUSE;
	exchange_let_go(x);
}

void exchange_run(struct exchange *x)
{
	if (x->running) /* a step called something that called back: the loop below goes on by itself */
		return;
	x->running = true;
	while (!x->finished && x->waiting == WAIT_NONE) {
		INVARIANT(x->step < STEP_COUNT);
		x->jump = STEP_COUNT;
		enum err e = steps[x->step].run(x);
		if (e == ERR_WAIT || e == ERR_MORE) {
			INVARIANT(x->waiting != WAIT_NONE);
		} else if (e == ERR_OK) {
			INVARIANT(x->waiting == WAIT_NONE);
			if (x->step == STEP_FINISH)
				x->finished = true;
			else
				x->step = x->jump != STEP_COUNT ? x->jump : x->step + 1;
		} else {
			x->waiting = WAIT_NONE;
			if (x->step == STEP_FINISH)
				x->finished = true;
			else
				fail(x, e);
		}
	}
	x->running = false;
	if (x->finished && x->holds == 0 && x->client == NULL && x->upstream == NULL)
		exchange_free(x);
}

void exchange_wake(struct exchange *x, enum waiting what)
{
	if (x->waiting == what)
		x->waiting = WAIT_NONE;
	exchange_run(x);
}

void exchange_let_go(struct exchange *x)
{
	loop_timer_disarm(&x->timer);
	if (x->leasing) {
		client_lease_cancel(&x->lease_request);
		x->leasing = false;
		x->holds--;
	}
	if (x->lease != NULL) {
		lease_release(x->lease);
		x->lease = NULL;
	}
	if (x->slot.state != ENGINE_IDLE) {
		bool queued = x->slot.state != ENGINE_GRANTED;
		bool coming = engine_leave(x->target->engine, &x->slot);
		if (queued && !coming)
			x->holds--;
	}
}

void exchange_abandon(struct exchange *x)
{
	x->gone = true;
	if (x->finished)
		return;
	switch (x->waiting) {
	case WAIT_BODY:
	case WAIT_ENGINE:
	case WAIT_LEASE:
	case WAIT_RETRY:
		x->waiting = WAIT_NONE;
		fail(x, ERR_CLIENT_GONE);
		break;
	case WAIT_ANSWER:
		if (x->upstream != NULL)
			stream_reset(x->upstream, ERR_CLIENT_GONE); /* its closed event ends the exchange */
		else
			x->waiting = WAIT_NONE;
		break;
	case WAIT_COMPUTE: /* cannot be stopped; seen when they come back */
	case WAIT_AUDIT:
	case WAIT_NONE:
		break;
	}
}

/* --- events of the client's stream: translate, nothing more --- */

static void on_head(struct stream *s, const struct http_head *head)
{
	struct exchange *x = s->owner;
	x->head = head;
	exchange_run(x);
}

static void on_body(struct stream *s, struct span data)
{
	struct exchange *x = s->owner;
	if (x->waiting != WAIT_BODY) { /* refused early: what still comes is dropped */
		stream_consume(s, data.n);
		return;
	}
	if (x->body.n + data.n > x->reserved) {
		size_t more = x->body.n + data.n - x->reserved;
		if (!gate_reserve(x->gate, more)) {
			x->task_err = ERR_OVERLOAD;
			exchange_wake(x, WAIT_BODY);
			return;
		}
		x->reserved += more;
	}
	buf_add(&x->body, data);
	stream_consume(s, data.n);
	if (buf_err(&x->body) != ERR_OK) {
		x->task_err = buf_err(&x->body) == ERR_LIMIT ? ERR_TOO_LARGE : ERR_NOMEM;
		exchange_wake(x, WAIT_BODY);
	}
}

static void on_end(struct stream *s)
{
	struct exchange *x = s->owner;
	x->body_done = true;
	exchange_wake(x, WAIT_BODY);
}

static void on_writable(struct stream *s)
{
	struct exchange *x = s->owner;
	if (x->owed > 0 && x->upstream != NULL) {
		size_t n = x->owed;
		x->owed = 0;
		stream_consume(x->upstream, n);
	}
}

static void on_closed(struct stream *s, enum err why)
{
	struct exchange *x = s->owner;
	x->client = NULL;
	if (!x->own_head)
		x->head = NULL;
	x->client_done = why == ERR_OK;
	if (why != ERR_OK) {
		gate_count(x->gate, METRIC_CLIENT_GONE, 1);
		exchange_abandon(x);
	} else if (x->upstream == NULL) {
		exchange_wake(x, WAIT_ANSWER);
		return;
	}
	exchange_run(x);
}

static const struct stream_events client_events = {
	.head = on_head,
	.body = on_body,
	.end = on_end,
	.writable = on_writable,
	.closed = on_closed,
};

void exchange_open(void *arg, struct stream *s)
{
	struct worker *w = arg;
	struct exchange *x = calloc(1, sizeof *x);
	if (x == NULL || getrandom(x->id, sizeof x->id, 0) != (ssize_t)sizeof x->id) {
		free(x);
		stream_reset(s, ERR_NOMEM);
		return;
	}
	x->worker = w;
	x->gate = w->gate;
	x->snap = snapshot_get(w->snap);
	arena_init(&x->arena, ARENA_LIMIT);
	buf_init(&x->body, (size_t)x->snap->config->limits.max_body);
	x->unit.chosen = -1;
	x->client = s;
	x->listener = s->context;
	x->started_ns = loop_now(w->loop);
	x->started_wall_ns = gate_wall_ns();
	s->events = &client_events;
	s->owner = x;
	w->exchanges++;
	gate_count(x->gate, METRIC_REQUESTS, 1);
	if (s->malformed != ERR_OK) {
		x->err = s->malformed;
		x->step = STEP_REFUSE;
		exchange_run(x);
	}
}

void inspector_fini(struct inspector *i)
{
	if (i->scratch != NULL)
		classifier_scratch_free(i->scratch);
	snapshot_put(i->snap);
	*i = (struct inspector){0};
}

struct classifier_scratch *inspector_scratch(struct inspector *i, struct snapshot *snap)
{
	if (i->snap != snap) {
		inspector_fini(i);
		i->scratch = classifier_scratch_new(snap->classifier);
		if (i->scratch != NULL)
			i->snap = snapshot_get(snap);
	}
	return i->scratch;
}
