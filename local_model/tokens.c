#include "local_model/tokens.h"

#include "base/utf8.h"

struct range {
	uint32_t from, to;
	enum kind kind;
};

static const struct range ranges[] = {
#define RANGE(from, to, kind) {from, to, KIND_##kind},
#define LOWER(from, to, step, delta)
#include "local_model/unicode.def"
#undef RANGE
#undef LOWER
};

struct lower {
	uint32_t from, to, step;
	int32_t delta;
};

static const struct lower lowers[] = {
#define RANGE(from, to, kind)
#define LOWER(from, to, step, delta) {from, to, step, delta},
#include "local_model/unicode.def"
#undef RANGE
#undef LOWER
};

enum { N_RANGES = sizeof ranges / sizeof *ranges, N_LOWERS = sizeof lowers / sizeof *lowers };

static enum kind search(uint32_t cp)
{
	for (size_t i = N_RANGES; i-- > 0;)
		if (cp >= ranges[i].from)
			return cp <= ranges[i].to ? ranges[i].kind : KIND_PUNCT;
	return KIND_PUNCT;
}

static uint32_t search_lower(uint32_t cp)
{
	for (size_t i = 0; i < N_LOWERS; i++)
		if (cp >= lowers[i].from && cp <= lowers[i].to && (cp - lowers[i].from) % lowers[i].step == 0)
			return (uint32_t)((int32_t)cp + lowers[i].delta);
	return cp;
}

void alphabet_init(struct alphabet *a)
{
	for (uint32_t cp = 0; cp < ALPHABET_DIRECT; cp++)
		a->kind[cp] = (uint8_t)search(cp);
	for (uint32_t cp = 0; cp < ALPHABET_LOWER; cp++)
		a->lower[cp] = (uint16_t)search_lower(cp);
}

enum kind alphabet_kind(const struct alphabet *a, uint32_t cp)
{
	return cp < ALPHABET_DIRECT ? (enum kind)a->kind[cp] : search(cp);
}

uint32_t alphabet_lower(const struct alphabet *a, uint32_t cp)
{
	return cp < ALPHABET_LOWER ? a->lower[cp] : search_lower(cp);
}

uint32_t tokenizer_read(struct span s, size_t *pos)
{
	uint32_t cp;
	if (s.p[*pos] < 0x80)
		return s.p[(*pos)++];
	size_t n = utf8_decode(span_sub(s, *pos, s.n), &cp);
	*pos += n == 0 ? 1 : n;
	return n == 0 ? 0xfffd : cp;
}

void tokenizer_init(struct tokenizer *t, const struct alphabet *a, struct span text)
{
	*t = (struct tokenizer){a, text, 0, GAP_START};
}

/* May a code point go on with a run that began with first, of a script that may still be open (DIGIT)? */
static bool goes_on(enum kind *script, uint32_t first, uint32_t cp, enum kind k)
{
	bool word = kind_letter(*script) || *script == KIND_DIGIT;
	if (k == KIND_MARK || k == KIND_SKIP)
		return word || kind_single(*script) || cp == first;
	if (kind_single(*script))
		return false;
	if (!word)
		return cp == first;
	if (kind_letter(k) && (*script == KIND_DIGIT || *script == k)) {
		*script = k;
		return true;
	}
	return k == KIND_DIGIT;
}

static bool skip_spaces(struct tokenizer *t)
{
	while (t->pos < t->text.n) {
		size_t next = t->pos;
		uint32_t cp = tokenizer_read(t->text, &next);
		if (alphabet_kind(t->alphabet, cp) != KIND_SPACE)
			return true;
		if (t->gap != GAP_START && (cp == '\n' || cp == '\r'))
			t->gap = GAP_LINE;
		else if (t->gap == GAP_NONE)
			t->gap = GAP_SPACE;
		t->pos = next;
	}
	return false;
}

bool tokenizer_next(struct tokenizer *t, struct token *out)
{
	if (!skip_spaces(t))
		return false;
	size_t start = t->pos;
	uint32_t first = tokenizer_read(t->text, &t->pos);
	enum kind script = alphabet_kind(t->alphabet, first);
	*out = (struct token){
		.start = (uint32_t)start, .first = first, .kind = (uint8_t)script, .gap = (uint8_t)t->gap};
	for (size_t n = 1; n < TOKEN_MAX && t->pos < t->text.n; n++) {
		size_t next = t->pos;
		uint32_t cp = tokenizer_read(t->text, &next);
		if (!goes_on(&script, first, cp, alphabet_kind(t->alphabet, cp)))
			break;
		t->pos = next;
	}
	out->end = (uint32_t)t->pos;
	t->gap = GAP_NONE;
	return true;
}
