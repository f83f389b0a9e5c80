/* Checksums and digests against published values, and every single-digit error for the strong ones. */
#include "fixture.h"

#include "base/sha256.h"
#include "classifiers/check.h"
#include "classifiers/digest.h"
#include "classifiers/digits.h"
#include "classifiers/merge.h"

static void published_values(void **state)
{
	(void)state;
	assert_true(digits_luhn("79927398713", 11));
	assert_false(digits_luhn("79927398710", 11));
	assert_true(digits_verhoeff("2363", 4));
	assert_true(digits_mod11_10("07945", 5));
	assert_int_equal(digits_mod97("3214282912345698765432161182", 28, 0), 1);
	assert_true(digits_luhn36("27AAPFU0939F1ZV", 15));
}

static void dates(void **state)
{
	(void)state;
	assert_true(date_valid(2000, 2, 29));
	assert_false(date_valid(1900, 2, 29));
	assert_false(date_valid(2026, 13, 1) || date_valid(2026, 0, 1) || date_valid(2026, 4, 31) ||
		     date_valid(2026, 4, 0));
	assert_true(date_yymmdd("000229") && date_ddmmyy("290200"));
	assert_false(date_yymmdd("010229") || date_ddmmyy("310485"));
}

/* Each of these finds every change of one digit. */
static void single_digit_errors(void **state)
{
	(void)state;
	static const struct {
		bool (*check)(const char *c, size_t n);
		const char *value;
	} v[] = {{check_luhn, "4539148803436467"},   {check_iban, "DE62370400440532013001"},
		 {check_nl_bsn, "903001536"},        {check_ean13, "7569217076985"},
		 {check_in_aadhaar, "234123412346"}, {check_cn_ric, "110105198503151230"},
		 {check_no_fnr, "15038512363"},      {check_be_nn, "85031512369"},
		 {check_de_steuerid, "36574123987"}, {check_tr_tckn, "17291060736"},
		 {check_fr_nir, "185037511612302"}};
	for (size_t i = 0; i < sizeof v / sizeof *v; i++) {
		char text[32];
		size_t n = strlen(v[i].value);
		assert_true(v[i].check(v[i].value, n));
		for (size_t at = 0; at < n; at++)
			for (char d = '0'; d <= '9'; d++) {
				memcpy(text, v[i].value, n);
				if (text[at] == d || text[at] < '0' || text[at] > '9')
					continue;
				text[at] = d;
				if (v[i].check(text, n))
					fail_msg("%zu: %.*s passes for %s", i, (int)n, text, v[i].value);
			}
	}
}

static void assert_hex(const uint8_t *bytes, size_t n, const char *hex)
{
	static const char digits[] = "0123456789abcdef";
	for (size_t i = 0; i < n; i++) {
		assert_int_equal(digits[bytes[i] >> 4], hex[2 * i]);
		assert_int_equal(digits[bytes[i] & 15], hex[2 * i + 1]);
	}
}

static void digests(void **state)
{
	(void)state;
	uint8_t out[32];
	struct sha256 s;
	sha256_init(&s);
	sha256_add(&s, SPAN("abc"));
	sha256_final(&s, out);
	assert_hex(out, 32, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
	sha256_init(&s);
	sha256_add(&s, SPAN("abcdbcdecdefdefgefghfghighij"));
	sha256_add(&s, SPAN("hijkijkljklmklmnlmnomnopnopq"));
	sha256_final(&s, out);
	assert_hex(out, 32, "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
	keccak256(SPAN(""), out);
	assert_hex(out, 32, "c5d2460186f7233c927e7db2dcc703c0e500b653ca82273b7bfad8045d85a470");
	assert_int_equal(crc32_of(SPAN("123456789")), 0xcbf43926);
}

static class_set merge_classes(const void *arg, uint16_t type)
{
	return ((const class_set *)arg)[type];
}

/* Types 0 and 1 share a class, 2 has another. */
static void merging(void **state)
{
	(void)state;
	static const class_set classes[] = {CLASS_BIT(CLASS_PERSONAL),
					    CLASS_BIT(CLASS_PERSONAL) | CLASS_BIT(CLASS_PAYMENT),
					    CLASS_BIT(CLASS_SECRET)};
	struct finding v[] = {
		{.start = 10, .end = 20, .type = 0, .score = 60},
		{.start = 12, .end = 22, .type = 1, .score = 90}, /* the better stays */
		{.start = 11, .end = 30, .type = 2, .score = 55}, /* another class: stays */
		{.start = 0, .end = 5, .type = 0, .score = 50},
		{.start = 3, .end = 8, .type = 0, .score = 70}, /* one type: joined */
		{.start = 40, .end = 50, .type = 0, .score = 90},
		{.start = 40, .end = 50, .type = 2, .score = 60}, /* a weaker reading */
		{.start = 50, .end = 60, .type = 0, .score = 90}, /* touching is not overlap */
	};
	size_t n = merge_findings(v, sizeof v / sizeof *v, merge_classes, classes);
	assert_int_equal(n, 5);
	assert_true(v[0].start == 0 && v[0].end == 8 && v[0].score == 70);
	assert_true(v[1].start == 11 && v[1].end == 30 && v[1].type == 2);
	assert_true(v[2].start == 12 && v[2].end == 22 && v[2].type == 1);
	assert_true(v[3].start == 40 && v[3].type == 0 && v[4].start == 50);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(published_values), cmocka_unit_test(dates),   cmocka_unit_test(single_digit_errors),
		cmocka_unit_test(digests),          cmocka_unit_test(merging),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
