/* The prefilter: which lexers may find something in a word. It answers from the word's first bytes, its length and the
 * byte behind it. A superset is correct, a subset is a leak: tests compare with every lexer called at every word. */
#ifndef CLASSIFIERS_PREFILTER_H
#define CLASSIFIERS_PREFILTER_H

#include "classifiers/blocks.h"
#include "classifiers/context.h"
#include "classifiers/layout.h"
#include "classifiers/vendor_keys.h"

static inline bool ascii_alnum(uint8_t b)
{
	return (b >= '0' && b <= '9') || ((b | 32) >= 'a' && (b | 32) <= 'z');
}

static inline bool ascii_letter(uint8_t b)
{
	return (b | 32) >= 'a' && (b | 32) <= 'z';
}

static inline bool ascii_digit(uint8_t b)
{
	return b >= '0' && b <= '9';
}

enum { HAS_DIGIT = 1, HAS_LETTER = 2, WORD = HAS_DIGIT | HAS_LETTER, TELLING = 4, HIGH = 8 };
/* HAS_DIGIT or HAS_LETTER in a word; TELLING: signs.c wants to see it; HIGH: not ASCII. */
extern const uint8_t byte_kinds[256];

enum {
	LEX_SECRET = 1,
	LEX_WORDS = 2,
	LEX_EXPORT = 4,
	LEX_DATE = 8,
	LEX_HEALTH = 16,
	LEX_NETWORK = 32,
	LEX_FINANCE = 64,
	LEX_PHONE = 128,
	LEX_SHAPES = 256,
	LEX_ALL = 511,
	SEES_SPELLED = 512, /* no lexer: a word for a digit */
	SEES_DEFANGED = 1024,
	SEES_UNDO = 2048,
};
/* From here on a word without digits may be a key or an address (the shortest head of a JWT). */
enum { LONG_WORD = 15 };

/* What all scans share; built once from the .def files, immutable. */
enum { TRIGGER_SLOTS = 2048, HEAD_LETTERS = 4, HEAD_BITS = 32768 };
struct trigger {
	uint32_t head; /* first four letters in lower case, little-endian; 0: empty */
	uint16_t lexers;
};
struct scan_tables {
	struct layouts layouts;
	struct vendor_keys keys;
	struct context_words *words;
	struct trigger triggers[TRIGGER_SLOTS]; /* open addressing, mostly empty */
	uint32_t heads[HEAD_BITS / 32];         /* their hashes (prefilter_hash), as a bit each */
	struct block_tables blocks;
	const struct block_kernel *kernel;
};
struct scan_tables *scan_tables_new(void) MUST; /* NULL if out of memory */
void scan_tables_free(struct scan_tables *t);

/* Lexers (LEX_ bits, SEES_ bits) for the word [at, end) of text, which is of that kind (HAS_ bits). */
unsigned prefilter_lexers(const struct scan_tables *t, struct span text, size_t at, size_t end, unsigned kind) MUST;

/* May a lexer or a sign want the word [at, end), whose only mark is a capital behind its first letter? */
bool prefilter_capitals(struct span text, size_t at, size_t end) MUST;

/* Of the first four bytes of a word, little-endian, zeros behind its end; words with a capital have hashes of their
 * own. */
static inline uint32_t prefilter_hash(uint32_t first)
{
	return (first | 0x20202020u) * 0x9e3779b1u >> 18 | (~first & 32) << 9;
}

/* May a word with these first four bytes be one of the triggers? */
static inline bool prefilter_head(const struct scan_tables *t, uint32_t first)
{
	uint32_t hash = prefilter_hash(first);
	return (t->heads[hash / 32] >> hash % 32 & 1) != 0;
}

/* All n bytes are hexadecimal digits. */
bool hex_word(const uint8_t *p, size_t n) MUST;

#endif
