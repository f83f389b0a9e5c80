#include "config/value.h"

struct unit {
	const char *name;
	uint64_t factor;
};

/* A whole number, perhaps a space, and one of the units (ending in a NULL name). */
static bool with_unit(struct span s, const struct unit *units, uint64_t *out)
{
	size_t digits = 0;
	while (digits < s.n && s.p[digits] >= '0' && s.p[digits] <= '9')
		digits++;
	uint64_t number;
	if (!span_u64(span_sub(s, 0, digits), &number))
		return false;
	size_t space = digits < s.n && s.p[digits] == ' ';
	struct span name = span_sub(s, digits + space, s.n);
	for (const struct unit *u = units; u->name != NULL; u++)
		if (span_eq(name, span_str(u->name)))
			return !__builtin_mul_overflow(number, u->factor, out);
	return false;
}

bool value_ms(struct span s, uint64_t *ms)
{
	static const struct unit units[] = {{"ms", 1},         {"s", 1000},        {"min", 60000}, {"h", 3600000},
					    {"day", 86400000}, {"days", 86400000}, {NULL, 0}};
	return with_unit(s, units, ms);
}

bool value_days(struct span s, uint64_t *days)
{
	static const struct unit units[] = {{"day", 1}, {"days", 1}, {"week", 7}, {"weeks", 7}, {NULL, 0}};
	return with_unit(s, units, days);
}

bool value_months(struct span s, uint64_t *months)
{
	static const struct unit units[] = {{"month", 1}, {"months", 1}, {"year", 12}, {"years", 12}, {NULL, 0}};
	return with_unit(s, units, months);
}

bool value_bytes(struct span s, uint64_t *bytes)
{
	static const struct unit units[] = {
		{"B", 1}, {"KiB", 1ull << 10}, {"MiB", 1ull << 20}, {"GiB", 1ull << 30}, {"TiB", 1ull << 40},
		{NULL, 0}};
	return with_unit(s, units, bytes);
}

static bool is_leap(uint64_t year)
{
	return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
}

bool value_date(struct span s, int64_t *day)
{
	static const uint8_t lengths[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
	uint64_t y, m, d;
	if (s.n != 10 || s.p[4] != '-' || s.p[7] != '-' || !span_u64(span_sub(s, 0, 4), &y) ||
	    !span_u64(span_sub(s, 5, 7), &m) || !span_u64(span_sub(s, 8, 10), &d))
		return false;
	if (y < 1970 || m < 1 || m > 12 || d < 1 || d > (uint64_t)lengths[m - 1] + (m == 2 && is_leap(y)))
		return false;
	int64_t days = (int64_t)d - 1;
	for (uint64_t i = 1970; i < y; i++)
		days += is_leap(i) ? 366 : 365;
	for (uint64_t i = 1; i < m; i++)
		days += lengths[i - 1] + (i == 2 && is_leap(y));
	*day = days;
	return true;
}

static int hex_digit(uint8_t c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

bool value_hex32(struct span s, uint8_t out[32])
{
	if (s.n != 64)
		return false;
	for (size_t i = 0; i < 32; i++) {
		int hi = hex_digit(s.p[2 * i]), lo = hex_digit(s.p[2 * i + 1]);
		if (hi < 0 || lo < 0)
			return false;
		out[i] = (uint8_t)(hi << 4 | lo);
	}
	return true;
}

static int base64_digit(uint8_t c)
{
	if (c >= 'A' && c <= 'Z')
		return c - 'A';
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 26;
	if (c >= '0' && c <= '9')
		return c - '0' + 52;
	return c == '+' ? 62 : c == '/' ? 63 : -1;
}

bool value_base64_32(struct span s, uint8_t out[32])
{
	/* 43 digits of 6 bits: 256 bits of value and 2 spare ones. */
	uint32_t bits = 0;
	unsigned held = 0;
	size_t n = 0;
	if (s.n != 44 || s.p[43] != '=')
		return false;
	for (size_t i = 0; i < 43; i++) {
		int digit = base64_digit(s.p[i]);
		if (digit < 0)
			return false;
		bits = bits << 6 | (uint32_t)digit;
		held += 6;
		if (held >= 8 && n < 32) {
			held -= 8;
			out[n++] = (uint8_t)(bits >> held);
		}
	}
	return n == 32 && (bits & 3) == 0;
}

/* ISO 3166-1 alpha-2, officially assigned (249), and XK, which databases of addresses use for Kosovo. */
static const char assigned[] = "ADAEAFAGAIALAMAOAQARASATAUAWAXAZBABBBDBEBFBGBHBIBJBLBMBNBOBQBRBSBTBVBWBYBZCACCCDCFCGCHC"
			       "ICKCLCMCNCOCRCUCVCWCXCYCZ"
			       "DEDJDKDMDODZECEEEGEHERESETFIFJFKFMFOFRGAGBGDGEGFGGGHGIGLGMGNGPGQGRGSGTGUGWGYHKHMHNHRHTH"
			       "UIDIEILIMINIOIQIRISITJEJM"
			       "JOJPKEKGKHKIKMKNKPKRKWKYKZLALBLCLILKLRLSLTLULVLYMAMCMDMEMFMGMHMKMLMMMNMOMPMQMRMSMTMUMVM"
			       "WMXMYMZNANCNENFNGNINLNONP"
			       "NRNUNZOMPAPEPFPGPHPKPLPMPNPRPSPTPWPYQARERORSRURWSASBSCSDSESGSHSISJSKSLSMSNSOSRSSSTSVSXS"
			       "YSZTCTDTFTGTHTJTKTLTMTNTO"
			       "TRTTTVTWTZUAUGUMUSUYUZVAVCVEVGVIVNVUWFWSXKYEYTZAZMZW";

country value_country(struct span s)
{
	if (s.n == 2)
		for (size_t i = 0; i + 1 < sizeof assigned; i += 2)
			if (memcmp(assigned + i, s.p, 2) == 0)
				return country_parse(s);
	return COUNTRY_NONE;
}
