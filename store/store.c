#include "store/store.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/assert.h"
#include "base/log.h"
#include "store/segment.h"

#define MIB ((uint64_t)1 << 20)
#define GIB ((uint64_t)1 << 30)

enum {
	RESERVE_SHARE = 16,
	SEGMENT_SHARE = 16,
};
static const uint64_t reserve_most = 8 * MIB, segment_least = 4 * MIB, segment_most = 4 * GIB, map_least = MIB,
		      map_slack = 64 * MIB /* more than one transaction can write */, chunk = 4 * MIB;

static uint64_t reserve(const struct store *s)
{
	uint64_t share = atomic_load(&s->bytes) / RESERVE_SHARE;
	return share < reserve_most ? share : reserve_most;
}

static struct segment *present(const struct store *s)
{
	return s->n > 0 ? s->segments[s->n - 1] : NULL;
}

static uint64_t sealed_used(const struct store *s)
{
	uint64_t used = 0;
	for (size_t i = 0; i + 1 < s->n; i++)
		used += s->segments[i]->used;
	return used;
}

static void count_used(struct store *s)
{
	atomic_store(&s->used, sealed_used(s) + (s->n > 0 ? segment_used(present(s)) : 0));
}

/* What the present segment's map may grow to, given what the others take. */
static uint64_t map_bytes(const struct store *s, uint64_t others)
{
	uint64_t bytes = atomic_load(&s->bytes);
	uint64_t left = bytes > others ? bytes - others : 0;
	uint64_t map = s->segment_bytes + map_slack;
	if (map > left)
		map = left;
	return map > map_least ? map & ~(uint64_t)0xffff : map_least;
}

static enum err remove_unfinished(struct store *s, uint32_t number)
{
	char name[64];
	segment_name(number, name);
	log_line(LOG_WARN, "audit-segment-unfinished", LOG_N("segment", number));
	if (unlinkat(s->segments_dir, name, 0) != 0 && errno != ENOENT)
		return store_error(errno);
	strncat(name, "-lock", sizeof name - strlen(name) - 1);
	if (unlinkat(s->segments_dir, name, 0) != 0 && errno != ENOENT)
		return store_error(errno);
	return fsync(s->segments_dir) == 0 ? ERR_OK : store_error(errno);
}

/* Segments follow each other: the first starts at nothing, each other one within what the one before it holds. */
static enum err check_order(const struct store *s, const struct segment *next)
{
	const struct segment *last = present(s);
	struct tree_frontier end;
	uint64_t low;
	if (last == NULL)
		return next->base.size == 0 ? ERR_OK : ERR_CORRUPT;
	enum err err = segment_tail_now(last, &end, &low);
	if (err != ERR_OK)
		return err;
	return next->base.size >= last->base.size && next->base.size <= end.size ? ERR_OK : ERR_CORRUPT;
}

static enum err load_segment(struct store *s, uint32_t number, bool last, uint64_t others)
{
	bool write = last && !s->read_only;
	struct segment *g = segment_new(number);
	if (g == NULL)
		return ERR_NOMEM;
	enum err err = segment_attach(s, g, write ? SEGMENT_WRITE : SEGMENT_READ, write ? map_bytes(s, others) : 0);
	if (err == ERR_OK)
		err = check_order(s, g);
	if (err == ERR_OK) {
		s->segments[s->n++] = g;
		return ERR_OK;
	}
	segment_free(g);
	/* A crash while it was being created: nothing in it was ever acknowledged. */
	if (err == ERR_NOT_FOUND && last)
		return s->read_only ? ERR_OK : remove_unfinished(s, number);
	log_line(LOG_ERROR, "audit-segment-unreadable", LOG_N("segment", number), LOG_S("reason", err_reason(err)));
	return err == ERR_NOT_FOUND ? ERR_CORRUPT : err;
}

/* Those behind the last one known. */
static enum err load_segments(struct store *s, const uint32_t *numbers, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (s->n > 0 && numbers[i] <= present(s)->number)
			continue;
		uint64_t others = sealed_used(s) + (s->n > 0 ? present(s)->used : 0);
		enum err err = load_segment(s, numbers[i], i + 1 == n, others);
		if (err != ERR_OK)
			return err;
	}
	return ERR_OK;
}

static enum err load_tail(struct store *s)
{
	return s->n > 0 ? segment_tail_now(present(s), &s->frontier, &s->low) : ERR_OK;
}

/* The last file was an unfinished one: the segment before it, opened as a sealed one, is the present one still. */
static enum err make_writable(struct store *s)
{
	struct segment *g = present(s);
	if (s->read_only || g == NULL || g->writable)
		return ERR_OK;
	segment_detach(g);
	return segment_attach(s, g, SEGMENT_WRITE, map_bytes(s, sealed_used(s)));
}

static enum err load(struct store *s)
{
	uint32_t *numbers = calloc(STORE_MAX_SEGMENTS, sizeof *numbers);
	size_t n;
	if (numbers == NULL)
		return ERR_NOMEM;
	enum err err = files_list(s, numbers, &n);
	if (err == ERR_OK)
		err = load_segments(s, numbers, n);
	if (err == ERR_OK)
		err = make_writable(s);
	free(numbers);
	return err;
}

/* The writer must not wait for a stream of readers. */
static bool init_lock(pthread_rwlock_t *lock)
{
	pthread_rwlockattr_t attr;
	if (pthread_rwlockattr_init(&attr) != 0)
		return false;
	bool ok = pthread_rwlockattr_setkind_np(&attr, PTHREAD_RWLOCK_PREFER_WRITER_NONRECURSIVE_NP) == 0 &&
		  pthread_rwlock_init(lock, &attr) == 0;
	pthread_rwlockattr_destroy(&attr);
	return ok;
}

struct store *store_open(const struct store_options *o, enum err *err)
{
	struct store *s = calloc(1, sizeof *s);
	*err = ERR_NOMEM;
	if (s == NULL)
		return NULL;
	if (!init_lock(&s->list_lock)) {
		free(s);
		return NULL;
	}
	uint64_t bytes = o->bytes > 0 ? o->bytes : 64 * GIB;
	atomic_store(&s->bytes, bytes);
	uint64_t segment = o->segment_bytes > 0 ? o->segment_bytes : bytes / SEGMENT_SHARE;
	s->segment_bytes = segment < segment_least && o->segment_bytes == 0 ? segment_least
			   : segment > segment_most                         ? segment_most
									    : segment;
	*err = files_open(s, o);
	if (*err == ERR_OK)
		*err = load(s);
	if (*err == ERR_OK)
		*err = load_tail(s);
	if (*err != ERR_OK) {
		store_close(s);
		return NULL;
	}
	count_used(s);
	return s;
}

void store_close(struct store *s)
{
	if (s == NULL)
		return;
	store_abort(s);
	for (size_t i = 0; i < s->n; i++)
		segment_free(s->segments[i]);
	files_close(s);
	pthread_rwlock_destroy(&s->list_lock);
	free(s);
}

void store_secret(const struct store *s, uint8_t out[STORE_SECRET])
{
	memcpy(out, s->secret, STORE_SECRET);
}

uint64_t store_size(const struct store *s)
{
	return s->txn != NULL ? s->work.size : s->frontier.size;
}

void store_usage(const struct store *s, uint64_t *used, uint64_t *limit)
{
	*used = atomic_load(&s->used);
	*limit = atomic_load(&s->bytes);
}

enum err store_resize(struct store *s, uint64_t bytes)
{
	INVARIANT(s->txn == NULL && !s->read_only);
	int rc = MDB_SUCCESS;
	atomic_store(&s->bytes, bytes);
	pthread_rwlock_wrlock(&s->list_lock);
	if (s->n > 0 && !s->broken)
		rc = mdb_env_set_mapsize(present(s)->env, map_bytes(s, sealed_used(s)));
	pthread_rwlock_unlock(&s->list_lock);
	return store_error(rc);
}

/* Closes the present segment for writing and opens it again for reading: an environment that failed answers nothing. */
static enum err seal(struct store *s)
{
	struct segment *g = present(s);
	g->used = segment_used(g);
	segment_detach(g);
	return segment_attach(s, g, SEGMENT_READ, 0);
}

/* Under the write lock: no view exists. On failure the store stays broken and the next begin tries again. */
static enum err next_segment(struct store *s, uint64_t month)
{
	struct segment *g;
	uint32_t number = 0;
	uint64_t others = 0;
	if (s->n == STORE_MAX_SEGMENTS)
		return ERR_STORE_FULL;
	s->broken = true;
	if (s->n > 0) {
		number = present(s)->number + 1;
		enum err err = seal(s);
		if (err != ERR_OK)
			return err;
		others = sealed_used(s) + present(s)->used;
	}
	enum err err = segment_create(s, number, map_bytes(s, others), &s->frontier, month, &g);
	if (err != ERR_OK) {
		/* A half-made file would be taken for a segment. */
		enum err removed = remove_unfinished(s, number);
		return removed == ERR_OK ? err : removed;
	}
	s->segments[s->n++] = g;
	s->broken = false;
	s->allocated = 0;
	return ERR_OK;
}

/* The writer may have enlarged the map. */
static enum err follow_map(const struct segment *g)
{
	MDB_txn *txn;
	int rc = mdb_txn_begin(g->env, NULL, MDB_RDONLY, &txn);
	if (rc == MDB_SUCCESS)
		mdb_txn_abort(txn);
	else if (rc == MDB_MAP_RESIZED)
		rc = mdb_env_set_mapsize(g->env, 0);
	return store_error(rc);
}

/* For readers beside a writer: a map that was enlarged, and segments that were begun since. */
enum err store_refresh(struct store *s)
{
	pthread_rwlock_wrlock(&s->list_lock);
	enum err err = s->n > 0 ? follow_map(present(s)) : ERR_OK;
	if (err == ERR_OK)
		err = load(s);
	pthread_rwlock_unlock(&s->list_lock);
	return err;
}

static bool segment_is_done(const struct store *s, uint64_t month)
{
	const struct segment *g = present(s);
	if (g == NULL || s->broken)
		return true;
	return s->frontier.size > g->base.size && (segment_used(g) >= s->segment_bytes || g->month < month);
}

/* Looks whether the reserve still lies behind what is in use, on the map and on the disk, and gets more disk if not. */
static void measure(struct store *s)
{
	int fd;
	struct segment *g = present(s);
	uint64_t used = segment_used(g), keep = reserve(s), bytes = atomic_load(&s->bytes);
	count_used(s);
	s->tight = atomic_load(&s->used) + keep > bytes;
	if (s->tight || used + keep <= s->allocated)
		return;
	uint64_t to = used + keep + chunk;
	if (mdb_env_get_fd(g->env, &fd) != MDB_SUCCESS || files_allocate(fd, used, to) != ERR_OK)
		s->tight = true;
	else
		s->allocated = to;
}

static enum err ensure_segment(struct store *s, uint64_t now_ns)
{
	uint64_t month = month_of(now_ns);
	if (!segment_is_done(s, month))
		return ERR_OK;
	/* A full store keeps its present segment, whose reserve is what is left. */
	if (!s->broken && s->n > 0 && s->tight)
		return ERR_OK;
	pthread_rwlock_wrlock(&s->list_lock);
	enum err err = next_segment(s, month);
	pthread_rwlock_unlock(&s->list_lock);
	if (err == ERR_OK)
		log_line(LOG_INFO, "audit-segment-begun", LOG_N("segment", present(s)->number),
			 LOG_N("sequence", s->frontier.size));
	return err;
}

enum err store_begin(struct store *s, uint64_t now_ns)
{
	INVARIANT(s->txn == NULL && !s->read_only);
	enum err err = ensure_segment(s, now_ns);
	if (err != ERR_OK)
		return err;
	measure(s);
	err = store_error(mdb_txn_begin(present(s)->env, NULL, 0, &s->txn));
	if (err != ERR_OK) {
		s->txn = NULL;
		s->broken = err == ERR_IO;
		return err;
	}
	s->work = s->frontier;
	s->put_err = ERR_OK;
	return ERR_OK;
}

bool store_has_room(struct store *s)
{
	INVARIANT(s->txn == NULL);
	if (s->n > 0 && !s->broken)
		measure(s);
	return !s->tight;
}

static enum err put(struct store *s, enum table table, struct span key, struct span value, unsigned flags)
{
	MDB_val k = val_of(key), v = val_of(value);
	enum err err = store_error(mdb_put(s->txn, present(s)->table[table], &k, &v, flags));
	/* A large transaction writes before its commit. */
	s->broken |= err == ERR_IO;
	return err;
}

static void completed(void *arg, unsigned height, uint64_t index, const struct tree_hash *hash)
{
	struct store *s = arg;
	if (!node_is_stored(height) || s->put_err != ERR_OK)
		return;
	struct node_key k = node_key(height, index);
	s->put_err = put(s, TABLE_NODES, span_of(k.b, sizeof k.b), span_of(hash->b, TREE_HASH), 0);
}

static enum err put_body(struct store *s, struct span key, const uint8_t salt[LEAF_SALT], struct span body)
{
	MDB_val k = val_of(key), v = {.mv_size = 1 + LEAF_SALT + body.n};
	int rc = mdb_put(s->txn, present(s)->table[TABLE_BODIES], &k, &v, MDB_APPEND | MDB_RESERVE);
	if (rc != MDB_SUCCESS)
		return store_error(rc);
	uint8_t *p = v.mv_data;
	*p = BODY_PLAIN;
	memcpy(p + 1, salt, LEAF_SALT);
	if (body.n > 0)
		memcpy(p + 1 + LEAF_SALT, body.p, body.n);
	return ERR_OK;
}

static bool may_use_reserve(enum leaf_kind kind)
{
	return kind != LEAF_DECISION && kind != LEAF_ATTEMPT;
}

enum err store_append(struct store *s, enum leaf_kind kind, uint64_t time_ns, const uint8_t salt[LEAF_SALT],
		      struct span body, struct store_leaf *out)
{
	INVARIANT(s->txn != NULL);
	if (body.n > STORE_MAX_BODY)
		return ERR_LIMIT;
	if (s->tight && !may_use_reserve(kind))
		return ERR_STORE_FULL;
	struct leaf leaf = {.version = LEAF_VERSION, .kind = kind, .sequence = s->work.size, .time_ns = time_ns};
	struct key8 key = key8(leaf.sequence);
	uint8_t data[LEAF_SIZE];
	leaf_digest(salt, body, leaf.digest);
	leaf_encode(&leaf, data);
	enum err err = put(s, TABLE_LEAVES, span_of(key.b, sizeof key.b), span_of(data, sizeof data), MDB_APPEND);
	if (err == ERR_OK)
		err = put_body(s, span_of(key.b, sizeof key.b), salt, body);
	if (err != ERR_OK)
		return err;
	out->sequence = leaf.sequence;
	out->hash = tree_leaf_hash(span_of(data, sizeof data));
	tree_append(&s->work, &out->hash, completed, s);
	return s->put_err;
}

enum err store_put_ledger(struct store *s, struct span key, struct span value)
{
	INVARIANT(s->txn != NULL && key.n == STORE_LEDGER_KEY);
	return put(s, TABLE_LEDGER, key, value, 0);
}

enum err store_put_checkpoint(struct store *s, uint64_t size, struct span note)
{
	INVARIANT(s->txn != NULL);
	struct key8 key = key8(size);
	return put(s, TABLE_CHECKPOINTS, span_of(key.b, sizeof key.b), note, 0);
}

enum err store_commit(struct store *s, uint64_t low)
{
	INVARIANT(s->txn != NULL);
	MDB_txn *txn = s->txn;
	enum err err = segment_put_tail(present(s), txn, &s->work, low);
	s->txn = NULL;
	if (err != ERR_OK) {
		mdb_txn_abort(txn);
		return err;
	}
	err = store_error(mdb_txn_commit(txn));
	if (err == ERR_OK) {
		s->frontier = s->work;
		s->low = low;
	} else if (err != ERR_STORE_FULL) {
		/* After a failed write or sync nobody knows what is on disk: never acknowledge on top of it. */
		s->broken = true;
	}
	return err;
}

void store_abort(struct store *s)
{
	if (s->txn != NULL)
		mdb_txn_abort(s->txn);
	s->txn = NULL;
}
