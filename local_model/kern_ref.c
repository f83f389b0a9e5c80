#include "local_model/kernel.h"

static bool usable(void)
{
	return true;
}

static uint8_t embed_clamp(int v)
{
	return (uint8_t)((v < -64 ? -64 : v > 63 ? 63 : v) + 64);
}

static void embed_pair(const int8_t *table, const uint32_t rows[2], uint8_t *out)
{
	const int8_t *a = table + (size_t)rows[0] * FEATURE_DIM, *b = table + (size_t)rows[1] * FEATURE_DIM;
	for (size_t i = 0; i < FEATURE_DIM; i++)
		out[i] = embed_clamp(a[i] + b[i]);
}

static void embed_bag(const int8_t *table, const struct feature *f, uint8_t *out)
{
	int16_t sum[FEATURE_DIM] = {0};
	for (size_t k = 0; k < f->n_grams; k++) {
		const int8_t *row = table + (size_t)f->gram[k] * FEATURE_DIM;
		for (size_t i = 0; i < FEATURE_DIM; i++)
			sum[i] = (int16_t)(sum[i] + row[i]);
	}
	for (size_t i = 0; i < FEATURE_DIM; i++)
		out[i] = embed_clamp((sum[i] * kernel_bag_scale[f->n_grams] + 0x4000) >> 15);
}

static void embed_bits(const struct feature *f, uint8_t *out)
{
	uint32_t bits = feature_bits_of(f);
	for (size_t i = 0; i < FEATURE_BITS; i++)
		out[i] = (uint8_t)(64 + 32 * (bits >> i & 1));
}

static void embed(const struct model *m, const struct feature *f, uint8_t *out)
{
	embed_pair(m->word, f->word, out);
	embed_pair(m->affix, f->prefix, out + FEATURE_DIM);
	embed_pair(m->affix, f->suffix3, out + 2 * FEATURE_DIM);
	embed_pair(m->affix, f->suffix4, out + 3 * FEATURE_DIM);
	embed_bag(m->gram, f, out + 4 * FEATURE_DIM);
	const int8_t *shape = m->shape + (size_t)f->shape * FEATURE_SHAPE_DIM;
	for (size_t i = 0; i < FEATURE_SHAPE_DIM; i++)
		out[5 * FEATURE_DIM + i] = embed_clamp(shape[i]);
	embed_bits(f, out + 5 * FEATURE_DIM + FEATURE_SHAPE_DIM);
}

static int16_t saturate(int32_t v)
{
	return (int16_t)(v > INT16_MAX ? INT16_MAX : v < INT16_MIN ? INT16_MIN : v);
}

static int16_t scale(int16_t a, int16_t b)
{
	return (int16_t)((a * b + 0x4000) >> 15);
}

/* The panel's outputs for the row at in, shifted and saturated. The sums are kept side by side so that a compiler may
 * use whatever vectors there are. */
static void panel_outputs(const struct layer *l, const uint8_t *in, size_t panel, int16_t out[PANEL])
{
	const int8_t *w = l->weights + panel * l->taps * l->width * PANEL;
	int32_t sum[PANEL];
	memcpy(sum, l->bias + panel * PANEL, sizeof sum);
	for (size_t tap = 0; tap < l->taps; tap++) {
		const uint8_t *x = l->taps == 1 ? in : in + ((ptrdiff_t)tap - 1) * (ptrdiff_t)(l->dilation * l->width);
		for (size_t i = 0; i < l->width; i += 4, w += (size_t)4 * PANEL)
			for (size_t j = 0; j < PANEL; j++)
				sum[j] += x[i] * w[4 * j] + x[i + 1] * w[4 * j + 1] + x[i + 2] * w[4 * j + 2] +
					  x[i + 3] * w[4 * j + 3];
	}
	for (size_t j = 0; j < PANEL; j++)
		out[j] = saturate(sum[j] >> l->shift);
}

static void layer(const struct layer *l, const uint8_t *in, size_t rows, int16_t *residual, bool first, uint8_t *next)
{
	int16_t out[PANEL];
	for (size_t t = 0; t < rows; t++, in += l->width, residual += l->n, next += l->n) {
		for (size_t j = 0; j < l->n; j++) {
			if (j % PANEL == 0)
				panel_outputs(l, in, j / PANEL, out);
			int16_t y = out[j % PANEL];
			y = scale(y > 0 ? y : 0, l->multiplier[j]);
			residual[j] = first ? y : saturate(residual[j] + y);
			int16_t u = scale(residual[j], l->next);
			next[j] = (uint8_t)(u > 127 ? 127 : u);
		}
	}
}

static void head(const struct layer *l, const uint8_t *in, size_t rows, int16_t *logits)
{
	for (size_t t = 0; t < rows; t++, in += l->width, logits += l->n)
		for (size_t panel = 0; panel < l->n / PANEL; panel++)
			panel_outputs(l, in, panel, logits + panel * PANEL);
}

const struct kernel kernel_ref = {"reference", usable, embed, layer, head};
