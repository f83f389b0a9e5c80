/* Content codings: what comes out, what is refused, and bombs. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>
#include <zstd.h>

#include "coded.h"
#include "proxy/wire/coding.h"

static const struct coding_limits wide = {64 * 1024 * 1024, 1000000};

static struct buf zstd_frame(struct span in, int window_log, bool checksum)
{
	struct buf out = {0};
	ZSTD_CCtx *c = ZSTD_createCCtx();
	assert_non_null(c);
	if (window_log > 0)
		ZSTD_CCtx_setParameter(c, ZSTD_c_windowLog, window_log);
	ZSTD_CCtx_setParameter(c, ZSTD_c_checksumFlag, checksum);
	/* Not told the size: else the window would be no larger than the content. */
	size_t room = ZSTD_compressBound(in.n) + 64;
	ZSTD_inBuffer from = {in.p, in.n, 0};
	ZSTD_outBuffer to = {buf_reserve(&out, room), room, 0};
	size_t left = 1;
	ZSTD_inBuffer first = {in.p, in.n / 2, 0};
	assert_false(ZSTD_isError(ZSTD_compressStream2(c, &to, &first, ZSTD_e_flush)));
	from.pos = first.pos;
	while (left > 0) {
		left = ZSTD_compressStream2(c, &to, &from, ZSTD_e_end);
		assert_false(ZSTD_isError(left));
	}
	out.n = to.pos;
	ZSTD_freeCCtx(c);
	return out;
}

static struct buf zstd(struct span in)
{
	return zstd_frame(in, 0, true);
}

/* Decodes from memory of the exact size. */
static enum err decode(const char *header, struct span body, struct coding_limits limits, struct buf *out,
		       bool *identity)
{
	uint8_t *copy = malloc(body.n > 0 ? body.n : 1);
	assert_non_null(copy);
	if (body.n > 0)
		memcpy(copy, body.p, body.n);
	enum err e = coding_decode(span_str(header), span_of(copy, body.n), limits, out, identity);
	free(copy);
	if (e != ERR_OK || *identity)
		assert_int_equal(out->n, 0);
	return e;
}

static void assert_decodes(const char *header, struct span body, struct span expected)
{
	struct buf out = {0};
	bool identity = true;
	assert_int_equal(decode(header, body, wide, &out, &identity), ERR_OK);
	assert_false(identity);
	assert_true(span_eq(buf_span(&out), expected));
	buf_fini(&out);
}

static void assert_fails(const char *header, struct span body, enum err expected)
{
	struct buf out = {0};
	bool identity = true;
	assert_int_equal(decode(header, body, wide, &out, &identity), expected);
	assert_false(identity);
	buf_fini(&out);
}

/* Text that compresses a little, of any length. */
static struct buf text_of(size_t n)
{
	struct buf b = {0};
	uint32_t seed = 7;
	while (b.n < n) {
		seed = seed * 1664525u + 1013904223u;
		buf_add_byte(&b, (uint8_t)("abcdefgh \n"[(seed >> 20) % 10]));
	}
	return b;
}

static const size_t sizes[] = {0, 1, 100, 16383, 16384, 16385, 65536, 300000, 1000000};

static void test_round_trips(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
		struct buf text = text_of(sizes[i]);
		struct buf gzip = coded_gzip(buf_span(&text));
		struct buf zlib = coded_deflate(buf_span(&text), CODED_ZLIB, 6),
			   raw = coded_deflate(buf_span(&text), CODED_RAW, 6);
		struct buf stored = coded_deflate(buf_span(&text), CODED_ZLIB, 0), zst = zstd(buf_span(&text));
		assert_decodes("gzip", buf_span(&gzip), buf_span(&text));
		assert_decodes("X-GZip", buf_span(&gzip), buf_span(&text));
		assert_decodes("deflate", buf_span(&zlib), buf_span(&text));
		assert_decodes("deflate", buf_span(&raw), buf_span(&text));
		assert_decodes("deflate", buf_span(&stored), buf_span(&text));
		assert_decodes("\tZSTD ", buf_span(&zst), buf_span(&text));
		buf_fini(&gzip);
		buf_fini(&zlib);
		buf_fini(&raw);
		buf_fini(&stored);
		buf_fini(&zst);
		buf_fini(&text);
	}
}

static void test_identity(void **state)
{
	(void)state;
	static const char *const headers[] = {"", " ", "identity", "Identity, identity", ", ,"};
	for (size_t i = 0; i < sizeof headers / sizeof *headers; i++) {
		struct buf out = {0};
		bool identity = false;
		assert_int_equal(decode(headers[i], SPAN("as it is"), wide, &out, &identity), ERR_OK);
		assert_true(identity);
		buf_fini(&out);
	}
	struct buf out = {0};
	bool identity = false;
	assert_int_equal(coding_decode(SPAN_NULL, SPAN_NULL, wide, &out, &identity), ERR_OK);
	assert_true(identity);
}

static void test_unknown(void **state)
{
	(void)state;
	struct buf gzip = coded_gzip(SPAN("text"));
	static const char *const headers[] = {"br",
					      "compress",
					      "x-deflate",
					      "gzip;q=1",
					      "gzip br",
					      "gzip, br",
					      "br, gzip",
					      "chunked",
					      "*",
					      "gzi",
					      "gzipp",
					      "\"gzip\"",
					      "gzip, gzip, gzip, gzip",
					      "dcb",
					      "aes128gcm"};
	for (size_t i = 0; i < sizeof headers / sizeof *headers; i++)
		assert_fails(headers[i], buf_span(&gzip), ERR_CODING);
	buf_fini(&gzip);
}

static void test_stacks(void **state)
{
	(void)state;
	struct buf text = text_of(50000);
	struct buf one = zstd(buf_span(&text));
	struct buf two = coded_deflate(buf_span(&one), CODED_ZLIB, 6);
	struct buf three = coded_gzip(buf_span(&two));
	assert_decodes("zstd, deflate", buf_span(&two), buf_span(&text));
	assert_decodes("zstd, identity, deflate,,gzip", buf_span(&three), buf_span(&text));
	assert_fails("gzip, deflate, zstd", buf_span(&three), ERR_CODING);
	assert_fails("deflate, gzip, gzip", buf_span(&three), ERR_CODING);
	buf_fini(&text);
	buf_fini(&one);
	buf_fini(&two);
	buf_fini(&three);
}

static void test_members_and_frames(void **state)
{
	(void)state;
	struct buf a = coded_gzip(SPAN("one, ")), b = coded_gzip(SPAN("")), c = coded_gzip(SPAN("two")), all = {0};
	buf_add(&all, buf_span(&a));
	buf_add(&all, buf_span(&b));
	buf_add(&all, buf_span(&c));
	assert_decodes("gzip", buf_span(&all), SPAN("one, two"));
	buf_clear(&all);
	struct buf x = zstd(SPAN("one, ")), y = zstd(SPAN("")), z = zstd_frame(SPAN("two"), 0, false);
	buf_add(&all, buf_span(&x));
	buf_add(&all, buf_span(&y));
	buf_add(&all, buf_span(&z));
	assert_decodes("zstd", buf_span(&all), SPAN("one, two"));
	buf_fini(&a);
	buf_fini(&b);
	buf_fini(&c);
	buf_fini(&x);
	buf_fini(&y);
	buf_fini(&z);
	buf_fini(&all);
}

/* Cut at every byte, and with a byte or a zero or another coding behind. */
static void check_ends(const char *header, struct span body, struct span other)
{
	for (size_t n = 0; n < body.n; n++)
		assert_fails(header, span_sub(body, 0, n), ERR_CODING);
	struct buf more = {0};
	const struct span tails[] = {SPAN("x"), SPAN("\0"), SPAN("\x1f"), SPAN("\x1f\x8b"), SPAN("\x28\xb5\x2f\xfd"),
				     other};
	for (size_t i = 0; i < sizeof tails / sizeof *tails; i++) {
		buf_clear(&more);
		buf_add(&more, body);
		buf_add(&more, tails[i]);
		assert_fails(header, buf_span(&more), ERR_CODING);
	}
	buf_fini(&more);
}

static void test_cut_and_garbage(void **state)
{
	(void)state;
	struct buf text = text_of(300);
	struct buf gzip = coded_gzip(buf_span(&text)), zst = zstd(buf_span(&text));
	struct buf zlib = coded_deflate(buf_span(&text), CODED_ZLIB, 6),
		   raw = coded_deflate(buf_span(&text), CODED_RAW, 6);
	check_ends("gzip", buf_span(&gzip), buf_span(&zlib));
	check_ends("deflate", buf_span(&zlib), buf_span(&zlib));
	check_ends("deflate", buf_span(&raw), buf_span(&raw));
	check_ends("zstd", buf_span(&zst), buf_span(&gzip));
	assert_fails("gzip", buf_span(&text), ERR_CODING);
	assert_fails("zstd", buf_span(&text), ERR_CODING);
	assert_fails("gzip", buf_span(&zst), ERR_CODING);
	assert_fails("gzip", buf_span(&zlib), ERR_CODING);
	assert_fails("deflate", buf_span(&gzip), ERR_CODING);
	buf_fini(&text);
	buf_fini(&gzip);
	buf_fini(&zst);
	buf_fini(&zlib);
	buf_fini(&raw);
}

/* Every single bit wrong: refused, or (where a bit means nothing: time, system, flag FTEXT, level hints) the same text.
 */
static void test_flipped_bits(void **state)
{
	(void)state;
	struct buf text = text_of(60);
	struct buf bodies[] = {coded_gzip(buf_span(&text)), coded_deflate(buf_span(&text), CODED_ZLIB, 6),
			       zstd(buf_span(&text))};
	static const char *const headers[] = {"gzip", "deflate", "zstd"};
	for (size_t k = 0; k < 3; k++) {
		size_t same = 0;
		for (size_t bit = 0; bit < bodies[k].n * 8; bit++) {
			struct buf out = {0};
			bool identity;
			bodies[k].p[bit / 8] ^= (uint8_t)(1u << bit % 8);
			enum err e = decode(headers[k], buf_span(&bodies[k]), wide, &out, &identity);
			assert_true(e == ERR_OK || e == ERR_CODING);
			if (e == ERR_OK) {
				assert_true(span_eq(buf_span(&out), buf_span(&text)));
				same++;
			}
			bodies[k].p[bit / 8] ^= (uint8_t)(1u << bit % 8);
			buf_fini(&out);
		}
		assert_true(same <= 64);
		buf_fini(&bodies[k]);
	}
	buf_fini(&text);
}

/* Bytes that a decoder skips would leave the house unread. */
static void test_hidden_bytes(void **state)
{
	(void)state;
	struct buf gzip = coded_gzip(SPAN("text")), out = {0};
	static const struct {
		uint8_t flag;
		struct span extra;
	} parts[] = {{0x04, SPAN("\3\0abc")}, {0x08, SPAN("name\0")}, {0x10, SPAN("comment\0")}};
	for (size_t i = 0; i < 3; i++) {
		buf_clear(&out);
		buf_add(&out, span_sub(buf_span(&gzip), 0, 10));
		buf_add(&out, parts[i].extra);
		buf_add(&out, span_sub(buf_span(&gzip), 10, gzip.n));
		out.p[3] |= parts[i].flag;
		assert_fails("gzip", buf_span(&out), ERR_CODING);
	}
	/* In a later member too. */
	struct buf two = {0};
	buf_add(&two, buf_span(&gzip));
	buf_add(&two, buf_span(&out));
	assert_fails("gzip", buf_span(&two), ERR_CODING);
	/* A skippable frame before and behind. */
	struct buf zst = zstd(SPAN("text"));
	const struct span skippable = SPAN("\x50\x2a\x4d\x18\4\0\0\0text");
	buf_clear(&two);
	buf_add(&two, skippable);
	buf_add(&two, buf_span(&zst));
	assert_fails("zstd", buf_span(&two), ERR_CODING);
	buf_clear(&two);
	buf_add(&two, buf_span(&zst));
	buf_add(&two, skippable);
	assert_fails("zstd", buf_span(&two), ERR_CODING);
	buf_fini(&zst);
	buf_fini(&gzip);
	buf_fini(&two);
	buf_fini(&out);
}

static void test_zstd_window(void **state)
{
	(void)state;
	struct buf text = text_of(1000);
	struct buf within = zstd_frame(buf_span(&text), 23, true), beyond = zstd_frame(buf_span(&text), 24, true);
	assert_decodes("zstd", buf_span(&within), buf_span(&text));
	assert_fails("zstd", buf_span(&beyond), ERR_CODING);
	buf_fini(&text);
	buf_fini(&within);
	buf_fini(&beyond);
}

static enum err with_limits(const char *header, struct span body, size_t max_bytes, uint32_t max_ratio, size_t *n)
{
	struct buf out = {0};
	bool identity;
	enum err e = decode(header, body, (struct coding_limits){max_bytes, max_ratio}, &out, &identity);
	*n = out.n;
	/* No more memory than the limit says, but for the smallest block. */
	assert_true(out.cap <= (max_bytes < 256 ? 256 : 2 * max_bytes));
	buf_fini(&out);
	return e;
}

static void test_byte_limit(void **state)
{
	(void)state;
	static const size_t limits[] = {0, 1, 100, 16384, 16385, 100000};
	struct buf (*const encoders[])(struct span) = {coded_gzip, zstd};
	static const char *const headers[] = {"gzip", "zstd"};
	for (size_t i = 0; i < sizeof limits / sizeof *limits; i++) {
		struct buf text = text_of(limits[i] + 1);
		for (size_t k = 0; k < 2; k++) {
			size_t n;
			struct buf fits = encoders[k](span_sub(buf_span(&text), 0, limits[i])),
				   over = encoders[k](buf_span(&text));
			assert_int_equal(with_limits(headers[k], buf_span(&fits), limits[i], 1000000, &n), ERR_OK);
			assert_int_equal(n, limits[i]);
			assert_int_equal(with_limits(headers[k], buf_span(&over), limits[i], 1000000, &n), ERR_BOMB);
			buf_fini(&fits);
			buf_fini(&over);
		}
		buf_fini(&text);
	}
}

/* The buffer's own limit is one too, and no error of another kind. */
static void test_buffer_limit(void **state)
{
	(void)state;
	struct buf text = text_of(1000), out;
	struct buf gzip = coded_gzip(buf_span(&text));
	bool identity;
	buf_init(&out, 1000);
	assert_int_equal(coding_decode(SPAN("gzip"), buf_span(&gzip), wide, &out, &identity), ERR_OK);
	assert_int_equal(out.n, 1000);
	buf_fini(&out);
	buf_init(&out, 999);
	assert_int_equal(coding_decode(SPAN("gzip"), buf_span(&gzip), wide, &out, &identity), ERR_BOMB);
	assert_int_equal(out.n, 0);
	buf_fini(&out);
	buf_fini(&gzip);
	buf_fini(&text);
}

static void test_ratio_limit(void **state)
{
	(void)state;
	struct buf zeros = {0};
	size_t n = 8 * 1024 * 1024, m;
	uint8_t *p = buf_reserve(&zeros, n);
	assert_non_null(p);
	memset(p, 0, n);
	zeros.n = n;
	struct buf bomb[] = {coded_gzip(buf_span(&zeros)), coded_deflate(buf_span(&zeros), CODED_ZLIB, 9),
			     zstd(buf_span(&zeros))};
	static const char *const headers[] = {"gzip", "deflate", "zstd"};
	for (size_t k = 0; k < 3; k++) {
		assert_true(bomb[k].n < n / 900);
		assert_int_equal(with_limits(headers[k], buf_span(&bomb[k]), n, 100, &m), ERR_BOMB);
		assert_int_equal(with_limits(headers[k], buf_span(&bomb[k]), n, 0, &m), ERR_BOMB);
		assert_int_equal(with_limits(headers[k], buf_span(&bomb[k]), n, 1000000, &m), ERR_OK);
		assert_int_equal(m, n);
	}
	/* Exactly the ratio is allowed. */
	uint32_t exact = (uint32_t)((n + bomb[0].n - 1) / bomb[0].n);
	assert_int_equal(with_limits("gzip", buf_span(&bomb[0]), n, exact, &m), ERR_OK);
	assert_int_equal(with_limits("gzip", buf_span(&bomb[0]), n, exact - 1, &m), ERR_BOMB);
	/* Less than 64 KiB is none, however dense. */
	struct buf small = coded_gzip(span_sub(buf_span(&zeros), 0, 65535)),
		   enough = coded_gzip(span_sub(buf_span(&zeros), 0, 65536));
	assert_int_equal(with_limits("gzip", buf_span(&small), n, 10, &m), ERR_OK);
	assert_int_equal(with_limits("gzip", buf_span(&enough), n, 10, &m), ERR_BOMB);
	/* A bomb in a wrapping is measured by what came over the wire. */
	struct buf wrapped = coded_gzip(buf_span(&bomb[0]));
	assert_int_equal(with_limits("gzip, gzip", buf_span(&wrapped), n, 1100, &m), ERR_BOMB);
	/* An inner layer that is large itself meets the limit too. */
	assert_int_equal(with_limits("deflate, gzip", buf_span(&bomb[0]), 1024 * 1024, 1000000, &m), ERR_BOMB);
	buf_fini(&wrapped);
	buf_fini(&small);
	buf_fini(&enough);
	for (size_t k = 0; k < 3; k++)
		buf_fini(&bomb[k]);
	buf_fini(&zeros);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_round_trips),
		cmocka_unit_test(test_identity),
		cmocka_unit_test(test_unknown),
		cmocka_unit_test(test_stacks),
		cmocka_unit_test(test_members_and_frames),
		cmocka_unit_test(test_cut_and_garbage),
		cmocka_unit_test(test_flipped_bits),
		cmocka_unit_test(test_hidden_bytes),
		cmocka_unit_test(test_zstd_window),
		cmocka_unit_test(test_byte_limit),
		cmocka_unit_test(test_buffer_limit),
		cmocka_unit_test(test_ratio_limit),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
