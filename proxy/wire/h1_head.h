/* The lexers of the lines of an HTTP/1 head (RFC 9112 §3, §4, §5), generated from h1_head.re.
 *
 * Each takes the first byte of a line and needs a line feed somewhere at or behind it, which it never reads past: that
 * is the sentinel. Each returns the first byte behind the line, or NULL if the line is not of the strict grammar; the
 * output is then undefined, and h1_fault_* say what was wrong. */
#ifndef WIRE_H1_HEAD_H
#define WIRE_H1_HEAD_H

#include "proxy/wire/h1.h"

enum h1_target_form { H1_ORIGIN, H1_ABSOLUTE, H1_AUTHORITY, H1_ASTERISK };

struct h1_request_line {
	struct span method, target;
	enum h1_target_form form;
	struct span scheme,
		authority; /* H1_ABSOLUTE; authority also for H1_AUTHORITY; of the right bytes, not checked further */
	struct span path, query; /* H1_ORIGIN, H1_ABSOLUTE: without '?'; null if there is none */
	uint8_t minor;
};
const uint8_t *h1_lex_request_line(const uint8_t *p, struct h1_request_line *out) MUST;

struct h1_status_line {
	uint16_t status; /* any three digits */
	struct span reason;
	uint8_t minor;
};
const uint8_t *h1_lex_status_line(const uint8_t *p, struct h1_status_line *out) MUST;

enum h1_field { H1_OTHER, H1_HOST, H1_CONTENT_LENGTH, H1_TRANSFER_ENCODING, H1_CONNECTION, H1_EXPECT };
const uint8_t *h1_lex_field(const uint8_t *p, struct http_field *out, enum h1_field *which) MUST;

/* Why is this not a head, a request line, a status line, a field line? bytes begin with the line and run to the end of
 * the head. For what a lexer or h1_head_end refused only; slow, as it runs once in a connection's life. */
enum h1_reject h1_fault_head(struct span bytes) MUST;
enum h1_reject h1_fault_request_line(struct span bytes) MUST;
enum h1_reject h1_fault_status_line(struct span bytes) MUST;
enum h1_reject h1_fault_field(struct span bytes, bool first) MUST;

/* Must a field of this name not stand in a trailer section? */
bool h1_trailer_forbidden(struct span name) MUST;

/* Longer ones are no method of any API. */
enum { H1_MAX_METHOD = 32 };

#endif
