#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "server_fixture.h"

static void leave_mid_stream(struct rig *r, void *arg)
{
	struct peer p;
	CHECK(r, peer_connect(&p, r->port, mode_tls(arg)));
	CHECK(r, peer_say(&p, "GET /ticks HTTP/1.1\r\nHost: a\r\n\r\n"));
	CHECK(r, peer_until(&p, "data: tick"));
	peer_close(&p);
	CHECK(r, peer_connect(&p, r->port, mode_tls(arg)));
	CHECK(r, peer_say(&p, "GET /ticks HTTP/1.1\r\nHost: a\r\n\r\n"));
	CHECK(r, peer_until(&p, "data: tick"));
	peer_reset(&p);
}

static void test_client_that_leaves_mid_stream_is_noticed(void **state)
{
	struct rig r;
	server_begin(&r, *state);
	r.want_closed = 2;
	rig_run(&r, leave_mid_stream, *state);
	assert_int_equal(r.requests[0]->why, ERR_CLIENT_GONE);
	assert_int_equal(r.requests[1]->why, ERR_CLIENT_GONE);
	rig_fini(&r);
}

static void leave_in_silence(struct rig *r, void *arg)
{
	struct peer p;
	CHECK(r, peer_connect(&p, r->port, mode_tls(arg)));
	CHECK(r, peer_say(&p, "GET /silence HTTP/1.1\r\nHost: a\r\n\r\n"));
	while (r->n_heads == 0)
		rig_call(r, rig_nothing);
	peer_reset(&p);
}

static void test_reset_is_noticed_while_nothing_is_sent(void **state)
{
	struct rig r;
	server_begin(&r, *state);
	r.want_closed = 1;
	rig_run(&r, leave_in_silence, *state);
	assert_int_equal(r.requests[0]->why, ERR_CLIENT_GONE);
	rig_fini(&r);
}

static void close_in_silence(struct rig *r, void *arg)
{
	struct peer p;
	CHECK(r, peer_connect(&p, r->port, mode_tls(arg)));
	CHECK(r, peer_say(&p, "GET /silence HTTP/1.1\r\nHost: a\r\n\r\n"));
	while (r->n_heads == 0)
		rig_call(r, rig_nothing);
	peer_close(&p);
}

/* In good order, as clients do: no other sign than the end of their direction. */
static void test_close_is_noticed_while_nothing_is_sent(void **state)
{
	struct rig r;
	server_begin(&r, *state);
	r.want_closed = 1;
	rig_run(&r, close_in_silence, *state);
	assert_int_equal(r.requests[0]->why, ERR_CLIENT_GONE);
	rig_fini(&r);
}

static void answer_late(struct rig *r)
{
	struct http_head h = {.status = 200, .reason = SPAN("OK"), .framing = HTTP_NO_BODY};
	assert_int_equal(stream_send_head(r->requests[0]->s, &h, true), ERR_OK);
}

static void half_close_in_silence(struct rig *r, void *arg)
{
	struct peer p;
	CHECK(r, peer_connect(&p, r->port, mode_tls(arg)));
	CHECK(r, peer_say(&p, "GET /silence HTTP/1.1\r\nHost: a\r\n\r\n"));
	peer_half_close(&p);
	/* Is it still there? An interim answer finds out. */
	CHECK(r, peer_until(&p, "HTTP/1.1 100 Continue\r\n\r\n"));
	rig_call(r, answer_late);
	CHECK(r, peer_until_end(&p));
	CHECK(r, peer_has(&p, "HTTP/1.1 200 OK"));
	peer_close(&p);
}

static void test_half_closed_client_is_waited_for(void **state)
{
	server_run(*state, half_close_in_silence, 1);
}

static void owner_resets(struct rig *r, void *arg)
{
	struct peer p;
	CHECK(r, peer_connect(&p, r->port, mode_tls(arg)));
	CHECK(r, peer_say(&p, "GET /reset HTTP/1.1\r\nHost: a\r\n\r\n"));
	(void)!peer_until_end(&p);
	CHECK(r, p.in.n == 0);
	CHECK(r, mode_tls(arg) == PEER_PLAIN || p.broken);
	peer_close(&p);
}

static void test_reset_by_the_owner(void **state)
{
	struct rig r;
	server_begin(&r, *state);
	r.want_closed = 1;
	rig_run(&r, owner_resets, *state);
	assert_int_equal(r.requests[0]->why, ERR_UPSTREAM_GONE);
	rig_fini(&r);
}

static void slow_reader(struct rig *r, void *arg)
{
	enum { TOTAL = 64 * 1024 * 1024 };
	const char *paths[] = {"GET /big HTTP/1.1\r\nHost: a\r\n\r\n", "GET /bigref HTTP/1.1\r\nHost: a\r\n\r\n"};
	struct peer p;
	CHECK(r, peer_connect(&p, r->port, mode_tls(arg)));
	for (size_t i = 0; i < 2; i++) {
		p.in.n = 0;
		CHECK(r, peer_say(&p, paths[i]));
		/* The server must come to a standstill by itself before we read on. */
		for (int k = 0; k < 50; k++)
			rig_call(r, rig_nothing);
		CHECK(r, peer_until(&p, "\r\n\r\n"));
		size_t head = (size_t)((uint8_t *)memmem(p.in.p, p.in.n, "\r\n\r\n", 4) - p.in.p) + 4;
		CHECK(r, peer_until_n(&p, head + TOTAL));
		CHECK(r, p.in.n == head + TOTAL);
		for (size_t at = 0; at < TOTAL; at++)
			CHECK(r, p.in.p[head + at] == (uint8_t)at);
	}
	peer_close(&p);
}

static void test_slow_reader_costs_bounded_memory(void **state)
{
	struct rig r;
	server_begin(&r, *state);
	r.want_closed = 2;
	rig_run(&r, slow_reader, *state);
	for (size_t i = 0; i < 2; i++) {
		assert_int_equal(r.requests[i]->why, ERR_OK);
		assert_true(r.requests[i]->max_pending <= 3 * RIG_CHUNK);
	}
	rig_fini(&r);
}

static void consume_all(struct rig *r)
{
	size_t n = r->unconsumed;
	r->unconsumed = 0;
	stream_consume(r->requests[0]->s, n);
}

static void lazy_twice(struct rig *r, void *arg)
{
	static char body[2 * 65536];
	struct peer p;
	CHECK(r, peer_connect(&p, r->port, mode_tls(arg)));
	CHECK(r, peer_say(&p, "POST /lazy HTTP/1.1\r\nHost: a\r\nContent-Length: 131072\r\n\r\n"));
	CHECK(r, peer_send(&p, body, sizeof body));
	while (r->unconsumed < 65536)
		rig_call(r, rig_nothing);
	for (int k = 0; k < 50; k++)
		rig_call(r, rig_nothing);
	CHECK(r, r->unconsumed == 65536);
	rig_call(r, consume_all);
	CHECK(r, peer_until(&p, "done"));
	peer_close(&p);
}

static void test_window_stops_the_sender(void **state)
{
	struct rig r;
	server_begin(&r, *state);
	r.want_closed = 1;
	rig_run(&r, lazy_twice, *state);
	assert_int_equal(r.max_unconsumed, 65536);
	rig_fini(&r);
}

static void lazy_exact(struct rig *r, void *arg)
{
	static char body[65536];
	struct peer p;
	CHECK(r, peer_connect(&p, r->port, mode_tls(arg)));
	CHECK(r, peer_say(&p, "POST /lazy HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n8000\r\n"));
	CHECK(r, peer_send(&p, body, 32768) && peer_say(&p, "\r\n8000\r\n"));
	CHECK(r, peer_send(&p, body, 32768) && peer_say(&p, "\r\n0\r\n\r\n"));
	CHECK(r, peer_until(&p, "done"));
	peer_close(&p);
}

static void test_end_of_a_body_that_fills_the_window_is_seen(void **state)
{
	struct rig r;
	server_begin(&r, *state);
	r.want_closed = 1;
	rig_run(&r, lazy_exact, *state);
	assert_int_equal(r.max_unconsumed, 65536);
	assert_true(r.requests[0]->end);
	rig_fini(&r);
}

static void wait_for_end(struct rig *r, void *arg)
{
	struct peer p;
	CHECK(r, peer_connect(&p, r->port, mode_tls(arg)));
	CHECK(r, peer_until_end(&p));
	CHECK(r, p.in.n == 0);
	peer_close(&p);
	/* A head that begins and does not end. */
	CHECK(r, peer_connect(&p, r->port, mode_tls(arg)));
	CHECK(r, peer_say(&p, "GET / HTTP/1.1\r\n"));
	CHECK(r, peer_until_end(&p));
	CHECK(r, peer_has(&p, "HTTP/1.1 408 "));
	peer_close(&p);
	/* A body that stops. */
	CHECK(r, peer_connect(&p, r->port, mode_tls(arg)));
	CHECK(r, peer_say(&p, "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhel"));
	CHECK(r, peer_until_end(&p));
	CHECK(r, peer_has(&p, "HTTP/1.1 408 "));
	peer_close(&p);
	/* A connection that is kept and not used. */
	CHECK(r, peer_connect(&p, r->port, mode_tls(arg)));
	CHECK(r, peer_say(&p, "GET /hello HTTP/1.1\r\nHost: a\r\n\r\n"));
	CHECK(r, peer_until_end(&p));
	CHECK(r, peer_count(&p, "HTTP/1.1 ") == 1 && peer_has(&p, "hello"));
	peer_close(&p);
}

static void stop_reading(struct rig *r, void *arg)
{
	struct peer p;
	CHECK(r, peer_connect(&p, r->port, mode_tls(arg)));
	CHECK(r, peer_say(&p, "GET /big HTTP/1.1\r\nHost: a\r\n\r\n"));
	while (r->n_closed == 0)
		rig_call(r, rig_nothing);
	CHECK(r, !peer_until_end(&p));
	peer_close(&p);
}

static void test_timeouts(void **state)
{
	struct rig r;
	server_fixture_limits.head_ms = server_fixture_limits.idle_ms = server_fixture_limits.body_idle_ms =
		server_fixture_limits.write_idle_ms = 60;
	server_begin(&r, *state);
	r.want_closed = 3;
	rig_run(&r, wait_for_end, *state);
	assert_int_equal(r.requests[0]->malformed, ERR_TIMEOUT);
	assert_int_equal(r.requests[1]->why, ERR_TIMEOUT);
	assert_int_equal(r.requests[2]->why, ERR_OK);
	rig_fini(&r);
	server_begin(&r, *state);
	r.want_closed = 1;
	rig_run(&r, stop_reading, *state);
	assert_int_equal(r.requests[0]->why, ERR_CLIENT_GONE);
	rig_fini(&r);
	server_fixture_limits = rig_limits();
}

static void many(struct rig *r, void *arg)
{
	enum { N = 200 };
	static struct peer p[N];
	char text[160];
	for (int i = 0; i < N; i++)
		CHECK(r, peer_connect(&p[i], r->port, mode_tls(arg)));
	for (int i = 0; i < N; i++) {
		snprintf(text, sizeof text, "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 6\r\n\r\n<%04d>", i);
		CHECK(r, peer_say(&p[i], text));
	}
	for (int i = N - 1; i >= 0; i--) {
		snprintf(text, sizeof text, "\r\n\r\n<%04d>", i);
		CHECK(r, peer_until(&p[i], text));
		peer_close(&p[i]);
	}
}

static void test_200_connections_at_once(void **state)
{
	server_run(*state, many, 200);
}

static void drain_now(struct rig *r)
{
	server_drain(r->server);
}

static void release(struct rig *r)
{
	const struct http_head h = {.status = 200, .framing = HTTP_NO_BODY};
	assert_int_equal(stream_send_head(r->requests[1]->s, &h, true), ERR_OK);
}

static void drained(struct rig *r, void *arg)
{
	struct peer idle, busy;
	CHECK(r, peer_connect(&idle, r->port, mode_tls(arg)));
	CHECK(r, peer_say(&idle, "GET /hello HTTP/1.1\r\nHost: a\r\n\r\n"));
	CHECK(r, peer_until(&idle, "hello"));
	CHECK(r, peer_connect(&busy, r->port, mode_tls(arg)));
	CHECK(r, peer_say(&busy, "GET /held HTTP/1.1\r\nHost: a\r\n\r\n"));
	while (r->n_heads < 2)
		rig_call(r, rig_nothing);
	rig_call(r, drain_now);
	CHECK(r, peer_until_end(&idle));
	rig_call(r, release);
	CHECK(r, peer_until_end(&busy));
	CHECK(r, peer_has(&busy, "HTTP/1.1 200 ") && peer_has(&busy, "Connection: close"));
	peer_close(&idle);
	peer_close(&busy);
	struct peer p;
	CHECK(r, !peer_connect(&p, r->port, PEER_PLAIN));
	peer_close(&p);
}

static void test_drain(void **state)
{
	server_run(*state, drained, 2);
}

static void leave_open(struct rig *r, void *arg)
{
	struct peer *p = calloc(3, sizeof *p);
	for (int i = 0; i < 3; i++)
		CHECK(r, peer_connect(&p[i], r->port, PEER_PLAIN));
	CHECK(r, peer_say(&p[0], "GET /held HTTP/1.1\r\nHost: a\r\n\r\n"));
	CHECK(r, peer_say(&p[1], "POST /held HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhel"));
	CHECK(r, peer_say(&p[2], "GET /hel"));
	while (r->n_heads < 2)
		rig_call(r, rig_nothing);
	*(struct peer **)arg = p;
}

static void test_free_resets_what_is_left(void **state)
{
	struct rig r;
	struct peer *p = NULL;
	server_begin(&r, *state);
	rig_run(&r, leave_open, &p);
	assert_int_equal(server_conns(r.server), 3);
	server_free(r.server);
	r.server = NULL;
	assert_int_equal(r.n_closed, 2);
	assert_int_equal(r.requests[0]->why, ERR_SHUTDOWN);
	for (int i = 0; i < 3; i++)
		peer_close(&p[i]);
	free(p);
	rig_fini(&r);
}

static size_t conns_seen;

static void see_conns(struct rig *r)
{
	conns_seen = server_conns(r->server);
}

static void over_the_limit(struct rig *r, void *arg)
{
	struct peer p[3];
	for (int i = 0; i < 3; i++)
		CHECK(r, peer_connect(&p[i], r->port, PEER_PLAIN));
	(void)arg;
	for (int i = 0; i < 2; i++) {
		CHECK(r, peer_say(&p[i], "GET /hello HTTP/1.1\r\nHost: a\r\n\r\n"));
		CHECK(r, peer_until(&p[i], "hello"));
	}
	CHECK(r, peer_say(&p[2], "GET /hello HTTP/1.1\r\nHost: a\r\n\r\n"));
	for (int k = 0; k < 50; k++)
		rig_call(r, rig_nothing);
	rig_call(r, see_conns);
	CHECK(r, r->n_heads == 2 && conns_seen == 2);
	/* It waits in the kernel until there is room. */
	peer_close(&p[0]);
	CHECK(r, peer_until(&p[2], "hello"));
	peer_close(&p[1]);
	peer_close(&p[2]);
}

static void test_connections_over_the_limit_wait(void **state)
{
	server_fixture_limits.max_conns = 2;
	server_run(*state, over_the_limit, 3);
	server_fixture_limits = rig_limits();
}

static bool all_closed;

static void see_closed(struct rig *r)
{
	all_closed = r->n_closed == r->n_requests;
}

static void send_garbage(struct rig *r, void *arg)
{
	static const char *const texts[] = {
		"POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhelloGET /hello HTTP/1.1\r\nHost: "
		"a\r\n\r\n",
		"POST /chunked HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5;a=b\r\nhello\r\n0\r\nX: "
		"y\r\n\r\n",
		"POST /early HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 9\r\n\r\n123456789",
		"GET /hint HTTP/1.0\r\nConnection: keep-alive\r\n\r\nHEAD /hello HTTP/1.1\r\nHost: a\r\n\r\n",
	};
	uint32_t state = 1;
	for (int i = 0; i < 400; i++) {
		char text[512];
		size_t n = mutate(&state, texts[noise(&state) % 4], text, sizeof text);
		size_t cut = noise(&state) % (n + 1);
		struct peer p;
		CHECK(r, peer_connect(&p, r->port, mode_tls(arg)));
		CHECK(r, peer_send(&p, text, cut));
		if (noise(&state) % 2 == 0)
			rig_call(r, rig_nothing);
		/* It may have been answered and closed by now. */
		(void)!peer_send(&p, text + cut, n - cut);
		if (noise(&state) % 2 == 0)
			rig_call(r, rig_nothing);
		peer_reset(&p);
	}
	/* Whatever began has ended, once. */
	do
		rig_call(r, see_closed);
	while (!all_closed);
}

static void test_garbage(void **state)
{
	struct rig r;
	server_begin(&r, *state);
	rig_run(&r, send_garbage, *state);
	rig_fini(&r);
}

#define BOTH(f) cmocka_unit_test_prestate(f, &server_plain), cmocka_unit_test_prestate(f, &server_tls_on)

int main(void)
{
	const struct CMUnitTest tests[] = {
		BOTH(test_client_that_leaves_mid_stream_is_noticed),
		BOTH(test_reset_is_noticed_while_nothing_is_sent),
		BOTH(test_close_is_noticed_while_nothing_is_sent),
		BOTH(test_half_closed_client_is_waited_for),
		BOTH(test_reset_by_the_owner),
		BOTH(test_slow_reader_costs_bounded_memory),
		BOTH(test_window_stops_the_sender),
		BOTH(test_end_of_a_body_that_fills_the_window_is_seen),
		BOTH(test_timeouts),
		BOTH(test_200_connections_at_once),
		BOTH(test_drain),
		BOTH(test_garbage),
		cmocka_unit_test_prestate(test_free_resets_what_is_left, &server_plain),
		cmocka_unit_test_prestate(test_connections_over_the_limit_wait, &server_plain),
	};
	return cmocka_run_group_tests(tests, server_setup, server_teardown);
}
