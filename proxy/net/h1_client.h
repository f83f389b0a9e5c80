/* The client's side of one HTTP/1 connection. struct lease is its public name. Private to client.c and h1_client.c. */
#ifndef NET_H1_CLIENT_H
#define NET_H1_CLIENT_H

#include "proxy/net/connect.h"
#include "proxy/net/h1_exchange.h"

enum { H1C_WINDOW = 256 * 1024, CLIENT_MAX_REFUSED = 256 };

enum h1_client_phase {
	H1C_CONNECTING, /* no socket yet */
	H1C_HANDSHAKE,
	H1C_IDLE,   /* in the pool */
	H1C_OFFER,  /* taken from the pool; done is due */
	H1C_LEASED, /* the owner has it, nothing is sent */
	H1C_ACTIVE, /* a stream is open */
	H1C_GONE,   /* leased, and the connection has died */
};

/* Where lease_request.impl points: whoever can call the request off. */
struct canceller {
	void (*cancel)(struct canceller *c, struct lease_request *r);
};

/* A site: one upstream in one loop's pool. */
struct site {
	struct link link; /* in client.sites */
	struct client *client;
	struct upstream *upstream;
	struct link idle; /* least recently used first */
	struct link busy;
	size_t n_idle;
	struct tls_ticket ticket;
};

struct client {
	struct loop *loop;
	struct dns *dns;
	struct link sites;
	/* Requests for which there was no memory; done is due. */
	struct canceller refusals;
	struct lease_request *refused[CLIENT_MAX_REFUSED];
	size_t n_refused;
	struct work refuse;
};

struct lease {
	struct conn conn;
	struct canceller canceller;
	struct link link; /* in site.idle or site.busy */
	struct site *site;
	enum h1_client_phase phase;
	struct lease_request *request; /* until done */
	struct connector connector;
	struct h1_exchange *x; /* from H1C_LEASED until `closed` */
	bool answer_begun;     /* a byte of the answer has come */
	char method[40];       /* of the request, cut: only HEAD and CONNECT matter */
	size_t method_n;
	struct lease_info info;
	char address[ADDRESS_TEXT];
};

/* Starts connecting for r; false without memory. */
bool h1_client_connect(struct site *s, struct lease_request *r) MUST;
/* Hands an idle connection to r, from the loop. */
void h1_client_offer(struct lease *h, struct lease_request *r);
/* Closes it; done or `closed` (ERR_SHUTDOWN) is called at once. */
void h1_client_abort(struct lease *h);

/* client.c: a connection may be used again; false if the pool does not want it. */
bool site_put(struct lease *h) MUST;

#endif
