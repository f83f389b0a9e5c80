#include "audit/format/sha256.h"

#include <openssl/evp.h>
#include <pthread.h>

#include "base/assert.h"
#include "base/sha256.h"

/* From so many bytes on a library's code pays for its context, where the processor has no instructions of its own. */
enum { HMAC_BLOCK = 64, LONG = 2048 };

/* Fetched once: a fetch for each digest costs more than the digest of a leaf. */
static EVP_MD *algorithm;
static pthread_once_t once = PTHREAD_ONCE_INIT;

static void fetch(void)
{
	algorithm = EVP_MD_fetch(NULL, "SHA256", NULL);
}

static void by_library(const struct span *parts, size_t n, uint8_t out[SHA256_SIZE])
{
	INVARIANT(pthread_once(&once, fetch) == 0 && algorithm != NULL);
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	INVARIANT(ctx != NULL && EVP_DigestInit_ex2(ctx, algorithm, NULL) == 1);
	for (size_t i = 0; i < n; i++)
		INVARIANT(parts[i].n == 0 || EVP_DigestUpdate(ctx, parts[i].p, parts[i].n) == 1);
	INVARIANT(EVP_DigestFinal_ex(ctx, out, NULL) == 1);
	EVP_MD_CTX_free(ctx);
}

void sha256(const struct span *parts, size_t n, uint8_t out[SHA256_SIZE])
{
	struct sha256 s;
	size_t bytes = 0;
	for (size_t i = 0; i < n; i++)
		bytes += parts[i].n;
	if (bytes >= LONG && !sha256_is_fast()) {
		by_library(parts, n, out);
		return;
	}
	sha256_init(&s);
	for (size_t i = 0; i < n; i++)
		sha256_add(&s, parts[i]);
	sha256_final(&s, out);
}

static void keyed(const uint8_t key[SHA256_SIZE], uint8_t pad, const struct span *parts, size_t n,
		  uint8_t out[SHA256_SIZE])
{
	enum { MAX_PARTS = 8 };
	uint8_t block[HMAC_BLOCK] = {0};
	struct span all[MAX_PARTS + 1] = {span_of(block, sizeof block)};
	INVARIANT(n <= MAX_PARTS);
	memset(block, pad, sizeof block);
	for (size_t i = 0; i < SHA256_SIZE; i++)
		block[i] ^= key[i];
	for (size_t i = 0; i < n; i++)
		all[i + 1] = parts[i];
	sha256(all, n + 1, out);
	explicit_bzero(block, sizeof block);
}

void hmac_sha256(const uint8_t key[SHA256_SIZE], const struct span *parts, size_t n, uint8_t out[SHA256_SIZE])
{
	uint8_t inner[SHA256_SIZE] = {0};
	struct span outer_parts = span_of(inner, sizeof inner);
	keyed(key, 0x36, parts, n, inner);
	keyed(key, 0x5c, &outer_parts, 1, out);
	explicit_bzero(inner, sizeof inner);
}
