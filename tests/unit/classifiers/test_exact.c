/* Exact-data lists: fuzzy by case, marks and gaps; nothing of the terms in what is kept; hostile files. */
#include "fixture.h"

#include <stdio.h>
#include <stdlib.h>

#include "classifiers/exact.h"

static const uint8_t secret[16] = "exact-data key.";

struct seen {
	size_t n, start, end;
};

static void see(void *arg, size_t start, size_t end)
{
	struct seen *s = arg;
	s->n++;
	s->start = start;
	s->end = end;
}

static struct exact *list_of(const char *terms)
{
	struct classifier_diag diag;
	enum err err;
	struct exact *e = exact_new(span_str(terms), secret, SPAN("list"), &diag, &err);
	assert_non_null(e);
	return e;
}

static struct seen scan(const struct exact *e, const char *text)
{
	struct seen s = {0};
	exact_scan(e, span_str(text), see, &s);
	return s;
}

static void terms_match_however_written(void **state)
{
	(void)state;
	struct exact *e =
		list_of("# customers\nJosé García-Núñez\n\nO'Neill, Seán\nKowalska\nΝίκος Παππάς\nAcme 4711\n");
	static const char *const found[] = {
		"José García-Núñez called",
		"write to jose  garcia nunez!",
		"JOSE GARCIA NUNEZ",
		"Is it José\nGarcía - Núñez?",
		"o neill sean",
		"O\xe2\x80\x99Neill, Se\xc3\xa1n",
		"(Kowalska)",
		"kowalska",
		("Jose\xcc\x81 Garci\xcc\x81"
		 "a Nunez"),
		"ACME-4711",
		"Acme\t4711",
	};
	static const char *const not_found[] = {
		"Jose Garcia", "Garcia Nunez", "Kowalskaja", "xKowalska", "Acme 47112", "Acme 4 7 1 1", ""};
	for (size_t i = 0; i < sizeof found / sizeof *found; i++)
		if (scan(e, found[i]).n == 0)
			fail_msg("not found: %s", found[i]);
	for (size_t i = 0; i < sizeof not_found / sizeof *not_found; i++)
		if (scan(e, not_found[i]).n != 0)
			fail_msg("found: %s", not_found[i]);
	struct seen s = scan(e, "ask Ms Kowalska now");
	assert_int_equal(s.start, 7);
	assert_int_equal(s.end, 15);
	exact_free(e);
}

static void hashed_files_say_nothing_and_match_the_same(void **state)
{
	(void)state;
	struct buf out = {0};
	struct classifier_diag diag;
	enum err err;
	assert_int_equal(exact_write(SPAN("Jana Nováková\nacme 4711\n"), secret, &out, &diag), ERR_OK);
	assert_null(memmem(out.p, out.n, "Jana", 4));
	assert_null(memmem(out.p, out.n, "4711", 4));
	static const uint8_t other[16] = "another key";
	struct exact *e = exact_new(buf_span(&out), other, SPAN("list"), &diag, &err);
	assert_non_null(e);
	assert_int_equal(scan(e, "JANA NOVAKOVA of Acme-4711").n, 2);
	assert_int_equal(scan(e, "Jana Acme").n, 0);
	exact_free(e);
	/* Any byte changed in the header or a line cut short is noticed. */
	for (size_t i = 0; i < 50; i += 7) {
		uint8_t old = out.p[i];
		out.p[i] = '?';
		e = exact_new(buf_span(&out), other, SPAN("list"), &diag, &err);
		assert_true(e == NULL ? err == ERR_CONFIG : scan(e, "JANA NOVAKOVA").n == 0);
		exact_free(e);
		out.p[i] = old;
	}
	assert_null(exact_new(span_sub(buf_span(&out), 0, out.n - 4), other, SPAN("list"), &diag, &err));
	assert_int_equal(err, ERR_CONFIG);
	assert_int_equal(diag.line, 3);
	buf_fini(&out);
}

static void bad_lines_are_named(void **state)
{
	(void)state;
	static const char *const bad[] = {"fine term\nab\n", "fine term\na b c d e f g h i\n",
					  "fine term\n\xff\xfe term\n", "fine term\n---\n"};
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		struct classifier_diag diag = {0};
		enum err err;
		assert_null(exact_new(span_str(bad[i]), secret, SPAN("list"), &diag, &err));
		assert_int_equal(err, ERR_CONFIG);
		assert_int_equal(diag.line, 2);
	}
}

/* Two hundred thousand terms: sixteen bytes each and a word of a text that is none of them does not match. */
static void large_lists_are_small_and_exact(void **state)
{
	(void)state;
	enum { TERMS = 200000 };
	struct buf b = {0};
	for (unsigned i = 0; i < TERMS; i++)
		buf_printf(&b, "person%u %x\n", i, i * 2654435761u);
	struct classifier_diag diag;
	enum err err;
	struct exact *e = exact_new(buf_span(&b), secret, SPAN("list"), &diag, &err);
	assert_non_null(e);
	assert_true(exact_bytes(e) <= 32u * TERMS);
	for (unsigned i = 0; i < TERMS; i += 997) {
		char text[64];
		snprintf(text, sizeof text, "Is PERSON%u  %X here?", i, i * 2654435761u);
		assert_int_equal(scan(e, text).n, 1);
		snprintf(text, sizeof text, "Is person%u %x here?", i, i * 2654435761u + 1);
		assert_int_equal(scan(e, text).n, 0);
	}
	exact_free(e);
	buf_fini(&b);
}

/* Through the classifier: as a house type, private, in other readings as well. */
static void exact_lists_are_private_types(void **state)
{
	(void)state;
	const struct house_list lists[] = {
		{.type = SPAN("house.customer"),
		 .exact = true,
		 .text = SPAN("Jana Nováková\n"),
		 .file = SPAN("customers")},
		{.type = SPAN("house.project"), .text = SPAN("Falcon\n"), .file = SPAN("projects")}};
	struct classifier_options o = {.lists = lists, .n_lists = 2};
	struct classifier_diag diag;
	enum err err;
	struct classifier *c = classifier_new(&o, &diag, &err);
	assert_non_null(c);
	struct classifier_scratch *s = classifier_scratch_new(c);
	assert_non_null(s);
	assert_true(classifier_type_private(c, SPAN("house.customer")));
	assert_false(classifier_type_private(c, SPAN("house.project")));
	assert_false(classifier_type_private(c, SPAN("contact.email")));
	assert_false(classifier_type_private(c, SPAN("house.unheard")));
	static const char *const texts[] = {"ask jana novakova about it",
					    "amFuYSBub3Zha292YSBhYm91dA==", "ask %4Aana%20Novakova please",
					    "ask J\xd0\xb0na Nov\xd0\xb0kova", "project F%61lcon starts"};
	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
		struct arena a;
		struct findings f;
		arena_init(&a, 0);
		assert_int_equal(classify_text(c, s, NULL, span_str(texts[i]), NULL, &a, &f), ERR_OK);
		if (f.n != 1 || !span_starts(classifier_type_name(c, f.v[0].type), SPAN("house.")))
			fail_msg("not found in: %s", texts[i]);
		arena_fini(&a);
	}
	classifier_scratch_free(s);
	classifier_free(c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(terms_match_however_written),
		cmocka_unit_test(hashed_files_say_nothing_and_match_the_same),
		cmocka_unit_test(bad_lines_are_named),
		cmocka_unit_test(large_lists_are_small_and_exact),
		cmocka_unit_test(exact_lists_are_private_types),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
