/* What the reader's files share. Private to audit/. */
#ifndef AUDIT_READ_H
#define AUDIT_READ_H

#include "audit/reader.h"
#include "store/store.h"

enum { READ_SLICE = 256 };

struct audit_reader {
	struct store *store;
	struct store *own; /* the same, if it was opened here */
};

/* Leaf, its data as the tree hashes it, and what is kept of its body. Spans live as long as the view. */
enum err read_item(struct store_view *v, uint64_t sequence, struct audit_item *item, struct span *data,
		   struct span *salt) MUST;

#endif
