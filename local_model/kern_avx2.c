/* AVX2. Compiled with its own flags (module.cmake) and called only where the processor has it. */
#include "local_model/embed_avx2.h"

enum { ROWS = 4, HALF = PANEL / 2 };

static bool usable(void)
{
	return __builtin_cpu_supports("avx2");
}

static void embed(const struct model *m, const struct feature *f, uint8_t *out)
{
	embed_token(m, f, out);
}

/* One group of four inputs against 16 outputs, for one row. */
#define STEP(r)                                                                                                        \
	do {                                                                                                           \
		int32_t four;                                                                                          \
		memcpy(&four, x + (r)*stride, sizeof four);                                                            \
		__m256i v = _mm256_set1_epi32(four);                                                                   \
		a##r = _mm256_add_epi32(a##r, _mm256_madd_epi16(_mm256_maddubs_epi16(v, w0), ones));                   \
		b##r = _mm256_add_epi32(b##r, _mm256_madd_epi16(_mm256_maddubs_epi16(v, w1), ones));                   \
	} while (0)

/* Shifted, saturated: 16 outputs of a row. The pack works within 128-bit lanes, so the middle quarters change places.
 */
#define STORE(r)                                                                                                       \
	do {                                                                                                           \
		__m256i packed = _mm256_packs_epi32(_mm256_sra_epi32(a##r, shift), _mm256_sra_epi32(b##r, shift));     \
		_mm256_store_si256((__m256i *)out[r], _mm256_permute4x64_epi64(packed, 0xd8));                         \
	} while (0)

static const uint8_t *tap_row(const struct layer *l, const uint8_t *in, size_t tap)
{
	return l->taps == 1 ? in : in + ((ptrdiff_t)tap - 1) * (ptrdiff_t)(l->dilation * l->width);
}

static const int8_t *half_panel(const struct layer *l, size_t half)
{
	return l->weights + half / 2 * l->taps * l->width * PANEL + half % 2 * HALF * 4;
}

static __m256i load(const void *p)
{
	return _mm256_loadu_si256((const __m256i *)p);
}

/* The accumulators are variables of their own: gcc keeps them in registers, which it does not for an array. */
static void four_rows(const struct layer *l, size_t half, const uint8_t *in, int16_t out[ROWS][HALF])
{
	const int8_t *w = half_panel(l, half);
	const size_t stride = l->width;
	const __m128i shift = _mm_cvtsi32_si128((int)l->shift);
	const __m256i ones = _mm256_set1_epi16(1);
	__m256i a0 = load(l->bias + half * HALF), b0 = load(l->bias + half * HALF + 8);
	__m256i a1 = a0, b1 = b0, a2 = a0, b2 = b0, a3 = a0, b3 = b0;
	for (size_t tap = 0; tap < l->taps; tap++) {
		const uint8_t *x = tap_row(l, in, tap), *end = x + l->width;
		for (; x < end; x += 4, w += (size_t)4 * PANEL) {
			__m256i w0 = load(w), w1 = load(w + 32);
			STEP(0);
			STEP(1);
			STEP(2);
			STEP(3);
		}
	}
	STORE(0);
	STORE(1);
	STORE(2);
	STORE(3);
}

static void one_row(const struct layer *l, size_t half, const uint8_t *in, int16_t out[ROWS][HALF])
{
	const int8_t *w = half_panel(l, half);
	const size_t stride = l->width;
	const __m128i shift = _mm_cvtsi32_si128((int)l->shift);
	const __m256i ones = _mm256_set1_epi16(1);
	__m256i a0 = load(l->bias + half * HALF), b0 = load(l->bias + half * HALF + 8);
	for (size_t tap = 0; tap < l->taps; tap++) {
		const uint8_t *x = tap_row(l, in, tap), *end = x + l->width;
		for (; x < end; x += 4, w += (size_t)4 * PANEL) {
			__m256i w0 = load(w), w1 = load(w + 32);
			STEP(0);
		}
	}
	STORE(0);
}

/* Rows [t, t + count) of half a panel; returns how many leading ones of them were done before. Where fewer than four
 * rows are left, the last four are computed once more. */
static size_t tile(const struct layer *l, size_t half, const uint8_t *in, size_t rows, size_t *t, size_t *count,
		   int16_t out[ROWS][HALF])
{
	size_t done = 0;
	*count = ROWS;
	if (rows < ROWS) {
		*count = 1;
	} else if (*t + ROWS > rows) {
		done = *t + ROWS - rows;
		*t = rows - ROWS;
	}
	if (*count == 1)
		one_row(l, half, in + *t * l->width, out);
	else
		four_rows(l, half, in + *t * l->width, out);
	return done;
}

static void finish(const struct layer *l, size_t at, const int16_t *out, int16_t *residual, bool first, uint8_t *next)
{
	__m256i y = _mm256_max_epi16(_mm256_load_si256((const __m256i *)out), _mm256_setzero_si256());
	y = _mm256_mulhrs_epi16(y, load(l->multiplier + at));
	if (!first)
		y = _mm256_adds_epi16(y, load(residual + at));
	_mm256_storeu_si256((__m256i *)(residual + at), y);
	y = _mm256_min_epi16(_mm256_mulhrs_epi16(y, _mm256_set1_epi16(l->next)), _mm256_set1_epi16(127));
	__m128i bytes = _mm_packus_epi16(_mm256_castsi256_si128(y), _mm256_extracti128_si256(y, 1));
	_mm_storeu_si128((__m128i *)(next + at), bytes);
}

static void layer(const struct layer *l, const uint8_t *in, size_t rows, int16_t *residual, bool first, uint8_t *next)
{
	_Alignas(32) int16_t out[ROWS][HALF];
	size_t count;
	for (size_t half = 0; half < l->n / HALF; half++) {
		for (size_t t = 0; t < rows; t += count) {
			size_t done = tile(l, half, in, rows, &t, &count, out);
			for (size_t r = done; r < count; r++)
				finish(l, half * HALF, out[r], residual + (t + r) * l->n, first, next + (t + r) * l->n);
		}
	}
}

static void head(const struct layer *l, const uint8_t *in, size_t rows, int16_t *logits)
{
	_Alignas(32) int16_t out[ROWS][HALF];
	size_t count;
	for (size_t half = 0; half < l->n / HALF; half++) {
		for (size_t t = 0; t < rows; t += count) {
			size_t done = tile(l, half, in, rows, &t, &count, out);
			for (size_t r = done; r < count; r++)
				memcpy(logits + (t + r) * l->n + half * HALF, out[r], sizeof *out);
		}
	}
}

const struct kernel kernel_avx2 = {"avx2", usable, embed, layer, head};
