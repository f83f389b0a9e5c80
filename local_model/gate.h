/* The gate: which tokens the net need not see. A block of tokens is passed over when each of them is punctuation or a
 * word that the model's lists call plain: often met in training, never inside a mention. */
#ifndef LOCAL_MODEL_GATE_H
#define LOCAL_MODEL_GATE_H

#include "local_model/features.h"

enum { GATE_BLOCK = 16 /* tokens */ };

/* open[i] for block i of the n tokens: something to find may be in it. */
void gate_blocks(const struct token *tokens, const struct feature *features, size_t n, bool *open);

#endif
