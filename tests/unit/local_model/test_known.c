/* Words remembered from mentions: what is worth remembering, what counts as a repeat, and what happens when it is full.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "local_model/known.h"
#include "tests/unit/local_model/support.h"

static struct alphabet alphabet;
static struct known known;

static struct feature feature(const char *word, uint16_t flags)
{
	static const struct feature_bits bits = {10, 10, 10, 10};
	struct tokenizer t;
	struct token token;
	struct feature f;
	tokenizer_init(&t, &alphabet, span_str(word));
	assert_true(tokenizer_next(&t, &token));
	feature_of(&alphabet, &bits, t.text, &token, 0, 0, &f);
	f.flags = flags;
	return f;
}

static bool finds(const char *word)
{
	struct feature f = feature(word, 0);
	return known_find(&known, &f) != NULL;
}

static void learn(const char *word, uint16_t flags, uint8_t score)
{
	struct feature f = feature(word, flags);
	known_learn(&known, &f, 3, score);
}

static int clear(void **state)
{
	(void)state;
	known_clear(&known);
	return 0;
}

static void finds_what_it_learnt(void **state)
{
	(void)state;
	assert_false(finds("Kowalska"));
	learn("Kowalska", LIST_SURNAME, 80);
	struct feature f = feature("Kowalska", 0);
	const struct known_word *w = known_find(&known, &f);
	assert_non_null(w);
	assert_int_equal(w->type, 3);
	assert_int_equal(w->score, 80);
	assert_false(finds("Kowalski"));
}

static void capitals_stay_capitals(void **state)
{
	(void)state;
	learn("Rose", 0, 80);
	assert_true(finds("Rose"));
	assert_true(finds("ROSE"));
	assert_false(finds("rose"));
	learn("thabisile", 0, 80);
	assert_true(finds("thabisile"));
	assert_true(finds("Thabisile"));
}

static void common_and_short_words_say_nothing(void **state)
{
	(void)state;
	learn("the", LIST_PLAIN, 80);
	learn("Frau", LIST_KIN, 80);
	learn("Jo", 0, 80);
	learn("J", 0, 80);
	learn("A380", 0, 80);
	learn("2024", 0, 80);
	assert_int_equal(known.n, 0);
	learn("Joe", 0, 80);
	assert_int_equal(known.n, 1);
}

static void keeps_the_best_score(void **state)
{
	(void)state;
	struct feature f = feature("Amara", 0);
	static const uint8_t scores[] = {60, 90, 70};
	for (size_t i = 0; i < 3; i++)
		learn("Amara", 0, scores[i]);
	assert_int_equal(known.n, 1);
	assert_int_equal(known_find(&known, &f)->score, 90);
}

static void full_it_learns_no_more(void **state)
{
	(void)state;
	char word[] = "Aaaaa";
	for (size_t i = 0; i < 2 * KNOWN_SLOTS; i++) {
		word[2] = (char)('a' + i % 26);
		word[3] = (char)('a' + i / 26 % 26);
		word[4] = (char)('a' + i / 676);
		learn(word, 0, 80);
		assert_int_equal(known.n, i < KNOWN_MAX ? i + 1 : KNOWN_MAX);
		assert_true(finds(word) == (i < KNOWN_MAX));
	}
	known_clear(&known);
	assert_int_equal(known.n, 0);
	assert_false(finds("Aaaaa"));
}

int main(void)
{
	alphabet_init(&alphabet);
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(finds_what_it_learnt, clear),
		cmocka_unit_test_setup(capitals_stay_capitals, clear),
		cmocka_unit_test_setup(common_and_short_words_say_nothing, clear),
		cmocka_unit_test_setup(keeps_the_best_score, clear),
		cmocka_unit_test_setup(full_it_learns_no_more, clear),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
