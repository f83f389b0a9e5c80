#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "audit/format/tree.h"
#include "helper.h"
#include "store/store.h"

static void first_record_follows_the_start_leaf(void **state)
{
	(void)state;
	char *dir = scratch_new();
	struct audit_options o = test_options(dir);
	struct audit_writer *w = open_writer(&o);
	struct append_result r = append_decision(w, 7);
	assert_int_equal(r.err, ERR_OK);
	assert_int_equal(r.sequence, 1);
	struct audit_status s;
	audit_status(w, &s);
	assert_true(s.healthy);
	assert_int_equal(s.size, 2);
	audit_close(w);
	scratch_remove(dir);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(first_record_follows_the_start_leaf),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
