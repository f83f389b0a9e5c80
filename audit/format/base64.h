/* Base64 with padding (RFC 4648 §4), strict: no white space, no missing or superfluous padding, unused bits zero. */
#ifndef AUDIT_FORMAT_BASE64_H
#define AUDIT_FORMAT_BASE64_H

#include "base/buf.h"

void base64_encode(struct span in, struct buf *out);
/* Decodes into out (capacity cap) and sets *n. ERR_SYNTAX if malformed, ERR_LIMIT if it does not fit. */
enum err base64_decode(struct span in, uint8_t *out, size_t cap, size_t *n) MUST;

#endif
