/* The driver: the prefilter loses nothing, the work is linear, any bytes are survived. */
#include "fixture.h"

#include <stdlib.h>

#include "classifiers/signs.h"

static struct scan_tables *tables;

static int setup(void **state)
{
	(void)state;
	tables = scan_tables_new();
	return tables == NULL ? -1 : 0;
}

static int teardown(void **state)
{
	(void)state;
	scan_tables_free(tables);
	return 0;
}

/* What a scan leaves behind besides the hits. */
struct outcome {
	struct hits hits;
	struct marks marks;
	unsigned signs;
	size_t starts;
};

static void scan(struct span text, bool everything, struct outcome *o)
{
	static struct scan s;
	scan_init(&s, tables, &o->hits);
	s.everything = everything;
	s.min_score = 1;
	s.marks = &o->marks;
	scan_run(&s, text);
	o->signs = s.signs;
	o->starts = s.n_starts;
}

static void outcome_fini(struct outcome *o)
{
	hits_fini(&o->hits);
	marks_fini(&o->marks);
}

static void assert_equal(const struct outcome *a, const struct outcome *b)
{
	assert_int_equal(a->hits.n, b->hits.n);
	if (a->hits.n > 0)
		assert_memory_equal(a->hits.v, b->hits.v, a->hits.n * sizeof *a->hits.v);
	assert_int_equal(a->signs, b->signs);
	assert_int_equal(a->starts, b->starts);
	assert_int_equal(a->marks.n, b->marks.n);
	if (a->marks.n > 0)
		assert_memory_equal(a->marks.v, b->marks.v, a->marks.n * sizeof *a->marks.v);
}

/* Every word to every lexer, and with the prefilter on each kernel: the same findings in the same order, the same
 * signs at the same places. The text stands in memory of exactly its length. */
static void assert_same(struct span text)
{
	struct outcome all = {0};
	size_t n;
	const struct block_kernel *const *kernels = block_kernel_all(&n), *best = tables->kernel;
	uint8_t *copy = malloc(text.n == 0 ? 1 : text.n);
	assert_non_null(copy);
	if (text.n > 0)
		memcpy(copy, text.p, text.n);
	text = span_of(copy, text.n);
	scan(text, true, &all);
	for (size_t i = 0; i < n; i++) {
		struct outcome some = {0};
		tables->kernel = kernels[i];
		scan(text, false, &some);
		assert_equal(&some, &all);
		outcome_fini(&some);
	}
	tables->kernel = best;
	outcome_fini(&all);
	free(copy);
}

static void prefilter_loses_nothing_of_examples(void **state)
{
	(void)state;
	size_t n;
	struct example *v = load_examples(&n);
	for (size_t i = 0; i < n; i++) {
		char *text = in_sentence(v[i].sentence, v[i].valid);
		assert_same(span_str(text));
		free(text);
		assert_same(span_str(v[i].valid));
	}
	free_examples(v, n);
}

/* Examples, words and bits of either in any order. */
static void prefilter_loses_nothing_of_mixtures(void **state)
{
	(void)state;
	static const char *const bits[] = {" ",  " ",  "\n", ": ",  "-",  ".",    "/",        "@",   "=",     "_",
					   "(",  ")",  "+",  "\"",  "::", "://",  "password", "the", "Order", "eyJ",
					   "ff", "AB", "0x", "SSN", "12", "1985", "\xc3\xa9", "~",   "Q"};
	size_t n;
	struct example *v = load_examples(&n);
	for (size_t round = 0; round < 3000; round++) {
		char text[2048];
		size_t len = 0;
		for (size_t k = 0; k < 8; k++) {
			const char *s = next_random() % 2 == 0 ? bits[next_random() % (sizeof bits / sizeof *bits)]
							       : v[next_random() % n].valid;
			size_t take = strlen(s);
			if (next_random() % 4 == 0)
				take = next_random() % (take + 1);
			if (len + take > sizeof text)
				break;
			memcpy(text + len, s, take);
			len += take;
		}
		assert_same(span_of(text, len));
	}
	free_examples(v, n);
}

/* Inputs made to make a lexer look at the same bytes again and again. */
static const char *const hostile_units[] = {
	"a.", "a@", "1.", "1:", "ey", "ey-", "eyJhbGciOiJIUzI1NiIs.", "1 ", "+1 ", "(1)", "-----BEGIN PRIVATE KEY-----",
	"a://", "a://b:c", "password=", "password: ", "12-", "0x", "4539 ", "AB12 ", "::", "f:", "\"", "'", "sk-",
	"hf_", "1,", "one ", "%41", "&#65;", "\\u0041", "QUFB", "a b ", "1\xe2\x80\x8b", "Q~", "seed phrase abc ",
	"Server=", "BEGIN ", "P<", "N",
	("\xd0\xb0"
	 "a"),
	"[at]", "A(a)", "January 1",
	/* Signs that make the text be read otherwise. */
	"4a 6f ", "0x4a, ", "\"1\" + ", "\"1\", join ", "reverse 21 ", "rot13 ", "a dot b at c ", "hxxp://a[.]b ",
	"one two three four five ", "seven double ", "=41=\n", "%25", "&amp;", "\\\\u0041", "QUJDREVGR0hJSktMTU5P ",
	"4142434445464748 ", "\xef\xbc\x91", "\xe2\x80\x8b", "\xf0\x9d\x9f\x8f", "12 34 56 7 ", "12|34|56|",
	"NL 91 AB 12 ",
	/* Words and runs that the walk over blocks carries along. */
	"aB", "aB ", "ab1", "x y zz ", "I A ", "deadbeef-", "abcdefghijklmno", "passwordToken ",
	/* Context and tables. */
	"SSN ", "card 4539148803436467 ", "12345 ", "id,name\n12345,a\n", "<td>12345</td>", "12345\t67890\n",
	"\n\n12345"};

static size_t steps_of(const char *text, size_t n)
{
	struct arena arena;
	struct findings f;
	arena_init(&arena, 0);
	assert_int_equal(classify_text(the_classifier(), the_scratch(), NULL, span_of(text, n), NULL, &arena, &f),
			 ERR_OK);
	arena_fini(&arena);
	return classifier_scratch_steps(the_scratch());
}

static void work_is_linear(void **state)
{
	enum { SMALL = 20000, LARGE = 4 * SMALL };
	char *text = malloc(LARGE);
	(void)state;
	assert_non_null(text);
	for (size_t i = 0; i < sizeof hostile_units / sizeof *hostile_units; i++) {
		size_t len = strlen(hostile_units[i]);
		for (size_t k = 0; k < LARGE; k++)
			text[k] = hostile_units[i][k % len];
		size_t small = steps_of(text, SMALL / len * len), large = steps_of(text, LARGE / len * len);
		if (large > 600 * (LARGE / len * len))
			fail_msg("%zu steps a byte for unit %zu", large / LARGE, i);
		if (large > 5 * small + 1000)
			fail_msg("unit %zu: %zu steps, then %zu", i, small, large);
	}
	free(text);
}

/* Random bytes, random UTF-8, truncated examples: sound findings and no fault (the sanitizers watch). */
static void any_text_is_survived(void **state)
{
	(void)state;
	for (size_t round = 0; round < 3000; round++) {
		uint8_t bytes[300];
		size_t n = next_random() % sizeof bytes;
		for (size_t i = 0; i < n; i++)
			bytes[i] = next_random() % 8 == 0 ? (uint8_t)next_random()
							  : (uint8_t) "0123456789 -.@aAeE:=%&\\/+_"[next_random() % 25];
		struct outcome o = {0};
		assert_same(span_of(bytes, n));
		scan(span_of(bytes, n), false, &o);
		for (size_t i = 0; i < o.hits.n; i++)
			assert_true(o.hits.v[i].start < o.hits.v[i].end && o.hits.v[i].end <= n);
		outcome_fini(&o);
	}
}

static void truncated_examples_are_sound(void **state)
{
	(void)state;
	size_t n;
	struct example *v = load_examples(&n);
	for (size_t i = 0; i < n; i++) {
		char *text = in_sentence(v[i].sentence, v[i].valid);
		for (size_t len = strlen(text); len > 0; len--) {
			if ((text[len] & 0xc0) == 0x80)
				continue;
			struct result r = classify(span_of(text, len), NULL);
			assert_sound(span_of(text, len), &r);
			result_fini(&r);
		}
		free(text);
	}
	free_examples(v, n);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(prefilter_loses_nothing_of_examples),
		cmocka_unit_test(prefilter_loses_nothing_of_mixtures),
		cmocka_unit_test(work_is_linear),
		cmocka_unit_test(any_text_is_survived),
		cmocka_unit_test(truncated_examples_are_sound),
	};
	return cmocka_run_group_tests(tests, setup, teardown);
}
