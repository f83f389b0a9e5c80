/* Content codings of request bodies: identity, gzip, deflate, zstd, singly or stacked, decoded for inspection under
 * caps. */
#ifndef WIRE_CODING_H
#define WIRE_CODING_H

#include "base/buf.h"

enum { CODING_MAX_STACK = 3 };

struct coding_limits {
	size_t max_bytes;   /* decoded, of every layer */
	uint32_t max_ratio; /* decoded : encoded, checked from 64 KiB of output on */
};

/* header: value of Content-Encoding (may be null: identity), all of the fields joined if there are several. Decodes
 * body into out, which comes empty (left so and *identity set when no coding applies; empty after an error too). gzip
 * (also x-gzip, several members), deflate (zlib, or raw if there is no zlib header), zstd (several frames, window up to
 * 8 MiB). ERR_CODING: unknown, more than CODING_MAX_STACK or corrupt; trailing garbage and truncation are corrupt, and
 * so is what hides bytes from inspection: gzip names, comments and extra fields, skippable zstd frames. ERR_BOMB: over
 * a limit, out->limit included. ERR_TOO_LARGE: 4 GiB or more; ERR_NOMEM. */
enum err coding_decode(struct span header, struct span body, struct coding_limits limits, struct buf *out,
		       bool *identity) MUST;

#endif
