/* A verdict: where data may go, what must happen to it first, and who must agree.
 * Verdicts form a lattice; joining takes the stricter of each part, in any order of rules. */
#ifndef BASE_VERDICT_H
#define BASE_VERDICT_H

#include "base/country.h"
#include "base/finding.h"

enum place {
#define PLACE(name, word) PLACE_##name,
#include "base/verdict.def"
#undef PLACE
};

enum transform {
#define TRANSFORM(name, word) TRANSFORM_##name,
#include "base/verdict.def"
#undef TRANSFORM
};

enum approval {
#define APPROVAL(name, word) APPROVAL_##name,
#include "base/verdict.def"
#undef APPROVAL
};

struct verdict {
	enum place place;
	struct country_set regions; /* meaningful for PLACE_REGIONS only, else empty */
	enum transform transform[CLASS_COUNT];
	enum approval approval;
};

const char *place_name(enum place p) MUST;
const char *transform_name(enum transform t) MUST;
const char *approval_name(enum approval a) MUST;

/* The most lenient verdict: any, none, no. A zeroed struct is that too. */
struct verdict verdict_lenient(void) MUST;
/* a := a joined with b. Two region lists join to their intersection; an empty one becomes on-prem. */
void verdict_join(struct verdict *a, const struct verdict *b);
bool verdict_eq(const struct verdict *a, const struct verdict *b) MUST;
/* Is a at least as strict as b in every part (a join b == a)? */
bool verdict_covers(const struct verdict *a, const struct verdict *b) MUST;

#endif
