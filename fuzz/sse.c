/* Server-sent events: whole, byte by byte and in pieces of the second byte's size they read the same. First byte: the
 * limit of an event. */
#include <stdint.h>
#include <stdlib.h>

#include "base/assert.h"
#include "proxy/wire/sse.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void note(struct buf *log, const struct sse_event *ev)
{
	buf_printf(log, "%zu,%zu,%zu:", ev->name.n, ev->data.n, ev->id.n);
	buf_add(log, ev->name);
	buf_add(log, ev->data);
	buf_add(log, ev->id);
}

static struct buf read_all(struct span in, size_t limit, size_t step)
{
	struct buf log = {0};
	struct sse s;
	struct sse_event ev;
	sse_init(&s, limit);
	for (size_t at = 0; at < in.n;) {
		size_t end = at + step < in.n ? at + step : in.n, used;
		enum err e = sse_feed(&s, span_sub(in, at, end), &used, &ev);
		at += used;
		INVARIANT(at <= end);
		INVARIANT(e == ERR_OK || e == ERR_LIMIT || (e == ERR_MORE && at == end));
		INVARIANT(used > 0);
		INVARIANT(s.line.n + s.name.n + s.data.n <= limit + 1);
		if (e == ERR_OK)
			note(&log, &ev);
		else if (e == ERR_LIMIT)
			buf_add_byte(&log, '!');
	}
	if (sse_eof(&s, &ev))
		note(&log, &ev);
	sse_fini(&s);
	return log;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size < 2)
		return 0;
	struct span in = span_of(data + 2, size - 2);
	size_t limit = (size_t)data[0] * 4 + 1;
	struct buf whole = read_all(in, limit, SIZE_MAX / 2), bytes = read_all(in, limit, 1);
	struct buf pieces = read_all(in, limit, (size_t)data[1] + 2);
	INVARIANT(span_eq(buf_span(&whole), buf_span(&bytes)));
	INVARIANT(span_eq(buf_span(&whole), buf_span(&pieces)));
	buf_fini(&whole);
	buf_fini(&bytes);
	buf_fini(&pieces);
	return 0;
}
