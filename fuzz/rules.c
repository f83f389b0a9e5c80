/* Rule files and case files from anybody. A file that compiles must have a canonical text that compiles to itself,
 * evaluate to the same verdict twice whatever the facts, and explain itself. Input that begins like a case file is run
 * as one. */
#include <stdlib.h>

#include "base/assert.h"
#include "rules/cases.h"

static struct rules_group groups[] = {{SPAN("eea"), {{0}}}, {SPAN("adequate"), {{0}}}, {SPAN("dpf"), {{0}}}};
static const struct span house_types[] = {SPAN("house.project-x")};
static const struct rules_env env = {groups, 3, house_types, 1};

static const struct rules_source fixed = {
	SPAN("fixed"),
	SPAN("default { place on-prem because \"d\" } regime g \"G\" version 2026-01-01 { applies when site in @eea\n"
	     "rule r \"s\" { when data has health.* unless destination.dpa then place within @eea, redact phi because "
	     "\"x\" } }"
	     "exempt g.r when app.known until 2030-01-01 because \"x\" by \"y\"")};

static void set_groups(void)
{
	country_set_add(&groups[0].set, country_parse(SPAN("DE")));
	country_set_add(&groups[0].set, country_parse(SPAN("FR")));
	country_set_add(&groups[1].set, country_parse(SPAN("CH")));
	country_set_add(&groups[2].set, country_parse(SPAN("US")));
}

static struct rules *compile(struct span text)
{
	struct rules_source source = {SPAN("fuzz"), text};
	struct rules_diag diag;
	enum err err;
	struct rules *r = rules_compile(&source, 1, &env, &diag, &err);
	INVARIANT((r == NULL) == (err != ERR_OK));
	INVARIANT(r != NULL || diag.text[0] != '\0');
	INVARIANT(diag.file.p == NULL || diag.line > 0 || text.n == 0 || diag.text[0] == 'n');
	return r;
}

static struct buf canonical(const struct rules *r)
{
	struct buf b;
	buf_init(&b, 0);
	enum err e = rules_canonical(r, &b);
	INVARIANT(e == ERR_OK);
	return b;
}

static void check_canonical(const struct rules *r)
{
	struct buf first = canonical(r);
	struct rules *again = compile(buf_span(&first));
	INVARIANT(again != NULL || first.n > 1 << 20); /* it may have grown beyond what a source may be */
	if (again != NULL) {
		struct buf second = canonical(again);
		INVARIANT(span_eq(buf_span(&first), buf_span(&second)));
		buf_fini(&second);
	}
	rules_free(again);
	buf_fini(&first);
}

static uint64_t next(uint64_t *seed)
{
	*seed = *seed * 6364136223846793005u + 1442695040888963407u;
	return *seed >> 33;
}

static void some_facts(uint64_t seed, struct facts *f, struct dest_facts *d)
{
	static const char *const types[] = {"health.condition", "contact.email", "house.project-x"};
	for (unsigned i = 0; i < FACT_COUNT; i++) {
		struct fact v = {.known = next(&seed) % 3 > 0};
		enum fact_kind kind = fact_info((enum fact_id)i)->kind;
		if (kind == FACT_BOOL)
			v.flag = next(&seed) % 2 == 0;
		else if (kind == FACT_NUM || kind == FACT_DATE)
			v.num = (int64_t)(next(&seed) % 3) - 1;
		else if (kind == FACT_COUNTRY)
			v.cc = (country)(next(&seed) % (COUNTRY_COUNT + 1));
		else if (kind == FACT_COUNTRIES)
			v.set.w[next(&seed) % 11] = next(&seed);
		else
			v.text = SPAN("controller");
		if (i < FACT_REQUEST_COUNT)
			f->v[i] = v;
		else
			d->v[i - FACT_REQUEST_COUNT] = v;
	}
	for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
		struct data_item item = {span_str(types[i]), (class_set)next(&seed) & 0x7ff, 1, 90, DATA_DETECTED, 1};
		INVARIANT(facts_add_data(f, item));
	}
}

static void check_evaluation(const struct rules *r, uint64_t seed)
{
	struct facts f = {0};
	struct dest_facts d = {0};
	struct evaluation e, again;
	struct buf out;
	some_facts(seed, &f, &d);
	rules_eval(r, &f, &d, &e);
	rules_eval(r, &f, &d, &again);
	INVARIANT(verdict_eq(&e.joined, &again.joined) && e.n_fired == again.n_fired && e.n_deciding <= e.n_fired);
	for (size_t i = 0; i < e.n_regimes; i++)
		INVARIANT(verdict_covers(&e.joined, &e.regimes[i].verdict));
	for (int json = 0; json < 2; json++) {
		buf_init(&out, 0);
		enum err err = rules_explain(r, &f, &d, json == 1, &out);
		INVARIANT(err == ERR_OK && out.n > 0);
		buf_fini(&out);
	}
}

static void ignore(void *arg, const struct case_result *result)
{
	size_t *reports = arg;
	INVARIANT(result->passed == (result->text[0] == '\0'));
	++*reports;
}

static void run_cases(struct span text)
{
	struct rules *r = compile(fixed.text);
	struct rules_source source = {SPAN("fuzz"), text};
	struct case_totals totals;
	struct rules_diag diag;
	size_t reports = 0;
	enum err e = cases_run(r, &env, &source, ignore, &reports, &totals, &diag);
	INVARIANT(totals.passed + totals.failed == reports);
	INVARIANT(e == ERR_OK || diag.text[0] != '\0');
	rules_free(r);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span text = span_of(data, size);
	set_groups();
	if (span_starts(text, SPAN("case")) || span_starts(text, SPAN("facts"))) {
		run_cases(text);
		return 0;
	}
	struct rules *r = compile(text);
	if (r == NULL)
		return 0;
	check_canonical(r);
	for (uint64_t seed = 0; seed < 4; seed++)
		check_evaluation(r, seed);
	rules_free(r);
	return 0;
}
