/* Words of the mentions found so far in a text, so that a bare repeat of one ("… Dr. Anna Kowalska … then Kowalska
 * said") is found where its own surroundings say too little. Fixed memory; full, it learns no more. */
#ifndef LOCAL_MODEL_KNOWN_H
#define LOCAL_MODEL_KNOWN_H

#include "local_model/features.h"

enum { KNOWN_SLOTS = 512, KNOWN_MAX = KNOWN_SLOTS / 2 };

struct known_word {
	uint32_t key; /* as in the word lists */
	uint16_t looks;
	uint8_t type;  /* index into model.types */
	uint8_t score; /* 0: an empty slot */
};

struct known {
	struct known_word v[KNOWN_SLOTS];
	size_t n;
};

void known_clear(struct known *k);
/* Remembers a token of a mention if it says enough by itself: letters, no common word, no title. score: 1..100. */
void known_learn(struct known *k, const struct feature *f, uint8_t type, uint8_t score);
/* The mention's word that this token repeats, capitals and all, or NULL. */
const struct known_word *known_find(const struct known *k, const struct feature *f) MUST;

#endif
