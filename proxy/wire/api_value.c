/* What single values mean: which are texts, which refer to something that cannot be read, which steer the request. */
#include "base/utf8.h"
#include "proxy/wire/api_walk.h"

/* ---- control values and keys ---- */

static enum err wrong_type(struct walk *w, const struct json_token *tok, uint8_t action)
{
	const char *what = action == ACT_MODEL    ? "model must be a string"
			   : action == ACT_STREAM ? "stream must be true or false"
			   : action == ACT_STORE  ? "store must be true or false"
			   : action == ACT_GEO    ? "inference_geo must be a string"
						  : "background must be true or false";
	return sink_refuse(w->sink, tok->start, ERR_JSON, what);
}

static bool is_control(uint8_t action)
{
	return action == ACT_MODEL || action == ACT_STREAM || action == ACT_STORE || action == ACT_GEO ||
	       action == ACT_BACKGROUND;
}

enum { LONGEST_CONTROL_KEY = 32 };

/* The name as a case-insensitive parser reads it, or 0 if it cannot be a control key. Beside ASCII case this undoes
 * what simple case folding (and upper-casing, as Java compares) makes of other letters, and stops at a NUL as C does.
 */
static size_t fold(struct span name, uint8_t out[LONGEST_CONTROL_KEY])
{
	size_t n = 0;
	for (size_t i = 0; i < name.n;) {
		uint32_t cp;
		size_t len = utf8_decode(span_sub(name, i, name.n), &cp);
		if (len == 0)
			return 0;
		i += len;
		if (cp == 0)
			break;
		if (cp == 0x212a)
			cp = 'k';
		else if (cp == 0x17f)
			cp = 's';
		else if (cp == 0x130 || cp == 0x131)
			cp = 'i';
		if (cp >= 0x80 || n == LONGEST_CONTROL_KEY)
			return 0;
		out[n++] = (uint8_t)(cp >= 'A' && cp <= 'Z' ? cp | 0x20 : cp);
	}
	return n;
}

enum err control_check(struct walk *w, const struct api_node *node, const struct api_key *listed,
		       const struct json_token *tok, struct span name)
{
	if (listed != NULL && !tok->escaped) {
		if (!listed->control)
			return ERR_OK;
		uint64_t bit = (uint64_t)1 << (listed - node->keys);
		if ((w->control_seen & bit) != 0)
			return sink_refuse(w->sink, tok->start, ERR_CONTROL_KEY, "a control key is repeated");
		w->control_seen |= bit;
		return ERR_OK;
	}
	uint8_t folded[LONGEST_CONTROL_KEY];
	size_t n = fold(name, folded);
	const struct api_key *like = n == 0 ? NULL : api_node_key(node, span_of(folded, n));
	if (like != NULL && like->control)
		return sink_refuse(w->sink, tok->start, ERR_CONTROL_KEY, "a control key is spelt differently");
	return ERR_OK;
}

/* ---- strings ---- */

static enum text_role parse_role(struct span s)
{
	if (span_eq(s, SPAN("user")))
		return ROLE_USER;
	if (span_eq(s, SPAN("assistant")))
		return ROLE_ASSISTANT;
	if (span_eq(s, SPAN("tool")) || span_eq(s, SPAN("function")))
		return ROLE_TOOL;
	if (span_eq(s, SPAN("system")) || span_eq(s, SPAN("developer")))
		return ROLE_SYSTEM;
	return ROLE_NONE;
}

static enum err add_unless(struct walk *w, bool skip, const struct json_token *tok, struct span text)
{
	return skip ? ERR_OK : walk_add_text(w, tok, text, TEXT_VALUE, true);
}

static enum err take_role(struct walk *w, const struct json_token *tok, struct span text)
{
	struct frame *f = walk_top(w);
	enum text_role role = parse_role(text);
	if (f->message) {
		/* Two roles that differ are none. */
		struct sink *s = w->sink;
		s->message_role = (uint8_t)(!f->has_role || s->message_role == role ? role : ROLE_NONE);
		f->has_role = true;
	}
	return add_unless(w, role != ROLE_NONE, tok, text);
}

static enum err take_type(struct walk *w, const struct json_token *tok, struct span text)
{
	struct frame *f = walk_top(w);
	if (f->n_types == 0) {
		f->type = text;
		f->type_start = tok->start;
		f->type_end = tok->end;
	}
	if (f->n_types < UINT8_MAX)
		f->n_types++;
	if (span_eq(text, SPAN("base64")) || span_eq(text, SPAN("image_generation_call")))
		f->type_data = true;
	if (span_eq(text, SPAN("item_reference")))
		f->type_reference = true;
	if (!api_word_client_tool(text))
		f->type_client = false;
	return add_unless(w, api_word_known(text), tok, text);
}

/* A name of something elsewhere: a reference, and a text unless the provider made it up. */
static enum err take_id(struct walk *w, enum api_ref_kind kind, const struct json_token *tok, struct span text)
{
	enum err e = sink_add_ref(w->sink, kind, text, tok->start, tok->end, 0);
	return e != ERR_OK ? e : add_unless(w, api_word_made_id(text), tok, text);
}

/* Is it made of base64 only, as far as its first few kilobytes tell? Text that stands where data should be is scanned.
 */
static bool looks_base64(struct span s)
{
	size_t n = s.n < 4096 ? s.n : 4096;
	for (size_t i = 0; i < n; i++) {
		uint8_t c = s.p[i];
		bool letter = (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
		if (!letter && c != '+' && c != '/' && c != '=' && c != '-' && c != '_' && c != '\r' && c != '\n')
			return false;
	}
	return true;
}

static bool is_data_url(struct span s)
{
	return s.n >= 5 && span_eq_nocase(span_sub(s, 0, 5), SPAN("data:"));
}

/* Where the payload of a data:[media type][;parameters];base64,payload URL (RFC 2397) begins, or 0 if it is none. */
static size_t data_url_payload(struct span s)
{
	size_t comma = span_find(s, ',');
	if (!is_data_url(s) || comma == s.n || !span_ends(span_sub(s, 0, comma), SPAN(";base64")))
		return 0;
	return comma + 1;
}

/* What stands before the payload is a text of its own, unless it is a media type that we know. */
static enum err add_data_url_head(struct walk *w, const struct json_token *tok, struct span head)
{
	struct span type = span_sub(head, SPAN("data:").n, head.n - SPAN(";base64,").n);
	if (type.n == 0 || api_word_known(type))
		return ERR_OK;
	struct json_cursor c = {0};
	struct json_token part = *tok;
	part.end = tok->start + (uint32_t)json_map(span_sub(w->in, tok->start, tok->end), &c, head.n);
	/* The payload's escapes are not the head's: without any, the head stands in the body. */
	struct span raw = span_sub(w->in, part.start, part.end);
	part.escaped = span_find(raw, '\\') < raw.n;
	return walk_add_text(w, &part, part.escaped ? head : raw, TEXT_VALUE, true);
}

static enum err take_opaque(struct walk *w, enum api_ref_kind kind, const struct json_token *tok, struct span text)
{
	enum err e = sink_add_ref(w->sink, kind, SPAN_NULL, tok->start, tok->end, tok->end - tok->start);
	if (e != ERR_OK)
		return e;
	size_t payload = data_url_payload(text);
	if (!looks_base64(span_sub(text, payload, text.n)))
		return walk_add_text(w, tok, text, TEXT_VALUE, true);
	return payload == 0 ? ERR_OK : add_data_url_head(w, tok, span_sub(text, 0, payload));
}

static enum err take_url(struct walk *w, const struct json_token *tok, struct span text)
{
	if (is_data_url(text))
		return take_opaque(w, REF_ATTACHMENT, tok, text);
	enum err e = sink_add_ref(w->sink, REF_URL, text, tok->start, tok->end, 0);
	return e != ERR_OK ? e : walk_add_text(w, tok, text, TEXT_VALUE, true);
}

static enum err take_maybe_data(struct walk *w, const struct json_token *tok, struct span text)
{
	enum err e = walk_add_text(w, tok, text, TEXT_VALUE, true);
	if (e != ERR_OK)
		return e;
	struct frame *f = walk_top(w);
	f->maybe = (uint32_t)(w->sink->out->n_texts - 1);
	if (f->n_maybe < UINT8_MAX)
		f->n_maybe++;
	return ERR_OK;
}

static enum err take_item_id(struct walk *w, const struct json_token *tok, struct span text)
{
	struct frame *f = walk_top(w);
	f->id = text;
	f->id_start = tok->start;
	f->id_end = tok->end;
	return add_unless(w, api_word_made_id(text), tok, text);
}

/* Whatever stands in a string that should be JSON and is not: its escapes are undone as far as they go. */
static enum err add_unescaped(struct walk *inner)
{
	struct span raw = inner->in;
	if (span_find(raw, '\\') == raw.n)
		return ERR_OK;
	const struct json_token whole = {.kind = JSON_TOKEN_STRING, .escaped = true, .end = (uint32_t)raw.n};
	struct span text;
	enum err e = walk_decode(inner, &whole, &text);
	return e != ERR_OK ? e : walk_add_text(inner, &whole, text, TEXT_VALUE, true);
}

/* Reads the text that was just added as JSON of its own: its strings follow as nested texts. */
static enum err read_inside(struct walk *w, struct api_text *outer, struct walk *inner)
{
	struct sink *s = w->sink;
	if (s->inner_frames == NULL)
		s->inner_frames = arena_array(s->arena, s->max_depth + 1, sizeof(struct frame));
	if (s->inner_frames == NULL)
		return ERR_NOMEM;
	size_t self = s->out->n_texts - 1;
	*outer = s->out->texts[self];
	*inner = (struct walk){.sink = s, .in = outer->text, .outer = outer, .frames = s->inner_frames};
	enum err e = walk_run(inner, (struct api_shape){ACT_TEXT, NODE_MAP});
	if (e == ERR_OK)
		s->out->texts[self].json_inside = true;
	return e;
}

/* A string that should hold JSON. */
static enum err take_json(struct walk *w, const struct json_token *tok, struct span text)
{
	struct sink *s = w->sink;
	enum err e = walk_add_text(w, tok, text, TEXT_VALUE, true);
	if (e != ERR_OK)
		return e;
	struct api_text outer;
	struct walk inner;
	const char *what = s->what;
	e = read_inside(w, &outer, &inner);
	if (e != ERR_OK)
		s->offset = tok->start;
	if (e != ERR_JSON && e != ERR_ENCODING)
		return e;
	/* Not JSON: the model's own arguments may be cut short, which is no reason to refuse. */
	s->what = what;
	inner.depth = 0;
	return add_unescaped(&inner);
}

/* Output of tools, and what people paste, often is JSON whose own escapes would hide its text ("M\\u00fcller"). Without
 * escapes, the text as it stands says it all. */
static bool may_hold_json(struct span text)
{
	struct span t = span_trim(text);
	return t.n > 0 && (t.p[0] == '{' || t.p[0] == '[') && memchr(t.p, '\\', t.n) != NULL;
}

static void drop_texts_behind(struct sink *s, size_t n)
{
	struct api_extract *out = s->out;
	while (out->n_texts > n)
		out->text_bytes -= out->texts[--out->n_texts].text.n;
}

/* A string that may hold JSON, and is plain text otherwise. */
static enum err take_text(struct walk *w, const struct json_token *tok, struct span text)
{
	struct sink *s = w->sink;
	enum err e = walk_add_text(w, tok, text, TEXT_VALUE, true);
	if (e != ERR_OK || w->outer != NULL || !may_hold_json(text))
		return e;
	struct sink before = *s;
	size_t n_texts = s->out->n_texts;
	struct api_text outer;
	struct walk inner;
	e = read_inside(w, &outer, &inner);
	if (e == ERR_OK || e == ERR_NOMEM)
		return e;
	drop_texts_behind(s, n_texts);
	s->tokens_left = before.tokens_left;
	s->what = before.what;
	s->offset = before.offset;
	return ERR_OK;
}

static enum err take_control(struct walk *w, uint8_t action, const struct json_token *tok, struct span text)
{
	struct api_extract *out = w->sink->out;
	if (action == ACT_MODEL) {
		out->model = text;
		out->model_start = tok->start;
		out->model_end = tok->end;
		return add_unless(w, api_word_model(text), tok, text);
	}
	if (action == ACT_GEO) {
		out->inference_geo = text;
		return add_unless(w, api_word_known(text), tok, text);
	}
	return wrong_type(w, tok, action);
}

/* A string that is a message by itself. */
static enum err take_message(struct walk *w, enum text_role role, const struct json_token *tok, struct span text)
{
	struct sink *s = w->sink;
	bool own = s->message == NO_MESSAGE;
	enum err e = own ? sink_begin_message(s, tok->start - 1, role) : ERR_OK;
	if (e == ERR_OK)
		e = take_text(w, tok, text);
	if (e == ERR_OK && own)
		sink_end_message(s, tok->end + 1);
	return e;
}

enum err value_string(struct walk *w, struct api_shape shape, const struct json_token *tok)
{
	struct span text;
	enum err e = walk_decode(w, tok, &text);
	if (e != ERR_OK)
		return e;
	switch ((enum api_action)shape.action) {
	case ACT_ANY:
		return walk_add_text(w, tok, text, TEXT_VALUE, false);
	case ACT_TEXT:
	case ACT_TOOL:
	case ACT_HOSTED:
		return take_text(w, tok, text);
	case ACT_ENUM:
		return add_unless(w, api_word_known(text), tok, text);
	case ACT_TYPE:
		return take_type(w, tok, text);
	case ACT_ROLE:
		return take_role(w, tok, text);
	case ACT_ID:
		return add_unless(w, api_word_made_id(text), tok, text);
	case ACT_MODEL:
	case ACT_STREAM:
	case ACT_STORE:
	case ACT_GEO:
	case ACT_BACKGROUND:
		return take_control(w, shape.action, tok, text);
	case ACT_MESSAGES:
	case ACT_PROMPT:
		return take_message(w, ROLE_USER, tok, text);
	case ACT_SYSTEM:
		return take_message(w, ROLE_SYSTEM, tok, text);
	case ACT_JSON:
		return take_json(w, tok, text);
	case ACT_STATE:
		return take_id(w, REF_STATE, tok, text);
	case ACT_FILE:
		return take_id(w, REF_FILE, tok, text);
	case ACT_SERVER:
		return take_id(w, REF_HOSTED_TOOL, tok, text);
	case ACT_ITEM_ID:
		return take_item_id(w, tok, text);
	case ACT_URL:
		return take_url(w, tok, text);
	case ACT_DATA:
		return take_opaque(w, REF_ATTACHMENT, tok, text);
	case ACT_MAYBE_DATA:
		return take_maybe_data(w, tok, text);
	case ACT_ENCRYPTED:
		return take_opaque(w, REF_ENCRYPTED, tok, text);
	}
	return ERR_INTERNAL;
}

/* ---- other values ---- */

enum { LONG_NUMBER = 7 };

enum err value_number(struct walk *w, struct api_shape shape, const struct json_token *tok)
{
	if (is_control(shape.action))
		return wrong_type(w, tok, shape.action);
	if (w->depth > 0 && !walk_top(w)->object)
		walk_top(w)->numbers = true;
	if (tok->end - tok->start < LONG_NUMBER)
		return ERR_OK;
	struct span text = span_sub(w->in, tok->start, tok->end);
	size_t digits = 0;
	for (size_t i = 0; i < text.n; i++)
		digits += text.p[i] >= '0' && text.p[i] <= '9';
	if (digits < LONG_NUMBER)
		return ERR_OK;
	return walk_add_text(w, tok, text, TEXT_NUMBER, shape.action != ACT_ANY);
}

enum err value_literal(struct walk *w, struct api_shape shape, const struct json_token *tok)
{
	if (!is_control(shape.action))
		return ERR_OK;
	if (shape.action == ACT_MODEL || (shape.action == ACT_GEO && tok->kind != JSON_TOKEN_NULL))
		return wrong_type(w, tok, shape.action);
	if (tok->kind == JSON_TOKEN_NULL)
		return ERR_OK;
	struct api_extract *out = w->sink->out;
	bool on = tok->kind == JSON_TOKEN_TRUE;
	if (shape.action == ACT_STREAM)
		out->stream = on;
	if (shape.action == ACT_STORE) {
		out->store = on;
		out->store_explicit = true;
	}
	/* A background answer waits at the provider until it is fetched. */
	if (shape.action == ACT_BACKGROUND && on)
		return sink_add_ref(w->sink, REF_STATE, SPAN_NULL, tok->start, tok->end, 0);
	return ERR_OK;
}

enum err value_container(struct walk *w, struct api_shape shape, const struct json_token *tok)
{
	return is_control(shape.action) ? wrong_type(w, tok, shape.action) : ERR_OK;
}

/* Roles of items that are no messages: calls are the model's, their outputs are the tools'. */
static enum text_role item_role(struct span type)
{
	if (span_ends(type, SPAN("_output")) || span_eq(type, SPAN("mcp_list_tools")))
		return ROLE_TOOL;
	if (span_eq(type, SPAN("mcp_approval_response")))
		return ROLE_USER;
	if (span_ends(type, SPAN("_call")) || span_eq(type, SPAN("reasoning")) ||
	    span_starts(type, SPAN("compaction")) || span_eq(type, SPAN("mcp_approval_request")))
		return ROLE_ASSISTANT;
	return ROLE_NONE;
}

static enum err end_item(struct walk *w, const struct frame *f)
{
	struct sink *s = w->sink;
	if (f->message && s->message_role == ROLE_NONE && !f->has_role && f->n_types == 1)
		s->message_role = (uint8_t)item_role(f->type);
	/* {"id": …} alone is a reference too. */
	bool reference = f->type_reference || (f->n_types == 0 && !f->has_role);
	if (f->id.p == NULL || !reference)
		return ERR_OK;
	return sink_add_ref(s, REF_STATE, f->id, f->id_start, f->id_end, 0);
}

enum err value_object_end(struct walk *w, const struct frame *f, uint32_t end)
{
	if (f->n_maybe > 0 && f->type_data) {
		/* With keys repeated, which one counts is anybody's guess: both readings hold. */
		bool both = f->n_types > 1 || f->n_maybe > 1 || !looks_base64(w->sink->out->texts[f->maybe].text);
		enum err e = sink_text_to_ref(w->sink, f->maybe, both);
		if (e != ERR_OK)
			return e;
	}
	switch ((enum api_action)f->shape.action) {
	case ACT_MESSAGES:
	case ACT_SYSTEM:
		return end_item(w, f);
	case ACT_TOOL:
		if (f->n_types == 0 || f->type_client)
			return ERR_OK;
		return sink_add_ref(w->sink, REF_HOSTED_TOOL, f->type, f->type_start, f->type_end, 0);
	case ACT_HOSTED:
		return sink_add_ref(w->sink, REF_HOSTED_TOOL, SPAN_NULL, f->start, end, 0);
	case ACT_ANY:
	case ACT_TEXT:
	case ACT_ENUM:
	case ACT_TYPE:
	case ACT_ROLE:
	case ACT_ID:
	case ACT_MODEL:
	case ACT_STREAM:
	case ACT_STORE:
	case ACT_GEO:
	case ACT_BACKGROUND:
	case ACT_PROMPT:
	case ACT_JSON:
	case ACT_STATE:
	case ACT_FILE:
	case ACT_ITEM_ID:
	case ACT_URL:
	case ACT_DATA:
	case ACT_MAYBE_DATA:
	case ACT_ENCRYPTED:
	case ACT_SERVER:
		break;
	}
	return ERR_OK;
}
