#include "classifiers/blocks.h"

#include "base/assert.h"

static const char *const set_bytes[SET_HIGH] = {
#define BYTE_SET(name, bytes) bytes,
#include "classifiers/byte_sets.def"
#undef BYTE_SET
};

void block_tables_add(struct block_tables *t, enum byte_set set, uint8_t byte)
{
	INVARIANT(set < SET_HIGH && byte < 0x80);
	t->sets[set][byte & 15] |= (uint8_t)(1u << (byte >> 4));
}

void block_tables_init(struct block_tables *t)
{
	*t = (struct block_tables){0};
	for (unsigned set = 0; set < SET_HIGH; set++)
		for (const char *p = set_bytes[set]; *p != '\0'; p++) {
			bool range = p[1] == '-' && p[2] != '\0';
			for (char c = *p; c <= (range ? p[2] : *p); c++)
				block_tables_add(t, (enum byte_set)set, (uint8_t)c);
			p += range ? 2 : 0;
		}
}

void block_tables_finish(struct block_tables *t)
{
	for (unsigned b = 0; b < 128; b++)
		for (unsigned set = 0; set < SET_HIGH; set++)
			if ((t->sets[set][b & 15] >> (b >> 4) & 1) != 0)
				t->by_byte[set / 8][b] |= (uint8_t)(1u << set % 8);
}

static const struct block_kernel *const slowest_first[] = {
	&block_kernel_plain,
#ifdef __x86_64__
	&block_kernel_sse2,
	&block_kernel_avx2,
	&block_kernel_avx512,
#endif
};

enum { KERNELS = sizeof slowest_first / sizeof *slowest_first };

const struct block_kernel *block_kernel_pick(void)
{
	size_t i = KERNELS - 1;
	while (i > 0 && !slowest_first[i]->usable())
		i--;
	return slowest_first[i];
}

const struct block_kernel *const *block_kernel_all(size_t *n)
{
	*n = 1;
	while (*n < KERNELS && slowest_first[*n]->usable())
		++*n;
	return slowest_first;
}
