/* Answers decoded as they pass by: the same bytes whatever the pieces, and an end to what is corrupt or too much. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>
#include <zstd.h>

#include "coded.h"
#include "proxy/wire/coding.h"

enum { TEXT = 300 * 1000 };

static const struct coding_limits wide = {64 * 1024 * 1024, 1000000};
static uint8_t text[TEXT];

static struct buf zstandard(struct span in)
{
	struct buf out = {0};
	size_t room = ZSTD_compressBound(in.n);
	uint8_t *p = buf_reserve(&out, room);
	size_t n = ZSTD_compress(p, room, in.p, in.n, 3);
	assert_false(ZSTD_isError(n));
	out.n = n;
	return out;
}

static void collect(void *context, struct span piece)
{
	buf_add(context, piece);
}

static bool decode(const char *coding, struct span in, size_t piece, struct coding_limits limits, struct buf *out)
{
	struct arena a;
	arena_init(&a, 0);
	struct coding_reader *r = coding_reader_new(span_str(coding), limits, &a);
	assert_non_null(r);
	bool ok = true;
	for (size_t i = 0; ok && i < in.n; i += piece)
		ok = coding_reader_feed(r, span_sub(in, i, in.n - i < piece ? in.n : i + piece), collect, out);
	if (!ok) /* once and for all */
		assert_false(coding_reader_feed(r, in, collect, out));
	arena_fini(&a);
	return ok;
}

static int make_text(void **state)
{
	(void)state;
	uint32_t x = 7;
	for (size_t i = 0; i < TEXT; i++) {
		x = x * 1664525 + 1013904223;
		text[i] = (uint8_t)("etaoin shrdlu\n"[(x >> 24) % 14]);
	}
	return 0;
}

static void any_pieces(void **state)
{
	(void)state;
	const struct span whole = span_of(text, TEXT);
	const struct {
		const char *coding;
		struct buf coded;
	} cases[] = {
		{"gzip", coded_gzip(whole)},
		{"X-GZip", coded_gzip(whole)},
		{"deflate", coded_deflate(whole, CODED_ZLIB, 6)},
		{"deflate", coded_deflate(whole, CODED_RAW, 6)},
		{"zstd", zstandard(whole)},
	};
	static const size_t pieces[] = {1, 3, 1000, 65536, TEXT};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		for (size_t k = 0; k < sizeof pieces / sizeof *pieces; k++) {
			struct buf out = {0};
			assert_true(decode(cases[i].coding, buf_span(&cases[i].coded), pieces[k], wide, &out));
			assert_true(span_eq(buf_span(&out), whole));
			buf_fini(&out);
		}
		struct buf coded = cases[i].coded;
		buf_fini(&coded);
	}
}

static void several_members_and_frames(void **state)
{
	(void)state;
	for (int zstd = 0; zstd < 2; zstd++) {
		struct buf two = {0}, out = {0};
		for (int i = 0; i < 2; i++) {
			struct buf one = zstd ? zstandard(SPAN("green hill ")) : coded_gzip(SPAN("green hill "));
			buf_add(&two, buf_span(&one));
			buf_fini(&one);
		}
		assert_true(decode(zstd ? "zstd" : "gzip", buf_span(&two), 5, wide, &out));
		assert_true(span_eq(buf_span(&out), SPAN("green hill green hill ")));
		buf_fini(&two);
		buf_fini(&out);
	}
}

static void too_much(void **state)
{
	(void)state;
	static uint8_t zeros[1024 * 1024];
	struct buf bomb = coded_gzip(span_of(zeros, sizeof zeros)), out = {0};
	assert_false(decode("gzip", buf_span(&bomb), 100, (struct coding_limits){sizeof zeros, 10}, &out));
	assert_true(out.n < sizeof zeros / 2);
	buf_clear(&out);
	assert_false(decode("gzip", buf_span(&bomb), 100, (struct coding_limits){100 * 1024, 0}, &out));
	assert_true(out.n <= 100 * 1024);
	buf_fini(&bomb);
	buf_fini(&out);
}

static void damaged(void **state)
{
	(void)state;
	uint32_t x = 1;
	static const char *const codings[] = {"gzip", "deflate", "zstd"};
	for (int round = 0; round < 600; round++) {
		const char *coding = codings[round % 3];
		struct span in = span_of(text, 2000);
		struct buf coded = round % 3 == 0   ? coded_gzip(in)
				   : round % 3 == 1 ? coded_deflate(in, CODED_ZLIB, 6)
						    : zstandard(in);
		struct buf out = {0};
		x = x * 1664525 + 1013904223;
		coded.p[(x >> 8) % coded.n] ^= (uint8_t)(1u << (x >> 29));
		(void)!decode(coding, buf_span(&coded), 1 + (x >> 4) % 64, wide, &out);
		assert_true(out.n <= wide.max_bytes);
		buf_fini(&coded);
		buf_fini(&out);
	}
	struct buf out = {0};
	assert_false(decode("gzip", SPAN("{\"id\":\"resp_1\"}"), 4, wide, &out));
	assert_false(decode("zstd", SPAN("{\"id\":\"resp_1\"}"), 4, wide, &out));
	/* Older formats of zstd, and frames that are there to be skipped. */
	assert_false(decode("zstd", SPAN("\x26\xb5\x2f\xfd\x04\x58\x41\x02"), 4, wide, &out));
	assert_false(decode("zstd", SPAN("\x50\x2a\x4d\x18\x01\0\0\0x"), 3, wide, &out));
	assert_int_equal(out.n, 0);
}

static void without_memory(void **state)
{
	(void)state;
	struct buf coded = zstandard(span_of(text, 1000)), out = {0};
	size_t whole = 0;
	for (size_t limit = 0; limit < 400 * 1024; limit += 8 * 1024) {
		struct arena a;
		arena_init(&a, limit + 1);
		struct coding_reader *r = coding_reader_new(SPAN("zstd"), wide, &a);
		if (r != NULL)
			(void)!coding_reader_feed(r, buf_span(&coded), collect, &out);
		assert_true(span_eq(buf_span(&out), span_of(text, out.n))); /* nothing, or what it says */
		whole += out.n == 1000;
		buf_clear(&out);
		arena_fini(&a);
		arena_init(&a, limit + 1);
		r = coding_reader_new(SPAN("gzip"), wide, &a);
		if (r != NULL)
			(void)!coding_reader_feed(r, SPAN("\x1f\x8b\x08"), collect, &out);
		arena_fini(&a);
	}
	assert_true(whole > 0);
	buf_fini(&coded);
	buf_fini(&out);
}

/* Frames in turns with the largest window and with the smallest, of which zstd forgets the former after a while. */
static void windows_that_grow_and_shrink(void **state)
{
	(void)state;
	enum { TURNS = 20, SMALL = 140, ENOUGH = 13 << 20 };
	const struct span large = SPAN("\x28\xb5\x2f\xfd\0\x68\x01\0\0"), small = SPAN("\x28\xb5\x2f\xfd\0\0\x01\0\0");
	struct buf out = {0};
	struct arena a;
	arena_init(&a, 0);
	struct coding_reader *r = coding_reader_new(SPAN("zstd"), wide, &a);
	assert_non_null(r);
	assert_true(coding_reader_feed(r, large, collect, &out));
	assert_true(a.used > 8 << 20);
	for (size_t i = 0; i < TURNS; i++) {
		for (size_t k = 0; k < SMALL; k++)
			(void)!coding_reader_feed(r, small, collect, &out);
		(void)!coding_reader_feed(r, large, collect, &out);
	}
	assert_true(a.used < ENOUGH);
	assert_int_equal(out.n, 0);
	assert_false(a.failed);
	arena_fini(&a);
	buf_fini(&out);
}

static void unknown_codings(void **state)
{
	(void)state;
	struct arena a;
	arena_init(&a, 0);
	static const struct span names[] = {SPAN(""), SPAN("br"), SPAN("identity"), SPAN("gzip, gzip"), SPAN("gzipp")};
	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		assert_null(coding_reader_new(names[i], wide, &a));
	arena_fini(&a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(any_pieces),      cmocka_unit_test(several_members_and_frames),
		cmocka_unit_test(too_much),        cmocka_unit_test(damaged),
		cmocka_unit_test(without_memory),  cmocka_unit_test(windows_that_grow_and_shrink),
		cmocka_unit_test(unknown_codings),
	};
	return cmocka_run_group_tests(tests, make_text, NULL);
}
