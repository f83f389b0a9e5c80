#include "local_model/decode.h"

enum part { BEGIN = 1, INSIDE, END, SINGLE };
enum { NEVER = -(1 << 29) };

struct paths {
	int32_t outer;               /* best score of a path that stands outside */
	int32_t begun[MODEL_TYPES];  /* … whose last label is begin */
	int32_t inside[MODEL_TYPES]; /* … or inside */
};

static uint8_t label_of(size_t type, enum part part)
{
	return (uint8_t)(4 * type + part);
}

static void step(const struct model *m, const int16_t *logit, struct paths *p, uint8_t *outer_label, uint8_t *inner)
{
	int32_t before = p->outer, best = before + logit[0];
	uint8_t best_label = 0;
	for (size_t c = 0; c < m->n_types; c++) {
		const int16_t *l = logit + 4 * c;
		inner[c] = p->inside[c] > p->begun[c];
		int32_t in = inner[c] ? p->inside[c] : p->begun[c], start = before + m->types[c].bias;
		p->begun[c] = start + l[BEGIN];
		p->inside[c] = in + l[INSIDE];
		if (start + l[SINGLE] > best) {
			best = start + l[SINGLE];
			best_label = label_of(c, SINGLE);
		}
		if (in + l[END] > best) {
			best = in + l[END];
			best_label = label_of(c, END);
		}
	}
	p->outer = best;
	*outer_label = best_label;
}

static void trace_back(size_t n, struct decode_work *w)
{
	uint8_t label = w->outer[n - 1];
	for (size_t t = n; t-- > 0;) {
		w->label[t] = label;
		if (t == 0)
			break;
		size_t c = label == 0 ? 0 : (label - 1u) / 4;
		enum part part = (enum part)(label == 0 ? SINGLE : label - 4 * c);
		if (part == INSIDE || part == END)
			label = label_of(c, w->inner[t][c] ? INSIDE : BEGIN);
		else
			label = w->outer[t - 1];
	}
}

size_t decode(const struct model *m, const int16_t *logits, size_t stride, size_t n, struct decode_work *w,
	      struct mention *out)
{
	struct paths p = {0};
	size_t count = 0;
	if (n == 0)
		return 0;
	for (size_t c = 0; c < m->n_types; c++)
		p.begun[c] = p.inside[c] = NEVER;
	for (size_t t = 0; t < n; t++)
		step(m, logits + t * stride, &p, &w->outer[t], w->inner[t]);
	trace_back(n, w);
	for (size_t t = 0; t < n; t++) {
		uint8_t label = w->label[t];
		if (label == 0)
			continue;
		size_t c = (label - 1u) / 4;
		int32_t lead = logits[t * stride + label] - logits[t * stride];
		if (label == label_of(c, BEGIN) || label == label_of(c, SINGLE))
			out[count++] =
				(struct mention){.first = (uint32_t)t, .type = (uint32_t)c, .margin = m->types[c].bias};
		struct mention *last = &out[count - 1];
		last->last = (uint32_t)t;
		last->margin += lead;
	}
	return count;
}

size_t decode_bucket(const struct model *m, const struct mention *mention)
{
	int32_t tokens = (int32_t)(mention->last - mention->first) + 1;
	int32_t bucket = mention->margin < 0 ? 0 : mention->margin / tokens / m->margin_unit;
	return bucket < MODEL_BUCKETS ? (size_t)bucket : MODEL_BUCKETS - 1;
}
