#include "book.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

const char *const pack_names[PACK_COUNT] = {"gdpr", "hipaa", "pci", "secrets", "export", "coverage", "default"};

#define BIT(a, b)  ((a - 'A') * 26 + (b - 'A'))
#define W(i, a, b) (BIT(a, b) / 64 == (i) ? (uint64_t)1 << BIT(a, b) % 64 : 0)
#define EU(i)                                                                                                          \
	(W(i, 'A', 'T') | W(i, 'B', 'E') | W(i, 'B', 'G') | W(i, 'H', 'R') | W(i, 'C', 'Y') | W(i, 'C', 'Z') |         \
	 W(i, 'D', 'K') | W(i, 'E', 'E') | W(i, 'F', 'I') | W(i, 'F', 'R') | W(i, 'D', 'E') | W(i, 'G', 'R') |         \
	 W(i, 'H', 'U') | W(i, 'I', 'E') | W(i, 'I', 'T') | W(i, 'L', 'V') | W(i, 'L', 'T') | W(i, 'L', 'U') |         \
	 W(i, 'M', 'T') | W(i, 'N', 'L') | W(i, 'P', 'L') | W(i, 'P', 'T') | W(i, 'R', 'O') | W(i, 'S', 'K') |         \
	 W(i, 'S', 'I') | W(i, 'E', 'S') | W(i, 'S', 'E'))
#define EEA(i)      (EU(i) | W(i, 'I', 'S') | W(i, 'L', 'I') | W(i, 'N', 'O'))
#define ADEQUATE(i) (W(i, 'C', 'H') | W(i, 'G', 'B') | W(i, 'J', 'P') | W(i, 'K', 'R'))
#define US(i)       W(i, 'U', 'S')
#define SET(m)                                                                                                         \
	{                                                                                                              \
		{                                                                                                      \
			m(0), m(1), m(2), m(3), m(4), m(5), m(6), m(7), m(8), m(9), m(10)                              \
		}                                                                                                      \
	}
#define NOBODY(i) 0

static const struct rules_group groups[] = {
	{SPAN("eu"), SET(EU)},  {SPAN("eea"), SET(EEA)},       {SPAN("adequate"), SET(ADEQUATE)},
	{SPAN("dpf"), SET(US)}, {SPAN("nobody"), SET(NOBODY)},
};

static const struct span house_types[] = {SPAN("house.project-x"), SPAN("house.codename")};

const struct rules_env test_env = {groups, sizeof groups / sizeof *groups, house_types, 2};

struct rules *book_of(const char *text)
{
	struct rules_source source = {SPAN("test.rules"), span_str(text)};
	struct rules_diag diag;
	enum err err;
	struct rules *r = rules_compile(&source, 1, &test_env, &diag, &err);
	if (r == NULL)
		fail_msg("%u:%u: %s", diag.line, diag.column, diag.text);
	return r;
}

char *file_text(const char *path, size_t *n)
{
	FILE *f = fopen(path, "rb");
	if (f == NULL)
		fail_msg("cannot open %s", path);
	fseek(f, 0, SEEK_END);
	long size = ftell(f);
	rewind(f);
	char *text = malloc((size_t)size + 1);
	assert_non_null(text);
	assert_int_equal(fread(text, 1, (size_t)size, f), (size_t)size);
	fclose(f);
	text[size] = '\0';
	*n = (size_t)size;
	return text;
}

struct rules *book_of_packs(const char *house)
{
	struct rules_source sources[PACK_COUNT + 1];
	char *texts[PACK_COUNT];
	for (size_t i = 0; i < PACK_COUNT; i++) {
		char path[512];
		size_t n;
		snprintf(path, sizeof path, "%s/rules/packs/%s.rules", BW_SOURCE_DIR, pack_names[i]);
		texts[i] = file_text(path, &n);
		sources[i] = (struct rules_source){span_str(pack_names[i]), span_of(texts[i], n)};
	}
	sources[PACK_COUNT] = (struct rules_source){SPAN("house"), span_str(house)};
	struct rules_diag diag;
	enum err err;
	struct rules *r = rules_compile(sources, PACK_COUNT + 1, &test_env, &diag, &err);
	if (r == NULL)
		fail_msg("%.*s:%u:%u: %s", SPAN_ARG(diag.file), diag.line, diag.column, diag.text);
	for (size_t i = 0; i < PACK_COUNT; i++)
		free(texts[i]);
	return r;
}
