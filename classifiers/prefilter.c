#include "classifiers/prefilter.h"

#include <stdlib.h>

const uint8_t byte_kinds[256] = {
	['0' ... '9'] = HAS_DIGIT,
	['A' ... 'Z'] = HAS_LETTER,
	['a' ... 'z'] = HAS_LETTER,
	['@'] = TELLING,
	['"'] = TELLING,
	['\''] = TELLING,
	['`'] = TELLING,
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

/* First words that start something: a bit per lexer, filed by a hash of their first four letters. */
static uint32_t head_of(const uint8_t *p, size_t n)
{
	uint32_t head = 0;
	for (size_t i = 0; i < n && i < HEAD_LETTERS; i++)
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

static bool in_set(const struct block_tables *t, enum byte_set set, uint8_t byte)
{
	return (t->sets[set][byte & 15] >> (byte >> 4) & 1) != 0;
}

/* Telling bytes that the walk has no closer look at. */
static void start_blocks(struct block_tables *t)
{
	block_tables_init(t);
	for (unsigned b = 0; b < 0x80; b++)
		if (byte_kinds[b] == TELLING && !in_set(t, SET_COLON, (uint8_t)b) &&
		    !in_set(t, SET_ESCAPE, (uint8_t)b) && !in_set(t, SET_OPEN, (uint8_t)b) &&
		    !in_set(t, SET_QUOTE, (uint8_t)b))
			block_tables_add(t, SET_CALL, (uint8_t)b);
}

/* Markings are capitals but for "category" and "tlp". */
static unsigned unmarked(unsigned lexers, uint32_t first)
{
	return first == 'c' || first == 't' ? lexers : lexers & ~(unsigned)LEX_EXPORT;
}

/* first: of a word, its first letter in the case that it may have. */
static void note_head(struct scan_tables *t, uint32_t first, unsigned lexers)
{
	uint32_t hash = prefilter_hash(first);
	if (lexers != 0)
		t->heads[hash / 32] |= (uint32_t)1 << hash % 32;
}

static void add_trigger(struct scan_tables *t, const char *letters, size_t n, unsigned lexers)
{
	uint32_t head = head_of((const uint8_t *)letters, n);
	struct trigger *slot = &t->triggers[trigger_of(t, head) - t->triggers];
	slot->head = head;
	slot->lexers |= (uint16_t)lexers;
	note_head(t, head, unmarked(lexers, head & 0xff));
	note_head(t, head & ~32u, lexers);
	if (n == 1) {
		block_tables_add(&t->blocks, SET_ONE, (uint8_t)head);
		block_tables_add(&t->blocks, SET_ONE, (uint8_t)(head & ~32u));
	}
}

/* Pictures that begin with a run are of words long enough to be looked at anyway. */
static void add_vendor_key(struct scan_tables *t, size_t row)
{
	char letters[HEAD_LETTERS];
	size_t n = vendor_keys_head(row, letters, sizeof letters);
	if (n > 0)
		add_trigger(t, letters, n, LEX_SECRET);
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
#define UNDO     SEES_UNDO
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
	start_blocks(&t->blocks);
	for (size_t i = 0; i < sizeof triggers / sizeof *triggers; i++)
		add_trigger(t, triggers[i].head, strlen(triggers[i].head), triggers[i].lexers);
	vendor_keys_init(&t->keys);
	for (size_t i = 0; i < vendor_keys_count(); i++)
		add_vendor_key(t, i);
	block_tables_finish(&t->blocks);
	t->kernel = block_kernel_pick();
	return t;
}

void scan_tables_free(struct scan_tables *t)
{
	if (t == NULL)
		return;
	context_words_free(t->words);
	free(t);
}

bool hex_word(const uint8_t *p, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (!ascii_digit(p[i]) && ((p[i] | 32) < 'a' || (p[i] | 32) > 'f'))
			return false;
	return true;
}

/* For words with a digit: what the rules of each lexer begin with. A new rule that begins otherwise belongs here. */
struct digit_word {
	const uint8_t *p;
	size_t n;
	bool letters;
	uint8_t before, next, behind; /* the byte in front, the two behind; 0: none */
};

static bool digit_at(const struct digit_word *w, size_t i)
{
	return i < w->n && ascii_digit(w->p[i]);
}

static bool letter_at(const struct digit_word *w, size_t i)
{
	return i < w->n && (w->p[i] | 32) >= 'a';
}

/* Four groups of an address with points, GA1., degrees. Colons and hyphens behind hexadecimal digits are asked for in
 * prefilter_lexers. */
static bool may_be_network(const struct digit_word *w)
{
	return w->next == '.' && w->n <= 4 && (hex_word(w->p, w->n) || w->p[0] == 'G');
}

static bool may_be_iban(const struct digit_word *w)
{
	return letter_at(w, 0) && letter_at(w, 1) && digit_at(w, 2) && digit_at(w, 3);
}

/* Letter and digit of a diagnosis or a postcode; rs123. */
static bool may_be_health(const struct digit_word *w)
{
	return letter_at(w, 0) && (digit_at(w, 1) || digit_at(w, 2));
}

/* A day, month or year in figures, or a number of years. */
static bool may_be_date(const struct digit_word *w)
{
	size_t lead = 0;
	while (lead < 5 && digit_at(w, lead))
		lead++;
	if (lead == 0 || lead > 4)
		return false;
	if (lead < w->n)
		return lead <= 3; /* 3rd, 25yo */
	bool letter_behind = (w->behind | 32) >= 'a' || w->behind >= 0x80;
	if (w->next == '/' || w->next == '-' || w->next == '.')
		return ascii_digit(w->behind) || letter_behind || w->behind == ' ' || w->behind == '-';
	return w->next == ' ' && lead <= 3 && letter_behind;
}

/* With a sign in front; one group of nine or ten; a trunk zero; or short groups. */
static bool may_be_phone(const struct digit_word *w)
{
	if (w->before == '+' || w->before == '(')
		return true;
	if (w->letters)
		return false;
	if (w->p[0] == '0' || w->n == 9 || w->n == 10)
		return true;
	bool gap = w->next == ' ' || w->next == '.' || w->next == '-' || w->next == '/';
	bool group =
		ascii_digit(w->behind) || w->behind == '(' || w->behind == '-' || w->behind == '/' || w->behind == ' ';
	return w->n <= 4 && gap && group;
}

/* 3A001, EAR99. */
static bool may_be_export(const struct digit_word *w)
{
	return w->n >= 5 && ((digit_at(w, 0) && letter_at(w, 1) && digit_at(w, 2)) || w->p[0] == 'E');
}

static unsigned lexers_for_digits(const struct digit_word *w)
{
	unsigned want = LEX_SHAPES;
	want |= may_be_network(w) ? LEX_NETWORK : 0;
	want |= may_be_iban(w) ? LEX_FINANCE : 0;
	want |= may_be_health(w) ? LEX_HEALTH : 0;
	want |= may_be_date(w) ? LEX_DATE : 0;
	want |= may_be_phone(w) ? LEX_PHONE : 0;
	want |= may_be_export(w) ? LEX_EXPORT : 0;
	/* A bot's number and the key behind it. */
	want |= w->next == ':' && w->behind == 'A' ? LEX_SECRET : 0;
	return want;
}

/* "dbPassword", "apiToken": the last letters of words for credentials. */
static bool telling_tail(const uint8_t *p)
{
	static const char tails[] = "ordswdasepwdassretkenkey";
	for (size_t i = 0; i + 3 < sizeof tails; i += 3)
		if ((p[0] | 32) == (uint8_t)tails[i] && (p[1] | 32) == (uint8_t)tails[i + 1] &&
		    (p[2] | 32) == (uint8_t)tails[i + 2])
			return true;
	return false;
}

static bool tail_tells(const uint8_t *p, size_t n)
{
	return n >= 5 && telling_tail(p + n - 3);
}

/* Capitals: bank codes, and the letters that stand in front of a number's digits. */
static bool capitals_tell(const uint8_t *p, size_t n, uint8_t next, uint8_t behind)
{
	return p[n - 1] < 'a' && p[0] < 'a' &&
	       (n == 2 || n == 3 || n == 8 || n == 11 || next == '-' || next == '(' || (next == ' ' && behind < 'a'));
}

bool prefilter_capitals(struct span text, size_t at, size_t end)
{
	/* From here on signs_word looks at it. */
	enum { LONG_NAME = 11 };
	const uint8_t *p = text.p + at;
	uint8_t next = end < text.n ? text.p[end] : 0, behind = end + 1 < text.n ? text.p[end + 1] : 0;
	return end - at >= LONG_NAME || capitals_tell(p, end - at, next, behind) || tail_tells(p, end - at);
}

unsigned prefilter_lexers(const struct scan_tables *t, struct span text, size_t at, size_t end, unsigned kind)
{
	const uint8_t *p = text.p + at;
	size_t n = end - at;
	uint8_t next = end < text.n ? text.p[end] : 0, behind = end + 1 < text.n ? text.p[end + 1] : 0;
	unsigned want = trigger_of(t, head_at(text, at, n))->lexers;
	if ((kind & HAS_DIGIT) != 0) {
		const struct digit_word w = {.p = p,
					     .n = n,
					     .letters = (kind & HAS_LETTER) != 0,
					     .before = at > 0 ? text.p[at - 1] : 0,
					     .next = next,
					     .behind = behind};
		want |= lexers_for_digits(&w);
	} else if (p[0] >= 'a') {
		want = unmarked(want, p[0]);
	}
	if (n >= LONG_WORD)
		want |= LEX_SECRET;
	want |= tail_tells(p, n) ? LEX_WORDS : 0;
	if ((next == ':' && n <= 4) || (next == '-' && (n == 2 || n == 8)))
		want |= hex_word(p, n) ? LEX_NETWORK : 0;
	if (capitals_tell(p, n, next, behind))
		want |= LEX_SHAPES | LEX_NETWORK;
	return want;
}
