/* pkgs: jansson */
/* Replacing parts of a body: everything else stays as it is, byte by byte, and the result still parses. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>
#include <jansson.h>

#include "proxy/wire/api.h"

static void edits(void **state)
{
	(void)state;
	struct span body = SPAN("0123456789");
	const struct splice_edit e[] = {
		{0, 1, SPAN("AA")}, {1, 1, SPAN("b")}, {3, 6, SPAN_NULL}, {9, 10, SPAN("Z")}, {10, 10, SPAN("!")}};
	struct buf out = {0};
	buf_add_str(&out, ">");
	assert_int_equal(splice_apply(body, e, 5, &out), ERR_OK);
	assert_true(span_eq(buf_span(&out), SPAN(">AAb12678Z!")));
	buf_clear(&out);
	assert_int_equal(splice_apply(body, NULL, 0, &out), ERR_OK);
	assert_true(span_eq(buf_span(&out), body));
	buf_clear(&out);
	assert_int_equal(splice_apply(SPAN_NULL, NULL, 0, &out), ERR_OK);
	assert_int_equal(out.n, 0);
	buf_fini(&out);
}

static void bad_edits(void **state)
{
	(void)state;
	static const struct splice_edit bad[][2] = {
		{{3, 5, {0}}, {4, 6, {0}}},  {{5, 6, {0}}, {1, 2, {0}}},     {{4, 3, {0}}, {5, 5, {0}}},
		{{0, 1, {0}}, {9, 11, {0}}}, {{11, 11, {0}}, {12, 12, {0}}},
	};
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		struct buf out = {0};
		assert_int_equal(splice_apply(SPAN("0123456789"), bad[i], 2, &out), ERR_INTERNAL);
		assert_int_equal(out.n, 0);
		buf_fini(&out);
	}
	struct buf small;
	buf_init(&small, 5);
	assert_int_equal(splice_apply(SPAN("0123456789"), NULL, 0, &small), ERR_LIMIT);
	buf_fini(&small);
	/* What counts is the result. */
	const struct splice_edit shorter = {2, 9, SPAN("xx")};
	assert_int_equal(splice_apply(SPAN("0123456789"), &shorter, 1, &small), ERR_OK);
	assert_true(span_eq(buf_span(&small), SPAN("01xx9")));
	buf_fini(&small);
}

static const char body_text[] = "{ \"model\":\"m\" ,\"messages\":[{\"role\":\"user\",\"content\":\"Dear M\\u00fcller, "
				"call \\ud83d\\ude00 Anna\\nnow\"},"
				"{\"role\":\"user\",\"content\":[{\"type\":\"text\",\"text\":\"plain \xe2\x82\xac "
				"text\"}]}],\"seed\":9007199254740993,\"x\":1.10}";

static struct api_extract extract(struct span body, struct arena *arena)
{
	const struct http_head head = {
		.method = SPAN("POST"), .path = SPAN("/v1/chat/completions"), .framing = HTTP_CHUNKED};
	struct api_route route;
	struct api_extract x;
	struct api_problem problem;
	struct api_limits limits = api_limits_default();
	assert_int_equal(api_route(&head, &route), ERR_OK);
	assert_int_equal(api_extract(&route, body, &limits, arena, &x, &problem), ERR_OK);
	return x;
}

/* Replaces decoded bytes [from, to) of text i and gives the text as jansson reads it afterwards. */
static void replace(struct span body, const struct api_text *t, uint32_t from, uint32_t to, struct span with,
		    struct buf *out)
{
	struct splice_edit e = {api_map(body, t, from), api_map(body, t, to), with};
	assert_int_equal(splice_apply(body, &e, 1, out), ERR_OK);
	/* nothing outside the string moved but by the difference in length */
	assert_memory_equal(out->p, body.p, t->raw_start);
	size_t tail = body.n - t->raw_end;
	assert_memory_equal(out->p + out->n - tail, body.p + t->raw_end, tail);
}

/* Every pair of code-point boundaries of every string, replaced: what jansson then reads is the text with the part
 * replaced. */
static void round_trip(void **state)
{
	(void)state;
	struct span body = span_str(body_text), with = SPAN("\\\"X\\u00e9\\\"");
	struct span meaning = SPAN("\"X\xc3\xa9\"");
	struct arena arena = {0};
	struct api_extract x = extract(body, &arena);
	size_t strings = 0;
	for (size_t i = 0; i < x.n_texts; i++) {
		const struct api_text *t = &x.texts[i];
		if (t->is_key || t->is_number)
			continue;
		strings++;
		for (uint32_t from = 0; from <= t->text.n; from++) {
			for (uint32_t to = from; to <= t->text.n; to++) {
				bool inside = (from < t->text.n && (t->text.p[from] & 0xc0) == 0x80) ||
					      (to < t->text.n && (t->text.p[to] & 0xc0) == 0x80);
				if (inside)
					continue;
				struct buf out = {0}, want = {0};
				replace(body, t, from, to, with, &out);
				buf_add(&want, span_sub(t->text, 0, from));
				buf_add(&want, meaning);
				buf_add(&want, span_sub(t->text, to, t->text.n));
				json_error_t error;
				json_t *v = json_loadb((const char *)out.p, out.n, 0, &error);
				assert_non_null(v);
				json_decref(v);
				struct arena again = {0};
				struct api_extract y = extract(buf_span(&out), &again);
				assert_int_equal(y.n_texts, x.n_texts);
				assert_true(span_eq(y.texts[i].text, buf_span(&want)));
				arena_fini(&again);
				buf_fini(&out);
				buf_fini(&want);
			}
		}
	}
	assert_int_equal(strings, 2);
	arena_fini(&arena);
}

/* The same text as jansson reads it. */
static void agrees_with_jansson(void **state)
{
	(void)state;
	struct span body = span_str(body_text);
	struct arena arena = {0};
	struct api_extract x = extract(body, &arena);
	json_error_t error;
	json_t *v = json_loadb((const char *)body.p, body.n, 0, &error);
	json_t *messages = json_object_get(v, "messages");
	const char *first = json_string_value(json_object_get(json_array_get(messages, 0), "content"));
	json_t *part = json_array_get(json_object_get(json_array_get(messages, 1), "content"), 0);
	assert_true(span_eq(x.texts[0].text, span_str(first)));
	assert_true(span_eq(x.texts[1].text, span_str(json_string_value(json_object_get(part, "text")))));
	json_decref(v);
	arena_fini(&arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(edits), cmocka_unit_test(bad_edits),
					   cmocka_unit_test(round_trip), cmocka_unit_test(agrees_with_jansson)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
