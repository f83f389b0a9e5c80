#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#include "config/address.h"
#include "config/tree.h"
#include "config/value.h"

static void test_durations(void **state)
{
	(void)state;
	static const struct {
		const char *text;
		uint64_t ms;
	} good[] = {{"5 s", 5000},    {"5s", 5000},        {"250 ms", 250}, {"2 min", 120000},
		    {"1 h", 3600000}, {"1 day", 86400000}, {"0 s", 0}};
	static const char *const bad[] = {"",
					  "5",
					  "s",
					  "5  s",
					  "5 S",
					  "-5 s",
					  "5.5 s",
					  "5 sec",
					  " 5 s",
					  "5 s ",
					  "18446744073709551615 s",
					  "99999999999999999999 ms",
					  "12 months"};
	uint64_t v;
	for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
		assert_true(value_ms(span_str(good[i].text), &v));
		assert_int_equal(v, good[i].ms);
	}
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		assert_false(value_ms(span_str(bad[i]), &v));
	assert_true(value_months(SPAN("6 years"), &v) && v == 72);
	assert_true(value_months(SPAN("1 month"), &v) && v == 1);
	assert_false(value_months(SPAN("90 days"), &v));
	assert_true(value_days(SPAN("2 weeks"), &v) && v == 14);
	assert_true(value_bytes(SPAN("64 GiB"), &v) && v == 64ull << 30);
	assert_true(value_bytes(SPAN("1024B"), &v) && v == 1024);
	assert_false(value_bytes(SPAN("64 GB"), &v));
	assert_false(value_bytes(SPAN("18446744073709551615 KiB"), &v));
}

static void test_dates(void **state)
{
	(void)state;
	static const char *const bad[] = {"",           "2025-3-1",    "2025-13-01", "2025-00-01", "2025-02-29",
					  "1900-02-28", "2025-01-32",  "2025-01-00", "2025/01/01", "20250101",
					  "2025-01-0a", "12025-01-01", "1969-12-31"};
	int64_t day;
	assert_true(value_date(SPAN("1970-01-01"), &day) && day == 0);
	assert_true(value_date(SPAN("2000-02-29"), &day) && day == 11016);
	assert_true(value_date(SPAN("2025-03-01"), &day) && day == 20148);
	assert_true(value_date(SPAN("9999-12-31"), &day) && day == 2932896);
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		assert_false(value_date(span_str(bad[i]), &day));
}

static void test_hashes(void **state)
{
	(void)state;
	uint8_t out[32];
	char hex[65];
	memset(hex, 'a', 64);
	hex[64] = '\0';
	assert_true(value_hex32(span_str(hex), out));
	assert_int_equal(out[31], 0xaa);
	hex[3] = 'g';
	assert_false(value_hex32(span_str(hex), out));
	assert_false(value_hex32(span_of("aaaa", 4), out));
	assert_true(value_base64_32(SPAN("AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="), out));
	for (uint8_t i = 0; i < 32; i++)
		assert_int_equal(out[i], i);
	assert_false(value_base64_32(SPAN("AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh9="), out)); /* spare bits */
	assert_false(value_base64_32(SPAN("AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8"), out));
	assert_false(value_base64_32(SPAN("AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBka-xwdHh8="), out));
	assert_false(value_base64_32(SPAN("AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8gAA=="), out));
}

static void test_countries(void **state)
{
	(void)state;
	static const char *const bad[] = {"", "D", "de", "UK", "EU", "ZZ", "XX", "AA", "DEU", "D1"};
	unsigned n = 0;
	for (char a = 'A'; a <= 'Z'; a++)
		for (char b = 'A'; b <= 'Z'; b++) {
			char code[] = {a, b};
			n += value_country(span_of(code, 2)) != COUNTRY_NONE;
		}
	assert_int_equal(n, 249 + 1);
	assert_int_equal(value_country(SPAN("DE")), country_parse(SPAN("DE")));
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		assert_int_equal(value_country(span_str(bad[i])), COUNTRY_NONE);
}

static void expect_url(const char *text, bool tls, const char *host, uint16_t port, const char *path)
{
	struct url u;
	assert_null(url_parse(span_str(text), &u));
	assert_int_equal(u.tls, tls);
	assert_true(span_eq(u.host, span_str(host)));
	assert_int_equal(u.port, port);
	assert_true(span_eq(u.path, span_str(path)));
	assert_null(u.unix_path.p);
}

static void test_urls(void **state)
{
	(void)state;
	struct url u;
	expect_url("https://api.openai.com", true, "api.openai.com", 443, "");
	expect_url("https://api.openai.com/", true, "api.openai.com", 443, "");
	expect_url("http://127.0.0.1:8000/v1//", false, "127.0.0.1", 8000, "/v1");
	expect_url("https://[2001:db8::1]:8443/a/b", true, "2001:db8::1", 8443, "/a/b");
	expect_url("http://[::1]", false, "::1", 80, "");
	assert_null(url_parse(SPAN("unix:/run/engine.sock"), &u));
	assert_true(span_eq(u.unix_path, SPAN("/run/engine.sock")));
	static const char *const bad[] = {"",
					  "api.openai.com",
					  "HTTPS://api.openai.com",
					  "ftp://a.b",
					  "https://",
					  "https:///v1",
					  "https://user@host",
					  "https://user:pw@host/x",
					  "https://host?x=1",
					  "https://host/x?y",
					  "https://host/x#y",
					  "https://host:0",
					  "https://host:65536",
					  "https://host:",
					  "https://host:8x",
					  "https://ho st",
					  "https://host/a b",
					  "https://host/%2e%2e",
					  "https://host/../x",
					  "https://host/a//b",
					  "https://host/.hidden",
					  "https://host\\x",
					  "https://[::1",
					  "https://[127.0.0.1]",
					  "https://::1",
					  "https://10.1",
					  "https://0x7f000001",
					  "https://2130706433",
					  "https://a..b",
					  "https://.a",
					  "https://a.",
					  "https://-a.b",
					  ("https://b\xc3\xbc"
					   "cher.example"),
					  "unix:relative",
					  "unix:/",
					  "unix:"};
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		assert_non_null(url_parse(span_str(bad[i]), &u));
	char path[256] = "unix:/";
	memset(path + 6, 'x', 107);
	assert_non_null(url_parse(span_str(path), &u));
	path[6 + 106] = '\0';
	assert_null(url_parse(span_str(path), &u));
}

static void test_listen_addresses(void **state)
{
	(void)state;
	struct span host, path;
	uint16_t port;
	assert_null(listen_parse(SPAN("127.0.0.1:8080"), &host, &port, &path));
	assert_int_equal(port, 8080);
	assert_null(listen_parse(SPAN("[::]:1"), &host, &port, &path));
	assert_null(listen_parse(SPAN("localhost:3128"), &host, &port, &path));
	assert_null(listen_parse(SPAN("unix:/run/a.sock"), &host, &port, &path));
	static const char *const bad[] = {"",     "127.0.0.1", ":8080", "127.0.0.1:0", "gateway.example:80",
					  "8080", "[::]",      "*:80",  "unix:a"};
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		assert_non_null(listen_parse(span_str(bad[i]), &host, &port, &path));
}

static void test_hosts(void **state)
{
	(void)state;
	assert_true(host_is_loopback(SPAN("localhost")));
	assert_true(host_is_loopback(SPAN("127.9.9.9")));
	assert_true(host_is_loopback(SPAN("::1")));
	assert_false(host_is_loopback(SPAN("localhost.example.com")));
	assert_false(host_is_loopback(SPAN("128.0.0.1")));
	assert_true(host_is_private(SPAN("192.168.3.4")));
	assert_true(host_is_private(SPAN("fd00::1")));
	assert_false(host_is_private(SPAN("8.8.8.8")));
	assert_false(host_is_private(SPAN("10.example.com")));
}

static void test_secrets(void **state)
{
	(void)state;
	/* Put together here so that no scanner takes this file for a leak. */
	static const char *const secrets[] = {("sk-"
					       "proj-abcdefghijklmnop1234"),
					      ("ghp_"
					       "abcdefghijklmnopqrst"),
					      ("-----BEGIN "
					       "PRIVATE KEY-----"),
					      ("Bearer "
					       "abc"),
					      "aB3dE5gH7jK9mN1pQ3sT5vW7yZ9bC1dF3",
					      ("AKIA"
					       "ABCDEFGHIJKLMNOP")};
	static const char *const harmless[] = {"",
					       "openai-eu.key",
					       "claims-assistant",
					       "sk-learn",
					       "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef",
					       "sha256/AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=",
					       "https://MyCompanyName123.openai.azure.com/openai/v1/x/y/z",
					       "/var/lib/Bailiwick/Country2026/country-database-ipv6.mmdb",
					       "Qwen/Qwen3-235B-A22B-Instruct-2507-FP8-Dynamic"};
	for (size_t i = 0; i < sizeof secrets / sizeof *secrets; i++)
		assert_true(looks_secret(span_str(secrets[i])));
	for (size_t i = 0; i < sizeof harmless / sizeof *harmless; i++)
		assert_false(looks_secret(span_str(harmless[i])));
}

static void expect_near(const char *word, const char *candidate, bool want)
{
	struct near n;
	char text[64];
	near_init(&n, span_str(word));
	near_try(&n, span_str(candidate));
	assert_int_equal(near_text(&n, text, sizeof text)[0] != '\0', want);
}

static void test_near(void **state)
{
	(void)state;
	expect_near("destination", "destinations", true);
	expect_near("on-prem", "on_prem", true);
	expect_near("URL", "url", true);
	expect_near("lisetners", "listeners", true);
	expect_near("cidr", "country", false);
	expect_near("x", "url", false);
	expect_near("", "a", false);
	char word[200];
	memset(word, 'a', sizeof word - 1);
	word[sizeof word - 1] = '\0';
	expect_near(word, word, false); /* too long to compare */
	word[48] = '\0';
	expect_near(word, word, true);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_durations), cmocka_unit_test(test_dates),
		cmocka_unit_test(test_hashes),    cmocka_unit_test(test_countries),
		cmocka_unit_test(test_urls),      cmocka_unit_test(test_listen_addresses),
		cmocka_unit_test(test_hosts),     cmocka_unit_test(test_secrets),
		cmocka_unit_test(test_near),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
