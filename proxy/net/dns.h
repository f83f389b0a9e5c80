/* Names to addresses on a loop: c-ares, with a cache by TTL. */
#ifndef NET_DNS_H
#define NET_DNS_H

#include "proxy/net/address.h"
#include "proxy/net/client.h"
#include "proxy/net/turn.h"

enum {
	DNS_MAX_ADDRESSES = 8, /* of one name; more are not looked at */
	DNS_TTL_MIN_S = 1,     /* what a name server says is clamped to these */
	DNS_TTL_MAX_S = 300,
	DNS_MAX_NAMES = 256, /* cached */
};

struct dns_answer {
	struct address addresses[DNS_MAX_ADDRESSES]; /* without port */
	size_t n;
};

struct dns;
struct dns *dns_new(struct loop *l) MUST;
/* Open questions are answered with ERR_SHUTDOWN. */
void dns_free(struct dns *d);
/* "127.0.0.1:5353,…" instead of the system's name servers; timeout_ms is that of one try. */
enum err dns_servers(struct dns *d, const char *csv, int timeout_ms) MUST;

/* done is called once, possibly before dns_ask returns (cached); ERR_OK with at least one address, or ERR_DNS… */
struct dns_question {
	void (*done)(struct dns_question *q, const struct dns_answer *answer, enum err err);
	struct link link; /* zeroed by the asker */
};
void dns_ask(struct dns *d, struct span name, struct dns_question *q);
/* Before done. */
void dns_cancel(struct dns_question *q);
/* What is known of a name did not lead anywhere: the next question goes to the name servers again. */
void dns_forget(struct dns *d, struct span name);

/* A client's resolver with other name servers, for tests. */
struct dns *client_dns(struct client *c) MUST;

#endif
