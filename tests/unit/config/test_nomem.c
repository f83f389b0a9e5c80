/* Out of memory at every single allocation in turn: a clean refusal, nothing leaked, nothing half made. */
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

/* The units under test, with their allocator exchanged. */
#define calloc(n, size) scarce_calloc(n, size)
#define malloc(size)    scarce_malloc(size)
#include "base/arena.c"
#include "config/config.c"
#undef calloc
#undef malloc

static struct span example(void)
{
	static uint8_t text[64 * 1024];
	FILE *f = fopen(BW_SOURCE_DIR "/deploy/bailiwick.yaml", "rb");
	assert_non_null(f);
	size_t n = fread(text, 1, sizeof text, f);
	fclose(f);
	assert_true(n > 0 && n < sizeof text);
	return span_of(text, n);
}

static void test_every_allocation(void **state)
{
	(void)state;
	struct span yaml = example();
	long failures = 0;
	for (;; failures++) {
		struct config_diag diag;
		enum err err = ERR_OK;
		allocations_left = failures;
		struct config *c = config_parse(yaml, "/etc/bailiwick/bailiwick.yaml", &diag, &err);
		if (c != NULL) {
			config_free(c);
			break;
		}
		assert_int_equal(err, ERR_NOMEM);
		assert_true(diag.text[0] != '\0');
	}
	assert_true(failures >= 3);
}

/* The same with arenas that are full after so many bytes: every arena_alloc fails once. */
static void test_every_arena_limit(void **state)
{
	(void)state;
	struct span yaml = example();
	size_t limit = 0, refused = 0;
	for (;; limit += 48) {
		struct config_diag diag = {0};
		struct config c = {0};
		allocations_left = 1000;
		arena_init(&c.arena, limit + 1);
		enum err err = fill(&c, yaml, "x.yaml", &diag);
		arena_fini(&c.arena);
		if (err == ERR_OK)
			break;
		assert_int_equal(err, ERR_NOMEM);
		refused++;
	}
	assert_true(refused > 50);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_allocation),
		cmocka_unit_test(test_every_arena_limit),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
