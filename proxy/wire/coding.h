/* Content codings of request bodies: identity, gzip, deflate, zstd, singly or stacked, decoded for inspection under caps. */
#ifndef WIRE_CODING_H
#define WIRE_CODING_H

#include "base/buf.h"

enum { CODING_MAX_STACK = 3 };

struct coding_limits {
	size_t max_bytes;   /* decoded, of every layer */
	uint32_t max_ratio; /* decoded : encoded, checked from 64 KiB of output on */
};

/* header: value of Content-Encoding (may be null: identity). Decodes body into out (left empty and *identity set when no
 * coding applies). ERR_CODING: unknown or corrupt; trailing garbage and truncation are corrupt; ERR_BOMB. */
enum err coding_decode(struct span header, struct span body, struct coding_limits limits, struct buf *out, bool *identity) MUST;

#endif
