/* A small pool of threads that take heavy work whole, so that a long prompt never delays its neighbours on a loop. */
#ifndef GATE_COMPUTE_H
#define GATE_COMPUTE_H

#include "base/err.h"

struct compute;
struct compute_job {
	/* Runs on a pool thread; state is that thread's own (see compute_new). */
	void (*run)(struct compute_job *job, void *state);
	struct compute_job *next;
};

/* Each thread keeps one state made by state_new on that thread (may be NULL) and freed by state_free. */
struct compute *compute_new(unsigned threads, void *(*state_new)(void), void (*state_free)(void *state),
			    enum err *err) MUST;
void compute_submit(struct compute *c, struct compute_job *job);
/* Finishes what was submitted, then joins the threads. */
void compute_free(struct compute *c);

#endif
