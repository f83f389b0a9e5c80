/* Signs that a text reads otherwise than it looks: runs of words that may be one number taken apart, escapes, encoded
 * words, brackets around an "at". What they lead to stands in reading.h. */
#ifndef CLASSIFIERS_SIGNS_H
#define CLASSIFIERS_SIGNS_H

#include "classifiers/scan.h"

/* Notes a sign and that the bytes [at, end) show it. */
void signs_note(struct scan *s, enum sign sign, size_t at, size_t end);

/* Where a text shows signs: enum sign bits for each SIGNS_BYTES of it. A zeroed struct is valid and has room for none.
 */
enum { SIGNS_BYTES = 64 };
struct marks {
	uint16_t *v;
	size_t n, cap;
};
/* Room for a text of that length, nothing noted; false: out of memory. */
bool marks_start(struct marks *m, size_t length) MUST;
void marks_fini(struct marks *m);
/* The first block from block from on with one of the signs, or m->n. */
size_t marks_next(const struct marks *m, unsigned signs, size_t from) MUST;

/* What the words just seen may be the beginning of. Neighbouring words only: another word in between ends a run. */
struct runs {
	unsigned singles, groups, digits, spelled, pairs;
	size_t singles_at, groups_at, spelled_at;
};

/* A word [at, end) of that kind (HAS_ bits) which these lexers want (LEX_ and SEES_ bits). */
void signs_word(struct scan *s, struct runs *r, size_t at, size_t end, unsigned kind, unsigned want);
/* An ordinary word: no lexer wants it, it has neither less than three letters nor more than ten, and no digit. */
void signs_ordinary(struct runs *r);
/* A TELLING byte; also calls the lexers that start from such a byte. The walk over the text (walk.c) looks at the bytes
 * around before it calls: what is asked for there must hold here. */
void signs_byte(struct scan *s, size_t at);

#endif
