#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "client_fixture.h"

static void one_answer(struct rig *r, void *arg)
{
	struct fixture *f = arg;
	struct peer p;
	CHECK(r, client_take(f, &p));
	/* Head and body come in one piece. */
	CHECK(r, peer_until_n(&p, 1));
	CHECK(r, peer_has(&p, "POST /v1 HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\n\r\nhello"));
	CHECK(r, peer_say(&p, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nX-Y: z\r\n\r\nhi"));
	peer_close(&p);
}

static void test_request_and_answer(void **state)
{
	struct fixture f;
	client_begin(&f, *state);
	client_prepare(&f);
	f.calls[0].method = "POST";
	f.calls[0].path = "/v1";
	f.calls[0].body = SPAN("hello");
	client_run(&f, one_answer, 1);
	assert_true(client_answered(&f.calls[0], 200, "hi"));
	assert_string_equal(f.calls[0].address, "127.0.0.1");
	assert_false(f.calls[0].peer.reused);
	assert_int_equal(f.calls[0].verified, f.tls);
	assert_int_equal(f.calls[0].peer.tls, f.tls);
	if (f.tls) {
		static const uint8_t none[32];
		assert_int_equal(f.calls[0].peer.tls_version, 0x0304);
		assert_memory_not_equal(f.calls[0].peer.cert_sha256, none, 32);
	}
	client_end(&f);
}

/* Two requests on one connection; the answer to each is f->answer, byte by byte the first time. */
static void twice(struct rig *r, void *arg)
{
	struct fixture *f = arg;
	struct peer p;
	CHECK(r, client_take(f, &p));
	CHECK(r, peer_until(&p, "\r\n\r\n"));
	for (size_t i = 0; i < strlen(f->answer); i++)
		CHECK(r, peer_send(&p, f->answer + i, 1));
	p.in.n = 0;
	CHECK(r, peer_until(&p, "\r\n\r\n"));
	CHECK(r, peer_say(&p, f->answer));
	peer_close(&p);
}

static void test_connection_is_used_again(void **state)
{
	struct fixture f;
	client_begin(&f, *state);
	client_prepare(&f);
	f.answer = "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: <x>\r\n\r\n"
		   "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n6;a=b\r\n world\r\n0\r\nX-T: "
		   "1\r\n\r\n";
	client_run(&f, twice, 2);
	for (size_t i = 0; i < 2; i++) {
		assert_true(client_answered(&f.calls[i], 200, "hello world"));
		assert_int_equal(f.calls[i].interim, 2);
		assert_true(span_eq(buf_span(&f.calls[i].trailers), SPAN("X-T: 1\n")));
		assert_int_equal(f.calls[i].peer.reused, i == 1);
	}
	client_end(&f);
}

static void test_answers_without_body(void **state)
{
	static const struct {
		const char *method, *answer;
		unsigned status;
	} cases[] = {
		{"HEAD", "HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n", 200},
		{"GET", "HTTP/1.1 204 No Content\r\n\r\n", 204},
		{"GET", "HTTP/1.1 304 Not Modified\r\nContent-Length: 1000\r\n\r\n", 304},
		{"GET", "HTTP/1.1 500 Oh\r\nContent-Length: 0\r\n\r\n", 500},
	};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct fixture f;
		client_begin(&f, *state);
		client_prepare(&f);
		f.answer = cases[i].answer;
		f.calls[0].method = f.calls[1].method = cases[i].method;
		client_run(&f, twice, 2);
		assert_true(client_answered(&f.calls[0], cases[i].status, ""));
		assert_true(client_answered(&f.calls[1], cases[i].status, ""));
		assert_true(f.calls[1].peer.reused);
		client_end(&f);
	}
}

/* Answers with f->answer and ends the connection, then serves another. */
static void answer_and_end(struct rig *r, void *arg)
{
	struct fixture *f = arg;
	struct peer p;
	CHECK(r, client_take(f, &p));
	CHECK(r, peer_until(&p, "\r\n\r\n"));
	CHECK(r, peer_say(&p, f->answer));
	if (f->say_goodbye)
		peer_half_close(&p);
	peer_close(&p);
}

static void test_answer_until_close(void **state)
{
	for (int goodbye = 0; goodbye < 2; goodbye++) {
		struct fixture f;
		client_begin(&f, *state);
		client_prepare(&f);
		f.answer = "HTTP/1.1 200 OK\r\n\r\nall of it";
		f.say_goodbye = goodbye == 1;
		client_run(&f, answer_and_end, 1);
		/* Only TLS can tell an end from a cut. */
		bool whole = !f.tls || goodbye == 1;
		assert_int_equal(f.calls[0].why, whole ? ERR_OK : ERR_UPSTREAM_GONE);
		assert_int_equal(f.calls[0].end, whole);
		assert_int_equal(f.calls[0].got, 9);
		client_end(&f);
	}
}

static void test_bad_answers(void **state)
{
	static const struct {
		const char *answer;
		enum err why;
	} cases[] = {
		{"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\ncut", ERR_UPSTREAM_GONE},
		{"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n", ERR_UPSTREAM_GONE},
		{"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhelloX", ERR_UPSTREAM},
		{"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", ERR_UPSTREAM},
		{"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello", ERR_UPSTREAM},
		{"SSH-2.0-OpenSSH_9.2\r\n", ERR_UPSTREAM},
		{"HTTP/1.1 200 OK\r\nContent", ERR_UPSTREAM},
		{"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n", ERR_UPSTREAM},
		{"HTTP/1.1 200 OK\nContent-Length: 0\n\n", ERR_UPSTREAM},
		{"HTTP/1.1 200 OK\r\nA: b\r\n c\r\n\r\n", ERR_UPSTREAM},
		{"", ERR_UPSTREAM_GONE},
	};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct fixture f;
		client_begin(&f, *state);
		client_prepare(&f);
		f.answer = cases[i].answer;
		f.say_goodbye = true;
		client_run(&f, answer_and_end, 1);
		assert_int_equal(f.calls[0].why, cases[i].why);
		assert_false(f.calls[0].end);
		client_end(&f);
	}
}

static void reset_mid_answer(struct rig *r, void *arg)
{
	struct fixture *f = arg;
	struct peer p;
	CHECK(r, client_take(f, &p));
	CHECK(r, peer_until(&p, "\r\n\r\n"));
	CHECK(r, peer_say(&p, "HTTP/1.1 200 OK\r\n\r\nsome"));
	while (f->calls[0].got < 4)
		rig_call(r, rig_nothing);
	peer_reset(&p);
}

static void test_reset_is_never_an_end(void **state)
{
	struct fixture f;
	client_begin(&f, *state);
	client_prepare(&f);
	client_run(&f, reset_mid_answer, 1);
	assert_int_equal(f.calls[0].why, ERR_UPSTREAM_GONE);
	assert_false(f.calls[0].end);
	client_end(&f);
}

static void reset_behind_bytes(struct rig *r, void *arg)
{
	struct fixture *f = arg;
	struct peer p;
	CHECK(r, client_take(f, &p));
	/* Only part of the request is read; closing then resets, right behind what was said. */
	CHECK(r, peer_until_n(&p, 1));
	CHECK(r, peer_say(&p, "HTTP/1.1 200 OK\r\n\r\nsome"));
	peer_reset(&p);
}

static void test_reset_right_behind_bytes_is_never_an_end(void **state)
{
	for (int i = 0; i < 50; i++) {
		struct fixture f;
		client_begin(&f, *state);
		client_prepare(&f);
		client_run(&f, reset_behind_bytes, 1);
		assert_true(f.calls[0].why == ERR_UPSTREAM_GONE || f.calls[0].why == ERR_UPSTREAM);
		assert_false(f.calls[0].end);
		client_end(&f);
	}
}

static void serve_two_connections(struct rig *r, void *arg)
{
	struct fixture *f = arg;
	for (int i = 0; i < 2; i++) {
		struct peer p;
		CHECK(r, client_take(f, &p));
		CHECK(r, peer_until(&p, "\r\n\r\n"));
		CHECK(r, peer_say(&p, f->answer));
		CHECK(r, i == 1 || peer_until_end(&p) || f->tls);
		peer_close(&p);
	}
}

static void test_answers_that_spoil_the_connection(void **state)
{
	static const char *const answers[] = {
		"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nhi",
		"HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nhi",
		"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhiHTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil",
	};
	for (size_t i = 0; i < sizeof answers / sizeof *answers; i++) {
		struct fixture f;
		client_begin(&f, *state);
		client_prepare(&f);
		f.answer = answers[i];
		client_run(&f, serve_two_connections, 2);
		assert_true(client_answered(&f.calls[0], 200, "hi"));
		assert_true(client_answered(&f.calls[1], 200, "hi"));
		assert_false(f.calls[1].peer.reused);
		client_end(&f);
	}
}

static void start_second(struct rig *r)
{
	struct fixture *f = r->arg;
	call_start(&f->calls[1]);
}

/* Serves one request and closes the idle connection; then, when that is surely known, another. */
static void close_idle(struct rig *r, void *arg)
{
	struct fixture *f = arg;
	struct peer p;
	CHECK(r, client_take(f, &p));
	CHECK(r, peer_until(&p, "\r\n\r\n"));
	CHECK(r, peer_say(&p, f->answer));
	while (r->n_closed == 0)
		rig_call(r, rig_nothing);
	peer_half_close(&p);
	/* The client closes its side too. */
	(void)!peer_until_end(&p);
	peer_close(&p);
	rig_call(r, start_second);
	CHECK(r, client_take(f, &p));
	CHECK(r, peer_until(&p, "\r\n\r\n"));
	CHECK(r, peer_say(&p, f->answer));
	peer_close(&p);
}

static void test_idle_connection_that_ends_is_not_used(void **state)
{
	struct fixture f;
	client_begin(&f, *state);
	client_prepare(&f);
	f.answer = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi";
	f.rig.want_closed = 2;
	call_start(&f.calls[0]);
	rig_run(&f.rig, close_idle, &f);
	assert_true(client_answered(&f.calls[0], 200, "hi"));
	assert_true(client_answered(&f.calls[1], 200, "hi"));
	assert_false(f.calls[1].peer.reused);
	client_end(&f);
}

static void die_on_second(struct rig *r, void *arg)
{
	struct fixture *f = arg;
	struct peer p;
	CHECK(r, client_take(f, &p));
	CHECK(r, peer_until(&p, "\r\n\r\n"));
	CHECK(r, peer_say(&p, f->answer));
	p.in.n = 0;
	CHECK(r, peer_until(&p, "\r\n\r\n"));
	peer_close(&p);
	CHECK(r, client_take(f, &p));
	CHECK(r, peer_until(&p, "\r\n\r\n"));
	CHECK(r, peer_say(&p, f->answer));
	peer_close(&p);
}

static void test_reused_connection_that_dies_is_told_apart(void **state)
{
	struct fixture f;
	client_begin(&f, *state);
	client_prepare(&f);
	f.answer = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi";
	f.calls[2].fresh = true;
	client_run(&f, die_on_second, 3);
	assert_true(client_answered(&f.calls[0], 200, "hi"));
	assert_int_equal(f.calls[1].why, ERR_UPSTREAM_GONE);
	assert_true(f.calls[1].peer.reused);
	assert_false(f.calls[1].head);
	assert_true(client_answered(&f.calls[2], 200, "hi"));
	assert_false(f.calls[2].peer.reused);
	client_end(&f);
}

static void refuse_early(struct rig *r, void *arg)
{
	struct fixture *f = arg;
	struct peer p;
	CHECK(r, client_take(f, &p));
	CHECK(r, peer_until(&p, "\r\n\r\n"));
	CHECK(r, peer_say(&p, "HTTP/1.1 413 Too Large\r\nContent-Length: 3\r\n\r\nbig"));
	/* Most of the body is unread: the kernel resets the connection behind the answer. */
	peer_close(&p);
}

static void test_early_answer_is_read_while_writing(void **state)
{
	enum { N = 16 * 1024 * 1024 };
	uint8_t *body = calloc(1, N);
	assert_non_null(body);
	for (int ref = 0; ref < 2; ref++) {
		struct fixture f;
		client_begin(&f, *state);
		client_prepare(&f);
		f.calls[0].method = "POST";
		f.calls[0].body = span_of(body, N);
		f.calls[0].by_ref = ref == 1;
		client_run(&f, refuse_early, 1);
		assert_true(client_answered(&f.calls[0], 413, "big"));
		client_end(&f);
	}
	free(body);
}

static void read_slowly(struct rig *r, void *arg)
{
	struct fixture *f = arg;
	struct peer p;
	CHECK(r, client_take(f, &p));
	for (int i = 0; i < 50; i++)
		rig_call(r, rig_nothing);
	CHECK(r, peer_until(&p, "\r\n\r\n"));
	size_t head = (size_t)((uint8_t *)memmem(p.in.p, p.in.n, "\r\n\r\n", 4) - p.in.p) + 4;
	CHECK(r, peer_until_n(&p, head + f->calls[0].body.n));
	CHECK(r, memcmp(p.in.p + head, f->calls[0].body.p, f->calls[0].body.n) == 0);
	CHECK(r, peer_say(&p, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi"));
	peer_close(&p);
}

static void test_large_request_body(void **state)
{
	enum { N = 5 * 1024 * 1024 + 3 };
	uint8_t *body = calloc(1, N);
	assert_non_null(body);
	for (size_t i = 0; i < N; i++)
		body[i] = (uint8_t)(i * 7);
	for (int ref = 0; ref < 2; ref++) {
		struct fixture f;
		client_begin(&f, *state);
		client_prepare(&f);
		f.calls[0].method = "POST";
		f.calls[0].body = span_of(body, N);
		f.calls[0].by_ref = ref == 1;
		client_run(&f, read_slowly, 1);
		assert_true(client_answered(&f.calls[0], 200, "hi"));
		client_end(&f);
	}
	free(body);
}

enum { BIG = 64 * 1024 * 1024 };

static void send_big(struct rig *r, void *arg)
{
	struct fixture *f = arg;
	static uint8_t block[65536];
	struct peer p;
	CHECK(r, client_take(f, &p));
	CHECK(r, peer_until(&p, "\r\n\r\n"));
	CHECK(r, peer_say(&p, "HTTP/1.1 200 OK\r\nContent-Length: 67108864\r\n\r\n"));
	for (size_t i = 0; i < BIG; i += sizeof block)
		CHECK(r, peer_send(&p, block, sizeof block));
	peer_close(&p);
}

static void consume_later(struct loop_task *t);

static struct loop_task consume_task = {.run = consume_later};

static struct call *consumer;

static void consume_later(struct loop_task *t)
{
	(void)t;
	if (consumer->s == NULL)
		return;
	size_t n = consumer->unconsumed;
	consumer->unconsumed = 0;
	stream_consume(consumer->s, n);
}

static void when_full(struct call *c)
{
	enum { WINDOW = 256 * 1024 };
	if (c->unconsumed == WINDOW)
		loop_post(c->rig->loop, &consume_task);
}

static void test_slow_consumer_stops_the_upstream(void **state)
{
	struct fixture f;
	client_begin(&f, *state);
	client_prepare(&f);
	f.calls[0].lazy = true;
	f.calls[0].on_event = when_full;
	consumer = &f.calls[0];
	client_run(&f, send_big, 1);
	assert_int_equal(f.calls[0].got, BIG);
	assert_true(f.calls[0].end);
	assert_int_equal(f.calls[0].max_unconsumed, 256 * 1024);
	client_end(&f);
}

static void stay_silent(struct rig *r, void *arg)
{
	struct fixture *f = arg;
	struct peer p;
	CHECK(r, client_take(f, &p));
	CHECK(r, peer_until(&p, "\r\n\r\n"));
	CHECK(r, peer_say(&p, f->answer));
	(void)!peer_until_end(&p);
	peer_close(&p);
}

static void test_silent_upstream(void **state)
{
	static const char *const answers[] = {"", "HTTP/1.1 2", "HTTP/1.1 100 Continue\r\n\r\n",
					      "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhel"};
	for (size_t i = 0; i < 4; i++) {
		struct fixture f;
		client_begin(&f, *state);
		f.options.head_ms = f.options.idle_ms = 40;
		client_prepare(&f);
		f.answer = answers[i];
		client_run(&f, stay_silent, 1);
		assert_int_equal(f.calls[0].why, ERR_UPSTREAM_TIMEOUT);
		client_end(&f);
	}
}

static uint32_t garbage_state;

static void answer_garbage(struct rig *r, void *arg)
{
	static const char *const texts[] = {
		"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello",
		"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5;a=b\r\nhello\r\n0\r\nX: y\r\n\r\n",
		"HTTP/1.0 404 No\r\nConnection: keep-alive\r\n\r\nuntil the end",
	};
	struct fixture *f = arg;
	char text[512];
	size_t n = mutate(&garbage_state, texts[noise(&garbage_state) % 3], text, sizeof text);
	size_t cut = noise(&garbage_state) % (n + 1);
	struct peer p;
	CHECK(r, client_take(f, &p));
	CHECK(r, peer_until(&p, "\r\n\r\n"));
	CHECK(r, peer_send(&p, text, cut));
	rig_call(r, rig_nothing);
	(void)!peer_send(&p, text + cut, n - cut);
	if (noise(&garbage_state) % 2 == 0)
		peer_half_close(&p);
	peer_close(&p);
}

static void test_garbage(void **state)
{
	garbage_state = 1;
	for (int i = 0; i < 300; i++) {
		struct fixture f;
		client_begin(&f, *state);
		client_prepare(&f);
		client_run(&f, answer_garbage, 1);
		const struct call *c = &f.calls[0];
		/* An error, or an answer from head to end. */
		assert_int_equal(c->why == ERR_OK, c->end);
		assert_true(c->why == ERR_OK || c->why == ERR_UPSTREAM || c->why == ERR_UPSTREAM_GONE);
		client_end(&f);
	}
}

#define BOTH(f) cmocka_unit_test_prestate(f, &client_plain), cmocka_unit_test_prestate(f, &client_tls)

int main(void)
{
	const struct CMUnitTest tests[] = {
		BOTH(test_request_and_answer),
		BOTH(test_connection_is_used_again),
		BOTH(test_answers_without_body),
		BOTH(test_answer_until_close),
		BOTH(test_bad_answers),
		BOTH(test_reset_is_never_an_end),
		BOTH(test_reset_right_behind_bytes_is_never_an_end),
		BOTH(test_answers_that_spoil_the_connection),
		BOTH(test_idle_connection_that_ends_is_not_used),
		BOTH(test_reused_connection_that_dies_is_told_apart),
		BOTH(test_early_answer_is_read_while_writing),
		BOTH(test_large_request_body),
		BOTH(test_slow_consumer_stops_the_upstream),
		BOTH(test_silent_upstream),
		BOTH(test_garbage),
	};
	return cmocka_run_group_tests(tests, client_setup, client_teardown);
}
