/* Bundles: the parser takes what the writer makes, and nothing else. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "local_model/bundle.h"

static struct bundle_manifest sample(void)
{
	return (struct bundle_manifest){.name = SPAN("tagger"),
					.version = SPAN("2.1"),
					.languages = SPAN("de,en"),
					.sequence = 7,
					.model = bundle_part_of(SPAN("model")),
					.test = bundle_part_of(SPAN("test")),
					.recall = 850,
					.precision = 800};
}

static const struct bundle parts = {.model = {(const uint8_t *)"model", 5},
				    .note = {(const uint8_t *)"note", 4},
				    .test = {(const uint8_t *)"test", 4}};

static struct buf bundle_of(const struct bundle *b)
{
	struct buf out = {0};
	assert_int_equal(bundle_format(b, &out), ERR_OK);
	return out;
}

static void parts_come_back(void **state)
{
	(void)state;
	struct bundle b = parts, c;
	b.remark = SPAN("why – because");
	struct buf file = bundle_of(&b);
	assert_true(bundle_looks(buf_span(&file)));
	assert_int_equal(bundle_open(buf_span(&file), &c), ERR_OK);
	assert_true(span_eq(b.model, c.model) && span_eq(b.note, c.note) && span_eq(b.test, c.test) &&
		    span_eq(b.remark, c.remark));
	struct bundle_manifest m = sample();
	assert_int_equal(bundle_check(&c, &m), ERR_OK);
	buf_fini(&file);
}

/* Cut anywhere, longer by a byte, or with another byte in the header: refused. */
static void every_damage_to_the_frame_shows(void **state)
{
	(void)state;
	struct buf file = bundle_of(&parts);
	struct bundle b;
	for (size_t n = 0; n < file.n; n++) {
		uint8_t *copy = malloc(n + 1); /* reading beyond it shows */
		assert_non_null(copy);
		memcpy(copy, file.p, n);
		assert_int_equal(bundle_open(span_of(copy, n), &b), ERR_CORRUPT);
		free(copy);
	}
	for (size_t i = 0; i < BUNDLE_HEADER; i++) {
		file.p[i] ^= 1;
		assert_int_equal(bundle_open(buf_span(&file), &b), i >= 8 && i < 12 ? ERR_VERSION : ERR_CORRUPT);
		file.p[i] ^= 1;
	}
	buf_add_byte(&file, 0);
	assert_int_equal(bundle_open(buf_span(&file), &b), ERR_CORRUPT);
	buf_fini(&file);
}

static void another_byte_in_a_part_shows(void **state)
{
	(void)state;
	struct bundle_manifest m = sample();
	struct bundle b = parts;
	b.model = SPAN("modek");
	assert_int_equal(bundle_check(&b, &m), ERR_CORRUPT);
	b = parts;
	b.test = SPAN("tes");
	assert_int_equal(bundle_check(&b, &m), ERR_CORRUPT);
}

static void a_remark_is_one_line_of_text(void **state)
{
	(void)state;
	uint8_t many[BUNDLE_REMARK + 1];
	memset(many, 'a', sizeof many);
	const struct span bad[] = {SPAN("a\nb"), SPAN("\x7f"), SPAN("\xff"), span_of(many, sizeof many)};
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		struct bundle b = parts;
		struct buf out = {0};
		b.remark = bad[i];
		assert_int_equal(bundle_format(&b, &out), ERR_LIMIT);
		buf_fini(&out);
	}
	struct bundle b = parts;
	b.remark = span_of(many, BUNDLE_REMARK);
	struct buf out = bundle_of(&b);
	buf_fini(&out);
}

static void manifests_come_back(void **state)
{
	(void)state;
	struct bundle_manifest m = sample(), n;
	struct buf text = {0}, again = {0};
	assert_int_equal(bundle_manifest_format(&m, &text), ERR_OK);
	assert_int_equal(bundle_manifest_parse(buf_span(&text), &n), ERR_OK);
	assert_true(n.sequence == 7 && n.recall == 850 && n.precision == 800 && span_eq(n.languages, m.languages));
	assert_memory_equal(n.model.sha256, m.model.sha256, 32);
	assert_int_equal(bundle_manifest_format(&n, &again), ERR_OK);
	assert_true(span_eq(buf_span(&text), buf_span(&again)));
	buf_fini(&text);
	buf_fini(&again);
}

/* Every single byte changed to every other value is refused or says something else, read back exactly. */
static void manifests_have_one_spelling(void **state)
{
	(void)state;
	struct bundle_manifest m = sample(), n;
	struct buf text = {0};
	assert_int_equal(bundle_manifest_format(&m, &text), ERR_OK);
	for (size_t i = 0; i < text.n; i++) {
		uint8_t was = text.p[i];
		for (unsigned c = 0; c < 256; c++) {
			text.p[i] = (uint8_t)c;
			if (bundle_manifest_parse(buf_span(&text), &n) == ERR_OK) {
				struct buf again = {0};
				assert_int_equal(bundle_manifest_format(&n, &again), ERR_OK);
				assert_true(span_eq(buf_span(&text), buf_span(&again)));
				buf_fini(&again);
			}
		}
		text.p[i] = was;
		assert_int_equal(bundle_manifest_parse(span_sub(buf_span(&text), 0, i), &n), ERR_SYNTAX);
	}
	buf_add_byte(&text, '\n');
	assert_int_equal(bundle_manifest_parse(buf_span(&text), &n), ERR_SYNTAX);
	buf_fini(&text);
}

static enum err formatted(struct bundle_manifest m)
{
	struct buf out = {0};
	enum err err = bundle_manifest_format(&m, &out);
	buf_fini(&out);
	return err;
}

static void fields_have_their_alphabets(void **state)
{
	(void)state;
	const struct span bad_names[] = {SPAN(""), SPAN("Tagger"), SPAN("a b"), SPAN("a\nb"), SPAN("é")};
	const struct span bad_languages[] = {SPAN(""),    SPAN("e"),      SPAN("engl"), SPAN("de,"),
					     SPAN(",de"), SPAN("de,,en"), SPAN("DE")};
	for (size_t i = 0; i < sizeof bad_names / sizeof *bad_names; i++) {
		struct bundle_manifest m = sample();
		m.name = bad_names[i];
		assert_int_equal(formatted(m), ERR_SYNTAX);
	}
	for (size_t i = 0; i < sizeof bad_languages / sizeof *bad_languages; i++) {
		struct bundle_manifest m = sample();
		m.languages = bad_languages[i];
		assert_int_equal(formatted(m), ERR_SYNTAX);
	}
	struct bundle_manifest m = sample();
	m.sequence = 0;
	assert_int_equal(formatted(m), ERR_SYNTAX);
	m = sample();
	m.recall = 1001;
	assert_int_equal(formatted(m), ERR_SYNTAX);
	m = sample();
	m.languages = SPAN("-");
	m.sequence = UINT64_MAX;
	assert_int_equal(formatted(m), ERR_OK);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(parts_come_back),
		cmocka_unit_test(every_damage_to_the_frame_shows),
		cmocka_unit_test(another_byte_in_a_part_shows),
		cmocka_unit_test(a_remark_is_one_line_of_text),
		cmocka_unit_test(manifests_come_back),
		cmocka_unit_test(manifests_have_one_spelling),
		cmocka_unit_test(fields_have_their_alphabets),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
