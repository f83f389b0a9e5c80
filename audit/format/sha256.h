/* SHA-256 (FIPS 180-4) and HMAC-SHA-256 (RFC 2104) over several spans at once, so that nothing is copied together
 * first. Running out of memory inside the library is fatal: a wrong digest must never be returned. Thread-safe. */
#ifndef AUDIT_FORMAT_SHA256_H
#define AUDIT_FORMAT_SHA256_H

#include "base/span.h"

enum { SHA256_SIZE = 32 };

void sha256(const struct span *parts, size_t n, uint8_t out[SHA256_SIZE]);
/* out may be the key. */
void hmac_sha256(const uint8_t key[SHA256_SIZE], const struct span *parts, size_t n, uint8_t out[SHA256_SIZE]);

#endif
