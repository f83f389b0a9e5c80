#include "config/schema.h"

#include <stdio.h>
#include <sys/un.h>

#include "base/finding.h"
#include "config/address.h"

/* At the value of a key where it is written, else at the block itself. */
static const struct node *place(const struct node *block, const char *key)
{
	const struct node *n = tree_get(block, key);
	return n != NULL ? n : block;
}

#define COMPLAIN(x, where, ...) config_complain((x)->diag, (where)->line, (where)->column, __VA_ARGS__)

enum err check_listener(struct loader *x, const struct node *n, void *base)
{
	const struct config_listener *l = base;
	struct span host, path;
	uint16_t port;
	if (listen_parse(l->address, &host, &port, &path) != NULL)
		return ERR_INTERNAL; /* the field was checked */
	if (path.p != NULL && l->tls_cert.p != NULL)
		return COMPLAIN(x, place(n, "tls"), "a Unix socket needs no TLS; remove it");
	if (l->mode == MODE_ADMIN && path.p == NULL && !host_is_loopback(host) && l->tls_cert.p == NULL)
		return COMPLAIN(x, place(n, "address"),
				"an admin listener on the network needs tls: { cert, key }; or use "
				"unix:/run/bailiwick/admin.sock");
	if (l->mode == MODE_FORWARD_PROXY)
		return COMPLAIN(
			x, place(n, "mode"),
			"this version serves no forward proxy; use mode: base-url, and have clients set it as the base "
			"URL of their API");
	return ERR_OK;
}

static bool in_networks(const struct config_cidr *v, size_t n, struct span host)
{
	uint8_t ip[16];
	struct cidr net;
	if (!ip_parse(host, ip))
		return false;
	for (size_t i = 0; i < n; i++)
		if (cidr_parse(v[i].cidr, &net) && cidr_has(&net, ip))
			return true;
	return false;
}

/* An engine is reached over loopback, a Unix socket, or TLS with a pinned key inside declared networks. */
static enum err check_engine_link(struct loader *x, const struct node *n, const struct config_destination *d)
{
	const struct config *c = x->config;
	const struct node *at = place(n, "url");
	uint8_t ip[16];
	if (d->insecure || d->unix_path.p != NULL || host_is_loopback(d->host))
		return ERR_OK;
	if (!d->tls)
		return COMPLAIN(
			x, at,
			"an engine elsewhere needs https:// and a pin (or say insecure: true; every record will)");
	if (d->pin.p == NULL)
		return COMPLAIN(x, at,
				"an engine elsewhere needs pin: sha256/… of its key (or say insecure: true; every "
				"record will)");
	if (!ip_parse(d->host, ip)) /* a name: judged when it is resolved, if there is anything to judge it by */
		return c->n_networks + d->n_networks > 0 ? ERR_OK
							 : COMPLAIN(x, at,
								    "declare the network this engine stands in: "
								    "networks: [ { cidr: …, country: … } ]");
	if (in_networks(c->networks, c->n_networks, d->host) || in_networks(d->networks, d->n_networks, d->host))
		return ERR_OK;
	return COMPLAIN(x, at,
			"this address lies in none of the declared networks; add its network to \"networks\" (or say "
			"insecure: true; every record will)");
}

static enum err check_on_prem(struct loader *x, const struct node *n, struct config_destination *d)
{
	static const struct span cloud[] = {SPAN(":cloud"), SPAN("-cloud")};
	enum err err = check_engine_link(x, n, d);
	if (err != ERR_OK)
		return err;
	/* Ollama forwards such names to its maker's cloud; any engine might be an Ollama. */
	const struct node *models = tree_get(n, "models");
	const struct node *entry = models == NULL ? NULL : models->child;
	for (size_t i = 0; i < d->n_models && entry != NULL; i++, entry = entry->next)
		if (span_ends(d->models[i].served, cloud[0]) || span_ends(d->models[i].served, cloud[1]))
			return COMPLAIN(x, entry,
					"names ending in :cloud or -cloud are forwarded to a cloud by Ollama; name a "
					"local model");
	if (d->networks_anycast)
		return COMPLAIN(x, place(n, "networks"),
				"an engine of your own is not anycast; list its networks or remove the line");
	if (d->cc == COUNTRY_NONE)
		d->cc = x->config->site.cc;
	if (tree_get(n, "credentials") == NULL)
		d->credentials = CREDENTIALS_NONE;
	if (tree_get(n, "health") == NULL)
		d->health_path = d->engine == ENGINE_OLLAMA ? SPAN("/api/version") : SPAN("/health");
	return ERR_OK;
}

static enum err check_cloud(struct loader *x, const struct node *n, const struct config_destination *d)
{
	static const char *const only_on_prem[] = {"engine", "country", "concurrency", "queue", "queue_wait", "health"};
	if (d->unix_path.p != NULL)
		return COMPLAIN(x, place(n, "url"), "a Unix socket leads to an engine of your own; say on_prem: true");
	if (!d->tls && !d->insecure)
		return COMPLAIN(x, place(n, "url"),
				"http:// sends prompts in the clear; write https:// (or on_prem: true for an engine "
				"of your own, or insecure: true; every record will say so)");
	if (host_is_private(d->host) && !d->insecure)
		return COMPLAIN(x, place(n, "url"),
				"a private address is no cloud; say on_prem: true for an engine of your own");
	for (size_t i = 0; i < sizeof only_on_prem / sizeof *only_on_prem; i++)
		if (tree_get(n, only_on_prem[i]) != NULL)
			return COMPLAIN(x, tree_get(n, only_on_prem[i]),
					"\"%s\" is for engines of your own; remove it or say on_prem: true",
					only_on_prem[i]);
	return ERR_OK;
}

enum err check_destination(struct loader *x, const struct node *n, void *base)
{
	struct config_destination *d = base;
	if (!d->tls && d->pin.p != NULL)
		return COMPLAIN(x, place(n, "pin"), "a pin needs https://");
	if (!d->tls && d->ca_file.p != NULL)
		return COMPLAIN(x, place(n, "ca_file"), "\"ca_file\" needs https://");
	if (d->n_processing > 1)
		for (size_t i = 0; i < d->n_processing; i++)
			if (span_eq(d->processing[i], SPAN("anywhere")))
				return COMPLAIN(x, place(n, "processing"), "\"anywhere\" stands alone");
	return d->on_prem ? check_on_prem(x, n, d) : check_cloud(x, n, d);
}

enum err check_route(struct loader *x, const struct node *n, void *base)
{
	const struct config_route *r = base;
	if (r->match.n > 1 && r->match.p[r->match.n - 1] == '/')
		return COMPLAIN(x, place(n, "match"), "write the prefix without its last slash");
	return ERR_OK;
}

enum err check_house(struct loader *x, const struct node *n, void *base)
{
	struct config_house_list *h = base;
	if (h->patterns && h->exact)
		return COMPLAIN(x, place(n, "exact"),
				"a list is either of patterns or for exact match; remove one of the two");
	if (h->n_classes > 0)
		return ERR_OK;
	h->classes = arena_array(&x->config->arena, 1, sizeof *h->classes);
	if (h->classes == NULL)
		return ERR_NOMEM;
	h->classes[0] = class_name(CLASS_HOUSE);
	h->n_classes = 1;
	return ERR_OK;
}

/* Only what no comparison with other apps needs. */
enum err check_app(struct loader *x, const struct node *n, void *base)
{
	const struct config_app *a = base;
	for (size_t i = 0; i < a->n_key_hashes; i++)
		for (size_t k = 0; k < i; k++)
			if (memcmp(a->key_hashes[i], a->key_hashes[k], 32) == 0)
				return COMPLAIN(x, place(n, "key_hashes"), "a key hash is listed twice; remove one");
	return ERR_OK;
}

enum err check_limits(struct loader *x, const struct node *n, void *base)
{
	const struct config *c = base;
	if (n == NULL)
		return ERR_OK;
	if (c->limits.max_decoded < c->limits.max_body)
		return COMPLAIN(x, place(n, "max_decoded"),
				"\"max_decoded\" is smaller than \"max_body\"; make it at least as large");
	if (c->limits.max_buffered < c->limits.max_decoded)
		return COMPLAIN(x, place(n, "max_buffered"),
				"\"max_buffered\" is smaller than one decoded body; make it at least as large");
	return ERR_OK;
}

/* The i-th entry of a list of the file. */
static const struct node *nth(const struct node *root, const char *key, size_t i)
{
	const struct node *n = tree_get(root, key);
	for (n = n == NULL ? NULL : n->child; n != NULL && i > 0; i--)
		n = n->next;
	return n != NULL ? n : root;
}

static enum err check_listeners(struct loader *x, const struct node *root)
{
	const struct config *c = x->config;
	for (size_t i = 0; i < c->n_listeners; i++)
		for (size_t k = 0; k < i; k++)
			if (span_eq(c->listeners[i].address, c->listeners[k].address))
				return COMPLAIN(x, nth(root, "listeners", i),
						"line %u already listens here; use another port", c->listeners[k].line);
	return ERR_OK;
}

static enum err check_routes(struct loader *x, const struct node *root)
{
	const struct config *c = x->config;
	bool base_url = false;
	for (size_t i = 0; i < c->n_routes; i++)
		for (size_t k = 0; k < i; k++)
			if (span_eq(c->routes[i].match, c->routes[k].match))
				return COMPLAIN(x, nth(root, "routes", i),
						"line %u already routes this prefix; merge the two", c->routes[k].line);
	for (size_t i = 0; i < c->n_listeners; i++)
		base_url |= c->listeners[i].mode == MODE_BASE_URL;
	if (base_url && c->n_routes == 0)
		return COMPLAIN(x, place(root, "listeners"),
				"a base-url listener needs \"routes\": [ { match: /v1, candidates: [ … ] } ]");
	return ERR_OK;
}

/* The gate takes the first that matches: the longest prefixes come first, whatever their order in the file. */
static void sort_routes(struct config *c)
{
	for (size_t i = 1; i < c->n_routes; i++) {
		struct config_route r = c->routes[i];
		size_t k = i;
		for (; k > 0 && c->routes[k - 1].match.n < r.match.n; k--)
			c->routes[k] = c->routes[k - 1];
		c->routes[k] = r;
	}
}

static bool share_key(const struct config_app *a, const struct config_app *b)
{
	for (size_t i = 0; i < a->n_key_hashes; i++)
		for (size_t k = 0; k < b->n_key_hashes; k++)
			if (memcmp(a->key_hashes[i], b->key_hashes[k], 32) == 0)
				return true;
	return false;
}

static enum err check_apps(struct loader *x, const struct node *root)
{
	const struct config *c = x->config;
	for (size_t i = 0; i < c->n_apps; i++)
		for (size_t k = 0; k < i; k++) {
			if (span_eq(c->apps[i].name, c->apps[k].name))
				return COMPLAIN(x, nth(root, "apps", i),
						"line %u already defines an app of this name; rename one",
						c->apps[k].line);
			if (share_key(&c->apps[i], &c->apps[k]))
				return COMPLAIN(x, nth(root, "apps", i),
						"the app in line %u has the same key; give each its own",
						c->apps[k].line);
		}
	if (c->server.require_app && c->n_apps == 0)
		return COMPLAIN(x, place(root, "server"),
				"\"require_app\" refuses everybody without \"apps\"; add one");
	return ERR_OK;
}

/* The origin is a line of every checkpoint and the name of its key. */
static enum err check_origin(struct loader *x, const struct node *root)
{
	struct span origin = x->config->audit.origin;
	for (size_t i = 0; i < origin.n; i++)
		if (origin.p[i] <= ' ' || origin.p[i] == '+')
			return COMPLAIN(x, place(tree_get(root, "audit"), "origin"),
					"\"origin\" has no spaces and no '+', e.g. "
					"bailiwick.corp.example/frankfurt-1/0");
	return ERR_OK;
}

/* Settings whose default is made from others. */
static enum err derive(struct loader *x, const struct node *root)
{
	enum { SOCKET_MAX = sizeof((struct sockaddr_un *)0)->sun_path };
	struct config *c = x->config;
	sort_routes(c);
	char text[2048];
	int n;
	if (c->audit.origin.p == NULL) {
		n = snprintf(text, sizeof text, "bailiwick/%.*s/0", SPAN_ARG(c->site.name));
		c->audit.origin = arena_text(&c->arena, span_of(text, (size_t)n));
	}
	if (c->audit.signer_socket.p == NULL) {
		n = snprintf(text, sizeof text, "%.*s/signer.sock", SPAN_ARG(c->audit.path));
		if (n >= SOCKET_MAX)
			return COMPLAIN(
				x, place(tree_get(root, "audit"), "path"),
				"too long a path for the signer's socket in it; set \"signer\" to a shorter one");
		c->audit.signer_socket = arena_text(&c->arena, span_of(text, (size_t)n));
	}
	return c->arena.failed ? ERR_NOMEM : ERR_OK;
}

enum err check_root(struct loader *x, const struct node *n, void *base)
{
	(void)base;
	enum err err = check_listeners(x, n);
	if (err == ERR_OK)
		err = check_routes(x, n);
	if (err == ERR_OK)
		err = check_apps(x, n);
	if (err == ERR_OK)
		err = check_origin(x, n);
	return err == ERR_OK ? derive(x, n) : err;
}
