/* The readings behind the first: what a text says once invisibles are gone, look-alikes folded, separators squeezed,
 * spelled digits and encodings undone. Each is lexed; what is found is mapped back to the original. */
#ifndef CLASSIFIERS_PIPELINE_H
#define CLASSIFIERS_PIPELINE_H

#include "classifiers/reading.h"
#include "classifiers/signs.h"

/* Readings within readings; all of them together have at most DECODE_EXPANSION bytes for one of the text. */
enum { VIEW_DEPTH = 4, DECODE_EXPANSION = 4 };

/* Buffers kept between texts; a zeroed struct is valid. */
struct pipeline {
	struct reading leaf;
	struct reading folded[VIEW_DEPTH], decoded[VIEW_DEPTH];
	struct marks marks[VIEW_DEPTH + 1];
};
void pipeline_fini(struct pipeline *p);

/* Before s reads a text: what it sees there is noted for pipeline_run. */
void pipeline_start(struct pipeline *p, struct scan *s);
/* s has read text as it stands; its hits get those of the other readings, in offsets of text. Bytes that could not be
 * examined because of a limit are added to *failed. */
enum err pipeline_run(struct pipeline *p, struct scan *s, struct span text, size_t *failed) MUST;

#endif
