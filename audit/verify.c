#include <stdlib.h>

#include "audit/format/checkpoint.h"
#include "audit/format/note.h"
#include "audit/read.h"

struct verifying {
	struct store_view *view; /* of the slice at hand */
	struct tree_frontier frontier;
	const struct note_vkey *vkey; /* or NULL */
	struct audit_report *report;
	enum err err;
	uint64_t checkpoints[READ_SLICE]; /* sizes of those in this slice, falling */
	size_t n;
};

static enum err fault(struct verifying *v, uint64_t at, const char *text)
{
	if (v->report->fault == NULL) {
		v->report->fault = text;
		v->report->at = at;
	}
	return v->err = ERR_VERIFY;
}

static void compare_node(void *arg, unsigned height, uint64_t index, const struct tree_hash *hash)
{
	struct verifying *v = arg;
	struct tree_hash stored;
	if (height % 8 != 0 || v->err != ERR_OK)
		return;
	if (store_view_node(v->view, height, index, &stored) != ERR_OK || !tree_hash_eq(&stored, hash))
		(void)fault(v, index << height, "a stored node of the tree does not fit its leaves");
}

static enum err verify_leaf(struct verifying *v, uint64_t sequence)
{
	struct audit_item item;
	struct span data, salt;
	uint8_t digest[32];
	struct tree_hash hash;
	if (read_item(v->view, sequence, &item, &data, &salt) != ERR_OK)
		return fault(v, sequence, "a leaf or its body cannot be read");
	v->report->leaves++;
	if (item.has_body) {
		v->report->bodies++;
		leaf_digest(salt.p, item.body, digest);
		if (memcmp(digest, item.leaf.digest, sizeof digest) != 0)
			return fault(v, sequence, "a body does not fit its leaf");
	} else {
		v->report->absent++;
	}
	memcpy(hash.b, item.leaf_hash, sizeof hash.b);
	tree_append(&v->frontier, &hash, compare_node, v);
	return v->err;
}

static enum err verify_checkpoint(struct verifying *v)
{
	uint64_t size = v->frontier.size, found;
	struct note note;
	struct checkpoint c;
	struct span raw;
	if (store_view_checkpoint(v->view, size, &found, &raw) != ERR_OK || found != size ||
	    note_parse(raw, &note) != ERR_OK || checkpoint_parse(note.text, &c) != ERR_OK || c.size != size)
		return fault(v, size, "a checkpoint cannot be read");
	struct tree_hash root = tree_root(&v->frontier);
	if (!tree_hash_eq(&root, &c.root))
		return fault(v, size, "a checkpoint's root does not fit the leaves");
	v->report->checkpoints++;
	enum err err = v->vkey != NULL ? note_verify(&note, v->vkey) : ERR_OK;
	if (err == ERR_VERIFY)
		return fault(v, size, "a checkpoint's signature does not fit its key");
	if (err == ERR_OK && (v->vkey == NULL || span_eq(c.origin, v->vkey->name))) {
		v->report->verified += v->vkey != NULL;
		v->report->signed_size = size;
	}
	return ERR_OK;
}

/* Sizes of the checkpoints in (from, to], falling. */
static enum err collect_checkpoints(struct verifying *v, uint64_t from, uint64_t to)
{
	uint64_t size = 0;
	struct span note;
	v->n = 0;
	for (uint64_t most = to; most > from; most = size - 1) {
		enum err err = store_view_checkpoint(v->view, most, &size, &note);
		if (err == ERR_NOT_FOUND)
			return ERR_OK;
		if (err != ERR_OK)
			return err;
		if (size <= from)
			return ERR_OK;
		v->checkpoints[v->n++] = size;
	}
	return ERR_OK;
}

static enum err verify_slice(struct verifying *v, uint64_t size)
{
	uint64_t from = v->frontier.size, to = from + READ_SLICE < size ? from + READ_SLICE : size;
	enum err err = collect_checkpoints(v, from, to);
	for (uint64_t at = from; at < to && err == ERR_OK; at++) {
		err = verify_leaf(v, at);
		if (err == ERR_OK && v->n > 0 && v->checkpoints[v->n - 1] == at + 1) {
			v->n--;
			err = verify_checkpoint(v);
		}
	}
	return err;
}

/* The first view says how far to go and what the frontier must be there. */
static enum err target(struct audit_reader *r, struct tree_frontier *out)
{
	enum err err;
	struct store_view *view = store_view_begin(r->store, &err);
	if (view == NULL)
		return err;
	*out = *store_view_frontier(view);
	uint64_t size;
	struct span note;
	if (store_view_checkpoint(view, UINT64_MAX, &size, &note) == ERR_OK && size > out->size)
		err = ERR_VERIFY;
	store_view_end(view);
	return err;
}

static enum err verify_all(struct audit_reader *r, struct verifying *v, const struct tree_frontier *end,
			   void (*progress)(void *arg, uint64_t done, uint64_t of), void *arg)
{
	enum err err = ERR_OK;
	while (v->frontier.size < end->size && err == ERR_OK) {
		v->view = store_view_begin(r->store, &err);
		if (v->view == NULL)
			return err;
		err = verify_slice(v, end->size);
		store_view_end(v->view);
		if (progress != NULL)
			progress(arg, v->frontier.size, end->size);
	}
	if (err != ERR_OK)
		return err;
	size_t n = tree_frontier_count(end->size);
	if (memcmp(v->frontier.nodes, end->nodes, n * sizeof *end->nodes) != 0)
		return fault(v, end->size, "the stored frontier does not fit the leaves");
	return ERR_OK;
}

enum err audit_verify(struct audit_reader *r, struct span vkey, void (*progress)(void *arg, uint64_t done, uint64_t of),
		      void *arg, struct audit_report *out)
{
	struct note_vkey key;
	struct tree_frontier end;
	*out = (struct audit_report){0};
	if (vkey.p != NULL && note_vkey_parse(span_trim(vkey), &key) != ERR_OK)
		return ERR_SYNTAX;
	struct verifying *v = calloc(1, sizeof *v);
	if (v == NULL)
		return ERR_NOMEM;
	v->vkey = vkey.p != NULL ? &key : NULL;
	v->report = out;
	enum err err = target(r, &end);
	if (err == ERR_VERIFY)
		(void)fault(v, end.size, "a checkpoint is larger than the log: the log was cut or rolled back");
	if (err == ERR_OK)
		err = verify_all(r, v, &end, progress, arg);
	const struct tree_hash root = tree_root(&v->frontier);
	memcpy(out->root, root.b, sizeof out->root);
	free(v);
	return err;
}
