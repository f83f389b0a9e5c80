#include <stdlib.h>

#include "base/assert.h"
#include "store/segment.h"

struct store_view {
	struct store *store;
	uint64_t low;
	struct tree_frontier frontier;
	size_t n;
	MDB_txn *txn[]; /* one per segment, begun when first needed */
};

static enum err txn_of(struct store_view *v, size_t i, MDB_txn **out)
{
	enum err err = ERR_OK;
	if (v->store->segments[i]->env == NULL)
		return ERR_IO;
	if (v->txn[i] == NULL)
		err = store_error(mdb_txn_begin(v->store->segments[i]->env, NULL, MDB_RDONLY, &v->txn[i]));
	*out = v->txn[i];
	return err;
}

static enum err read_tail(struct store_view *v)
{
	MDB_txn *txn;
	if (v->n == 0)
		return ERR_OK;
	enum err err = txn_of(v, v->n - 1, &txn);
	if (err == ERR_OK)
		err = segment_tail(v->store->segments[v->n - 1], txn, &v->frontier, &v->low);
	return err;
}

struct store_view *store_view_begin(struct store *s, enum err *err)
{
	*err = s->read_only ? store_refresh(s) : ERR_OK;
	if (*err != ERR_OK)
		return NULL;
	pthread_rwlock_rdlock(&s->list_lock);
	struct store_view *v = calloc(1, sizeof *v + s->n * sizeof *v->txn);
	if (v == NULL) {
		pthread_rwlock_unlock(&s->list_lock);
		*err = ERR_NOMEM;
		return NULL;
	}
	v->store = s;
	v->n = s->n;
	*err = read_tail(v);
	if (*err == ERR_OK)
		return v;
	store_view_end(v);
	return NULL;
}

void store_view_end(struct store_view *v)
{
	if (v == NULL)
		return;
	for (size_t i = 0; i < v->n; i++)
		if (v->txn[i] != NULL)
			mdb_txn_abort(v->txn[i]);
	pthread_rwlock_unlock(&v->store->list_lock);
	free(v);
}

uint64_t store_view_size(const struct store_view *v)
{
	return v->frontier.size;
}

uint64_t store_view_low(const struct store_view *v)
{
	return v->low;
}

const struct tree_frontier *store_view_frontier(const struct store_view *v)
{
	return &v->frontier;
}

/* The segment that holds a sequence: the last one that starts at or before it. */
static size_t segment_of(const struct store_view *v, uint64_t sequence)
{
	size_t i = v->n - 1;
	while (i > 0 && v->store->segments[i]->base.size > sequence)
		i--;
	return i;
}

static enum err get(struct store_view *v, uint64_t sequence, enum table table, struct span key, struct span *out)
{
	MDB_txn *txn;
	if (sequence >= v->frontier.size)
		return ERR_NOT_FOUND;
	size_t i = segment_of(v, sequence);
	enum err err = txn_of(v, i, &txn);
	return err != ERR_OK ? err : segment_get(v->store->segments[i], txn, table, key, out);
}

enum err store_view_leaf(struct store_view *v, uint64_t sequence, struct leaf *leaf, struct span *data)
{
	struct key8 key = key8(sequence);
	struct leaf decoded;
	struct span raw;
	enum err err = get(v, sequence, TABLE_LEAVES, span_of(key.b, sizeof key.b), &raw);
	if (err == ERR_NOT_FOUND && sequence < v->frontier.size)
		err = ERR_CORRUPT;
	if (err == ERR_OK && (leaf_decode(raw, &decoded) != ERR_OK || decoded.sequence != sequence))
		err = ERR_CORRUPT;
	if (err == ERR_OK && leaf != NULL)
		*leaf = decoded;
	if (err == ERR_OK && data != NULL)
		*data = raw;
	return err;
}

enum err store_view_body(struct store_view *v, uint64_t sequence, struct span *salt, struct span *body)
{
	struct key8 key = key8(sequence);
	struct span raw;
	enum err err = get(v, sequence, TABLE_BODIES, span_of(key.b, sizeof key.b), &raw);
	if (err != ERR_OK)
		return err;
	if (raw.n < 1 + LEAF_SALT || raw.p[0] != BODY_PLAIN)
		return ERR_CORRUPT;
	*salt = span_sub(raw, 1, 1 + LEAF_SALT);
	*body = span_sub(raw, 1 + LEAF_SALT, raw.n);
	return ERR_OK;
}

static enum err stored_node(struct store_view *v, unsigned height, uint64_t index, struct tree_hash *out)
{
	struct node_key key = node_key(height, index);
	uint64_t last = ((index + 1) << height) - 1;
	struct span raw;
	enum err err = get(v, last, TABLE_NODES, span_of(key.b, sizeof key.b), &raw);
	if (err == ERR_NOT_FOUND && last < v->frontier.size)
		err = ERR_CORRUPT;
	if (err != ERR_OK)
		return err;
	if (raw.n != TREE_HASH)
		return ERR_CORRUPT;
	memcpy(out->b, raw.p, TREE_HASH);
	return ERR_OK;
}

static enum err simple_node(struct store_view *v, unsigned height, uint64_t index, struct tree_hash *out)
{
	struct span data;
	if (height > 0)
		return stored_node(v, height, index, out);
	enum err err = store_view_leaf(v, index, NULL, &data);
	if (err == ERR_OK)
		*out = tree_leaf_hash(data);
	return err;
}

enum err store_view_node(struct store_view *v, unsigned height, uint64_t index, struct tree_hash *out)
{
	unsigned below = height - height % 8;
	uint64_t count = (uint64_t)1 << (height - below);
	struct tree_frontier sub = {0};
	for (uint64_t i = 0; i < count; i++) {
		struct tree_hash hash;
		enum err err = simple_node(v, below, index * count + i, &hash);
		if (err != ERR_OK)
			return err;
		tree_append(&sub, &hash, NULL, NULL);
	}
	*out = tree_root(&sub);
	return ERR_OK;
}

static enum err source_node(void *arg, unsigned height, uint64_t index, struct tree_hash *out)
{
	return store_view_node(arg, height, index, out);
}

struct tree_source store_view_source(struct store_view *v)
{
	return (struct tree_source){source_node, v};
}

/* The last key at or below this one. */
static enum err seek_back(MDB_cursor *c, uint64_t most, MDB_val *k, MDB_val *val)
{
	struct key8 key = key8(most);
	*k = val_of(span_of(key.b, sizeof key.b));
	int rc = mdb_cursor_get(c, k, val, MDB_SET_RANGE);
	if (rc == MDB_SUCCESS && k->mv_size == 8 && key8_get(k->mv_data) == most)
		return ERR_OK;
	if (rc != MDB_SUCCESS && rc != MDB_NOTFOUND)
		return store_error(rc);
	return store_error(mdb_cursor_get(c, k, val, rc == MDB_SUCCESS ? MDB_PREV : MDB_LAST));
}

enum err store_view_checkpoint(struct store_view *v, uint64_t most, uint64_t *size, struct span *note)
{
	for (size_t i = v->n; i-- > 0;) {
		MDB_txn *txn;
		MDB_cursor *c;
		MDB_val k, val;
		enum err err = txn_of(v, i, &txn);
		if (err == ERR_OK)
			err = store_error(mdb_cursor_open(txn, v->store->segments[i]->table[TABLE_CHECKPOINTS], &c));
		if (err != ERR_OK)
			return err;
		err = seek_back(c, most, &k, &val);
		mdb_cursor_close(c);
		if (err == ERR_NOT_FOUND)
			continue;
		if (err == ERR_OK && k.mv_size != 8)
			err = ERR_CORRUPT;
		if (err != ERR_OK)
			return err;
		*size = key8_get(k.mv_data);
		*note = span_of(val.mv_data, val.mv_size);
		return ERR_OK;
	}
	return ERR_NOT_FOUND;
}

static enum err each_entry(struct segment *g, MDB_txn *txn, void (*each)(void *arg, struct span key, struct span value),
			   void *arg)
{
	MDB_cursor *c;
	MDB_val k, val;
	int rc = mdb_cursor_open(txn, g->table[TABLE_LEDGER], &c);
	if (rc != MDB_SUCCESS)
		return store_error(rc);
	while ((rc = mdb_cursor_get(c, &k, &val, MDB_NEXT)) == MDB_SUCCESS)
		each(arg, span_of(k.mv_data, k.mv_size), span_of(val.mv_data, val.mv_size));
	mdb_cursor_close(c);
	return rc == MDB_NOTFOUND ? ERR_OK : store_error(rc);
}

enum err store_view_ledger(struct store_view *v, void (*each)(void *arg, struct span key, struct span value), void *arg)
{
	for (size_t i = 0; i < v->n; i++) {
		MDB_txn *txn;
		enum err err = txn_of(v, i, &txn);
		if (err == ERR_OK)
			err = each_entry(v->store->segments[i], txn, each, arg);
		if (err != ERR_OK)
			return err;
	}
	return ERR_OK;
}
