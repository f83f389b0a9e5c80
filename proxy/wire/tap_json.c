#include "proxy/wire/tap_json.h"

enum state { BETWEEN, STRING, ESCAPE, BARE };

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

static void begin(struct tap_json *j, enum state state)
{
	j->state = (uint8_t)state;
	j->n = 0;
	j->spoilt = false;
	j->keep = j->want_key || key_here(j) != TAP_OTHER;
}

static void keep(struct tap_json *j, uint8_t c)
{
	if (!j->keep || j->spoilt)
		return;
	if (j->n == sizeof j->value)
		j->spoilt = true;
	else
		j->value[j->n++] = c;
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
		keep(j, c);
	}
}

static void end_string(struct tap_json *j, tap_sink *sink, void *context)
{
	j->state = BETWEEN;
	if (!j->want_key) {
		report(j, TAP_STRING, sink, context);
		return;
	}
	j->keys[j->depth - 1] = (uint8_t)(j->spoilt ? TAP_OTHER : find_key(span_of(j->value, j->n)));
	j->want_key = false;
}

static bool is_bare(uint8_t c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || c == 'E' || c == '+' || c == '-' || c == '.';
}

/* The next byte of a string, from i on, that ends or escapes something; else the last byte there is. */
static size_t skip_string(struct span data, size_t i)
{
	while (i + 1 < data.n && data.p[i] != '"' && data.p[i] != '\\')
		i++;
	return i;
}

void tap_json_feed(struct tap_json *j, struct span data, tap_sink *sink, void *context)
{
	for (size_t i = 0; i < data.n && !j->lost; i++) {
		uint8_t c = data.p[i];
		switch ((enum state)j->state) {
		case BETWEEN:
			between(j, c, sink, context);
			break;
		case STRING:
			if (!j->keep || j->spoilt)
				c = data.p[i = skip_string(data, i)];
			if (c == '"') {
				end_string(j, sink, context);
			} else if (c == '\\') {
				j->state = ESCAPE;
				j->spoilt = true;
			} else {
				keep(j, c);
			}
			break;
		case ESCAPE:
			j->state = STRING;
			break;
		case BARE:
			if (is_bare(c)) {
				keep(j, c);
				break;
			}
			j->state = BETWEEN;
			report(j, TAP_BARE, sink, context);
			between(j, c, sink, context);
			break;
		}
	}
}
