#include "classifiers/words.h"

#include "base/utf8.h"
#include "classifiers/prefilter.h"

#include <endian.h>
#ifdef __SSE2__
#include <emmintrin.h>
#endif

/* Words are hashed in lower case, as UTF-8, by their first bytes. */
enum { HASHED = 40, WINDOW = 128 };

/* Beyond ASCII. */
static uint32_t lower(uint32_t cp)
{
	if (cp >= 0xc0 && cp <= 0xde && cp != 0xd7)
		return cp + 32;
	if ((cp >= 0x100 && cp <= 0x137) || (cp >= 0x14a && cp <= 0x177))
		return cp | 1;
	if ((cp >= 0x139 && cp <= 0x148) || (cp >= 0x179 && cp <= 0x17e))
		return cp + (cp & 1);
	if (cp >= 0x391 && cp <= 0x3a9)
		return cp + 32;
	if (cp >= 0x410 && cp <= 0x42f)
		return cp + 32;
	if (cp >= 0x400 && cp <= 0x40f)
		return cp + 80;
	return cp;
}

/* Scripts written without spaces: each character is a word of its own. */
static bool unspaced(uint32_t cp)
{
	return (cp >= 0x0e00 && cp <= 0x0eff) || (cp >= 0x1100 && cp <= 0x11ff) || (cp >= 0x3040 && cp <= 0x9fff) ||
	       (cp >= 0xac00 && cp <= 0xd7a3) || (cp >= 0x20000 && cp <= 0x3ffff);
}

static bool letter(uint32_t cp)
{
	if (cp < 0xc0)
		return cp == 0xaa || cp == 0xb5 || cp == 0xba;
	return !(cp >= 0x2000 && cp <= 0x206f) && !(cp >= 0x3000 && cp <= 0x303f) && !(cp >= 0xff00 && cp <= 0xff0f) &&
	       cp != 0xff1a && cp != 0xfeff;
}

/* Bytes from p up to the next multiple of eight behind n must be readable. */
static uint32_t hash_of(const uint8_t *p, size_t n)
{
	uint64_t hash = 0x9e3779b97f4a7c15ull;
	n = n < HASHED ? n : HASHED;
	for (size_t i = 0; i < n; i += 8) {
		uint64_t part;
		memcpy(&part, p + i, sizeof part);
		part = le64toh(part);
		if (n - i < 8)
			part &= ((uint64_t)1 << 8 * (n - i)) - 1;
		hash = (hash ^ part) * 0xff51afd7ed558ccdull;
		hash ^= hash >> 32;
	}
	return (uint32_t)hash;
}

/* ---- one character after the other ---- */

struct cutter {
	struct word *v;
	size_t n, max;
	size_t start, length; /* in characters */
	size_t bytes;         /* in low */
	bool plural;          /* the last character is an s */
	bool was_lower, was_high, was_digit;
	uint8_t low[HASHED + 8];
};

static void cut(struct cutter *c, size_t at)
{
	if (c->length > 0 && c->n < c->max) {
		size_t n = c->bytes - (c->plural && c->length > 3 && c->bytes < HASHED);
		c->v[c->n++] = (struct word){hash_of(c->low, n), (uint32_t)c->start, (uint32_t)at};
	}
	c->length = 0;
}

static void extend(struct cutter *c, uint32_t cp, size_t at)
{
	uint8_t bytes[4];
	if (c->length++ == 0) {
		c->start = at;
		c->bytes = 0;
	}
	size_t n = utf8_encode(cp, bytes);
	for (size_t i = 0; i < n && c->bytes < HASHED; i++)
		c->low[c->bytes++] = bytes[i];
	c->plural = cp == 's';
}

static void cut_ascii(struct cutter *c, uint8_t b, size_t at)
{
	bool upper = b >= 'A' && b <= 'Z', low = b >= 'a' && b <= 'z';
	if (!low && !upper && !ascii_digit(b)) {
		cut(c, at);
	} else {
		/* A number stands right behind a word of another script, or in front of it. */
		if ((upper && c->was_lower) || (c->was_high && ascii_digit(b)))
			cut(c, at);
		extend(c, upper ? b + 32u : b, at);
	}
	c->was_lower = low;
	c->was_high = false;
	c->was_digit = ascii_digit(b);
}

/* The words of [from, to); the bytes around do not belong to them. */
static size_t cut_slowly(struct span text, size_t from, size_t to, struct word *v, size_t max)
{
	struct cutter c = {.v = v, .max = max};
	for (size_t i = from; i < to && c.n < c.max;) {
		uint32_t cp;
		if (text.p[i] < 0x80) {
			cut_ascii(&c, text.p[i], i);
			i++;
			continue;
		}
		size_t step = utf8_decode(span_sub(text, i, to), &cp);
		if (step == 0 || !letter(cp) || unspaced(cp) || c.was_digit)
			cut(&c, i);
		c.was_lower = c.was_digit = false;
		c.was_high = true;
		if (step != 0 && letter(cp) && unspaced(cp)) {
			extend(&c, cp, i);
			cut(&c, i + step);
		} else if (step != 0 && letter(cp)) {
			extend(&c, lower(cp), i);
		}
		i += step == 0 ? 1 : step;
	}
	cut(&c, to);
	explicit_bzero(c.low, sizeof c.low);
	return c.n;
}

/* ---- a window at once ---- */

typedef unsigned __int128 wide;

/* A bit for each byte. */
struct window_masks {
	wide word, upper, lower, high;
};

#ifdef __SSE2__
static __m128i between(__m128i x, char first, char last)
{
	return _mm_and_si128(_mm_cmpgt_epi8(x, _mm_set1_epi8((char)(first - 1))),
			     _mm_cmplt_epi8(x, _mm_set1_epi8((char)(last + 1))));
}

static void read_part(uint8_t *p, unsigned at, struct window_masks *m)
{
	__m128i x = _mm_loadu_si128((const __m128i *)(const void *)p);
	__m128i upper = between(x, 'A', 'Z'), digit = between(x, '0', '9');
	__m128i low = _mm_or_si128(x, _mm_and_si128(upper, _mm_set1_epi8(32)));
	__m128i letters = between(low, 'a', 'z');
	m->word |= (wide)(unsigned)_mm_movemask_epi8(_mm_or_si128(letters, digit)) << at;
	m->upper |= (wide)(unsigned)_mm_movemask_epi8(upper) << at;
	m->lower |= (wide)(unsigned)_mm_movemask_epi8(_mm_andnot_si128(upper, letters)) << at;
	m->high |= (wide)(unsigned)_mm_movemask_epi8(x) << at;
	_mm_storeu_si128((__m128i *)(void *)p, low);
}
#else
static void read_part(uint8_t *p, unsigned at, struct window_masks *m)
{
	for (unsigned i = 0; i < 16; i++) {
		bool upper = p[i] >= 'A' && p[i] <= 'Z';
		m->upper |= (wide)upper << (at + i);
		p[i] |= upper ? 32 : 0;
		m->word |= (wide)ascii_alnum(p[i]) << (at + i);
		m->lower |= (wide)(!upper && ascii_letter(p[i])) << (at + i);
		m->high |= (wide)(p[i] >> 7) << (at + i);
	}
}
#endif

/* The positions of the bits of a mask, in order; at most WINDOW / 2 words are in a window. */
static unsigned positions(wide mask, uint8_t out[WINDOW])
{
	unsigned n = 0;
	for (uint64_t m = (uint64_t)mask; m != 0; m &= m - 1)
		out[n++] = (uint8_t)__builtin_ctzll(m);
	for (uint64_t m = (uint64_t)(mask >> 64); m != 0; m &= m - 1)
		out[n++] = (uint8_t)(64 + __builtin_ctzll(m));
	return n;
}

static bool any(wide mask, unsigned from, unsigned to)
{
	return (mask >> from & (((wide)2 << (to - 1 - from)) - 1)) != 0;
}

/* Words are runs of word and high bytes, cut in front of a capital behind a small letter; runs with high bytes are cut
 * again, more slowly. */
static size_t cut_at_once(struct span text, struct word *v, size_t max)
{
	uint8_t low[WINDOW + HASHED + 8], starts[WINDOW], ends[WINDOW];
	struct window_masks m = {0};
	size_t n = 0;
	memcpy(low, text.p, text.n);
	memset(low + text.n, 0, sizeof low - text.n);
	for (unsigned at = 0; at < text.n; at += 16)
		read_part(low + at, at, &m);
	wide runs = m.word | m.high, camel = m.upper & m.lower << 1;
	unsigned words = positions((runs & ~(runs << 1)) | camel, starts);
	(void)positions((runs & ~(runs >> 1)) | camel >> 1, ends);
	for (unsigned i = 0; i < words && n < max; i++) {
		unsigned start = starts[i], end = ends[i] + 1u;
		if (m.high != 0) {
			unsigned last = i;
			while (last + 1 < words && starts[last + 1] == ends[last] + 1u)
				last++;
			if (any(m.high, start, ends[last] + 1u)) {
				n += cut_slowly(text, start, ends[last] + 1u, v + n, max - n);
				i = last;
				continue;
			}
		}
		unsigned length = end - start;
		unsigned hashed = length - (length > 3 && length < HASHED && low[end - 1] == 's');
		v[n++] = (struct word){hash_of(low + start, hashed), start, end};
	}
	explicit_bzero(low, sizeof low);
	return n;
}

size_t words_of(struct span text, struct word *v, size_t max)
{
	return text.n <= WINDOW ? cut_at_once(text, v, max) : cut_slowly(text, 0, text.n, v, max);
}
