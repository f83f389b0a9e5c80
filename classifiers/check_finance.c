/* Cards, accounts, securities. Sources: ISO/IEC 7812, ISO 13616 and the IBAN registry, ISO 6166, ISO 17442. */
#include "classifiers/check.h"

#include "classifiers/digits.h"
#include "classifiers/iban.h"

#define W(...) ((const uint8_t[]){__VA_ARGS__})

static unsigned two(const char *c)
{
	return digit(c[0]) * 10 + digit(c[1]);
}

/* Does the issuer range allow this length? Ranges as of ISO/IEC 7812 registrants' own publications. */
static bool card_length(const char *c, size_t n)
{
	unsigned p4 = (unsigned)digits_value(c, 4), p3 = p4 / 10, p2 = p4 / 100;
	if (c[0] == '4') /* Visa */
		return n == 13 || n == 16 || n == 19;
	if ((p2 >= 51 && p2 <= 55) || (p4 >= 2221 && p4 <= 2720)) /* Mastercard */
		return n == 16;
	if (p2 == 34 || p2 == 37) /* American Express */
		return n == 15;
	if (p2 == 36 || p2 == 38 || p2 == 39 || (p3 >= 300 && p3 <= 305)) /* Diners Club */
		return n == 14 || n == 16;
	if (p4 >= 3528 && p4 <= 3589) /* JCB */
		return n == 16 || n == 19;
	if (p4 == 6011 || p2 == 65 || (p3 >= 644 && p3 <= 649) || p2 == 62 || p2 == 60 ||
	    p2 == 81) /* Discover, UnionPay, RuPay */
		return n == 16 || n == 19;
	if (p4 >= 2200 && p4 <= 2204) /* Mir */
		return n == 16 || n == 19;
	if (p2 == 50 || (p2 >= 56 && p2 <= 58) || p2 == 63 || p2 == 67) /* Maestro */
		return n == 12 || (n >= 15 && n <= 19);
	return false;
}

bool check_card(const char *c, size_t n)
{
	if (n < 12 || n > 19 || digits_uniform(c, n))
		return false;
	return card_length(c, n) && digits_luhn(c, n);
}

struct iban_country {
	char code[3];
	uint8_t length;
};

static const struct iban_country iban_countries[] = {
	{"AD", 24}, {"AE", 23}, {"AL", 28}, {"AT", 20}, {"AZ", 28}, {"BA", 20}, {"BE", 16}, {"BG", 22}, {"BH", 22},
	{"BI", 27}, {"BR", 29}, {"BY", 28}, {"CH", 21}, {"CR", 22}, {"CY", 28}, {"CZ", 24}, {"DE", 22}, {"DJ", 27},
	{"DK", 18}, {"DO", 28}, {"EE", 20}, {"EG", 29}, {"ES", 24}, {"FI", 18}, {"FK", 18}, {"FO", 18}, {"FR", 27},
	{"GB", 22}, {"GE", 22}, {"GI", 23}, {"GL", 18}, {"GR", 27}, {"GT", 28}, {"HN", 28}, {"HR", 21}, {"HU", 28},
	{"IE", 22}, {"IL", 23}, {"IQ", 23}, {"IS", 26}, {"IT", 27}, {"JO", 30}, {"KW", 30}, {"KZ", 20}, {"LB", 28},
	{"LC", 32}, {"LI", 21}, {"LT", 20}, {"LU", 20}, {"LV", 21}, {"LY", 25}, {"MC", 27}, {"MD", 24}, {"ME", 22},
	{"MK", 19}, {"MN", 20}, {"MR", 27}, {"MT", 31}, {"MU", 30}, {"NI", 28}, {"NL", 18}, {"NO", 15}, {"OM", 23},
	{"PK", 24}, {"PL", 28}, {"PS", 29}, {"PT", 25}, {"QA", 29}, {"RO", 24}, {"RS", 22}, {"RU", 33}, {"SA", 24},
	{"SC", 31}, {"SD", 18}, {"SE", 24}, {"SI", 19}, {"SK", 24}, {"SM", 27}, {"SO", 23}, {"ST", 25}, {"SV", 28},
	{"TL", 23}, {"TN", 24}, {"TR", 26}, {"UA", 29}, {"VA", 22}, {"VG", 24}, {"XK", 20}, {"YE", 30},
};

size_t iban_length(const char country[2])
{
	for (size_t i = 0; i < sizeof iban_countries / sizeof *iban_countries; i++)
		if (memcmp(iban_countries[i].code, country, 2) == 0)
			return iban_countries[i].length;
	return 0;
}

/* Upper-case letters and digits of c into out; 0 if there are other bytes than those and spaces, or too many. */
static size_t compact(const char *c, size_t n, char *out, size_t cap)
{
	size_t k = 0;
	for (size_t i = 0; i < n; i++) {
		char ch = c[i] >= 'a' && c[i] <= 'z' ? (char)(c[i] - 32) : c[i];
		if (ch == ' ' || ch == '-')
			continue;
		if (base36(ch) > 35 || k == cap)
			return 0;
		out[k++] = ch;
	}
	return k;
}

bool check_iban(const char *c, size_t n)
{
	char v[34];
	size_t k = compact(c, n, v, sizeof v);
	if (k < 15 || iban_length(v) != k)
		return false;
	return digits_mod97(v, 4, digits_mod97(v + 4, k - 4, 0)) == 1;
}

bool check_bic(const char *c, size_t n)
{
	static const char countries[] =
		"ATBEBGCHCYCZDEDKEEESFIFRGBGRHRHUIEITLTLULVMTNLNOPLPTROSESISKUSCAAUNZINCNJPKRSGBRMX"
		"ZATRAEHKLIMCSMISUAILRSTHMYIDPHTW";
	for (size_t i = 0; i + 1 < sizeof countries && n >= 8; i += 2)
		if (memcmp(c + 4, countries + i, 2) == 0)
			return true;
	return false;
}

bool check_us_aba(const char *c, size_t n)
{
	if (n != 9)
		return false;
	unsigned p = two(c);
	bool prefix = p <= 12 || (p >= 21 && p <= 32) || (p >= 61 && p <= 72) || p == 80;
	return prefix && !digits_uniform(c, n) && digits_weighted(c, W(3, 7, 1, 3, 7, 1, 3, 7, 1), 9) % 10 == 0;
}

bool check_account(const char *c, size_t n)
{
	size_t digits = 0;
	for (size_t i = 0; i < n; i++)
		digits += is_digit(c[i]);
	return digits >= 6 && digits <= 20 && !digits_uniform(c, n);
}

bool check_mx_clabe(const char *c, size_t n)
{
	unsigned sum = 0;
	for (size_t i = 0; i < 17 && n == 18; i++)
		sum += digit(c[i]) * W(3, 7, 1)[i % 3] % 10;
	return n == 18 && (10 - sum % 10) % 10 == digit(c[17]);
}

static unsigned ccc_digit(const char *c, size_t n, const uint8_t *w)
{
	unsigned r = 11 - digits_weighted(c, w, n) % 11;
	return r == 10 ? 1 : r == 11 ? 0 : r;
}

bool check_es_ccc(const char *c, size_t n)
{
	static const uint8_t w[] = {1, 2, 4, 8, 5, 10, 9, 7, 3, 6};
	return n == 20 && !digits_uniform(c, n) && ccc_digit(c, 8, w + 2) == digit(c[8]) &&
	       ccc_digit(c + 10, 10, w) == digit(c[9]);
}

bool check_no_konto(const char *c, size_t n)
{
	return n == 11 && digits_weighted(c, W(5, 4, 3, 2, 7, 6, 5, 4, 3, 2, 1), 11) % 11 == 0;
}

bool check_isin(const char *c, size_t n)
{
	char v[24];
	size_t k = 0;
	if (n != 12)
		return false;
	for (size_t i = 0; i < n; i++) {
		unsigned d = base36(c[i]);
		if (d > 9)
			v[k++] = (char)('0' + d / 10);
		v[k++] = (char)('0' + d % 10);
	}
	/* A prefix of a numbering agency: a country or one of the X codes. */
	bool country = iban_length(c) > 0 || memcmp(c, "US", 2) == 0 || c[0] == 'X' || memcmp(c, "CA", 2) == 0 ||
		       memcmp(c, "JP", 2) == 0 || memcmp(c, "AU", 2) == 0 || memcmp(c, "CN", 2) == 0 ||
		       memcmp(c, "HK", 2) == 0 || memcmp(c, "KY", 2) == 0 || memcmp(c, "BM", 2) == 0 ||
		       memcmp(c, "IN", 2) == 0 || memcmp(c, "KR", 2) == 0 || memcmp(c, "ZA", 2) == 0;
	return country && digits_luhn(v, k);
}

bool check_lei(const char *c, size_t n)
{
	return n == 20 && !digits_all(c, n) && digits_mod97(c, n, 0) == 1;
}
