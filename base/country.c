#include "base/country.h"

#include "base/assert.h"

static int letter(uint8_t c)
{
	if (c >= 'A' && c <= 'Z')
		return c - 'A';
	if (c >= 'a' && c <= 'z')
		return c - 'a';
	return -1;
}

country country_parse(struct span s)
{
	if (s.n != 2)
		return COUNTRY_NONE;
	int a = letter(s.p[0]), b = letter(s.p[1]);
	if (a < 0 || b < 0)
		return COUNTRY_NONE;
	return (country)(a * 26 + b);
}

void country_name(country c, char out[3])
{
	if (c >= COUNTRY_COUNT) {
		memcpy(out, "--", 3);
		return;
	}
	out[0] = (char)('A' + c / 26);
	out[1] = (char)('A' + c % 26);
	out[2] = '\0';
}

void country_set_add(struct country_set *s, country c)
{
	INVARIANT(c < COUNTRY_COUNT);
	s->w[c / 64] |= (uint64_t)1 << c % 64;
}

bool country_set_has(const struct country_set *s, country c)
{
	return c < COUNTRY_COUNT && (s->w[c / 64] >> c % 64 & 1) != 0;
}

#define EACH_WORD(i) for (size_t i = 0; i < sizeof(struct country_set) / sizeof(uint64_t); i++)

bool country_set_empty(const struct country_set *s)
{
	return country_set_size(s) == 0;
}

size_t country_set_size(const struct country_set *s)
{
	size_t n = 0;
	EACH_WORD(i)
	n += (size_t)__builtin_popcountll(s->w[i]);
	return n;
}

bool country_set_within(const struct country_set *a, const struct country_set *b)
{
	EACH_WORD(i)
	if ((a->w[i] & ~b->w[i]) != 0)
		return false;
	return true;
}

bool country_set_meets(const struct country_set *a, const struct country_set *b)
{
	EACH_WORD(i)
	if ((a->w[i] & b->w[i]) != 0)
		return true;
	return false;
}

bool country_set_eq(const struct country_set *a, const struct country_set *b)
{
	return memcmp(a, b, sizeof *a) == 0;
}

void country_set_union(struct country_set *a, const struct country_set *b)
{
	EACH_WORD(i)
	a->w[i] |= b->w[i];
}

void country_set_intersect(struct country_set *a, const struct country_set *b)
{
	EACH_WORD(i)
	a->w[i] &= b->w[i];
}

country country_set_next(const struct country_set *s, country from)
{
	enum { WORD = 64 };
	if (from >= COUNTRY_COUNT)
		return COUNTRY_NONE;
	uint64_t w = s->w[from / WORD] >> from % WORD << from % WORD;
	for (size_t i = from / WORD;;) {
		if (w != 0)
			return (country)(i * WORD + (size_t)__builtin_ctzll(w));
		if (++i == sizeof s->w / sizeof *s->w)
			return COUNTRY_NONE;
		w = s->w[i];
	}
}
