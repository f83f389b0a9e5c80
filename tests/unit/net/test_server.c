#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "server_fixture.h"

static void one_request(struct rig *r, void *arg)
{
	struct peer p;
	CHECK(r, peer_connect(&p, r->port, mode_tls(arg)));
	CHECK(r, peer_say(&p, "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello"));
	CHECK(r, peer_until(&p, "\r\n\r\nhello"));
	CHECK(r, peer_has(&p, "HTTP/1.1 200 Because\r\nContent-Type: text/plain\r\nContent-Length: 5\r\n\r\n"));
	CHECK(r, !peer_has(&p, "Connection"));
	peer_close(&p);
}

static void test_request_is_answered(void **state)
{
	struct rig r;
	server_begin(&r, *state);
	r.want_closed = 1;
	rig_run(&r, one_request, *state);
	const struct request *q = r.requests[0];
	assert_int_equal(r.n_requests, 1);
	assert_true(q->head && q->end && q->closed);
	assert_int_equal(q->why, ERR_OK);
	rig_fini(&r);
}

static void byte_by_byte(struct rig *r, void *arg)
{
	const char *text = "POST /chunked?x HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
			   "5;x=y\r\nhello\r\n6\r\n world\r\n0\r\nX-T: 1\r\n\r\n";
	struct peer p;
	CHECK(r, peer_connect(&p, r->port, mode_tls(arg)));
	for (size_t i = 0; i < strlen(text); i++)
		CHECK(r, peer_send(&p, text + i, 1));
	CHECK(r, peer_until(&p, "0\r\n\r\n"));
	CHECK(r, peer_has(&p, "Transfer-Encoding: chunked\r\n\r\nb\r\nhello world\r\n0\r\n\r\n"));
	/* And cut in two at each place, over one connection. */
	for (size_t i = 1; i < strlen(text); i++) {
		p.in.n = 0;
		CHECK(r, peer_send(&p, text, i));
		CHECK(r, peer_send(&p, text + i, strlen(text) - i));
		CHECK(r, peer_until(&p, "b\r\nhello world\r\n0\r\n\r\n"));
	}
	peer_close(&p);
}

static void test_request_in_pieces(void **state)
{
	server_run(*state, byte_by_byte,
		   strlen("POST /chunked?x HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
			  "5;x=y\r\nhello\r\n6\r\n world\r\n0\r\nX-T: 1\r\n\r\n"));
}

static void pipeline(struct rig *r, void *arg)
{
	enum { N = 100 };
	struct peer p;
	struct buf all = {0};
	CHECK(r, peer_connect(&p, r->port, mode_tls(arg)));
	for (int i = 0; i < N; i++)
		buf_printf(&all, "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 8\r\n\r\n<%06d>", i);
	CHECK(r, peer_send(&p, all.p, all.n));
	CHECK(r, peer_until(&p, "<000099>"));
	CHECK(r, peer_count(&p, "HTTP/1.1 200") == N);
	const uint8_t *at = p.in.p;
	for (int i = 0; i < N; i++) {
		char want[16];
		snprintf(want, sizeof want, "<%06d>", i);
		at = memmem(at, (size_t)(p.in.p + p.in.n - at), want, strlen(want));
		CHECK(r, at != NULL);
	}
	buf_fini(&all);
	peer_close(&p);
}

static void test_pipelined_requests_are_answered_in_order(void **state)
{
	server_run(*state, pipeline, 100);
}

static void no_body_answers(struct rig *r, void *arg)
{
	struct peer p;
	CHECK(r, peer_connect(&p, r->port, mode_tls(arg)));
	CHECK(r, peer_say(&p, "HEAD /hello HTTP/1.1\r\nHost: a\r\n\r\nGET /nocontent HTTP/1.1\r\nHost: a\r\n\r\n"
			      "GET /notmodified HTTP/1.1\r\nHost: a\r\n\r\nGET /hello HTTP/1.1\r\nHost: a\r\n\r\n"));
	CHECK(r, peer_until(&p, "\r\n\r\nhello"));
	CHECK(r, peer_count(&p, "HTTP/1.1 ") == 4);
	CHECK(r, peer_count(&p, "hello") == 1);
	CHECK(r, peer_count(&p, "Content-Length: 5\r\n") == 2);
	CHECK(r, peer_has(&p, "204 Because\r\nContent-Type: text/plain\r\n\r\nHTTP/1.1 304 Because\r\n"));
	peer_close(&p);
}

static void test_answers_without_body(void **state)
{
	server_run(*state, no_body_answers, 4);
}

static void expect(struct rig *r, void *arg)
{
	const char *head = "POST /echo HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n";
	struct peer p;
	CHECK(r, peer_connect(&p, r->port, mode_tls(arg)));
	CHECK(r, peer_say(&p, head));
	CHECK(r, peer_until(&p, "HTTP/1.1 100 Continue\r\n\r\n"));
	CHECK(r, p.in.n == strlen("HTTP/1.1 100 Continue\r\n\r\n"));
	CHECK(r, peer_say(&p, "ab"));
	CHECK(r, peer_until(&p, "\r\n\r\nab"));
	p.in.n = 0;
	/* A client that does not wait is not told. */
	CHECK(r,
	      peer_say(&p, "POST /patient HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\nab"));
	CHECK(r, peer_until(&p, "done"));
	CHECK(r, !peer_has(&p, "100 Continue"));
	p.in.n = 0;
	/* One that is refused at once is not asked for its body. */
	CHECK(r, peer_say(&p, "POST /early HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n"));
	CHECK(r, peer_until_end(&p));
	CHECK(r, !peer_has(&p, "100 Continue") && peer_has(&p, "HTTP/1.1 413") && peer_has(&p, "Connection: close"));
	peer_close(&p);
}

static void test_expect_continue(void **state)
{
	server_run(*state, expect, 3);
}

static void hints(struct rig *r, void *arg)
{
	struct peer p;
	CHECK(r, peer_connect(&p, r->port, mode_tls(arg)));
	CHECK(r, peer_say(&p, "GET /hint HTTP/1.1\r\nHost: a\r\n\r\n"));
	CHECK(r, peer_until(&p, "hinted"));
	CHECK(r, peer_has(&p, "HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\nHTTP/1.1 200 "));
	/* HTTP/1.0 knows no interim answers. */
	p.in.n = 0;
	CHECK(r, peer_say(&p, "GET /hint HTTP/1.0\r\n\r\n"));
	CHECK(r, peer_until_end(&p));
	CHECK(r, !peer_has(&p, "103") && peer_has(&p, "hinted"));
	peer_close(&p);
}

static void test_interim_answers(void **state)
{
	server_run(*state, hints, 2);
}

static void old_client(struct rig *r, void *arg)
{
	struct peer p;
	CHECK(r, peer_connect(&p, r->port, mode_tls(arg)));
	CHECK(r, peer_say(&p, "POST /chunked HTTP/1.0\r\nContent-Length: 3\r\n\r\nabc"));
	CHECK(r, peer_until_end(&p));
	CHECK(r, peer_has(&p, "\r\n\r\nabc") && !peer_has(&p, "chunked") && peer_has(&p, "Connection: close"));
	CHECK(r, memcmp(p.in.p + p.in.n - 3, "abc", 3) == 0);
	peer_close(&p);
}

static void test_http10_gets_no_chunks(void **state)
{
	server_run(*state, old_client, 1);
}

static void early(struct rig *r, void *arg)
{
	struct peer p;
	char block[4096] = {0};
	CHECK(r, peer_connect(&p, r->port, mode_tls(arg)));
	CHECK(r, peer_say(&p, "POST /early HTTP/1.1\r\nHost: a\r\nContent-Length: 200000\r\n\r\n"));
	for (size_t i = 0; i < 200000; i += sizeof block)
		CHECK(r, peer_send(&p, block, 200000 - i < sizeof block ? 200000 - i : sizeof block));
	CHECK(r, peer_until_end(&p));
	CHECK(r, peer_has(&p, "HTTP/1.1 413") && peer_has(&p, "too large") && peer_has(&p, "Connection: close"));
	peer_close(&p);
	/* A short rest is read, and the connection stays. */
	CHECK(r, peer_connect(&p, r->port, mode_tls(arg)));
	CHECK(r, peer_say(&p, "POST /early HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\n01234"));
	CHECK(r, peer_until(&p, "too large"));
	CHECK(r, !peer_has(&p, "Connection: close"));
	CHECK(r, peer_say(&p, "56789GET /hello HTTP/1.1\r\nHost: a\r\n\r\n"));
	CHECK(r, peer_until(&p, "hello"));
	peer_close(&p);
}

static void test_early_answer(void **state)
{
	server_run(*state, early, 3);
}

struct bad {
	const char *text, *status;
};

static const struct bad bad_requests[] = {
	{"GET / HTTP/1.1\r\n\r\n", "400"},
	{"GET / HTTP/2.0\r\nHost: a\r\n\r\n", "505"},
	{"GET / HTTP/1.1\nHost: a\n\n", "400"},
	{"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\n", "400"},
	{"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", "400"},
	{"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3, 3\r\n\r\nabc", "400"},
	{"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", "400"},
	{"GET / HTTP/1.1\r\nHost: a\r\nA: b\r\n c\r\n\r\n", "400"},
	{"GET /x HTTP/1.1\r\nHost : a\r\n\r\n", "400"},
};

static void malformed(struct rig *r, void *arg)
{
	for (size_t i = 0; i < sizeof bad_requests / sizeof *bad_requests; i++) {
		struct peer p;
		char want[32];
		CHECK(r, peer_connect(&p, r->port, mode_tls(arg)));
		CHECK(r, peer_say(&p, "GET /hello HTTP/1.1\r\nHost: a\r\n\r\n"));
		CHECK(r, peer_until(&p, "hello"));
		CHECK(r, peer_say(&p, bad_requests[i].text));
		/* Smuggled behind it: never seen. */
		CHECK(r, peer_say(&p, "GET /hello HTTP/1.1\r\nHost: a\r\n\r\n"));
		CHECK(r, peer_until_end(&p));
		snprintf(want, sizeof want, "HTTP/1.1 %s ", bad_requests[i].status);
		CHECK(r, peer_has(&p, want) && peer_has(&p, "Connection: close"));
		CHECK(r, peer_count(&p, "HTTP/1.1 ") == 2);
		peer_close(&p);
	}
}

static void test_malformed_requests_are_answered_by_the_owner_and_end_the_connection(void **state)
{
	server_run(*state, malformed, 2 * sizeof bad_requests / sizeof *bad_requests);
}

static void huge_head(struct rig *r, void *arg)
{
	struct peer p;
	CHECK(r, peer_connect(&p, r->port, mode_tls(arg)));
	CHECK(r, peer_say(&p, "GET / HTTP/1.1\r\nHost: a\r\nX: "));
	char block[8192];
	memset(block, 'x', sizeof block);
	for (int i = 0; i < 9; i++)
		CHECK(r, peer_send(&p, block, sizeof block));
	CHECK(r, peer_until(&p, "HTTP/1.1 431 "));
	peer_close(&p);
	/* Just below the limit all is well. */
	CHECK(r, peer_connect(&p, r->port, mode_tls(arg)));
	CHECK(r, peer_say(&p, "GET /hello HTTP/1.1\r\nHost: a\r\n"));
	for (int i = 0; i < 7; i++)
		CHECK(r, peer_say(&p, "X: ") && peer_send(&p, block, sizeof block) && peer_say(&p, "\r\n"));
	CHECK(r, peer_say(&p, "\r\n"));
	CHECK(r, peer_until(&p, "\r\n\r\nhello"));
	peer_close(&p);
}

static void test_large_heads(void **state)
{
	server_run(*state, huge_head, 2);
}

static void bad_chunk(struct rig *r, void *arg)
{
	struct peer p;
	CHECK(r, peer_connect(&p, r->port, mode_tls(arg)));
	CHECK(r, peer_say(&p, "POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabcX"));
	CHECK(r, peer_until_end(&p));
	CHECK(r, peer_has(&p, "HTTP/1.1 400 ") && peer_has(&p, "Connection: close"));
	peer_close(&p);
}

static void test_broken_body(void **state)
{
	struct rig r;
	server_begin(&r, *state);
	r.want_closed = 1;
	rig_run(&r, bad_chunk, *state);
	assert_int_equal(r.requests[0]->why, ERR_FRAMING);
	assert_false(r.requests[0]->end);
	rig_fini(&r);
}

static void mended(struct rig *r, void *arg)
{
	struct peer p;
	CHECK(r, peer_connect(&p, r->port, mode_tls(arg)));
	CHECK(r, peer_say(&p, "POST /mend HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabcX"));
	CHECK(r, peer_say(&p, "GET /hello HTTP/1.1\r\nHost: a\r\n\r\n"));
	CHECK(r, peer_until_end(&p));
	CHECK(r, peer_has(&p, "HTTP/1.1 400 ") && peer_has(&p, "Connection: close") && peer_has(&p, "\r\n\r\nFRAMING"));
	CHECK(r, peer_count(&p, "HTTP/1.1 ") == 1);
	peer_close(&p);
	/* Too late: part of a body, and then nothing. */
	CHECK(r, peer_connect(&p, r->port, mode_tls(arg)));
	CHECK(r, peer_say(&p, "POST /mend HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nab"));
	CHECK(r, peer_until_end(&p));
	CHECK(r, peer_has(&p, "HTTP/1.1 408 ") && peer_has(&p, "\r\n\r\nTIMEOUT"));
	peer_close(&p);
}

static void test_broken_body_is_answered_by_an_owner_who_wants_to(void **state)
{
	struct rig r;
	uint32_t before = server_fixture_limits.body_idle_ms;
	server_fixture_limits.body_idle_ms = 50;
	server_begin(&r, *state);
	server_fixture_limits.body_idle_ms = before;
	r.want_closed = 2;
	rig_run(&r, mended, *state);
	for (size_t i = 0; i < 2; i++) {
		assert_int_equal(r.requests[i]->why, ERR_OK);
		assert_false(r.requests[i]->end);
	}
	rig_fini(&r);
}

static void ask_for_trailers(struct rig *r, void *arg)
{
	struct peer p;
	CHECK(r, peer_connect(&p, r->port, mode_tls(arg)));
	CHECK(r, peer_say(&p, "GET /trailers HTTP/1.1\r\nHost: a\r\n\r\n"));
	CHECK(r, peer_until(&p, "5\r\nhello\r\n0\r\nX-Checksum: abc\r\n\r\n"));
	CHECK(r, peer_say(&p, "HEAD /trailers HTTP/1.1\r\nHost: a\r\n\r\nGET /hello HTTP/1.1\r\nHost: a\r\n\r\n"));
	CHECK(r, peer_until(&p, "\r\n\r\nhello"));
	CHECK(r, peer_count(&p, "X-Checksum") == 1);
	CHECK(r, peer_say(&p, "GET /trailers HTTP/1.0\r\n\r\n"));
	CHECK(r, peer_until_end(&p));
	CHECK(r, peer_count(&p, "X-Checksum") == 1); /* without chunks there is no place for them */
	peer_close(&p);
}

static void test_trailers(void **state)
{
	server_run(*state, ask_for_trailers, 4);
}

static void half_close(struct rig *r, void *arg)
{
	struct peer p;
	CHECK(r, peer_connect(&p, r->port, mode_tls(arg)));
	CHECK(r, peer_say(&p, "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello"));
	peer_half_close(&p);
	CHECK(r, peer_until_end(&p));
	CHECK(r, peer_has(&p, "\r\n\r\nhello"));
	peer_close(&p);
}

static void test_half_closed_client_gets_its_answer(void **state)
{
	server_run(*state, half_close, 1);
}

static void cut_body(struct rig *r, void *arg)
{
	struct peer p;
	CHECK(r, peer_connect(&p, r->port, mode_tls(arg)));
	CHECK(r, peer_say(&p, "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhel"));
	peer_half_close(&p);
	(void)!peer_until_end(&p);
	CHECK(r, p.in.n == 0);
	peer_close(&p);
}

static void test_cut_request_is_never_complete(void **state)
{
	struct rig r;
	server_begin(&r, *state);
	r.want_closed = 1;
	rig_run(&r, cut_body, *state);
	assert_int_equal(r.requests[0]->why, ERR_CLIENT_GONE);
	assert_false(r.requests[0]->end);
	rig_fini(&r);
}

#define BOTH(f) cmocka_unit_test_prestate(f, &server_plain), cmocka_unit_test_prestate(f, &server_tls_on)

int main(void)
{
	const struct CMUnitTest tests[] = {
		BOTH(test_request_is_answered),
		BOTH(test_request_in_pieces),
		BOTH(test_pipelined_requests_are_answered_in_order),
		BOTH(test_answers_without_body),
		BOTH(test_expect_continue),
		BOTH(test_interim_answers),
		BOTH(test_http10_gets_no_chunks),
		BOTH(test_early_answer),
		BOTH(test_malformed_requests_are_answered_by_the_owner_and_end_the_connection),
		BOTH(test_large_heads),
		BOTH(test_broken_body),
		BOTH(test_broken_body_is_answered_by_an_owner_who_wants_to),
		BOTH(test_trailers),
		BOTH(test_half_closed_client_gets_its_answer),
		BOTH(test_cut_request_is_never_complete),
	};
	return cmocka_run_group_tests(tests, server_setup, server_teardown);
}
