#include "classifiers/merge.h"

#include <stdlib.h>

#include "classifiers/detector.h"

enum { CLEARLY = 10 };

static int by_place(const void *a, const void *b)
{
	const struct finding *x = a, *y = b;
	if (x->start != y->start)
		return x->start < y->start ? -1 : 1;
	if (x->end != y->end)
		return x->end > y->end ? -1 : 1;
	if (x->score != y->score)
		return x->score > y->score ? -1 : 1;
	if (x->view != y->view)
		return x->view < y->view ? -1 : 1;
	return (int)x->detector - (int)y->detector;
}

static bool better(const struct finding *x, const struct finding *y)
{
	/* A pattern with a check knows what it read; the tagger goes by the company it keeps. */
	if ((x->detector == DETECTOR_TAGGER) != (y->detector == DETECTOR_TAGGER))
		return y->detector == DETECTOR_TAGGER;
	if (x->score != y->score)
		return x->score > y->score;
	if (x->end - x->start != y->end - y->start)
		return x->end - x->start > y->end - y->start;
	if (x->view != y->view)
		return x->view < y->view;
	return x->detector < y->detector;
}

static bool conflict(const struct finding *x, const struct finding *y, class_set cx, class_set cy)
{
	const class_set hipaa = CLASS_BIT(CLASS_PHI_IDENTIFIER) | CLASS_BIT(CLASS_PHI_HEALTH) | CLASS_BIT(CLASS_PHI);
	if (x->type == y->type || ((cx & cy) & ~hipaa) != 0)
		return true;
	int gap = (int)x->score - (int)y->score;
	return x->start == y->start && x->end == y->end && (gap >= CLEARLY || gap <= -CLEARLY);
}

/* The winner of two findings of one type covers what either covered. */
static void cover(struct finding *winner, const struct finding *loser)
{
	if (winner->type != loser->type)
		return;
	if (loser->start < winner->start)
		winner->start = loser->start;
	if (loser->end > winner->end)
		winner->end = loser->end;
}

size_t merge_findings(struct finding *v, size_t n, class_set (*classes_of)(const void *arg, uint16_t type),
		      const void *arg)
{
	size_t kept = 0;
	qsort(v, n, sizeof *v, by_place);
	for (size_t i = 0; i < n; i++) {
		struct finding f = v[i];
		bool drop = false;
		for (size_t k = kept; k-- > 0 && !drop;) {
			struct finding *o = &v[k];
			if (o->end <= f.start) {
				/* Findings of other classes may reach further; few overlap at one place. */
				if (kept - k > 16)
					break;
				continue;
			}
			if (!conflict(&f, o, classes_of(arg, f.type), classes_of(arg, o->type)))
				continue;
			if (better(&f, o)) {
				cover(&f, o);
				memmove(o, o + 1, (kept - k - 1) * sizeof *o);
				kept--;
			} else {
				cover(o, &f);
				drop = true;
			}
		}
		if (!drop)
			v[kept++] = f;
	}
	qsort(v, kept, sizeof *v, by_place);
	return kept;
}
