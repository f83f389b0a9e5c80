#include "audit/open_set.h"

#include <stdlib.h>

#include "base/assert.h"

enum { FIRST_CAP = 64 };

void open_set_fini(struct open_set *s)
{
	free(s->words);
	*s = (struct open_set){0};
}

static uint64_t *word(const struct open_set *s, uint64_t w)
{
	return &s->words[w & (s->cap - 1)];
}

static enum err grow(struct open_set *s, uint64_t need)
{
	struct open_set next = *s;
	next.cap = s->cap > 0 ? s->cap : FIRST_CAP;
	while (next.cap < need)
		next.cap *= 2;
	next.words = calloc(next.cap, sizeof *next.words);
	if (next.words == NULL)
		return ERR_NOMEM;
	for (uint64_t w = s->first; w < s->end; w++)
		*word(&next, w) = *word(s, w);
	free(s->words);
	*s = next;
	return ERR_OK;
}

enum err open_set_add(struct open_set *s, uint64_t sequence)
{
	uint64_t w = sequence / 64;
	if (s->n == 0)
		s->first = s->end = w;
	INVARIANT(w >= s->first);
	if (w - s->first >= s->cap) {
		enum err err = grow(s, w - s->first + 1);
		if (err != ERR_OK)
			return err;
	}
	for (; s->end <= w; s->end++)
		*word(s, s->end) = 0;
	*word(s, w) |= (uint64_t)1 << sequence % 64;
	s->n++;
	return ERR_OK;
}

void open_set_remove(struct open_set *s, uint64_t sequence)
{
	uint64_t w = sequence / 64, bit = (uint64_t)1 << sequence % 64;
	if (s->n == 0 || w < s->first || w >= s->end || (*word(s, w) & bit) == 0)
		return;
	*word(s, w) &= ~bit;
	s->n--;
	while (s->first < s->end && *word(s, s->first) == 0)
		s->first++;
}

bool open_set_next(const struct open_set *s, uint64_t *at)
{
	if (s->n == 0)
		return false;
	if (*at / 64 < s->first)
		*at = s->first * 64;
	while (*at / 64 < s->end) {
		uint64_t rest = *word(s, *at / 64) >> *at % 64;
		if (rest != 0) {
			*at += (uint64_t)__builtin_ctzll(rest);
			return true;
		}
		*at = (*at / 64 + 1) * 64;
	}
	return false;
}

uint64_t open_set_low(const struct open_set *s, uint64_t none)
{
	uint64_t at = 0;
	return open_set_next(s, &at) ? at : none;
}
