/* Upstream connections: resolve, connect, verify, pool. The address that was checked is the address connected to. */
#ifndef NET_CLIENT_H
#define NET_CLIENT_H

#include "proxy/net/loop.h"
#include "proxy/wire/stream.h"

/* One place to connect to; immutable, shared by all loops, owned by the snapshot. */
struct upstream;

struct upstream_options {
	struct span name; /* for logs and metrics: the destination's configured name */
	bool tls;
	struct span host; /* name or IP literal; for TLS also SNI and the name to verify */
	uint16_t port;
	struct span unix_path;  /* instead of host and port */
	struct span ca_file;    /* instead of the system's store; null for the system's */
	struct span pin_sha256; /* 32 raw bytes: SHA-256 of the leaf's SubjectPublicKeyInfo (then the chain need not
				   verify) */
	bool private_ok;        /* loopback, private and link-local addresses are allowed (on-prem or insecure) */
	uint32_t connect_ms, head_ms, idle_ms; /* connect+TLS; request sent -> response head; between body bytes */
	uint32_t pool_idle_ms;                 /* how long an idle connection is kept */
	uint32_t max_idle;                     /* per loop */
};
struct upstream *upstream_new(const struct upstream_options *o, enum err *err) MUST;
void upstream_get(struct upstream *u);
void upstream_put(struct upstream *u);

/* A lease: a connection, connected and (TLS) verified, with nothing of any request sent yet. */
struct lease;
struct lease_info {
	struct stream_peer peer; /* address, TLS facts, certificate hash */
	bool tls_verified;
};

/* Per-loop pools. */
struct client;
struct client *client_new(struct loop *l) MUST;
/* Ends what runs: requests get done (ERR_SHUTDOWN), streams `closed` (ERR_SHUTDOWN). Leases must have been released or
 * made streams of; not from inside an event of one of them. */
void client_free(struct client *c);

/* Acquires a lease: a pooled idle connection (checked alive) or a new one. done is called exactly once, never from
 * inside this call; lease is NULL on failure: ERR_DNS, ERR_CONNECT, ERR_TLS, ERR_UPSTREAM_TIMEOUT, ERR_RESIDENCY (a
 * cloud name that resolves to a private address). fresh: do not take a pooled one (after a reused connection died). */
struct lease_request {
	void (*done)(struct lease_request *r, struct lease *lease, const struct lease_info *info, enum err err);
	void *impl;
};
void client_lease(struct client *c, struct upstream *u, bool fresh, struct lease_request *r);
/* Only before done. */
void client_lease_cancel(struct lease_request *r);
/* Gives an unused lease back to the pool. */
void lease_release(struct lease *lease);
/* Turns the lease into a client stream; set s->events and owner right away. The connection returns to the pool by
 * itself after a clean exchange. ERR_UPSTREAM_GONE in `closed` before any response byte on a reused connection means
 * that it was idle-closed: the owner may try again on a fresh lease (a new attempt with a record of its own). */
struct stream *lease_stream(struct lease *lease) MUST;

#endif
