#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/buf.h"
#include "fixture.h"
#include "residency/residency.h"

static struct country_groups *groups_of(const char *text)
{
	struct groups_diag diag;
	enum err err;
	return country_groups_parse(span_str(text), &diag, &err);
}

static void expect_bad_group(const char *text, unsigned line)
{
	struct groups_diag diag;
	enum err err = ERR_OK;
	assert_null(country_groups_parse(span_str(text), &diag, &err));
	assert_int_equal(err, ERR_CONFIG);
	assert_int_equal(diag.line, line);
	assert_true(diag.text[0] != '\0');
}

static struct country_groups *builtin_groups(void)
{
	static const char *const names[] = {"europe", "adequate", "us"};
	char path[512], all[16384] = "";
	size_t used = 0;
	for (size_t i = 0; i < 3; i++) {
		size_t n;
		snprintf(path, sizeof path, BW_SOURCE_DIR "/residency/tables/%s.groups", names[i]);
		uint8_t *p = fixture_read(path, &n);
		assert_non_null(p);
		assert_true(used + n < sizeof all);
		memcpy(all + used, p, n);
		used += n;
		free(p);
	}
	all[used] = '\0';
	struct country_groups *g = groups_of(all);
	assert_non_null(g);
	return g;
}

static void test_groups(void **state)
{
	(void)state;
	struct country_groups *g = groups_of("# c\n\none: DE AT # two\r\n  two_2:\tFR @one\nthree: @two_2 CH");
	assert_non_null(g);
	assert_int_equal(country_groups_count(g), 3);
	assert_true(span_eq(country_groups_name(g, 1), SPAN("two_2")));
	assert_int_equal(country_set_size(country_groups_set(g, 1)), 3);
	assert_true(country_set_has(country_groups_find(g, SPAN("three")), country_parse(SPAN("AT"))));
	assert_null(country_groups_find(g, SPAN("four")));
	assert_null(country_groups_set(g, 3));
	assert_null(country_groups_name(g, 3).p);
	country_groups_free(g);
	g = groups_of("");
	assert_non_null(g);
	assert_int_equal(country_groups_count(g), 0);
	country_groups_free(g);
}

static void test_bad_groups(void **state)
{
	(void)state;
	expect_bad_group("eea DE", 1);
	expect_bad_group("\na: DE\na: FR\n", 3);
	expect_bad_group("a: @b\nb: DE", 1);
	expect_bad_group("a: @a", 1);
	expect_bad_group("a: de", 1);
	expect_bad_group("a: DEU", 1);
	expect_bad_group("a: DE DE", 1);
	expect_bad_group("a: D\xc3", 1);
	expect_bad_group("a:", 1);
	expect_bad_group(": DE", 1);
	expect_bad_group("A: DE", 1);
	expect_bad_group("a b: DE", 1);
	expect_bad_group("abcdefghijklmnopqrstuvwxyz0123456789: DE", 1);
	expect_bad_group("a: DE\n\x01\x02", 2);
	struct buf many = {0};
	for (int i = 0; i < 257; i++)
		buf_printf(&many, "g%d: DE\n", i);
	buf_add_byte(&many, '\0');
	assert_int_equal(buf_err(&many), ERR_OK);
	expect_bad_group((const char *)many.p, 257);
	buf_fini(&many);
}

static void test_builtin_groups(void **state)
{
	(void)state;
	struct country_groups *g = builtin_groups();
	const struct country_set *eu = country_groups_find(g, SPAN("eu")), *eea = country_groups_find(g, SPAN("eea")),
				 *adequate = country_groups_find(g, SPAN("adequate")),
				 *dpf = country_groups_find(g, SPAN("dpf")),
				 *doj = country_groups_find(g, SPAN("us_doj_concern"));
	assert_non_null(eu);
	assert_non_null(eea);
	assert_non_null(adequate);
	assert_non_null(dpf);
	assert_non_null(doj);
	assert_int_equal(country_set_size(eu), 27 + 7);
	assert_int_equal(country_set_size(eea), country_set_size(eu) + 3);
	assert_true(country_set_within(eu, eea));
	assert_false(country_set_meets(eea, adequate));
	assert_true(country_set_has(adequate, country_parse(SPAN("GB"))));
	assert_false(country_set_has(adequate, country_parse(SPAN("US"))));
	assert_false(country_set_has(eea, country_parse(SPAN("CH"))));
	assert_int_equal(country_set_size(dpf), 1);
	assert_int_equal(country_set_size(doj), 8);
	country_groups_free(g);
}

static struct destination_table *builtin_table(void)
{
	struct groups_diag diag;
	enum err err;
	size_t n;
	uint8_t *text = fixture_read(BW_SOURCE_DIR "/residency/tables/destinations.tsv", &n);
	assert_non_null(text);
	struct destination_table *t = destination_table_parse(span_of(text, n), &diag, &err);
	if (t == NULL)
		fail_msg("line %u: %s", diag.line, diag.text);
	free(text);
	return t;
}

/* "anywhere", "-" for an unknown host, or a country that must be in the set; count is the size of the set, 0: not
 * checked. */
static void expect_region(const struct destination_table *t, const char *host, const char *path, const char *selector,
			  const char *provider, const char *want, size_t count)
{
	struct vendor_region r;
	bool found = destination_table_find(t, span_str(host), span_str(path), span_str(selector), &r);
	assert_int_equal(found, strcmp(want, "-") != 0);
	if (!found)
		return;
	assert_true(span_eq(r.provider, span_str(provider)));
	assert_int_equal(r.anywhere, strcmp(want, "anywhere") == 0);
	if (r.anywhere) {
		assert_true(country_set_empty(&r.processing));
		return;
	}
	assert_true(country_set_has(&r.processing, country_parse(span_str(want))));
	if (count != 0)
		assert_int_equal(country_set_size(&r.processing), count);
}

static void test_builtin_table(void **state)
{
	(void)state;
	struct destination_table *t = builtin_table();
	expect_region(t, "api.openai.com", "/v1/responses", NULL, "openai", "anywhere", 0);
	expect_region(t, "US.api.OpenAI.com.", "/v1/responses", NULL, "openai", "US", 1);
	expect_region(t, "eu.api.openai.com", "/v1", NULL, "openai", "CH", 38);
	expect_region(t, "jp.api.openai.com", "/v1", NULL, "openai", "anywhere", 0);
	expect_region(t, "api.anthropic.com", "/v1/messages", "us", "anthropic", "US", 1);
	expect_region(t, "api.anthropic.com", "/v1/messages", "global", "anthropic", "anywhere", 0);
	expect_region(t, "api.anthropic.com", "/v1/messages", NULL, "anthropic", "anywhere", 0);
	expect_region(t, "acme.openai.azure.com", "/openai/deployments/x", NULL, "microsoft", "anywhere", 0);
	expect_region(t, "a.b.openai.azure.com", "/", NULL, "", "-", 0);
	expect_region(t, "openai.azure.com", "/", NULL, "", "-", 0);
	expect_region(t, ".openai.azure.com", "/", NULL, "", "-", 0);
	expect_region(t, "bedrock-runtime.eu-central-1.amazonaws.com", "/model/m/converse", NULL, "amazon", "DE", 1);
	expect_region(t, "bedrock-runtime-fips.us-east-1.amazonaws.com", "/", NULL, "amazon", "US", 1);
	expect_region(t, "bedrock-runtime.eu-central-1.amazonaws.com", "/", "global", "amazon", "anywhere", 0);
	expect_region(t, "bedrock-runtime.eu-central-1.amazonaws.com", "/", "us", "amazon", "US", 2);
	expect_region(t, "bedrock-runtime.xx-new-9.amazonaws.com", "/", NULL, "amazon", "anywhere", 0);
	expect_region(t, "europe-west3-aiplatform.googleapis.com", "/v1/projects/p/locations/europe-west3/x", NULL,
		      "google", "DE", 1);
	expect_region(t, "europe-west3-aiplatform.googleapis.com", "/v1/projects/p/locations/global/x", NULL, "google",
		      "anywhere", 0);
	expect_region(t, "europe-west3-aiplatform.googleapis.com", "/v1/projects/p/locations/us-central1/x", NULL,
		      "google", "anywhere", 0);
	expect_region(t, "europe-west3-aiplatform.googleapis.com",
		      "/v1/projects/p/locations/us-central1/locations/europe-west3/x", NULL, "google", "anywhere", 0);
	expect_region(t, "europe-west3-aiplatform.googleapis.com", "/v1/x/../projects/p/locations/europe-west3/x", NULL,
		      "google", "anywhere", 0);
	expect_region(t, "europe-west3-aiplatform.googleapis.com", "/v1beta1/projects/p/locations/europe-west3/x", NULL,
		      "google", "DE", 1);
	expect_region(t, "aiplatform.eu.rep.googleapis.com", "/", NULL, "google", "DE", 34);
	expect_region(t, "api.deepseek.com", "/", NULL, "deepseek", "CN", 1);
	expect_region(t, "api.openai.com.evil.example", "/", NULL, "", "-", 0);
	expect_region(t, "evilapi.openai.com", "/", NULL, "", "-", 0);
	expect_region(t, "", "/", NULL, "", "-", 0);
	destination_table_free(t);
}

/* The table repeats two groups, since it is parsed by itself: they must not drift apart. */
static void test_table_sets_equal_groups(void **state)
{
	(void)state;
	struct country_groups *g = builtin_groups();
	struct destination_table *t = builtin_table();
	struct vendor_region eu, eea;
	assert_true(destination_table_find(t, SPAN("aiplatform.eu.rep.googleapis.com"), SPAN("/"), SPAN_NULL, &eu));
	assert_true(destination_table_find(t, SPAN("api.eu.mistral.ai"), SPAN("/"), SPAN_NULL, &eea));
	struct country_set want = *country_groups_find(g, SPAN("eea"));
	country_set_add(&want, country_parse(SPAN("CH")));
	assert_true(country_set_eq(&eu.processing, country_groups_find(g, SPAN("eu"))));
	assert_true(country_set_eq(&eea.processing, &want));
	destination_table_free(t);
	country_groups_free(g);
}

static void test_bad_tables(void **state)
{
	(void)state;
	static const char *const bad[] = {
		"x\n",
		"host\ta.com\t*\t*\tp\tDE\td\ts\n",       /* eight columns */
		"host\ta.com\t*\t*\tp\tDE\td\ts\tn\tm\n", /* ten */
		"host\ta.com\t*\t*\tp\tnowhere\td\ts\tn\n",
		"host\ta.com\t*\t*\tp\t@eu\td\ts\tn\n",
		"host\t\t*\t*\tp\tDE\td\ts\tn\n",
		"host\ta.com\t*\t*\tp\tDE\t\ts\tn\n",
		"set\t@a\n",
		"set\ta\tDE\n",
		"set\t@a\t\n",
		"set\t@a\tDE\nset\t@a\tDE\n",
	};
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		struct groups_diag diag;
		enum err err = ERR_OK;
		assert_null(destination_table_parse(span_str(bad[i]), &diag, &err));
		assert_int_equal(err, ERR_CONFIG);
		assert_true(diag.line > 0 && diag.text[0] != '\0');
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_groups),
		cmocka_unit_test(test_bad_groups),
		cmocka_unit_test(test_builtin_groups),
		cmocka_unit_test(test_builtin_table),
		cmocka_unit_test(test_table_sets_equal_groups),
		cmocka_unit_test(test_bad_tables),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
