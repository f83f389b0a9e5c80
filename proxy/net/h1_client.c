#include "proxy/net/h1_client.h"

#include <stdlib.h>
#include <unistd.h>

#include "base/assert.h"
#include "base/log.h"

static const struct stream_ops client_ops;
static const struct conn_user client_user;

static struct lease *of_conn(struct conn *c)
{
	return CONTAINER(c, struct lease, conn);
}

static struct lease *of_exchange(const struct h1_exchange *x)
{
	return of_conn(x->conn);
}

/* Off its list; the pool counts what is idle. */
static void unlist(struct lease *h)
{
	if (h->phase == H1C_IDLE)
		h->site->n_idle--;
	link_drop(&h->link);
}

static void hang_up(struct lease *h)
{
	unlist(h);
	h->phase = H1C_GONE;
	conn_close(&h->conn, false);
}

static void drop_exchange(struct lease *h)
{
	if (h->x != NULL)
		h1_exchange_free(h->x);
	h->x = NULL;
}

/* The exchange is over, and its connection has let go of it: the owner hears it once. */
static void finish(struct h1_exchange *x, enum err why)
{
	x->closing = true;
	x->stream.events->closed(&x->stream, why);
	h1_exchange_free(x);
}

static void answer_request(struct lease *h, enum err e)
{
	struct lease_request *r = h->request;
	if (e != ERR_OK && e != ERR_SHUTDOWN)
		log_line(LOG_WARN, "upstream connection failed", LOG_SPAN("upstream", h->site->upstream->name),
			 LOG_S("reason", err_reason(e)));
	h->request = NULL;
	r->impl = NULL;
	r->done(r, e == ERR_OK ? h : NULL, e == ERR_OK ? &h->info : NULL, e);
}

/* Keeps the connection for the next request, or closes it. */
static void pool(struct lease *h)
{
	struct conn *c = &h->conn;
	if (c->state == CONN_CLOSED)
		return;
	bool usable = c->state == CONN_OPEN && !c->io_failed && !c->eof && !c->paused && !c->write_failed &&
		      conn_pending(c) == 0;
	if (!usable || !site_put(h)) {
		hang_up(h);
		return;
	}
	h->phase = H1C_IDLE;
	conn_deadline(c, h->site->upstream->pool_idle_ms);
}

static void no_connection(struct lease *h, enum err e)
{
	hang_up(h);
	answer_request(h, e);
}

static void lend(struct lease *h)
{
	h->x = h1_exchange_new(&h->conn, &client_ops, H1C_WINDOW);
	if (h->x == NULL) {
		no_connection(h, ERR_NOMEM);
		return;
	}
	conn_deadline(&h->conn, 0);
	h->x->stream.peer = &h->info.peer;
	h->answer_begun = false;
	h->phase = H1C_LEASED;
	answer_request(h, ERR_OK);
}

static void deliver_trailers(struct h1_exchange *x)
{
	UNZEROED struct http_head fields;
	/* Trailers may be dropped (RFC 9110 §6.5.1): without memory they are. */
	if (x->trailers.n == 0 || buf_err(&x->trailers) != ERR_OK || x->stream.events->trailers == NULL)
		return;
	if (h1_parse_trailers(buf_span(&x->trailers), &fields) == ERR_OK && fields.n_fields > 0)
		x->stream.events->trailers(&x->stream, &fields);
}

/* The whole answer was read. What was not sent of the request by now is of no more use. */
static void complete(struct lease *h)
{
	struct h1_exchange *x = h->x;
	x->end_delivered = true;
	deliver_trailers(x);
	bool reusable = x->end_sent && !x->close_after && x->head.keep_alive;
	if (!x->closing)
		x->stream.events->end(&x->stream);
	enum err why = x->closing ? x->why : ERR_OK;
	/* First the connection: the owner may ask for another from `closed`. */
	h->x = NULL;
	h->conn.sated = true;
	if (reusable && why == ERR_OK)
		pool(h);
	else
		hang_up(h);
	finish(x, why);
}

static void broken(struct lease *h, enum err why)
{
	struct h1_exchange *x = h->x;
	h->x = NULL;
	hang_up(h);
	finish(x, x->closing ? x->why : why);
}

/* How long the peer may stay silent now. */
static void answer_deadline(struct lease *h)
{
	struct h1_exchange *x = h->x;
	uint32_t ms = 0;
	if (x->head_done)
		ms = h1_blocked(x) ? 0 : h->site->upstream->idle_ms;
	else if (x->end_sent && conn_pending(&h->conn) == 0)
		ms = h->site->upstream->head_ms;
	conn_deadline(&h->conn, ms);
}

/* A head is whole. ERR_UPSTREAM if it is none. */
static enum err take_answer(struct lease *h)
{
	struct h1_exchange *x = h->x;
	enum h1_reject why;
	struct span method = span_of(h->method, h->method_n);
	if (h1_parse_response(x->raw, method, &x->head, &why) != ERR_OK)
		return ERR_UPSTREAM;
	/* We never ask to switch protocols. */
	if (x->head.status == 101 || (x->head.upgrade && x->head.status < 200))
		return ERR_UPSTREAM;
	if (x->head.status < 200) {
		x->stream.events->head(&x->stream, &x->head);
		h1_drop_head(x);
		return ERR_OK;
	}
	h1_body_init(&x->body, &x->head);
	x->body.keep = &x->trailers;
	x->head_done = true;
	x->stream.events->head(&x->stream, &x->head);
	return ERR_OK;
}

static enum err take_some(struct lease *h, struct span data, size_t *used)
{
	struct h1_exchange *x = h->x;
	if (x->head_done)
		return h1_take_body(x, data, used) == ERR_OK ? ERR_OK : ERR_UPSTREAM;
	enum err e = h1_take_head(x, data, used);
	if (e == ERR_MORE)
		return ERR_OK;
	return e == ERR_OK ? take_answer(h) : ERR_UPSTREAM;
}

/* The answer to the request under way. */
static size_t take_active(struct lease *h, struct span data)
{
	struct h1_exchange *x = h->x;
	size_t used = 0;
	h->answer_begun = true;
	while (used < data.n && !x->closing && !(x->head_done && x->body.done)) {
		size_t n;
		enum err e = x->head_sent ? take_some(h, span_sub(data, used, data.n), &n) : ERR_UPSTREAM;
		if (e != ERR_OK) {
			broken(h, e);
			return data.n;
		}
		if (n == 0)
			break;
		used += n;
	}
	if (x->closing)
		return data.n;
	if (x->head_done && x->body.done) {
		/* Bytes behind the answer: nobody asked for them, and the next answer would begin with them. */
		x->close_after = x->close_after || used < data.n;
		complete(h);
		return data.n;
	}
	if (x->head_done)
		answer_deadline(h);
	return used;
}

/* An idle connection died on the way to its taker, who asked for any. */
static void replace(struct lease *h)
{
	struct lease_request *r = h->request;
	h->request = NULL;
	hang_up(h);
	if (h1_client_connect(h->site, r))
		return;
	r->impl = NULL;
	r->done(r, NULL, NULL, ERR_NOMEM);
}

/* The connection ends while no answer is being read. */
static void lost(struct lease *h, enum err why)
{
	switch (h->phase) {
	case H1C_CONNECTING:
	case H1C_HANDSHAKE:
		no_connection(h, why);
		break;
	case H1C_IDLE:
		hang_up(h);
		break;
	case H1C_OFFER:
		replace(h);
		break;
	case H1C_LEASED:
		/* Its holder learns it when it makes a stream of it. */
		hang_up(h);
		break;
	case H1C_ACTIVE:
		broken(h, why);
		break;
	case H1C_GONE:
		break;
	}
}

static size_t on_input(struct conn *c, struct span data)
{
	struct lease *h = of_conn(c);
	switch (h->phase) {
	case H1C_ACTIVE:
		return h->x->closing ? data.n : take_active(h, data);
	case H1C_LEASED:
	case H1C_OFFER:
	case H1C_IDLE:
		/* Nobody asked. */
		lost(h, ERR_UPSTREAM);
		break;
	case H1C_CONNECTING:
	case H1C_HANDSHAKE:
	case H1C_GONE:
		break;
	}
	return data.n;
}

static void active_eof(struct lease *h, bool clean)
{
	struct h1_exchange *x = h->x;
	if (x->closing)
		return;
	if (!x->head_done) {
		broken(h, h->answer_begun ? ERR_UPSTREAM : ERR_UPSTREAM_GONE);
		return;
	}
	/* Without close_notify anyone could have cut an answer that ends with its connection. */
	if (!clean || h1_body_eof(&x->body) != ERR_OK) {
		broken(h, ERR_UPSTREAM_GONE);
		return;
	}
	x->close_after = true;
	complete(h);
}

static void on_eof(struct conn *c, bool clean)
{
	struct lease *h = of_conn(c);
	if (h->phase == H1C_ACTIVE)
		active_eof(h, clean);
	else
		lost(h, ERR_TLS);
}

static void on_failed(struct conn *c, enum conn_failure why)
{
	struct lease *h = of_conn(c);
	if (h->phase == H1C_ACTIVE) {
		bool partial_head = h->answer_begun && !h->x->head_done;
		broken(h, partial_head ? ERR_UPSTREAM : ERR_UPSTREAM_GONE);
		return;
	}
	lost(h, why == CONN_FAIL_TLS ? ERR_TLS : ERR_CONNECT);
}

static void on_expired(struct conn *c, enum conn_timer which)
{
	struct lease *h = of_conn(c);
	(void)which;
	lost(h, ERR_UPSTREAM_TIMEOUT);
}

static void on_drained(struct conn *c)
{
	struct lease *h = of_conn(c);
	if (h->phase != H1C_ACTIVE || h->x->closing)
		return;
	if (h->x->end_sent && !h->x->head_done)
		answer_deadline(h);
	h->x->stream.events->writable(&h->x->stream);
}

static void on_deferred(struct conn *c)
{
	struct lease *h = of_conn(c);
	if (h->phase == H1C_OFFER) {
		lend(h);
	} else if (h->phase == H1C_ACTIVE && h->x->closing) {
		broken(h, h->x->why);
	} else if (h->phase == H1C_GONE && h->x != NULL) {
		/* A stream was made of a lease whose connection had died. */
		loop_dead(c->loop, &c->dead);
		broken(h, ERR_UPSTREAM_GONE);
	}
}

static void on_opened(struct conn *c)
{
	struct lease *h = of_conn(c);
	tls_facts(c, &h->info.peer);
	h->info.tls_verified = c->tls != NULL;
	lend(h);
}

static void on_freed(struct conn *c)
{
	struct lease *h = of_conn(c);
	/* A lease lives until its holder gives it back. */
	if (h->phase != H1C_GONE || h->x == NULL)
		free(h);
	else if (c->want_deferred)
		loop_ready(c->loop, &c->ready);
}

static const struct conn_user client_user = {
	.opened = on_opened,
	.input = on_input,
	.eof = on_eof,
	.drained = on_drained,
	.failed = on_failed,
	.expired = on_expired,
	.deferred = on_deferred,
	.freed = on_freed,
};

static void on_connected(struct connector *k, int fd, const struct address *to, enum err e)
{
	struct lease *h = CONTAINER(k, struct lease, connector);
	if (e == ERR_OK)
		e = conn_init(&h->conn, k->loop, fd, &client_user);
	if (e != ERR_OK) {
		if (fd >= 0)
			close(fd);
		link_drop(&h->link);
		answer_request(h, e);
		free(h);
		return;
	}
	const struct upstream *u = h->site->upstream;
	h->phase = H1C_HANDSHAKE;
	h->conn.read_on = true;
	h->conn.write_idle_ms = u->idle_ms;
	address_tell(to, h->address, &h->info.peer);
	conn_deadline(&h->conn, connector_left(k));
	if (u->tls != NULL && tls_connect(&h->conn, u->tls, &h->site->ticket) != ERR_OK)
		no_connection(h, ERR_NOMEM);
}

static void cancel(struct canceller *canceller, struct lease_request *r)
{
	struct lease *h = CONTAINER(canceller, struct lease, canceller);
	INVARIANT(h->request == r);
	r->impl = NULL;
	h->request = NULL;
	if (h->phase == H1C_CONNECTING) {
		connector_cancel(&h->connector);
		link_drop(&h->link);
		free(h);
	} else if (h->phase == H1C_OFFER) {
		pool(h);
	} else {
		hang_up(h);
	}
}

bool h1_client_connect(struct site *s, struct lease_request *r)
{
	struct lease *h = calloc(1, sizeof *h);
	if (h == NULL)
		return false;
	h->site = s;
	h->request = r;
	h->phase = H1C_CONNECTING;
	h->canceller.cancel = cancel;
	h->connector.done = on_connected;
	r->impl = &h->canceller;
	link_push(&s->busy, &h->link);
	connector_start(&h->connector, s->client->loop, s->client->dns, s->upstream);
	return true;
}

void h1_client_offer(struct lease *h, struct lease_request *r)
{
	h->phase = H1C_OFFER;
	h->info.peer.reused = true;
	h->request = r;
	r->impl = &h->canceller;
	conn_defer(&h->conn);
}

void h1_client_abort(struct lease *h)
{
	INVARIANT(h->phase != H1C_LEASED); /* the holder of a lease outlives the client, or gives it back */
	if (h->phase == H1C_CONNECTING) {
		connector_cancel(&h->connector);
		link_drop(&h->link);
		answer_request(h, ERR_SHUTDOWN);
		free(h);
		return;
	}
	hang_up(h);
	if (h->request != NULL)
		answer_request(h, ERR_SHUTDOWN);
	if (h->x != NULL)
		broken(h, ERR_SHUTDOWN);
}

void lease_release(struct lease *h)
{
	INVARIANT(h->phase == H1C_LEASED || h->phase == H1C_GONE);
	drop_exchange(h);
	if (h->phase == H1C_LEASED)
		pool(h);
	else
		loop_dead(h->conn.loop, &h->conn.dead);
}

struct stream *lease_stream(struct lease *h)
{
	INVARIANT(h->phase == H1C_LEASED || h->phase == H1C_GONE);
	h->conn.sated = false;
	if (h->phase == H1C_LEASED)
		h->phase = H1C_ACTIVE;
	else
		conn_defer(&h->conn);
	return &h->x->stream;
}

static enum err op_send_head(struct stream *s, const struct http_head *head, bool end)
{
	struct h1_exchange *x = h1_exchange_of(s);
	if (x->closing)
		return ERR_UPSTREAM_GONE;
	struct lease *h = of_exchange(x);
	INVARIANT(!x->head_sent);
	UNZEROED struct http_head copy;
	h1_head_copy(&copy, head);
	copy.keep_alive = true;
	copy.upgrade = false;
	struct buf *b = loop_head_buf(h->conn.loop);
	enum err e = h1_write_request(b, &copy);
	if (e == ERR_OK)
		e = conn_send(&h->conn, buf_span(b), false);
	if (e != ERR_OK)
		return e;
	h->method_n = head->method.n < sizeof h->method ? head->method.n : sizeof h->method;
	memcpy(h->method, head->method.p, h->method_n);
	x->head_sent = true;
	x->framing = head->framing;
	x->left = head->length;
	return end ? h1_send_body(x, SPAN_NULL, true, false) : ERR_OK;
}

static enum err send_body(struct stream *s, struct span data, bool end, bool ref)
{
	struct h1_exchange *x = h1_exchange_of(s);
	if (x->closing)
		return ERR_UPSTREAM_GONE;
	/* The answer is complete already: the rest of the request has nowhere to go. */
	if (x->end_delivered)
		return ERR_OK;
	enum err e = h1_send_body(x, data, end, ref);
	if (e == ERR_OK && end && !x->head_done && conn_pending(x->conn) == 0)
		answer_deadline(of_exchange(x));
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
		return ERR_UPSTREAM_GONE;
	if (x->end_delivered)
		return ERR_OK;
	enum err e = h1_send_trailers(x, fields);
	if (e == ERR_OK && !x->head_done && conn_pending(x->conn) == 0)
		answer_deadline(of_exchange(x));
	return e;
}

static void op_consume(struct stream *s, size_t n)
{
	struct h1_exchange *x = h1_exchange_of(s);
	if (x->closing || !h1_consumed(x, n) || x->end_delivered)
		return;
	answer_deadline(of_exchange(x));
	conn_resume(x->conn);
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

static const struct stream_ops client_ops = {
	.send_head = op_send_head,
	.send_body = op_send_body,
	.send_ref = op_send_ref,
	.send_trailers = op_send_trailers,
	.consume = op_consume,
	.pending = op_pending,
	.reset = op_reset,
};
