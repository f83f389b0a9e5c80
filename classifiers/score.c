#include "classifiers/score.h"

#include "classifiers/columns.h"
#include "classifiers/scan.h"

/* Nearness of the best context word around [start, end) for each detector; kept for the next one who asks. */
static void look_around(struct scan *s, size_t start, size_t end)
{
	if (s->near_start == start && s->near_end == end)
		return;
	memset(&s->near, 0, sizeof s->near);
	s->steps += CONTEXT_BEFORE / 2; /* what of the index is looked at again */
	s->steps += context_around(s->tables->words, &s->index, s->text, start, end, &s->near);
	s->near_start = start;
	s->near_end = end;
}

static unsigned nearest(const struct scan *s, unsigned slot)
{
	return s->key != NULL && s->key->v[slot] > s->near.v[slot] ? s->key->v[slot] : s->near.v[slot];
}

unsigned scan_near(struct scan *s, unsigned slot, size_t start, size_t end)
{
	look_around(s, start, end);
	return nearest(s, slot);
}

enum evidence { ALONE, WITH_LAYOUT, WITH_CONTEXT, EVIDENCE_COUNT };

/* Measured by tests/campaigns/calibrate.py. */
static const uint8_t scores[STRENGTH_COUNT][EVIDENCE_COUNT] = {
	[STRENGTH_FORMAT] = {15, 58, 80}, [STRENGTH_WEAK] = {35, 60, 90},   [STRENGTH_DATED] = {58, 70, 93},
	[STRENGTH_GOOD] = {85, 88, 95},   [STRENGTH_STRONG] = {95, 95, 98},
};
/* A letter and digits in an unusual order are worth as much as a layout's separators. */
enum { DISTINCT = 58 };

static unsigned less(unsigned v, unsigned penalty)
{
	return v > penalty ? v - penalty : 0;
}

static unsigned with_context(const struct detector *d, struct reason *why)
{
	why->prior = scores[d->strength][WITH_CONTEXT];
	unsigned v = why->prior - ((unsigned)CONTEXT_NEAREST - why->near);
	return why->against > why->near && d->strength < STRENGTH_GOOD ? less(v, 30) : v;
}

/* Does the view or the detector ask for a word of context? */
static bool needs_context(const struct scan *s, const struct detector *d)
{
	if ((d->flags & FLAG_CTX) != 0)
		return true;
	if (s->disguise == DISGUISE_CHANCE)
		return d->strength < STRENGTH_STRONG;
	return s->disguise == DISGUISE_APART && d->strength < STRENGTH_GOOD;
}

static unsigned without_context(struct scan *s, const struct detector *d, size_t start, size_t end, struct reason *why)
{
	if (needs_context(s, d)) {
		why->prior = scores[STRENGTH_FORMAT][ALONE];
		return why->prior;
	}
	unsigned v = scores[d->strength][why->layout ? WITH_LAYOUT : ALONE];
	if ((d->flags & FLAG_DISTINCT) != 0 && v < DISTINCT)
		v = DISTINCT;
	why->prior = (uint8_t)v;
	if (d->strength == STRENGTH_STRONG)
		return v;
	why->surroundings = (uint8_t)neighbourhood_penalty(s, start, end);
	v = less(v, why->surroundings);
	return why->against > 0 ? less(v, d->strength == STRENGTH_GOOD ? 20 : 40) : v;
}

static void name_word(const struct scan *s, enum detector_id id, size_t start, size_t end, struct reason *why)
{
	struct span w =
		context_word(s->tables->words, id, span_sub(s->text, 0, start), span_sub(s->text, end, s->text.n));
	size_t n = w.n < sizeof why->word ? w.n : sizeof why->word - 1;
	if (n > 0)
		memcpy(why->word, w.p, n);
	why->word[n] = '\0';
}

unsigned score_candidate(struct scan *s, enum detector_id id, size_t start, size_t end, bool layout, unsigned penalty,
			 struct reason *why)
{
	const struct detector *d = detector_info(id);
	struct reason r = {.layout = layout, .reserved = (uint8_t)penalty, .disguised = s->disguise != DISGUISE_NONE};
	unsigned v;
	if ((d->flags & FLAG_FIRM) != 0) {
		r.firm = true;
		r.prior = scores[d->strength][d->strength == STRENGTH_FORMAT ? WITH_CONTEXT : WITH_LAYOUT];
		v = r.prior;
	} else {
		look_around(s, start, end);
		r.near = (uint8_t)nearest(s, id);
		r.against = (uint8_t)nearest(s, CONTEXT_NEGATIVE);
		if (r.near == 0 && d->strength < STRENGTH_STRONG && columns_name(s, id, start)) {
			r.near = CONTEXT_NEAREST;
			r.column = true;
		}
		v = r.near > 0 ? with_context(d, &r) : without_context(s, d, start, end, &r);
	}
	/* What stands there as written outranks what it could be read as. */
	if (s->disguise == DISGUISE_CHANCE && d->strength < STRENGTH_STRONG)
		v = less(v, 10);
	v = less(v, penalty);
	r.score = (uint8_t)v;
	if (why != NULL) {
		*why = r;
		if (!r.firm && !r.column)
			name_word(s, id, start, end, why);
	}
	return v;
}
