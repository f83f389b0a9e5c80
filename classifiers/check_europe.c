/* Personal, tax and health numbers of Europe. Sources: the issuing authorities' published rules. */
#include "classifiers/check.h"

#include "classifiers/digits.h"

#define W(...) ((const uint8_t[]){__VA_ARGS__})

static unsigned two(const char *c)
{
	return digit(c[0]) * 10 + digit(c[1]);
}

/* ddmmyy, where the day may carry an offset for women or foreigners. */
static bool day_offset(const char *c, unsigned offset)
{
	unsigned day = two(c);
	return date_mmdd(two(c + 2), day > offset ? day - offset : day);
}

bool check_mod11_10(const char *c, size_t n)
{
	size_t skip = n > 0 && is_letter(c[0]) ? 2 : 0;
	return n > skip && digits_mod11_10(c + skip, n - skip);
}

bool check_at_svnr(const char *c, size_t n)
{
	static const uint8_t w[] = {3, 7, 9, 0, 5, 8, 4, 2, 1, 6};
	return n == 10 && digits_weighted(c, w, 10) % 11 == digit(c[3]) && date_ddmmyy(c + 4);
}

bool check_be_nn(const char *c, size_t n)
{
	/* Month + 20 or + 40: a BIS number of a person not in the register. */
	if (n != 11 || two(c + 2) > 52 || !date_mmdd(two(c + 2) % 20, two(c + 4)))
		return false;
	/* Born since 2000: a 2 in front. No living person was born in the 2000s' later years yet. */
	enum { LATEST = 35 };
	unsigned tail = two(c + 9);
	return 97 - digits_mod97(c, 9, 0) == tail || (two(c) <= LATEST && 97 - digits_mod97(c, 9, 2) == tail);
}

bool check_bg_egn(const char *c, size_t n)
{
	static const uint8_t w[] = {2, 4, 8, 5, 10, 9, 7, 3, 6};
	unsigned month = two(c + 2);
	month = month > 40 ? month - 40 : month > 20 ? month - 20 : month;
	return n == 10 && date_mmdd(month, two(c + 4)) && digits_weighted(c, w, 9) % 11 % 10 == digit(c[9]);
}

bool check_cy_tic(const char *c, size_t n)
{
	static const uint8_t even[] = {1, 0, 5, 7, 9, 13, 15, 17, 19, 21};
	size_t skip = n == 11 ? 2 : 0;
	if (n - skip != 9)
		return false;
	unsigned sum = 0;
	for (size_t i = 0; i < 8; i++)
		sum += i % 2 == 0 ? even[digit(c[skip + i])] : digit(c[skip + i]);
	return c[skip + 8] == (char)('A' + sum % 26);
}

bool check_cz_rc(const char *c, size_t n)
{
	if (n != 9 && n != 10)
		return false;
	unsigned month = two(c + 2);
	month = month > 70 ? month - 70 : month > 50 ? month - 50 : month > 20 ? month - 20 : month;
	if (!date_mmdd(month, two(c + 4)))
		return false;
	return n == 9 ? two(c) < 54 : digits_value(c, 9) % 11 % 10 == digit(c[9]);
}

bool check_dk_cpr(const char *c, size_t n)
{
	/* The checksum is not guaranteed since 2007, but most living people's numbers still keep it. */
	static const uint8_t w[] = {4, 3, 2, 7, 6, 5, 4, 3, 2, 1};
	return n == 10 && date_ddmmyy(c) && digits_weighted(c, w, 10) % 11 == 0;
}

bool check_ee_ik(const char *c, size_t n)
{
	static const uint8_t w1[] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 1};
	static const uint8_t w2[] = {3, 4, 5, 6, 7, 8, 9, 1, 2, 3};
	if (n != 11 || !date_yymmdd(c + 1))
		return false;
	unsigned r = digits_weighted(c, w1, 10) % 11;
	if (r == 10)
		r = digits_weighted(c, w2, 10) % 11;
	return r % 10 == digit(c[10]);
}

bool check_fi_hetu(const char *c, size_t n)
{
	/* With a hyphen or plus the century sign is dropped as a separator, a letter stays. */
	size_t skip = n == 11 ? 7 : 6;
	if (n != 10 && n != 11)
		return false;
	if (!date_ddmmyy(c) || !digits_all(c + skip, 3))
		return false;
	uint64_t v = digits_value(c, 6) * 1000 + digits_value(c + skip, 3);
	return "0123456789ABCDEFHJKLMNPRSTUVWXY"[v % 31] == c[skip + 3];
}

bool check_fr_nir(const char *c, size_t n)
{
	if (n != 15)
		return false;
	char v[13];
	memcpy(v, c, sizeof v);
	if (c[6] == 'A' || c[6] == 'B') {
		if (c[5] != '2')
			return false;
		v[5] = '1';
		v[6] = c[6] == 'A' ? '9' : '8';
	}
	unsigned month = two(c + 3);
	if (!digits_all(v, sizeof v) || month == 0 || (month > 12 && month < 20) || two(v + 5) == 0)
		return false;
	return 97 - digits_value(v, 13) % 97 == two(c + 13);
}

bool check_fr_spi(const char *c, size_t n)
{
	return n == 13 && digits_value(c, 10) % 511 == digits_value(c + 10, 3);
}

bool check_de_steuerid(const char *c, size_t n)
{
	if (n != 11 || c[0] == '0' || !digits_mod11_10(c, n))
		return false;
	unsigned count[10] = {0};
	for (size_t i = 0; i < 10; i++)
		count[digit(c[i])]++;
	unsigned repeated = 0;
	for (size_t d = 0; d < 10; d++) {
		if (count[d] > 3)
			return false;
		repeated += count[d] > 1;
	}
	return repeated == 1;
}

/* A letter as two decimal digits 01..26 in front of or among digits, weighted, products as digit sums. */
static unsigned lettered_sum(const char *c, size_t n, const uint8_t *weights)
{
	unsigned sum = 0, k = 0;
	for (size_t i = 0; i < n; i++) {
		unsigned v = is_letter(c[i]) ? (unsigned)(c[i] - 'A') + 1 : digit(c[i]);
		if (is_letter(c[i])) {
			unsigned tens = v / 10 * weights[k++];
			sum += tens / 10 + tens % 10;
			v %= 10;
		}
		unsigned p = v * weights[k++];
		sum += p / 10 + p % 10;
	}
	return sum;
}

bool check_de_rvnr(const char *c, size_t n)
{
	static const uint8_t w[] = {2, 1, 2, 5, 7, 1, 2, 1, 2, 1, 2, 1};
	return n == 12 && day_offset(c + 2, 50) && lettered_sum(c, 11, w) % 10 == digit(c[11]);
}

bool check_de_kvnr(const char *c, size_t n)
{
	static const uint8_t w[] = {1, 2, 1, 2, 1, 2, 1, 2, 1, 2};
	return n == 10 && lettered_sum(c, 9, w) % 10 == digit(c[9]);
}

bool check_de_lanr(const char *c, size_t n)
{
	unsigned sum = 0;
	for (size_t i = 0; i < 6 && n == 9; i++)
		sum += digit(c[i]) * (i % 2 == 0 ? 4 : 9);
	return n == 9 && (10 - sum % 10) % 10 == digit(c[6]);
}

bool check_de_perso(const char *c, size_t n)
{
	unsigned sum = 0;
	for (size_t i = 0; i < 9 && n == 10; i++)
		sum += base36(c[i]) * W(7, 3, 1)[i % 3];
	return n == 10 && sum % 10 == digit(c[9]);
}

bool check_de_ustid(const char *c, size_t n)
{
	return n == 11 && digits_mod11_10(c + 2, 9);
}

bool check_gr_amka(const char *c, size_t n)
{
	return n == 11 && date_ddmmyy(c) && digits_luhn(c, n);
}

bool check_gr_afm(const char *c, size_t n)
{
	size_t skip = n == 11 ? 2 : 0;
	if (n - skip != 9 || digits_uniform(c + skip, 9))
		return false;
	unsigned sum = 0;
	for (size_t i = 0; i < 8; i++)
		sum += digit(c[skip + i]) << (8 - i);
	return sum % 11 % 10 == digit(c[skip + 8]);
}

bool check_hu_adoazon(const char *c, size_t n)
{
	return n == 10 && digits_weighted(c, W(1, 2, 3, 4, 5, 6, 7, 8, 9), 9) % 11 == digit(c[9]);
}

bool check_hu_taj(const char *c, size_t n)
{
	return n == 9 && !digits_uniform(c, n) && digits_weighted(c, W(3, 7, 3, 7, 3, 7, 3, 7), 8) % 10 == digit(c[8]);
}

bool check_ie_ppsn(const char *c, size_t n)
{
	if (n != 8 && n != 9)
		return false;
	unsigned sum = digits_weighted(c, W(8, 7, 6, 5, 4, 3, 2), 7);
	if (n == 9 && c[8] != 'W')
		sum += 9 * (unsigned)(c[8] - 'A' + 1);
	return "WABCDEFGHIJKLMNOPQRSTUV"[sum % 23] == c[7];
}

bool check_it_cf(const char *c, size_t n)
{
	static const uint8_t odd[26] = {1,  0,  5, 7, 9, 13, 15, 17, 19, 21, 2,  4,  18,
					20, 11, 3, 6, 8, 12, 14, 16, 10, 22, 25, 24, 23};
	if (n != 16)
		return false;
	unsigned sum = 0;
	for (size_t i = 0; i < 15; i++) {
		unsigned v = is_digit(c[i]) ? digit(c[i]) : (unsigned)(c[i] - 'A');
		sum += i % 2 == 0 ? odd[v] : v;
	}
	/* Where digits stand, letters may replace them (omocodia): L M N P Q R S T U V. */
	for (size_t i = 6; i < 15; i++)
		if (i != 8 && i != 11 && !is_digit(c[i]) && strchr("LMNPQRSTUV", c[i]) == NULL)
			return false;
	return c[15] == (char)('A' + sum % 26);
}

bool check_lv_pk(const char *c, size_t n)
{
	if (n != 11)
		return false;
	if (c[0] == '3' && c[1] >= '2') /* since 2017: no date and no checksum */
		return false;
	static const uint8_t w[] = {10, 5, 8, 4, 2, 1, 6, 3, 7, 9};
	return date_ddmmyy(c) && (1 + digits_weighted(c, w, 10)) % 11 % 10 == digit(c[10]);
}

bool check_lu_matricule(const char *c, size_t n)
{
	if (n != 13 || !date_valid((unsigned)digits_value(c, 4), two(c + 4), two(c + 6)))
		return false;
	char v[12];
	memcpy(v, c, 11);
	v[11] = c[12];
	unsigned century = two(c);
	return (century == 19 || century == 20 || century == 18) && digits_luhn(c, 12) && digits_verhoeff(v, 12);
}

bool check_nl_bsn(const char *c, size_t n)
{
	char v[9];
	if (n == 8) {
		v[0] = '0';
		memcpy(v + 1, c, 8);
	} else if (n == 9) {
		memcpy(v, c, 9);
	} else {
		return false;
	}
	unsigned sum = digits_weighted(v, W(9, 8, 7, 6, 5, 4, 3, 2), 8);
	return !digits_uniform(v, 9) && digits_value(v, 9) > 9999999 && sum % 11 == digit(v[8]) % 11;
}

bool check_pl_pesel(const char *c, size_t n)
{
	if (n != 11)
		return false;
	unsigned month = two(c + 2) % 20;
	return date_mmdd(month, two(c + 4)) && digits_weighted(c, W(1, 3, 7, 9, 1, 3, 7, 9, 1, 3, 1), 11) % 10 == 0;
}

bool check_pl_nip(const char *c, size_t n)
{
	return n == 10 && !digits_uniform(c, n) &&
	       digits_weighted(c, W(6, 5, 7, 2, 3, 4, 5, 6, 7), 9) % 11 == digit(c[9]);
}

bool check_pl_dowod(const char *c, size_t n)
{
	static const uint8_t w[] = {7, 3, 1, 9, 7, 3, 1, 7, 3};
	unsigned sum = 0;
	for (size_t i = 0; i < 9 && n == 9; i++)
		sum += base36(c[i]) * w[i];
	return n == 9 && sum % 10 == 0;
}

bool check_pt_nif(const char *c, size_t n)
{
	if (n != 9)
		return false;
	unsigned r = 11 - digits_weighted(c, W(9, 8, 7, 6, 5, 4, 3, 2), 8) % 11;
	return (r > 9 ? 0 : r) == digit(c[8]);
}

bool check_pt_cc(const char *c, size_t n)
{
	unsigned sum = 0;
	for (size_t i = 0; i < 12 && n == 12; i++) {
		unsigned v = base36(c[i]);
		if (i % 2 == 0)
			v = v * 2 > 9 ? v * 2 - 9 : v * 2;
		sum += v;
	}
	return n == 12 && sum % 10 == 0;
}

bool check_ro_cnp(const char *c, size_t n)
{
	static const uint8_t w[] = {2, 7, 9, 1, 4, 6, 3, 5, 8, 2, 7, 9};
	if (n != 13 || !date_yymmdd(c + 1) || two(c + 7) == 0 || two(c + 7) > 52)
		return false;
	unsigned r = digits_weighted(c, w, 12) % 11;
	return (r == 10 ? 1 : r) == digit(c[12]);
}

bool check_si_emso(const char *c, size_t n)
{
	if (n != 13 || !date_mmdd(two(c + 2), two(c)))
		return false;
	unsigned r = 11 - digits_weighted(c, W(7, 6, 5, 4, 3, 2, 7, 6, 5, 4, 3, 2), 12) % 11;
	return r % 11 % 10 == digit(c[12]);
}

bool check_si_davcna(const char *c, size_t n)
{
	size_t skip = n == 10 ? 2 : 0;
	if (n - skip != 8)
		return false;
	unsigned r = 11 - digits_weighted(c + skip, W(8, 7, 6, 5, 4, 3, 2), 7) % 11;
	return r != 11 && (r == 10 ? 0 : r) == digit(c[skip + 7]);
}
