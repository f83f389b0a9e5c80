#include "classifiers/blocks.h"

#include <immintrin.h>

static bool usable(void)
{
	return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw");
}

static __m512i row(const uint8_t table[16])
{
	return _mm512_broadcast_i32x4(_mm_loadu_si128((const __m128i *)(const void *)table));
}

static __m512i high_nibble(__m512i x)
{
	return _mm512_and_si512(_mm512_srli_epi16(x, 4), _mm512_set1_epi8(15));
}

static void read_sets(const struct block_tables *t, const uint8_t *p, struct block *out)
{
	static const uint8_t bits[16] = {1, 2, 4, 8, 16, 32, 64, 128};
	__m512i x = _mm512_loadu_si512(p);
	__m512i high = _mm512_shuffle_epi8(row(bits), high_nibble(x));
	for (unsigned set = 0; set < SET_HIGH; set++)
		out->set[set] = _mm512_test_epi8_mask(_mm512_shuffle_epi8(row(t->sets[set]), x), high);
	out->set[SET_HIGH] = _mm512_movepi8_mask(x);
}

static void read_avx512(const struct block_tables *t, const uint8_t *p, size_t n, struct block *out)
{
	for (size_t i = 0; i < n; i++)
		read_sets(t, p + i * BLOCK_BYTES, &out[i]);
}

const struct block_kernel block_kernel_avx512 = {"avx512", usable, read_avx512};
