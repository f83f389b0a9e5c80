/* One pass of the lexers over one reading (view) of a text. The driver cuts the bytes into words and calls lexers only
 * where a cheap look at the word says that something may start there: digits, a known first word, a long word, a
 * telling separator. scan_run with everything set calls every lexer at every word instead; tests compare the two. */
#ifndef CLASSIFIERS_SCAN_H
#define CLASSIFIERS_SCAN_H

#include "base/err.h"
#include "classifiers/context.h"
#include "classifiers/layout.h"

enum { HITS_MAX = 1 << 16 }; /* findings of one text; more is an error (coverage fails) */

/* A growable list of findings, offsets in the scanned reading until views map them back. */
struct hits {
	struct finding *v;
	size_t n, cap;
	enum err err; /* sticky: ERR_NOMEM, ERR_LIMIT */
};
void hits_add(struct hits *h, struct finding f);
void hits_fini(struct hits *h);

/* Signs of text that reads otherwise than it looks (see reading.h). */
enum sign {
	SIGN_HIGH = 1,     /* bytes beyond ASCII */
	SIGN_SINGLES = 2,  /* six or more words of one character in a row */
	SIGN_GROUPS = 4,   /* groups of digits in a row, nine digits or more */
	SIGN_SPELLED = 8,  /* words for digits in a row */
	SIGN_ESCAPE = 16,  /* %41, &#65;, =41, \u0041 */
	SIGN_ENCODED = 32, /* a long word of mixed letters and digits */
	SIGN_DEFANGED = 64 /* [at], (dot), hxxp */
};

/* What all scans share; built once from the .def files, immutable. */
enum { TRIGGER_SLOTS = 2048 };
struct trigger {
	uint32_t head; /* first four letters in lower case, little-endian; 0: empty */
	uint16_t lexers;
};
struct scan_tables {
	struct layouts layouts;
	struct context_words *words;
	struct trigger triggers[TRIGGER_SLOTS]; /* open addressing, mostly empty */
};
struct scan_tables *scan_tables_new(void) MUST; /* NULL if out of memory */
void scan_tables_free(struct scan_tables *t);

enum { SCAN_STARTS = 1024 };
struct scan {
	const struct scan_tables *tables;
	const struct context_near *key; /* nearness from the JSON key; or NULL */
	struct span text;
	struct hits *hits;
	uint8_t min_score;
	bool everything; /* no prefilter */
	bool disguised;  /* a view in which chance matches are likely: weak checks need context */
	uint8_t view;
	unsigned signs;               /* what else the text may hold: enum sign bits, set by scan_run */
	uint32_t starts[SCAN_STARTS]; /* where runs of single characters or groups begin; read_squeezed looks there */
	size_t n_starts;              /* more than SCAN_STARTS: everywhere */
	size_t steps;                 /* bytes the lexers looked at, for tests of linearity */
	size_t masked;                /* no shape starts before this offset: it is inside something harmless */
	size_t url_end;               /* end of the last URL looked at */
	size_t near_start, near_end;  /* of the candidates that before and after belong to; SIZE_MAX: none */
	struct context_near before, after;
};

void scan_init(struct scan *s, const struct scan_tables *tables, struct hits *hits);
/* Reads text; findings are added to s->hits with offsets into text. */
void scan_run(struct scan *s, struct span text);

/* For lexers: a candidate of detector d. Runs the check, the neighbourhood, the context; keeps it if it scores. */
void scan_offer(struct scan *s, enum detector_id d, size_t start, size_t end);
/* Bytes before end are part of something harmless. */
void scan_mask(struct scan *s, size_t end);

/* Lexers by family. at: where a word starts; they look at most LEX_MAX bytes ahead. Each is called only at the places
 * its triggers name (see scan.c) and must find nothing elsewhere. */
enum { LEX_MAX = 8192 };
void lex_network(struct scan *s, size_t at);
void lex_finance(struct scan *s, size_t at);
void lex_health(struct scan *s, size_t at);
void lex_date(struct scan *s, size_t at);
void lex_secret(struct scan *s, size_t at);
void lex_words(struct scan *s, size_t at);
void lex_export(struct scan *s, size_t at);
void lex_phone(struct scan *s, size_t at);
/* at: the '@' */
void lex_email(struct scan *s, size_t at);
/* at: the ':' of "://" */
void lex_url(struct scan *s, size_t at);
/* at: the '~' of an Azure secret */
void lex_tilde(struct scan *s, size_t at);
/* word_end: where the word at at ends */
void lex_shapes(struct scan *s, size_t at, size_t word_end);

/* The nearest context word for a detector around [start, end): 0 none … CONTEXT_NEAREST. */
unsigned scan_near(struct scan *s, unsigned slot, size_t start, size_t end) MUST;
/* How much to take off for values reserved for documentation, private networks and placeholders (reserved.c). */
unsigned scan_reserved(struct scan *s, enum detector_id d, size_t start, size_t end) MUST;

static inline bool ascii_alnum(uint8_t b)
{
	return (b >= '0' && b <= '9') || ((b | 32) >= 'a' && (b | 32) <= 'z');
}

static inline bool ascii_digit(uint8_t b)
{
	return b >= '0' && b <= '9';
}

#endif
