#include "base/verdict.h"

const char *place_name(enum place p)
{
	static const char *const names[] = {
#define PLACE(name, word) [PLACE_##name] = word,
#include "base/verdict.def"
#undef PLACE
	};
	return names[p];
}

const char *transform_name(enum transform t)
{
	static const char *const names[] = {
#define TRANSFORM(name, word) [TRANSFORM_##name] = word,
#include "base/verdict.def"
#undef TRANSFORM
	};
	return names[t];
}

const char *approval_name(enum approval a)
{
	static const char *const names[] = {
#define APPROVAL(name, word) [APPROVAL_##name] = word,
#include "base/verdict.def"
#undef APPROVAL
	};
	return names[a];
}

struct verdict verdict_lenient(void)
{
	return (struct verdict){.place = PLACE_ANY};
}

void verdict_join(struct verdict *a, const struct verdict *b)
{
	if (a->place == PLACE_REGIONS && b->place == PLACE_REGIONS) {
		country_set_intersect(&a->regions, &b->regions);
		if (country_set_empty(&a->regions))
			a->place = PLACE_ON_PREM;
	} else if (b->place > a->place) {
		a->place = b->place;
		a->regions = b->regions;
	}
	if (a->place != PLACE_REGIONS)
		a->regions = (struct country_set){0};
	for (int c = 0; c < CLASS_COUNT; c++)
		if (b->transform[c] > a->transform[c])
			a->transform[c] = b->transform[c];
	if (b->approval > a->approval)
		a->approval = b->approval;
}

bool verdict_eq(const struct verdict *a, const struct verdict *b)
{
	return a->place == b->place && country_set_eq(&a->regions, &b->regions) &&
	       memcmp(a->transform, b->transform, sizeof a->transform) == 0 && a->approval == b->approval;
}

bool verdict_covers(const struct verdict *a, const struct verdict *b)
{
	struct verdict joined = *a;
	verdict_join(&joined, b);
	return verdict_eq(&joined, a);
}
