/* The compression function of SHA-256, portable and with the SHA extensions of x86-64. Private to base/ and its tests.
 */
#ifndef BASE_SHA256_BLOCKS_H
#define BASE_SHA256_BLOCKS_H

#include "base/span.h"

enum { SHA256_BLOCK = 64 };

extern const uint32_t sha256_k[64];
/* n blocks from p. */
void sha256_blocks_portable(uint32_t h[8], const uint8_t *p, size_t n);
/* Only where sha256_has_extensions says so. */
void sha256_blocks_extensions(uint32_t h[8], const uint8_t *p, size_t n);
bool sha256_has_extensions(void) MUST;

#endif
