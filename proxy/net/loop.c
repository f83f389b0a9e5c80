#include "proxy/net/loop.h"

#include <errno.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include "base/assert.h"
#include "proxy/net/turn.h"

enum {
	ROUNDS_PER_TURN = 8, /* then readiness is asked again, without waiting */
	CACHED_BLOCKS = 16,
	CACHED_OBJECTS = 192, /* of each pool */
};

struct loop_signal {
	struct loop_signal *next;
	struct event *event;
	void (*run)(int signo, void *arg);
	void *arg;
};

struct object {
	struct object *next;
};

struct loop {
	struct event_base *base;
	struct event *wake_event;
	int wake_fd;
	atomic_bool stop;
	atomic_bool signalled; /* an eventfd write is on its way */

	/* Vyukov's queue: producers exchange `newest` and link behind them, the loop reads from `oldest`. */
	struct loop_task *newest;
	struct loop_task *oldest;
	struct loop_task stub;

	struct link ready, dirty, dead;
	uint64_t now; /* 0: not read yet in this turn */
	struct loop_signal *signals;

	uint8_t *scratch;
	size_t scratch_used;
	uint8_t *head_block;
	struct buf head_buf;
	uint8_t *blocks[CACHED_BLOCKS];
	size_t n_blocks;
	struct object *pools[LOOP_POOL_COUNT];
	size_t n_pools[LOOP_POOL_COUNT];
};

void link_init(struct link *head)
{
	head->next = head->prev = head;
}

void link_push(struct link *head, struct link *l)
{
	if (link_on(l))
		return;
	l->prev = head->prev;
	l->next = head;
	head->prev->next = l;
	head->prev = l;
}

void link_drop(struct link *l)
{
	if (!link_on(l))
		return;
	l->prev->next = l->next;
	l->next->prev = l->prev;
	l->next = l->prev = NULL;
}

struct event_base *loop_base(struct loop *l)
{
	return l->base;
}

void loop_ready(struct loop *l, struct work *w)
{
	link_push(&l->ready, &w->link);
}

void loop_dirty(struct loop *l, struct work *w)
{
	link_push(&l->dirty, &w->link);
}

void loop_dead(struct loop *l, struct work *w)
{
	link_push(&l->dead, &w->link);
}

void work_cancel(struct work *w)
{
	link_drop(&w->link);
}

uint8_t *loop_block(struct loop *l)
{
	if (l->n_blocks > 0)
		return l->blocks[--l->n_blocks];
	return malloc(LOOP_BLOCK);
}

void loop_block_put(struct loop *l, uint8_t *block)
{
	if (l->n_blocks < CACHED_BLOCKS)
		l->blocks[l->n_blocks++] = block;
	else
		free(block);
}

uint8_t *loop_scratch(struct loop *l)
{
	return l->scratch;
}

void loop_scratch_used(struct loop *l, size_t n)
{
	INVARIANT(n <= LOOP_BLOCK);
	if (n > l->scratch_used)
		l->scratch_used = n;
}

struct buf *loop_head_buf(struct loop *l)
{
	if (l->head_buf.n > 0)
		explicit_bzero(l->head_block, l->head_buf.n);
	l->head_buf = (struct buf){.p = l->head_block, .cap = LOOP_BLOCK, .limit = LOOP_BLOCK};
	return &l->head_buf;
}

void *loop_pool_get(struct loop *l, enum loop_pool pool, size_t size)
{
	struct object *o = l->pools[pool];
	if (o == NULL)
		return malloc(size);
	l->pools[pool] = o->next;
	l->n_pools[pool]--;
	return o;
}

void loop_pool_put(struct loop *l, enum loop_pool pool, void *p)
{
	if (l->n_pools[pool] >= CACHED_OBJECTS) {
		free(p);
		return;
	}
	struct object *o = p;
	o->next = l->pools[pool];
	l->pools[pool] = o;
	l->n_pools[pool]++;
}

static void wake(struct loop *l)
{
	if (atomic_exchange(&l->signalled, true))
		return;
	uint64_t one = 1;
	/* An eventfd of ours refuses a write only when its counter is full, and then the loop is awake anyway. */
	ssize_t n;
	do
		n = write(l->wake_fd, &one, sizeof one);
	while (n < 0 && errno == EINTR);
}

static void task_push(struct loop *l, struct loop_task *t)
{
	__atomic_store_n(&t->next, NULL, __ATOMIC_RELAXED);
	struct loop_task *prev = __atomic_exchange_n(&l->newest, t, __ATOMIC_ACQ_REL);
	__atomic_store_n(&prev->next, t, __ATOMIC_RELEASE);
}

/* The oldest task, or NULL if there is none or its producer has not linked it yet (its wake-up is still to come). */
static struct loop_task *task_pop(struct loop *l)
{
	struct loop_task *t = l->oldest;
	struct loop_task *next = __atomic_load_n(&t->next, __ATOMIC_ACQUIRE);
	if (t == &l->stub) {
		if (next == NULL)
			return NULL;
		l->oldest = t = next;
		next = __atomic_load_n(&t->next, __ATOMIC_ACQUIRE);
	}
	if (next != NULL) {
		l->oldest = next;
		return t;
	}
	if (t != __atomic_load_n(&l->newest, __ATOMIC_ACQUIRE))
		return NULL;
	/* t is the last one: put the stub behind it, so that t can leave. */
	task_push(l, &l->stub);
	next = __atomic_load_n(&t->next, __ATOMIC_ACQUIRE);
	if (next == NULL)
		return NULL;
	l->oldest = next;
	return t;
}

void loop_post(struct loop *l, struct loop_task *t)
{
	task_push(l, t);
	wake(l);
}

static void run_tasks(struct loop *l)
{
	struct loop_task *t;
	while ((t = task_pop(l)) != NULL)
		t->run(t);
}

static void on_wake(evutil_socket_t fd, short what, void *arg)
{
	struct loop *l = arg;
	uint64_t count;
	(void)what;
	if (read(fd, &count, sizeof count) < 0)
		return;
	/* An exchange, not a store: it must see what producers pushed before they found the flag up. */
	atomic_exchange(&l->signalled, false);
	run_tasks(l);
}

static enum err loop_memory(struct loop *l)
{
	l->scratch = malloc(LOOP_BLOCK);
	l->head_block = malloc(LOOP_BLOCK);
	return l->scratch == NULL || l->head_block == NULL ? ERR_NOMEM : ERR_OK;
}

static struct event_base *base_new(void)
{
	struct event_config *config = event_config_new();
	if (config == NULL)
		return NULL;
	struct event_base *base = NULL;
	/* EV_ET and EV_CLOSED: connections are registered once, edge-triggered, and never again. */
	if (event_config_set_flag(config, EVENT_BASE_FLAG_NOLOCK) == 0 &&
	    event_config_require_features(config, EV_FEATURE_ET | EV_FEATURE_EARLY_CLOSE) == 0)
		base = event_base_new_with_config(config);
	event_config_free(config);
	return base;
}

struct loop *loop_new(void)
{
	struct loop *l = calloc(1, sizeof *l);
	if (l == NULL)
		return NULL;
	l->newest = l->oldest = &l->stub;
	link_init(&l->ready);
	link_init(&l->dirty);
	link_init(&l->dead);
	l->wake_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	l->base = base_new();
	if (l->wake_fd < 0 || l->base == NULL || loop_memory(l) != ERR_OK)
		goto fail;
	l->wake_event = event_new(l->base, l->wake_fd, EV_READ | EV_PERSIST, on_wake, l);
	if (l->wake_event == NULL || event_add(l->wake_event, NULL) != 0)
		goto fail;
	return l;
fail:
	loop_free(l);
	return NULL;
}

static void drain_list(struct link *list)
{
	while (!link_empty(list)) {
		struct work *w = CONTAINER(list->next, struct work, link);
		link_drop(&w->link);
		w->run(w);
	}
}

static void free_caches(struct loop *l)
{
	for (size_t i = 0; i < l->n_blocks; i++)
		free(l->blocks[i]);
	for (size_t i = 0; i < LOOP_POOL_COUNT; i++) {
		while (l->pools[i] != NULL) {
			struct object *o = l->pools[i];
			l->pools[i] = o->next;
			free(o);
		}
	}
	if (l->scratch != NULL)
		explicit_bzero(l->scratch, l->scratch_used);
	if (l->head_block != NULL)
		explicit_bzero(l->head_block, l->head_buf.n);
	free(l->scratch);
	free(l->head_block);
}

void loop_free(struct loop *l)
{
	if (l == NULL)
		return;
	drain_list(&l->dead);
	while (l->signals != NULL) {
		struct loop_signal *s = l->signals;
		l->signals = s->next;
		event_free(s->event);
		free(s);
	}
	if (l->wake_event != NULL)
		event_free(l->wake_event);
	if (l->base != NULL)
		event_base_free(l->base);
	if (l->wake_fd >= 0)
		close(l->wake_fd);
	free_caches(l);
	free(l);
}

/* Runs what stands on the list now; what is added meanwhile waits for the next round. */
static void run_list(struct link *list)
{
	struct link batch;
	if (link_empty(list))
		return;
	batch = *list;
	batch.next->prev = &batch;
	batch.prev->next = &batch;
	link_init(list);
	drain_list(&batch);
}

static bool end_turn(struct loop *l)
{
	for (int i = 0; i < ROUNDS_PER_TURN && !(link_empty(&l->ready) && link_empty(&l->dirty)); i++) {
		run_list(&l->ready);
		run_list(&l->dirty);
	}
	drain_list(&l->dead);
	explicit_bzero(l->scratch, l->scratch_used);
	l->scratch_used = 0;
	explicit_bzero(l->head_block, l->head_buf.n);
	l->head_buf.n = 0;
	return link_empty(&l->ready) && link_empty(&l->dirty);
}

void loop_run(struct loop *l)
{
	bool idle = end_turn(l);
	while (!atomic_load(&l->stop)) {
		int flags = EVLOOP_ONCE | (idle ? EVLOOP_NO_EXIT_ON_EMPTY : EVLOOP_NONBLOCK);
		l->now = 0;
		INVARIANT(event_base_loop(l->base, flags) >= 0);
		idle = end_turn(l);
	}
	atomic_store(&l->stop, false);
}

void loop_stop(struct loop *l)
{
	atomic_store(&l->stop, true);
	wake(l);
}

uint64_t loop_now(const struct loop *l)
{
	if (l->now != 0)
		return l->now;
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	/* A cache, not state: the loop object itself is never const. */
	((struct loop *)(uintptr_t)l)->now = (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
	return l->now;
}

static void on_timer(evutil_socket_t fd, short what, void *arg)
{
	struct loop_timer *t = arg;
	(void)fd;
	(void)what;
	t->run(t);
}

enum err loop_timer_arm(struct loop *l, struct loop_timer *t, uint64_t milliseconds)
{
	struct event *e = t->impl;
	if (e == NULL) {
		e = evtimer_new(l->base, on_timer, t);
		if (e == NULL)
			return ERR_NOMEM;
		t->impl = e;
		t->loop = l;
	}
	INVARIANT(t->loop == l);
	struct timeval tv = {.tv_sec = (time_t)(milliseconds / 1000),
			     .tv_usec = (suseconds_t)(milliseconds % 1000 * 1000)};
	return event_add(e, &tv) == 0 ? ERR_OK : ERR_NOMEM;
}

void loop_timer_disarm(struct loop_timer *t)
{
	if (t->impl != NULL)
		INVARIANT(event_del(t->impl) == 0);
}

void loop_timer_fini(struct loop_timer *t)
{
	if (t->impl != NULL)
		event_free(t->impl);
	t->impl = NULL;
	t->loop = NULL;
}

static void on_signal(evutil_socket_t signo, short what, void *arg)
{
	struct loop_signal *s = arg;
	(void)what;
	s->run((int)signo, s->arg);
}

enum err loop_on_signal(struct loop *l, int signo, void (*run)(int signo, void *arg), void *arg)
{
	struct loop_signal *s = calloc(1, sizeof *s);
	if (s == NULL)
		return ERR_NOMEM;
	s->run = run;
	s->arg = arg;
	s->event = evsignal_new(l->base, signo, on_signal, s);
	if (s->event == NULL || event_add(s->event, NULL) != 0) {
		if (s->event != NULL)
			event_free(s->event);
		free(s);
		return ERR_NOMEM;
	}
	s->next = l->signals;
	l->signals = s;
	return ERR_OK;
}
