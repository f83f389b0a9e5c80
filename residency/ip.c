#include "residency/residency.h"

#include <arpa/inet.h>

static const uint8_t v4_prefix[12] = {[10] = 0xff, [11] = 0xff};

bool ip_parse(struct span s, uint8_t ip[16])
{
	char text[INET6_ADDRSTRLEN];
	if (s.n == 0 || s.n >= sizeof text || memchr(s.p, 0, s.n) != NULL)
		return false;
	memcpy(text, s.p, s.n);
	text[s.n] = '\0';
	if (inet_pton(AF_INET, text, ip + 12) == 1) {
		memcpy(ip, v4_prefix, sizeof v4_prefix);
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

/* IANA special-purpose address registries (RFC 6890 and updates): not globally reachable, or not unicast. */
static const struct {
	uint8_t bits;
	uint8_t ip[16];
} special[] = {
#define V4(a, b, c, d, n)                                                                                              \
	{                                                                                                              \
		96 + (n),                                                                                              \
		{                                                                                                      \
			[10] = 0xff, [11] = 0xff, [12] = (a), [13] = (b), [14] = (c), [15] = (d)                       \
		}                                                                                                      \
	}
	V4(0, 0, 0, 0, 8),       /* this network */
	V4(10, 0, 0, 0, 8),      /* private, RFC 1918 */
	V4(100, 64, 0, 0, 10),   /* shared, RFC 6598 */
	V4(127, 0, 0, 0, 8),     /* loopback */
	V4(169, 254, 0, 0, 16),  /* link-local; cloud metadata services */
	V4(172, 16, 0, 0, 12),   /* private */
	V4(192, 0, 0, 0, 24),    /* IETF protocol assignments */
	V4(192, 0, 2, 0, 24),    /* documentation */
	V4(192, 88, 99, 0, 24),  /* 6to4 relays, withdrawn */
	V4(192, 168, 0, 0, 16),  /* private */
	V4(198, 18, 0, 0, 15),   /* benchmarking */
	V4(198, 51, 100, 0, 24), /* documentation */
	V4(203, 0, 113, 0, 24),  /* documentation */
	V4(224, 0, 0, 0, 4),     /* multicast */
	V4(240, 0, 0, 0, 4),     /* reserved, broadcast */
#undef V4
	{96, {0}},                                  /* unspecified, loopback, IPv4-compatible */
	{96, {0x00, 0x64, 0xff, 0x9b}},             /* NAT64: an embedded address we did not look at */
	{48, {0x00, 0x64, 0xff, 0x9b, 0x00, 0x01}}, /* NAT64, local use */
	{64, {0x01, 0x00}},                         /* discard */
	{23, {0x20, 0x01}},                         /* IETF protocol assignments, Teredo among them */
	{32, {0x20, 0x01, 0x0d, 0xb8}},             /* documentation */
	{16, {0x20, 0x02}},                         /* 6to4: an embedded address we did not look at */
	{20, {0x3f, 0xff}},                         /* documentation, RFC 9637 */
	{16, {0x5f, 0x00}},                         /* segment routing SIDs */
	{7, {0xfc}},                                /* unique-local */
	{10, {0xfe, 0x80}},                         /* link-local */
	{10, {0xfe, 0xc0}},                         /* site-local, deprecated */
	{8, {0xff}},                                /* multicast */
};

bool ip_is_private(const uint8_t ip[16])
{
	for (size_t i = 0; i < sizeof special / sizeof *special; i++)
		if (same_bits(special[i].ip, ip, special[i].bits))
			return true;
	return false;
}
