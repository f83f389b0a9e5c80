/* Decoding: only whole mentions, the best ones, and their confidence. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "local_model/decode.h"
#include "tests/unit/local_model/support.h"

enum { STRIDE = 32 };

static struct model two_types(int32_t bias)
{
	struct model m = {.n_types = 2, .margin_unit = 10};
	m.types[0].bias = bias;
	return m;
}

static bool may_follow(size_t before, size_t label)
{
	bool open = before % 4 == 1 || before % 4 == 2, inner = label > 0 && (label % 4 == 2 || label % 4 == 3);
	return open ? inner && (before - 1) / 4 == (label - 1) / 4 : !inner;
}

/* Best score of all label sequences that spell whole mentions. */
static int32_t brute_force(const struct model *m, const int16_t *logits, size_t n, size_t before, size_t *first)
{
	int32_t best = INT32_MIN / 2;
	if (n == 0)
		return before % 4 == 1 || before % 4 == 2 ? best : 0;
	for (size_t label = 0; label < model_labels(m); label++) {
		if (!may_follow(before, label))
			continue;
		int32_t score = logits[label] + brute_force(m, logits + STRIDE, n - 1, label, NULL);
		if (label > 0 && (label % 4 == 1 || label % 4 == 0))
			score += m->types[(label - 1) / 4].bias;
		if (score > best) {
			best = score;
			if (first != NULL)
				*first = label;
		}
	}
	return best;
}

static int32_t score_of(const struct model *m, const int16_t *logits, size_t n, const struct mention *v, size_t count)
{
	int32_t score = 0;
	size_t k = 0;
	for (size_t t = 0; t < n; t++) {
		size_t label = 0;
		if (k < count && t >= v[k].first) {
			size_t base = 4 * v[k].type;
			bool start = t == v[k].first, end = t == v[k].last;
			label = base + (start && end ? 4 : start ? 1 : end ? 3 : 2);
			score += start ? m->types[v[k].type].bias : 0;
			k += end;
		}
		score += logits[t * STRIDE + label];
	}
	return score;
}

static void finds_the_best_path(void **state)
{
	(void)state;
	static struct decode_work w;
	uint64_t seed = 5;
	for (int round = 0; round < 400; round++) {
		struct model m = two_types((int32_t)(support_random(&seed) % 200) - 100);
		int16_t logits[5 * STRIDE];
		struct mention out[5];
		size_t n = 1 + support_random(&seed) % 5;
		for (size_t i = 0; i < n * STRIDE; i++)
			logits[i] = (int16_t)((int)(support_random(&seed) % 2000) - 1000);
		size_t count = decode(&m, logits, STRIDE, n, &w, out);
		for (size_t i = 0; i < count; i++) {
			assert_true(out[i].first <= out[i].last && out[i].last < n && out[i].type < 2);
			assert_true(i == 0 || out[i].first > out[i - 1].last);
		}
		assert_int_equal(score_of(&m, logits, n, out, count), brute_force(&m, logits, n, 0, NULL));
	}
}

static void set_logit(int16_t *logits, size_t t, size_t label, int16_t v)
{
	logits[t * STRIDE + label] = v;
}

static void no_mention_is_left_open(void **state)
{
	(void)state;
	static struct decode_work w;
	struct model m = two_types(0);
	int16_t logits[3 * STRIDE] = {0};
	struct mention out[3];
	/* "Begin" alone at the very end has nowhere to go; "inside" at the start comes from nowhere. */
	set_logit(logits, 2, 1, 500);
	set_logit(logits, 0, 2, 900);
	assert_int_equal(decode(&m, logits, STRIDE, 3, &w, out), 0);
	assert_int_equal(decode(&m, logits, STRIDE, 0, &w, out), 0);
}

static void margin_is_the_lead_over_nothing(void **state)
{
	(void)state;
	static struct decode_work w;
	struct model m = two_types(0);
	int16_t logits[4 * STRIDE] = {0};
	struct mention out[4];
	set_logit(logits, 0, 5, 300); /* begin, inside, end of the second type */
	set_logit(logits, 1, 6, -200);
	set_logit(logits, 1, 7, -1000);
	set_logit(logits, 2, 7, 25);
	set_logit(logits, 3, 4, 7); /* single of the first */
	assert_int_equal(decode(&m, logits, STRIDE, 4, &w, out), 2);
	assert_int_equal(out[0].first, 0);
	assert_int_equal(out[0].last, 2);
	assert_int_equal(out[0].type, 1);
	assert_int_equal(out[0].margin, 125);
	assert_int_equal(out[1].type, 0);
	assert_int_equal(decode_bucket(&m, &out[0]), 4); /* 41 a token */
	assert_int_equal(decode_bucket(&m, &out[1]), 0);
	assert_int_equal(decode_bucket(&m, &(struct mention){.margin = -100}), 0);
	assert_int_equal(decode_bucket(&m, &(struct mention){.margin = INT32_MAX}), MODEL_BUCKETS - 1);
}

static void bias_moves_the_operating_point(void **state)
{
	(void)state;
	static struct decode_work w;
	struct model eager = two_types(50), shy = two_types(-50);
	int16_t logits[STRIDE] = {0};
	struct mention out[1];
	set_logit(logits, 0, 4, -20);
	assert_int_equal(decode(&eager, logits, STRIDE, 1, &w, out), 1);
	set_logit(logits, 0, 4, 20);
	assert_int_equal(decode(&shy, logits, STRIDE, 1, &w, out), 0);
}

static void extreme_logits_do_not_overflow(void **state)
{
	(void)state;
	static struct decode_work w;
	static int16_t logits[NET_ROWS * STRIDE];
	static struct mention out[NET_ROWS];
	struct model m = two_types(1 << 15);
	for (size_t i = 0; i < NET_ROWS * STRIDE; i++)
		logits[i] = i % STRIDE == 4 ? INT16_MAX : INT16_MIN;
	assert_int_equal(decode(&m, logits, STRIDE, NET_ROWS, &w, out), NET_ROWS);
	assert_int_equal(out[NET_ROWS - 1].margin, 65535 + (1 << 15));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(finds_the_best_path),
		cmocka_unit_test(no_mention_is_left_open),
		cmocka_unit_test(margin_is_the_lead_over_nothing),
		cmocka_unit_test(bias_moves_the_operating_point),
		cmocka_unit_test(extreme_logits_do_not_overflow),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
