/* One place to connect to, as client.c and connect.c see it. Immutable. */
#ifndef NET_UPSTREAM_H
#define NET_UPSTREAM_H

#include <stdatomic.h>

#include "proxy/net/address.h"
#include "proxy/net/client.h"
#include "proxy/net/tls.h"

struct upstream {
	atomic_uint refs;
	struct span name, host; /* own copies */
	struct tls_client *tls; /* NULL: plain */
	struct address fixed;   /* literal or Unix socket; n == 0: host is to be resolved */
	uint16_t port;
	bool private_ok;
	uint32_t connect_ms, head_ms, idle_ms, pool_idle_ms, max_idle;
};

/* Does nobody but the caller hold it any more? */
bool upstream_is_last(const struct upstream *u) MUST;

#endif
