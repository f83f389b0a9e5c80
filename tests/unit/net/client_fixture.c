#include "client_fixture.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>
#include <unistd.h>

struct mode client_plain = {false}, client_tls = {true};
struct pki client_pki;

void client_begin(struct fixture *f, const struct mode *m)
{
	memset(f, 0, sizeof *f);
	rig_init(&f->rig);
	f->rig.client = client_new(f->rig.loop);
	assert_non_null(f->rig.client);
	f->listener = listen_loopback(&f->port);
	f->tls = m->tls;
	f->options = call_options(f->port);
	f->options.tls = m->tls;
	f->options.ca_file = span_str(client_pki.ca);
}

void client_prepare(struct fixture *f)
{
	if (f->upstream == NULL)
		f->upstream = call_upstream(&f->options);
	for (size_t i = 0; i < 4; i++) {
		upstream_get(f->upstream);
		f->calls[i].upstream = f->upstream;
		f->calls[i].rig = &f->rig;
		f->calls[i].method = "GET";
		f->calls[i].path = "/";
	}
}

void client_end(struct fixture *f)
{
	client_free(f->rig.client);
	f->rig.client = NULL;
	for (size_t i = 0; i < 4; i++)
		call_fini(&f->calls[i]);
	upstream_put(f->upstream);
	close(f->listener);
	rig_fini(&f->rig);
}

/* Runs the first n calls, one after the other. */
void client_run(struct fixture *f, void (*script)(struct rig *r, void *arg), size_t n)
{
	for (size_t i = 0; i + 1 < n; i++)
		f->calls[i].then = &f->calls[i + 1];
	f->rig.want_closed = n;
	call_start(&f->calls[0]);
	rig_run(&f->rig, script, f);
	assert_int_equal(f->rig.n_closed, n);
}

bool client_take(struct fixture *f, struct peer *p)
{
	return peer_accept(p, f->listener, f->tls ? client_pki.cert : NULL, f->tls ? client_pki.key : NULL);
}

bool client_answered(const struct call *c, unsigned status, const char *body)
{
	return c->lease_err == ERR_OK && c->why == ERR_OK && c->head && c->end && c->status == status &&
	       span_eq(buf_span(&c->answer), span_str(body));
}

void client_answer_one(struct rig *r, void *arg)
{
	struct fixture *f = arg;
	struct peer p;
	CHECK(r, client_take(f, &p));
	CHECK(r, peer_until(&p, "\r\n\r\n"));
	CHECK(r, peer_say(&p, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi"));
	peer_close(&p);
}

void client_no_script(struct rig *r, void *arg)
{
	(void)r;
	(void)arg;
}

int client_setup(void **state)
{
	(void)state;
	pki_make(&client_pki);
	return 0;
}

int client_teardown(void **state)
{
	(void)state;
	pki_remove(&client_pki);
	return 0;
}
