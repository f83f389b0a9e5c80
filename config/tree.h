/* YAML as a small tree, of the plain kind only: one document; no anchors, aliases, tags, merge keys, repeated keys; no
 * control or invisible characters; nothing that looks like a credential. Limits: 1 MiB, 16 levels, 65536 nodes, 4096
 * entries in one list or mapping. */
#ifndef CONFIG_TREE_H
#define CONFIG_TREE_H

#include "config/diag.h"

enum node_kind { NODE_SCALAR, NODE_LIST, NODE_MAP };

struct node {
	enum node_kind kind;
	bool plain;            /* a scalar without quotes */
	struct span text;      /* of a scalar; ends in NUL behind .n */
	unsigned line, column; /* from 1 */
	struct span key;       /* of an entry of a mapping */
	unsigned key_line, key_column;
	struct node *child, *next; /* in order */
	size_t n;                  /* entries of a list or mapping */
};

enum { TREE_MAX_BYTES = 1 << 20, TREE_MAX_DEPTH = 16, TREE_MAX_NODES = 65536, TREE_MAX_ENTRIES = 4096 };

/* The tree lives in the arena. NULL with diag filled on failure. */
struct node *tree_parse(struct span yaml, struct arena *arena, struct config_diag *diag, enum err *err) MUST;
/* The entry of a mapping, or NULL (also for a NULL map). */
const struct node *tree_get(const struct node *map, const char *key) MUST;

/* A copy that ends in NUL. */
struct span arena_text(struct arena *a, struct span s) MUST;

/* Would a person who reads the file hold this for a key or password? */
bool looks_secret(struct span s) MUST;

#endif
