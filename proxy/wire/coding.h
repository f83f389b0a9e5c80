/* Content codings, decoded for inspection under caps: of request bodies, which are there as a whole (identity, gzip,
 * deflate, zstd, singly or stacked), and of answers, which pass by in pieces. */
#ifndef WIRE_CODING_H
#define WIRE_CODING_H

#include "base/arena.h"
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

/* An answer's body, read beside the bytes that pass by. gzip (also x-gzip, several members), deflate (zlib or raw) or
 * zstd (several frames), not stacked. All memory comes from the arena, some 50 kB, for zstd the window (8 MiB at most)
 * and never more than 12 MiB; nothing is to be freed. NULL: another coding, or no memory. */
struct coding_reader;
struct coding_reader *coding_reader_new(struct span header, struct coding_limits limits, struct arena *arena) MUST;
/* Gives the decoded bytes to the sink in pieces, valid until it returns. False: it cannot be read, or a limit was
 * met; nothing more comes. What ends early is given as far as it goes. */
typedef void coding_sink(void *context, struct span piece);
bool coding_reader_feed(struct coding_reader *r, struct span in, coding_sink *sink, void *context) MUST;

#endif
