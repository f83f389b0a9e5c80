/* An event loop: one thread, one event_base. Everything that belongs to a loop is touched on its thread only;
 * loop_post is the one way in from other threads. */
#ifndef NET_LOOP_H
#define NET_LOOP_H

#include "base/err.h"

struct loop;

struct loop *loop_new(void) MUST;
void loop_free(struct loop *l);
/* Runs until loop_stop; call on the thread that will own the loop. */
void loop_run(struct loop *l);
void loop_stop(struct loop *l); /* any thread */
/* Monotonic nanoseconds, cached per turn of the loop. */
uint64_t loop_now(const struct loop *l) MUST;

/* A call to make on the loop's thread. The memory is the caller's and may be reused once run starts. */
struct loop_task {
	void (*run)(struct loop_task *t);
	struct loop_task *next;
};
void loop_post(struct loop *l,
	       struct loop_task *t); /* any thread; wait-free for the caller but for one eventfd write */

/* A one-shot timer. A zeroed struct with run set is valid. */
struct loop_timer {
	void (*run)(struct loop_timer *t);
	struct loop *loop;
	void *impl;
};
enum err loop_timer_arm(struct loop *l, struct loop_timer *t, uint64_t milliseconds) MUST;
void loop_timer_disarm(struct loop_timer *t);
void loop_timer_fini(struct loop_timer *t);

/* Unix signals, delivered on this loop (control loop only). */
enum err loop_on_signal(struct loop *l, int signo, void (*run)(int signo, void *arg), void *arg) MUST;

#endif
