/* The connection layer alone, as a pass-through proxy: what a request costs before the gateway looks at it.
 *
 * bench_relay LISTEN UPSTREAM-PORT [CERT KEY CA]: with the last three TLS on both sides (the upstream's certificate is
 * verified for "localhost"). One loop, one thread; prints nothing, runs until killed. */
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/assert.h"
#include "base/buf.h"
#include "proxy/net/client.h"
#include "proxy/net/server.h"

struct relay {
	struct loop *loop;
	struct client *client;
	struct upstream *upstream;
};

/* One request; recycled. */
struct transfer {
	struct relay *relay;
	struct transfer *next;
	struct stream *down, *up; /* NULL when closed */
	struct lease_request request;
	bool leasing;
	const struct http_head *head;
	struct buf body;
	size_t unconsumed; /* of the answer */
	bool bodyless;     /* the answer */
};

enum { MAX_PENDING = 64 * 1024 };
static struct transfer *spare;

static void on_lease(struct lease_request *r, struct lease *lease, const struct lease_info *info, enum err err);

static struct transfer *transfer_new(struct relay *r)
{
	struct transfer *t = spare;
	if (t != NULL)
		spare = t->next;
	else
		t = calloc(1, sizeof *t);
	INVARIANT(t != NULL);
	t->relay = r;
	t->request.done = on_lease;
	t->unconsumed = 0;
	return t;
}

static void transfer_done(struct transfer *t)
{
	if (t->down != NULL || t->up != NULL || t->leasing)
		return;
	buf_clear(&t->body);
	t->next = spare;
	spare = t;
}

static void fail(struct transfer *t, enum err e)
{
	struct http_head head = {.status = (uint16_t)err_status(e), .framing = HTTP_NO_BODY};
	if (t->down != NULL && stream_send_head(t->down, &head, true) != ERR_OK)
		stream_reset(t->down, e);
}

static void relay_head(struct stream *s, const struct http_head *head)
{
	struct transfer *t = s->owner;
	t->bodyless = head->status >= 200 && head->framing == HTTP_NO_BODY;
	if (t->down != NULL && stream_send_head(t->down, head, t->bodyless) != ERR_OK)
		stream_reset(t->down, ERR_INTERNAL);
}

static void relay_body(struct stream *s, struct span data)
{
	struct transfer *t = s->owner;
	t->unconsumed += data.n;
	if (t->down == NULL)
		return;
	if (stream_send_body(t->down, data, false) != ERR_OK)
		stream_reset(t->down, ERR_INTERNAL);
	if (stream_pending(t->down) > MAX_PENDING)
		return;
	stream_consume(s, t->unconsumed);
	t->unconsumed = 0;
}

static void relay_end(struct stream *s)
{
	struct transfer *t = s->owner;
	if (t->down != NULL && !t->bodyless && stream_send_body(t->down, SPAN_NULL, true) != ERR_OK)
		stream_reset(t->down, ERR_INTERNAL);
}

static void ignore(struct stream *s)
{
	(void)s;
}

static void up_closed(struct stream *s, enum err why)
{
	struct transfer *t = s->owner;
	t->up = NULL;
	if (t->down != NULL && why != ERR_OK)
		stream_reset(t->down, why);
	transfer_done(t);
}

static const struct stream_events up_events = {
	.head = relay_head,
	.body = relay_body,
	.end = relay_end,
	.writable = ignore,
	.closed = up_closed,
};

static void on_lease(struct lease_request *r, struct lease *lease, const struct lease_info *info, enum err err)
{
	struct transfer *t = (struct transfer *)(void *)((char *)r - offsetof(struct transfer, request));
	(void)info;
	t->leasing = false;
	if (lease == NULL || t->down == NULL) {
		if (lease != NULL)
			lease_release(lease);
		fail(t, err);
		transfer_done(t);
		return;
	}
	t->up = lease_stream(lease);
	t->up->events = &up_events;
	t->up->owner = t;
	struct http_head head = *t->head;
	head.framing = t->body.n == 0 ? HTTP_NO_BODY : HTTP_LENGTH;
	head.length = t->body.n;
	enum err e = stream_send_head(t->up, &head, t->body.n == 0);
	if (e == ERR_OK && t->body.n > 0)
		e = stream_send_ref(t->up, buf_span(&t->body), true);
	if (e != ERR_OK)
		stream_reset(t->up, e);
}

static void take_head(struct stream *s, const struct http_head *head)
{
	struct transfer *t = s->owner;
	t->head = head;
	stream_consume(s, 0);
}

static void take_body(struct stream *s, struct span data)
{
	struct transfer *t = s->owner;
	buf_add(&t->body, data);
	stream_consume(s, data.n);
}

static void take_end(struct stream *s)
{
	struct transfer *t = s->owner;
	t->leasing = true;
	client_lease(t->relay->client, t->relay->upstream, false, &t->request);
}

static void down_writable(struct stream *s)
{
	struct transfer *t = s->owner;
	if (t->up == NULL || t->unconsumed == 0)
		return;
	stream_consume(t->up, t->unconsumed);
	t->unconsumed = 0;
}

static void down_closed(struct stream *s, enum err why)
{
	struct transfer *t = s->owner;
	t->down = NULL;
	if (t->up != NULL)
		stream_reset(t->up, why == ERR_OK ? ERR_CLIENT_GONE : why);
	transfer_done(t);
}

static const struct stream_events down_events = {
	.head = take_head,
	.body = take_body,
	.end = take_end,
	.writable = down_writable,
	.closed = down_closed,
};

static void on_open(void *arg, struct stream *s)
{
	struct transfer *t = transfer_new(arg);
	t->down = s;
	s->events = &down_events;
	s->owner = t;
	if (s->malformed != ERR_OK)
		fail(t, s->malformed);
}

int main(int argc, char **argv)
{
	struct relay r = {0};
	enum err e = ERR_OK;
	uint64_t port;
	if ((argc != 3 && argc != 6) || !span_u64(span_str(argv[2]), &port) || port > UINT16_MAX) {
		fprintf(stderr, "usage: bench_relay LISTEN UPSTREAM-PORT [CERT KEY CA]\n");
		return 2;
	}
	bool tls = argc == 6;
	struct upstream_options o = {
		.name = SPAN("bench"),
		.tls = tls,
		.host = SPAN("localhost"),
		.port = (uint16_t)port,
		.ca_file = span_str(tls ? argv[5] : NULL),
		.private_ok = true,
		.connect_ms = 5000,
		.head_ms = 60000,
		.idle_ms = 60000,
		.pool_idle_ms = 60000,
		.max_idle = 1024,
	};
	struct server_tls *server_tls = tls ? server_tls_new(argv[3], argv[4], &e) : NULL;
	signal(SIGPIPE, SIG_IGN);
	r.loop = loop_new();
	r.upstream = e == ERR_OK ? upstream_new(&o, &e) : NULL;
	r.client = r.loop == NULL ? NULL : client_new(r.loop);
	if (r.client == NULL || r.upstream == NULL) {
		fprintf(stderr, "bench_relay: %s\n", err_text(e));
		return 1;
	}
	struct server_handler handler = {.open = on_open, .arg = &r};
	struct server *s =
		server_new(r.loop, span_str(argv[1]), -1, server_tls, server_limits_default(), handler, NULL, &e);
	if (s == NULL) {
		perror("bench_relay: listen");
		return 1;
	}
	loop_run(r.loop);
	return 0;
}
