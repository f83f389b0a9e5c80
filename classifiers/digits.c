#include "classifiers/digits.h"

bool digits_all(const char *c, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (!is_digit(c[i]))
			return false;
	return true;
}

uint64_t digits_value(const char *c, size_t n)
{
	uint64_t v = 0;
	for (size_t i = 0; i < n; i++)
		v = v * 10 + digit(c[i]);
	return v;
}

unsigned digits_weighted(const char *c, const uint8_t *weights, size_t n)
{
	unsigned sum = 0;
	for (size_t i = 0; i < n; i++)
		sum += digit(c[i]) * weights[i];
	return sum;
}

bool digits_uniform(const char *c, size_t n)
{
	for (size_t i = 1; i < n; i++)
		if (c[i] != c[0])
			return false;
	return true;
}

bool digits_luhn(const char *c, size_t n)
{
	unsigned sum = 0;
	for (size_t i = 0; i < n; i++) {
		unsigned d = digit(c[n - 1 - i]);
		if (i % 2 == 1)
			d = d > 4 ? 2 * d - 9 : 2 * d;
		sum += d;
	}
	return n > 1 && sum % 10 == 0;
}

bool digits_luhn36(const char *c, size_t n)
{
	unsigned sum = 0;
	for (size_t i = 0; i < n; i++) {
		unsigned d = base36(c[n - 1 - i]) * (i % 2 == 0 ? 1 : 2);
		sum += d / 36 + d % 36;
	}
	return n > 1 && sum % 36 == 0;
}

bool digits_mod11_10(const char *c, size_t n)
{
	if (n < 2)
		return false;
	unsigned p = 10;
	for (size_t i = 0; i + 1 < n; i++) {
		unsigned s = (p + digit(c[i])) % 10;
		p = (s == 0 ? 10 : s) * 2 % 11;
	}
	return (p + digit(c[n - 1])) % 10 == 1;
}

unsigned digits_mod97(const char *c, size_t n, unsigned start)
{
	unsigned r = start;
	for (size_t i = 0; i < n; i++) {
		unsigned d = base36(c[i]);
		r = (d < 10 ? r * 10 + d : r * 100 + d) % 97;
	}
	return r;
}

/* The dihedral group of order 10: rotations 0-4, reflections 5-9. */
static unsigned dihedral(unsigned a, unsigned b)
{
	if (a < 5)
		return b < 5 ? (a + b) % 5 : (a + b - 5) % 5 + 5;
	return b < 5 ? (a - 5 + 5 - b) % 5 + 5 : (a + 5 - b) % 5;
}

bool digits_verhoeff(const char *c, size_t n)
{
	static const uint8_t base[10] = {1, 5, 7, 6, 2, 8, 3, 0, 9, 4};
	unsigned sum = 0;
	for (size_t i = 0; i < n; i++) {
		unsigned d = digit(c[n - 1 - i]);
		for (size_t k = 0; k < i % 8; k++)
			d = base[d];
		sum = dihedral(sum, d);
	}
	return n > 1 && sum == 0;
}

bool date_valid(unsigned year, unsigned month, unsigned day)
{
	static const uint8_t days[12] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
	if (month < 1 || month > 12 || day < 1)
		return false;
	bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
	return day <= days[month - 1] + (unsigned)(month == 2 && leap);
}

bool date_mmdd(unsigned month, unsigned day)
{
	return date_valid(2000, month, day);
}

static bool date_2digit_year(unsigned yy, unsigned month, unsigned day)
{
	return date_valid(1900 + yy, month, day) || date_valid(2000 + yy, month, day);
}

bool date_yymmdd(const char *c)
{
	return date_2digit_year((unsigned)digits_value(c, 2), (unsigned)digits_value(c + 2, 2),
				(unsigned)digits_value(c + 4, 2));
}

bool date_ddmmyy(const char *c)
{
	return date_2digit_year((unsigned)digits_value(c + 4, 2), (unsigned)digits_value(c + 2, 2),
				(unsigned)digits_value(c, 2));
}
