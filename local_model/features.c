#include "local_model/features.h"

enum seed { SEED_WORD = 1, SEED_PREFIX, SEED_SUFFIX3, SEED_SUFFIX4, SEED_GRAM, SEED_SHAPE };

/* A token's code points as they are hashed: lower case, digits as zero, room for a neighbour on each side. */
struct letters {
	uint32_t room[TOKEN_MAX + 2];
	uint32_t *word; /* room + 1 */
	size_t n;
	uint32_t shape[TOKEN_MAX];
	size_t n_shape;
};

static uint32_t hash_start(enum seed seed)
{
	return 0x811c9dc5U ^ (uint32_t)seed * 0x9e3779b1U;
}

static uint32_t hash_step(uint32_t h, uint32_t cp)
{
	return (h ^ cp) * 0x01000193U;
}

static uint32_t hash_end(uint32_t h)
{
	h ^= h >> 15;
	h *= 0x2c1b3c6dU;
	h ^= h >> 12;
	h *= 0x297a2d39U;
	return h ^ h >> 15;
}

static uint32_t hash_of(const uint32_t *cps, size_t n, enum seed seed)
{
	uint32_t h = hash_start(seed);
	for (size_t i = 0; i < n; i++)
		h = hash_step(h, cps[i]);
	return hash_end(h);
}

static void two_rows(uint32_t h, unsigned bits, uint32_t rows[2])
{
	uint32_t mask = (1U << bits) - 1;
	rows[0] = h & mask;
	rows[1] = h >> 16 & mask;
}

static uint32_t shape_class(enum kind k, uint32_t cp, bool upper)
{
	if (k == KIND_DIGIT)
		return '0';
	if (upper)
		return 'X';
	if (k >= KIND_LATIN && k <= KIND_ARMENIAN)
		return 'x';
	if (kind_letter(k))
		return 256 + (uint32_t)k - KIND_LATIN;
	if (kind_single(k))
		return 512 + (uint32_t)k - KIND_THAI;
	return k == KIND_MARK ? 'm' : cp;
}

static void add_shape(struct letters *l, uint32_t class)
{
	size_t n = l->n_shape, run = 0;
	while (run < 4 && run < n && l->shape[n - 1 - run] == class)
		run++;
	if (run < 4)
		l->shape[l->n_shape++] = class;
}

enum { VALUE_MAX = 10000 };

/* What read_letters counts for the looks. */
struct counts {
	size_t upper, lower, digits, n;
	uint32_t value; /* of the digits, at most VALUE_MAX */
	bool first;     /* a capital in front */
};

static void count(struct counts *c, enum kind k, uint32_t cp, bool upper, bool at_start)
{
	c->n++;
	c->upper += upper;
	c->first = c->first || (upper && at_start);
	c->lower += !upper && kind_letter(k);
	if (k != KIND_DIGIT)
		return;
	c->digits++;
	c->value = c->value * 10 + (cp >= '0' && cp <= '9' ? cp - '0' : VALUE_MAX);
	c->value = c->value < VALUE_MAX ? c->value : VALUE_MAX;
}

static uint16_t capitals(const struct counts *c)
{
	if (c->upper >= 2 && c->lower == 0)
		return LOOK_UPPER;
	if (c->upper == 1 && c->first)
		return LOOK_TITLE;
	return c->upper > 0 ? LOOK_MIXED : 0;
}

static uint16_t number(const struct counts *c)
{
	if (c->digits == 0)
		return 0;
	if (c->digits < c->n)
		return LOOK_DIGIT;
	if (c->value <= 12)
		return LOOK_DIGIT | LOOK_MONTH;
	if (c->value <= 31)
		return LOOK_DIGIT | LOOK_DAY;
	if (c->value <= 110)
		return LOOK_DIGIT | LOOK_AGE;
	return c->value >= 1900 && c->value <= 2035 ? LOOK_DIGIT | LOOK_YEAR : LOOK_DIGIT;
}

static uint16_t length(const struct counts *c)
{
	if (c->n == 1)
		return LOOK_ONE;
	if (c->n <= 3)
		return LOOK_SHORT;
	return c->n >= 12 ? LOOK_LONGER : c->n >= 8 ? LOOK_LONG : 0;
}

/* Reads the token; *key gets the hash of its word with the digits as they are. */
static void read_letters(const struct alphabet *a, struct span text, const struct token *t, struct letters *l,
			 uint16_t *looks, uint32_t *key)
{
	struct counts c = {0};
	uint32_t h = hash_start(SEED_WORD);
	struct span s = span_sub(text, t->start, t->end);
	l->word = l->room + 1;
	l->n = l->n_shape = 0;
	for (size_t pos = 0; pos < s.n && l->n < TOKEN_MAX;) {
		bool at_start = pos == 0;
		uint32_t cp = tokenizer_read(s, &pos);
		enum kind k = alphabet_kind(a, cp);
		if (k == KIND_SKIP)
			continue;
		uint32_t low = alphabet_lower(a, cp);
		count(&c, k, cp, low != cp, at_start);
		h = hash_step(h, low);
		l->word[l->n++] = k == KIND_DIGIT ? '0' : low;
		add_shape(l, shape_class(k, cp, low != cp));
	}
	*looks = capitals(&c) | number(&c) | length(&c);
	*key = hash_end(h);
}

static void affixes(const struct feature_bits *bits, struct letters *l, bool single, uint32_t before, uint32_t after,
		    struct feature *out)
{
	size_t three = l->n < 3 ? l->n : 3, four = l->n < 4 ? l->n : 4;
	uint32_t prefix, suffix3, suffix4;
	if (single) {
		l->room[0] = before;
		l->word[l->n] = after;
		prefix = hash_of(l->room, l->n + 1, SEED_PREFIX);
		suffix3 = hash_of(l->word, l->n + 1, SEED_SUFFIX3);
		suffix4 = hash_of(l->room, l->n + 2, SEED_SUFFIX4);
	} else {
		prefix = hash_of(l->word, three, SEED_PREFIX);
		suffix3 = hash_of(l->word + l->n - three, three, SEED_SUFFIX3);
		suffix4 = hash_of(l->word + l->n - four, four, SEED_SUFFIX4);
	}
	two_rows(prefix, bits->affix, out->prefix);
	two_rows(suffix3, bits->affix, out->suffix3);
	two_rows(suffix4, bits->affix, out->suffix4);
}

/* 3- and 4-grams of <word>, from left to right. */
static void grams(const struct feature_bits *bits, struct letters *l, struct feature *out)
{
	uint32_t mask = (1U << bits->gram) - 1;
	const uint32_t *p = l->room;
	size_t n = l->n + 2, count = 0;
	l->room[0] = '<';
	l->word[l->n] = '>';
	for (size_t i = 0; i + 3 <= n && count < FEATURE_GRAMS; i++) {
		uint32_t h = hash_step(hash_step(hash_step(hash_start(SEED_GRAM), p[i]), p[i + 1]), p[i + 2]);
		out->gram[count++] = hash_end(h) & mask;
		if (i + 4 <= n && count < FEATURE_GRAMS)
			out->gram[count++] = hash_end(hash_step(h, p[i + 3])) & mask;
	}
	out->n_grams = (uint8_t)count;
}

void feature_of(const struct alphabet *a, const struct feature_bits *bits, struct span text, const struct token *t,
		uint32_t before, uint32_t after, struct feature *out)
{
	struct letters l;
	read_letters(a, text, t, &l, &out->looks, &out->key);
	two_rows(hash_of(l.word, l.n, SEED_WORD), bits->word, out->word);
	affixes(bits, &l, kind_single((enum kind)t->kind), before, after, out);
	grams(bits, &l, out);
	out->shape = hash_of(l.shape, l.n_shape, SEED_SHAPE) & ((1U << bits->shape) - 1);
	out->gap = t->gap;
	out->flags = 0;
}

void feature_at(const struct alphabet *a, const struct feature_bits *bits, struct span text, const struct token *tokens,
		size_t n, size_t at, struct feature *out)
{
	const struct token *t = tokens + at;
	uint32_t before = 0, after = 0;
	if (kind_single((enum kind)t->kind)) {
		if (at > 0 && t->gap == GAP_NONE && kind_single((enum kind)t[-1].kind))
			before = t[-1].first;
		if (at + 1 < n && t[1].gap == GAP_NONE && kind_single((enum kind)t[1].kind))
			after = t[1].first;
	}
	feature_of(a, bits, text, t, before, after, out);
}
