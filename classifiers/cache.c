#include "classifiers/cache.h"

#include <pthread.h>
#include <stdlib.h>

enum { SHARDS = 16, WAYS = 4 };

struct entry {
	struct hash128 key;
	uint64_t used; /* 0: empty */
	size_t lexed, tagged, gated;
	uint32_t n;
	struct finding v[CACHE_FINDINGS];
};

struct shard {
	pthread_mutex_t lock;
	uint64_t clock; /* counts uses: order, not time */
	struct entry *entries;
};

struct classifier_cache {
	uint8_t key[16];
	size_t sets; /* per shard, a power of two */
	struct shard shards[SHARDS];
};

struct classifier_cache *classifier_cache_new(size_t max_entries, const uint8_t key[16])
{
	struct classifier_cache *c = calloc(1, sizeof *c);
	if (c == NULL)
		return NULL;
	memcpy(c->key, key, sizeof c->key);
	c->sets = 1;
	while (c->sets * 2 <= max_entries / (SHARDS * WAYS))
		c->sets *= 2;
	for (size_t i = 0; i < SHARDS; i++)
		pthread_mutex_init(&c->shards[i].lock, NULL);
	for (size_t i = 0; i < SHARDS; i++) {
		c->shards[i].entries = calloc(c->sets * WAYS, sizeof *c->shards[i].entries);
		if (c->shards[i].entries == NULL) {
			classifier_cache_free(c);
			return NULL;
		}
	}
	return c;
}

void classifier_cache_free(struct classifier_cache *c)
{
	if (c == NULL)
		return;
	for (size_t i = 0; i < SHARDS; i++) {
		if (c->shards[i].entries != NULL)
			explicit_bzero(c->shards[i].entries, c->sets * WAYS * sizeof *c->shards[i].entries);
		free(c->shards[i].entries);
		pthread_mutex_destroy(&c->shards[i].lock);
	}
	explicit_bzero(c, sizeof *c);
	free(c);
}

struct hash128 cache_key(const struct classifier_cache *c, const uint8_t detectors[32], struct span text,
			 const struct text_context *ctx)
{
	struct siphash h;
	siphash_init(&h, c->key);
	siphash_add(&h, span_of(detectors, 32));
	siphash_add_field(&h, ctx == NULL ? SPAN_NULL : ctx->tenant);
	siphash_add_field(&h, ctx == NULL ? SPAN_NULL : ctx->key);
	const struct hash128 *print = ctx == NULL ? NULL : ctx->print;
	const uint8_t bytes[] = {ctx == NULL ? 0 : ctx->role, ctx != NULL && ctx->not_prose, print != NULL};
	siphash_add(&h, span_of(bytes, sizeof bytes));
	siphash_add_field(&h, print == NULL ? text : span_of(print, sizeof *print));
	return siphash_final(&h);
}

static struct shard *shard_of(struct classifier_cache *c, struct hash128 key)
{
	return &c->shards[key.hi % SHARDS];
}

static struct entry *set_of(const struct classifier_cache *c, const struct shard *s, struct hash128 key)
{
	return s->entries + (key.lo & (c->sets - 1)) * WAYS;
}

bool cache_get(struct classifier_cache *c, struct hash128 key, struct arena *arena, struct findings *out)
{
	struct shard *s = shard_of(c, key);
	struct entry *e = set_of(c, s, key);
	/* Room first: no allocation under the lock. */
	struct finding *v = arena_array(arena, CACHE_FINDINGS, sizeof *v);
	bool hit = false;
	if (v == NULL)
		return false;
	pthread_mutex_lock(&s->lock);
	for (size_t i = 0; i < WAYS && !hit; i++) {
		if (e[i].used == 0 || !hash128_eq(e[i].key, key))
			continue;
		e[i].used = ++s->clock;
		memcpy(v, e[i].v, e[i].n * sizeof *v);
		*out = (struct findings){
			.v = v, .n = e[i].n, .lexed = e[i].lexed, .tagged = e[i].tagged, .gated = e[i].gated};
		hit = true;
	}
	pthread_mutex_unlock(&s->lock);
	return hit;
}

void cache_put(struct classifier_cache *c, struct hash128 key, const struct findings *f)
{
	if (f->n > CACHE_FINDINGS || f->failed > 0)
		return;
	struct shard *s = shard_of(c, key);
	struct entry *e = set_of(c, s, key), *victim = e;
	pthread_mutex_lock(&s->lock);
	for (size_t i = 0; i < WAYS; i++) {
		if (e[i].used != 0 && hash128_eq(e[i].key, key)) {
			victim = &e[i];
			break;
		}
		if (e[i].used < victim->used)
			victim = &e[i];
	}
	*victim = (struct entry){.key = key,
				 .used = ++s->clock,
				 .lexed = f->lexed,
				 .tagged = f->tagged,
				 .gated = f->gated,
				 .n = (uint32_t)f->n};
	if (f->n > 0)
		memcpy(victim->v, f->v, f->n * sizeof *f->v);
	pthread_mutex_unlock(&s->lock);
}
