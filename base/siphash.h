/* SipHash-2-4 with 128-bit output (Aumasson, Bernstein: "SipHash: a fast short-input PRF", 2012).
 * For tables and the ledger, where an unkeyed hash of a short text would itself be personal data. */
#ifndef BASE_SIPHASH_H
#define BASE_SIPHASH_H

#include "base/span.h"

struct hash128 {
	uint64_t lo, hi;
};

struct siphash {
	uint64_t v0, v1, v2, v3;
	uint64_t tail; /* bytes not yet absorbed, little-endian */
	size_t total;  /* bytes absorbed in all */
};

void siphash_init(struct siphash *h, const uint8_t key[16]);
void siphash_add(struct siphash *h, struct span s);
/* Adds the length before the bytes, so that ("ab","c") and ("a","bc") differ. */
void siphash_add_field(struct siphash *h, struct span s);
struct hash128 siphash_final(struct siphash *h) MUST;
struct hash128 siphash128(const uint8_t key[16], struct span s) MUST;

static inline bool hash128_eq(struct hash128 a, struct hash128 b)
{
	return a.lo == b.lo && a.hi == b.hi;
}

#endif
