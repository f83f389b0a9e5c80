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

/* Terms around the place last asked about, so that neighbouring candidates share the work. A zeroed struct is valid,
 * and must be zeroed for another text. */
enum { CONTEXT_HITS = 64 };
struct context_hit {
	uint32_t start, end; /* in the text */
	uint16_t slot;       /* detector or CONTEXT_NEGATIVE */
};
struct context_index {
	size_t from, upto;                  /* terms that begin there are in v */
	struct context_hit v[CONTEXT_HITS]; /* a ring, in the order of the text */
	unsigned first, n;
};

/* Words around [start, end) of text: up to CONTEXT_BEFORE bytes in front of it in the same paragraph, up to
 * CONTEXT_AFTER behind it in the same line. near must be zeroed. Returns the bytes looked at for the first time. */
size_t context_around(const struct context_words *w, struct context_index *x, struct span text, size_t start,
		      size_t end, struct context_near *near) MUST;
/* Does any word in twice that reach speak for a detector of numbers? letters: the number has some. */
bool context_of_number(const struct context_words *w, struct context_index *x, struct span text, size_t start,
		       size_t end, bool letters) MUST;
/* The nearest word that speaks for a detector, as it stands in before or behind; null: none. */
struct span context_word(const struct context_words *w, unsigned slot, struct span before, struct span behind) MUST;
/* Every word of a JSON key or column name counts as nearest. */
void context_collect_key(const struct context_words *w, struct span key, struct context_near *near);

#endif
