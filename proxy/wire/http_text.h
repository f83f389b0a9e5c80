/* Byte classes and lists of HTTP text (RFC 9110 §5.5, §5.6; RFC 3986 §3.3, §3.4). */
#ifndef WIRE_HTTP_TEXT_H
#define WIRE_HTTP_TEXT_H

#include "base/span.h"

bool http_is_tchar(uint8_t c) MUST;
/* Visible, blank or obs-text: what a field value or reason phrase may hold. */
bool http_is_vchar(uint8_t c) MUST;
/* What a request target may hold: RFC 3986 and the six marks []{}|^` that URL libraries leave as they are; "%" is
 * included and its digits are the caller's to check. */
bool http_is_target_char(uint8_t c) MUST;

bool http_is_token(struct span s) MUST;       /* one byte or more */
bool http_is_field_value(struct span s) MUST; /* may be empty; no blanks at the ends */

/* The next member of a comma-separated list, trimmed; empty members are skipped (RFC 9110 §5.6.1.2). Knows nothing of
 * quoted strings. *rest is what is left. */
bool http_list_next(struct span *rest, struct span *item) MUST;

/* host [":" port]: a name of DNS shape (letters, digits, "-", "_", dots between labels), an IPv4 address or a bracketed
 * IPv6 address; port 1..65535, *port is 0 if there is none. Stricter than RFC 3986: no percent-encoding, no empty port,
 * no zone ids. */
bool http_split_authority(struct span authority, struct span *host, uint16_t *port) MUST;

#endif
