#include "cmd/find_engines.h"

#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "base/buf.h"

enum { ANSWER_MAX = 256 * 1024, PATIENCE_MS = 1000 };

static const struct {
	const char *kind, *path, *key;
	uint16_t port;
} places[FOUND_ENGINES_MAX] = {
	{"vllm", "/v1/models", "id", 8000},
	{"ollama", "/api/tags", "name", 11434},
	{"llamacpp", "/v1/models", "id", 8080},
};

static int64_t now_ms(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static bool wait_for(int fd, short events, int64_t deadline)
{
	struct pollfd p = {.fd = fd, .events = events};
	int64_t left = deadline - now_ms();
	return left > 0 && poll(&p, 1, (int)left) == 1;
}

static int dial(uint16_t port, int64_t deadline)
{
	struct sockaddr_in to = {
		.sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	int error = 0;
	socklen_t n = sizeof error;
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return -1;
	if (connect(fd, (const struct sockaddr *)&to, sizeof to) == 0)
		return fd;
	if (errno == EINPROGRESS && wait_for(fd, POLLOUT, deadline) &&
	    getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &n) == 0 && error == 0)
		return fd;
	close(fd);
	return -1;
}

/* HTTP/1.0, so that the answer ends with the connection and is not chunked. */
static bool ask(uint16_t port, const char *path, struct buf *answer)
{
	char request[128];
	int64_t deadline = now_ms() + PATIENCE_MS;
	int n = snprintf(request, sizeof request, "GET %s HTTP/1.0\r\nHost: localhost\r\n\r\n", path);
	int fd = dial(port, deadline);
	if (fd < 0)
		return false;
	bool ok = send(fd, request, (size_t)n, MSG_NOSIGNAL) == n;
	while (ok && wait_for(fd, POLLIN, deadline)) {
		uint8_t *p = buf_reserve(answer, 16384);
		ssize_t got = p == NULL ? -1 : read(fd, p, 16384);
		if (got <= 0)
			break;
		answer->n += (size_t)got;
	}
	close(fd);
	return ok && answer->n > 12 && memcmp(answer->p, "HTTP/1.", 7) == 0 && memcmp(answer->p + 8, " 200", 4) == 0;
}

/* Names of what is on this disk; what ends in cloud is somebody else's computer. */
static bool is_local_name(struct span s)
{
	if (s.n == 0 || s.n >= FOUND_MODEL_MAX || span_ends(s, SPAN(":cloud")) || span_ends(s, SPAN("-cloud")))
		return false;
	for (size_t i = 0; i < s.n; i++) {
		uint8_t c = s.p[i];
		bool fine = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
			    span_find(SPAN("._:/@-"), c) < 6;
		if (!fine)
			return false;
	}
	return true;
}

bool find_model(struct span json, const char *key, char out[FOUND_MODEL_MAX])
{
	char quoted[32];
	int length = snprintf(quoted, sizeof quoted, "\"%s\"", key);
	struct span want = span_of(quoted, (size_t)length);
	for (size_t i = 0; i + want.n < json.n; i++) {
		if (!span_starts(span_sub(json, i, json.n), want))
			continue;
		struct span rest = span_trim(span_sub(json, i + want.n, json.n));
		if (rest.n == 0 || rest.p[0] != ':')
			continue;
		rest = span_trim(span_sub(rest, 1, rest.n));
		if (rest.n == 0 || rest.p[0] != '"')
			continue;
		rest = span_sub(rest, 1, rest.n);
		struct span name = span_sub(rest, 0, span_find(rest, '"'));
		if (name.n < rest.n && is_local_name(name)) {
			memcpy(out, name.p, name.n);
			out[name.n] = '\0';
			return true;
		}
	}
	return false;
}

size_t find_engines(struct found_engine out[FOUND_ENGINES_MAX])
{
	size_t n = 0;
	for (size_t i = 0; i < FOUND_ENGINES_MAX; i++) {
		struct buf answer;
		buf_init(&answer, ANSWER_MAX);
		if (ask(places[i].port, places[i].path, &answer)) {
			out[n] = (struct found_engine){.kind = places[i].kind, .port = places[i].port};
			if (!find_model(buf_span(&answer), places[i].key, out[n].model))
				out[n].model[0] = '\0';
			n++;
		}
		buf_fini(&answer);
	}
	return n;
}
