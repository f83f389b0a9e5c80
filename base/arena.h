/* A bump allocator for one request. Memory is zeroed when handed out and wiped when given back.
 * Running out is a sticky flag, not a crash: callers may allocate a whole structure and check once. */
#ifndef BASE_ARENA_H
#define BASE_ARENA_H

#include "base/err.h"

struct arena_block;

struct arena {
	struct arena_block *blocks; /* newest first */
	size_t used;                /* bytes handed out since init or reset */
	size_t limit;               /* 0: none */
	bool failed;                /* an allocation was refused since init or reset */
};

void arena_init(struct arena *a, size_t limit);
/* Wipes and frees everything; the arena may be used again. */
void arena_reset(struct arena *a);
void arena_fini(struct arena *a);
/* 16-byte aligned, zeroed. NULL when the limit or memory is exhausted (and a->failed is set). */
void *arena_alloc(struct arena *a, size_t n) MUST;
/* n * size with overflow check. */
void *arena_array(struct arena *a, size_t n, size_t size) MUST;
/* A copy of the span; .p is NULL on failure (and for an empty span). */
struct span arena_dup(struct arena *a, struct span s) MUST;

#endif
