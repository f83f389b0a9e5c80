/* The walk over a text: words and telling bytes in their order, each to the lexers and watchers that may care. Blocks
 * of masks (blocks.h) say where to look; nearly every word of ordinary text is passed over without being touched. With
 * scan.everything set, every word goes to every lexer and no mask is used: the reference for tests. */
#include "classifiers/scan.h"

#include "classifiers/signs.h"

#include <endian.h>

static void lex_word(struct scan *s, struct runs *r, size_t at, size_t end, unsigned kind)
{
	unsigned want = prefilter_lexers(s->tables, s->text, at, end, kind);
	if (want == 0 && end - at > 2 && end - at < 11) { /* nearly every word of a text */
		signs_ordinary(r);
		if (!s->everything)
			return;
	}
	signs_word(s, r, at, end, kind, want);
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

/* Where the word at i ends, and what it is made of. */
static size_t word_end(struct span text, size_t i, unsigned *kind)
{
	unsigned k;
	*kind = 0;
	for (; i < text.n && ((k = byte_kinds[text.p[i]]) & WORD) != 0; i++)
		*kind |= k;
	return i;
}

static void walk_everything(struct scan *s)
{
	struct runs runs = {0};
	for (size_t i = 0; i < s->text.n;) {
		unsigned kind = byte_kinds[s->text.p[i]];
		if ((kind & WORD) != 0) {
			size_t end = word_end(s->text, i, &kind);
			lex_word(s, &runs, i, end, kind);
			i = end;
			continue;
		}
		if (kind == TELLING)
			signs_byte(s, i);
		else if (kind == HIGH)
			signs_note(s, SIGN_HIGH, i, i + 1);
		i++;
	}
}

/* ---- with masks ---- */

/* Which words stand right behind a word of some set: carries of two additions that run through words and gaps. */
struct chain {
	uint64_t word, gap; /* carried into the next block: 0 or 1 */
};

static uint64_t next_words(struct chain *c, uint64_t words, uint64_t of)
{
	uint64_t ends, starts;
	bool carry = __builtin_add_overflow(words, of | c->word, &ends);
	c->word = carry;
	ends &= ~words;
	carry = __builtin_add_overflow(~words, ends | c->gap, &starts);
	c->gap = carry;
	return starts & words;
}

static uint32_t load32(const uint8_t *p)
{
	uint32_t v;
	memcpy(&v, p, sizeof v);
	return le32toh(v);
}

struct walk {
	struct scan *s;
	struct runs runs;
	size_t streak; /* words visited without one passed over in between, up to the last */
	size_t at;     /* of the block in the text */
	const struct block *block, *next;
	uint64_t word;              /* does the byte in front of the block belong to a word? 0 or 1 */
	struct chain second, third; /* words behind a short one, behind two */
	/* Words of this block, by their first bytes: all, with two short ones in front of them, of three bytes or more.
	 */
	uint64_t starts, thirds, longs;
};

/* A set as seen k bytes further on. */
static uint64_t ahead(const struct walk *w, enum byte_set set, unsigned k)
{
	return w->block->set[set] >> k | w->next->set[set] << (64 - k);
}

/* Starts of words that have a marked byte; next: marks of the next block. */
static uint64_t words_with(const struct walk *w, uint64_t mark, uint64_t next)
{
	const uint64_t word = w->block->set[SET_WORD], first = w->starts;
	uint64_t found = 0, sum;
	/* From each start the carry runs up to the first mark or through the word's end. */
	bool carry = __builtin_add_overflow(word & ~mark, first, &sum);
	for (uint64_t hits = sum & mark; hits != 0; hits &= hits - 1)
		found |= (uint64_t)1 << (63 - __builtin_clzll(first & (hits ^ (hits - 1))));
	if (carry && (((w->next->set[SET_WORD] & ~next) + 1) & next) != 0)
		found |= (uint64_t)1 << (63 - __builtin_clzll(first));
	return found;
}

/* Of words with a capital that is not their first letter, and no digit, those that are more than a name in a program.
 */
static uint64_t telling_capitals(const struct walk *w)
{
	const struct block *b = w->block, *n = w->next;
	const struct span text = span_sub(w->s->text, w->at, w->s->text.n);
	uint64_t inner = b->set[SET_UPPER] & (b->set[SET_WORD] << 1 | w->word);
	uint64_t over = n->set[SET_UPPER] & (n->set[SET_WORD] << 1 | b->set[SET_WORD] >> 63);
	uint64_t found = 0;
	if ((inner | (over & 1)) == 0 && (over == 0 || b->set[SET_WORD] >> 63 == 0))
		return 0;
	for (uint64_t words = words_with(w, inner, over); words != 0; words &= words - 1) {
		unsigned i = (unsigned)__builtin_ctzll(words);
		uint64_t gap = ~b->set[SET_WORD] >> i;
		bool tells = gap == 0 || prefilter_capitals(text, i, i + (unsigned)__builtin_ctzll(gap));
		found |= (uint64_t)tells << i;
	}
	return found;
}

/* Starts of words of fifteen bytes and more. */
static uint64_t long_words(const struct walk *w)
{
	typedef unsigned __int128 wide;
	wide run = (wide)w->next->set[SET_WORD] << 64 | w->block->set[SET_WORD];
	run &= run >> 1;
	run &= run >> 2;
	run &= run >> 4;
	run &= run >> 7;
	return (uint64_t)run & w->starts;
}

/* Of the starts of words those whose first letters a lexer waits for, or one word in fifty that hashes like them. */
static uint64_t head_words(const struct walk *w, uint64_t w1, uint64_t w2, uint64_t w3)
{
	const struct scan_tables *t = w->s->tables;
	const struct span text = span_sub(w->s->text, w->at, w->s->text.n);
	uint64_t found = w->block->set[SET_ONE] & w->starts & ~w1;
	for (uint64_t four = w->starts & w3; four != 0; four &= four - 1) {
		unsigned i = (unsigned)__builtin_ctzll(four);
		found |= (uint64_t)prefilter_head(t, load32(text.p + i)) << i;
	}
	uint64_t less = w->starts & w1 & ~w3;
	if (text.n < BLOCK_BYTES + sizeof(uint32_t)) /* four bytes cannot be read everywhere: all are visited */
		return found | less;
	for (; less != 0; less &= less - 1) {
		unsigned i = (unsigned)__builtin_ctzll(less);
		uint32_t mask = (w2 >> i & 1) != 0 ? 0xffffff : 0xffff;
		found |= (uint64_t)prefilter_head(t, load32(text.p + i) & mask) << i;
	}
	return found;
}

/* Bytes with four more of their word from the fourth behind them on. */
static uint64_t sevens(const struct walk *w)
{
	return ahead(w, SET_WORD, 4) & ahead(w, SET_WORD, 5) & ahead(w, SET_WORD, 6) & ahead(w, SET_WORD, 7);
}

/* Words to visit: all that prefilter_lexers may want, and what runs are made of. */
static uint64_t words_to_visit(struct walk *w)
{
	const struct block *b = w->block;
	const uint64_t starts = w->starts;
	const uint64_t w1 = ahead(w, SET_WORD, 1), w2 = w1 & ahead(w, SET_WORD, 2), w3 = w2 & ahead(w, SET_WORD, 3);
	uint64_t digits = words_with(w, b->set[SET_DIGIT], w->next->set[SET_DIGIT]);
	uint64_t marked = 0;
	/* Most blocks of prose have none of these. */
	if ((b->set[SET_COLON] | w->next->set[SET_COLON]) != 0)
		marked |= ahead(w, SET_COLON, 1) | (w1 & ahead(w, SET_COLON, 2)) | (w2 & ahead(w, SET_COLON, 3)) |
			  (w3 & ahead(w, SET_COLON, 4));
	if ((b->set[SET_HYPHEN] | w->next->set[SET_HYPHEN]) != 0)
		marked |= (w1 & ahead(w, SET_HYPHEN, 2)) | (w3 & sevens(w) & ahead(w, SET_HYPHEN, 8));
	uint64_t lone = b->set[SET_UPPER] & ~w1;
	if (lone != 0)
		lone &= ahead(w, SET_HYPHEN, 1) | ahead(w, SET_OPEN, 1) |
			(ahead(w, SET_JOIN, 1) & ahead(w, SET_UPPER, 2));
	uint64_t brief = starts & (~w2 | digits);
	uint64_t second = next_words(&w->second, b->set[SET_WORD], brief) & brief;
	w->thirds = next_words(&w->third, b->set[SET_WORD], second) & brief;
	w->longs = starts & w2;
	return digits | telling_capitals(w) | w->thirds | long_words(w) | head_words(w, w1, w2, w3) |
	       (starts & ((b->set[SET_HEX] & marked) | lone));
}

/* Telling bytes to visit: those with something behind them that signs_byte wants. */
static uint64_t bytes_to_visit(const struct walk *w)
{
	const struct block *b = w->block;
	uint64_t word = ahead(w, SET_WORD, 1);
	uint64_t visit =
		b->set[SET_CALL] |
		(b->set[SET_COLON] & (ahead(w, SET_COLON, 1) | (ahead(w, SET_SLASH, 1) & ahead(w, SET_SLASH, 2))));
	if (b->set[SET_ESCAPE] != 0)
		visit |= b->set[SET_ESCAPE] & (word | ahead(w, SET_ESCAPED, 1));
	if (b->set[SET_QUOTE] != 0)
		visit |= b->set[SET_QUOTE] & ahead(w, SET_JOIN, 1);
	if (b->set[SET_OPEN] != 0)
		visit |= b->set[SET_OPEN] & (word | ahead(w, SET_DOTTED, 1)) &
			 (ahead(w, SET_CLOSE, 2) | ahead(w, SET_CLOSE, 3) | ahead(w, SET_CLOSE, 4) |
			  ahead(w, SET_CLOSE, 5) | ahead(w, SET_CLOSE, 6) | ahead(w, SET_CLOSE, 7));
	return visit;
}

/* Words were passed over: none of them long, or some. */
static void pass_over(struct walk *w, uint64_t words)
{
	if (words == 0)
		return;
	w->streak = 0;
	w->runs.singles = w->runs.groups = w->runs.pairs = 0;
	if ((words & w->longs) != 0)
		w->runs.spelled = 0;
}

/* The two short words in front of at, passed over though they begin a run. */
static void look_back(struct walk *w, size_t at)
{
	const struct span t = w->s->text;
	size_t start[2], end[2], i = at;
	unsigned kind, spelled = w->runs.spelled;
	for (int k = 1; k >= 0; k--) {
		while (i > 0 && (byte_kinds[t.p[i - 1]] & WORD) == 0)
			i--;
		end[k] = i;
		while (i > 0 && (byte_kinds[t.p[i - 1]] & WORD) != 0)
			i--;
		start[k] = i;
	}
	w->s->steps += at - i;
	w->runs.singles = w->runs.groups = w->runs.pairs = 0;
	for (int k = 0; k < 2; k++) {
		(void)word_end(t, start[k], &kind);
		signs_word(w->s, &w->runs, start[k], end[k], kind, 0);
	}
	w->runs.spelled = spelled;
	w->streak = 2;
}

static void visit_word(struct walk *w, uint64_t bit)
{
	size_t at = w->at + (size_t)__builtin_ctzll(bit);
	unsigned kind;
	size_t end = word_end(w->s->text, at, &kind);
	if ((w->thirds & bit) != 0 && w->streak < 2)
		look_back(w, at);
	lex_word(w->s, &w->runs, at, end, kind);
	w->streak++;
}

static void walk_block(struct walk *w)
{
	w->starts = w->block->set[SET_WORD] & ~(w->block->set[SET_WORD] << 1 | w->word);
	uint64_t words = words_to_visit(w), bytes = bytes_to_visit(w), ahead_of = w->starts;
	if (w->block->set[SET_HIGH] != 0)
		signs_note(w->s, SIGN_HIGH, w->at, w->at + 1);
	for (uint64_t todo = words | bytes; todo != 0; todo &= todo - 1) {
		uint64_t bit = todo & -todo;
		if ((bytes & bit) != 0) {
			signs_byte(w->s, w->at + (size_t)__builtin_ctzll(bit));
			continue;
		}
		pass_over(w, ahead_of & (bit - 1));
		ahead_of &= ~(bit | (bit - 1));
		visit_word(w, bit);
	}
	pass_over(w, ahead_of);
	w->word = w->block->set[SET_WORD] >> 63;
	w->at += BLOCK_BYTES;
}

/* Blocks as they come; the last is read from a copy with zeros behind it. */
struct feed {
	const struct scan_tables *tables;
	struct span text;
	size_t at;
};

static size_t feed_read(struct feed *f, struct block *out, size_t max)
{
	const struct block_kernel *k = f->tables->kernel;
	size_t left = f->text.n - f->at, n = left / BLOCK_BYTES < max ? left / BLOCK_BYTES : max;
	uint8_t tail[BLOCK_BYTES] = {0};
	if (n > 0) {
		k->read(&f->tables->blocks, f->text.p + f->at, n, out);
		f->at += n * BLOCK_BYTES;
		return n;
	}
	if (left == 0 || max == 0)
		return 0;
	memcpy(tail, f->text.p + f->at, left);
	k->read(&f->tables->blocks, tail, 1, out);
	explicit_bzero(tail, sizeof tail);
	f->at += left;
	return 1;
}

static void walk(struct scan *s)
{
	enum { BATCH = 16 };
	static const struct block nothing;
	struct block blocks[BATCH + 1] __attribute__((uninitialized));
	struct walk w = {.s = s};
	struct feed feed = {.tables = s->tables, .text = s->text};
	size_t have = feed_read(&feed, blocks, BATCH);
	while (have > 0) {
		size_t more = feed_read(&feed, blocks + have, BATCH + 1 - have), last = have + more - 1;
		for (size_t i = 0; i < last; i++) {
			w.block = &blocks[i];
			w.next = &blocks[i + 1];
			walk_block(&w);
		}
		if (more == 0) {
			w.block = &blocks[last];
			w.next = &nothing;
			walk_block(&w);
			return;
		}
		blocks[0] = blocks[last];
		have = 1;
	}
}

void scan_run(struct scan *s, struct span text)
{
	s->text = text;
	s->masked = s->url_end = 0;
	s->near_start = s->near_end = SIZE_MAX;
	s->index = (struct context_index){0};
	s->signs = 0;
	s->n_starts = 0;
	s->columns = (struct columns){0};
	s->joins = JOINS_UNKNOWN;
	if (s->marks != NULL && !marks_start(s->marks, text.n)) {
		s->hits->err = ERR_NOMEM;
		return;
	}
	if (s->everything)
		walk_everything(s);
	else
		walk(s);
}
