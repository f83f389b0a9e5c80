/* Message cache: findings by a keyed hash of everything they depend on. Never text; fixed size; safe for all threads.
 */
#ifndef CLASSIFIERS_CACHE_H
#define CLASSIFIERS_CACHE_H

#include "base/siphash.h"
#include "classifiers/classify.h"

/* Texts with more findings than this are not cached. */
enum { CACHE_FINDINGS = 24 };

struct hash128 cache_key(const struct classifier_cache *c, const uint8_t detectors[32], struct span text,
			 const struct text_context *ctx) MUST;
/* Findings into the arena; false if there are none of that key (or no memory). */
bool cache_get(struct classifier_cache *c, struct hash128 key, struct arena *arena, struct findings *out) MUST;
/* Replaces the least recently used entry of its set. Findings with failed bytes are not kept. */
void cache_put(struct classifier_cache *c, struct hash128 key, const struct findings *f);

#endif
