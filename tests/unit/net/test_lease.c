#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "client_fixture.h"

static void accept_only(struct rig *r, void *arg)
{
	struct fixture *f = arg;
	struct peer p;
	CHECK(r, peer_accept(&p, f->listener, NULL, NULL));
	(void)!peer_until_end(&p);
	peer_close(&p);
}

static void test_silent_handshake(void **state)
{
	struct fixture f;
	client_begin(&f, *state);
	f.options.connect_ms = 60;
	client_prepare(&f);
	client_run(&f, accept_only, 1);
	assert_int_equal(f.calls[0].lease_err, ERR_UPSTREAM_TIMEOUT);
	client_end(&f);
}

static void test_nobody_listens(void **state)
{
	struct fixture f;
	client_begin(&f, *state);
	close(f.listener);
	client_prepare(&f);
	client_run(&f, client_no_script, 1);
	assert_int_equal(f.calls[0].lease_err, ERR_CONNECT);
	f.listener = listen_loopback(&f.port);
	client_end(&f);
}

static void accept_badly(struct rig *r, void *arg)
{
	struct fixture *f = arg;
	struct peer p;
	(void)!peer_accept(&p, f->listener, f->answer == NULL ? client_pki.cert : client_pki.wrong_cert,
			   f->answer == NULL ? client_pki.key : client_pki.wrong_key);
	(void)!peer_until_end(&p);
	CHECK(r, p.in.n == 0);
	peer_close(&p);
}

static void expect_tls_error(struct fixture *f)
{
	client_prepare(f);
	client_run(f, accept_badly, 1);
	assert_int_equal(f->calls[0].lease_err, ERR_TLS);
	client_end(f);
}

static void test_wrong_identities(void **state)
{
	struct fixture f;
	/* Another name in the certificate. */
	client_begin(&f, *state);
	f.answer = "wrong";
	expect_tls_error(&f);
	client_begin(&f, *state);
	f.answer = "wrong";
	f.options.host = SPAN("localhost");
	expect_tls_error(&f);
	/* Another authority. */
	client_begin(&f, *state);
	f.options.ca_file = span_str(client_pki.other_ca);
	expect_tls_error(&f);
	client_begin(&f, *state);
	f.options.ca_file = SPAN_NULL;
	expect_tls_error(&f);
	/* Another key. */
	client_begin(&f, *state);
	f.options.pin_sha256 = span_of(client_pki.wrong_pin, 32);
	expect_tls_error(&f);
}

static void speak_plainly(struct rig *r, void *arg)
{
	struct fixture *f = arg;
	struct peer p;
	CHECK(r, peer_accept(&p, f->listener, NULL, NULL));
	CHECK(r, peer_say(&p, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi"));
	(void)!peer_until_end(&p);
	CHECK(r, !peer_has(&p, "GET"));
	peer_close(&p);
}

static void test_upstream_without_tls(void **state)
{
	struct fixture f;
	client_begin(&f, *state);
	client_prepare(&f);
	client_run(&f, speak_plainly, 1);
	assert_int_equal(f.calls[0].lease_err, ERR_TLS);
	client_end(&f);
}

static void test_pin_is_identity_enough(void **state)
{
	struct fixture f;
	client_begin(&f, *state);
	f.options.ca_file = span_str(client_pki.other_ca);
	f.options.pin_sha256 = span_of(client_pki.pin, 32);
	client_prepare(&f);
	client_run(&f, client_answer_one, 1);
	assert_true(client_answered(&f.calls[0], 200, "hi"));
	assert_true(f.calls[0].verified);
	client_end(&f);
}

static void test_options_that_are_none(void **state)
{
	(void)state;
	static const uint8_t pin[32];
	struct upstream_options good = call_options(80), bad[9];
	enum err e;
	for (size_t i = 0; i < 9; i++)
		bad[i] = good;
	bad[0].host = SPAN("");
	bad[1].port = 0;
	bad[2].host = SPAN("a\0b");
	bad[3].tls = true;
	bad[3].ca_file = SPAN("/nowhere/ca.pem");
	bad[4].tls = true;
	bad[4].pin_sha256 = span_of(pin, 31);
	bad[5].unix_path = SPAN("");
	bad[6].unix_path = span_of(client_pki.dir, sizeof client_pki.dir);
	bad[7].tls = true;
	bad[7].host = SPAN_NULL;
	static uint8_t long_name[300];
	memset(long_name, 'a', sizeof long_name);
	bad[8].host = span_of(long_name, sizeof long_name);
	for (size_t i = 0; i < 9; i++) {
		assert_null(upstream_new(&bad[i], &e));
		assert_int_equal(e, ERR_CONFIG);
	}
	upstream_put(NULL);
}

static void test_private_literals_are_refused(void **state)
{
	(void)state;
	static const char *const hosts[] = {"127.0.0.1",
					    "10.1.2.3",
					    "172.31.0.1",
					    "192.168.1.1",
					    "169.254.169.254",
					    "100.64.0.1",
					    "0.0.0.0",
					    "224.0.0.1",
					    "255.255.255.255",
					    "::1",
					    "::",
					    "fe80::1",
					    "fc00::1",
					    "::ffff:10.0.0.1",
					    "64:ff9b::7f00:1",
					    "2002:7f00:1::",
					    "2001:db8::1",
					    "ff02::1"};
	for (size_t i = 0; i < sizeof hosts / sizeof *hosts; i++) {
		struct fixture f;
		client_begin(&f, &client_plain);
		f.options.private_ok = false;
		f.options.host = span_str(hosts[i]);
		client_prepare(&f);
		client_run(&f, client_no_script, 1);
		assert_int_equal(f.calls[0].lease_err, ERR_RESIDENCY);
		client_end(&f);
	}
}

static void cancel_first(struct loop_task *t);

static struct loop_task cancel_task = {.run = cancel_first};

static struct call *cancelled;

static void cancel_first(struct loop_task *t)
{
	(void)t;
	client_lease_cancel(&cancelled->request);
}

static void test_cancel(void **state)
{
	struct fixture f;
	client_begin(&f, *state);
	client_prepare(&f);
	/* At once. */
	call_start(&f.calls[0]);
	client_lease_cancel(&f.calls[0].request);
	/* While connecting or in the handshake. */
	call_start(&f.calls[1]);
	cancelled = &f.calls[1];
	loop_post(f.rig.loop, &cancel_task);
	rig_run(&f.rig, client_no_script, &f);
	assert_false(f.calls[0].leased);
	client_end(&f);
}

static void on_offer(struct call *c)
{
	if (!c->over)
		return;
	struct call *next = c + 1;
	call_start(next);
	client_lease_cancel(&next->request);
	call_start(c + 2);
}

static void answer_two(struct rig *r, void *arg)
{
	struct fixture *f = arg;
	struct peer p;
	CHECK(r, client_take(f, &p));
	for (int i = 0; i < 2; i++) {
		p.in.n = 0;
		CHECK(r, peer_until(&p, "\r\n\r\n"));
		CHECK(r, peer_say(&p, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi"));
	}
	peer_close(&p);
}

static void test_cancelled_offer_goes_back(void **state)
{
	struct fixture f;
	client_begin(&f, *state);
	client_prepare(&f);
	f.calls[0].on_event = on_offer;
	f.rig.want_closed = 2;
	call_start(&f.calls[0]);
	rig_run(&f.rig, answer_two, &f);
	assert_false(f.calls[1].leased);
	assert_true(client_answered(&f.calls[2], 200, "hi"));
	client_end(&f);
}

static void test_released_lease_is_used_again(void **state)
{
	struct fixture f;
	client_begin(&f, *state);
	client_prepare(&f);
	f.calls[0].stop = CALL_RELEASE;
	client_run(&f, client_answer_one, 2);
	assert_int_equal(f.calls[0].lease_err, ERR_OK);
	assert_true(client_answered(&f.calls[1], 200, "hi"));
	assert_true(f.calls[1].peer.reused);
	client_end(&f);
}

static void use_dead_lease(struct rig *r)
{
	struct fixture *f = r->arg;
	call_use(&f->calls[0]);
	lease_release(f->calls[1].lease);
}

static bool both_leased(const struct fixture *f)
{
	return f->calls[0].lease != NULL && f->calls[1].lease != NULL;
}

static void die_while_leased(struct rig *r, void *arg)
{
	struct fixture *f = arg;
	struct peer p, q;
	CHECK(r, client_take(f, &p));
	CHECK(r, client_take(f, &q));
	while (!both_leased(f))
		rig_call(r, rig_nothing);
	peer_half_close(&p);
	peer_half_close(&q);
	(void)!peer_until_end(&p);
	(void)!peer_until_end(&q);
	peer_close(&p);
	peer_close(&q);
	rig_call(r, use_dead_lease);
}

static void test_connection_dies_while_leased(void **state)
{
	struct fixture f;
	client_begin(&f, *state);
	client_prepare(&f);
	f.calls[0].stop = f.calls[1].stop = CALL_LEASE_ONLY;
	call_start(&f.calls[0]);
	call_start(&f.calls[1]);
	f.rig.want_closed = 1;
	rig_run(&f.rig, die_while_leased, &f);
	assert_int_equal(f.calls[0].why, ERR_UPSTREAM_GONE);
	assert_true(f.calls[0].over);
	client_end(&f);
}

static void reset_at_body(struct call *c)
{
	if (c->got > 0 && c->s != NULL)
		stream_reset(c->s, ERR_CLIENT_GONE);
}

static void stream_for_ever(struct rig *r, void *arg)
{
	struct fixture *f = arg;
	struct peer p;
	CHECK(r, client_take(f, &p));
	CHECK(r, peer_until(&p, "\r\n\r\n"));
	CHECK(r, peer_say(&p, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"));
	while (peer_say(&p, "5\r\nhello\r\n"))
		continue;
	peer_close(&p);
}

static void test_reset_by_the_owner_reaches_the_upstream(void **state)
{
	struct fixture f;
	client_begin(&f, *state);
	client_prepare(&f);
	f.calls[0].on_event = reset_at_body;
	client_run(&f, stream_for_ever, 1);
	assert_int_equal(f.calls[0].why, ERR_CLIENT_GONE);
	assert_false(f.calls[0].end);
	client_end(&f);
}

static void wait_for_request(struct rig *r, void *arg)
{
	struct fixture *f = arg;
	struct peer p;
	CHECK(r, client_take(f, &p));
	CHECK(r, peer_until(&p, "\r\n\r\n"));
	f->held = p;
}

static void test_free_ends_what_runs(void **state)
{
	struct fixture f;
	client_begin(&f, &client_plain);
	client_prepare(&f);
	(void)state;
	call_start(&f.calls[0]);
	rig_run(&f.rig, wait_for_request, &f);
	call_start(&f.calls[1]);
	client_free(f.rig.client);
	f.rig.client = NULL;
	assert_int_equal(f.calls[0].why, ERR_SHUTDOWN);
	assert_true(f.calls[0].over);
	assert_int_equal(f.calls[1].lease_err, ERR_SHUTDOWN);
	peer_close(&f.held);
	client_end(&f);
}

static void test_upstream_on_a_unix_socket(void **state)
{
	struct fixture f;
	char path[96];
	struct sockaddr_un a = {.sun_family = AF_UNIX};
	client_begin(&f, &client_plain);
	(void)state;
	snprintf(path, sizeof path, "%s/up", client_pki.dir);
	memcpy(a.sun_path, path, strlen(path));
	close(f.listener);
	f.listener = socket(AF_UNIX, SOCK_STREAM, 0);
	assert_int_equal(bind(f.listener, (struct sockaddr *)&a, sizeof a), 0);
	assert_int_equal(listen(f.listener, 5), 0);
	f.options.unix_path = span_str(path);
	f.options.host = SPAN_NULL;
	client_prepare(&f);
	client_run(&f, client_answer_one, 1);
	assert_true(client_answered(&f.calls[0], 200, "hi"));
	assert_true(f.calls[0].peer.unix_socket);
	assert_string_equal(f.calls[0].address, "");
	client_end(&f);
	unlink(path);
}

enum { MANY = 200 };

static void serve_many(struct rig *r, void *arg)
{
	struct fixture *f = arg;
	static struct peer p[MANY];
	for (int i = 0; i < MANY; i++)
		CHECK(r, client_take(f, &p[i]));
	for (int i = 0; i < MANY; i++) {
		char answer[128];
		CHECK(r, peer_until(&p[i], "\r\n\r\n"));
		int path = atoi((const char *)p[i].in.p + strlen("GET /"));
		snprintf(answer, sizeof answer, "HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\n<%04d>", path);
		CHECK(r, peer_say(&p[i], answer));
	}
	for (int i = 0; i < MANY; i++)
		peer_close(&p[i]);
}

static void test_200_at_once(void **state)
{
	struct fixture f;
	static struct call calls[MANY];
	static char paths[MANY][16];
	memset(calls, 0, sizeof calls);
	client_begin(&f, *state);
	client_prepare(&f);
	f.rig.want_closed = MANY;
	for (int i = 0; i < MANY; i++) {
		snprintf(paths[i], sizeof paths[i], "/%d", i);
		upstream_get(f.upstream);
		calls[i] = (struct call){.rig = &f.rig, .upstream = f.upstream, .method = "GET", .path = paths[i]};
		call_start(&calls[i]);
	}
	rig_run(&f.rig, serve_many, &f);
	for (int i = 0; i < MANY; i++) {
		char want[16];
		snprintf(want, sizeof want, "<%04d>", i);
		assert_true(client_answered(&calls[i], 200, want));
		call_fini(&calls[i]);
	}
	client_end(&f);
}

#define BOTH(f) cmocka_unit_test_prestate(f, &client_plain), cmocka_unit_test_prestate(f, &client_tls)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_prestate(test_silent_handshake, &client_tls),
		BOTH(test_nobody_listens),
		cmocka_unit_test_prestate(test_wrong_identities, &client_tls),
		cmocka_unit_test_prestate(test_upstream_without_tls, &client_tls),
		cmocka_unit_test_prestate(test_pin_is_identity_enough, &client_tls),
		cmocka_unit_test(test_options_that_are_none),
		cmocka_unit_test(test_private_literals_are_refused),
		BOTH(test_cancel),
		BOTH(test_cancelled_offer_goes_back),
		BOTH(test_released_lease_is_used_again),
		BOTH(test_connection_dies_while_leased),
		BOTH(test_reset_by_the_owner_reaches_the_upstream),
		cmocka_unit_test(test_free_ends_what_runs),
		cmocka_unit_test(test_upstream_on_a_unix_socket),
		BOTH(test_200_at_once),
	};
	return cmocka_run_group_tests(tests, client_setup, client_teardown);
}
