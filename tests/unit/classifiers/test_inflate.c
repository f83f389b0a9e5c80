/* What was packed: found in a text, cut off, malformed, and far larger than it looks. */
#include "fixture.h"

#include <stdlib.h>
#include <zlib.h>

#include "base/buf.h"
#include "classifiers/inflate.h"

struct sink {
	struct buf out;
	size_t most;
};

static bool take(void *arg, struct span bytes)
{
	struct sink *s = arg;
	buf_add(&s->out, bytes);
	return s->out.n <= s->most;
}

/* zlib (15) or gzip (31). */
static struct buf pack(struct span text, int window)
{
	struct buf packed = {0};
	z_stream z = {.next_in = (Bytef *)text.p, .avail_in = (uInt)text.n};
	assert_int_equal(deflateInit2(&z, 9, Z_DEFLATED, window, 9, Z_DEFAULT_STRATEGY), Z_OK);
	uint8_t piece[4096];
	int rc;
	do {
		z.next_out = piece;
		z.avail_out = sizeof piece;
		rc = deflate(&z, Z_FINISH);
		buf_add(&packed, span_of(piece, sizeof piece - z.avail_out));
	} while (rc == Z_OK);
	assert_int_equal(rc, Z_STREAM_END);
	deflateEnd(&z);
	return packed;
}

static void both_formats_come_out_as_they_went_in(void **state)
{
	(void)state;
	static const int windows[] = {15, 31};
	for (size_t i = 0; i < 2; i++) {
		struct buf packed = pack(SPAN("PESEL: 85031512344, and more of it"), windows[i]);
		struct sink s = {.most = 1000};
		assert_true(inflate_magic(buf_span(&packed)));
		assert_int_equal(inflate_run(buf_span(&packed), take, &s), ERR_OK);
		assert_true(span_eq(buf_span(&s.out), SPAN("PESEL: 85031512344, and more of it")));
		buf_fini(&s.out);
		buf_fini(&packed);
	}
	assert_false(inflate_magic(SPAN("x\x9c")));
	assert_false(inflate_magic(SPAN("plain text, nothing packed")));
}

/* Every cut and every flipped byte is survived; what came out before it counts. */
static void broken_streams_end(void **state)
{
	(void)state;
	struct buf packed = pack(SPAN("PESEL: 85031512344, and more of it, again and again and again"), 31);
	for (size_t i = 0; i < packed.n; i++) {
		struct sink s = {.most = 1000};
		assert_int_equal(inflate_run(span_of(packed.p, i), take, &s), ERR_SYNTAX);
		buf_fini(&s.out);
		packed.p[i] ^= 0x5a;
		s = (struct sink){.most = 1000};
		enum err err = inflate_run(buf_span(&packed), take, &s);
		assert_true(err == ERR_OK || err == ERR_SYNTAX || err == ERR_LIMIT);
		buf_fini(&s.out);
		packed.p[i] ^= 0x5a;
	}
	buf_fini(&packed);
}

static void base64(struct span v, struct buf *out)
{
	static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	for (size_t i = 0; i < v.n; i += 3) {
		uint32_t w = (uint32_t)v.p[i] << 16 | (i + 1 < v.n ? (uint32_t)v.p[i + 1] << 8 : 0) |
			     (i + 2 < v.n ? v.p[i + 2] : 0);
		for (size_t k = 0; k < 4; k++)
			buf_add_byte(out, i + k > v.n ? '=' : (uint8_t)alphabet[w >> (18 - 6 * k) & 63]);
	}
}

/* Forty megabytes out of forty kilobytes: not read to the end, and said so. */
static void bombs_are_a_coverage_failure(void **state)
{
	(void)state;
	enum { SIZE = 40 << 20 };
	uint8_t *zeros = malloc(SIZE);
	assert_non_null(zeros);
	memset(zeros, ' ', SIZE);
	struct buf packed = pack(span_of(zeros, SIZE), 31), text = {0};
	free(zeros);
	struct sink s = {.most = SIZE};
	assert_int_equal(inflate_run(buf_span(&packed), take, &s), ERR_LIMIT);
	assert_true(s.out.n <= INFLATED_MAX + 4096);
	base64(buf_span(&packed), &text);
	struct result r = classify(buf_span(&text), NULL);
	assert_true(r.f.failed > 0);
	assert_true(classifier_scratch_steps(the_scratch()) < 64 * text.n);
	result_fini(&r);
	buf_fini(&s.out);
	buf_fini(&text);
	buf_fini(&packed);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(both_formats_come_out_as_they_went_in),
		cmocka_unit_test(broken_streams_end),
		cmocka_unit_test(bombs_are_a_coverage_failure),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
