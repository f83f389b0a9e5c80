#include "server_fixture.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

struct mode server_plain = {PEER_PLAIN}, server_tls_on = {PEER_TLS};
struct pki server_pki;
struct server_limits server_fixture_limits;

void server_begin(struct rig *r, struct mode *m)
{
	rig_init(r);
	rig_serve(r, "127.0.0.1:0", m->tls == PEER_TLS ? &server_pki : NULL, server_fixture_limits);
}

void server_run(struct mode *m, void (*script)(struct rig *r, void *arg), size_t want_closed)
{
	struct rig r;
	server_begin(&r, m);
	r.want_closed = want_closed;
	rig_run(&r, script, m);
	assert_int_equal(r.n_closed, want_closed);
	rig_fini(&r);
}

enum peer_tls mode_tls(void *arg)
{
	return ((struct mode *)arg)->tls;
}

int server_setup(void **state)
{
	(void)state;
	server_fixture_limits = rig_limits();
	pki_make(&server_pki);
	return 0;
}

int server_teardown(void **state)
{
	(void)state;
	pki_remove(&server_pki);
	return 0;
}
