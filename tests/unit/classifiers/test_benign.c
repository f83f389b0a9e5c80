/* Text about nobody: logs, source code, change logs, tables. Few findings are tolerated, none of them certain. */
#include "fixture.h"

#include <stdio.h>
#include <stdlib.h>

static void few_false_alarms(void **state)
{
	(void)state;
	static const char *const files[] = {
		"server.log",       "source.c.txt",   "changelog.txt",   "report.csv.txt", "pipeline.py.txt",
		"orders.sql.txt",   "browser.js.txt", "service.go.txt",  "notes.md.txt",   "build.yaml.txt",
		"package.json.txt", "kernel.log.txt", "Parser.java.txt",
	};
	size_t alarms = 0, bytes = 0;
	for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
		char path[128];
		size_t n;
		snprintf(path, sizeof path, "tests/data/benign/%s", files[i]);
		char *text = read_file(path, &n);
		struct result r = classify(span_of(text, n), NULL);
		assert_sound(span_of(text, n), &r);
		for (size_t k = 0; k < r.f.n; k++)
			print_message("%s: %s at %u\n", files[i],
				      (const char *)classifier_detector_name(the_classifier(), r.f.v[k].detector).p,
				      r.f.v[k].start);
		alarms += r.f.n;
		bytes += n;
		result_fini(&r);
		free(text);
	}
	assert_true(bytes > 13000);
	/* Two in a hundred kilobytes is the aim; of so little text that is none. One is a margin. */
	assert_true(alarms <= 1);
}

/* Random numbers without context: one in a hundred may look like an identifier with a date or a card. */
static void random_numbers_rarely_alarm(void **state)
{
	(void)state;
	enum { NUMBERS = 20000 };
	size_t alarms = 0;
	for (size_t i = 0; i < NUMBERS; i++) {
		char text[64];
		size_t digits = 8 + next_random() % 7, n = 0;
		for (; n < digits; n++)
			text[n] = (char)('0' + next_random() % 10);
		text[n] = '\0';
		struct result r = classify_str(text);
		alarms += r.f.n > 0;
		result_fini(&r);
	}
	print_message("%zu of %d random numbers\n", alarms, NUMBERS);
	assert_true(alarms < NUMBERS / 40);
}

static void assert_nothing(const char *const *texts, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		struct result r = classify_str(texts[i]);
		if (r.f.n != 0)
			fail_msg("%s in: %s",
				 (const char *)classifier_detector_name(the_classifier(), r.f.v[0].detector).p,
				 texts[i]);
		result_fini(&r);
	}
}

static void reserved_values_are_suppressed(void **state)
{
	(void)state;
	static const char *const texts[] = {
		"see 203.0.113.77 for it",
		"the block 2001:db8::1:2:3 is free",
		"about 202-555-0143 in the film",
		"user@example.com",
		"name@example.org",
		"bound to 127.0.0.1 and 10.1.2.3 here",
		"git@github.com:a/b.git",
		"the id 536228726",
		"v1.2.3.4",
		"about 1700000000 ms",
	};
	assert_nothing(texts, sizeof texts / sizeof *texts);
}

static void negative_context_suppresses(void **state)
{
	(void)state;
	static const char *const texts[] = {
		"order number 85031512344 was sent",
		"tracking 4539148803436467 arrives",
		"ISBN 85031512344",
		"Bestellnummer 85031512344 liegt bei",
		"commit 85031512344",
		"facture 85031512344",
	};
	assert_nothing(texts, sizeof texts / sizeof *texts);
	struct result r = classify_str("PESEL 85031512344");
	assert_true(found_detector(&r, "PL_PESEL") > 80);
	result_fini(&r);
}

static void inside_something_longer(void **state)
{
	(void)state;
	static const char *const texts[] = {
		"85031512344-85031512344-1",
		"x85031512344",
		"85031512344x",
		"3f2504e0-4f89-11d3-9a0c-030536228726",
		"0.85031512344",
		"85031512344.5",
		"ssn.536228726.7",
		"PESEL 85031512344/1",
	};
	assert_nothing(texts, sizeof texts / sizeof *texts);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(few_false_alarms),
		cmocka_unit_test(random_numbers_rarely_alarm),
		cmocka_unit_test(reserved_values_are_suppressed),
		cmocka_unit_test(negative_context_suppresses),
		cmocka_unit_test(inside_something_longer),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
