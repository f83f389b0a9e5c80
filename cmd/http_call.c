#include "cmd/http_call.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "proxy/wire/h1.h"

enum { MAX_ANSWER = 16 << 20, TIMEOUT_S = 60 };

static uint64_t now_us(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000u + (uint64_t)t.tv_nsec / 1000u;
}

static int dial(const char *unix_path, uint16_t port)
{
	struct sockaddr_un un = {.sun_family = AF_UNIX};
	struct sockaddr_in in = {
		.sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	bool local = unix_path != NULL;
	if (local && (size_t)snprintf(un.sun_path, sizeof un.sun_path, "%s", unix_path) >= sizeof un.sun_path)
		return -1;
	int fd = socket(local ? AF_UNIX : AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	const struct timeval patience = {.tv_sec = TIMEOUT_S};
	if (fd >= 0)
		setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
	const struct sockaddr *to = local ? (const struct sockaddr *)&un : (const struct sockaddr *)&in;
	if (fd >= 0 && connect(fd, to, local ? sizeof un : sizeof in) != 0) {
		close(fd);
		return -1;
	}
	return fd;
}

static enum err send_all(int fd, struct span s)
{
	while (s.n > 0) {
		ssize_t n = send(fd, s.p, s.n, MSG_NOSIGNAL);
		if (n <= 0)
			return ERR_IO;
		s = span_sub(s, (size_t)n, s.n);
	}
	return ERR_OK;
}

static enum err receive_all(int fd, struct buf *in, uint64_t *first)
{
	for (;;) {
		uint8_t *p = buf_reserve(in, 16384);
		if (p == NULL)
			return buf_err(in);
		ssize_t n = recv(fd, p, 16384, 0);
		if (n < 0)
			return ERR_IO;
		if (n == 0)
			return ERR_OK;
		if (in->n == 0)
			*first = now_us();
		in->n += (size_t)n;
	}
}

static enum err read_answer(struct span in, struct span method, struct http_answer *out)
{
	size_t scanned = 0, length = 0;
	struct http_head head;
	enum h1_reject why;
	enum err e = h1_head_end(in, &scanned, &length);
	if (e == ERR_OK)
		e = h1_parse_response(span_sub(in, 0, length), method, &head, &why);
	if (e != ERR_OK)
		return e == ERR_MORE ? ERR_UPSTREAM_GONE : e;
	out->status = head.status;
	struct span decision = http_value(&head, SPAN("bailiwick-decision"));
	snprintf(out->decision, sizeof out->decision, "%.*s", SPAN_ARG(decision));
	struct h1_body body;
	h1_body_init(&body, &head);
	in = span_sub(in, length, in.n);
	while (!body.done && in.n > 0 && e == ERR_OK) {
		size_t used;
		struct span payload;
		e = h1_body_feed(&body, in, &used, &payload);
		if (e == ERR_OK || e == ERR_MORE) {
			buf_add(&out->body, payload);
			in = span_sub(in, used, in.n);
		}
	}
	return e == ERR_OK || e == ERR_MORE ? h1_body_eof(&body) : e;
}

enum err http_call(const char *unix_path, uint16_t port, const char *path, const char *headers, struct span body,
		   struct http_answer *out)
{
	struct buf request = {0}, in = {0};
	uint64_t begun = now_us(), first = begun;
	struct span method = body.n > 0 ? SPAN("POST") : SPAN("GET");
	*out = (struct http_answer){0};
	buf_init(&in, MAX_ANSWER);
	buf_printf(&request, "%.*s %s HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n%s", SPAN_ARG(method), path,
		   headers);
	if (body.n > 0)
		buf_printf(&request, "Content-Type: application/json\r\nContent-Length: %zu\r\n", body.n);
	buf_add_str(&request, "\r\n");
	buf_add(&request, body);
	int fd = dial(unix_path, port);
	enum err e = fd < 0 ? ERR_CONNECT : buf_err(&request);
	if (e == ERR_OK)
		e = send_all(fd, buf_span(&request));
	if (e == ERR_OK)
		e = receive_all(fd, &in, &first);
	if (e == ERR_OK)
		e = read_answer(buf_span(&in), method, out);
	out->first_us = first - begun;
	out->total_us = now_us() - begun;
	if (fd >= 0)
		close(fd);
	buf_fini(&request);
	buf_fini(&in);
	return e;
}
