#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "audit/format/checkpoint.h"
#include "audit/format/note.h"
#include "audit/format/tile.h"
#include "audit/read.h"

/* A level of the tree: the hashes of its tile at hand. */
struct level {
	struct buf hashes;
	uint64_t index; /* of the tile */
};

struct exporting {
	int dir;
	struct store_view *view;
	struct tree_frontier frontier;
	struct level levels[TILE_LEVELS];
	struct buf entries, bodies; /* of the bundle at hand */
	struct buf line;
	int json; /* file, or -1 */
	enum err err;
};

static enum err write_all(int fd, struct span s)
{
	while (s.n > 0) {
		ssize_t n = write(fd, s.p, s.n);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return errno == ENOSPC || errno == EDQUOT ? ERR_STORE_FULL : ERR_IO;
		s = span_sub(s, (size_t)n, s.n);
	}
	return ERR_OK;
}

/* The folders of a path below dir; path is cut and mended on the way. */
static enum err make_folders(int dir, char *path)
{
	for (char *slash = strchr(path, '/'); slash != NULL; slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		int rc = mkdirat(dir, path, 0755);
		*slash = '/';
		if (rc != 0 && errno != EEXIST)
			return ERR_IO;
	}
	return ERR_OK;
}

static enum err open_file(int dir, char *path, int *fd)
{
	enum err err = make_folders(dir, path);
	if (err != ERR_OK)
		return err;
	*fd = openat(dir, path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0644);
	return *fd < 0 ? ERR_IO : ERR_OK;
}

static enum err write_file(int dir, struct buf *path, struct span content)
{
	int fd;
	buf_add_byte(path, '\0');
	if (buf_err(path) != ERR_OK)
		return buf_err(path);
	enum err err = open_file(dir, (char *)path->p, &fd);
	if (err != ERR_OK)
		return err;
	err = write_all(fd, content);
	if (close(fd) != 0 && err == ERR_OK)
		err = ERR_IO;
	return err;
}

static enum err write_named(int dir, const char *name, struct span content)
{
	struct buf path = {0};
	buf_add_str(&path, name);
	enum err err = write_file(dir, &path, content);
	buf_fini(&path);
	return err;
}

static enum err write_tile(struct exporting *x, unsigned level)
{
	struct level *l = &x->levels[level];
	const struct tile t = {.level = level, .index = l->index, .width = (unsigned)(l->hashes.n / TREE_HASH)};
	struct buf path = {0};
	tile_path(&t, &path);
	enum err err = write_file(x->dir, &path, buf_span(&l->hashes));
	buf_fini(&path);
	buf_clear(&l->hashes);
	l->index++;
	return err;
}

static enum err add_hash(struct exporting *x, unsigned level, const struct tree_hash *hash)
{
	struct level *l = &x->levels[level];
	buf_add(&l->hashes, span_of(hash->b, TREE_HASH));
	if (buf_err(&l->hashes) != ERR_OK)
		return buf_err(&l->hashes);
	return l->hashes.n == (size_t)TILE_WIDTH * TREE_HASH ? write_tile(x, level) : ERR_OK;
}

static void completed(void *arg, unsigned height, uint64_t index, const struct tree_hash *hash)
{
	struct exporting *x = arg;
	(void)index;
	if (height % TILE_HEIGHT == 0 && x->err == ERR_OK)
		x->err = add_hash(x, height / TILE_HEIGHT, hash);
}

/* Entries and bodies of the leaves since the last full bundle. */
static enum err write_bundle(struct exporting *x)
{
	uint64_t end = x->frontier.size;
	unsigned width = (unsigned)((end - 1) % TILE_WIDTH + 1);
	const struct tile t = {.index = (end - 1) / TILE_WIDTH, .width = width};
	struct buf path = {0};
	tile_entries_path(&t, &path);
	enum err err = write_file(x->dir, &path, buf_span(&x->entries));
	buf_clear(&path);
	tile_bodies_path(&t, &path);
	if (err == ERR_OK)
		err = write_file(x->dir, &path, buf_span(&x->bodies));
	buf_fini(&path);
	buf_clear(&x->entries);
	buf_clear(&x->bodies);
	return err;
}

static void add_length(struct buf *out, size_t n, unsigned bytes)
{
	while (bytes-- > 0)
		buf_add_byte(out, (uint8_t)(n >> 8 * bytes));
}

static enum err add_json(struct exporting *x, const struct audit_item *item)
{
	buf_clear(&x->line);
	enum err err = audit_item_json(item, &x->line);
	buf_add_byte(&x->line, '\n');
	if (err == ERR_OK)
		err = buf_err(&x->line);
	return err == ERR_OK ? write_all(x->json, buf_span(&x->line)) : err;
}

static enum err export_leaf(struct exporting *x, uint64_t sequence)
{
	struct audit_item item;
	struct span data, salt;
	struct tree_hash hash;
	enum err err = read_item(x->view, sequence, &item, &data, &salt);
	if (err != ERR_OK)
		return err;
	add_length(&x->entries, data.n, 2);
	buf_add(&x->entries, data);
	add_length(&x->bodies, item.has_body ? salt.n + item.body.n : 0, 4);
	if (item.has_body) {
		buf_add(&x->bodies, salt);
		buf_add(&x->bodies, item.body);
	}
	err = buf_err(&x->entries) != ERR_OK ? buf_err(&x->entries) : buf_err(&x->bodies);
	if (err == ERR_OK && x->json >= 0)
		err = add_json(x, &item);
	memcpy(hash.b, item.leaf_hash, sizeof hash.b);
	if (err == ERR_OK)
		err = add_hash(x, 0, &hash);
	if (err != ERR_OK)
		return err;
	tree_append(&x->frontier, &hash, completed, x);
	if (x->err == ERR_OK && x->frontier.size % TILE_WIDTH == 0)
		x->err = write_bundle(x);
	return x->err;
}

static enum err export_leaves(struct audit_reader *r, struct exporting *x, uint64_t size,
			      const struct audit_export_options *o)
{
	enum err err = ERR_OK;
	while (x->frontier.size < size && err == ERR_OK) {
		x->view = store_view_begin(r->store, &err);
		if (x->view == NULL)
			return err;
		for (size_t i = 0; i < READ_SLICE && x->frontier.size < size && err == ERR_OK; i++)
			err = export_leaf(x, x->frontier.size);
		store_view_end(x->view);
		if (o->progress != NULL)
			o->progress(o->arg, x->frontier.size, size);
	}
	if (err == ERR_OK && size % TILE_WIDTH != 0)
		err = write_bundle(x);
	for (unsigned level = 0; level < TILE_LEVELS && err == ERR_OK; level++)
		if (x->levels[level].hashes.n > 0)
			err = write_tile(x, level);
	return err;
}

/* The checkpoint to export, and a check that it is about the leaves that were exported. */
static enum err newest_checkpoint(struct audit_reader *r, struct buf *note, struct checkpoint *c)
{
	enum err err;
	struct note parsed;
	struct span raw;
	uint64_t size;
	struct store_view *v = store_view_begin(r->store, &err);
	if (v == NULL)
		return err;
	err = store_view_checkpoint(v, store_view_size(v), &size, &raw);
	if (err == ERR_OK) {
		buf_add(note, raw);
		err = buf_err(note);
	}
	store_view_end(v);
	if (err != ERR_OK)
		return err;
	if (note_parse(buf_span(note), &parsed) != ERR_OK || checkpoint_parse(parsed.text, c) != ERR_OK)
		return ERR_CORRUPT;
	return ERR_OK;
}

static enum err write_key(int dir, struct span vkey)
{
	struct buf text = {0};
	buf_add(&text, span_trim(vkey));
	buf_add_byte(&text, '\n');
	enum err err = buf_err(&text) == ERR_OK ? write_named(dir, "log.vkey", buf_span(&text)) : buf_err(&text);
	buf_clear(&text);
	buf_add_str(&text, "log ");
	buf_add(&text, span_trim(vkey));
	buf_add_str(&text, "\nquorum none\n");
	if (err == ERR_OK)
		err = buf_err(&text) == ERR_OK ? write_named(dir, "policy", buf_span(&text)) : buf_err(&text);
	buf_fini(&text);
	return err;
}

static enum err export_all(struct audit_reader *r, struct exporting *x, const struct audit_export_options *o,
			   uint64_t *size)
{
	struct buf note = {0};
	struct checkpoint c;
	char records[] = "records.jsonl";
	enum err err = newest_checkpoint(r, &note, &c);
	if (err == ERR_OK && o->json)
		err = open_file(x->dir, records, &x->json);
	if (err == ERR_OK)
		err = export_leaves(r, x, c.size, o);
	if (err == ERR_OK) {
		const struct tree_hash root = tree_root(&x->frontier);
		err = tree_hash_eq(&root, &c.root) ? ERR_OK : ERR_VERIFY;
	}
	if (err == ERR_OK && o->vkey.p != NULL)
		err = write_key(x->dir, o->vkey);
	/* Last, so that an export cut short has none. */
	if (err == ERR_OK)
		err = write_named(x->dir, "checkpoint", buf_span(&note));
	if (err == ERR_OK)
		*size = c.size;
	buf_fini(&note);
	return err;
}

enum err audit_export(struct audit_reader *r, const struct audit_export_options *o, uint64_t *size)
{
	struct exporting *x = calloc(1, sizeof *x);
	if (x == NULL)
		return ERR_NOMEM;
	x->json = -1;
	enum err err = mkdir(o->folder, 0755) != 0 && errno != EEXIST ? ERR_IO : ERR_OK;
	x->dir = open(o->folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (err == ERR_OK && x->dir < 0)
		err = ERR_IO;
	if (err == ERR_OK && unlinkat(x->dir, "checkpoint", 0) != 0 && errno != ENOENT)
		err = ERR_IO;
	if (err == ERR_OK)
		err = export_all(r, x, o, size);
	if (x->json >= 0 && close(x->json) != 0 && err == ERR_OK)
		err = ERR_IO;
	if (x->dir >= 0)
		close(x->dir);
	for (size_t i = 0; i < TILE_LEVELS; i++)
		buf_fini(&x->levels[i].hashes);
	buf_fini(&x->entries);
	buf_fini(&x->bodies);
	buf_fini(&x->line);
	free(x);
	return err;
}
