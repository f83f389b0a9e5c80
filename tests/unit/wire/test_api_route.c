/* Which endpoint a request line is, and that nothing that merely looks like one is taken for it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "proxy/wire/api.h"

/* target is "METHOD /path[?query]"; the spans point into it, as the head's would. */
static enum err route(const char *target, bool anthropic, struct http_head *head, struct api_route *out)
{
	struct span all = span_str(target);
	size_t space = span_find(all, ' ');
	*head = (struct http_head){.method = span_sub(all, 0, space)};
	struct span path = span_sub(all, space + 1, all.n);
	size_t mark = span_find(path, '?');
	head->target = path;
	head->path = span_sub(path, 0, mark);
	if (mark < path.n)
		head->query = span_sub(path, mark + 1, path.n);
	if (span_eq(head->method, SPAN("POST"))) {
		head->framing = HTTP_LENGTH;
		head->length = 2;
	}
	if (anthropic)
		assert_int_equal(http_add(head, SPAN("Anthropic-Version"), SPAN("2026-10-21")), ERR_OK);
	return api_route(head, out);
}

static const struct {
	const char *target;
	bool anthropic;
	enum api_family family;
	const char *operation, *native, *id, *text;
	bool body;
} found[] = {
	{"POST /v1/chat/completions", false, API_OPENAI, "chat.completions", "/v1/chat/completions", NULL, NULL, true},
	{"POST /openai/v1/chat/completions", true, API_OPENAI, "chat.completions", "/v1/chat/completions", NULL, NULL,
	 true},
	{"POST /openai/chat/completions", false, API_OPENAI, "chat.completions", "/v1/chat/completions", NULL, NULL,
	 true},
	{"POST /v1/responses?beta=true", false, API_OPENAI, "responses", "/v1/responses", NULL, "beta=true", true},
	{"POST /v1/responses?", false, API_OPENAI, "responses", "/v1/responses", NULL, NULL, true},
	{"POST /openai/responses/compact", false, API_OPENAI, "responses.compact", "/v1/responses/compact", NULL, NULL,
	 true},
	{"POST /v1/responses/input_tokens", false, API_OPENAI, "responses.input_tokens", "/v1/responses/input_tokens",
	 NULL, NULL, true},
	{"POST /v1/completions", false, API_OPENAI, "completions", "/v1/completions", NULL, NULL, true},
	{"POST /v1/embeddings", false, API_OPENAI, "embeddings", "/v1/embeddings", NULL, NULL, true},
	{"GET /v1/models", false, API_OPENAI, "models.list", "/v1/models", NULL, NULL, false},
	{"GET /v1/models?after=x", false, API_OPENAI, "models.list", "/v1/models", NULL, "after=x", false},
	{"GET /v1/models/ft:gpt-4o:org::id", false, API_OPENAI, "models.get", "/v1/models/ft:gpt-4o:org::id", NULL,
	 "ft:gpt-4o:org::id", false},
	{"GET /v1/models/a%3Ab?c=d", false, API_OPENAI, "models.get", "/v1/models/a%3Ab", NULL, "a%3Ab?c=d", false},
	{"HEAD /v1/models", false, API_OPENAI, "models.list", "/v1/models", NULL, NULL, false},
	{"OPTIONS /v1/chat/completions", false, API_OPENAI, "chat.completions", "/v1/chat/completions", NULL, NULL,
	 false},
	{"HEAD /v1/chat/completions", false, API_OPENAI, "chat.completions", "/v1/chat/completions", NULL, NULL, false},
	{"GET /v1/responses/resp_1?include=a", false, API_OPENAI, "responses.stored", "/v1/responses/resp_1", "resp_1",
	 "resp_1?include=a", false},
	{"DELETE /openai/v1/responses/resp_1", false, API_OPENAI, "responses.stored", "/v1/responses/resp_1", "resp_1",
	 "resp_1", false},
	{"GET /v1/responses/resp_1/input_items?limit=2", false, API_OPENAI, "responses.stored_input",
	 "/v1/responses/resp_1/input_items", "resp_1", "resp_1/input_items?limit=2", false},
	{"GET /v1/chat/completions/c_1", false, API_OPENAI, "chat.completions.stored", "/v1/chat/completions/c_1",
	 "c_1", "c_1", false},
	{"DELETE /v1/chat/completions/c_1", false, API_OPENAI, "chat.completions.stored", "/v1/chat/completions/c_1",
	 "c_1", "c_1", false},
	{"POST /v1/chat/completions/c_1", false, API_OPENAI, "chat.completions.update", "/v1/chat/completions/c_1",
	 "c_1", "c_1", true},
	{"GET /v1/chat/completions/c_1/messages", false, API_OPENAI, "chat.completions.stored_messages",
	 "/v1/chat/completions/c_1/messages", "c_1", "c_1", false},
	{"POST /v1/messages", true, API_ANTHROPIC, "messages", "/v1/messages", NULL, NULL, true},
	{"POST /v1/messages?beta=true", true, API_ANTHROPIC, "messages", "/v1/messages", NULL, "beta=true", true},
	{"POST /anthropic/v1/messages", false, API_ANTHROPIC, "messages", "/v1/messages", NULL, NULL, true},
	{"POST /v1/messages/count_tokens", true, API_ANTHROPIC, "messages.count_tokens", "/v1/messages/count_tokens",
	 NULL, NULL, true},
	{"GET /v1/models", true, API_ANTHROPIC, "models.list", "/v1/models", NULL, NULL, false},
	{"GET /anthropic/v1/models/claude-x", false, API_ANTHROPIC, "models.get", "/v1/models/claude-x", NULL,
	 "claude-x", false},
};

static void endpoints(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof found / sizeof *found; i++) {
		struct http_head head;
		struct api_route r;
		if (route(found[i].target, found[i].anthropic, &head, &r) != ERR_OK)
			fail_msg("%s was not found", found[i].target);
		assert_int_equal(r.family, found[i].family);
		assert_non_null(r.endpoint);
		assert_true(span_eq(r.operation, span_str(found[i].operation)));
		assert_true(span_eq(r.native_path, span_str(found[i].native)));
		assert_true(span_eq(r.path_state, span_str(found[i].id)));
		assert_int_equal(r.path_state.p != NULL, found[i].id != NULL);
		assert_int_equal(r.state_read, found[i].id != NULL);
		/* Up to the end of the query, if there is one; else the segment alone. */
		assert_true(span_eq(r.path_text, span_str(found[i].text)));
		assert_int_equal(r.has_body, found[i].body);
	}
}

static const struct {
	const char *target;
	bool anthropic;
	enum api_family family;
} not_found[] = {
	{"POST /v1/chat/completions/", false, API_OPENAI},
	{"POST /v1/chat//completions", false, API_OPENAI},
	{"POST //v1/chat/completions", false, API_UNKNOWN},
	{"POST /v1/./chat/completions", false, API_OPENAI},
	{"POST /v1/x/../chat/completions", false, API_OPENAI},
	{"POST /v1/chat%2Fcompletions", false, API_OPENAI},
	{"POST /v1/c%68at/completions", false, API_OPENAI},
	{"POST /v1/Chat/completions", false, API_OPENAI},
	{"POST /V1/chat/completions", false, API_UNKNOWN},
	{"POST /v1/chat/completions;x", false, API_OPENAI},
	{"POST /v1/chat/completions%20", false, API_OPENAI},
	{"POST /v1/chat/completions%00", false, API_OPENAI},
	{"POST /v1/messages", false, API_OPENAI},
	{"POST /v1/chat/completions", true, API_ANTHROPIC},
	{"POST /anthropic/messages", false, API_ANTHROPIC},
	{"POST /anthropic/v1/chat/completions", false, API_ANTHROPIC},
	{"POST /openai/v1/messages", false, API_OPENAI},
	{"POST /openai/openai/v1/responses", false, API_OPENAI},
	{"POST /openaiv1/responses", false, API_UNKNOWN},
	{"POST /openai", false, API_UNKNOWN},
	{"POST /openai/", false, API_OPENAI},
	{"GET /openai/models/x", false, API_OPENAI},
	{"GET /v1/models/", false, API_OPENAI},
	{"GET /v1/models/a/b", false, API_OPENAI},
	{"GET /v1/models/..", false, API_OPENAI},
	{"GET /v1/models/.", false, API_OPENAI},
	{"GET /v1/models/%2e%2e", false, API_OPENAI},
	{"GET /v1/models/a%2Fb", false, API_OPENAI},
	{"GET /v1/models/a%5cb", false, API_OPENAI},
	{"GET /v1/models/a%252Fb", false, API_OPENAI},
	{"GET /v1/models/%61", false, API_OPENAI},
	{"GET /v1/models/a%", false, API_OPENAI},
	{"GET /v1/models/a%4", false, API_OPENAI},
	{"GET /v1/models/a%zz", false, API_OPENAI},
	{"GET /v1/models/a%0d", false, API_OPENAI},
	{"GET /v1/models/a\\b", false, API_OPENAI},
	{"GET /v1/models/a;b", false, API_OPENAI},
	{"GET /v1/responses//input_items", false, API_OPENAI},
	{"GET /v1/responses/a/b/input_items", false, API_OPENAI},
	{"GET /v1/responses/resp_1/output", false, API_OPENAI},
	{"POST /v1/images/generations", false, API_OPENAI},
	{"GET /v1", false, API_UNKNOWN},
	{"GET /", false, API_UNKNOWN},
	{"GET /", true, API_ANTHROPIC},
	{"OPTIONS *", false, API_UNKNOWN},
};

static void unknown(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof not_found / sizeof *not_found; i++) {
		struct http_head head;
		struct api_route r;
		if (route(not_found[i].target, not_found[i].anthropic, &head, &r) != ERR_ENDPOINT)
			fail_msg("%s was taken for an endpoint", not_found[i].target);
		assert_int_equal(r.family, not_found[i].family);
		assert_null(r.endpoint);
		assert_null(r.operation.p);
	}
}

static void methods(void **state)
{
	(void)state;
	static const char *const bad[] = {
		"GET /v1/chat/completions",
		"PUT /v1/responses",
		"DELETE /v1/models/x",
		"POST /v1/models",
		"GET /v1/responses",
		"PATCH /v1/embeddings",
		"get /v1/models",
		"POST /v1/responses/resp_1",
		"GET /v1/responses/compact",
		"TRACE /v1/models",
		"GET /v1/responses/resp_1/cancel",
		"CONNECT /v1/models",
		"DELETE /v1/chat/completions",
	};
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		struct http_head head;
		struct api_route r;
		if (route(bad[i], false, &head, &r) != ERR_METHOD)
			fail_msg("%s was let through", bad[i]);
		assert_non_null(r.endpoint);
	}
}

/* A body where none is read would leave unread. */
static void stray_bodies(void **state)
{
	(void)state;
	static const char *const bodiless[] = {"GET /v1/models",        "HEAD /v1/models",
					       "OPTIONS /v1/responses", "DELETE /v1/responses/r",
					       "GET /v1/responses/r",   "POST /v1/responses/r/cancel"};
	for (size_t i = 0; i < sizeof bodiless / sizeof *bodiless; i++) {
		struct http_head head;
		struct api_route r;
		(void)!route(bodiless[i], false, &head, &r);
		head.framing = HTTP_NO_BODY;
		assert_int_equal(api_route(&head, &r), ERR_OK);
		assert_false(r.has_body);
		head.framing = HTTP_LENGTH;
		head.length = 0;
		assert_int_equal(api_route(&head, &r), ERR_OK);
		head.length = 1;
		assert_int_equal(api_route(&head, &r), ERR_METHOD);
		head.framing = HTTP_CHUNKED;
		assert_int_equal(api_route(&head, &r), ERR_METHOD);
	}
}

static void websockets(void **state)
{
	(void)state;
	struct http_head head;
	struct api_route r;
	assert_int_equal(route("GET /v1/responses", false, &head, &r), ERR_METHOD);
	head.upgrade = true;
	assert_int_equal(api_route(&head, &r), ERR_METHOD);
	assert_int_equal(http_add(&head, SPAN("Upgrade"), SPAN("h2c, WebSocket")), ERR_OK);
	assert_int_equal(api_route(&head, &r), ERR_UPGRADE);
	assert_int_equal(r.family, API_OPENAI);
	head.path = SPAN("/openai/responses");
	assert_int_equal(api_route(&head, &r), ERR_UPGRADE);
	head.path = SPAN("/v1/realtime");
	assert_int_equal(api_route(&head, &r), ERR_ENDPOINT);
}

/* Path and query that do not come from one target cannot be one span. */
static void loose_query(void **state)
{
	(void)state;
	struct api_route r;
	struct span target = SPAN("/v1/models/x##elsewhere");
	struct http_head head = {
		.method = SPAN("GET"), .path = span_sub(target, 0, 12), .query = span_sub(target, 14, target.n)};
	assert_int_equal(api_route(&head, &r), ERR_INTERNAL);
	head.path = SPAN("/v1/models");
	assert_int_equal(api_route(&head, &r), ERR_OK);
	assert_true(span_eq(r.path_text, SPAN("elsewhere")));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(endpoints),    cmocka_unit_test(unknown),    cmocka_unit_test(methods),
		cmocka_unit_test(stray_bodies), cmocka_unit_test(websockets), cmocka_unit_test(loose_query),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
