#include "audit/ledger.h"

#include <stdlib.h>

enum { FIRST_CAP = 1024 };

enum err ledger_init(struct ledger *l, uint32_t days)
{
	*l = (struct ledger){.days = days};
	return pthread_rwlock_init(&l->lock, NULL) == 0 ? ERR_OK : ERR_NOMEM;
}

void ledger_fini(struct ledger *l)
{
	if (l->slots != NULL)
		explicit_bzero(l->slots, l->cap * sizeof *l->slots);
	free(l->slots);
	pthread_rwlock_destroy(&l->lock);
}

static bool is_free(const struct ledger_slot *s)
{
	return s->key.lo == 0 && s->key.hi == 0;
}

static bool expired(const struct ledger *l, const struct ledger_entry *e, int64_t today)
{
	return e->day < today - l->days;
}

/* The key's slot, or the free one where it belongs. There is always a free one. */
static struct ledger_slot *slot_of(struct ledger_slot *slots, size_t cap, struct hash128 key)
{
	size_t i = (size_t)key.lo & (cap - 1);
	while (!is_free(&slots[i]) && !hash128_eq(slots[i].key, key))
		i = (i + 1) & (cap - 1);
	return &slots[i];
}

/* A new table with room, without what has expired. */
static enum err rebuild(struct ledger *l, int64_t today)
{
	size_t alive = 0;
	for (size_t i = 0; i < l->cap; i++)
		if (!is_free(&l->slots[i]) && !expired(l, &l->slots[i].entry, today))
			alive++;
	if (alive >= LEDGER_MAX)
		return ERR_LIMIT;
	size_t cap = FIRST_CAP;
	while (cap < alive * 2 + FIRST_CAP)
		cap *= 2;
	struct ledger_slot *slots = calloc(cap, sizeof *slots);
	if (slots == NULL)
		return ERR_NOMEM;
	for (size_t i = 0; i < l->cap; i++)
		if (!is_free(&l->slots[i]) && !expired(l, &l->slots[i].entry, today))
			*slot_of(slots, cap, l->slots[i].key) = l->slots[i];
	free(l->slots);
	l->slots = slots;
	l->cap = cap;
	l->n = alive;
	return ERR_OK;
}

static enum err put(struct ledger *l, struct hash128 key, const struct ledger_entry *e, int64_t today,
		    struct ledger_entry *merged)
{
	if (l->n + 1 > l->cap / 4 * 3) {
		enum err err = rebuild(l, today);
		if (err != ERR_OK)
			return err;
	}
	struct ledger_slot *s = slot_of(l->slots, l->cap, key);
	*merged = *e;
	if (is_free(s)) {
		l->n++;
		s->key = key;
	} else if (!expired(l, &s->entry, today)) {
		merged->tainted = e->tainted || s->entry.tainted;
		merged->day = e->day > s->entry.day ? e->day : s->entry.day;
	}
	s->entry = *merged;
	return ERR_OK;
}

enum err ledger_put(struct ledger *l, struct hash128 key, const struct ledger_entry *e, int64_t today,
		    struct ledger_entry *merged)
{
	pthread_rwlock_wrlock(&l->lock);
	enum err err = put(l, key, e, today, merged);
	pthread_rwlock_unlock(&l->lock);
	return err;
}

bool ledger_find(struct ledger *l, struct hash128 key, int64_t today, struct ledger_entry *out)
{
	bool found = false;
	pthread_rwlock_rdlock(&l->lock);
	if (l->cap > 0) {
		const struct ledger_slot *s = slot_of(l->slots, l->cap, key);
		found = !is_free(s) && !expired(l, &s->entry, today);
		if (found)
			*out = s->entry;
	}
	pthread_rwlock_unlock(&l->lock);
	return found;
}

static void put_le(uint8_t *out, uint64_t v, size_t n)
{
	for (size_t i = 0; i < n; i++)
		out[i] = (uint8_t)(v >> 8 * i);
}

static uint64_t get_le(const uint8_t *in, size_t n)
{
	uint64_t v = 0;
	for (size_t i = n; i-- > 0;)
		v = v << 8 | in[i];
	return v;
}

void ledger_key_encode(struct hash128 key, uint8_t out[16])
{
	put_le(out, key.lo, 8);
	put_le(out + 8, key.hi, 8);
}

void ledger_entry_encode(const struct ledger_entry *e, uint8_t out[LEDGER_VALUE])
{
	out[0] = e->tainted;
	put_le(out + 1, e->destination, 4);
	put_le(out + 5, (uint64_t)e->day, 8);
}

bool ledger_decode(struct span key, struct span value, struct hash128 *k, struct ledger_entry *e)
{
	if (key.n != 16 || value.n != LEDGER_VALUE || value.p[0] > 1)
		return false;
	*k = (struct hash128){.lo = get_le(key.p, 8), .hi = get_le(key.p + 8, 8)};
	*e = (struct ledger_entry){.tainted = value.p[0] == 1,
				   .destination = (uint32_t)get_le(value.p + 1, 4),
				   .day = (int64_t)get_le(value.p + 5, 8)};
	return true;
}
