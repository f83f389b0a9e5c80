#include "proxy/net/h1_exchange.h"

#include "base/assert.h"

struct h1_exchange *h1_exchange_new(struct conn *c, const struct stream_ops *ops, size_t window)
{
	struct h1_exchange *x = loop_pool_get(c->loop, LOOP_POOL_EXCHANGE, sizeof *x);
	if (x == NULL)
		return NULL;
	memset(x, 0, offsetof(struct h1_exchange, head));
	x->stream.ops = ops;
	x->conn = c;
	x->window = window;
	buf_init(&x->large, HTTP_MAX_HEAD);
	return x;
}

void h1_drop_head(struct h1_exchange *x)
{
	if (x->raw.p == x->small)
		explicit_bzero(x->small, x->raw.n);
	x->raw = SPAN_NULL;
	x->scanned = 0;
	buf_fini(&x->large);
}

void h1_exchange_free(struct h1_exchange *x)
{
	h1_drop_head(x);
	buf_fini(&x->trailers);
	loop_pool_put(x->conn->loop, LOOP_POOL_EXCHANGE, x);
}

/* The head lies whole in data, as it mostly does: only its own bytes are copied. */
static enum err take_at_once(struct h1_exchange *x, struct span data, size_t *used)
{
	size_t n;
	enum err e = h1_head_end(data, &x->scanned, &n);
	if (e == ERR_MORE) {
		buf_add(&x->large, data);
		*used = data.n;
		return buf_err(&x->large) == ERR_OK ? ERR_MORE : ERR_HEAD_TOO_LARGE;
	}
	if (e != ERR_OK)
		return e;
	*used = n;
	if (n <= sizeof x->small) {
		memcpy(x->small, data.p, n);
		x->raw = span_of(x->small, n);
		return ERR_OK;
	}
	buf_add(&x->large, span_sub(data, 0, n));
	x->raw = buf_span(&x->large);
	return buf_err(&x->large);
}

enum err h1_take_head(struct h1_exchange *x, struct span data, size_t *used)
{
	enum { STEP = 4096 };
	*used = 0;
	if (x->large.n == 0)
		return take_at_once(x, data, used);
	while (*used < data.n) {
		size_t n = data.n - *used;
		size_t room = HTTP_MAX_HEAD - x->large.n;
		n = n < STEP ? n : STEP;
		n = n < room ? n : room;
		if (n == 0)
			return ERR_HEAD_TOO_LARGE;
		size_t before = x->large.n;
		buf_add(&x->large, span_sub(data, *used, *used + n));
		if (buf_err(&x->large) != ERR_OK)
			return buf_err(&x->large);
		size_t length;
		enum err e = h1_head_end(buf_span(&x->large), &x->scanned, &length);
		if (e == ERR_OK) {
			*used += length - before;
			/* What stands behind the head is the body's; it is not kept here. */
			explicit_bzero(x->large.p + length, x->large.n - length);
			x->large.n = length;
			x->raw = buf_span(&x->large);
			return ERR_OK;
		}
		if (e != ERR_MORE)
			return e;
		*used += n;
	}
	return ERR_MORE;
}

static size_t room(const struct h1_exchange *x)
{
	return x->unconsumed < x->window ? x->window - x->unconsumed : 0;
}

bool h1_blocked(const struct h1_exchange *x)
{
	return room(x) == 0;
}

/* With the window full, chunk framing may still pass (but no payload): the end of a body that just fits must be seen.
 */
static enum err take_framing(struct h1_exchange *x, struct span data, size_t *used)
{
	while (*used < data.n && !x->body.done) {
		struct h1_body trial = x->body;
		struct span payload;
		size_t n;
		enum err e = h1_body_feed(&trial, span_sub(data, *used, *used + 1), &n, &payload);
		if (e < ERR_OK)
			return e;
		if (payload.n > 0)
			break;
		x->body = trial;
		*used += n;
	}
	return ERR_OK;
}

enum err h1_take_body(struct h1_exchange *x, struct span data, size_t *used)
{
	*used = 0;
	while (*used < data.n && !x->body.done && !x->closing && !h1_blocked(x)) {
		struct span in = span_sub(data, *used, data.n), payload;
		size_t n;
		if (in.n > room(x))
			in.n = room(x);
		enum err e = h1_body_feed(&x->body, in, &n, &payload);
		if (e < ERR_OK)
			return e;
		*used += n;
		if (payload.n == 0)
			continue;
		x->unconsumed += payload.n;
		x->stream.events->body(&x->stream, payload);
	}
	if (h1_blocked(x) && !x->closing && x->body.framing == HTTP_CHUNKED)
		return take_framing(x, data, used);
	return ERR_OK;
}

bool h1_consumed(struct h1_exchange *x, size_t n)
{
	INVARIANT(n <= x->unconsumed);
	bool was_blocked = h1_blocked(x);
	x->unconsumed -= n;
	return was_blocked && !h1_blocked(x);
}

/* A small buffer on the stack for chunk framing. */
static enum err send_framing(struct conn *c, void (*write)(struct buf *, size_t), size_t n)
{
	uint8_t room[24];
	struct buf b = {.p = room, .cap = sizeof room, .limit = sizeof room};
	write(&b, n);
	INVARIANT(buf_err(&b) == ERR_OK);
	return conn_send(c, buf_span(&b), false);
}

static void write_tail(struct buf *b, size_t n)
{
	if (n > 0)
		h1_write_chunk_tail(b);
	else
		h1_write_last_chunk(b);
}

static enum err send_chunk(struct conn *c, struct span data, bool end, bool ref)
{
	enum err e = ERR_OK;
	if (data.n > 0) {
		e = send_framing(c, h1_write_chunk_head, data.n);
		if (e == ERR_OK)
			e = conn_send(c, data, ref);
		if (e == ERR_OK)
			e = send_framing(c, write_tail, data.n);
	}
	return e == ERR_OK && end ? send_framing(c, write_tail, 0) : e;
}

enum err h1_send_body(struct h1_exchange *x, struct span data, bool end, bool ref)
{
	INVARIANT(x->head_sent && !x->end_sent);
	if (x->mute)
		data.n = 0;
	switch (x->framing) {
	case HTTP_NO_BODY:
		if (data.n > 0)
			return ERR_FRAMING;
		break;
	case HTTP_LENGTH:
		if (!x->mute && (data.n > x->left || (end && data.n < x->left)))
			return ERR_FRAMING;
		x->left -= data.n;
		break;
	case HTTP_CHUNKED:
	case HTTP_UNTIL_CLOSE:
		break;
	}
	x->end_sent = end;
	if (x->framing == HTTP_CHUNKED && !x->mute)
		return send_chunk(x->conn, data, end, ref);
	return conn_send(x->conn, data, ref);
}

enum err h1_send_trailers(struct h1_exchange *x, const struct http_head *fields)
{
	if (x->framing != HTTP_CHUNKED || x->mute)
		return h1_send_body(x, SPAN_NULL, true, false);
	INVARIANT(x->head_sent && !x->end_sent);
	struct buf *b = loop_head_buf(x->conn->loop);
	enum err e = h1_write_trailers(b, fields);
	if (e != ERR_OK)
		return e;
	x->end_sent = true;
	return conn_send(x->conn, buf_span(b), false);
}

void h1_head_copy(struct http_head *to, const struct http_head *from)
{
	const size_t behind = offsetof(struct http_head, n_fields);
	memcpy(to, from, offsetof(struct http_head, fields) + from->n_fields * sizeof *from->fields);
	memcpy((uint8_t *)to + behind, (const uint8_t *)from + behind, sizeof *to - behind);
}
