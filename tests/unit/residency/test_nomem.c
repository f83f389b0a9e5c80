/* Out of memory at every single allocation in turn: a clean refusal, nothing leaked. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

static long allocations_left;

static void *scarce_calloc(size_t n, size_t size)
{
	return allocations_left-- > 0 ? calloc(n, size) : NULL;
}

static void *scarce_malloc(size_t size)
{
	return allocations_left-- > 0 ? malloc(size) : NULL;
}

/* The unit under test, with its allocator exchanged. */
#define calloc(n, size) scarce_calloc(n, size)
#define malloc(size)    scarce_malloc(size)
#include "residency/table.c"
#undef calloc
#undef malloc

static void test_every_allocation(void **state)
{
	(void)state;
	struct span tsv = SPAN("set\t@a\tDE FR\nhost\ta.example\t*\t*\tp\t@a\t2026-11-20\tsource\tnote\n");
	long failures = 0;
	for (;; failures++) {
		struct groups_diag diag;
		enum err err = ERR_OK;
		allocations_left = failures;
		struct destination_table *t = destination_table_parse(tsv, &diag, &err);
		if (t != NULL) {
			destination_table_free(t);
			break;
		}
		assert_int_equal(err, ERR_NOMEM);
		assert_true(diag.text[0] != '\0');
	}
	assert_int_equal(failures, 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_every_allocation)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
