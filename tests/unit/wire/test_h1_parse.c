/* Heads and bodies as they are read: the case files, at every way of splitting; details that those cannot say. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "h1_cases.h"

static const size_t steps[] = {SIZE_MAX / 2, 1, 2, 3, 7, 1000};

static size_t step_count(size_t bytes)
{
	/* Byte by byte is for cases of a usual size. */
	return bytes > 20000 ? 1 : sizeof steps / sizeof *steps;
}

/* Reads a case in every way of splitting; all have to come to the same end, and to the clause named. */
static bool check_reject(const struct cases *c, struct span bytes, struct span method, bool response)
{
	bool right = true;
	for (size_t i = 0; i < step_count(bytes.n); i++) {
		struct reading r;
		reading_of(&r, bytes, method, response, steps[i]);
		if (!span_eq(span_str(h1_reject_name(r.why)), c->parts[1])) {
			print_error("line %zu, %.*s: %s instead of %.*s (step %zu)\n", c->line, SPAN_ARG(c->parts[0]),
				    h1_reject_name(r.why), SPAN_ARG(c->parts[1]), steps[i]);
			right = false;
		}
		assert_true(r.err < 0);
		assert_true(r.err == h1_reject_err(r.why));
		reading_fini(&r);
	}
	return right;
}

static void test_rejected_requests(void **state)
{
	(void)state;
	struct cases c;
	bool seen[H1_REJECT_COUNT] = {false};
	size_t n = 0, wrong = 0;
	cases_open(&c, "h1_reject.txt");
	for (; cases_next(&c); n++) {
		struct buf bytes = {0};
		assert_int_equal(c.n_parts, 3);
		cases_unescape(c.parts[2], &bytes);
		wrong += !check_reject(&c, buf_span(&bytes), SPAN_NULL, false);
		for (enum h1_reject r = 0; r < H1_REJECT_COUNT; r++)
			seen[r] = seen[r] || span_eq(c.parts[1], span_str(h1_reject_name(r)));
		buf_fini(&bytes);
	}
	cases_close(&c);
	assert_true(n >= 120);
	assert_int_equal(wrong, 0);
	/* Every clause that a request can break has a case. */
	seen[H1_REJECT_INCOMPLETE] = seen[H1_REJECT_STATUS_LINE] = seen[H1_REJECT_STATUS_CODE] =
		seen[H1_REJECT_BODYLESS_STATUS] = true;
	for (enum h1_reject r = 0; r < H1_REJECT_COUNT; r++)
		if (!seen[r])
			fail_msg("no case for %s", h1_reject_name(r));
}

static void test_rejected_responses(void **state)
{
	(void)state;
	struct cases c;
	size_t n = 0, wrong = 0;
	cases_open(&c, "h1_reject_response.txt");
	for (; cases_next(&c); n++) {
		struct buf bytes = {0};
		assert_int_equal(c.n_parts, 4);
		cases_unescape(c.parts[3], &bytes);
		wrong += !check_reject(&c, buf_span(&bytes), c.parts[2], true);
		buf_fini(&bytes);
	}
	cases_close(&c);
	assert_true(n >= 50);
	assert_int_equal(wrong, 0);
}

static const char *framing_name(enum http_framing f)
{
	static const char *const names[] = {"none", "length", "chunked", "until-close"};
	return names[f];
}

static void check_accept(const struct cases *c, const struct reading *r)
{
	struct buf part[3] = {0};
	cases_unescape(c->parts[1], &part[0]);
	cases_unescape(c->parts[2], &part[1]);
	cases_unescape(c->parts[5], &part[2]);
	uint64_t n;
	assert_true(span_u64(c->parts[3], &n));
	if (r->err != ERR_OK)
		fail_msg("line %zu, %.*s: %s", c->line, SPAN_ARG(c->parts[0]), h1_reject_text(r->why));
	bool same = span_eq(r->head.method, buf_span(&part[0])) && span_eq(r->head.target, buf_span(&part[1])) &&
		    r->head.n_fields == n && span_eq(span_str(framing_name(r->head.framing)), c->parts[4]) &&
		    span_eq(buf_span(&r->body), buf_span(&part[2]));
	if (!same)
		fail_msg("line %zu, %.*s: read as something else", c->line, SPAN_ARG(c->parts[0]));
	for (size_t i = 0; i < 3; i++)
		buf_fini(&part[i]);
}

/* Read, written and read again, it is the same request. */
static void check_rewritten(const struct reading *r)
{
	struct buf out = {0};
	struct reading again;
	assert_int_equal(h1_write_request(&out, &r->head), ERR_OK);
	if (r->head.framing == HTTP_CHUNKED) {
		if (r->body.n > 0) {
			h1_write_chunk_head(&out, r->body.n);
			buf_add(&out, buf_span(&r->body));
			h1_write_chunk_tail(&out);
		}
		h1_write_last_chunk(&out);
	} else {
		buf_add(&out, buf_span(&r->body));
	}
	reading_of(&again, buf_span(&out), SPAN_NULL, false, 1000);
	assert_int_equal(again.err, ERR_OK);
	assert_int_equal(again.used, out.n);
	assert_true(span_eq(again.head.method, r->head.method));
	assert_true(span_eq(again.head.target, r->head.target));
	assert_true(span_eq(again.head.authority, r->head.authority) || r->head.authority.n == 0);
	assert_true(span_eq(buf_span(&again.body), buf_span(&r->body)));
	for (size_t i = 0; i < r->head.n_fields; i++) {
		struct span name = r->head.fields[i].name;
		if (!http_hop_by_hop(&r->head, name))
			assert_true(span_eq(http_value(&again.head, name), http_value(&r->head, name)));
	}
	reading_fini(&again);
	buf_fini(&out);
}

static void test_accepted_requests(void **state)
{
	(void)state;
	struct cases c;
	size_t n = 0;
	cases_open(&c, "h1_accept.txt");
	for (; cases_next(&c); n++) {
		struct buf bytes = {0};
		assert_int_equal(c.n_parts, 7);
		cases_unescape(c.parts[6], &bytes);
		size_t length = bytes.n;
		/* What comes behind belongs to the next message. */
		buf_add_str(&bytes, "GET /next");
		for (size_t i = 0; i < step_count(length); i++) {
			struct reading r;
			reading_of(&r, buf_span(&bytes), SPAN_NULL, false, steps[i]);
			check_accept(&c, &r);
			assert_int_equal(r.used, length);
			if (i == 0 && (r.head.authority.n > 0))
				check_rewritten(&r);
			reading_fini(&r);
		}
		buf_fini(&bytes);
	}
	cases_close(&c);
	assert_true(n >= 40);
}

static struct http_head parsed(const char *text)
{
	static struct http_head head;
	enum h1_reject why;
	enum err e = h1_parse_request(span_str(text), &head, &why);
	if (e != ERR_OK)
		fail_msg("%s: %s", text, h1_reject_text(why));
	assert_int_equal(why, H1_REJECT_COUNT);
	return head;
}

static struct http_head answered(const char *text, const char *method)
{
	static struct http_head head;
	enum h1_reject why;
	enum err e = h1_parse_response(span_str(text), span_str(method), &head, &why);
	if (e != ERR_OK)
		fail_msg("%s: %s", text, h1_reject_text(why));
	return head;
}

static void assert_span(struct span s, const char *expected)
{
	if (!span_eq(s, span_str(expected)))
		fail_msg("\"%.*s\" instead of \"%s\"", SPAN_ARG(s), expected);
}

static void test_target_parts(void **state)
{
	(void)state;
	struct http_head h = parsed("GET /a/b?c=d?e HTTP/1.1\r\nHost: x:81\r\n\r\n");
	assert_span(h.path, "/a/b");
	assert_span(h.query, "c=d?e");
	assert_span(h.authority, "x:81");
	h = parsed("GET /a? HTTP/1.1\r\nHost: x\r\n\r\n");
	assert_span(h.query, "");
	assert_non_null(h.query.p);
	h = parsed("GET /a HTTP/1.1\r\nHost: x\r\n\r\n");
	assert_null(h.query.p);
	h = parsed("GET http://X:80/a?b HTTP/1.1\r\nHost: x\r\n\r\n");
	assert_span(h.target, "http://X:80/a?b");
	assert_span(h.authority, "X:80");
	assert_span(h.path, "/a");
	assert_span(h.query, "b");
	h = parsed("GET https://x?b/c HTTP/1.1\r\nHost: x:443\r\n\r\n");
	assert_span(h.path, "/");
	assert_span(h.query, "b/c");
	h = parsed("GET http://x HTTP/1.0\r\n\r\n");
	assert_span(h.authority, "x");
	assert_span(h.path, "/");
	assert_null(h.query.p);
	h = parsed("OPTIONS * HTTP/1.1\r\nHost: x\r\n\r\n");
	assert_span(h.path, "*");
	h = parsed("CONNECT x:443 HTTP/1.1\r\nHost: x\r\n\r\n");
	assert_span(h.authority, "x:443");
	assert_span(h.path, "");
	h = parsed("GET / HTTP/1.0\r\n\r\n");
	assert_null(h.authority.p);
}

static void test_connection_flags(void **state)
{
	(void)state;
	static const struct {
		const char *version, *fields;
		bool keep_alive, upgrade, expect;
	} cases[] = {
		{"1.1", "", true, false, false},
		{"1.1", "Connection: close\r\n", false, false, false},
		{"1.1", "Connection: CLOSE, keep-alive\r\n", false, false, false},
		{"1.1", "Connection: x\r\nConnection: y, close\r\n", false, false, false},
		{"1.1", "Connection: closer\r\n", true, false, false},
		{"1.0", "", false, false, false},
		{"1.0", "Connection: Keep-Alive\r\n", true, false, false},
		{"1.0", "Connection: keep-alive, close\r\n", false, false, false},
		{"1.1", "Connection: Upgrade\r\nUpgrade: websocket\r\n", true, true, false},
		{"1.1", "Upgrade: websocket\r\n", true, false, false},
		{"1.0", "Connection: Upgrade\r\n", false, false, false},
		{"1.1", "Expect: 100-continue\r\n", true, false, true},
		{"1.0", "Expect: 100-continue\r\n", false, false, false},
	};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		char text[256];
		snprintf(text, sizeof text, "GET / HTTP/%s\r\nHost: x\r\n%s\r\n", cases[i].version, cases[i].fields);
		struct http_head h = parsed(text);
		assert_int_equal(h.keep_alive, cases[i].keep_alive);
		assert_int_equal(h.upgrade, cases[i].upgrade);
		assert_int_equal(h.expect_continue, cases[i].expect);
		assert_int_equal(h.minor, cases[i].version[2] - '0');
	}
}

static void test_fields(void **state)
{
	(void)state;
	struct http_head h = parsed("GET / HTTP/1.1\r\nHost: x\r\nA: 1\r\nb:\t 2 3 \t\r\na:\r\nA:4\r\n\r\n");
	assert_int_equal(h.n_fields, 5);
	assert_span(http_value(&h, SPAN("a")), "1");
	assert_span(http_value(&h, SPAN("B")), "2 3");
	assert_span(http_field(&h, SPAN("a"), 1)->value, "");
	assert_span(http_field(&h, SPAN("a"), 2)->value, "4");
	assert_null(http_field(&h, SPAN("a"), 3));
	assert_null(http_field(&h, SPAN("c"), 0));
	assert_null(http_value(&h, SPAN("c")).p);
	assert_span(h.fields[2].name, "b");
}

static void test_hop_by_hop(void **state)
{
	(void)state;
	struct http_head h =
		parsed("GET / HTTP/1.1\r\nHost: x\r\nConnection: close, X-Own\r\nConnection: x-too\r\n\r\n");
	static const char *const hop[] = {"connection",
					  "Keep-Alive",
					  "TE",
					  "trailer",
					  "transfer-encoding",
					  "Upgrade",
					  "Proxy-Authorization",
					  "proxy-connection",
					  "Content-Length",
					  "x-own",
					  "X-TOO",
					  "close"};
	static const char *const end[] = {"host", "X-Own-Too", "accept", "proxy", "content-type", "x", ""};
	for (size_t i = 0; i < sizeof hop / sizeof *hop; i++)
		assert_true(http_hop_by_hop(&h, span_str(hop[i])));
	for (size_t i = 0; i < sizeof end / sizeof *end; i++)
		assert_false(http_hop_by_hop(&h, span_str(end[i])));
}

static void test_add(void **state)
{
	(void)state;
	struct http_head h = {0};
	/* As many as a peer may send, and ours. */
	for (size_t i = 0; i < HTTP_MAX_FIELDS + HTTP_OWN_FIELDS; i++)
		assert_int_equal(http_add(&h, SPAN("a"), SPAN("b")), ERR_OK);
	assert_int_equal(http_add(&h, SPAN("a"), SPAN("b")), ERR_LIMIT);
	assert_int_equal(h.n_fields, HTTP_MAX_FIELDS + HTTP_OWN_FIELDS);
}

static void test_response_framing(void **state)
{
	(void)state;
	static const struct {
		const char *method, *text;
		enum http_framing framing;
		uint64_t length;
		bool keep_alive;
	} cases[] = {
		{"GET", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n", HTTP_LENGTH, 5, true},
		{"GET", "HTTP/1.1 200 OK\r\nTransfer-Encoding: Chunked\r\n\r\n", HTTP_CHUNKED, 0, true},
		{"GET", "HTTP/1.1 200 OK\r\n\r\n", HTTP_UNTIL_CLOSE, 0, false},
		{"GET", "HTTP/1.0 200 OK\r\nContent-Length: 5\r\n\r\n", HTTP_LENGTH, 5, false},
		{"GET", "HTTP/1.0 200 OK\r\nConnection: keep-alive\r\n\r\n", HTTP_UNTIL_CLOSE, 0, false},
		{"HEAD", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n", HTTP_NO_BODY, 5, true},
		{"HEAD", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", HTTP_NO_BODY, 0, true},
		{"HEAD", "HTTP/1.1 200 OK\r\n\r\n", HTTP_NO_BODY, 0, true},
		{"GET", "HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n", HTTP_NO_BODY, 5, true},
		{"GET", "HTTP/1.1 204 No Content\r\n\r\n", HTTP_NO_BODY, 0, true},
		{"GET", "HTTP/1.1 204 No Content\r\nContent-Length: 0\r\n\r\n", HTTP_NO_BODY, 0, true},
		{"GET", "HTTP/1.1 100 Continue\r\n\r\n", HTTP_NO_BODY, 0, true},
		{"GET", "HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n", HTTP_NO_BODY, 0, true},
		{"GET", "HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\n\r\n", HTTP_NO_BODY, 0, true},
		{"CONNECT", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n", HTTP_NO_BODY, 0, true},
		{"CONNECT", "HTTP/1.1 407 No\r\nContent-Length: 5\r\n\r\n", HTTP_LENGTH, 5, true},
		{"head", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n", HTTP_LENGTH, 5, true},
	};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct http_head h = answered(cases[i].text, cases[i].method);
		assert_int_equal(h.framing, cases[i].framing);
		assert_int_equal(h.length, cases[i].length);
		assert_int_equal(h.keep_alive, cases[i].keep_alive);
	}
}

static void test_status_lines(void **state)
{
	(void)state;
	struct http_head h = answered("HTTP/1.1 200\r\n\r\n", "GET");
	assert_int_equal(h.status, 200);
	assert_span(h.reason, "");
	h = answered("HTTP/1.1 529 \r\n\r\n", "GET");
	assert_int_equal(h.status, 529);
	assert_span(h.reason, "");
	h = answered("HTTP/1.0 404 Not  F\xc3\xb6und\t \r\n\r\n", "GET");
	assert_int_equal(h.minor, 0);
	assert_span(h.reason, "Not  F\xc3\xb6und\t ");
	/* Answers have no Host and any expectation there is nobody's. */
	h = answered("HTTP/1.1 200 OK\r\nExpect: 100-continue\r\nHost: a\r\nHost: b\r\n\r\n", "GET");
	assert_false(h.expect_continue);
}

static void test_until_close(void **state)
{
	(void)state;
	struct reading r;
	reading_of(&r, SPAN("HTTP/1.1 200 OK\r\n\r\nall of it"), SPAN("GET"), true, 4);
	assert_int_equal(r.err, ERR_OK);
	assert_span(buf_span(&r.body), "all of it");
	reading_fini(&r);
}

/* A head of any length up to the limit is found, one byte more is too large, whatever the pieces. */
static void test_head_limit(void **state)
{
	(void)state;
	static uint8_t bytes[HTTP_MAX_HEAD + 8];
	memset(bytes, 'a', sizeof bytes);
	for (size_t n = HTTP_MAX_HEAD - 2; n <= HTTP_MAX_HEAD + 2; n++) {
		memset(bytes + HTTP_MAX_HEAD - 8, 'a', 16);
		memcpy(bytes + n - 4, "\r\n\r\n", 4);
		for (size_t step = 1000; step < 70000; step += 23000) {
			size_t scanned = 0, length = 0, have = 0;
			enum err e = ERR_MORE;
			while (e == ERR_MORE && have < n) {
				have = have + step < n ? have + step : n;
				e = h1_head_end(span_of(bytes, have), &scanned, &length);
			}
			assert_int_equal(e, n <= HTTP_MAX_HEAD ? ERR_OK : ERR_HEAD_TOO_LARGE);
			if (e == ERR_OK)
				assert_int_equal(length, n);
		}
	}
}

/* Parsing takes any bytes: heads cut anywhere, and with anything behind. */
static void test_incomplete_heads(void **state)
{
	(void)state;
	static const char text[] = "GET / HTTP/1.1\r\nHost: a\r\nX: b\r\n\r\n";
	struct http_head h;
	enum h1_reject why;
	for (size_t n = 0; n < sizeof text - 1; n++) {
		uint8_t *copy = malloc(n > 0 ? n : 1);
		assert_non_null(copy);
		memcpy(copy, text, n);
		assert_int_equal(h1_parse_request(span_of(copy, n), &h, &why), ERR_FRAMING);
		bool cut_line_end = n > 0 && copy[n - 1] == '\r';
		assert_int_equal(why, cut_line_end ? H1_REJECT_BARE_CR : H1_REJECT_INCOMPLETE);
		assert_true(h1_parse_response(span_of(copy, n), SPAN("GET"), &h, &why) < 0);
		free(copy);
	}
	assert_int_equal(h1_parse_request(SPAN("GET / HTTP/1.1\r\nHost: a\r\n\r\nX: b\r\n\r\n"), &h, &why),
			 ERR_FRAMING);
	assert_int_equal(why, H1_REJECT_INCOMPLETE);
	assert_int_equal(h1_parse_request(SPAN("GET / HTTP/1.1\r\nHost: a\r\n\r\n\r\n\r\n"), &h, &why), ERR_FRAMING);
	assert_int_equal(why, H1_REJECT_INCOMPLETE);
}

/* After a failure there is no way back, and after the end nothing more is taken. */
static void test_body_states(void **state)
{
	(void)state;
	struct h1_body b;
	struct span payload;
	size_t used;
	h1_body_init(&b, &(struct http_head){.framing = HTTP_CHUNKED});
	assert_int_equal(h1_body_feed(&b, SPAN("x"), &used, &payload), ERR_FRAMING);
	assert_int_equal(b.why, H1_REJECT_CHUNK_SIZE);
	assert_int_equal(h1_body_feed(&b, SPAN("0\r\n\r\n"), &used, &payload), ERR_FRAMING);
	assert_int_equal(h1_body_eof(&b), ERR_FRAMING);
	assert_int_equal(b.why, H1_REJECT_CHUNK_SIZE);
	h1_body_init(&b, &(struct http_head){.framing = HTTP_NO_BODY});
	assert_true(b.done);
	assert_int_equal(h1_body_feed(&b, SPAN("x"), &used, &payload), ERR_OK);
	assert_int_equal(used, 0);
	assert_int_equal(h1_body_eof(&b), ERR_OK);
	h1_body_init(&b, &(struct http_head){.framing = HTTP_LENGTH, .length = 3});
	assert_int_equal(h1_body_feed(&b, SPAN_NULL, &used, &payload), ERR_MORE);
	assert_int_equal(h1_body_feed(&b, SPAN("abcd"), &used, &payload), ERR_OK);
	assert_int_equal(used, 3);
	assert_true(b.done);
	h1_body_init(&b, &(struct http_head){.framing = HTTP_LENGTH, .length = 0});
	assert_true(b.done);
	h1_body_init(&b, &(struct http_head){.framing = HTTP_CHUNKED});
	assert_int_equal(h1_body_feed(&b, SPAN_NULL, &used, &payload), ERR_MORE);
	assert_int_equal(h1_body_feed(&b, SPAN("7fffffffffffffff\r\n"), &used, &payload), ERR_MORE);
	assert_int_equal(b.left, INT64_MAX);
}

static void test_reject_table(void **state)
{
	(void)state;
	for (enum h1_reject r = 0; r < H1_REJECT_COUNT; r++) {
		assert_non_null(strstr(h1_reject_text(r), "(RFC "));
		assert_true(h1_reject_err(r) < 0);
		int status = err_status(h1_reject_err(r));
		assert_true(status == 400 || status == 431 || status == 505);
	}
	assert_string_equal(h1_reject_name(H1_REJECT_OBS_FOLD), "OBS_FOLD");
	assert_string_equal(h1_reject_text(H1_REJECT_COUNT), "");
	assert_int_equal(h1_reject_err(H1_REJECT_COUNT), ERR_OK);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rejected_requests), cmocka_unit_test(test_rejected_responses),
		cmocka_unit_test(test_accepted_requests), cmocka_unit_test(test_target_parts),
		cmocka_unit_test(test_connection_flags),  cmocka_unit_test(test_fields),
		cmocka_unit_test(test_hop_by_hop),        cmocka_unit_test(test_add),
		cmocka_unit_test(test_response_framing),  cmocka_unit_test(test_status_lines),
		cmocka_unit_test(test_until_close),       cmocka_unit_test(test_head_limit),
		cmocka_unit_test(test_incomplete_heads),  cmocka_unit_test(test_body_states),
		cmocka_unit_test(test_reject_table),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
