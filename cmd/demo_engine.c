#include "cmd/demo_engine.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/buf.h"
#include "proxy/net/server.h"
#include "proxy/wire/api.h"

enum { MAX_BODY = 8 << 20 };

struct demo_engine {
	struct loop *loop;
	struct server_tls *tls;
	struct server *server;
	pthread_t thread;
	char name[32];
	uint16_t port;
	atomic_uint seen;
};

struct call {
	struct demo_engine *engine;
	const struct http_head *head;
	struct buf body;
};

/* Words of the canned answer, sent one by one when streamed. */
static const char *const words[] = {"Thank", " you.", " This", " is", " the", " stand-in", " answering."};
enum { WORDS = sizeof words / sizeof *words };

static void chat_answer(struct buf *b, const char *name, struct span model, bool stream)
{
	const char *created = "\"created\":1760000000,\"model\":";
	if (!stream) {
		buf_printf(b, "{\"id\":\"chatcmpl-%s\",\"object\":\"chat.completion\",%s", name, created);
		buf_add_json(b, model);
		buf_add_str(b, ",\"choices\":[{\"index\":0,\"message\":{\"role\":\"assistant\",\"content\":\"");
		for (size_t i = 0; i < WORDS; i++)
			buf_add_str(b, words[i]);
		buf_add_str(b, "\"},\"finish_reason\":\"stop\"}],\"usage\":{\"prompt_tokens\":9,\"completion_tokens\":"
			       "7,\"total_tokens\":16}}");
		return;
	}
	for (size_t i = 0; i <= WORDS; i++) {
		buf_printf(b, "data: {\"id\":\"chatcmpl-%s\",\"object\":\"chat.completion.chunk\",%s", name, created);
		buf_add_json(b, model);
		if (i < WORDS)
			buf_printf(b,
				   ",\"choices\":[{\"index\":0,\"delta\":{%s\"content\":\"%s\"},\"finish_reason\":null}"
				   "]}\n\n",
				   i == 0 ? "\"role\":\"assistant\"," : "", words[i]);
		else
			buf_add_str(b, ",\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\"}]}\n\n");
	}
	buf_add_str(b, "data: [DONE]\n\n");
}

static void event(struct buf *b, const char *name, const char *data)
{
	buf_printf(b, "event: %s\ndata: {\"type\":\"%s\"%s}\n\n", name, name, data);
}

static void messages_answer(struct buf *b, const char *name, struct span model, bool stream)
{
	struct buf head = {0};
	buf_printf(&head, "\"id\":\"msg_%s\",\"type\":\"message\",\"role\":\"assistant\",\"model\":", name);
	buf_add_json(&head, model);
	if (!stream) {
		buf_printf(b, "{%.*s,\"content\":[{\"type\":\"text\",\"text\":\"", SPAN_ARG(buf_span(&head)));
		for (size_t i = 0; i < WORDS; i++)
			buf_add_str(b, words[i]);
		buf_add_str(b, "\"}],\"stop_reason\":\"end_turn\",\"stop_sequence\":null,\"usage\":{\"input_tokens\":9,"
			       "\"output_tokens\":7}}");
		buf_fini(&head);
		return;
	}
	buf_printf(b,
		   "event: message_start\ndata: "
		   "{\"type\":\"message_start\",\"message\":{%.*s,\"content\":[],\"stop_reason\":null,"
		   "\"stop_sequence\":null,\"usage\":{\"input_tokens\":9,\"output_tokens\":1}}}\n\n",
		   SPAN_ARG(buf_span(&head)));
	event(b, "content_block_start", ",\"index\":0,\"content_block\":{\"type\":\"text\",\"text\":\"\"}");
	for (size_t i = 0; i < WORDS; i++) {
		char delta[128];
		snprintf(delta, sizeof delta, ",\"index\":0,\"delta\":{\"type\":\"text_delta\",\"text\":\"%s\"}",
			 words[i]);
		event(b, "content_block_delta", delta);
	}
	event(b, "content_block_stop", ",\"index\":0");
	event(b, "message_delta",
	      ",\"delta\":{\"stop_reason\":\"end_turn\",\"stop_sequence\":null},\"usage\":{\"output_tokens\":7}");
	event(b, "message_stop", "");
	buf_fini(&head);
}

static enum err compose(struct call *c, struct buf *out, bool *stream)
{
	struct api_route route;
	struct api_extract *ex = calloc(1, sizeof *ex);
	struct arena arena;
	struct api_limits limits = api_limits_default();
	struct api_problem problem;
	arena_init(&arena, 64 << 20);
	enum err e = ex == NULL ? ERR_NOMEM : api_route(c->head, &route);
	if (e == ERR_OK && route.has_body)
		e = api_extract(&route, buf_span(&c->body), &limits, &arena, ex, &problem);
	if (e == ERR_OK) {
		*stream = ex->stream;
		if (route.family == API_ANTHROPIC)
			messages_answer(out, c->engine->name, ex->model, ex->stream);
		else
			chat_answer(out, c->engine->name, ex->model, ex->stream);
		e = buf_err(out);
	}
	arena_fini(&arena);
	free(ex);
	return e;
}

static void on_head(struct stream *s, const struct http_head *head)
{
	struct call *c = s->owner;
	c->head = head;
	if (head->expect_continue)
		stream_consume(s, 0);
}

static void on_body(struct stream *s, struct span data)
{
	struct call *c = s->owner;
	buf_add(&c->body, data);
	stream_consume(s, data.n);
}

static void on_end(struct stream *s)
{
	struct call *c = s->owner;
	struct buf out = {0};
	bool stream = false;
	enum err e = compose(c, &out, &stream);
	struct http_head head = {
		.status = (uint16_t)(e == ERR_OK ? 200 : err_status(e)), .minor = 1, .framing = HTTP_LENGTH};
	if (e != ERR_OK) {
		buf_clear(&out);
		buf_printf(&out,
			   "{\"error\":{\"message\":\"%s\",\"type\":\"invalid_request_error\",\"param\":null,\"code\":"
			   "null}}",
			   err_text(e));
	}
	head.length = out.n;
	if (stream)
		head.framing = HTTP_CHUNKED;
	atomic_fetch_add(&c->engine->seen, 1);
	e = http_add(&head, SPAN("Content-Type"),
		     stream ? SPAN("text/event-stream; charset=utf-8") : SPAN("application/json"));
	if (e == ERR_OK)
		e = stream_send_head(s, &head, false);
	if (e == ERR_OK)
		e = stream_send_body(s, buf_span(&out), true);
	if (e != ERR_OK)
		stream_reset(s, e);
	buf_fini(&out);
}

static void on_writable(struct stream *s)
{
	(void)s;
}

static void on_closed(struct stream *s, enum err why)
{
	struct call *c = s->owner;
	(void)why;
	buf_fini(&c->body);
	free(c);
}

static const struct stream_events events = {
	.head = on_head, .body = on_body, .end = on_end, .writable = on_writable, .closed = on_closed};

static void on_open(void *arg, struct stream *s)
{
	struct call *c = calloc(1, sizeof *c);
	if (c == NULL || s->malformed != ERR_OK) {
		free(c);
		stream_reset(s, ERR_FRAMING);
		return;
	}
	c->engine = arg;
	buf_init(&c->body, MAX_BODY);
	s->owner = c;
	s->events = &events;
}

static void engine_free(struct demo_engine *e)
{
	if (e->server != NULL)
		server_free(e->server);
	if (e->tls != NULL)
		server_tls_free(e->tls);
	if (e->loop != NULL)
		loop_free(e->loop);
	free(e);
}

static void *engine_main(void *arg)
{
	struct demo_engine *e = arg;
	loop_run(e->loop);
	return NULL;
}

struct demo_engine *demo_engine_start(const char *address, const char *name, const char *cert_file,
				      const char *key_file, enum err *err)
{
	struct demo_engine *e = calloc(1, sizeof *e);
	*err = ERR_NOMEM;
	if (e == NULL)
		return NULL;
	snprintf(e->name, sizeof e->name, "%s", name);
	struct server_handler h = {on_open, e};
	e->loop = loop_new();
	if (e->loop != NULL && cert_file != NULL && (e->tls = server_tls_new(cert_file, key_file, err)) == NULL)
		goto fail;
	if (e->loop != NULL)
		e->server = server_new(e->loop, span_str(address), -1, e->tls, server_limits_default(), h, NULL, err);
	if (e->server == NULL || pthread_create(&e->thread, NULL, engine_main, e) != 0)
		goto fail;
	e->port = server_port(e->server);
	*err = ERR_OK;
	return e;
fail:
	engine_free(e);
	return NULL;
}

uint16_t demo_engine_port(const struct demo_engine *e)
{
	return e->port;
}

unsigned demo_engine_seen(const struct demo_engine *e)
{
	return atomic_load(&e->seen);
}

void demo_engine_stop(struct demo_engine *e)
{
	if (e == NULL)
		return;
	loop_stop(e->loop);
	pthread_join(e->thread, NULL);
	engine_free(e);
}
