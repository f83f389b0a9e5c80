#include "base/siphash.h"
#include "proxy/wire/api_table.h"
#include "proxy/wire/bytes.h"
#include "proxy/wire/coding.h"
#include "proxy/wire/tap_json.h"

enum {
	MAX_IDS = 256, /* beyond, ids stay unknown, and so are refused when they come back with regulated data */
	MAX_GEO = 32,
	MAX_FIELD = 32,
	MAX_TEXTS = 8,
	MAX_DECODED = 64 << 20,
	MAX_RATIO = 1000
};

/* Where in a line of an event stream the tap is. */
enum line { LINE_NAME, LINE_SPACE, LINE_VALUE };

struct api_tap {
	const struct api_endpoint *endpoint; /* NULL: unknown */
	const uint8_t *key;                  /* of fingerprints, 16 bytes */
	struct arena *arena;
	struct coding_reader *decoder; /* NULL: the bytes are the text */
	bool sse;
	bool readable; /* false: a content coding hides it */
	bool keeps;    /* the provider stores the exchange, so that its id can be referred to */
	/* event stream */
	uint8_t line; /* enum line */
	bool after_cr;
	bool data_seen; /* this event has a data line */
	uint8_t name[MAX_FIELD], value[MAX_FIELD];
	size_t n_name, n_value;
	struct tap_json json;
	/* result */
	struct span *ids;
	size_t n_ids, cap_ids;
	uint8_t geo[MAX_GEO];
	size_t n_geo;
	uint64_t input_tokens, output_tokens;
	bool error_seen, complete;
	struct siphash text; /* of the text coming in */
	size_t text_bytes;   /* of it; 0: none */
	struct hash128 texts[MAX_TEXTS];
	size_t n_texts;
};

struct hash128 api_text_fingerprint(const uint8_t key[16], struct span text)
{
	return siphash128(key, text);
}

static void end_text(struct api_tap *t)
{
	if (t->text_bytes >= API_TEXT_MIN && t->n_texts < MAX_TEXTS)
		t->texts[t->n_texts++] = siphash_final(&t->text);
	t->text_bytes = 0;
}

static void add_text(struct api_tap *t, struct span piece)
{
	if (t->text_bytes == 0)
		siphash_init(&t->text, t->key);
	siphash_add(&t->text, piece);
	t->text_bytes += piece.n;
}

/* Where answers have their text. keys without the object that an event wraps around. */
static bool is_answer_text(const uint8_t *keys, uint32_t depth)
{
	static const struct {
		uint32_t depth;
		uint8_t keys[5];
	} paths[] = {
		{4, {TAP_CHOICES, TAP_OTHER, TAP_MESSAGE, TAP_CONTENT}},
		{4, {TAP_CHOICES, TAP_OTHER, TAP_DELTA, TAP_CONTENT}},
		{5, {TAP_OUTPUT, TAP_OTHER, TAP_CONTENT, TAP_OTHER, TAP_TEXT}},
		{3, {TAP_CONTENT, TAP_OTHER, TAP_TEXT}},
		{1, {TAP_TEXT}}, /* a delta of Anthropic's stream, unwrapped */
	};
	for (size_t i = 0; i < sizeof paths / sizeof *paths; i++)
		if (paths[i].depth == depth && memcmp(paths[i].keys, keys, depth) == 0)
			return true;
	return false;
}

/* Pieces of one string, or of many events' strings that make up one text. */
static void on_text(struct api_tap *t, const struct tap_event *e)
{
	const uint8_t *keys = e->keys;
	uint32_t depth = e->depth;
	bool delta = keys[0] == TAP_DELTA || (depth > 2 && keys[2] == TAP_DELTA);
	if (depth == 1)
		return;
	if (keys[0] == TAP_RESPONSE || keys[0] == TAP_DELTA) {
		keys++;
		depth--;
	}
	if (!is_answer_text(keys, depth))
		return;
	if (e->kind == TAP_PIECE)
		add_text(t, e->value);
	else if (!delta)
		end_text(t);
}

static bool has_token(struct span value, struct span token)
{
	return value.n >= token.n && span_eq_nocase(span_sub(value, 0, token.n), token);
}

struct api_tap *api_tap_new(const struct api_route *route, const struct http_head *response, struct arena *arena,
			    const uint8_t key[16])
{
	struct api_tap *t = arena_alloc(arena, sizeof *t);
	if (t == NULL)
		return NULL;
	t->endpoint = route->endpoint;
	t->key = key;
	t->keeps = route->endpoint != NULL && route->endpoint->store;
	t->sse = has_token(http_value(response, SPAN("content-type")), SPAN("text/event-stream"));
	t->arena = arena;
	struct span coding = span_trim(http_value(response, SPAN("content-encoding")));
	bool plain = coding.n == 0 || span_eq_nocase(coding, SPAN("identity"));
	bool once = http_field(response, SPAN("content-encoding"), 1) == NULL;
	if (!plain && once)
		t->decoder = coding_reader_new(coding, (struct coding_limits){MAX_DECODED, MAX_RATIO}, arena);
	t->readable = once && (plain || t->decoder != NULL);
	return t;
}

void api_tap_keeps(struct api_tap *t, bool keeps)
{
	t->keeps = keeps;
}

static bool more_ids(struct api_tap *t)
{
	size_t cap = t->cap_ids == 0 ? 8 : t->cap_ids * 2;
	struct span *ids = arena_array(t->arena, cap, sizeof *ids);
	if (ids == NULL)
		return false;
	if (t->n_ids > 0)
		memcpy(ids, t->ids, t->n_ids * sizeof *ids);
	t->ids = ids;
	t->cap_ids = cap;
	return true;
}

static void add_id(struct api_tap *t, struct span id)
{
	if (id.n == 0)
		return;
	for (size_t i = 0; i < t->n_ids; i++)
		if (span_eq(t->ids[i], id))
			return;
	if (t->n_ids == MAX_IDS || (t->n_ids == t->cap_ids && !more_ids(t)))
		return;
	struct span copy = arena_dup(t->arena, id);
	if (copy.p != NULL)
		t->ids[t->n_ids++] = copy;
}

static void on_type(struct api_tap *t, struct span type)
{
	if (span_eq(type, SPAN("error")) || span_eq(type, SPAN("response.failed")))
		t->error_seen = true;
	if (!t->sse)
		return;
	if (span_eq(type, SPAN("content_block_stop")))
		end_text(t);
	if (span_eq(type, SPAN("message_stop")) || span_eq(type, SPAN("response.completed")) ||
	    span_eq(type, SPAN("response.incomplete")) || span_eq(type, SPAN("response.failed")))
		t->complete = true;
}

static void on_usage(struct api_tap *t, const struct tap_event *e, uint8_t key)
{
	uint64_t n = 0;
	if (e->kind == TAP_STRING && key == TAP_INFERENCE_GEO && e->value.n <= MAX_GEO) {
		memcpy(t->geo, e->value.p, e->value.n);
		t->n_geo = e->value.n;
	}
	if (e->kind != TAP_BARE || !span_u64(e->value, &n))
		return;
	/* Counts are cumulative: the last one stands. */
	if (key == TAP_INPUT_TOKENS || key == TAP_PROMPT_TOKENS)
		t->input_tokens = n;
	if (key == TAP_OUTPUT_TOKENS || key == TAP_COMPLETION_TOKENS)
		t->output_tokens = n;
}

static void on_value(void *context, const struct tap_event *e)
{
	struct api_tap *t = context;
	const uint8_t *keys = e->keys;
	uint32_t depth = e->depth;
	uint8_t key = keys[depth - 1];
	if (e->kind == TAP_PIECE || e->kind == TAP_WHOLE) {
		on_text(t, e);
		return;
	}
	if (e->kind == TAP_STRING && (key == TAP_FILE_ID || key == TAP_CONTAINER_ID))
		add_id(t, e->value);
	if (depth == 1 && key == TAP_TYPE && e->kind == TAP_STRING)
		on_type(t, e->value);
	/* Events wrap the object that a plain answer is. */
	if (depth > 1 && (keys[0] == TAP_RESPONSE || keys[0] == TAP_MESSAGE || keys[0] == TAP_DELTA)) {
		keys++;
		depth--;
	}
	if (key == TAP_ERROR && depth == 1)
		t->error_seen = t->error_seen || e->kind != TAP_BARE || !span_eq(e->value, SPAN("null"));
	if (key == TAP_ID && e->kind == TAP_STRING) {
		bool item = (depth == 3 && keys[0] == TAP_OUTPUT) || (depth == 2 && keys[0] == TAP_ITEM);
		bool own = (depth == 1 || item) && t->keeps;
		if (own || (depth == 2 && (keys[0] == TAP_CONVERSATION || keys[0] == TAP_CONTAINER)))
			add_id(t, e->value);
	}
	if (depth == 2 && keys[0] == TAP_USAGE)
		on_usage(t, e, key);
}

/* ---- event streams: only the fields "data" and "event", the data going straight on to the JSON tap ---- */

static void end_event(struct api_tap *t)
{
	t->json = (struct tap_json){0};
	t->data_seen = false;
}

static void end_line(struct api_tap *t)
{
	struct span name = span_of(t->name, t->n_name), value = span_of(t->value, t->n_value);
	if (t->line == LINE_NAME && t->n_name == 0) {
		end_event(t);
	} else if (t->line != LINE_NAME && span_eq(name, SPAN("data"))) {
		if (!t->data_seen && span_eq(value, SPAN("[DONE]")))
			t->complete = true;
		t->data_seen = true;
		tap_json_feed(&t->json, SPAN("\n"), on_value, t);
	} else if (t->line != LINE_NAME && span_eq(name, SPAN("event")) && span_eq(value, SPAN("error"))) {
		t->error_seen = true;
	}
	t->line = LINE_NAME;
	t->n_name = 0;
	t->n_value = 0;
}

/* Bytes of a field's value up to the line's end, all at once. */
static size_t take_value(struct api_tap *t, struct span data)
{
	size_t n = bytes_plain(data.p, data.n);
	while (n < data.n && data.p[n] != '\r' && data.p[n] != '\n')
		n += 1 + bytes_plain(data.p + n + 1, data.n - n - 1);
	/* One byte too long is enough to know that it is none of the short values. */
	size_t kept = n < sizeof t->value - t->n_value ? n : sizeof t->value - t->n_value;
	memcpy(t->value + t->n_value, data.p, kept);
	t->n_value += kept;
	if (span_eq(span_of(t->name, t->n_name), SPAN("data")))
		tap_json_feed(&t->json, span_sub(data, 0, n), on_value, t);
	return n;
}

static void take_byte(struct api_tap *t, uint8_t c)
{
	if (t->line == LINE_SPACE) {
		t->line = LINE_VALUE;
		return;
	}
	if (c == ':')
		t->line = LINE_SPACE;
	else if (t->n_name < sizeof t->name)
		t->name[t->n_name++] = c;
}

static void feed_sse(struct api_tap *t, struct span data)
{
	size_t i = 0;
	while (i < data.n) {
		uint8_t c = data.p[i];
		bool line_feed_of_pair = c == '\n' && t->after_cr;
		t->after_cr = c == '\r';
		if (line_feed_of_pair) {
			i++;
		} else if (c == '\r' || c == '\n') {
			end_line(t);
			i++;
		} else if (t->line == LINE_VALUE || (t->line == LINE_SPACE && c != ' ')) {
			t->line = LINE_VALUE;
			i += take_value(t, span_sub(data, i, data.n));
		} else {
			take_byte(t, c);
			i++;
		}
	}
}

static void feed_text(void *context, struct span data)
{
	struct api_tap *t = context;
	if (t->sse) {
		feed_sse(t, data);
		return;
	}
	tap_json_feed(&t->json, data, on_value, t);
	t->complete = t->json.complete;
}

void api_tap_feed(struct api_tap *t, struct span data)
{
	if (!t->readable)
		return;
	if (t->decoder == NULL)
		feed_text(t, data);
	else
		t->readable = coding_reader_feed(t->decoder, data, feed_text, t);
}

void api_tap_result(struct api_tap *t, struct api_tap_result *out)
{
	*out = (struct api_tap_result){.ids = t->ids,
				       .n_ids = t->n_ids,
				       .inference_geo = t->n_geo > 0 ? span_of(t->geo, t->n_geo) : SPAN_NULL,
				       .input_tokens = t->input_tokens,
				       .output_tokens = t->output_tokens,
				       .error_seen = t->error_seen,
				       .complete = t->complete};
	end_text(t);
	out->n_texts = t->n_texts;
	memcpy(out->texts, t->texts, sizeof out->texts);
}
