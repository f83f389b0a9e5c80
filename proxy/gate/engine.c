#include "proxy/gate/engine.h"

#include <pthread.h>
#include <stdlib.h>

#include "base/assert.h"

enum { MAX_ENGINES = 64, TENANTS = 64 };

/* Tenants are hashed into a fixed number of queues: two that share one share their turn. */
struct engine {
	pthread_mutex_t lock;
	char name[128];
	uint32_t concurrency, queue;
	uint32_t running, waiting;
	bool up;
	struct {
		struct engine_waiter *head, *tail;
	} queues[TENANTS];
	unsigned turn; /* the queue that is served next */
};

struct engines {
	pthread_mutex_t lock;
	struct engine *v[MAX_ENGINES];
	size_t n;
};

struct engines *engines_new(void)
{
	struct engines *e = calloc(1, sizeof *e);
	if (e != NULL)
		pthread_mutex_init(&e->lock, NULL);
	return e;
}

void engines_free(struct engines *e)
{
	if (e == NULL)
		return;
	for (size_t i = 0; i < e->n; i++) {
		INVARIANT(e->v[i]->waiting == 0);
		pthread_mutex_destroy(&e->v[i]->lock);
		free(e->v[i]);
	}
	pthread_mutex_destroy(&e->lock);
	free(e);
}

static struct engine *find_or_make(struct engines *e, struct span name)
{
	for (size_t i = 0; i < e->n; i++)
		if (span_eq(name, span_str(e->v[i]->name)))
			return e->v[i];
	struct engine *made = NULL;
	if (e->n < MAX_ENGINES && name.n < sizeof made->name && (made = calloc(1, sizeof *made)) != NULL) {
		memcpy(made->name, name.p, name.n);
		pthread_mutex_init(&made->lock, NULL);
		made->up = true; /* until shown otherwise */
		e->v[e->n++] = made;
	}
	return made;
}

struct engine *engine_configure(struct engines *e, struct span name, uint32_t concurrency, uint32_t queue)
{
	pthread_mutex_lock(&e->lock);
	struct engine *found = find_or_make(e, name);
	pthread_mutex_unlock(&e->lock);
	if (found == NULL)
		return NULL;
	pthread_mutex_lock(&found->lock);
	found->concurrency = concurrency;
	found->queue = queue;
	pthread_mutex_unlock(&found->lock);
	return found;
}

static void enqueue(struct engine *e, struct engine_waiter *w)
{
	unsigned q = (unsigned)(w->tenant % TENANTS);
	w->next = NULL;
	if (e->queues[q].tail != NULL)
		e->queues[q].tail->next = w;
	else
		e->queues[q].head = w;
	e->queues[q].tail = w;
	e->waiting++;
	w->state = ENGINE_QUEUED;
}

static struct engine_waiter *dequeue(struct engine *e)
{
	for (unsigned i = 0; i < TENANTS; i++) {
		unsigned q = (e->turn + i) % TENANTS;
		struct engine_waiter *w = e->queues[q].head;
		if (w == NULL)
			continue;
		e->queues[q].head = w->next;
		if (w->next == NULL)
			e->queues[q].tail = NULL;
		e->turn = q + 1;
		e->waiting--;
		return w;
	}
	return NULL;
}

static void unlink_waiter(struct engine *e, struct engine_waiter *w)
{
	unsigned q = (unsigned)(w->tenant % TENANTS);
	struct engine_waiter *before = NULL;
	for (struct engine_waiter *i = e->queues[q].head; i != NULL; before = i, i = i->next) {
		if (i != w)
			continue;
		if (before == NULL)
			e->queues[q].head = w->next;
		else
			before->next = w->next;
		if (e->queues[q].tail == w)
			e->queues[q].tail = before;
		e->waiting--;
		return;
	}
	INVARIANT(false); /* a queued waiter stands in its queue */
}

enum err engine_enter(struct engine *e, struct engine_waiter *w)
{
	enum err result;
	INVARIANT(w->state == ENGINE_IDLE);
	pthread_mutex_lock(&e->lock);
	if (e->running < e->concurrency && e->waiting == 0) {
		e->running++;
		w->state = ENGINE_GRANTED;
		result = ERR_OK;
	} else if (e->waiting < e->queue) {
		enqueue(e, w);
		result = ERR_WAIT;
	} else {
		result = ERR_QUEUE_FULL;
	}
	pthread_mutex_unlock(&e->lock);
	return result;
}

bool engine_leave(struct engine *e, struct engine_waiter *w)
{
	pthread_mutex_lock(&e->lock);
	bool on_its_way = w->state == ENGINE_POSTED;
	if (w->state == ENGINE_QUEUED) {
		unlink_waiter(e, w);
	} else if (w->state != ENGINE_IDLE) {
		e->running--;
		while (e->running < e->concurrency) {
			struct engine_waiter *next = dequeue(e);
			if (next == NULL)
				break;
			e->running++;
			next->state = ENGINE_POSTED;
			/* Under the lock: whoever leaves later sees that the grant is on its way. */
			loop_post(next->loop, &next->granted);
		}
	}
	w->state = ENGINE_IDLE;
	pthread_mutex_unlock(&e->lock);
	return on_its_way;
}

void engine_report(struct engine *e, bool up)
{
	pthread_mutex_lock(&e->lock);
	e->up = up;
	pthread_mutex_unlock(&e->lock);
}

void engine_status(const struct engine *e, struct engine_status *out)
{
	pthread_mutex_t *lock = (pthread_mutex_t *)&e->lock;
	pthread_mutex_lock(lock);
	*out = (struct engine_status){.name = span_str(e->name),
				      .up = e->up,
				      .running = e->running,
				      .waiting = e->waiting,
				      .concurrency = e->concurrency};
	pthread_mutex_unlock(lock);
}

struct engine *engines_at(const struct engines *e, size_t i)
{
	pthread_mutex_t *lock = (pthread_mutex_t *)&e->lock;
	pthread_mutex_lock(lock);
	struct engine *found = i < e->n ? e->v[i] : NULL;
	pthread_mutex_unlock(lock);
	return found;
}
