#include "fake_dns.h"

#include <arpa/inet.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/assert.h"

enum { TYPE_A = 1, TYPE_AAAA = 28, HEADER = 12 };

/* The question's name with dots; returns the offset behind it. */
static size_t read_name(const uint8_t *q, size_t n, char *out, size_t room)
{
	size_t at = HEADER, used = 0;
	while (at < n && q[at] != 0) {
		size_t label = q[at++];
		INVARIANT(at + label < n && used + label + 1 < room);
		if (used > 0)
			out[used++] = '.';
		memcpy(out + used, q + at, label);
		used += label;
		at += label;
	}
	out[used] = 0;
	return at + 1;
}

static size_t add_record(uint8_t *p, int type, uint32_t ttl, const char *text)
{
	static const uint8_t name[2] = {0xc0, HEADER}; /* where the question has it */
	size_t length = type == TYPE_A ? 4 : 16;
	uint16_t words[2] = {htons((uint16_t)type), htons(1)}, rdlength = htons((uint16_t)length);
	uint32_t t = htonl(ttl);
	memcpy(p, name, 2);
	memcpy(p + 2, words, 4);
	memcpy(p + 6, &t, 4);
	memcpy(p + 10, &rdlength, 2);
	INVARIANT(inet_pton(type == TYPE_A ? AF_INET : AF_INET6, text, p + 12) == 1);
	return 12 + length;
}

static const struct fake_name *find(const struct fake_dns *d, const char *name)
{
	const struct fake_name *f = d->names;
	while (f->name != NULL && strcasecmp(f->name, name) != 0)
		f++;
	return f->name == NULL ? NULL : f;
}

/* Turns the question in p into its answer; 0: none. */
static size_t reply(struct fake_dns *d, uint8_t *p, size_t n)
{
	char name[256];
	size_t at = read_name(p, n, name, sizeof name);
	INVARIANT(at + 4 <= n);
	int type = p[at + 1];
	at += 4;
	const struct fake_name *f = find(d, name);
	if (type == TYPE_A)
		d->questions++;
	if (f != NULL && f->silent)
		return 0;
	p[2] = 0x81;
	p[3] = (uint8_t)(0x80 | (f == NULL ? 3 : f->rcode));
	memset(p + 6, 0, 6);
	if (f == NULL || f->rcode != 0)
		return at;
	if (f->garbage) {
		p[7] = 200;
		return at;
	}
	for (size_t i = 0; i < 4; i++) {
		const char *text = type == TYPE_A ? f->v4[i] : type == TYPE_AAAA ? f->v6[i] : NULL;
		if (text == NULL)
			break;
		at += add_record(p + at, type, f->ttl, text);
		p[7]++;
	}
	return at;
}

static void *serve(void *arg)
{
	struct fake_dns *d = arg;
	for (;;) {
		uint8_t p[1024];
		struct sockaddr_in from;
		socklen_t from_n = sizeof from;
		ssize_t n = recvfrom(d->fd, p, 512, 0, (struct sockaddr *)&from, &from_n);
		INVARIANT(n >= 0);
		if (n < HEADER)
			return NULL;
		size_t m = reply(d, p, (size_t)n);
		if (m > 0)
			(void)!sendto(d->fd, p, m, 0, (struct sockaddr *)&from, from_n);
	}
}

static struct sockaddr_in here(uint16_t port)
{
	return (struct sockaddr_in){
		.sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
}

void fake_dns_start(struct fake_dns *d, const struct fake_name *names)
{
	struct sockaddr_in a = here(0);
	socklen_t n = sizeof a;
	memset(d, 0, sizeof *d);
	d->names = names;
	d->fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	INVARIANT(d->fd >= 0 && bind(d->fd, (struct sockaddr *)&a, n) == 0);
	INVARIANT(getsockname(d->fd, (struct sockaddr *)&a, &n) == 0);
	d->port = ntohs(a.sin_port);
	INVARIANT(pthread_create(&d->thread, NULL, serve, d) == 0);
}

void fake_dns_stop(struct fake_dns *d)
{
	struct sockaddr_in a = here(d->port);
	INVARIANT(sendto(d->fd, "", 1, 0, (struct sockaddr *)&a, sizeof a) == 1);
	INVARIANT(pthread_join(d->thread, NULL) == 0);
	close(d->fd);
}
