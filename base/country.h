/* Countries as ISO 3166-1 alpha-2 codes, and sets of them as bit sets over all 676 two-letter codes. */
#ifndef BASE_COUNTRY_H
#define BASE_COUNTRY_H

#include "base/span.h"

typedef uint16_t country; /* (first - 'A') * 26 + second - 'A' */

#define COUNTRY_NONE  ((country)0xffff)
#define COUNTRY_COUNT 676

struct country_set {
	uint64_t w[(COUNTRY_COUNT + 63) / 64];
};

/* Two letters, either case. COUNTRY_NONE if it is not that. */
country country_parse(struct span s) MUST;
void country_name(country c, char out[3]);

void country_set_add(struct country_set *s, country c);
bool country_set_has(const struct country_set *s, country c) MUST;
bool country_set_empty(const struct country_set *s) MUST;
size_t country_set_size(const struct country_set *s) MUST;
/* Is every member of a in b? The empty set is within everything. */
bool country_set_within(const struct country_set *a, const struct country_set *b) MUST;
bool country_set_meets(const struct country_set *a, const struct country_set *b) MUST;
bool country_set_eq(const struct country_set *a, const struct country_set *b) MUST;
void country_set_union(struct country_set *a, const struct country_set *b);
void country_set_intersect(struct country_set *a, const struct country_set *b);
/* The next member >= from, or COUNTRY_NONE: for (c = next(s,0); c != NONE; c = next(s,c+1)). */
country country_set_next(const struct country_set *s, country from) MUST;

#endif
