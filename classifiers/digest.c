#include "classifiers/digest.h"

#include "base/assert.h"

static uint64_t rol64(uint64_t x, unsigned n)
{
	return n == 0 ? x : x << n | x >> (64 - n);
}

static void keccak_round(uint64_t a[25], uint64_t constant)
{
	static const uint8_t rotate[25] = {0,  1,  62, 28, 27, 36, 44, 6,  55, 20, 3,  10, 43,
					   25, 39, 41, 45, 15, 21, 8,  18, 2,  61, 56, 14};
	uint64_t c[5], b[25];
	for (int x = 0; x < 5; x++)
		c[x] = a[x] ^ a[x + 5] ^ a[x + 10] ^ a[x + 15] ^ a[x + 20];
	for (int i = 0; i < 25; i++)
		a[i] ^= c[(i + 4) % 5] ^ rol64(c[(i + 1) % 5], 1);
	for (int x = 0; x < 5; x++)
		for (int y = 0; y < 5; y++)
			b[y + 5 * ((2 * x + 3 * y) % 5)] = rol64(a[x + 5 * y], rotate[x + 5 * y]);
	for (int i = 0; i < 25; i++) {
		int row = i - i % 5;
		a[i] = b[i] ^ (~b[row + (i + 1) % 5] & b[row + (i + 2) % 5]);
	}
	a[0] ^= constant;
}

void keccak256(struct span s, uint8_t out[32])
{
	static const uint64_t constants[24] = {
		0x0000000000000001, 0x0000000000008082, 0x800000000000808a, 0x8000000080008000, 0x000000000000808b,
		0x0000000080000001, 0x8000000080008081, 0x8000000000008009, 0x000000000000008a, 0x0000000000000088,
		0x0000000080008009, 0x000000008000000a, 0x000000008000808b, 0x800000000000008b, 0x8000000000008089,
		0x8000000000008003, 0x8000000000008002, 0x8000000000000080, 0x000000000000800a, 0x800000008000000a,
		0x8000000080008081, 0x8000000000008080, 0x0000000080000001, 0x8000000080008008,
	};
	enum { RATE = 136 };
	uint64_t a[25] = {0};
	INVARIANT(s.n < RATE);
	for (size_t i = 0; i < s.n; i++)
		a[i / 8] ^= (uint64_t)s.p[i] << 8 * (i % 8);
	a[s.n / 8] ^= (uint64_t)1 << 8 * (s.n % 8);
	a[RATE / 8 - 1] ^= (uint64_t)1 << 63;
	for (int i = 0; i < 24; i++)
		keccak_round(a, constants[i]);
	for (size_t i = 0; i < 32; i++)
		out[i] = (uint8_t)(a[i / 8] >> 8 * (i % 8));
}

uint32_t crc32_of(struct span s)
{
	uint32_t r = 0xffffffff;
	for (size_t i = 0; i < s.n; i++) {
		r ^= s.p[i];
		for (int k = 0; k < 8; k++)
			r = r >> 1 ^ (0xedb88320 & (0u - (r & 1)));
	}
	return ~r;
}
