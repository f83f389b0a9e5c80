#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

#include "base/sha256.h"
#include "base/sha256_blocks.h"

static void check_hex(const uint8_t digest[32], const char *hex)
{
	char text[65];
	for (size_t i = 0; i < 32; i++)
		snprintf(text + 2 * i, 3, "%02x", digest[i]);
	assert_string_equal(text, hex);
}

/* FIPS 180-4's examples, and a million times the letter a. */
static void known_answers(void **state)
{
	(void)state;
	static uint8_t letters[1000000];
	uint8_t d[32];
	sha256_of(SPAN(""), d);
	check_hex(d, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
	sha256_of(SPAN("abc"), d);
	check_hex(d, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
	sha256_of(SPAN("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq"), d);
	check_hex(d, "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
	memset(letters, 'a', sizeof letters);
	sha256_of(span_of(letters, sizeof letters), d);
	check_hex(d, "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

static uint32_t next_random(uint32_t *x)
{
	*x = *x * 1664525 + 1013904223;
	return *x >> 8;
}

/* However the bytes come, and whatever the length is modulo a block. */
static void pieces_do_not_matter(void **state)
{
	(void)state;
	uint8_t bytes[300], whole[32], pieces[32];
	uint32_t x = 1;
	for (size_t i = 0; i < sizeof bytes; i++)
		bytes[i] = (uint8_t)next_random(&x);
	for (size_t n = 0; n <= sizeof bytes; n++) {
		struct sha256 s;
		sha256_of(span_of(bytes, n), whole);
		sha256_init(&s);
		for (size_t at = 0; at < n;) {
			size_t take = next_random(&x) % 130;
			take = take < n - at ? take : n - at;
			sha256_add(&s, span_of(bytes + at, take));
			at += take;
		}
		sha256_final(&s, pieces);
		assert_memory_equal(whole, pieces, sizeof whole);
	}
}

/* The processor's instructions and plain C say the same; where there are none, C is compared with the known answers
 * above only. */
static void both_ways_agree(void **state)
{
	(void)state;
	uint8_t bytes[8 * SHA256_BLOCK];
	uint32_t x = 7;
	assert_int_equal(sha256_is_fast(), sha256_has_extensions());
	for (int round = 0; round < 500 && sha256_has_extensions(); round++) {
		uint32_t a[8], b[8];
		size_t n = next_random(&x) % 9;
		for (size_t i = 0; i < sizeof bytes; i++)
			bytes[i] = (uint8_t)next_random(&x);
		for (size_t i = 0; i < 8; i++)
			a[i] = b[i] = next_random(&x) << 8 | next_random(&x) % 256;
		sha256_blocks_portable(a, bytes, n);
		sha256_blocks_extensions(b, bytes, n);
		assert_memory_equal(a, b, sizeof a);
	}
	uint32_t h[8] = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
			 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};
	uint8_t empty[SHA256_BLOCK] = {0x80};
	sha256_blocks_portable(h, empty, 1);
	assert_int_equal(h[0], 0xe3b0c442);
	assert_int_equal(h[7], 0x7852b855);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(known_answers),
		cmocka_unit_test(pieces_do_not_matter),
		cmocka_unit_test(both_ways_agree),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
