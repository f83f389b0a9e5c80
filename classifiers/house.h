/* Dictionaries and patterns: the customer's lists and the starter list of conditions and drugs, in vectorscan, and the
 * customer's exact-data lists (exact.h). Terms match whole words in any case; patterns are regular expressions without
 * limits of their own but vectorscan's. */
#ifndef CLASSIFIERS_HOUSE_H
#define CLASSIFIERS_HOUSE_H

#include "classifiers/classify.h"

/* Limits of all lists together; beyond them the list is refused, not cut. */
enum { HOUSE_TERMS_MAX = 50000, HOUSE_PATTERNS_MAX = 1000, HOUSE_LINE_MAX = 400 };

struct house;
struct house_scratch;

struct house_hit {
	uint32_t start, end;
	uint16_t list;      /* index of the house list, or n_lists + 0 conditions, + 1 medications */
	bool needs_context; /* an ordinary word as well: counts only next to a word of its context */
};

/* NULL with err and diag on failure. */
struct house *house_new(const struct house_list *lists, size_t n_lists, bool starter, struct classifier_diag *diag,
			enum err *err) MUST;
void house_free(struct house *h);
struct house_scratch *house_scratch_new(const struct house *h) MUST;
void house_scratch_free(struct house_scratch *s);
/* Calls emit for each match, in order of their ends. */
enum err house_scan(const struct house *h, struct house_scratch *s, struct span text,
		    void (*emit)(void *arg, struct house_hit hit), void *arg) MUST;
/* Bytes of all that was compiled in, for the content address. */
void house_describe(const struct house *h, void (*add)(void *arg, struct span bytes), void *arg);

#endif
