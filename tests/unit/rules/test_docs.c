/* The guide for rule authors tells the truth: its examples compile and pass, its tables are those of the build. */
#include "book.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

static char *guide;

static int read_guide(void **state)
{
	size_t n;
	(void)state;
	guide = file_text(BW_SOURCE_DIR "/docs/rules.md", &n);
	return 0;
}

static int free_guide(void **state)
{
	(void)state;
	free(guide);
	return 0;
}

/* All blocks fenced with ```kind, one behind the other. */
static struct buf blocks(const char *kind)
{
	struct buf b;
	char fence[32];
	buf_init(&b, 0);
	snprintf(fence, sizeof fence, "```%s\n", kind);
	for (const char *at = guide; (at = strstr(at, fence)) != NULL;) {
		at += strlen(fence);
		const char *end = strstr(at, "```");
		assert_non_null(end);
		buf_add(&b, span_of(at, (size_t)(end - at)));
		at = end + 3;
	}
	assert_true(b.n > 0);
	buf_add_byte(&b, '\0');
	return b;
}

static void report(void *arg, const struct case_result *result)
{
	(void)arg;
	if (!result->passed)
		fail_msg("%s", result->text);
}

static void examples_compile_and_pass(void **state)
{
	(void)state;
	struct buf rules = blocks("rules"), cases = blocks("cases");
	struct rules *r = book_of((const char *)rules.p);
	struct rules_source source = {SPAN("rules.md"), span_of(cases.p, cases.n - 1)};
	struct case_totals totals;
	struct rules_diag diag;
	if (cases_run(r, &test_env, &source, report, NULL, &totals, &diag) != ERR_OK)
		fail_msg("%u:%u: %s", diag.line, diag.column, diag.text);
	assert_int_equal(totals.passed, 1);
	rules_free(r);
	buf_fini(&rules);
	buf_fini(&cases);
}

static void expect_row(const char *name, const char *meaning)
{
	char start[128], end[320];
	snprintf(start, sizeof start, "\n| `%s` | ", name);
	snprintf(end, sizeof end, "%s |\n", meaning);
	const char *row = strstr(guide, start);
	if (row == NULL || strstr(row, end) == NULL || strstr(row, end) > strchr(row + 1, '\n'))
		fail_msg("the guide's row of %s does not say: %s", name, meaning);
}

static void tables_are_complete(void **state)
{
	static const char *const meanings[] = {
#define CLASS(name, word, meaning) meaning,
#include "base/classes.def"
#undef CLASS
	};
	(void)state;
	for (unsigned i = 0; i < FACT_COUNT; i++)
		expect_row(fact_info((enum fact_id)i)->path, fact_info((enum fact_id)i)->doc);
	for (int c = 0; c < CLASS_COUNT; c++)
		expect_row((const char *)class_name((enum legal_class)c).p, meanings[c]);
}

static void every_pack_is_listed(void **state)
{
	(void)state;
	for (size_t i = 0; i < PACK_COUNT; i++) {
		char row[64];
		snprintf(row, sizeof row, "| `%s.rules` |", pack_names[i]);
		assert_non_null(strstr(guide, row));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(examples_compile_and_pass),
		cmocka_unit_test(tables_are_complete),
		cmocka_unit_test(every_pack_is_listed),
	};
	return cmocka_run_group_tests(tests, read_guide, free_guide);
}
