/* One pass of the lexers over one reading (view) of a text. The driver cuts the bytes into words and calls lexers only
 * where a cheap look at the word says that something may start there: digits, a known first word, a long word, a
 * telling separator. scan_run with everything set calls every lexer at every word instead; tests compare the two. */
#ifndef CLASSIFIERS_SCAN_H
#define CLASSIFIERS_SCAN_H

#include "base/err.h"
#include "classifiers/columns.h"
#include "classifiers/prefilter.h"
#include "classifiers/score.h"

enum { HITS_MAX = 1 << 16 }; /* findings of one text; more is an error (coverage fails) */

/* A growable list of findings, offsets in the scanned reading until views map them back. */
struct hits {
	struct finding *v;
	size_t n, cap;
	enum err err;       /* sticky: ERR_NOMEM, ERR_LIMIT */
	bool explain;       /* keep reasons */
	struct reason *why; /* by index, of those that a detector of the table made; NULL: none kept */
	size_t cap_why;
};
void hits_add(struct hits *h, struct finding f);
void hits_fini(struct hits *h);

/* Signs of text that reads otherwise than it looks (see reading.h). */
enum sign {
	SIGN_HIGH = 1,       /* bytes beyond ASCII */
	SIGN_SINGLES = 2,    /* six or more words of one character in a row */
	SIGN_GROUPS = 4,     /* groups of digits in a row, six characters or more */
	SIGN_SPELLED = 8,    /* words for digits in a row */
	SIGN_ESCAPE = 16,    /* %41, &#65;, =41, \u0041 */
	SIGN_ENCODED = 32,   /* a long word of mixed letters and digits */
	SIGN_DEFANGED = 64,  /* [at], (dot), hxxp */
	SIGN_PAIRS = 128,    /* bytes as pairs of hexadecimal digits, parted */
	SIGN_LITERALS = 256, /* a string of a program goes on in the next: "12" + "34" */
	SIGN_UNDO = 512      /* words that ask to read something backwards or rotated */
};

/* How much a view makes chance matches likely. */
enum disguise {
	DISGUISE_NONE,
	DISGUISE_APART, /* weak checks need context; separators that a layout wants may be missing */
	DISGUISE_CHANCE /* nothing but the strongest checks does without context */
};

/* Does the text say that strings of a list are joined? */
enum joins { JOINS_UNKNOWN, JOINS_NONE, JOINS_LISTS };

enum { SCAN_STARTS = 1024 };
struct marks;
struct scan {
	const struct scan_tables *tables;
	const struct context_near *key; /* nearness from the JSON key; or NULL */
	struct span text;
	struct hits *hits;
	uint8_t min_score;
	const uint8_t *least; /* score by type; NULL: min_score for all */
	bool everything;      /* no prefilter */
	uint8_t disguise;     /* enum disguise */
	uint8_t view;
	struct marks *marks;         /* where the text shows which signs; NULL: nobody asks */
	unsigned signs;              /* what else the text may hold: enum sign bits, set by scan_run */
	size_t n_starts;             /* more than SCAN_STARTS: everywhere */
	size_t steps;                /* bytes the lexers looked at, for tests of linearity */
	size_t masked;               /* no shape starts before this offset: it is inside something harmless */
	size_t url_end;              /* end of the last URL looked at */
	size_t near_start, near_end; /* of the candidate that near belongs to; SIZE_MAX: none */
	struct context_near near;
	struct context_index index;
	struct columns columns;
	/* Dictionaries: called for each reading behind the lexers, adds to hits; or NULL. */
	void (*lists)(void *arg, struct span text);
	void *lists_arg;
	uint8_t joins; /* enum joins */
	/* Last, as it need not be zeroed: where runs of single characters or groups begin; read_squeezed looks there.
	 */
	uint32_t starts[SCAN_STARTS];
};

void scan_init(struct scan *s, const struct scan_tables *tables, struct hits *hits);
/* Reads text; findings are added to s->hits with offsets into text. */
void scan_run(struct scan *s, struct span text);

/* For lexers: a candidate of detector d. Runs the check, the neighbourhood, the context; keeps it if it scores. */
void scan_offer(struct scan *s, enum detector_id d, size_t start, size_t end);
/* Bytes before end are part of something harmless. */
void scan_mask(struct scan *s, size_t end);

/* Lexers by family. at: where a word starts; they look at most LEX_MAX bytes ahead. Each is called only at the places
 * the prefilter names (prefilter.c) and must find nothing elsewhere. */
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

#endif
