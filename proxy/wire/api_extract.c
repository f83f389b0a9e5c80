#include "proxy/wire/api.h"

#include "base/assert.h"
#include "proxy/wire/api_walk.h"

struct api_limits api_limits_default(void)
{
	return (struct api_limits){.max_depth = 64, .max_tokens = 1000000};
}

enum err sink_refuse(struct sink *s, size_t offset, enum err e, const char *what)
{
	s->offset = offset;
	s->what = what;
	return e;
}

/* Room for one more element: the array itself, or a copy twice as large. NULL if there is no memory. */
static void *room(struct sink *s, void *array, size_t n, size_t *cap, size_t size)
{
	if (n < *cap)
		return array;
	size_t grown = *cap == 0 ? 16 : *cap * 2;
	void *p = arena_array(s->arena, grown, size);
	if (p == NULL)
		return NULL;
	if (n > 0)
		memcpy(p, array, n * size);
	*cap = grown;
	return p;
}

enum err sink_add_ref(struct sink *s, enum api_ref_kind kind, struct span id, uint32_t start, uint32_t end,
		      size_t bytes)
{
	struct api_extract *out = s->out;
	struct api_ref *refs = room(s, out->refs, out->n_refs, &s->cap_refs, sizeof *refs);
	if (refs == NULL)
		return ERR_NOMEM;
	out->refs = refs;
	refs[out->n_refs++] =
		(struct api_ref){.kind = kind, .id = id, .raw_start = start, .raw_end = end, .bytes = bytes};
	out->opaque_bytes += bytes;
	return ERR_OK;
}

enum err sink_text_to_ref(struct sink *s, size_t i, bool keep_text)
{
	struct api_extract *out = s->out;
	INVARIANT(i < out->n_texts);
	struct api_text t = out->texts[i];
	enum err e = sink_add_ref(s, REF_ATTACHMENT, SPAN_NULL, t.raw_start, t.raw_end, t.raw_end - t.raw_start);
	if (e != ERR_OK || keep_text)
		return e;
	out->text_bytes -= t.text.n;
	out->n_texts--;
	memmove(&out->texts[i], &out->texts[i + 1], (out->n_texts - i) * sizeof t);
	return ERR_OK;
}

enum err sink_begin_message(struct sink *s, uint32_t start, enum text_role role)
{
	INVARIANT(s->message == NO_MESSAGE);
	struct api_extract *out = s->out;
	struct api_message *messages = room(s, out->messages, out->n_messages, &s->cap_messages, sizeof *messages);
	if (messages == NULL)
		return ERR_NOMEM;
	out->messages = messages;
	messages[out->n_messages] = (struct api_message){.raw_start = start, .role = (uint8_t)role};
	s->message = (uint32_t)out->n_messages++;
	s->message_text = out->n_texts;
	s->message_role = (uint8_t)role;
	return ERR_OK;
}

void sink_end_message(struct sink *s, uint32_t end)
{
	INVARIANT(s->message != NO_MESSAGE);
	struct api_extract *out = s->out;
	out->messages[s->message].raw_end = end;
	out->messages[s->message].role = s->message_role;
	/* The role may stand behind the content. */
	for (size_t i = s->message_text; i < out->n_texts; i++)
		out->texts[i].role = s->message_role;
	s->message = NO_MESSAGE;
}

struct frame *walk_top(struct walk *w)
{
	INVARIANT(w->depth > 0);
	return &w->frames[w->depth - 1];
}

struct api_shape walk_shape(const struct walk *w)
{
	const struct frame *top = &w->frames[w->depth - 1];
	return top->object ? top->child : top->shape;
}

struct span walk_key(const struct walk *w)
{
	if (w->depth > 0 && w->frames[w->depth - 1].key.p != NULL)
		return w->frames[w->depth - 1].key;
	return w->outer != NULL ? w->outer->key : SPAN_NULL;
}

enum err walk_decode(struct walk *w, const struct json_token *tok, struct span *out)
{
	*out = span_sub(w->in, tok->start, tok->end);
	if (!tok->escaped)
		return ERR_OK;
	uint8_t *p = arena_alloc(w->sink->arena, out->n);
	if (p == NULL)
		return ERR_NOMEM;
	*out = span_of(p, json_unescape(*out, p));
	return ERR_OK;
}

enum err walk_add_text(struct walk *w, const struct json_token *tok, struct span text, enum text_kind kind, bool known)
{
	struct sink *s = w->sink;
	struct api_extract *out = s->out;
	struct api_text *texts = room(s, out->texts, out->n_texts, &s->cap_texts, sizeof *texts);
	if (texts == NULL)
		return ERR_NOMEM;
	out->texts = texts;
	/* A key stands under the key of its object. */
	const struct frame *above = kind != TEXT_KEY ? NULL : w->depth > 1 ? &w->frames[w->depth - 2] : NULL;
	struct span outer_key = w->outer != NULL ? w->outer->key : SPAN_NULL;
	struct span key = kind != TEXT_KEY                        ? walk_key(w)
			  : above != NULL && above->key.p != NULL ? above->key
								  : outer_key;
	texts[out->n_texts++] = (struct api_text){
		.text = text,
		.key = key,
		.raw_start = w->outer != NULL ? w->outer->raw_start : tok->start,
		.raw_end = w->outer != NULL ? w->outer->raw_end : tok->end,
		.message = s->message,
		.role = s->message == NO_MESSAGE ? ROLE_NONE : s->message_role,
		.escaped = w->outer != NULL || tok->escaped,
		.is_key = kind == TEXT_KEY,
		.is_number = kind == TEXT_NUMBER,
		.nested = w->outer != NULL,
		.known = known,
	};
	out->text_bytes += text.n;
	return ERR_OK;
}

static enum err take_key(struct walk *w, const struct json_token *tok)
{
	struct span name;
	enum err e = walk_decode(w, tok, &name);
	if (e != ERR_OK)
		return e;
	struct frame *f = walk_top(w);
	const struct api_node *node = api_node(f->shape.node);
	const struct api_key *listed = api_node_key(node, name);
	if (w->depth == 1 && w->outer == NULL) {
		e = control_check(w, node, listed, tok, name);
		if (e != ERR_OK)
			return e;
	}
	f->child = listed != NULL ? listed->value : node->other;
	f->key = name;
	return listed != NULL ? ERR_OK : walk_add_text(w, tok, name, TEXT_KEY, node->other.action != ACT_ANY);
}

static enum err take_open(struct walk *w, struct api_shape shape, const struct json_token *tok)
{
	bool object = tok->kind == JSON_TOKEN_OBJECT;
	enum err e = value_container(w, shape, tok);
	if (e != ERR_OK)
		return e;
	struct sink *s = w->sink;
	bool message =
		s->message == NO_MESSAGE && (shape.action == ACT_SYSTEM || (shape.action == ACT_MESSAGES && object));
	if (message)
		e = sink_begin_message(s, tok->start, shape.action == ACT_SYSTEM ? ROLE_SYSTEM : ROLE_NONE);
	if (e != ERR_OK)
		return e;
	struct span key = walk_key(w);
	INVARIANT(w->depth < s->max_depth);
	w->frames[w->depth++] = (struct frame){.shape = shape,
					       .object = object,
					       .message = message,
					       .type_client = true,
					       .start = tok->start,
					       .key = object ? SPAN_NULL : key};
	return ERR_OK;
}

static enum err take_close(struct walk *w, const struct json_token *tok)
{
	const struct frame *f = walk_top(w);
	enum err e = ERR_OK;
	if (f->object)
		e = value_object_end(w, f, tok->end);
	else if (f->numbers && f->shape.action == ACT_PROMPT)
		e = sink_add_ref(w->sink, REF_TOKENS, SPAN_NULL, f->start, tok->end, tok->end - f->start);
	if (e != ERR_OK)
		return e;
	if (f->message)
		sink_end_message(w->sink, tok->end);
	w->depth--;
	return ERR_OK;
}

static enum err take(struct walk *w, struct api_shape shape, const struct json_token *tok)
{
	switch (tok->kind) {
	case JSON_TOKEN_OBJECT:
	case JSON_TOKEN_ARRAY:
		return take_open(w, shape, tok);
	case JSON_TOKEN_OBJECT_END:
	case JSON_TOKEN_ARRAY_END:
		return take_close(w, tok);
	case JSON_TOKEN_KEY:
		return take_key(w, tok);
	case JSON_TOKEN_STRING:
		return value_string(w, shape, tok);
	case JSON_TOKEN_NUMBER:
		return value_number(w, shape, tok);
	case JSON_TOKEN_TRUE:
	case JSON_TOKEN_FALSE:
	case JSON_TOKEN_NULL:
		return value_literal(w, shape, tok);
	case JSON_TOKEN_END:
		break;
	}
	return ERR_OK;
}

enum err walk_run(struct walk *w, struct api_shape root)
{
	struct sink *s = w->sink;
	json_init(&w->json, w->in, s->max_depth, s->tokens_left);
	for (;;) {
		struct json_token tok;
		enum err e = json_next(&w->json, &tok);
		s->tokens_left = w->json.tokens_left;
		if (e != ERR_OK)
			return sink_refuse(s, w->json.pos, e, w->json.what);
		if (tok.kind == JSON_TOKEN_END)
			return ERR_OK;
		/* Anything but an object has no control fields, and no provider takes it. */
		if (w->depth == 0 && w->outer == NULL && tok.kind != JSON_TOKEN_OBJECT)
			return sink_refuse(s, tok.start, ERR_JSON, "the body must be an object");
		e = take(w, w->depth == 0 ? root : walk_shape(w), &tok);
		if (e != ERR_OK)
			return e;
		/* A string may have held JSON of its own, which counts too. */
		w->json.tokens_left = s->tokens_left;
	}
}

enum err api_extract(const struct api_route *route, struct span body, const struct api_limits *limits,
		     struct arena *arena, struct api_extract *out, struct api_problem *problem)
{
	INVARIANT(route->endpoint != NULL && route->has_body);
	*out = (struct api_extract){.store = route->endpoint->store};
	uint32_t depth = limits->max_depth < JSON_MAX_DEPTH ? limits->max_depth : JSON_MAX_DEPTH;
	struct sink sink = {.route = route,
			    .arena = arena,
			    .out = out,
			    .message = NO_MESSAGE,
			    .max_depth = depth,
			    .tokens_left = limits->max_tokens};
	struct walk walk = {.sink = &sink, .in = body, .frames = arena_array(arena, depth + 1, sizeof(struct frame))};
	enum err e = ERR_NOMEM;
	if (walk.frames != NULL)
		e = walk_run(&walk, (struct api_shape){ACT_ANY, route->endpoint->body});
	*problem = (struct api_problem){.offset = sink.offset, .what = sink.what != NULL ? sink.what : err_text(e)};
	return e;
}

uint32_t api_map(struct span body, const struct api_text *t, uint32_t decoded)
{
	struct json_cursor c = {0};
	return api_map_next(body, t, &c, decoded);
}

uint32_t api_map_next(struct span body, const struct api_text *t, struct json_cursor *c, uint32_t decoded)
{
	INVARIANT(!t->nested && t->raw_end <= body.n);
	if (!t->escaped)
		return decoded < t->raw_end - t->raw_start ? t->raw_start + decoded : t->raw_end;
	return t->raw_start + (uint32_t)json_map(span_sub(body, t->raw_start, t->raw_end), c, decoded);
}
