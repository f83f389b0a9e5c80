/* What a candidate is worth: the worth of its check, of its layout, of the words around it, less what speaks against
 * it. The figures are measured (docs/classifiers.md): of a hundred candidates with score 90, ninety are what they look
 * like. */
#ifndef CLASSIFIERS_SCORE_H
#define CLASSIFIERS_SCORE_H

#include "classifiers/detector.h"

struct scan;

/* Why a candidate has its score; for people who ask (classify --explain). */
struct reason {
	uint8_t prior;        /* for the check and the layout alone, or with a context word */
	uint8_t near;         /* nearness of the context word, 0: none; CONTEXT_NEAREST: next to it */
	uint8_t against;      /* of a word that speaks for another kind of number */
	uint8_t surroundings; /* taken off for what stands around: a path, arithmetic, other numbers */
	uint8_t reserved;     /* taken off for ranges that belong to nobody */
	uint8_t score;
	bool layout;    /* separators counted as evidence */
	bool firm;      /* the context word is part of the match */
	bool column;    /* the word is the head of its column */
	bool disguised; /* found in a view where chance matches are likely */
	char word[32];  /* the context word, NUL at its end; "": none */
};

/* 0 to 100. penalty: taken off besides. why may be NULL. */
unsigned score_candidate(struct scan *s, enum detector_id id, size_t start, size_t end, bool layout, unsigned penalty,
			 struct reason *why) MUST;

/* Points off a candidate without a context word for what stands around it (neighbourhood.c). */
unsigned neighbourhood_penalty(const struct scan *s, size_t start, size_t end) MUST;

#endif
