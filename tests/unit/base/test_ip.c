#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/ip.h"

static bool private_(const char *address)
{
	uint8_t ip[16];
	assert_true(ip_parse(span_str(address), ip));
	return ip_is_private(ip);
}

static bool has(const char *network, const char *address)
{
	struct cidr c;
	uint8_t ip[16];
	assert_true(cidr_parse(span_str(network), &c));
	assert_true(ip_parse(span_str(address), ip));
	return cidr_has(&c, ip);
}

static void test_addresses(void **state)
{
	(void)state;
	uint8_t ip[16];
	static const uint8_t want[16] = {[10] = 0xff, [11] = 0xff, [12] = 10, [13] = 20, [14] = 0, [15] = 5};
	assert_true(ip_parse(SPAN("10.20.0.5"), ip));
	assert_memory_equal(ip, want, 16);
	assert_true(ip_parse(SPAN("::ffff:10.20.0.5"), ip));
	assert_memory_equal(ip, want, 16);
	static const char *const bad[] = {"",
					  "10.20.0",
					  "10.20.0.256",
					  "010.1.1.1",
					  "10.1.1.1 ",
					  "fe80::1%eth0",
					  "[::1]",
					  "0x7f.1",
					  "2130706433",
					  "1:2:3:4:5:6:7:8:9",
					  "example.com",
					  "1111111111111111111111111111111111111111111111111111"};
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		assert_false(ip_parse(span_str(bad[i]), ip));
	assert_false(ip_parse(SPAN("10.0.0.1\0.9"), ip));
}

static void test_networks(void **state)
{
	(void)state;
	assert_true(has("10.20.0.0/16", "10.20.255.255"));
	assert_false(has("10.20.0.0/16", "10.21.0.0"));
	assert_true(has("10.20.0.0/16", "::ffff:10.20.1.1"));
	assert_true(has("0.0.0.0/0", "203.0.113.9"));
	assert_false(has("0.0.0.0/0", "2001:db8::1"));
	assert_true(has("::/0", "203.0.113.9"));
	assert_true(has("2001:db8::/33", "2001:db8:7fff::1"));
	assert_false(has("2001:db8::/33", "2001:db8:8000::1"));
	assert_true(has("192.0.2.7", "192.0.2.7"));
	assert_false(has("192.0.2.7", "192.0.2.6"));
	assert_true(has("192.0.2.6/31", "192.0.2.7"));
	static const char *const bad[] = {"",
					  "/8",
					  "10.0.0.0/",
					  "10.0.0.0/33",
					  "10.0.0.0/-1",
					  "10.0.0.0/8/8",
					  "10.20.0.5/16",
					  "2001::/129",
					  "2001:db8::1/32",
					  "10.0.0.0/ 8",
					  "10.0.0.0/0008",
					  "anycast"};
	struct cidr c;
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		assert_false(cidr_parse(span_str(bad[i]), &c));
}

static void test_private(void **state)
{
	(void)state;
	static const char *const inside[] = {"0.0.0.0",         "10.1.2.3",        "100.64.0.1",  "127.0.0.53",
					     "169.254.169.254", "172.31.255.1",    "192.168.1.1", "198.19.0.1",
					     "224.0.0.1",       "255.255.255.255", "::",          "::1",
					     "::127.0.0.1",     "64:ff9b::7f00:1", "fc00::1",     "fdff::1",
					     "fe80::1",         "ff02::1",         "2001:db8::1", "2002:7f00:1::",
					     "::ffff:10.0.0.1"};
	static const char *const outside[] = {"1.1.1.1",     "9.255.255.255",   "11.0.0.0",     "100.63.255.255",
					      "100.128.0.0", "172.15.0.1",      "172.32.0.0",   "192.167.1.1",
					      "198.20.0.0",  "223.255.255.255", "2606:4700::1", "2a00:1450::5",
					      "2003::1",     "::ffff:8.8.8.8"};
	for (size_t i = 0; i < sizeof inside / sizeof *inside; i++)
		assert_true(private_(inside[i]));
	for (size_t i = 0; i < sizeof outside / sizeof *outside; i++)
		assert_false(private_(outside[i]));
}

/* A network holds exactly the addresses that share its prefix: against a bit-by-bit reference, fixed seed. */
static void test_prefix_property(void **state)
{
	(void)state;
	srand(7);
	for (int round = 0; round < 20000; round++) {
		struct cidr c = {.bits = (uint8_t)(rand() % 129)};
		uint8_t ip[16];
		for (int i = 0; i < 16; i++)
			c.ip[i] = ip[i] = (uint8_t)rand();
		unsigned flip = (unsigned)rand() % 128;
		ip[flip / 8] ^= (uint8_t)(0x80 >> flip % 8);
		assert_int_equal(cidr_has(&c, ip), flip >= c.bits);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_addresses),
		cmocka_unit_test(test_networks),
		cmocka_unit_test(test_private),
		cmocka_unit_test(test_prefix_property),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
