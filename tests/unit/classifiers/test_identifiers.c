/* Every detector finds its valid example where a sentence gives it context, and does not find the invalid one. */
#include "fixture.h"

#include <stdio.h>
#include <stdlib.h>

static void every_detector_has_an_example(void **state)
{
	(void)state;
	size_t n;
	struct example *v = load_examples(&n);
	for (unsigned d = 0; d < DETECTOR_COUNT; d++) {
		bool seen = false;
		for (size_t i = 0; i < n && !seen; i++)
			seen = strcmp(v[i].detector, detector_info((enum detector_id)d)->name) == 0;
		if (!seen)
			fail_msg("no example of %s", detector_info((enum detector_id)d)->name);
	}
	free_examples(v, n);
}

static void valid_examples_are_found(void **state)
{
	(void)state;
	size_t n;
	struct example *v = load_examples(&n);
	for (size_t i = 0; i < n; i++) {
		char *text = in_sentence(v[i].sentence, v[i].valid);
		struct result r = classify_str(text);
		assert_sound(span_str(text), &r);
		if (found_detector(&r, v[i].detector) == 0 || found_type(&r, v[i].type) == 0)
			fail_msg("%s is not found", v[i].detector);
		result_fini(&r);
		free(text);
	}
	free_examples(v, n);
}

static void invalid_examples_are_not_found(void **state)
{
	(void)state;
	size_t n;
	struct example *v = load_examples(&n);
	for (size_t i = 0; i < n; i++) {
		char *text = in_sentence(v[i].sentence, v[i].invalid);
		struct result r = classify_str(text);
		assert_sound(span_str(text), &r);
		if (found_detector(&r, v[i].detector) != 0)
			fail_msg("%s is found where it is invalid", v[i].detector);
		result_fini(&r);
		free(text);
	}
	free_examples(v, n);
}

/* The span is the value, neither less nor more. */
static void spans_are_exact(void **state)
{
	(void)state;
	size_t n;
	struct example *v = load_examples(&n);
	for (size_t i = 0; i < n; i++) {
		char *text = in_sentence(v[i].sentence, v[i].valid);
		struct result r = classify_str(text);
		size_t at = (size_t)(strstr(v[i].sentence, "{}") - v[i].sentence);
		for (size_t k = 0; k < r.f.n; k++) {
			if (!span_eq(classifier_detector_name(the_classifier(), r.f.v[k].detector),
				     span_str(v[i].detector)))
				continue;
			assert_true(r.f.v[k].start >= at && r.f.v[k].end <= at + strlen(v[i].valid));
		}
		result_fini(&r);
		free(text);
	}
	free_examples(v, n);
}

/* Numbers whose checksum is weak need more than themselves. */
static void weak_numbers_need_context(void **state)
{
	(void)state;
	size_t n;
	struct example *v = load_examples(&n);
	for (size_t i = 0; i < n; i++) {
		const struct detector *d = NULL;
		for (unsigned k = 0; k < DETECTOR_COUNT && d == NULL; k++)
			if (strcmp(detector_info((enum detector_id)k)->name, v[i].detector) == 0)
				d = detector_info((enum detector_id)k);
		assert_non_null(d);
		struct result r = classify_str(v[i].valid);
		bool alone = d->strength >= STRENGTH_GOOD && d->flags == 0 && strcmp(d->name, "CONDITION") != 0;
		if (alone && found_type(&r, v[i].type) == 0)
			fail_msg("%s is not found alone", d->name);
		bool bare = strspn(v[i].valid, "0123456789 -./") == strlen(v[i].valid);
		if ((d->flags & FLAG_CTX) != 0 && bare && d->family == FAMILY_SHAPE && found_detector(&r, d->name) != 0)
			fail_msg("%s is found without context", d->name);
		result_fini(&r);
	}
	free_examples(v, n);
}

/* A longer run of digits is another number. */
static void longer_runs_are_something_else(void **state)
{
	(void)state;
	size_t n;
	struct example *v = load_examples(&n);
	for (size_t i = 0; i < n; i++) {
		size_t len = strlen(v[i].valid);
		bool digits = strspn(v[i].valid, "0123456789") == len;
		if (!digits || len < 8)
			continue;
		char longer[128];
		snprintf(longer, sizeof longer, "%s1234567890123", v[i].valid);
		char *text = in_sentence(v[i].sentence, longer);
		struct result r = classify_str(text);
		if (found_detector(&r, v[i].detector) != 0)
			fail_msg("%s is found inside a longer number", v[i].detector);
		result_fini(&r);
		free(text);
	}
	free_examples(v, n);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_detector_has_an_example),  cmocka_unit_test(valid_examples_are_found),
		cmocka_unit_test(invalid_examples_are_not_found), cmocka_unit_test(spans_are_exact),
		cmocka_unit_test(weak_numbers_need_context),      cmocka_unit_test(longer_runs_are_something_else),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
