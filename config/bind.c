#include "config/bind.h"

#include "base/assert.h"

void item_put(const struct item *it, const void *value, size_t size)
{
	memcpy((uint8_t *)it->base + it->f->at, value, size);
}

/* A copy that outlives the tree. */
enum err item_put_text(const struct item *it, struct span s)
{
	struct span copy = arena_text(&it->x->config->arena, s);
	item_put(it, &copy, sizeof copy);
	return copy.p == NULL ? ERR_NOMEM : ERR_OK;
}

/* Room for the entries of the list. */
enum err item_put_array(const struct item *it, size_t n, size_t size, void **out)
{
	*out = arena_array(&it->x->config->arena, n, size);
	item_put(it, out, sizeof *out);
	memcpy((uint8_t *)it->base + it->f->count_at, &n, sizeof n);
	return *out == NULL ? ERR_NOMEM : ERR_OK;
}

const char *node_shape(enum node_kind kind)
{
	switch (kind) {
	case NODE_SCALAR:
		return "a single value";
	case NODE_LIST:
		return "a list: [ … ]";
	case NODE_MAP:
		return "a mapping: { key: value }";
	}
	return "";
}

enum err item_want(const struct item *it, enum node_kind kind)
{
	if (it->n->kind != kind)
		return ITEM_COMPLAIN(it, "\"%s\" needs %s, not %s", it->f->key, node_shape(kind),
				     node_shape(it->n->kind));
	if (kind == NODE_SCALAR && it->n->text.n == 0)
		return ITEM_COMPLAIN(it, "\"%s\" is empty; write a value or remove the line", it->f->key);
	if (kind == NODE_LIST && it->n->n == 0 && it->f->required)
		return ITEM_COMPLAIN(it, "\"%s\" is an empty list; it needs at least one entry", it->f->key);
	return ERR_OK;
}

/* An entry of a list as an item of its own. */
struct item item_entry(const struct item *it, const struct node *n)
{
	return (struct item){it->x, it->f, n, it->base};
}

static enum err bind_list(const struct item *it)
{
	void *v;
	enum err err = item_put_array(it, it->n->n, it->f->block->size, &v);
	for (const struct node *n = it->n->child; err == ERR_OK && n != NULL; n = n->next) {
		err = bind_block(it->x, it->f->block, n, v);
		v = (uint8_t *)v + it->f->block->size;
	}
	return err;
}

/* Only destinations have names as keys. */
static enum err bind_named(const struct item *it)
{
	struct config_destination *v;
	INVARIANT(it->f->block->size == sizeof *v);
	if (it->n->n == 0)
		return ITEM_COMPLAIN(it, "\"%s\" is empty; it needs at least one entry", it->f->key);
	enum err err = item_put_array(it, it->n->n, sizeof *v, (void **)&v);
	for (const struct node *n = it->n->child; err == ERR_OK && n != NULL; n = n->next, v++) {
		if (!name_ok(n->key))
			return config_complain(it->x->diag, n->key_line, n->key_column,
					       "not a name: letters, digits, '-', '_' and '.', 64 at most");
		v->name = arena_text(&it->x->config->arena, n->key);
		err = v->name.p == NULL ? ERR_NOMEM : bind_block(it->x, it->f->block, n, v);
	}
	return err;
}

/* Which shape of node the kind is written as; the kinds that take several look for themselves. */
static enum err check_shape(const struct item *it)
{
	switch (it->f->kind) {
	case KIND_REGIONS:
	case KIND_WORDS:
	case KIND_NETWORKS_OR_ANYCAST:
	case KIND_CREDENTIALS:
	case KIND_BLOCK:
		return ERR_OK;
	case KIND_HOSTS:
	case KIND_FILES:
	case KIND_COUNTRIES:
	case KIND_CLASSES:
	case KIND_HASHES:
	case KIND_NETWORKS:
	case KIND_CANDIDATES:
	case KIND_LIST:
		return item_want(it, NODE_LIST);
	case KIND_MODELS:
	case KIND_NAMED:
		return item_want(it, NODE_MAP);
	case KIND_TEXT:
	case KIND_NAME:
	case KIND_FILE:
	case KIND_SOCKET:
	case KIND_BOOL:
	case KIND_UINT:
	case KIND_BYTES:
	case KIND_MS:
	case KIND_DAYS:
	case KIND_MONTHS:
	case KIND_COUNTRY:
	case KIND_DATE:
	case KIND_SINCE:
	case KIND_ENUM:
	case KIND_WORD:
	case KIND_TYPE:
	case KIND_PIN:
	case KIND_URL:
	case KIND_ADDRESS:
	case KIND_PATH:
	case KIND_HEALTH:
	case KIND_CIDR:
	case KIND_DPF:
		return item_want(it, NODE_SCALAR);
	}
	return ERR_INTERNAL;
}

static enum err bind_embedded(const struct item *it)
{
	return bind_block(it->x, it->f->block, it->n, it->base);
}

static enum err (*const binders[])(const struct item *it) = {
	[KIND_TEXT] = bind_text,
	[KIND_NAME] = bind_name,
	[KIND_HOSTS] = bind_hosts,
	[KIND_FILE] = bind_file,
	[KIND_FILES] = bind_files,
	[KIND_SOCKET] = bind_socket,
	[KIND_BOOL] = bind_bool,
	[KIND_UINT] = bind_uint,
	[KIND_BYTES] = bind_bytes,
	[KIND_MS] = bind_ms,
	[KIND_DAYS] = bind_days,
	[KIND_MONTHS] = bind_months,
	[KIND_COUNTRY] = bind_country,
	[KIND_COUNTRIES] = bind_countries,
	[KIND_REGIONS] = bind_regions,
	[KIND_DATE] = bind_date,
	[KIND_SINCE] = bind_since,
	[KIND_ENUM] = bind_enum,
	[KIND_WORD] = bind_word,
	[KIND_WORDS] = bind_words,
	[KIND_CLASSES] = bind_classes,
	[KIND_TYPE] = bind_type,
	[KIND_HASHES] = bind_hashes,
	[KIND_PIN] = bind_pin,
	[KIND_URL] = bind_url,
	[KIND_ADDRESS] = bind_address,
	[KIND_PATH] = bind_path,
	[KIND_HEALTH] = bind_health,
	[KIND_CIDR] = bind_cidr,
	[KIND_NETWORKS] = bind_networks,
	[KIND_NETWORKS_OR_ANYCAST] = bind_networks_or_anycast,
	[KIND_CREDENTIALS] = bind_credentials,
	[KIND_MODELS] = bind_models,
	[KIND_DPF] = bind_dpf,
	[KIND_CANDIDATES] = bind_candidates,
	[KIND_BLOCK] = bind_embedded,
	[KIND_LIST] = bind_list,
	[KIND_NAMED] = bind_named,
};

/* An absent field: what it is then. Embedded blocks get their own defaults. */
static enum err bind_absent(struct loader *x, const struct field *f, const struct block *b, const struct node *parent,
			    void *base)
{
	if (f->required && parent != NULL)
		return config_complain(x->diag, parent->line, parent->column, "%s needs \"%s\": %s", b->name, f->key,
				       f->doc);
	if (f->kind == KIND_BLOCK)
		return bind_block(x, f->block, NULL, base);
	const country none = COUNTRY_NONE;
	if (f->kind == KIND_COUNTRY)
		memcpy((uint8_t *)base + f->at, &none, sizeof none);
	if (f->deflt == NULL)
		return ERR_OK;
	const struct node n = {.kind = NODE_SCALAR, .plain = true, .text = span_str(f->deflt)};
	const struct item it = {x, f, &n, base};
	return binders[f->kind](&it);
}

static enum err unknown_key(struct loader *x, const struct block *b, const struct node *n)
{
	struct near near;
	char hint[80];
	near_init(&near, n->key);
	for (size_t i = 0; i < b->n; i++)
		near_try(&near, span_str(b->fields[i].key));
	return config_complain(x->diag, n->key_line, n->key_column, "%s has no key \"%.*s\"%s", b->name,
			       SPAN_ARG(n->key), near_text(&near, hint, sizeof hint));
}

static enum err check_keys(struct loader *x, const struct block *b, const struct node *map)
{
	for (const struct node *n = map->child; n != NULL; n = n->next) {
		size_t i = 0;
		while (i < b->n && !span_eq(n->key, span_str(b->fields[i].key)))
			i++;
		if (i == b->n)
			return unknown_key(x, b, n);
	}
	return ERR_OK;
}

enum err bind_block(struct loader *x, const struct block *b, const struct node *n, void *base)
{
	enum err err = ERR_OK;
	if (n != NULL && n->kind != NODE_MAP)
		return config_complain(x->diag, n->line, n->column, "%s is %s, not %s", b->name, node_shape(NODE_MAP),
				       node_shape(n->kind));
	if (n != NULL)
		err = check_keys(x, b, n);
	if (n != NULL && b->line_at != SIZE_MAX)
		memcpy((uint8_t *)base + b->line_at, &n->line, sizeof n->line);
	for (size_t i = 0; err == ERR_OK && i < b->n; i++) {
		const struct field *f = &b->fields[i];
		const struct item it = {x, f, tree_get(n, f->key), base};
		if (it.n == NULL)
			err = bind_absent(x, f, b, n, base);
		else if ((err = check_shape(&it)) == ERR_OK)
			err = binders[f->kind](&it);
	}
	if (err == ERR_OK && b->check != NULL)
		err = b->check(x, n, base);
	return err;
}
