/* One HTTP exchange on one connection, as its owner sees it: head, body in and out, credit, reset. HTTP/1, HTTP/2 and
 * the in-memory double of the tests implement the same operations, for both directions: as a server (the peer is the
 * client: we read a request and write a response) and as a client (we write a request and read a response).
 *
 * Rules: all calls and events happen on the stream's loop thread. Events are never delivered from inside a call on the
 * same stream. After `end` was both sent and received, or after a reset by either side, `closed` is delivered exactly
 * once and the stream must not be used again. */
#ifndef WIRE_STREAM_H
#define WIRE_STREAM_H

#include "proxy/wire/http.h"

struct stream;

/* What a connection tells about itself. Spans live as long as the stream. */
struct stream_peer {
	struct span address; /* textual IP of the other end; "" for Unix sockets */
	uint8_t ip[16];      /* IPv4 as ::ffff:a.b.c.d */
	bool unix_socket;
	bool tls;
	uint16_t tls_version;    /* wire value, e.g. 0x0304 */
	uint16_t tls_cipher;     /* IANA number */
	uint8_t cert_sha256[32]; /* upstream's leaf certificate; zero if none */
	bool reused;             /* client direction: a pooled connection */
};

struct stream_events {
	/* A head was read. Client direction: also for each 1xx, before the final one. head holds until `closed`
	 * (for 1xx: until return). */
	void (*head)(struct stream *s, const struct http_head *head);
	/* Body bytes, de-chunked; valid until return. Grant them back with stream_consume when they are dealt with,
	 * else the peer is stopped after the window is full. */
	void (*body)(struct stream *s, struct span data);
	/* Trailer fields, right before `end`, if there are any and this is not NULL; valid until return. */
	void (*trailers)(struct stream *s, const struct http_head *fields);
	/* The message is complete. */
	void (*end)(struct stream *s);
	/* Server direction: the rest of the body cannot be read (ERR_FRAMING) or did not come in time (ERR_TIMEOUT),
	 * and no final head was sent. Neither body nor end will come; the owner answers with an error and the
	 * connection closes behind it. NULL: the connection gives a bare answer of its own and `closed` follows. */
	void (*broken)(struct stream *s, enum err why);
	/* Output that was waiting has been written: stream_pending fell to the low-water mark (16 KiB) or to 0. */
	void (*writable)(struct stream *s);
	/* Finished. ERR_OK: both messages complete; else why: ERR_CLIENT_GONE, ERR_FRAMING, ERR_TIMEOUT,
	 * ERR_HEAD_TOO_LARGE, ERR_UPSTREAM, ERR_UPSTREAM_GONE, ERR_UPSTREAM_TIMEOUT… or what stream_reset was given. */
	void (*closed)(struct stream *s, enum err why);
};

struct stream_ops {
	enum err (*send_head)(struct stream *s, const struct http_head *head, bool end);
	enum err (*send_body)(struct stream *s, struct span data, bool end);
	enum err (*send_ref)(struct stream *s, struct span data, bool end);
	enum err (*send_trailers)(struct stream *s, const struct http_head *fields);
	void (*consume)(struct stream *s, size_t n);
	size_t (*pending)(const struct stream *s);
	void (*reset)(struct stream *s, enum err why);
};

struct stream {
	const struct stream_ops *ops;
	const struct stream_events *events; /* set by the owner before events flow */
	void *owner;                        /* the owner's */
	const struct stream_peer *peer;
	/* Server direction, set before `head`: the listener's cookie. Client direction: the caller's. */
	void *context;
	/* Server direction: the request was malformed and this is the reason; `head` will not come, the owner answers
	 * with an error and the connection closes behind it. ERR_OK otherwise. */
	enum err malformed;
};

/* head.framing says how the body is framed: HTTP_NO_BODY, HTTP_LENGTH, or HTTP_CHUNKED. Hop-by-hop fields in head are
 * the callee's to write; the caller passes end-to-end fields only. A server stream may send 1xx heads (100, 103) first.
 */
static inline enum err MUST stream_send_head(struct stream *s, const struct http_head *head, bool end)
{
	return s->ops->send_head(s, head, end);
}
/* Copies what the socket does not take at once. */
static inline enum err MUST stream_send_body(struct stream *s, struct span data, bool end)
{
	return s->ops->send_body(s, data, end);
}
/* As send_body, but data stays the caller's and must hold until stream_pending is 0 or `closed`. */
static inline enum err MUST stream_send_ref(struct stream *s, struct span data, bool end)
{
	return s->ops->send_ref(s, data, end);
}
/* Ends the body, with the fields behind it where the framing has a place for them (chunks); else they are dropped. */
static inline enum err MUST stream_send_trailers(struct stream *s, const struct http_head *fields)
{
	return s->ops->send_trailers(s, fields);
}
static inline void stream_consume(struct stream *s, size_t n)
{
	s->ops->consume(s, n);
}
/* Bytes accepted and not yet written to the socket. */
static inline size_t stream_pending(const struct stream *s)
{
	return s->ops->pending(s);
}
/* Stops the exchange: HTTP/1 closes the connection (without a clean end of body). `closed` follows from the loop. */
static inline void stream_reset(struct stream *s, enum err why)
{
	s->ops->reset(s, why);
}

#endif
