/* A sample of the disguise campaign: what tests/campaigns/disguise.py --smoke wrote down as found must stay found. */
#include "fixture.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/buf.h"
#include "base/utf8.h"

static uint32_t unit(const char *hex)
{
	char digits[5] = {hex[0], hex[1], hex[2], hex[3], '\0'};
	return (uint32_t)strtoul(digits, NULL, 16);
}

static void put(struct buf *b, uint32_t cp)
{
	uint8_t u[4];
	size_t n = utf8_encode(cp, u);
	buf_add(b, span_of(u, n));
}

/* The text that a JSON string in ASCII stands for. */
static void unescape(const char *s, struct buf *out)
{
	static const char from[] = "\"\\/nrtbf", to[] = "\"\\/\n\r\t\b\f";
	for (; *s != '\0'; s++) {
		if (*s != '\\') {
			buf_add_byte(out, (uint8_t)*s);
			continue;
		}
		s++;
		if (*s != 'u') {
			const char *at = strchr(from, *s);
			assert_non_null(at);
			buf_add_byte(out, (uint8_t)to[at - from]);
			continue;
		}
		uint32_t cp = unit(s + 1);
		s += 4;
		if (cp >= 0xd800 && cp < 0xdc00) {
			cp = 0x10000 + ((cp - 0xd800) << 10) + (unit(s + 3) - 0xdc00);
			s += 6;
		}
		put(out, cp);
	}
}

static void disguises_stay_seen_through(void **state)
{
	(void)state;
	size_t n, lines = 0, missed = 0;
	char *file = read_file("tests/data/identifiers/disguised.tsv", &n), *save = NULL;
	for (char *line = strtok_r(file, "\n", &save); line != NULL; line = strtok_r(NULL, "\n", &save)) {
		if (line[0] == '#')
			continue;
		char *how = strchr(line, '\t');
		assert_non_null(how);
		*how++ = '\0';
		char *text = strchr(how, '\t');
		assert_non_null(text);
		*text++ = '\0';
		struct buf b = {0};
		unescape(text, &b);
		assert_int_equal(buf_err(&b), ERR_OK);
		struct result r = classify(buf_span(&b), NULL);
		assert_sound(buf_span(&b), &r);
		if (found_type(&r, line) == 0) {
			print_message("%s: %s is not found\n", how, line);
			missed++;
		}
		lines++;
		result_fini(&r);
		buf_fini(&b);
	}
	free(file);
	assert_true(lines > 300);
	assert_int_equal(missed, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(disguises_stay_seen_through)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
