/* Files that travel inside the program: rule packs ("packs/gdpr.rules"), tables ("tables/us.groups"), the
 * tagger's newest model ("models/tagger.bwm"). */
#ifndef GATE_BUILTIN_H
#define GATE_BUILTIN_H

#include "base/span.h"

struct builtin_file {
	const char *name;
	const uint8_t *bytes;
	size_t size;
};

extern const struct builtin_file builtin_files[]; /* ends with a NULL name */

/* The file's text, or a null span. */
struct span builtin_find(struct span name) MUST;

#endif
