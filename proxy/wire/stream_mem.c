#include "proxy/wire/stream_mem.h"

#include <stdlib.h>

#include "base/assert.h"

/* A piece of output: copied at once, or the owner's until it leaves (then .own is empty). */
struct stream_mem_ref {
	struct stream_mem_ref *next;
	struct buf own;
	struct span data;
};

static struct stream_mem *mem_of(struct stream *s)
{
	return (struct stream_mem *)s; /* its first member */
}

static void due(struct stream_mem *m, enum err why)
{
	if (m->closing || m->closed)
		return;
	m->closing = true;
	m->why = why;
}

/* Both messages complete, and all of ours written. */
static void check_complete(struct stream_mem *m)
{
	if (m->got_end && m->sent_end && m->pending == 0)
		due(m, ERR_OK);
}

/* May the owner send? ERR_OK, or what it is told instead. */
static enum err may_send(struct stream_mem *m)
{
	INVARIANT(!m->closed);
	INVARIANT(!m->was_reset);
	INVARIANT(!m->sent_end);
	if (m->closing)
		return m->why == ERR_OK ? ERR_INTERNAL : m->why;
	enum err e = m->fail_send;
	m->fail_send = ERR_OK;
	return e;
}

static struct span copy_text(struct buf *to, struct span s, const uint8_t *base)
{
	if (s.p == NULL)
		return SPAN_NULL;
	size_t at = to->n;
	buf_add(to, s);
	return span_of(base + at, s.n);
}

static size_t text_size(const struct http_head *h)
{
	size_t n = h->method.n + h->target.n + h->authority.n + h->path.n + h->query.n + h->reason.n;
	for (size_t i = 0; i < h->n_fields; i++)
		n += h->fields[i].name.n + h->fields[i].value.n;
	return n;
}

/* The owner's spans need not outlive its call. */
static void keep_head(struct http_head *to, struct buf *text, const struct http_head *head)
{
	const uint8_t *base = buf_reserve(text, text_size(head) + 1);
	INVARIANT(base != NULL);
	*to = *head;
	to->method = copy_text(text, head->method, base);
	to->target = copy_text(text, head->target, base);
	to->authority = copy_text(text, head->authority, base);
	to->path = copy_text(text, head->path, base);
	to->query = copy_text(text, head->query, base);
	to->reason = copy_text(text, head->reason, base);
	for (size_t i = 0; i < head->n_fields; i++) {
		to->fields[i].name = copy_text(text, head->fields[i].name, base);
		to->fields[i].value = copy_text(text, head->fields[i].value, base);
	}
}

static void note_end(struct stream_mem *m)
{
	const struct http_head *head = &m->sent_head[m->n_heads - 1];
	INVARIANT(m->final_head);
	INVARIANT(head->framing != HTTP_LENGTH || m->body_sent == head->length);
	m->sent_end = true;
	check_complete(m);
}

static enum err mem_send_head(struct stream *s, const struct http_head *head, bool end)
{
	struct stream_mem *m = mem_of(s);
	enum err e = may_send(m);
	if (e != ERR_OK)
		return e;
	bool interim = m->side == STREAM_MEM_SERVER && head->status < 200 && head->status != 101;
	INVARIANT(!m->final_head);
	INVARIANT(!(interim && end));
	INVARIANT(m->n_heads < STREAM_MEM_MAX_HEADS);
	keep_head(&m->sent_head[m->n_heads], &m->texts[m->n_heads], head);
	m->n_heads++;
	m->final_head = !interim;
	if (end)
		note_end(m);
	return ERR_OK;
}

static void queue(struct stream_mem *m, struct span data, bool copy)
{
	struct stream_mem_ref *r = calloc(1, sizeof *r);
	INVARIANT(r != NULL);
	r->data = data;
	if (copy) {
		buf_add(&r->own, data);
		INVARIANT(buf_err(&r->own) == ERR_OK);
		r->data = buf_span(&r->own);
	}
	if (m->last == NULL)
		m->first = r;
	else
		m->last->next = r;
	m->last = r;
	m->pending += data.n;
	m->over_low_water = m->over_low_water || m->pending > STREAM_MEM_LOW_WATER;
}

static enum err send_data(struct stream_mem *m, struct span data, bool end, bool copy)
{
	enum err e = may_send(m);
	if (e != ERR_OK)
		return e;
	INVARIANT(m->final_head);
	const struct http_head *head = &m->sent_head[m->n_heads - 1];
	m->body_sent += data.n;
	INVARIANT(data.n == 0 || head->framing != HTTP_NO_BODY);
	INVARIANT(head->framing != HTTP_LENGTH || m->body_sent <= head->length);
	if (m->hold && data.n > 0)
		queue(m, data, copy);
	else
		buf_add(&m->sent, data);
	INVARIANT(buf_err(&m->sent) == ERR_OK);
	if (end)
		note_end(m);
	return ERR_OK;
}

static enum err mem_send_body(struct stream *s, struct span data, bool end)
{
	return send_data(mem_of(s), data, end, true);
}

static enum err mem_send_ref(struct stream *s, struct span data, bool end)
{
	return send_data(mem_of(s), data, end, false);
}

static enum err mem_send_trailers(struct stream *s, const struct http_head *fields)
{
	struct stream_mem *m = mem_of(s);
	enum err e = may_send(m);
	if (e != ERR_OK)
		return e;
	INVARIANT(m->final_head);
	keep_head(&m->trailers, &m->trailer_texts, fields);
	note_end(m);
	return ERR_OK;
}

static void mem_consume(struct stream *s, size_t n)
{
	struct stream_mem *m = mem_of(s);
	INVARIANT(!m->closed);
	INVARIANT(n <= m->delivered - m->consumed);
	m->consumed += n;
}

static size_t mem_pending(const struct stream *s)
{
	return ((const struct stream_mem *)s)->pending;
}

static void drop_queue(struct stream_mem *m)
{
	while (m->first != NULL) {
		struct stream_mem_ref *r = m->first;
		m->first = r->next;
		buf_fini(&r->own);
		free(r);
	}
	m->last = NULL;
	m->pending = 0;
}

static void mem_reset(struct stream *s, enum err why)
{
	struct stream_mem *m = mem_of(s);
	INVARIANT(!m->closed);
	m->was_reset = true;
	m->reset_why = why;
	due(m, why);
}

static const struct stream_ops mem_ops = {
	.send_head = mem_send_head,
	.send_body = mem_send_body,
	.send_ref = mem_send_ref,
	.send_trailers = mem_send_trailers,
	.consume = mem_consume,
	.pending = mem_pending,
	.reset = mem_reset,
};

void stream_mem_init(struct stream_mem *m, enum stream_mem_side side)
{
	memset(m, 0, sizeof *m);
	m->side = side;
	m->window = STREAM_MEM_WINDOW;
	m->peer.address = SPAN("192.0.2.1");
	memcpy(m->peer.ip, "\0\0\0\0\0\0\0\0\0\0\xff\xff\xc0\0\2\1", sizeof m->peer.ip);
	m->stream.ops = &mem_ops;
	m->stream.peer = &m->peer;
}

void stream_mem_fini(struct stream_mem *m)
{
	drop_queue(m);
	buf_fini(&m->sent);
	buf_fini(&m->trailer_texts);
	for (size_t i = 0; i < STREAM_MEM_MAX_HEADS; i++)
		buf_fini(&m->texts[i]);
}

/* An event is about to be delivered. False if it is lost. */
static bool enter(struct stream_mem *m)
{
	INVARIANT(!m->inside);
	INVARIANT(m->stream.events != NULL);
	if (m->closing || m->closed)
		return false;
	m->inside = true;
	return true;
}

static void leave(struct stream_mem *m)
{
	m->inside = false;
	check_complete(m);
}

void stream_mem_head(struct stream_mem *m, const struct http_head *head)
{
	INVARIANT(!m->got_head && !m->got_end);
	if (!enter(m))
		return;
	m->got_head = m->side == STREAM_MEM_SERVER || head->status >= 200 || head->status == 101;
	m->stream.events->head(&m->stream, head);
	leave(m);
}

size_t stream_mem_body(struct stream_mem *m, struct span data)
{
	INVARIANT(m->got_head && !m->got_end);
	size_t waiting = (size_t)m->delivered - m->consumed;
	size_t n = m->window > waiting ? m->window - waiting : 0;
	if (n > data.n)
		n = data.n;
	if (n == 0 || !enter(m))
		return 0;
	m->delivered += n;
	m->stream.events->body(&m->stream, span_sub(data, 0, n));
	leave(m);
	return n;
}

void stream_mem_trailers(struct stream_mem *m, const struct http_head *fields)
{
	INVARIANT(m->got_head && !m->got_end);
	if (m->stream.events->trailers == NULL || !enter(m))
		return;
	m->stream.events->trailers(&m->stream, fields);
	leave(m);
}

void stream_mem_broken(struct stream_mem *m, enum err why)
{
	INVARIANT(m->side == STREAM_MEM_SERVER && m->got_head && !m->got_end && !m->final_head);
	if (!enter(m))
		return;
	m->got_end = true;
	m->stream.events->broken(&m->stream, why);
	leave(m);
}

void stream_mem_end(struct stream_mem *m)
{
	INVARIANT(m->got_head && !m->got_end);
	if (!enter(m))
		return;
	m->got_end = true;
	m->stream.events->end(&m->stream);
	leave(m);
}

void stream_mem_malformed(struct stream_mem *m, enum err why)
{
	INVARIANT(m->side == STREAM_MEM_SERVER && !m->got_head && !m->got_end);
	m->stream.malformed = why;
	m->got_head = m->got_end = true;
}

void stream_mem_close(struct stream_mem *m, enum err why)
{
	INVARIANT(!m->inside);
	due(m, why);
}

void stream_mem_flush(struct stream_mem *m, size_t n)
{
	bool waited = m->pending > 0;
	while (n > 0 && m->first != NULL && !m->closing) {
		struct stream_mem_ref *r = m->first;
		size_t take = n < r->data.n ? n : r->data.n;
		buf_add(&m->sent, span_sub(r->data, 0, take));
		INVARIANT(buf_err(&m->sent) == ERR_OK);
		r->data = span_sub(r->data, take, r->data.n);
		m->pending -= take;
		n -= take;
		if (r->data.n > 0)
			break;
		m->first = r->next;
		m->last = m->first == NULL ? NULL : m->last;
		buf_fini(&r->own);
		free(r);
	}
	bool low = m->pending == 0 || (m->over_low_water && m->pending <= STREAM_MEM_LOW_WATER);
	if (!waited || !low || !enter(m))
		return;
	m->over_low_water = false;
	m->stream.events->writable(&m->stream);
	leave(m);
}

bool stream_mem_run(struct stream_mem *m)
{
	INVARIANT(!m->inside);
	if (!m->closing || m->closed)
		return false;
	m->closed = true;
	drop_queue(m);
	m->stream.events->closed(&m->stream, m->why);
	return true;
}
