/* The floor: what system calls and TLS cost a proxy that reads nothing of what it forwards. One thread, epoll, one
 * upstream connection per client, TLS on both sides when given a certificate (the upstream's is verified).
 *
 *     bench_floor PORT UPSTREAM-PORT [CERT KEY]
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

enum { READY = 256, CHUNK = 64 * 1024 };

struct end {
	int fd;
	SSL *ssl;
	struct end *other;
	bool dead, freed, writing;
	char *pending; /* what the socket did not take yet */
	size_t pending_n;
};

static int epoll;
static SSL_CTX *server_tls, *client_tls;
static struct sockaddr_in upstream;
static struct end *graveyard[2 * READY]; /* pairs that died in this round */
static size_t n_graves;

static void die(const char *what)
{
	perror(what);
	exit(1);
}

static void watch(struct end *e, int op, bool writing)
{
	struct epoll_event ev = {.events = EPOLLIN | (writing ? EPOLLOUT : 0u), .data.ptr = e};
	if (epoll_ctl(epoll, op, e->fd, &ev) != 0)
		die("epoll_ctl");
	e->writing = writing;
}

/* Bytes read, or -1 with EAGAIN; 0 at the end or after an error. */
static ssize_t take(struct end *e, char *p, size_t n)
{
	if (e->ssl == NULL) {
		ssize_t r = recv(e->fd, p, n, 0);
		return r < 0 && errno != EAGAIN ? 0 : r;
	}
	size_t done = 0;
	while (n - done >= CHUNK / 4) {
		ERR_clear_error();
		int r = SSL_read(e->ssl, p + done, (int)(n - done));
		if (r <= 0) {
			int why = SSL_get_error(e->ssl, r);
			bool again = why == SSL_ERROR_WANT_READ || why == SSL_ERROR_WANT_WRITE;
			return done > 0 ? (ssize_t)done : again ? -1 : 0;
		}
		done += (size_t)r;
		if (SSL_has_pending(e->ssl) == 0)
			break;
	}
	return (ssize_t)done;
}

static size_t give(struct end *e, const char *p, size_t n)
{
	if (e->ssl == NULL) {
		ssize_t r = send(e->fd, p, n, MSG_NOSIGNAL);
		e->dead = e->dead || (r < 0 && errno != EAGAIN);
		return r < 0 ? 0 : (size_t)r;
	}
	size_t done = 0;
	while (done < n) {
		ERR_clear_error();
		int r = SSL_write(e->ssl, p + done, (int)(n - done));
		if (r <= 0) {
			int why = SSL_get_error(e->ssl, r);
			e->dead = e->dead || (why != SSL_ERROR_WANT_READ && why != SSL_ERROR_WANT_WRITE);
			break;
		}
		done += (size_t)r;
	}
	return done;
}

static void keep(struct end *e, const char *p, size_t n)
{
	e->pending = realloc(e->pending, e->pending_n + n);
	if (e->pending == NULL)
		die("realloc");
	memcpy(e->pending + e->pending_n, p, n);
	e->pending_n += n;
	if (!e->writing)
		watch(e, EPOLL_CTL_MOD, true);
}

static void flush(struct end *e)
{
	size_t done = e->pending_n > 0 ? give(e, e->pending, e->pending_n) : 0;
	e->pending_n -= done;
	memmove(e->pending, e->pending + done, e->pending_n);
	if (e->writing && e->pending_n == 0)
		watch(e, EPOLL_CTL_MOD, false);
}

/* False when there is nothing more to read. */
static bool pump_once(struct end *e)
{
	static char buffer[CHUNK];
	struct end *o = e->other;
	ssize_t n = take(e, buffer, sizeof buffer);
	if (n <= 0) {
		e->dead = e->dead || n == 0;
		return false;
	}
	size_t done = o->pending_n == 0 ? give(o, buffer, (size_t)n) : 0;
	if (!o->dead && done < (size_t)n)
		keep(o, buffer + done, (size_t)n - done);
	/* What TLS has read ahead wakes nobody. */
	return !o->dead && e->ssl != NULL && SSL_has_pending(e->ssl) != 0;
}

static void pump(struct end *e)
{
	while (pump_once(e)) {
	}
}

static void bury(struct end *e)
{
	if (e->freed)
		return;
	e->freed = e->other->freed = true;
	graveyard[n_graves++] = e;
	graveyard[n_graves++] = e->other;
}

static void dig(void)
{
	for (; n_graves > 0; n_graves--) {
		struct end *e = graveyard[n_graves - 1];
		SSL_free(e->ssl);
		close(e->fd);
		free(e->pending);
		free(e);
	}
}

static struct end *end_new(int fd, SSL_CTX *tls)
{
	int on = 1;
	struct end *e = calloc(1, sizeof *e);
	if (e == NULL)
		die("calloc");
	e->fd = fd;
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
	if (tls != NULL && ((e->ssl = SSL_new(tls)) == NULL || SSL_set_fd(e->ssl, fd) != 1))
		exit(1);
	return e;
}

static void accept_all(int listener)
{
	int fd;
	while ((fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0) {
		int up = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
		if (up < 0 || connect(up, (struct sockaddr *)&upstream, sizeof upstream) != 0)
			die("bench_floor: connect");
		fcntl(up, F_SETFL, O_NONBLOCK);
		struct end *a = end_new(fd, server_tls), *b = end_new(up, client_tls);
		a->other = b;
		b->other = a;
		if (server_tls != NULL) {
			SSL_set_accept_state(a->ssl);
			SSL_set_connect_state(b->ssl);
			if (SSL_set_tlsext_host_name(b->ssl, "localhost") != 1 ||
			    SSL_set1_host(b->ssl, "localhost") != 1)
				exit(1);
		}
		watch(a, EPOLL_CTL_ADD, false);
		watch(b, EPOLL_CTL_ADD, false);
	}
}

static void make_tls(const char *cert, const char *key)
{
	server_tls = SSL_CTX_new(TLS_server_method());
	client_tls = SSL_CTX_new(TLS_client_method());
	if (server_tls == NULL || client_tls == NULL || SSL_CTX_use_certificate_chain_file(server_tls, cert) != 1 ||
	    SSL_CTX_use_PrivateKey_file(server_tls, key, SSL_FILETYPE_PEM) != 1 ||
	    SSL_CTX_load_verify_file(client_tls, cert) != 1) {
		fprintf(stderr, "bench_floor: cannot use %s and %s\n", cert, key);
		exit(1);
	}
	SSL_CTX_set_verify(client_tls, SSL_VERIFY_PEER, NULL);
	SSL_CTX *both[] = {server_tls, client_tls};
	for (size_t i = 0; i < 2; i++) {
		SSL_CTX_set_mode(both[i], SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
		SSL_CTX_set_read_ahead(both[i], 1);
		SSL_CTX_set_default_read_buffer_len(both[i], CHUNK / 2);
	}
}

static struct sockaddr_in loopback(const char *port)
{
	return (struct sockaddr_in){.sin_family = AF_INET,
				    .sin_port = htons((uint16_t)strtoul(port, NULL, 10)),
				    .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
}

static void serve(int listener)
{
	struct epoll_event ready[READY];
	for (;;) {
		int n = epoll_wait(epoll, ready, READY, -1);
		for (int i = 0; i < n; i++) {
			struct end *e = ready[i].data.ptr;
			if (e == NULL) {
				accept_all(listener);
				continue;
			}
			if (e->freed)
				continue;
			if ((ready[i].events & EPOLLOUT) != 0)
				flush(e);
			pump(e);
			if (e->dead || e->other->dead)
				bury(e);
		}
		dig();
	}
}

int main(int argc, char **argv)
{
	if (argc != 3 && argc != 5) {
		fprintf(stderr, "usage: bench_floor PORT UPSTREAM-PORT [CERT KEY]\n");
		return 2;
	}
	signal(SIGPIPE, SIG_IGN);
	if (argc == 5)
		make_tls(argv[3], argv[4]);
	struct sockaddr_in here = loopback(argv[1]);
	upstream = loopback(argv[2]);
	int listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), on = 1;
	if (listener < 0 || setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) != 0 ||
	    bind(listener, (struct sockaddr *)&here, sizeof here) != 0 || listen(listener, 2048) != 0)
		die("bench_floor: listen");
	epoll = epoll_create1(EPOLL_CLOEXEC);
	struct epoll_event ev = {.events = EPOLLIN, .data.ptr = NULL};
	if (epoll_ctl(epoll, EPOLL_CTL_ADD, listener, &ev) != 0)
		die("epoll_ctl");
	serve(listener);
	return 0;
}
