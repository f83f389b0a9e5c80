/* Heads on their way: which fields go to a destination, which come back, and which of them carry text. */
#include <inttypes.h>
#include <stdio.h>

#include "proxy/gate/exchange.h"

static bool listed(const struct span *list, size_t n, struct span name)
{
	for (size_t i = 0; i < n; i++)
		if (list[i].n == name.n && span_eq_nocase(list[i], name))
			return true;
	return false;
}
#define LISTED(list, name) listed(list, sizeof(list) / sizeof *(list), name)

static bool starts_nocase(struct span s, struct span prefix)
{
	return s.n >= prefix.n && (s.p[0] | 0x20) == prefix.p[0] && span_eq_nocase(span_sub(s, 0, prefix.n), prefix);
}

/* Fields that identify the end user or our network, and those written anew for each destination. */
static bool dropped(struct span name)
{
	static const struct span names[] = {
		SPAN("host"),
		SPAN("forwarded"),
		SPAN("via"),
		SPAN("cookie"),
		SPAN("cookie2"),
		SPAN("referer"),
		SPAN("origin"),
		SPAN("baggage"),
		SPAN("x-real-ip"),
		SPAN("true-client-ip"),
		SPAN("x-client-ip"),
		SPAN("x-cluster-client-ip"),
		SPAN("expect"),
		SPAN("accept-encoding"),
		SPAN("proxy-authorization"),
		SPAN("x-envoy-external-address"),
		SPAN("cf-connecting-ip"),
		SPAN("fastly-client-ip"),
		SPAN("x-original-host"),
	};
	return LISTED(names, name) || starts_nocase(name, SPAN("x-forwarded-")) ||
	       starts_nocase(name, SPAN("bailiwick-"));
}

static bool credential_field(struct span name)
{
	static const struct span names[] = {SPAN("authorization"), SPAN("x-api-key"), SPAN("api-key")};
	return LISTED(names, name);
}

/* Fields whose values protocols and SDKs write; everything else is scanned. */
bool header_is_text(struct span name)
{
	static const struct span fixed[] = {
		SPAN("content-type"),
		SPAN("content-length"),
		SPAN("content-encoding"),
		SPAN("accept"),
		SPAN("accept-encoding"),
		SPAN("accept-language"),
		SPAN("user-agent"),
		SPAN("anthropic-version"),
		SPAN("anthropic-beta"),
		SPAN("openai-beta"),
		SPAN("openai-organization"),
		SPAN("openai-project"),
		SPAN("sec-fetch-mode"),
		SPAN("date"),
		SPAN("cache-control"),
		SPAN("pragma"),
		SPAN("traceparent"),
		SPAN("tracestate"),
		SPAN("idempotency-key"),
		SPAN("x-server-timeout"),
		SPAN("x-goog-api-client"),
		SPAN("priority"),
		SPAN("anthropic-dangerous-direct-browser-access"),
	};
	return !LISTED(fixed, name) && !credential_field(name) && !dropped(name) &&
	       !starts_nocase(name, SPAN("x-stainless-"));
}

static enum err join(struct exchange *x, struct span a, struct span b, struct span *out)
{
	uint8_t *p = arena_alloc(&x->arena, a.n + b.n);
	if (p == NULL)
		return ERR_NOMEM;
	if (a.n > 0)
		memcpy(p, a.p, a.n);
	if (b.n > 0)
		memcpy(p + a.n, b.p, b.n);
	*out = span_of(p, a.n + b.n);
	return ERR_OK;
}

static enum err write_target(struct exchange *x, struct http_head *out)
{
	const struct config_destination *d = x->target->config;
	enum err e = join(x, d->base_path, x->route.native_path, &out->target);
	if (e == ERR_OK && x->head->query.p != NULL) {
		struct span query;
		e = join(x, SPAN("?"), x->head->query, &query);
		if (e == ERR_OK)
			e = join(x, out->target, query, &out->target);
	}
	return e;
}

static enum err write_host(struct exchange *x, struct http_head *out)
{
	const struct config_destination *d = x->target->config;
	struct span host = d->unix_path.p != NULL ? SPAN("localhost") : d->host;
	if (d->port != 0 && d->port != (d->tls ? 443 : 80)) {
		char port[8];
		int n = snprintf(port, sizeof port, ":%u", d->port);
		enum err e = join(x, host, span_of(port, (size_t)n), &host);
		if (e != ERR_OK)
			return e;
	}
	return http_add(out, SPAN("Host"), host);
}

static enum err write_credential(struct exchange *x, struct http_head *out)
{
	if (x->target->credential.p == NULL)
		return ERR_OK;
	if (x->route.family == API_ANTHROPIC)
		return http_add(out, SPAN("x-api-key"), x->target->credential);
	struct span value;
	enum err e = join(x, SPAN("Bearer "), x->target->credential, &value);
	return e != ERR_OK ? e : http_add(out, SPAN("Authorization"), value);
}

enum err upstream_head(struct exchange *x, struct http_head *out)
{
	const struct http_head *in = x->head;
	bool own_key = x->target->config->credentials == CREDENTIALS_PASSTHROUGH;
	const struct http_hops hops = http_hops(in);
	http_head_clear(out);
	out->method = in->method;
	out->minor = 1;
	enum err e = write_target(x, out);
	if (e == ERR_OK)
		e = write_host(x, out);
	for (size_t i = 0; e == ERR_OK && i < in->n_fields; i++) {
		struct span name = in->fields[i].name;
		if (dropped(name) || http_is_hop(&hops, name) || (!own_key && credential_field(name)))
			continue;
		if (x->is_rewritten && span_eq_nocase(name, SPAN("content-encoding")))
			continue;
		e = http_add(out, name, in->fields[i].value);
	}
	/* The tap reads the answer; nothing is gained by having it compressed for the last few metres. */
	if (e == ERR_OK)
		e = http_add(out, SPAN("Accept-Encoding"), SPAN("identity"));
	return e != ERR_OK ? e : write_credential(x, out);
}

enum err add_receipt(struct exchange *x, struct http_head *out)
{
	static const char hex[] = "0123456789abcdef";
	if (!x->recorded)
		return ERR_OK;
	char *text = arena_alloc(&x->arena, 128);
	if (text == NULL)
		return ERR_NOMEM;
	int n = snprintf(text, 32, "%" PRIu64, x->sequence);
	enum err e = http_add(out, SPAN("Bailiwick-Decision"), span_of(text, (size_t)n));
	int m = n + snprintf(text + n, 32, "%" PRIu64 ":", x->sequence);
	for (size_t i = 0; i < sizeof x->leaf_hash; i++) {
		text[m++] = hex[x->leaf_hash[i] >> 4];
		text[m++] = hex[x->leaf_hash[i] & 15];
	}
	return e != ERR_OK ? e : http_add(out, SPAN("Bailiwick-Receipt"), span_of(text + n, (size_t)(m - n)));
}

enum err client_fields(const struct http_head *from, struct http_head *out)
{
	const struct http_hops hops = http_hops(from);
	enum err e = ERR_OK;
	for (size_t i = 0; e == ERR_OK && i < from->n_fields; i++) {
		struct span name = from->fields[i].name;
		if (!http_is_hop(&hops, name) && !starts_nocase(name, SPAN("bailiwick-")))
			e = http_add(out, name, from->fields[i].value);
	}
	return e;
}

enum err client_head(struct exchange *x, const struct http_head *answer, struct http_head *out)
{
	http_head_clear(out);
	out->status = answer->status;
	out->reason = answer->reason;
	out->minor = 1;
	out->method = x->head->method; /* a HEAD's answer keeps its length without a body */
	out->framing = answer->framing == HTTP_UNTIL_CLOSE ? HTTP_CHUNKED : answer->framing;
	out->length = answer->length;
	enum err e = client_fields(answer, out);
	return e != ERR_OK ? e : add_receipt(x, out);
}
