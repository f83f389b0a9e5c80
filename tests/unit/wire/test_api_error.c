/* pkgs: jansson */
/* Error answers: the family's shape, types by status, what clients are told about retrying. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>
#include <jansson.h>

#include "proxy/wire/api.h"

struct answer {
	struct arena arena;
	struct http_head head;
	struct buf body;
	json_t *json;
};

static void answer(struct answer *a, enum api_family family, struct api_error e)
{
	*a = (struct answer){0};
	assert_int_equal(api_error_write(family, &e, &a->arena, &a->head, &a->body), ERR_OK);
	assert_int_equal(a->head.framing, HTTP_LENGTH);
	assert_int_equal(a->head.length, a->body.n);
	assert_true(span_eq(http_value(&a->head, SPAN("content-type")), SPAN("application/json")));
	json_error_t error;
	a->json = json_loadb((const char *)a->body.p, a->body.n, 0, &error);
	assert_non_null(a->json);
}

static void done(struct answer *a)
{
	json_decref(a->json);
	arena_fini(&a->arena);
	buf_fini(&a->body);
}

static const char *text_at(json_t *v, const char *outer, const char *key)
{
	const char *s = json_string_value(json_object_get(json_object_get(v, outer), key));
	assert_non_null(s);
	return s;
}

static void types(void **state)
{
	(void)state;
	static const struct {
		enum err err;
		int status;
		const char *openai, *anthropic;
	} cases[] = {
		{ERR_JSON, 400, "invalid_request_error", "invalid_request_error"},
		{ERR_CONTROL_KEY, 400, "invalid_request_error", "invalid_request_error"},
		{ERR_UNAUTHENTICATED, 401, "authentication_error", "authentication_error"},
		{ERR_REFUSED, 403, "permission_error", "permission_error"},
		{ERR_UNKNOWN_STATE, 403, "permission_error", "permission_error"},
		{ERR_ENDPOINT, 404, "invalid_request_error", "not_found_error"},
		{ERR_METHOD, 405, "invalid_request_error", "invalid_request_error"},
		{ERR_TOO_LARGE, 413, "invalid_request_error", "request_too_large"},
		{ERR_CODING, 415, "invalid_request_error", "invalid_request_error"},
		{ERR_UPGRADE, 426, "invalid_request_error", "invalid_request_error"},
		{ERR_INTERNAL, 500, "server_error", "api_error"},
		{ERR_UPSTREAM, 502, "server_error", "api_error"},
		{ERR_QUEUE_FULL, 503, "server_error", "overloaded_error"},
		{ERR_OVERLOAD, 503, "server_error", "overloaded_error"},
		{ERR_AUDIT, 503, "server_error", "api_error"},
		{ERR_UPSTREAM_TIMEOUT, 504, "server_error", "timeout_error"},
	};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		for (int family = API_OPENAI; family <= API_UNKNOWN; family++) {
			struct answer a;
			answer(&a, (enum api_family)family, (struct api_error){.err = cases[i].err});
			assert_int_equal(a.head.status, cases[i].status);
			assert_string_equal(text_at(a.json, "error", "message"), err_text(cases[i].err));
			if (family == API_ANTHROPIC) {
				assert_string_equal(text_at(a.json, "error", "type"), cases[i].anthropic);
				assert_string_equal(json_string_value(json_object_get(a.json, "type")), "error");
				assert_true(json_is_null(json_object_get(a.json, "request_id")));
			} else {
				assert_string_equal(text_at(a.json, "error", "type"), cases[i].openai);
				assert_string_equal(text_at(a.json, "error", "code"), err_reason(cases[i].err));
				assert_true(json_is_null(json_object_get(json_object_get(a.json, "error"), "param")));
			}
			done(&a);
		}
	}
}

static void messages(void **state)
{
	(void)state;
	struct answer a;
	answer(&a, API_OPENAI,
	       (struct api_error){.err = ERR_REFUSED,
				  .record = 42,
				  .rule = SPAN("gdpr/special \"x\""),
				  .contact = SPAN("dpo@example.org")});
	assert_string_equal(
		text_at(a.json, "error", "message"),
		"refused by policy (decision record 42); rule: gdpr/special \"x\"; contact: dpo@example.org");
	done(&a);
	answer(&a, API_ANTHROPIC,
	       (struct api_error){.err = ERR_REFUSED, .record = UINT64_MAX, .message = SPAN("no\xff\n")});
	assert_string_equal(text_at(a.json, "error", "message"),
			    "no\xef\xbf\xbd\n (decision record 18446744073709551615)");
	assert_string_equal(json_string_value(json_object_get(a.json, "request_id")), "record-18446744073709551615");
	done(&a);
}

static void retries(void **state)
{
	(void)state;
	for (int i = 0; i < ERR_COUNT; i++) {
		enum err e = (enum err)(-1 - i);
		struct answer a;
		answer(&a, API_OPENAI, (struct api_error){.err = e});
		struct span should = http_value(&a.head, SPAN("x-should-retry"));
		bool busy = e == ERR_QUEUE_FULL || e == ERR_ENGINE_DOWN || e == ERR_OVERLOAD || e == ERR_SHUTDOWN;
		bool transient = e == ERR_DNS || e == ERR_CONNECT || e == ERR_UPSTREAM || e == ERR_UPSTREAM_GONE ||
				 e == ERR_UPSTREAM_TIMEOUT || e == ERR_TIMEOUT;
		if (busy || transient)
			assert_null(should.p);
		else
			assert_true(span_eq(should, SPAN("false")));
		assert_true(span_eq(http_value(&a.head, SPAN("retry-after")), busy ? SPAN("5") : SPAN_NULL));
		done(&a);
	}
	struct answer a;
	answer(&a, API_OPENAI, (struct api_error){.err = ERR_QUEUE_FULL, .retry_after_s = 17});
	assert_true(span_eq(http_value(&a.head, SPAN("retry-after")), SPAN("17")));
	done(&a);
	/* A rate limit is a refusal by name and an invitation to come back. */
	answer(&a, API_ANTHROPIC, (struct api_error){.err = ERR_REFUSED, .status = 429, .retry_after_s = 60});
	assert_int_equal(a.head.status, 429);
	assert_string_equal(text_at(a.json, "error", "type"), "rate_limit_error");
	assert_null(http_value(&a.head, SPAN("x-should-retry")).p);
	done(&a);
}

static void failures(void **state)
{
	(void)state;
	struct arena arena;
	struct http_head head;
	const struct api_error e = {.err = ERR_QUEUE_FULL, .retry_after_s = 3};
	for (size_t limit = 1; limit < 100; limit++) {
		struct buf body;
		buf_init(&body, limit);
		arena_init(&arena, 0);
		assert_int_equal(api_error_write(API_OPENAI, &e, &arena, &head, &body), ERR_LIMIT);
		buf_fini(&body);
		arena_fini(&arena);
	}
	struct buf body = {0};
	arena_init(&arena, 1);
	assert_int_equal(api_error_write(API_OPENAI, &e, &arena, &head, &body), ERR_NOMEM);
	arena_fini(&arena);
	buf_fini(&body);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(types), cmocka_unit_test(messages),
					   cmocka_unit_test(retries), cmocka_unit_test(failures)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
