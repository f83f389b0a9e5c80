/* HTTP/1.1 messages (RFC 9112), sans-I/O: strict reading, fresh writing. No forwarding of raw bytes. */
#ifndef WIRE_H1_H
#define WIRE_H1_H

#include "base/buf.h"
#include "proxy/wire/http.h"

/* Looks for the end of a head in bytes. Returns ERR_OK and its length (with the empty line), ERR_MORE, or
 * ERR_HEAD_TOO_LARGE / ERR_FRAMING (bare CR, bare LF, NUL, leading whitespace line).
 * *scanned carries progress between calls over a growing buffer (start with 0), so that the whole is linear. */
enum err h1_head_end(struct span bytes, size_t *scanned, size_t *length) MUST;

/* Why a message was refused: each reason is one clause of h1_reject.def. */
enum h1_reject {
#define H1_REJECT(name, error, rfc, text) H1_REJECT_##name,
#include "proxy/wire/h1_reject.def"
#undef H1_REJECT
	H1_REJECT_COUNT /* also: nothing was refused */
};
const char *h1_reject_text(enum h1_reject r) MUST; /* a sentence with the RFC clause; "" for H1_REJECT_COUNT */
const char *h1_reject_name(enum h1_reject r) MUST; /* "OBS_FOLD"; "" for H1_REJECT_COUNT */
enum err h1_reject_err(enum h1_reject r) MUST;     /* ERR_OK for H1_REJECT_COUNT */

/* Parse one complete head as delimited by h1_head_end. Both take any bytes: what h1_head_end refused they refuse too,
 * naming the clause. *why is H1_REJECT_COUNT on success, *out undefined on failure. The errors are those of the
 * clauses: ERR_FRAMING, ERR_SYNTAX, ERR_VERSION, ERR_HEAD_TOO_LARGE. */
enum err h1_parse_request(struct span head, struct http_head *out, enum h1_reject *why) MUST;
/* method of the request it answers decides whether there is a body (HEAD, CONNECT; 1xx, 204, 304). */
enum err h1_parse_response(struct span head, struct span request_method, struct http_head *out,
			   enum h1_reject *why) MUST;

/* Body framing: feed raw bytes, get payload spans that point into the input. */
struct h1_body {
	enum http_framing framing;
	uint64_t left;     /* of the length or of the current chunk */
	int state;         /* of the chunk machine */
	unsigned digits;   /* of the chunk size being read */
	size_t line;       /* bytes of the current size or trailer line */
	size_t trailer;    /* bytes of the trailer section so far */
	uint64_t total;    /* payload bytes so far */
	size_t extensions; /* bytes of chunk extensions so far */
	uint8_t name[24];  /* of the current trailer field, in lower case, cut */
	struct buf *keep;  /* gets the trailer section's bytes; NULL: nobody wants them */
	bool done;
	enum h1_reject why; /* after a failure */
};
void h1_body_init(struct h1_body *b, const struct http_head *head);
/* Takes a prefix of in: *used bytes of it, of which *payload (may be empty) is body data.
 * ERR_OK: progress was made (call again while *used < in.n and !b->done); ERR_MORE: everything used, no payload among
 * it, more needed; ERR_FRAMING: malformed, b->why says how, and so is all that follows. Nothing behind the end of the
 * body is used. Chunk extensions and trailer fields are checked and bounded; the latter go to b->keep, if it is set. */
enum err h1_body_feed(struct h1_body *b, struct span in, size_t *used, struct span *payload) MUST;
/* What b->keep got, as fields that point into it. ERR_SYNTAX if it is no whole section. */
enum err h1_parse_trailers(struct span section, struct http_head *out) MUST;
/* The peer closed: ERR_OK if the body may end here (until-close, or already done), ERR_FRAMING if it is cut. */
enum err h1_body_eof(struct h1_body *b) MUST;

/* Writing. Names and values are checked again: ERR_SYNTAX rather than a split header, and nothing is appended.
 *
 * Always as HTTP/1.1, whatever head->minor says. Fields go out in their order; those for one hop (http_hop_by_hop) are
 * left out and written anew from head: Content-Length or Transfer-Encoding from framing and length, Connection: close
 * from !keep_alive, Connection: upgrade from upgrade, whose Upgrade field is kept.
 * Requests: exactly one Host field, or none and authority is written as one. HTTP_NO_BODY writes Content-Length: 0 for
 * POST, PUT and PATCH; HTTP_UNTIL_CLOSE is ERR_SYNTAX.
 * Responses: head->method may be that of the request answered (null is taken for GET). HTTP_NO_BODY writes
 * Content-Length: head->length unless it is 0 and the answer has none anyway (to HEAD or CONNECT; 1xx, 204, 304), where
 * nothing is written; a body in a 1xx, 204 or 304 is ERR_SYNTAX. HTTP_UNTIL_CLOSE closes. A peer of HTTP/1.0 cannot
 * read HTTP_CHUNKED: the caller picks another. */
enum err h1_write_request(struct buf *out, const struct http_head *head) MUST;
enum err h1_write_response(struct buf *out, const struct http_head *head) MUST;
/* Chunk framing for n payload bytes (more than 0) that the caller writes between the two. */
void h1_write_chunk_head(struct buf *out, size_t n);
void h1_write_chunk_tail(struct buf *out);
void h1_write_last_chunk(struct buf *out);
/* The same with trailer fields. Those that must not stand there (RFC 9110 §6.5.1) and those of one hop are left out. */
enum err h1_write_trailers(struct buf *out, const struct http_head *fields) MUST;

#endif
