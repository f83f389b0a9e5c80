#include "book.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "rules/lex.h"

#define BOOK                                                                                                           \
	"default { place on-prem because \"no \\\"regime\\\" speaks\" }\n"                                             \
	"regime gdpr \"Regulation (EU) 2016/679\" version 2026-11-20 { applies when subject in @eu or site in @eu\n"   \
	"rule transfer \"Art. 9, 44\" { when data has special and destination.processing not within @eu\n"             \
	"  unless app.art9_condition is set then place on-prem, redact special because \"it would leave\" }\n"         \
	"rule twin \"Art. 5\" { when data has any of {special, phi} then place on-prem because \"twin\" }\n"           \
	"rule agreed \"Art. 28\" { when not (destination.dpa or destination.on_prem) then place none because "         \
	"\"none\"\n"                                                                                                   \
	"private } }\n"                                                                                                \
	"exempt gdpr.agreed when app.id is \"claims\" until 2026-12-31 because \"pilot\" by \"DPO\"\n"

struct world {
	struct facts f;
	struct dest_facts d;
};

static struct world usual(void)
{
	struct world w = {0};
	struct country_set de = {0}, us = {0};
	country_set_add(&de, country_parse(SPAN("DE")));
	country_set_add(&us, country_parse(SPAN("US")));
	facts_set_countries(&w.f, F_SUBJECT, &de);
	facts_set_text(&w.f, F_APP_ID, SPAN("claims"));
	int64_t day;
	assert_true(date_parse(SPAN("2026-11-20"), &day));
	facts_set_num(&w.f, F_DATE, day);
	dest_facts_set_countries(&w.d, F_DEST_PROCESSING, &us);
	dest_facts_set_bool(&w.d, F_DEST_DPA, false);
	struct data_item item = {
		SPAN("health.condition"), CLASS_BIT(CLASS_SPECIAL), 2, 93, DATA_DETECTED | DATA_DECLARED, 1};
	assert_true(facts_add_data(&w.f, item));
	return w;
}

static void expect_text(const char *book, const struct world *w, bool json, const char *want)
{
	struct rules *r = book_of(book);
	struct buf b;
	buf_init(&b, 0);
	assert_int_equal(rules_explain(r, &w->f, &w->d, json, &b), ERR_OK);
	buf_add_byte(&b, '\0');
	assert_string_equal((const char *)b.p, want);
	buf_fini(&b);
	rules_free(r);
}

static void sentences(void **state)
{
	(void)state;
	const struct world w = usual();
	expect_text(BOOK, &w, false,
		    "Verdict: place on-prem, redact special.\n"
		    "\n"
		    "gdpr applies: Regulation (EU) 2016/679, version 2026-11-20. Its verdict: place on-prem, redact "
		    "special.\n"
		    "  applies when subject in @eu or site in @eu: yes\n"
		    "    - subject in @eu: yes (subject is DE)\n"
		    "    - site in @eu: unknown (site is not known)\n"
		    "\n"
		    "gdpr.transfer (Art. 9, 44) decides: place on-prem, redact special, because it would leave.\n"
		    "  when data has special and destination.processing not within @eu: yes\n"
		    "    - data has special: yes (health.condition: 2 found, best score 93, declared)\n"
		    "    - destination.processing not within @eu: yes (destination.processing is US)\n"
		    "  unless app.art9_condition is set: no\n"
		    "    - app.art9_condition is set: no (app.art9_condition is not known)\n"
		    "\n"
		    "gdpr.twin (Art. 5) fired too: place on-prem, because twin.\n"
		    "  when data has any of {special, phi}: yes\n"
		    "    - data has any of {special, phi}: yes (health.condition: 2 found, best score 93, declared)\n"
		    "\n"
		    "gdpr.agreed (Art. 28) would have fired: place none, because none.\n"
		    "  It fired because something is unknown, which counts against release.\n"
		    "  It is switched off until 2026-12-31 by DPO: pilot\n"
		    "  when not (destination.dpa or destination.on_prem): unknown\n"
		    "    - destination.dpa: no (destination.dpa is no)\n"
		    "    - destination.on_prem: unknown (destination.on_prem is not known)\n");
}

static void sentences_about_the_default(void **state)
{
	(void)state;
	struct world w = {0};
	struct country_set us = {0};
	country_set_add(&us, country_parse(SPAN("US")));
	facts_set_countries(&w.f, F_SUBJECT, &us);
	facts_set_country(&w.f, F_SITE, country_parse(SPAN("US")));
	expect_text(BOOK, &w, false,
		    "Verdict: place on-prem.\nNo regime applies, so the default decides: no \"regime\" speaks.\n");
	expect_text(BOOK, &w, true,
		    "{\"verdict\":{\"place\":\"on-prem\",\"transform\":{},\"approval\":\"no\"},\"defaulted\":true,"
		    "\"default_reason\":\"no \\\"regime\\\" speaks\",\"regimes\":[],\"rules\":[]}");
}

static void sentences_about_nothing(void **state)
{
	(void)state;
	struct world w = {0};
	expect_text("default { place none because \"d\" } regime g \"G\" version 2026-01-01 { applies always }", &w,
		    false,
		    "Verdict: place any.\nNo rule of a regime that applies fired.\n"
		    "\ng applies: G, version 2026-01-01. Its verdict: place any.\n");
	expect_text("default { place none because \"d\" }\n"
		    "regime g \"G\" version 2026-01-01 { applies when app.known\n"
		    "rule r \"s\" { when request.bytes > 5 or time.date > 2026-01-01 then place within FR + DE, "
		    "approval four-eyes"
		    " because \"x\" } }",
		    &w, false,
		    "Verdict: place within DE + FR, approval four-eyes.\n"
		    "\ng may apply, because something is unknown: G, version 2026-01-01. "
		    "Its verdict: place within DE + FR, approval four-eyes.\n"
		    "  applies when app.known: unknown\n"
		    "    - app.known: unknown (app.known is not known)\n"
		    "\ng.r (s) decides: place within DE + FR, approval four-eyes, because x.\n"
		    "  It fired because something is unknown, which counts against release.\n"
		    "  when request.bytes > 5 or time.date > 2026-01-01: unknown\n"
		    "    - request.bytes > 5: unknown (request.bytes is not known)\n"
		    "    - time.date > 2026-01-01: unknown (time.date is not known)\n");
}

static void json(void **state)
{
	(void)state;
	struct world w = usual();
	expect_text("default { place none because \"d\" }\n"
		    "regime g \"The \\\"G\\\"\" version 2026-01-01 { applies when subject in FR + DE\n"
		    "rule r \"s\" { when data has phi or data has health.* unless destination.dpa\n"
		    "then place within FR + DE, redact phi, pseudonymise personal because \"x\" } }\n"
		    "exempt g.r when app.id is \"claims\" until 2026-12-31 because \"pilot\" by \"DPO\"",
		    &w, true,
		    "{\"verdict\":{\"place\":\"any\",\"transform\":{},\"approval\":\"no\"},\"defaulted\":false,"
		    "\"regimes\":["
		    "{\"name\":\"g\",\"title\":\"The \\\"G\\\"\",\"version\":\"2026-01-01\","
		    "\"verdict\":{\"place\":\"any\",\"transform\":{},\"approval\":\"no\"},"
		    "\"applies\":{\"condition\":\"subject in FR + DE\",\"value\":\"yes\",\"tests\":["
		    "{\"test\":\"subject in FR + DE\",\"value\":\"yes\",\"because\":\"subject is DE\"}]}}],\"rules\":["
		    "{\"regime\":\"g\",\"rule\":\"r\",\"source\":\"s\",\"reason\":\"x\",\"deciding\":false,\"by_"
		    "unknown\":false,"
		    "\"exempted\":true,\"private\":false,"
		    "\"verdict\":{\"place\":\"regions\",\"regions\":[\"DE\",\"FR\"],"
		    "\"transform\":{\"personal\":\"pseudonymise\",\"phi\":\"redact\"},\"approval\":\"no\"},"
		    "\"exemption\":{\"until\":\"2026-12-31\",\"reason\":\"pilot\",\"by\":\"DPO\"},"
		    "\"when\":{\"condition\":\"data has phi or data has health.*\",\"value\":\"yes\",\"tests\":["
		    "{\"test\":\"data has phi\",\"value\":\"no\",\"because\":\"none found\"},"
		    "{\"test\":\"data has health.*\",\"value\":\"yes\","
		    "\"because\":\"health.condition: 2 found, best score 93, declared\"}]},"
		    "\"unless\":{\"condition\":\"destination.dpa\",\"value\":\"no\",\"tests\":["
		    "{\"test\":\"destination.dpa\",\"value\":\"no\",\"because\":\"destination.dpa is no\"}]}}]}");
}

static void long_lists_are_cut(void **state)
{
	(void)state;
	struct world w = {0};
	static const char *const types[] = {"id.at.svnr", "id.be.nn",  "id.bg.egn", "id.ch.ahv", "id.cn.ric",
					    "id.cz.rc",   "id.dk.cpr", "id.ee.ik",  "id.es.dni", "id.fi.hetu"};
	for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
		struct data_item item = {span_str(types[i]), CLASS_BIT(CLASS_PERSONAL), 1, 90, DATA_DETECTED, 1};
		assert_true(facts_add_data(&w.f, item));
	}
	w.f.classes |= CLASS_BIT(CLASS_PHI);
	struct rules *r = book_of("default { place none because \"d\" }\n"
				  "regime g \"G\" version 2026-01-01 { applies when data has id.* and data has phi }");
	struct buf b;
	buf_init(&b, 0);
	assert_int_equal(rules_explain(r, &w.f, &w.d, false, &b), ERR_OK);
	buf_add_byte(&b, '\0');
	assert_non_null(strstr((const char *)b.p, "id.ee.ik: 1 found, best score 90; and 2 more)"));
	assert_non_null(strstr((const char *)b.p, "data has phi: yes (by combination)"));
	assert_null(strstr((const char *)b.p, "id.es.dni"));
	buf_fini(&b);
	rules_free(r);
}

static void a_full_buffer_is_told(void **state)
{
	(void)state;
	const struct world w = usual();
	struct rules *r = book_of(BOOK);
	for (size_t limit = 1; limit < 1500; limit += 31) {
		struct buf b;
		buf_init(&b, limit);
		assert_int_equal(rules_explain(r, &w.f, &w.d, true, &b), ERR_LIMIT);
		buf_fini(&b);
	}
	rules_free(r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sentences),
		cmocka_unit_test(sentences_about_the_default),
		cmocka_unit_test(sentences_about_nothing),
		cmocka_unit_test(json),
		cmocka_unit_test(long_lists_are_cut),
		cmocka_unit_test(a_full_buffer_is_told),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
