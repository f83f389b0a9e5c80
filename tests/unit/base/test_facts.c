/* Facts, verdicts, taxonomy, errors: the tables hold together. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/err.h"
#include "base/facts.h"
#include "base/types.h"
#include "base/verdict.h"

static void every_fact_has_one_number_and_one_path(void **state)
{
	(void)state;
	for (unsigned i = 0; i < FACT_COUNT; i++) {
		const struct fact_info *info = fact_info((enum fact_id)i);
		assert_int_equal(fact_by_path(span_str(info->path)), i);
		assert_int_equal(fact_by_number(info->number), i);
		assert_int_equal(info->scope == FACT_DEST, i >= FACT_FIRST_DEST);
		assert_int_equal(info->kind == FACT_ENUM, info->values[0] != '\0');
	}
	assert_int_equal(fact_by_path(SPAN("no.such")), FACT_COUNT);
}

static void every_type_name_is_unique_and_classed(void **state)
{
	(void)state;
	for (unsigned i = 0; i < TYPE_COUNT; i++) {
		assert_int_equal(type_by_name(span_str(type_info((enum type_id)i)->name)), i);
		assert_int_not_equal(type_info((enum type_id)i)->classes, 0);
	}
	for (int c = 0; c < CLASS_COUNT; c++)
		assert_int_equal(class_parse(class_name((enum legal_class)c)), c);
}

static void data_items_merge_by_type_and_stay_sorted(void **state)
{
	static struct facts f;
	(void)state;
	assert_true(
		facts_add_data(&f, (struct data_item){.type = SPAN("net.ip"), .count = 1, .score = 50, .classes = 1}));
	assert_true(facts_add_data(
		&f, (struct data_item){.type = SPAN("contact.email"), .count = 2, .score = 60, .classes = 2}));
	assert_true(
		facts_add_data(&f, (struct data_item){.type = SPAN("net.ip"), .count = 3, .score = 90, .classes = 4}));
	assert_int_equal(f.n_data, 2);
	assert_true(span_eq(f.data[0].type, SPAN("contact.email")));
	assert_int_equal(f.data[1].count, 4);
	assert_int_equal(f.data[1].score, 90);
	assert_int_equal(f.classes, 7);
	static char names[FACTS_MAX_DATA][8];
	bool added = true;
	for (int i = 0; added && i < FACTS_MAX_DATA; i++) {
		names[i][0] = (char)('a' + i % 26);
		names[i][1] = (char)('a' + i / 26);
		added = facts_add_data(&f, (struct data_item){.type = span_of(names[i], 2), .count = 1});
	}
	assert_false(added); /* full: the caller must count coverage as failed */
	assert_int_equal(f.n_data, FACTS_MAX_DATA);
}

static void type_patterns_match_whole_parts(void **state)
{
	(void)state;
	assert_true(type_matches(SPAN("health.condition"), SPAN("health.*")));
	assert_true(type_matches(SPAN("id.de.steuerid"), SPAN("id.de.*")));
	assert_false(type_matches(SPAN("healthy.x"), SPAN("health.*")));
	assert_false(type_matches(SPAN("health"), SPAN("health.*")));
	assert_true(type_matches(SPAN("net.ip"), SPAN("net.ip")));
}

static uint32_t next(uint32_t *seed)
{
	return *seed = *seed * 1664525u + 1013904223u;
}

static struct verdict random_verdict(uint32_t *seed)
{
	struct verdict v = {.place = (enum place)(next(seed) >> 8 & 3),
			    .approval = (enum approval)((next(seed) >> 8) % 3)};
	if (v.place == PLACE_REGIONS) {
		country_set_add(&v.regions, (country)((next(seed) >> 8) % 3));
		country_set_add(&v.regions, (country)((next(seed) >> 8) % 3));
	}
	for (int c = 0; c < CLASS_COUNT; c++)
		v.transform[c] = (enum transform)((next(seed) >> 8) % 3);
	return v;
}

/* A join semilattice but for the region lists that exclude each other, whose join is on-prem in any order all the same.
 */
static void verdicts_join_in_any_order(void **state)
{
	uint32_t seed = 42;
	(void)state;
	for (int i = 0; i < 20000; i++) {
		struct verdict a = random_verdict(&seed), b = random_verdict(&seed), c = random_verdict(&seed);
		struct verdict ab = a, ba = b, ab_c = a, a_bc = b, aa = a;
		verdict_join(&ab, &b);
		verdict_join(&ba, &a);
		assert_true(verdict_eq(&ab, &ba));
		verdict_join(&ab_c, &b);
		verdict_join(&ab_c, &c);
		verdict_join(&a_bc, &c);
		struct verdict left = a;
		verdict_join(&left, &a_bc);
		assert_true(verdict_eq(&ab_c, &left));
		verdict_join(&aa, &a);
		assert_true(verdict_eq(&aa, &a));
		assert_true(verdict_covers(&ab, &a) && verdict_covers(&ab, &b));
		struct verdict none = verdict_lenient();
		assert_true(verdict_covers(&a, &none));
	}
}

static void errors_have_a_status_and_a_reason(void **state)
{
	(void)state;
	for (int i = 0; i < ERR_COUNT; i++) {
		enum err e = (enum err)(-1 - i);
		assert_in_range(err_status(e), 400, 505);
		assert_true(strlen(err_reason(e)) > 0 && strlen(err_text(e)) > 0);
	}
	assert_int_equal(err_status(ERR_QUEUE_FULL), 503);
	assert_string_equal(err_reason((enum err) - 9999), "internal");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_fact_has_one_number_and_one_path),
		cmocka_unit_test(every_type_name_is_unique_and_classed),
		cmocka_unit_test(data_items_merge_by_type_and_stay_sorted),
		cmocka_unit_test(type_patterns_match_whole_parts),
		cmocka_unit_test(verdicts_join_in_any_order),
		cmocka_unit_test(errors_have_a_status_and_a_reason),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
