/* The classifiers beside vectorscan with the same patterns (bench/patterns.py), on the same texts, in turns.
 *
 *     versus PATTERNS ROUNDS FILE…
 *
 * Prints how many patterns vectorscan takes, then for each round and file "ROUND file classifiers som ends": GB/s of
 * the whole classifier, of vectorscan with starts of matches (what a redactor needs), and without. Every file is cut
 * into texts of 2 kB. The classifier decodes, folds, checks, scores and merges besides; vectorscan only matches. */
#include "classifiers/classify.h"

#include <hs.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { TEXT = 2048, PATTERNS_MAX = 2000 };

struct file {
	const char *name;
	char *p;
	size_t n;
};

static void fail(const char *what)
{
	fprintf(stderr, "versus: %s\n", what);
	exit(1);
}

static struct file load(const char *path)
{
	FILE *f = fopen(path, "rb");
	const char *slash = strrchr(path, '/');
	struct file file = {.name = slash == NULL ? path : slash + 1};
	if (f == NULL || fseek(f, 0, SEEK_END) != 0)
		fail(path);
	long size = ftell(f);
	rewind(f);
	file.n = (size_t)size;
	file.p = malloc(file.n + 1);
	if (size <= 0 || file.p == NULL || fread(file.p, 1, file.n, f) != file.n)
		fail(path);
	file.p[file.n] = '\0';
	fclose(f);
	return file;
}

struct patterns {
	const char *v[PATTERNS_MAX];
	size_t n, read;
};

/* Lines of "name TAB regex"; those that vectorscan takes with starts of matches. */
static void take_patterns(struct file *f, struct patterns *out)
{
	char *save = NULL;
	for (char *line = strtok_r(f->p, "\n", &save); line != NULL; line = strtok_r(NULL, "\n", &save)) {
		hs_database_t *db = NULL;
		hs_compile_error_t *error = NULL;
		char *regex = strchr(line, '\t');
		if (regex == NULL || out->n == PATTERNS_MAX)
			fail("patterns");
		out->read++;
		if (hs_compile(regex + 1, HS_FLAG_SOM_LEFTMOST, HS_MODE_BLOCK, NULL, &db, &error) == HS_SUCCESS)
			out->v[out->n++] = regex + 1;
		else
			fprintf(stderr, "versus: not taken: %.*s: %s\n", (int)(regex - line), line, error->message);
		if (error != NULL)
			hs_free_compile_error(error);
		hs_free_database(db);
	}
}

static hs_database_t *compile(const struct patterns *p, unsigned flag, hs_scratch_t **scratch)
{
	static unsigned flags[PATTERNS_MAX], ids[PATTERNS_MAX];
	hs_database_t *db = NULL;
	hs_compile_error_t *error = NULL;
	for (size_t i = 0; i < p->n; i++) {
		flags[i] = flag;
		ids[i] = (unsigned)i;
	}
	if (hs_compile_multi(p->v, flags, ids, (unsigned)p->n, HS_MODE_BLOCK, NULL, &db, &error) != HS_SUCCESS)
		fail(error->message);
	if (hs_alloc_scratch(db, scratch) != HS_SUCCESS)
		fail("no memory");
	return db;
}

static double now(void)
{
	struct timespec t;
	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static int count(unsigned id, unsigned long long from, unsigned long long to, unsigned flags, void *arg)
{
	(void)id;
	(void)flags;
	*(size_t *)arg += to > from;
	return 0;
}

/* GB/s. */
static double run_vectorscan(const hs_database_t *db, hs_scratch_t *scratch, const struct file *f)
{
	size_t matches = 0;
	double start = now();
	for (size_t at = 0; at < f->n; at += TEXT) {
		size_t n = f->n - at < TEXT ? f->n - at : TEXT;
		if (hs_scan(db, f->p + at, (unsigned)n, 0, scratch, count, &matches) != HS_SUCCESS)
			fail("scan");
	}
	return (double)f->n / (now() - start) / 1e9;
}

static double run_classifier(const struct classifier *c, struct classifier_scratch *s, const struct file *f)
{
	double start = now();
	for (size_t at = 0; at < f->n; at += TEXT) {
		struct arena arena;
		struct findings found;
		arena_init(&arena, 0);
		struct span text = span_of(f->p + at, f->n - at < TEXT ? f->n - at : TEXT);
		if (classify_text(c, s, NULL, text, NULL, &arena, &found) != ERR_OK)
			fail("classify");
		arena_fini(&arena);
	}
	return (double)f->n / (now() - start) / 1e9;
}

int main(int argc, char **argv)
{
	static struct patterns patterns;
	const struct classifier_options o = {0};
	struct classifier_diag diag;
	enum err err;
	if (argc < 4) {
		fprintf(stderr, "usage: versus PATTERNS ROUNDS FILE...\n");
		return 2;
	}
	long rounds = strtol(argv[2], NULL, 10);
	struct file text = load(argv[1]);
	take_patterns(&text, &patterns);
	hs_scratch_t *scratch = NULL;
	hs_database_t *som = compile(&patterns, HS_FLAG_SOM_LEFTMOST, &scratch),
		      *ends = compile(&patterns, 0, &scratch);
	struct classifier *c = classifier_new(&o, &diag, &err);
	struct classifier_scratch *s = c == NULL ? NULL : classifier_scratch_new(c);
	if (s == NULL)
		fail("no classifier");
	printf("PATTERNS %zu of %zu\n", patterns.n, patterns.read);
	for (int i = 3; i < argc; i++) {
		struct file f = load(argv[i]);
		for (long round = 0; round < rounds; round++) {
			double ours = run_classifier(c, s, &f), with = run_vectorscan(som, scratch, &f);
			printf("ROUND %s %.4f %.4f %.4f\n", f.name, ours, with, run_vectorscan(ends, scratch, &f));
		}
		free(f.p);
	}
	classifier_scratch_free(s);
	classifier_free(c);
	hs_free_scratch(scratch);
	hs_free_database(som);
	hs_free_database(ends);
	free(text.p);
	return 0;
}
