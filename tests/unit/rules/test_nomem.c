/* Memory runs out at every allocation in turn: an error each time, no leak, no crash. */
#include "book.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

/* The linker puts these in the place of malloc and calloc (rules/module.cmake). */
void *__real_malloc(size_t n);
void *__real_calloc(size_t n, size_t size);
void *__wrap_malloc(size_t n);
void *__wrap_calloc(size_t n, size_t size);

static size_t left = SIZE_MAX; /* allocations that still succeed */

static bool refuse(void)
{
	if (left == SIZE_MAX)
		return false;
	if (left == 0)
		return true;
	left--;
	return false;
}

void *__wrap_malloc(size_t n)
{
	return refuse() ? NULL : __real_malloc(n);
}

void *__wrap_calloc(size_t n, size_t size)
{
	return refuse() ? NULL : __real_calloc(n, size);
}

static enum err compile_and_tell(const struct rules_source *sources, size_t n, struct buf *canonical, struct buf *why)
{
	static const struct facts f;
	static const struct dest_facts d;
	struct rules_diag diag;
	enum err e;
	struct rules *r = rules_compile(sources, n, &test_env, &diag, &e);
	if (r == NULL) {
		assert_true(diag.text[0] != '\0');
		return e;
	}
	e = rules_canonical(r, canonical);
	if (e == ERR_OK)
		e = rules_explain(r, &f, &d, true, why);
	rules_free(r);
	return e;
}

static void every_allocation_may_fail(void **state)
{
	(void)state;
	char *text;
	size_t n;
	text = file_text(BW_SOURCE_DIR "/rules/packs/coverage.rules", &n);
	const struct rules_source sources[] = {
		{SPAN("coverage"), span_of(text, n)},
		{SPAN("house"),
		 SPAN("default { place none because \"d\" } exempt coverage.opaque when app.id in {\"a\", b} or "
		      "site in @eea + CH until 2026-12-31 because \"x\" by \"y\"")},
	};
	size_t round = 0;
	enum err e;
	do {
		struct buf canonical, why;
		buf_init(&canonical, 0);
		buf_init(&why, 0);
		left = round++;
		e = compile_and_tell(sources, 2, &canonical, &why);
		left = SIZE_MAX;
		buf_fini(&canonical);
		buf_fini(&why);
		assert_true(e == ERR_OK || e == ERR_NOMEM);
	} while (e != ERR_OK);
	assert_true(round > 10);
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_allocation_may_fail),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
