#include <stdlib.h>
#include <time.h>

#include "audit/state.h"

struct post {
	struct audit_ticket ticket;
	uint8_t body[];
};

static void post_done(struct audit_ticket *t, enum err err)
{
	(void)err; /* a post is done when it is durable, or when the writer ends without having managed it */
	free(t);   /* the ticket is the post's first member */
}

struct audit_ticket *post_new(enum leaf_kind kind, struct span body)
{
	struct post *p = calloc(1, sizeof *p + body.n);
	if (p == NULL)
		return NULL;
	if (body.n > 0)
		memcpy(p->body, body.p, body.n);
	p->ticket = (struct audit_ticket){.done = post_done, .kind = kind, .body = span_of(p->body, body.n)};
	return &p->ticket;
}

bool ticket_is_post(const struct audit_ticket *t)
{
	return t->done == post_done;
}

void queue_init(struct ticket_queue *q)
{
	*q = (struct ticket_queue){.tail = &q->head};
}

void queue_push(struct ticket_queue *q, struct audit_ticket *t)
{
	t->next = NULL;
	*q->tail = t;
	q->tail = &t->next;
	q->n++;
	q->awaited += !ticket_is_post(t);
}

struct audit_ticket *queue_pop(struct ticket_queue *q)
{
	struct audit_ticket *t = q->head;
	if (t == NULL)
		return NULL;
	q->head = t->next;
	q->n--;
	q->awaited -= !ticket_is_post(t);
	if (q->head == NULL)
		q->tail = &q->head;
	return t;
}

void queue_move(struct ticket_queue *q, struct ticket_queue *other)
{
	if (other->head == NULL)
		return;
	*q->tail = other->head;
	q->tail = other->tail;
	q->n += other->n;
	q->awaited += other->awaited;
	queue_init(other);
}

enum err ledger_puts_add(struct ledger_puts *l, const struct ledger_put *p)
{
	if (l->n == l->cap) {
		size_t cap = l->cap > 0 ? l->cap * 2 : 64;
		struct ledger_put *grown = reallocarray(l->p, cap, sizeof *grown);
		if (grown == NULL)
			return ERR_NOMEM;
		l->p = grown;
		l->cap = cap;
	}
	l->p[l->n++] = *p;
	return ERR_OK;
}

void ledger_puts_fini(struct ledger_puts *l)
{
	free(l->p);
	*l = (struct ledger_puts){0};
}

uint64_t clock_realtime_ns(void)
{
	struct timespec t;
	clock_gettime(CLOCK_REALTIME, &t);
	return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

uint64_t clock_monotonic_us(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000 + (uint64_t)t.tv_nsec / 1000;
}

int64_t clock_today(void)
{
	struct timespec t;
	clock_gettime(CLOCK_REALTIME_COARSE, &t);
	return t.tv_sec / 86400;
}
