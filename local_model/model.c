#include "local_model/model.h"

#include "base/sha256.h"
#include "base/types.h"

enum { HEADER = 128, SIGNED_FROM = 48, TYPE_ROW = 128, TYPE_NAME = 40, LAYER_HEADER = 16, ALIGNMENT = 64 };
enum {
	BITS_MIN = 4,
	BITS_MAX = 16,
	LIST_MAX = 1 << 20,
	MARGIN_MAX = 1 << 15,
	SHIFT_MAX = 15,
	BIAS_MAX = 1 << 30,
	TYPE_BIAS_MAX = 1 << 15
};

/* Sections are taken from the file in order; running past its end is remembered, not acted upon. */
struct reader {
	struct span file;
	size_t pos;
	bool bad;
};

static uint32_t u32_at(const uint8_t *p)
{
	return (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

static uint32_t field(struct span file, size_t at)
{
	return u32_at(file.p + at);
}

static const uint8_t *take(struct reader *r, size_t n)
{
	size_t padded = (n + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
	if (r->bad || padded > r->file.n - r->pos) {
		r->bad = true;
		return NULL;
	}
	const uint8_t *p = r->file.p + r->pos;
	for (size_t i = n; i < padded; i++)
		r->bad = r->bad || p[i] != 0;
	r->pos += padded;
	return r->bad ? NULL : p;
}

static bool zeros(const uint8_t *p, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (p[i] != 0)
			return false;
	return true;
}

static bool between(uint32_t v, uint32_t least, uint32_t most)
{
	return v >= least && v <= most;
}

static bool read_shape(struct model *m, struct span file)
{
	uint32_t channels = field(file, 48), convs = field(file, 52), types = field(file, 56), list = field(file, 76),
		 unit = field(file, 80);
	for (size_t at = 60; at <= 72; at += 4)
		if (!between(field(file, at), BITS_MIN, BITS_MAX))
			return false;
	if (!between(channels, PANEL, MODEL_CHANNELS) || channels % PANEL != 0 || !between(convs, 1, MODEL_CONVS))
		return false;
	if (!between(types, 1, MODEL_TYPES) || list > LIST_MAX || !between(unit, 1, MARGIN_MAX) ||
	    !zeros(file.p + 84, HEADER - 84))
		return false;
	m->bits = (struct feature_bits){(uint8_t)field(file, 60), (uint8_t)field(file, 64), (uint8_t)field(file, 68),
					(uint8_t)field(file, 72)};
	m->channels = channels;
	m->n_convs = convs;
	m->n_types = types;
	m->n_list = list;
	m->margin_unit = (int32_t)unit;
	return true;
}

static enum err read_type(struct model_type *t, const uint8_t *p)
{
	size_t n = span_find(span_of(p, TYPE_NAME), 0);
	int32_t bias = (int32_t)u32_at(p + TYPE_NAME);
	const uint8_t *table = p + TYPE_NAME + 4, *rest = table + sizeof t->company + sizeof t->alone;
	if (n == 0 || n == TYPE_NAME || !zeros(p + n, TYPE_NAME - n) || bias > TYPE_BIAS_MAX || bias < -TYPE_BIAS_MAX)
		return ERR_CORRUPT;
	if (!zeros(rest, (size_t)(p + TYPE_ROW - rest)))
		return ERR_CORRUPT;
	for (size_t i = 0; i < sizeof t->company + sizeof t->alone; i++)
		if (table[i] > 100)
			return ERR_CORRUPT;
	enum type_id id = type_by_name(span_of(p, n));
	if (id == TYPE_COUNT)
		return ERR_CONFIG;
	t->type = (uint16_t)id;
	t->bias = bias;
	memcpy(t->company, table, sizeof t->company);
	memcpy(t->alone, table + sizeof t->company, sizeof t->alone);
	return ERR_OK;
}

static enum err read_types(struct model *m, struct reader *r)
{
	const uint8_t *p = take(r, m->n_types * TYPE_ROW);
	enum err err = p == NULL ? ERR_CORRUPT : ERR_OK;
	for (size_t i = 0; err == ERR_OK && i < m->n_types; i++)
		err = read_type(&m->types[i], p + i * TYPE_ROW);
	return err;
}

static bool read_lists(struct model *m, struct reader *r)
{
	m->list_keys = take(r, m->n_list * 4);
	m->list_flags = take(r, m->n_list * 2);
	if (r->bad)
		return false;
	size_t i = 0;
	for (uint32_t top = 0; top <= 256; top++) {
		while (i < m->n_list && u32_at(m->list_keys + 4 * i) >> 24 < top)
			i++;
		m->list_index[top] = (uint32_t)i;
	}
	for (i = 1; i < m->n_list; i++)
		if (u32_at(m->list_keys + 4 * i) <= u32_at(m->list_keys + 4 * i - 4))
			return false;
	return true;
}

static bool read_layer(struct layer *l, struct reader *r, size_t n, size_t width, size_t taps)
{
	const uint8_t *head = take(r, LAYER_HEADER + n * 6);
	const uint8_t *weights = take(r, n * width * taps);
	if (r->bad)
		return false;
	uint32_t dilation = u32_at(head), shift = u32_at(head + 4), next = u32_at(head + 8);
	if (shift > SHIFT_MAX || next > INT16_MAX || u32_at(head + 12) != 0 || dilation > MODEL_REACH ||
	    (taps == 3) != (dilation > 0))
		return false;
	*l = (struct layer){.weights = (const int8_t *)weights,
			    .n = n,
			    .width = width,
			    .taps = taps,
			    .dilation = dilation,
			    .shift = shift};
	l->next = (int16_t)next;
	const uint8_t *bias = head + LAYER_HEADER, *multiplier = bias + 4 * n;
	for (size_t i = 0; i < n; i++) {
		l->bias[i] = (int32_t)u32_at(bias + 4 * i);
		l->multiplier[i] = (int16_t)(multiplier[2 * i] | multiplier[2 * i + 1] << 8);
		if (l->bias[i] > BIAS_MAX || l->bias[i] < -BIAS_MAX || l->multiplier[i] < 0)
			return false;
	}
	return true;
}

static bool read_layers(struct model *m, struct reader *r)
{
	size_t labels = (model_labels(m) + PANEL - 1) / PANEL * PANEL;
	if (!read_layer(&m->mixing, r, m->channels, FEATURE_INPUTS, 1))
		return false;
	m->reach = 0;
	for (size_t i = 0; i < m->n_convs; i++) {
		if (!read_layer(&m->conv[i], r, m->channels, m->channels, 3))
			return false;
		m->reach += m->conv[i].dilation;
	}
	return m->reach <= MODEL_REACH && read_layer(&m->head, r, labels, m->channels, 1);
}

static enum err read_sections(struct model *m, struct reader *r)
{
	enum err err = read_types(m, r);
	if (err != ERR_OK)
		return err;
	m->word = (const int8_t *)take(r, (size_t)FEATURE_DIM << m->bits.word);
	m->affix = (const int8_t *)take(r, (size_t)FEATURE_DIM << m->bits.affix);
	m->gram = (const int8_t *)take(r, (size_t)FEATURE_DIM << m->bits.gram);
	m->shape = (const int8_t *)take(r, (size_t)FEATURE_SHAPE_DIM << m->bits.shape);
	if (r->bad || !read_lists(m, r) || !read_layers(m, r))
		return ERR_CORRUPT;
	return r->pos == r->file.n ? ERR_OK : ERR_CORRUPT;
}

enum err model_load(struct model *m, struct span file)
{
	struct reader r = {file, HEADER, false};
	*m = (struct model){0};
	if (file.n < HEADER || memcmp(file.p, "BWTAGGER", 8) != 0)
		return ERR_CORRUPT;
	if (field(file, 8) != MODEL_VERSION)
		return ERR_CONFIG;
	if (field(file, 12) != file.n)
		return ERR_CORRUPT;
	sha256_of(span_sub(file, SIGNED_FROM, file.n), m->digest);
	if (memcmp(m->digest, file.p + 16, sizeof m->digest) != 0 || !read_shape(m, file))
		return ERR_CORRUPT;
	return read_sections(m, &r);
}

uint16_t model_lookup(const struct model *m, uint32_t key)
{
	size_t from = m->list_index[key >> 24], to = m->list_index[(key >> 24) + 1];
	while (from < to) {
		size_t mid = from + (to - from) / 2;
		uint32_t k = u32_at(m->list_keys + 4 * mid);
		if (k == key)
			return (uint16_t)(m->list_flags[2 * mid] | m->list_flags[2 * mid + 1] << 8);
		if (k < key)
			from = mid + 1;
		else
			to = mid;
	}
	return 0;
}
