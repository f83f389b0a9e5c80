/* HTTP/1.1 messages (RFC 9112), sans-I/O: strict reading, fresh writing. No forwarding of raw bytes. */
#ifndef WIRE_H1_H
#define WIRE_H1_H

#include "base/buf.h"
#include "proxy/wire/http.h"

/* Looks for the end of a head in bytes. Returns ERR_OK and its length (with the empty line), ERR_MORE, or
 * ERR_HEAD_TOO_LARGE / ERR_FRAMING (bare CR, bare LF, NUL, leading whitespace line).
 * *scanned carries progress between calls over a growing buffer (start with 0), so that the whole is linear. */
enum err h1_head_end(struct span bytes, size_t *scanned, size_t *length) MUST;

/* Parse one complete head as delimited by h1_head_end. Rejections, each named by a clause (h1_reject): */
enum h1_reject {
#define H1_REJECT(name, rfc, text) H1_REJECT_##name,
#include "proxy/wire/h1_reject.def"
#undef H1_REJECT
	H1_REJECT_COUNT
};
const char *h1_reject_text(enum h1_reject r) MUST; /* a sentence with the RFC clause */

enum err h1_parse_request(struct span head, struct http_head *out, enum h1_reject *why) MUST;
/* method of the request it answers decides whether there is a body (HEAD, CONNECT; 1xx, 204, 304). */
enum err h1_parse_response(struct span head, struct span request_method, struct http_head *out, enum h1_reject *why) MUST;

/* Body framing: feed raw bytes, get payload spans that point into the input. */
struct h1_body {
	enum http_framing framing;
	uint64_t left;       /* of the length or of the current chunk */
	int state;           /* of the chunk machine */
	unsigned digits;     /* of the chunk size being read */
	size_t line;         /* bytes of the current size or trailer line */
	size_t trailer;      /* bytes of the trailer section so far */
	uint64_t total;      /* payload bytes so far */
	bool done;
};
void h1_body_init(struct h1_body *b, const struct http_head *head);
/* Takes a prefix of in: *used bytes of it, of which *payload (may be empty) is body data.
 * ERR_OK: progress was made (call again while *used < in.n and !b->done); ERR_MORE: everything used, more needed;
 * ERR_FRAMING: malformed. Chunk extensions and trailer fields are checked, bounded and dropped. */
enum err h1_body_feed(struct h1_body *b, struct span in, size_t *used, struct span *payload) MUST;
/* The peer closed: ERR_OK if the body may end here (until-close, or already done), ERR_FRAMING if it is cut. */
enum err h1_body_eof(struct h1_body *b) MUST;

/* Writing. Names and values are checked again: ERR_SYNTAX rather than a split header. */
enum err h1_write_request(struct buf *out, const struct http_head *head) MUST;
enum err h1_write_response(struct buf *out, const struct http_head *head) MUST;
/* Chunk framing for n payload bytes that the caller writes between the two. */
void h1_write_chunk_head(struct buf *out, size_t n);
void h1_write_chunk_tail(struct buf *out);
void h1_write_last_chunk(struct buf *out);

#endif
