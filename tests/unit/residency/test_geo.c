#include <openssl/sha.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include <cmocka.h>

#include "fixture.h"
#include "residency/residency.h"

static const char ranges[] = "1.0.0.0/24,AU\n2.2.2.0,2.2.3.255,FR\n2a00:1::/32,DE\n10.20.0.0/16,CH\n";

static int setup(void **state)
{
	(void)state;
	return fixture_folder() == NULL;
}

static int teardown(void **state)
{
	(void)state;
	fixture_remove();
	return 0;
}

static country at(const struct geo *g, const char *address)
{
	uint8_t ip[16];
	assert_true(ip_parse(span_str(address), ip));
	return geo_country(g, ip);
}

static void check_lookups(const char *layout)
{
	char path[FIXTURE_PATH];
	enum err err;
	assert_int_equal(fixture_mmdb(layout, layout, 6, ranges, path), 0);
	struct geo *g = geo_open(path, &err);
	assert_non_null(g);
	assert_int_equal(err, ERR_OK);
	assert_int_equal(at(g, "1.0.0.7"), country_parse(SPAN("AU")));
	assert_int_equal(at(g, "::ffff:2.2.3.255"), country_parse(SPAN("FR")));
	assert_int_equal(at(g, "2a00:1::5"), country_parse(SPAN("DE")));
	assert_int_equal(at(g, "1.0.1.0"), COUNTRY_NONE);
	assert_int_equal(at(g, "2a00:2::5"), COUNTRY_NONE);
	assert_int_equal(geo_built_at(g), FIXTURE_EPOCH);
	size_t n;
	uint8_t hash[32], *bytes = fixture_read(path, &n);
	assert_non_null(bytes);
	SHA256(bytes, n, hash);
	free(bytes);
	assert_memory_equal(geo_hash(g), hash, 32);
	geo_close(g);
}

static void test_both_layouts(void **state)
{
	(void)state;
	check_lookups("nested");
	check_lookups("flat");
}

static void test_ipv4_tree(void **state)
{
	(void)state;
	char path[FIXTURE_PATH];
	enum err err;
	assert_int_equal(fixture_mmdb("v4", "flat", 4, "1.0.0.0/24,AU\n", path), 0);
	struct geo *g = geo_open(path, &err);
	assert_non_null(g);
	assert_int_equal(at(g, "1.0.0.7"), country_parse(SPAN("AU")));
	assert_int_equal(at(g, "2a00:1::5"), COUNTRY_NONE);
	geo_close(g);
}

static void expect_failure(const char *path, enum err want)
{
	enum err err = ERR_OK;
	assert_null(geo_open(path, &err));
	assert_int_equal(err, want);
}

static void test_refuses_what_is_not_a_database(void **state)
{
	(void)state;
	char path[FIXTURE_PATH];
	static const uint8_t zeros[4096];
	expect_failure("/nonexistent/country.mmdb", ERR_NOT_FOUND);
	expect_failure("/", ERR_CORRUPT);
	expect_failure("/dev/null", ERR_CORRUPT);
	assert_int_equal(fixture_write("empty", SPAN_NULL, path), 0);
	expect_failure(path, ERR_CORRUPT);
	assert_int_equal(fixture_write("zeros", span_of(zeros, sizeof zeros), path), 0);
	expect_failure(path, ERR_CORRUPT);
	/* A sparse file beyond the limit is refused before it is read. */
	assert_int_equal(fixture_write("huge", SPAN_NULL, path), 0);
	FILE *f = fopen(path, "wb");
	assert_non_null(f);
	assert_int_equal(fseek(f, (512L << 20) + 1, SEEK_SET), 0);
	assert_int_equal(fputc(0, f), 0);
	fclose(f);
	expect_failure(path, ERR_CORRUPT);
}

static void test_checksum_file(void **state)
{
	(void)state;
	char path[FIXTURE_PATH], sum[FIXTURE_PATH], text[80];
	uint8_t hash[32];
	size_t n;
	assert_int_equal(fixture_mmdb("summed", "nested", 6, ranges, path), 0);
	uint8_t *bytes = fixture_read(path, &n);
	assert_non_null(bytes);
	SHA256(bytes, n, hash);
	free(bytes);
	for (size_t i = 0; i < 32; i++)
		snprintf(text + 2 * i, 3, "%02x", hash[i]);
	assert_int_equal(fixture_write("summed.sha256", span_str(text), sum), 0);
	enum err err;
	struct geo *g = geo_open(path, &err);
	assert_non_null(g);
	geo_close(g);
	text[5] = text[5] == '0' ? '1' : '0';
	assert_int_equal(fixture_write("summed.sha256", span_str(text), sum), 0);
	expect_failure(path, ERR_CORRUPT);
	assert_int_equal(fixture_write("summed.sha256", SPAN("abc"), sum), 0);
	expect_failure(path, ERR_CORRUPT);
	text[5] = 'G';
	assert_int_equal(fixture_write("summed.sha256", span_str(text), sum), 0);
	expect_failure(path, ERR_CORRUPT);
}

/* Damage may be refused or answer wrongly; it must not crash. Fixed seed. */
static void test_damaged_databases(void **state)
{
	(void)state;
	char path[FIXTURE_PATH];
	size_t n;
	assert_int_equal(fixture_mmdb("damaged", "nested", 6, ranges, path), 0);
	uint8_t *good = fixture_read(path, &n);
	assert_non_null(good);
	uint8_t *bad = malloc(n);
	assert_non_null(bad);
	uint32_t seed = 12345;
	unsigned refused = 0;
	for (int round = 0; round < 300; round++) {
		memcpy(bad, good, n);
		size_t keep = n;
		for (int k = 0; k < 1 + round % 4; k++) {
			seed = seed * 1664525u + 1013904223u;
			bad[seed % n] ^= (uint8_t)(seed >> 24);
		}
		if (round % 10 == 0)
			keep = seed % n;
		assert_int_equal(fixture_write("damaged", span_of(bad, keep), path), 0);
		enum err err;
		struct geo *g = geo_open(path, &err);
		if (g == NULL) {
			assert_int_equal(err, ERR_CORRUPT);
			refused++;
			continue;
		}
		country c = at(g, "1.0.0.7");
		assert_true(c == COUNTRY_NONE || c < COUNTRY_COUNT);
		c = at(g, "2a00:1::5");
		assert_true(c == COUNTRY_NONE || c < COUNTRY_COUNT);
		geo_close(g);
	}
	assert_true(refused > 0);
	free(bad);
	free(good);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_both_layouts),
		cmocka_unit_test(test_ipv4_tree),
		cmocka_unit_test(test_refuses_what_is_not_a_database),
		cmocka_unit_test(test_checksum_file),
		cmocka_unit_test(test_damaged_databases),
	};
	return cmocka_run_group_tests(tests, setup, teardown);
}
