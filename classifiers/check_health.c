/* Health, device, vehicle and travel numbers, dates. Sources: CMS, DEA, ICAO Doc 9303, ISO 3779, SNOMED CT technical
 * guide, 3GPP TS 23.003, WHO ICD-10. */
#include "classifiers/check.h"

#include "classifiers/digits.h"

#define W(...) ((const uint8_t[]){__VA_ARGS__})

bool check_us_npi(const char *c, size_t n)
{
	char v[15] = "80840";
	if (n != 10)
		return false;
	memcpy(v + 5, c, 10);
	return digits_luhn(v, sizeof v);
}

bool check_us_dea(const char *c, size_t n)
{
	if (n != 9)
		return false;
	unsigned sum = digits_weighted(c + 2, W(1, 2, 1, 2, 1, 2), 6);
	return sum % 10 == digit(c[8]);
}

bool check_ca_bc_phn(const char *c, size_t n)
{
	if (n != 10 || c[0] != '9')
		return false;
	unsigned r = (11 - digits_weighted(c + 1, W(2, 4, 8, 5, 10, 9, 7, 3), 8) % 11) % 11;
	return r == digit(c[9]);
}

bool check_au_medicare(const char *c, size_t n)
{
	return n == 10 && digits_weighted(c, W(1, 3, 7, 9, 1, 3, 7, 9), 8) % 10 == digit(c[8]) && c[9] != '0';
}

bool check_nz_nhi(const char *c, size_t n)
{
	if (n != 7)
		return false;
	unsigned sum = 0;
	for (size_t i = 0; i < 3; i++) {
		unsigned v = (unsigned)(c[i] - 'A') + 1;
		v -= (c[i] > 'I') + (unsigned)(c[i] > 'O');
		sum += v * (unsigned)(7 - i);
	}
	sum += digits_weighted(c + 3, W(4, 3, 2), 3);
	unsigned r = sum % 11;
	return r != 0 && (11 - r) % 10 == digit(c[6]);
}

bool check_snomed(const char *c, size_t n)
{
	if (n < 6 || n > 18 || c[0] == '0' || strchr("012", c[n - 2]) == NULL)
		return false;
	char tens = c[n - 3];
	return (tens == '0' || tens == '1') && digits_verhoeff(c, n);
}

bool check_pzn(const char *c, size_t n)
{
	size_t skip = n == 11 ? 3 : 0;
	return n - skip == 8 && !digits_uniform(c + skip, 8) &&
	       digits_weighted(c + skip, W(1, 2, 3, 4, 5, 6, 7), 7) % 11 == digit(c[skip + 7]);
}

bool check_ehic(const char *c, size_t n)
{
	/* 80 and the country's ISO 3166-1 numeric code. */
	static const uint16_t countries[] = {40,  56,  100, 191, 196, 203, 208, 233, 246, 250, 276,
					     300, 348, 352, 372, 380, 428, 438, 440, 442, 470, 528,
					     578, 616, 620, 642, 703, 705, 724, 752, 756, 826};
	for (size_t i = 0; i < sizeof countries / sizeof *countries && n == 20; i++)
		if (digits_value(c + 2, 3) == countries[i])
			return true;
	return false;
}

/* Chapters and their last blocks: which letters and numbers the classification uses. */
bool check_icd10(const char *c, size_t n)
{
	if (n < 3 || !is_letter(c[0]) || !is_digit(c[1]) || c[0] == 'U')
		return false;
	unsigned block = digit(c[1]) * 10 + (is_digit(c[2]) ? digit(c[2]) : 9);
	switch (c[0]) {
	case 'D':
		return block <= 89;
	case 'E':
		return block <= 90;
	case 'H':
		return block <= 95;
	case 'K':
		return block <= 95;
	case 'L':
		return block <= 99;
	case 'O':
		return block <= 99;
	case 'P':
		return block <= 96;
	case 'Y':
		return block <= 99;
	}
	return true;
}

bool check_imsi(const char *c, size_t n)
{
	return (n == 14 || n == 15) && c[0] >= '2' && c[0] <= '7' && !digits_uniform(c, n);
}

bool check_vin(const char *c, size_t n)
{
	static const uint8_t w[] = {8, 7, 6, 5, 4, 3, 2, 10, 0, 9, 8, 7, 6, 5, 4, 3, 2};
	static const uint8_t value[26] = {1, 2, 3, 4, 5, 6, 7, 8, 0, 1, 2, 3, 4, 5, 0, 7, 0, 9, 2, 3, 4, 5, 6, 7, 8, 9};
	if (n != 17)
		return false;
	unsigned sum = 0, letters = 0;
	for (size_t i = 0; i < 17; i++) {
		letters += is_letter(c[i]);
		sum += (is_digit(c[i]) ? digit(c[i]) : value[c[i] - 'A']) * w[i];
	}
	unsigned r = sum % 11;
	return letters >= 2 && c[8] == (r == 10 ? 'X' : (char)('0' + r));
}

/* ICAO 9303 check digit over letters (A = 10), digits and '<' (0). */
static bool mrz_field(const char *c, size_t n, char check)
{
	unsigned sum = 0;
	for (size_t i = 0; i < n; i++) {
		unsigned v = c[i] == '<' ? 0 : base36(c[i]);
		if (v > 35)
			return false;
		sum += v * W(7, 3, 1)[i % 3];
	}
	return is_digit(check) && sum % 10 == digit(check);
}

bool check_mrz(const char *c, size_t n)
{
	/* Two lines of 44; the break may be LF, CR LF or a space. */
	if (n < 89 || n > 90)
		return false;
	const char *b = c + n - 44;
	char composite[39];
	memcpy(composite, b, 10);
	memcpy(composite + 10, b + 13, 7);
	memcpy(composite + 17, b + 21, 22);
	return mrz_field(b, 9, b[9]) && mrz_field(b + 13, 6, b[19]) && mrz_field(b + 21, 6, b[27]) &&
	       mrz_field(composite, sizeof composite, b[43]);
}

bool check_document(const char *c, size_t n)
{
	size_t digits = 0;
	for (size_t i = 0; i < n; i++)
		digits += is_digit(c[i]);
	return digits >= 4 && n <= 20;
}

bool check_mrn(const char *c, size_t n)
{
	size_t digits = 0;
	for (size_t i = 0; i < n; i++)
		digits += is_digit(c[i]);
	return digits >= 5 && n <= 16;
}

/* Numbers in a date as found, in order; month names count as the month given by the lexer's text. */
static size_t date_numbers(const char *c, size_t n, unsigned v[3], size_t width[3])
{
	size_t k = 0;
	for (size_t i = 0; i < n;) {
		if (!is_digit(c[i])) {
			i++;
			continue;
		}
		size_t start = i;
		while (i < n && is_digit(c[i]))
			i++;
		if (k == 3 || i - start > 4)
			return 0;
		v[k] = (unsigned)digits_value(c + start, i - start);
		width[k++] = i - start;
	}
	return k;
}

static bool year_plausible(unsigned year, size_t width)
{
	return width == 2 || (width == 4 && year >= 1880 && year <= 2099);
}

bool check_date(const char *c, size_t n)
{
	unsigned v[3];
	size_t w[3], k = date_numbers(c, n, v, w);
	if (k == 2) /* a month's name stands for the third number */
		return w[0] <= 2 ? v[0] >= 1 && v[0] <= 31 && year_plausible(v[1], w[1])
				 : v[1] >= 1 && v[1] <= 31 && year_plausible(v[0], w[0]);
	if (k != 3)
		return false;
	if (w[0] == 4)
		return year_plausible(v[0], 4) && date_valid(v[0], v[1], v[2]);
	if (!year_plausible(v[2], w[2]))
		return false;
	unsigned year = w[2] == 2 ? 2000 + v[2] : v[2];
	return date_valid(year, v[1], v[0]) || date_valid(year, v[0], v[1]);
}

/* Chemical Abstracts Service registry number: digits weighted by their place from the right. */
bool check_cas(const char *c, size_t n)
{
	unsigned sum = 0;
	for (unsigned i = 1; i < n; i++)
		sum += digit(c[n - 1 - i]) * i;
	return n >= 5 && n <= 10 && c[0] != '0' && sum % 10 == digit(c[n - 1]);
}
