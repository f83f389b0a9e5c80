#include "rules/lex.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static enum token_kind first_kind(struct span text)
{
	struct lexer l = {.text = text};
	return lex_next(&l).kind;
}

static void tokens_are_told_apart(void **state)
{
	static const struct {
		const char *text;
		enum token_kind kind;
	} table[] = {
		{"", TOKEN_END},
		{" \t\r\n# comment", TOKEN_END},
		{"regime", TOKEN_WORD},
		{"health.*", TOKEN_WORD},
		{"id.de.2fa", TOKEN_WORD},
		{"special-care", TOKEN_WORD},
		{"\"a \\\"b\\\" \\\\\"", TOKEN_STRING},
		{"\"\"", TOKEN_STRING},
		{"42", TOKEN_NUMBER},
		{"-42", TOKEN_NUMBER},
		{"2026-11-20", TOKEN_DATE},
		{"@eea", TOKEN_GROUP},
		{"{", TOKEN_OPEN},
		{"}", TOKEN_CLOSE},
		{"(", TOKEN_PAREN_OPEN},
		{")", TOKEN_PAREN_CLOSE},
		{",", TOKEN_COMMA},
		{"+", TOKEN_PLUS},
		{"=", TOKEN_EQ},
		{"!=", TOKEN_NE},
		{"<", TOKEN_LT},
		{"<=", TOKEN_LE},
		{">", TOKEN_GT},
		{">=", TOKEN_GE},
		{"12a", TOKEN_BAD},
		{"2026-1-1", TOKEN_BAD},
		{"\"open", TOKEN_BAD},
		{"\"a\nb\"", TOKEN_BAD},
		{"\"bad \\n escape\"", TOKEN_BAD},
		{"\xe2\x80\x9cquoted\xe2\x80\x9d", TOKEN_BAD},
		{"!", TOKEN_BAD},
		{"@", TOKEN_BAD},
		{"-", TOKEN_BAD},
		{".", TOKEN_BAD},
		{";", TOKEN_BAD},
		{"\xc3\xa4", TOKEN_BAD},
	};
	(void)state;
	for (size_t i = 0; i < sizeof table / sizeof *table; i++)
		if (first_kind(span_str(table[i].text)) != table[i].kind)
			fail_msg("%s", table[i].text);
	assert_int_equal(first_kind(SPAN("\0regime")), TOKEN_BAD);
}

static void the_end_stays_the_end(void **state)
{
	(void)state;
	struct lexer l = {.text = SPAN("a")};
	assert_int_equal(lex_next(&l).kind, TOKEN_WORD);
	for (int i = 0; i < 3; i++)
		assert_int_equal(lex_next(&l).kind, TOKEN_END);
	assert_int_equal(l.at, 1);
}

/* Tokens and the gaps between them make up the input, whatever the bytes. */
static void tokens_never_leave_the_input(void **state)
{
	(void)state;
	uint64_t seed = 0x9e3779b97f4a7c15;
	static const char alphabet[] = "ab.*-_\"\\{}()@+,=!<>0123456789 \n#\x00\xc3\xa4";
	for (int round = 0; round < 20000; round++) {
		uint8_t text[24];
		for (size_t i = 0; i < sizeof text; i++) {
			seed = seed * 6364136223846793005u + 1442695040888963407u;
			text[i] = (uint8_t)alphabet[(seed >> 33) % (sizeof alphabet - 1)];
		}
		struct lexer l = {.text = span_of(text, sizeof text)};
		size_t before = 0;
		for (;;) {
			struct token t = lex_next(&l);
			assert_true(t.text.p >= text + before && t.text.p + t.text.n <= text + sizeof text);
			assert_true(l.at <= sizeof text);
			if (t.kind == TOKEN_END)
				break;
			assert_true(l.at > before);
			before = l.at;
		}
	}
}

static void dates_of_the_calendar(void **state)
{
	static const struct {
		const char *text;
		int64_t days;
	} good[] = {{"1970-01-01", 0},     {"1969-12-31", -1},      {"2000-02-29", 11016},  {"2024-12-31", 20088},
		    {"2026-11-20", 20777}, {"0000-01-01", -719528}, {"9999-12-31", 2932896}};
	static const char *const bad[] = {"2026-02-29",
					  "1900-02-29",
					  "2026-13-01",
					  "2026-00-10",
					  "2026-11-31",
					  "2026-11-00",
					  "2026/11/20",
					  "2026-11-2",
					  "20261120",
					  "2026-11-2x",
					  ""};
	(void)state;
	for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
		int64_t days;
		char text[16];
		assert_true(date_parse(span_str(good[i].text), &days));
		assert_int_equal(days, good[i].days);
		date_print(days, text);
		assert_string_equal(text, good[i].text);
	}
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		int64_t days;
		assert_false(date_parse(span_str(bad[i]), &days));
	}
}

static void every_day_prints_and_parses(void **state)
{
	(void)state;
	for (int64_t day = -719528; day <= 2932896; day += 13) {
		char text[16];
		int64_t back;
		date_print(day, text);
		assert_true(date_parse(span_str(text), &back));
		assert_int_equal(back, day);
	}
	char text[16];
	date_print(INT64_MAX, text);
	assert_string_equal(text, "9999-12-31");
	date_print(INT64_MIN, text);
	assert_string_equal(text, "0000-01-01");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(tokens_are_told_apart),        cmocka_unit_test(the_end_stays_the_end),
		cmocka_unit_test(tokens_never_leave_the_input), cmocka_unit_test(dates_of_the_calendar),
		cmocka_unit_test(every_day_prints_and_parses),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
