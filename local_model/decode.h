/* From logits to mentions: the best path of labels among those that spell whole mentions (Viterbi under the constraints
 * of BIOES). Labels: 0 is "nothing", then begin, inside, end and single of each type. Integers throughout. */
#ifndef LOCAL_MODEL_DECODE_H
#define LOCAL_MODEL_DECODE_H

#include "local_model/net.h"

struct mention {
	uint32_t first, last; /* tokens, both inclusive */
	uint32_t type;        /* index into model.types */
	int32_t margin;       /* the type's bias and its tokens' lead over "nothing": log-odds, in logit units */
};

struct decode_work {
	uint8_t outer[NET_ROWS];              /* best label a mention may follow, token by token */
	uint8_t inner[NET_ROWS][MODEL_TYPES]; /* whether a mention of the type was already inside */
	uint8_t label[NET_ROWS];
};

/* n <= NET_ROWS rows of stride logits. Fills out (room for n) in the order of the text; returns how many. */
size_t decode(const struct model *m, const int16_t *logits, size_t stride, size_t n, struct decode_work *w,
	      struct mention *out) MUST;
/* Where a mention stands in its type's tables of scores: by its mean margin a token. */
size_t decode_bucket(const struct model *m, const struct mention *mention) MUST;

#endif
