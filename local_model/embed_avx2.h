/* Table rows to inputs with AVX2; for the files compiled for it or for more. */
#ifndef LOCAL_MODEL_EMBED_AVX2_H
#define LOCAL_MODEL_EMBED_AVX2_H

#include <immintrin.h>

#include "local_model/kernel.h"

static inline __m256i embed_load(const int8_t *table, uint32_t row)
{
	return _mm256_loadu_si256((const __m256i *)(table + (size_t)row * FEATURE_DIM));
}

/* Clamped to -64..63 and moved to 0..127. */
static inline void embed_store(uint8_t *out, __m256i v)
{
	v = _mm256_min_epi8(_mm256_max_epi8(v, _mm256_set1_epi8(-64)), _mm256_set1_epi8(63));
	_mm256_storeu_si256((__m256i *)out, _mm256_add_epi8(v, _mm256_set1_epi8(64)));
}

/* A sum beyond 8 bits saturates, which the clamp would cut anyway. */
static inline void embed_pair(const int8_t *table, const uint32_t rows[2], uint8_t *out)
{
	embed_store(out, _mm256_adds_epi8(embed_load(table, rows[0]), embed_load(table, rows[1])));
}

static inline void embed_bag(const int8_t *table, const struct feature *f, uint8_t *out)
{
	__m256i low = _mm256_setzero_si256(), high = low, scale = _mm256_set1_epi16(kernel_bag_scale[f->n_grams]);
	for (size_t k = 0; k < f->n_grams; k++) {
		__m256i row = embed_load(table, f->gram[k]);
		low = _mm256_add_epi16(low, _mm256_cvtepi8_epi16(_mm256_castsi256_si128(row)));
		high = _mm256_add_epi16(high, _mm256_cvtepi8_epi16(_mm256_extracti128_si256(row, 1)));
	}
	/* The pack works within 128-bit lanes, so the middle quarters change places. */
	__m256i packed = _mm256_packs_epi16(_mm256_mulhrs_epi16(low, scale), _mm256_mulhrs_epi16(high, scale));
	embed_store(out, _mm256_permute4x64_epi64(packed, 0xd8));
}

static inline void embed_shape(const int8_t *table, uint32_t row, uint8_t *out)
{
	__m128i v = _mm_loadu_si128((const __m128i *)(table + (size_t)row * FEATURE_SHAPE_DIM));
	v = _mm_min_epi8(_mm_max_epi8(v, _mm_set1_epi8(-64)), _mm_set1_epi8(63));
	_mm_storeu_si128((__m128i *)out, _mm_add_epi8(v, _mm_set1_epi8(64)));
}

/* Thirty-two bits: 64 for zero, 96 for one. */
static inline void embed_bits(const struct feature *f, uint8_t *out)
{
	const __m256i bit = _mm256_set1_epi64x((long long)0x8040201008040201);
	const __m256i spread = _mm256_setr_epi8(0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 1, 1, 1, 2, 2, 2, 2, 2, 2, 2, 2,
						3, 3, 3, 3, 3, 3, 3, 3);
	__m256i set = _mm256_shuffle_epi8(_mm256_set1_epi32((int)feature_bits_of(f)), spread);
	set = _mm256_and_si256(_mm256_cmpeq_epi8(_mm256_and_si256(set, bit), bit), _mm256_set1_epi8(32));
	_mm256_storeu_si256((__m256i *)out, _mm256_add_epi8(set, _mm256_set1_epi8(64)));
}

static inline void embed_token(const struct model *m, const struct feature *f, uint8_t *out)
{
	embed_pair(m->word, f->word, out);
	embed_pair(m->affix, f->prefix, out + FEATURE_DIM);
	embed_pair(m->affix, f->suffix3, out + 2 * FEATURE_DIM);
	embed_pair(m->affix, f->suffix4, out + 3 * FEATURE_DIM);
	embed_bag(m->gram, f, out + 4 * FEATURE_DIM);
	embed_shape(m->shape, f->shape, out + 5 * FEATURE_DIM);
	embed_bits(f, out + 5 * FEATURE_DIM + FEATURE_SHAPE_DIM);
}

#endif
