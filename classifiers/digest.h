/* The hash functions some identifiers carry in themselves. Small and plain: inputs are a few dozen bytes. */
#ifndef CLASSIFIERS_DIGEST_H
#define CLASSIFIERS_DIGEST_H

#include "base/span.h"

/* Keccak-256 with the padding of 2011 (Ethereum), for inputs of at most 135 bytes. */
void keccak256(struct span s, uint8_t out[32]);
/* CRC-32 (ISO-HDLC) */
uint32_t crc32_of(struct span s) MUST;

#endif
