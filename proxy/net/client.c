#include "proxy/net/client.h"

#include <stdlib.h>

#include "base/assert.h"
#include "proxy/net/h1_client.h"

/* done must not be called from inside client_lease, not even without memory. */
static void refuse(struct client *c, struct lease_request *r)
{
	INVARIANT(c->n_refused < CLIENT_MAX_REFUSED);
	c->refused[c->n_refused++] = r;
	r->impl = &c->refusals;
	loop_ready(c->loop, &c->refuse);
}

static void run_refuse(struct work *w)
{
	struct client *c = CONTAINER(w, struct client, refuse);
	while (c->n_refused > 0) {
		struct lease_request *r = c->refused[--c->n_refused];
		r->impl = NULL;
		r->done(r, NULL, NULL, ERR_NOMEM);
	}
}

static void cancel_refused(struct canceller *canceller, struct lease_request *r)
{
	struct client *c = CONTAINER(canceller, struct client, refusals);
	for (size_t i = 0; i < c->n_refused; i++)
		if (c->refused[i] == r)
			c->refused[i] = c->refused[--c->n_refused];
}

struct client *client_new(struct loop *l)
{
	struct client *c = calloc(1, sizeof *c);
	if (c == NULL)
		return NULL;
	c->loop = l;
	c->refusals.cancel = cancel_refused;
	c->refuse.run = run_refuse;
	link_init(&c->sites);
	c->dns = dns_new(l);
	if (c->dns == NULL) {
		free(c);
		return NULL;
	}
	return c;
}

struct dns *client_dns(struct client *c)
{
	return c->dns;
}

static void site_free(struct site *s)
{
	while (!link_empty(&s->idle))
		h1_client_abort(CONTAINER(s->idle.next, struct lease, link));
	while (!link_empty(&s->busy))
		h1_client_abort(CONTAINER(s->busy.next, struct lease, link));
	link_drop(&s->link);
	tls_ticket_fini(&s->ticket);
	upstream_put(s->upstream);
	free(s);
}

void client_free(struct client *c)
{
	if (c == NULL)
		return;
	while (!link_empty(&c->sites))
		site_free(CONTAINER(c->sites.next, struct site, link));
	work_cancel(&c->refuse);
	run_refuse(&c->refuse);
	dns_free(c->dns);
	free(c);
}

/* Sites whose upstream was configured away. */
static void sweep(struct client *c)
{
	struct link *next;
	for (struct link *l = c->sites.next; l != &c->sites; l = next) {
		struct site *s = CONTAINER(l, struct site, link);
		next = l->next;
		if (link_empty(&s->busy) && upstream_is_last(s->upstream))
			site_free(s);
	}
}

static struct site *site_of(struct client *c, struct upstream *u)
{
	for (struct link *l = c->sites.next; l != &c->sites; l = l->next) {
		struct site *s = CONTAINER(l, struct site, link);
		if (s->upstream == u)
			return s;
	}
	/* New upstreams come with a new configuration: the moment to forget old ones. */
	sweep(c);
	struct site *s = calloc(1, sizeof *s);
	if (s == NULL)
		return NULL;
	s->client = c;
	s->upstream = u;
	upstream_get(u);
	link_init(&s->idle);
	link_init(&s->busy);
	link_push(&c->sites, &s->link);
	return s;
}

void client_lease(struct client *c, struct upstream *u, bool fresh, struct lease_request *r)
{
	struct site *s = site_of(c, u);
	if (s == NULL || fresh || link_empty(&s->idle)) {
		if (s == NULL || !h1_client_connect(s, r))
			refuse(c, r);
		return;
	}
	/* The one used last is the one most likely to live. */
	struct lease *h = CONTAINER(s->idle.prev, struct lease, link);
	link_drop(&h->link);
	s->n_idle--;
	link_push(&s->busy, &h->link);
	h1_client_offer(h, r);
}

void client_lease_cancel(struct lease_request *r)
{
	struct canceller *c = r->impl;
	if (c != NULL)
		c->cancel(c, r);
}

bool site_put(struct lease *h)
{
	struct site *s = h->site;
	if (s->upstream->max_idle == 0 || upstream_is_last(s->upstream))
		return false;
	if (s->n_idle == s->upstream->max_idle)
		h1_client_abort(CONTAINER(s->idle.next, struct lease, link));
	link_drop(&h->link);
	link_push(&s->idle, &h->link);
	s->n_idle++;
	return true;
}
