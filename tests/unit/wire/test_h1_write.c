/* Heads as they are written: exact bytes, and that nothing from a caller can split one. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "proxy/wire/h1.h"

static struct http_head request(const char *method, enum http_framing framing, uint64_t length)
{
	struct http_head h = {.method = span_str(method),
			      .target = SPAN("/v1/x?y"),
			      .framing = framing,
			      .length = length,
			      .keep_alive = true};
	assert_int_equal(http_add(&h, SPAN("X"), SPAN("1")), ERR_OK);
	assert_int_equal(http_add(&h, SPAN("Host"), SPAN("a.example")), ERR_OK);
	return h;
}

static struct http_head response(unsigned status, enum http_framing framing, uint64_t length)
{
	return (struct http_head){.status = (uint16_t)status,
				  .reason = SPAN("Why"),
				  .framing = framing,
				  .length = length,
				  .keep_alive = true};
}

static void assert_written(const struct http_head *h, const char *expected)
{
	struct buf out = {0};
	enum err e = h->status == 0 ? h1_write_request(&out, h) : h1_write_response(&out, h);
	assert_int_equal(e, ERR_OK);
	if (!span_eq(buf_span(&out), span_str(expected)))
		fail_msg("\"%.*s\" instead of \"%s\"", SPAN_ARG(buf_span(&out)), expected);
	buf_fini(&out);
}

static void assert_refused(const struct http_head *h)
{
	struct buf out = {0};
	buf_add_str(&out, "before");
	enum err e = h->status == 0 ? h1_write_request(&out, h) : h1_write_response(&out, h);
	assert_int_equal(e, ERR_SYNTAX);
	assert_int_equal(out.n, 6);
	buf_fini(&out);
}

static void test_request_framing(void **state)
{
	(void)state;
	struct http_head h = request("POST", HTTP_LENGTH, UINT64_MAX);
	assert_written(&h, "POST /v1/x?y HTTP/1.1\r\nX: 1\r\nHost: a.example\r\n"
			   "Content-Length: 18446744073709551615\r\n\r\n");
	h = request("POST", HTTP_CHUNKED, 0);
	assert_written(&h, "POST /v1/x?y HTTP/1.1\r\nX: 1\r\nHost: a.example\r\nTransfer-Encoding: chunked\r\n\r\n");
	h = request("POST", HTTP_NO_BODY, 0);
	assert_written(&h, "POST /v1/x?y HTTP/1.1\r\nX: 1\r\nHost: a.example\r\nContent-Length: 0\r\n\r\n");
	h = request("GET", HTTP_NO_BODY, 0);
	assert_written(&h, "GET /v1/x?y HTTP/1.1\r\nX: 1\r\nHost: a.example\r\n\r\n");
	h = request("GET", HTTP_LENGTH, 0);
	assert_written(&h, "GET /v1/x?y HTTP/1.1\r\nX: 1\r\nHost: a.example\r\nContent-Length: 0\r\n\r\n");
	h = request("GET", HTTP_UNTIL_CLOSE, 0);
	assert_refused(&h);
}

static void test_hop_by_hop_fields(void **state)
{
	(void)state;
	static const char *const dropped[] = {"Content-Length", "transfer-encoding", "Connection", "TE",
					      "Keep-Alive",     "Proxy-Connection",  "Trailer",    "Upgrade",
					      "x-mine"};
	struct http_head h = request("GET", HTTP_NO_BODY, 0);
	for (size_t i = 0; i < sizeof dropped / sizeof *dropped; i++)
		assert_int_equal(http_add(&h, span_str(dropped[i]), SPAN("x-mine")), ERR_OK);
	assert_written(&h, "GET /v1/x?y HTTP/1.1\r\nX: 1\r\nHost: a.example\r\n\r\n");
	h.keep_alive = false;
	assert_written(&h, "GET /v1/x?y HTTP/1.1\r\nX: 1\r\nHost: a.example\r\nConnection: close\r\n\r\n");
	h = request("GET", HTTP_NO_BODY, 0);
	assert_int_equal(http_add(&h, SPAN("Upgrade"), SPAN("websocket")), ERR_OK);
	h.upgrade = true;
	assert_written(&h, "GET /v1/x?y HTTP/1.1\r\nX: 1\r\nHost: a.example\r\nUpgrade: websocket\r\n"
			   "Connection: upgrade\r\n\r\n");
}

static void test_request_host(void **state)
{
	(void)state;
	struct http_head h = {.method = SPAN("GET"), .target = SPAN("/"), .keep_alive = true};
	assert_refused(&h);
	h.authority = SPAN("b.example:81");
	assert_written(&h, "GET / HTTP/1.1\r\nHost: b.example:81\r\n\r\n");
	h.authority = SPAN("b.example/x");
	assert_refused(&h);
	h = request("GET", HTTP_NO_BODY, 0);
	h.authority = SPAN("other");
	assert_written(&h, "GET /v1/x?y HTTP/1.1\r\nX: 1\r\nHost: a.example\r\n\r\n");
	assert_int_equal(http_add(&h, SPAN("host"), SPAN("a.example")), ERR_OK);
	assert_refused(&h);
}

static void test_response_framing(void **state)
{
	(void)state;
	struct http_head h = response(200, HTTP_LENGTH, 5);
	assert_written(&h, "HTTP/1.1 200 Why\r\nContent-Length: 5\r\n\r\n");
	h = response(200, HTTP_CHUNKED, 0);
	assert_written(&h, "HTTP/1.1 200 Why\r\nTransfer-Encoding: chunked\r\n\r\n");
	h = response(200, HTTP_UNTIL_CLOSE, 0);
	assert_written(&h, "HTTP/1.1 200 Why\r\nConnection: close\r\n\r\n");
	h = response(200, HTTP_NO_BODY, 0);
	assert_written(&h, "HTTP/1.1 200 Why\r\nContent-Length: 0\r\n\r\n");
	h.method = SPAN("HEAD");
	assert_written(&h, "HTTP/1.1 200 Why\r\n\r\n");
	h.length = 7;
	assert_written(&h, "HTTP/1.1 200 Why\r\nContent-Length: 7\r\n\r\n");
	h = response(200, HTTP_NO_BODY, 0);
	h.method = SPAN("CONNECT");
	assert_written(&h, "HTTP/1.1 200 Why\r\n\r\n");
	h.status = 403;
	assert_written(&h, "HTTP/1.1 403 Why\r\nContent-Length: 0\r\n\r\n");
	h = response(204, HTTP_NO_BODY, 0);
	assert_written(&h, "HTTP/1.1 204 Why\r\n\r\n");
	h = response(304, HTTP_NO_BODY, 9);
	assert_written(&h, "HTTP/1.1 304 Why\r\nContent-Length: 9\r\n\r\n");
	h = response(200, HTTP_NO_BODY, 0);
	h.reason = SPAN_NULL;
	h.keep_alive = false;
	assert_written(&h, "HTTP/1.1 200 \r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
}

static void test_interim_responses(void **state)
{
	(void)state;
	struct http_head h = {.status = 100, .reason = SPAN("Continue")};
	assert_written(&h, "HTTP/1.1 100 Continue\r\n\r\n");
	h = (struct http_head){.status = 101, .reason = SPAN("Switching Protocols"), .upgrade = true};
	assert_int_equal(http_add(&h, SPAN("Upgrade"), SPAN("websocket")), ERR_OK);
	assert_written(&h, "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: upgrade\r\n\r\n");
	static const unsigned bodyless[] = {100, 103, 204, 304};
	for (size_t i = 0; i < sizeof bodyless / sizeof *bodyless; i++) {
		h = response(bodyless[i], HTTP_CHUNKED, 0);
		assert_refused(&h);
		h = response(bodyless[i], HTTP_LENGTH, 1);
		assert_refused(&h);
		h = response(bodyless[i], HTTP_UNTIL_CLOSE, 0);
		assert_refused(&h);
	}
}

/* Every byte in every place: what would end a line or a word early is refused. */
static void test_injection(void **state)
{
	(void)state;
	for (unsigned c = 0; c < 256; c++) {
		uint8_t text[] = {'a', (uint8_t)c, 'b'};
		struct span s = span_of(text, sizeof text);
		bool control = (c < 0x20 && c != '\t') || c == 0x7f;
		bool token = strchr("!#$%&'*+-.^_`|~", (int)c) != NULL
				     ? c != 0
				     : (c >= '0' && c <= '9') || ((c | 0x20) >= 'a' && (c | 0x20) <= 'z');
		struct buf out = {0};
		struct http_head h = request("GET", HTTP_NO_BODY, 0);
		h.fields[0].value = s;
		assert_int_equal(h1_write_request(&out, &h), control ? ERR_SYNTAX : ERR_OK);
		h = request("GET", HTTP_NO_BODY, 0);
		h.fields[0].name = s;
		assert_int_equal(h1_write_request(&out, &h), token ? ERR_OK : ERR_SYNTAX);
		h = request("GET", HTTP_NO_BODY, 0);
		h.method = s;
		assert_int_equal(h1_write_request(&out, &h), token ? ERR_OK : ERR_SYNTAX);
		h = request("GET", HTTP_NO_BODY, 0);
		h.target = s;
		bool target = c > 0x20 && c < 0x7f && strchr("\"#<>\\", (int)c) == NULL;
		assert_int_equal(h1_write_request(&out, &h), target ? ERR_OK : ERR_SYNTAX);
		h = response(200, HTTP_NO_BODY, 0);
		h.reason = s;
		assert_int_equal(h1_write_response(&out, &h), control ? ERR_SYNTAX : ERR_OK);
		buf_fini(&out);
	}
}

static void test_odd_heads(void **state)
{
	(void)state;
	struct http_head h = request("", HTTP_NO_BODY, 0);
	assert_refused(&h);
	h = request("ABCDEFGHIJKLMNOPQRSTUVWXYZABCDEFG", HTTP_NO_BODY, 0);
	assert_refused(&h);
	h = request("GET", HTTP_NO_BODY, 0);
	h.target = SPAN_NULL;
	assert_refused(&h);
	h = request("GET", HTTP_NO_BODY, 0);
	h.fields[0].name = SPAN_NULL;
	assert_refused(&h);
	h.fields[0] = (struct http_field){SPAN("X"), SPAN(" a")};
	assert_refused(&h);
	h.fields[0].value = SPAN("a\t");
	assert_refused(&h);
	static uint8_t target[HTTP_MAX_TARGET + 1];
	memset(target, '/', sizeof target);
	h = request("GET", HTTP_NO_BODY, 0);
	h.target = span_of(target, sizeof target);
	assert_refused(&h);
	h = response(99, HTTP_NO_BODY, 0);
	assert_refused(&h);
	h = response(600, HTTP_NO_BODY, 0);
	assert_refused(&h);
}

/* A full buffer gets the whole head or none of it. */
static void test_full_buffer(void **state)
{
	(void)state;
	struct http_head h = request("GET", HTTP_NO_BODY, 0);
	struct buf out;
	enum err e = ERR_LIMIT;
	for (size_t limit = 1; e != ERR_OK; limit++) {
		buf_init(&out, limit);
		e = h1_write_request(&out, &h);
		assert_int_equal(out.n, e == ERR_OK ? limit : 0);
		assert_true(e == ERR_OK || e == ERR_LIMIT);
		buf_fini(&out);
	}
}

static void test_chunks(void **state)
{
	(void)state;
	struct buf out = {0};
	h1_write_chunk_head(&out, 0xabcdef);
	h1_write_chunk_tail(&out);
	h1_write_last_chunk(&out);
	assert_true(span_eq(buf_span(&out), SPAN("abcdef\r\n\r\n0\r\n\r\n")));
	buf_fini(&out);
}

/* What comes in behind the last chunk goes out there, but for what must not stand there. */
static void test_trailers(void **state)
{
	(void)state;
	const struct http_head chunked = {.framing = HTTP_CHUNKED};
	const struct span in = SPAN("2\r\nab\r\n0\r\nX-Checksum:  abc \r\nServer-Timing: a;dur=1\r\n\r\n");
	for (size_t piece = 1; piece <= in.n; piece++) {
		struct buf section = {0}, out = {0};
		struct h1_body b;
		h1_body_init(&b, &chunked);
		b.keep = &section;
		size_t at = 0;
		while (at < in.n && !b.done) {
			struct span payload;
			size_t used, n = in.n - at < piece ? in.n - at : piece;
			assert_true(h1_body_feed(&b, span_sub(in, at, at + n), &used, &payload) >= ERR_OK);
			at += used;
		}
		assert_true(b.done && at == in.n);
		struct http_head fields;
		assert_int_equal(h1_parse_trailers(buf_span(&section), &fields), ERR_OK);
		assert_int_equal(fields.n_fields, 2);
		assert_int_equal(http_add(&fields, SPAN("Content-Length"), SPAN("7")), ERR_OK);
		assert_int_equal(http_add(&fields, SPAN("Set-Cookie"), SPAN("a=b")), ERR_OK);
		assert_int_equal(http_add(&fields, SPAN("authorizatioN"), SPAN("Bearer x")), ERR_OK);
		assert_int_equal(h1_write_trailers(&out, &fields), ERR_OK);
		assert_true(span_eq(buf_span(&out), SPAN("0\r\nX-Checksum: abc\r\nServer-Timing: a;dur=1\r\n\r\n")));
		buf_clear(&out);
		assert_int_equal(http_add(&fields, SPAN("X"), SPAN("a\r\nInjected: b")), ERR_OK);
		assert_int_equal(h1_write_trailers(&out, &fields), ERR_SYNTAX);
		assert_int_equal(out.n, 0);
		buf_fini(&section);
		buf_fini(&out);
	}
	struct http_head fields;
	assert_int_equal(h1_parse_trailers(SPAN("\r\n"), &fields), ERR_OK);
	assert_int_equal(fields.n_fields, 0);
	static const struct span bad[] = {SPAN(""), SPAN("X: 1\r\n"), SPAN("X\r\n\r\n"),
					  SPAN("X: 1\r\n\r\nY: 2\r\n\r\n")};
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		assert_int_equal(h1_parse_trailers(bad[i], &fields), ERR_SYNTAX);
}

/* What is of one hop, by both ways of asking. */
static void test_hops(void **state)
{
	(void)state;
	static const struct {
		struct span connection;
		bool names_x_a, names_b;
	} heads[] = {{SPAN_NULL, false, false},
		     {SPAN("close"), false, false},
		     {SPAN("Keep-Alive, close"), false, false},
		     {SPAN("x-a"), true, false},
		     {SPAN("close,,\t X-A ,b"), true, true},
		     {SPAN("upgrade"), false, false},
		     {SPAN("b, keep-alive"), false, true}};
	static const struct {
		struct span name;
		bool always;
	} names[] = {{SPAN("TE"), true},         {SPAN("Upgrade"), true},        {SPAN("trailer"), true},
		     {SPAN("Connection"), true}, {SPAN("Keep-Alive"), true},     {SPAN("Transfer-Encoding"), true},
		     {SPAN("proxy-x"), true},    {SPAN("Content-Length"), true}, {SPAN("Proxy-"), true},
		     {SPAN("Proxy-User"), true}, {SPAN("Proxy-Any-Nam"), true},  {SPAN("Proxy-Authenticat"), true},
		     {SPAN("Accept"), false},    {SPAN("Proxy"), false},         {SPAN("x-ab"), false},
		     {SPAN("Proxied-By"), false}};
	for (size_t i = 0; i < sizeof heads / sizeof *heads; i++) {
		struct http_head h = {0};
		if (heads[i].connection.p != NULL)
			assert_int_equal(http_add(&h, SPAN("Connection"), heads[i].connection), ERR_OK);
		const struct http_hops hops = http_hops(&h);
		for (size_t k = 0; k < sizeof names / sizeof *names; k++) {
			assert_int_equal(http_is_hop(&hops, names[k].name), names[k].always);
			assert_int_equal(http_hop_by_hop(&h, names[k].name), names[k].always);
		}
		assert_int_equal(http_is_hop(&hops, SPAN("x-A")), heads[i].names_x_a);
		assert_int_equal(http_hop_by_hop(&h, SPAN("x-A")), heads[i].names_x_a);
		assert_int_equal(http_is_hop(&hops, SPAN("B")), heads[i].names_b);
		assert_int_equal(http_hop_by_hop(&h, SPAN("B")), heads[i].names_b);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_request_framing),
		cmocka_unit_test(test_hop_by_hop_fields),
		cmocka_unit_test(test_request_host),
		cmocka_unit_test(test_response_framing),
		cmocka_unit_test(test_interim_responses),
		cmocka_unit_test(test_injection),
		cmocka_unit_test(test_odd_heads),
		cmocka_unit_test(test_full_buffer),
		cmocka_unit_test(test_chunks),
		cmocka_unit_test(test_trailers),
		cmocka_unit_test(test_hops),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
