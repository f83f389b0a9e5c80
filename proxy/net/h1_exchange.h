/* What both directions of HTTP/1 share: a stream on a connection, the head being read, the body in under a window, and
 * the body out under its framing. One at a time on a connection; its memory is recycled by the loop. */
#ifndef NET_H1_EXCHANGE_H
#define NET_H1_EXCHANGE_H

#include "proxy/net/conn.h"
#include "proxy/wire/h1.h"
#include "proxy/wire/stream.h"

struct h1_exchange {
	struct stream stream;
	struct conn *conn;

	/* In. */
	struct h1_body body;
	bool head_done;     /* the (final) head was delivered */
	bool end_delivered; /* `end` was */
	size_t window;      /* bytes delivered and not consumed, at most */
	size_t unconsumed;
	size_t scanned;
	struct span raw; /* the head's bytes: in small or in large */
	struct buf large;
	struct buf trailers; /* the section behind the last chunk, if it is wanted */

	/* Out. */
	enum http_framing framing;
	uint64_t left;  /* of HTTP_LENGTH */
	bool head_sent; /* the final head */
	bool end_sent;  /* accepted from the owner */
	bool mute;      /* an answer without body whatever its head says (HEAD, 304…) */
	bool close_after;

	bool closing; /* `closed` is due with why; all operations are void */
	enum err why;

	/* Not cleared when recycled. */
	struct http_head head;
	uint8_t small[2048];
};

struct h1_exchange *h1_exchange_new(struct conn *c, const struct stream_ops *ops, size_t window) MUST;
/* Wipes. */
void h1_exchange_free(struct h1_exchange *x);
static inline struct h1_exchange *h1_exchange_of(const struct stream *s)
{
	return (struct h1_exchange *)(uintptr_t)s;
}

/* Takes bytes of a head from data. ERR_OK: x->raw is a whole head; ERR_MORE: all taken; or h1_head_end's errors. */
enum err h1_take_head(struct h1_exchange *x, struct span data, size_t *used) MUST;
/* Forgets an interim head, for the next. */
void h1_drop_head(struct h1_exchange *x);

/* Takes bytes of the body from data and delivers them, as far as the window goes. Stops when the owner has reset the
 * stream. ERR_OK or ERR_FRAMING; x->body.done tells the end. */
enum err h1_take_body(struct h1_exchange *x, struct span data, size_t *used) MUST;
/* Is the window full, so that input must wait for stream_consume? */
bool h1_blocked(const struct h1_exchange *x) MUST;
/* stream_consume: true if input may go on. */
bool h1_consumed(struct h1_exchange *x, size_t n) MUST;

/* Bytes of the body out, as framed by x->framing. ERR_FRAMING: not what the head said. */
enum err h1_send_body(struct h1_exchange *x, struct span data, bool end, bool ref) MUST;

/* The end of the body, with fields behind it if it is chunked. */
enum err h1_send_trailers(struct h1_exchange *x, const struct http_head *fields) MUST;

/* A copy of a head without the unused fields. */
void h1_head_copy(struct http_head *to, const struct http_head *from);

#endif
