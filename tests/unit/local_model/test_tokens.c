/* The tokeniser: offsets, what is cut where, and agreement with its Python twin. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "tests/unit/local_model/support.h"

static struct alphabet alphabet;

static void expect_tokens(const char *text, const char *expected)
{
	struct tokenizer t;
	struct token token;
	char out[1024];
	size_t n = 0;
	tokenizer_init(&t, &alphabet, span_str(text));
	while (tokenizer_next(&t, &token)) {
		static const char gaps[] = {'+', ' ', '/', '^'};
		n += (size_t)snprintf(out + n, sizeof out - n, "%c%.*s", gaps[token.gap],
				      (int)(token.end - token.start), text + token.start);
	}
	out[n] = 0;
	assert_string_equal(out, expected);
}

static void cuts_where_it_should(void **state)
{
	(void)state;
	expect_tokens("", "");
	expect_tokens(" \n\t ", "");
	expect_tokens("Anna Müller's", "^Anna Müller+'+s");
	expect_tokens("  a\n b \r\n c", "^a/b/c");
	expect_tokens("12.3.2024 A4 1st", "^12+.+3+.+2024 A4 1st");
	expect_tokens("...!! --", "^...+!! --");
	expect_tokens("東京に住む", "^東+京+に+住+む");
	expect_tokens("abcДЕЖ", "^abc+ДЕЖ");
	expect_tokens("1abc2Д", "^1abc2+Д");
	expect_tokens("e\xcc\x81te", "^e\xcc\x81te");
	expect_tokens("a\xe2\x80\x8b"
		      "b",
		      "^a\xe2\x80\x8b"
		      "b");
	expect_tokens("\xcc\x81 x", "^\xcc\x81 x");
	expect_tokens("a_b@c.d", "^a+_+b+@+c+.+d");
}

static void looks_are_counted(void **state)
{
	(void)state;
	static const struct feature_bits bits = {10, 10, 10, 10};
	static const struct {
		const char *word;
		uint16_t looks;
	} words[] = {{"Anna", LOOK_TITLE},
		     {"anna", 0},
		     {"ANNA", LOOK_UPPER},
		     {"McKay", LOOK_MIXED},
		     {"A", LOOK_TITLE | LOOK_ONE},
		     {"GmbH", LOOK_MIXED},
		     {"0", LOOK_DIGIT | LOOK_MONTH | LOOK_ONE},
		     {"12", LOOK_DIGIT | LOOK_MONTH | LOOK_SHORT},
		     {"13", LOOK_DIGIT | LOOK_DAY | LOOK_SHORT},
		     {"110", LOOK_DIGIT | LOOK_AGE | LOOK_SHORT},
		     {"111", LOOK_DIGIT | LOOK_SHORT},
		     {"1899", LOOK_DIGIT},
		     {"1900", LOOK_DIGIT | LOOK_YEAR},
		     {"2036", LOOK_DIGIT},
		     {"4294967308", LOOK_DIGIT | LOOK_LONG}, /* 2^32 + 12 */
		     {"1st", LOOK_DIGIT | LOOK_SHORT},
		     {"diabetes", LOOK_LONG},
		     {"Sankt-", LOOK_TITLE},
		     {"Krankenkasse", LOOK_TITLE | LOOK_LONGER}};
	for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
		struct tokenizer t;
		struct token token;
		struct feature f;
		tokenizer_init(&t, &alphabet, span_str(words[i].word));
		assert_true(tokenizer_next(&t, &token));
		feature_of(&alphabet, &bits, t.text, &token, 0, 0, &f);
		assert_int_equal(f.looks, words[i].looks);
	}
}

static void lower_case_goes_beyond_ascii(void **state)
{
	(void)state;
	static const uint32_t pairs[][2] = {{'A', 'a'},     {0xc4, 0xe4},       {0x130, 0x130},  {0x178, 0xff},
					    {0x1e9e, 0xdf}, {0x391, 0x3b1},     {0x416, 0x436},  {0xff21, 0xff41},
					    {'a', 'a'},     {0x10000, 0x10000}, {0x2c60, 0x2c60}};
	for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++)
		assert_int_equal(alphabet_lower(&alphabet, pairs[i][0]), pairs[i][1]);
	assert_int_equal(alphabet_kind(&alphabet, 0x20000), KIND_HAN);
	assert_int_equal(alphabet_kind(&alphabet, 0x1f600), KIND_PUNCT);
	assert_int_equal(alphabet_kind(&alphabet, 0x10ffff), KIND_PUNCT);
}

/* Tokens come in order, hold at most TOKEN_MAX code points, and leave out spaces only. */
static void check_tokens(struct span text)
{
	struct tokenizer t;
	struct token token;
	size_t at = 0;
	tokenizer_init(&t, &alphabet, text);
	while (tokenizer_next(&t, &token)) {
		assert_true(token.start >= at && token.end > token.start && token.end <= text.n);
		while (at < token.start)
			assert_int_equal(alphabet_kind(&alphabet, tokenizer_read(text, &at)), KIND_SPACE);
		assert_int_equal(at, token.start);
		size_t cps = 0;
		while (at < token.end) {
			assert_int_not_equal(alphabet_kind(&alphabet, tokenizer_read(text, &at)), KIND_SPACE);
			cps++;
		}
		assert_int_equal(at, token.end);
		assert_in_range(cps, 1, TOKEN_MAX);
	}
	while (at < text.n)
		assert_int_equal(alphabet_kind(&alphabet, tokenizer_read(text, &at)), KIND_SPACE);
}

static void any_bytes_give_tokens_in_order(void **state)
{
	(void)state;
	static const char alphabet_soup[] =
		" \n\tabcXYZ019.,-_'@\xc3\xa4\xe6\x9d\xb1\xcc\x81\xf0\x9f\x98\x80\xff\x80\xe2\x80";
	uint64_t seed = 42;
	uint8_t text[300];
	for (int round = 0; round < 4000; round++) {
		size_t n = support_random(&seed) % sizeof text;
		for (size_t i = 0; i < n; i++)
			text[i] = round % 2 == 0
					  ? (uint8_t)support_random(&seed)
					  : (uint8_t)alphabet_soup[support_random(&seed) % (sizeof alphabet_soup - 1)];
		check_tokens(span_of(text, n));
	}
}

static uint64_t add(uint64_t h, uint64_t value)
{
	return (h ^ value) * 0x100000001b3U;
}

static uint64_t add_pair(uint64_t h, const uint32_t v[2])
{
	return add(add(h, v[0]), v[1]);
}

static uint64_t add_line(uint64_t h, struct span line, size_t *count)
{
	static const struct feature_bits bits = {15, 14, 15, 10};
	static struct token tokens[20000];
	struct tokenizer t;
	struct feature f;
	size_t n = 0;
	tokenizer_init(&t, &alphabet, line);
	while (n < sizeof tokens / sizeof *tokens && tokenizer_next(&t, &tokens[n]))
		n++;
	for (size_t i = 0; i < n; i++) {
		feature_at(&alphabet, &bits, line, tokens, n, i, &f);
		h = add(add(add(h, tokens[i].start), tokens[i].end), f.gap);
		h = add_pair(add_pair(add_pair(add_pair(h, f.word), f.prefix), f.suffix3), f.suffix4);
		h = add(add(add(add(h, f.shape), f.looks), f.key), f.n_grams);
		for (size_t k = 0; k < f.n_grams; k++)
			h = add(h, f.gram[k]);
	}
	*count += n;
	return h;
}

static void agrees_with_the_trainer(void **state)
{
	(void)state;
	struct span golden = support_file("tests/unit/local_model/twin.golden");
	char name[200];
	size_t tokens, count = 0;
	unsigned long long expected;
	char *copy = strndup((const char *)golden.p, golden.n);
	assert_int_equal(sscanf(copy, "%199s %zu %llx", name, &tokens, &expected), 3);
	struct span file = support_file(name);
	uint64_t h = 0xcbf29ce484222325U;
	for (size_t at = 0; at <= file.n;) {
		size_t n = span_find(span_sub(file, at, file.n), '\n');
		h = add_line(h, span_sub(file, at, at + n), &count);
		at += n + 1;
	}
	assert_int_equal(count, tokens);
	assert_true(h == expected);
	free(copy);
	free((void *)file.p);
	free((void *)golden.p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(cuts_where_it_should),         cmocka_unit_test(looks_are_counted),
		cmocka_unit_test(lower_case_goes_beyond_ascii), cmocka_unit_test(any_bytes_give_tokens_in_order),
		cmocka_unit_test(agrees_with_the_trainer),
	};
	alphabet_init(&alphabet);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
