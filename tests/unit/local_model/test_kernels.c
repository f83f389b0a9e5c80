/* All kernels give the same numbers, bit for bit. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "local_model/net.h"
#include "tests/unit/local_model/support.h"

enum { ROWS = 40, WIDTH = 192, SLACK = 16 /* guard bytes behind the rows */ };

struct rows {
	uint8_t in[(ROWS + 2 * MODEL_REACH) * WIDTH];
	int16_t residual[ROWS * MODEL_OUTPUTS + SLACK];
	uint8_t next[ROWS * MODEL_OUTPUTS + SLACK];
	int16_t logits[ROWS * MODEL_OUTPUTS + SLACK];
};

static struct layer random_layer(uint64_t *seed, int8_t *weights)
{
	static const size_t widths[] = {32, 64, 96, 128, 192};
	struct layer l = {.weights = weights};
	l.taps = support_random(seed) % 2 == 0 ? 1 : 3;
	l.width = widths[support_random(seed) % (l.taps == 1 ? 5 : 4)];
	l.n = PANEL * (1 + support_random(seed) % 4);
	l.dilation = l.taps == 1 ? 0 : 1 + support_random(seed) % MODEL_REACH;
	l.shift = support_random(seed) % 16;
	l.next = (int16_t)(support_random(seed) % 32768);
	/* Every so often the extremes, where sums saturate. */
	bool extreme = support_random(seed) % 4 == 0;
	for (size_t i = 0; i < l.n * l.width * l.taps; i++)
		weights[i] = extreme ? (support_random(seed) % 3 == 0 ? 127 : -128) : (int8_t)support_random(seed);
	for (size_t i = 0; i < l.n; i++) {
		l.bias[i] = (int32_t)support_random(seed) % (1 << (extreme ? 30 : 16)) - (1 << (extreme ? 29 : 15));
		l.multiplier[i] = (int16_t)(support_random(seed) % 32768);
	}
	return l;
}

static void layers_agree(void **state)
{
	(void)state;
	size_t n_kernels;
	const struct kernel *const *kernels = kernel_all(&n_kernels);
	static int8_t weights[MODEL_OUTPUTS * 3 * WIDTH];
	static struct rows start, expected, got;
	uint64_t seed = 11;
	for (int round = 0; round < 300; round++) {
		struct layer l = random_layer(&seed, weights);
		size_t rows = 1 + support_random(&seed) % ROWS;
		bool first = support_random(&seed) % 2 == 0;
		for (size_t i = 0; i < sizeof start.in; i++)
			start.in[i] = (uint8_t)(round % 5 == 0 ? 127 : support_random(&seed) % 128);
		for (size_t i = 0; i < ROWS * MODEL_OUTPUTS + SLACK; i++)
			start.residual[i] = (int16_t)(support_random(&seed) % 32768);
		const size_t at = MODEL_REACH * l.width;
		expected = start;
		kernel_ref.layer(&l, expected.in + at, rows, expected.residual, first, expected.next);
		kernel_ref.head(&l, expected.in + at, rows, expected.logits);
		for (size_t k = 1; k < n_kernels; k++) {
			got = start;
			kernels[k]->layer(&l, got.in + at, rows, got.residual, first, got.next);
			kernels[k]->head(&l, got.in + at, rows, got.logits);
			/* Guards included: nothing is written behind the last row. */
			assert_memory_equal(&got, &expected, sizeof got);
		}
	}
}

static struct feature random_feature(uint64_t *seed, const struct feature_bits *bits)
{
	struct feature f = {.shape = support_random(seed) % (1U << bits->shape)};
	uint32_t *pairs[] = {f.word, f.prefix, f.suffix3, f.suffix4};
	for (size_t i = 0; i < 8; i++)
		pairs[i / 2][i % 2] = support_random(seed) % (1U << (i < 2 ? bits->word : bits->affix));
	f.n_grams = (uint8_t)(support_random(seed) % (FEATURE_GRAMS + 1));
	for (size_t i = 0; i < f.n_grams; i++)
		f.gram[i] = support_random(seed) % (1U << bits->gram);
	f.looks = (uint16_t)(support_random(seed) % 4096);
	f.flags = (uint16_t)support_random(seed);
	f.gap = (uint8_t)(support_random(seed) % 4);
	return f;
}

static struct model *random_tables(uint64_t *seed)
{
	enum { BYTES = FEATURE_DIM << 8 };
	static struct model m;
	static int8_t tables[4][BYTES];
	for (size_t i = 0; i < sizeof tables; i++)
		tables[i / BYTES][i % BYTES] = (int8_t)support_random(seed);
	m = (struct model){
		.bits = {8, 8, 8, 8}, .word = tables[0], .affix = tables[1], .gram = tables[2], .shape = tables[3]};
	return &m;
}

static void inputs_agree(void **state)
{
	(void)state;
	size_t n_kernels;
	const struct kernel *const *kernels = kernel_all(&n_kernels);
	uint64_t seed = 12;
	const struct model *m = random_tables(&seed);
	for (int round = 0; round < 3000; round++) {
		struct feature f = random_feature(&seed, &m->bits);
		uint8_t expected[FEATURE_INPUTS], got[FEATURE_INPUTS];
		kernel_ref.embed(m, &f, expected);
		for (size_t i = 0; i < FEATURE_INPUTS; i++)
			assert_in_range(expected[i], 0, 127);
		for (size_t k = 1; k < n_kernels; k++) {
			kernels[k]->embed(m, &f, got);
			assert_memory_equal(got, expected, sizeof got);
		}
	}
}

static void nets_agree(void **state)
{
	(void)state;
	static const char *const files[] = {"fuzz/model.in/tiny", "fuzz/model.in/one-type",
					    "local_model/models/tagger-2.bwm"};
	static struct net_work expected, got;
	static struct feature features[NET_ROWS];
	size_t n_kernels;
	const struct kernel *const *kernels = kernel_all(&n_kernels);
	uint64_t seed = 13;
	for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
		static struct model m;
		struct span file = support_file(files[i]);
		assert_int_equal(model_load(&m, file), ERR_OK);
		for (size_t n = 1; n <= 100; n = n * 2 + 1) {
			for (size_t k = 0; k < n; k++)
				features[k] = random_feature(&seed, &m.bits);
			net_run(&m, &kernel_ref, features, n, &expected);
			for (size_t k = 1; k < n_kernels; k++) {
				net_run(&m, kernels[k], features, n, &got);
				assert_memory_equal(got.logits, expected.logits, n * m.head.n * sizeof *got.logits);
			}
		}
		free((void *)file.p);
	}
}

/* What windows rest on: logits depend on no more than the model's reach to both sides. */
static void reach_is_finite(void **state)
{
	(void)state;
	enum { N = 90, FROM = 20, TO = 70 };
	static struct net_work whole, part;
	static struct feature features[N];
	static struct model m;
	struct span file = support_file("local_model/models/tagger-2.bwm");
	const struct kernel *k = kernel_pick();
	uint64_t seed = 14;
	assert_int_equal(model_load(&m, file), ERR_OK);
	for (size_t i = 0; i < N; i++)
		features[i] = random_feature(&seed, &m.bits);
	net_run(&m, k, features, N, &whole);
	net_run(&m, k, features + FROM, TO - FROM, &part);
	size_t a = FROM + m.reach, b = TO - m.reach;
	assert_memory_equal(whole.logits + a * m.head.n, part.logits + (a - FROM) * m.head.n,
			    (b - a) * m.head.n * sizeof *part.logits);
	assert_memory_not_equal(whole.logits + FROM * m.head.n, part.logits, m.head.n * sizeof *part.logits);
	free((void *)file.p);
}

static void the_fastest_is_picked(void **state)
{
	(void)state;
	size_t n;
	const struct kernel *const *kernels = kernel_all(&n);
	assert_ptr_equal(kernels[0], &kernel_ref);
	assert_ptr_equal(kernel_pick(), kernels[n - 1]);
	for (size_t i = 0; i < n; i++)
		assert_true(kernels[i]->usable());
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(layers_agree),
		cmocka_unit_test(inputs_agree),
		cmocka_unit_test(nets_agree),
		cmocka_unit_test(reach_is_finite),
		cmocka_unit_test(the_fastest_is_picked),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
