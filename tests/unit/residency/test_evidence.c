#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#include "fixture.h"
#include "residency/residency.h"

static struct country_groups *groups;
static struct geo *geo;

static int setup(void **state)
{
	(void)state;
	struct groups_diag diag;
	char path[FIXTURE_PATH];
	enum err err;
	groups = country_groups_parse(SPAN("eea: DE FR\nadequate: CH GB\n"), &diag, &err);
	if (groups == NULL || fixture_folder() == NULL ||
	    fixture_mmdb("country.mmdb", "flat", 6, "1.0.0.0/24,AU\n10.0.0.0/8,CN\n", path) != 0)
		return -1;
	geo = geo_open(path, &err);
	return geo == NULL;
}

static int teardown(void **state)
{
	(void)state;
	geo_close(geo);
	country_groups_free(groups);
	fixture_remove();
	return 0;
}

static country cc(const char *name)
{
	return country_parse(span_str(name));
}

static struct country_set set_of(const char *names)
{
	struct country_set s = {0};
	for (; names[0] != '\0' && names[1] != '\0'; names += names[2] == ' ' ? 3 : 2)
		country_set_add(&s, country_parse(span_of(names, 2)));
	return s;
}

static struct destination cloud(const char *processing)
{
	return (struct destination){
		.name = SPAN("c"), .provider = SPAN("p"), .processing = set_of(processing), .cc = COUNTRY_NONE};
}

static const struct fact *fact(const struct dest_facts *f, enum fact_id id)
{
	return fact_get(NULL, f, id);
}

static void expect_text(const struct dest_facts *f, enum fact_id id, const char *want)
{
	assert_int_equal(fact(f, id)->known, want != NULL);
	if (want != NULL)
		assert_true(span_eq(fact(f, id)->text, span_str(want)));
}

static void expect_mechanism(const struct destination *d, const char *want)
{
	struct dest_facts f;
	destination_facts(d, groups, &f);
	expect_text(&f, F_DEST_MECHANISM, want);
}

static void test_mechanism_by_place(void **state)
{
	(void)state;
	struct destination d = cloud("DE FR");
	expect_mechanism(&d, "within");
	d = cloud("DE CH");
	expect_mechanism(&d, "adequacy");
	d = cloud("US");
	expect_mechanism(&d, "none");
	d.contracts.dpf = DPF_ACTIVE;
	expect_mechanism(&d, "dpf");
	d.contracts.dpf = DPF_INACTIVE;
	expect_mechanism(&d, "none");
	d = cloud("DE CH US");
	d.contracts.dpf = DPF_ACTIVE;
	expect_mechanism(&d, "dpf");
	d = cloud("US IN"); /* the DPF does not reach India */
	d.contracts.dpf = DPF_ACTIVE;
	expect_mechanism(&d, "none");
	d.contracts.scc = SPAN("M2");
	expect_mechanism(&d, "scc");
	d.contracts.bcr = true;
	expect_mechanism(&d, "bcr");
}

static void test_unknown_stays_unknown(void **state)
{
	(void)state;
	struct destination d = cloud("DE");
	struct dest_facts f;
	d.anywhere = true; /* even though a country is listed */
	destination_facts(&d, groups, &f);
	assert_false(fact(&f, F_DEST_PROCESSING)->known);
	assert_false(fact(&f, F_DEST_STORAGE)->known);
	assert_false(fact(&f, F_DEST_MECHANISM)->known);
	d.contracts.dpf = DPF_ACTIVE;
	expect_mechanism(&d, NULL);
	d.contracts.scc = SPAN("M2");
	expect_mechanism(&d, "scc");
	d = cloud(""); /* nothing declared */
	destination_facts(&d, groups, &f);
	assert_false(fact(&f, F_DEST_PROCESSING)->known);
	assert_false(fact(&f, F_DEST_MECHANISM)->known);
	assert_false(fact(&f, F_DEST_SCC)->known);
	assert_false(fact(&f, F_DEST_DPF)->known);
	assert_false(fact(&f, F_DEST_DPF_CHECKED)->known);
	assert_false(fact(&f, F_DEST_TIA_EXPIRES)->known);
	assert_false(fact(&f, F_DEST_COUNTRY)->known);
	assert_false(fact(&f, F_DEST_TLS)->known);
	/* Without the groups nothing can be said of places. */
	d = cloud("DE");
	destination_facts(&d, NULL, &f);
	assert_false(fact(&f, F_DEST_MECHANISM)->known);
}

static void test_declared_facts(void **state)
{
	(void)state;
	struct destination d = cloud("DE");
	struct dest_facts f;
	d.contracts = (struct contracts){.dpa = true,
					 .scc = SPAN("M3"),
					 .dpf = DPF_INACTIVE,
					 .dpf_checked = 20000,
					 .tia_expires = 21000,
					 .zero_retention = true};
	destination_facts(&d, groups, &f);
	expect_text(&f, F_DEST_ID, "c");
	expect_text(&f, F_DEST_PROVIDER, "p");
	expect_text(&f, F_DEST_SCC, "M3");
	expect_text(&f, F_DEST_DPF, "inactive");
	assert_true(fact(&f, F_DEST_DPA)->known && fact(&f, F_DEST_DPA)->flag);
	assert_true(fact(&f, F_DEST_BAA)->known && !fact(&f, F_DEST_BAA)->flag);
	assert_true(fact(&f, F_DEST_ZDR)->flag);
	assert_int_equal(fact(&f, F_DEST_DPF_CHECKED)->num, 20000);
	assert_int_equal(fact(&f, F_DEST_TIA_EXPIRES)->num, 21000);
	assert_true(country_set_eq(&fact(&f, F_DEST_STORAGE)->set, &d.processing)); /* storage follows processing */
	d.storage = set_of("FR");
	destination_facts(&d, groups, &f);
	assert_true(country_set_eq(&fact(&f, F_DEST_STORAGE)->set, &d.storage));
	d.storage_anywhere = true;
	destination_facts(&d, groups, &f);
	assert_false(fact(&f, F_DEST_STORAGE)->known);
	/* An engine of our own processes where it stands. */
	d = (struct destination){.name = SPAN("e"), .on_prem = true, .cc = cc("DE")};
	struct country_set de = set_of("DE");
	destination_facts(&d, groups, &f);
	assert_true(country_set_eq(&fact(&f, F_DEST_PROCESSING)->set, &de));
	expect_text(&f, F_DEST_MECHANISM, "within");
	assert_false(fact(&f, F_DEST_PROVIDER)->known);
}

static struct dest_facts connect_to(const struct destination *d, const char *address, uint64_t now)
{
	struct dest_facts f = {0};
	struct cidr own;
	uint8_t ip[16];
	assert_true(cidr_parse(SPAN("10.20.0.0/16"), &own));
	own.cc = cc("FR");
	if (address != NULL)
		assert_true(ip_parse(span_str(address), ip));
	destination_facts_connected(d, geo, &own, 1, address == NULL ? NULL : ip, true, now, 3600, &f);
	return f;
}

/* known: 1 true, 0 false, -1 unknown */
static void expect_place(struct dest_facts f, const char *country_text, const char *state, int expected)
{
	const struct fact *c = fact(&f, F_DEST_COUNTRY), *e = fact(&f, F_DEST_EXPECTED);
	assert_int_equal(c->known, country_text != NULL);
	if (country_text != NULL)
		assert_int_equal(c->cc, cc(country_text));
	expect_text(&f, F_DEST_GEO, state);
	assert_int_equal(e->known ? e->flag : -1, expected);
	assert_true(fact(&f, F_DEST_TLS)->flag);
}

static void test_connected_cloud(void **state)
{
	(void)state;
	struct destination d = cloud("US");
	expect_place(connect_to(&d, "1.0.0.9", FIXTURE_EPOCH), "AU", "known", -1);
	expect_place(connect_to(&d, "1.9.0.9", FIXTURE_EPOCH), NULL, "unknown", -1);
	expect_place(connect_to(&d, "1.0.0.9", FIXTURE_EPOCH + 3600), "AU", "known", -1);
	expect_place(connect_to(&d, "1.0.0.9", FIXTURE_EPOCH + 3601), NULL, "stale", -1);
	expect_place(connect_to(&d, "1.0.0.9", FIXTURE_EPOCH - 86400), "AU", "known", -1);
	expect_place(connect_to(&d, "1.0.0.9", FIXTURE_EPOCH - 86401), NULL, "stale",
		     -1); /* a clock that cannot be right */
	/* A private address is never placed by the database, and never expected of a cloud. */
	expect_place(connect_to(&d, "10.1.0.1", FIXTURE_EPOCH), NULL, "unknown", 0);
	d.networks_any = true;
	expect_place(connect_to(&d, "10.1.0.1", FIXTURE_EPOCH), NULL, "unknown", 0);
	expect_place(connect_to(&d, "1.0.0.9", FIXTURE_EPOCH), "AU", "known", 1);
	d.insecure = true; /* a stand-in on this host, and every record says so */
	expect_place(connect_to(&d, "127.0.0.1", FIXTURE_EPOCH), NULL, "unknown", 1);
	struct cidr nets[2];
	assert_true(cidr_parse(SPAN("1.0.0.0/16"), &nets[0]));
	assert_true(cidr_parse(SPAN("1.0.0.0/28"), &nets[1]));
	nets[1].cc = cc("NZ");
	d = cloud("US");
	d.networks = nets;
	d.n_networks = 2;
	expect_place(connect_to(&d, "1.0.0.200", FIXTURE_EPOCH), "AU", "known", 1);
	expect_place(connect_to(&d, "1.0.0.9", FIXTURE_EPOCH), "NZ", "known", 1);
	expect_place(connect_to(&d, "1.9.0.9", FIXTURE_EPOCH), NULL, "unknown", 0);
	struct dest_facts f = {0};
	uint8_t ip[16];
	assert_true(ip_parse(SPAN("1.0.0.200"), ip));
	destination_facts_connected(&d, NULL, NULL, 0, ip, true, FIXTURE_EPOCH, 3600, &f);
	expect_place(f, NULL, "unknown", 1); /* no database */
}

static void test_connected_engine(void **state)
{
	(void)state;
	struct destination d = {.name = SPAN("e"), .on_prem = true, .cc = cc("DE")};
	expect_place(connect_to(&d, NULL, 0), "DE", "known", 1);
	expect_place(connect_to(&d, "127.0.0.1", 0), "DE", "known", 1);
	expect_place(connect_to(&d, "::1", 0), "DE", "known", 1);
	expect_place(connect_to(&d, "10.20.0.5", 0), "FR", "known", 1);
	expect_place(connect_to(&d, "10.21.0.5", FIXTURE_EPOCH), NULL, "unknown", 0);
	d.cc = COUNTRY_NONE;
	expect_place(connect_to(&d, NULL, 0), NULL, "unknown", 1);
	d = cloud("US"); /* a cloud on this host is a stand-in or an intruder */
	expect_place(connect_to(&d, "127.0.0.1", 0), NULL, "unknown", 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_mechanism_by_place), cmocka_unit_test(test_unknown_stays_unknown),
		cmocka_unit_test(test_declared_facts),     cmocka_unit_test(test_connected_cloud),
		cmocka_unit_test(test_connected_engine),
	};
	return cmocka_run_group_tests(tests, setup, teardown);
}
