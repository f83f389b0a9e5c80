#include "proxy/net/upstream.h"

#include <stdlib.h>

#include "base/assert.h"

static enum err copy_span(struct span from, struct span *to)
{
	uint8_t *p = malloc(from.n + 1);
	if (p == NULL)
		return ERR_NOMEM;
	if (from.n > 0)
		memcpy(p, from.p, from.n);
	p[from.n] = 0;
	*to = span_of(p, from.n);
	return ERR_OK;
}

static enum err set_place(struct upstream *u, const struct upstream_options *o)
{
	if (o->unix_path.p != NULL)
		return address_unix(o->unix_path, &u->fixed);
	if (u->host.n == 0 || u->host.n > 253 || o->port == 0 || span_find(u->host, 0) < u->host.n)
		return ERR_CONFIG;
	if (!address_literal(u->host, o->port, &u->fixed))
		u->fixed.n = 0;
	return ERR_OK;
}

static enum err set_tls(struct upstream *u, const struct upstream_options *o)
{
	const struct tls_client_options t = {
		.host = u->host,
		.literal = u->fixed.n != 0 && u->fixed.any.sa_family != AF_UNIX,
		.ca_file = o->ca_file,
		.pin_sha256 = o->pin_sha256,
	};
	enum err e;
	u->tls = tls_client_new(&t, &e);
	return e;
}

struct upstream *upstream_new(const struct upstream_options *o, enum err *err)
{
	struct upstream *u = calloc(1, sizeof *u);
	*err = ERR_NOMEM;
	if (u == NULL)
		return NULL;
	atomic_init(&u->refs, 1);
	u->port = o->port;
	u->private_ok = o->private_ok;
	u->connect_ms = o->connect_ms;
	u->head_ms = o->head_ms;
	u->idle_ms = o->idle_ms;
	u->pool_idle_ms = o->pool_idle_ms;
	u->max_idle = o->max_idle;
	*err = copy_span(o->name, &u->name);
	if (*err == ERR_OK)
		*err = copy_span(o->host, &u->host);
	if (*err == ERR_OK)
		*err = set_place(u, o);
	if (*err == ERR_OK && o->tls)
		*err = set_tls(u, o);
	if (*err == ERR_OK)
		return u;
	upstream_put(u);
	return NULL;
}

void upstream_get(struct upstream *u)
{
	INVARIANT(atomic_fetch_add(&u->refs, 1) > 0);
}

void upstream_put(struct upstream *u)
{
	if (u == NULL || atomic_fetch_sub(&u->refs, 1) != 1)
		return;
	tls_client_free(u->tls);
	free((void *)(uintptr_t)u->name.p);
	free((void *)(uintptr_t)u->host.p);
	free(u);
}

bool upstream_is_last(const struct upstream *u)
{
	return atomic_load(&u->refs) == 1;
}
