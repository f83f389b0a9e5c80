/* The tagger: finds in a text what no pattern describes (names, places, organisations, health, belief, …) with a small
 * int8 convolutional net. Immutable once made and shared by all threads; each thread brings a scratch of its own. No
 * clock, no randomness, no I/O; results do not depend on the processor. Memory does not grow with the text: it is read
 * in windows, and a mention longer than about 60 tokens may be cut at a window's end. */
#ifndef LOCAL_MODEL_TAGGER_H
#define LOCAL_MODEL_TAGGER_H

#include "base/err.h"

struct tagger;
struct tagger_scratch;

/* file: a model file, mapped or read into memory, that outlives the tagger. On failure NULL and ERR_CORRUPT, ERR_CONFIG
 * (a version or type this build does not know) or ERR_NOMEM. */
struct tagger *tagger_new(struct span file, enum err *err) MUST;
void tagger_free(struct tagger *t);
/* Content address of the model: 32 bytes, as long as the tagger lives. */
struct span tagger_id(const struct tagger *t) MUST;
/* The instruction set in use, for reports. */
const char *tagger_kernel(const struct tagger *t) MUST;

/* NULL when memory is short. Any scratch goes with any tagger. */
struct tagger_scratch *tagger_scratch_new(void) MUST;
void tagger_scratch_free(struct tagger_scratch *s);

/* type: enum type_id; start, end: bytes of the text, on code-point boundaries; score: 1..100. */
typedef void tagger_emit(void *sink, uint16_t type, uint32_t start, uint32_t end, uint8_t score);

/* Emits findings in the order of the text, none overlapping. Returns the bytes the net looked at; the rest was gated.
 * text: UTF-8, below 2 GiB; malformed bytes are read as punctuation. Nothing of the text is left in the scratch. */
size_t tagger_tag(const struct tagger *t, struct tagger_scratch *s, struct span text, tagger_emit *emit,
		  void *sink) MUST;

#endif
