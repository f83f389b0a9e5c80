#include "proxy/gate/exchange.h"

#include <stdlib.h>
#include <sys/random.h>

#include "base/assert.h"
#include "base/log.h"

enum {
	ARENA_LIMIT = 256 << 20,
	SPARE_MAX = 128,     /* exchanges kept for the next requests */
	SPARE_BUF = 64 << 10 /* and what each of their buffers may keep */
};

static const struct {
	const char *name;
	enum err (*run)(struct exchange *x);
} steps[STEP_COUNT] = {
#define STEP(name, function, doc) {#name, function},
#include "proxy/gate/steps.def"
#undef STEP
};

/* Wiped; its memory stays, within reason. */
static struct buf buf_spare(struct buf *b)
{
	if (b->cap > SPARE_BUF)
		buf_fini(b);
	else
		buf_clear(b);
	return (struct buf){.p = b->p, .cap = b->cap};
}

/* Zeroed but for the memory of its buffers. Most room for facts about data was never touched. */
static void wipe(struct exchange *x)
{
	const struct buf body = buf_spare(&x->body), record = buf_spare(&x->record);
	const struct buf attempt = buf_spare(&x->attempt_body), rewritten = buf_spare(&x->rewritten);
	const size_t data = offsetof(struct exchange, unit.facts.data), behind = data + sizeof x->unit.facts.data;
	uint8_t *const bytes = (uint8_t *)x;
	explicit_bzero(bytes + data, x->unit.facts.n_data * sizeof *x->unit.facts.data);
	explicit_bzero(bytes, data);
	explicit_bzero(bytes + behind, sizeof *x - behind);
	x->body = body;
	x->record = record;
	x->attempt_body = attempt;
	x->rewritten = rewritten;
}

static void discard(struct exchange *x)
{
	buf_fini(&x->body);
	buf_fini(&x->record);
	buf_fini(&x->attempt_body);
	buf_fini(&x->rewritten);
	free(x);
}

static void exchange_free(struct exchange *x)
{
	INVARIANT(x->client == NULL && x->upstream == NULL && x->lease == NULL && x->holds == 0 && !x->leasing);
	INVARIANT(x->slot.state == ENGINE_IDLE);
	struct worker *w = x->worker;
	gate_unreserve(x->gate, x->reserved);
	loop_timer_fini(&x->timer);
	arena_fini(&x->arena);
	arena_fini(&x->judged);
	snapshot_put(x->snap);
	w->exchanges--;
	wipe(x);
	if (w->n_spare == SPARE_MAX) {
		discard(x);
		return;
	}
	x->next = w->spare;
	w->spare = x;
	w->n_spare++;
}

static struct exchange *exchange_new(struct worker *w)
{
	struct exchange *x = w->spare;
	if (x == NULL)
		return calloc(1, sizeof *x);
	w->spare = x->next;
	w->n_spare--;
	x->next = NULL;
	return x;
}

void worker_fini(struct worker *w)
{
	inspector_fini(&w->inspector);
	while (w->spare != NULL) {
		struct exchange *x = w->spare;
		w->spare = x->next;
		discard(x);
	}
	w->n_spare = 0;
	arena_pool_fini(&w->arenas);
	explicit_bzero(w->random, sizeof w->random);
}

/* Random bytes that nobody gets twice. */
static bool draw(struct worker *w, uint8_t *out, size_t n)
{
	if (w->n_random < n) {
		if (getrandom(w->random, sizeof w->random, 0) != (ssize_t)sizeof w->random)
			return false;
		w->n_random = sizeof w->random;
	}
	w->n_random -= n;
	memcpy(out, w->random + w->n_random, n);
	explicit_bzero(w->random + w->n_random, n);
	return true;
}

const uint8_t *exchange_actor(struct exchange *x)
{
	if (!x->has_actor)
		audit_commit(x->gate->audit, "actor", x->credential, x->actor);
	x->has_actor = true;
	return x->actor;
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

/* Of the global budget, and at once for what is announced: but little more than what has come, as announcing is free.
 */
static bool room_for(struct exchange *x, size_t n)
{
	enum { AHEAD = 4 };
	size_t to = x->body.n + n;
	if (to <= x->reserved)
		return true;
	size_t ahead = to <= SIZE_MAX / AHEAD ? to * AHEAD : to;
	if (x->head->framing == HTTP_LENGTH && x->head->length > to)
		to = x->head->length < ahead ? (size_t)x->head->length : ahead;
	if (!gate_reserve(x->gate, to - x->reserved))
		return false;
	x->reserved = to;
	/* Without memory or beyond the limit, adding to it says so. */
	(void)!buf_reserve(&x->body, to - x->body.n);
	return true;
}

static void on_body(struct stream *s, struct span data)
{
	struct exchange *x = s->owner;
	if (x->waiting != WAIT_BODY) { /* refused early: what still comes is dropped */
		stream_consume(s, data.n);
		return;
	}
	if (!room_for(x, data.n)) {
		x->task_err = ERR_OVERLOAD;
		exchange_wake(x, WAIT_BODY);
		return;
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

/* The rest of the request cannot be read: refused in the API's own shape, and recorded. */
static void on_broken(struct stream *s, enum err why)
{
	struct exchange *x = s->owner;
	if (x->waiting != WAIT_BODY) /* refused already */
		return;
	x->task_err = why;
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
	.broken = on_broken,
	.writable = on_writable,
	.closed = on_closed,
};

void exchange_open(void *arg, struct stream *s)
{
	struct worker *w = arg;
	struct exchange *x = exchange_new(w);
	if (x == NULL || !draw(w, x->id, sizeof x->id)) {
		if (x != NULL)
			discard(x);
		stream_reset(s, ERR_NOMEM);
		return;
	}
	x->worker = w;
	x->gate = w->gate;
	x->snap = snapshot_get(w->snap);
	arena_init(&x->arena, ARENA_LIMIT);
	arena_init(&x->judged, ARENA_LIMIT);
	x->judged.open = true;
	x->arena.pool = x->judged.pool = &w->arenas;
	x->body.limit = (size_t)x->snap->config->limits.max_body;
	if (x->body.cap > x->body.limit)
		buf_fini(&x->body);
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
