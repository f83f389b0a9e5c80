/* The JSON scanner: any bytes end in an answer; tokens stay in bounds and in order, strings decode and map back. */
#include <stdlib.h>

#include "base/assert.h"
#include "base/utf8.h"
#include "proxy/wire/json.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_string(struct span raw, bool escaped)
{
	uint8_t *out = malloc(raw.n + 1);
	if (out == NULL)
		abort();
	size_t n = json_unescape(raw, out);
	INVARIANT(n <= raw.n && utf8_valid(span_of(out, n)));
	INVARIANT(escaped == (raw.n > 0 && memchr(raw.p, '\\', raw.n) != NULL));
	INVARIANT(escaped || span_eq(raw, span_of(out, n)));
	struct json_cursor forward = {0};
	size_t last = 0;
	/* For long strings a sample: the whole is linear only in steps forward. */
	for (size_t d = 0; d <= n; d += 1 + n / 512) {
		size_t at = json_map(raw, &forward, d);
		INVARIANT(at >= last && at <= raw.n);
		last = at;
	}
	INVARIANT(json_map(raw, &forward, n) == raw.n);
	free(out);
}

static void scan(struct span text)
{
	struct json j;
	struct json_token tok;
	uint32_t last = 0, depth = 0, tokens = 0;
	enum err e;
	json_init(&j, text, 40, 5000);
	do {
		e = json_next(&j, &tok);
		if (e != ERR_OK)
			break;
		INVARIANT(tok.start >= last && tok.end >= tok.start && tok.end <= text.n);
		last = tok.end;
		depth += tok.kind == JSON_TOKEN_OBJECT || tok.kind == JSON_TOKEN_ARRAY;
		depth -= tok.kind == JSON_TOKEN_OBJECT_END || tok.kind == JSON_TOKEN_ARRAY_END;
		INVARIANT(depth <= 40 && depth == j.depth && tokens++ <= 5000);
		if (tok.kind == JSON_TOKEN_STRING || tok.kind == JSON_TOKEN_KEY)
			check_string(span_sub(text, tok.start, tok.end), tok.escaped);
	} while (tok.kind != JSON_TOKEN_END);
	INVARIANT(e == ERR_OK ? depth == 0 : j.what != NULL && j.pos <= text.n);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	scan(span_of(data, size));
	/* Decoding is bounded on text that no scanner has seen, too. */
	uint8_t *out = malloc(size + 1);
	if (out == NULL)
		abort();
	INVARIANT(json_unescape(span_of(data, size), out) <= size);
	free(out);
	return 0;
}
