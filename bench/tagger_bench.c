/* The tagger's speed on one core, by kernel: tokens a second and microseconds for 500 words.
 * tagger_bench MODEL TEXT (build: gcc -O2 -I. bench/tagger_bench.c with the libraries local_model and base) */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "local_model/tagger_parts.h"

static double now(void)
{
	struct timespec t;
	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static struct span read_file(const char *path)
{
	FILE *f = fopen(path, "rb");
	if (f == NULL || fseek(f, 0, SEEK_END) != 0) {
		perror(path);
		exit(1);
	}
	size_t n = (size_t)ftell(f);
	uint8_t *p = malloc(n + 1);
	rewind(f);
	if (p == NULL || fread(p, 1, n, f) != n) {
		perror(path);
		exit(1);
	}
	fclose(f);
	return span_of(p, n);
}

static void count(void *sink, uint16_t type, uint32_t start, uint32_t end, uint8_t score)
{
	(void)type, (void)start, (void)end, (void)score;
	++*(size_t *)sink;
}

static size_t count_tokens(const struct tagger *t, struct span text)
{
	struct tokenizer z;
	struct token token;
	size_t n = 0;
	tokenizer_init(&z, &t->alphabet, text);
	while (tokenizer_next(&z, &token))
		n++;
	return n;
}

static double features_only(const struct tagger *t, struct span text)
{
	struct tokenizer z;
	struct token token;
	struct feature f;
	size_t rounds = 0;
	double start = now();
	do {
		tokenizer_init(&z, &t->alphabet, text);
		while (tokenizer_next(&z, &token)) {
			feature_of(&t->alphabet, &t->model.bits, text, &token, 0, 0, &f);
			f.flags = model_lookup(&t->model, f.key);
		}
		rounds++;
	} while (now() - start < 0.7);
	return (now() - start) / (double)rounds;
}

static double whole(const struct tagger *t, struct tagger_scratch *s, struct span text, size_t *found)
{
	size_t rounds = 0;
	double start = now();
	do {
		*found = 0;
		if (tagger_tag(t, s, text, count, found) > text.n)
			exit(1);
		rounds++;
	} while (now() - start < 0.7);
	return (now() - start) / (double)rounds;
}

static struct span words(struct span text, size_t n)
{
	size_t at = 0;
	while (at < text.n && n > 0)
		n -= text.p[at++] == ' ';
	return span_sub(text, 0, at);
}

int main(int argc, char **argv)
{
	enum err err;
	size_t n_kernels, found;
	if (argc != 3)
		return 2;
	struct span file = read_file(argv[1]), text = read_file(argv[2]);
	struct tagger *t = tagger_new(file, &err);
	struct tagger_scratch *s = tagger_scratch_new();
	if (t == NULL || s == NULL)
		return 1;
	const struct kernel *const *kernels = kernel_all(&n_kernels);
	double tokens = (double)count_tokens(t, text), bytes = (double)text.n;
	double f = features_only(t, text);
	printf("%.0f tokens of %.2f bytes; tokens and features alone %.2f Mtok/s\n", tokens, bytes / tokens,
	       tokens / f / 1e6);
	for (size_t i = 0; i < n_kernels; i++) {
		struct span part = words(text, 500);
		t->kernel = kernels[i];
		for (int gate = 0; gate < 2; gate++) {
			t->gate = gate != 0;
			double a = whole(t, s, text, &found);
			printf("%-12s gate %s: %.3f Mtok/s, %.2f MB/s, %zu findings", t->kernel->name,
			       gate ? "on " : "off", tokens / a / 1e6, bytes / a / 1e6, found);
			printf("; 500 words (%.0f tokens) %.0f us\n", (double)count_tokens(t, part),
			       whole(t, s, part, &found) * 1e6);
		}
	}
	tagger_scratch_free(s);
	tagger_free(t);
	return 0;
}
