#include "store/segment.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

enum { FORMAT = 1, MAX_READERS = 1024, PATH_MAX_BYTES = 4096 };

static const char *const table_names[TABLE_COUNT] = {
	[TABLE_META] = "meta",   [TABLE_LEAVES] = "leaves",           [TABLE_BODIES] = "bodies",
	[TABLE_NODES] = "nodes", [TABLE_CHECKPOINTS] = "checkpoints", [TABLE_LEDGER] = "ledger",
};

void segment_name(uint32_t number, char out[32])
{
	snprintf(out, 32, "%010u.mdb", number);
}

uint64_t month_of(uint64_t ns)
{
	time_t seconds = (time_t)(ns / 1000000000);
	struct tm tm;
	if (gmtime_r(&seconds, &tm) == NULL)
		return 0;
	return (uint64_t)(tm.tm_year + 1900) * 12 + (uint64_t)tm.tm_mon;
}

enum err segment_get(const struct segment *g, MDB_txn *txn, enum table table, struct span key, struct span *value)
{
	MDB_val k = val_of(key), v;
	*value = SPAN_NULL;
	int rc = mdb_get(txn, g->table[table], &k, &v);
	if (rc == MDB_SUCCESS)
		*value = span_of(v.mv_data, v.mv_size);
	return store_error(rc);
}

static enum err put(const struct segment *g, MDB_txn *txn, struct span key, struct span value)
{
	MDB_val k = val_of(key), v = val_of(value);
	return store_error(mdb_put(txn, g->table[TABLE_META], &k, &v, 0));
}

enum err segment_tail(const struct segment *g, MDB_txn *txn, struct tree_frontier *frontier, uint64_t *low)
{
	struct span v;
	enum err err = segment_get(g, txn, TABLE_META, SPAN("tail"), &v);
	if (err != ERR_OK)
		return err == ERR_NOT_FOUND ? ERR_CORRUPT : err;
	if (v.n < 8 || tree_frontier_decode(span_sub(v, 8, v.n), frontier) != ERR_OK)
		return ERR_CORRUPT;
	*low = key8_get(v.p);
	return *low <= frontier->size && frontier->size >= g->base.size ? ERR_OK : ERR_CORRUPT;
}

enum err segment_tail_now(const struct segment *g, struct tree_frontier *frontier, uint64_t *low)
{
	MDB_txn *txn;
	enum err err = store_error(mdb_txn_begin(g->env, NULL, MDB_RDONLY, &txn));
	if (err != ERR_OK)
		return err;
	err = segment_tail(g, txn, frontier, low);
	mdb_txn_abort(txn);
	return err;
}

enum err segment_put_tail(const struct segment *g, MDB_txn *txn, const struct tree_frontier *frontier, uint64_t low)
{
	uint8_t value[8 + TREE_FRONTIER_MAX];
	struct key8 k = key8(low);
	memcpy(value, k.b, sizeof k.b);
	size_t n = tree_frontier_encode(frontier, value + 8);
	return put(g, txn, SPAN("tail"), span_of(value, 8 + n));
}

static enum err put_head(const struct segment *g, MDB_txn *txn)
{
	uint8_t base[TREE_FRONTIER_MAX];
	size_t n = tree_frontier_encode(&g->base, base);
	struct key8 month = key8(g->month), format = key8(FORMAT);
	enum err err = put(g, txn, SPAN("base"), span_of(base, n));
	if (err == ERR_OK)
		err = put(g, txn, SPAN("month"), span_of(month.b, sizeof month.b));
	if (err == ERR_OK)
		err = put(g, txn, SPAN("format"), span_of(format.b, sizeof format.b));
	return err;
}

static enum err get_head(struct segment *g, MDB_txn *txn)
{
	struct span v;
	enum err err = segment_get(g, txn, TABLE_META, SPAN("format"), &v);
	if (err != ERR_OK)
		return err;
	if (v.n != 8 || key8_get(v.p) != FORMAT)
		return ERR_VERSION;
	err = segment_get(g, txn, TABLE_META, SPAN("base"), &v);
	if (err != ERR_OK || tree_frontier_decode(v, &g->base) != ERR_OK)
		return ERR_CORRUPT;
	err = segment_get(g, txn, TABLE_META, SPAN("month"), &v);
	if (err != ERR_OK || v.n != 8)
		return ERR_CORRUPT;
	g->month = key8_get(v.p);
	return ERR_OK;
}

static enum err open_tables(struct segment *g, MDB_txn *txn, unsigned flags)
{
	for (size_t i = 0; i < TABLE_COUNT; i++) {
		int rc = mdb_dbi_open(txn, table_names[i], flags, &g->table[i]);
		if (rc != MDB_SUCCESS)
			return store_error(rc);
	}
	return ERR_OK;
}

/* LMDB marks its lock file and its synchronous descriptor, but not the data file's. */
static enum err close_on_exec(const struct segment *g)
{
	int fd;
	if (mdb_env_get_fd(g->env, &fd) != MDB_SUCCESS || fcntl(fd, F_SETFD, FD_CLOEXEC) != 0)
		return ERR_IO;
	return ERR_OK;
}

static enum err open_env(struct store *s, struct segment *g, enum segment_mode mode, uint64_t map)
{
	char path[PATH_MAX_BYTES], name[32];
	segment_name(g->number, name);
	if (snprintf(path, sizeof path, "%s/%s", s->path, name) >= (int)sizeof path)
		return ERR_LIMIT;
	int rc = mdb_env_create(&g->env);
	g->writable = mode == SEGMENT_WRITE;
	if (rc == MDB_SUCCESS)
		rc = mdb_env_set_maxreaders(g->env, MAX_READERS);
	if (rc == MDB_SUCCESS)
		rc = mdb_env_set_maxdbs(g->env, TABLE_COUNT);
	if (rc == MDB_SUCCESS && map > 0)
		rc = mdb_env_set_mapsize(g->env, map);
	if (rc == MDB_SUCCESS)
		rc = mdb_env_open(g->env, path, MDB_NOSUBDIR | MDB_NOTLS | (mode == SEGMENT_READ ? MDB_RDONLY : 0),
				  0600);
	if (rc != MDB_SUCCESS)
		return store_error(rc);
	int dead;
	rc = mdb_reader_check(g->env, &dead);
	return rc != MDB_SUCCESS ? store_error(rc) : close_on_exec(g);
}

struct segment *segment_new(uint32_t number)
{
	struct segment *g = calloc(1, sizeof *g);
	if (g != NULL)
		g->number = number;
	return g;
}

enum err segment_attach(struct store *s, struct segment *g, enum segment_mode mode, uint64_t map)
{
	MDB_txn *txn = NULL;
	enum err err = open_env(s, g, mode, map);
	if (err == ERR_OK)
		err = store_error(mdb_txn_begin(g->env, NULL, MDB_RDONLY, &txn));
	if (err == ERR_OK)
		err = open_tables(g, txn, 0);
	if (err == ERR_OK)
		err = get_head(g, txn);
	/* Committed, so that the table handles outlive it. */
	if (err == ERR_OK)
		err = store_error(mdb_txn_commit(txn));
	else if (txn != NULL)
		mdb_txn_abort(txn);
	if (err == ERR_OK)
		g->used = segment_used(g);
	else
		segment_detach(g);
	return err;
}

enum err segment_create(struct store *s, uint32_t number, uint64_t map, const struct tree_frontier *base,
			uint64_t month, struct segment **out)
{
	MDB_txn *txn = NULL;
	struct segment *g = segment_new(number);
	*out = NULL;
	if (g == NULL)
		return ERR_NOMEM;
	g->base = *base;
	g->month = month;
	enum err err = open_env(s, g, SEGMENT_WRITE, map);
	if (err == ERR_OK)
		err = store_error(mdb_txn_begin(g->env, NULL, 0, &txn));
	if (err == ERR_OK)
		err = open_tables(g, txn, MDB_CREATE);
	if (err == ERR_OK)
		err = put_head(g, txn);
	if (err == ERR_OK)
		err = segment_put_tail(g, txn, base, s->low);
	if (err == ERR_OK)
		err = store_error(mdb_txn_commit(txn));
	else if (txn != NULL)
		mdb_txn_abort(txn);
	/* LMDB syncs the file, not its name. */
	if (err == ERR_OK && fsync(s->segments_dir) != 0)
		err = store_error(errno);
	if (err != ERR_OK) {
		segment_free(g);
		return err;
	}
	*out = g;
	return ERR_OK;
}

void segment_detach(struct segment *g)
{
	if (g->env != NULL)
		mdb_env_close(g->env);
	g->env = NULL;
}

void segment_free(struct segment *g)
{
	if (g == NULL)
		return;
	segment_detach(g);
	free(g);
}

uint64_t segment_used(const struct segment *g)
{
	MDB_envinfo info;
	MDB_stat stat;
	if (g->env == NULL || mdb_env_info(g->env, &info) != MDB_SUCCESS || mdb_env_stat(g->env, &stat) != MDB_SUCCESS)
		return g->used;
	return ((uint64_t)info.me_last_pgno + 1) * stat.ms_psize;
}
