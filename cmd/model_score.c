#include "cmd/model_score.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

enum { IGNORED = 63 };
_Static_assert((int)LABEL_COUNT < (int)IGNORED, "labels are bits of a word");

#define BIT(label) ((uint64_t)1 << (label))

void scores_init(struct scores *s, uint64_t labels_counted)
{
	*s = (struct scores){.labels_counted = labels_counted};
	alphabet_init(&s->alphabet);
}

/* --- mentions --- */

/* Code points that begin in [from, to). */
static uint32_t chars(struct span text, uint32_t from, uint32_t to)
{
	uint32_t n = 0;
	for (uint32_t i = from; i < to; i++)
		n += (text.p[i] & 0xc0) != 0x80;
	return n;
}

/* Is half of [start, end) covered by bytes that have one of these bits? */
static bool half(struct span text, const uint64_t *bits, uint32_t start, uint32_t end, uint64_t wanted)
{
	uint32_t covered = 0;
	for (uint32_t i = start; i < end; i++)
		covered += (text.p[i] & 0xc0) != 0x80 && (bits[i] & wanted) != 0;
	return 2 * covered >= chars(text, start, end);
}

static void paint(uint64_t *bits, uint32_t start, uint32_t end, uint64_t bit)
{
	for (uint32_t i = start; i < end; i++)
		bits[i] |= bit;
}

/* A text's bytes: by which labels they are marked and found. */
struct painted {
	struct span text;
	uint64_t *marked, *found;
	bool titles;
};

static bool counted(const struct scores *s, const struct painted *p, const struct labelled *f)
{
	if ((s->labels_counted & BIT(f->label)) == 0 || (f->label == LABEL_PROFESSION && !p->titles))
		return false;
	for (uint32_t i = f->start; i < f->end; i++)
		if ((p->marked[i] & BIT(IGNORED)) != 0)
			return false;
	return true;
}

static bool of_interest(const struct scores *s, const struct mark *m)
{
	return m->label != LABEL_IGNORED && (s->labels_counted & BIT(m->label)) != 0;
}

static void add_mentions(struct scores *s, struct score *sum, const struct item *item, const struct painted *p)
{
	for (size_t i = 0; i < item->n; i++) {
		const struct mark *m = &item->marks[i];
		if (!of_interest(s, m))
			continue;
		bool found = half(p->text, p->found, m->start, m->end, UINT64_MAX);
		bool right = half(p->text, p->found, m->start, m->end, BIT(m->label));
		struct score *const sums[] = {sum, &s->labels[m->label]};
		for (size_t k = 0; k < 2; k++) {
			sums[k]->mentions++;
			sums[k]->found += found;
			sums[k]->found_right += right;
		}
	}
}

static bool is_mark(const struct item *item, const struct labelled *f)
{
	for (size_t i = 0; i < item->n; i++)
		if (item->marks[i].start == f->start && item->marks[i].end == f->end &&
		    item->marks[i].label == f->label)
			return true;
	return false;
}

/* Returns how many of them count. */
static size_t add_findings(struct scores *s, struct score *sum, const struct item *item, const struct painted *p,
			   const struct labelled *found, size_t n)
{
	size_t all = 0;
	for (size_t i = 0; i < n; i++) {
		if (!counted(s, p, &found[i]))
			continue;
		bool right = half(p->text, p->marked, found[i].start, found[i].end, BIT(found[i].label));
		bool exact = is_mark(item, &found[i]);
		struct score *const sums[] = {sum, &s->labels[found[i].label]};
		for (size_t k = 0; k < 2; k++) {
			sums[k]->findings++;
			sums[k]->right += right;
			sums[k]->exact += exact;
		}
		all++;
	}
	return all;
}

static void add_token(struct scores *s, struct score *sum, uint64_t marked, uint64_t found)
{
	sum->tokens_right += marked != 0 && found != 0;
	sum->tokens_wrong += marked == 0 && found != 0;
	sum->tokens_missed += marked != 0 && found == 0;
	for (size_t l = 0; l < LABEL_COUNT; l++) {
		bool is = (marked >> l & 1) != 0, was = (found >> l & 1) != 0;
		s->labels[l].tokens_right += is && was;
		s->labels[l].tokens_wrong += was && !is;
		s->labels[l].tokens_missed += is && !was;
	}
}

static void add_tokens(struct scores *s, struct score *sum, const struct painted *p)
{
	struct tokenizer z;
	struct token t;
	tokenizer_init(&z, &s->alphabet, p->text);
	while (tokenizer_next(&z, &t)) {
		uint64_t marked = 0, found = 0;
		for (uint32_t i = t.start; i < t.end; i++) {
			marked |= p->marked[i];
			found |= p->found[i];
		}
		if ((marked & BIT(IGNORED)) != 0)
			continue;
		found &= s->labels_counted;
		if (!p->titles && marked == 0 && found == BIT(LABEL_PROFESSION))
			found = 0;
		if (marked != 0 || found != 0)
			add_token(s, sum, marked, found);
	}
}

/* --- sums --- */

void score_add(struct score *to, const struct score *add)
{
	uint64_t *a = (uint64_t *)to;
	const uint64_t *b = (const uint64_t *)add;
	for (size_t i = 0; i < sizeof *to / sizeof *a; i++)
		a[i] += b[i];
}

static struct score *group(struct score_groups *g, struct span name)
{
	if (name.n == 0)
		name = SPAN("-");
	if (name.n >= SCORE_NAME)
		name.n = SCORE_NAME - 1;
	for (size_t i = 0; i < g->n; i++)
		if (span_eq(span_str(g->v[i].name), name))
			return &g->v[i].score;
	if (g->n + 1 >= SCORE_GROUPS)
		name = SPAN("…");
	if (g->n == SCORE_GROUPS)
		return &g->v[SCORE_GROUPS - 1].score;
	snprintf(g->v[g->n].name, SCORE_NAME, "%.*s", SPAN_ARG(name));
	return &g->v[g->n++].score;
}

enum err scores_add(struct scores *s, const struct item *item, const struct labelled *found, size_t n, struct arena *a)
{
	struct painted p = {.text = item->text, .titles = item->titles};
	p.marked = arena_array(a, item->text.n + 1, sizeof *p.marked);
	p.found = arena_array(a, item->text.n + 1, sizeof *p.found);
	if (p.marked == NULL || p.found == NULL)
		return ERR_NOMEM;
	for (size_t i = 0; i < item->n; i++)
		paint(p.marked, item->marks[i].start, item->marks[i].end,
		      BIT(of_interest(s, &item->marks[i]) ? item->marks[i].label : IGNORED));
	for (size_t i = 0; i < n; i++)
		paint(p.found, found[i].start, found[i].end, BIT(found[i].label));
	struct score sum = {.texts = 1};
	add_mentions(s, &sum, item, &p);
	size_t count = add_findings(s, &sum, item, &p, found, n);
	add_tokens(s, &sum, &p);
	sum.benign = item->n == 0;
	sum.alarms = item->n == 0 && count > 0;
	struct span domain = span_sub(item->domain, 0, span_find(item->domain, ':'));
	score_add(&s->all, &sum);
	score_add(group(&s->languages, item->lang), &sum);
	score_add(group(&s->domains, domain), &sum);
	return ERR_OK;
}

static int by_mentions(const void *a, const void *b)
{
	const struct score_group *x = a, *y = b;
	if (x->score.mentions != y->score.mentions)
		return x->score.mentions > y->score.mentions ? -1 : 1;
	return strcmp(x->name, y->name);
}

void score_groups_sort(struct score_groups *g)
{
	qsort(g->v, g->n, sizeof *g->v, by_mentions);
}

/* --- figures --- */

struct share share_of(uint64_t k, uint64_t n)
{
	const double z = 1.96;
	struct share s = {.k = k, .n = n};
	if (n == 0)
		return s;
	double count = (double)n;
	s.value = (double)k / count;
	double mid = s.value + z * z / (2 * count), scale = 1 + z * z / count;
	double reach = z * sqrt(s.value * (1 - s.value) / count + z * z / (4 * count * count));
	s.low = fmax(0, mid - reach) / scale;
	s.high = fmin(1, (mid + reach) / scale);
	return s;
}

struct share score_recall(const struct score *s)
{
	return share_of(s->found, s->mentions);
}

struct share score_recall_right(const struct score *s)
{
	return share_of(s->found_right, s->mentions);
}

struct share score_precision(const struct score *s)
{
	return share_of(s->tokens_right, s->tokens_right + s->tokens_wrong);
}

struct share score_alarms(const struct score *s)
{
	return share_of(s->alarms, s->benign);
}

double score_f2(const struct score *s)
{
	double right = (double)s->tokens_right,
	       all = 5 * right + 4 * (double)s->tokens_missed + (double)s->tokens_wrong;
	return all > 0 ? 5 * right / all : 0;
}

double score_exact_f1(const struct score *s)
{
	double all = (double)(s->mentions + s->findings);
	return all > 0 ? 2 * (double)s->exact / all : 0;
}
