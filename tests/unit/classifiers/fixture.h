/* What the classifier tests share: one classifier, texts in, findings out. */
#ifndef TESTS_CLASSIFIERS_FIXTURE_H
#define TESTS_CLASSIFIERS_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "classifiers/classify.h"
#include "classifiers/detector.h"

/* With the starter list; built once, freed at exit. */
const struct classifier *the_classifier(void);
struct classifier_scratch *the_scratch(void);

struct result {
	struct arena arena;
	struct findings f;
};
struct result classify(struct span text, const char *key);
struct result classify_str(const char *text);
void result_fini(struct result *r);
/* The best score among the findings of a detector or a type; 0: none. */
unsigned found_detector(const struct result *r, const char *name);
unsigned found_type(const struct result *r, const char *name);
/* Asserts what must hold for any text: sorted, in bounds, on code points, merged. */
void assert_sound(struct span text, const struct result *r);

/* A whole file below the source tree, NUL behind it; malloc. */
char *read_file(const char *path, size_t *n);

/* tests/data/identifiers/identifiers.tsv */
struct example {
	char *type, *detector, *valid, *invalid, *sentence;
};
struct example *load_examples(size_t *n);
void free_examples(struct example *v, size_t n);
/* The sentence with the value in its place; malloc. */
char *in_sentence(const char *sentence, const char *value);

/* xorshift with a fixed seed: the same texts on each run. */
uint32_t next_random(void);

#endif
