/* Spans, buffers, arena, UTF-8, SipHash, country sets. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/country.h"
#include "base/siphash.h"
#include "base/utf8.h"

static void span_compares_and_trims(void **state)
{
	(void)state;
	assert_true(span_eq_nocase(SPAN("Content-TYPE"), SPAN("content-type")));
	assert_false(span_eq_nocase(SPAN("content[type"), SPAN("content{type"))); /* only letters fold */
	assert_true(span_cmp(SPAN("a"), SPAN("ab")) < 0 && span_cmp(SPAN("b"), SPAN("ab")) > 0);
	assert_true(span_eq(span_trim(SPAN(" \t a b\r\n")), SPAN("a b")));
	assert_int_equal(span_trim(SPAN(" \t\r\n")).n, 0);
	assert_int_equal(span_find(SPAN("abc"), 'x'), 3);
}

static void span_u64_is_strict(void **state)
{
	uint64_t v = 7;
	(void)state;
	assert_true(span_u64(SPAN("18446744073709551615"), &v));
	assert_true(v == UINT64_MAX);
	static const struct span bad[] = {
		SPAN(""), SPAN("18446744073709551616"), SPAN("+1"), SPAN("-1"), SPAN(" 1"), SPAN("1 "), SPAN("0x1")};
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		assert_false(span_u64(bad[i], &v));
}

static void buf_grows_within_its_limit(void **state)
{
	struct buf b;
	(void)state;
	buf_init(&b, 10);
	buf_add(&b, SPAN("12345"));
	buf_add(&b, SPAN("67890"));
	assert_int_equal(buf_err(&b), ERR_OK);
	buf_add_byte(&b, 'x');
	assert_int_equal(buf_err(&b), ERR_LIMIT);
	buf_add(&b, SPAN("y")); /* failure is sticky and nothing is added */
	assert_int_equal(b.n, 10);
	buf_clear(&b);
	assert_int_equal(buf_err(&b), ERR_OK);
	buf_fini(&b);
}

static void buf_drop_wipes_what_it_drops(void **state)
{
	struct buf b = {0};
	(void)state;
	buf_add(&b, SPAN("secret-rest"));
	buf_drop(&b, 7);
	assert_true(span_eq(buf_span(&b), SPAN("rest")));
	for (size_t i = b.n; i < 11; i++)
		assert_int_equal(b.p[i], 0);
	buf_fini(&b);
}

static void buf_json_escapes_everything_a_client_splits_on(void **state)
{
	struct buf b = {0};
	(void)state;
	buf_add_json(&b, SPAN("a\"\\\n\x01\x7f\xc2\x85\xe2\x80\xa8\xff\xc3\xa9"));
	assert_true(span_eq(buf_span(&b), SPAN("\"a\\\"\\\\\\n\\u0001\\u007f\\u0085\\u2028\xef\xbf\xbd\xc3\xa9\"")));
	buf_fini(&b);
}

static void buf_printf_measures_first(void **state)
{
	struct buf b = {0};
	(void)state;
	for (int i = 0; i < 1000; i++)
		buf_printf(&b, "%d,", i);
	assert_int_equal(b.n, 10 * 2 + 90 * 3 + 900 * 4);
	buf_fini(&b);
}

static void arena_pool_lends_wiped_blocks(void **state)
{
	struct arena_pool pool = {0};
	struct arena a, b;
	(void)state;
	arena_init(&a, 0);
	a.pool = &pool;
	uint8_t *p = arena_alloc(&a, 100);
	assert_non_null(p);
	memset(p, 'x', 100);
	assert_non_null(arena_alloc(&a, 1 << 20)); /* of a size of its own: goes back to the system */
	arena_fini(&a);
	assert_int_equal(pool.n, 1);
	arena_init(&b, 0);
	b.pool = &pool;
	uint8_t *q = arena_alloc_raw(&b, 100);
	assert_ptr_equal(q, p);
	assert_int_equal(pool.n, 0);
	for (size_t i = 0; i < 100; i++)
		assert_int_equal(q[i], 0);
	for (size_t i = 0; i < 4 * ARENA_POOL_MAX; i++) /* more than a pool keeps */
		assert_non_null(arena_alloc(&b, 8 * 1024));
	arena_fini(&b);
	assert_int_equal(pool.n, ARENA_POOL_MAX);
	arena_pool_fini(&pool);
	assert_int_equal(pool.n, 0);
}

/* Not wiped, as it holds nothing; but whoever comes next gets zeroes all the same. */
static void an_open_arena_leaves_nothing_to_others(void **state)
{
	struct arena_pool pool = {0};
	struct arena a, b;
	(void)state;
	arena_init(&a, 0);
	a.pool = &pool;
	a.open = true;
	uint8_t *p = arena_alloc(&a, 100);
	assert_non_null(p);
	memset(p, 'x', 100);
	arena_fini(&a);
	arena_init(&b, 0);
	b.pool = &pool;
	uint8_t *q = arena_alloc(&b, 100);
	assert_ptr_equal(q, p);
	for (size_t i = 0; i < 100; i++)
		assert_int_equal(q[i], 0);
	arena_fini(&b);
	arena_pool_fini(&pool);
}

static void arena_limit_is_sticky_and_memory_zeroed(void **state)
{
	struct arena a;
	(void)state;
	arena_init(&a, 64 * 1024);
	uint8_t *p = arena_alloc(&a, 1000);
	assert_non_null(p);
	for (int i = 0; i < 1000; i++)
		assert_int_equal(p[i], 0);
	assert_int_equal((uintptr_t)p % 16, 0);
	assert_null(arena_alloc(&a, 64 * 1024));
	assert_true(a.failed);
	assert_null(arena_array(&a, SIZE_MAX / 2, 3)); /* the product overflows */
	assert_null(arena_alloc(&a, SIZE_MAX - 3));
	arena_reset(&a);
	assert_false(a.failed);
	assert_non_null(arena_alloc(&a, 64 * 1024 - 16));
	arena_fini(&a);
}

static void utf8_takes_exactly_the_scalar_values(void **state)
{
	(void)state;
	for (uint32_t cp = 0; cp <= 0x110000; cp++) {
		uint8_t out[4];
		uint32_t back = 0;
		size_t n = utf8_encode(cp, out);
		bool scalar = cp <= 0x10ffff && !(cp >= 0xd800 && cp <= 0xdfff);
		assert_int_equal(n > 0, scalar);
		if (scalar) {
			assert_int_equal(utf8_decode(span_of(out, n), &back), n);
			assert_int_equal(back, cp);
		}
	}
}

static void utf8_refuses_every_malformed_form(void **state)
{
	static const struct span bad[] = {
		SPAN("\x80"),
		SPAN("\xc0\x80"),
		SPAN("\xc1\xbf"),
		SPAN("\xe0\x80\x80"),
		SPAN("\xe0\x9f\xbf"),
		SPAN("\xed\xa0\x80"),
		SPAN("\xf0\x80\x80\x80"),
		SPAN("\xf4\x90\x80\x80"),
		SPAN("\xf5\x80\x80\x80"),
		SPAN("\xff"),
		SPAN("\xe2\x82"),
		SPAN("\xc3("),
		SPAN("12345678\x80"), /* behind the eight-byte stride */
	};
	(void)state;
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		assert_false(utf8_valid(bad[i]));
	assert_true(utf8_valid(SPAN("Gr\xc3\xbc\xc3\x9f"
				    "e \xf0\x9f\x98\x80 plain text behind it")));
	assert_true(utf8_valid(SPAN_NULL));
}

/* First and last vectors of the reference implementation's 128-bit table (key 00..0f, input 00, 01, …). */
static void siphash_matches_the_reference(void **state)
{
	uint8_t key[16], in[64], out[16];
	(void)state;
	for (uint8_t i = 0; i < 16; i++)
		key[i] = i;
	for (uint8_t i = 0; i < 64; i++)
		in[i] = i;
	static const uint8_t empty[16] = {0xa3, 0x81, 0x7f, 0x04, 0xba, 0x25, 0xa8, 0xe6,
					  0x6d, 0xf6, 0x72, 0x14, 0xc7, 0x55, 0x02, 0x93};
	static const uint8_t one[16] = {0xda, 0x87, 0xc1, 0xd8, 0x6b, 0x99, 0xaf, 0x44,
					0x34, 0x76, 0x59, 0x11, 0x9b, 0x22, 0xfc, 0x45};
	struct hash128 h = siphash128(key, span_of(in, 0));
	memcpy(out, &h, sizeof out);
	assert_memory_equal(out, empty, 16);
	h = siphash128(key, span_of(in, 1));
	memcpy(out, &h, sizeof out);
	assert_memory_equal(out, one, 16);
}

static void siphash_is_the_same_in_any_pieces(void **state)
{
	uint8_t key[16] = {1}, in[40];
	(void)state;
	for (uint8_t i = 0; i < sizeof in; i++)
		in[i] = (uint8_t)(i * 7);
	struct hash128 whole = siphash128(key, span_of(in, sizeof in));
	for (size_t cut = 0; cut <= sizeof in; cut++) {
		struct siphash h;
		siphash_init(&h, key);
		siphash_add(&h, span_of(in, cut));
		siphash_add(&h, span_of(in + cut, sizeof in - cut));
		assert_true(hash128_eq(siphash_final(&h), whole));
	}
	struct siphash a, b;
	siphash_init(&a, key);
	siphash_init(&b, key);
	siphash_add_field(&a, SPAN("ab"));
	siphash_add_field(&a, SPAN("c"));
	siphash_add_field(&b, SPAN("a"));
	siphash_add_field(&b, SPAN("bc"));
	assert_false(hash128_eq(siphash_final(&a), siphash_final(&b)));
}

static void country_sets_behave_as_sets(void **state)
{
	struct country_set a = {0}, b = {0}, c;
	char name[3];
	(void)state;
	country de = country_parse(SPAN("de")), zz = country_parse(SPAN("ZZ"));
	country_name(de, name);
	assert_string_equal(name, "DE");
	assert_int_equal(country_parse(SPAN("D1")), COUNTRY_NONE);
	assert_int_equal(country_parse(SPAN("DEU")), COUNTRY_NONE);
	country_set_add(&a, de);
	country_set_add(&b, zz);
	assert_true(country_set_within(&a, &a) && !country_set_within(&a, &b) && !country_set_meets(&a, &b));
	assert_true(country_set_within(&(struct country_set){0}, &a));
	c = a;
	country_set_union(&c, &b);
	assert_int_equal(country_set_size(&c), 2);
	assert_int_equal(country_set_next(&c, 0), de);
	assert_int_equal(country_set_next(&c, (country)(de + 1)), zz);
	assert_int_equal(country_set_next(&c, (country)(zz + 1)), COUNTRY_NONE);
	country_set_intersect(&c, &a);
	assert_true(country_set_eq(&c, &a));
	assert_false(country_set_has(&a, COUNTRY_NONE));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(span_compares_and_trims),
		cmocka_unit_test(span_u64_is_strict),
		cmocka_unit_test(buf_grows_within_its_limit),
		cmocka_unit_test(buf_drop_wipes_what_it_drops),
		cmocka_unit_test(buf_json_escapes_everything_a_client_splits_on),
		cmocka_unit_test(buf_printf_measures_first),
		cmocka_unit_test(arena_limit_is_sticky_and_memory_zeroed),
		cmocka_unit_test(arena_pool_lends_wiped_blocks),
		cmocka_unit_test(an_open_arena_leaves_nothing_to_others),
		cmocka_unit_test(utf8_takes_exactly_the_scalar_values),
		cmocka_unit_test(utf8_refuses_every_malformed_form),
		cmocka_unit_test(siphash_matches_the_reference),
		cmocka_unit_test(siphash_is_the_same_in_any_pieces),
		cmocka_unit_test(country_sets_behave_as_sets),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
