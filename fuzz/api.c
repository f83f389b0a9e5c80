/* The API adapters: the first byte picks an endpoint and what to do with the rest: read it as a request body (and put
 * replacements into it), watch it as an answer in pieces, or take it for a path. */
#include <stdlib.h>

#include "base/assert.h"
#include "proxy/wire/api.h"
#include "proxy/wire/json.h"

static const uint8_t text_key[16] = "not a secret";

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char *const paths[] = {"/v1/chat/completions", "/v1/responses",  "/anthropic/v1/messages",
				    "/v1/completions",      "/v1/embeddings", "/v1/chat/completions/x"};
enum { N_PATHS = sizeof paths / sizeof *paths };

static struct api_route route_to(const char *path)
{
	const struct http_head head = {.method = SPAN("POST"), .path = span_str(path), .framing = HTTP_CHUNKED};
	struct api_route route;
	INVARIANT(api_route(&head, &route) == ERR_OK);
	return route;
}

static enum err extract(const struct api_route *route, struct span body, struct arena *arena, struct api_extract *out)
{
	const struct api_limits limits = {.max_depth = 30, .max_tokens = 20000};
	struct api_problem problem;
	enum err e = api_extract(route, body, &limits, arena, out, &problem);
	INVARIANT(e == ERR_OK || (problem.what != NULL && problem.offset <= body.n));
	return e;
}

static void check(struct span body, const struct api_extract *x)
{
	size_t bytes = 0, opaque = 0;
	for (size_t i = 0; i < x->n_texts; i++) {
		const struct api_text *t = &x->texts[i];
		bytes += t->text.n;
		INVARIANT(t->raw_start <= t->raw_end && t->raw_end <= body.n);
		INVARIANT(t->message == UINT32_MAX || t->message < x->n_messages);
		INVARIANT(t->nested || t->escaped || t->text.p == body.p + t->raw_start);
		INVARIANT(t->nested || api_map(body, t, (uint32_t)t->text.n) == t->raw_end);
	}
	for (size_t i = 0; i < x->n_refs; i++)
		opaque += x->refs[i].bytes;
	for (size_t i = 0; i < x->n_messages; i++)
		INVARIANT(x->messages[i].raw_start < x->messages[i].raw_end && x->messages[i].raw_end <= body.n);
	INVARIANT(bytes == x->text_bytes && opaque == x->opaque_bytes);
}

/* Every string replaced: the result parses, with as many texts, each one the replacement. */
static void splice(const struct api_route *route, struct span body, const struct api_extract *x)
{
	struct splice_edit *edits = calloc(x->n_texts + 1, sizeof *edits);
	size_t n = 0;
	if (edits == NULL)
		abort();
	for (size_t i = 0; i < x->n_texts; i++) {
		const struct api_text *t = &x->texts[i];
		if (!t->is_key && !t->is_number && !t->nested)
			edits[n++] = (struct splice_edit){t->raw_start, t->raw_end, SPAN("Q \\u0041 Q")};
	}
	struct buf out = {0};
	INVARIANT(splice_apply(body, edits, n, &out) == ERR_OK);
	struct arena arena = {0};
	struct api_extract y;
	/* A field that steers (a type, a role) may have been among them, so that more or fewer are texts now. */
	enum err e = extract(route, buf_span(&out), &arena, &y);
	INVARIANT(e == ERR_OK || e == ERR_DEPTH);
	if (e == ERR_OK)
		check(buf_span(&out), &y);
	arena_fini(&arena);
	buf_fini(&out);
	free(edits);
}

static void request(const char *path, struct span body)
{
	struct api_route route = route_to(path);
	struct arena arena = {0};
	struct api_extract x;
	if (extract(&route, body, &arena, &x) == ERR_OK) {
		check(body, &x);
		splice(&route, body, &x);
	}
	arena_fini(&arena);
}

static struct api_tap_result tap(const struct api_route *route, bool sse, struct span data, size_t piece,
				 struct arena *arena)
{
	struct http_head response = {.status = 200};
	INVARIANT(http_add(&response, SPAN("content-type"),
			   sse ? SPAN("text/event-stream") : SPAN("application/json")) == ERR_OK);
	struct api_tap *t = api_tap_new(route, &response, arena, text_key);
	INVARIANT(t != NULL);
	for (size_t i = 0; i < data.n; i += piece)
		api_tap_feed(t, span_sub(data, i, data.n - i < piece ? data.n : i + piece));
	struct api_tap_result r;
	api_tap_result(t, &r);
	return r;
}

/* The pieces an answer comes in make no difference. */
static void answer(const char *path, bool sse, struct span data)
{
	struct api_route route = route_to(path);
	struct arena arena = {0};
	struct api_tap_result a = tap(&route, sse, data, 3, &arena), b = tap(&route, sse, data, data.n + 1, &arena);
	INVARIANT(a.n_ids == b.n_ids && a.complete == b.complete && a.error_seen == b.error_seen);
	INVARIANT(a.input_tokens == b.input_tokens && a.output_tokens == b.output_tokens);
	INVARIANT(span_eq(a.inference_geo, b.inference_geo));
	for (size_t i = 0; i < a.n_ids; i++)
		INVARIANT(span_eq(a.ids[i], b.ids[i]));
	arena_fini(&arena);
}

static void path(struct span target)
{
	size_t mark = span_find(target, '?');
	struct http_head head = {.method = SPAN("GET"), .path = span_sub(target, 0, mark)};
	if (mark < target.n)
		head.query = span_sub(target, mark + 1, target.n);
	struct api_route route;
	enum err e = api_route(&head, &route);
	INVARIANT((e == ERR_ENDPOINT) == (route.endpoint == NULL));
	INVARIANT(e != ERR_OK || (route.native_path.n > 0 && route.operation.n > 0));
	INVARIANT(route.path_text.p == NULL || route.path_text.n <= target.n);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size == 0)
		return 0;
	struct span rest = span_of(data + 1, size - 1);
	/* Readable first bytes, so that the corpus can be written by hand: a-f a body, A-F an answer, 1-6 a stream, / a
	 * path. */
	uint8_t c = data[0];
	if (c >= 'a' && c < 'a' + N_PATHS)
		request(paths[c - 'a'], rest);
	else if (c >= 'A' && c < 'A' + N_PATHS)
		answer(paths[c - 'A'], false, rest);
	else if (c >= '1' && c < '1' + N_PATHS)
		answer(paths[c - '1'], true, rest);
	else if (c == '/')
		path(span_of(data, size));
	return 0;
}
