/* The loader: refuses whatever is not exactly a model file. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/sha256.h"
#include "base/types.h"
#include "tests/unit/local_model/support.h"

static struct span tiny;

static enum err load(struct span file)
{
	static struct model m;
	return model_load(&m, file);
}

static uint8_t *copy_of(struct span s)
{
	/* Exactly as long as the file: reading beyond it shows. */
	uint8_t *p = malloc(s.n > 0 ? s.n : 1);
	assert_non_null(p);
	memcpy(p, s.p, s.n);
	return p;
}

static void sign(uint8_t *file, size_t n)
{
	for (size_t i = 0; i < 4; i++)
		file[12 + i] = (uint8_t)(n >> 8 * i);
	sha256_of(span_of(file + 48, n - 48), file + 16);
}

static enum err load_with(size_t at, const void *bytes, size_t n)
{
	uint8_t *p = copy_of(tiny);
	memcpy(p + at, bytes, n);
	sign(p, tiny.n);
	enum err err = load(span_of(p, tiny.n));
	free(p);
	return err;
}

static enum err load_with_u32(size_t at, uint32_t v)
{
	uint8_t bytes[4] = {(uint8_t)v, (uint8_t)(v >> 8), (uint8_t)(v >> 16), (uint8_t)(v >> 24)};
	return load_with(at, bytes, 4);
}

static void digest_is_sha256(void **state)
{
	(void)state;
	static const uint8_t empty[] = {0xe3, 0xb0, 0xc4, 0x42}, abc[] = {0xba, 0x78, 0x16, 0xbf},
			     million[] = {0xcd, 0xc7, 0x6e, 0x5c};
	uint8_t out[32], *as = malloc(1000000);
	assert_non_null(as);
	memset(as, 'a', 1000000);
	sha256_of(SPAN(""), out);
	assert_memory_equal(out, empty, 4);
	sha256_of(SPAN("abc"), out);
	assert_memory_equal(out, abc, 4);
	sha256_of(span_of(as, 1000000), out);
	assert_memory_equal(out, million, 4);
	/* "abcdbcde…nopq": 56 bytes, so that the length needs a block of its own (FIPS 180-4, appendix B.2). */
	static const uint8_t two[] = {0x24, 0x8d, 0x6a, 0x61, 0xd2, 0x06, 0x38, 0xb8};
	sha256_of(SPAN("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq"), out);
	assert_memory_equal(out, two, 8);
	free(as);
}

static void reads_what_the_trainer_wrote(void **state)
{
	(void)state;
	static struct model m;
	assert_int_equal(model_load(&m, tiny), ERR_OK);
	assert_int_equal(m.n_types, 2);
	assert_int_equal(m.types[0].type, TYPE_PERSON_NAME);
	assert_int_equal(m.types[1].type, TYPE_PLACE_CITY);
	assert_int_equal(m.types[1].bias, 40);
	assert_int_equal(m.types[0].company[1], 23);
	assert_int_equal(m.types[0].alone[30], 23);
	assert_int_equal(m.reach, 3);
	assert_int_equal(m.head.n, 32);
	assert_int_equal(m.n_list, 4);
}

static void looks_words_up(void **state)
{
	(void)state;
	static struct model m;
	struct alphabet *a = malloc(sizeof *a);
	assert_non_null(a);
	static const struct {
		const char *word;
		uint16_t flags;
	} words[] = {{"anna", LIST_FORENAME},
		     {"ANNA", LIST_FORENAME},
		     {"Paris", LIST_CITY},
		     {"the", LIST_PLAIN},
		     {"theo", 0},
		     {"x", 0}};
	alphabet_init(a);
	assert_int_equal(model_load(&m, tiny), ERR_OK);
	for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
		struct tokenizer t;
		struct token token;
		struct feature f;
		tokenizer_init(&t, a, span_str(words[i].word));
		assert_true(tokenizer_next(&t, &token));
		feature_of(a, &m.bits, t.text, &token, 0, 0, &f);
		assert_int_equal(model_lookup(&m, f.key), words[i].flags);
	}
	free(a);
}

static void refuses_every_cut(void **state)
{
	(void)state;
	for (size_t n = 0; n < tiny.n; n += n < 200 ? 1 : 61) {
		uint8_t *p = copy_of(span_sub(tiny, 0, n));
		assert_int_equal(load(span_of(p, n)), ERR_CORRUPT);
		if (n >= 128) {
			sign(p, n);
			assert_int_equal(load(span_of(p, n)), ERR_CORRUPT);
		}
		free(p);
	}
}

static void refuses_what_is_too_long(void **state)
{
	(void)state;
	uint8_t *p = calloc(1, tiny.n + 64);
	assert_non_null(p);
	memcpy(p, tiny.p, tiny.n);
	assert_int_equal(load(span_of(p, tiny.n + 64)), ERR_CORRUPT);
	sign(p, tiny.n + 64);
	assert_int_equal(load(span_of(p, tiny.n + 64)), ERR_CORRUPT);
	free(p);
}

static void refuses_every_flipped_bit(void **state)
{
	(void)state;
	uint64_t seed = 1;
	uint8_t *p = copy_of(tiny);
	for (size_t at = 0; at < tiny.n; at += at < 256 ? 1 : 1 + support_random(&seed) % 50) {
		uint8_t bit = (uint8_t)(1U << support_random(&seed) % 8);
		p[at] ^= bit;
		assert_int_not_equal(load(span_of(p, tiny.n)), ERR_OK);
		p[at] ^= bit;
	}
	assert_int_equal(load(span_of(p, tiny.n)), ERR_OK);
	free(p);
}

static void refuses_other_versions(void **state)
{
	(void)state;
	assert_int_equal(load_with_u32(8, 0), ERR_CONFIG);
	assert_int_equal(load_with_u32(8, 2), ERR_CONFIG);
	assert_int_equal(load_with(0, "BWTAGGEr", 8), ERR_CORRUPT);
}

static void refuses_shapes_out_of_bounds(void **state)
{
	(void)state;
	static const uint32_t hostile[] = {0, 1, 3, 17, 31, 33, 64, 255, 1U << 20, INT32_MAX, UINT32_MAX};
	for (size_t at = 48; at < 80; at += 4)
		for (size_t i = 0; i < sizeof hostile / sizeof *hostile; i++)
			if (memcmp(tiny.p + at, &(uint32_t){hostile[i]}, 4) != 0)
				assert_int_equal(load_with_u32(at, hostile[i]), ERR_CORRUPT);
	assert_int_equal(load_with_u32(80, 0), ERR_CORRUPT);
	assert_int_equal(load_with_u32(80, UINT32_MAX), ERR_CORRUPT);
	for (size_t at = 84; at < 128; at++)
		assert_int_equal(load_with(at, "x", 1), ERR_CORRUPT);
}

enum {
	TYPES = 128,
	WORD = TYPES + 256 /* two rows */,
	LISTS = WORD + 3 * 512 + 256,
	FLAGS = LISTS + 64,
	MIXING = FLAGS + 64
};

static void refuses_bad_types(void **state)
{
	(void)state;
	assert_int_equal(load_with(TYPES, "person.nome", 11), ERR_CONFIG);
	assert_int_equal(load_with(TYPES, "\0", 1), ERR_CORRUPT);
	assert_int_equal(load_with(TYPES + 20, "x", 1), ERR_CORRUPT);
	assert_int_equal(load_with_u32(TYPES + 40, 1 << 20), ERR_CORRUPT);
	assert_int_equal(load_with_u32(TYPES + 40, (uint32_t) - (1 << 20)), ERR_CORRUPT);
	assert_int_equal(load_with(TYPES + 44, "\x65", 1), ERR_CORRUPT); /* a score of 101 */
	assert_int_equal(load_with(TYPES + 44, "\x64", 1), ERR_OK);
	assert_int_equal(load_with(TYPES + 107, "\x65", 1), ERR_CORRUPT);
	assert_int_equal(load_with(TYPES + 107, "\x64", 1), ERR_OK);
	assert_int_equal(load_with(TYPES + 108, "x", 1), ERR_CORRUPT);
}

static void refuses_bad_lists(void **state)
{
	(void)state;
	assert_int_equal(load_with_u32(LISTS, UINT32_MAX), ERR_CORRUPT);        /* out of order */
	assert_int_equal(load_with(LISTS + 4, tiny.p + LISTS, 4), ERR_CORRUPT); /* the same twice */
	assert_int_equal(load_with(LISTS + 20, "x", 1), ERR_CORRUPT);           /* padding */
	assert_int_equal(load_with(FLAGS + 1, "\xff", 1), ERR_OK);
}

static void refuses_bad_layers(void **state)
{
	(void)state;
	enum { CONV = MIXING + 16 + 32 * 6 + 48 + FEATURE_INPUTS * 32 };
	assert_int_equal(load_with_u32(MIXING, 1), ERR_CORRUPT);               /* a dilation without taps */
	assert_int_equal(load_with_u32(MIXING + 4, 16), ERR_CORRUPT);          /* shift */
	assert_int_equal(load_with_u32(MIXING + 8, 40000), ERR_CORRUPT);       /* scale */
	assert_int_equal(load_with_u32(MIXING + 12, 1), ERR_CORRUPT);          /* reserved */
	assert_int_equal(load_with_u32(MIXING + 16, INT32_MAX), ERR_CORRUPT);  /* bias */
	assert_int_equal(load_with(MIXING + 144, "\xff\xff", 2), ERR_CORRUPT); /* multiplier */
	assert_int_equal(load_with_u32(CONV, 0), ERR_CORRUPT);
	assert_int_equal(load_with_u32(CONV, 14), ERR_OK);
	assert_int_equal(load_with_u32(CONV, 15), ERR_CORRUPT); /* reach beyond 16 */
	assert_int_equal(load_with_u32(CONV, UINT32_MAX), ERR_CORRUPT);
}

static int setup(void **state)
{
	(void)state;
	tiny = support_file("fuzz/model.in/tiny");
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	free((void *)tiny.p);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(digest_is_sha256),         cmocka_unit_test(reads_what_the_trainer_wrote),
		cmocka_unit_test(looks_words_up),           cmocka_unit_test(refuses_every_cut),
		cmocka_unit_test(refuses_what_is_too_long), cmocka_unit_test(refuses_every_flipped_bit),
		cmocka_unit_test(refuses_other_versions),   cmocka_unit_test(refuses_shapes_out_of_bounds),
		cmocka_unit_test(refuses_bad_types),        cmocka_unit_test(refuses_bad_lists),
		cmocka_unit_test(refuses_bad_layers),
	};
	return cmocka_run_group_tests(tests, setup, teardown);
}
