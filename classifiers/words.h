/* A text cut into words, each as a hash that does not tell case, nor plural from singular. Camel case splits; scripts
 * without spaces are cut into characters. */
#ifndef CLASSIFIERS_WORDS_H
#define CLASSIFIERS_WORDS_H

#include "base/span.h"

struct word {
	uint32_t hash;
	uint32_t start, end;
};

/* The words of text, at most max, into v; their number. */
size_t words_of(struct span text, struct word *v, size_t max) MUST;

#endif
