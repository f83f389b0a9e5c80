#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "server_fixture.h"

static void unix_hello(struct rig *r, void *arg)
{
	struct peer p;
	CHECK(r, peer_connect_unix(&p, arg));
	CHECK(r, peer_say(&p, "GET /hello HTTP/1.1\r\nHost: a\r\n\r\n"));
	CHECK(r, peer_until(&p, "hello"));
	peer_close(&p);
}

static void test_unix_socket(void **state)
{
	struct rig r;
	char path[96], address[128];
	struct stat st;
	enum err e;
	(void)state;
	snprintf(path, sizeof path, "%s/sock", server_pki.dir);
	snprintf(address, sizeof address, "unix:%s", path);
	rig_init(&r);
	rig_serve(&r, address, NULL, server_fixture_limits);
	assert_int_equal(r.port, 0);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0660);
	/* A live socket is not taken away from its owner. */
	struct server_handler none = {0};
	assert_null(server_new(r.loop, span_str(address), -1, NULL, server_fixture_limits, none, NULL, &e));
	assert_int_equal(e, ERR_IO);
	r.want_closed = 1;
	rig_run(&r, unix_hello, path);
	rig_fini(&r);
	assert_int_not_equal(stat(path, &st), 0);
}

static void test_dead_unix_socket_is_replaced_and_other_files_are_not(void **state)
{
	struct rig r;
	char path[96], address[128];
	enum err e;
	(void)state;
	snprintf(path, sizeof path, "%s/sock", server_pki.dir);
	snprintf(address, sizeof address, "unix:%s", path);
	rig_init(&r);
	FILE *f = fopen(path, "w");
	assert_non_null(f);
	fclose(f);
	struct server_handler none = {0};
	assert_null(server_new(r.loop, span_str(address), -1, NULL, server_fixture_limits, none, NULL, &e));
	assert_int_equal(access(path, F_OK), 0);
	unlink(path);
	/* The file of a listener that died without removing it. */
	struct server *s = server_new(r.loop, span_str(address), -1, NULL, server_fixture_limits, none, NULL, &e);
	assert_non_null(s);
	char aside[112];
	snprintf(aside, sizeof aside, "%s.aside", path);
	assert_int_equal(rename(path, aside), 0);
	server_free(s);
	assert_int_equal(rename(aside, path), 0);
	rig_serve(&r, address, NULL, server_fixture_limits);
	r.want_closed = 1;
	rig_run(&r, unix_hello, path);
	rig_fini(&r);
}

static void test_addresses_that_are_none(void **state)
{
	static const char *const bad[] = {"",           ":80",   "127.0.0.1",    "127.0.0.1:",   "127.0.0.1:65536",
					  "::1:80",     "[::1]", "localhost:80", "[1.2.3.4]:80", "1.2.3.4:+5",
					  "1.2.3.4:5x", "unix:", "[::1]:80:90"};
	struct rig r;
	(void)state;
	rig_init(&r);
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		enum err e = ERR_OK;
		struct server_handler none = {0};
		assert_null(server_new(r.loop, span_str(bad[i]), -1, NULL, server_fixture_limits, none, NULL, &e));
		assert_int_equal(e, ERR_CONFIG);
	}
	rig_fini(&r);
}

static void test_passed_socket(void **state)
{
	struct rig r;
	enum err e;
	uint16_t port;
	(void)state;
	int fd = listen_loopback(&port);
	rig_init(&r);
	struct server_handler none = {0};
	struct server *s = server_new(r.loop, SPAN_NULL, fd, NULL, server_fixture_limits, none, NULL, &e);
	assert_non_null(s);
	assert_int_equal(server_port(s), port);
	server_free(s);
	/* The caller's descriptor is still its own. */
	assert_int_equal(close(fd), 0);
	rig_fini(&r);
}

static void speak_plain(struct rig *r, void *arg)
{
	struct peer p;
	(void)arg;
	CHECK(r, peer_connect(&p, r->port, PEER_PLAIN));
	CHECK(r, peer_say(&p, "GET /hello HTTP/1.1\r\nHost: a\r\n\r\n"));
	(void)!peer_until_end(&p);
	CHECK(r, !peer_has(&p, "HTTP"));
	peer_close(&p);
}

static void test_plain_text_on_a_tls_port(void **state)
{
	server_run(*state, speak_plain, 0);
}

static void test_certificates_that_are_none(void **state)
{
	enum err e;
	(void)state;
	assert_null(server_tls_new("/nowhere/cert.pem", server_pki.key, &e));
	assert_int_equal(e, ERR_CONFIG);
	assert_null(server_tls_new(server_pki.cert, server_pki.wrong_key, &e));
	assert_int_equal(e, ERR_CONFIG);
	server_tls_free(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_unix_socket),
		cmocka_unit_test(test_dead_unix_socket_is_replaced_and_other_files_are_not),
		cmocka_unit_test(test_addresses_that_are_none),
		cmocka_unit_test(test_passed_socket),
		cmocka_unit_test_prestate(test_plain_text_on_a_tls_port, &server_tls_on),
		cmocka_unit_test(test_certificates_that_are_none),
	};
	return cmocka_run_group_tests(tests, server_setup, server_teardown);
}
