/* What the classifiers find in a corpus, and how fast: one text a line.
 *
 *     match FILE        prints "line start end type" for every finding, sorted by position; on stderr the speed
 *
 * bench/oracle.py makes the corpus and compares. */
#include "classifiers/classify.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

static double cpu_seconds(void)
{
	struct timespec t;
	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static struct span map_file(const char *path)
{
	struct stat st;
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &st) != 0 || st.st_size == 0) {
		perror(path);
		exit(1);
	}
	void *p = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE | MAP_POPULATE, fd, 0);
	close(fd);
	if (p == MAP_FAILED) {
		perror(path);
		exit(1);
	}
	return span_of(p, (size_t)st.st_size);
}

static enum err print_findings(const struct classifier *c, const struct findings *f, size_t line)
{
	if (f->failed > 0)
		return ERR_INTERNAL;
	for (size_t i = 0; i < f->n; i++)
		printf("%zu %u %u %.*s\n", line, f->v[i].start, f->v[i].end,
		       SPAN_ARG(classifier_type_name(c, f->v[i].type)));
	return ERR_OK;
}

/* Seconds for the whole corpus; prints the findings if asked to. */
static double pass(const struct classifier *c, struct classifier_scratch *s, struct span corpus, bool print)
{
	double start = cpu_seconds();
	for (size_t line = 0; corpus.n > 0; line++) {
		struct arena arena;
		struct findings f;
		size_t n = span_find(corpus, '\n');
		arena_init(&arena, 0);
		enum err e = classify_text(c, s, NULL, span_sub(corpus, 0, n), NULL, &arena, &f);
		if (e == ERR_OK && print)
			e = print_findings(c, &f, line);
		if (e != ERR_OK) {
			fprintf(stderr, "match: line %zu: %s\n", line, err_text(e));
			exit(1);
		}
		arena_fini(&arena);
		corpus = span_sub(corpus, n < corpus.n ? n + 1 : n, corpus.n);
	}
	return cpu_seconds() - start;
}

int main(int argc, char **argv)
{
	enum { ROUNDS = 3 };
	const struct classifier_options o = {0};
	struct classifier_diag diag;
	enum err err;
	if (argc != 2) {
		fprintf(stderr, "usage: match FILE\n");
		return 2;
	}
	struct classifier *c = classifier_new(&o, &diag, &err);
	struct classifier_scratch *s = c == NULL ? NULL : classifier_scratch_new(c);
	if (s == NULL) {
		fprintf(stderr, "match: no classifier: %s\n", err_text(err));
		return 1;
	}
	struct span corpus = map_file(argv[1]);
	(void)pass(c, s, corpus, true);
	for (int i = 0; i < ROUNDS; i++)
		fprintf(stderr, "SPEED %.4f\n", (double)corpus.n / pass(c, s, corpus, false) / 1e9);
	classifier_scratch_free(s);
	classifier_free(c);
	return 0;
}
