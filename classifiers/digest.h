/* The hash functions some identifiers carry in themselves. Small and plain: inputs are a few dozen bytes. */
#ifndef CLASSIFIERS_DIGEST_H
#define CLASSIFIERS_DIGEST_H

#include "base/span.h"

struct sha256 {
	uint32_t h[8];
	uint8_t block[64];
	uint64_t total;
};

/* FIPS 180-4 */
void sha256_init(struct sha256 *s);
void sha256_add(struct sha256 *s, struct span bytes);
void sha256_final(struct sha256 *s, uint8_t out[32]);
/* Keccak-256 with the padding of 2011 (Ethereum), for inputs of at most 135 bytes. */
void keccak256(struct span s, uint8_t out[32]);
/* CRC-32 (ISO-HDLC) */
uint32_t crc32_of(struct span s) MUST;

#endif
