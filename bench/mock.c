/* An upstream that costs little: one thread, epoll, OpenAI's shapes.
 *
 *     bench_mock PLAIN-PORT TLS-PORT CERT KEY GAP-US
 *
 * Both ports on 127.0.0.1. A POST is answered with 600 bytes of JSON, or, if the last bytes of its body say
 * "stream":true, with 100 server-sent events of about 200 bytes, GAP-US apart (0: at once). GET /events answers with
 * the number of events sent so far, any other GET with "ok". Runs until killed. */
#include <arpa/inet.h>
#include <errno.h>
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
#include <time.h>
#include <unistd.h>

enum {
	ANSWER = 600,
	EVENTS = 100,
	EVENT = 256,
	HEAD_MAX = 16 * 1024,
	INPUT = 64 * 1024,
	OUTPUT = 64 * 1024,
	READY = 256
};

struct text {
	char p[1024];
	size_t n;
};

struct peer {
	int fd;
	SSL *ssl; /* NULL: plain */
	bool dead, writing;
	char *in;
	size_t in_n, in_cap;
	char out[OUTPUT]; /* what the socket did not take yet */
	size_t out_n;
	int events_left;
	uint64_t due;             /* of the next event */
	struct peer *next, *prev; /* among those that stream, in order of due */
};

static struct {
	int epoll;
	SSL_CTX *tls;
	uint64_t gap, events;
	struct text answer, stream_head, event, last;
	struct peer streams; /* ring */
} mock;

static void die(const char *what)
{
	perror(what);
	exit(1);
}

static uint64_t now_us(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000 + (uint64_t)t.tv_nsec / 1000;
}

static void print(struct text *t, const char *head, const char *body, size_t body_n)
{
	int n = snprintf(t->p, sizeof t->p, "%s%.*s", head, (int)body_n, body);
	if (n < 0 || (size_t)n >= sizeof t->p)
		exit(1);
	t->n = (size_t)n;
}

static void make_texts(void)
{
	static const char front[] =
		"{\"id\":\"chatcmpl-AbCdEf0123456789\",\"object\":\"chat.completion\",\"created\":1763600000,"
		"\"model\":\"gpt-5-2026-01-01\",\"choices\":[{\"index\":0,\"message\":{\"role\":\"assistant\","
		"\"content\":\"";
	static const char back[] =
		"\"},\"finish_reason\":\"stop\"}],\"usage\":{\"prompt_tokens\":412,\"completion_tokens\":57,"
		"\"total_tokens\":469}}";
	static const char prose[] = "Here is a short summary of what you sent, with the open questions at the end. ";
	char body[ANSWER + 1], head[128];
	size_t n = 0;
	for (const char *p = front; *p != '\0'; p++)
		body[n++] = *p;
	for (size_t i = 0; n < ANSWER - (sizeof back - 1); i++)
		body[n++] = prose[i % (sizeof prose - 1)];
	memcpy(body + n, back, sizeof back - 1);
	snprintf(head, sizeof head, "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n",
		 ANSWER);
	print(&mock.answer, head, body, ANSWER);
	print(&mock.stream_head,
	      "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nCache-Control: no-cache\r\n"
	      "Transfer-Encoding: chunked\r\n\r\n",
	      "", 0);
	char event[EVENT];
	int m = snprintf(
		event, sizeof event,
		"data: "
		"{\"id\":\"chatcmpl-AbCdEf0123456789\",\"object\":\"chat.completion.chunk\",\"created\":1763600000,"
		"\"model\":\"gpt-5-2026-01-01\",\"choices\":[{\"index\":0,\"delta\":{\"content\":\" question\"},"
		"\"finish_reason\":null}]}\n\n");
	snprintf(body, sizeof body, "%s\r\n", event);
	snprintf(head, sizeof head, "%x\r\n", (unsigned)m);
	print(&mock.event, head, body, (size_t)m + 2);
	print(&mock.last, "e\r\ndata: [DONE]\n\n\r\n0\r\n\r\n", "", 0);
}

static void watch(struct peer *c, int op, bool writing)
{
	struct epoll_event e = {.events = EPOLLIN | (writing ? EPOLLOUT : 0u), .data.ptr = c};
	if (epoll_ctl(mock.epoll, op, c->fd, &e) != 0)
		die("epoll_ctl");
	c->writing = writing;
}

/* Bytes taken, 0 when the socket is full; marks the dead. */
static size_t try_write(struct peer *c, const char *p, size_t n)
{
	if (c->ssl == NULL) {
		ssize_t r = send(c->fd, p, n, MSG_NOSIGNAL);
		c->dead = c->dead || (r < 0 && errno != EAGAIN);
		return r < 0 ? 0 : (size_t)r;
	}
	ERR_clear_error();
	int r = SSL_write(c->ssl, p, (int)n);
	if (r > 0)
		return (size_t)r;
	c->dead = c->dead || SSL_get_error(c->ssl, r) != SSL_ERROR_WANT_WRITE;
	return 0;
}

static void flush(struct peer *c)
{
	size_t done = c->out_n > 0 ? try_write(c, c->out, c->out_n) : 0;
	c->out_n -= done;
	memmove(c->out, c->out + done, c->out_n);
	if (!c->dead && c->writing != (c->out_n > 0))
		watch(c, EPOLL_CTL_MOD, c->out_n > 0);
}

static void reply(struct peer *c, const char *p, size_t n)
{
	size_t done = c->out_n == 0 ? try_write(c, p, n) : 0;
	if (c->dead || done == n)
		return;
	if (n - done > sizeof c->out - c->out_n) { /* a client that does not read */
		c->dead = true;
		return;
	}
	memcpy(c->out + c->out_n, p + done, n - done);
	c->out_n += n - done;
	if (!c->writing)
		watch(c, EPOLL_CTL_MOD, true);
}

static void unlink_stream(struct peer *c)
{
	if (c->next == NULL)
		return;
	c->prev->next = c->next;
	c->next->prev = c->prev;
	c->next = c->prev = NULL;
}

/* All gaps are equal, so the end of the ring is the right place. */
static void link_stream(struct peer *c, uint64_t due)
{
	c->due = due;
	c->next = &mock.streams;
	c->prev = mock.streams.prev;
	c->prev->next = c;
	mock.streams.prev = c;
}

static void begin_stream(struct peer *c)
{
	reply(c, mock.stream_head.p, mock.stream_head.n);
	c->events_left = EVENTS;
	link_stream(c, now_us() + mock.gap);
}

static void answer_get(struct peer *c, const char *head)
{
	char body[32], whole[256];
	bool count = strncmp(head, "GET /events ", 12) == 0;
	int n = count ? snprintf(body, sizeof body, "%llu", (unsigned long long)mock.events)
		      : snprintf(body, sizeof body, "ok");
	n = snprintf(whole, sizeof whole, "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: %d\r\n\r\n%s",
		     n, body);
	reply(c, whole, (size_t)n);
}

/* Length of the body that follows a head, -1: chunked. The head ends in NUL. */
static long body_length(const char *head)
{
	const char *p = strcasestr(head, "\r\ncontent-length:");
	if (p != NULL)
		return strtol(p + 17, NULL, 10);
	return strcasestr(head, "\r\ntransfer-encoding: chunked") != NULL ? -1 : 0;
}

/* One request at the front of the input: its whole length, or 0 if it is not there yet. */
static size_t take_request(struct peer *c)
{
	static const char last_chunk[] = "\r\n0\r\n\r\n", wants[] = "\"stream\":true";
	char *end = memmem(c->in, c->in_n, "\r\n\r\n", 4);
	if (end == NULL) {
		c->dead = c->dead || c->in_n > HEAD_MAX;
		return 0;
	}
	size_t head = (size_t)(end - c->in) + 4;
	char kept = end[2];
	end[2] = '\0';
	long length = body_length(c->in);
	bool get = strncmp(c->in, "GET ", 4) == 0;
	end[2] = kept;
	size_t all = head + (size_t)length;
	if (length < 0) {
		char *last = memmem(end + 2, c->in_n - head + 2, last_chunk, sizeof last_chunk - 1);
		if (last == NULL)
			return 0;
		all = (size_t)(last - c->in) + sizeof last_chunk - 1;
	}
	if (c->in_n < all)
		return 0;
	size_t tail = all - head > 64 ? 64 : all - head;
	if (get)
		answer_get(c, c->in);
	else if (memmem(c->in + all - tail, tail, wants, sizeof wants - 1) != NULL)
		begin_stream(c);
	else
		reply(c, mock.answer.p, mock.answer.n);
	return all;
}

static void take_input(struct peer *c)
{
	size_t n;
	while (!c->dead && c->events_left == 0 && c->in_n > 0 && (n = take_request(c)) > 0) {
		c->in_n -= n;
		memmove(c->in, c->in + n, c->in_n);
	}
}

static ssize_t read_some(struct peer *c)
{
	size_t room = c->in_cap - c->in_n;
	if (c->ssl == NULL)
		return recv(c->fd, c->in + c->in_n, room, 0);
	ERR_clear_error();
	int r = SSL_read(c->ssl, c->in + c->in_n, (int)room);
	if (r > 0)
		return r;
	int e = SSL_get_error(c->ssl, r);
	errno = e == SSL_ERROR_WANT_READ || e == SSL_ERROR_WANT_WRITE ? EAGAIN : EPROTO;
	return -1;
}

static void on_readable(struct peer *c)
{
	for (;;) {
		if (c->in_cap - c->in_n < INPUT / 2) {
			c->in_cap = c->in_cap == 0 ? INPUT : c->in_cap * 2;
			c->in = realloc(c->in, c->in_cap);
			if (c->in == NULL)
				die("realloc");
		}
		ssize_t r = read_some(c);
		if (r <= 0) {
			c->dead = c->dead || r == 0 || errno != EAGAIN;
			break;
		}
		c->in_n += (size_t)r;
		if (c->ssl == NULL)
			break;
	}
	take_input(c);
}

static void drop(struct peer *c)
{
	unlink_stream(c);
	SSL_free(c->ssl);
	close(c->fd);
	free(c->in);
	free(c);
}

static void send_due(void)
{
	uint64_t now = now_us();
	struct peer *c;
	while ((c = mock.streams.next) != &mock.streams && c->due <= now) {
		uint64_t due = c->due;
		unlink_stream(c);
		if (--c->events_left > 0) {
			reply(c, mock.event.p, mock.event.n);
			link_stream(c, due + mock.gap);
		} else {
			reply(c, mock.last.p, mock.last.n);
			take_input(c);
		}
		mock.events++;
		if (c->dead) /* closing is left to epoll, which may hold it in this round */
			unlink_stream(c);
	}
}

static int listen_on(const char *port)
{
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), on = 1;
	struct sockaddr_in a = {.sin_family = AF_INET,
				.sin_port = htons((uint16_t)strtoul(port, NULL, 10)),
				.sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) != 0 ||
	    bind(fd, (struct sockaddr *)&a, sizeof a) != 0 || listen(fd, 2048) != 0)
		die("bench_mock: listen");
	return fd;
}

static void accept_all(int listener, SSL_CTX *tls)
{
	int fd, on = 1;
	while ((fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0) {
		struct peer *c = calloc(1, sizeof *c);
		if (c == NULL)
			die("calloc");
		c->fd = fd;
		setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
		if (tls != NULL) {
			c->ssl = SSL_new(tls);
			if (c->ssl == NULL || SSL_set_fd(c->ssl, fd) != 1)
				exit(1);
			SSL_set_accept_state(c->ssl);
		}
		watch(c, EPOLL_CTL_ADD, false);
	}
}

static SSL_CTX *tls_new(const char *cert, const char *key)
{
	SSL_CTX *ctx = SSL_CTX_new(TLS_server_method());
	if (ctx == NULL || SSL_CTX_use_certificate_chain_file(ctx, cert) != 1 ||
	    SSL_CTX_use_PrivateKey_file(ctx, key, SSL_FILETYPE_PEM) != 1) {
		fprintf(stderr, "bench_mock: cannot use %s and %s\n", cert, key);
		exit(1);
	}
	SSL_CTX_set_mode(ctx, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
	return ctx;
}

static int wait_ms(void)
{
	const struct peer *c = mock.streams.next;
	if (c == &mock.streams)
		return -1;
	uint64_t now = now_us();
	return c->due <= now ? 0 : (int)((c->due - now + 999) / 1000);
}

static void serve(const int listeners[2])
{
	struct epoll_event ready[READY];
	for (;;) {
		int n = epoll_wait(mock.epoll, ready, READY, wait_ms());
		for (int i = 0; i < n; i++) {
			void *p = ready[i].data.ptr;
			if (p == &listeners[0] || p == &listeners[1]) {
				accept_all(*(const int *)p, p == &listeners[1] ? mock.tls : NULL);
				continue;
			}
			struct peer *c = p;
			if ((ready[i].events & EPOLLOUT) != 0)
				flush(c);
			if ((ready[i].events & ~(unsigned)EPOLLOUT) != 0)
				on_readable(c);
			if (c->dead)
				drop(c);
		}
		send_due();
	}
}

int main(int argc, char **argv)
{
	if (argc != 6) {
		fprintf(stderr, "usage: bench_mock PLAIN-PORT TLS-PORT CERT KEY GAP-US\n");
		return 2;
	}
	signal(SIGPIPE, SIG_IGN);
	make_texts();
	mock.streams.next = mock.streams.prev = &mock.streams;
	mock.gap = strtoull(argv[5], NULL, 10);
	mock.tls = tls_new(argv[3], argv[4]);
	mock.epoll = epoll_create1(EPOLL_CLOEXEC);
	int listeners[2] = {listen_on(argv[1]), listen_on(argv[2])};
	for (size_t i = 0; i < 2; i++) {
		struct epoll_event e = {.events = EPOLLIN, .data.ptr = &listeners[i]};
		if (epoll_ctl(mock.epoll, EPOLL_CTL_ADD, listeners[i], &e) != 0)
			die("epoll_ctl");
	}
	serve(listeners);
	return 0;
}
