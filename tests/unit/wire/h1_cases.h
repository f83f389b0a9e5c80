/* The case files of tests/data: lines of parts between tabs, with escapes (see tests/data/h1_reject.txt). */
#ifndef TESTS_WIRE_H1_CASES_H
#define TESTS_WIRE_H1_CASES_H

#include "base/buf.h"
#include "proxy/wire/h1.h"

enum { CASES_MAX_PARTS = 8 };

struct cases {
	struct buf text;
	size_t at;
	size_t line;
	struct span parts[CASES_MAX_PARTS]; /* of the current line, escaped */
	size_t n_parts;
};

/* Both fail the test rather than return an error. */
void cases_open(struct cases *c, const char *name);
void cases_close(struct cases *c);
/* The next case; false at the end. */
bool cases_next(struct cases *c);
/* Appends what an escaped part stands for. */
void cases_unescape(struct span part, struct buf *out);

/* A reading of a whole message, fed in pieces of `step` bytes, from memory of its exact size. */
struct reading {
	enum err err;
	enum h1_reject why;
	struct http_head head; /* points into the copy */
	struct buf body;
	size_t used; /* bytes up to the end of the message */
	uint8_t *copy;
};
/* request_method is null for requests. */
void reading_of(struct reading *r, struct span bytes, struct span request_method, bool response, size_t step);
void reading_fini(struct reading *r);

#endif
