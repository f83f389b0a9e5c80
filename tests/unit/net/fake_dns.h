/* A name server for tests: one UDP socket, a table of names. */
#ifndef TEST_FAKE_DNS_H
#define TEST_FAKE_DNS_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

struct fake_name {
	const char *name;
	const char *v4[4], *v6[4];
	uint32_t ttl;
	unsigned rcode; /* 3: no such name, 2: server failure */
	bool silent;
	bool garbage;
};

struct fake_dns {
	const struct fake_name *_Atomic names; /* up to one without a name */
	int fd;
	uint16_t port;
	pthread_t thread;
	_Atomic unsigned questions; /* for A */
};
void fake_dns_start(struct fake_dns *d, const struct fake_name *names);
void fake_dns_stop(struct fake_dns *d);

#endif
