#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/assert.h"
#include "base/buf.h"
#include "rig.h"

static void start(struct peer *p, int fd)
{
	int one = 1;
	memset(p, 0, sizeof *p);
	p->fd = fd;
	(void)!setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
}

static bool handshake(struct peer *p, SSL *ssl, bool client)
{
	p->ssl = ssl;
	INVARIANT(ssl != NULL && SSL_set_fd(ssl, p->fd) == 1);
	bool ok = (client ? SSL_connect(ssl) : SSL_accept(ssl)) == 1;
	ERR_clear_error();
	return ok;
}

static bool connected(struct peer *p, int family, const struct sockaddr *a, socklen_t n)
{
	int fd = socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	INVARIANT(fd >= 0);
	start(p, fd);
	return connect(fd, a, n) == 0;
}

static bool client_tls(struct peer *p, struct peer_tls_options o)
{
	SSL_CTX *ctx = SSL_CTX_new(TLS_client_method());
	INVARIANT(ctx != NULL);
	/* Old versions must be refused by the other side, not by us. */
	SSL_CTX_set_security_level(ctx, 0);
	INVARIANT(SSL_CTX_set_min_proto_version(ctx, o.version) == 1 &&
		  SSL_CTX_set_max_proto_version(ctx, o.version) == 1);
	SSL *ssl = SSL_new(ctx);
	SSL_CTX_free(ctx);
	INVARIANT(ssl != NULL);
	if (o.alpn != NULL)
		INVARIANT(SSL_set_alpn_protos(ssl, (const unsigned char *)o.alpn, (unsigned)strlen(o.alpn)) == 0);
	if (o.session != NULL)
		INVARIANT(SSL_set_session(ssl, o.session) == 1);
	return handshake(p, ssl, true);
}

bool peer_connect(struct peer *p, uint16_t port, enum peer_tls tls)
{
	struct sockaddr_in a = {
		.sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	if (!connected(p, AF_INET, (struct sockaddr *)&a, sizeof a))
		return false;
	return tls == PEER_PLAIN || client_tls(p, (struct peer_tls_options){.alpn = "\x08http/1.1"});
}

bool peer_connect_tls(struct peer *p, uint16_t port, struct peer_tls_options o)
{
	return peer_connect(p, port, PEER_PLAIN) && client_tls(p, o);
}

void *peer_session(const struct peer *p)
{
	return SSL_get1_session(p->ssl);
}

void peer_session_free(void *session)
{
	SSL_SESSION_free(session);
}

bool peer_resumed(const struct peer *p)
{
	return SSL_session_reused(p->ssl) == 1;
}

bool peer_connect_unix(struct peer *p, const char *path)
{
	struct sockaddr_un a = {.sun_family = AF_UNIX};
	INVARIANT(strlen(path) < sizeof a.sun_path);
	memcpy(a.sun_path, path, strlen(path));
	return connected(p, AF_UNIX, (struct sockaddr *)&a, sizeof a);
}

/* One context for each certificate, so that its sessions can be resumed. */
static SSL_CTX *acceptor(const char *cert, const char *key)
{
	static struct {
		char cert[96];
		SSL_CTX *ctx;
	} known[8];
	size_t i = 0;
	while (known[i].ctx != NULL && strcmp(known[i].cert, cert) != 0)
		i++;
	if (known[i].ctx != NULL)
		return known[i].ctx;
	SSL_CTX *ctx = SSL_CTX_new(TLS_server_method());
	INVARIANT(ctx != NULL && strlen(cert) < sizeof known[i].cert &&
		  SSL_CTX_use_certificate_chain_file(ctx, cert) == 1);
	INVARIANT(SSL_CTX_use_PrivateKey_file(ctx, key, SSL_FILETYPE_PEM) == 1);
	memcpy(known[i].cert, cert, strlen(cert));
	known[i].ctx = ctx;
	return ctx;
}

bool peer_accept(struct peer *p, int listener, const char *cert, const char *key)
{
	int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
	INVARIANT(fd >= 0);
	start(p, fd);
	if (cert == NULL)
		return true;
	return handshake(p, SSL_new(acceptor(cert, key)), false);
}

bool peer_send(struct peer *p, const void *data, size_t n)
{
	const uint8_t *at = data;
	while (n > 0) {
		ssize_t r = p->ssl != NULL ? SSL_write(p->ssl, at, (int)n) : send(p->fd, at, n, MSG_NOSIGNAL);
		if (r <= 0) {
			ERR_clear_error();
			return false;
		}
		at += r;
		n -= (size_t)r;
	}
	return true;
}

bool peer_say(struct peer *p, const char *text)
{
	return peer_send(p, text, strlen(text));
}

/* Reads once more; false at the end. */
static bool more(struct peer *p)
{
	enum { ROOM = 64 * 1024 };
	uint8_t *at = buf_reserve(&p->in, ROOM);
	INVARIANT(at != NULL);
	ssize_t r = p->ssl != NULL ? SSL_read(p->ssl, at, ROOM) : recv(p->fd, at, ROOM, 0);
	if (r > 0) {
		p->in.n += (size_t)r;
		return true;
	}
	p->ended = p->ssl != NULL ? SSL_get_error(p->ssl, (int)r) == SSL_ERROR_ZERO_RETURN : r == 0;
	p->broken = !p->ended;
	ERR_clear_error();
	return false;
}

bool peer_has(const struct peer *p, const char *text)
{
	return p->in.n > 0 && memmem(p->in.p, p->in.n, text, strlen(text)) != NULL;
}

size_t peer_count(const struct peer *p, const char *text)
{
	size_t n = 0;
	const uint8_t *at = p->in.p, *end = p->in.p + p->in.n;
	while (at != NULL && (at = memmem(at, (size_t)(end - at), text, strlen(text))) != NULL) {
		n++;
		at++;
	}
	return n;
}

bool peer_until(struct peer *p, const char *text)
{
	while (!peer_has(p, text))
		if (!more(p))
			return false;
	return true;
}

bool peer_until_n(struct peer *p, size_t n)
{
	while (p->in.n < n)
		if (!more(p))
			return false;
	return true;
}

bool peer_until_end(struct peer *p)
{
	while (more(p))
		continue;
	return p->ended;
}

void peer_half_close(struct peer *p)
{
	if (p->ssl != NULL)
		SSL_shutdown(p->ssl);
	shutdown(p->fd, SHUT_WR);
}

void peer_reset(struct peer *p)
{
	struct linger l = {.l_onoff = 1};
	INVARIANT(setsockopt(p->fd, SOL_SOCKET, SO_LINGER, &l, sizeof l) == 0);
	SSL_free(p->ssl);
	p->ssl = NULL;
	close(p->fd);
	p->fd = -1;
	buf_fini(&p->in);
}

void peer_close(struct peer *p)
{
	/* Says nothing; but else OpenSSL would spoil the session that a test may want to resume. */
	if (p->ssl != NULL)
		SSL_set_shutdown(p->ssl, SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN);
	SSL_free(p->ssl);
	p->ssl = NULL;
	if (p->fd >= 0)
		close(p->fd);
	p->fd = -1;
	buf_fini(&p->in);
}

int listen_loopback(uint16_t *port)
{
	struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t n = sizeof a;
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	INVARIANT(fd >= 0 && bind(fd, (struct sockaddr *)&a, n) == 0 && listen(fd, 256) == 0);
	INVARIANT(getsockname(fd, (struct sockaddr *)&a, &n) == 0);
	*port = ntohs(a.sin_port);
	return fd;
}
