#include "proxy/net/address.h"

#include <arpa/inet.h>

#include "base/assert.h"
#include "base/ip.h"

bool address_special(const struct address *a)
{
	uint8_t ip[16] = {[10] = 0xff, [11] = 0xff};
	if (a->any.sa_family == AF_INET)
		memcpy(ip + 12, &a->in4.sin_addr, 4);
	else if (a->any.sa_family == AF_INET6)
		memcpy(ip, &a->in6.sin6_addr, 16);
	else
		return true;
	return ip_is_private(ip);
}

bool address_literal(struct span text, uint16_t port, struct address *out)
{
	char z[ADDRESS_TEXT];
	*out = (struct address){0};
	if (text.n == 0 || text.n >= sizeof z || span_find(text, 0) < text.n)
		return false;
	memcpy(z, text.p, text.n);
	z[text.n] = 0;
	if (inet_pton(AF_INET, z, &out->in4.sin_addr) == 1) {
		out->in4.sin_family = AF_INET;
		out->in4.sin_port = htons(port);
		out->n = sizeof out->in4;
		return true;
	}
	*out = (struct address){0};
	if (inet_pton(AF_INET6, z, &out->in6.sin6_addr) == 1) {
		out->in6.sin6_family = AF_INET6;
		out->in6.sin6_port = htons(port);
		out->n = sizeof out->in6;
		return true;
	}
	return false;
}

enum err address_unix(struct span path, struct address *out)
{
	*out = (struct address){0};
	if (path.n == 0 || path.n >= sizeof out->un.sun_path || span_find(path, 0) < path.n)
		return ERR_CONFIG;
	out->un.sun_family = AF_UNIX;
	memcpy(out->un.sun_path, path.p, path.n);
	out->n = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + path.n + 1);
	return ERR_OK;
}

enum err address_parse(struct span text, struct address *out)
{
	const struct span prefix = SPAN("unix:");
	if (span_starts(text, prefix))
		return address_unix(span_sub(text, prefix.n, text.n), out);
	size_t colon = text.n;
	while (colon > 0 && text.p[colon - 1] != ':')
		colon--;
	if (colon < 2)
		return ERR_CONFIG;
	uint64_t port;
	if (!span_u64(span_sub(text, colon, text.n), &port) || port > UINT16_MAX)
		return ERR_CONFIG;
	struct span host = span_sub(text, 0, colon - 1);
	bool brackets = host.n >= 2 && host.p[0] == '[' && host.p[host.n - 1] == ']';
	if (brackets)
		host = span_sub(host, 1, host.n - 1);
	if (!address_literal(host, (uint16_t)port, out) || brackets != (out->any.sa_family == AF_INET6))
		return ERR_CONFIG;
	return ERR_OK;
}

uint16_t address_port(const struct address *a)
{
	if (a->any.sa_family == AF_INET)
		return ntohs(a->in4.sin_port);
	if (a->any.sa_family == AF_INET6)
		return ntohs(a->in6.sin6_port);
	return 0;
}

void address_tell(const struct address *a, char text[ADDRESS_TEXT], struct stream_peer *peer)
{
	text[0] = 0;
	if (a->any.sa_family == AF_INET) {
		peer->ip[10] = peer->ip[11] = 0xff;
		memcpy(peer->ip + 12, &a->in4.sin_addr, 4);
		INVARIANT(inet_ntop(AF_INET, &a->in4.sin_addr, text, ADDRESS_TEXT) != NULL);
	} else if (a->any.sa_family == AF_INET6) {
		memcpy(peer->ip, &a->in6.sin6_addr, 16);
		/* A dual-stack listener sees IPv4 clients as ::ffff:a.b.c.d: the same client must have one name. */
		bool mapped = IN6_IS_ADDR_V4MAPPED(&a->in6.sin6_addr);
		INVARIANT(inet_ntop(mapped ? AF_INET : AF_INET6, peer->ip + (mapped ? 12 : 0), text, ADDRESS_TEXT) !=
			  NULL);
	} else {
		peer->unix_socket = true;
	}
	peer->address = span_str(text);
}
