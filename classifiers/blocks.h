/* Text in blocks of 64 bytes, each as a handful of 64-bit masks: which bytes are of which set. The first step of every
 * scan, done with the widest instructions the processor has; all kernels give the same masks bit for bit. */
#ifndef CLASSIFIERS_BLOCKS_H
#define CLASSIFIERS_BLOCKS_H

#include "base/span.h"

/* Sets of ASCII bytes; SET_HIGH is all others. A word is a run of SET_WORD. */
enum byte_set {
#define BYTE_SET(name, bytes) SET_##name,
#include "classifiers/byte_sets.def"
#undef BYTE_SET
	SET_HIGH,
	SET_COUNT
};

struct block {
	uint64_t set[SET_COUNT];
};

enum { BLOCK_BYTES = 64 };

struct block_tables {
	/* By nibbles: a byte is in set s if sets[s][low nibble] has the bit of its high nibble. */
	uint8_t sets[SET_HIGH][16];
	/* The same by byte, for kernels that cannot shuffle: bit s % 8 of by_byte[s / 8]. */
	uint8_t by_byte[(SET_HIGH + 7) / 8][256];
};

void block_tables_init(struct block_tables *t);
/* One more byte of a set. */
void block_tables_add(struct block_tables *t, enum byte_set set, uint8_t byte);
/* When all is added. */
void block_tables_finish(struct block_tables *t);

struct block_kernel {
	const char *name;
	bool (*usable)(void);
	/* n blocks from p. */
	void (*read)(const struct block_tables *t, const uint8_t *p, size_t n, struct block *out);
};
extern const struct block_kernel block_kernel_plain, block_kernel_sse2, block_kernel_avx2, block_kernel_avx512;

/* The fastest that this processor runs. */
const struct block_kernel *block_kernel_pick(void) MUST;
/* All that it runs, the plain one first: for tests and measurements. */
const struct block_kernel *const *block_kernel_all(size_t *n) MUST;

#endif
