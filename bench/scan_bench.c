/* Speed of the classifiers on English prose with an identifier a kilobyte, on texts of several lengths, on one core.
 * Prints bytes a second of classify_text and microseconds a text: best of a number of rounds. */
#include "classifiers/classify.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static const char *const sentences[] = {
	"The committee met again in the afternoon and agreed to postpone the vote until everyone had read the report. ",
	"She walked along the river, thinking about the letter that had arrived without a name on the envelope. ",
	"Please summarise the following meeting notes and list the open questions for the next planning round. ",
	"When the weather turned, the harvest was already in the barns and the roads were empty again. ",
	"Our customers often ask how long a delivery takes, and we would like to answer them more precisely. ",
	"The museum opened a new wing last spring, with paintings that had not been shown for many years. ",
	"It is worth noting that the method works only where the samples are independent of each other. ",
	"He repaired the old radio with parts from three others and gave it to his neighbour's daughter. ",
};

static const char *const identifiers[] = {
	"Write to jana.novakova@firma-nord.de for details. ",
	"The card was 4539 1488 0343 6467 as far as I know. ",
	"Call me on +44 20 7946 0958 tomorrow. ",
	"His SSN is 536-22-8726 according to the form. ",
	"IBAN DE62 3704 0044 0532 0130 01, thank you. ",
	"The host 198.18.7.41 did not answer. ",
};

static size_t fill(char *text, size_t n)
{
	size_t at = 0, next = 500;
	for (unsigned i = 0; at < n; i++) {
		const char *s = sentences[i * 5 % 8];
		if (at >= next) {
			s = identifiers[next / 1000 % 6];
			next += 1000;
		}
		size_t len = strlen(s) > n - at ? n - at : strlen(s);
		memcpy(text + at, s, len);
		at += len;
	}
	return at;
}

static double now(void)
{
	struct timespec t;
	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static int measure(const struct classifier *c, struct classifier_scratch *s, const char *what, size_t n)
{
	enum { ROUNDS = 15 };
	char *text = malloc(n);
	size_t repeat = (4u << 20) / n + 1, found = 0;
	double best = 1e9;
	if (text == NULL)
		return 1;
	fill(text, n);
	for (int round = 0; round < ROUNDS; round++) {
		double start = now();
		for (size_t i = 0; i < repeat; i++) {
			struct arena arena;
			struct findings f;
			arena_init(&arena, 0);
			if (classify_text(c, s, NULL, span_of(text, n), NULL, &arena, &f) != ERR_OK)
				return 1;
			found = f.n;
			arena_fini(&arena);
		}
		double took = (now() - start) / (double)repeat;
		best = took < best ? took : best;
	}
	printf("%-22s %8zu bytes %4zu findings %10.2f us %8.3f GB/s\n", what, n, found, best * 1e6,
	       (double)n / best / 1e9);
	free(text);
	return 0;
}

int main(void)
{
	static const size_t sizes[] = {2000, 64 * 1024, 1 << 20};
	for (int starter = 0; starter < 2; starter++) {
		struct classifier_options o = {.starter_health = starter == 1};
		struct classifier_diag diag;
		enum err err;
		struct classifier *c = classifier_new(&o, &diag, &err);
		struct classifier_scratch *s = c == NULL ? NULL : classifier_scratch_new(c);
		if (s == NULL) {
			fprintf(stderr, "no classifier: %s\n", err_text(err));
			return 1;
		}
		for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++)
			if (measure(c, s, starter == 1 ? "with the starter list" : "lexers", sizes[i]) != 0)
				return 1;
		classifier_scratch_free(s);
		classifier_free(c);
	}
	return 0;
}
