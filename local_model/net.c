#include "local_model/net.h"

void net_run(const struct model *m, const struct kernel *k, const struct feature *f, size_t n, struct net_work *w)
{
	size_t width = m->channels, pad = MODEL_REACH * width;
	for (size_t i = 0; i < n; i++)
		k->embed(m, &f[i], w->inputs + i * FEATURE_INPUTS);
	for (size_t i = 0; i < 2; i++) {
		memset(w->stream[i], 0, pad);
		memset(w->stream[i] + pad + n * width, 0, pad);
	}
	uint8_t *in = w->stream[0] + pad, *next = w->stream[1] + pad;
	k->layer(&m->mixing, w->inputs, n, w->residual, true, in);
	for (size_t i = 0; i < m->n_convs; i++) {
		k->layer(&m->conv[i], in, n, w->residual, false, next);
		uint8_t *swap = in;
		in = next;
		next = swap;
	}
	k->head(&m->head, in, n, w->logits);
}
