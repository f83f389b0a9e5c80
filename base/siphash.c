#include "base/siphash.h"

static uint64_t rotl(uint64_t x, int b)
{
	return x << b | x >> (64 - b);
}

static uint64_t load64(const uint8_t *p)
{
	uint64_t v;
	memcpy(&v, p, sizeof v);
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
	v = __builtin_bswap64(v);
#endif
	return v;
}

static inline __attribute__((always_inline)) void rounds(struct siphash *h, int n)
{
	while (n-- > 0) {
		h->v0 += h->v1;
		h->v1 = rotl(h->v1, 13) ^ h->v0;
		h->v0 = rotl(h->v0, 32);
		h->v2 += h->v3;
		h->v3 = rotl(h->v3, 16) ^ h->v2;
		h->v0 += h->v3;
		h->v3 = rotl(h->v3, 21) ^ h->v0;
		h->v2 += h->v1;
		h->v1 = rotl(h->v1, 17) ^ h->v2;
		h->v2 = rotl(h->v2, 32);
	}
}

static inline __attribute__((always_inline)) void absorb(struct siphash *h, uint64_t m)
{
	h->v3 ^= m;
	rounds(h, 2);
	h->v0 ^= m;
}

void siphash_init(struct siphash *h, const uint8_t key[16])
{
	uint64_t k0 = load64(key), k1 = load64(key + 8);
	*h = (struct siphash){
		.v0 = k0 ^ 0x736f6d6570736575u,
		.v1 = k1 ^ 0x646f72616e646f6du ^ 0xee, /* 0xee: the 128-bit variant */
		.v2 = k0 ^ 0x6c7967656e657261u,
		.v3 = k1 ^ 0x7465646279746573u,
	};
}

void siphash_add(struct siphash *h, struct span s)
{
	struct siphash state = *h; /* of our own: stays in registers, as nobody else can point to it */
	size_t i = 0;
	for (; i < s.n && ((state.total + i) & 7) != 0; i++) {
		state.tail |= (uint64_t)s.p[i] << 8 * ((state.total + i) & 7);
		if (((state.total + i) & 7) == 7) {
			absorb(&state, state.tail);
			state.tail = 0;
		}
	}
	for (; s.n - i >= 8; i += 8)
		absorb(&state, load64(s.p + i));
	for (; i < s.n; i++)
		state.tail |= (uint64_t)s.p[i] << 8 * ((state.total + i) & 7);
	state.total += s.n;
	*h = state;
}

void siphash_add_field(struct siphash *h, struct span s)
{
	uint8_t len[8];
	for (int i = 0; i < 8; i++)
		len[i] = (uint8_t)((uint64_t)s.n >> 8 * i);
	siphash_add(h, span_of(len, sizeof len));
	siphash_add(h, s);
}

struct hash128 siphash_final(struct siphash *h)
{
	absorb(h, h->tail | (uint64_t)h->total << 56);
	h->v2 ^= 0xee;
	rounds(h, 4);
	uint64_t lo = h->v0 ^ h->v1 ^ h->v2 ^ h->v3;
	h->v1 ^= 0xdd;
	rounds(h, 4);
	uint64_t hi = h->v0 ^ h->v1 ^ h->v2 ^ h->v3;
	explicit_bzero(h, sizeof *h);
	return (struct hash128){lo, hi};
}

struct hash128 siphash128(const uint8_t key[16], struct span s)
{
	struct siphash h;
	siphash_init(&h, key);
	siphash_add(&h, s);
	return siphash_final(&h);
}
