#include "local_model/tagger.h"

#include <stdlib.h>

#include "base/types.h"
#include "local_model/decode.h"
#include "local_model/gate.h"
#include "local_model/known.h"
#include "local_model/tagger_parts.h"

enum {
	WINDOW = NET_ROWS,
	/* A window commits what begins this far before its end; the rest is read again by the next, with its context.
	 */
	LOOKAHEAD = MODEL_REACH + 64,
	BLOCKS = (WINDOW + GATE_BLOCK - 1) / GATE_BLOCK,
	SURE = 60,   /* the least score of a mention whose words are remembered */
	COMPANY = 65 /* … and of one that makes its neighbours more likely */
};

/* Tokens [first, last] of the window. */
struct found {
	uint32_t first, last;
	uint8_t type; /* index into model.types */
	uint8_t bucket;
	uint8_t score;
	bool sure; /* and of a type that makes its neighbours more likely */
};

struct tagger_scratch {
	struct net_work net;
	struct decode_work decode;
	struct mention mentions[WINDOW];
	struct found found[WINDOW];
	struct known known;
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
	size_t n_found;
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

static void keep(struct window *w, size_t offset, size_t count)
{
	const struct model *m = &w->tagger->model;
	for (size_t i = 0; i < count; i++) {
		const struct mention *mention = &w->s->mentions[i];
		size_t first = offset + mention->first, last = offset + mention->last;
		if (first >= w->limit)
			return;
		if (last >= w->next)
			w->next = last + 1;
		if (readable(w->s->tokens + first, last - first + 1))
			w->s->found[w->n_found++] = (struct found){.first = (uint32_t)first,
								   .last = (uint32_t)last,
								   .type = (uint8_t)mention->type,
								   .bucket = (uint8_t)decode_bucket(m, mention)};
	}
}

/* Types that a log or a table of measurements seems to be full of: company for nobody, and no data about a person
 * where there is no person. */
static bool numeric(uint16_t type)
{
	return type == TYPE_ID_EMPLOYEE || type == TYPE_CONTACT_PHONE || type == TYPE_FINANCE_ACCOUNT ||
	       type == TYPE_FINANCE_CARD || type == TYPE_VEHICLE_ID || type == TYPE_TIME_DATE;
}

/* Personal data come in company: what stands by itself in a window has to be surer to be reported. */
static void weigh(struct window *w)
{
	const struct model_type *types = w->tagger->model.types;
	struct found *found = w->s->found;
	size_t sure = 0, n = 0;
	for (size_t i = 0; i < w->n_found; i++) {
		found[i].score = types[found[i].type].company[found[i].bucket];
		found[i].sure = found[i].score >= COMPANY && !numeric(types[found[i].type].type);
		sure += found[i].sure;
	}
	for (size_t i = 0; i < w->n_found; i++) {
		struct found f = found[i];
		if (sure == 0 || (sure == 1 && f.sure))
			f.score = types[f.type].alone[f.bucket];
		if (f.score > 0)
			found[n++] = f;
	}
	w->n_found = n;
}

/* Types whose words stand for the same wherever they are repeated. */
static bool repeats(uint16_t type)
{
	return type == TYPE_PERSON_NAME || type == TYPE_HEALTH_MEDICATION;
}

static void learn(struct window *w)
{
	for (size_t i = 0; i < w->n_found; i++) {
		const struct found *f = &w->s->found[i];
		if (f->score < SURE || !repeats(w->tagger->model.types[f->type].type))
			continue;
		for (size_t t = f->first; t <= f->last; t++)
			if (kind_letter((enum kind)w->s->tokens[t].kind))
				known_learn(&w->s->known, &w->s->features[t], f->type, f->score);
	}
}

static void report(struct window *w, size_t first, size_t last, uint8_t type, uint8_t score)
{
	w->emit(w->sink, w->tagger->model.types[type].type, w->s->tokens[first].start, w->s->tokens[last].end, score);
}

/* Tokens [a, b), none of them in a mention: repeats of known words, those of one type side by side as one finding. */
static void report_repeats(struct window *w, size_t a, size_t b)
{
	for (size_t t = a, last; t < b; t++) {
		const struct known_word *k = known_find(&w->s->known, &w->s->features[t]), *next = k;
		if (k == NULL)
			continue;
		for (last = t; next != NULL && next->type == k->type; last++)
			next = last + 1 < b && w->s->tokens[last + 1].gap == GAP_SPACE
				       ? known_find(&w->s->known, &w->s->features[last + 1])
				       : NULL;
		report(w, t, last - 1, k->type, (uint8_t)(k->score - k->score / 8));
		t = last - 1;
	}
}

static void report_all(struct window *w)
{
	size_t at = w->from;
	weigh(w);
	learn(w);
	for (size_t i = 0; i < w->n_found; i++) {
		const struct found *f = &w->s->found[i];
		report_repeats(w, at, f->first);
		report(w, f->first, f->last, f->type, f->score);
		at = f->last + 1;
	}
	report_repeats(w, at, w->limit);
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
	keep(w, a, count);
}

static void tag_window(struct window *w)
{
	size_t blocks = (w->n + GATE_BLOCK - 1) / GATE_BLOCK;
	w->n_found = 0;
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
	report_all(w);
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
	explicit_bzero(s->found, most * sizeof *s->found);
	known_clear(&s->known);
	return looked;
}
