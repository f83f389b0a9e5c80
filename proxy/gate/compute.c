#include "proxy/gate/compute.h"

#include <pthread.h>
#include <stdlib.h>

enum { MAX_THREADS = 32 };

struct compute {
	pthread_mutex_t lock;
	pthread_cond_t some;
	struct compute_job *head, *tail;
	bool stopping;
	void *(*state_new)(void);
	void (*state_free)(void *);
	pthread_t threads[MAX_THREADS];
	unsigned n;
};

static struct compute_job *take(struct compute *c)
{
	pthread_mutex_lock(&c->lock);
	while (c->head == NULL && !c->stopping)
		pthread_cond_wait(&c->some, &c->lock);
	struct compute_job *job = c->head;
	if (job != NULL && (c->head = job->next) == NULL)
		c->tail = NULL;
	pthread_mutex_unlock(&c->lock);
	return job;
}

static void *work(void *arg)
{
	struct compute *c = arg;
	void *state = c->state_new == NULL ? NULL : c->state_new();
	for (struct compute_job *job; (job = take(c)) != NULL;)
		job->run(job, state);
	if (c->state_free != NULL)
		c->state_free(state);
	return NULL;
}

struct compute *compute_new(unsigned threads, void *(*state_new)(void), void (*state_free)(void *), enum err *err)
{
	struct compute *c = calloc(1, sizeof *c);
	*err = ERR_NOMEM;
	if (c == NULL)
		return NULL;
	pthread_mutex_init(&c->lock, NULL);
	pthread_cond_init(&c->some, NULL);
	c->state_new = state_new;
	c->state_free = state_free;
	while (c->n < threads && c->n < MAX_THREADS && pthread_create(&c->threads[c->n], NULL, work, c) == 0)
		c->n++;
	if (c->n == 0) {
		compute_free(c);
		return NULL;
	}
	*err = ERR_OK;
	return c;
}

void compute_submit(struct compute *c, struct compute_job *job)
{
	pthread_mutex_lock(&c->lock);
	job->next = NULL;
	if (c->tail != NULL)
		c->tail->next = job;
	else
		c->head = job;
	c->tail = job;
	pthread_cond_signal(&c->some);
	pthread_mutex_unlock(&c->lock);
}

void compute_free(struct compute *c)
{
	if (c == NULL)
		return;
	pthread_mutex_lock(&c->lock);
	c->stopping = true;
	pthread_cond_broadcast(&c->some);
	pthread_mutex_unlock(&c->lock);
	for (unsigned i = 0; i < c->n; i++)
		pthread_join(c->threads[i], NULL);
	pthread_cond_destroy(&c->some);
	pthread_mutex_destroy(&c->lock);
	free(c);
}
