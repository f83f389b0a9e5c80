/* Personal, tax and health numbers of Spain, the Nordic countries, Great Britain, Switzerland and Europe's east. */
#include "classifiers/check.h"

#include "classifiers/digits.h"

#define W(...) ((const uint8_t[]){__VA_ARGS__})

static unsigned two(const char *c)
{
	return digit(c[0]) * 10 + digit(c[1]);
}

static bool dni_letter(uint64_t number, char letter)
{
	return "TRWAGMYFPDXBNJZSQVHLCKE"[number % 23] == letter;
}

bool check_es_dni(const char *c, size_t n)
{
	return n == 9 && digits_value(c, 8) > 0 && dni_letter(digits_value(c, 8), c[8]);
}

bool check_es_nie(const char *c, size_t n)
{
	return n == 9 && dni_letter((uint64_t)(c[0] - 'X') * 10000000 + digits_value(c + 1, 7), c[8]);
}

bool check_es_nuss(const char *c, size_t n)
{
	if (n != 12)
		return false;
	uint64_t province = digits_value(c, 2), number = digits_value(c + 2, 8);
	if (province == 0 || province > 66)
		return false;
	uint64_t v = number < 10000000 ? province * 10000000 + number : province * 100000000 + number;
	return v % 97 == digits_value(c + 10, 2);
}

bool check_se_pnr(const char *c, size_t n)
{
	size_t skip = n == 12 ? 2 : 0;
	if (n - skip != 10 || (n == 12 && two(c) != 19 && two(c) != 20))
		return false;
	unsigned day = two(c + skip + 4);
	return date_mmdd(two(c + skip + 2), day > 60 ? day - 60 : day) && digits_luhn(c + skip, 10);
}

bool check_gb_nhs(const char *c, size_t n)
{
	if (n != 10 || digits_uniform(c, n))
		return false;
	unsigned r = 11 - digits_weighted(c, W(10, 9, 8, 7, 6, 5, 4, 3, 2), 9) % 11;
	return r != 10 && (r == 11 ? 0 : r) == digit(c[9]);
}

bool check_gb_nino(const char *c, size_t n)
{
	static const char never[][3] = {"BG", "GB", "NK", "KN", "NT", "TN", "ZZ"};
	if (n != 9 || strchr("DFIQUV", c[0]) != NULL || strchr("DFIOQUV", c[1]) != NULL)
		return false;
	for (size_t i = 0; i < sizeof never / sizeof *never; i++)
		if (memcmp(c, never[i], 2) == 0)
			return false;
	return true;
}

bool check_gb_utr(const char *c, size_t n)
{
	if (n != 10 && n != 11)
		return false;
	return "21987654321"[digits_weighted(c + 1, W(6, 7, 8, 9, 10, 5, 4, 3, 2), 9) % 11] == c[0];
}

bool check_gb_dl(const char *c, size_t n)
{
	if (n != 16 || !is_letter(c[0]))
		return false;
	/* Decade of birth, month (women + 50), day, year of birth. */
	unsigned month = two(c + 6);
	return date_mmdd(month > 50 ? month - 50 : month, two(c + 8));
}

bool check_ean13(const char *c, size_t n)
{
	return n == 13 && digits_weighted(c, W(1, 3, 1, 3, 1, 3, 1, 3, 1, 3, 1, 3, 1), 13) % 10 == 0;
}

bool check_no_fnr(const char *c, size_t n)
{
	static const uint8_t k1[] = {3, 7, 6, 1, 8, 9, 4, 5, 2, 1};
	static const uint8_t k2[] = {5, 4, 3, 2, 7, 6, 5, 4, 3, 2, 1};
	if (n != 11)
		return false;
	unsigned day = two(c), month = two(c + 2);
	month = month > 80 ? month - 80 : month > 40 ? month - 40 : month;
	return date_mmdd(month, day > 40 ? day - 40 : day) && digits_weighted(c, k1, 10) % 11 == 0 &&
	       digits_weighted(c, k2, 11) % 11 == 0;
}

bool check_is_kt(const char *c, size_t n)
{
	static const uint8_t w[] = {3, 2, 7, 6, 5, 4, 3, 2, 1};
	return n == 10 && date_ddmmyy(c) && (c[9] == '0' || c[9] == '9') && digits_weighted(c, w, 9) % 11 == 0;
}

bool check_ua_rntrc(const char *c, size_t n)
{
	if (n != 10)
		return false;
	int sum = -(int)digit(c[0]) + (int)digits_weighted(c + 1, W(5, 7, 9, 4, 6, 10, 5, 7), 8);
	return (unsigned)((sum % 11 + 11) % 11 % 10) == digit(c[9]);
}

bool check_ru_snils(const char *c, size_t n)
{
	if (n != 11 || digits_value(c, 9) <= 1001998)
		return false;
	return digits_weighted(c, W(9, 8, 7, 6, 5, 4, 3, 2, 1), 9) % 101 % 100 == two(c + 9);
}

bool check_ru_inn(const char *c, size_t n)
{
	static const uint8_t w1[] = {7, 2, 4, 10, 3, 5, 9, 4, 6, 8};
	static const uint8_t w2[] = {3, 7, 2, 4, 10, 3, 5, 9, 4, 6, 8};
	return n == 12 && !digits_uniform(c, n) && digits_weighted(c, w1, 10) % 11 % 10 == digit(c[10]) &&
	       digits_weighted(c, w2, 11) % 11 % 10 == digit(c[11]);
}

bool check_tr_tckn(const char *c, size_t n)
{
	if (n != 11)
		return false;
	unsigned odd = 0, even = 0;
	for (size_t i = 0; i < 9; i++)
		*(i % 2 == 0 ? &odd : &even) += digit(c[i]);
	return (7 * odd + 90 - even) % 10 == digit(c[9]) && (odd + even + digit(c[9])) % 10 == digit(c[10]);
}
