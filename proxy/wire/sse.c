#include "proxy/wire/sse.h"

#include "proxy/wire/bytes.h"

enum { BOM_PASSED = 3 };

void sse_init(struct sse *s, size_t max_event)
{
	size_t limit = max_event > 0 ? max_event : SSE_MAX_EVENT;
	*s = (struct sse){.limit = limit, .retry = -1};
	buf_init(&s->line, limit);
	buf_init(&s->name, limit);
	/* The line feed behind the last data line is counted, though not handed out. */
	buf_init(&s->data, limit + 1);
	buf_init(&s->id, SSE_MAX_ID);
}

void sse_fini(struct sse *s)
{
	buf_fini(&s->line);
	buf_fini(&s->name);
	buf_fini(&s->data);
	buf_fini(&s->id);
}

static void forget_block(struct sse *s)
{
	buf_clear(&s->line);
	buf_clear(&s->name);
	buf_clear(&s->data);
	s->has_data = false;
}

/* The first error of any buffer, or ERR_LIMIT if they are too large together. */
static enum err check_size(struct sse *s, size_t more)
{
	enum err e = buf_err(&s->id);
	if (e == ERR_OK)
		e = buf_err(&s->line);
	if (e == ERR_OK)
		e = buf_err(&s->name);
	if (e == ERR_OK)
		e = buf_err(&s->data);
	if (e == ERR_OK && s->name.n + s->data.n + s->line.n + more > s->limit + s->has_data)
		e = ERR_LIMIT;
	return e;
}

/* Drops the block at hand up to its empty line. */
static enum err give_up(struct sse *s, enum err why)
{
	forget_block(s);
	if (buf_err(&s->id) != ERR_OK)
		buf_clear(&s->id);
	s->oversize = true;
	return why;
}

/* An id with a NUL is ignored, as the standard says; so is one that is too long to be a real one. */
static void take_id(struct sse *s, struct span value)
{
	if (value.n > SSE_MAX_ID || span_find(value, '\0') < value.n)
		return;
	buf_clear(&s->id);
	buf_add(&s->id, value);
}

static void take_field(struct sse *s, struct span name, struct span value)
{
	uint64_t n;
	if (span_eq(name, SPAN("data"))) {
		buf_add(&s->data, value);
		buf_add_byte(&s->data, '\n');
		s->has_data = true;
	} else if (span_eq(name, SPAN("event"))) {
		buf_clear(&s->name);
		buf_add(&s->name, value);
	} else if (span_eq(name, SPAN("id"))) {
		take_id(s, value);
	} else if (span_eq(name, SPAN("retry")) && span_u64(value, &n) && n <= INT64_MAX) {
		s->retry = (int64_t)n;
	}
}

static void take_line(struct sse *s, struct span line)
{
	size_t colon = span_find(line, ':');
	if (colon == 0)
		return; /* a comment */
	struct span name = span_sub(line, 0, colon);
	struct span value = colon < line.n ? span_sub(line, colon + 1, line.n) : SPAN_NULL;
	if (value.n > 0 && value.p[0] == ' ')
		value = span_sub(value, 1, value.n);
	take_field(s, name, value);
}

/* ERR_OK if the empty line completed an event. */
static enum err end_block(struct sse *s, struct sse_event *out)
{
	bool event = s->has_data && !s->oversize;
	s->oversize = false;
	if (!event) {
		forget_block(s);
		return ERR_MORE;
	}
	s->reported = true;
	*out = (struct sse_event){buf_span(&s->name), span_of(s->data.p, s->data.n - 1), buf_span(&s->id)};
	return ERR_OK;
}

/* One line without its end, of which the buffered part comes first. */
static enum err end_line(struct sse *s, struct span tail, struct sse_event *out)
{
	struct span line = tail;
	if (s->line.n > 0) {
		buf_add(&s->line, tail);
		line = buf_span(&s->line);
	}
	if (line.n == 0 && !s->skipped)
		return end_block(s, out);
	s->skipped = false;
	if (s->oversize)
		return ERR_MORE;
	enum err e = check_size(s, s->line.n > 0 ? 0 : tail.n);
	if (e != ERR_OK)
		return give_up(s, e);
	take_line(s, line);
	buf_clear(&s->line);
	e = check_size(s, 0);
	return e == ERR_OK ? ERR_MORE : give_up(s, e);
}

/* The stream's first bytes, as far as they are a byte order mark. What only began like one is given back to the line.
 */
static size_t skip_bom(struct sse *s, struct span in)
{
	static const uint8_t bom[BOM_PASSED] = {0xef, 0xbb, 0xbf};
	size_t i = 0;
	while (i < in.n && s->bom < BOM_PASSED && in.p[i] == bom[s->bom]) {
		i++;
		s->bom++;
	}
	if (i < in.n && s->bom < BOM_PASSED) {
		buf_add(&s->line, span_of(bom, s->bom));
		s->bom = BOM_PASSED;
	}
	return i;
}

/* Where the next line end is, or in.n. */
static size_t find_line_end(struct span in)
{
	size_t i = 0;
	for (;;) {
		i += bytes_plain(in.p + i, in.n - i);
		if (i == in.n || in.p[i] == '\r' || in.p[i] == '\n')
			return i;
		i++;
	}
}

/* The rest of the feed belongs to a line that goes on. While a block is dropped, only that the line is not empty
 * counts. */
static enum err keep_rest(struct sse *s, struct span rest)
{
	if (s->oversize) {
		s->skipped = true;
		return ERR_MORE;
	}
	buf_add(&s->line, rest);
	enum err e = check_size(s, 0);
	if (e == ERR_OK)
		return ERR_MORE;
	s->skipped = true;
	return give_up(s, e);
}

enum err sse_feed(struct sse *s, struct span in, size_t *used, struct sse_event *out)
{
	if (s->reported) {
		forget_block(s);
		s->reported = false;
	}
	size_t i = s->bom < BOM_PASSED ? skip_bom(s, in) : 0;
	enum err e = ERR_MORE;
	while (e == ERR_MORE && i < in.n) {
		if (s->after_cr) {
			s->after_cr = false;
			if (in.p[i] == '\n') {
				i++;
				continue;
			}
		}
		struct span rest = span_sub(in, i, in.n);
		size_t n = find_line_end(rest);
		if (n == rest.n) {
			i = in.n;
			e = keep_rest(s, rest);
			break;
		}
		s->after_cr = rest.p[n] == '\r';
		i += n + 1;
		e = end_line(s, span_sub(rest, 0, n), out);
	}
	*used = i;
	return e;
}

bool sse_eof(struct sse *s, struct sse_event *out)
{
	if (s->reported) {
		forget_block(s);
		s->reported = false;
	}
	if (s->line.n > 0 && !s->oversize && end_line(s, SPAN_NULL, out) != ERR_MORE)
		return false;
	return end_block(s, out) == ERR_OK;
}
