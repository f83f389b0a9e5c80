/* Personal and tax numbers of the Americas, Asia, Oceania and Africa. Sources: the issuing authorities' rules. */
#include "classifiers/check.h"

#include "classifiers/digits.h"

#define W(...) ((const uint8_t[]){__VA_ARGS__})

static unsigned two(const char *c)
{
	return digit(c[0]) * 10 + digit(c[1]);
}

bool check_any(const char *c, size_t n)
{
	return c != NULL && n > 0;
}

bool check_luhn(const char *c, size_t n)
{
	return digits_luhn(c, n) && !digits_uniform(c, n);
}

bool check_us_ssn(const char *c, size_t n)
{
	if (n != 9 || c[0] == '9' || memcmp(c, "000", 3) == 0 || memcmp(c, "666", 3) == 0)
		return false;
	if (two(c + 3) == 0 || memcmp(c + 5, "0000", 4) == 0 || digits_uniform(c, n))
		return false;
	/* Printed in advertisements and therefore never valid. */
	return memcmp(c, "078051120", 9) != 0 && memcmp(c, "219099999", 9) != 0 && memcmp(c, "123456789", 9) != 0;
}

bool check_us_itin(const char *c, size_t n)
{
	if (n != 9)
		return false;
	unsigned g = two(c + 3);
	return (g >= 50 && g <= 65) || (g >= 70 && g <= 88) || (g >= 90 && g <= 92) || (g >= 94 && g <= 99);
}

bool check_us_ein(const char *c, size_t n)
{
	/* Two-digit prefixes that no campus of the tax authority assigns. */
	static const uint8_t never[] = {0, 7, 8, 9, 17, 18, 19, 28, 29, 49, 69, 70, 78, 79, 89, 96, 97};
	return n == 9 && memchr(never, (int)two(c), sizeof never) == NULL;
}

bool check_br_cpf(const char *c, size_t n)
{
	if (n != 11 || digits_uniform(c, n))
		return false;
	return digits_weighted(c, W(10, 9, 8, 7, 6, 5, 4, 3, 2), 9) * 10 % 11 % 10 == digit(c[9]) &&
	       digits_weighted(c, W(11, 10, 9, 8, 7, 6, 5, 4, 3, 2), 10) * 10 % 11 % 10 == digit(c[10]);
}

bool check_br_cnpj(const char *c, size_t n)
{
	static const uint8_t w[] = {6, 5, 4, 3, 2, 9, 8, 7, 6, 5, 4, 3, 2};
	if (n != 14 || digits_uniform(c, n))
		return false;
	for (size_t k = 12; k < 14; k++) {
		unsigned sum = 0;
		for (size_t i = 0; i < k; i++)
			sum += (unsigned)(c[i] - '0') * w[i + 13 - k];
		unsigned r = sum % 11;
		if ((r < 2 ? 0 : 11 - r) != digit(c[k]))
			return false;
	}
	return true;
}

bool check_mx_curp(const char *c, size_t n)
{
	/* The federal entities, NE for born abroad. */
	static const char states[] = "ASBCBSCCCLCMCSCHDFDGGTGRHGJCMCMNMSNTNLOCPLQTQRSPSLSRTCTSTLVZYNZSNE";
	bool state = false;
	for (size_t i = 0; i + 1 < sizeof states && n == 18; i += 2)
		state = state || memcmp(c + 11, states + i, 2) == 0;
	if (n != 18 || !state || !date_yymmdd(c + 4))
		return false;
	unsigned sum = 0;
	for (unsigned i = 0; i < 17; i++) {
		unsigned v = base36(c[i]);
		sum += (v > 23 ? v + 1 : v) * (18 - i); /* the alphabet has Ñ after N */
	}
	return (10 - sum % 10) % 10 == digit(c[17]);
}

bool check_ar_cuil(const char *c, size_t n)
{
	if (n != 11 || strchr("0347", c[1]) == NULL)
		return false;
	unsigned r = 11 - digits_weighted(c, W(5, 4, 3, 2, 7, 6, 5, 4, 3, 2), 10) % 11;
	return (r == 11 ? 0 : r == 10 ? 9 : r) == digit(c[10]);
}

bool check_cl_rut(const char *c, size_t n)
{
	if (n != 8 && n != 9)
		return false;
	unsigned sum = 0;
	for (size_t i = 0; i + 1 < n; i++)
		sum += digit(c[n - 2 - i]) * (unsigned)(2 + i % 6);
	unsigned r = 11 - sum % 11;
	return c[n - 1] == (r == 10 ? 'K' : r == 11 ? '0' : (char)('0' + r));
}

bool check_co_nit(const char *c, size_t n)
{
	static const uint8_t w[] = {3, 7, 13, 17, 19, 23, 29, 37, 41, 43};
	if (n < 9 || n > 11)
		return false;
	unsigned sum = 0;
	for (size_t i = 0; i + 1 < n; i++)
		sum += digit(c[n - 2 - i]) * w[i];
	return "01987654321"[sum % 11] == c[n - 1];
}

bool check_au_tfn(const char *c, size_t n)
{
	static const uint8_t nine[] = {1, 4, 3, 7, 5, 8, 6, 9, 10};
	static const uint8_t eight[] = {10, 7, 8, 4, 6, 3, 5, 1};
	if (digits_uniform(c, n))
		return false;
	return (n == 9 && digits_weighted(c, nine, 9) % 11 == 0) || (n == 8 && digits_weighted(c, eight, 8) % 11 == 0);
}

bool check_au_abn(const char *c, size_t n)
{
	if (n != 11 || c[0] == '0')
		return false;
	return (digits_weighted(c, W(10, 1, 3, 5, 7, 9, 11, 13, 15, 17, 19), 11) - 10) % 89 == 0;
}

bool check_au_acn(const char *c, size_t n)
{
	return n == 9 && !digits_uniform(c, n) &&
	       (10 - digits_weighted(c, W(8, 7, 6, 5, 4, 3, 2, 1), 8) % 10) % 10 == digit(c[8]);
}

bool check_nz_ird(const char *c, size_t n)
{
	char v[9];
	if (n != 8 && n != 9)
		return false;
	v[0] = '0';
	memcpy(v + 9 - n, c, n);
	uint64_t number = digits_value(v, 9);
	if (number < 10000000 || number > 150000000)
		return false;
	unsigned r = digits_weighted(v, W(3, 2, 7, 6, 5, 4, 3, 2), 8) % 11;
	if (r == 1)
		r = digits_weighted(v, W(7, 4, 3, 2, 5, 2, 7, 6), 8) % 11;
	return r != 1 && (11 - r) % 11 == digit(v[8]);
}

bool check_in_aadhaar(const char *c, size_t n)
{
	if (n != 12)
		return false;
	bool palindrome = true;
	for (size_t i = 0; i < 6; i++)
		palindrome = palindrome && c[i] == c[11 - i];
	return !palindrome && digits_verhoeff(c, 12);
}

bool check_in_pan(const char *c, size_t n)
{
	return n == 10 && memcmp(c + 5, "0000", 4) != 0;
}

bool check_in_gstin(const char *c, size_t n)
{
	return n == 15 && two(c) >= 1 && two(c) <= 38 && digits_luhn36(c, n);
}

bool check_cn_ric(const char *c, size_t n)
{
	static const uint8_t w[] = {7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2};
	if (n != 18)
		return false;
	unsigned year = (unsigned)digits_value(c + 6, 4);
	return year >= 1900 && year < 2100 && date_valid(year, two(c + 10), two(c + 12)) &&
	       "10X98765432"[digits_weighted(c, w, 17) % 11] == c[17];
}

bool check_jp_mynumber(const char *c, size_t n)
{
	if (n != 12 || digits_uniform(c, n))
		return false;
	unsigned r = digits_weighted(c, W(6, 5, 4, 3, 2, 7, 6, 5, 4, 3, 2), 11) % 11;
	return (r <= 1 ? 0 : 11 - r) == digit(c[11]);
}

bool check_kr_rrn(const char *c, size_t n)
{
	/* Numbers issued since October 2020 have no checksum; those are not found. */
	return n == 13 && date_yymmdd(c) &&
	       (11 - digits_weighted(c, W(2, 3, 4, 5, 6, 7, 8, 9, 2, 3, 4, 5), 12) % 11) % 10 == digit(c[12]);
}

bool check_kr_brn(const char *c, size_t n)
{
	if (n != 10)
		return false;
	unsigned sum = digits_weighted(c, W(1, 3, 7, 1, 3, 7, 1, 3, 5), 9) + digit(c[8]) * 5 / 10;
	return (10 - sum % 10) % 10 == digit(c[9]);
}

bool check_sg_nric(const char *c, size_t n)
{
	if (n != 9)
		return false;
	unsigned sum = digits_weighted(c + 1, W(2, 7, 6, 5, 4, 3, 2), 7);
	switch (c[0]) {
	case 'S':
		return "JZIHGFEDCBA"[sum % 11] == c[8];
	case 'T':
		return "JZIHGFEDCBA"[(sum + 4) % 11] == c[8];
	case 'F':
		return "XWUTRQPNMLK"[sum % 11] == c[8];
	case 'G':
		return "XWUTRQPNMLK"[(sum + 4) % 11] == c[8];
	case 'M':
		return "XWUTRQPNJLK"[(sum + 3) % 11] == c[8];
	}
	return false;
}

bool check_tw_id(const char *c, size_t n)
{
	/* Values 10..35 in this order of letters. */
	static const char order[] = "ABCDEFGHJKLMNPQRSTUVXYWZIO";
	const char *at = n == 10 ? strchr(order, c[0]) : NULL;
	if (at == NULL || c[0] == '\0')
		return false;
	unsigned v = (unsigned)(at - order) + 10;
	unsigned sum = v / 10 + v % 10 * 9 + digits_weighted(c + 1, W(8, 7, 6, 5, 4, 3, 2, 1, 1), 9);
	return sum % 10 == 0;
}

bool check_hk_hkid(const char *c, size_t n)
{
	if (n != 8 && n != 9)
		return false;
	unsigned sum = n == 8 ? 36 * 9 : 0;
	for (size_t i = 0; i + 1 < n; i++)
		sum += base36(c[i]) * (unsigned)(n - i);
	unsigned r = (11 - sum % 11) % 11;
	return c[n - 1] == (r == 10 ? 'A' : (char)('0' + r));
}

bool check_th_pin(const char *c, size_t n)
{
	static const uint8_t w[] = {13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2};
	return n == 13 && (11 - digits_weighted(c, w, 12) % 11) % 10 == digit(c[12]);
}

bool check_id_nik(const char *c, size_t n)
{
	if (n != 16 || two(c) < 11 || two(c) > 97)
		return false;
	unsigned day = two(c + 6);
	return date_mmdd(two(c + 8), day > 40 ? day - 40 : day) && memcmp(c + 12, "0000", 4) != 0;
}

bool check_my_nric(const char *c, size_t n)
{
	unsigned place = n == 12 ? two(c + 6) : 0;
	bool valid = (place >= 1 && place <= 16) || (place >= 21 && place <= 59) || place == 82 ||
		     (place >= 60 && place <= 99 && place != 69 && place != 70 && place != 73 && place != 80 &&
		      place != 81 && place != 94 && place != 95 && place != 96 && place != 97);
	return n == 12 && valid && date_yymmdd(c);
}

bool check_za_id(const char *c, size_t n)
{
	return n == 13 && date_yymmdd(c) && digits_luhn(c, n);
}
