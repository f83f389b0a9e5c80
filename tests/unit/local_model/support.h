/* What the tagger's tests share: files of the tree, a seeded generator, findings in an array, and the prompts' plain
 * text. */
#ifndef TESTS_LOCAL_MODEL_SUPPORT_H
#define TESTS_LOCAL_MODEL_SUPPORT_H

#include "local_model/tagger_parts.h"

/* Bytes of a file of the source tree; the caller frees p. Aborts if there is none. */
struct span support_file(const char *name) MUST;
uint32_t support_random(uint64_t *state) MUST;

struct support_finding {
	uint16_t type;
	uint32_t start, end;
	uint8_t score;
};

struct support_findings {
	struct support_finding v[8192];
	size_t n;
};

/* A tagger_emit. */
void support_collect(void *sink, uint16_t type, uint32_t start, uint32_t end, uint8_t score);
/* The text of a line of annotated prompts without its tags and escapes, into out (room for line.n bytes); its length.
 */
size_t support_prompt(struct span line, uint8_t *out) MUST;

#endif
