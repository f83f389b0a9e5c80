/* Kernels without shuffles: plain C for any processor, and SSE2, which every x86-64 has. */
#include "classifiers/blocks.h"

static bool always(void)
{
	return true;
}

enum { PLANES = (SET_HIGH + 7) / 8 };

/* Eight bytes, bit i of each to byte i: the transpose of an 8 by 8 bit matrix. */
static uint64_t transpose(uint64_t x)
{
	uint64_t t = (x ^ x >> 7) & 0x00aa00aa00aa00aaull;
	x ^= t ^ t << 7;
	t = (x ^ x >> 14) & 0x0000cccc0000ccccull;
	x ^= t ^ t << 14;
	t = (x ^ x >> 28) & 0x00000000f0f0f0f0ull;
	return x ^ t ^ t << 28;
}

static void read_plain_sets(const struct block_tables *t, const uint8_t *p, struct block *out)
{
	memset(out->set, 0, sizeof out->set);
	for (unsigned at = 0; at < BLOCK_BYTES; at += 8) {
		uint64_t high = 0;
		for (unsigned i = 0; i < 8; i++)
			high |= (uint64_t)(p[at + i] >> 7) << i;
		out->set[SET_HIGH] |= high << at;
		for (unsigned plane = 0; plane < PLANES; plane++) {
			uint64_t kinds = 0;
			for (unsigned i = 0; i < 8; i++)
				kinds |= (uint64_t)t->by_byte[plane][p[at + i]] << 8 * i;
			kinds = transpose(kinds);
			for (unsigned set = 8 * plane; set < SET_HIGH && set < 8 * plane + 8; set++)
				out->set[set] |= (kinds >> 8 * (set % 8) & 0xff) << at;
		}
	}
}

static void read_plain(const struct block_tables *t, const uint8_t *p, size_t n, struct block *out)
{
	for (size_t i = 0; i < n; i++)
		read_plain_sets(t, p + i * BLOCK_BYTES, &out[i]);
}

const struct block_kernel block_kernel_plain = {"plain", always, read_plain};

#ifdef __x86_64__
#include <emmintrin.h>

static void read_sse2_sets(const struct block_tables *t, const uint8_t *p, struct block *out)
{
	memset(out->set, 0, sizeof out->set);
	for (unsigned at = 0; at < BLOCK_BYTES; at += 16) {
		uint8_t kinds[16];
		__m128i x = _mm_loadu_si128((const __m128i *)(const void *)(p + at));
		out->set[SET_HIGH] |= (uint64_t)(unsigned)_mm_movemask_epi8(x) << at;
		for (unsigned plane = 0; plane < PLANES; plane++) {
			for (unsigned i = 0; i < 16; i++)
				kinds[i] = t->by_byte[plane][p[at + i]];
			__m128i k = _mm_loadu_si128((const __m128i *)(const void *)kinds);
			/* Bit 7 of each byte first: adding a byte to itself brings up the next. */
			unsigned sets = SET_HIGH - 8 * plane < 8 ? SET_HIGH - 8 * plane : 8;
			for (unsigned bit = 8; bit-- > 0; k = _mm_add_epi8(k, k))
				if (bit < sets)
					out->set[8 * plane + bit] |= (uint64_t)(unsigned)_mm_movemask_epi8(k) << at;
		}
	}
}

static void read_sse2(const struct block_tables *t, const uint8_t *p, size_t n, struct block *out)
{
	for (size_t i = 0; i < n; i++)
		read_sse2_sets(t, p + i * BLOCK_BYTES, &out[i]);
}

const struct block_kernel block_kernel_sse2 = {"sse2", always, read_sse2};
#endif
