/* Strict UTF-8 (RFC 3629): no surrogates, no overlong forms, nothing above U+10FFFF. */
#ifndef BASE_UTF8_H
#define BASE_UTF8_H

#include "base/span.h"

/* Bytes of the first code point, or 0 if it is malformed, truncated or s is empty. */
size_t utf8_decode(struct span s, uint32_t *cp) MUST;
/* Writes 1-4 bytes; cp must be a Unicode scalar value (else returns 0). */
size_t utf8_encode(uint32_t cp, uint8_t out[4]) MUST;
bool utf8_valid(struct span s) MUST;

#endif
