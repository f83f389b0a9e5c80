/* The interface: types, content address, seams, facts, cache, dictionaries, tagger, limits. */
#include "fixture.h"

#include "classifiers/score.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/types.h"

static struct classifier *make(const struct classifier_options *o)
{
	struct classifier_diag diag;
	enum err err;
	struct classifier *c = classifier_new(o, &diag, &err);
	assert_non_null(c);
	assert_int_equal(err, ERR_OK);
	return c;
}

static struct findings run(const struct classifier *c, struct classifier_cache *cache, struct span text,
			   const struct text_context *ctx, struct arena *arena)
{
	struct findings f;
	struct classifier_scratch *s = classifier_scratch_new(c);
	assert_non_null(s);
	assert_int_equal(classify_text(c, s, cache, text, ctx, arena, &f), ERR_OK);
	classifier_scratch_free(s);
	return f;
}

static void hash_depends_on_everything(void **state)
{
	(void)state;
	struct house_list list = {.type = SPAN("house.project"), .text = SPAN("Blue Heron\n"), .file = SPAN("a")};
	struct house_list other = {.type = SPAN("house.project"), .text = SPAN("Red Heron\n"), .file = SPAN("a")};
	struct classifier_options v[] = {{0},
					 {.min_score = 60},
					 {.starter_health = true},
					 {.lists = &list, .n_lists = 1},
					 {.lists = &other, .n_lists = 1},
					 {.tagger_id = SPAN("model-1")}};
	enum { N = sizeof v / sizeof *v };
	struct classifier *c[N];
	for (size_t i = 0; i < N; i++)
		c[i] = make(&v[i]);
	for (size_t i = 0; i < N; i++)
		for (size_t k = 0; k < i; k++)
			assert_memory_not_equal(classifier_hash(c[i]), classifier_hash(c[k]), 32);
	struct classifier *again = make(&v[3]);
	assert_memory_equal(classifier_hash(again), classifier_hash(c[3]), 32);
	classifier_free(again);
	for (size_t i = 0; i < N; i++)
		classifier_free(c[i]);
}

static void house_terms_and_patterns(void **state)
{
	(void)state;
	struct house_list lists[] = {
		{.type = SPAN("house.project"),
		 .text = SPAN("# names\nBlue Heron\nÄrgernis\nC++ core\n"),
		 .file = SPAN("a")},
		{.type = SPAN("house.ticket"),
		 .classes = CLASS_BIT(CLASS_PERSONAL),
		 .text = SPAN("TCK-[0-9]{4}\n"),
		 .patterns = true,
		 .file = SPAN("b")},
		{.type = SPAN("house.project"), .text = SPAN("Osprey\n"), .file = SPAN("c")},
	};
	struct classifier_options o = {.lists = lists, .n_lists = 3};
	struct classifier *c = make(&o);
	assert_int_equal(classifier_types(c), TYPE_COUNT + 2);
	assert_true(span_eq(classifier_type_name(c, TYPE_COUNT), SPAN("house.project")));
	assert_int_equal(classifier_type_classes(c, TYPE_COUNT), CLASS_BIT(CLASS_HOUSE));
	assert_int_equal(classifier_type_classes(c, TYPE_COUNT + 1), CLASS_BIT(CLASS_PERSONAL));
	static const struct {
		const char *text;
		size_t n;
		uint32_t start, end;
	} v[] = {{"the blue heron project", 1, 4, 14}, {"the bluer heron", 0, 0, 0},  {"TheBlue Heron", 0, 0, 0},
		 {"Blue Herons fly", 1, 0, 11},        {"ein ärgernis!", 1, 4, 13},   {"our C++ core team", 1, 4, 12},
		 {"see TCK-1234 now", 1, 4, 12},       {"see tck-1234 now", 0, 0, 0}, {"an OSPREY", 1, 3, 9}};
	for (size_t i = 0; i < sizeof v / sizeof *v; i++) {
		struct arena a;
		arena_init(&a, 0);
		struct findings f = run(c, NULL, span_str(v[i].text), NULL, &a);
		assert_int_equal(f.n, v[i].n);
		if (f.n == 1) {
			assert_int_equal(f.v[0].start, v[i].start);
			assert_int_equal(f.v[0].end, v[i].end);
			assert_true(span_eq(classifier_detector_name(c, f.v[0].detector), SPAN("HOUSE")));
		}
		arena_fini(&a);
	}
	classifier_free(c);
}

static void bad_lists_are_refused(void **state)
{
	(void)state;
	static const struct {
		const char *type, *text;
		bool patterns;
		unsigned line;
	} v[] = {
		{"house.a", "ok\n(unclosed\n", true, 2},
		{"house.a", "a*\n", true, 1},
		{"house.a", "x\n", false, 1},
		{"House", "word\n", false, 0},
		{"house..a", "word\n", false, 0},
		{"house.a", "ok\n\xff\xfe\n", false, 2},
		{"house.a", "(?=look)ahead\n", true, 1},
		{"house.a", "back(ref)\\1\n", true, 1},
	};
	for (size_t i = 0; i < sizeof v / sizeof *v; i++) {
		struct house_list list = {.type = span_str(v[i].type),
					  .text = span_str(v[i].text),
					  .patterns = v[i].patterns,
					  .file = SPAN("terms.txt")};
		struct classifier_options o = {.lists = &list, .n_lists = 1};
		struct classifier_diag diag;
		enum err err = ERR_OK;
		assert_null(classifier_new(&o, &diag, &err));
		assert_int_equal(err, ERR_CONFIG);
		assert_int_equal(diag.line, v[i].line);
		assert_true(span_eq(diag.file, SPAN("terms.txt")) && diag.text[0] != '\0');
	}
}

static void keys_are_context(void **state)
{
	(void)state;
	static const struct {
		const char *key, *text, *detector;
	} v[] = {{"ssn", "536228726", "US_SSN"},
		 {"customerPhoneNumber", "030 2093 55610", "PHONE_NATIONAL"},
		 {"date_of_birth", "1985-03-15", "BIRTH_DATE"},
		 {"dateOfBirth", "1985-03-15", "BIRTH_DATE"},
		 {"身份证号码", "110105198503151230", "CN_RIC"},
		 {"PESEL", "85031512344", "PL_PESEL"}};
	for (size_t i = 0; i < sizeof v / sizeof *v; i++) {
		struct result with = classify(span_str(v[i].text), v[i].key),
			      without = classify(span_str(v[i].text), NULL);
		if (found_detector(&with, v[i].detector) <= found_detector(&without, v[i].detector))
			fail_msg("the key %s does not help", v[i].key);
		result_fini(&with);
		result_fini(&without);
	}
}

static void nearer_context_scores_higher(void **state)
{
	(void)state;
	struct result near = classify_str("SSN 536-22-8726"),
		      far = classify_str(
			      "the SSN in question, as he told us on the telephone last week, is 536-22-8726");
	struct result after = classify_str("536-22-8726 (his SSN)"),
		      other = classify_str("The SSN.\n\nAnother matter: 536-22-8726");
	unsigned a = found_detector(&near, "US_SSN"), b = found_detector(&far, "US_SSN"),
		 c = found_detector(&after, "US_SSN"), d = found_detector(&other, "US_SSN");
	assert_true(a > b && b > d && a > c && c > d && d >= 50);
	result_fini(&near);
	result_fini(&far);
	result_fini(&after);
	result_fini(&other);
}

static void seams(void **state)
{
	(void)state;
	struct arena arena;
	struct findings f;
	arena_init(&arena, 0);
	struct span a = SPAN("so my card number is 4539 1488 "), b = SPAN("0343 6467 and thank you");
	assert_int_equal(classify_seam(the_classifier(), the_scratch(), a, b, &arena, &f), ERR_OK);
	assert_int_equal(f.n, 1);
	assert_int_equal(f.v[0].type, TYPE_FINANCE_CARD);
	assert_int_equal(f.v[0].start, 21);
	assert_int_equal(f.v[0].end, a.n + 9);
	/* What is whole on one side is not the seam's. */
	assert_int_equal(classify_seam(the_classifier(), the_scratch(), SPAN("mail jana@firma-nord.de "),
				       SPAN("and more"), &arena, &f),
			 ERR_OK);
	assert_int_equal(f.n, 0);
	assert_int_equal(classify_seam(the_classifier(), the_scratch(), SPAN(""), b, &arena, &f), ERR_OK);
	assert_int_equal(f.n, 0);
	arena_fini(&arena);
}

static void facts_and_combinations(void **state)
{
	(void)state;
	struct facts facts = {0};
	struct result id = classify_str("write to jana.novakova@firma-nord.de, twice: jana.novakova@firma-nord.de");
	assert_int_equal(classify_add_facts(the_classifier(), &id.f, &facts), ERR_OK);
	classify_combine(&facts);
	assert_int_equal(facts.n_data, 1);
	assert_int_equal(facts.data[0].count, 2);
	assert_int_equal(facts.data[0].origin, DATA_DETECTED);
	assert_int_equal(facts.classes & CLASS_BIT(CLASS_PHI), 0);
	assert_true(facts.v[F_EVASION].known && !facts.v[F_EVASION].flag);
	struct result health = classify_str("she has multiple sclerosis");
	assert_int_equal(classify_add_facts(the_classifier(), &health.f, &facts), ERR_OK);
	classify_combine(&facts);
	assert_int_not_equal(facts.classes & CLASS_BIT(CLASS_PHI), 0);
	struct result hidden = classify_str("SSN 5 3 6 2 2 8 7 2 6");
	assert_int_equal(classify_add_facts(the_classifier(), &hidden.f, &facts), ERR_OK);
	classify_combine(&facts);
	assert_true(facts.v[F_EVASION].known && facts.v[F_EVASION].flag);
	result_fini(&id);
	result_fini(&health);
	result_fini(&hidden);
}

static void three_quasi_identifiers_are_personal(void **state)
{
	(void)state;
	static const enum type_id types[] = {TYPE_PERSON_AGE, TYPE_PERSON_GENDER, TYPE_PLACE_POSTCODE};
	struct facts facts = {0};
	for (size_t i = 0; i < 3; i++) {
		struct finding f = {.start = 0, .end = 1, .type = (uint16_t)types[i], .score = 80};
		struct findings all = {.v = &f, .n = 1};
		assert_int_equal(facts.classes & CLASS_BIT(CLASS_PERSONAL), 0);
		assert_int_equal(classify_add_facts(the_classifier(), &all, &facts), ERR_OK);
		classify_combine(&facts);
	}
	assert_int_not_equal(facts.classes & CLASS_BIT(CLASS_PERSONAL), 0);
}

static const uint8_t cache_secret[16] = "0123456789abcde";

static void cache_gives_the_same_findings(void **state)
{
	(void)state;
	size_t n;
	struct example *v = load_examples(&n);
	struct classifier_cache *cache = classifier_cache_new(4096, cache_secret);
	assert_non_null(cache);
	for (size_t i = 0; i < n; i++) {
		char *text = in_sentence(v[i].sentence, v[i].valid);
		struct arena a;
		arena_init(&a, 0);
		struct findings fresh = run(the_classifier(), NULL, span_str(text), NULL, &a);
		struct findings first = run(the_classifier(), cache, span_str(text), NULL, &a);
		struct findings second = run(the_classifier(), cache, span_str(text), NULL, &a);
		assert_int_equal(first.cached, 0);
		assert_int_equal(second.cached, strlen(text));
		assert_int_equal(second.lexed, fresh.lexed);
		assert_int_equal(first.n, fresh.n);
		assert_int_equal(second.n, fresh.n);
		if (fresh.n > 0)
			assert_memory_equal(second.v, fresh.v, fresh.n * sizeof *fresh.v);
		arena_fini(&a);
		free(text);
	}
	classifier_cache_free(cache);
	free_examples(v, n);
}

static void cache_keys_are_apart(void **state)
{
	(void)state;
	struct classifier_cache *cache = classifier_cache_new(64, cache_secret);
	struct arena a;
	arena_init(&a, 0);
	const struct hash128 prints[] = {{1, 2}, {1, 3}};
	const struct text_context v[] = {{.key = SPAN("a")},    {.key = SPAN("b")},    {.role = 1},
					 {.tenant = SPAN("a")}, {.tenant = SPAN("b")}, {.role = 0},
					 {.print = &prints[0]}, {.print = &prints[1]}};
	for (size_t i = 0; i < sizeof v / sizeof *v; i++)
		assert_int_equal(run(the_classifier(), cache, SPAN("PESEL 85031512344"), &v[i], &a).cached, 0);
	assert_int_equal(run(the_classifier(), cache, SPAN("PESEL 85031512344"), &v[0], &a).cached, 17);
	struct classifier_options o = {.min_score = 95};
	struct classifier *strict = make(&o);
	assert_int_equal(run(strict, cache, SPAN("PESEL 85031512344"), &v[0], &a).cached, 0);
	classifier_free(strict);
	/* More texts than entries: old ones go, nothing breaks. */
	for (unsigned i = 0; i < 1000; i++) {
		char text[32];
		int len = snprintf(text, sizeof text, "text %u", i);
		assert_int_equal(run(the_classifier(), cache, span_of(text, (size_t)len), NULL, &a).cached, 0);
	}
	arena_fini(&a);
	classifier_cache_free(cache);
}

static unsigned score_with(const struct classifier_threshold *t, size_t n, const char *text, const char *detector)
{
	struct classifier_options o = {.thresholds = t, .n_thresholds = n};
	struct classifier *c = make(&o);
	struct arena a;
	unsigned best = 0;
	arena_init(&a, 0);
	struct findings f = run(c, NULL, span_str(text), NULL, &a);
	for (size_t i = 0; i < f.n; i++)
		if (span_eq(classifier_detector_name(c, f.v[i].detector), span_str(detector)))
			best = f.v[i].score;
	arena_fini(&a);
	classifier_free(c);
	return best;
}

static void thresholds_by_type_family_and_class(void **state)
{
	(void)state;
	static const char text[] = "PESEL 85031512344, SSN 536-22-8726, password: hunter2!Blue";
	const struct classifier_threshold family[] = {{SPAN("id.*"), 90}},
					  type[] = {{SPAN("id.*"), 96}, {SPAN("id.pl.pesel"), 60}},
					  legal[] = {{SPAN("secret"), 99}}, low[] = {{SPAN("id.us.ssn"), 10}};
	assert_true(score_with(NULL, 0, text, "US_SSN") > 0);
	assert_int_equal(score_with(family, 1, text, "US_SSN"), 0);
	assert_true(score_with(family, 1, text, "PL_PESEL") > 0);
	assert_true(score_with(family, 1, text, "PASSWORD") > 0);
	assert_true(score_with(type, 2, text, "PL_PESEL") > 0);
	assert_int_equal(score_with(type, 2, text, "US_SSN"), 0);
	assert_int_equal(score_with(legal, 1, text, "PASSWORD"), 0);
	assert_int_equal(score_with(NULL, 0, "see 536228726", "US_SSN"), 0);
	assert_true(score_with(low, 1, "see 536228726", "US_SSN") > 0);
	const struct classifier_threshold unknown[] = {{SPAN("id.atlantis"), 60}};
	struct classifier_options o = {.thresholds = unknown, .n_thresholds = 1};
	struct classifier_diag diag;
	enum err err;
	assert_null(classifier_new(&o, &diag, &err));
	assert_int_equal(err, ERR_CONFIG);
	assert_non_null(strstr(diag.text, "id.atlantis"));
}

static void findings_are_explained(void **state)
{
	(void)state;
	static const struct {
		const char *text, *detector, *word;
		bool column, disguised;
	} v[] = {{"PESEL 85031512344", "PL_PESEL", "PESEL", false, false},
		 {"4539148803436467 is his Visa", "CARD", "Visa", false, false},
		 {"name;pesel\nAda;none\nBo;none\nCy;none\nDi;none of these yet, to be filled in later by somebody "
		  "else, whoever that may be\nEve;85031512344",
		  "PL_PESEL", "", true, false},
		 {"PESEL 8 5 0 3 1 5 1 2 3 4 4", "PL_PESEL", "PESEL", false, true},
		 {"jana@firma.de", "EMAIL", "", false, false}};
	for (size_t i = 0; i < sizeof v / sizeof *v; i++) {
		struct arena a;
		struct findings f, same;
		struct reason *why;
		arena_init(&a, 0);
		assert_int_equal(
			classify_explain(the_classifier(), the_scratch(), span_str(v[i].text), NULL, &a, &f, &why),
			ERR_OK);
		same = run(the_classifier(), NULL, span_str(v[i].text), NULL, &a);
		assert_int_equal(f.n, same.n);
		assert_true(f.n > 0 && memcmp(f.v, same.v, f.n * sizeof *f.v) == 0);
		bool seen = false;
		for (size_t k = 0; k < f.n; k++) {
			if (!span_eq(classifier_detector_name(the_classifier(), f.v[k].detector),
				     span_str(v[i].detector)))
				continue;
			seen = true;
			assert_int_equal(why[k].score, f.v[k].score);
			assert_string_equal(why[k].word, v[i].word);
			assert_int_equal(why[k].column, v[i].column);
			assert_int_equal(why[k].disguised, v[i].disguised);
		}
		if (!seen)
			fail_msg("not found: %s", v[i].text);
		arena_fini(&a);
	}
}

static void *use_cache(void *arg)
{
	struct arena a;
	arena_init(&a, 0);
	for (unsigned i = 0; i < 400; i++) {
		char text[64];
		int len = snprintf(text, sizeof text, "PESEL 85031512344 number %u", i % 50);
		struct findings f = run(the_classifier(), arg, span_of(text, (size_t)len), NULL, &a);
		if (f.n != 1 || f.v[0].type != TYPE_ID_PL_PESEL)
			return arg;
	}
	arena_fini(&a);
	return NULL;
}

static void cache_is_shared_by_threads(void **state)
{
	(void)state;
	struct classifier_cache *cache = classifier_cache_new(128, cache_secret);
	pthread_t t[4];
	(void)the_classifier();
	for (size_t i = 0; i < 4; i++)
		assert_int_equal(pthread_create(&t[i], NULL, use_cache, cache), 0);
	for (size_t i = 0; i < 4; i++) {
		void *failed = NULL;
		assert_int_equal(pthread_join(t[i], &failed), 0);
		assert_null(failed);
	}
	classifier_cache_free(cache);
}

static size_t fake_tagger(const void *tagger, void *scratch, struct span text, classifier_emit *emit, void *sink)
{
	(void)tagger;
	(void)scratch;
	emit(sink, TYPE_PERSON_NAME, 0, 4, 90);
	emit(sink, TYPE_PERSON_NAME, 6, 6, 90);                    /* empty */
	emit(sink, TYPE_PERSON_NAME, 0, (uint32_t)text.n + 1, 90); /* beyond the end */
	emit(sink, 65535, 0, 1, 90);                               /* no such type */
	emit(sink, TYPE_PERSON_AGE, 5, 6, 10);                     /* below the threshold */
	return 9;
}

static void tagger_joins_in(void **state)
{
	(void)state;
	struct classifier_options o = {.tag = fake_tagger};
	struct classifier *c = make(&o);
	struct arena a;
	arena_init(&a, 0);
	struct findings f = run(c, NULL, SPAN("Jana ordered a hat"), NULL, &a);
	assert_int_equal(f.n, 1);
	assert_int_equal(f.v[0].type, TYPE_PERSON_NAME);
	assert_true(span_eq(classifier_detector_name(c, f.v[0].detector), SPAN("TAGGER")));
	assert_int_equal(f.tagged, 9);
	assert_int_equal(f.gated, 9);
	arena_fini(&a);
	classifier_free(c);
}

static void no_room_is_an_error(void **state)
{
	(void)state;
	struct arena a;
	struct findings f;
	arena_init(&a, 8);
	assert_int_equal(classify_text(the_classifier(), the_scratch(), NULL, SPAN("PESEL 85031512344"), NULL, &a, &f),
			 ERR_NOMEM);
	arena_fini(&a);
	arena_init(&a, 0);
	assert_int_equal(classify_text(the_classifier(), the_scratch(), NULL, SPAN_NULL, NULL, &a, &f), ERR_OK);
	assert_int_equal(f.n, 0);
	arena_fini(&a);
}

/* More findings than fit are a coverage failure, not silence. */
static void too_many_findings_fail_coverage(void **state)
{
	(void)state;
	static const char unit[] = "a@bc.de ";
	size_t n = (sizeof unit - 1) * 70000;
	char *text = malloc(n);
	assert_non_null(text);
	for (size_t i = 0; i < n; i++)
		text[i] = unit[i % (sizeof unit - 1)];
	struct arena a;
	arena_init(&a, 0);
	struct findings f = run(the_classifier(), NULL, span_of(text, n), NULL, &a);
	assert_int_equal(f.failed, n);
	assert_true(f.n > 60000);
	arena_fini(&a);
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(hash_depends_on_everything),    cmocka_unit_test(house_terms_and_patterns),
		cmocka_unit_test(bad_lists_are_refused),         cmocka_unit_test(keys_are_context),
		cmocka_unit_test(nearer_context_scores_higher),  cmocka_unit_test(seams),
		cmocka_unit_test(facts_and_combinations),        cmocka_unit_test(three_quasi_identifiers_are_personal),
		cmocka_unit_test(cache_gives_the_same_findings), cmocka_unit_test(cache_keys_are_apart),
		cmocka_unit_test(cache_is_shared_by_threads),    cmocka_unit_test(tagger_joins_in),
		cmocka_unit_test(findings_are_explained),        cmocka_unit_test(thresholds_by_type_family_and_class),
		cmocka_unit_test(no_room_is_an_error),           cmocka_unit_test(too_many_findings_fail_coverage),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
