#include "local_model/tagger.h"

#include <stdlib.h>

#include "local_model/decode.h"
#include "local_model/gate.h"
#include "local_model/tagger_parts.h"

enum {
	WINDOW = NET_ROWS,
	/* A window commits what begins this far before its end; the rest is read again by the next, with its context.
	 */
	LOOKAHEAD = MODEL_REACH + 64,
	BLOCKS = (WINDOW + GATE_BLOCK - 1) / GATE_BLOCK
};

struct tagger_scratch {
	struct net_work net;
	struct decode_work decode;
	struct mention mentions[WINDOW];
	struct token tokens[WINDOW];
	struct feature features[WINDOW];
	bool open[BLOCKS];
};

/* Where a text stands: tokens[0, from) are context on the left, decoded already. */
struct window {
	const struct tagger *tagger;
	struct tagger_scratch *s;
	struct span text;
	size_t n, from;
	size_t limit; /* mentions that begin before it are final */
	size_t next;  /* first token of the next window */
	tagger_emit *emit;
	void *sink;
};

struct tagger *tagger_new(struct span file, enum err *err)
{
	struct tagger *t = calloc(1, sizeof *t);
	*err = t == NULL ? ERR_NOMEM : model_load(&t->model, file);
	if (*err != ERR_OK) {
		free(t);
		return NULL;
	}
	alphabet_init(&t->alphabet);
	t->kernel = kernel_pick();
	t->gate = true;
	return t;
}

void tagger_free(struct tagger *t)
{
	free(t);
}

struct span tagger_id(const struct tagger *t)
{
	return span_of(t->model.digest, sizeof t->model.digest);
}

const char *tagger_kernel(const struct tagger *t)
{
	return t->kernel->name;
}

struct tagger_scratch *tagger_scratch_new(void)
{
	struct tagger_scratch *s = aligned_alloc(64, (sizeof *s + 63) / 64 * 64);
	if (s != NULL)
		memset(s, 0, sizeof *s);
	return s;
}

void tagger_scratch_free(struct tagger_scratch *s)
{
	if (s != NULL)
		explicit_bzero(s, sizeof *s);
	free(s);
}

/* A mention has to have something in it that can be read. */
static bool readable(const struct token *t, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (t[i].kind == KIND_DIGIT || kind_letter((enum kind)t[i].kind) || kind_single((enum kind)t[i].kind))
			return true;
	return false;
}

static void report(struct window *w, size_t offset, size_t count)
{
	const struct model *m = &w->tagger->model;
	for (size_t i = 0; i < count; i++) {
		const struct mention *found = &w->s->mentions[i];
		size_t first = offset + found->first, last = offset + found->last;
		if (first >= w->limit)
			return;
		if (last >= w->next)
			w->next = last + 1;
		uint8_t score = decode_score(m, found);
		if (score > 0 && readable(w->s->tokens + first, last - first + 1))
			w->emit(w->sink, m->types[found->type].type, w->s->tokens[first].start, w->s->tokens[last].end,
				score);
	}
}

/* Tokens [a, b): the net sees its reach of context on both sides. */
static void tag_run(struct window *w, size_t a, size_t b)
{
	const struct model *m = &w->tagger->model;
	size_t from = a > m->reach ? a - m->reach : 0, to = b + m->reach < w->n ? b + m->reach : w->n;
	if (a < w->from)
		a = w->from;
	if (a >= b || a >= w->limit)
		return;
	net_run(m, w->tagger->kernel, w->s->features + from, to - from, &w->s->net);
	size_t count =
		decode(m, w->s->net.logits + (a - from) * m->head.n, m->head.n, b - a, &w->s->decode, w->s->mentions);
	report(w, a, count);
}

static void tag_window(struct window *w)
{
	size_t blocks = (w->n + GATE_BLOCK - 1) / GATE_BLOCK;
	if (w->tagger->gate)
		gate_blocks(w->s->tokens, w->s->features, w->n, w->s->open);
	else
		memset(w->s->open, true, sizeof w->s->open);
	for (size_t i = 0, k; i < blocks; i = k + 1) {
		for (k = i; k < blocks && w->s->open[k]; k++)
			;
		if (k > i)
			tag_run(w, i * GATE_BLOCK, k * GATE_BLOCK < w->n ? k * GATE_BLOCK : w->n);
	}
}

/* Bytes from the end of one token to the end of the next count with the latter. */
static size_t looked_at(const struct window *w)
{
	size_t bytes = 0;
	for (size_t i = w->from; i < w->next; i++)
		if (w->s->open[i / GATE_BLOCK])
			bytes += w->s->tokens[i].end - (i > 0 ? w->s->tokens[i - 1].end : 0);
	return bytes;
}

static void read_features(struct window *w, size_t from)
{
	const struct tagger *t = w->tagger;
	for (size_t i = from; i < w->n; i++) {
		struct feature *f = &w->s->features[i];
		feature_at(&t->alphabet, &t->model.bits, w->text, w->s->tokens, w->n, i, f);
		f->flags = model_lookup(&t->model, f->key);
	}
}

/* Keeps the tokens from w->next on, and their context before. */
static void slide(struct window *w)
{
	size_t drop = w->next - MODEL_REACH;
	w->n -= drop;
	memmove(w->s->tokens, w->s->tokens + drop, w->n * sizeof *w->s->tokens);
	memmove(w->s->features, w->s->features + drop, w->n * sizeof *w->s->features);
	w->from = MODEL_REACH;
}

size_t tagger_tag(const struct tagger *t, struct tagger_scratch *s, struct span text, tagger_emit *emit, void *sink)
{
	struct window w = {.tagger = t, .s = s, .text = text, .emit = emit, .sink = sink};
	struct tokenizer tokenizer;
	size_t looked = 0, most = 0;
	tokenizer_init(&tokenizer, &t->alphabet, text);
	bool more = true;
	while (more) {
		/* The last token's features may depend on one that was not there yet. */
		size_t known = w.n > 0 ? w.n - 1 : 0;
		while (w.n < WINDOW && (more = tokenizer_next(&tokenizer, &s->tokens[w.n])))
			w.n++;
		most = w.n > most ? w.n : most;
		read_features(&w, known);
		w.limit = w.next = more ? w.n - LOOKAHEAD : w.n;
		tag_window(&w);
		looked += looked_at(&w);
		if (more)
			slide(&w);
	}
	if (w.n > 0 && s->open[(w.n - 1) / GATE_BLOCK])
		looked += text.n - s->tokens[w.n - 1].end;
	explicit_bzero(s->tokens, most * sizeof *s->tokens);
	explicit_bzero(s->features, most * sizeof *s->features);
	explicit_bzero(s->mentions, most * sizeof *s->mentions);
	return looked;
}
