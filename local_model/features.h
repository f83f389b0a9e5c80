/* Features of a token: rows of the embedding tables by hash, and a few bits. No allocation. The Python twin is
 * train/spec.py; a test holds both to the same numbers. */
#ifndef LOCAL_MODEL_FEATURES_H
#define LOCAL_MODEL_FEATURES_H

#include "local_model/tokens.h"

enum {
	FEATURE_GRAMS = 20,
	FEATURE_DIM = 32,       /* of word, prefix, two suffixes, n-gram bag */
	FEATURE_SHAPE_DIM = 16, /* of the shape */
	FEATURE_BITS = 32,      /* 16 list flags, 12 looks, 4 of the gap */
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
	LIST_PLAIN = 128, /* often met, never inside a mention */
	LIST_MED = 256,
	LIST_PROFESSION = 512,
	LIST_RELIGION = 1024,
	LIST_POLITICS = 2048, /* and unions */
	LIST_ETHNICITY = 4096,
	LIST_OFFENCE = 8192,
	LIST_KIN = 16384,  /* relatives and titles: words beside names */
	LIST_BRAND = 32768 /* brands, products, public names: capitals that mean nothing */
};

/* What a token looks like: its capitals, a number's size, its length in code points. */
enum look {
	LOOK_TITLE = 1,  /* one capital, in front */
	LOOK_UPPER = 2,  /* two capitals or more and nothing else */
	LOOK_MIXED = 4,  /* capitals of another kind */
	LOOK_DIGIT = 8,  /* has a digit */
	LOOK_MONTH = 16, /* a number up to 12 */
	LOOK_DAY = 32,   /* up to 31 */
	LOOK_AGE = 64,   /* up to 110 */
	LOOK_YEAR = 128, /* 1900 to 2035 */
	LOOK_ONE = 256,
	LOOK_SHORT = 512,  /* two or three */
	LOOK_LONG = 1024,  /* eight or more */
	LOOK_LONGER = 2048 /* twelve or more */
};

/* Widths of the tables' indices, in bits. */
struct feature_bits {
	uint8_t word, affix, gram, shape;
};

struct feature {
	uint32_t word[2], prefix[2], suffix3[2], suffix4[2];
	uint32_t shape;
	uint32_t key; /* into the word lists */
	uint32_t gram[FEATURE_GRAMS];
	uint16_t looks; /* enum look */
	uint16_t flags; /* enum list_flag: left to the caller */
	uint8_t n_grams;
	uint8_t gap;
};

/* The input's bits in order: list flags, looks, gap. */
static inline uint32_t feature_bits_of(const struct feature *f)
{
	return f->flags | (uint32_t)f->looks << 16 | 1U << (28 + f->gap);
}

/* before and after: the code points beside a token of a script without spaces, else 0. */
void feature_of(const struct alphabet *a, const struct feature_bits *bits, struct span text, const struct token *t,
		uint32_t before, uint32_t after, struct feature *out);
/* Features of tokens[at], its neighbours among the n tokens taken into account. */
void feature_at(const struct alphabet *a, const struct feature_bits *bits, struct span text, const struct token *tokens,
		size_t n, size_t at, struct feature *out);

#endif
