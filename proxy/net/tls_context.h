/* Private to tls.c and tls_context.c: what a context is made of. */
#ifndef NET_TLS_CONTEXT_H
#define NET_TLS_CONTEXT_H

#include <openssl/ssl.h>

#include "proxy/net/tls.h"

struct server_tls {
	SSL_CTX *ctx;
};

struct tls_client {
	SSL_CTX *ctx;
	char *sni; /* NULL for IP literals */
	bool pinned;
	uint8_t pin[32];
};

/* Is the peer of this finished handshake the one we want? */
bool tls_client_accepts(const struct tls_client *t, SSL *ssl) MUST;
/* The context's new-session callback. */
int tls_new_session(SSL *ssl, SSL_SESSION *session);

#endif
