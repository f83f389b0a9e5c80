/* Annotated texts, one at a time, from the formats people keep them in. */
#ifndef CMD_MODEL_ITEMS_H
#define CMD_MODEL_ITEMS_H

#include <dirent.h>
#include <stdio.h>

#include "base/arena.h"
#include "base/buf.h"
#include "cmd/model_labels.h"

enum item_format { ITEMS_AUTO, ITEMS_PROMPTS, ITEMS_JSONL, ITEMS_CONLL, ITEMS_BRAT };

/* A mention: bytes of the text. */
struct mark {
	uint32_t start, end;
	enum label label; /* or LABEL_IGNORED */
};

struct item {
	struct span id, lang, domain, text; /* UTF-8; null: the file does not say */
	struct mark *marks;
	size_t n;
	bool titles; /* job titles are marked in it */
};

struct items_options {
	enum item_format format;
	bool bytes;       /* offsets of jsonl; else code points */
	bool corrections; /* jsonl: "missed" spans are added to "spans", "wrong" ones taken away */
	const struct label_map *map;
	unsigned sentences; /* of conll in one text */
};

struct items {
	struct items_options options;
	const char *path;
	FILE *in;
	uint64_t size; /* of the file; 0: not known */
	char *line;
	size_t cap;
	unsigned number; /* of the line */
	struct dirent **names;
	int n_names, at;
	char why[200]; /* what is wrong with an item, and where */
};

/* text is there as long as the items, if the path is NULL. ERR_NOT_FOUND, ERR_IO, ERR_NOMEM. */
enum err items_open(struct items *it, const char *path, struct span text, const struct items_options *o) MUST;
/* ERR_OK; ERR_NOT_FOUND: that was all; ERR_SYNTAX: this item cannot be read (why), the next one may; ERR_CONFIG: a
 * label that nobody knows (why); anything else: no more can be read. The item lives in the arena. */
enum err items_next(struct items *it, struct arena *a, struct item *out) MUST;
void items_close(struct items *it);
/* 0 to 100, or -1. */
int items_progress(const struct items *it) MUST;

/* Marks of an item under construction. */
struct marks {
	struct mark *v;
	size_t n, cap;
	struct arena *arena;
};
void marks_add(struct marks *m, size_t start, size_t end, enum label label);

/* --- parts of the readers --- */
/* Bytes before the code point number chars, or SIZE_MAX. */
size_t items_bytes(struct span text, uint64_t chars) MUST;
/* Fills why and returns ERR_SYNTAX. */
enum err items_bad(struct items *it, const char *what) MUST;
/* The label, or false with why filled. */
bool items_label(struct items *it, struct span name, enum label *out) MUST;
enum err items_next_json(struct items *it, struct arena *a, struct item *out) MUST;
enum err items_next_conll(struct items *it, struct arena *a, struct item *out) MUST;
enum err items_next_brat(struct items *it, struct arena *a, struct item *out) MUST;
/* Is the first object of this file one with spans beside its text? */
bool items_has_spans(struct span line) MUST;

#endif
