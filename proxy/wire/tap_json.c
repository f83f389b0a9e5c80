#include "proxy/wire/tap_json.h"

#include "proxy/wire/bytes.h"
#include "proxy/wire/json.h"

enum state { BETWEEN, STRING, ESCAPE, HIGH /* behind a high surrogate */, BARE };

/* A comparison of known length is but a load or two: cheaper than a table to look in. */
static enum tap_key find_key(struct span name)
{
#define TAP_KEY(id, word)                                                                                              \
	if (name.n == sizeof(word) - 1 && memcmp(name.p, word, sizeof(word) - 1) == 0)                                 \
		return TAP_##id;
#include "proxy/wire/tap_key.def"
#undef TAP_KEY
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

enum mark { MARK_NONE, MARK_OPEN, MARK_CLOSE, MARK_COMMA, MARK_QUOTE, MARK_BARE };

/* What a byte between strings and literals means; blanks and colons nothing. */
static const uint8_t marks[256] = {
	['{'] = MARK_OPEN,  ['['] = MARK_OPEN, [']'] = MARK_CLOSE,        ['}'] = MARK_CLOSE,        [','] = MARK_COMMA,
	['"'] = MARK_QUOTE, ['-'] = MARK_BARE, ['0' ... '9'] = MARK_BARE, ['a' ... 'z'] = MARK_BARE,
};

static void between(struct tap_json *j, uint8_t c, tap_sink *sink, void *context)
{
	switch ((enum mark)marks[c]) {
	case MARK_NONE:
		break;
	case MARK_OPEN:
		open_level(j, c == '{', sink, context);
		break;
	case MARK_CLOSE:
		close_level(j);
		break;
	case MARK_COMMA:
		j->want_key = in_object(j);
		if (!j->want_key && j->depth > 0)
			j->keys[j->depth - 1] = TAP_OTHER;
		break;
	case MARK_QUOTE:
		begin(j, STRING);
		break;
	case MARK_BARE:
		begin(j, BARE);
		keep(j, span_of(&c, 1));
		break;
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
	return marks[c] == MARK_BARE || c == 'E' || c == '+' || c == '.';
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
	size_t n = bytes_unquoted(data.p, data.n);
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

/* Bytes of a literal, and the one behind it; how many. */
static size_t in_bare(struct tap_json *j, struct span data, tap_sink *sink, void *context)
{
	size_t n = 0;
	while (n < data.n && is_bare(data.p[n]))
		n++;
	keep(j, span_sub(data, 0, n));
	if (n == data.n)
		return n;
	j->state = BETWEEN;
	report(j, TAP_BARE, sink, context);
	between(j, data.p[n], sink, context);
	return n + 1;
}

/* A string that lies whole in data, without escapes, as nearly all do: a key, or a value that nobody wants. data begins
 * with its quote. How many bytes it took; 0 if it must be read the long way. */
static size_t whole_string(struct tap_json *j, struct span data)
{
	if (!j->want_key && key_here(j) != TAP_OTHER)
		return 0;
	size_t n = bytes_unquoted(data.p + 1, data.n - 1);
	if (n == data.n - 1 || data.p[1 + n] != '"')
		return 0;
	if (j->want_key)
		j->keys[j->depth - 1] = (uint8_t)find_key(span_of(data.p + 1, n));
	j->want_key = false;
	return n + 2;
}

/* Bytes between strings and literals, up to the first that begins something of its own. */
static size_t in_between(struct tap_json *j, struct span data, tap_sink *sink, void *context)
{
	size_t i = 0;
	while (i < data.n) {
		uint8_t c = data.p[i];
		if (marks[c] == MARK_NONE) {
			i++;
			continue;
		}
		size_t n = marks[c] == MARK_QUOTE ? whole_string(j, span_sub(data, i, data.n)) : 0;
		if (n > 0) {
			i += n;
			continue;
		}
		i++;
		between(j, c, sink, context);
		if (j->state != BETWEEN || j->lost)
			break;
	}
	return i;
}

void tap_json_feed(struct tap_json *j, struct span data, tap_sink *sink, void *context)
{
	size_t i = 0;
	while (i < data.n && !j->lost) {
		uint8_t c = data.p[i];
		switch ((enum state)j->state) {
		case BETWEEN:
			i += in_between(j, span_sub(data, i, data.n), sink, context);
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
			i += in_bare(j, span_sub(data, i, data.n), sink, context);
			break;
		}
	}
}
