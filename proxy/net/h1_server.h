/* The server's side of one HTTP/1 connection. Private to server.c and h1_server.c. */
#ifndef NET_H1_SERVER_H
#define NET_H1_SERVER_H

#include "proxy/net/address.h"
#include "proxy/net/h1_exchange.h"
#include "proxy/net/server.h"

enum {
	DRAIN_BYTES =
		256 *
		1024, /* of a request whose answer came early, and of what comes while we wait for the peer to close */
	DRAIN_MS = 1000,
	WATCH_MS = 500, /* how often a client that waits for its answer is looked at: is it still there? */
	DRAIN_KEEP =
		64 * 1024, /* a rest of a body this long is read to keep the connection, when the answer comes early */
};

enum h1_server_phase {
	H1S_HANDSHAKE,
	H1S_IDLE,     /* no byte of the next request */
	H1S_HEAD,     /* part of a head */
	H1S_EXCHANGE, /* a stream is open */
	H1S_DRAIN,    /* answered; the rest of the request is read and dropped, then the next may come */
	H1S_LINGER,   /* our direction has ended; the peer's is read and dropped until it ends */
};

struct server {
	struct loop *loop;
	struct listener *listener;
	struct server_tls *tls;
	struct server_limits limits;
	struct server_handler handler;
	void *context;
	struct link conns;
	size_t n_conns;
	bool draining;
};

struct h1_server {
	struct conn conn;
	struct link link; /* in server.conns */
	struct server *server;
	enum h1_server_phase phase;
	struct h1_exchange *x; /* from the first byte of a head until `closed` */
	size_t dropped;        /* bytes, in H1S_DRAIN and H1S_LINGER */
	struct h1_body rest;   /* of the request, in H1S_DRAIN */
	bool close_after;      /* in H1S_DRAIN: then linger */
	bool opened;           /* the owner knows x */
	bool answering_100;    /* 100 (Continue) is owed when the owner asks for the body */
	bool half_closed;      /* the client's direction has ended, and perhaps the client has gone */
	unsigned watches;      /* times it was looked for since */
	struct stream_peer peer;
	char address[ADDRESS_TEXT];
};

/* Takes over an accepted socket (and closes it on failure). */
void h1_server_accept(struct server *s, int fd, const struct address *from);
/* Idle: closes; else the running exchange is the last. */
void h1_server_drain(struct h1_server *h);
/* Resets, with `closed` (ERR_SHUTDOWN) for an open stream, at once. */
void h1_server_abort(struct h1_server *h);
/* server.c: a connection has gone. */
void server_conn_gone(struct server *s, struct link *link);

#endif
