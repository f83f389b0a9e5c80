/* Cutting into words: the fast way and the slow one agree; hashes tell words apart and forms of one word not. */
#include "fixture.h"

#include <stdlib.h>

#include "classifiers/words.h"

enum { MOST = 200, SHORT = 128 };

/* Texts of up to SHORT bytes are cut at once; the same text with blanks behind it is longer, and cut slowly. */
static void assert_same(const uint8_t *text, size_t n)
{
	struct word fast[MOST], slow[MOST];
	uint8_t *copy = malloc(n == 0 ? 1 : n), longer[2 * SHORT];
	assert_non_null(copy);
	if (n > 0)
		memcpy(copy, text, n);
	memset(longer, ' ', sizeof longer);
	if (n > 0)
		memcpy(longer, text, n);
	size_t a = words_of(span_of(copy, n), fast, MOST), b = words_of(span_of(longer, sizeof longer), slow, MOST);
	assert_int_equal(a, b);
	for (size_t i = 0; i < a; i++) {
		assert_int_equal(fast[i].hash, slow[i].hash);
		assert_int_equal(fast[i].start, slow[i].start);
		assert_int_equal(fast[i].end, slow[i].end);
		assert_true(fast[i].start < fast[i].end && fast[i].end <= n);
	}
	free(copy);
}

static void both_ways_agree(void **state)
{
	(void)state;
	static const char *const bits[] = {
		"a", "B", "s", "S",   "ss",  "Name", "getID", "7",        "42",           " ",    "-",    "_",
		"é", "É", "ß", "Имя", "имя", "号码", "ส",     "\xc2\xa0", "\xe2\x80\x93", "\xff", "\xc3", "numbers"};
	for (int round = 0; round < 20000; round++) {
		uint8_t text[SHORT];
		size_t n = 0, most = next_random() % SHORT;
		while (n < most) {
			const char *bit = bits[next_random() % (sizeof bits / sizeof *bits)];
			size_t len = strlen(bit) < most - n ? strlen(bit) : most - n;
			memcpy(text + n, bit, len);
			n += len;
		}
		assert_same(text, n);
	}
	for (int round = 0; round < 20000; round++) {
		uint8_t text[SHORT];
		size_t n = next_random() % (SHORT + 1);
		for (size_t i = 0; i < n; i++)
			text[i] = (uint8_t)next_random();
		assert_same(text, n);
	}
}

/* The hashes of the words of a text, at most three. */
static size_t hashes(const char *text, uint32_t out[3])
{
	struct word v[4];
	size_t n = words_of(span_str(text), v, 4);
	assert_true(n <= 3);
	for (size_t i = 0; i < n; i++)
		out[i] = v[i].hash;
	return n;
}

static void forms_of_a_word_are_one(void **state)
{
	(void)state;
	static const char *const pairs[][2] = {{"Number", "number"}, {"NUMBER", "numbers"},           {"ÉTÉ", "été"},
					       {"Имя", "ИМЯ"},       {"phoneNumber", "Phone number"}, {"a_b", "a-b"}};
	for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++) {
		uint32_t a[3], b[3];
		size_t n = hashes(pairs[i][0], a);
		assert_int_equal(n, hashes(pairs[i][1], b));
		assert_memory_equal(a, b, n * sizeof *a);
	}
}

static void other_words_are_others(void **state)
{
	(void)state;
	static const char *const words[] = {"number",
					    "umber",
					    "numb",
					    "n",
					    "s",
					    "ss",
					    "sss",
					    "name",
					    "names7",
					    "имя",
					    "été",
					    "ete",
					    "abcdefgh",
					    "abcdefghi",
					    "abcdefgh1234567",
					    "abcdefgh1234568"};
	for (size_t i = 0; i < sizeof words / sizeof *words; i++)
		for (size_t k = 0; k < i; k++) {
			uint32_t a[3], b[3];
			assert_int_equal(hashes(words[i], a), 1);
			assert_int_equal(hashes(words[k], b), 1);
			assert_int_not_equal(a[0], b[0]);
		}
}

static void numbers_end_at_other_scripts(void **state)
{
	(void)state;
	uint32_t a[3], b[3];
	assert_int_equal(hashes("ИНН7707083893", a), 2);
	assert_int_equal(hashes("инн 7707083893", b), 2);
	assert_memory_equal(a, b, 2 * sizeof *a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(both_ways_agree),
		cmocka_unit_test(forms_of_a_word_are_one),
		cmocka_unit_test(other_words_are_others),
		cmocka_unit_test(numbers_end_at_other_scripts),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
