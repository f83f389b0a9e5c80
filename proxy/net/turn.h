/* What the rest of this folder sees of a loop: its event_base, its work lists and its shared memory.
 *
 * A turn is: wait for readiness, note it in flags, then work through two lists until they are empty (or a cap is met):
 * `ready` (connections with input or events to deliver) and `dirty` (connections with output to write, so that all the
 * writes of one turn leave in one writev). What dies goes to the `dead` list and is freed when the turn ends: nobody on
 * the stack can hold a stale pointer. */
#ifndef NET_TURN_H
#define NET_TURN_H

#include <event2/event.h>

#include "base/buf.h"
#include "proxy/net/loop.h"

/* A circular doubly-linked list; a zeroed node is on no list. */
struct link {
	struct link *next, *prev;
};

void link_init(struct link *head);
static inline bool link_empty(const struct link *head)
{
	return head->next == head;
}
static inline bool link_on(const struct link *l)
{
	return l->next != NULL;
}
void link_push(struct link *head, struct link *l); /* at the tail; nothing happens if it is on a list already */
void link_drop(struct link *l);                    /* nothing happens if it is on none */

#define CONTAINER(ptr, type, member) ((type *)(void *)((char *)(ptr)-offsetof(type, member)))

/* One entry of work. run is called with the entry taken off its list. */
struct work {
	struct link link;
	void (*run)(struct work *w);
};

struct event_base *loop_base(struct loop *l) MUST;
void loop_ready(struct loop *l, struct work *w); /* input or events to deliver, this turn */
void loop_dirty(struct loop *l, struct work *w); /* output to write, after what is ready */
void loop_dead(struct loop *l, struct work *w);  /* to free, when the turn ends */
void work_cancel(struct work *w);

/* Blocks of LOOP_BLOCK bytes, kept in a small cache; NULL without memory. Their content is the user's to wipe. */
enum { LOOP_BLOCK = 80 * 1024 };
uint8_t *loop_block(struct loop *l) MUST;
void loop_block_put(struct loop *l, uint8_t *block);

/* The loop's one read buffer (LOOP_BLOCK bytes): valid during one work entry. The bytes used are wiped at the end of
 * the turn. */
uint8_t *loop_scratch(struct loop *l) MUST;
void loop_scratch_used(struct loop *l, size_t n);
/* An empty buffer of LOOP_BLOCK bytes for heads being written; never grows, needs no fini, valid until the next call.
 */
struct buf *loop_head_buf(struct loop *l) MUST;

/* Small caches for objects that come and go with requests. Every object is wiped by its user before it is put. */
enum loop_pool { LOOP_POOL_SEGMENT, LOOP_POOL_EXCHANGE, LOOP_POOL_COUNT };
/* Memory of size bytes (the same for every call on one pool), not zeroed. */
void *loop_pool_get(struct loop *l, enum loop_pool pool, size_t size) MUST;
void loop_pool_put(struct loop *l, enum loop_pool pool, void *p);

#endif
