#include "base/sha256_blocks.h"

#if defined(__x86_64__)

#include <cpuid.h>
#include <immintrin.h>
#include <stdatomic.h>

enum { UNKNOWN, ABSENT, PRESENT };

static bool ask_processor(void)
{
	enum { LEAF_FEATURES = 1, LEAF_EXTENDED = 7, SSSE3 = 1 << 9, SSE41 = 1 << 19, SHA = 1 << 29 };
	unsigned a, b, c, d;
	if (__get_cpuid(LEAF_FEATURES, &a, &b, &c, &d) == 0 || (c & SSSE3) == 0 || (c & SSE41) == 0)
		return false;
	return __get_cpuid_count(LEAF_EXTENDED, 0, &a, &b, &c, &d) != 0 && (b & SHA) != 0;
}

/* Asked once: in a virtual machine the question costs more than many digests. */
bool sha256_has_extensions(void)
{
	static atomic_int known = UNKNOWN;
	int answer = atomic_load_explicit(&known, memory_order_relaxed);
	if (answer == UNKNOWN) {
		answer = ask_processor() ? PRESENT : ABSENT;
		atomic_store_explicit(&known, answer, memory_order_relaxed);
	}
	return answer == PRESENT;
}

#define EXTENDED __attribute__((target("sha,ssse3,sse4.1")))

/* The working variables as the instructions want them: from the highest lane down a b e f, and c d g h. */
struct lanes {
	__m128i abef, cdgh;
};

EXTENDED static inline void four_rounds(struct lanes *s, const uint32_t *k, __m128i w)
{
	__m128i wk = _mm_add_epi32(w, _mm_loadu_si128((const __m128i *)k));
	/* After two rounds what was a b e f is c d g h. */
	s->cdgh = _mm_sha256rnds2_epu32(s->cdgh, s->abef, wk);
	s->abef = _mm_sha256rnds2_epu32(s->abef, s->cdgh, _mm_srli_si128(wk, 8));
}

/* The next four words of the schedule from the last sixteen, oldest first. */
EXTENDED static inline __m128i schedule(__m128i a, __m128i b, __m128i c, __m128i d)
{
	__m128i w = _mm_add_epi32(_mm_sha256msg1_epu32(a, b), _mm_alignr_epi8(d, c, 4));
	return _mm_sha256msg2_epu32(w, d);
}

EXTENDED static inline __m128i load_words(const uint8_t *p)
{
	const __m128i big_endian = _mm_set_epi8(12, 13, 14, 15, 8, 9, 10, 11, 4, 5, 6, 7, 0, 1, 2, 3);
	return _mm_shuffle_epi8(_mm_loadu_si128((const __m128i *)p), big_endian);
}

EXTENDED static inline void one_block(struct lanes *s, const uint8_t *p)
{
	const struct lanes before = *s;
	__m128i a = load_words(p), b = load_words(p + 16), c = load_words(p + 32), d = load_words(p + 48);
	for (const uint32_t *k = sha256_k;; k += 16) {
		four_rounds(s, k, a);
		four_rounds(s, k + 4, b);
		four_rounds(s, k + 8, c);
		four_rounds(s, k + 12, d);
		if (k == sha256_k + 48)
			break;
		a = schedule(a, b, c, d);
		b = schedule(b, c, d, a);
		c = schedule(c, d, a, b);
		d = schedule(d, a, b, c);
	}
	s->abef = _mm_add_epi32(s->abef, before.abef);
	s->cdgh = _mm_add_epi32(s->cdgh, before.cdgh);
}

EXTENDED void sha256_blocks_extensions(uint32_t h[8], const uint8_t *p, size_t n)
{
	uint32_t out[8];
	struct lanes s = {
		.abef = _mm_set_epi32((int)h[0], (int)h[1], (int)h[4], (int)h[5]),
		.cdgh = _mm_set_epi32((int)h[2], (int)h[3], (int)h[6], (int)h[7]),
	};
	for (; n > 0; n--, p += SHA256_BLOCK)
		one_block(&s, p);
	_mm_storeu_si128((__m128i *)out, s.abef);
	_mm_storeu_si128((__m128i *)(out + 4), s.cdgh);
	const uint8_t from[8] = {3, 2, 7, 6, 1, 0, 5, 4};
	for (size_t i = 0; i < 8; i++)
		h[i] = out[from[i]];
}

#else

bool sha256_has_extensions(void)
{
	return false;
}

void sha256_blocks_extensions(uint32_t h[8], const uint8_t *p, size_t n)
{
	sha256_blocks_portable(h, p, n);
}

#endif
