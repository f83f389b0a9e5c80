/* Layouts: the pictures of identifiers in detectors.def, compiled and filed by the length of their first word, so that
 * a number in a text meets only the few rows that could fit. */
#ifndef CLASSIFIERS_LAYOUT_H
#define CLASSIFIERS_LAYOUT_H

#include "classifiers/detector.h"

enum { LAYOUT_MAX = 400, LAYOUT_ELEMENTS = 6400, LAYOUT_WORD_MAX = 40 };

struct layout {
	uint16_t detector;
	uint8_t n;          /* elements */
	uint8_t separators; /* of which separators that must stand there or may */
	uint16_t at;        /* first element in layouts.elements */
};

struct layouts {
	struct layout v[LAYOUT_MAX];
	size_t n;
	uint64_t elements[LAYOUT_ELEMENTS]; /* set of codes; LAYOUT_OPTIONAL */
	size_t n_elements;
	/* Indexes into v by length of the first word, 0: starting with a digit, 1: with a letter. */
	uint16_t filed[LAYOUT_WORD_MAX + 1][2][96];
	uint8_t n_filed[LAYOUT_WORD_MAX + 1][2];
};

/* Built from detectors.def alone; a bad picture there is a broken build (invariant). */
void layouts_init(struct layouts *l);

struct layout_match {
	char compact[CANDIDATE_MAX]; /* upper-case letters and digits, no separators */
	size_t n;
	size_t length;     /* bytes of text matched */
	size_t separators; /* seen in the text */
};

/* Does the layout match at the start of text? It may go on behind the match. */
bool layout_match(const struct layouts *l, const struct layout *layout, struct span text, struct layout_match *m) MUST;

#endif
