/* Skipping over text quickly: the inner loops of the head scanner and writer, and of the readers of answers. */
#ifndef WIRE_BYTES_H
#define WIRE_BYTES_H

#include <endian.h>

#include "base/span.h"

/* The word at p with its first byte lowest. */
static inline uint64_t bytes_word(const uint8_t *p)
{
	uint64_t w;
	memcpy(&w, p, sizeof w);
	return le64toh(w);
}

/* Below, a top bit is set in each byte that stops the run, and perhaps in bytes behind it, which borrows may spoil: the
 * first one counts. */
#define BYTES_ONES 0x0101010101010101u
#define BYTES_TOPS 0x8080808080808080u

/* How many bytes at the front of p[0..n) are 0x20 or above, looked at eight at a time. */
static inline size_t bytes_plain(const uint8_t *p, size_t n)
{
	size_t i = 0;
	for (; n - i >= sizeof(uint64_t); i += sizeof(uint64_t)) {
		uint64_t w = bytes_word(p + i);
		uint64_t stop = (w - BYTES_ONES * 0x20) & ~w & BYTES_TOPS;
		if (stop != 0)
			return i + (size_t)__builtin_ctzll(stop) / 8;
	}
	while (i < n && p[i] >= 0x20)
		i++;
	return i;
}

/* The same for bytes that are 0x20 or above and not DEL. */
static inline size_t bytes_visible(const uint8_t *p, size_t n)
{
	size_t i = 0;
	for (; n - i >= sizeof(uint64_t); i += sizeof(uint64_t)) {
		uint64_t w = bytes_word(p + i), del = w ^ BYTES_ONES * 0x7f;
		uint64_t stop = (((w - BYTES_ONES * 0x20) & ~w) | ((del - BYTES_ONES) & ~del)) & BYTES_TOPS;
		if (stop != 0)
			return i + (size_t)__builtin_ctzll(stop) / 8;
	}
	while (i < n && p[i] >= 0x20 && p[i] != 0x7f)
		i++;
	return i;
}

/* How many bytes at the front are neither a quote nor a backslash. */
static inline size_t bytes_unquoted(const uint8_t *p, size_t n)
{
	size_t i = 0;
	for (; n - i >= sizeof(uint64_t); i += sizeof(uint64_t)) {
		uint64_t w = bytes_word(p + i), quote = w ^ BYTES_ONES * '"', backslash = w ^ BYTES_ONES * '\\';
		uint64_t stop =
			(((quote - BYTES_ONES) & ~quote) | ((backslash - BYTES_ONES) & ~backslash)) & BYTES_TOPS;
		if (stop != 0)
			return i + (size_t)__builtin_ctzll(stop) / 8;
	}
	while (i < n && p[i] != '"' && p[i] != '\\')
		i++;
	return i;
}

#endif
