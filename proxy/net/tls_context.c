#include "proxy/net/tls_context.h"

#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <pthread.h>
#include <stdlib.h>

static const unsigned char alpn_http1[] = "\x08http/1.1";
enum { ALPN_N = sizeof alpn_http1 - 1 };

/* The system's certificates, read once: directories that OpenSSL would read at each handshake are out of reach when the
 * process is sandboxed, and reading files would block the loop. */
static X509_STORE *system_store;
static pthread_once_t system_once = PTHREAD_ONCE_INIT;

static void load_system_store(void)
{
	const char *files[] = {
		getenv(X509_get_default_cert_file_env()),
		X509_get_default_cert_file(),
		"/etc/ssl/certs/ca-certificates.crt",
		"/etc/pki/tls/certs/ca-bundle.crt",
		"/etc/ssl/cert.pem",
	};
	X509_STORE *store = X509_STORE_new();
	if (store == NULL)
		return;
	for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
		if (files[i] != NULL && X509_STORE_load_file(store, files[i]) == 1) {
			system_store = store;
			break;
		}
	}
	ERR_clear_error();
	if (system_store == NULL)
		X509_STORE_free(store);
}

static SSL_CTX *context_new(const SSL_METHOD *method)
{
	SSL_CTX *ctx = SSL_CTX_new(method);
	if (ctx == NULL)
		return NULL;
	/* An unexpected end is told apart by our BIO, and message framing detects what it cut off. */
	SSL_CTX_set_options(ctx, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION | SSL_OP_IGNORE_UNEXPECTED_EOF |
					 SSL_OP_CIPHER_SERVER_PREFERENCE);
	SSL_CTX_set_mode(ctx, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE |
				      SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
	if (SSL_CTX_set_min_proto_version(ctx, TLS1_2_VERSION) == 1 &&
	    SSL_CTX_set_cipher_list(ctx, "ECDHE+AESGCM:ECDHE+CHACHA20") == 1)
		return ctx;
	SSL_CTX_free(ctx);
	return NULL;
}

static int choose_alpn(SSL *ssl, const unsigned char **out, unsigned char *out_n, const unsigned char *in,
		       unsigned in_n, void *arg)
{
	(void)ssl;
	(void)arg;
	unsigned char *chosen;
	if (SSL_select_next_proto(&chosen, out_n, alpn_http1, ALPN_N, in, in_n) != OPENSSL_NPN_NEGOTIATED)
		return SSL_TLSEXT_ERR_ALERT_FATAL;
	*out = chosen;
	return SSL_TLSEXT_ERR_OK;
}

struct server_tls *server_tls_new(const char *cert_file, const char *key_file, enum err *err)
{
	static const unsigned char id[] = "gateway";
	*err = ERR_NOMEM;
	struct server_tls *t = calloc(1, sizeof *t);
	if (t == NULL)
		return NULL;
	t->ctx = context_new(TLS_server_method());
	if (t->ctx == NULL)
		goto fail;
	*err = ERR_CONFIG;
	if (SSL_CTX_use_certificate_chain_file(t->ctx, cert_file) != 1 ||
	    SSL_CTX_use_PrivateKey_file(t->ctx, key_file, SSL_FILETYPE_PEM) != 1 ||
	    SSL_CTX_check_private_key(t->ctx) != 1)
		goto fail;
	if (SSL_CTX_set_session_id_context(t->ctx, id, sizeof id - 1) != 1 || SSL_CTX_set_num_tickets(t->ctx, 1) != 1)
		goto fail;
	/* Sessions live in the clients' tickets, which all loops can open; none is kept here. */
	SSL_CTX_set_session_cache_mode(t->ctx, SSL_SESS_CACHE_OFF);
	SSL_CTX_set_alpn_select_cb(t->ctx, choose_alpn, NULL);
	*err = ERR_OK;
	return t;
fail:
	ERR_clear_error();
	server_tls_free(t);
	return NULL;
}

void server_tls_free(struct server_tls *t)
{
	if (t == NULL)
		return;
	SSL_CTX_free(t->ctx);
	free(t);
}

static enum err set_trust(SSL_CTX *ctx, struct span ca_file)
{
	if (ca_file.p == NULL) {
		pthread_once(&system_once, load_system_store);
		if (system_store == NULL)
			return ERR_CONFIG;
		SSL_CTX_set1_cert_store(ctx, system_store);
		return ERR_OK;
	}
	char *path = strndup((const char *)ca_file.p, ca_file.n);
	if (path == NULL)
		return ERR_NOMEM;
	int ok = SSL_CTX_load_verify_file(ctx, path);
	free(path);
	return ok == 1 ? ERR_OK : ERR_CONFIG;
}

static enum err set_name(struct tls_client *t, const struct tls_client_options *o)
{
	X509_VERIFY_PARAM *param = SSL_CTX_get0_param(t->ctx);
	/* NUL-terminated for OpenSSL; a name with a NUL inside would be two names. */
	if (o->host.n == 0 || span_find(o->host, 0) < o->host.n)
		return ERR_CONFIG;
	char *host = strndup((const char *)o->host.p, o->host.n);
	if (host == NULL)
		return ERR_NOMEM;
	if (o->literal) {
		int ok = X509_VERIFY_PARAM_set1_ip_asc(param, host);
		free(host);
		return ok == 1 ? ERR_OK : ERR_CONFIG;
	}
	/* "example.com." is the same name; certificates and SNI have it without the dot. */
	if (o->host.n > 1 && host[o->host.n - 1] == '.')
		host[o->host.n - 1] = 0;
	t->sni = host;
	X509_VERIFY_PARAM_set_hostflags(param, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
	return X509_VERIFY_PARAM_set1_host(param, host, 0) == 1 ? ERR_OK : ERR_CONFIG;
}

static enum err set_identity(struct tls_client *t, const struct tls_client_options *o)
{
	enum err e = set_name(t, o);
	if (e != ERR_OK)
		return e;
	if (o->pin_sha256.p == NULL) {
		SSL_CTX_set_verify(t->ctx, SSL_VERIFY_PEER, NULL);
		return set_trust(t->ctx, o->ca_file);
	}
	if (o->pin_sha256.n != sizeof t->pin)
		return ERR_CONFIG;
	memcpy(t->pin, o->pin_sha256.p, sizeof t->pin);
	t->pinned = true;
	/* The pin is the identity; tls_client_accepts checks it before anything is sent. */
	SSL_CTX_set_verify(t->ctx, SSL_VERIFY_NONE, NULL);
	return ERR_OK;
}

struct tls_client *tls_client_new(const struct tls_client_options *o, enum err *err)
{
	*err = ERR_NOMEM;
	struct tls_client *t = calloc(1, sizeof *t);
	if (t == NULL)
		return NULL;
	t->ctx = context_new(TLS_client_method());
	if (t->ctx == NULL || SSL_CTX_set_alpn_protos(t->ctx, alpn_http1, ALPN_N) != 0)
		goto fail;
	*err = set_identity(t, o);
	if (*err != ERR_OK)
		goto fail;
	SSL_CTX_set_session_cache_mode(t->ctx, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
	SSL_CTX_sess_set_new_cb(t->ctx, tls_new_session);
	return t;
fail:
	ERR_clear_error();
	tls_client_free(t);
	return NULL;
}

void tls_client_free(struct tls_client *t)
{
	if (t == NULL)
		return;
	SSL_CTX_free(t->ctx);
	free(t->sni);
	free(t);
}

static bool pin_matches(const struct tls_client *t, X509 *cert)
{
	unsigned char *der = NULL;
	uint8_t digest[32];
	int n = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(cert), &der);
	if (n <= 0)
		return false;
	bool ok = EVP_Digest(der, (size_t)n, digest, NULL, EVP_sha256(), NULL) == 1 &&
		  memcmp(digest, t->pin, sizeof digest) == 0;
	OPENSSL_free(der);
	return ok;
}

bool tls_client_accepts(const struct tls_client *t, SSL *ssl)
{
	X509 *cert = SSL_get0_peer_certificate(ssl);
	const unsigned char *alpn;
	unsigned alpn_n;
	SSL_get0_alpn_selected(ssl, &alpn, &alpn_n);
	if (cert == NULL || (alpn_n != 0 && !span_eq(span_of(alpn, alpn_n), span_of(alpn_http1 + 1, ALPN_N - 1))))
		return false;
	return t->pinned ? pin_matches(t, cert) : SSL_get_verify_result(ssl) == X509_V_OK;
}
