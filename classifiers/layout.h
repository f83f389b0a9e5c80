/* Layouts: the pictures of identifiers in detectors.def, compiled and filed by the length of their first word, so that
 * a number in a text meets only the few rows that could fit. */
#ifndef CLASSIFIERS_LAYOUT_H
#define CLASSIFIERS_LAYOUT_H

#include "classifiers/detector.h"

/* In sets of codes: the element may be missing; the layout may end. */
#define LAYOUT_OPTIONAL ((uint64_t)1 << 63)
#define LAYOUT_ENDS     ((uint64_t)1 << 61)

enum { LAYOUT_MAX = 400, LAYOUT_ELEMENTS = 6400, LAYOUT_WORD_MAX = 40 };

struct layout {
	uint16_t detector;
	uint8_t n;          /* elements */
	uint8_t separators; /* of which separators that must stand there or may */
	uint16_t at;        /* first element in layouts.elements */
};

/* A layout filed under a length its first word may have. Masks have a bit for each byte of the word. */
struct layout_row {
	uint64_t digits, letters; /* where the layout wants nothing else */
	uint64_t next;            /* codes that may stand behind the word; LAYOUT_ENDS: or anything, the layout ends */
	uint64_t second;          /* lengths the word behind that may have */
	uint16_t layout;          /* index into layouts.v */
};

struct layout_file {
	uint16_t first, n; /* in layouts.rows */
};

enum { LAYOUT_ROWS = 1600 };

struct layouts {
	struct layout v[LAYOUT_MAX];
	size_t n;
	uint64_t elements[LAYOUT_ELEMENTS]; /* set of codes; LAYOUT_OPTIONAL */
	size_t n_elements;
	struct layout_row rows[LAYOUT_ROWS];
	size_t n_rows;
	/* By length of the first word, 0: starting with a digit, 1: with a letter. */
	struct layout_file files[LAYOUT_WORD_MAX + 1][2];
	/* Those with separators that must stand, by the length they have without. */
	struct layout_file loose[LAYOUT_WORD_MAX + 1][2];
};

/* Built from detectors.def alone; a bad picture there is a broken build (invariant). */
void layouts_init(struct layouts *l);

/* A word of a text, as rows are asked about it. */
struct layout_word {
	uint64_t digits, letters;
	uint64_t next;   /* the code of the byte behind it; LAYOUT_ENDS if nothing there says that it goes on */
	uint64_t second; /* the length of the word behind that byte */
};
/* alone: a number may end with this word. len <= LAYOUT_WORD_MAX. */
struct layout_word layout_word_at(struct span text, size_t at, size_t len, bool alone) MUST;

/* Can the layout of the row match at that word, with all of its separators or without? Mostly right, never a wrong no.
 */
static inline bool layout_may(const struct layout_row *r, const struct layout_word *w)
{
	uint64_t next = r->next & w->next;
	return (r->digits & w->letters) == 0 && (r->letters & w->digits) == 0 &&
	       ((next & LAYOUT_ENDS) != 0 || (next != 0 && (r->second & w->second) != 0));
}

struct layout_match {
	char compact[CANDIDATE_MAX]; /* upper-case letters and digits, no separators */
	size_t n;
	size_t length;     /* bytes of text matched */
	size_t separators; /* seen in the text */
};

/* Does the layout match at the start of text? It may go on behind the match. loose: without separators as well. */
bool layout_match(const struct layouts *l, const struct layout *layout, struct span text, bool loose,
		  struct layout_match *m) MUST;

#endif
