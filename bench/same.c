/* Does the prefilter lose anything? Texts and mutants of them, scanned once with every lexer called at every word and
 * once with the prefilter on each kernel in turn: findings, signs and their places must be the same.
 *
 *     same SEED MUTANTS FILE…      every file in pieces of 64 to 4096 bytes, then MUTANTS of each piece
 *
 * Prints the number of texts; shows the first that differ and exits with 1. tests/campaigns/prefilter runs it. */
#include "classifiers/signs.h"

#include <stdio.h>
#include <stdlib.h>

enum { PIECE_MAX = 4096, SHOWN = 10 };

struct outcome {
	struct hits hits;
	struct marks marks;
	unsigned signs;
	size_t starts;
};

static uint32_t seed;

static uint32_t next_random(void)
{
	seed ^= seed << 13;
	seed ^= seed >> 17;
	seed ^= seed << 5;
	return seed;
}

static void scan(const struct scan_tables *t, struct span text, bool everything, struct outcome *o)
{
	static struct scan s;
	scan_init(&s, t, &o->hits);
	s.everything = everything;
	s.min_score = 1;
	s.marks = &o->marks;
	o->hits.n = 0;
	scan_run(&s, text);
	o->signs = s.signs;
	o->starts = s.n_starts;
}

static bool equal(const struct outcome *a, const struct outcome *b)
{
	if (a->hits.n != b->hits.n || a->signs != b->signs || a->starts != b->starts || a->marks.n != b->marks.n)
		return false;
	return (a->hits.n == 0 || memcmp(a->hits.v, b->hits.v, a->hits.n * sizeof *a->hits.v) == 0) &&
	       (a->marks.n == 0 || memcmp(a->marks.v, b->marks.v, a->marks.n * sizeof *a->marks.v) == 0);
}

/* One text, on the kernel whose turn it is. */
static bool same(struct scan_tables *t, struct span text)
{
	static struct outcome all, some;
	static size_t turn;
	size_t n;
	const struct block_kernel *const *kernels = block_kernel_all(&n);
	t->kernel = kernels[turn++ % n];
	scan(t, text, true, &all);
	scan(t, text, false, &some);
	if (equal(&all, &some))
		return true;
	printf("%s: %zu and %zu findings, signs %x and %x: %.*s\n", t->kernel->name, all.hits.n, some.hits.n, all.signs,
	       some.signs, SPAN_ARG(text));
	return false;
}

/* A few bytes changed, doubled, dropped or taken from elsewhere in the text. */
static size_t mutate(uint8_t *p, size_t n)
{
	static const char bits[] = "0123456789 -./:@=%&\\\"'([{+,_~#\n\xc3\xa9"
				   "AZaz";
	for (unsigned k = next_random() % 8 + 1; k > 0; k--) {
		size_t at = next_random() % n, from = next_random() % n, len = next_random() % 24;
		len = len > n - at ? n - at : len;
		len = len > n - from ? n - from : len;
		if (next_random() % 2 == 0)
			memmove(p + at, p + from, len);
		else
			p[at] = (uint8_t)bits[next_random() % (sizeof bits - 1)];
	}
	return n - next_random() % (n / 2 + 1);
}

static uint8_t *load(const char *path, size_t *n)
{
	FILE *f = fopen(path, "rb");
	if (f == NULL || fseek(f, 0, SEEK_END) != 0) {
		perror(path);
		exit(2);
	}
	long size = ftell(f);
	rewind(f);
	uint8_t *p = malloc((size_t)size + 1);
	if (size < 0 || p == NULL || fread(p, 1, (size_t)size, f) != (size_t)size) {
		perror(path);
		exit(2);
	}
	*n = (size_t)size;
	fclose(f);
	return p;
}

int main(int argc, char **argv)
{
	struct scan_tables *t = scan_tables_new();
	size_t texts = 0, differ = 0;
	if (t == NULL || argc < 4) {
		fprintf(stderr, "usage: same SEED MUTANTS FILE...\n");
		return 2;
	}
	seed = (uint32_t)strtoul(argv[1], NULL, 10) * 2654435761u + 1;
	unsigned long mutants = strtoul(argv[2], NULL, 10);
	for (int i = 3; i < argc; i++) {
		size_t n, piece;
		uint8_t *p = load(argv[i], &n);
		for (size_t at = 0; at < n && differ < SHOWN; at += piece) {
			piece = 64 + next_random() % (PIECE_MAX - 64);
			piece = piece > n - at ? n - at : piece;
			/* Memory of exactly this length: a read past it is seen by the sanitizers. */
			for (unsigned long k = 0; k <= mutants && differ < SHOWN; k++, texts++) {
				uint8_t *copy = malloc(piece);
				if (copy == NULL)
					return 2;
				memcpy(copy, p + at, piece);
				differ += !same(t, span_of(copy, k == 0 ? piece : mutate(copy, piece)));
				free(copy);
			}
		}
		free(p);
	}
	printf("%zu texts, %zu differ\n", texts, differ);
	scan_tables_free(t);
	return differ == 0 ? 0 : 1;
}
