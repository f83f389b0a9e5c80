#include "base/ip.h"

#include <arpa/inet.h>

#include "base/assert.h"

static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};

bool ip_parse(struct span s, uint8_t ip[16])
{
	char text[INET6_ADDRSTRLEN];
	if (s.n == 0 || s.n >= sizeof text || memchr(s.p, 0, s.n) != NULL)
		return false;
	memcpy(text, s.p, s.n);
	text[s.n] = '\0';
	if (inet_pton(AF_INET, text, ip + sizeof mapped) == 1) {
		memcpy(ip, mapped, sizeof mapped);
		return true;
	}
	return inet_pton(AF_INET6, text, ip) == 1;
}

static bool same_bits(const uint8_t *a, const uint8_t *b, unsigned bits)
{
	unsigned whole = bits / 8, rest = bits % 8;
	if (memcmp(a, b, whole) != 0)
		return false;
	return rest == 0 || ((a[whole] ^ b[whole]) >> (8 - rest)) == 0;
}

bool cidr_has(const struct cidr *c, const uint8_t ip[16])
{
	return same_bits(c->ip, ip, c->bits);
}

/* An address bit behind the prefix is a slip of the pen: 10.20.0.5/16 is not a network. */
static bool is_network(const struct cidr *c)
{
	for (unsigned bit = c->bits; bit < 128; bit++)
		if ((c->ip[bit / 8] >> (7 - bit % 8) & 1) != 0)
			return false;
	return true;
}

bool cidr_parse(struct span s, struct cidr *out)
{
	size_t slash = span_find(s, '/');
	struct cidr c = {.bits = 128, .cc = COUNTRY_NONE};
	if (!ip_parse(span_sub(s, 0, slash), c.ip))
		return false;
	if (slash < s.n) {
		struct span digits = span_sub(s, slash + 1, s.n);
		bool v4 = memchr(s.p, ':', slash) == NULL;
		uint64_t bits;
		if (digits.n > 3 || !span_u64(digits, &bits) || bits > (v4 ? 32 : 128))
			return false;
		c.bits = (uint8_t)(v4 ? bits + 96 : bits);
	}
	if (!is_network(&c))
		return false;
	*out = c;
	return true;
}

static bool in_blocks(const uint8_t ip[16])
{
	static const struct {
		const char *prefix;
		uint8_t bits;
	} blocks[] = {
#define SPECIAL(prefix, bits, source) {prefix, bits},
#include "base/special_address.def"
#undef SPECIAL
	};
	for (size_t i = 0; i < sizeof blocks / sizeof *blocks; i++) {
		uint8_t prefix[16];
		INVARIANT(ip_parse(span_str(blocks[i].prefix), prefix));
		bool v4 = memcmp(prefix, mapped, sizeof mapped) == 0;
		if (same_bits(prefix, ip, blocks[i].bits + (v4 ? 96u : 0u)))
			return true;
	}
	return false;
}

bool ip_is_private(const uint8_t ip[16])
{
	static const uint8_t nat64[12] = {0x00, 0x64, 0xff, 0x9b};
	uint8_t inner[16];
	memcpy(inner, mapped, sizeof mapped);
	if (memcmp(ip, mapped, sizeof mapped) == 0)
		return in_blocks(ip);
	if (memcmp(ip, nat64, sizeof nat64) == 0) {
		memcpy(inner + 12, ip + 12, 4);
		return in_blocks(inner);
	}
	if (ip[0] == 0x20 && ip[1] == 0x02) { /* 6to4, RFC 3056 */
		memcpy(inner + 12, ip + 2, 4);
		return in_blocks(inner);
	}
	/* Only 2000::/3 has been given out as global unicast. */
	return (ip[0] & 0xe0) != 0x20 || in_blocks(ip);
}
