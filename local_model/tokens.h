/* The tagger's tokeniser: runs of letters and digits of one script, runs of one punctuation mark, single characters of
 * scripts written without spaces. Offsets are bytes of the text. The Python twin is train/spec.py. */
#ifndef LOCAL_MODEL_TOKENS_H
#define LOCAL_MODEL_TOKENS_H

#include "base/span.h"

enum kind {
	KIND_PUNCT, /* whatever is nothing else, malformed bytes included */
	KIND_SPACE,
	KIND_DIGIT,
	KIND_MARK, /* goes on with the run it stands in */
	KIND_SKIP, /* so does this, and is not read */
	/* letters; first and last bound the tests below */
	KIND_LATIN,
	KIND_GREEK,
	KIND_CYRILLIC,
	KIND_ARMENIAN,
	KIND_HEBREW,
	KIND_ARABIC,
	KIND_INDIC,
	KIND_OTHER,
	KIND_GEORGIAN,
	KIND_HANGUL,
	/* written without spaces: a token a character */
	KIND_THAI,
	KIND_KANA,
	KIND_HAN,
	KIND_COUNT
};

static inline bool kind_letter(enum kind k)
{
	return k >= KIND_LATIN && k <= KIND_HANGUL;
}

static inline bool kind_single(enum kind k)
{
	return k >= KIND_THAI && k <= KIND_HAN;
}

enum { ALPHABET_DIRECT = 0x3100, ALPHABET_LOWER = 0x2000, TOKEN_MAX = 64 /* code points */ };

/* unicode.def unfolded; filled once, then read by all. */
struct alphabet {
	uint8_t kind[ALPHABET_DIRECT];
	uint16_t lower[ALPHABET_LOWER];
};

void alphabet_init(struct alphabet *a);
enum kind alphabet_kind(const struct alphabet *a, uint32_t cp) MUST;
/* Simple lower case; the code point itself where there is none. */
uint32_t alphabet_lower(const struct alphabet *a, uint32_t cp) MUST;

enum gap { GAP_NONE, GAP_SPACE, GAP_LINE, GAP_START };

struct token {
	uint32_t start, end;
	uint32_t first; /* code point it begins with */
	uint8_t kind;   /* of that code point */
	uint8_t gap;    /* what stands before it */
};

struct tokenizer {
	const struct alphabet *alphabet;
	struct span text;
	size_t pos;
	enum gap gap;
};

void tokenizer_init(struct tokenizer *t, const struct alphabet *a, struct span text);
/* False at the end of the text. */
bool tokenizer_next(struct tokenizer *t, struct token *out) MUST;
/* One code point of s from *pos on; a malformed byte counts as U+FFFD. Steps over it. pos < s.n. */
uint32_t tokenizer_read(struct span s, size_t *pos) MUST;

#endif
