/* A bump allocator for one request. Memory is zeroed when handed out and wiped when given back (but see `open`).
 * Running out is a sticky flag, not a crash: callers may allocate a whole structure and check once. */
#ifndef BASE_ARENA_H
#define BASE_ARENA_H

#include "base/err.h"

struct arena_block;

/* Blocks of the usual size that wait for the next arena: one pool for each thread that makes and ends arenas. A zeroed
 * struct is an empty pool. */
struct arena_pool {
	struct arena_block *blocks;
	size_t n;
};
enum { ARENA_POOL_MAX = 256 };
void arena_pool_fini(struct arena_pool *p);

struct arena {
	struct arena_block *blocks; /* newest first */
	struct arena_pool *pool;    /* NULL: none. To be set and cleared by whoever passes the arena between threads */
	size_t used;                /* bytes handed out since init or reset */
	size_t limit;               /* 0: none */
	bool open;                  /* set after init: holds no secret and no text, and so is not wiped */
	bool failed;                /* an allocation was refused since init or reset */
};

void arena_init(struct arena *a, size_t limit);
/* Wipes and frees everything; the arena may be used again. */
void arena_reset(struct arena *a);
void arena_fini(struct arena *a);
/* 16-byte aligned, zeroed. NULL when the limit or memory is exhausted (and a->failed is set). */
void *arena_alloc(struct arena *a, size_t n) MUST;
/* The same, but with whatever bytes are there: for what is written before it is read. */
void *arena_alloc_raw(struct arena *a, size_t n) MUST;
/* n * size with overflow check. */
void *arena_array(struct arena *a, size_t n, size_t size) MUST;
/* A copy of the span; .p is NULL on failure (and for an empty span). */
struct span arena_dup(struct arena *a, struct span s) MUST;

#endif
