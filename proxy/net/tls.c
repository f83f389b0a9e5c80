#include "proxy/net/tls.h"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <pthread.h>
#include <stdlib.h>

#include "base/assert.h"
#include "proxy/net/tls_context.h"

/* The bytes between OpenSSL and the socket: our own BIO, so that one recv feeds many records and many records leave in
 * one send, out of blocks that only a connection with bytes in flight holds. */
struct tls_session {
	SSL *ssl;
	const struct tls_client *client; /* NULL on the server's side */
	struct tls_ticket *ticket;
	uint8_t *in;
	size_t in_at, in_n;
	bool in_eof;
	uint8_t *out;
	size_t out_at, out_n;
};

enum { RECORD = 16 * 1024, RECORD_ROOM = RECORD + 512 };

static BIO_METHOD *bio_method;
static pthread_once_t bio_once = PTHREAD_ONCE_INIT;

static void in_release(struct conn *c)
{
	struct tls_session *t = c->tls;
	if (t->in != NULL)
		loop_block_put(c->loop, t->in);
	t->in = NULL;
	t->in_at = t->in_n = 0;
}

static void out_release(struct conn *c)
{
	struct tls_session *t = c->tls;
	if (t->out != NULL)
		loop_block_put(c->loop, t->out);
	t->out = NULL;
	t->out_at = t->out_n = 0;
}

/* Ciphertext from the socket: > 0 bytes there are, 0 at the end, CONN_AGAIN or CONN_FAILED. */
static ssize_t refill(struct conn *c)
{
	struct tls_session *t = c->tls;
	if (t->in_at < t->in_n)
		return (ssize_t)(t->in_n - t->in_at);
	if (t->in == NULL)
		t->in = loop_block(c->loop);
	if (t->in == NULL) {
		c->why = CONN_FAIL_IO;
		return CONN_FAILED;
	}
	ssize_t r = conn_recv(c, t->in, LOOP_BLOCK);
	t->in_at = 0;
	t->in_n = r > 0 ? (size_t)r : 0;
	return r;
}

static int bio_read(BIO *b, char *p, int n)
{
	struct conn *c = BIO_get_data(b);
	struct tls_session *t = c->tls;
	BIO_clear_retry_flags(b);
	ssize_t r = refill(c);
	if (r <= 0) {
		if (r == CONN_AGAIN)
			BIO_set_retry_read(b);
		t->in_eof = r == 0;
		in_release(c);
		return r == 0 ? 0 : -1;
	}
	if (r < n)
		n = (int)r;
	memcpy(p, t->in + t->in_at, (size_t)n);
	t->in_at += (size_t)n;
	return n;
}

static int bio_write(BIO *b, const char *p, int n)
{
	struct conn *c = BIO_get_data(b);
	struct tls_session *t = c->tls;
	BIO_clear_retry_flags(b);
	if (t->out == NULL)
		t->out = loop_block(c->loop);
	if (t->out == NULL)
		return -1;
	size_t room = LOOP_BLOCK - t->out_n;
	if (room == 0) {
		BIO_set_retry_write(b);
		return -1;
	}
	if (room < (size_t)n)
		n = (int)room;
	memcpy(t->out + t->out_n, p, (size_t)n);
	t->out_n += (size_t)n;
	return n;
}

static long bio_ctrl(BIO *b, int cmd, long num, void *ptr)
{
	struct conn *c = BIO_get_data(b);
	(void)num;
	(void)ptr;
	if (cmd == BIO_CTRL_EOF)
		return c->tls->in_eof;
	return cmd == BIO_CTRL_FLUSH;
}

static void bio_init(void)
{
	int type = BIO_get_new_index() | BIO_TYPE_SOURCE_SINK;
	BIO_METHOD *m = BIO_meth_new(type, "connection");
	if (m != NULL && BIO_meth_set_read(m, bio_read) == 1 && BIO_meth_set_write(m, bio_write) == 1 &&
	    BIO_meth_set_ctrl(m, bio_ctrl) == 1)
		bio_method = m;
}

static size_t tls_unsent(const struct conn *c)
{
	return c->tls->out_n - c->tls->out_at;
}

static int tls_push(struct conn *c)
{
	struct tls_session *t = c->tls;
	while (t->out_at < t->out_n) {
		struct iovec v = {.iov_base = t->out + t->out_at, .iov_len = t->out_n - t->out_at};
		ssize_t r = conn_sendv(c, &v, 1);
		if (r < 0)
			return (int)r;
		t->out_at += (size_t)r;
	}
	out_release(c);
	return 1;
}

/* OpenSSL wants its queue of errors empty before each call. It nearly always is, and looking costs less than clearing.
 */
static void forget_errors(void)
{
	if (ERR_peek_error() != 0)
		ERR_clear_error();
}

/* What an SSL_* call that did not succeed means. */
static int tls_verdict(struct conn *c, int r)
{
	int e = SSL_get_error(c->tls->ssl, r);
	if (e == SSL_ERROR_WANT_READ) {
		c->can_read = false;
		return CONN_AGAIN;
	}
	if (e == SSL_ERROR_WANT_WRITE)
		return CONN_AGAIN;
	if (e == SSL_ERROR_ZERO_RETURN)
		return 0;
	/* Without a reason of OpenSSL's own it was the socket, which has set c->why. */
	c->why = e == SSL_ERROR_SYSCALL ? CONN_FAIL_IO : CONN_FAIL_TLS;
	ERR_clear_error();
	return CONN_FAILED;
}

/* Is there neither ciphertext of ours nor plaintext of OpenSSL's, and nothing to be had from the socket? Then asking
 * OpenSSL only takes time. */
static bool is_dry(const struct conn *c)
{
	const struct tls_session *t = c->tls;
	return t->in_at == t->in_n && (c->dry || c->cut_short) && SSL_has_pending(t->ssl) == 0;
}

static ssize_t tls_read(struct conn *c, uint8_t *p, size_t n)
{
	struct tls_session *t = c->tls;
	if (is_dry(c)) {
		in_release(c);
		c->can_read = false;
		return CONN_AGAIN;
	}
	forget_errors();
	int r = SSL_read(t->ssl, p, (int)n);
	if (r > 0)
		return r;
	int v = tls_verdict(c, r);
	if (v == 0)
		c->truncated = t->in_eof;
	/* Reading may have made output of its own (a key update). */
	if (tls_unsent(c) > 0)
		loop_dirty(c->loop, &c->dirty);
	return v;
}

/* One record's worth of plaintext from the front of iov, copied together if it lies in pieces. */
static struct span record_plaintext(const struct iovec *iov, int n, size_t skip, uint8_t *room)
{
	struct span first = span_of((const uint8_t *)iov[0].iov_base + skip, iov[0].iov_len - skip);
	if (n == 1 || first.n >= RECORD)
		return first.n <= RECORD ? first : span_sub(first, 0, RECORD);
	size_t used = 0;
	for (int i = 0; i < n && used < RECORD; i++) {
		struct span s = i == 0 ? first : span_of(iov[i].iov_base, iov[i].iov_len);
		size_t take = s.n < RECORD - used ? s.n : RECORD - used;
		memcpy(room + used, s.p, take);
		used += take;
	}
	return span_of(room, used);
}

static void iov_advance(const struct iovec **iov, int *n, size_t *skip, size_t taken)
{
	*skip += taken;
	while (*n > 0 && *skip >= (*iov)->iov_len) {
		*skip -= (*iov)->iov_len;
		++*iov;
		--*n;
	}
}

/* Encrypts until iov or the block ends. */
static ssize_t encrypt(struct conn *c, const struct iovec *iov, int n, uint8_t *room)
{
	struct tls_session *t = c->tls;
	size_t taken = 0, skip = 0;
	while (n > 0 && LOOP_BLOCK - t->out_n >= RECORD_ROOM) {
		struct span plain = record_plaintext(iov, n, skip, room);
		forget_errors();
		int r = SSL_write(t->ssl, plain.p, (int)plain.n);
		if (plain.p == room)
			explicit_bzero(room, plain.n);
		if (r <= 0) {
			int v = tls_verdict(c, r);
			return v == CONN_AGAIN && taken > 0 ? (ssize_t)taken : v == 0 ? CONN_FAILED : v;
		}
		taken += (size_t)r;
		iov_advance(&iov, &n, &skip, (size_t)r);
	}
	return (ssize_t)taken;
}

static ssize_t tls_writev(struct conn *c, const struct iovec *iov, int n)
{
	uint8_t *room = loop_block(c->loop);
	if (room == NULL) {
		c->why = CONN_FAIL_IO;
		return CONN_FAILED;
	}
	ssize_t taken = encrypt(c, iov, n, room);
	loop_block_put(c->loop, room);
	if (taken >= 0 && tls_push(c) == CONN_FAILED)
		return CONN_FAILED;
	return taken;
}

static void tls_goodbye(struct conn *c)
{
	ERR_clear_error();
	/* Only our half: the answer to it is not waited for. */
	if (SSL_shutdown(c->tls->ssl) < 0)
		ERR_clear_error();
}

static int tls_handshake(struct conn *c)
{
	struct tls_session *t = c->tls;
	int pushed = tls_push(c);
	if (pushed != 1)
		return pushed == CONN_AGAIN ? 0 : pushed;
	for (;;) {
		ERR_clear_error();
		int r = SSL_do_handshake(t->ssl);
		int v = r == 1 ? 1 : tls_verdict(c, r);
		bool full = v == CONN_AGAIN && tls_unsent(c) == LOOP_BLOCK;
		/* Also the alert of a handshake that failed. */
		pushed = tls_push(c);
		if (v == CONN_AGAIN && pushed == 1 && full)
			continue;
		if (v == CONN_AGAIN)
			return pushed == CONN_FAILED ? CONN_FAILED : 0;
		if (v != 1) {
			c->why = v == 0 ? CONN_FAIL_TLS : c->why;
			return CONN_FAILED;
		}
		break;
	}
	if (t->client != NULL && !tls_client_accepts(t->client, t->ssl)) {
		c->why = CONN_FAIL_TLS;
		return CONN_FAILED;
	}
	/* Early application data may stand in our block already. */
	c->can_read = true;
	return 1;
}

static void tls_fini(struct conn *c)
{
	struct tls_session *t = c->tls;
	/* A connection dropped without goodbye must not cost us its session. */
	if (SSL_is_init_finished(t->ssl) && c->why != CONN_FAIL_TLS)
		SSL_set_shutdown(t->ssl, SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN);
	SSL_free(t->ssl);
	in_release(c);
	out_release(c);
	free(t);
	c->tls = NULL;
	c->ops = &conn_plain;
}

static const struct conn_ops conn_tls = {
	.handshake = tls_handshake,
	.read = tls_read,
	.writev = tls_writev,
	.unsent = tls_unsent,
	.push = tls_push,
	.goodbye = tls_goodbye,
	.fini = tls_fini,
};

static enum err tls_start(struct conn *c, SSL_CTX *ctx)
{
	pthread_once(&bio_once, bio_init);
	if (bio_method == NULL)
		return ERR_NOMEM;
	struct tls_session *t = calloc(1, sizeof *t);
	BIO *b = BIO_new(bio_method);
	if (t == NULL || b == NULL || (t->ssl = SSL_new(ctx)) == NULL) {
		BIO_free(b);
		free(t);
		return ERR_NOMEM;
	}
	BIO_set_data(b, c);
	BIO_set_init(b, 1);
	SSL_set_bio(t->ssl, b, b);
	SSL_set_app_data(t->ssl, c);
	c->tls = t;
	c->ops = &conn_tls;
	return ERR_OK;
}

enum err tls_accept(struct conn *c, const struct server_tls *s)
{
	INVARIANT(c->state != CONN_OPEN && c->tls == NULL);
	enum err e = tls_start(c, s->ctx);
	if (e == ERR_OK)
		SSL_set_accept_state(c->tls->ssl);
	return e;
}

enum err tls_connect(struct conn *c, const struct tls_client *t, struct tls_ticket *ticket)
{
	INVARIANT(c->state != CONN_OPEN && c->tls == NULL);
	enum err e = tls_start(c, t->ctx);
	if (e != ERR_OK)
		return e;
	c->tls->client = t;
	c->tls->ticket = ticket;
	SSL_set_connect_state(c->tls->ssl);
	if (t->sni != NULL && SSL_set_tlsext_host_name(c->tls->ssl, t->sni) != 1)
		return ERR_NOMEM;
	if (ticket != NULL && ticket->session != NULL && SSL_set_session(c->tls->ssl, ticket->session) != 1)
		return ERR_NOMEM;
	return ERR_OK;
}

int tls_new_session(SSL *ssl, SSL_SESSION *session)
{
	struct conn *c = SSL_get_app_data(ssl);
	struct tls_ticket *t = c->tls == NULL ? NULL : c->tls->ticket;
	if (t == NULL)
		return 0;
	tls_ticket_fini(t);
	t->session = session;
	return 1;
}

void tls_ticket_fini(struct tls_ticket *t)
{
	SSL_SESSION_free(t->session);
	t->session = NULL;
}

void tls_facts(const struct conn *c, struct stream_peer *peer)
{
	peer->tls = c->tls != NULL;
	if (c->tls == NULL)
		return;
	SSL *ssl = c->tls->ssl;
	peer->tls_version = (uint16_t)SSL_version(ssl);
	peer->tls_cipher = SSL_CIPHER_get_protocol_id(SSL_get_current_cipher(ssl));
	X509 *cert = SSL_get0_peer_certificate(ssl);
	unsigned n = 0;
	if (cert != NULL && X509_digest(cert, EVP_sha256(), peer->cert_sha256, &n) != 1)
		memset(peer->cert_sha256, 0, sizeof peer->cert_sha256);
}
