/* The taint ledger in memory: keyed hashes of messages and ids, open addressing, bounded, with an expiry. Thread-safe.
 * Taint is sticky: entering a known key again never clears it. */
#ifndef AUDIT_LEDGER_H
#define AUDIT_LEDGER_H

#include <pthread.h>

#include "audit/writer.h"
#include "base/siphash.h"

enum { LEDGER_MAX = 1 << 21, LEDGER_VALUE = 13 };

struct ledger_slot {
	struct hash128 key; /* zero: free */
	struct ledger_entry entry;
};

struct ledger {
	pthread_rwlock_t lock;
	struct ledger_slot *slots;
	size_t cap, n; /* cap: a power of two, or 0 */
	int64_t days;  /* entries older than this are forgotten */
};

enum err ledger_init(struct ledger *l, uint32_t days) MUST;
void ledger_fini(struct ledger *l);
/* Merges with what is known and says what is to be kept. ERR_LIMIT when full, ERR_NOMEM. today: days since the epoch.
 */
enum err ledger_put(struct ledger *l, struct hash128 key, const struct ledger_entry *e, int64_t today,
		    struct ledger_entry *merged) MUST;
bool ledger_find(struct ledger *l, struct hash128 key, int64_t today, struct ledger_entry *out) MUST;

/* As they stand in the store: 16 bytes of key; tainted, destination, day. */
void ledger_key_encode(struct hash128 key, uint8_t out[16]);
void ledger_entry_encode(const struct ledger_entry *e, uint8_t out[LEDGER_VALUE]);
bool ledger_decode(struct span key, struct span value, struct hash128 *k, struct ledger_entry *e) MUST;

#endif
