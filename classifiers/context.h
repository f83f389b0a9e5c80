/* Context words: what stands near a candidate speaks for or against it. Whole words, any case, the languages of the
 * table; words of scripts without spaces match as character sequences. */
#ifndef CLASSIFIERS_CONTEXT_H
#define CLASSIFIERS_CONTEXT_H

#include "classifiers/detector.h"

enum { CONTEXT_NEGATIVE = DETECTOR_COUNT, CONTEXT_SLOTS = DETECTOR_COUNT + 1, CONTEXT_NEAREST = 15 };
/* How far context reaches, in bytes. */
enum { CONTEXT_BEFORE = 96, CONTEXT_AFTER = 40 };

struct context_words;

/* Built from detectors.def; NULL if out of memory. Immutable. */
struct context_words *context_words_new(void) MUST;
void context_words_free(struct context_words *w);

/* Nearness by detector: 0 no word of it, else up to CONTEXT_NEAREST. */
struct context_near {
	uint8_t v[CONTEXT_SLOTS];
};

/* Words in text; distance grows towards its start (before == true) or towards its end. near must be zeroed; the
 * larger value stays. Looks at no more than the CONTEXT_BEFORE or CONTEXT_AFTER bytes next to the candidate. */
void context_collect(const struct context_words *w, struct span text, bool before, struct context_near *near);
/* Every word of a JSON key or column name counts as nearest. */
void context_collect_key(const struct context_words *w, struct span key, struct context_near *near);

#endif
