/* The block kernels: all give what the plain one gives, bit for bit, and that is what the sets say. */
#include "fixture.h"

#include <stdlib.h>

#include "classifiers/prefilter.h"

static struct scan_tables *tables;

static int setup(void **state)
{
	(void)state;
	tables = scan_tables_new();
	return tables == NULL ? -1 : 0;
}

static int teardown(void **state)
{
	(void)state;
	scan_tables_free(tables);
	return 0;
}

enum { BLOCKS = 4, LENGTH = BLOCKS * BLOCK_BYTES };

/* p: LENGTH bytes. */
static void assert_same(const uint8_t *p)
{
	struct block want[BLOCKS], got[BLOCKS];
	size_t n;
	const struct block_kernel *const *kernels = block_kernel_all(&n);
	memset(want, 0, sizeof want);
	kernels[0]->read(&tables->blocks, p, BLOCKS, want);
	for (size_t k = 1; k < n; k++) {
		memset(got, 0xff, sizeof got);
		kernels[k]->read(&tables->blocks, p, BLOCKS, got);
		for (size_t b = 0; b < BLOCKS; b++)
			if (memcmp(&want[b], &got[b], sizeof got[b]) != 0)
				fail_msg("%s differs in block %zu", kernels[k]->name, b);
	}
}

/* Bytes of a kind in memory of exactly their length, so that a read past them is seen; every alignment. */
static void try_bytes(uint8_t (*next)(void), int rounds)
{
	for (int round = 0; round < rounds; round++) {
		size_t shift = (size_t)round % BLOCK_BYTES;
		uint8_t *memory = malloc(LENGTH + shift);
		assert_non_null(memory);
		for (size_t i = 0; i < LENGTH + shift; i++)
			memory[i] = next();
		assert_same(memory + shift);
		free(memory);
	}
}

static uint8_t any_byte(void)
{
	return (uint8_t)next_random();
}

static uint8_t ascii_byte(void)
{
	return (uint8_t)(next_random() % 128);
}

static uint8_t mostly_letters(void)
{
	return (uint8_t) "abcdefghijklmnopqrstuvwxyzskskghgh  -:0A"[next_random() % 40];
}

/* Neighbours of the ends of ranges, where signed and unsigned comparisons and nibbles go wrong. */
static uint8_t edge_byte(void)
{
	static const uint8_t edges[] = {0,   1,   15,  16,  31,  32,  '/',  '0',  '9',  ':',  '@',  'A',
					'O', 'P', 'Z', '[', '`', 'a', 'o',  'p',  'z',  '{',  126,  127,
					128, 129, 143, 144, 159, 160, 0xbf, 0xc0, 0xdf, 0xe0, 0xfe, 0xff};
	return edges[next_random() % sizeof edges];
}

static void kernels_agree(void **state)
{
	(void)state;
	try_bytes(any_byte, 2000);
	try_bytes(ascii_byte, 2000);
	try_bytes(mostly_letters, 2000);
	try_bytes(edge_byte, 2000);
}

/* Each byte value at each place of a block among each of three fillings. */
static void kernels_agree_on_every_byte(void **state)
{
	(void)state;
	static const uint8_t fillings[] = {' ', 's', 0xff};
	for (size_t f = 0; f < sizeof fillings; f++)
		for (unsigned value = 0; value < 256; value++) {
			uint8_t p[LENGTH];
			memset(p, fillings[f], sizeof p);
			for (unsigned b = 0; b < BLOCKS; b++)
				p[b * BLOCK_BYTES + (value + 17 * b) % BLOCK_BYTES] = (uint8_t)value;
			assert_same(p);
		}
}

static void masks_are_the_sets(void **state)
{
	(void)state;
	uint8_t p[LENGTH];
	struct block got[BLOCKS];
	for (int round = 0; round < 500; round++) {
		for (size_t i = 0; i < sizeof p; i++)
			p[i] = round % 2 == 0 ? any_byte() : ascii_byte();
		tables->kernel->read(&tables->blocks, p, BLOCKS, got);
		for (size_t i = 0; i < BLOCKS * BLOCK_BYTES; i++) {
			const struct block *b = &got[i / BLOCK_BYTES];
			unsigned at = i % BLOCK_BYTES;
			bool is_word = (byte_kinds[p[i]] & WORD) != 0;
			assert_int_equal(b->set[SET_WORD] >> at & 1, is_word);
			assert_int_equal(b->set[SET_DIGIT] >> at & 1, ascii_digit(p[i]));
			assert_int_equal(b->set[SET_UPPER] >> at & 1, p[i] >= 'A' && p[i] <= 'Z');
			assert_int_equal(b->set[SET_HIGH] >> at & 1, p[i] >= 0x80);
			assert_int_equal(b->set[SET_COLON] >> at & 1, p[i] == ':');
			assert_int_equal(b->set[SET_ESCAPE] >> at & 1,
					 p[i] == '%' || p[i] == '=' || p[i] == '&' || p[i] == '\\');
		}
	}
}

/* Every trigger in either case: its hash is known, also when it is a shorter word. */
static void no_head_is_missed(void **state)
{
	(void)state;
	static const struct {
		const char *head;
		unsigned lexers;
	} triggers[] = {
#define SECRET                LEX_SECRET
#define WORDS                 LEX_WORDS
#define EXPORT                LEX_EXPORT
#define DATE                  LEX_DATE
#define HEALTH                LEX_HEALTH
#define NETWORK               LEX_NETWORK
#define SPELLED               SEES_SPELLED
#define DEFANGED              SEES_DEFANGED
#define UNDO                  SEES_UNDO
#define TRIGGER(head, lexers) {head, lexers},
#include "classifiers/triggers.def"
#undef TRIGGER
	};
	for (size_t i = 0; i < sizeof triggers / sizeof *triggers; i++)
		for (int capital = 0; capital < 2; capital++) {
			uint32_t first = 0;
			for (size_t k = 0; k < 4 && triggers[i].head[k] != '\0'; k++)
				first |= (uint32_t)(uint8_t)triggers[i].head[k] << 8 * k;
			if (capital == 1)
				first &= ~32u;
			else if (triggers[i].lexers == LEX_EXPORT) /* markings are capitals */
				continue;
			if (!prefilter_head(tables, first))
				fail_msg("%s is missed", triggers[i].head);
		}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(kernels_agree),
		cmocka_unit_test(kernels_agree_on_every_byte),
		cmocka_unit_test(masks_are_the_sets),
		cmocka_unit_test(no_head_is_missed),
	};
	return cmocka_run_group_tests(tests, setup, teardown);
}
