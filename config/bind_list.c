#include "config/bind.h"

#include "base/finding.h"
#include "config/address.h"
#include "config/value.h"

enum err bind_files(const struct item *it)
{
	struct span *v;
	enum err err = item_put_array(it, it->n->n, sizeof *v, (void **)&v);
	for (const struct node *n = it->n->child; err == ERR_OK && n != NULL; n = n->next, v++) {
		struct item entry = item_entry(it, n);
		err = item_want(&entry, NODE_SCALAR);
		if (err == ERR_OK)
			err = item_join(&entry, n->text, v);
		for (const struct node *m = it->n->child; err == ERR_OK && m != n; m = m->next)
			if (span_eq(m->text, n->text))
				err = ITEM_COMPLAIN(&entry, "this file is named twice; remove one");
	}
	return err;
}

enum err bind_countries(const struct item *it)
{
	country *v;
	enum err err = item_put_array(it, it->n->n, sizeof *v, (void **)&v);
	for (const struct node *n = it->n->child; err == ERR_OK && n != NULL; n = n->next) {
		struct item entry = item_entry(it, n);
		err = item_want(&entry, NODE_SCALAR);
		if (err == ERR_OK && (*v++ = value_country(n->text)) == COUNTRY_NONE)
			err = item_bad_country(&entry);
	}
	return err;
}

/* A country, or a group's name in letters of one case ("EEA", "eea"). Which groups there are is known later. */
static bool region_ok(struct span s)
{
	if (value_country(s) != COUNTRY_NONE)
		return true;
	if (s.n < 3 || s.n > 32)
		return span_eq_nocase(s, SPAN("EU"));
	for (size_t i = 0; i < s.n; i++) {
		uint8_t c = s.p[i] | 0x20;
		if ((c < 'a' || c > 'z') &&
		    (i == 0 || ((s.p[i] < '0' || s.p[i] > '9') && s.p[i] != '_' && s.p[i] != '-')))
			return false;
	}
	return true;
}

enum err bind_regions(const struct item *it)
{
	struct span *v;
	bool lone = it->n->kind == NODE_SCALAR && span_eq(it->n->text, SPAN("anywhere"));
	if (!lone && it->n->kind != NODE_LIST)
		return ITEM_COMPLAIN(it, "\"%s\" is a list of countries and groups, e.g. [EEA, CH], or anywhere",
				     it->f->key);
	if (!lone && it->n->n == 0)
		return ITEM_COMPLAIN(it, "\"%s\" is an empty list; write countries, or anywhere", it->f->key);
	enum err err = item_put_array(it, lone ? 1 : it->n->n, sizeof *v, (void **)&v);
	if (err == ERR_OK && lone) {
		*v = arena_text(&it->x->config->arena, it->n->text);
		return v->p == NULL ? ERR_NOMEM : ERR_OK;
	}
	for (const struct node *n = it->n->child; err == ERR_OK && n != NULL; n = n->next, v++) {
		struct item entry = item_entry(it, n);
		err = item_want(&entry, NODE_SCALAR);
		if (err == ERR_OK && !region_ok(n->text))
			err = item_bad_country(&entry);
		if (err == ERR_OK && (*v = arena_text(&it->x->config->arena, n->text)).p == NULL)
			err = ERR_NOMEM;
	}
	return err;
}

/* One word or a list of them, as bits. */
enum err bind_words(const struct item *it)
{
	unsigned bits = 0;
	const struct node *n = it->n->kind == NODE_LIST ? it->n->child : it->n;
	if (it->n->kind == NODE_MAP || n == NULL)
		return ITEM_COMPLAIN(it, "\"%s\" is one or a list of %s", it->f->key, it->f->words);
	for (; n != NULL; n = it->n->kind == NODE_LIST ? n->next : NULL) {
		struct item entry = item_entry(it, n);
		enum err err = item_want(&entry, NODE_SCALAR);
		if (err != ERR_OK)
			return err;
		int index = words_index(it->f->words, n->text);
		if (index < 0)
			return item_not_a_word(&entry, n->text);
		bits |= 1u << index;
	}
	item_put(it, &bits, sizeof bits);
	return ERR_OK;
}

enum err bind_classes(const struct item *it)
{
	struct span *v;
	enum err err = item_put_array(it, it->n->n, sizeof *v, (void **)&v);
	for (const struct node *n = it->n->child; err == ERR_OK && n != NULL; n = n->next, v++) {
		struct item entry = item_entry(it, n);
		struct near near;
		char hint[80];
		err = item_want(&entry, NODE_SCALAR);
		if (err != ERR_OK)
			break;
		near_init(&near, n->text);
		for (unsigned c = 0; c < CLASS_COUNT; c++)
			near_try(&near, class_name((enum legal_class)c));
		if (class_parse(n->text) < 0)
			err = ITEM_COMPLAIN(&entry, "no legal class of this name%s",
					    near_text(&near, hint, sizeof hint));
		else if ((*v = arena_text(&it->x->config->arena, n->text)).p == NULL)
			err = ERR_NOMEM;
	}
	return err;
}

enum err bind_hosts(const struct item *it)
{
	struct span *v;
	enum err err = item_put_array(it, it->n->n, sizeof *v, (void **)&v);
	for (const struct node *n = it->n->child; err == ERR_OK && n != NULL; n = n->next, v++) {
		struct item entry = item_entry(it, n);
		uint8_t ip[16];
		bool v6 = n->text.n > 2 && n->text.p[0] == '[' && n->text.p[n->text.n - 1] == ']' &&
			  ip_parse(span_sub(n->text, 1, n->text.n - 1), ip);
		err = item_want(&entry, NODE_SCALAR);
		if (err == ERR_OK && !v6 && !host_name_ok(n->text))
			err = ITEM_COMPLAIN(
				&entry, "not a host name; write it without scheme and port, e.g. gateway.example.com");
		if (err == ERR_OK && (*v = arena_text(&it->x->config->arena, n->text)).p == NULL)
			err = ERR_NOMEM;
	}
	return err;
}

enum err bind_hashes(const struct item *it)
{
	uint8_t(*v)[32];
	enum err err = item_put_array(it, it->n->n, sizeof *v, (void **)&v);
	for (const struct node *n = it->n->child; err == ERR_OK && n != NULL; n = n->next, v++) {
		struct item entry = item_entry(it, n);
		err = item_want(&entry, NODE_SCALAR);
		/* The value is not repeated: it may be the key itself. */
		if (err == ERR_OK && !value_hex32(n->text, *v))
			err = ITEM_COMPLAIN(&entry,
					    "write the SHA-256 of the key, never the key: printf %%s KEY | sha256sum");
	}
	return err;
}

enum err bind_networks(const struct item *it)
{
	struct config_cidr *v;
	enum err err = item_put_array(it, it->n->n, sizeof *v, (void **)&v);
	for (const struct node *n = it->n->child; err == ERR_OK && n != NULL; n = n->next, v++) {
		/* A lone network is short for { cidr: … }. */
		if (n->kind == NODE_SCALAR) {
			struct item entry = {it->x, &block_network.fields[0], n, v};
			v->cc = COUNTRY_NONE;
			v->line = n->line;
			err = item_want(&entry, NODE_SCALAR);
			if (err == ERR_OK)
				err = bind_cidr(&entry);
		} else {
			err = bind_block(it->x, &block_network, n, v);
		}
	}
	return err;
}

enum err bind_networks_or_anycast(const struct item *it)
{
	struct config_destination *d = it->base;
	if (it->n->kind == NODE_SCALAR && span_eq(it->n->text, SPAN("anycast"))) {
		d->networks_anycast = true;
		return ERR_OK;
	}
	if (it->n->kind != NODE_LIST || it->n->n == 0)
		return ITEM_COMPLAIN(it, "\"%s\" is a list of networks, or anycast", it->f->key);
	return bind_networks(it);
}

enum err bind_credentials(const struct item *it)
{
	static const char words[] = "passthrough|none";
	struct config_destination *d = it->base;
	if (it->n->kind == NODE_MAP) {
		d->credentials = CREDENTIALS_FILE;
		return bind_block(it->x, &block_credentials, it->n, it->base);
	}
	if (it->n->kind == NODE_SCALAR && words_index(words, it->n->text) >= 0) {
		d->credentials = words_index(words, it->n->text) == 0 ? CREDENTIALS_PASSTHROUGH : CREDENTIALS_NONE;
		return ERR_OK;
	}
	return ITEM_COMPLAIN(it, "\"%s\" is passthrough, none or { file: NAME }; never the key itself", it->f->key);
}

enum err bind_models(const struct item *it)
{
	struct config_model *v;
	enum err err = item_put_array(it, it->n->n, sizeof *v, (void **)&v);
	for (const struct node *n = it->n->child; err == ERR_OK && n != NULL; n = n->next, v++) {
		struct item entry = item_entry(it, n);
		err = item_want(&entry, NODE_SCALAR);
		if (err != ERR_OK)
			break;
		v->asked = arena_text(&it->x->config->arena, n->key);
		v->served = arena_text(&it->x->config->arena, n->text);
		if (v->asked.p == NULL || v->served.p == NULL)
			err = ERR_NOMEM;
	}
	return err;
}

static enum err find_destination(const struct item *entry, size_t *out)
{
	const struct config *c = entry->x->config;
	struct near near;
	char hint[80];
	near_init(&near, entry->n->text);
	for (size_t i = 0; i < c->n_destinations; i++) {
		near_try(&near, c->destinations[i].name);
		if (span_eq(c->destinations[i].name, entry->n->text)) {
			*out = i;
			return ERR_OK;
		}
	}
	return ITEM_COMPLAIN(entry, "no destination of this name%s", near_text(&near, hint, sizeof hint));
}

enum err bind_candidates(const struct item *it)
{
	size_t *v, n_seen = 0;
	enum err err = item_put_array(it, it->n->n, sizeof *v, (void **)&v);
	for (const struct node *n = it->n->child; err == ERR_OK && n != NULL; n = n->next, n_seen++) {
		struct item entry = item_entry(it, n);
		err = item_want(&entry, NODE_SCALAR);
		if (err == ERR_OK)
			err = find_destination(&entry, &v[n_seen]);
		for (size_t i = 0; err == ERR_OK && i < n_seen; i++)
			if (v[i] == v[n_seen])
				err = ITEM_COMPLAIN(&entry, "this destination is named twice; remove one");
	}
	return err;
}
