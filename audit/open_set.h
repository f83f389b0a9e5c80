/* Decisions that wait for their outcome: a window of bits over sequences, from the oldest open one to the newest. */
#ifndef AUDIT_OPEN_SET_H
#define AUDIT_OPEN_SET_H

#include "base/err.h"

struct open_set {
	uint64_t *words; /* a ring: word i holds sequences [64 i, 64 i + 64) */
	size_t cap;      /* words, a power of two, or 0 */
	uint64_t first;  /* word in which the oldest open one may be */
	uint64_t end;    /* behind the last word in use */
	uint64_t n;      /* open */
};

void open_set_fini(struct open_set *s);
/* Sequences may be added in any order at or above the lowest open one. ERR_NOMEM. */
enum err open_set_add(struct open_set *s, uint64_t sequence) MUST;
/* Nothing happens if it is not in the set. */
void open_set_remove(struct open_set *s, uint64_t sequence);
/* The lowest one, or none if there is none. */
uint64_t open_set_low(const struct open_set *s, uint64_t none) MUST;

/* Moves *at to the next open one at or behind it; false if there is none. */
bool open_set_next(const struct open_set *s, uint64_t *at) MUST;

#endif
