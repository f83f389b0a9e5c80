/* What the tests of the rules share: country groups, compiling from strings and from the packs, facts in one line. */
#ifndef TESTS_RULES_BOOK_H
#define TESTS_RULES_BOOK_H

#include "rules/cases.h"

extern const struct rules_env test_env;

/* Compiles one text; fails the test with the diagnosis if that fails. */
struct rules *book_of(const char *text);
/* All packs, with the default; further sources behind them. */
struct rules *book_of_packs(const char *house);
/* The file's bytes with a NUL behind them, to be freed; fails the test if it cannot be read. */
char *file_text(const char *path, size_t *n);

enum { PACK_COUNT = 7 };
extern const char *const pack_names[PACK_COUNT];

#endif
