#include "audit/reader.h"

#include <inttypes.h>
#include <stdlib.h>

#include "audit/format/base64.h"
#include "audit/format/tree.h"
#include "audit/read.h"
#include "audit/state.h"

struct audit_reader *audit_reader_open(const char *path, enum err *err)
{
	const struct store_options o = {.path = path, .read_only = true};
	struct audit_reader *r = calloc(1, sizeof *r);
	*err = ERR_NOMEM;
	if (r == NULL)
		return NULL;
	r->own = r->store = store_open(&o, err);
	if (r->store == NULL) {
		free(r);
		return NULL;
	}
	return r;
}

struct audit_reader *audit_reader_attach(struct audit_writer *w, enum err *err)
{
	struct audit_reader *r = calloc(1, sizeof *r);
	*err = r != NULL ? ERR_OK : ERR_NOMEM;
	if (r != NULL)
		r->store = w->store;
	return r;
}

void audit_reader_close(struct audit_reader *r)
{
	if (r == NULL)
		return;
	store_close(r->own);
	free(r);
}

enum err audit_size(struct audit_reader *r, uint64_t *size)
{
	enum err err;
	struct store_view *v = store_view_begin(r->store, &err);
	if (v == NULL)
		return err;
	*size = store_view_size(v);
	store_view_end(v);
	return ERR_OK;
}

enum err read_item(struct store_view *v, uint64_t sequence, struct audit_item *item, struct span *data,
		   struct span *salt)
{
	*item = (struct audit_item){0};
	enum err err = store_view_leaf(v, sequence, &item->leaf, data);
	if (err != ERR_OK)
		return err;
	const struct tree_hash hash = tree_leaf_hash(*data);
	memcpy(item->leaf_hash, hash.b, sizeof item->leaf_hash);
	err = store_view_body(v, sequence, salt, &item->body);
	item->has_body = err == ERR_OK;
	return err == ERR_NOT_FOUND ? ERR_OK : err;
}

/* Visits [*at, to) up to the end of one slice. */
static enum err visit_slice(struct store_view *v, uint64_t *at, uint64_t to, audit_visit *visit, void *arg, bool *go)
{
	enum err err = ERR_OK;
	for (uint64_t end = *at + READ_SLICE; *at < end && *at < to && *go && err == ERR_OK; ++*at) {
		struct audit_item item;
		struct span data, salt;
		err = read_item(v, *at, &item, &data, &salt);
		if (err == ERR_OK)
			*go = visit(arg, &item);
	}
	return err;
}

enum err audit_list(struct audit_reader *r, uint64_t from, uint64_t to, audit_visit *visit, void *arg)
{
	enum err err = ERR_OK;
	bool go = true;
	for (uint64_t at = from, end = to; go && at < end && err == ERR_OK;) {
		struct store_view *v = store_view_begin(r->store, &err);
		if (v == NULL)
			return err;
		if (end > store_view_size(v))
			end = store_view_size(v);
		err = visit_slice(v, &at, end, visit, arg, &go);
		store_view_end(v);
	}
	return err;
}

enum err audit_item_json(const struct audit_item *item, struct buf *out)
{
	enum err err = ERR_OK;
	buf_printf(out, "{\"sequence\":%" PRIu64 ",\"kind\":\"%s\",\"time\":", item->leaf.sequence,
		   leaf_kind_name(item->leaf.kind));
	record_json_time(item->leaf.time_ns, out);
	buf_add_str(out, ",\"leaf_hash\":");
	record_json_hex(span_of(item->leaf_hash, sizeof item->leaf_hash), out);
	buf_add_str(out, ",\"body\":");
	if (item->has_body)
		err = record_json(item->leaf.kind, item->body, out);
	else
		buf_add_str(out, "null");
	buf_add_byte(out, '}');
	return err != ERR_OK ? err : buf_err(out);
}

struct showing {
	struct buf *json;
	enum err err;
	bool found;
};

static bool show(void *arg, const struct audit_item *item)
{
	struct showing *s = arg;
	s->found = true;
	s->err = audit_item_json(item, s->json);
	return false;
}

enum err audit_show(struct audit_reader *r, uint64_t sequence, struct buf *json)
{
	struct showing s = {.json = json};
	if (sequence == UINT64_MAX)
		return ERR_NOT_FOUND;
	enum err err = audit_list(r, sequence, sequence + 1, show, &s);
	if (err != ERR_OK)
		return err;
	return s.found ? s.err : ERR_NOT_FOUND;
}

static void add_proof(const struct tree_proof *p, uint64_t sequence, struct span note, struct buf *out)
{
	buf_printf(out, "c2sp.org/tlog-proof@v1\nindex %" PRIu64 "\n", sequence);
	for (size_t i = 0; i < p->n; i++) {
		base64_encode(span_of(p->path[i].b, TREE_HASH), out);
		buf_add_byte(out, '\n');
	}
	buf_add_byte(out, '\n');
	buf_add(out, note);
}

enum err audit_prove(struct audit_reader *r, uint64_t sequence, struct buf *out)
{
	enum err err;
	struct tree_proof proof;
	struct span note;
	uint64_t size;
	struct store_view *v = store_view_begin(r->store, &err);
	if (v == NULL)
		return err;
	struct tree_source source = store_view_source(v);
	err = store_view_checkpoint(v, store_view_size(v), &size, &note);
	if (err == ERR_OK)
		err = sequence < size ? tree_inclusion(&source, sequence, size, &proof) : ERR_NOT_FOUND;
	if (err == ERR_OK) {
		add_proof(&proof, sequence, note, out);
		err = buf_err(out);
	}
	store_view_end(v);
	return err;
}
