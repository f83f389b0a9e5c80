#include "proxy/net/h1_server.h"

#include <stdlib.h>
#include <unistd.h>

#include "base/assert.h"
#include "proxy/net/tls.h"

static const struct stream_ops server_ops;

static struct h1_server *of_conn(struct conn *c)
{
	return CONTAINER(c, struct h1_server, conn);
}

static struct h1_server *of_exchange(const struct h1_exchange *x)
{
	return of_conn(x->conn);
}

static enum err write_head(struct h1_server *h, const struct http_head *head)
{
	struct buf *b = loop_head_buf(h->conn.loop);
	enum err e = h1_write_response(b, head);
	return e == ERR_OK ? conn_send(&h->conn, buf_span(b), false) : e;
}

/* The exchange is over: the owner hears it once, and the memory goes back. */
static void finish(struct h1_server *h, enum err why)
{
	struct h1_exchange *x = h->x;
	if (x == NULL)
		return;
	bool opened = h->opened;
	h->x = NULL;
	h->opened = false;
	x->closing = true;
	if (opened)
		x->stream.events->closed(&x->stream, why);
	h1_exchange_free(x);
}

static void hang_up(struct h1_server *h, bool abort)
{
	conn_close(&h->conn, abort);
	server_conn_gone(h->server, &h->link);
}

static void linger(struct h1_server *h)
{
	h->phase = H1S_LINGER;
	h->conn.sated = false;
	h->dropped = 0;
	conn_shutdown(&h->conn);
	conn_deadline(&h->conn, DRAIN_MS);
	conn_resume(&h->conn);
}

static void begin_idle(struct h1_server *h)
{
	if (h->server->draining) {
		linger(h);
		return;
	}
	h->phase = H1S_IDLE;
	h->conn.sated = false;
	conn_deadline(&h->conn, h->server->limits.idle_ms);
	conn_resume(&h->conn);
}

/* The answer is written. */
static void answered(struct h1_server *h)
{
	struct h1_exchange *x = h->x;
	bool done = x->body.done;
	h->close_after = x->close_after || x->stream.malformed != ERR_OK;
	h->rest = x->body;
	finish(h, ERR_OK);
	if (h->conn.state == CONN_CLOSED)
		return;
	if (h->close_after) {
		linger(h);
	} else if (done) {
		begin_idle(h);
	} else {
		h->phase = H1S_DRAIN;
		h->conn.sated = false;
		h->dropped = 0;
		conn_deadline(&h->conn, DRAIN_MS);
		conn_resume(&h->conn);
	}
}

/* Is it the client's turn? */
static bool awaits_body(const struct h1_server *h)
{
	const struct h1_exchange *x = h->x;
	return !x->body.done && !h1_blocked(x) && !x->end_sent && !h->answering_100;
}

static void exchange_deadline(struct h1_server *h)
{
	h->conn.sated = h->x->body.done;
	conn_deadline(&h->conn, awaits_body(h) ? h->server->limits.body_idle_ms : WATCH_MS);
}

/* A request that cannot be read: the owner answers it, and the connection ends behind that. */
static void malformed(struct h1_server *h, enum err why)
{
	struct h1_exchange *x = h->x;
	x->stream.malformed = why;
	x->head.n_fields = 0;
	x->head.method = SPAN_NULL;
	x->head.minor = 1;
	x->body.done = true;
	x->head_done = x->end_delivered = true;
	x->close_after = true;
	h->phase = H1S_EXCHANGE;
	h->opened = true;
	exchange_deadline(h);
	h->server->handler.open(h->server->handler.arg, &x->stream);
}

static void deliver_end(struct h1_server *h)
{
	struct h1_exchange *x = h->x;
	if (!x->body.done || x->end_delivered || x->closing)
		return;
	x->end_delivered = true;
	x->stream.events->end(&x->stream);
}

static void begin_exchange(struct h1_server *h)
{
	struct h1_exchange *x = h->x;
	enum h1_reject why;
	enum err e = h1_parse_request(x->raw, &x->head, &why);
	if (e != ERR_OK) {
		malformed(h, e);
		return;
	}
	h1_body_init(&x->body, &x->head);
	x->head_done = true;
	x->close_after = !x->head.keep_alive || x->head.minor == 0;
	h->answering_100 = x->head.expect_continue && !x->body.done;
	h->phase = H1S_EXCHANGE;
	h->opened = true;
	h->server->handler.open(h->server->handler.arg, &x->stream);
	if (!x->closing)
		x->stream.events->head(&x->stream, &x->head);
	deliver_end(h);
	if (h->phase == H1S_EXCHANGE && h->x == x && !x->closing)
		exchange_deadline(h);
}

static bool ensure_exchange(struct h1_server *h)
{
	if (h->x != NULL)
		return true;
	h->x = h1_exchange_new(&h->conn, &server_ops, h->server->limits.window);
	if (h->x == NULL)
		return false;
	h->x->stream.peer = &h->peer;
	h->x->stream.context = h->server->context;
	h->phase = H1S_HEAD;
	return true;
}

static size_t take_head(struct h1_server *h, struct span data)
{
	bool first = h->x == NULL;
	size_t used;
	if (!ensure_exchange(h)) {
		hang_up(h, false);
		return data.n;
	}
	enum err e = h1_take_head(h->x, data, &used);
	if (e == ERR_OK)
		begin_exchange(h);
	else if (e != ERR_MORE)
		malformed(h, e);
	else if (first)
		conn_deadline(&h->conn, h->server->limits.head_ms);
	return used;
}

/* A bare answer of ours if none has begun, and the end. */
static void answer_bare(struct h1_server *h, enum err why)
{
	struct http_head head = {.status = (uint16_t)err_status(why), .framing = HTTP_NO_BODY};
	bool answer = !h->x->head_sent;
	finish(h, why);
	if (h->conn.state == CONN_CLOSED)
		return;
	struct buf *b = loop_head_buf(h->conn.loop);
	if (!answer || h1_write_response(b, &head) != ERR_OK || conn_send(&h->conn, buf_span(b), false) != ERR_OK) {
		hang_up(h, true);
		return;
	}
	linger(h);
}

/* The body is broken and the owner has its head already: it answers, if it wants to and still can. */
static void broken_body(struct h1_server *h, enum err why)
{
	struct h1_exchange *x = h->x;
	if (x->head_sent || x->stream.events->broken == NULL) {
		answer_bare(h, why);
		return;
	}
	x->body.done = x->end_delivered = true;
	x->close_after = true;
	h->answering_100 = false;
	exchange_deadline(h);
	x->stream.events->broken(&x->stream, why);
}

static size_t take_body(struct h1_server *h, struct span data)
{
	struct h1_exchange *x = h->x;
	size_t used;
	h->answering_100 = false; /* the client did not wait */
	enum err e = h1_take_body(x, data, &used);
	if (x->closing)
		return data.n;
	if (e != ERR_OK) {
		broken_body(h, e);
		return data.n;
	}
	deliver_end(h);
	if (!x->closing)
		exchange_deadline(h);
	return used;
}

/* Bytes that nobody wants. */
static size_t drop(struct h1_server *h, struct span data)
{
	size_t used = data.n;
	if (h->phase == H1S_DRAIN) {
		size_t at = 0;
		while (at < data.n && !h->rest.done) {
			struct span payload;
			size_t n;
			if (h1_body_feed(&h->rest, span_sub(data, at, data.n), &n, &payload) < ERR_OK) {
				h->rest.done = h->close_after = true;
				n = data.n - at;
			}
			at += n;
		}
		used = at;
	}
	h->dropped += used;
	if (h->dropped > DRAIN_BYTES) {
		hang_up(h, false);
	} else if (h->phase == H1S_DRAIN && h->rest.done) {
		if (h->close_after)
			linger(h);
		else
			begin_idle(h);
	}
	return used;
}

static size_t on_input(struct conn *c, struct span data)
{
	struct h1_server *h = of_conn(c);
	size_t used = 0;
	while (used < data.n && c->state != CONN_CLOSED) {
		struct span rest = span_sub(data, used, data.n);
		size_t n = 0;
		switch (h->phase) {
		case H1S_HANDSHAKE:
		case H1S_IDLE:
		case H1S_HEAD:
			n = take_head(h, rest);
			break;
		case H1S_EXCHANGE:
			/* What stands behind the request is the next one: it waits until this one is answered. */
			if (!h->x->body.done && !h->x->end_sent)
				n = take_body(h, rest);
			break;
		case H1S_DRAIN:
		case H1S_LINGER:
			n = drop(h, rest);
			break;
		}
		if (n == 0)
			break;
		used += n;
	}
	return c->state == CONN_CLOSED ? data.n : used;
}

static void on_eof(struct conn *c, bool clean)
{
	struct h1_server *h = of_conn(c);
	(void)clean; /* the framing of requests tells where they end */
	if (h->phase == H1S_EXCHANGE && (h->x->body.done || h->x->end_sent)) {
		/* A half-closed client still gets its answer; but there will be no next request. */
		h->x->close_after = true;
		h->half_closed = true;
		return;
	}
	if (h->phase == H1S_IDLE) {
		/* Our close_notify is owed. */
		linger(h);
		return;
	}
	finish(h, ERR_CLIENT_GONE);
	if (c->state == CONN_CLOSED)
		return;
	hang_up(h, false);
}

/* Everything is written: is the exchange complete? */
static void check_answered(struct h1_server *h)
{
	if (h->x != NULL && h->opened && h->x->end_sent && !h->x->closing && conn_pending(&h->conn) == 0)
		answered(h);
}

static void on_drained(struct conn *c)
{
	struct h1_server *h = of_conn(c);
	if (h->x == NULL || !h->opened || h->x->closing)
		return;
	if (h->x->end_sent)
		check_answered(h);
	else
		h->x->stream.events->writable(&h->x->stream);
}

static void on_failed(struct conn *c, enum conn_failure why)
{
	struct h1_server *h = of_conn(c);
	(void)why;
	finish(h, h->x != NULL && h->x->closing ? h->x->why : ERR_CLIENT_GONE);
	server_conn_gone(h->server, &h->link);
}

/* TCP does not tell a client that has closed from one that merely has no more to say, until something is sent: the
 * former's system then answers with a reset. An interim answer is something that every client of HTTP/1.1 passes over
 * (RFC 9110 §15.2). Sent ever more seldom. */
static void probe(struct h1_server *h)
{
	enum { SELDOM = 32 };
	const struct http_head head = {.status = 100, .reason = SPAN("Continue"), .framing = HTTP_NO_BODY};
	unsigned n = ++h->watches;
	bool now = n < SELDOM ? (n & (n - 1)) == 0 : n % SELDOM == 0;
	if (!now || h->x->head_sent || h->x->head.minor == 0)
		return;
	(void)!write_head(h, &head); /* without memory the next one may do */
}

static void expired_exchange(struct h1_server *h)
{
	if (awaits_body(h)) {
		broken_body(h, ERR_TIMEOUT);
	} else if (conn_gone(&h->conn)) {
		hang_up(h, false);
		finish(h, h->x->closing ? h->x->why : ERR_CLIENT_GONE);
	} else {
		if (h->half_closed)
			probe(h);
		exchange_deadline(h);
	}
}

static void on_expired(struct conn *c, enum conn_timer which)
{
	struct h1_server *h = of_conn(c);
	if (which == CONN_TIMER_READ && h->phase == H1S_HEAD) {
		malformed(h, ERR_TIMEOUT);
		return;
	}
	if (which == CONN_TIMER_READ && h->phase == H1S_EXCHANGE) {
		expired_exchange(h);
		return;
	}
	if (which == CONN_TIMER_READ && h->phase == H1S_IDLE) {
		linger(h);
		return;
	}
	finish(h, ERR_CLIENT_GONE);
	if (c->state == CONN_CLOSED)
		return;
	/* A peer that takes nothing would not see an orderly end either. */
	hang_up(h, which == CONN_TIMER_WRITE);
}

/* After stream_reset. */
static void on_deferred(struct conn *c)
{
	struct h1_server *h = of_conn(c);
	if (h->x == NULL)
		return;
	if (!h->x->closing) {
		check_answered(h);
		return;
	}
	/* Without a length or chunks an end of the connection would look like an end of the answer. */
	bool abort = h->x->head_sent && h->x->framing == HTTP_UNTIL_CLOSE;
	hang_up(h, abort);
	finish(h, h->x->why);
}

static void on_opened(struct conn *c)
{
	struct h1_server *h = of_conn(c);
	tls_facts(c, &h->peer);
	h->phase = H1S_IDLE;
	if (h->server->draining)
		linger(h);
}

static void on_freed(struct conn *c)
{
	free(of_conn(c));
}

static const struct conn_user server_user = {
	.opened = on_opened,
	.input = on_input,
	.eof = on_eof,
	.drained = on_drained,
	.failed = on_failed,
	.expired = on_expired,
	.deferred = on_deferred,
	.freed = on_freed,
};

/* How the answer goes out on this connection, as opposed to how the owner thinks of it. */
static void frame_answer(struct h1_server *h, struct http_head *head)
{
	struct h1_exchange *x = h->x;
	bool body_allowed = head->status != 204 && head->status != 304;
	x->mute = span_eq(x->head.method, SPAN("HEAD")) || !body_allowed;
	if (head->status == 204)
		head->length = 0;
	if (!body_allowed)
		head->framing = HTTP_NO_BODY;
	else if (head->framing == HTTP_UNTIL_CLOSE)
		head->framing = HTTP_CHUNKED;
	if (head->framing == HTTP_CHUNKED && x->head.minor == 0)
		head->framing = HTTP_UNTIL_CLOSE;
	/* An answer before the end of the request: keep the connection only if the rest is short and surely comes. */
	bool rest_is_short = x->body.framing == HTTP_LENGTH && x->body.left <= DRAIN_KEEP && !h->answering_100;
	if (h->server->draining || head->framing == HTTP_UNTIL_CLOSE || (!x->body.done && !rest_is_short))
		x->close_after = true;
	head->keep_alive = !x->close_after;
	head->upgrade = false;
	head->method = x->head.method;
	x->framing = head->framing;
	x->left = head->length;
}

static enum err op_send_head(struct stream *s, const struct http_head *head, bool end)
{
	struct h1_exchange *x = h1_exchange_of(s);
	if (x->closing)
		return ERR_CLIENT_GONE;
	struct h1_server *h = of_exchange(x);
	INVARIANT(!x->head_sent);
	if (head->status < 200) {
		if (head->status == 100)
			h->answering_100 = false;
		return x->head.minor == 0 ? ERR_OK : write_head(h, head);
	}
	UNZEROED struct http_head copy;
	h1_head_copy(&copy, head);
	frame_answer(h, &copy);
	enum err e = write_head(h, &copy);
	if (e != ERR_OK)
		return e;
	x->head_sent = true;
	return end ? h1_send_body(x, SPAN_NULL, true, false) : ERR_OK;
}

static enum err send_body(struct stream *s, struct span data, bool end, bool ref)
{
	struct h1_exchange *x = h1_exchange_of(s);
	if (x->closing)
		return ERR_CLIENT_GONE;
	enum err e = h1_send_body(x, data, end, ref);
	/* With nothing left to write no drained event comes. */
	if (end && e == ERR_OK && conn_pending(x->conn) == 0)
		conn_defer(x->conn);
	return e;
}

static enum err op_send_body(struct stream *s, struct span data, bool end)
{
	return send_body(s, data, end, false);
}

static enum err op_send_ref(struct stream *s, struct span data, bool end)
{
	return send_body(s, data, end, true);
}

static enum err op_send_trailers(struct stream *s, const struct http_head *fields)
{
	struct h1_exchange *x = h1_exchange_of(s);
	if (x->closing)
		return ERR_CLIENT_GONE;
	enum err e = h1_send_trailers(x, fields);
	if (e == ERR_OK && conn_pending(x->conn) == 0)
		conn_defer(x->conn);
	return e;
}

static void op_consume(struct stream *s, size_t n)
{
	struct h1_exchange *x = h1_exchange_of(s);
	if (x->closing)
		return;
	struct h1_server *h = of_exchange(x);
	if (h->answering_100 && !x->head_sent) {
		const struct http_head head = {.status = 100, .reason = SPAN("Continue"), .framing = HTTP_NO_BODY};
		if (write_head(h, &head) == ERR_OK)
			h->answering_100 = false;
		exchange_deadline(h);
	}
	if (h1_consumed(x, n)) {
		exchange_deadline(h);
		conn_resume(x->conn);
	}
}

static size_t op_pending(const struct stream *s)
{
	const struct h1_exchange *x = h1_exchange_of(s);
	return x->closing ? 0 : conn_pending(x->conn);
}

static void op_reset(struct stream *s, enum err why)
{
	struct h1_exchange *x = h1_exchange_of(s);
	if (x->closing)
		return;
	x->closing = true;
	x->why = why;
	conn_defer(x->conn);
}

static const struct stream_ops server_ops = {
	.send_head = op_send_head,
	.send_body = op_send_body,
	.send_ref = op_send_ref,
	.send_trailers = op_send_trailers,
	.consume = op_consume,
	.pending = op_pending,
	.reset = op_reset,
};

void h1_server_accept(struct server *s, int fd, const struct address *from)
{
	struct h1_server *h = calloc(1, sizeof *h);
	if (h == NULL || conn_init(&h->conn, s->loop, fd, &server_user) != ERR_OK) {
		free(h);
		close(fd);
		return;
	}
	h->server = s;
	h->phase = H1S_HANDSHAKE;
	h->conn.write_idle_ms = s->limits.write_idle_ms;
	h->conn.notice_gone = true;
	address_tell(from, h->address, &h->peer);
	link_push(&s->conns, &h->link);
	s->n_conns++;
	/* From here to the end of the first head. */
	conn_deadline(&h->conn, s->limits.head_ms);
	if (s->tls != NULL && tls_accept(&h->conn, s->tls) != ERR_OK)
		hang_up(h, false);
}

void h1_server_drain(struct h1_server *h)
{
	if (h->phase == H1S_IDLE)
		linger(h);
}

void h1_server_abort(struct h1_server *h)
{
	hang_up(h, false);
	finish(h, h->x != NULL && h->x->closing ? h->x->why : ERR_SHUTDOWN);
}
