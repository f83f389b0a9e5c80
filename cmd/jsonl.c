#include "cmd/jsonl.h"

#include "proxy/wire/json.h"

enum err jsonl_member(struct span object, struct span name, struct arena *arena, struct span *out)
{
	struct json j;
	struct json_token t;
	json_init(&j, object, 64, UINT32_MAX);
	*out = SPAN_NULL;
	enum err e = json_next(&j, &t);
	if (e == ERR_OK && t.kind != JSON_TOKEN_OBJECT)
		e = ERR_JSON;
	bool wanted = false;
	while (e == ERR_OK && (e = json_next(&j, &t)) == ERR_OK && t.kind != JSON_TOKEN_END) {
		struct span raw = span_sub(object, t.start, t.end);
		if (t.kind == JSON_TOKEN_KEY) {
			wanted = j.depth == 1 && span_eq(raw, name);
			continue;
		}
		if (t.kind == JSON_TOKEN_STRING && wanted) {
			uint8_t *p = arena_alloc(arena, raw.n + 1); /* an empty string is not a missing one */
			if (p == NULL)
				return ERR_NOMEM;
			*out = span_of(p, json_unescape(raw, p));
		}
		wanted = false;
	}
	return e;
}
