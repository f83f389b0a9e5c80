/* The model file: a versioned header, the types with their scores, embedding tables, word lists and int8 layers,
 * in a fixed order whose every offset follows from the header's shapes; little-endian; a SHA-256 over all of it.
 *
 *   0  "BWTAGGER"   8 u32 version   12 u32 file size   16 SHA-256 of the bytes from 48 on
 *  48 u32 channels  52 u32 convolutions  56 u32 types  60 u32 word bits  64 affix  68 gram  72 shape
 *  76 u32 list entries  80 u32 margin unit  84-127 zero
 * Sections, each padded with zeros to 64 bytes: types (128 each: name 40, i32 bias, scores in company 32, alone 32,
 * zero 20), tables word, affix, gram, shape (int8), list keys (u32, ascending), list flags (u16), layers: mixing,
 * convolutions, head. A layer is u32 dilation, u32 shift, u32 scale of the next input, u32 zero, i32 bias[n], i16
 * multiplier[n], then weights in panels of 32 outputs, groups of 4 inputs, so that a kernel reads them in order. The
 * file's bytes are used in place: they must outlive the model. */
#ifndef LOCAL_MODEL_MODEL_H
#define LOCAL_MODEL_MODEL_H

#include "base/err.h"
#include "local_model/features.h"

enum {
	MODEL_VERSION = 3,
	MODEL_TYPES = 24,     /* at most */
	MODEL_CHANNELS = 128, /* at most; a multiple of PANEL */
	MODEL_CONVS = 8,      /* at most */
	MODEL_OUTPUTS = 128,  /* at most, of any layer */
	MODEL_REACH = 16,     /* tokens to each side that a token's logits may depend on, at most */
	MODEL_BUCKETS = 32,   /* of a table of scores */
	PANEL = 32            /* outputs whose weights lie together */
};

struct layer {
	const int8_t *weights; /* [n / PANEL][taps * width / 4][PANEL][4] */
	size_t n;              /* outputs, a multiple of PANEL */
	size_t width;          /* inputs of one tap, a multiple of 4 */
	size_t taps;           /* 1 or 3 */
	size_t dilation;
	unsigned shift; /* of the accumulator */
	int16_t next;   /* scale of the next layer's input: Q15 */
	int32_t bias[MODEL_OUTPUTS];
	int16_t multiplier[MODEL_OUTPUTS]; /* Q15 */
};

struct model_type {
	uint16_t type; /* enum type_id */
	int32_t bias;  /* added when a mention of the type begins: its operating point */
	/* Scores by the mention's mean margin, 0 meaning "not reported": beside another sure mention, and by itself. */
	uint8_t company[MODEL_BUCKETS], alone[MODEL_BUCKETS];
};

struct model {
	struct feature_bits bits;
	size_t channels, n_convs, n_types, reach, n_list;
	int32_t margin_unit; /* logit units of one bucket of scores */
	struct model_type types[MODEL_TYPES];
	const int8_t *word, *affix, *gram, *shape;
	const uint8_t *list_keys;  /* u32, little-endian, ascending */
	const uint8_t *list_flags; /* u16, little-endian */
	uint32_t list_index[257];  /* first entry by the key's top byte */
	struct layer mixing, conv[MODEL_CONVS], head;
	uint8_t digest[32]; /* of the whole model: its content address */
};

static inline size_t model_labels(const struct model *m)
{
	return 1 + 4 * m->n_types;
}

/* Checks everything before anything is used. ERR_CONFIG: another version or a type this build does not know;
 * ERR_CORRUPT: anything else that is wrong. */
enum err model_load(struct model *m, struct span file) MUST;
/* enum list_flag of a word; 0 if it is in no list. */
uint16_t model_lookup(const struct model *m, uint32_t key) MUST;

#endif
