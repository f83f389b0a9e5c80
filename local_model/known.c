#include "local_model/known.h"

enum { CAPITALS = LOOK_TITLE | LOOK_UPPER | LOOK_MIXED };

void known_clear(struct known *k)
{
	if (k->n > 0)
		explicit_bzero(k, sizeof *k);
}

static size_t slot_of(const struct known *k, uint32_t key)
{
	size_t at = key % KNOWN_SLOTS;
	while (k->v[at].score > 0 && k->v[at].key != key)
		at = (at + 1) % KNOWN_SLOTS;
	return at;
}

/* Two letters are an abbreviation more often than a name. */
static bool telling(const struct feature *f)
{
	return (f->looks & (LOOK_DIGIT | LOOK_ONE)) == 0 && (f->flags & (LIST_PLAIN | LIST_KIN)) == 0 &&
	       f->n_grams >= 5;
}

void known_learn(struct known *k, const struct feature *f, uint8_t type, uint8_t score)
{
	if (!telling(f) || k->n == KNOWN_MAX)
		return;
	struct known_word *w = &k->v[slot_of(k, f->key)];
	if (w->score >= score)
		return;
	k->n += w->score == 0;
	*w = (struct known_word){.key = f->key, .looks = f->looks & CAPITALS, .type = type, .score = score};
}

const struct known_word *known_find(const struct known *k, const struct feature *f)
{
	if (k->n == 0)
		return NULL;
	const struct known_word *w = &k->v[slot_of(k, f->key)];
	if (w->score == 0 || (w->looks != 0 && (f->looks & CAPITALS) == 0))
		return NULL;
	return w;
}
