#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>
#include <string.h>
#include <unistd.h>

#include "calls.h"

enum { TLS11 = 0x0302, TLS12 = 0x0303, TLS13 = 0x0304 };

static struct pki pki;

static void run_server(void (*script)(struct rig *r, void *arg), size_t want_closed)
{
	struct rig r;
	rig_init(&r);
	rig_serve(&r, "127.0.0.1:0", &pki, rig_limits());
	r.want_closed = want_closed;
	rig_run(&r, script, NULL);
	assert_int_equal(r.n_closed, want_closed);
	rig_fini(&r);
}

static bool hello(struct peer *p)
{
	return peer_say(p, "GET /hello HTTP/1.1\r\nHost: a\r\n\r\n") && peer_until(p, "\r\n\r\nhello");
}

static void versions(struct rig *r, void *arg)
{
	struct peer p;
	(void)arg;
	CHECK(r, !peer_connect_tls(&p, r->port, (struct peer_tls_options){.version = TLS11}));
	peer_close(&p);
	for (int version = TLS12; version <= TLS13; version++) {
		CHECK(r, peer_connect_tls(&p, r->port, (struct peer_tls_options){.version = version}));
		CHECK(r, hello(&p));
		peer_close(&p);
	}
}

static void test_versions(void **state)
{
	(void)state;
	run_server(versions, 2);
}

static void protocols(struct rig *r, void *arg)
{
	static const char *const good[] = {"\x08http/1.1", "\x02h2\x08http/1.1", NULL};
	struct peer p;
	(void)arg;
	for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
		CHECK(r, peer_connect_tls(&p, r->port, (struct peer_tls_options){.alpn = good[i]}));
		CHECK(r, hello(&p));
		peer_close(&p);
	}
	CHECK(r, !peer_connect_tls(&p, r->port, (struct peer_tls_options){.alpn = "\x02h2"}));
	peer_close(&p);
}

static void test_only_http1_is_negotiated(void **state)
{
	(void)state;
	run_server(protocols, 3);
}

static void resume(struct rig *r, void *arg)
{
	(void)arg;
	for (int version = TLS12; version <= TLS13; version++) {
		struct peer p;
		CHECK(r, peer_connect_tls(&p, r->port, (struct peer_tls_options){.version = version}));
		CHECK(r, hello(&p) && !peer_resumed(&p));
		void *session = peer_session(&p);
		peer_close(&p);
		CHECK(r,
		      peer_connect_tls(&p, r->port, (struct peer_tls_options){.version = version, .session = session}));
		CHECK(r, hello(&p) && peer_resumed(&p));
		peer_close(&p);
		peer_session_free(session);
	}
}

static void test_clients_can_resume(void **state)
{
	(void)state;
	run_server(resume, 4);
}

struct fixture {
	struct rig rig;
	struct upstream *upstream;
	int listener;
	uint16_t port;
	struct call calls[2];
};

static void see_resumption(struct rig *r, void *arg)
{
	struct fixture *f = arg;
	for (int i = 0; i < 2; i++) {
		struct peer p;
		CHECK(r, peer_accept(&p, f->listener, pki.cert, pki.key));
		CHECK(r, peer_resumed(&p) == (i == 1));
		CHECK(r, peer_until(&p, "\r\n\r\n"));
		CHECK(r, peer_say(&p, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nhi"));
		/* Before we are gone the client has read the ticket that came with the answer. */
		(void)!peer_until_end(&p);
		peer_close(&p);
	}
}

/* The pin and the certificate's hash are checked on a resumed session as well. */
static void resume_upstream(bool pinned)
{
	struct fixture f;
	memset(&f, 0, sizeof f);
	rig_init(&f.rig);
	f.rig.client = client_new(f.rig.loop);
	assert_non_null(f.rig.client);
	f.listener = listen_loopback(&f.port);
	struct upstream_options o = call_options(f.port);
	o.tls = true;
	o.ca_file = span_str(pki.ca);
	if (pinned)
		o.pin_sha256 = span_of(pki.pin, 32);
	f.upstream = call_upstream(&o);
	upstream_get(f.upstream);
	for (size_t i = 0; i < 2; i++)
		f.calls[i] = (struct call){.rig = &f.rig, .upstream = f.upstream, .method = "GET", .path = "/"};
	f.calls[0].then = &f.calls[1];
	f.rig.want_closed = 2;
	call_start(&f.calls[0]);
	rig_run(&f.rig, see_resumption, &f);
	for (size_t i = 0; i < 2; i++) {
		assert_int_equal(f.calls[i].status, 200);
		assert_true(f.calls[i].verified);
		assert_false(f.calls[i].peer.reused);
	}
	assert_memory_equal(f.calls[0].peer.cert_sha256, f.calls[1].peer.cert_sha256, 32);
	client_free(f.rig.client);
	f.rig.client = NULL;
	call_fini(&f.calls[0]);
	call_fini(&f.calls[1]);
	close(f.listener);
	rig_fini(&f.rig);
}

static void test_upstream_sessions_are_resumed(void **state)
{
	(void)state;
	resume_upstream(false);
	resume_upstream(true);
}

static int setup(void **state)
{
	(void)state;
	pki_make(&pki);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	pki_remove(&pki);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_versions),
		cmocka_unit_test(test_only_http1_is_negotiated),
		cmocka_unit_test(test_clients_can_resume),
		cmocka_unit_test(test_upstream_sessions_are_resumed),
	};
	return cmocka_run_group_tests(tests, setup, teardown);
}
