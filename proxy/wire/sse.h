/* Server-sent events (WHATWG HTML §9.2.6), read bit by bit beside the bytes that pass through: the reader only looks.
 *
 * Lines end in LF, CRLF or CR, also when CR and LF come in different feeds; a leading byte order mark is skipped. An
 * event is complete at its empty line and reported then, without waiting for more bytes. As the standard says, a block
 * without a data line is no event, and one that the stream's end cuts off is none either: sse_eof gives that one all
 * the same, because some clients act on it. Bytes are not checked to be UTF-8. */
#ifndef WIRE_SSE_H
#define WIRE_SSE_H

#include "base/buf.h"

struct sse_event {
	struct span name; /* of the event field; empty if there is none, which means "message" */
	struct span data; /* lines joined by LF */
	struct span id;   /* the last one seen in the stream; empty if there is none */
};

struct sse {
	struct buf line; /* a line whose end is not there yet */
	struct buf name, data, id;
	size_t limit;  /* bytes of name, data and the line at hand together */
	int64_t retry; /* milliseconds; -1 if none was seen */
	unsigned bom;  /* bytes of a byte order mark matched; 3 once past that place */
	bool after_cr; /* a line feed that comes next belongs to the carriage return before it */
	bool has_data; /* of the block at hand */
	bool oversize; /* the block at hand is being dropped */
	bool skipped;  /* so were bytes of the line at hand */
	bool reported; /* name and data were handed out and go with the next feed */
};

enum { SSE_MAX_EVENT = 4 * 1024 * 1024, SSE_MAX_ID = 1024 };

/* max_event: bytes of one event; 0 stands for SSE_MAX_EVENT. */
void sse_init(struct sse *s, size_t max_event);
/* Wipes. */
void sse_fini(struct sse *s);

/* Takes a prefix of in, *used bytes.
 * ERR_OK: *out is an event, whose spans hold until the next call; call again with the rest.
 * ERR_MORE: everything was used and no further event is complete.
 * ERR_LIMIT: the event at hand is too large; reported once, when it outgrows the limit. What is left of it is skipped
 * by further calls, and the events behind it are read as usual. ERR_NOMEM: the same. */
enum err sse_feed(struct sse *s, struct span in, size_t *used, struct sse_event *out) MUST;
/* The stream ended: was there data of an event that no empty line had completed? */
bool sse_eof(struct sse *s, struct sse_event *out) MUST;

#endif
