#include "audit/format/base64.h"

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

void base64_encode(struct span in, struct buf *out)
{
	for (size_t i = 0; i < in.n; i += 3) {
		size_t left = in.n - i;
		uint32_t v = (uint32_t)in.p[i] << 16;
		if (left > 1)
			v |= (uint32_t)in.p[i + 1] << 8;
		if (left > 2)
			v |= in.p[i + 2];
		buf_add_byte(out, (uint8_t)alphabet[v >> 18 & 63]);
		buf_add_byte(out, (uint8_t)alphabet[v >> 12 & 63]);
		buf_add_byte(out, left > 1 ? (uint8_t)alphabet[v >> 6 & 63] : '=');
		buf_add_byte(out, left > 2 ? (uint8_t)alphabet[v & 63] : '=');
	}
}

static int digit(uint8_t c)
{
	if (c >= 'A' && c <= 'Z')
		return c - 'A';
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 26;
	if (c >= '0' && c <= '9')
		return c - '0' + 52;
	return c == '+' ? 62 : c == '/' ? 63 : -1;
}

enum err base64_decode(struct span in, uint8_t *out, size_t cap, size_t *n)
{
	*n = 0;
	if (in.n % 4 != 0)
		return ERR_SYNTAX;
	for (size_t i = 0; i < in.n; i += 4) {
		bool last = i + 4 == in.n;
		size_t pad = last && in.p[i + 3] == '=' ? (in.p[i + 2] == '=' ? 2 : 1) : 0;
		uint32_t v = 0;
		for (size_t k = 0; k < 4; k++) {
			int d = k >= 4 - pad ? 0 : digit(in.p[i + k]);
			if (d < 0)
				return ERR_SYNTAX;
			v = v << 6 | (uint32_t)d;
		}
		if ((v & ((1u << 8 * pad) - 1)) != 0)
			return ERR_SYNTAX;
		for (size_t k = 0; k < 3 - pad; k++) {
			if (*n == cap)
				return ERR_LIMIT;
			out[(*n)++] = (uint8_t)(v >> (16 - 8 * k));
		}
	}
	return ERR_OK;
}
