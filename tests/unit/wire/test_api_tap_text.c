/* Fingerprints of answers: the text that a client will send back has the same one, streamed or not, cut anywhere. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "proxy/wire/api.h"

static const uint8_t text_key[16] = "not a secret";

#define TEXT "The \"second\" appointment is on the 3rd \xe2\x80\x93 bring \xf0\x9f\x98\x80 and papers."
/* The same, as JSON writers may write it. */
#define ESCAPED "The \\\"second\\\" appointment is on the 3rd \\u2013 bring \\ud83d\\ude00 and pa\\u0070ers."

static const struct {
	const char *path;
	bool sse;
	const char *data;
} answers[] = {
	{"/v1/chat/completions", false,
	 "{\"id\":\"x\",\"choices\":[{\"index\":0,\"message\":{\"role\":\"assistant\",\"content\":\"" ESCAPED
	 "\",\"tool_calls\":[{\"function\":{\"content\":\"not this one, though it is long\"}}]}}]}"},
	{"/v1/chat/completions", true,
	 "data: {\"choices\":[{\"index\":0,\"delta\":{\"role\":\"assistant\",\"content\":\"\"}}]}\n\n"
	 "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"The \\\"second\\\" appoint\"}}]}\r\n\r\n"
	 "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"ment is on the 3rd \xe2\x80\x93 bring "
	 "\\ud83d\\ude00\"}}]}\n\n"
	 "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\" and papers.\"}}]}\n\n"
	 "data: {\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\"}]}\n\ndata: [DONE]\n\n"},
	{"/v1/responses", false,
	 "{\"id\":\"resp_1\",\"output\":[{\"type\":\"message\",\"content\":[{\"type\":\"output_text\",\"text\":"
	 "\"" ESCAPED "\"}]}]}"},
	{"/v1/responses", true,
	 "event: response.output_text.delta\ndata: {\"type\":\"response.output_text.delta\",\"delta\":\"The \"}\n\n"
	 "event: response.output_text.done\ndata: {\"type\":\"response.output_text.done\",\"text\":\"" ESCAPED "\"}\n\n"
	 "event: response.completed\ndata: "
	 "{\"type\":\"response.completed\",\"response\":{\"id\":\"resp_1\",\"output\":[{\"type\":"
	 "\"message\",\"content\":[{\"type\":\"output_text\",\"text\":\"" ESCAPED "\"}]}]}}\n\n"},
	{"/anthropic/v1/messages", false,
	 "{\"id\":\"msg_1\",\"type\":\"message\",\"content\":[{\"type\":\"text\",\"text\":\"" ESCAPED "\"}]}"},
	{"/anthropic/v1/messages", true,
	 "event: content_block_start\ndata: "
	 "{\"type\":\"content_block_start\",\"index\":0,\"content_block\":{\"type\":\"text\","
	 "\"text\":\"\"}}\n\n"
	 "event: content_block_delta\ndata: "
	 "{\"type\":\"content_block_delta\",\"index\":0,\"delta\":{\"type\":\"text_delta\","
	 "\"text\":\"The \\\"second\\\" appointment\"}}\n\n"
	 "event: content_block_delta\ndata: "
	 "{\"type\":\"content_block_delta\",\"index\":0,\"delta\":{\"type\":\"text_delta\","
	 "\"text\":\" is on the 3rd \\u2013 bring \\ud83d\\ude00 and papers.\"}}\n\n"
	 "event: content_block_stop\ndata: {\"type\":\"content_block_stop\",\"index\":0}\n\n"
	 "event: message_stop\ndata: {\"type\":\"message_stop\"}\n\n"},
};

static struct api_tap_result tapped(size_t which, size_t piece, struct arena *arena)
{
	const struct http_head request = {
		.method = SPAN("POST"), .path = span_str(answers[which].path), .framing = HTTP_CHUNKED};
	struct http_head response = {.status = 200};
	struct api_route route;
	struct api_tap_result r;
	assert_int_equal(api_route(&request, &route), ERR_OK);
	assert_int_equal(http_add(&response, SPAN("Content-Type"),
				  answers[which].sse ? SPAN("text/event-stream") : SPAN("application/json")),
			 ERR_OK);
	struct api_tap *t = api_tap_new(&route, &response, arena, text_key);
	assert_non_null(t);
	struct span data = span_str(answers[which].data);
	for (size_t i = 0; i < data.n; i += piece)
		api_tap_feed(t, span_sub(data, i, i + piece < data.n ? i + piece : data.n));
	api_tap_result(t, &r);
	return r;
}

static void every_answer_is_known_by_its_text(void **state)
{
	(void)state;
	struct hash128 expected = api_text_fingerprint(text_key, SPAN(TEXT));
	for (size_t i = 0; i < sizeof answers / sizeof *answers; i++) {
		for (size_t piece = 1; piece <= strlen(answers[i].data); piece += piece < 40 ? 1 : 37) {
			struct arena arena = {0};
			struct api_tap_result r = tapped(i, piece, &arena);
			assert_int_equal(r.n_texts, 1);
			assert_true(hash128_eq(r.texts[0], expected));
			arena_fini(&arena);
		}
	}
}

static void half_a_surrogate_pair_reads_as_in_a_request(void **state)
{
	static const char body[] =
		"{\"choices\":[{\"message\":{\"content\":\"lone half \\ud83d here, \\ud83d\\n and \\udc00 there\"}}]}";
	const struct http_head request = {
		.method = SPAN("POST"), .path = SPAN("/v1/chat/completions"), .framing = HTTP_CHUNKED};
	const struct http_head response = {.status = 200};
	struct api_route route;
	struct api_tap_result r;
	struct arena arena = {0};
	(void)state;
	assert_int_equal(api_route(&request, &route), ERR_OK);
	struct api_tap *t = api_tap_new(&route, &response, &arena, text_key);
	assert_non_null(t);
	api_tap_feed(t, span_str(body));
	api_tap_result(t, &r);
	assert_int_equal(r.n_texts, 1);
	assert_true(hash128_eq(
		r.texts[0],
		api_text_fingerprint(text_key,
				     SPAN("lone half \xef\xbf\xbd here, \xef\xbf\xbd\n and \xef\xbf\xbd there"))));
	arena_fini(&arena);
}

static void short_texts_are_not_remembered(void **state)
{
	static const char body[] = "{\"choices\":[{\"message\":{\"content\":\"Yes, of course.\"}}]}";
	const struct http_head request = {
		.method = SPAN("POST"), .path = SPAN("/v1/chat/completions"), .framing = HTTP_CHUNKED};
	const struct http_head response = {.status = 200};
	struct api_route route;
	struct api_tap_result r;
	struct arena arena = {0};
	(void)state;
	assert_int_equal(api_route(&request, &route), ERR_OK);
	struct api_tap *t = api_tap_new(&route, &response, &arena, text_key);
	assert_non_null(t);
	api_tap_feed(t, span_str(body));
	api_tap_result(t, &r);
	assert_int_equal(r.n_texts, 0);
	arena_fini(&arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_answer_is_known_by_its_text),
		cmocka_unit_test(half_a_surrogate_pair_reads_as_in_a_request),
		cmocka_unit_test(short_texts_are_not_remembered),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
