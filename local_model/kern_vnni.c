/* AVX-512 with VNNI. Compiled with its own flags (module.cmake) and called only where the processor has them. */
#include "local_model/embed_avx2.h"

enum { ROWS = 8 };

static bool usable(void)
{
	return __builtin_cpu_supports("avx512vnni") && __builtin_cpu_supports("avx512bw") &&
	       __builtin_cpu_supports("avx512vl");
}

static void embed(const struct model *m, const struct feature *f, uint8_t *out)
{
	embed_token(m, f, out);
}

/* As an instruction of its own: from the intrinsic, gcc 12 makes two register copies for each product. */
#define DOT(acc, x, w) __asm__("vpdpbusd %2, %1, %0" : "+v"(acc) : "v"(x), "v"(w))

/* One group of four inputs against 32 outputs, for one row. */
#define STEP(r)                                                                                                        \
	do {                                                                                                           \
		int32_t four;                                                                                          \
		memcpy(&four, x + (r)*stride, sizeof four);                                                            \
		__m512i v = _mm512_set1_epi32(four);                                                                   \
		DOT(a##r, v, w0);                                                                                      \
		DOT(b##r, v, w1);                                                                                      \
	} while (0)

/* Shifted, saturated: 32 outputs of a row. */
#define STORE(r)                                                                                                       \
	do {                                                                                                           \
		_mm256_store_si256((__m256i *)out[r], _mm512_cvtsepi32_epi16(_mm512_sra_epi32(a##r, shift)));          \
		_mm256_store_si256((__m256i *)(out[r] + PANEL / 2),                                                    \
				   _mm512_cvtsepi32_epi16(_mm512_sra_epi32(b##r, shift)));                             \
	} while (0)

static const uint8_t *tap_row(const struct layer *l, const uint8_t *in, size_t tap)
{
	return l->taps == 1 ? in : in + ((ptrdiff_t)tap - 1) * (ptrdiff_t)(l->dilation * l->width);
}

static void eight_rows(const struct layer *l, size_t panel, const uint8_t *in, int16_t out[ROWS][PANEL])
{
	const int8_t *w = l->weights + panel * l->taps * l->width * PANEL;
	const size_t stride = l->width;
	const __m128i shift = _mm_cvtsi32_si128((int)l->shift);
	__m512i a0 = _mm512_loadu_si512(l->bias + panel * PANEL),
		b0 = _mm512_loadu_si512(l->bias + panel * PANEL + PANEL / 2);
	__m512i a1 = a0, b1 = b0, a2 = a0, b2 = b0, a3 = a0, b3 = b0;
	__m512i a4 = a0, b4 = b0, a5 = a0, b5 = b0, a6 = a0, b6 = b0, a7 = a0, b7 = b0;
	for (size_t tap = 0; tap < l->taps; tap++) {
		const uint8_t *x = tap_row(l, in, tap), *end = x + l->width;
		for (; x < end; x += 4, w += (size_t)4 * PANEL) {
			__m512i w0 = _mm512_loadu_si512(w), w1 = _mm512_loadu_si512(w + 64);
			STEP(0);
			STEP(1);
			STEP(2);
			STEP(3);
			STEP(4);
			STEP(5);
			STEP(6);
			STEP(7);
		}
	}
	STORE(0);
	STORE(1);
	STORE(2);
	STORE(3);
	STORE(4);
	STORE(5);
	STORE(6);
	STORE(7);
}

static void one_row(const struct layer *l, size_t panel, const uint8_t *in, int16_t out[ROWS][PANEL])
{
	const int8_t *w = l->weights + panel * l->taps * l->width * PANEL;
	const size_t stride = l->width;
	const __m128i shift = _mm_cvtsi32_si128((int)l->shift);
	__m512i a0 = _mm512_loadu_si512(l->bias + panel * PANEL),
		b0 = _mm512_loadu_si512(l->bias + panel * PANEL + PANEL / 2);
	for (size_t tap = 0; tap < l->taps; tap++) {
		const uint8_t *x = tap_row(l, in, tap), *end = x + l->width;
		for (; x < end; x += 4, w += (size_t)4 * PANEL) {
			__m512i w0 = _mm512_loadu_si512(w), w1 = _mm512_loadu_si512(w + 64);
			STEP(0);
		}
	}
	STORE(0);
}

/* Rows [t, t + count) of a panel; returns how many leading ones of them were done before. Where fewer than eight rows
 * are left, the last eight are computed once more. */
static size_t tile(const struct layer *l, size_t panel, const uint8_t *in, size_t rows, size_t *t, size_t *count,
		   int16_t out[ROWS][PANEL])
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
		one_row(l, panel, in + *t * l->width, out);
	else
		eight_rows(l, panel, in + *t * l->width, out);
	return done;
}

static void finish(const struct layer *l, size_t at, const int16_t *out, int16_t *residual, bool first, uint8_t *next)
{
	__m512i y = _mm512_max_epi16(_mm512_load_si512(out), _mm512_setzero_si512());
	y = _mm512_mulhrs_epi16(y, _mm512_loadu_si512(l->multiplier + at));
	if (!first)
		y = _mm512_adds_epi16(y, _mm512_loadu_si512(residual + at));
	_mm512_storeu_si512(residual + at, y);
	y = _mm512_min_epi16(_mm512_mulhrs_epi16(y, _mm512_set1_epi16(l->next)), _mm512_set1_epi16(127));
	_mm256_storeu_si256((__m256i *)(next + at), _mm512_cvtepi16_epi8(y));
}

static void layer(const struct layer *l, const uint8_t *in, size_t rows, int16_t *residual, bool first, uint8_t *next)
{
	_Alignas(64) int16_t out[ROWS][PANEL];
	size_t count;
	for (size_t panel = 0; panel < l->n / PANEL; panel++) {
		for (size_t t = 0; t < rows; t += count) {
			size_t done = tile(l, panel, in, rows, &t, &count, out);
			for (size_t r = done; r < count; r++)
				finish(l, panel * PANEL, out[r], residual + (t + r) * l->n, first,
				       next + (t + r) * l->n);
		}
	}
}

static void head(const struct layer *l, const uint8_t *in, size_t rows, int16_t *logits)
{
	_Alignas(64) int16_t out[ROWS][PANEL];
	size_t count;
	for (size_t panel = 0; panel < l->n / PANEL; panel++) {
		for (size_t t = 0; t < rows; t += count) {
			size_t done = tile(l, panel, in, rows, &t, &count, out);
			for (size_t r = done; r < count; r++)
				memcpy(logits + (t + r) * l->n + panel * PANEL, out[r], sizeof *out);
		}
	}
}

const struct kernel kernel_vnni = {"avx512-vnni", usable, embed, layer, head};
