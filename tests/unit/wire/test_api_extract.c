/* Extraction against a corpus: NAME.json is a body with a marker T<n> in every place that must be scanned and O<n> in
 * every place that is opaque; NAME.expect is the request line and then the whole result, one line each. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "proxy/wire/api.h"
#include "proxy/wire/json.h"

struct sample {
	struct buf json, expect;
	struct http_head head;
	struct api_route route;
};

static void read_file(struct buf *b, const char *name, const char *suffix)
{
	char path[512];
	snprintf(path, sizeof path, "%s/tests/data/api/%s%s", BW_SOURCE_DIR, name, suffix);
	FILE *f = fopen(path, "rb");
	if (f == NULL)
		fail_msg("cannot open %s", path);
	uint8_t chunk[4096];
	for (size_t n; (n = fread(chunk, 1, sizeof chunk, f)) > 0;)
		buf_add(b, span_of(chunk, n));
	fclose(f);
}

static void load(struct sample *s, const char *name)
{
	*s = (struct sample){0};
	read_file(&s->json, name, ".json");
	read_file(&s->expect, name, ".expect");
	struct span line = span_sub(buf_span(&s->expect), 0, span_find(buf_span(&s->expect), '\n'));
	size_t space = span_find(line, ' ');
	s->head.method = span_sub(line, 0, space);
	s->head.path = span_sub(line, space + 1, line.n);
	s->head.framing = HTTP_LENGTH;
	s->head.length = s->json.n;
	assert_int_equal(api_route(&s->head, &s->route), ERR_OK);
	assert_true(s->route.has_body);
}

static void unload(struct sample *s)
{
	buf_fini(&s->json);
	buf_fini(&s->expect);
}

static enum err extract(const struct api_route *route, struct span body, struct arena *arena, struct api_extract *out)
{
	struct api_limits limits = api_limits_default();
	struct api_problem problem;
	enum err e = api_extract(route, body, &limits, arena, out, &problem);
	assert_non_null(problem.what);
	assert_true(problem.offset <= body.n);
	return e;
}

static const char *const roles[] = {"none", "system", "user", "assistant", "tool"};
static const char *const kinds[] = {"state", "file", "url", "attachment", "tokens", "hosted", "encrypted"};

static void dump_text(struct buf *b, const struct api_text *t)
{
	buf_printf(b, "text %s ", roles[t->role]);
	if (t->message == UINT32_MAX)
		buf_add_str(b, "-");
	else
		buf_printf(b, "%u", t->message);
	buf_add_str(b, t->known ? " known" : " other");
	buf_add_str(b, t->is_key ? " key" : t->is_number ? " number" : "");
	buf_add_str(b, t->json_inside ? " json" : t->nested ? " nested" : "");
	buf_add_byte(b, ' ');
	buf_add(b, t->key);
	buf_add_str(b, " = ");
	buf_add_json(b, t->text);
	buf_add_byte(b, '\n');
}

static void dump(struct buf *b, struct span body, const struct api_extract *x)
{
	buf_add_str(b, "model ");
	buf_add(b, x->model);
	buf_printf(b, " stream %d store %d%s geo ", x->stream, x->store, x->store_explicit ? "!" : "");
	buf_add(b, x->inference_geo);
	buf_add_byte(b, '\n');
	for (size_t i = 0; i < x->n_messages; i++) {
		const struct api_message *m = &x->messages[i];
		struct span raw = span_sub(body, m->raw_start, m->raw_end);
		buf_printf(b, "message %zu %s %c…%c\n", i, roles[m->role], raw.p[0], raw.p[raw.n - 1]);
	}
	for (size_t i = 0; i < x->n_texts; i++)
		dump_text(b, &x->texts[i]);
	for (size_t i = 0; i < x->n_refs; i++) {
		const struct api_ref *r = &x->refs[i];
		buf_printf(b, "ref %s %zu ", kinds[r->kind], r->bytes);
		buf_add(b, r->id);
		buf_add_str(b, " = ");
		buf_add(b, span_sub(body, r->raw_start, r->raw_end));
		buf_add_byte(b, '\n');
	}
}

static bool contains(struct span s, struct span needle)
{
	return s.n > 0 && memmem(s.p, s.n, needle.p, needle.n) != NULL;
}

/* Every T<n> of the body is in some text, no O<n> is. */
static void check_markers(struct span body, const struct api_extract *x)
{
	size_t seen = 0;
	for (size_t i = 0; i + 1 < body.n; i++) {
		bool text = body.p[i] == 'T';
		if ((!text && body.p[i] != 'O') || body.p[i + 1] < '1' || body.p[i + 1] > '9')
			continue;
		size_t n = 1;
		while (i + n < body.n && body.p[i + n] >= '0' && body.p[i + n] <= '9')
			n++;
		struct span marker = span_sub(body, i, i + n);
		bool found = false;
		for (size_t k = 0; k < x->n_texts; k++)
			found = found || contains(x->texts[k].text, marker);
		if (found != text)
			fail_msg("%.*s was %sfound", SPAN_ARG(marker), found ? "" : "not ");
		seen++;
	}
	assert_true(seen > 0);
}

/* What api.h promises of every result. */
static void check_invariants(struct span body, const struct api_extract *x)
{
	size_t bytes = 0, opaque = 0;
	for (size_t i = 0; i < x->n_texts; i++) {
		const struct api_text *t = &x->texts[i];
		bytes += t->text.n;
		assert_true(t->raw_start <= t->raw_end && t->raw_end <= body.n);
		assert_true(t->message == UINT32_MAX || t->message < x->n_messages);
		if (t->message != UINT32_MAX) {
			const struct api_message *m = &x->messages[t->message];
			assert_int_equal(t->role, m->role);
			assert_true(t->raw_start >= m->raw_start && t->raw_end <= m->raw_end);
		}
		if (t->nested)
			continue;
		struct span raw = span_sub(body, t->raw_start, t->raw_end);
		assert_true(t->escaped || t->text.p == raw.p);
		uint8_t *out = malloc(raw.n + 1);
		assert_non_null(out);
		struct span text = span_of(out, json_unescape(raw, out));
		assert_true(span_eq(text, t->text));
		assert_int_equal(t->escaped, memchr(raw.p, '\\', raw.n) != NULL);
		free(out);
		struct json_cursor c = {0};
		uint32_t last = t->raw_start;
		for (uint32_t d = 0; d <= t->text.n; d++) {
			uint32_t at = api_map(body, t, d);
			assert_true(at >= last && at <= t->raw_end);
			assert_int_equal(at, api_map_next(body, t, &c, d));
			last = at;
		}
		assert_int_equal(last, t->raw_end);
	}
	assert_int_equal(bytes, x->text_bytes);
	for (size_t i = 0; i < x->n_refs; i++) {
		assert_true(x->refs[i].raw_start <= x->refs[i].raw_end && x->refs[i].raw_end <= body.n);
		opaque += x->refs[i].bytes;
	}
	assert_int_equal(opaque, x->opaque_bytes);
	for (size_t i = 0; i < x->n_messages; i++) {
		assert_true(x->messages[i].raw_start < x->messages[i].raw_end && x->messages[i].raw_end <= body.n);
		assert_true(i == 0 || x->messages[i - 1].raw_end <= x->messages[i].raw_start);
	}
}

static const char *const samples[] = {
	"chat",        "responses",          "responses_string", "messages",          "count_tokens",
	"completions", "completions_tokens", "embeddings",       "embeddings_tokens", "update",
};
enum { N_SAMPLES = sizeof samples / sizeof *samples };

/* A difference is reported with its line; the whole result goes to NAME.got in the working folder. */
static void compare(const char *name, struct span got, struct span want)
{
	if (span_eq(got, want))
		return;
	char path[128];
	snprintf(path, sizeof path, "%s.got", name);
	FILE *f = fopen(path, "wb");
	if (f != NULL) {
		fwrite(got.p, 1, got.n, f);
		fclose(f);
	}
	size_t at = 0, line = 1;
	for (; at < got.n && at < want.n && got.p[at] == want.p[at]; at++)
		line += got.p[at] == '\n';
	fail_msg("%s differs in line %zu of its .expect; see %s", name, line, path);
}

static void corpus(void **state)
{
	(void)state;
	for (size_t i = 0; i < N_SAMPLES; i++) {
		struct sample s;
		load(&s, samples[i]);
		struct arena arena = {0};
		struct api_extract x;
		struct span body = buf_span(&s.json);
		assert_int_equal(extract(&s.route, body, &arena, &x), ERR_OK);
		struct buf got = {0};
		buf_add(&got, span_sub(buf_span(&s.expect), 0, span_find(buf_span(&s.expect), '\n') + 1));
		dump(&got, body, &x);
		compare(samples[i], buf_span(&got), buf_span(&s.expect));
		check_markers(body, &x);
		check_invariants(body, &x);
		buf_fini(&got);
		arena_fini(&arena);
		unload(&s);
	}
}

static struct api_route route_of(const char *path)
{
	struct http_head head = {.method = SPAN("POST"), .path = span_str(path), .framing = HTTP_CHUNKED};
	struct api_route route;
	assert_int_equal(api_route(&head, &route), ERR_OK);
	return route;
}

static enum err try_limits(const char *path, struct span body, struct api_limits limits)
{
	struct api_route route = route_of(path);
	struct arena arena = {0};
	struct api_extract x;
	struct api_problem problem;
	enum err e = api_extract(&route, body, &limits, &arena, &x, &problem);
	if (e == ERR_OK)
		check_invariants(body, &x);
	arena_fini(&arena);
	return e;
}

static enum err try_body(const char *path, struct span body)
{
	return try_limits(path, body, api_limits_default());
}

static const char chat[] = "/v1/chat/completions";

static void control_keys(void **state)
{
	(void)state;
	static const struct {
		const char *path, *body;
		enum err want;
	} cases[] = {
		{chat, "{\"model\":\"a\",\"model\":\"b\"}", ERR_CONTROL_KEY},
		{chat, "{\"model\":\"a\",\"Model\":\"b\"}", ERR_CONTROL_KEY},
		{chat, "{\"MODEL\":\"a\"}", ERR_CONTROL_KEY},
		{chat, "{\"m\\u006fdel\":\"a\"}", ERR_CONTROL_KEY},
		{chat, "{\"model\\u0000\":\"a\"}", ERR_CONTROL_KEY},
		{chat, "{\"model\\u0000x\":\"a\"}", ERR_CONTROL_KEY},
		{chat, "{\"\xc5\xbftream\":true}", ERR_CONTROL_KEY},
		{chat, "{\"too\\u212as\":1,\"tool\xc5\xbf\":[]}", ERR_CONTROL_KEY},
		{chat, "{\"\\u017Ftore\":true}", ERR_CONTROL_KEY},
		{"/v1/responses", "{\"bac\xe2\x84\xaaground\":true}", ERR_CONTROL_KEY},
		{"/v1/responses", "{\"\xc4\xb1nput\":\"x\"}", ERR_CONTROL_KEY},
		{"/v1/responses", "{\"\xc4\xb0nput\":\"x\"}", ERR_CONTROL_KEY},
		{"/v1/responses", "{\"store\":true,\"store\":true}", ERR_CONTROL_KEY},
		{"/anthropic/v1/messages", "{\"system\":\"x\",\"System\":\"x\"}", ERR_CONTROL_KEY},
		{"/anthropic/v1/messages", "{\"Inference_Geo\":\"x\"}", ERR_CONTROL_KEY},
		{"/v1/embeddings", "{\"input\":1,\"input\":[1]}", ERR_CONTROL_KEY},
		{"/v1/completions", "{\"Prompt\":\"x\"}", ERR_CONTROL_KEY},
		/* not at the top level, or no control key */
		{chat, "{\"metadata\":{\"model\":\"a\",\"Model\":\"b\",\"model\":\"c\"}}", ERR_OK},
		{chat, "{\"user\":\"a\",\"user\":\"b\",\"User\":\"c\"}", ERR_OK},
		{chat, "{\"model \":\"a\",\"models\":\"b\",\"mode\":\"c\",\"\":1}", ERR_OK},
		{chat, "{\"\\u0000model\":\"a\"}", ERR_OK},
		{chat, "{\"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\":1}", ERR_OK},
		/* wrong types */
		{chat, "{\"model\":1}", ERR_JSON},
		{chat, "{\"model\":null}", ERR_JSON},
		{chat, "{\"model\":[\"a\"]}", ERR_JSON},
		{chat, "{\"model\":{\"a\":1}}", ERR_JSON},
		{chat, "{\"stream\":\"true\"}", ERR_JSON},
		{chat, "{\"stream\":1}", ERR_JSON},
		{chat, "{\"store\":\"false\"}", ERR_JSON},
		{"/v1/responses", "{\"background\":0}", ERR_JSON},
		{"/anthropic/v1/messages", "{\"inference_geo\":true}", ERR_JSON},
		{"/anthropic/v1/messages", "{\"inference_geo\":null,\"stream\":null}", ERR_OK},
	};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		enum err e = try_body(cases[i].path, span_str(cases[i].body));
		if (e != cases[i].want)
			fail_msg("%s: %s", cases[i].body, e == ERR_OK ? "OK" : err_name(e));
	}
}

static void refusals(void **state)
{
	(void)state;
	assert_int_equal(try_body(chat, SPAN("")), ERR_JSON);
	assert_int_equal(try_body(chat, SPAN_NULL), ERR_JSON);
	assert_int_equal(try_body(chat, SPAN("[]")), ERR_JSON);
	assert_int_equal(try_body(chat, SPAN("[{}]")), ERR_JSON);
	assert_int_equal(try_body(chat, SPAN("\"x\"")), ERR_JSON);
	assert_int_equal(try_body(chat, SPAN("null")), ERR_JSON);
	assert_int_equal(try_body(chat, SPAN("{\"messages\":[{\"content\":\"x\"")), ERR_JSON);
	assert_int_equal(try_body(chat, SPAN("{} {}")), ERR_JSON);
	assert_int_equal(try_body(chat, SPAN("\xef\xbb\xbf{}")), ERR_ENCODING);
	assert_int_equal(try_body(chat, SPAN("{\0}\0")), ERR_ENCODING);
	assert_int_equal(try_body(chat, SPAN("{\"user\":\"\xff\"}")), ERR_ENCODING);
	assert_int_equal(try_body(chat, SPAN("{}")), ERR_OK);
}

/* Nesting and element counts end in a refusal, inside strings of JSON too, and never in a crash. */
static void limits(void **state)
{
	(void)state;
	struct buf b = {0};
	buf_add_str(&b, "{\"x\":");
	for (int i = 0; i < 10000; i++)
		buf_add_byte(&b, '[');
	assert_int_equal(try_body(chat, buf_span(&b)), ERR_DEPTH);
	buf_clear(&b);
	buf_add_str(&b, "{\"x\":[1");
	for (int i = 0; i < 1000000; i++)
		buf_add_str(&b, ",1");
	buf_add_str(&b, "]}");
	assert_int_equal(try_body(chat, buf_span(&b)), ERR_DEPTH);
	buf_clear(&b);
	buf_add_str(&b, "{\"messages\":[{\"tool_calls\":[{\"function\":{\"arguments\":\"");
	for (int i = 0; i < 100; i++)
		buf_add_byte(&b, '[');
	for (int i = 0; i < 100; i++)
		buf_add_byte(&b, ']');
	buf_add_str(&b, "\"}}]}]}");
	assert_int_equal(try_body(chat, buf_span(&b)), ERR_DEPTH);
	assert_int_equal(try_limits(chat, buf_span(&b), (struct api_limits){.max_depth = 128, .max_tokens = 1000}),
			 ERR_OK);
	assert_int_equal(try_limits(chat, buf_span(&b), (struct api_limits){.max_depth = 128, .max_tokens = 100}),
			 ERR_DEPTH);
	buf_fini(&b);
}

/* Every allocation that may fail fails once: always ERR_NOMEM, never a crash or a result with something missing. */
static void memory(void **state)
{
	(void)state;
	for (size_t i = 0; i < N_SAMPLES; i++) {
		struct sample s;
		load(&s, samples[i]);
		enum err e = ERR_NOMEM;
		for (size_t limit = 16; e != ERR_OK; limit += 112) {
			struct arena arena;
			arena_init(&arena, limit);
			struct api_extract x;
			e = extract(&s.route, buf_span(&s.json), &arena, &x);
			assert_true(e == ERR_OK || e == ERR_NOMEM);
			if (e == ERR_OK)
				check_invariants(buf_span(&s.json), &x);
			arena_fini(&arena);
		}
		unload(&s);
	}
}

/* The corpus, cut at every byte, is refused every time; with any byte changed it is refused or keeps its promises. */
static void mutations(void **state)
{
	(void)state;
	static const uint8_t bytes[] = {0, '"', '\\', '{', '}', '[', ']', ',', ':', ' ', '1', 'a', 0x80, 0xff};
	for (size_t i = 0; i < N_SAMPLES; i++) {
		struct sample s;
		load(&s, samples[i]);
		struct span body = span_trim(buf_span(&s.json));
		size_t step = body.n > 1000 ? 7 : 1;
		for (size_t n = 0; n < body.n; n += step) {
			struct arena arena = {0};
			struct api_extract x;
			assert_int_not_equal(extract(&s.route, span_sub(body, 0, n), &arena, &x), ERR_OK);
			uint8_t old = s.json.p[n];
			s.json.p[n] = bytes[n % sizeof bytes];
			if (extract(&s.route, body, &arena, &x) == ERR_OK)
				check_invariants(body, &x);
			s.json.p[n] = old;
			arena_fini(&arena);
		}
		unload(&s);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(corpus), cmocka_unit_test(control_keys), cmocka_unit_test(refusals),
		cmocka_unit_test(limits), cmocka_unit_test(memory),       cmocka_unit_test(mutations),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
