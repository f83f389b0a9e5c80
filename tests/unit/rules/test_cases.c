/* The runner of case files itself: what it reads, what it refuses, and that it can tell a failure. */
#include "book.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#define BOOK                                                                                                           \
	"default { place on-prem because \"d\" }\n"                                                                    \
	"regime g \"G\" version 2026-01-01 { applies when site in @eu\n"                                               \
	"rule health \"s\" { when data has health.* and not destination.dpa then place within @eu, redact phi "        \
	"because \"x\" }\n"                                                                                            \
	"rule many \"s\" { when count of personal >= 3 then approval yes because \"x\" }\n"                            \
	"rule house \"s\" { when data has house then pseudonymise house because \"x\" } }\n"                           \
	"exempt g.many when app.id is \"claims\" until 2026-12-31 because \"p\" by \"q\"\n"

struct seen {
	struct case_totals totals;
	struct case_result last;
	size_t reports;
};

static void remember(void *arg, const struct case_result *result)
{
	struct seen *s = arg;
	s->last = *result;
	s->reports++;
}

static enum err run(const char *cases, struct seen *seen, struct rules_diag *diag)
{
	struct rules *r = book_of(BOOK);
	struct rules_source source = {SPAN("t.cases"), span_str(cases)};
	*seen = (struct seen){0};
	enum err e = cases_run(r, &test_env, &source, remember, seen, &seen->totals, diag);
	rules_free(r);
	return e;
}

/* Six cases that pass. */
static const char good_cases[] = "# comment\n"
				 "facts base\r\n"
				 "  site: DE\n"
				 "  time.date: 2026-06-01\n"
				 "\n"
				 "facts more\n"
				 "  use base\n"
				 "  destination.dpa: no\n"
				 "case \"health\"\n"
				 "  use more\n"
				 "  data: health.condition x2 score 80, person.name\n"
				 "  expect place within @eu\n"
				 "  expect redact phi\n"
				 "  expect approval no\n"
				 "  expect fires g.health\n"
				 "  expect decides g.health\n"
				 "  expect not fires g.many\n"
				 "  expect not exempts g.many\n"
				 "case \"many\"\n"
				 "  use base\n"
				 "  data: declared person.name x3\n"
				 "  expect approval yes\n"
				 "  expect place any\n"
				 "  expect transform none\n"
				 "case \"exempted\"\n"
				 "  use base\n"
				 "  app.id: claims\n"
				 "  data: person.name x3\n"
				 "  expect approval no\n"
				 "  expect exempts g.many\n"
				 "  expect not fires g.many\n"
				 "case \"house\"\n"
				 "  use base\n"
				 "  data: house.codename\n"
				 "  expect pseudonymise house\n"
				 "case \"taken back\"\n"
				 "  use more\n"
				 "  site: US\n"
				 "  class: phi, special\n"
				 "  expect default\n"
				 "  expect place on-prem\n"
				 "case \"kinds of values\"\n"
				 "  use more\n"
				 "  destination.dpa: unknown\n"
				 "  subject: DE, @eu + CH\n"
				 "  request.bytes: -5\n"
				 "  destination.geo: unknown\n"
				 "  app.role: controller\n"
				 "  app.purpose: claims: handling\n"
				 "  data: health.code\n"
				 "  expect fires g.health";

static void expectations_that_hold(void **state)
{
	(void)state;
	struct seen seen;
	struct rules_diag diag;
	enum err e = run(good_cases, &seen, &diag);
	if (e != ERR_OK)
		fail_msg("%u:%u: %s", diag.line, diag.column, diag.text);
	if (seen.totals.failed > 0)
		fail_msg("%u: %s", seen.last.line, seen.last.text);
	assert_int_equal(seen.totals.passed, 6);
	assert_int_equal(seen.reports, 6);
	assert_true(span_eq(seen.last.name, SPAN("kinds of values")));
}

static void expectations_that_fail_are_told(void **state)
{
	static const char *const table[] = {
		"place any",       "place none",           "place within @eu + CH",
		"redact personal", "pseudonymise phi",     "transform none",
		"approval yes",    "fires g.many",         "not fires g.health",
		"decides g.many",  "not decides g.health", "exempts g.health",
		"default",         "not exempts g.many",
	};
	(void)state;
	for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
		char text[512];
		struct seen seen;
		struct rules_diag diag;
		snprintf(text, sizeof text,
			 "case \"fails\"\n site: DE\n time.date: 2026-01-01\n app.id: claims\n destination.dpa: no\n"
			 " data: health.code, person.name x%d\n expect %s\n expect redact phi\n",
			 i == 13 ? 3 : 2, table[i]);
		assert_int_equal(run(text, &seen, &diag), ERR_OK);
		if (i == 13)
			assert_non_null(strstr(seen.last.text, "g.many"));
		assert_int_equal(seen.totals.failed, 1);
		assert_int_equal(seen.totals.passed, 0);
		assert_int_equal(seen.last.line, 7);
		assert_non_null(strstr(seen.last.text, table[i]));
		assert_non_null(strstr(seen.last.text, "came: place within"));
	}
}

static void what_is_not_a_case_is_refused(void **state)
{
	static const struct {
		const char *text;
		unsigned line, column;
		const char *part;
	} table[] = {
		{"site: DE", 1, 1, "expected \"case\" or \"facts\""},
		{"expect place any", 1, 1, "belongs into a case"},
		{"case x\n", 1, 6, "title in quotes"},
		{"case \"\"\n", 1, 6, "title in quotes"},
		{"case \"a\"\n site: DE\n", 1, 7, "expects nothing"},
		{"case \"a\"\n expect place any\n site: DE", 3, 2, "before expectations"},
		{"case \"a\"\n sitte: DE", 2, 2, "did you mean \"site\"?"},
		{"case \"a\"\n site DE", 2, 2, "expected facts, case, use"},
		{"case \"a\"\n site:", 2, 2, "a value is missing"},
		{"case \"a\"\n site: DEU", 2, 8, "a country"},
		{"case \"a\"\n subject: DE, @zz", 2, 15, "no country group"},
		{"case \"a\"\n subject: DE,, AT", 2, 14, "expected a country"},
		{"case \"a\"\n app.known: true", 2, 13, "yes or no"},
		{"case \"a\"\n request.bytes: 1k", 2, 17, "a number"},
		{"case \"a\"\n time.date: 2026-02-30", 2, 13, "a date"},
		{"case \"a\"\n app.role: king", 2, 12, "no such value"},
		{"case \"a\"\n data: helth.code", 2, 8, "did you mean \"health.code\"?"},
		{"case \"a\"\n data: health.code 5", 2, 20, "xCOUNT or score"},
		{"case \"a\"\n data: health.code score 101", 2, 20, "xCOUNT or score"},
		{"case \"a\"\n data: health.code x0", 2, 20, "xCOUNT or score"},
		{"case \"a\"\n class: nothing", 2, 9, "no such data class"},
		{"case \"a\"\n use b", 2, 6, "no block of facts"},
		{"facts b\n use b\ncase \"a\"\n use b", 2, 6, "too deeply"},
		{"case \"a\"\n expect place here", 2, 15, "a place is"},
		{"case \"a\"\n expect place within @zz", 2, 22, "no country group"},
		{"case \"a\"\n expect redact x", 2, 16, "no such data class"},
		{"case \"a\"\n expect approval x", 2, 18, "an approval is"},
		{"case \"a\"\n expect fires g.nothing", 2, 15, "no rule of this path"},
		{"case \"a\"\n expect fires nothing", 2, 15, "no rule of this path"},
		{"case \"a\"\n expect luck g.many", 2, 9, "expected place, redact"},
	};
	(void)state;
	for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
		struct seen seen;
		struct rules_diag diag;
		enum err e = run(table[i].text, &seen, &diag);
		if (e != ERR_SYNTAX || diag.line != table[i].line || diag.column != table[i].column ||
		    strstr(diag.text, table[i].part) == NULL)
			fail_msg("%s\n%u:%u: %s (%s)", table[i].text, diag.line, diag.column, diag.text, err_name(e));
	}
}

/* Blocks that use blocks a hundred times each would otherwise take for ever. */
static void uses_of_blocks_have_a_budget(void **state)
{
	(void)state;
	struct buf b;
	buf_init(&b, 0);
	for (int level = 0; level < 4; level++) {
		buf_printf(&b, "facts l%d\n", level);
		for (int i = 0; i < 100; i++)
			buf_printf(&b, " use l%d\n", level + 1);
	}
	buf_add_str(&b, "facts l4\n site: DE\ncase \"a\"\n use l0\n expect place any");
	buf_add_byte(&b, '\0');
	struct seen seen;
	struct rules_diag diag;
	assert_int_equal(run((const char *)b.p, &seen, &diag), ERR_SYNTAX);
	assert_non_null(strstr(diag.text, "too often"));
	buf_fini(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(expectations_that_hold),
		cmocka_unit_test(expectations_that_fail_are_told),
		cmocka_unit_test(what_is_not_a_case_is_refused),
		cmocka_unit_test(uses_of_blocks_have_a_budget),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
