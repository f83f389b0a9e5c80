/* Socket addresses: literals, text, and which of them are not on the public Internet. Pure. */
#ifndef NET_ADDRESS_H
#define NET_ADDRESS_H

#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "base/err.h"
#include "proxy/wire/stream.h"

struct address {
	union {
		struct sockaddr any;
		struct sockaddr_in in4;
		struct sockaddr_in6 in6;
		struct sockaddr_un un;
	};
	socklen_t n; /* 0: none */
};

enum { ADDRESS_TEXT = INET6_ADDRSTRLEN };

/* An IPv4 or IPv6 literal, without brackets. False if it is none. */
bool address_literal(struct span text, uint16_t port, struct address *out) MUST;
/* ERR_CONFIG: empty, too long, or with a NUL in it. */
enum err address_unix(struct span path, struct address *out) MUST;
/* "1.2.3.4:80", "[::1]:80" or "unix:/path": what listeners are configured with. ERR_CONFIG. */
enum err address_parse(struct span text, struct address *out) MUST;
/* Port of an IP address, 0 for others. */
uint16_t address_port(const struct address *a) MUST;
/* Fills address (into text), ip and unix_socket. */
void address_tell(const struct address *a, char text[ADDRESS_TEXT], struct stream_peer *peer);
/* Loopback, private, link-local, shared, multicast, reserved or unspecified, also inside IPv6 forms that embed IPv4:
 * whatever the IANA special-purpose registries (RFC 6890) do not call globally reachable. */
bool address_special(const struct address *a) MUST;

#endif
