/* Who calls, what they call, and whether they may call here at all. */
#include "audit/format/sha256.h"
#include "proxy/gate/exchange.h"

static struct span host_name(struct span authority)
{
	if (authority.n > 0 && authority.p[0] == '[') {
		size_t close = span_find(authority, ']');
		return span_sub(authority, 0, close < authority.n ? close + 1 : close);
	}
	return span_sub(authority, 0, span_find(authority, ':'));
}

static bool host_listed(const struct config_listener *l, struct span host)
{
	static const struct span loopback[] = {SPAN("localhost"), SPAN("127.0.0.1"), SPAN("[::1]")};
	const struct span *hosts = l->n_hosts > 0 ? l->hosts : loopback;
	size_t n = l->n_hosts > 0 ? l->n_hosts : sizeof loopback / sizeof *loopback;
	for (size_t i = 0; i < n; i++)
		if (span_eq_nocase(hosts[i], host))
			return true;
	return false;
}

/* A page of another site must not use the gateway through its visitor's browser (DNS rebinding, CSRF). */
static bool origin_foreign(const struct exchange *x)
{
	struct span origin = http_value(x->head, SPAN("origin"));
	if (origin.p == NULL)
		return false;
	size_t colon = span_find(origin, ':');
	if (colon + 3 > origin.n || !span_starts(span_sub(origin, colon, origin.n), SPAN("://")))
		return true; /* "null" and the like */
	return !host_listed(x->listener, host_name(span_sub(origin, colon + 3, origin.n)));
}

static struct span find_credential(const struct http_head *h)
{
	static const struct span plain[] = {SPAN("bailiwick-key"), SPAN("x-api-key"), SPAN("api-key")};
	struct span v = http_value(h, plain[0]);
	if (v.p != NULL)
		return v;
	v = http_value(h, SPAN("authorization"));
	if (v.n > 7 && span_eq_nocase(span_sub(v, 0, 7), SPAN("bearer ")))
		return span_trim(span_sub(v, 7, v.n));
	for (size_t i = 1; i < sizeof plain / sizeof *plain; i++)
		if ((v = http_value(h, plain[i])).p != NULL)
			return v;
	return SPAN_NULL;
}

static const struct config_app *find_app(const struct config *c, struct span credential)
{
	uint8_t hash[32];
	if (credential.n == 0 || c->n_apps == 0)
		return NULL;
	sha256(&credential, 1, hash);
	for (size_t i = 0; i < c->n_apps; i++)
		for (size_t k = 0; k < c->apps[i].n_key_hashes; k++)
			if (memcmp(c->apps[i].key_hashes[k], hash, sizeof hash) == 0)
				return &c->apps[i];
	return NULL;
}

/* Applications share nothing with each other: not the cache, not the ledger, not a turn in the queue. */
static void find_tenant(struct exchange *x)
{
	if (x->app != NULL) {
		x->tenant = x->app->name;
		return;
	}
	x->tenant = span_of(exchange_actor(x), 16);
}

const struct config_route *route_find(const struct config *c, struct span path)
{
	for (size_t i = 0; i < c->n_routes; i++) {
		struct span match = c->routes[i].match;
		bool whole = path.n == match.n || (match.n > 0 && match.p[match.n - 1] == '/');
		if (span_starts(path, match) && (whole || path.p[match.n] == '/')) /* "/v1" does not match "/v12" */
			return &c->routes[i];
	}
	return NULL;
}

enum err step_identify(struct exchange *x)
{
	if (!host_listed(x->listener, host_name(x->head->authority)))
		return ERR_HOST;
	if (origin_foreign(x))
		return ERR_ORIGIN;
	x->credential = find_credential(x->head);
	x->app = find_app(x->snap->config, x->credential);
	enum err routed = api_route(x->head, &x->route); /* first: its family decides the shape of every refusal */
	if (x->app == NULL && x->snap->config->server.require_app)
		return ERR_UNAUTHENTICATED;
	find_tenant(x);
	if (routed != ERR_OK)
		return routed;
	x->config_route = route_find(x->snap->config, x->route.native_path);
	return x->config_route != NULL ? ERR_OK : ERR_ENDPOINT;
}
