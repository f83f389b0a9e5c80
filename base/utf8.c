#include "base/utf8.h"

static bool continues(struct span s, size_t i)
{
	return i < s.n && (s.p[i] & 0xc0) == 0x80;
}

size_t utf8_decode(struct span s, uint32_t *cp)
{
	if (s.n == 0)
		return 0;
	uint8_t a = s.p[0];
	if (a < 0x80) {
		*cp = a;
		return 1;
	}
	size_t len = a >= 0xc2 && a < 0xe0 ? 2 : (a & 0xf0) == 0xe0 ? 3 : a >= 0xf0 && a < 0xf5 ? 4 : 0;
	if (len == 0)
		return 0;
	uint32_t v = a & (0x7fu >> len);
	for (size_t i = 1; i < len; i++) {
		if (!continues(s, i))
			return 0;
		v = v << 6 | (s.p[i] & 0x3f);
	}
	static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
	if (v < least[len] || v > 0x10ffff || (v >= 0xd800 && v <= 0xdfff))
		return 0;
	*cp = v;
	return len;
}

size_t utf8_encode(uint32_t cp, uint8_t out[4])
{
	if (cp < 0x80) {
		out[0] = (uint8_t)cp;
		return 1;
	}
	if (cp < 0x800) {
		out[0] = (uint8_t)(0xc0 | cp >> 6);
		out[1] = (uint8_t)(0x80 | (cp & 0x3f));
		return 2;
	}
	if (cp >= 0xd800 && cp <= 0xdfff)
		return 0;
	if (cp < 0x10000) {
		out[0] = (uint8_t)(0xe0 | cp >> 12);
		out[1] = (uint8_t)(0x80 | (cp >> 6 & 0x3f));
		out[2] = (uint8_t)(0x80 | (cp & 0x3f));
		return 3;
	}
	if (cp > 0x10ffff)
		return 0;
	out[0] = (uint8_t)(0xf0 | cp >> 18);
	out[1] = (uint8_t)(0x80 | (cp >> 12 & 0x3f));
	out[2] = (uint8_t)(0x80 | (cp >> 6 & 0x3f));
	out[3] = (uint8_t)(0x80 | (cp & 0x3f));
	return 4;
}

bool utf8_valid(struct span s)
{
	size_t i = 0;
	while (i < s.n) {
		/* Prose is mostly ASCII: eight bytes at a time. */
		uint64_t word;
		if (s.n - i >= sizeof word) {
			memcpy(&word, s.p + i, sizeof word);
			if ((word & 0x8080808080808080u) == 0) {
				i += sizeof word;
				continue;
			}
		} else if (s.n >= sizeof word) {
			/* The end of a longer text, with some of what was seen already. */
			memcpy(&word, s.p + s.n - sizeof word, sizeof word);
			if ((word & 0x8080808080808080u) == 0)
				return true;
		}
		if (s.p[i] < 0x80) {
			i++;
			continue;
		}
		uint32_t cp;
		size_t n = utf8_decode(span_sub(s, i, s.n), &cp);
		if (n == 0)
			return false;
		i += n;
	}
	return true;
}
