#include "proxy/wire/json.h"

#include "base/utf8.h"

static int hex_digit(uint8_t c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* The UTF-16 unit of a \uXXXX at s[at], or -1. */
static int32_t unit(struct span s, size_t at)
{
	if (s.n < 6 || at > s.n - 6 || s.p[at] != '\\' || s.p[at + 1] != 'u')
		return -1;
	int32_t v = 0;
	for (size_t i = 2; i < 6; i++) {
		int d = hex_digit(s.p[at + i]);
		if (d < 0)
			return -1;
		v = v << 4 | d;
	}
	return v;
}

static uint8_t short_escape(uint8_t c)
{
	switch (c) {
	case 'b':
		return '\b';
	case 'f':
		return '\f';
	case 'n':
		return '\n';
	case 'r':
		return '\r';
	case 't':
		return '\t';
	case '"':
	case '\\':
	case '/':
		return c;
	default: /* bytes, not an enum */
		return 0;
	}
}

/* One escape at raw[at]: its length, and what it means in out (never longer than the escape). */
static size_t escape_at(struct span raw, size_t at, uint8_t out[4], size_t *decoded)
{
	int32_t u = unit(raw, at);
	if (u >= 0) {
		uint32_t cp = (uint32_t)u;
		size_t len = 6;
		if ((cp & 0xfc00) == 0xd800) {
			int32_t low = unit(raw, at + 6);
			if (low >= 0 && ((uint32_t)low & 0xfc00) == 0xdc00) {
				cp = 0x10000 + ((cp & 0x3ff) << 10) + ((uint32_t)low & 0x3ff);
				len = 12;
			}
		}
		if (cp >= 0xd800 && cp <= 0xdfff)
			cp = 0xfffd;
		*decoded = utf8_encode(cp, out);
		return len;
	}
	uint8_t c = at + 1 < raw.n ? short_escape(raw.p[at + 1]) : 0;
	*decoded = 1;
	out[0] = c != 0 ? c : '\\';
	return c != 0 ? 2 : 1;
}

static size_t next_backslash(struct span raw, size_t from)
{
	const uint8_t *hit = from < raw.n ? memchr(raw.p + from, '\\', raw.n - from) : NULL;
	return hit == NULL ? raw.n : (size_t)(hit - raw.p);
}

size_t json_unescape(struct span raw, uint8_t *out)
{
	size_t at = 0, n = 0;
	while (at < raw.n) {
		size_t stop = next_backslash(raw, at);
		memcpy(out + n, raw.p + at, stop - at);
		n += stop - at;
		at = stop;
		if (at == raw.n)
			break;
		uint8_t bytes[4];
		size_t decoded;
		at += escape_at(raw, at, bytes, &decoded);
		memcpy(out + n, bytes, decoded);
		n += decoded;
	}
	return n;
}

size_t json_map(struct span raw, struct json_cursor *c, size_t decoded)
{
	while (c->decoded < decoded && c->raw < raw.n) {
		size_t stop = next_backslash(raw, c->raw);
		size_t plain = stop - c->raw, want = decoded - c->decoded;
		size_t step = plain < want ? plain : want;
		c->raw += step;
		c->decoded += step;
		if (c->decoded == decoded || c->raw == raw.n)
			break;
		uint8_t bytes[4];
		size_t n, len = escape_at(raw, c->raw, bytes, &n);
		if (c->decoded + n > decoded)
			break;
		c->raw += len;
		c->decoded += n;
	}
	return c->raw;
}
