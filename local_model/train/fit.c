/* The float net and its training on one core: the twin of net.c, with batch norm and dropout. A shared library that
 * net.py loads (gcc -O3 -march=native -ffast-math -shared -fPIC); it is no part of the build.
 *
 * A batch is a stretch of rows, pieces of text one behind the other with empty rows between, so that a convolution is
 * three products of shifted rows. All parameters lie in one vector, in the order of struct shape_at. */
#include <math.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum {
	DIM = 32,
	SHAPE_DIM = 16,
	GRAMS = 20,
	ROW_IDS = 9, /* word, prefix, two suffixes (two rows each), shape */
	PARTS = 5 * DIM + SHAPE_DIM,
	GAPS = 4,
	GAP_ROWS = 16, /* between pieces, and before the first and behind the last */
	PANEL = 32,
	LAYERS = 9, /* mixing and convolutions, at most */
	TILE = 12,
	BLOCK = 48 /* rows of a gradient's product held in the first cache */
};

typedef float vec __attribute__((vector_size(64), aligned(4)));

struct fit_shape {
	int32_t word, affix, gram, shape; /* rows of the tables */
	int32_t bits;                     /* flags and case bits of a token, without the gap */
	int32_t flags;                    /* how many of them are word-list flags */
	int32_t channels, convs, labels, dilation[8];
};

/* Places in the parameter vector. */
struct shape_at {
	size_t word, affix, gram, shape, weight[LAYERS], gamma[LAYERS], beta[LAYERS], head, bias, size;
};

struct fit {
	struct fit_shape s;
	struct shape_at at;
	size_t width, outs; /* of the inputs and the logits, multiples of PANEL */
	float *theta, *grad, *m, *v, *stats;
	/* Distinct tokens. */
	const int32_t *rows, *grams;
	const uint8_t *n_grams;
	const uint32_t *bits;
	/* The corpus, piece by piece. */
	const int32_t *ids;
	const uint8_t *gaps;
	const int16_t *marks;
	const float *weights;
	const int64_t *start;
	const int32_t *length;
	const uint8_t *allowed; /* [marks][labels] */
	/* A batch's rows. */
	size_t cap, n;
	int64_t *token; /* place in the corpus, or -1 */
	float *x, *dx, *h[LAYERS + 1], *z[LAYERS], *dh, *dz, *logits, *packed, *flipped;
	float *keep[LAYERS]; /* 0, or the scale of what dropout kept */
	uint8_t *group;
	uint8_t *touched; /* rows of the word, affix and gram tables that the batch used */
	float mean[LAYERS][256], inv[LAYERS][256];
	double loss, weight;
};

static size_t up(size_t n, size_t to)
{
	return (n + to - 1) / to * to;
}

static void *room(size_t n)
{
	void *p = aligned_alloc(64, up(n, 64));
	if (p == NULL)
		abort();
	memset(p, 0, up(n, 64));
	return p;
}

/* Rows with empty rows on both sides. */
static float *rows_of(size_t cap, size_t width)
{
	return (float *)room((cap + 2 * GAP_ROWS) * width * sizeof(float)) + GAP_ROWS * width;
}

static size_t width_of(const struct fit *f, int layer)
{
	return layer == 0 ? f->width : (size_t)f->s.channels;
}

static int taps_of(int layer)
{
	return layer == 0 ? 1 : 3;
}

static void lay_parameters(struct fit *f)
{
	size_t c = (size_t)f->s.channels, p = 0;
	f->at.word = p;
	f->at.affix = p += (size_t)f->s.word * DIM;
	f->at.gram = p += (size_t)f->s.affix * DIM;
	f->at.shape = p += (size_t)f->s.gram * DIM;
	p += (size_t)f->s.shape * SHAPE_DIM;
	for (int l = 0; l <= f->s.convs; l++) {
		f->at.weight[l] = p;
		f->at.gamma[l] = p += (size_t)taps_of(l) * width_of(f, l) * c;
		f->at.beta[l] = p += c;
		p += c;
	}
	f->at.head = p;
	f->at.bias = p += c * f->outs;
	f->at.size = p + f->outs;
}

struct fit *fit_new(const struct fit_shape *s, int64_t cap)
{
	struct fit *f = calloc(1, sizeof *f);
	if (f == NULL)
		abort();
	size_t c = (size_t)s->channels;
	f->s = *s;
	f->cap = (size_t)cap;
	f->width = up(PARTS + (size_t)s->bits + GAPS, PANEL);
	f->outs = up((size_t)s->labels, PANEL);
	lay_parameters(f);
	f->theta = room(f->at.size * 4);
	f->grad = room(f->at.size * 4);
	f->m = room(f->at.size * 4);
	f->v = room(f->at.size * 4);
	f->stats = room((size_t)(s->convs + 1) * 2 * c * 4);
	f->token = room(f->cap * 8);
	f->x = rows_of(f->cap, f->width);
	f->dx = rows_of(f->cap, f->width);
	for (int l = 0; l <= s->convs; l++) {
		f->h[l] = rows_of(f->cap, c);
		f->z[l] = rows_of(f->cap, c);
		f->keep[l] = room(f->cap * c * sizeof(float));
	}
	f->group = room(f->cap);
	f->touched = room(f->at.shape / DIM);
	f->dh = rows_of(f->cap, c);
	f->dz = rows_of(f->cap, c);
	f->logits = rows_of(f->cap, f->outs);
	size_t most = up(f->width, PANEL) * 256 * 3;
	f->packed = room(most * 4);
	f->flipped = room(most * 4);
	return f;
}

float *fit_theta(struct fit *f)
{
	return f->theta;
}

float *fit_moments(struct fit *f, int which)
{
	return which == 0 ? f->m : f->v;
}

float *fit_stats(struct fit *f)
{
	return f->stats;
}

float *fit_logits(struct fit *f)
{
	return f->logits;
}

float *fit_hidden(struct fit *f, int layer)
{
	return f->h[layer];
}

float *fit_normed(struct fit *f, int layer)
{
	return f->z[layer];
}

int64_t fit_places(const struct fit *f, int64_t *out)
{
	const struct shape_at *a = &f->at;
	size_t n = 0;
	out[n++] = (int64_t)a->word, out[n++] = (int64_t)a->affix, out[n++] = (int64_t)a->gram,
	out[n++] = (int64_t)a->shape;
	for (int l = 0; l <= f->s.convs; l++)
		out[n++] = (int64_t)a->weight[l], out[n++] = (int64_t)a->gamma[l], out[n++] = (int64_t)a->beta[l];
	out[n++] = (int64_t)a->head, out[n++] = (int64_t)a->bias;
	return (int64_t)a->size;
}

void fit_tokens(struct fit *f, const int32_t *rows, const int32_t *grams, const uint8_t *n_grams, const uint32_t *bits)
{
	f->rows = rows, f->grams = grams, f->n_grams = n_grams, f->bits = bits;
}

void fit_corpus(struct fit *f, const int32_t *ids, const uint8_t *gaps, const int16_t *marks, const float *weights,
		const int64_t *start, const int32_t *length, const uint8_t *allowed)
{
	f->ids = ids, f->gaps = gaps, f->marks = marks, f->weights = weights;
	f->start = start, f->length = length, f->allowed = allowed;
}

/* Weights [taps][k][m] by panel: [m / PANEL][taps * k][PANEL]. */
static void pack(const float *w, size_t taps, size_t k, size_t m, float *out)
{
	for (size_t p = 0; p < m; p += PANEL)
		for (size_t i = 0; i < taps * k; i++, out += PANEL)
			memcpy(out, w + i * m + p, PANEL * sizeof *out);
}

/* Each tap transposed, the taps in reverse: what carries a gradient back. */
static void flip(const float *w, size_t taps, size_t k, size_t m, float *out)
{
	for (size_t t = 0; t < taps; t++)
		for (size_t i = 0; i < k; i++)
			for (size_t j = 0; j < m; j++)
				out[((taps - 1 - t) * m + j) * k + i] = w[(t * k + i) * m + j];
}

#define EACH(X) X(0) X(1) X(2) X(3) X(4) X(5) X(6) X(7) X(8) X(9) X(10) X(11)
#define LOAD(r) vec a##r = *(const vec *)(y + (r)*m), b##r = *(const vec *)(y + (r)*m + 16);
#define ZERO(r) vec a##r = {0}, b##r = {0};
#define MULTIPLY(r)                                                                                                    \
	a##r += x[(r)*k] * u;                                                                                          \
	b##r += x[(r)*k] * v;
#define STORE(r)                                                                                                       \
	*(vec *)(y + (r)*m) = a##r;                                                                                    \
	*(vec *)(y + (r)*m + 16) = b##r;

/* Twelve rows of a panel: y (+)= sum over taps of the shifted rows of in times w. */
static void tile(const float *in, const float *w, size_t taps, size_t k, size_t m, ptrdiff_t dilation, float *y,
		 int add)
{
#define PRODUCTS                                                                                                       \
	for (size_t t = 0; t < taps; t++) {                                                                            \
		const float *x = in + (taps == 1 ? 0 : ((ptrdiff_t)t - 1) * dilation) * (ptrdiff_t)k, *end = x + k;    \
		for (; x < end; x++, w += PANEL) {                                                                     \
			vec u = *(const vec *)w, v = *(const vec *)(w + 16);                                           \
			EACH(MULTIPLY)                                                                                 \
		}                                                                                                      \
	}
	if (add) {
		EACH(LOAD)
		PRODUCTS
		EACH(STORE)
	} else {
		EACH(ZERO)
		PRODUCTS
		EACH(STORE)
	}
}

/* n rows, a multiple of TILE. */
static void product(const float *in, const float *packed, size_t taps, size_t k, size_t m, ptrdiff_t dilation, size_t n,
		    float *out, int add)
{
	for (size_t i = 0; i < n; i += TILE)
		for (size_t p = 0; p < m; p += PANEL)
			tile(in + i * k, packed + p * taps * k, taps, k, m, dilation, out + i * m + p, add);
}

#define EIGHT(X) X(0) X(1) X(2) X(3) X(4) X(5) X(6) X(7)
#define MULTIPLY_ROW(r)                                                                                                \
	a##r += x[r] * u;                                                                                              \
	b##r += x[r] * v;

static void gradient_tile(const float *x, size_t k, const float *d, size_t m, size_t rows, float *y)
{
	EIGHT(LOAD)
	for (size_t i = 0; i < rows; i++, x += k, d += m) {
		vec u = *(const vec *)d, v = *(const vec *)(d + 16);
		EIGHT(MULTIPLY_ROW)
	}
	EIGHT(STORE)
}

/* g[taps][k][m] += transposed shifted rows of in times d. */
static void gradient(const float *in, const float *d, size_t taps, size_t k, size_t m, ptrdiff_t dilation, size_t n,
		     float *g)
{
	for (size_t t = 0; t < taps; t++) {
		const float *x = in + (taps == 1 ? 0 : ((ptrdiff_t)t - 1) * dilation) * (ptrdiff_t)k;
		for (size_t i = 0; i < n; i += BLOCK) {
			size_t rows = n - i < BLOCK ? n - i : BLOCK;
			for (size_t r = 0; r < k; r += 8)
				for (size_t p = 0; p < m; p += PANEL)
					gradient_tile(x + i * k + r, k, d + i * m + p, m, rows,
						      g + (t * k + r) * m + p);
		}
	}
}

static uint32_t mixed(uint32_t h)
{
	h ^= h >> 16;
	h *= 0x7feb352dU;
	h ^= h >> 15;
	h *= 0x846ca68bU;
	return h ^ h >> 16;
}

static void lay_out(struct fit *f, const int32_t *pieces, int64_t count)
{
	size_t n = 0;
	for (int64_t i = 0; i < count; i++) {
		size_t len = (size_t)f->length[pieces[i]];
		if (n + len + GAP_ROWS + TILE > f->cap)
			abort();
		for (size_t j = 0; j < len; j++)
			f->token[n++] = f->start[pieces[i]] + (int64_t)j;
		for (size_t j = 0; j < GAP_ROWS; j++)
			f->token[n++] = -1;
	}
	while (n % TILE != 0)
		f->token[n++] = -1;
	f->n = n;
}

static void add_row(float *restrict out, const float *restrict row, size_t n)
{
	for (size_t i = 0; i < n; i++)
		out[i] += row[i];
}

static void clamp(float *x, size_t n)
{
	for (size_t i = 0; i < n; i++)
		x[i] = x[i] < -2.0F ? -2.0F : x[i] > 63.0F / 32 ? 63.0F / 32 : x[i];
}

/* Parts of a token's input that are left out in training, by chance: 1 word, 2 affixes, 4 n-grams, 8 list flags. */
static uint8_t groups_left_out(uint32_t seed, size_t i)
{
	uint32_t h = mixed(seed ^ (uint32_t)i * 0x9e3779b9U);
	return (uint8_t)(((h & 255) < 122) | ((h >> 8 & 255) < 51) << 1 | ((h >> 16 & 255) < 51) << 2 |
			 ((h >> 24) < 64) << 3);
}

static void embed(struct fit *f, size_t i)
{
	float *x = f->x + i * f->width;
	memset(x, 0, f->width * sizeof *x);
	if (f->token[i] < 0)
		return;
	int32_t id = f->ids[f->token[i]];
	const int32_t *row = f->rows + (size_t)id * ROW_IDS, *gram = f->grams + (size_t)id * GRAMS;
	const float *tables[4] = {f->theta + f->at.word, f->theta + f->at.affix, f->theta + f->at.affix,
				  f->theta + f->at.affix};
	uint8_t out = f->group[i];
	for (size_t part = 0; part < 4; part++) {
		if (out & (part == 0 ? 1 : 2))
			continue;
		add_row(x + part * DIM, tables[part] + (size_t)row[2 * part] * DIM, DIM);
		add_row(x + part * DIM, tables[part] + (size_t)row[2 * part + 1] * DIM, DIM);
	}
	if (!(out & 4) && f->n_grams[id] > 0) {
		for (size_t g = 0; g < f->n_grams[id]; g++)
			add_row(x + 4 * DIM, f->theta + f->at.gram + (size_t)gram[g] * DIM, DIM);
		float scale = 1 / sqrtf(f->n_grams[id]);
		for (size_t j = 0; j < DIM; j++)
			x[4 * DIM + j] *= scale;
	}
	add_row(x + 5 * DIM, f->theta + f->at.shape + (size_t)row[8] * SHAPE_DIM, SHAPE_DIM);
	clamp(x, PARTS);
	uint32_t bits = f->bits[id];
	if (out & 8)
		bits &= ~((1U << f->s.flags) - 1);
	for (int b = 0; b < f->s.bits; b++)
		x[PARTS + b] = (float)(bits >> b & 1);
	x[PARTS + f->s.bits + f->gaps[f->token[i]]] = 1;
}

static void row_back(struct fit *f, size_t at, const float *d, float scale)
{
	float *g = f->grad + at;
	for (size_t i = 0; i < DIM; i++)
		g[i] += scale * d[i];
	f->touched[at / DIM] = 1;
}

static void embed_back(struct fit *f, size_t i)
{
	if (f->token[i] < 0)
		return;
	const float *x = f->x + i * f->width;
	float *d = f->dx + i * f->width;
	int32_t id = f->ids[f->token[i]];
	const int32_t *row = f->rows + (size_t)id * ROW_IDS, *gram = f->grams + (size_t)id * GRAMS;
	size_t tables[4] = {f->at.word, f->at.affix, f->at.affix, f->at.affix};
	for (size_t j = 0; j < PARTS; j++)
		d[j] = x[j] <= -2.0F || x[j] >= 63.0F / 32 ? 0 : d[j];
	for (size_t part = 0; part < 4; part++) {
		if (f->group[i] & (part == 0 ? 1 : 2))
			continue;
		row_back(f, tables[part] + (size_t)row[2 * part] * DIM, d + part * DIM, 1);
		row_back(f, tables[part] + (size_t)row[2 * part + 1] * DIM, d + part * DIM, 1);
	}
	if (!(f->group[i] & 4) && f->n_grams[id] > 0) {
		float scale = 1 / sqrtf(f->n_grams[id]);
		for (size_t g = 0; g < f->n_grams[id]; g++)
			row_back(f, f->at.gram + (size_t)gram[g] * DIM, d + 4 * DIM, scale);
	}
	add_row(f->grad + f->at.shape + (size_t)row[8] * SHAPE_DIM, d + 5 * DIM, SHAPE_DIM);
}

/* Mean and variance of the channels over the batch's rows that hold a token. */
static void measure(struct fit *f, int layer)
{
	size_t c = (size_t)f->s.channels, count = 0;
	double sum[256] = {0}, square[256] = {0};
	for (size_t i = 0; i < f->n; i++) {
		if (f->token[i] < 0)
			continue;
		const float *z = f->z[layer] + i * c;
		count++;
		for (size_t j = 0; j < c; j++) {
			sum[j] += z[j];
			square[j] += (double)z[j] * z[j];
		}
	}
	float *stats = f->stats + (size_t)layer * 2 * c;
	for (size_t j = 0; j < c; j++) {
		double mean = sum[j] / (double)count, var = square[j] / (double)count - mean * mean;
		f->mean[layer][j] = (float)mean;
		f->inv[layer][j] = (float)(1 / sqrt(var + 1e-5));
		stats[j] += 0.01F * ((float)mean - stats[j]);
		stats[c + j] += 0.01F * ((float)var - stats[c + j]);
	}
}

static void recall(struct fit *f, int layer)
{
	size_t c = (size_t)f->s.channels;
	const float *stats = f->stats + (size_t)layer * 2 * c;
	for (size_t j = 0; j < c; j++) {
		f->mean[layer][j] = stats[j];
		f->inv[layer][j] = 1 / sqrtf(stats[c + j] + 1e-5F);
	}
}

/* 0 or the scale, by chance. */
static void chances(float *restrict keep, uint32_t n, uint32_t from, uint32_t seed, float drop)
{
	int32_t bound = (int32_t)(drop * 65536);
	float scale = 1 / (1 - drop);
	for (uint32_t j = 0; j < n; j++) {
		uint32_t r = ((from + j) ^ seed) * 0x9e3779b1U;
		r ^= r >> 15;
		r *= 0x85ebca77U;
		r ^= r >> 13;
		keep[j] = scale * (float)((int32_t)(r & 65535) >= bound);
	}
}

/* A row normed in place; what passes the threshold and the dropout. */
static void activate_row(float *restrict z, float *restrict h, float *restrict keep, const float *restrict gamma,
			 const float *restrict beta, const float *restrict mean, const float *restrict inv, size_t c)
{
	for (size_t j = 0; j < c; j++) {
		z[j] = (z[j] - mean[j]) * inv[j];
		float y = z[j] * gamma[j] + beta[j];
		keep[j] *= (float)(y > 0);
		h[j] = y * keep[j];
	}
}

static void activate(struct fit *f, int layer, uint32_t seed, float drop)
{
	size_t c = (size_t)f->s.channels;
	for (size_t i = 0; i < f->n; i++) {
		float *h = f->h[layer] + i * c;
		if (f->token[i] < 0) {
			memset(h, 0, c * sizeof *h);
			memset(f->z[layer] + i * c, 0, c * sizeof *h);
			memset(f->keep[layer] + i * c, 0, c * sizeof *h);
			continue;
		}
		chances(f->keep[layer] + i * c, (uint32_t)c, (uint32_t)(i * c), seed, drop);
		activate_row(f->z[layer] + i * c, h, f->keep[layer] + i * c, f->theta + f->at.gamma[layer],
			     f->theta + f->at.beta[layer], f->mean[layer], f->inv[layer], c);
		if (layer > 0)
			add_row(h, f->h[layer - 1] + i * c, c);
	}
}

static void forward(struct fit *f, int training, uint32_t seed, float drop)
{
	size_t c = (size_t)f->s.channels;
	for (size_t i = 0; i < f->n; i++) {
		f->group[i] = drop > 0 ? groups_left_out(seed, i) : 0;
		embed(f, i);
	}
	for (int l = 0; l <= f->s.convs; l++) {
		size_t k = width_of(f, l), taps = (size_t)taps_of(l);
		float *in = l == 0 ? f->x : f->h[l - 1];
		pack(f->theta + f->at.weight[l], taps, k, c, f->packed);
		product(in, f->packed, taps, k, c, l > 0 ? f->s.dilation[l - 1] : 0, f->n, f->z[l], 0);
		if (training)
			measure(f, l);
		else
			recall(f, l);
		activate(f, l, mixed(seed + (uint32_t)l), drop);
		memset(f->h[l] + f->n * c, 0, GAP_ROWS * c * sizeof(float));
	}
	for (size_t i = 0; i < f->n; i++)
		memcpy(f->logits + i * f->outs, f->theta + f->at.bias, f->outs * sizeof(float));
	pack(f->theta + f->at.head, 1, c, f->outs, f->packed);
	product(f->h[f->s.convs], f->packed, 1, c, f->outs, 0, f->n, f->logits, 1);
}

/* Minus the log of the allowed labels' probability; the logits become its gradient. */
static void lose(struct fit *f)
{
	size_t labels = (size_t)f->s.labels;
	f->loss = f->weight = 0;
	for (size_t i = 0; i < f->n; i++)
		f->weight += f->token[i] < 0 ? 0 : (double)f->weights[f->token[i]];
	for (size_t i = 0; i < f->n; i++) {
		float *l = f->logits + i * f->outs, e[256], all = 0, good = 0, top = l[0];
		if (f->token[i] < 0) {
			memset(l, 0, f->outs * sizeof *l);
			continue;
		}
		const uint8_t *ok = f->allowed + (size_t)f->marks[f->token[i]] * labels;
		float w = f->weights[f->token[i]], share = w / (float)f->weight;
		for (size_t j = 0; j < labels; j++)
			top = l[j] > top ? l[j] : top;
		for (size_t j = 0; j < labels; j++)
			e[j] = expf(l[j] - top);
		for (size_t j = 0; j < labels; j++) {
			all += e[j];
			good += ok[j] ? e[j] : 0;
		}
		good = good < 1e-30F ? 1e-30F : good;
		f->loss -= (double)(w * logf(good / all));
		for (size_t j = 0; j < labels; j++)
			l[j] = share * (e[j] / all - (ok[j] ? e[j] / good : 0));
		for (size_t j = labels; j < f->outs; j++)
			l[j] = 0;
	}
	f->loss /= f->weight;
}

/* From the gradient of the layer's contribution to the stream (dh) to that of its product (dz). */
static void activate_back(struct fit *f, int layer)
{
	size_t c = (size_t)f->s.channels, count = 0;
	float sum[256] = {0}, dot[256] = {0};
	const float *restrict gamma = f->theta + f->at.gamma[layer], *restrict inv = f->inv[layer];
	for (size_t i = 0; i < f->n; i++) {
		const float *restrict z = f->z[layer] + i * c, *restrict dh = f->dh + i * c,
				      *restrict keep = f->keep[layer] + i * c;
		float *restrict dz = f->dz + i * c;
		count += f->token[i] >= 0;
		for (size_t j = 0; j < c; j++) {
			dz[j] = keep[j] * dh[j];
			sum[j] += dz[j];
			dot[j] += dz[j] * z[j];
		}
	}
	add_row(f->grad + f->at.beta[layer], sum, c);
	add_row(f->grad + f->at.gamma[layer], dot, c);
	for (size_t j = 0; j < c; j++) {
		sum[j] /= (float)count;
		dot[j] /= (float)count;
	}
	for (size_t i = 0; i < f->n; i++) {
		const float *restrict z = f->z[layer] + i * c;
		float *restrict dz = f->dz + i * c, used = f->token[i] < 0 ? 0 : 1;
		for (size_t j = 0; j < c; j++)
			dz[j] = used * (dz[j] - sum[j] - z[j] * dot[j]) * gamma[j] * inv[j];
	}
	memset(f->dz + f->n * c, 0, GAP_ROWS * c * sizeof(float));
}

static void backward(struct fit *f)
{
	size_t c = (size_t)f->s.channels;
	for (size_t i = 0; i < f->n; i++)
		add_row(f->grad + f->at.bias, f->logits + i * f->outs, f->outs);
	gradient(f->h[f->s.convs], f->logits, 1, c, f->outs, 0, f->n, f->grad + f->at.head);
	flip(f->theta + f->at.head, 1, c, f->outs, f->flipped);
	pack(f->flipped, 1, f->outs, c, f->packed);
	product(f->logits, f->packed, 1, f->outs, c, 0, f->n, f->dh, 0);
	for (int l = f->s.convs; l >= 0; l--) {
		size_t k = width_of(f, l), taps = (size_t)taps_of(l);
		ptrdiff_t dilation = l > 0 ? f->s.dilation[l - 1] : 0;
		activate_back(f, l);
		gradient(l == 0 ? f->x : f->h[l - 1], f->dz, taps, k, c, dilation, f->n, f->grad + f->at.weight[l]);
		flip(f->theta + f->at.weight[l], taps, k, c, f->flipped);
		pack(f->flipped, taps, c, k, f->packed);
		product(f->dz, f->packed, taps, c, k, dilation, f->n, l == 0 ? f->dx : f->dh, l > 0);
	}
	for (size_t i = 0; i < f->n; i++)
		embed_back(f, i);
}

struct rates {
	float rate, decay, clip, fix1, fix2;
};

/* AdamW on n parameters from at on. */
static void update_some(struct fit *f, size_t at, size_t n, const struct rates *r)
{
	const float b1 = 0.9F, b2 = 0.98F, lr = r->rate / r->fix1, root = 1 / r->fix2, shrink = r->rate * r->decay;
	float *t = f->theta + at, *grad = f->grad + at, *m = f->m + at, *v = f->v + at;
	for (size_t i = 0; i < n; i++) {
		float g = grad[i] * r->clip;
		m[i] = b1 * m[i] + (1 - b1) * g;
		v[i] = b2 * v[i] + (1 - b2) * g * g;
		t[i] -= lr * m[i] / (sqrtf(v[i] * root) + 1e-8F) + shrink * t[i];
		grad[i] = 0;
	}
}

static float squares(const float *g, size_t n)
{
	float sum = 0;
	for (size_t i = 0; i < n; i++)
		sum += g[i] * g[i];
	return sum;
}

/* Rows of the large tables that the batch did not use stay as they are. */
static void update(struct fit *f, float rate, float decay, int64_t step)
{
	struct rates r = {rate, decay, 1, 1 - powf(0.9F, (float)step), 1 - powf(0.98F, (float)step)};
	size_t rows = f->at.shape / DIM;
	float norm = squares(f->grad + f->at.shape, f->at.size - f->at.shape);
	for (size_t i = 0; i < rows; i++)
		if (f->touched[i])
			norm += squares(f->grad + i * DIM, DIM);
	r.clip = norm > 25 ? 5 / sqrtf(norm) : 1;
	update_some(f, f->at.shape, f->at.size - f->at.shape, &r);
	for (size_t i = 0; i < rows; i++)
		if (f->touched[i])
			update_some(f, i * DIM, DIM, &r);
	memset(f->touched, 0, rows);
}

/* One step on a batch of pieces, number step (from 1); returns the loss. */
double fit_step(struct fit *f, const int32_t *pieces, int64_t count, int64_t step, float rate, float decay, float drop,
		uint32_t seed)
{
	seed = mixed(seed ^ (uint32_t)step * 0x9e3779b9U);
	lay_out(f, pieces, count);
	forward(f, 1, seed, drop);
	lose(f);
	backward(f);
	update(f, rate, decay, step);
	return f->loss;
}

/* The net as it is used: running statistics, nothing left out. Rows of the batch; the logits are read by fit_logits. */
int64_t fit_run(struct fit *f, const int32_t *pieces, int64_t count)
{
	lay_out(f, pieces, count);
	forward(f, 0, 0, 0);
	return (int64_t)f->n;
}

/* The gradient of the loss on a batch, without dropout: for the check against differences. */
double fit_gradient(struct fit *f, const int32_t *pieces, int64_t count, float *out)
{
	lay_out(f, pieces, count);
	forward(f, 1, 0, 0);
	lose(f);
	memset(f->grad, 0, f->at.size * 4);
	backward(f);
	memcpy(out, f->grad, f->at.size * 4);
	memset(f->grad, 0, f->at.size * 4);
	return f->loss;
}
