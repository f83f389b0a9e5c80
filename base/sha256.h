/* SHA-256 (FIPS 180-4), plain C: for pure code that may not see a cryptographic library. Where speed matters or a
 * secret is involved, the library is used instead. */
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

#endif
