#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "proxy/net/address.h"

static bool is_special(const char *text)
{
	struct address a;
	assert_true(address_literal(span_str(text), 443, &a));
	return address_special(&a);
}

static const char *const private_addresses[] = {
	"0.0.0.0",
	"0.1.2.3",
	"10.0.0.0",
	"10.255.255.255",
	"100.64.0.0",
	"100.127.255.255",
	"127.0.0.1",
	"127.255.255.255",
	"169.254.0.1",
	"172.16.0.0",
	"172.31.255.255",
	"192.0.0.8",
	"192.0.2.1",
	"192.88.99.1",
	"192.168.0.0",
	"192.168.255.255",
	"198.18.0.1",
	"198.19.255.255",
	"198.51.100.1",
	"203.0.113.1",
	"224.0.0.1",
	"239.255.255.255",
	"240.0.0.1",
	"255.255.255.255",
	"::",
	"::1",
	"::ffff:10.0.0.1",
	"::ffff:127.0.0.1",
	"64:ff9b::10.0.0.1",
	"64:ff9b:1::1",
	"100::1",
	"2001::1",
	"2001:db8::1",
	"2002:a00:1::",
	"2002:7f00:1::",
	"3fff::1",
	"4000::1",
	"5f00::1",
	"fc00::1",
	"fdff::1",
	"fe80::1",
	"fec0::1",
	"ff02::1",
	"::127.0.0.1",
};
static const char *const public_addresses[] = {
	"1.1.1.1",        "9.255.255.255",   "11.0.0.0",       "100.63.255.255", "100.128.0.0",     "126.255.255.255",
	"128.0.0.0",      "169.253.255.255", "169.255.0.0",    "172.15.255.255", "172.32.0.0",      "192.0.1.0",
	"192.167.0.1",    "192.169.0.0",     "198.17.255.255", "198.20.0.0",     "223.255.255.255", "8.8.8.8",
	"2606:4700::1",   "2a00:1450::1",    "2001:4860::1",   "2003::1",        "::ffff:8.8.8.8",  "64:ff9b::8.8.8.8",
	"2002:808:808::", "3ffe::1",
};

static void test_what_is_not_public(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof private_addresses / sizeof *private_addresses; i++)
		assert_true(is_special(private_addresses[i]));
	for (size_t i = 0; i < sizeof public_addresses / sizeof *public_addresses; i++)
		assert_false(is_special(public_addresses[i]));
	struct address a;
	assert_int_equal(address_unix(SPAN("/tmp/x"), &a), ERR_OK);
	assert_true(address_special(&a));
}

static void test_literals(void **state)
{
	static const char *const none[] = {"",           "localhost", "1.2.3",  "01.2.3.4", "1.2.3.4.", "0x7f.1",
					   "2130706433", "[::1]",     "::1%lo", "1.2.3.4 ", "1.2.3.4\n"};
	struct address a;
	(void)state;
	for (size_t i = 0; i < sizeof none / sizeof *none; i++)
		assert_false(address_literal(span_str(none[i]), 1, &a));
	assert_false(address_literal(SPAN("1.2.3.4\0"), 1, &a));
	assert_true(address_literal(SPAN("1.2.3.4"), 80, &a));
	assert_int_equal(address_port(&a), 80);
}

static void tell(const char *text, const char *want, const uint8_t ip[16])
{
	struct address a;
	struct stream_peer peer = {0};
	char room[ADDRESS_TEXT];
	assert_true(address_literal(span_str(text), 1, &a));
	address_tell(&a, room, &peer);
	assert_string_equal(room, want);
	assert_true(span_eq(peer.address, span_str(want)));
	assert_memory_equal(peer.ip, ip, 16);
	assert_false(peer.unix_socket);
}

static void test_one_client_has_one_name(void **state)
{
	static const uint8_t v4[16] = {[10] = 0xff, [11] = 0xff, [12] = 1, [13] = 2, [14] = 3, [15] = 4};
	static const uint8_t v6[16] = {[0] = 0x20, [1] = 0x01, [15] = 1};
	(void)state;
	tell("1.2.3.4", "1.2.3.4", v4);
	tell("::ffff:1.2.3.4", "1.2.3.4", v4);
	tell("2001:0::1", "2001::1", v6);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_what_is_not_public),
		cmocka_unit_test(test_literals),
		cmocka_unit_test(test_one_client_has_one_name),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
