/* SHA-256 (FIPS 180-4) without a cryptographic library, for pure code and for short inputs, for which a library's
 * context costs more than the digest. Neither memory nor time depends on the bytes hashed. With the SHA extensions of
 * x86-64 it is as fast as a library's; without them long inputs are better given to one. */
#ifndef BASE_SHA256_H
#define BASE_SHA256_H

#include "base/span.h"

struct sha256 {
	uint32_t h[8];
	uint8_t block[64];
	uint64_t total; /* bytes */
};

void sha256_init(struct sha256 *s);
void sha256_add(struct sha256 *s, struct span bytes);
void sha256_final(struct sha256 *s, uint8_t out[32]); /* wipes s */
void sha256_of(struct span s, uint8_t out[32]);
/* Does this processor have instructions for it? */
bool sha256_is_fast(void) MUST;

#endif
