#include "rig.h"

#include <arpa/inet.h>
#include <errno.h>
#include <openssl/ssl.h>
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/assert.h"
#include "base/buf.h"

void rig_failed(struct rig *r, const char *file, int line, const char *cond)
{
	fprintf(stderr, "%s:%d: %s\n", file, line, cond);
	r->failed = cond;
	r->failed_line = line;
}

void rig_init(struct rig *r)
{
	enum { HANG_S = 120 };
	signal(SIGPIPE, SIG_IGN);
	alarm(HANG_S);
	memset(r, 0, sizeof *r);
	r->loop = loop_new();
	INVARIANT(r->loop != NULL);
}

struct server_limits rig_limits(void)
{
	struct server_limits l = server_limits_default();
	l.window = 64 * 1024;
	return l;
}

void rig_stop(struct rig *r)
{
	loop_stop(r->loop);
}

void rig_loop(struct rig *r)
{
	loop_run(r->loop);
}

static void check_done(struct rig *r)
{
	if (r->script_done && (r->failed != NULL || r->n_closed >= r->want_closed))
		loop_stop(r->loop);
}

void rig_count(struct rig *r)
{
	r->n_closed++;
	check_done(r);
}

static void on_script_end(struct loop_task *t)
{
	struct rig *r = (struct rig *)(void *)((char *)t - offsetof(struct rig, task));
	r->script_done = true;
	check_done(r);
}

static void *script_main(void *arg)
{
	struct rig *r = arg;
	r->script(r, r->arg);
	r->task.run = on_script_end;
	loop_post(r->loop, &r->task);
	return NULL;
}

void rig_run(struct rig *r, void (*script)(struct rig *r, void *arg), void *arg)
{
	pthread_t thread;
	r->script = script;
	r->arg = arg;
	r->script_done = false;
	INVARIANT(pthread_create(&thread, NULL, script_main, r) == 0);
	loop_run(r->loop);
	INVARIANT(pthread_join(thread, NULL) == 0);
	if (r->failed != NULL)
		abort();
}

struct call {
	struct loop_task task;
	struct rig *rig;
	void (*f)(struct rig *r);
	sem_t done;
};

static void on_call(struct loop_task *t)
{
	struct call *c = (struct call *)t;
	c->f(c->rig);
	sem_post(&c->done);
}

void rig_call(struct rig *r, void (*f)(struct rig *r))
{
	struct call c = {.task.run = on_call, .rig = r, .f = f};
	sem_init(&c.done, 0, 0);
	loop_post(r->loop, &c.task);
	while (sem_wait(&c.done) != 0)
		INVARIANT(errno == EINTR);
	sem_destroy(&c.done);
}

void rig_nothing(struct rig *r)
{
	(void)r;
}

static void answer(struct request *q, int status, enum http_framing framing, struct span body)
{
	struct http_head h = {
		.status = (uint16_t)status, .reason = SPAN("Because"), .framing = framing, .length = body.n};
	INVARIANT(http_add(&h, SPAN("Content-Type"), SPAN("text/plain")) == ERR_OK);
	INVARIANT(stream_send_head(q->s, &h, body.n == 0) == ERR_OK);
	if (body.n > 0)
		INVARIANT(stream_send_body(q->s, body, true) == ERR_OK);
}

static bool is(const struct request *q, const char *path)
{
	return strcmp(q->path, path) == 0;
}

static void hint(struct request *q)
{
	struct http_head h = {.status = 103, .reason = SPAN("Early Hints"), .framing = HTTP_NO_BODY};
	INVARIANT(http_add(&h, SPAN("Link"), SPAN("</x>")) == ERR_OK);
	INVARIANT(stream_send_head(q->s, &h, false) == ERR_OK);
	answer(q, 200, HTTP_LENGTH, SPAN("hinted"));
}

/* /big and /bigref: q->to_send bytes, as long as little is pending. */
static void feed(struct request *q)
{
	while (q->to_send > 0 && stream_pending(q->s) <= RIG_CHUNK) {
		size_t n = q->to_send < RIG_CHUNK ? q->to_send : RIG_CHUNK;
		q->to_send -= n;
		struct span data = span_of(q->memory, n);
		bool end = q->to_send == 0;
		INVARIANT((is(q, "/bigref") ? stream_send_ref(q->s, data, end) : stream_send_body(q->s, data, end)) ==
			  ERR_OK);
		if (stream_pending(q->s) > q->max_pending)
			q->max_pending = stream_pending(q->s);
	}
}

static void begin_big(struct request *q)
{
	enum { TOTAL = 64 * 1024 * 1024 };
	struct http_head h = {.status = 200, .reason = SPAN("OK"), .framing = HTTP_LENGTH, .length = TOTAL};
	q->memory = malloc(RIG_CHUNK);
	INVARIANT(q->memory != NULL);
	for (size_t i = 0; i < RIG_CHUNK; i++)
		q->memory[i] = (uint8_t)i;
	q->to_send = TOTAL;
	INVARIANT(stream_send_head(q->s, &h, false) == ERR_OK);
	feed(q);
}

/* /ticks: an event of a stream every few milliseconds, for ever. */
static void tick(struct loop_timer *t)
{
	enum { EVERY_MS = 5 };
	struct request *q = (struct request *)(void *)((char *)t - offsetof(struct request, tick));
	q->ticks++;
	if (stream_send_body(q->s, SPAN("data: tick\n\n"), false) == ERR_OK)
		INVARIANT(loop_timer_arm(q->rig->loop, t, EVERY_MS) == ERR_OK);
}

static void begin_ticks(struct request *q)
{
	struct http_head h = {.status = 200, .reason = SPAN("OK"), .framing = HTTP_CHUNKED};
	INVARIANT(stream_send_head(q->s, &h, false) == ERR_OK);
	q->tick.run = tick;
	tick(&q->tick);
}

/* /trailers: an answer in chunks with fields behind it. */
static void answer_with_trailers(struct request *q)
{
	struct http_head h = {.status = 200, .reason = SPAN("OK"), .framing = HTTP_CHUNKED}, behind = {0};
	INVARIANT(http_add(&behind, SPAN("X-Checksum"), SPAN("abc")) == ERR_OK);
	INVARIANT(stream_send_head(q->s, &h, false) == ERR_OK);
	INVARIANT(stream_send_body(q->s, SPAN("hello"), false) == ERR_OK);
	INVARIANT(stream_send_trailers(q->s, &behind) == ERR_OK);
}

static void on_broken(struct stream *s, enum err why)
{
	struct request *q = s->owner;
	answer(q, err_status(why), HTTP_LENGTH, span_str(err_name(why)));
}

static const struct stream_events mending;

static void on_head(struct stream *s, const struct http_head *head)
{
	struct request *q = s->owner;
	size_t n = head->path.n < sizeof q->path - 1 ? head->path.n : sizeof q->path - 1;
	memcpy(q->path, head->path.p, n);
	q->path[n] = 0;
	q->head = true;
	q->rig->n_heads++;
	if (is(q, "/mend")) {
		s->events = &mending;
		stream_consume(s, 0);
	} else if (is(q, "/early"))
		answer(q, 413, HTTP_LENGTH, SPAN("too large"));
	else if (is(q, "/hint"))
		hint(q);
	else if (is(q, "/ticks"))
		begin_ticks(q);
	else if (is(q, "/big") || is(q, "/bigref"))
		begin_big(q);
	else if (is(q, "/reset"))
		stream_reset(s, ERR_UPSTREAM_GONE);
	else if (!is(q, "/lazy") && !is(q, "/patient"))
		stream_consume(s, 0);
}

static void on_body(struct stream *s, struct span data)
{
	struct request *q = s->owner;
	q->got += data.n;
	if (!is(q, "/sink") && !is(q, "/lazy"))
		buf_add(&q->body, data);
	if (is(q, "/lazy")) {
		q->rig->unconsumed += data.n;
		if (q->rig->unconsumed > q->rig->max_unconsumed)
			q->rig->max_unconsumed = q->rig->unconsumed;
		return;
	}
	stream_consume(s, data.n);
}

static void on_end(struct stream *s)
{
	struct request *q = s->owner;
	q->end = true;
	if (is(q, "/echo"))
		answer(q, 200, HTTP_LENGTH, buf_span(&q->body));
	else if (is(q, "/chunked"))
		answer(q, 200, HTTP_CHUNKED, buf_span(&q->body));
	else if (is(q, "/nocontent"))
		answer(q, 204, HTTP_NO_BODY, SPAN_NULL);
	else if (is(q, "/notmodified"))
		answer(q, 304, HTTP_NO_BODY, SPAN_NULL);
	else if (is(q, "/sink") || is(q, "/lazy") || is(q, "/patient"))
		answer(q, 200, HTTP_LENGTH, SPAN("done"));
	else if (is(q, "/hello"))
		answer(q, 200, HTTP_LENGTH, SPAN("hello"));
	else if (is(q, "/trailers"))
		answer_with_trailers(q);
}

static void on_writable(struct stream *s)
{
	struct request *q = s->owner;
	if (q->to_send > 0)
		feed(q);
}

static void on_closed(struct stream *s, enum err why)
{
	struct request *q = s->owner;
	INVARIANT(!q->closed);
	q->closed = true;
	q->why = why;
	q->s = NULL;
	loop_timer_fini(&q->tick);
	rig_count(q->rig);
}

static const struct stream_events events = {
	.head = on_head,
	.body = on_body,
	.end = on_end,
	.writable = on_writable,
	.closed = on_closed,
};

/* /mend: answers itself when the body breaks. */
static const struct stream_events mending = {
	.head = on_head,
	.body = on_body,
	.end = on_end,
	.broken = on_broken,
	.writable = on_writable,
	.closed = on_closed,
};

static void on_open(void *arg, struct stream *s)
{
	struct rig *r = arg;
	struct request *q = calloc(1, sizeof *q);
	INVARIANT(q != NULL && r->n_requests < RIG_MAX_REQUESTS);
	r->requests[r->n_requests++] = q;
	q->rig = r;
	q->s = s;
	q->malformed = s->malformed;
	s->events = &events;
	s->owner = q;
	INVARIANT(s->context == r);
	if (s->malformed != ERR_OK)
		answer(q, err_status(s->malformed), HTTP_LENGTH, span_str(err_name(s->malformed)));
}

void rig_serve(struct rig *r, const char *address, struct pki *tls, struct server_limits limits)
{
	enum err e = ERR_OK;
	if (tls != NULL)
		r->tls = server_tls_new(tls->cert, tls->key, &e);
	INVARIANT(e == ERR_OK);
	struct server_handler handler = {.open = on_open, .arg = r};
	r->server = server_new(r->loop, span_str(address), -1, r->tls, limits, handler, r, &e);
	INVARIANT(r->server != NULL && e == ERR_OK);
	r->port = server_port(r->server);
}

void rig_fini(struct rig *r)
{
	server_free(r->server);
	client_free(r->client);
	loop_free(r->loop);
	server_tls_free(r->tls);
	for (size_t i = 0; i < r->n_requests; i++) {
		buf_fini(&r->requests[i]->body);
		free(r->requests[i]->memory);
		free(r->requests[i]);
	}
	alarm(0);
}
