/* Lines of JSON: the project's own prompts, with marked-up text, and texts with a list of spans. */
#include "cmd/model_items.h"
#include "proxy/wire/json.h"

enum { MAX_SPANS = 1 << 16, OBJECT_DEPTH = 16 };

/* Which list of an object a span stands in. */
enum list { LIST_NONE, LIST_SPANS, LIST_MISSED, LIST_WRONG };

/* A span as written. */
struct raw_span {
	enum list list;
	uint64_t start, end;
	struct span type;
	unsigned seen; /* bit per member */
};
enum { SEEN_START = 1, SEEN_END = 2, SEEN_TYPE = 4, SEEN_ALL = 7 };

/* What an object says; read in one pass. */
struct object {
	struct arena *arena;
	struct span id, lang, domain, text;
	bool titles, has_spans;
	enum list list; /* where the reader stands */
	struct raw_span *spans;
	size_t n, cap;
};

static struct span unescaped(struct object *o, struct span raw)
{
	uint8_t *p = arena_alloc_raw(o->arena, raw.n + 1);
	return p == NULL ? SPAN_NULL : span_of(p, json_unescape(raw, p));
}

static void top_member(struct object *o, struct span key, const struct json_token *t, struct span raw)
{
	static const char *const names[] = {"id", "lang", "domain", "text"};
	struct span *const values[] = {&o->id, &o->lang, &o->domain, &o->text};
	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		if (span_eq(key, span_str(names[i])) && t->kind == JSON_TOKEN_STRING)
			*values[i] = unescaped(o, raw);
	if (span_eq(key, SPAN("prof")))
		o->titles = t->kind == JSON_TOKEN_TRUE;
	o->list = t->kind != JSON_TOKEN_ARRAY    ? LIST_NONE
		  : span_eq(key, SPAN("spans"))  ? LIST_SPANS
		  : span_eq(key, SPAN("missed")) ? LIST_MISSED
		  : span_eq(key, SPAN("wrong"))  ? LIST_WRONG
						 : LIST_NONE;
	o->has_spans = o->has_spans || o->list == LIST_SPANS;
}

static void span_member(struct object *o, struct span key, const struct json_token *t, struct span raw)
{
	struct raw_span *s = &o->spans[o->n - 1];
	if (t->kind == JSON_TOKEN_NUMBER && span_eq(key, SPAN("start")) && span_u64(raw, &s->start))
		s->seen |= SEEN_START;
	if (t->kind == JSON_TOKEN_NUMBER && span_eq(key, SPAN("end")) && span_u64(raw, &s->end))
		s->seen |= SEEN_END;
	if (t->kind == JSON_TOKEN_STRING && (span_eq(key, SPAN("type")) || span_eq(key, SPAN("label")))) {
		s->type = unescaped(o, raw);
		s->seen |= SEEN_TYPE;
	}
}

static enum err new_span(struct object *o)
{
	if (o->n == MAX_SPANS)
		return ERR_LIMIT;
	if (o->n == o->cap) {
		size_t cap = o->cap == 0 ? 16 : 2 * o->cap;
		struct raw_span *v = arena_array(o->arena, cap, sizeof *v);
		if (v == NULL)
			return ERR_NOMEM;
		if (o->n > 0)
			memcpy(v, o->spans, o->n * sizeof *v);
		o->spans = v;
		o->cap = cap;
	}
	o->spans[o->n++] = (struct raw_span){.list = o->list};
	return ERR_OK;
}

/* depth 1: the object's members; 2: the list of spans; 3: a span's members. */
static enum err read_object(struct object *o, struct span line)
{
	struct json j;
	struct json_token t;
	struct span key = SPAN_NULL;
	json_init(&j, line, OBJECT_DEPTH, UINT32_MAX);
	enum err e = json_next(&j, &t);
	if (e == ERR_OK && t.kind != JSON_TOKEN_OBJECT)
		return ERR_JSON;
	while (e == ERR_OK && (e = json_next(&j, &t)) == ERR_OK && t.kind != JSON_TOKEN_END) {
		struct span raw = span_sub(line, t.start, t.end);
		bool opens = t.kind == JSON_TOKEN_OBJECT || t.kind == JSON_TOKEN_ARRAY;
		uint32_t depth = j.depth - (opens ? 1 : 0); /* where the value itself stands */
		bool listed = o->list != LIST_NONE;
		if (t.kind == JSON_TOKEN_KEY) {
			key = raw;
		} else if (depth == 1) {
			top_member(o, key, &t, raw);
		} else if (depth == 2 && listed && t.kind == JSON_TOKEN_OBJECT) {
			e = new_span(o);
		} else if (depth == 3 && listed && o->n > 0) {
			span_member(o, key, &t, raw);
		}
	}
	return e == ERR_OK && o->arena->failed ? ERR_NOMEM : e;
}

bool items_has_spans(struct span line)
{
	struct arena a;
	arena_init(&a, 0);
	struct object o = {.arena = &a};
	bool has = read_object(&o, line) == ERR_OK && o.has_spans;
	arena_fini(&a);
	return has;
}

/* --- «TYPE|surface» --- */

/* "«TYPE|": how long it is with its type, or 0. */
static size_t opening(struct span s, struct span *type)
{
	size_t n = 2;
	if (!span_starts(s, SPAN("«")))
		return 0;
	while (n < s.n && s.p[n] >= 'A' && s.p[n] <= 'Z')
		n++;
	if (n == 2 || n == s.n || s.p[n] != '|')
		return 0;
	*type = span_sub(s, 2, n);
	return n + 1;
}

static enum err untag(struct items *it, struct span tagged, struct marks *marks, struct item *out)
{
	uint8_t *text = arena_alloc_raw(marks->arena, tagged.n + 1);
	size_t n = 0, start = 0;
	bool open = false;
	enum label label = LABEL_UNKNOWN;
	if (text == NULL)
		return ERR_NOMEM;
	for (size_t i = 0; i < tagged.n;) {
		struct span rest = span_sub(tagged, i, tagged.n), type;
		size_t head = opening(rest, &type);
		if (head > 0) {
			if (open)
				return items_bad(it, "a tag inside another");
			if (!items_label(it, type, &label))
				return ERR_CONFIG;
			open = true;
			start = n;
			i += head;
		} else if (span_starts(rest, SPAN("»"))) {
			if (!open)
				return items_bad(it, "an end of a tag without its start");
			marks_add(marks, start, n, label);
			open = false;
			i += 2;
		} else if (span_starts(rest, SPAN("«"))) {
			return items_bad(it, "a « that begins no tag");
		} else {
			text[n++] = tagged.p[i++];
		}
	}
	out->text = span_of(text, n);
	return open ? items_bad(it, "a tag without its end") : ERR_OK;
}

/* --- lists of spans --- */

static enum err place(struct items *it, const struct raw_span *s, struct marks *marks, struct span text)
{
	enum label label;
	if (s->seen != SEEN_ALL)
		return items_bad(it, "a span needs start, end and type");
	if (!items_label(it, s->type, &label))
		return ERR_CONFIG;
	uint64_t start = it->options.bytes ? s->start : items_bytes(text, s->start);
	uint64_t end = it->options.bytes ? s->end : items_bytes(text, s->end);
	if (start >= end || end > text.n || (text.p[start] & 0xc0) == 0x80 ||
	    (end < text.n && (text.p[end] & 0xc0) == 0x80))
		return items_bad(it, "a span is empty, lies outside the text or within a character; see --offsets");
	if (s->list != LIST_WRONG) {
		marks_add(marks, start, end, label);
		return ERR_OK;
	}
	for (size_t i = 0; i < marks->n; i++) {
		if (marks->v[i].start != start || marks->v[i].end != end)
			continue;
		marks->v[i] = marks->v[--marks->n];
		return ERR_OK;
	}
	return items_bad(it, "a wrong span is none of the spans");
}

/* Lists in their order, whatever the order of the object's members. */
static enum err place_all(struct items *it, const struct object *o, struct marks *marks)
{
	enum err e = ERR_OK;
	for (enum list list = LIST_SPANS; list <= LIST_WRONG; list++)
		for (size_t i = 0; e == ERR_OK && i < o->n; i++)
			if (o->spans[i].list == list && (list == LIST_SPANS || it->options.corrections))
				e = place(it, &o->spans[i], marks, o->text);
	return e;
}

enum err items_next_json(struct items *it, struct arena *a, struct item *out)
{
	struct span line = SPAN_NULL;
	while (line.n == 0) {
		ssize_t n = getline(&it->line, &it->cap, it->in);
		if (n < 0)
			return ferror(it->in) ? ERR_IO : ERR_NOT_FOUND;
		it->number++;
		line = span_trim(span_of(it->line, (size_t)n));
	}
	struct object o = {.arena = a};
	struct marks marks = {.arena = a};
	enum err e = read_object(&o, line);
	if (e != ERR_OK)
		return e == ERR_NOMEM ? e : items_bad(it, "not a JSON object");
	bool prompts = it->options.format != ITEMS_JSONL;
	if (o.text.p == NULL)
		return items_bad(it, "no text");
	if (!prompts && !o.has_spans)
		return items_bad(it, "no spans");
	*out = (struct item){.id = o.id, .lang = o.lang, .domain = o.domain, .text = o.text, .titles = true};
	if (prompts)
		e = untag(it, o.text, &marks, out);
	else
		e = place_all(it, &o, &marks);
	out->marks = marks.v;
	out->n = marks.n;
	/* Writers of prompts mark job titles or leave them; those of other sets are taken to mark what they name. */
	out->titles = !prompts || o.titles || marks.n == 0;
	return e;
}
