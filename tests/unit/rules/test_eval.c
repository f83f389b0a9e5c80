#include "book.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "rules/lex.h"

#define DEFAULT "default { place on-prem because \"d\" }\n"

struct world {
	struct facts f;
	struct dest_facts d;
};

static void add(struct world *w, const char *type, class_set classes, uint32_t count, uint8_t score)
{
	struct data_item item = {span_str(type), classes, count, score, DATA_DETECTED, 1};
	assert_true(facts_add_data(&w->f, item));
}

/* DE site, subjects DE and US, role controller, 100 bytes, 1 January 2026; nothing else is known. */
static struct world usual(void)
{
	struct world w = {0};
	struct country_set set = {0};
	country_set_add(&set, country_parse(SPAN("DE")));
	country_set_add(&set, country_parse(SPAN("US")));
	facts_set_country(&w.f, F_SITE, country_parse(SPAN("DE")));
	facts_set_countries(&w.f, F_SUBJECT, &set);
	facts_set_text(&w.f, F_APP_ROLE, SPAN("controller"));
	facts_set_text(&w.f, F_APP_ID, SPAN("claims"));
	facts_set_num(&w.f, F_BODY_BYTES, 100);
	facts_set_bool(&w.f, F_APP_KNOWN, true);
	facts_set_bool(&w.f, F_STREAM, false);
	int64_t day;
	assert_true(date_parse(SPAN("2026-01-01"), &day));
	facts_set_num(&w.f, F_DATE, day);
	add(&w, "health.condition", CLASS_BIT(CLASS_SPECIAL) | CLASS_BIT(CLASS_PHI_HEALTH), 2, 80);
	add(&w, "health.medication", CLASS_BIT(CLASS_SPECIAL) | CLASS_BIT(CLASS_PHI_HEALTH), 3, 95);
	add(&w, "person.name", CLASS_BIT(CLASS_PERSONAL), 1, 60);
	w.f.classes |= CLASS_BIT(CLASS_PHI);
	return w;
}

/* The value of a condition, seen from outside: whether a rule fires on it in "when" and is held back by it in "unless".
 */
static enum tri value_of(const char *condition, const struct world *w)
{
	char text[2048];
	snprintf(text, sizeof text,
		 DEFAULT "regime g \"G\" version 2026-01-01 { applies always\n"
			 "rule fires \"s\" { when %s then place none because \"x\" }\n"
			 "rule held \"s\" { when app.known unless %s then place none because \"x\" } }",
		 condition, condition);
	struct rules *r = book_of(text);
	struct evaluation e;
	rules_eval(r, &w->f, &w->d, &e);
	bool fires = false, held = true, by_unknown = false;
	for (size_t i = 0; i < e.n_fired; i++) {
		if (e.fired[i].rule == 0) {
			fires = true;
			by_unknown = e.fired[i].by_unknown;
		} else {
			held = false;
			assert_int_equal(e.fired[i].by_unknown, by_unknown);
		}
	}
	rules_free(r);
	assert_true(fires || !held);                  /* what does not hold cannot hold a rule back */
	assert_int_equal(by_unknown, fires && !held); /* unknown counts as true in when, as false in unless */
	return held ? TRI_TRUE : fires ? TRI_UNKNOWN : TRI_FALSE;
}

static void tests_of_facts(void **state)
{
	static const struct {
		const char *condition;
		enum tri value;
	} table[] = {
		{"app.known", TRI_TRUE},
		{"request.stream", TRI_FALSE},
		{"request.store", TRI_UNKNOWN},
		{"destination.dpa", TRI_UNKNOWN},
		{"request.bytes = 100", TRI_TRUE},
		{"request.bytes != 100", TRI_FALSE},
		{"request.bytes < 100", TRI_FALSE},
		{"request.bytes <= 100", TRI_TRUE},
		{"request.bytes > 99", TRI_TRUE},
		{"request.bytes >= 101", TRI_FALSE},
		{"request.bytes > -1", TRI_TRUE},
		{"coverage.failed > 0", TRI_UNKNOWN},
		{"time.date < 2026-01-02", TRI_TRUE},
		{"time.date >= 2026-01-02", TRI_FALSE},
		{"destination.tia_expires > 2026-01-01", TRI_UNKNOWN},
		{"app.role is controller", TRI_TRUE},
		{"app.role is processor", TRI_FALSE},
		{"app.role is not processor", TRI_TRUE},
		{"app.role in {processor, controller}", TRI_TRUE},
		{"app.role not in {processor, controller}", TRI_FALSE},
		{"app.art9_condition is employment", TRI_UNKNOWN},
		{"app.art9_condition is not employment", TRI_UNKNOWN},
		{"app.id is claims", TRI_TRUE},
		{"app.id is \"claims\"", TRI_TRUE},
		{"app.id in {\"a\", \"b\"}", TRI_FALSE},
		{"user.role is \"nurse\"", TRI_UNKNOWN},
		{"site is DE", TRI_TRUE},
		{"site is not DE", TRI_FALSE},
		{"site in @eea", TRI_TRUE},
		{"site in {FR, AT}", TRI_FALSE},
		{"site within FR + @eu", TRI_TRUE},
		{"client.country in @eea", TRI_UNKNOWN},
		{"client.country not in @eea", TRI_UNKNOWN},
		{"subject in @eea", TRI_TRUE},
		{"subject within @eea", TRI_FALSE},
		{"subject not within @eea", TRI_TRUE},
		{"subject within @eea + US", TRI_TRUE},
		{"subject in {CN, FR}", TRI_FALSE},
		{"destination.processing within @eea", TRI_UNKNOWN},
		{"destination.processing not within @eea", TRI_UNKNOWN},
		{"destination.processing in @eea", TRI_UNKNOWN},
		{"site is set", TRI_TRUE},
		{"site is unknown", TRI_FALSE},
		{"destination.dpa is set", TRI_FALSE},
		{"destination.dpa is unknown", TRI_TRUE},
		{"destination.dpa is not unknown", TRI_FALSE},
		{"subject is set", TRI_TRUE},
		{"destination.processing is unknown", TRI_TRUE},
	};
	(void)state;
	const struct world w = usual();
	for (size_t i = 0; i < sizeof table / sizeof *table; i++)
		if (value_of(table[i].condition, &w) != table[i].value)
			fail_msg("%s", table[i].condition);
}

static void tests_of_data(void **state)
{
	static const struct {
		const char *condition;
		enum tri value;
	} table[] = {
		{"data has special", TRI_TRUE},
		{"data has phi", TRI_TRUE}, /* by combination only */
		{"data has payment", TRI_FALSE},
		{"not data has payment", TRI_TRUE},
		{"data has health.condition", TRI_TRUE},
		{"data has health.*", TRI_TRUE},
		{"data has health.code", TRI_FALSE},
		{"data has id.*", TRI_FALSE},
		{"data has any of {payment, secret}", TRI_FALSE},
		{"data has any of {payment, person.name}", TRI_TRUE},
		{"data has any of {id.de.*, finance.card}", TRI_FALSE},
		{"count of health.* = 5", TRI_TRUE},
		{"count of special > 5", TRI_FALSE},
		{"count of personal = 1", TRI_TRUE},
		{"count of phi = 1", TRI_TRUE},
		{"count of secret = 0", TRI_TRUE},
		{"count of id.* >= 1", TRI_FALSE},
		{"score of health.* >= 95", TRI_TRUE},
		{"score of health.condition >= 81", TRI_FALSE},
		{"score of phi = 100", TRI_TRUE},
		{"score of secret > 0", TRI_FALSE},
	};
	(void)state;
	const struct world w = usual();
	for (size_t i = 0; i < sizeof table / sizeof *table; i++)
		if (value_of(table[i].condition, &w) != table[i].value)
			fail_msg("%s", table[i].condition);
}

/* Facts that hold a value which says nothing must not count as known. */
static void empty_values_are_unknown(void **state)
{
	(void)state;
	struct world w = usual();
	struct country_set nowhere = {0};
	dest_facts_set_countries(&w.d, F_DEST_PROCESSING, &nowhere);
	dest_facts_set_text(&w.d, F_DEST_GEO, SPAN("unknown"));
	dest_facts_set_text(&w.d, F_DEST_MECHANISM, SPAN("from-a-later-version"));
	w.f.v[F_CLIENT_COUNTRY] = (struct fact){.known = true, .cc = COUNTRY_NONE};
	assert_int_equal(value_of("destination.processing within @eea", &w), TRI_UNKNOWN);
	assert_int_equal(value_of("destination.processing in @eea", &w), TRI_UNKNOWN);
	assert_int_equal(value_of("destination.processing is set", &w), TRI_FALSE);
	assert_int_equal(value_of("destination.geo is unknown", &w), TRI_TRUE);
	assert_int_equal(value_of("destination.geo is set", &w), TRI_FALSE);
	assert_int_equal(value_of("destination.mechanism in {scc, bcr}", &w), TRI_UNKNOWN);
	assert_int_equal(value_of("client.country in @eea", &w), TRI_UNKNOWN);
	assert_int_equal(value_of("client.country is set", &w), TRI_FALSE);
}

/* Kleene's tables over all pairs. request.stream, request.store, app.known stand for false, unknown, true. */
static void kleene_tables(void **state)
{
	static const char *const names[] = {"request.stream", "request.store", "app.known"};
	(void)state;
	const struct world w = usual();
	for (int a = TRI_FALSE; a <= TRI_TRUE; a++) {
		char text[256];
		snprintf(text, sizeof text, "not %s", names[a]);
		assert_int_equal(value_of(text, &w), TRI_TRUE - a);
		for (int b = TRI_FALSE; b <= TRI_TRUE; b++) {
			snprintf(text, sizeof text, "%s and %s", names[a], names[b]);
			assert_int_equal(value_of(text, &w), a < b ? a : b);
			snprintf(text, sizeof text, "%s or %s", names[a], names[b]);
			assert_int_equal(value_of(text, &w), a > b ? a : b);
			snprintf(text, sizeof text, "not (%s or not %s)", names[a], names[b]);
			int or = a > TRI_TRUE - b ? a : TRI_TRUE - b;
			assert_int_equal(value_of(text, &w), TRI_TRUE - or);
		}
	}
}

static void and_binds_closer_than_or(void **state)
{
	(void)state;
	const struct world w = usual();
	assert_int_equal(value_of("app.known or app.known and request.stream", &w), TRI_TRUE);
	assert_int_equal(value_of("(app.known or app.known) and request.stream", &w), TRI_FALSE);
	assert_int_equal(value_of("not request.stream and app.known", &w), TRI_TRUE);
	assert_int_equal(value_of("not (request.stream and app.known)", &w), TRI_TRUE);
	assert_int_equal(value_of("not not app.known", &w), TRI_TRUE);
}

/* --- Regimes and the default --- */

#define REGIME(name, applies, rules) "regime " name " \"t\" version 2026-01-01 { applies when " applies " " rules " }\n"
#define RULE(name, when, verdict)    "rule " name " \"s\" { when " when " then " verdict " because \"x\" } "

static struct evaluation run(const char *text, const struct world *w)
{
	struct rules *r = book_of(text);
	struct evaluation e;
	memset(&e, 0xa5, sizeof e); /* whatever was there before */
	rules_eval(r, &w->f, &w->d, &e);
	rules_free(r);
	return e;
}

static void the_default_holds_only_where_no_regime_applies(void **state)
{
	(void)state;
	const struct world w = usual();
	struct evaluation e = run(DEFAULT REGIME("a", "request.stream", ""), &w);
	assert_true(e.defaulted);
	assert_int_equal(e.n_regimes, 0);
	assert_int_equal(e.joined.place, PLACE_ON_PREM);
	e = run(DEFAULT REGIME("a", "app.known", ""), &w);
	assert_false(e.defaulted);
	assert_int_equal(e.joined.place, PLACE_ANY);
	assert_int_equal(e.regimes[0].applies, TRI_TRUE);
	e = run(DEFAULT REGIME("a", "request.store", RULE("r", "app.known", "place none")), &w);
	assert_false(e.defaulted);
	assert_int_equal(e.regimes[0].applies, TRI_UNKNOWN);
	assert_int_equal(e.joined.place, PLACE_NONE);
	assert_true(e.fired[0].by_unknown);
	e = run("default { place any, redact secret, approval yes because \"d\" }", &w);
	assert_int_equal(e.joined.transform[CLASS_SECRET], TRANSFORM_REDACT);
	assert_int_equal(e.joined.approval, APPROVAL_YES);
}

static void each_regime_has_a_verdict_of_its_own(void **state)
{
	(void)state;
	const struct world w = usual();
	struct evaluation e =
		run(DEFAULT REGIME("a", "app.known",
				   RULE("r", "app.known", "place within @eea, redact payment")
					   RULE("s", "app.known", "place within FR + US, approval yes"))
			    REGIME("b", "app.known", RULE("r", "app.known", "pseudonymise payment"))
				    REGIME("c", "request.stream", RULE("r", "app.known", "place none"))
					    REGIME("d", "app.known", RULE("r", "request.stream", "place none")),
		    &w);
	struct country_set fr = {0};
	country_set_add(&fr, country_parse(SPAN("FR")));
	assert_int_equal(e.n_regimes, 3);
	assert_int_equal(e.regimes[0].regime, 0);
	assert_int_equal(e.regimes[0].verdict.place, PLACE_REGIONS);
	assert_true(country_set_eq(&e.regimes[0].verdict.regions, &fr));
	assert_int_equal(e.regimes[1].verdict.place, PLACE_ANY);
	assert_int_equal(e.regimes[1].verdict.transform[CLASS_PAYMENT], TRANSFORM_PSEUDONYMISE);
	assert_int_equal(e.regimes[2].regime, 3);
	assert_int_equal(e.joined.place, PLACE_REGIONS);
	assert_true(country_set_eq(&e.joined.regions, &fr));
	assert_int_equal(e.joined.transform[CLASS_PAYMENT], TRANSFORM_REDACT);
	assert_int_equal(e.joined.approval, APPROVAL_YES);
	/* Both region lists and the redaction are needed; the pseudonymisation is not. */
	assert_int_equal(e.n_fired, 3);
	assert_int_equal(e.n_deciding, 2);
	assert_int_equal(e.fired[2].regime, 1);
}

static void regions_without_a_common_country_mean_on_prem(void **state)
{
	(void)state;
	const struct world w = usual();
	struct evaluation e =
		run(DEFAULT REGIME("a", "app.known",
				   RULE("r", "app.known", "place within FR") RULE("s", "app.known", "place within US")),
		    &w);
	assert_int_equal(e.joined.place, PLACE_ON_PREM);
	assert_int_equal(e.n_deciding, 2);
}

static void of_several_rules_the_first_decides(void **state)
{
	(void)state;
	const struct world w = usual();
	struct evaluation e =
		run(DEFAULT REGIME("a", "app.known",
				   RULE("r", "app.known", "place any") RULE("s", "app.known", "place on-prem")
					   RULE("t", "app.known", "place none") RULE("u", "app.known", "place none")
						   RULE("v", "app.known", "approval yes")),
		    &w);
	assert_int_equal(e.n_fired, 5);
	assert_int_equal(e.n_deciding, 2);
	assert_int_equal(e.fired[0].rule, 2); /* t */
	assert_int_equal(e.fired[1].rule, 4); /* v */
	assert_int_equal(e.fired[2].rule, 0); /* the rest in book order */
	assert_int_equal(e.fired[3].rule, 1);
	assert_int_equal(e.fired[4].rule, 3);
}

/* --- Exemptions --- */

#define EXEMPT(when) "exempt a.r when " when " until 2026-01-31 because \"pilot\" by \"DPO\"\n"

static void exemptions_hold_until_their_day(void **state)
{
	static const struct {
		const char *when, *today;
		bool exempted;
	} table[] = {
		{"app.id is claims", "2026-01-01", true},  {"app.id is claims", "2026-01-31", true},
		{"app.id is claims", "2026-02-01", false}, {"app.id is other", "2026-01-01", false},
		{"request.store", "2026-01-01", false},    {"not request.store", "2026-01-01", false},
		{"app.id is claims", NULL, false},
	};
	(void)state;
	for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
		struct world w = usual();
		char text[1024];
		int64_t day;
		w.f.v[F_DATE].known = false;
		if (table[i].today != NULL) {
			assert_true(date_parse(span_str(table[i].today), &day));
			facts_set_num(&w.f, F_DATE, day);
		}
		snprintf(text, sizeof text, "%s exempt a.r when %s until 2026-01-31 because \"p\" by \"q\"",
			 DEFAULT REGIME("a", "app.known", RULE("r", "app.known", "place none")), table[i].when);
		struct evaluation e = run(text, &w);
		assert_int_equal(e.n_fired, 1);
		assert_int_equal(e.fired[0].exempted, table[i].exempted);
		assert_int_equal(e.n_deciding, table[i].exempted ? 0 : 1);
		assert_int_equal(e.joined.place, table[i].exempted ? PLACE_ANY : PLACE_NONE);
		assert_int_equal(e.regimes[0].verdict.place, e.joined.place);
		assert_false(e.defaulted);
	}
}

static void any_of_several_exemptions_will_do(void **state)
{
	(void)state;
	const struct world w = usual();
	struct evaluation e =
		run(DEFAULT REGIME("a", "app.known",
				   RULE("r", "app.known", "place none") RULE("s", "app.known", "place on-prem"))
			    EXEMPT("app.id is other") EXEMPT("app.id is claims") EXEMPT("app.id is third"),
		    &w);
	assert_int_equal(e.joined.place, PLACE_ON_PREM);
	assert_int_equal(e.fired[0].rule, 1); /* the exempted one comes behind the deciding one */
	assert_true(e.fired[1].exempted);
}

/* --- Limits --- */

static void too_many_fired_rules_refuse(void **state)
{
	(void)state;
	const struct world w = usual();
	for (int n = RULES_MAX_FIRED; n <= RULES_MAX_FIRED + 1; n++) {
		struct buf b;
		buf_init(&b, 0);
		buf_add_str(&b, DEFAULT "regime g \"t\" version 2026-01-01 { applies always\n");
		for (int i = 0; i < n; i++)
			buf_printf(&b, RULE("r%d", "app.known", "approval yes"), i);
		buf_add(&b, span_of("}", 2));
		assert_int_equal(buf_err(&b), ERR_OK);
		struct evaluation e = run((const char *)b.p, &w);
		assert_int_equal(e.n_fired, RULES_MAX_FIRED);
		assert_int_equal(e.joined.place, n > RULES_MAX_FIRED ? PLACE_NONE : PLACE_ANY);
		assert_int_equal(e.joined.approval, APPROVAL_YES);
		assert_int_equal(e.n_deciding, 1);
		buf_fini(&b);
	}
}

/* --- Properties --- */

static uint64_t next(uint64_t *seed)
{
	*seed = *seed * 6364136223846793005u + 1442695040888963407u;
	return *seed >> 33;
}

enum { N_SOME = 12 };

static const char *const some_conditions[] = {
	"app.known",
	"request.store",
	"data has special",
	"subject in @eea",
	"request.bytes > 99",
	"destination.processing not within @eea + CH",
	"app.role is controller and not request.stream",
};
static const char *const some_verdicts[] = {
	"place any",
	"place within @eea",
	"place within DE + US",
	"place within US + FR, approval yes",
	"place within CH",
	"place on-prem",
	"place none",
	"redact payment",
	"pseudonymise payment",
	"pseudonymise personal, approval four-eyes",
};

struct recipe {
	unsigned condition, verdict;
};

static void cook(const struct recipe *recipes, const size_t *order, struct buf *b)
{
	buf_clear(b);
	buf_add_str(b, DEFAULT);
	for (size_t i = 0; i < N_SOME; i++) {
		const struct recipe *x = &recipes[order[i]];
		buf_printf(b, "regime g%zu \"t\" version 2026-01-01 { applies always " RULE("r", "%s", "%s") "}\n",
			   order[i], some_conditions[x->condition], some_verdicts[x->verdict]);
	}
	buf_add_byte(b, '\0');
	assert_int_equal(buf_err(b), ERR_OK);
}

/* The deciding rules alone give the joined verdict, and none of them can be spared. */
static void check_deciding(const struct recipe *recipes, const size_t *order, const struct evaluation *e)
{
	for (size_t spare = 0; spare <= e->n_deciding; spare++) {
		struct verdict v = verdict_lenient();
		for (size_t i = 0; i < e->n_deciding; i++) {
			if (i == spare)
				continue;
			char text[512];
			snprintf(text, sizeof text, "default { %s because \"x\" }",
				 some_verdicts[recipes[order[e->fired[i].rule]].verdict]);
			struct evaluation one = run(text, &(struct world){0});
			verdict_join(&v, &one.joined);
		}
		assert_int_equal(verdict_eq(&v, &e->joined), spare == e->n_deciding);
	}
}

static void the_verdict_does_not_depend_on_the_order(void **state)
{
	(void)state;
	uint64_t seed = 20261120;
	const struct world w = usual();
	struct buf b;
	buf_init(&b, 0);
	for (int round = 0; round < 60; round++) {
		struct recipe recipes[N_SOME];
		size_t order[N_SOME];
		struct verdict first = verdict_lenient();
		for (size_t i = 0; i < N_SOME; i++) {
			recipes[i].condition =
				(unsigned)(next(&seed) % (sizeof some_conditions / sizeof *some_conditions));
			recipes[i].verdict = (unsigned)(next(&seed) % (sizeof some_verdicts / sizeof *some_verdicts));
			order[i] = i;
		}
		for (int shuffle = 0; shuffle < 6; shuffle++) {
			cook(recipes, order, &b);
			struct evaluation e = run((const char *)b.p, &w);
			if (shuffle == 0)
				first = e.joined;
			assert_true(verdict_eq(&first, &e.joined));
			check_deciding(recipes, order, &e);
			for (size_t i = N_SOME - 1; i > 0; i--) {
				size_t j = next(&seed) % (i + 1), swap = order[i];
				order[i] = order[j];
				order[j] = swap;
			}
		}
	}
	buf_fini(&b);
}

/* A value of the fact's kind; texts are of the fact's own list, and now and then of none. */
static struct fact some_value(enum fact_id id, uint64_t *seed)
{
	static const char *const texts[] = {"controller", "none",    "scc",   "dpf",
					    "active",     "unknown", "known", "health-care"};
	struct fact v = {.known = true};
	switch (fact_info(id)->kind) {
	case FACT_BOOL:
		v.flag = next(seed) % 2 == 0;
		break;
	case FACT_NUM:
		v.num = (int64_t)(next(seed) % 2);
		break;
	case FACT_DATE:
		v.num = 20777;
		break;
	case FACT_ENUM:
	case FACT_TEXT:
		v.text = span_str(texts[next(seed) % (sizeof texts / sizeof *texts)]);
		break;
	case FACT_COUNTRY:
		v.cc = country_parse(next(seed) % 2 == 0 ? SPAN("DE") : SPAN("US"));
		break;
	case FACT_COUNTRIES:
		country_set_add(&v.set, country_parse(next(seed) % 2 == 0 ? SPAN("DE") : SPAN("US")));
		break;
	}
	return v;
}

static struct world some_world(uint64_t *seed)
{
	static const char *const types[] = {"contact.email", "health.condition", "finance.card", "secret.jwt",
					    "export.usml"};
	static const class_set classes[] = {CLASS_BIT(CLASS_PERSONAL), CLASS_BIT(CLASS_SPECIAL),
					    CLASS_BIT(CLASS_PAYMENT), CLASS_BIT(CLASS_SECRET), CLASS_BIT(CLASS_EXPORT)};
	struct world w = {0};
	for (unsigned i = 0; i < FACT_COUNT; i++) {
		struct fact v = some_value((enum fact_id)i, seed);
		if (next(seed) % 4 == 0)
			continue;
		if (fact_info((enum fact_id)i)->scope == FACT_REQUEST)
			w.f.v[i] = v;
		else
			w.d.v[i - FACT_FIRST_DEST] = v;
	}
	for (size_t i = 0; i < sizeof types / sizeof *types; i++)
		if (next(seed) % 3 == 0)
			add(&w, types[i], classes[i], 1, 90);
	return w;
}

/* Whatever the facts, a credential, a card or ITAR data in the packs never leaves; same facts, same verdict. */
static void what_must_not_leave_does_not_leave(void **state)
{
	(void)state;
	uint64_t seed = 7;
	struct rules *r = book_of_packs("");
	for (int round = 0; round < 20000; round++) {
		struct world w = some_world(&seed);
		struct evaluation e, again;
		rules_eval(r, &w.f, &w.d, &e);
		rules_eval(r, &w.f, &w.d, &again);
		assert_true(verdict_eq(&e.joined, &again.joined));
		assert_int_equal(e.n_fired, again.n_fired);
		assert_memory_equal(e.fired, again.fired, e.n_fired * sizeof *e.fired);
		class_set kept = CLASS_BIT(CLASS_PAYMENT) | CLASS_BIT(CLASS_SECRET) | CLASS_BIT(CLASS_EXPORT);
		if ((w.f.classes & kept) != 0)
			assert_true(e.joined.place >= PLACE_ON_PREM);
		struct verdict joined = verdict_lenient();
		for (size_t i = 0; i < e.n_regimes; i++)
			verdict_join(&joined, &e.regimes[i].verdict);
		if (!e.defaulted)
			assert_true(verdict_eq(&joined, &e.joined));
	}
	rules_free(r);
}

/* In a request about which more is forgotten, no fewer of the pack's rules hold it back. Only facts of the connection
 * are left out: the rules about them wait for it on purpose. */
static void forgetting_a_fact_never_releases(void **state)
{
	static const enum fact_id kept[] = {F_DEST_TLS, F_APP_ROLE};
	(void)state;
	uint64_t seed = 99;
	struct rules *r = book_of_packs("");
	for (int round = 0; round < 20000; round++) {
		struct world w = some_world(&seed);
		struct evaluation before, after;
		rules_eval(r, &w.f, &w.d, &before);
		enum fact_id id = (enum fact_id)(next(&seed) % FACT_COUNT);
		if (id == kept[0] || id == kept[1] || before.defaulted)
			continue;
		if (fact_info(id)->scope == FACT_REQUEST)
			w.f.v[id].known = false;
		else
			w.d.v[id - FACT_FIRST_DEST].known = false;
		rules_eval(r, &w.f, &w.d, &after);
		if (!verdict_covers(&after.joined, &before.joined))
			fail_msg("forgetting %s releases", fact_info(id)->path);
	}
	rules_free(r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(tests_of_facts),
		cmocka_unit_test(tests_of_data),
		cmocka_unit_test(empty_values_are_unknown),
		cmocka_unit_test(kleene_tables),
		cmocka_unit_test(and_binds_closer_than_or),
		cmocka_unit_test(the_default_holds_only_where_no_regime_applies),
		cmocka_unit_test(each_regime_has_a_verdict_of_its_own),
		cmocka_unit_test(regions_without_a_common_country_mean_on_prem),
		cmocka_unit_test(of_several_rules_the_first_decides),
		cmocka_unit_test(exemptions_hold_until_their_day),
		cmocka_unit_test(any_of_several_exemptions_will_do),
		cmocka_unit_test(too_many_fired_rules_refuse),
		cmocka_unit_test(the_verdict_does_not_depend_on_the_order),
		cmocka_unit_test(what_must_not_leave_does_not_leave),
		cmocka_unit_test(forgetting_a_fact_never_releases),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
