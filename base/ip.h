/* IP addresses as 16 bytes, IPv4 as ::ffff:a.b.c.d, and networks of them. Text in, bytes out; nothing is resolved. */
#ifndef BASE_IP_H
#define BASE_IP_H

#include "base/country.h"

/* A literal without brackets, port or zone. */
bool ip_parse(struct span s, uint8_t ip[16]) MUST;

struct cidr {
	uint8_t ip[16];
	uint8_t bits; /* 0..128, counted over the 16 bytes */
	country cc;   /* of the organisation's own networks; else COUNTRY_NONE */
};
/* "10.20.0.0/16", "2001:db8::/32", or a lone address. No bits may stand behind the prefix. */
bool cidr_parse(struct span s, struct cidr *out) MUST;
bool cidr_has(const struct cidr *c, const uint8_t ip[16]) MUST;

/* Not reachable from everywhere, so never a cloud: loopback, private, link-local, documentation, multicast… (RFC 6890).
 * An IPv4 address inside a NAT64 or 6to4 address counts as itself. */
bool ip_is_private(const uint8_t ip[16]) MUST;

#endif
