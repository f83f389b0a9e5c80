/* TLS on a connection, and the contexts behind it. TLS 1.2 and 1.3, AEAD suites with forward secrecy, no renegotiation,
 * no early data, ALPN http/1.1. Contexts are immutable and shared by all loops. */
#ifndef NET_TLS_H
#define NET_TLS_H

#include "proxy/net/conn.h"
#include "proxy/net/server.h"
#include "proxy/wire/stream.h"

/* How to verify one upstream. */
struct tls_client;

struct tls_client_options {
	struct span host;       /* name or literal to verify; SNI for names */
	bool literal;           /* host is an IP literal */
	struct span ca_file;    /* null: the system's store */
	struct span pin_sha256; /* 32 bytes or null */
};
/* ERR_CONFIG: no such CA file or no trust store at all, or a pin of a wrong length; ERR_NOMEM. */
struct tls_client *tls_client_new(const struct tls_client_options *o, enum err *err) MUST;
void tls_client_free(struct tls_client *t);

/* A session to resume, kept by whoever owns the pool. */
struct tls_ticket {
	struct ssl_session_st *session; /* NULL: none */
};
void tls_ticket_fini(struct tls_ticket *t);

/* Puts TLS on a connection that has not been opened yet. ticket (may be NULL) is used and refilled, and must outlive c.
 */
enum err tls_accept(struct conn *c, const struct server_tls *t) MUST;
enum err tls_connect(struct conn *c, const struct tls_client *t, struct tls_ticket *ticket) MUST;

/* Version, cipher and the peer's certificate hash, when the handshake is done. */
void tls_facts(const struct conn *c, struct stream_peer *peer);

#endif
