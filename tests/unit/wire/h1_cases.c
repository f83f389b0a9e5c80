#include "h1_cases.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

void cases_open(struct cases *c, const char *name)
{
	char path[512];
	*c = (struct cases){0};
	snprintf(path, sizeof path, "%s/tests/data/%s", BW_SOURCE_DIR, name);
	FILE *f = fopen(path, "rb");
	if (f == NULL)
		fail_msg("%s: cannot be opened", path);
	char chunk[4096];
	for (size_t n; (n = fread(chunk, 1, sizeof chunk, f)) > 0;)
		buf_add(&c->text, span_of(chunk, n));
	fclose(f);
	assert_int_equal(buf_err(&c->text), ERR_OK);
}

void cases_close(struct cases *c)
{
	buf_fini(&c->text);
}

static void split(struct cases *c, struct span line)
{
	c->n_parts = 0;
	for (;;) {
		assert_true(c->n_parts < CASES_MAX_PARTS);
		size_t tab = span_find(line, '\t');
		c->parts[c->n_parts++] = span_sub(line, 0, tab);
		if (tab == line.n)
			return;
		line = span_sub(line, tab + 1, line.n);
	}
}

bool cases_next(struct cases *c)
{
	struct span text = buf_span(&c->text);
	while (c->at < text.n) {
		struct span line = span_sub(text, c->at, text.n);
		line = span_sub(line, 0, span_find(line, '\n'));
		c->at += line.n + 1;
		c->line++;
		if (line.n == 0 || line.p[0] == '#')
			continue;
		split(c, line);
		return true;
	}
	return false;
}

static unsigned hex_digit(uint8_t c)
{
	assert_true((c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'));
	return (unsigned)(c <= '9' ? c - '0' : c - 'a' + 10);
}

/* The repetition at the front, behind its backslash and brace; returns its length. */
static size_t repeat(struct span s, struct buf *out)
{
	uint64_t times;
	size_t colon = span_find(s, ':');
	size_t end = span_find(s, '}');
	assert_true(colon < end && end < s.n);
	assert_true(span_u64(span_sub(s, 0, colon), &times));
	while (times-- > 0)
		cases_unescape(span_sub(s, colon + 1, end), out);
	return end + 1;
}

void cases_unescape(struct span part, struct buf *out)
{
	static const char from[] = "rnt0\\", to[] = "\r\n\t\0\\";
	for (size_t i = 0; i < part.n;) {
		uint8_t c = part.p[i++];
		if (c != '\\') {
			assert_true(c >= 0x20 && c < 0x7f);
			buf_add_byte(out, c);
			continue;
		}
		assert_true(i < part.n);
		c = part.p[i++];
		const char *hit = strchr(from, c);
		if (c == '{') {
			i += repeat(span_sub(part, i, part.n), out);
		} else if (c == 'x') {
			assert_true(part.n - i >= 2);
			buf_add_byte(out, (uint8_t)(hex_digit(part.p[i]) << 4 | hex_digit(part.p[i + 1])));
			i += 2;
		} else {
			assert_true(c != '\0' && hit != NULL);
			buf_add_byte(out, (uint8_t)to[hit - from]);
		}
	}
	assert_int_equal(buf_err(out), ERR_OK);
}

static size_t smaller(size_t a, size_t b)
{
	return a < b ? a : b;
}

/* The head's end over a buffer that grows by step, and that progress is as promised. */
static enum err find_head(struct span bytes, size_t step, size_t *length)
{
	size_t scanned = 0;
	enum err e = ERR_MORE;
	for (size_t n = 0; e == ERR_MORE && n < bytes.n;) {
		n = smaller(n + step, bytes.n);
		size_t before = scanned;
		e = h1_head_end(span_of(bytes.p, n), &scanned, length);
		assert_true(scanned >= before && scanned <= n);
	}
	return e;
}

static void feed_body(struct reading *r, struct span in, size_t step)
{
	struct h1_body b;
	h1_body_init(&b, &r->head);
	size_t at = 0;
	enum err e = ERR_OK;
	while (!b.done && at < in.n) {
		struct span payload, part = span_sub(in, at, smaller(at + step, in.n));
		size_t used;
		e = h1_body_feed(&b, part, &used, &payload);
		if (e < 0)
			break;
		assert_true(used <= part.n);
		assert_true(e == ERR_OK || (e == ERR_MORE && used == part.n && payload.n == 0));
		assert_true(used > 0 || b.done);
		if (payload.n > 0)
			assert_true(payload.p >= part.p && payload.p + payload.n <= part.p + used);
		buf_add(&r->body, payload);
		at += used;
	}
	if (e >= 0)
		e = h1_body_eof(&b);
	r->err = e;
	r->why = b.why;
	r->used += at;
	if (e == ERR_OK)
		assert_int_equal(b.total, r->body.n);
}

void reading_of(struct reading *r, struct span bytes, struct span request_method, bool response, size_t step)
{
	*r = (struct reading){.why = H1_REJECT_COUNT};
	r->copy = malloc(bytes.n > 0 ? bytes.n : 1);
	assert_non_null(r->copy);
	if (bytes.n > 0)
		memcpy(r->copy, bytes.p, bytes.n);
	bytes.p = r->copy;
	size_t length = bytes.n;
	r->err = find_head(bytes, step, &length);
	struct span head = span_sub(bytes, 0, r->err == ERR_OK ? length : bytes.n);
	enum err e = response ? h1_parse_response(head, request_method, &r->head, &r->why)
			      : h1_parse_request(head, &r->head, &r->why);
	/* The scanner and the parser agree. */
	if (r->err != ERR_OK)
		assert_true(e < 0);
	if (r->err == ERR_HEAD_TOO_LARGE || r->err == ERR_OK)
		r->err = e;
	r->used = length;
	if (r->err == ERR_OK)
		feed_body(r, span_sub(bytes, length, bytes.n), step);
}

void reading_fini(struct reading *r)
{
	buf_fini(&r->body);
	free(r->copy);
}
