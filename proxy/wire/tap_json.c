#include "proxy/wire/tap_json.h"

#include "proxy/wire/json.h"

enum state { BETWEEN, STRING, ESCAPE, HIGH /* behind a high surrogate */, BARE };

static enum tap_key find_key(struct span name)
{
	static const struct span words[] = {
#define TAP_KEY(name, word) SPAN(word),
#include "proxy/wire/tap_key.def"
#undef TAP_KEY
	};
	for (size_t i = 0; i < TAP_OTHER; i++)
		if (span_eq(words[i], name))
			return (enum tap_key)i;
	return TAP_OTHER;
}

static bool in_object(const struct tap_json *j)
{
	return j->depth > 0 && (j->objects >> (j->depth - 1) & 1) != 0;
}

static uint8_t key_here(const struct tap_json *j)
{
	return j->depth > 0 ? j->keys[j->depth - 1] : TAP_OTHER;
}

static void report(struct tap_json *j, enum tap_kind kind, tap_sink *sink, void *context)
{
	if (key_here(j) == TAP_OTHER || j->spoilt)
		return;
	sink(context, &(struct tap_event){kind, j->keys, j->depth, span_of(j->value, j->n)});
}

static bool is_text(const struct tap_json *j)
{
	uint8_t key = key_here(j);
	return !j->want_key && (key == TAP_CONTENT || key == TAP_TEXT);
}

static void piece(struct tap_json *j, struct span text, tap_sink *sink, void *context)
{
	if (text.n > 0 && is_text(j))
		sink(context, &(struct tap_event){TAP_PIECE, j->keys, j->depth, text});
}

static void begin(struct tap_json *j, enum state state)
{
	j->state = (uint8_t)state;
	j->n = 0;
	j->spoilt = false;
	j->keep = j->want_key || key_here(j) != TAP_OTHER;
}

static void keep(struct tap_json *j, struct span run)
{
	if (!j->keep || j->spoilt)
		return;
	if (run.n > sizeof j->value - j->n) {
		j->spoilt = true;
		return;
	}
	memcpy(j->value + j->n, run.p, run.n);
	j->n += run.n;
}

static void open_level(struct tap_json *j, bool object, tap_sink *sink, void *context)
{
	j->n = 0;
	j->spoilt = false;
	report(j, TAP_OPEN, sink, context);
	if (j->depth == TAP_LEVELS) {
		j->lost = true;
		return;
	}
	uint64_t bit = (uint64_t)1 << j->depth;
	j->objects = object ? j->objects | bit : j->objects & ~bit;
	j->keys[j->depth++] = TAP_OTHER;
	j->want_key = object;
	j->started = true;
}

static void close_level(struct tap_json *j)
{
	if (j->depth == 0)
		return;
	j->depth--;
	j->want_key = false;
	j->complete = j->depth == 0;
}

static void between(struct tap_json *j, uint8_t c, tap_sink *sink, void *context)
{
	if (c == '{' || c == '[') {
		open_level(j, c == '{', sink, context);
	} else if (c == '}' || c == ']') {
		close_level(j);
	} else if (c == ',') {
		j->want_key = in_object(j);
		if (!j->want_key && j->depth > 0)
			j->keys[j->depth - 1] = TAP_OTHER;
	} else if (c == '"') {
		begin(j, STRING);
	} else if ((c >= '0' && c <= '9') || c == '-' || (c >= 'a' && c <= 'z')) {
		begin(j, BARE);
		keep(j, span_of(&c, 1));
	}
}

static void end_string(struct tap_json *j, tap_sink *sink, void *context)
{
	j->state = BETWEEN;
	if (!j->want_key) {
		report(j, TAP_STRING, sink, context);
		if (is_text(j))
			sink(context, &(struct tap_event){TAP_WHOLE, j->keys, j->depth, SPAN_NULL});
		return;
	}
	j->keys[j->depth - 1] = (uint8_t)(j->spoilt ? TAP_OTHER : find_key(span_of(j->value, j->n)));
	j->want_key = false;
}

static bool is_bare(uint8_t c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || c == 'E' || c == '+' || c == '-' || c == '.';
}

static void end_escape(struct tap_json *j, tap_sink *sink, void *context)
{
	uint8_t text[sizeof j->escape];
	size_t n = json_unescape(span_of(j->escape, j->n_escape), text);
	j->n_escape = 0;
	j->state = STRING;
	piece(j, span_of(text, n), sink, context);
}

/* One byte behind a backslash. Two escapes may stand in the buffer: the halves of a surrogate pair. */
static void in_escape(struct tap_json *j, uint8_t c, tap_sink *sink, void *context)
{
	enum { ONE = 6 /* of the form backslash, u, four digits */ };
	j->escape[j->n_escape++] = c;
	size_t start = j->n_escape > ONE ? ONE : 0, n = j->n_escape - start;
	if (n < (j->escape[start + 1] == 'u' ? (size_t)ONE : 2))
		return;
	uint8_t digit = j->escape[2] | 0x20, next = j->escape[3] | 0x20;
	bool high =
		start == 0 && n == ONE && digit == 'd' && ((next >= '8' && next <= '9') || next == 'a' || next == 'b');
	if (high)
		j->state = HIGH;
	else
		end_escape(j, sink, context);
}

/* Bytes of a string up to its end or the next escape; how many. */
static size_t in_string(struct tap_json *j, struct span data, tap_sink *sink, void *context)
{
	size_t n = 0;
	while (n < data.n && data.p[n] != '"' && data.p[n] != '\\')
		n++;
	struct span run = span_sub(data, 0, n);
	keep(j, run);
	piece(j, run, sink, context);
	if (n == data.n)
		return n;
	if (data.p[n] == '"') {
		end_string(j, sink, context);
	} else {
		j->state = ESCAPE;
		j->spoilt = true;
		j->escape[0] = '\\';
		j->n_escape = 1;
	}
	return n + 1;
}

static void in_bare(struct tap_json *j, uint8_t c, tap_sink *sink, void *context)
{
	if (is_bare(c)) {
		keep(j, span_of(&c, 1));
		return;
	}
	j->state = BETWEEN;
	report(j, TAP_BARE, sink, context);
	between(j, c, sink, context);
}

void tap_json_feed(struct tap_json *j, struct span data, tap_sink *sink, void *context)
{
	size_t i = 0;
	while (i < data.n && !j->lost) {
		uint8_t c = data.p[i];
		switch ((enum state)j->state) {
		case BETWEEN:
			between(j, c, sink, context);
			i++;
			break;
		case STRING:
			i += in_string(j, span_sub(data, i, data.n), sink, context);
			break;
		case ESCAPE:
			in_escape(j, c, sink, context);
			i++;
			break;
		case HIGH:
			if (c == '\\') {
				j->escape[j->n_escape++] = c;
				j->state = ESCAPE;
				i++;
			} else {
				end_escape(j, sink, context); /* half a character; c is read again */
			}
			break;
		case BARE:
			in_bare(j, c, sink, context);
			i++;
			break;
		}
	}
}
