/* One LMDB environment, and what the files of store/ share. Private to store/. */
#ifndef STORE_SEGMENT_H
#define STORE_SEGMENT_H

#include <lmdb.h>
#include <pthread.h>
#include <stdatomic.h>

#include "store/store.h"

enum table { TABLE_META, TABLE_LEAVES, TABLE_BODIES, TABLE_NODES, TABLE_CHECKPOINTS, TABLE_LEDGER, TABLE_COUNT };

struct segment {
	uint32_t number;
	MDB_env *env; /* NULL: detached */
	bool writable;
	MDB_dbi table[TABLE_COUNT];
	struct tree_frontier base; /* where it starts */
	uint64_t month;            /* in which it was begun: months since year 0 */
	uint64_t used;             /* bytes; of a sealed segment */
};

struct store {
	int dir;          /* the store's folder */
	int segments_dir; /* segments/ in it */
	int lock;         /* -1 when read-only */
	char *path;       /* of segments/, for LMDB */
	bool read_only;
	_Atomic uint64_t bytes;
	uint64_t segment_bytes;
	uint8_t secret[STORE_SECRET];

	/* Views hold it for reading; the list, and the environments in it, change under the write lock. */
	pthread_rwlock_t list_lock;
	struct segment *segments[STORE_MAX_SEGMENTS];
	size_t n;

	/* The writing thread's. */
	MDB_txn *txn;
	struct tree_frontier frontier; /* committed */
	struct tree_frontier work;     /* of the open transaction */
	uint64_t low;                  /* committed */
	enum err put_err;              /* first failure inside the tree's callback */
	bool broken;                   /* the present segment must not be written to again */
	bool tight;                    /* only the reserve is left */
	uint64_t allocated;            /* bytes of the present segment's file known to be on disk */
	_Atomic uint64_t used;         /* all segments */
};

/* --- error.c: LMDB's and the system's codes --- */
enum err store_error(int rc) MUST;

/* --- segment.c --- */
enum segment_mode { SEGMENT_READ, SEGMENT_WRITE };
struct segment *segment_new(uint32_t number) MUST;
/* Opens the environment and reads the head. ERR_NOT_FOUND: the file holds no finished segment. map: bytes, 0: as the
 * file says. After a failure the segment is detached and may be attached again. */
enum err segment_attach(struct store *s, struct segment *g, enum segment_mode mode, uint64_t map) MUST;
void segment_detach(struct segment *g);
/* A new one that starts with this frontier; durable, name included, when it returns. */
enum err segment_create(struct store *s, uint32_t number, uint64_t map, const struct tree_frontier *base,
			uint64_t month, struct segment **out) MUST;
void segment_free(struct segment *g);
/* Bytes up to the last page ever used. */
uint64_t segment_used(const struct segment *g) MUST;
/* Frontier after the last leaf and the low mark, as of a transaction. */
enum err segment_tail(const struct segment *g, MDB_txn *txn, struct tree_frontier *frontier, uint64_t *low) MUST;
/* The same, as of now. */
enum err segment_tail_now(const struct segment *g, struct tree_frontier *frontier, uint64_t *low) MUST;
enum err segment_put_tail(const struct segment *g, MDB_txn *txn, const struct tree_frontier *frontier,
			  uint64_t low) MUST;
enum err segment_get(const struct segment *g, MDB_txn *txn, enum table table, struct span key, struct span *value) MUST;
void segment_name(uint32_t number, char out[32]);
uint64_t month_of(uint64_t ns) MUST;

/* --- store.c --- */
enum err store_refresh(struct store *s) MUST;

/* --- files.c --- */
enum err files_open(struct store *s, const struct store_options *o) MUST;
void files_close(struct store *s);
/* Numbers of the segment files, rising. */
enum err files_list(const struct store *s, uint32_t *numbers, size_t *n) MUST;
/* Makes bytes [allocated, to) of a file durable space. ERR_OK also where the file system cannot. */
enum err files_allocate(int fd, uint64_t from, uint64_t to) MUST;

struct key8 {
	uint8_t b[8];
};
static inline struct key8 key8(uint64_t v)
{
	struct key8 k;
	for (int i = 0; i < 8; i++)
		k.b[i] = (uint8_t)(v >> (56 - 8 * i));
	return k;
}
static inline uint64_t key8_get(const uint8_t *p)
{
	uint64_t v = 0;
	for (int i = 0; i < 8; i++)
		v = v << 8 | p[i];
	return v;
}
/* Key of a stored node. */
struct node_key {
	uint8_t b[9];
};
static inline struct node_key node_key(unsigned height, uint64_t index)
{
	struct node_key k;
	struct key8 i = key8(index);
	k.b[0] = (uint8_t)height;
	memcpy(k.b + 1, i.b, sizeof i.b);
	return k;
}
/* Nodes of these heights are stored, which is one in 256 leaves. */
static inline bool node_is_stored(unsigned height)
{
	return height >= 8 && height % 8 == 0;
}
static inline MDB_val val_of(struct span s)
{
	union {
		const uint8_t *in;
		void *out;
	} p = {.in = s.p}; /* LMDB takes keys and data to read through pointers that are not const */
	return (MDB_val){.mv_size = s.n, .mv_data = p.out};
}
enum { BODY_PLAIN = 0 /* byte 0 of a body: salt and body follow as they are */ };

#endif
