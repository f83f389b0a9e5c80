/* Every pack compiles and keeps its own cases, all packs loaded together as in service. */
#include "book.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "rules/lex.h"

static void print_failure(void *arg, const struct case_result *c)
{
	(void)arg;
	if (!c->passed)
		print_error("%.*s:%u: %.*s: %s\n", SPAN_ARG(c->file), c->line, SPAN_ARG(c->name), c->text);
}

static void packs_keep_their_cases(void **state)
{
	(void)state;
	struct rules *r = book_of_packs("");
	size_t failed = 0;
	for (size_t i = 0; i < PACK_COUNT; i++) {
		char path[512];
		size_t n;
		snprintf(path, sizeof path, "%s/rules/packs/tests/%s.cases", BW_SOURCE_DIR, pack_names[i]);
		char *text = file_text(path, &n);
		struct rules_source source = {span_str(pack_names[i]), span_of(text, n)};
		struct case_totals totals;
		struct rules_diag diag;
		if (cases_run(r, &test_env, &source, print_failure, NULL, &totals, &diag) != ERR_OK)
			fail_msg("%s.cases:%u:%u: %s", pack_names[i], diag.line, diag.column, diag.text);
		assert_true(totals.passed > 0);
		failed += totals.failed;
		free(text);
	}
	rules_free(r);
	assert_int_equal(failed, 0);
}

/* Does a line of the cases say that this rule fires? */
static bool expects_rule(const char *cases, struct span regime, struct span rule)
{
	static const char *const words[] = {"fires", "decides"};
	for (size_t i = 0; i < 2; i++) {
		char line[256];
		snprintf(line, sizeof line, "  expect %s %.*s.%.*s\n", words[i], SPAN_ARG(regime), SPAN_ARG(rule));
		if (strstr(cases, line) != NULL)
			return true;
	}
	return false;
}

static void every_rule_has_a_case_in_which_it_fires(void **state)
{
	(void)state;
	char *texts[PACK_COUNT];
	for (size_t i = 0; i < PACK_COUNT; i++) {
		char path[512];
		size_t n;
		snprintf(path, sizeof path, "%s/rules/packs/tests/%s.cases", BW_SOURCE_DIR, pack_names[i]);
		texts[i] = file_text(path, &n);
	}
	struct rules *r = book_of_packs("");
	for (uint16_t rule = 0; rule < rules_count(r); rule++) {
		bool found = false;
		for (uint16_t g = 0; g < rules_regimes(r); g++)
			for (size_t i = 0; i < PACK_COUNT; i++)
				found = found ||
					expects_rule(texts[i], rules_regime_name(r, g), rules_rule_name(r, rule));
		if (!found)
			fail_msg("no case in which %.*s fires", SPAN_ARG(rules_rule_name(r, rule)));
	}
	rules_free(r);
	for (size_t i = 0; i < PACK_COUNT; i++)
		free(texts[i]);
}

/* A house exempts an engine from a rule; the exemption expires by itself. */
static void a_house_can_exempt_for_a_time(void **state)
{
	(void)state;
	struct rules *r =
		book_of_packs("exempt release.insecure-engine when destination.id is \"ward\" until 2026-12-31"
			      " because \"risk accepted\" by \"CISO\"");
	struct facts f = {0};
	struct dest_facts d = {0};
	struct evaluation e;
	struct data_item item = {SPAN("health.condition"), CLASS_BIT(CLASS_SPECIAL), 1, 95, DATA_DETECTED, 1};
	assert_true(facts_add_data(&f, item));
	dest_facts_set_text(&d, F_DEST_ID, SPAN("ward"));
	dest_facts_set_bool(&d, F_DEST_ON_PREM, true);
	dest_facts_set_bool(&d, F_DEST_INSECURE, true);
	facts_set_num(&f, F_STATE_UNKNOWN, 0);
	int64_t last;
	assert_true(date_parse(SPAN("2026-12-31"), &last));
	facts_set_num(&f, F_DATE, last);
	rules_eval(r, &f, &d, &e);
	assert_int_equal(e.joined.place, PLACE_ON_PREM);
	facts_set_num(&f, F_DATE, last + 1);
	rules_eval(r, &f, &d, &e);
	assert_int_equal(e.joined.place, PLACE_NONE);
	rules_free(r);
}

/* Nothing at all is known: nothing leaves. */
static void unknown_facts_keep_everything_on_prem(void **state)
{
	(void)state;
	struct rules *r = book_of_packs("");
	struct facts f = {0};
	struct dest_facts d = {0};
	struct evaluation e;
	rules_eval(r, &f, &d, &e);
	assert_true(e.joined.place >= PLACE_ON_PREM);
	rules_free(r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(packs_keep_their_cases),
		cmocka_unit_test(every_rule_has_a_case_in_which_it_fires),
		cmocka_unit_test(a_house_can_exempt_for_a_time),
		cmocka_unit_test(unknown_facts_keep_everything_on_prem),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
