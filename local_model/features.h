/* Features of a token: rows of the embedding tables by hash, and a few bits. No allocation. The Python twin is
 * train/spec.py; a test holds both to the same numbers. */
#ifndef LOCAL_MODEL_FEATURES_H
#define LOCAL_MODEL_FEATURES_H

#include "local_model/tokens.h"

enum {
	FEATURE_GRAMS = 20,
	FEATURE_DIM = 32,       /* of word, prefix, two suffixes, n-gram bag */
	FEATURE_SHAPE_DIM = 16, /* of the shape */
	FEATURE_BITS = 16,      /* 8 list flags, 4 of case, 4 of the gap */
	FEATURE_INPUTS = 5 * FEATURE_DIM + FEATURE_SHAPE_DIM + FEATURE_BITS
};

/* What the word lists say about a word. */
enum list_flag {
	LIST_FORENAME = 1,
	LIST_SURNAME = 2,
	LIST_CITY = 4,
	LIST_COUNTRY = 8,
	LIST_HEALTH = 16,
	LIST_ORG = 32,
	LIST_STREET = 64,
	LIST_PLAIN = 128 /* often met, never inside a mention */
};

enum case_bit { CASE_TITLE = 1, CASE_UPPER = 2, CASE_MIXED = 4, CASE_DIGIT = 8 };

/* Widths of the tables' indices, in bits. */
struct feature_bits {
	uint8_t word, affix, gram, shape;
};

struct feature {
	uint32_t word[2], prefix[2], suffix3[2], suffix4[2];
	uint32_t shape;
	uint32_t key; /* into the word lists */
	uint32_t gram[FEATURE_GRAMS];
	uint8_t n_grams;
	uint8_t letter_case; /* enum case_bit */
	uint8_t flags;       /* enum list_flag: left to the caller */
	uint8_t gap;
};

/* before and after: the code points beside a token of a script without spaces, else 0. */
void feature_of(const struct alphabet *a, const struct feature_bits *bits, struct span text, const struct token *t,
		uint32_t before, uint32_t after, struct feature *out);
/* Features of tokens[at], its neighbours among the n tokens taken into account. */
void feature_at(const struct alphabet *a, const struct feature_bits *bits, struct span text, const struct token *tokens,
		size_t n, size_t at, struct feature *out);

#endif
