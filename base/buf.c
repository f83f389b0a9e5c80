#include "base/buf.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/assert.h"
#include "base/utf8.h"

void buf_init(struct buf *b, size_t limit)
{
	*b = (struct buf){.limit = limit};
}

void buf_fini(struct buf *b)
{
	if (b->p != NULL)
		explicit_bzero(b->p, b->cap);
	free(b->p);
	*b = (struct buf){.limit = b->limit};
}

void buf_clear(struct buf *b)
{
	if (b->p != NULL)
		explicit_bzero(b->p, b->n);
	b->n = 0;
	b->err = ERR_OK;
}

static uint8_t *buf_fail(struct buf *b, enum err e)
{
	if (b->err == ERR_OK)
		b->err = e;
	return NULL;
}

uint8_t *buf_reserve(struct buf *b, size_t n)
{
	if (b->err != ERR_OK)
		return NULL;
	if (n > SIZE_MAX / 2 - b->n)
		return buf_fail(b, ERR_LIMIT);
	size_t need = b->n + n;
	if (b->limit != 0 && need > b->limit)
		return buf_fail(b, ERR_LIMIT);
	if (need > b->cap || b->p == NULL) {
		size_t cap = b->cap * 2;
		if (cap < need)
			cap = need;
		if (cap < 256)
			cap = 256;
		if (b->limit != 0 && cap > b->limit)
			cap = b->limit;
		/* Not realloc: the old copy must be wiped. */
		uint8_t *p = malloc(cap > 0 ? cap : 1);
		if (p == NULL)
			return buf_fail(b, ERR_NOMEM);
		if (b->p != NULL) {
			memcpy(p, b->p, b->n);
			explicit_bzero(b->p, b->n);
			free(b->p);
		}
		b->p = p;
		b->cap = cap;
	}
	return b->p + b->n;
}

void buf_add(struct buf *b, struct span s)
{
	if (s.n == 0)
		return;
	/* What is allocated is within the limit: mostly there is no more to look at. */
	bool there = s.n <= b->cap - b->n && b->err == ERR_OK;
	uint8_t *p = there ? b->p + b->n : buf_reserve(b, s.n);
	if (p == NULL)
		return;
	memcpy(p, s.p, s.n);
	b->n += s.n;
}

void buf_add_str(struct buf *b, const char *s)
{
	buf_add(b, span_str(s));
}

void buf_add_byte(struct buf *b, uint8_t byte)
{
	uint8_t *p = b->n < b->cap && b->err == ERR_OK ? b->p + b->n : buf_reserve(b, 1);
	if (p == NULL)
		return;
	*p = byte;
	b->n++;
}

void buf_printf(struct buf *b, const char *fmt, ...)
{
	va_list ap;
	va_start(ap, fmt);
	va_list again;
	va_copy(again, ap);
	int n = vsnprintf(NULL, 0, fmt, ap);
	va_end(ap);
	INVARIANT(n >= 0);
	/* One byte more for vsnprintf's NUL, which is not counted. */
	uint8_t *p = buf_reserve(b, (size_t)n + 1);
	if (p != NULL) {
		vsnprintf((char *)p, (size_t)n + 1, fmt, again);
		b->n += (size_t)n;
	}
	va_end(again);
}

static void add_code_point(struct buf *b, uint32_t cp, struct span raw)
{
	static const char *const shorts[] = {
		['\b'] = "\\b", ['\t'] = "\\t", ['\n'] = "\\n", ['\f'] = "\\f", ['\r'] = "\\r"};
	if (cp == '"' || cp == '\\') {
		buf_add_byte(b, '\\');
		buf_add_byte(b, (uint8_t)cp);
	} else if (cp < sizeof shorts / sizeof *shorts && shorts[cp] != NULL) {
		buf_add_str(b, shorts[cp]);
	} else if (cp < 0x20 || (cp >= 0x7f && cp <= 0x9f) || cp == 0x2028 || cp == 0x2029) {
		buf_printf(b, "\\u%04x", cp);
	} else {
		buf_add(b, raw);
	}
}

void buf_add_json(struct buf *b, struct span s)
{
	buf_add_byte(b, '"');
	for (size_t i = 0; i < s.n;) {
		uint32_t cp;
		size_t n = utf8_decode(span_sub(s, i, s.n), &cp);
		if (n == 0) {
			buf_add_str(b, "\xef\xbf\xbd");
			i++;
			continue;
		}
		add_code_point(b, cp, span_sub(s, i, i + n));
		i += n;
	}
	buf_add_byte(b, '"');
}

void buf_drop(struct buf *b, size_t n)
{
	INVARIANT(n <= b->n);
	if (n == 0)
		return;
	memmove(b->p, b->p + n, b->n - n);
	b->n -= n;
	explicit_bzero(b->p + b->n, n);
}
