/* The net's inner loops, one set per instruction set, all with the same results bit for bit: integers throughout.
 *
 * Activations are 0..127 in a byte, so that no pair of products overflows 16 bits (PMADDUBSW). A layer's accumulator
 * plus its bias, shifted right and clamped to 16 bits, is the layer's output for the head; else it is clamped at zero,
 * scaled by a Q15 multiplier per channel, added to the residual stream (16 bits, saturating), and that, scaled by one
 * Q15 number and clamped to 127, is the next layer's input. Scaling rounds half up: (a * b + 2^14) >> 15 (PMULHRSW). */
#ifndef LOCAL_MODEL_KERNEL_H
#define LOCAL_MODEL_KERNEL_H

#include "local_model/model.h"

struct kernel {
	const char *name;
	bool (*usable)(void);
	/* A token's input to the mixing layer: FEATURE_INPUTS bytes, 64 meaning zero. */
	void (*embed)(const struct model *m, const struct feature *f, uint8_t *out);
	/* Rows 0..rows of a layer. in: row 0's bytes, with zeroed rows before and behind for the taps. residual: rows
	 * of l->n, stored (first) or added to; next: rows of l->n. */
	void (*layer)(const struct layer *l, const uint8_t *in, size_t rows, int16_t *residual, bool first,
		      uint8_t *next);
	void (*head)(const struct layer *l, const uint8_t *in, size_t rows, int16_t *logits);
};

/* round(2^15 / sqrt(n)), at most 2^15 - 1: a bag of n n-grams keeps its scale. */
extern const int16_t kernel_bag_scale[FEATURE_GRAMS + 1];

extern const struct kernel kernel_ref, kernel_avx2, kernel_vnni;

/* The fastest kernel this processor runs. */
const struct kernel *kernel_pick(void) MUST;
/* All that this processor runs, the reference first: for tests and measurements. *n is set. */
const struct kernel *const *kernel_all(size_t *n) MUST;

#endif
