/* The whole tagger: findings in bounds and in order, the same whatever the kernel, the window or the gate. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/buf.h"
#include "base/types.h"
#include "local_model/gate.h"
#include "tests/unit/local_model/support.h"

static struct span file;
static struct tagger *tagger;
static struct tagger_scratch *scratch;

static void tag(struct span text, struct support_findings *out)
{
	out->n = 0;
	assert_true(tagger_tag(tagger, scratch, text, support_collect, out) <= text.n);
}

static bool boundary(struct span text, size_t at)
{
	return at == text.n || (text.p[at] & 0xc0) != 0x80;
}

static void check_findings(struct span text, const struct support_findings *f)
{
	for (size_t i = 0; i < f->n; i++) {
		assert_true(f->v[i].start >= (i == 0 ? 0 : f->v[i - 1].end) && f->v[i].end > f->v[i].start &&
			    f->v[i].end <= text.n);
		assert_true(boundary(text, f->v[i].start) && boundary(text, f->v[i].end));
		assert_in_range(f->v[i].score, 1, 100);
		assert_in_range(f->v[i].type, 0, TYPE_COUNT - 1);
	}
}

static bool has(const struct support_findings *f, struct span text, const char *surface, uint16_t type)
{
	for (size_t i = 0; i < f->n; i++)
		if (f->v[i].type == type && span_eq(span_sub(text, f->v[i].start, f->v[i].end), span_str(surface)))
			return true;
	return false;
}

static void finds_a_name(void **state)
{
	(void)state;
	static struct support_findings f;
	struct span text = SPAN("Please write a letter to Jonathan Miller, born 12 March 1984, about his appointment.");
	tag(text, &f);
	check_findings(text, &f);
	assert_true(has(&f, text, "Jonathan Miller", TYPE_PERSON_NAME));
	assert_true(has(&f, text, "12 March 1984", TYPE_PERSON_BIRTH_DATE));
}

/* A bare repeat far from anything that says "name", before and after the mention that does. */
static void finds_a_name_again(void **state)
{
	(void)state;
	static struct support_findings f;
	struct span text = SPAN("Please write a letter to Jonathan Miller, born 12 March 1984, about his appointment. "
				"The printer is broken, the lift too, and the third floor smells of glue, Miller "
				"or not; the invoice from last week is still open and so is the window. Jonathan");
	tag(text, &f);
	check_findings(text, &f);
	assert_true(has(&f, text, "Jonathan Miller", TYPE_PERSON_NAME));
	assert_true(has(&f, text, "Miller", TYPE_PERSON_NAME));
	assert_true(has(&f, text, "Jonathan", TYPE_PERSON_NAME));
}

static void nothing_in_nothing(void **state)
{
	(void)state;
	static struct support_findings f;
	static const char *const texts[] = {"", " ", "\n\n\n", "...", "--- !!! ???", "\xff\xff", "\xe2\x80"};
	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
		tag(span_str(texts[i]), &f);
		assert_int_equal(f.n, 0);
	}
}

static void any_text_gives_findings_in_order(void **state)
{
	(void)state;
	static struct support_findings f;
	static const char *const parts[] = {
		"Anna ", "Müller",           "\n",       " in ",  "Paris, ", "12.3.1984", "東京", "山田",  "(",
		")",     "\xf0\x9f\x98\x80", "diabetes", "a@b.c", ": ",      "Dr. ",      "{\"",  "GmbH ", "e\xcc\x81"};
	uint64_t seed = 3;
	for (int round = 0; round < 150; round++) {
		struct buf text;
		buf_init(&text, 0);
		for (size_t i = support_random(&seed) % 1500; i > 0; i--)
			buf_add_str(&text, parts[support_random(&seed) % (sizeof parts / sizeof *parts)]);
		tag(buf_span(&text), &f);
		check_findings(buf_span(&text), &f);
		buf_fini(&text);
	}
}

/* Random bytes: not UTF-8, so only bounds and order hold. */
static void any_bytes_are_survived(void **state)
{
	(void)state;
	static struct support_findings f;
	static uint8_t bytes[6000];
	uint64_t seed = 4;
	for (int round = 0; round < 40; round++) {
		size_t n = support_random(&seed) % sizeof bytes;
		for (size_t i = 0; i < n; i++)
			bytes[i] = (uint8_t)support_random(&seed);
		tag(span_of(bytes, n), &f);
		for (size_t i = 0; i < f.n; i++)
			assert_true(f.v[i].start >= (i == 0 ? 0 : f.v[i - 1].end) && f.v[i].end > f.v[i].start &&
				    f.v[i].end <= n);
	}
}

static bool same(const struct support_findings *a, const struct support_findings *b)
{
	if (a->n != b->n)
		return false;
	for (size_t i = 0; i < a->n; i++)
		if (a->v[i].type != b->v[i].type || a->v[i].start != b->v[i].start || a->v[i].end != b->v[i].end ||
		    a->v[i].score != b->v[i].score)
			return false;
	return true;
}

static void kernels_find_the_same(void **state)
{
	(void)state;
	static struct support_findings expected, got;
	struct span text = support_file("tests/unit/local_model/twin.txt");
	const struct kernel *picked = tagger->kernel;
	size_t n_kernels;
	const struct kernel *const *kernels = kernel_all(&n_kernels);
	text.n = text.n < 12000 ? text.n : 12000;
	tagger->kernel = &kernel_ref;
	tag(text, &expected);
	assert_true(expected.n > 20);
	for (size_t k = 1; k < n_kernels; k++) {
		tagger->kernel = kernels[k];
		tag(text, &got);
		assert_true(same(&expected, &got));
	}
	tagger->kernel = picked;
	free((void *)text.p);
}

/* A mention is found with the same score wherever it stands: windows begin and end unseen. */
static void windows_have_no_seams(void **state)
{
	(void)state;
	static struct support_findings f;
	static const char mention[] = "Please write a letter to Jonathan Miller about it. ";
	uint8_t score = 0;
	for (size_t before = 380; before < 560; before++) {
		struct buf text;
		buf_init(&text, 0);
		for (size_t i = 0; i < before; i++)
			buf_add_str(&text, "the ");
		buf_add_str(&text, mention);
		for (size_t i = 0; i < 600; i++)
			buf_add_str(&text, "the ");
		tag(buf_span(&text), &f);
		check_findings(buf_span(&text), &f);
		assert_true(has(&f, buf_span(&text), "Jonathan Miller", TYPE_PERSON_NAME));
		for (size_t i = 0; i < f.n; i++)
			if (f.v[i].start == 4 * before + 25) {
				assert_true(score == 0 || f.v[i].score == score);
				score = f.v[i].score;
			}
		buf_fini(&text);
	}
	assert_true(score > 0);
}

static void scratch_forgets(void **state)
{
	(void)state;
	static struct support_findings a, b;
	struct span text = SPAN("Dr Emily Carter from Bristol has asthma."),
		    other = SPAN("Ask Mr Henry Adams in Leeds about the flu.");
	tag(text, &a);
	tag(other, &b);
	tag(text, &b);
	assert_true(same(&a, &b));
	assert_true(a.n > 0);
}

static void plain_text_is_gated(void **state)
{
	(void)state;
	static struct support_findings f;
	struct buf text;
	buf_init(&text, 0);
	for (size_t i = 0; i < 2000; i++)
		buf_add_str(&text, "and with ; ");
	f.n = 0;
	assert_int_equal(tagger_tag(tagger, scratch, buf_span(&text), support_collect, &f), 0);
	tagger->gate = false;
	assert_int_equal(tagger_tag(tagger, scratch, buf_span(&text), support_collect, &f), text.n);
	tagger->gate = true;
	buf_fini(&text);
	/* A name opens its own block and no other. */
	struct token tokens[3 * GATE_BLOCK];
	struct feature features[3 * GATE_BLOCK];
	bool open[3];
	for (size_t i = 0; i < 3 * GATE_BLOCK; i++) {
		tokens[i] = (struct token){.kind = KIND_LATIN, .gap = GAP_SPACE, .first = 'a'};
		features[i] = (struct feature){.flags = LIST_PLAIN};
	}
	features[GATE_BLOCK].looks = LOOK_TITLE;
	gate_blocks(tokens, features, 3 * GATE_BLOCK, open);
	assert_true(!open[0] && open[1] && !open[2]);
	tokens[GATE_BLOCK - 1] = (struct token){.kind = KIND_PUNCT, .gap = GAP_NONE, .first = '.'};
	gate_blocks(tokens, features, 3 * GATE_BLOCK, open);
	assert_false(open[1]);
}

/* The gate must cost no recall: over all annotated prompts, findings with and without it. */
static void gate_loses_nothing(void **state)
{
	(void)state;
	static const char *const files[] = {"en_office", "en_health", "en_special", "de", "fr", "others"};
	static struct support_findings gated, all;
	size_t total = 0, lost = 0;
	for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
		char name[100];
		snprintf(name, sizeof name, "local_model/train/prompts/%s.jsonl", files[i]);
		struct span lines = support_file(name);
		uint8_t *text = malloc(lines.n);
		assert_non_null(text);
		for (size_t at = 0; at < lines.n;) {
			size_t n = span_find(span_sub(lines, at, lines.n), '\n');
			size_t m = support_prompt(span_sub(lines, at, at + n), text);
			at += n + 1;
			tag(span_of(text, m), &gated);
			tagger->gate = false;
			tag(span_of(text, m), &all);
			tagger->gate = true;
			total += all.n;
			lost += all.n > gated.n ? all.n - gated.n : 0;
		}
		free(text);
		free((void *)lines.p);
	}
	assert_true(total > 3000);
	assert_true(lost * 1000 <= total);
}

/* Code and logs are full of numbers; where there is no person, they are nobody's. */
static void numbers_need_a_person(void **state)
{
	static const char *const files[] = {
		"kernel.log.txt", "server.log",      "orders.sql.txt",  "source.c.txt",     "service.go.txt",
		"browser.js.txt", "Parser.java.txt", "pipeline.py.txt", "package.json.txt", "report.csv.txt",
	};
	static struct support_findings found;
	size_t numbers = 0, bytes = 0;
	(void)state;
	for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
		char name[64];
		snprintf(name, sizeof name, "tests/data/benign/%s", files[i]);
		struct span text = support_file(name);
		found.n = 0;
		assert_true(tagger_tag(tagger, scratch, text, support_collect, &found) <= text.n);
		for (size_t f = 0; f < found.n; f++)
			numbers += found.v[f].type == TYPE_ID_EMPLOYEE || found.v[f].type == TYPE_CONTACT_PHONE ||
				   found.v[f].type == TYPE_FINANCE_ACCOUNT || found.v[f].type == TYPE_FINANCE_CARD;
		bytes += text.n;
		free((void *)text.p);
	}
	/* It was one in 160 bytes before numbers ceased to keep each other company. */
	assert_true(numbers * 1000 <= bytes);
}

static void refuses_what_is_no_model(void **state)
{
	(void)state;
	enum err err = ERR_OK;
	assert_null(tagger_new(SPAN("not a model"), &err));
	assert_int_equal(err, ERR_CORRUPT);
	assert_null(tagger_new(span_sub(file, 0, file.n / 2), &err));
	assert_int_equal(err, ERR_CORRUPT);
	assert_int_equal(tagger_id(tagger).n, 32);
	assert_memory_equal(tagger_id(tagger).p, file.p + 16, 32);
	assert_string_equal(tagger_kernel(tagger), kernel_pick()->name);
}

static int setup(void **state)
{
	enum err err;
	(void)state;
	file = support_file("local_model/models/tagger-2.bwm");
	tagger = tagger_new(file, &err);
	scratch = tagger_scratch_new();
	return tagger == NULL || scratch == NULL ? -1 : 0;
}

static int teardown(void **state)
{
	(void)state;
	tagger_scratch_free(scratch);
	tagger_free(tagger);
	free((void *)file.p);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(finds_a_name),           cmocka_unit_test(finds_a_name_again),
		cmocka_unit_test(nothing_in_nothing),     cmocka_unit_test(any_text_gives_findings_in_order),
		cmocka_unit_test(any_bytes_are_survived), cmocka_unit_test(kernels_find_the_same),
		cmocka_unit_test(windows_have_no_seams),  cmocka_unit_test(scratch_forgets),
		cmocka_unit_test(plain_text_is_gated),    cmocka_unit_test(gate_loses_nothing),
		cmocka_unit_test(numbers_need_a_person),  cmocka_unit_test(refuses_what_is_no_model),
	};
	return cmocka_run_group_tests(tests, setup, teardown);
}
