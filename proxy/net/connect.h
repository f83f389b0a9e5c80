/* From an upstream's name to a connected socket: resolve, refuse what is not public, try one address after the other.
 * The addresses checked are the addresses connected to. */
#ifndef NET_CONNECT_H
#define NET_CONNECT_H

#include "proxy/net/dns.h"
#include "proxy/net/upstream.h"

/* Embedded by the caller, zeroed; done is called once, from the loop: with a connected non-blocking socket (the
 * callee's) and its address, or fd -1 and ERR_DNS, ERR_RESIDENCY, ERR_CONNECT, ERR_UPSTREAM_TIMEOUT, ERR_NOMEM,
 * ERR_SHUTDOWN. */
struct connector {
	void (*done)(struct connector *k, int fd, const struct address *to, enum err err);
	struct loop *loop;
	struct dns *dns;
	const struct upstream *upstream;
	struct work work;
	struct loop_timer timer;
	struct dns_question question;
	struct dns_answer answer;
	size_t at;         /* next address */
	uint64_t deadline; /* loop time */
	struct event *event;
	int fd; /* connecting, or -1 */
};

/* Within upstream->connect_ms. */
void connector_start(struct connector *k, struct loop *l, struct dns *dns, const struct upstream *u);
/* Before done. */
void connector_cancel(struct connector *k);
/* Milliseconds that are left of connect_ms, at least 1. */
uint64_t connector_left(const struct connector *k) MUST;

#endif
