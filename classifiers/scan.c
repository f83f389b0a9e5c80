#include "classifiers/scan.h"

#include "base/utf8.h"
#include "classifiers/digits.h"
#include "classifiers/reading.h"

#include <stdlib.h>

enum { HAS_DIGIT = 1, HAS_LETTER = 2, WORD = HAS_DIGIT | HAS_LETTER, TELLING = 4, HIGH = 8 };
enum {
	LEX_SECRET = 1,
	LEX_WORDS = 2,
	LEX_EXPORT = 4,
	LEX_DATE = 8,
	LEX_HEALTH = 16,
	LEX_NETWORK = 32,
	LEX_FINANCE = 64,
	LEX_PHONE = 128,
	LEX_SHAPES = 256,
	LEX_ALL = 511,
	SEES_SPELLED = 512, /* no lexer: a word for a digit */
	SEES_DEFANGED = 1024,
	LEX_DIGITS = LEX_NETWORK | LEX_FINANCE | LEX_HEALTH | LEX_DATE | LEX_PHONE | LEX_EXPORT | LEX_SHAPES
};
/* From here on a word without digits may be a key or an address (the shortest head of a JWT). */
enum { LONG_WORD = 15 };

static const uint8_t kinds[256] = {
	['0' ... '9'] = HAS_DIGIT,
	['A' ... 'Z'] = HAS_LETTER,
	['a' ... 'z'] = HAS_LETTER,
	['@'] = TELLING,
	[':'] = TELLING,
	['~'] = TELLING,
	['%'] = TELLING,
	['&'] = TELLING,
	['\\'] = TELLING,
	['='] = TELLING,
	['['] = TELLING,
	['('] = TELLING,
	['{'] = TELLING,
	[0x80 ... 0xff] = HIGH,
};

void hits_add(struct hits *h, struct finding f)
{
	if (h->n == h->cap) {
		size_t cap = h->cap == 0 ? 64 : 2 * h->cap;
		struct finding *v = cap > HITS_MAX ? NULL : realloc(h->v, cap * sizeof *v);
		if (v == NULL) {
			h->err = cap > HITS_MAX ? ERR_LIMIT : ERR_NOMEM;
			return;
		}
		h->v = v;
		h->cap = cap;
	}
	h->v[h->n++] = f;
}

void hits_fini(struct hits *h)
{
	free(h->v);
	*h = (struct hits){0};
}

void scan_init(struct scan *s, const struct scan_tables *tables, struct hits *hits)
{
	*s = (struct scan){
		.tables = tables, .hits = hits, .min_score = 50, .near_start = SIZE_MAX, .near_end = SIZE_MAX};
}

void scan_mask(struct scan *s, size_t end)
{
	if (end > s->masked)
		s->masked = end;
}

/* Nearness of the best context word around [start, end) for each detector: before depends on the start alone, after on
 * the end alone, so that neighbouring candidates share the work. */
static void look_around(struct scan *s, size_t start, size_t end)
{
	if (s->near_start != start) {
		memset(&s->before, 0, sizeof s->before);
		context_collect(s->tables->words, span_sub(s->text, 0, start), true, &s->before);
		s->near_start = start;
		s->steps += CONTEXT_BEFORE;
	}
	if (s->near_end != end) {
		memset(&s->after, 0, sizeof s->after);
		context_collect(s->tables->words, span_sub(s->text, end, s->text.n), false, &s->after);
		s->near_end = end;
		s->steps += CONTEXT_AFTER;
	}
}

static unsigned nearest(const struct scan *s, unsigned slot)
{
	unsigned v = s->before.v[slot] > s->after.v[slot] ? s->before.v[slot] : s->after.v[slot];
	if (s->key != NULL && s->key->v[slot] > v)
		v = s->key->v[slot];
	return v;
}

unsigned scan_near(struct scan *s, unsigned slot, size_t start, size_t end)
{
	look_around(s, start, end);
	return nearest(s, slot);
}

/* Scores: how often such a candidate is right, with nothing around it, with telling separators, with a context word. */
static const uint8_t scores[STRENGTH_COUNT][3] = {
	[STRENGTH_FORMAT] = {15, 58, 80}, [STRENGTH_WEAK] = {35, 60, 90},   [STRENGTH_DATED] = {58, 70, 93},
	[STRENGTH_GOOD] = {85, 88, 95},   [STRENGTH_STRONG] = {95, 95, 98},
};

static unsigned score(struct scan *s, const struct detector *d, enum detector_id id, size_t start, size_t end,
		      bool layout)
{
	if ((d->flags & FLAG_FIRM) != 0)
		return scores[d->strength][d->strength == STRENGTH_FORMAT ? 2 : 1];
	look_around(s, start, end);
	unsigned near = nearest(s, id), against = nearest(s, CONTEXT_NEGATIVE);
	if (near > 0) {
		unsigned v = scores[d->strength][2] - (CONTEXT_NEAREST - near);
		return against > near && d->strength < STRENGTH_GOOD ? v - 30 : v;
	}
	if ((d->flags & FLAG_CTX) != 0 || (s->disguised && d->strength < STRENGTH_GOOD))
		return scores[STRENGTH_FORMAT][0];
	unsigned v = scores[d->strength][layout ? 1 : 0];
	if ((d->flags & FLAG_DISTINCT) != 0 && v < scores[STRENGTH_DATED][0])
		v = scores[STRENGTH_DATED][0];
	if (against > 0 && d->strength < STRENGTH_STRONG)
		v -= d->strength == STRENGTH_GOOD ? 20 : v < 40 ? v : 40;
	return v;
}

enum { CERTAIN = 85 };

/* The score, whether it was enough or not. */
static unsigned keep(struct scan *s, enum detector_id id, size_t start, size_t end, bool layout, unsigned penalty)
{
	const struct detector *d = detector_info(id);
	unsigned v = score(s, d, id, start, end, layout);
	v = v > penalty ? v - penalty : 0;
	if (v < s->min_score)
		return v;
	hits_add(s->hits, (struct finding){.start = (uint32_t)start,
					   .end = (uint32_t)end,
					   .type = (uint16_t)d->type,
					   .detector = (uint16_t)id,
					   .score = (uint8_t)v,
					   .view = s->view});
	return v;
}

/* Does a character beyond ASCII next to the number belong to it: another script's digit, something invisible? */
static bool goes_on(const struct scan *s, size_t start, size_t end)
{
	const uint8_t *p = s->text.p;
	uint32_t cp;
	if (start > 0 && p[start - 1] >= 0x80) {
		size_t at = start - 1;
		while (at > 0 && start - at < 4 && (p[at] & 0xc0) == 0x80)
			at--;
		if (utf8_decode(span_sub(s->text, at, start), &cp) == start - at && folds(cp))
			return true;
	}
	return end < s->text.n && p[end] >= 0x80 && utf8_decode(span_sub(s->text, end, s->text.n), &cp) > 0 &&
	       folds(cp);
}

void scan_offer(struct scan *s, enum detector_id id, size_t start, size_t end)
{
	const struct detector *d = detector_info(id);
	if (start >= end)
		return;
	s->steps += end - start;
	bool digits = ascii_digit(s->text.p[start]) || ascii_digit(s->text.p[end - 1]);
	if (digits && goes_on(s, start, end))
		return;
	if (!d->check((const char *)s->text.p + start, end - start))
		return;
	(void)keep(s, id, start, end, (d->flags & FLAG_LAYOUT) != 0, scan_reserved(s, id, start, end));
}

/* Is [start, end) a number of its own, not a piece of a longer one, of a version, a time, an address, a file name? */
static bool stands_alone(const struct scan *s, size_t start, size_t end)
{
	const uint8_t *p = s->text.p;
	size_t n = s->text.n;
	if (start > 0) {
		uint8_t b = p[start - 1];
		bool digit_before = start > 1 && ascii_digit(p[start - 2]);
		if (ascii_alnum(b) || b == '@' || b == '$')
			return false;
		if (digit_before && strchr(".-/:+", b) != NULL && b != 0)
			return false;
	}
	if (end < n) {
		uint8_t b = p[end];
		bool digit_behind = end + 1 < n && ascii_digit(p[end + 1]);
		bool word_behind = end + 1 < n && ascii_alnum(p[end + 1]);
		if (ascii_alnum(b) || b == '@' || b == '%')
			return false;
		if ((digit_behind && b != 0 && strchr("./:+", b) != NULL) || (word_behind && b == '-'))
			return false;
	}
	return true;
}

/* Unix times in seconds and milliseconds from 2001 to 2038. */
static bool looks_like_time(const struct layout_match *m)
{
	if (m->separators > 0 || (m->n != 10 && m->n != 13))
		return false;
	return digits_all(m->compact, m->n) && m->compact[0] == '1' && m->compact[1] <= '9';
}

static void try_layout(struct scan *s, const struct layout *layout, size_t at)
{
	struct layout_match m;
	enum detector_id id = (enum detector_id)layout->detector;
	if (!layout_match(&s->tables->layouts, layout, span_sub(s->text, at, s->text.n), &m))
		return;
	s->steps += m.length;
	size_t end = at + m.length;
	if (!stands_alone(s, at, end) || goes_on(s, at, end))
		return;
	const struct detector *d = detector_info(id);
	if (!d->check(m.compact, m.n))
		return;
	bool layout_evidence = (d->flags & FLAG_LAYOUT) != 0 && m.separators > 0;
	unsigned penalty = 0;
	if (looks_like_time(&m) && d->strength < STRENGTH_GOOD) {
		look_around(s, at, end);
		penalty = nearest(s, id) > 0 ? 0 : 30;
	}
	/* What is inside a number found for certain is not looked at again. */
	if (keep(s, id, at, end, layout_evidence, penalty) >= CERTAIN)
		scan_mask(s, end);
}

void lex_shapes(struct scan *s, size_t at, size_t word_end)
{
	size_t len = word_end - at;
	if (len > LAYOUT_WORD_MAX)
		return;
	/* Words without digits are layouts only in capitals. */
	bool digits = false, lower = false;
	for (size_t i = at; i < word_end; i++) {
		digits = digits || ascii_digit(s->text.p[i]);
		lower = lower || (s->text.p[i] >= 'a');
	}
	if (!digits && lower)
		return;
	int kind = ascii_digit(s->text.p[at]) ? 0 : 1;
	const uint16_t *filed = s->tables->layouts.filed[len][kind];
	for (unsigned i = 0; i < s->tables->layouts.n_filed[len][kind]; i++)
		try_layout(s, &s->tables->layouts.v[filed[i]], at);
}

/* First words that start something: a bit per lexer, filed by a hash of their first four letters. */
static uint32_t head_of(const uint8_t *p, size_t n)
{
	uint32_t head = 0;
	for (size_t i = 0; i < n && i < 4; i++)
		head |= (uint32_t)(p[i] | 32) << 8 * i;
	return head;
}

/* The same for the word at a place of the text: one load where four bytes are left. */
static uint32_t head_at(struct span text, size_t at, size_t n)
{
	if (text.n - at < 4)
		return head_of(text.p + at, n);
	const uint8_t *p = text.p + at;
	uint32_t head = p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
	head |= 0x20202020u;
	return n < 4 ? head & (0xffffffffu >> (32 - 8 * n)) : head;
}

/* The slot of a head, or the empty one where it would go. */
static const struct trigger *trigger_of(const struct scan_tables *t, uint32_t head)
{
	uint32_t slot = head * 0x9e3779b1u >> 21;
	while (t->triggers[slot].lexers != 0 && t->triggers[slot].head != head)
		slot = (slot + 1) % TRIGGER_SLOTS;
	return &t->triggers[slot];
}

struct scan_tables *scan_tables_new(void)
{
#define SECRET   LEX_SECRET
#define WORDS    LEX_WORDS
#define EXPORT   LEX_EXPORT
#define DATE     LEX_DATE
#define HEALTH   LEX_HEALTH
#define NETWORK  LEX_NETWORK
#define SPELLED  SEES_SPELLED
#define DEFANGED SEES_DEFANGED
	static const struct {
		const char *head;
		uint16_t lexers;
	} triggers[] = {
#define TRIGGER(head, lexers) {head, lexers},
#include "classifiers/triggers.def"
#undef TRIGGER
	};
	struct scan_tables *t = calloc(1, sizeof *t);
	if (t == NULL)
		return NULL;
	t->words = context_words_new();
	if (t->words == NULL) {
		free(t);
		return NULL;
	}
	layouts_init(&t->layouts);
	for (size_t i = 0; i < sizeof triggers / sizeof *triggers; i++) {
		uint32_t head = head_of((const uint8_t *)triggers[i].head, strlen(triggers[i].head));
		struct trigger *slot = &t->triggers[trigger_of(t, head) - t->triggers];
		slot->head = head;
		slot->lexers |= triggers[i].lexers;
	}
	return t;
}

void scan_tables_free(struct scan_tables *t)
{
	if (t == NULL)
		return;
	context_words_free(t->words);
	free(t);
}

static bool hex_word(const uint8_t *p, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (!ascii_digit(p[i]) && ((p[i] | 32) < 'a' || (p[i] | 32) > 'f'))
			return false;
	return true;
}

/* The prefilter: which lexers may find something in the word [at, end)? A superset is correct, a subset is a leak. */
static unsigned lexers_for(const struct scan *s, size_t at, size_t end, unsigned kind)
{
	const uint8_t *p = s->text.p + at;
	size_t n = end - at;
	uint8_t next = end < s->text.n ? s->text.p[end] : 0;
	unsigned want = trigger_of(s->tables, head_at(s->text, at, n))->lexers;
	if ((kind & HAS_DIGIT) != 0)
		want |= LEX_DIGITS;
	else if (p[0] >= 'a' && p[0] != 'c' && p[0] != 't') /* markings are capitals but for "category" and "tlp" */
		want &= ~(unsigned)LEX_EXPORT;
	if (n >= LONG_WORD || ((kind & HAS_DIGIT) != 0 && next == ':'))
		want |= LEX_SECRET;
	if ((next == ':' && n <= 4) || (next == '-' && (n == 2 || n == 8)))
		want |= hex_word(p, n) ? LEX_NETWORK : 0;
	/* Capitals: bank codes, and the letters that stand in front of a number's digits. */
	if (p[n - 1] < 'a' && p[0] < 'a' && (n == 2 || n == 3 || n == 8 || n == 11 || next == '-' || next == '('))
		want |= LEX_SHAPES | LEX_NETWORK;
	return want;
}

/* Runs of words that may be one number or address taken apart. */
struct runs {
	unsigned singles, groups, digits, spelled;
	size_t singles_at, groups_at;
};

static bool mixed(const uint8_t *p, size_t n)
{
	for (size_t i = 1; i < n; i++)
		if (p[i] < 'a')
			return true;
	return false;
}

static void note_start(struct scan *s, enum sign sign, size_t at)
{
	s->signs |= sign;
	if (s->n_starts > 0 && s->n_starts <= SCAN_STARTS && s->starts[s->n_starts - 1] == at)
		return;
	if (s->n_starts < SCAN_STARTS)
		s->starts[s->n_starts] = (uint32_t)at;
	s->n_starts += s->n_starts <= SCAN_STARTS;
}

static void watch_runs(struct scan *s, struct runs *r, size_t at, size_t end, unsigned seen, unsigned want)
{
	size_t n = end - at;
	bool group = seen == HAS_DIGIT && n <= 6;
	if (n == 1 && r->singles++ == 0)
		r->singles_at = at;
	if (n > 1)
		r->singles = 0;
	if (group && r->groups++ == 0) {
		r->groups_at = at;
		r->digits = 0;
	}
	r->digits += (unsigned)n;
	if (!group)
		r->groups = 0;
	if ((want & SEES_SPELLED) != 0)
		r->spelled++;
	else if (n > 2) /* letters beyond ASCII cut their word in pieces */
		r->spelled = 0;
	if (r->singles >= 6)
		note_start(s, SIGN_SINGLES, r->singles_at);
	if (r->groups >= 3 && r->digits >= 9)
		note_start(s, SIGN_GROUPS, r->groups_at);
	if (r->spelled >= 5)
		s->signs |= SIGN_SPELLED;
	if ((want & SEES_DEFANGED) != 0)
		s->signs |= SIGN_DEFANGED;
	if (n >= 11 && mixed(s->text.p + at, n))
		s->signs |= SIGN_ENCODED;
}

static void lex_word(struct scan *s, struct runs *r, size_t at, size_t end, unsigned kind)
{
	unsigned want = lexers_for(s, at, end, kind);
	if (want == 0 && end - at > 2 && end - at < 11) { /* nearly every word of a text */
		r->singles = r->groups = r->spelled = 0;
		if (!s->everything)
			return;
	}
	watch_runs(s, r, at, end, kind, want);
	if (s->everything)
		want = LEX_ALL;
	if (want == 0 || at < s->masked)
		return;
	s->steps += 8;
	if ((want & LEX_SECRET) != 0)
		lex_secret(s, at);
	if ((want & LEX_NETWORK) != 0)
		lex_network(s, at);
	if ((want & LEX_WORDS) != 0)
		lex_words(s, at);
	if ((want & LEX_EXPORT) != 0)
		lex_export(s, at);
	if ((want & LEX_HEALTH) != 0)
		lex_health(s, at);
	if (at < s->masked)
		return;
	if ((want & LEX_DATE) != 0)
		lex_date(s, at);
	if ((want & LEX_FINANCE) != 0)
		lex_finance(s, at);
	if ((want & LEX_PHONE) != 0)
		lex_phone(s, at);
	if ((want & LEX_SHAPES) != 0)
		lex_shapes(s, at, end);
}

/* "at]", ".)", "dot}": a word or sign for '@' or '.' with a bracket behind it. */
static bool bracketed(const uint8_t *p, size_t n)
{
	size_t k = 0;
	while (k < n && k < 6 && ((kinds[p[k]] & HAS_LETTER) != 0 || p[k] == '.' || p[k] == '@'))
		k++;
	return k > 0 && k < n && (p[k] == ']' || p[k] == ')' || p[k] == '}');
}

static void telling(struct scan *s, size_t at)
{
	const uint8_t *p = s->text.p;
	size_t n = s->text.n;
	uint8_t next = at + 1 < n ? p[at + 1] : 0;
	if (p[at] == '@')
		lex_email(s, at);
	else if (p[at] == '~')
		lex_tilde(s, at);
	else if (p[at] == '%' || p[at] == '=')
		s->signs |= ascii_alnum(next) || next == '\n' || next == '\r' ? SIGN_ESCAPE : 0;
	else if (p[at] == '&' || p[at] == '\\')
		s->signs |= ascii_alnum(next) || next == '#' || next == '"' || next == '\\' ? SIGN_ESCAPE : 0;
	else if (p[at] != ':')
		s->signs |= bracketed(p + at + 1, n - at - 1) ? SIGN_DEFANGED : 0;
	else if (at + 2 < n && p[at + 1] == '/' && p[at + 2] == '/')
		lex_url(s, at);
	else if (at + 1 < n && p[at + 1] == ':' && (at == 0 || (!ascii_alnum(p[at - 1]) && p[at - 1] != ':')))
		lex_network(s, at);
}

void scan_run(struct scan *s, struct span text)
{
	s->text = text;
	s->masked = s->url_end = 0;
	s->near_start = s->near_end = SIZE_MAX;
	const uint8_t *p = text.p;
	struct runs runs = {0};
	size_t i = 0;
	s->signs = 0;
	s->n_starts = 0;
	while (i < text.n) {
		unsigned kind = kinds[p[i]];
		if ((kind & WORD) == 0) {
			if (kind == TELLING)
				telling(s, i);
			else if (kind == HIGH)
				s->signs |= SIGN_HIGH;
			i++;
			continue;
		}
		size_t at = i;
		unsigned seen = 0;
		for (; i < text.n && ((kind = kinds[p[i]]) & WORD) != 0; i++)
			seen |= kind;
		lex_word(s, &runs, at, i, seen);
	}
}
