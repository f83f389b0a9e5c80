/* The event reader: the standard's cases, the same result at every way of splitting, limits. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "proxy/wire/sse.h"

/* Feeds a piece from memory of its exact size and writes what it tells into log: "name|data|id\n" for an event, "!" for
 * an error. */
static void feed(struct sse *s, struct span piece, struct buf *log)
{
	uint8_t *copy = malloc(piece.n > 0 ? piece.n : 1);
	assert_non_null(copy);
	if (piece.n > 0)
		memcpy(copy, piece.p, piece.n);
	for (size_t at = 0;;) {
		struct sse_event ev;
		size_t used;
		enum err e = sse_feed(s, span_of(copy + at, piece.n - at), &used, &ev);
		at += used;
		assert_true(at <= piece.n);
		if (e == ERR_MORE)
			break;
		assert_true(e == ERR_LIMIT || e == ERR_OK);
		if (e == ERR_LIMIT) {
			buf_add_byte(log, '!');
			continue;
		}
		assert_true(used > 0);
		buf_add(log, ev.name);
		buf_add_byte(log, '|');
		buf_add(log, ev.data);
		buf_add_byte(log, '|');
		buf_add(log, ev.id);
		buf_add_byte(log, '\n');
	}
	free(copy);
}

static void finish(struct sse *s, struct buf *log)
{
	struct sse_event ev;
	if (sse_eof(s, &ev)) {
		buf_add_str(log, "cut:");
		buf_add(log, ev.data);
	}
	sse_fini(s);
}

static void assert_log(struct buf *log, const char *expected)
{
	assert_int_equal(buf_err(log), ERR_OK);
	if (!span_eq(buf_span(log), span_str(expected)))
		fail_msg("\"%.*s\" instead of \"%s\"", SPAN_ARG(buf_span(log)), expected);
	buf_fini(log);
}

/* Whole, byte by byte, cut in two at every place, and in three at every pair of places. */
static void check(struct span in, size_t limit, const char *expected)
{
	struct sse s;
	struct buf log = {0};
	sse_init(&s, limit);
	for (size_t i = 0; i < in.n; i++) {
		feed(&s, span_sub(in, i, i + 1), &log);
		feed(&s, SPAN_NULL, &log);
	}
	finish(&s, &log);
	assert_log(&log, expected);
	for (size_t a = 0; a <= in.n; a++) {
		for (size_t b = a; b <= in.n; b += in.n < 80 ? 1 : 7) {
			sse_init(&s, limit);
			feed(&s, span_sub(in, 0, a), &log);
			feed(&s, span_sub(in, a, b), &log);
			feed(&s, span_sub(in, b, in.n), &log);
			finish(&s, &log);
			assert_log(&log, expected);
		}
	}
}

static void test_fields(void **state)
{
	(void)state;
	check(SPAN(""), 0, "");
	check(SPAN("data: a\n\n"), 0, "|a|\n");
	check(SPAN("data:a\n\n"), 0, "|a|\n");
	check(SPAN("data:  a\n\n"), 0, "| a|\n");
	check(SPAN("data\n\n"), 0, "||\n");
	check(SPAN("data:\n\n"), 0, "||\n");
	check(SPAN("data\ndata\n\n"), 0, "|\n|\n");
	check(SPAN("data: a\ndata: b\n\n"), 0, "|a\nb|\n");
	check(SPAN("event: x\ndata: a\n\ndata: b\n\n"), 0, "x|a|\n|b|\n");
	check(SPAN("event: x\nevent: y\ndata: a\n\n"), 0, "y|a|\n");
	check(SPAN("data: a:b: c\n\n"), 0, "|a:b: c|\n");
	check(SPAN("Data: a\n data: b\ndatax: c\ndat: d\ndata : e\n\n"), 0, "");
	check(SPAN("data: [DONE]\n\n"), 0, "|[DONE]|\n");
	check(SPAN("data: \xc3\xa9\xe2\x80\xa8\n\n"), 0, "|\xc3\xa9\xe2\x80\xa8|\n");
	check(SPAN("data: \xff\xfe\x01\t\n\n"), 0, "|\xff\xfe\x01\t|\n");
}

static void test_blocks_without_data(void **state)
{
	(void)state;
	check(SPAN("event: x\n\ndata: a\n\n"), 0, "|a|\n");
	check(SPAN(": comment\n\n"), 0, "");
	check(SPAN(": ping\ndata: a\n: ping\ndata: b\n\n"), 0, "|a\nb|\n");
	check(SPAN("\n\n\ndata: a\n\n\n\n"), 0, "|a|\n");
	check(SPAN("id: 1\n\nretry: 5\n\n"), 0, "");
}

static void test_line_ends(void **state)
{
	(void)state;
	check(SPAN("data: a\r\n\r\ndata: b\r\n\r\n"), 0, "|a|\n|b|\n");
	check(SPAN("data: a\r\rdata: b\r\r"), 0, "|a|\n|b|\n");
	check(SPAN("data: a\n\r\ndata: b\r\n\ndata: c\r\n\rdata: d\n\r"), 0, "|a|\n|b|\n|c|\n|d|\n");
	check(SPAN("data: a\rdata: b\ndata: c\r\n\n"), 0, "|a\nb\nc|\n");
}

static void test_byte_order_mark(void **state)
{
	(void)state;
	check(SPAN("\xef\xbb\xbf"
		   "data: a\n\n"),
	      0, "|a|\n");
	check(SPAN("\xef\xbb\xbf\xef\xbb\xbf"
		   "data: a\n\ndata: b\n\n"),
	      0, "|b|\n");
	check(SPAN("\xef\xbb"
		   "data: a\n\ndata: b\n\n"),
	      0, "|b|\n");
	check(SPAN("\xef"
		   "data: a\n\ndata: b\n\n"),
	      0, "|b|\n");
	check(SPAN("data: a\n\n\xef\xbb\xbf"
		   "data: b\n\n"),
	      0, "|a|\n");
	check(SPAN("\xef\xbb\xbf"), 0, "");
	check(SPAN("\xef\xbb"), 0, "");
	check(SPAN("\xef\xbb\xbf\n\ndata: a\n\n"), 0, "|a|\n");
}

static void test_id(void **state)
{
	(void)state;
	check(SPAN("id: 1\ndata: a\n\ndata: b\n\nid\ndata: c\n\n"), 0, "|a|1\n|b|1\n|c|\n");
	check(SPAN("id: 1\n\ndata: a\n\n"), 0, "|a|1\n");
	check(SPAN("id: 1\nid: x\0y\ndata: a\n\n"), 0, "|a|1\n");
}

static void test_retry(void **state)
{
	(void)state;
	struct sse s;
	struct buf log = {0};
	sse_init(&s, 0);
	assert_int_equal(s.retry, -1);
	feed(&s, SPAN("retry: 2500\n"), &log);
	assert_int_equal(s.retry, 2500);
	feed(&s,
	     SPAN("retry: -1\nretry: 1x\nretry: \nretry\nretry: 99999999999999999999\nretry: 9223372036854775808\n"),
	     &log);
	assert_int_equal(s.retry, 2500);
	feed(&s, SPAN("retry:0\n"), &log);
	assert_int_equal(s.retry, 0);
	finish(&s, &log);
	assert_log(&log, "");
}

static void test_cut_streams(void **state)
{
	(void)state;
	check(SPAN("data: a\n\ndata: b\n"), 0, "|a|\ncut:b");
	check(SPAN("data: a\n\ndata: b"), 0, "|a|\ncut:b");
	check(SPAN("data: a\ndata: b\r"), 0, "cut:a\nb");
	check(SPAN("data: a\n\nevent: b\n"), 0, "|a|\n");
	check(SPAN("data: a\n\n: b"), 0, "|a|\n");
	check(SPAN("data: a\n\nda"), 0, "|a|\n");
}

/* An event that is complete is told at once, be the second half of its last line end there or not. */
static void test_no_delay(void **state)
{
	(void)state;
	struct sse s;
	struct buf log = {0};
	sse_init(&s, 0);
	feed(&s, SPAN("data: a\r\n\r"), &log);
	assert_true(span_eq(buf_span(&log), SPAN("|a|\n")));
	feed(&s, SPAN("\ndata: b\n\n"), &log);
	finish(&s, &log);
	assert_log(&log, "|a|\n|b|\n");
}

static void test_limit(void **state)
{
	(void)state;
	/* A line alone, exactly at the limit and behind it. */
	check(SPAN("data: abcd\n\n"), 10, "|abcd|\n");
	check(SPAN("data: abcde\n\ndata: b\n\n"), 10, "!|b|\n");
	/* Several lines together. */
	check(SPAN("data: abcd\ndata: e\n\ndata: b\n\n"), 10, "!|b|\n");
	check(SPAN("event: abc\ndata: e\n\ndata: b\n\n"), 10, "abc|e|\n|b|\n");
	check(SPAN("event: abc\ndata: efg\n\ndata: b\n\n"), 10, "!|b|\n");
	/* What is left of the event is no event, however it looks. */
	check(SPAN("data: abcdefghijk\ndata: c\nevent: x\n\ndata: b\n\n"), 10, "!|b|\n");
	check(SPAN(": abcdefghijklmno\ndata: c\n\ndata: b\n\n"), 10, "!|b|\n");
	check(SPAN("data: abcdefghijk\n\ndata: abcdefghijk\n\ndata: b\n\n"), 10, "!!|b|\n");
	check(SPAN("data: abcdefghijk"), 10, "!");
	check(SPAN("data: abcdefghijk\ndata: b"), 10, "!");
	check(SPAN("\xef\xbb\xbf"
		   "data: abcd\r\n\r\n"),
	      10, "|abcd|\n");
}

static void test_long_id(void **state)
{
	(void)state;
	static uint8_t text[SSE_MAX_ID + 32];
	memcpy(text, "id: ", 4);
	memset(text + 4, 'x', SSE_MAX_ID + 1);
	struct sse s;
	struct buf log = {0};
	sse_init(&s, 0);
	feed(&s, SPAN("id: 1\n"), &log);
	feed(&s, span_of(text, 4 + SSE_MAX_ID + 1), &log);
	feed(&s, SPAN("\ndata: a\n\n"), &log);
	finish(&s, &log);
	assert_log(&log, "|a|1\n");
}

/* Random streams out of a few bytes: however they are split, the same is read. */
static void test_random_splits(void **state)
{
	(void)state;
	static const char *const words[] = {"data",  "event", "id",           ":",         " ",
					    "\n",    "\r",    "\r\n",         "x",         "\n\n",
					    "retry", "1",     "\xef\xbb\xbf", "data: a\n", "abcdefghijklmnopq"};
	uint32_t seed = 12345;
	for (int round = 0; round < 3000; round++) {
		struct buf text = {0}, whole = {0}, split = {0};
		for (int i = 0; i < 20; i++) {
			seed = seed * 1664525u + 1013904223u;
			buf_add_str(&text, words[(seed >> 16) % (sizeof words / sizeof *words)]);
		}
		struct sse s;
		sse_init(&s, 24);
		feed(&s, buf_span(&text), &whole);
		finish(&s, &whole);
		sse_init(&s, 24);
		for (size_t at = 0; at < text.n;) {
			seed = seed * 1664525u + 1013904223u;
			size_t n = 1 + (seed >> 16) % 5;
			n = n < text.n - at ? n : text.n - at;
			feed(&s, span_sub(buf_span(&text), at, at + n), &split);
			at += n;
		}
		finish(&s, &split);
		assert_true(span_eq(buf_span(&whole), buf_span(&split)));
		buf_fini(&text);
		buf_fini(&whole);
		buf_fini(&split);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_fields),
		cmocka_unit_test(test_blocks_without_data),
		cmocka_unit_test(test_line_ends),
		cmocka_unit_test(test_byte_order_mark),
		cmocka_unit_test(test_id),
		cmocka_unit_test(test_retry),
		cmocka_unit_test(test_cut_streams),
		cmocka_unit_test(test_no_delay),
		cmocka_unit_test(test_limit),
		cmocka_unit_test(test_long_id),
		cmocka_unit_test(test_random_splits),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
