/* Skipping over text quickly: the inner loop of the head scanner and of the event reader. */
#ifndef WIRE_BYTES_H
#define WIRE_BYTES_H

#include "base/span.h"

/* How many bytes at the front of p[0..n) are 0x20 or above, looked at eight at a time. */
static inline size_t bytes_plain(const uint8_t *p, size_t n)
{
	const uint64_t ones = 0x0101010101010101u;
	size_t i = 0;
	for (uint64_t w; n - i >= sizeof w; i += sizeof w) {
		memcpy(&w, p + i, sizeof w);
		/* Some byte is below 0x20 exactly if a top bit is left (a borrow only starts at such a byte). */
		if (((w - ones * 0x20) & ~w & ones * 0x80) != 0)
			break;
	}
	while (i < n && p[i] >= 0x20)
		i++;
	return i;
}

#endif
