#include "base/sha256.h"

#include "base/sha256_blocks.h"

const uint32_t sha256_k[64] = {
	0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
	0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
	0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
	0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
	0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
	0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
	0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
	0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2,
};

static uint32_t ror(uint32_t x, int n)
{
	return x >> n | x << (32 - n);
}

static void one_block(uint32_t h[8], const uint8_t *p)
{
	uint32_t w[64], v[8];
	for (int i = 0; i < 16; i++)
		w[i] = (uint32_t)p[4 * i] << 24 | (uint32_t)p[4 * i + 1] << 16 | (uint32_t)p[4 * i + 2] << 8 |
		       p[4 * i + 3];
	for (int i = 16; i < 64; i++) {
		uint32_t s0 = ror(w[i - 15], 7) ^ ror(w[i - 15], 18) ^ w[i - 15] >> 3;
		uint32_t s1 = ror(w[i - 2], 17) ^ ror(w[i - 2], 19) ^ w[i - 2] >> 10;
		w[i] = w[i - 16] + s0 + w[i - 7] + s1;
	}
	memcpy(v, h, sizeof v);
	for (int i = 0; i < 64; i++) {
		uint32_t s1 = ror(v[4], 6) ^ ror(v[4], 11) ^ ror(v[4], 25);
		uint32_t t1 = v[7] + s1 + ((v[4] & v[5]) ^ (~v[4] & v[6])) + sha256_k[i] + w[i];
		uint32_t s0 = ror(v[0], 2) ^ ror(v[0], 13) ^ ror(v[0], 22);
		uint32_t t2 = s0 + ((v[0] & v[1]) ^ (v[0] & v[2]) ^ (v[1] & v[2]));
		memmove(v + 1, v, 7 * sizeof *v);
		v[4] += t1;
		v[0] = t1 + t2;
	}
	for (int i = 0; i < 8; i++)
		h[i] += v[i];
}

void sha256_blocks_portable(uint32_t h[8], const uint8_t *p, size_t n)
{
	for (; n > 0; n--, p += SHA256_BLOCK)
		one_block(h, p);
}

static void blocks(uint32_t h[8], const uint8_t *p, size_t n)
{
	if (sha256_has_extensions())
		sha256_blocks_extensions(h, p, n);
	else
		sha256_blocks_portable(h, p, n);
}

bool sha256_is_fast(void)
{
	return sha256_has_extensions();
}

void sha256_init(struct sha256 *s)
{
	*s = (struct sha256){
		.h = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19}};
}

void sha256_add(struct sha256 *s, struct span bytes)
{
	size_t used = s->total % SHA256_BLOCK;
	if (bytes.n == 0)
		return;
	s->total += bytes.n;
	if (used > 0) {
		size_t n = SHA256_BLOCK - used < bytes.n ? SHA256_BLOCK - used : bytes.n;
		memcpy(s->block + used, bytes.p, n);
		if (used + n < SHA256_BLOCK)
			return;
		blocks(s->h, s->block, 1);
		bytes = span_sub(bytes, n, bytes.n);
	}
	size_t whole = bytes.n / SHA256_BLOCK;
	if (whole > 0)
		blocks(s->h, bytes.p, whole);
	size_t rest = bytes.n % SHA256_BLOCK;
	if (rest > 0)
		memcpy(s->block, bytes.p + whole * SHA256_BLOCK, rest);
}

static void put_be32(uint8_t *out, uint32_t v)
{
	for (int i = 0; i < 4; i++)
		out[i] = (uint8_t)(v >> (24 - 8 * i));
}

void sha256_final(struct sha256 *s, uint8_t out[32])
{
	enum { LENGTH_AT = SHA256_BLOCK - 8 };
	size_t used = s->total % SHA256_BLOCK;
	uint64_t bits = s->total * 8;
	s->block[used++] = 0x80;
	memset(s->block + used, 0, SHA256_BLOCK - used);
	if (used > LENGTH_AT) {
		blocks(s->h, s->block, 1);
		memset(s->block, 0, LENGTH_AT);
	}
	put_be32(s->block + LENGTH_AT, (uint32_t)(bits >> 32));
	put_be32(s->block + LENGTH_AT + 4, (uint32_t)bits);
	blocks(s->h, s->block, 1);
	for (size_t i = 0; i < 8; i++)
		put_be32(out + 4 * i, s->h[i]);
	explicit_bzero(s, sizeof *s);
}

void sha256_of(struct span s, uint8_t out[32])
{
	struct sha256 h;
	sha256_init(&h);
	sha256_add(&h, s);
	sha256_final(&h, out);
}
