#include "base/arena.h"

#include <stdlib.h>

enum { BLOCK_MIN = 16 * 1024 - 64, ALIGN = 16 };

struct arena_block {
	struct arena_block *next;
	size_t size;
	size_t used;
	_Alignas(ALIGN) uint8_t bytes[];
};

void arena_init(struct arena *a, size_t limit)
{
	*a = (struct arena){.limit = limit};
}

static void give_back(struct arena *a, struct arena_block *b)
{
	if (a->pool == NULL || b->size != BLOCK_MIN || a->pool->n == ARENA_POOL_MAX) {
		free(b);
		return;
	}
	b->next = a->pool->blocks;
	a->pool->blocks = b;
	a->pool->n++;
}

void arena_pool_fini(struct arena_pool *p)
{
	while (p->blocks != NULL) {
		struct arena_block *b = p->blocks;
		p->blocks = b->next;
		free(b);
	}
	p->n = 0;
}

void arena_reset(struct arena *a)
{
	while (a->blocks != NULL) {
		struct arena_block *b = a->blocks;
		a->blocks = b->next;
		if (!a->open)
			explicit_bzero(b->bytes, b->used);
		give_back(a, b);
	}
	a->used = 0;
	a->failed = false;
}

void arena_fini(struct arena *a)
{
	arena_reset(a);
}

static struct arena_block *grow(struct arena *a, size_t n)
{
	size_t size = n > BLOCK_MIN ? n : BLOCK_MIN;
	struct arena_block *b = size == BLOCK_MIN && a->pool != NULL ? a->pool->blocks : NULL;
	if (b != NULL) {
		a->pool->blocks = b->next;
		a->pool->n--;
	} else {
		b = malloc(sizeof *b + size);
	}
	if (b == NULL)
		return NULL;
	b->size = size;
	b->used = 0;
	b->next = a->blocks;
	a->blocks = b;
	return b;
}

void *arena_alloc_raw(struct arena *a, size_t n)
{
	if (n > SIZE_MAX - ALIGN - sizeof(struct arena_block))
		goto fail;
	n = (n + ALIGN - 1) & ~(size_t)(ALIGN - 1);
	if (n == 0)
		n = ALIGN;
	if (a->limit != 0 && (n > a->limit || a->used > a->limit - n))
		goto fail;
	struct arena_block *b = a->blocks;
	if (b == NULL || b->size - b->used < n)
		b = grow(a, n);
	if (b == NULL)
		goto fail;
	void *p = b->bytes + b->used;
	b->used += n;
	a->used += n;
	return p;
fail:
	a->failed = true;
	return NULL;
}

void *arena_alloc(struct arena *a, size_t n)
{
	void *p = arena_alloc_raw(a, n);
	return p == NULL ? NULL : memset(p, 0, n); /* only what is handed out: most of a block never is */
}

void *arena_array(struct arena *a, size_t n, size_t size)
{
	size_t total;
	if (__builtin_mul_overflow(n, size, &total)) {
		a->failed = true;
		return NULL;
	}
	return arena_alloc(a, total);
}

struct span arena_dup(struct arena *a, struct span s)
{
	if (s.n == 0)
		return SPAN_NULL;
	uint8_t *p = arena_alloc_raw(a, s.n);
	if (p == NULL)
		return SPAN_NULL;
	memcpy(p, s.p, s.n);
	return span_of(p, s.n);
}
