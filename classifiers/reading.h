/* A reading: other bytes than the text's own, each with the place in the original it came from. */
#ifndef CLASSIFIERS_READING_H
#define CLASSIFIERS_READING_H

#include "base/err.h"
#include "classifiers/context.h"

/* What was done to get a byte of a reading. */
enum change {
	CHANGE_NONE,
	CHANGE_SPACING, /* typographic space or dash: nothing to hide */
	CHANGE_REMOVED, /* something invisible stood behind this byte */
	CHANGE_FOLDED,  /* a look-alike */
	CHANGE_JOINED,  /* separators stood behind this byte */
	CHANGE_SPELLED, /* a word for a digit */
	CHANGE_DECODED,
};

struct origin {
	uint32_t start, end; /* bytes of the original text */
};

/* A zeroed struct is a valid empty reading. Failure is sticky in err. */
struct reading {
	uint8_t *p;
	struct origin *from;
	uint8_t *change; /* enum change */
	size_t n, cap;
	size_t limit; /* 0: none; reaching it is ERR_LIMIT */
	enum err err;
};

/* Wipes the bytes, keeps the memory. */
void reading_clear(struct reading *r);
void reading_fini(struct reading *r);
void reading_add(struct reading *r, uint8_t byte, struct origin from, enum change change);
/* Bytes as they are, with their origins; from == NULL: each is its own, the first at base. */
void reading_copy(struct reading *r, struct span bytes, const struct origin *from, size_t base);
/* The part of the original behind [start, end) of the reading; start < end. */
struct origin reading_origin(const struct reading *r, size_t start, size_t end) MUST;
static inline struct span reading_span(const struct reading *r)
{
	return (struct span){r->p, r->n};
}

/* What readings are made from: the original (from == NULL: every byte is its own origin) or another reading. */
struct source {
	struct span text;
	const struct origin *from;
	const uint32_t *starts; /* for read_squeezed: the only places to look at; NULL: everywhere */
	size_t n_starts;
	size_t base;      /* where text begins in the original, if from == NULL */
	bool joins_lists; /* a program says so: commas between literals count */
	/* For read_grouped: numbers without a word for them in reach are left out; NULL: none are. */
	const struct context_words *words;
};
static inline struct origin source_origin(const struct source *s, size_t start, size_t end)
{
	if (s->from == NULL)
		return (struct origin){(uint32_t)(s->base + start), (uint32_t)(s->base + end)};
	return (struct origin){s->from[start].start, s->from[end - 1].end};
}

/* Each appends its reading of src to r, or nothing where there is nothing to read otherwise.
 * Invisible characters removed, look-alikes and digits of all scripts folded (UTS 39, Unicode 15 subset). */
void read_folded(const struct source *src, struct reading *r);
/* Would read_folded drop this code point or turn it into ASCII? Then what stands next to it goes on behind it. */
bool folds(uint32_t cp) MUST;
/* Runs of six or more single characters without the separators between them. */
void read_squeezed(const struct source *src, struct reading *r);
/* Numbers in groups that are not their own, as one word: parted by blanks, punctuation or the cells of a table. */
void read_grouped(const struct source *src, struct reading *r);
/* Strings of a program put together again. */
void read_literals(const struct source *src, struct reading *r);
/* ROT13 and backwards, around words that ask for it. */
void read_undone(const struct source *src, struct reading *r);
/* Is the word at at part of a hint that makes read_undone read? */
bool asks_to_undo(struct span text, size_t at) MUST;
/* Runs of five or more words for digits (en de fr es it nl pl pt) as digits. */
void read_spelled(const struct source *src, struct reading *r);
/* user [at] host [dot] tld, hxxp://, 1[.]2[.]3[.]4 */
void read_defanged(const struct source *src, struct reading *r);
/* Percent, entities, quoted-printable and backslash escapes, in place. */
void read_unescaped(const struct source *src, struct reading *r);
/* Base64, base32 and hexadecimal runs that hold text, also as UTF-16, deflated, over several lines, or as a list of
 * bytes. Every byte out of a deflated run has the whole run as its origin. */
void read_encoded(const struct source *src, struct reading *r);

#endif
