#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "calls.h"
#include "fake_dns.h"
#include "proxy/net/dns.h"

static const struct fake_name names[] = {
	{.name = "one.test", .v4 = {"127.0.0.1"}, .ttl = 60},
	{.name = "two.test", .v4 = {"127.0.0.2", "127.0.0.1"}, .ttl = 60},
	{.name = "mixed.test", .v4 = {"93.184.216.34", "10.0.0.1"}, .ttl = 60},
	{.name = "private6.test", .v6 = {"fd00::1"}, .ttl = 60},
	{.name = "mapped.test", .v6 = {"::ffff:127.0.0.1"}, .ttl = 60},
	{.name = "many.test",
	 .v4 = {"192.0.2.1", "192.0.2.2", "192.0.2.3", "192.0.2.4"},
	 .v6 = {"2001:db8::1"},
	 .ttl = 0},
	{.name = "empty.test", .ttl = 60},
	{.name = "failing.test", .rcode = 2},
	{.name = "garbage.test", .garbage = true},
	{.name = "silent.test", .silent = true},
	{0},
};

struct fixture {
	struct rig rig;
	struct fake_dns dns;
	int listener;
	uint16_t port;
	struct call call;
};

static void begin(struct fixture *f)
{
	char servers[64];
	memset(f, 0, sizeof *f);
	rig_init(&f->rig);
	fake_dns_start(&f->dns, names);
	f->listener = listen_loopback(&f->port);
	f->rig.client = client_new(f->rig.loop);
	assert_non_null(f->rig.client);
	snprintf(servers, sizeof servers, "127.0.0.1:%u", f->dns.port);
	assert_int_equal(dns_servers(client_dns(f->rig.client), servers, 50), ERR_OK);
}

static void end(struct fixture *f)
{
	client_free(f->rig.client);
	f->rig.client = NULL;
	fake_dns_stop(&f->dns);
	close(f->listener);
	rig_fini(&f->rig);
}

static void answer_one(struct rig *r, void *arg)
{
	struct fixture *f = arg;
	struct peer p;
	CHECK(r, peer_accept(&p, f->listener, NULL, NULL));
	CHECK(r, peer_until(&p, "\r\n\r\n"));
	CHECK(r, peer_say(&p, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nhi"));
	peer_close(&p);
}

static void no_script(struct rig *r, void *arg)
{
	(void)r;
	(void)arg;
}

/* One request to a name. */
static void run(struct fixture *f, const char *host, bool private_ok, bool answers)
{
	struct upstream_options o = call_options(f->port);
	o.host = span_str(host);
	o.private_ok = private_ok;
	o.connect_ms = 2000;
	f->call = (struct call){.rig = &f->rig, .upstream = call_upstream(&o), .method = "GET", .path = "/"};
	f->rig.n_closed = 0;
	f->rig.want_closed = 1;
	call_start(&f->call);
	rig_run(&f->rig, answers ? answer_one : no_script, f);
	call_fini(&f->call);
}

static void test_name_is_resolved_and_the_address_told(void **state)
{
	struct fixture f;
	(void)state;
	begin(&f);
	run(&f, "one.test", true, true);
	assert_int_equal(f.call.status, 200);
	assert_string_equal(f.call.address, "127.0.0.1");
	assert_int_equal(f.dns.questions, 1);
	/* Known for its time to live, however it is spelt. */
	run(&f, "ONE.test", true, true);
	assert_int_equal(f.call.status, 200);
	assert_int_equal(f.dns.questions, 1);
	end(&f);
}

static void test_next_address_is_tried(void **state)
{
	struct fixture f;
	(void)state;
	begin(&f);
	run(&f, "two.test", true, true);
	assert_int_equal(f.call.status, 200);
	assert_string_equal(f.call.address, "127.0.0.1");
	end(&f);
}

static void test_address_that_leads_nowhere_is_asked_for_again(void **state)
{
	static const struct fake_name before[] = {{.name = "moved.test", .v4 = {"127.0.0.2"}, .ttl = 300}, {0}};
	static const struct fake_name after[] = {{.name = "moved.test", .v4 = {"127.0.0.1"}, .ttl = 300}, {0}};
	struct fixture f;
	(void)state;
	begin(&f);
	f.dns.names = before;
	run(&f, "moved.test", true, false);
	assert_int_equal(f.call.lease_err, ERR_CONNECT);
	f.dns.names = after;
	run(&f, "moved.test", true, true);
	assert_int_equal(f.call.status, 200);
	end(&f);
}

static void test_private_addresses_of_clouds_are_refused(void **state)
{
	static const char *const hosts[] = {"one.test", "mixed.test", "private6.test", "mapped.test", "localhost"};
	struct fixture f;
	(void)state;
	begin(&f);
	for (size_t i = 0; i < sizeof hosts / sizeof *hosts; i++) {
		run(&f, hosts[i], false, false);
		assert_int_equal(f.call.lease_err, ERR_RESIDENCY);
	}
	end(&f);
}

static void test_names_without_address(void **state)
{
	static const char *const hosts[] = {"nowhere.test", "empty.test", "failing.test", "garbage.test",
					    "silent.test"};
	struct fixture f;
	(void)state;
	begin(&f);
	for (size_t i = 0; i < sizeof hosts / sizeof *hosts; i++) {
		run(&f, hosts[i], true, false);
		assert_int_equal(f.call.lease_err, ERR_DNS);
	}
	/* Failures are not remembered. */
	unsigned before = f.dns.questions;
	run(&f, "nowhere.test", true, false);
	assert_true(f.dns.questions > before);
	end(&f);
}

struct question {
	struct dns_question q;
	struct loop *loop;
	size_t *left;
	struct dns_answer answer;
	enum err err;
	bool done;
};

static void on_answer(struct dns_question *dq, const struct dns_answer *answer, enum err err)
{
	struct question *q = (struct question *)(void *)dq;
	assert_false(q->done);
	q->done = true;
	q->err = err;
	if (err == ERR_OK)
		q->answer = *answer;
	if (q->left != NULL && --*q->left == 0)
		loop_stop(q->loop);
}

static void test_questions_are_shared_and_can_be_cancelled(void **state)
{
	struct fixture f;
	struct question q[5] = {0};
	size_t left = 4;
	(void)state;
	begin(&f);
	for (size_t i = 0; i < 5; i++) {
		q[i] = (struct question){.q.done = on_answer, .loop = f.rig.loop, .left = &left};
		dns_ask(client_dns(f.rig.client), SPAN("many.test"), &q[i].q);
	}
	dns_cancel(&q[2].q);
	rig_loop(&f.rig);
	assert_int_equal(f.dns.questions, 1);
	for (size_t i = 0; i < 5; i++) {
		assert_int_equal(q[i].done, i != 2);
		if (i == 2)
			continue;
		assert_int_equal(q[i].err, ERR_OK);
		assert_int_equal(q[i].answer.n, 5);
		assert_int_equal(q[i].answer.addresses[0].any.sa_family, AF_INET);
		assert_int_equal(q[i].answer.addresses[4].any.sa_family, AF_INET6);
	}
	end(&f);
}

static void test_free_answers_open_questions(void **state)
{
	struct fixture f;
	struct question q = {.q.done = on_answer};
	(void)state;
	begin(&f);
	dns_ask(client_dns(f.rig.client), SPAN("silent.test"), &q.q);
	client_free(f.rig.client);
	f.rig.client = NULL;
	assert_true(q.done);
	assert_int_equal(q.err, ERR_SHUTDOWN);
	end(&f);
}

static void test_cache_is_bounded(void **state)
{
	struct fixture f;
	struct question q[300] = {0};
	char name[300][24];
	size_t left = 300;
	(void)state;
	begin(&f);
	for (size_t i = 0; i < 300; i++) {
		snprintf(name[i], sizeof name[i], "n%zu.test", i);
		q[i] = (struct question){.q.done = on_answer, .loop = f.rig.loop, .left = &left};
		dns_ask(client_dns(f.rig.client), span_str(name[i]), &q[i].q);
	}
	rig_loop(&f.rig);
	for (size_t i = 0; i < 300; i++)
		assert_int_equal(q[i].err, ERR_DNS);
	end(&f);
}

static void test_servers_that_are_none(void **state)
{
	struct fixture f;
	(void)state;
	begin(&f);
	assert_int_equal(dns_servers(client_dns(f.rig.client), "nonsense", 50), ERR_CONFIG);
	end(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_name_is_resolved_and_the_address_told),
		cmocka_unit_test(test_next_address_is_tried),
		cmocka_unit_test(test_address_that_leads_nowhere_is_asked_for_again),
		cmocka_unit_test(test_private_addresses_of_clouds_are_refused),
		cmocka_unit_test(test_names_without_address),
		cmocka_unit_test(test_questions_are_shared_and_can_be_cancelled),
		cmocka_unit_test(test_free_answers_open_questions),
		cmocka_unit_test(test_cache_is_bounded),
		cmocka_unit_test(test_servers_that_are_none),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
