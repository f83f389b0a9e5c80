#include "book.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "rules/parse.h"

#define DEFAULT "default { place on-prem because \"d\" }\n"
/* A book with one rule whose condition is given; the condition starts on line 3, column 8. */
#define WHEN(condition)                                                                                                \
	DEFAULT "regime g \"G\" version 2026-01-01 { applies always rule r \"s\" {\n"                                  \
		"  when " condition "\n  then place none because \"x\" } }"

static void expect_error(const char *text, enum err want, unsigned line, unsigned column, const char *part)
{
	struct rules_source source = {SPAN("t.rules"), span_str(text)};
	struct rules_diag diag;
	enum err err;
	struct rules *r = rules_compile(&source, 1, &test_env, &diag, &err);
	assert_null(r);
	if (err != want || diag.line != line || diag.column != column || strstr(diag.text, part) == NULL)
		fail_msg("%s\n%u:%u: %s (%s)", text, diag.line, diag.column, diag.text, err_name(err));
}

static void conditions_that_do_not_fit_are_refused(void **state)
{
	static const struct {
		const char *text;
		unsigned column;
		const char *part;
	} table[] = {
		{WHEN("subjet in @eea"), 8, "there is no fact subjet; did you mean \"subject\"?"},
		{WHEN("destination.procesing within @eea"), 8, "did you mean \"destination.processing\"?"},
		{WHEN("utter-nonsense-here"), 8, "there is no fact utter-nonsense-here"},
		{WHEN("site in @eaa"), 16, "there is no country group @eaa; did you mean \"eea\"?"},
		{WHEN("site in {de}"), 17, "in capitals: DE"},
		{WHEN("site in {DEU}"), 17, "not a country"},
		{WHEN("site in {\"DE\"}"), 17, "not a country"},
		{WHEN("site in @nobody"), 16, "no country"},
		{WHEN("site"), 8, "is a country"},
		{WHEN("subject is DE"), 8, "is a set of countries"},
		{WHEN("subject"), 8, "is a set of countries"},
		{WHEN("site = 3"), 8, "is a country"},
		{WHEN("app.known is yes"), 8, "is yes or no"},
		{WHEN("app.known in {yes}"), 8, "is yes or no"},
		{WHEN("request.bytes"), 8, "is a number"},
		{WHEN("request.bytes > 2026-01-01"), 8, "is a number"},
		{WHEN("time.date > 3"), 8, "is a date"},
		{WHEN("time.date > 2026-02-30"), 20, "not a date of the calendar"},
		{WHEN("request.bytes > 99999999999999999999"), 24, "too large"},
		{WHEN("app.role = 1"), 8, "one of a list"},
		{WHEN("app.role in @eea"), 8, "one of a list"},
		{WHEN("app.role in {@eea}"), 21, "group of countries"},
		{WHEN("app.role within {controller}"), 8, "one of a list"},
		{WHEN("app.role is contoller"), 20, "did you mean \"controller\"?"},
		{WHEN("app.role is x"), 20, "has no value x; it has controller|processor"},
		{WHEN("app.role is \"controller\""), 20, "has no value"},
		{WHEN("app.id > 1"), 8, "is a text"},
		{WHEN("app.id in {\"\"}"), 19, "must not be empty"},
		{WHEN("data has helth.condition"), 17, "did you mean \"health.condition\"?"},
		{WHEN("data has helth.*"), 17, "there is no data class or type helth.*"},
		{WHEN("data has specal"), 17, "did you mean \"special\"?"},
		{WHEN("data has \"special\""), 17, "expected a data class or type"},
		{WHEN("data has any of {special, @eea}"), 34, "expected a data class or type"},
		{WHEN("count of nothing >= 3"), 17, "no data class or type"},
		{WHEN("count of special >= 2026-01-01"), 28, "with a number"},
		{WHEN("score of house.project-z >= 3"), 17, "did you mean \"house.project-x\"?"},
	};
	(void)state;
	for (size_t i = 0; i < sizeof table / sizeof *table; i++)
		expect_error(table[i].text, ERR_CONFIG, 3, table[i].column, table[i].part);
}

static void sentences_that_break_off_are_refused(void **state)
{
	static const struct {
		const char *text;
		unsigned line, column;
		const char *part;
	} table[] = {
		{"rule", 1, 1, "expected \"regime\", \"default\" or \"exempt\" instead of rule"},
		{"regime", 1, 7, "the regime's name, but the file ends here"},
		{"regime x", 1, 9, "title in quotes"},
		{"regime x \"t\" version 3", 1, 22, "the version, a date"},
		{"regime x \"t\" version 2026-01-01 { rule", 1, 35, "applies when"},
		{"regime x \"t\" version 2026-01-01 { applies if", 1, 43, "\"when\" or \"always\""},
		{"regime x \"t\" version 2026-01-01 { applies always", 1, 49, "\"rule\" or \"}\""},
		{"regime x \"t\" version 2026-01-01 { applies always rule r {", 1, 57, "source in quotes"},
		{WHEN(""), 4, 3, "expected a condition instead of then"},
		{WHEN("site in"), 4, 3, "a name, a country, or a @group instead of then"},
		{WHEN("site in {DE"), 4, 3, "\",\" or \"}\""},
		{WHEN("site not DE"), 3, 17, "\"in\" or \"within\""},
		{WHEN("site is @eea"), 3, 16, "after \"is\""},
		{WHEN("(site is DE"), 4, 3, "expected \")\""},
		{WHEN("site is DE and"), 4, 3, "a condition"},
		{WHEN("site is DE site is AT"), 3, 19, "expected \"and\", \"or\", \"unless\" or \"then\""},
		{WHEN("data special"), 3, 13, "\"has\" after \"data\""},
		{WHEN("data has any {special}"), 3, 21, "\"of\" after \"any\""},
		{WHEN("count special"), 3, 14, "\"of\""},
		{WHEN("count of special"), 4, 3, "a comparison"},
		{WHEN("request.bytes > DE"), 3, 24, "a number or a date"},
		{WHEN("@eea"), 3, 8, "a condition"},
		{WHEN("site is DE unless"), 4, 3, "a condition"},
		{"default { }", 1, 11, "\"place\", \"pseudonymise\""},
		{"default { place on-prem }", 1, 25, "\"because\""},
		{"default { place \"x\" because \"y\" }", 1, 17, "\"any\", \"within\""},
		{"default { redact 3 because \"y\" }", 1, 18, "a data class"},
		{"default { approval 3 because \"y\" }", 1, 20, "\"yes\" or \"four-eyes\""},
		{"default { place none because because }", 1, 30, "reason in quotes"},
		{"default { place none because \"x }", 1, 30, "not closed"},
		{"\xef\xbb\xbf# \xc3\xa4\xc3\xb6\xc3\xbc\ndefault \xc3\xa4", 2, 9, "no meaning"},
		{"exempt a.b when site is DE because", 1, 28, "\"until\""},
		{"exempt a.b when site is DE until 3", 1, 34, "last day"},
		{"exempt a.b when site is DE until 2026-01-01 because \"x\"", 1, 56, "who granted it"},
	};
	(void)state;
	for (size_t i = 0; i < sizeof table / sizeof *table; i++)
		expect_error(table[i].text, ERR_SYNTAX, table[i].line, table[i].column, table[i].part);
}

#define REGIME(name, rules) "regime " name " \"t\" version 2026-01-01 { applies always " rules " }\n"
#define RULE(name, verdict) "rule " name " \"s\" { when site is DE then " verdict " because \"x\" }"

static void books_that_do_not_hang_together_are_refused(void **state)
{
	static const struct {
		const char *text;
		unsigned line, column;
		const char *part;
	} table[] = {
		{"", 0, 0, "no source has a default clause"},
		{DEFAULT DEFAULT, 2, 1, "there is a default clause already"},
		{DEFAULT REGIME("g", "") REGIME("g", ""), 3, 8, "a regime of this name already"},
		{DEFAULT REGIME("G", ""), 2, 8, "small letters"},
		{DEFAULT REGIME("a.b", ""), 2, 8, "small letters"},
		{DEFAULT REGIME("g", RULE("r", "place any") " " RULE("r", "place any")), 2, 113, "a rule of this name"},
		{DEFAULT REGIME("g", RULE("r", "place here")), 2, 90, "a place is any"},
		{DEFAULT REGIME("g", RULE("r", "place regions")), 2, 90, "a place is any"},
		{DEFAULT REGIME("g", RULE("r", "place within @eee")), 2, 97, "did you mean \"eea\"?"},
		{DEFAULT REGIME("g", RULE("r", "place none, place any")), 2, 96, "the place is given twice"},
		{DEFAULT REGIME("g", RULE("r", "place within DE, place any")), 2, 101, "the place is given twice"},
		{DEFAULT REGIME("g", RULE("r", "approval yes, approval yes")), 2, 98, "the approval is given twice"},
		{DEFAULT REGIME("g", RULE("r", "approval no")), 2, 93, "an approval is"},
		{DEFAULT REGIME("g", RULE("r", "approval maybe")), 2, 93, "an approval is"},
		{DEFAULT REGIME("g", RULE("r", "redact paymnt")), 2, 91, "did you mean \"payment\"?"},
		{DEFAULT REGIME("g", RULE("r", "redact phi, pseudonymise phi")), 2, 96, "a transformation already"},
		{DEFAULT "regime g \"t\" version 2026-02-30 { applies always }", 2, 22, "not a date"},
		{DEFAULT REGIME(
			 "g",
			 RULE("long-name",
			      "place any")) "exempt g.long-nme when site is DE until 2026-01-01 because \"x\" by \"y\"",
		 3, 8, "did you mean \"g.long-name\"?"},
		{DEFAULT REGIME(
			 "g",
			 RULE("r", "place any")) "exempt g.r when site is DE until 2026-02-30 because \"x\" by \"y\"",
		 3, 34, "not a date"},
		{DEFAULT REGIME("g", "rule r \"\" { when site is DE then place any because \"x\" }"), 2, 57,
		 "not be empty"},
	};
	(void)state;
	for (size_t i = 0; i < sizeof table / sizeof *table; i++)
		expect_error(table[i].text, ERR_CONFIG, table[i].line, table[i].column, table[i].part);
}

static void the_file_of_an_error_is_named(void **state)
{
	(void)state;
	struct rules_source sources[] = {{SPAN("a.rules"), SPAN(DEFAULT)}, {SPAN("b.rules"), SPAN("\n\n  oops")}};
	struct rules_diag diag;
	enum err err;
	assert_null(rules_compile(sources, 2, &test_env, &diag, &err));
	assert_true(span_eq(diag.file, SPAN("b.rules")));
	assert_int_equal(diag.line, 3);
	assert_int_equal(diag.column, 3);
	assert_null(rules_compile(NULL, 0, &test_env, &diag, &err));
	assert_int_equal(err, ERR_CONFIG);
}

static void bytes_that_are_not_utf8_are_refused(void **state)
{
	(void)state;
	expect_error(DEFAULT "# \xff", ERR_ENCODING, 2, 3, "UTF-8");
	expect_error(DEFAULT "# \xed\xa0\x80", ERR_ENCODING, 2, 3, "UTF-8");
	expect_error(DEFAULT "\xc3", ERR_ENCODING, 2, 1, "UTF-8");
}

/* A condition nested by `depth` times `open`, closed by `close`. */
static char *nested(size_t depth, const char *open, const char *close)
{
	struct buf b;
	buf_init(&b, 0);
	buf_add_str(&b, DEFAULT "regime g \"t\" version 2026-01-01 { applies when ");
	for (size_t i = 0; i < depth; i++)
		buf_add_str(&b, open);
	buf_add_str(&b, "app.known");
	for (size_t i = 0; i < depth; i++)
		buf_add_str(&b, close);
	buf_add(&b, span_of(" }", 3)); /* with its NUL */
	assert_int_equal(buf_err(&b), ERR_OK);
	return (char *)b.p;
}

static void nesting_has_a_cap(void **state)
{
	static const char *const pairs[][2] = {{"(", ")"}, {"not ", ""}, {"not (", ")"}};
	static const size_t each[] = {1, 1, 2};
	(void)state;
	for (size_t i = 0; i < 3; i++) {
		char *text = nested(PARSE_MAX_DEPTH / each[i], pairs[i][0], pairs[i][1]);
		rules_free(book_of(text));
		free(text);
		text = nested(100000, pairs[i][0], pairs[i][1]);
		struct rules_source source = {SPAN("deep"), span_str(text)};
		struct rules_diag diag;
		enum err err;
		assert_null(rules_compile(&source, 1, &test_env, &diag, &err));
		assert_int_equal(err, ERR_LIMIT);
		free(text);
	}
}

static void sizes_have_caps(void **state)
{
	(void)state;
	struct buf b;
	struct rules_diag diag;
	enum err err;
	buf_init(&b, 0);
	buf_add_str(&b, DEFAULT);
	for (int i = 0; i <= RULES_MAX_REGIMES; i++)
		buf_printf(&b, "regime g%d \"t\" version 2026-01-01 { applies always }\n", i);
	struct rules_source source = {SPAN("many"), buf_span(&b)};
	assert_null(rules_compile(&source, 1, &test_env, &diag, &err));
	assert_non_null(strstr(diag.text, "more than 32 regimes"));
	assert_int_equal(diag.line, RULES_MAX_REGIMES + 2);
	buf_clear(&b);
	while (b.n <= PARSE_MAX_SOURCE)
		buf_add_str(&b, "# a long file of comments, line after line after line\n");
	source.text = buf_span(&b);
	assert_null(rules_compile(&source, 1, &test_env, &diag, &err));
	assert_int_equal(err, ERR_LIMIT);
	buf_fini(&b);
}

/* --- Canonical text --- */

static struct buf canonical(const struct rules *r)
{
	struct buf b;
	buf_init(&b, 0);
	assert_int_equal(rules_canonical(r, &b), ERR_OK);
	buf_add_byte(&b, '\0');
	return b;
}

static void canonical_text_is_what_it_says(void **state)
{
	(void)state;
	struct rules *r = book_of(
		"# comment\n"
		"exempt g.r when app.id is claims until 2027-01-01 because \"why \\\"not\\\"\" by \"DPO\"\n"
		"regime g \"T\\\\itle\" version 2026-01-01 { applies when ((site in {DE , AT}) or subject within "
		"@eea+CH)\n"
		" rule r \"Art. 1\" { when (data has any of {special, phi, id.de.*}) and ((not site is not DE) and\n"
		"   app.role not in {controller, processor} and not (app.known or count of id.* > 3)) or app.role is "
		"unknown\n"
		"   or not destination.dpa or not time.date != 2026-02-01 or destination.geo is not unknown\n"
		"  unless destination.processing not within @eea or not data has phi then\n"
		"  approval yes, redact payment, pseudonymise personal, place within CH + @eea because \"x\" private "
		"}}\n"
		"default { place any because \"d\" }");
	struct buf text = canonical(r);
	assert_string_equal(
		(const char *)text.p,
		"# rules 1\n"
		"# @eea = AT BE BG CY CZ DE DK EE ES FI FR GR HR HU IE IS IT LI LT LU LV MT NL NO PL PT RO SE SI SK\n"
		"regime g \"T\\\\itle\" version 2026-01-01 {\n"
		"  applies when site in DE + AT or subject within @eea + CH\n"
		"  rule r \"Art. 1\" {\n"
		"    when ((data has id.de.* or data has any of {special, phi}) and not site not in DE and app.role "
		"not in "
		"{controller, processor} and not (app.known or count of id.* > 3)) or app.role is unknown or not "
		"destination.dpa or not time.date != 2026-02-01 or destination.geo is set\n"
		"    unless destination.processing not within @eea or not data has phi\n"
		"    then place within CH + @eea, pseudonymise personal, redact payment, approval yes because \"x\" "
		"private\n"
		"  }\n"
		"}\n"
		"exempt g.r when app.id is \"claims\" until 2027-01-01 because \"why \\\"not\\\"\" by \"DPO\"\n"
		"default {\n"
		"  place any because \"d\"\n"
		"}\n");
	struct rules *again = book_of((const char *)text.p);
	struct buf second = canonical(again);
	assert_string_equal((const char *)text.p, (const char *)second.p);
	buf_fini(&second);
	buf_fini(&text);
	rules_free(again);
	rules_free(r);
}

static void canonical_packs_compile_to_themselves(void **state)
{
	(void)state;
	struct rules *r =
		book_of_packs("exempt pci.card-number when site is DE until 2026-12-31 because \"x\" by \"y\"");
	struct buf text = canonical(r);
	struct rules *again = book_of((const char *)text.p);
	struct buf second = canonical(again);
	assert_string_equal((const char *)text.p, (const char *)second.p);
	assert_int_equal(rules_count(r), rules_count(again));
	buf_fini(&second);
	buf_fini(&text);
	rules_free(again);
	rules_free(r);
}

static void a_book_can_be_read_back(void **state)
{
	(void)state;
	struct rules *r =
		book_of(DEFAULT "regime gdpr \"Regulation\" version 2026-11-01 { applies always\n"
				"rule a \"Art. 9\" { when site is DE then place none because \"w\" }\n"
				"rule b \"Art. 10\" { when site is DE then place none because \"v\" private } }");
	assert_int_equal(rules_regimes(r), 1);
	assert_int_equal(rules_count(r), 2);
	assert_true(span_eq(rules_regime_name(r, 0), SPAN("gdpr")));
	assert_true(span_eq(rules_regime_title(r, 0), SPAN("Regulation")));
	assert_true(span_eq(rules_regime_version(r, 0), SPAN("2026-11-01")));
	assert_true(span_eq(rules_rule_name(r, 1), SPAN("b")));
	assert_true(span_eq(rules_rule_source(r, 0), SPAN("Art. 9")));
	assert_true(span_eq(rules_rule_reason(r, 1), SPAN("v")));
	assert_false(rules_rule_private(r, 0));
	assert_true(rules_rule_private(r, 1));
	rules_free(r);
	rules_free(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(conditions_that_do_not_fit_are_refused),
		cmocka_unit_test(sentences_that_break_off_are_refused),
		cmocka_unit_test(books_that_do_not_hang_together_are_refused),
		cmocka_unit_test(the_file_of_an_error_is_named),
		cmocka_unit_test(bytes_that_are_not_utf8_are_refused),
		cmocka_unit_test(nesting_has_a_cap),
		cmocka_unit_test(sizes_have_caps),
		cmocka_unit_test(canonical_text_is_what_it_says),
		cmocka_unit_test(canonical_packs_compile_to_themselves),
		cmocka_unit_test(a_book_can_be_read_back),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
