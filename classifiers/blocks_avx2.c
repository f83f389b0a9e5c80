#include "classifiers/blocks.h"

#include <immintrin.h>

static bool usable(void)
{
	return __builtin_cpu_supports("avx2");
}

static __m256i row(const uint8_t table[16])
{
	return _mm256_broadcastsi128_si256(_mm_loadu_si128((const __m128i *)(const void *)table));
}

static __m256i load(const uint8_t *p)
{
	return _mm256_loadu_si256((const __m256i *)(const void *)p);
}

static __m256i high_nibble(__m256i x)
{
	return _mm256_and_si256(_mm256_srli_epi16(x, 4), _mm256_set1_epi8(15));
}

static uint64_t none(__m256i x)
{
	return (uint32_t)_mm256_movemask_epi8(_mm256_cmpeq_epi8(x, _mm256_setzero_si256()));
}

static uint64_t both(uint64_t low, uint64_t high)
{
	return low | high << 32;
}

static void read_sets(const struct block_tables *t, const uint8_t *p, struct block *out)
{
	const __m256i bits = _mm256_setr_epi8(1, 2, 4, 8, 16, 32, 64, -128, 0, 0, 0, 0, 0, 0, 0, 0, 1, 2, 4, 8, 16, 32,
					      64, -128, 0, 0, 0, 0, 0, 0, 0, 0);
	__m256i a = load(p), b = load(p + 32);
	__m256i ha = _mm256_shuffle_epi8(bits, high_nibble(a)), hb = _mm256_shuffle_epi8(bits, high_nibble(b));
	for (unsigned set = 0; set < SET_HIGH; set++) {
		__m256i table = row(t->sets[set]);
		out->set[set] = ~both(none(_mm256_and_si256(_mm256_shuffle_epi8(table, a), ha)),
				      none(_mm256_and_si256(_mm256_shuffle_epi8(table, b), hb)));
	}
	out->set[SET_HIGH] = both((uint32_t)_mm256_movemask_epi8(a), (uint32_t)_mm256_movemask_epi8(b));
}

static void read_avx2(const struct block_tables *t, const uint8_t *p, size_t n, struct block *out)
{
	for (size_t i = 0; i < n; i++)
		read_sets(t, p + i * BLOCK_BYTES, &out[i]);
}

const struct block_kernel block_kernel_avx2 = {"avx2", usable, read_avx2};
