/* The readings behind the first: what a text says once invisibles are gone, look-alikes folded, separators squeezed,
 * spelled digits and encodings undone. Each is lexed; what is found is mapped back to the original. */
#ifndef CLASSIFIERS_PIPELINE_H
#define CLASSIFIERS_PIPELINE_H

#include "classifiers/reading.h"
#include "classifiers/scan.h"

enum { DECODE_DEPTH = 3, DECODE_EXPANSION = 4 };

/* Buffers kept between texts; a zeroed struct is valid. */
struct pipeline {
	struct reading folded, other;
	struct reading decoded[DECODE_DEPTH];
};
void pipeline_fini(struct pipeline *p);

/* s has read text as it stands; its hits get those of the other readings, in offsets of text. Bytes that could not be
 * examined because of a limit are added to *failed. */
enum err pipeline_run(struct pipeline *p, struct scan *s, struct span text, size_t *failed) MUST;

#endif
