#include "proxy/net/address.h"

#include <arpa/inet.h>

#include "base/assert.h"

struct block {
	const char *prefix;
	unsigned bits;
};

static const struct block blocks4[] = {
#define SPECIAL4(prefix, bits, source) {prefix, bits},
#define SPECIAL6(prefix, bits, source)
#include "proxy/net/special_address.def"
#undef SPECIAL4
#undef SPECIAL6
};

static const struct block blocks6[] = {
#define SPECIAL4(prefix, bits, source)
#define SPECIAL6(prefix, bits, source) {prefix, bits},
#include "proxy/net/special_address.def"
#undef SPECIAL4
#undef SPECIAL6
};

static bool in_block(const uint8_t *ip, const uint8_t *prefix, unsigned bits)
{
	unsigned whole = bits / 8;
	uint8_t mask = (uint8_t)(0xff00u >> (bits % 8));
	return memcmp(ip, prefix, whole) == 0 && (bits % 8 == 0 || ((ip[whole] ^ prefix[whole]) & mask) == 0);
}

static bool special(const uint8_t *ip, int family, const struct block *blocks, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		uint8_t prefix[16];
		INVARIANT(inet_pton(family, blocks[i].prefix, prefix) == 1);
		if (in_block(ip, prefix, blocks[i].bits))
			return true;
	}
	return false;
}

static bool special4(const uint8_t *ip)
{
	return special(ip, AF_INET, blocks4, sizeof blocks4 / sizeof *blocks4);
}

static bool special6(const uint8_t *ip)
{
	static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};
	static const uint8_t nat64[12] = {0x00, 0x64, 0xff, 0x9b};
	if (memcmp(ip, mapped, 12) == 0 || memcmp(ip, nat64, 12) == 0)
		return special4(ip + 12);
	if (ip[0] == 0x20 && ip[1] == 0x02) /* 6to4, RFC 3056 */
		return special4(ip + 2);
	/* Only 2000::/3 has been given out as global unicast. */
	return (ip[0] & 0xe0) != 0x20 || special(ip, AF_INET6, blocks6, sizeof blocks6 / sizeof *blocks6);
}

bool address_special(const struct address *a)
{
	if (a->any.sa_family == AF_INET)
		return special4((const uint8_t *)&a->in4.sin_addr);
	if (a->any.sa_family == AF_INET6)
		return special6(a->in6.sin6_addr.s6_addr);
	return true;
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
