/* The forward pass: features in, logits out. */
#ifndef LOCAL_MODEL_NET_H
#define LOCAL_MODEL_NET_H

#include "local_model/kernel.h"

enum { NET_ROWS = 512 /* tokens of one pass, at most */ };

/* Working memory of one pass; about half a megabyte. */
struct net_work {
	_Alignas(64) uint8_t inputs[NET_ROWS * FEATURE_INPUTS];
	/* A layer's input and the next one's, with MODEL_REACH rows of zeros before and behind. */
	uint8_t stream[2][(NET_ROWS + 2 * MODEL_REACH) * MODEL_CHANNELS];
	int16_t residual[NET_ROWS * MODEL_CHANNELS];
	int16_t logits[NET_ROWS * MODEL_OUTPUTS]; /* rows of m->head.n */
};

/* n <= NET_ROWS. The text is taken to end on both sides: logits nearer than m->reach to an end that is none are off. */
void net_run(const struct model *m, const struct kernel *k, const struct feature *f, size_t n, struct net_work *w);

#endif
