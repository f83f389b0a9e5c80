/* Chunked bodies: in pieces of the first byte's size and byte by byte they read the same, and what is read, written as
 * chunks again, reads as itself. */
#include <stdint.h>
#include <stdlib.h>

#include "base/assert.h"
#include "proxy/wire/h1.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct reading {
	enum err err;
	enum h1_reject why;
	size_t used;
	struct buf body, trailers;
};

static struct reading read_all(struct span in, size_t step)
{
	struct reading r = {0};
	struct h1_body b;
	h1_body_init(&b, &(struct http_head){.framing = HTTP_CHUNKED});
	b.keep = &r.trailers;
	while (r.err >= 0 && !b.done && r.used < in.n) {
		size_t end = r.used + step < in.n ? r.used + step : in.n;
		struct span payload, part = span_sub(in, r.used, end);
		size_t used = 0;
		r.err = h1_body_feed(&b, part, &used, &payload);
		INVARIANT(used <= part.n);
		INVARIANT(r.err < 0 || used > 0 || b.done);
		INVARIANT(payload.n == 0 || (payload.p >= part.p && payload.p + payload.n <= part.p + used));
		buf_add(&r.body, payload);
		r.used += used;
	}
	if (r.err >= 0)
		r.err = h1_body_eof(&b);
	r.why = b.why;
	INVARIANT((r.err == ERR_OK) == (r.why == H1_REJECT_COUNT));
	INVARIANT(b.total == r.body.n);
	return r;
}

/* The section behind the last chunk is one, and read again it is the same. */
static void rewrite_trailers(const struct reading *r)
{
	struct http_head fields, again;
	struct buf out = {0}, second = {0};
	if (h1_parse_trailers(buf_span(&r->trailers), &fields) != ERR_OK)
		return; /* more fields than we take */
	INVARIANT(h1_write_trailers(&out, &fields) == ERR_OK);
	struct reading b = read_all(buf_span(&out), 4096);
	INVARIANT(b.err == ERR_OK && b.body.n == 0);
	INVARIANT(h1_parse_trailers(buf_span(&b.trailers), &again) == ERR_OK);
	INVARIANT(h1_write_trailers(&second, &again) == ERR_OK && span_eq(buf_span(&out), buf_span(&second)));
	buf_fini(&b.body);
	buf_fini(&b.trailers);
	buf_fini(&out);
	buf_fini(&second);
}

static void rewrite(const struct reading *r)
{
	struct buf out = {0};
	if (r->body.n > 0) {
		h1_write_chunk_head(&out, r->body.n);
		buf_add(&out, buf_span(&r->body));
		h1_write_chunk_tail(&out);
	}
	h1_write_last_chunk(&out);
	struct reading again = read_all(buf_span(&out), 4096);
	INVARIANT(again.err == ERR_OK && again.used == out.n);
	INVARIANT(span_eq(buf_span(&again.body), buf_span(&r->body)));
	buf_fini(&again.body);
	buf_fini(&again.trailers);
	buf_fini(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size == 0)
		return 0;
	struct span in = span_of(data + 1, size - 1);
	struct reading a = read_all(in, (size_t)data[0] + 2), b = read_all(in, 1);
	INVARIANT(a.err == b.err && a.why == b.why);
	if (a.err == ERR_OK) {
		INVARIANT(a.used == b.used);
		INVARIANT(span_eq(buf_span(&a.body), buf_span(&b.body)));
		INVARIANT(span_eq(buf_span(&a.trailers), buf_span(&b.trailers)));
		rewrite(&a);
		rewrite_trailers(&a);
	}
	buf_fini(&a.body);
	buf_fini(&b.body);
	buf_fini(&a.trailers);
	buf_fini(&b.trailers);
	return 0;
}
