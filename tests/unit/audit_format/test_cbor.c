#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "audit/format/cbor.h"

static void assert_bytes(const struct buf *b, const char *hex)
{
	char text[256];
	assert_int_equal(buf_err(b), ERR_OK);
	assert_true(b->n * 2 < sizeof text);
	for (size_t i = 0; i < b->n; i++)
		snprintf(text + 2 * i, 3, "%02x", b->p[i]);
	text[2 * b->n] = '\0';
	assert_string_equal(text, hex);
}

/* RFC 8949, appendix A. */
static void numbers_are_written_and_read_as_in_the_rfc(void **state)
{
	(void)state;
	static const struct {
		int64_t v;
		const char *hex;
	} rows[] = {
		{0, "00"},
		{1, "01"},
		{10, "0a"},
		{23, "17"},
		{24, "1818"},
		{25, "1819"},
		{100, "1864"},
		{255, "18ff"},
		{256, "190100"},
		{1000, "1903e8"},
		{65535, "19ffff"},
		{65536, "1a00010000"},
		{1000000, "1a000f4240"},
		{4294967295, "1affffffff"},
		{4294967296, "1b0000000100000000"},
		{1000000000000, "1b000000e8d4a51000"},
		{INT64_MAX, "1b7fffffffffffffff"},
		{-1, "20"},
		{-10, "29"},
		{-100, "3863"},
		{-1000, "3903e7"},
		{INT64_MIN, "3b7fffffffffffffff"},
	};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct buf b = {0};
		struct cbor c;
		cbor_put_int(&b, rows[i].v);
		assert_bytes(&b, rows[i].hex);
		cbor_init(&c, buf_span(&b));
		assert_true(cbor_int(&c) == rows[i].v);
		assert_int_equal(cbor_end(&c), ERR_OK);
		buf_fini(&b);
	}
	struct buf b = {0};
	cbor_put_uint(&b, UINT64_MAX);
	assert_bytes(&b, "1bffffffffffffffff");
	struct cbor c;
	cbor_init(&c, buf_span(&b));
	assert_true(cbor_uint(&c, UINT64_MAX) == UINT64_MAX);
	cbor_init(&c, buf_span(&b));
	assert_int_equal(cbor_int(&c), 0);
	assert_int_equal(cbor_end(&c), ERR_LIMIT);
	buf_fini(&b);
}

static void strings_lists_and_maps_are_written_as_in_the_rfc(void **state)
{
	(void)state;
	struct buf b = {0};
	struct cbor_out_map m;
	cbor_map_begin(&m, &b);
	cbor_map_key(&m, 1);
	cbor_put_text(&b, SPAN("IETF"));
	cbor_map_key(&m, 2);
	cbor_put_bytes(&b, SPAN("\x01\x02\x03\x04"));
	cbor_map_key(&m, 30);
	cbor_put_array(&b, 2);
	cbor_put_bool(&b, true);
	cbor_put_bool(&b, false);
	cbor_map_end(&m);
	assert_bytes(&b, "a301644945544602440102030418"
			 "1e82f5f4");
	buf_fini(&b);
}

static void a_long_map_gets_a_long_head(void **state)
{
	(void)state;
	for (uint64_t n = 22; n < 27; n++) {
		struct buf b = {0};
		struct cbor_out_map m;
		struct cbor c;
		struct cbor_map in;
		uint64_t key, count = 0;
		buf_add_byte(&b, 0x80); /* something before it */
		cbor_map_begin(&m, &b);
		for (uint64_t i = 0; i < n; i++) {
			cbor_map_key(&m, i * 3);
			cbor_put_uint(&b, i);
		}
		cbor_map_end(&m);
		cbor_init(&c, buf_span(&b));
		assert_int_equal(cbor_array(&c, 0), 0);
		cbor_map(&c, &in);
		while (cbor_map_next(&c, &in, &key)) {
			assert_int_equal(key, count * 3);
			assert_int_equal(cbor_uint(&c, 100), count);
			count++;
		}
		assert_int_equal(count, n);
		assert_int_equal(cbor_end(&c), ERR_OK);
		buf_fini(&b);
	}
}

/* Reads any item of the subset; what it accepts must be what the writer would write. */
static void read_item(struct cbor *c, struct buf *out, int depth)
{
	if (depth > 8) {
		cbor_fail(c, ERR_LIMIT);
	} else if (cbor_peek(c, CBOR_UINT)) {
		cbor_put_uint(out, cbor_uint(c, UINT64_MAX));
	} else if (cbor_peek(c, CBOR_NEGATIVE)) {
		cbor_put_int(out, cbor_int(c));
	} else if (cbor_peek(c, CBOR_BYTES)) {
		cbor_put_bytes(out, cbor_bytes(c));
	} else if (cbor_peek(c, CBOR_TEXT)) {
		cbor_put_text(out, cbor_text(c));
	} else if (cbor_peek(c, CBOR_ARRAY)) {
		size_t n = cbor_array(c, 1000);
		cbor_put_array(out, n);
		for (size_t i = 0; i < n && c->err == ERR_OK; i++)
			read_item(c, out, depth + 1);
	} else if (cbor_peek(c, CBOR_MAP)) {
		struct cbor_map m;
		struct cbor_out_map o;
		uint64_t key;
		cbor_map(c, &m);
		cbor_map_begin(&o, out);
		while (cbor_map_next(c, &m, &key) && o.n < 255) {
			cbor_map_key(&o, key);
			read_item(c, out, depth + 1);
		}
		cbor_map_end(&o);
	} else {
		cbor_put_bool(out, cbor_bool(c));
	}
}

static enum err read_all(struct span in, struct buf *again)
{
	struct cbor c;
	cbor_init(&c, in);
	read_item(&c, again, 0);
	return cbor_end(&c);
}

static void whatever_is_not_deterministic_is_refused(void **state)
{
	(void)state;
	static const struct {
		const char *bytes;
		size_t n;
	} bad[] = {
#define BAD(lit) {lit, sizeof lit - 1}
		BAD(""),
		BAD("\x18\x17"),             /* 23 in two bytes */
		BAD("\x19\x00\xff"),         /* 255 in three */
		BAD("\x1a\x00\x00\xff\xff"), /* 65535 in five */
		BAD("\x1b\x00\x00\x00\x00\xff\xff\xff\xff"),
		BAD("\x18"), /* cut short */
		BAD("\x1b\x00\x00\x00"),
		BAD("\x1c"), /* reserved */
		BAD("\x1f"),
		BAD("\x38\x00"),                             /* -1 in two bytes */
		BAD("\x3b\x80\x00\x00\x00\x00\x00\x00\x00"), /* below int64 */
		BAD("\x41"),                                 /* a byte string without its byte */
		BAD("\x58\x01\x00"),                         /* length not shortest */
		BAD("\x5f\x41\x00\xff"),                     /* indefinite length */
		BAD("\x61\xff"),                             /* not UTF-8 */
		BAD("\x63\xed\xa0\x80"),                     /* a surrogate */
		BAD("\x7f\x61\x61\xff"),
		BAD("\x81"),
		BAD("\x9f\x00\xff"),
		BAD("\x9b\xff\xff\xff\xff\xff\xff\xff\xff"), /* an array of everything */
		BAD("\xbb\xff\xff\xff\xff\xff\xff\xff\xff"),
		BAD("\xa1\x01"),
		BAD("\xa2\x01\x00\x01\x00"), /* a key twice */
		BAD("\xa2\x02\x00\x01\x00"), /* keys fall */
		BAD("\xa1\x61\x61\x00"),     /* a text as a key */
		BAD("\xbf\x01\x00\xff"),
		BAD("\xc1\x00"),     /* a tag */
		BAD("\xf6"),         /* null */
		BAD("\xf7"),         /* undefined */
		BAD("\xf8\x14"),     /* false in two bytes */
		BAD("\xf9\x00\x00"), /* a float */
		BAD("\x00\x00"),     /* something behind */
#undef BAD
	};
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		struct buf again = {0};
		assert_int_not_equal(read_all(span_of(bad[i].bytes, bad[i].n), &again), ERR_OK);
		buf_fini(&again);
	}
}

static void what_is_accepted_is_written_back_the_same(void **state)
{
	(void)state;
	uint64_t x = 88172645463325252u;
	size_t accepted = 0;
	for (int round = 0; round < 200000; round++) {
		uint8_t in[12];
		struct buf again = {0};
		size_t n = 1 + (size_t)round % sizeof in;
		for (size_t i = 0; i < n; i++) {
			x ^= x << 13;
			x ^= x >> 7;
			x ^= x << 17;
			in[i] = (uint8_t)(x >> 32);
		}
		if (read_all(span_of(in, n), &again) == ERR_OK) {
			accepted++;
			assert_true(span_eq(buf_span(&again), span_of(in, n)));
		}
		buf_fini(&again);
	}
	assert_true(accepted > 1000);
}

static void text_that_is_not_utf8_is_not_written(void **state)
{
	(void)state;
	struct buf b = {0};
	cbor_put_text(&b, SPAN("a\xff"));
	assert_int_equal(buf_err(&b), ERR_ENCODING);
	buf_fini(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(numbers_are_written_and_read_as_in_the_rfc),
		cmocka_unit_test(strings_lists_and_maps_are_written_as_in_the_rfc),
		cmocka_unit_test(a_long_map_gets_a_long_head),
		cmocka_unit_test(whatever_is_not_deterministic_is_refused),
		cmocka_unit_test(what_is_accepted_is_written_back_the_same),
		cmocka_unit_test(text_that_is_not_utf8_is_not_written),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
