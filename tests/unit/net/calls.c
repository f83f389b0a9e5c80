#include "calls.h"

#include <stdio.h>

#include "base/assert.h"

struct upstream_options call_options(uint16_t port)
{
	return (struct upstream_options){
		.name = SPAN("test"),
		.host = SPAN("127.0.0.1"),
		.port = port,
		.private_ok = true,
		.connect_ms = 60000,
		.head_ms = 60000,
		.idle_ms = 60000,
		.pool_idle_ms = 60000,
		.max_idle = 8,
	};
}

struct upstream *call_upstream(const struct upstream_options *o)
{
	enum err e;
	struct upstream *u = upstream_new(o, &e);
	INVARIANT(u != NULL && e == ERR_OK);
	return u;
}

static void over(struct call *c)
{
	INVARIANT(!c->over);
	c->over = true;
	if (c->then != NULL)
		call_start(c->then);
	if (c->on_event != NULL)
		c->on_event(c);
	rig_count(c->rig);
}

static void event(struct call *c)
{
	if (c->on_event != NULL)
		c->on_event(c);
}

static void on_head(struct stream *s, const struct http_head *head)
{
	struct call *c = s->owner;
	INVARIANT(!c->head);
	c->status = head->status;
	c->interim += head->status < 200;
	c->head = head->status >= 200;
	event(c);
}

static void on_body(struct stream *s, struct span data)
{
	struct call *c = s->owner;
	enum { KEEP = 1024 * 1024 };
	c->got += data.n;
	c->unconsumed += data.n;
	if (c->unconsumed > c->max_unconsumed)
		c->max_unconsumed = c->unconsumed;
	if (c->answer.n < KEEP)
		buf_add(&c->answer, data);
	if (!c->lazy) {
		c->unconsumed = 0;
		stream_consume(s, data.n);
	}
	event(c);
}

static void on_trailers(struct stream *s, const struct http_head *fields)
{
	struct call *c = s->owner;
	INVARIANT(c->head && !c->end && fields->n_fields > 0);
	for (size_t i = 0; i < fields->n_fields; i++)
		buf_printf(&c->trailers, "%.*s: %.*s\n", SPAN_ARG(fields->fields[i].name),
			   SPAN_ARG(fields->fields[i].value));
}

static void on_end(struct stream *s)
{
	struct call *c = s->owner;
	INVARIANT(c->head && !c->end);
	c->end = true;
	event(c);
}

static void on_writable(struct stream *s)
{
	event(s->owner);
}

static void on_closed(struct stream *s, enum err why)
{
	struct call *c = s->owner;
	c->why = why;
	c->s = NULL;
	over(c);
}

static const struct stream_events events = {
	.head = on_head,
	.body = on_body,
	.trailers = on_trailers,
	.end = on_end,
	.writable = on_writable,
	.closed = on_closed,
};

static void send(struct call *c)
{
	struct http_head h = {
		.method = span_str(c->method),
		.target = span_str(c->path),
		.authority = SPAN("localhost"),
		.framing = c->body.n == 0 ? HTTP_NO_BODY
			   : c->chunked   ? HTTP_CHUNKED
					  : HTTP_LENGTH,
		.length = c->body.n,
	};
	INVARIANT(stream_send_head(c->s, &h, c->body.n == 0) == ERR_OK);
	if (c->body.n > 0 && c->by_ref)
		INVARIANT(stream_send_ref(c->s, c->body, true) == ERR_OK);
	else if (c->body.n > 0)
		INVARIANT(stream_send_body(c->s, c->body, true) == ERR_OK);
}

void call_use(struct call *c)
{
	c->s = lease_stream(c->lease);
	c->s->events = &events;
	c->s->owner = c;
	send(c);
}

static void on_lease(struct lease_request *r, struct lease *lease, const struct lease_info *info, enum err err)
{
	struct call *c = (struct call *)(void *)((char *)r - offsetof(struct call, request));
	INVARIANT(!c->leased);
	c->leased = true;
	c->lease_err = err;
	if (err != ERR_OK) {
		INVARIANT(lease == NULL);
		over(c);
		return;
	}
	c->peer = info->peer;
	snprintf(c->address, sizeof c->address, "%.*s", SPAN_ARG(info->peer.address));
	c->verified = info->tls_verified;
	if (c->stop == CALL_RELEASE) {
		lease_release(lease);
		over(c);
		return;
	}
	c->lease = lease;
	if (c->stop == CALL_LEASE_ONLY) {
		event(c);
		return;
	}
	call_use(c);
}

void call_start(struct call *c)
{
	c->request.done = on_lease;
	client_lease(c->rig->client, c->upstream, c->fresh, &c->request);
	INVARIANT(!c->leased);
}

void call_fini(struct call *c)
{
	upstream_put(c->upstream);
	buf_fini(&c->answer);
	buf_fini(&c->trailers);
}
