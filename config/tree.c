#include "config/tree.h"

#include <yaml.h>

struct builder {
	yaml_parser_t parser;
	struct arena *arena;
	struct config_diag *diag;
	size_t nodes;
};

struct span arena_text(struct arena *a, struct span s)
{
	uint8_t *p = arena_alloc(a, s.n + 1);
	if (p == NULL)
		return SPAN_NULL;
	if (s.n > 0)
		memcpy(p, s.p, s.n);
	return span_of(p, s.n);
}

const struct node *tree_get(const struct node *map, const char *key)
{
	const struct node *n = map == NULL ? NULL : map->child;
	while (n != NULL && !span_eq(n->key, span_str(key)))
		n = n->next;
	return n;
}

#define COMPLAIN(b, mark, ...)                                                                                         \
	config_complain((b)->diag, (unsigned)(mark).line + 1, (unsigned)(mark).column + 1, __VA_ARGS__)

static enum err next_event(struct builder *b, yaml_event_t *event)
{
	if (yaml_parser_parse(&b->parser, event))
		return ERR_OK;
	if (b->parser.error == YAML_MEMORY_ERROR)
		return ERR_NOMEM;
	const char *problem = b->parser.problem != NULL ? b->parser.problem : "unreadable";
	return COMPLAIN(b, b->parser.problem_mark, "not valid YAML: %s", problem);
}

/* Characters that a reviewer of the file would not see: controls, zero-width and direction marks. */
static bool is_visible(struct span s)
{
	for (size_t i = 0; i < s.n; i++) {
		uint8_t c = s.p[i], d = i + 1 < s.n ? s.p[i + 1] : 0, e = i + 2 < s.n ? s.p[i + 2] : 0;
		if (c < 0x20 || c == 0x7f || (c == 0xc2 && d < 0xa0))
			return false;
		if (c == 0xe2 && d == 0x80 && ((e >= 0x8b && e <= 0x8f) || (e >= 0xa8 && e <= 0xae)))
			return false;
		if ((c == 0xe2 && d == 0x81 && e >= 0xa0 && e <= 0xaf) || (c == 0xef && d == 0xbb && e == 0xbf))
			return false;
	}
	return true;
}

static enum err check_scalar(struct builder *b, const yaml_event_t *event)
{
	struct span text = span_of(event->data.scalar.value, event->data.scalar.length);
	if (event->data.scalar.anchor != NULL)
		return COMPLAIN(b, event->start_mark, "anchors (&) are not allowed; write the value out");
	if (event->data.scalar.tag != NULL)
		return COMPLAIN(b, event->start_mark, "tags (!) are not allowed; write the plain value");
	if (!is_visible(text))
		return COMPLAIN(b, event->start_mark, "control or invisible characters; retype this value on one line");
	if (looks_secret(text))
		return COMPLAIN(b, event->start_mark,
				"this looks like a credential; put it into a file of its own and name the file here");
	return ERR_OK;
}

static struct node *new_node(struct builder *b, enum node_kind kind, const yaml_event_t *event, enum err *err)
{
	*err = ERR_OK;
	if (++b->nodes > TREE_MAX_NODES) {
		*err = COMPLAIN(b, event->start_mark, "too many values in one file (65536 at most)");
		return NULL;
	}
	struct node *n = arena_alloc(b->arena, sizeof *n);
	if (n == NULL) {
		*err = ERR_NOMEM;
		return NULL;
	}
	n->kind = kind;
	n->line = (unsigned)event->start_mark.line + 1;
	n->column = (unsigned)event->start_mark.column + 1;
	return n;
}

static struct node *read_value(struct builder *b, const yaml_event_t *event, unsigned depth, enum err *err);

/* Appends to a list or mapping whose last entry is *tail. */
static enum err append(struct builder *b, struct node *parent, struct node **tail, struct node *entry,
		       const yaml_event_t *event)
{
	if (++parent->n > TREE_MAX_ENTRIES)
		return COMPLAIN(b, event->start_mark, "too many entries in one list (4096 at most)");
	if (*tail == NULL)
		parent->child = entry;
	else
		(*tail)->next = entry;
	*tail = entry;
	return ERR_OK;
}

static enum err read_list(struct builder *b, struct node *list, unsigned depth)
{
	struct node *tail = NULL;
	for (;;) {
		yaml_event_t event;
		enum err err = next_event(b, &event);
		if (err != ERR_OK)
			return err;
		if (event.type == YAML_SEQUENCE_END_EVENT) {
			yaml_event_delete(&event);
			return ERR_OK;
		}
		struct node *entry = read_value(b, &event, depth + 1, &err);
		if (entry != NULL)
			err = append(b, list, &tail, entry, &event);
		yaml_event_delete(&event);
		if (err != ERR_OK)
			return err;
	}
}

static enum err check_key(struct builder *b, const struct node *map, const yaml_event_t *event)
{
	enum { KEY_MAX = 128 };
	if (event->type == YAML_ALIAS_EVENT)
		return COMPLAIN(b, event->start_mark, "aliases (*) are not allowed; write the value out");
	if (event->type != YAML_SCALAR_EVENT)
		return COMPLAIN(b, event->start_mark, "a key is a plain word");
	enum err err = check_scalar(b, event);
	if (err != ERR_OK)
		return err;
	struct span key = span_of(event->data.scalar.value, event->data.scalar.length);
	if (key.n == 0 || key.n > KEY_MAX)
		return COMPLAIN(b, event->start_mark, "a key has 1 to 128 characters");
	if (span_eq(key, SPAN("<<")))
		return COMPLAIN(b, event->start_mark, "merge keys (<<) are not allowed; write the values out");
	for (const struct node *n = map->child; n != NULL; n = n->next)
		if (span_eq(n->key, key))
			return COMPLAIN(b, event->start_mark, "\"%.*s\" is already set in line %u; keep one of them",
					SPAN_ARG(key), n->key_line);
	return ERR_OK;
}

/* The value behind a key whose event is given. */
static struct node *read_entry(struct builder *b, const yaml_event_t *key, unsigned depth, enum err *err)
{
	yaml_event_t event;
	struct span name = arena_text(b->arena, span_of(key->data.scalar.value, key->data.scalar.length));
	*err = name.p == NULL ? ERR_NOMEM : next_event(b, &event);
	if (*err != ERR_OK)
		return NULL;
	struct node *entry = read_value(b, &event, depth + 1, err);
	yaml_event_delete(&event);
	if (entry == NULL)
		return NULL;
	entry->key = name;
	entry->key_line = (unsigned)key->start_mark.line + 1;
	entry->key_column = (unsigned)key->start_mark.column + 1;
	return entry;
}

static enum err read_map(struct builder *b, struct node *map, unsigned depth)
{
	struct node *tail = NULL;
	for (;;) {
		yaml_event_t event;
		enum err err = next_event(b, &event);
		if (err != ERR_OK)
			return err;
		if (event.type == YAML_MAPPING_END_EVENT) {
			yaml_event_delete(&event);
			return ERR_OK;
		}
		struct node *entry = NULL;
		err = check_key(b, map, &event);
		if (err == ERR_OK)
			entry = read_entry(b, &event, depth, &err);
		if (entry != NULL)
			err = append(b, map, &tail, entry, &event);
		yaml_event_delete(&event);
		if (err != ERR_OK)
			return err;
	}
}

static struct node *read_scalar(struct builder *b, const yaml_event_t *event, enum err *err)
{
	struct node *n = NULL;
	*err = check_scalar(b, event);
	if (*err == ERR_OK)
		n = new_node(b, NODE_SCALAR, event, err);
	if (n == NULL)
		return NULL;
	n->plain = event->data.scalar.style == YAML_PLAIN_SCALAR_STYLE;
	n->text = arena_text(b->arena, span_of(event->data.scalar.value, event->data.scalar.length));
	if (n->text.p == NULL)
		*err = ERR_NOMEM;
	return *err == ERR_OK ? n : NULL;
}

static struct node *read_collection(struct builder *b, const yaml_event_t *event, unsigned depth, enum err *err)
{
	bool map = event->type == YAML_MAPPING_START_EVENT;
	const yaml_char_t *anchor = map ? event->data.mapping_start.anchor : event->data.sequence_start.anchor;
	const yaml_char_t *tag = map ? event->data.mapping_start.tag : event->data.sequence_start.tag;
	struct node *n = NULL;
	if (depth >= TREE_MAX_DEPTH)
		*err = COMPLAIN(b, event->start_mark, "nested too deeply (16 levels at most)");
	else if (anchor != NULL)
		*err = COMPLAIN(b, event->start_mark, "anchors (&) are not allowed; write the value out");
	else if (tag != NULL)
		*err = COMPLAIN(b, event->start_mark, "tags (!) are not allowed; write the plain value");
	else
		n = new_node(b, map ? NODE_MAP : NODE_LIST, event, err);
	if (n != NULL)
		*err = map ? read_map(b, n, depth) : read_list(b, n, depth);
	return *err == ERR_OK ? n : NULL;
}

static struct node *read_value(struct builder *b, const yaml_event_t *event, unsigned depth, enum err *err)
{
	if (event->type == YAML_SCALAR_EVENT)
		return read_scalar(b, event, err);
	if (event->type == YAML_SEQUENCE_START_EVENT || event->type == YAML_MAPPING_START_EVENT)
		return read_collection(b, event, depth, err);
	*err = event->type == YAML_ALIAS_EVENT
		       ? COMPLAIN(b, event->start_mark, "aliases (*) are not allowed; write the value out")
		       : COMPLAIN(b, event->start_mark, "a value is missing here");
	return NULL;
}

/* Skips an event of one of two types; anything else is a complaint. */
static enum err expect(struct builder *b, yaml_event_type_t type, const char *otherwise)
{
	yaml_event_t event;
	enum err err = next_event(b, &event);
	if (err != ERR_OK)
		return err;
	bool directives =
		event.type == YAML_DOCUMENT_START_EVENT &&
		(event.data.document_start.version_directive != NULL ||
		 event.data.document_start.tag_directives.start != event.data.document_start.tag_directives.end);
	if (event.type != type)
		err = COMPLAIN(b, event.start_mark, "%s", otherwise);
	else if (directives)
		err = COMPLAIN(b, event.start_mark, "directives (%%) are not allowed; remove the line");
	yaml_event_delete(&event);
	return err;
}

static struct node *read_document(struct builder *b, enum err *err)
{
	yaml_event_t event;
	*err = expect(b, YAML_STREAM_START_EVENT, "the file is not YAML");
	if (*err == ERR_OK)
		*err = expect(b, YAML_DOCUMENT_START_EVENT,
			      "the file is empty; begin with site, listeners and destinations");
	if (*err == ERR_OK)
		*err = next_event(b, &event);
	if (*err != ERR_OK)
		return NULL;
	struct node *root = read_value(b, &event, 0, err);
	yaml_event_delete(&event);
	if (root != NULL)
		*err = expect(b, YAML_DOCUMENT_END_EVENT, "more than one value");
	if (root != NULL && *err == ERR_OK)
		*err = expect(b, YAML_STREAM_END_EVENT, "a second document (---); keep one");
	return *err == ERR_OK ? root : NULL;
}

struct node *tree_parse(struct span yaml, struct arena *arena, struct config_diag *diag, enum err *err)
{
	struct builder b = {.arena = arena, .diag = diag};
	if (yaml.n > TREE_MAX_BYTES) {
		*err = config_complain(diag, 1, 1, "the file is larger than 1 MiB");
		return NULL;
	}
	if (!yaml_parser_initialize(&b.parser)) {
		*err = ERR_NOMEM;
		return NULL;
	}
	yaml_parser_set_encoding(&b.parser, YAML_UTF8_ENCODING);
	yaml_parser_set_input_string(&b.parser, yaml.n == 0 ? (const uint8_t *)"" : yaml.p, yaml.n);
	struct node *root = read_document(&b, err);
	yaml_parser_delete(&b.parser);
	return root;
}
