/* Addresses in the configuration: URLs, listeners' addresses, networks. Text in, parts out; nothing is resolved. */
#ifndef CONFIG_ADDRESS_H
#define CONFIG_ADDRESS_H

#include "base/ip.h"

struct url {
	bool tls;
	struct span host; /* without the brackets of an IPv6 address */
	uint16_t port;
	struct span unix_path; /* unix:/path; else null */
	struct span path;      /* without trailing slashes; may be empty */
};
/* NULL if it is fine, else what is wrong. Parts point into s. */
const char *url_parse(struct span s, struct url *out) MUST;

/* "127.0.0.1:8080", "[::1]:8080", "localhost:8080" or "unix:/absolute/path". NULL if it is fine. */
const char *listen_parse(struct span s, struct span *host, uint16_t *port, struct span *unix_path) MUST;

/* localhost, 127/8, ::1. */
bool host_is_loopback(struct span host) MUST;
/* An address literal of a private or loopback range. */
bool host_is_private(struct span host) MUST;
/* A DNS name (or IPv4 literal) as it may stand in a Host header. */
bool host_name_ok(struct span host) MUST;

#endif
