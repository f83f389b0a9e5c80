#include "classifiers/exact.h"

#include "base/siphash.h"
#include "base/utf8.h"

#include <stdio.h>
#include <stdlib.h>

static const char magic[] = "bailiwick-exact 1 ";
enum { MAGIC = sizeof magic - 1, KEY_DIGITS = 32, HASH_DIGITS = 16, GAP_MAX = 8, TERM_MIN = 3 };

struct exact {
	uint8_t key[16];
	uint64_t *slots; /* open addressing, 0: empty */
	size_t n_slots;  /* a power of two, at least twice the terms */
	size_t n;
	unsigned lengths; /* bit n - 1: there are terms of n words */
};

/* Letters without their marks: U+00C0 to U+024F, U+1E00 to U+1EFF; '.': none of ASCII's. */
static const char latin[] = "aaaaaaaceeeeiiiidnooooo.ouuuuytsaaaaaaaceeeeiiiidnooooo.ouuuuyty"
			    "aaaaaaccccccccddddeeeeeeeeeegggggggghhhhiiiiiiiiii..jjkkkllllll."
			    ".llnnnnnnnnnoooooooorrrrrrssssssssttttttuuuuuuuuuuuuwwyyyzzzzzzs"
			    "................................oo.............uu..............."
			    ".............aaiioouuuuuuuuuu.aaaa....ggkkoooo..j...gg..nnaa...."
			    "aaaaeeeeiiiioooorrrruuuusstt..hh......aaeeooooooooyy............"
			    "................";
static const char latin_additional[] = "aabbbbbbccddddddddddeeeeeeeeeeffgghhhhhhhhhhiiiikkkkkkllllllllmm"
				       "mmmmnnnnnnnnoooooooopppprrrrrrrrssssssssssttttttttuuuuuuuuuuvvvv"
				       "wwwwwwwwwwxxxxyyzzzzzzhtwy....s.aaaaaaaaaaaaaaaaaaaaaaaaeeeeeeee"
				       "eeeeeeeeiiiioooooooooooooooooooooooouuuuuuuuuuuuuuyyyyyyyy......";

/* What a code point adds to a word: a byte or more; 0 bytes: nothing (a mark), SIZE_MAX: it parts words. */
static size_t plain(uint32_t cp, uint8_t out[4])
{
	char c = 0;
	if (cp < 0x80) {
		c = (char)(cp >= 'A' && cp <= 'Z' ? cp + 32 : cp);
		if (!((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9')))
			return SIZE_MAX;
	} else if (cp >= 0xc0 && cp < 0x250 && cp != 0xd7 && cp != 0xf7) {
		c = latin[cp - 0xc0];
	} else if (cp >= 0x1e00 && cp < 0x1f00) {
		c = latin_additional[cp - 0x1e00];
	}
	if (c != 0 && c != '.') {
		out[0] = (uint8_t)c;
		return 1;
	}
	if ((cp >= 0x300 && cp <= 0x36f) || cp == 0xad || (cp >= 0x200b && cp <= 0x200f) || cp == 0xfeff)
		return 0;
	if (cp < 0xaa || (cp >= 0x2000 && cp <= 0x206f) || (cp >= 0x3000 && cp <= 0x303f) ||
	    (cp >= 0xff00 && cp <= 0xff0f))
		return SIZE_MAX;
	/* Greek and Cyrillic capitals. */
	if ((cp >= 0x391 && cp <= 0x3a9) || (cp >= 0x410 && cp <= 0x42f))
		cp += 32;
	return utf8_encode(cp, out);
}

struct word {
	size_t start, end; /* in the text */
	uint8_t n;
	uint8_t bytes[EXACT_WORD_BYTES];
};

/* The next word at or behind *at; false: no more. Of a longer word its beginning counts. */
static bool next_word(struct span text, size_t *at, struct word *w)
{
	size_t i = *at;
	w->n = 0;
	for (size_t step; i < text.n; i += step) {
		uint32_t cp;
		uint8_t out[4];
		step = utf8_decode(span_sub(text, i, text.n), &cp);
		size_t n = step == 0 ? SIZE_MAX : plain(cp, out);
		step = step == 0 ? 1 : step;
		if (n == SIZE_MAX && w->n > 0)
			break;
		if (n == SIZE_MAX || n == 0)
			continue;
		if (w->n == 0)
			w->start = i;
		w->end = i + step;
		if (w->n + n <= sizeof w->bytes) {
			memcpy(w->bytes + w->n, out, n);
			w->n = (uint8_t)(w->n + n);
		}
	}
	*at = i;
	return w->n > 0;
}

static uint64_t hash_word(const uint8_t key[16], const struct word *w)
{
	return siphash128(key, span_of(w->bytes, w->n)).lo;
}

/* One more word's keyed hash; the order counts. */
static uint64_t mix(uint64_t hash, uint64_t word)
{
	hash = (hash ^ word) * 0x9e3779b97f4a7c15u;
	return hash ^ hash >> 29;
}

/* The hash of a term and how many words it has; 0: none, or too many, or too short to tell. */
static uint64_t hash_term(const uint8_t key[16], struct span term, size_t *words)
{
	struct word w;
	size_t at = 0, bytes = 0;
	uint64_t hash = 0;
	for (*words = 0; *words <= EXACT_WORDS_MAX && next_word(term, &at, &w); (*words)++) {
		hash = mix(hash, hash_word(key, &w));
		bytes += w.n;
	}
	explicit_bzero(&w, sizeof w);
	return bytes < TERM_MIN || *words > EXACT_WORDS_MAX ? 0 : hash;
}

static bool contains(const struct exact *e, uint64_t hash)
{
	size_t i = (size_t)hash & (e->n_slots - 1);
	while (e->slots[i] != 0 && e->slots[i] != hash)
		i = (i + 1) & (e->n_slots - 1);
	return e->slots[i] == hash;
}

static void insert(struct exact *e, uint64_t hash)
{
	size_t i = (size_t)hash & (e->n_slots - 1);
	while (e->slots[i] != 0 && e->slots[i] != hash)
		i = (i + 1) & (e->n_slots - 1);
	e->n += e->slots[i] == 0;
	e->slots[i] = hash;
}

static enum err refuse(struct classifier_diag *diag, struct span file, unsigned line, const char *text)
{
	diag->file = file;
	diag->line = line;
	snprintf(diag->text, sizeof diag->text, "%s", text);
	return ERR_CONFIG;
}

/* Lines that hold a term, one after the other. */
struct lines {
	struct span text;
	size_t at;
	unsigned number;
};

static bool next_line(struct lines *l, struct span *line)
{
	while (l->at < l->text.n) {
		struct span rest = span_sub(l->text, l->at, l->text.n);
		size_t n = span_find(rest, '\n');
		*line = span_trim(span_sub(rest, 0, n));
		l->at += n + 1;
		l->number++;
		if (line->n > 0 && line->p[0] != '#')
			return true;
	}
	return false;
}

static bool parse_hex(struct span s, uint64_t *v)
{
	*v = 0;
	for (size_t i = 0; i < s.n; i++) {
		uint8_t b = s.p[i];
		unsigned d = b >= '0' && b <= '9' ? b - (unsigned)'0' : b >= 'a' && b <= 'f' ? b - 'a' + 10u : 16u;
		if (d > 15)
			return false;
		*v = *v << 4 | d;
	}
	return true;
}

/* "0123456789abcdef 2": a hash and its number of words. */
static bool parse_hashed(struct span line, uint64_t *hash, size_t *words)
{
	if (line.n != HASH_DIGITS + 2 || line.p[HASH_DIGITS] != ' ')
		return false;
	*words = (size_t)(line.p[HASH_DIGITS + 1] - '0');
	return parse_hex(span_sub(line, 0, HASH_DIGITS), hash) && *hash != 0 && *words >= 1 &&
	       *words <= EXACT_WORDS_MAX;
}

static bool parse_header(struct span line, uint8_t key[16])
{
	if (line.n != MAGIC + KEY_DIGITS)
		return false;
	for (size_t i = 0; i < 16; i++) {
		uint64_t v;
		if (!parse_hex(span_of(line.p + MAGIC + 2 * i, 2), &v))
			return false;
		key[i] = (uint8_t)v;
	}
	return true;
}

static enum err hash_line(const uint8_t key[16], struct lines *l, struct span line, struct span file, uint64_t *hash,
			  size_t *words, struct classifier_diag *diag)
{
	if (line.n > EXACT_LINE_MAX)
		return refuse(diag, file, l->number, "the line is longer than 400 bytes");
	if (!utf8_valid(line))
		return refuse(diag, file, l->number, "the line is not valid UTF-8 text");
	*hash = hash_term(key, line, words);
	return *hash != 0 ? ERR_OK
			  : refuse(diag, file, l->number,
				   "a term has one to eight words with three letters or digits in all");
}

static enum err fill(struct exact *e, struct lines *l, bool hashed, struct span file, struct classifier_diag *diag)
{
	struct span line;
	while (next_line(l, &line)) {
		uint64_t hash;
		size_t words;
		enum err err = ERR_OK;
		if (!hashed)
			err = hash_line(e->key, l, line, file, &hash, &words, diag);
		else if (!parse_hashed(line, &hash, &words))
			err = refuse(diag, file, l->number,
				     "not a line of an exact-data list: sixteen digits and a number of words");
		if (err != ERR_OK)
			return err;
		insert(e, hash);
		e->lengths |= 1u << (words - 1);
	}
	return ERR_OK;
}

static size_t count_lines(struct span text)
{
	struct lines l = {.text = text};
	struct span line;
	size_t n = 0;
	while (next_line(&l, &line))
		n++;
	return n;
}

struct exact *exact_new(struct span text, const uint8_t key[16], struct span file, struct classifier_diag *diag,
			enum err *err)
{
	struct exact *e = calloc(1, sizeof *e);
	size_t terms = count_lines(text);
	*err = ERR_NOMEM;
	if (e == NULL)
		return NULL;
	struct lines l = {.text = text};
	bool hashed = span_starts(text, span_of(magic, MAGIC));
	memcpy(e->key, key, sizeof e->key);
	struct span header;
	if (hashed && !(next_line(&l, &header) && parse_header(header, e->key)))
		*err = refuse(diag, file, 1, "the header of this exact-data list is damaged");
	else if (terms > EXACT_TERMS_MAX)
		*err = refuse(diag, file, 0, "an exact-data list has at most four million terms");
	else {
		for (e->n_slots = 16; e->n_slots < 2 * terms; e->n_slots *= 2)
			;
		e->slots = calloc(e->n_slots, sizeof *e->slots);
		*err = e->slots == NULL ? ERR_NOMEM : fill(e, &l, hashed, file, diag);
	}
	if (*err == ERR_OK)
		return e;
	exact_free(e);
	return NULL;
}

void exact_free(struct exact *e)
{
	if (e == NULL)
		return;
	explicit_bzero(e->key, sizeof e->key);
	free(e->slots);
	free(e);
}

size_t exact_bytes(const struct exact *e)
{
	return sizeof *e + e->n_slots * sizeof *e->slots;
}

enum err exact_write(struct span terms, const uint8_t key[16], struct buf *out, struct classifier_diag *diag)
{
	struct lines l = {.text = terms};
	struct span line;
	buf_add_str(out, magic);
	for (size_t i = 0; i < 16; i++)
		buf_printf(out, "%02x", key[i]);
	buf_add_byte(out, '\n');
	while (next_line(&l, &line)) {
		uint64_t hash;
		size_t words;
		enum err err = hash_line(key, &l, line, SPAN_NULL, &hash, &words, diag);
		if (err != ERR_OK)
			return err;
		buf_printf(out, "%016llx %zu\n", (unsigned long long)hash, words);
	}
	return buf_err(out);
}

/* The words just passed: where each began and its hash. */
struct passed {
	size_t start;
	uint64_t hash;
};

void exact_scan(const struct exact *e, struct span text, void (*emit)(void *arg, size_t start, size_t end), void *arg)
{
	struct passed ring[EXACT_WORDS_MAX];
	struct word w = {.end = 0};
	size_t seen = 0, at = 0, last = 0;
	for (size_t k = 0; next_word(text, &at, &w); k++) {
		seen = seen > 0 && w.start - last > GAP_MAX ? 1 : seen + 1;
		last = w.end;
		ring[k % EXACT_WORDS_MAX] = (struct passed){w.start, hash_word(e->key, &w)};
		for (size_t n = 1; n <= EXACT_WORDS_MAX && n <= seen && e->lengths >> (n - 1) != 0; n++) {
			if ((e->lengths >> (n - 1) & 1) == 0)
				continue;
			uint64_t hash = 0;
			for (size_t i = k + 1 - n; i <= k; i++)
				hash = mix(hash, ring[i % EXACT_WORDS_MAX].hash);
			if (contains(e, hash))
				emit(arg, ring[(k + 1 - n) % EXACT_WORDS_MAX].start, w.end);
		}
	}
	explicit_bzero(&w, sizeof w);
}

void exact_describe(const struct exact *e, void (*add)(void *arg, struct span bytes), void *arg)
{
	add(arg, span_of(e->key, sizeof e->key));
	add(arg, span_of(e->slots, e->n_slots * sizeof *e->slots));
}
