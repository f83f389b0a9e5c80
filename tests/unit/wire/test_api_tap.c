/* The tap on answers: the same result whatever the pieces, bounded, and silent about what it does not understand. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "coded.h"
#include "proxy/wire/api.h"

static const uint8_t text_key[16] = "not a secret";

static void route_to(const char *path, struct api_route *route)
{
	const struct http_head head = {.method = SPAN("POST"), .path = span_str(path), .framing = HTTP_CHUNKED};
	assert_int_equal(api_route(&head, route), ERR_OK);
}

struct tapped {
	struct arena arena;
	struct api_tap *tap;
	struct api_tap_result result;
};

static void open_tap(struct tapped *t, const char *path, struct span type, struct span coding)
{
	*t = (struct tapped){0};
	struct api_route route;
	route_to(path, &route);
	struct http_head response = {.status = 200};
	assert_int_equal(http_add(&response, SPAN("Content-Type"), type), ERR_OK);
	if (coding.p != NULL)
		assert_int_equal(http_add(&response, SPAN("Content-Encoding"), coding), ERR_OK);
	t->tap = api_tap_new(&route, &response, &t->arena, text_key);
	assert_non_null(t->tap);
}

static void feed(struct tapped *t, struct span data, size_t piece)
{
	size_t used = t->arena.used;
	for (size_t i = 0; i < data.n; i += piece)
		api_tap_feed(t->tap, span_sub(data, i, i + piece < data.n ? i + piece : data.n));
	assert_true(t->arena.used - used <= 64 * 1024); /* ids; nothing that grows with the answer */
	api_tap_result(t->tap, &t->result);
}

static void close_tap(struct tapped *t)
{
	arena_fini(&t->arena);
}

static bool has_id(const struct api_tap_result *r, struct span id)
{
	for (size_t i = 0; i < r->n_ids; i++)
		if (span_eq(r->ids[i], id))
			return true;
	return false;
}

#define JSON SPAN("application/json")
#define SSE  SPAN("text/event-stream; charset=utf-8")

static const struct {
	const char *path;
	bool sse, keeps;
	const char *data;
	const char *ids[4];
	const char *geo;
	uint64_t in, out;
	bool error, complete;
} cases[] = {
	{"/v1/responses",
	 false,
	 true,
	 "\n\n{\"id\":\"resp_1\",\"object\":\"response\",\"conversation\":{\"id\":\"conv_1\"},\"error\":null,"
	 "\"output\":[{\"id\":\"msg_1\",\"type\":\"message\","
	 "\"content\":[{\"type\":\"output_text\",\"text\":\"say "
	 "\\\"id\\\":\\\"no\\\"\",\"annotations\":[{\"file_id\":\"file-1\"}]}]}],"
	 "\"usage\":{\"input_tokens\":12,\"input_tokens_details\":{\"output_tokens\":99},\"output_tokens\":34}}",
	 {"resp_1", "conv_1", "file-1", "msg_1"},
	 "",
	 12,
	 34,
	 false,
	 true},
	{"/v1/chat/completions",
	 false,
	 false,
	 "{\"id\":\"chatcmpl-1\",\"choices\":[{\"message\":{\"content\":\"x\"}}],\"usage\":{\"prompt_tokens\":3,"
	 "\"completion_tokens\":4}}",
	 {NULL},
	 "",
	 3,
	 4,
	 false,
	 true},
	{"/v1/chat/completions", false, true, "{\"id\":\"chatcmpl-1\"}", {"chatcmpl-1"}, "", 0, 0, false, true},
	{"/v1/chat/completions", false, true, "{\"id\":\"chatcmpl-1\",\"a\":[", {"chatcmpl-1"}, "", 0, 0, false, false},
	{"/v1/chat/completions", false, false, "{\"error\":{\"message\":\"no\"}}", {NULL}, "", 0, 0, true, true},
	{"/anthropic/v1/messages",
	 false,
	 false,
	 "{\"id\":\"msg_1\",\"type\":\"message\",\"container\":{\"id\":\"container_1\"},\"usage\":{\"input_tokens\":5,"
	 "\"output_tokens\":6,\"inference_geo\":\"us\"}}",
	 {"container_1"},
	 "us",
	 5,
	 6,
	 false,
	 true},
	{"/anthropic/v1/messages",
	 false,
	 false,
	 "{\"type\":\"error\",\"error\":{\"type\":\"overloaded_error\"}}",
	 {NULL},
	 "",
	 0,
	 0,
	 true,
	 true},
	{"/v1/chat/completions",
	 true,
	 true,
	 "data: {\"id\":\"chatcmpl-1\",\"choices\":[{\"delta\":{\"content\":\"[DONE]\"}}]}\n\n: comment\n\n"
	 "data: "
	 "{\"id\":\"chatcmpl-1\",\"choices\":[],\"usage\":{\"prompt_tokens\":7,\"completion_tokens\":8}}\n\ndata: "
	 "[DONE]\n\n",
	 {"chatcmpl-1"},
	 "",
	 7,
	 8,
	 false,
	 true},
	{"/v1/chat/completions",
	 true,
	 false,
	 "data: {\"choices\":[]}\n\ndata: {\"error\":{\"message\":\"x\"}}\n\n",
	 {NULL},
	 "",
	 0,
	 0,
	 true,
	 false},
	{"/v1/responses",
	 true,
	 true,
	 "event: response.created\r\ndata: "
	 "{\"type\":\"response.created\",\"response\":{\"id\":\"resp_2\",\"error\":null}}\r\n\r\n"
	 "event: response.output_item.added\r\ndata: "
	 "{\"type\":\"response.output_item.added\",\"item\":{\"id\":\"rs_1\","
	 "\"summary\":[{\"id\":\"not_an_item\"}]}}\r\n\r\n"
	 "event: response.completed\r\ndata: {\"type\":\"response.completed\",\"response\":{\"id\":\"resp_2\",\r\n"
	 "data: \"usage\":{\"input_tokens\":1,\"output_tokens\":2}}}\r\n\r\n",
	 {"resp_2", "rs_1"},
	 "",
	 1,
	 2,
	 false,
	 true},
	{"/v1/responses",
	 true,
	 true,
	 "data:{\"type\":\"response.failed\",\"response\":{\"id\":\"resp_3\",\"error\":{\"code\":\"x\"}}}\r\r",
	 {"resp_3"},
	 "",
	 0,
	 0,
	 true,
	 true},
	{"/v1/responses",
	 true,
	 true,
	 "event: error\ndata: {\"type\":\"error\",\"message\":\"x\"}\n\n",
	 {NULL},
	 "",
	 0,
	 0,
	 true,
	 false},
	{"/anthropic/v1/messages",
	 true,
	 false,
	 "event: message_start\ndata: "
	 "{\"type\":\"message_start\",\"message\":{\"id\":\"msg_1\",\"usage\":{\"input_tokens\":9,\"output_tokens\":1,"
	 "\"inference_geo\":\"eu\"}}}\n\n"
	 "event: ping\ndata: {\"type\":\"ping\"}\n\n"
	 "event: message_delta\ndata: "
	 "{\"type\":\"message_delta\",\"delta\":{\"container\":{\"id\":\"container_2\"}},\"usage\":{\"output_tokens\":"
	 "10}}\n\n"
	 "event: message_stop\ndata: {\"type\":\"message_stop\"}\n\n",
	 {"container_2"},
	 "eu",
	 9,
	 10,
	 false,
	 true},
};

static void answers(void **state)
{
	(void)state;
	static const size_t pieces[] = {1, 2, 3, 7, 64, SIZE_MAX / 2};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		for (size_t k = 0; k < sizeof pieces / sizeof *pieces; k++) {
			struct tapped t;
			open_tap(&t, cases[i].path, cases[i].sse ? SSE : JSON, SPAN_NULL);
			api_tap_keeps(t.tap, cases[i].keeps);
			feed(&t, span_str(cases[i].data), pieces[k]);
			const struct api_tap_result *r = &t.result;
			size_t n = 0;
			for (; n < 4 && cases[i].ids[n] != NULL; n++)
				assert_true(has_id(r, span_str(cases[i].ids[n])));
			assert_int_equal(r->n_ids, n);
			assert_true(span_eq(r->inference_geo, span_str(cases[i].geo)));
			assert_int_equal(r->input_tokens, cases[i].in);
			assert_int_equal(r->output_tokens, cases[i].out);
			assert_int_equal(r->error_seen, cases[i].error);
			assert_int_equal(r->complete, cases[i].complete);
			close_tap(&t);
		}
	}
}

/* Not stored: neither the answer nor what it consists of can be referred to. */
static void items_of_what_is_not_stored(void **state)
{
	(void)state;
	struct tapped t;
	open_tap(&t, "/v1/responses", JSON, SPAN_NULL);
	api_tap_keeps(t.tap, false);
	feed(&t, SPAN("{\"id\":\"resp_1\",\"output\":[{\"id\":\"msg_1\"}]}"), 5);
	assert_int_equal(t.result.n_ids, 0);
	close_tap(&t);
}

static void compressed_answers(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		for (size_t piece = 1; piece < 100; piece += 13) {
			struct buf coded = coded_gzip(span_str(cases[i].data));
			struct tapped t;
			open_tap(&t, cases[i].path, cases[i].sse ? SSE : JSON, SPAN("gzip"));
			api_tap_keeps(t.tap, cases[i].keeps);
			feed(&t, buf_span(&coded), piece);
			size_t n = 0;
			for (; n < 4 && cases[i].ids[n] != NULL; n++)
				assert_true(has_id(&t.result, span_str(cases[i].ids[n])));
			assert_int_equal(t.result.n_ids, n);
			assert_int_equal(t.result.complete, cases[i].complete);
			close_tap(&t);
			buf_fini(&coded);
		}
	}
	/* Two fields, or a coding that we do not know: not read. */
	static const struct span unknown[] = {SPAN("br"), SPAN("gzip, gzip"), SPAN("gzip;q=1")};
	for (size_t i = 0; i < sizeof unknown / sizeof *unknown; i++) {
		struct tapped t;
		open_tap(&t, "/v1/responses", JSON, unknown[i]);
		feed(&t, SPAN("{\"id\":\"resp_1\"}"), 4);
		assert_int_equal(t.result.n_ids, 0);
		close_tap(&t);
	}
}

static void defaults(void **state)
{
	(void)state;
	struct tapped t;
	open_tap(&t, "/v1/responses", JSON, SPAN_NULL);
	feed(&t, SPAN("{\"id\":\"resp_1\"}"), 4);
	assert_int_equal(t.result.n_ids, 1);
	close_tap(&t);
	open_tap(&t, "/v1/chat/completions", JSON, SPAN("identity"));
	feed(&t, SPAN("{\"id\":\"chatcmpl-1\"}"), 4);
	assert_int_equal(t.result.n_ids, 0);
	assert_true(t.result.complete);
	close_tap(&t);
	open_tap(&t, "/v1/responses", JSON, SPAN("gzip"));
	feed(&t, SPAN("{\"id\":\"resp_1\"}"), 4);
	assert_int_equal(t.result.n_ids, 0);
	assert_false(t.result.complete);
	close_tap(&t);
	/* no route at all */
	struct arena arena = {0};
	struct api_route unknown = {.family = API_UNKNOWN};
	struct http_head response = {.status = 200};
	struct api_tap *tap = api_tap_new(&unknown, &response, &arena, text_key);
	assert_non_null(tap);
	api_tap_feed(tap, SPAN("[1]"));
	struct api_tap_result r;
	api_tap_result(tap, &r);
	assert_true(r.complete);
	arena_fini(&arena);
	arena_init(&arena, 8);
	assert_null(api_tap_new(&unknown, &response, &arena, text_key));
	arena_fini(&arena);
}

/* Too long, too deep, too many: left out, and nothing else is. */
static void bounds(void **state)
{
	(void)state;
	struct buf b = {0};
	buf_add_str(&b, "{\"file_id\":\"");
	for (int i = 0; i < 1000; i++)
		buf_add_byte(&b, 'a');
	buf_add_str(&b, "\",\"x\":\"");
	for (int i = 0; i < 100000; i++)
		buf_add_byte(&b, 'a');
	buf_add_str(&b, "\",\"id\":\"resp_\\u0031\",\"a\":[");
	for (int i = 0; i < 300; i++)
		buf_printf(&b, "%s{\"file_id\":\"file-%d\"}", i > 0 ? "," : "", i);
	buf_add_str(&b, "],\"usage\":{\"input_tokens\":99999999999999999999,\"output_tokens\":1.5}}");
	struct tapped t;
	open_tap(&t, "/v1/responses", JSON, SPAN_NULL);
	feed(&t, buf_span(&b), 777);
	assert_int_equal(t.result.n_ids, 256);
	assert_true(has_id(&t.result, SPAN("file-0")) && has_id(&t.result, SPAN("file-255")));
	assert_int_equal(t.result.input_tokens, 0);
	assert_int_equal(t.result.output_tokens, 0);
	assert_true(t.result.complete);
	close_tap(&t);
	buf_clear(&b);
	for (int i = 0; i < 1000; i++)
		buf_add_str(&b, "[{\"id\":");
	open_tap(&t, "/v1/responses", JSON, SPAN_NULL);
	feed(&t, buf_span(&b), 13);
	assert_false(t.result.complete);
	close_tap(&t);
	buf_fini(&b);
}

/* Noise of all kinds neither crashes it nor makes it grow. */
static void noise(void **state)
{
	(void)state;
	static const char alphabet[] = "{}[],:\"\\ \n\r\tdata: event: iderror[DONE]0123456789nultrefs\x00\xff";
	uint64_t rng = 42;
	for (int round = 0; round < 400; round++) {
		struct tapped t;
		open_tap(&t, "/v1/responses", round % 2 == 0 ? JSON : SSE, SPAN_NULL);
		uint8_t data[512];
		for (size_t i = 0; i < sizeof data; i++) {
			rng = rng * 6364136223846793005u + 1442695040888963407u;
			data[i] = (uint8_t)alphabet[(rng >> 33) % (sizeof alphabet - 1)];
		}
		feed(&t, span_of(data, sizeof data), 1 + (size_t)round % 31);
		close_tap(&t);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(answers),
					   cmocka_unit_test(defaults),
					   cmocka_unit_test(items_of_what_is_not_stored),
					   cmocka_unit_test(compressed_answers),
					   cmocka_unit_test(bounds),
					   cmocka_unit_test(noise)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
