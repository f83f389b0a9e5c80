/* A growable byte buffer with a limit. Failure is sticky: append freely, check once with buf_ok. */
#ifndef BASE_BUF_H
#define BASE_BUF_H

#include <stdarg.h>

#include "base/err.h"

struct buf {
	uint8_t *p;
	size_t n;     /* bytes in use */
	size_t cap;   /* bytes allocated */
	size_t limit; /* 0: none */
	enum err err; /* first failure: ERR_NOMEM or ERR_LIMIT */
};

/* A zeroed struct buf is a valid empty buffer without a limit. */
void buf_init(struct buf *b, size_t limit);
/* Wipes and frees. */
void buf_fini(struct buf *b);
/* Empties and wipes, keeps the memory. */
void buf_clear(struct buf *b);
/* Room for n more bytes: a pointer to them (then add what was written to b->n), or NULL. */
uint8_t *buf_reserve(struct buf *b, size_t n) MUST;
void buf_add(struct buf *b, struct span s);
void buf_add_str(struct buf *b, const char *s);
void buf_add_byte(struct buf *b, uint8_t byte);
void buf_printf(struct buf *b, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* A JSON string with its quotes; control bytes, quotes and U+007F-9F, U+2028/9 are escaped.
 * Bytes that are not UTF-8 become U+FFFD. */
void buf_add_json(struct buf *b, struct span s);
/* Drops n bytes from the front. */
void buf_drop(struct buf *b, size_t n);
static inline struct span buf_span(const struct buf *b)
{
	return span_of(b->p, b->n);
}
static inline enum err buf_err(const struct buf *b)
{
	return b->err;
}

#endif
