#include "classifiers/context.h"

#include "classifiers/prefilter.h"
#include "classifiers/words.h"

#include <stdlib.h>

/* Words that make a number an order, a version, a time… rather than a person's. */
static const char negative_words[] =
	"order|order no|order number|invoice|isbn|issn|ean|upc|gtin|asin|version|tracking|tracking "
	"number|ticket|sku|part number|"
	"part no|article|model|build|commit|hash|sha|sha1|sha256|md5|uuid|guid|timestamp|epoch|unix "
	"time|port|pid|offset|line|"
	"revision|rev|release|issue|bug|pull "
	"request|pr|checksum|seed|index|bytes|size|count|total|amount|price|quantity|qty|"
	"reference|ref|batch|lot|serial|catalog|doi|arxiv|pmid|rfc|request id|trace id|span id|job id|run "
	"id|transaction|"
	"receipt|quote|purchase|shipment|parcel|container|flight|booking|example|dummy|sample|random|section|sections|"
	"chapter|clause|paragraph|figure|table|page|appendix|"
	"Bestellnummer|Bestellung|Rechnung|Rechnungsnummer|Auftragsnummer|Artikelnummer|Sendungsnummer|Seriennummer|"
	"Lieferschein|"
	"commande|facture|numéro de "
	"commande|référence|colis|suivi|pedido|factura|referencia|envío|ordine|fattura|spedizione|"
	"bestelling|factuur|bestelnummer|zamówienie|faktura|numer zamówienia|encomenda|fatura|nota fiscal";

enum { TERM_WORDS = 20, WINDOW_WORDS = 96, TABLE = 4096, TERMS = 3000, FIRST_BITS = 1 << 15, TERM_BYTES = 128 };

struct term {
	uint32_t hash[TERM_WORDS];
	uint16_t slot; /* detector or CONTEXT_NEGATIVE */
	uint8_t n;
	int16_t next; /* in the bucket of the first word; -1 ends it */
};

struct context_words {
	uint64_t first[FIRST_BITS / 64]; /* a bit by hash: is it the first word of a term? */
	int16_t bucket[TABLE];
	struct term terms[TERMS];
	size_t n;
	bool number[CONTEXT_SLOTS];  /* detectors of numbers that may be written in groups */
	bool figures[CONTEXT_SLOTS]; /* of these, of digits alone */
};

static void add_term(struct context_words *w, const struct word *words, size_t n, unsigned slot)
{
	if (n == 0 || n > TERM_WORDS || w->n == TERMS)
		return;
	struct term *t = &w->terms[w->n];
	int16_t *head = &w->bucket[words[0].hash % TABLE];
	w->first[words[0].hash % FIRST_BITS / 64] |= (uint64_t)1 << words[0].hash % 64;
	*t = (struct term){.slot = (uint16_t)slot, .n = (uint8_t)n, .next = *head};
	for (size_t i = 0; i < n; i++)
		t->hash[i] = words[i].hash;
	*head = (int16_t)w->n++;
}

static void add_terms(struct context_words *w, const char *list, unsigned slot)
{
	while (*list != '\0') {
		size_t len = strcspn(list, "|");
		struct word words[TERM_WORDS + 1];
		size_t n = words_of(span_of(list, len), words, TERM_WORDS + 1);
		add_term(w, words, n, slot);
		if (n > 1 && len < 64) { /* "phone number" is also phonenumber, "IdNr" also idnr */
			char joined[64];
			size_t k = 0;
			for (size_t i = 0; i < len; i++)
				if (strchr(" -._'", list[i]) == NULL)
					joined[k++] = (char)(list[i] >= 'A' && list[i] <= 'Z' ? list[i] + 32 : list[i]);
			if (k > 3 && words_of(span_of(joined, k), words, TERM_WORDS + 1) == 1)
				add_term(w, words, 1, slot);
		}
		list += len + (list[len] == '|');
	}
}

/* May an identifier of that layout be digits alone? */
static bool of_figures(const char *layout)
{
	bool figures = *layout != '\0', set = false, digit = false;
	for (const char *p = layout; *p != '\0'; p++) {
		if (*p == '|' && figures)
			return true;
		if (*p == '|') {
			figures = true;
		} else if (*p == '[') {
			set = true;
			digit = strchr(" -./", p[1]) != NULL; /* separators */
		} else if (*p == ']') {
			figures = figures && digit;
			set = false;
		} else if (set) {
			digit = digit || ascii_digit((uint8_t)*p);
		} else {
			figures = figures && *p != '@' && !ascii_letter((uint8_t)*p);
		}
	}
	return figures;
}

struct context_words *context_words_new(void)
{
	struct context_words *w = calloc(1, sizeof *w);
	if (w == NULL)
		return NULL;
	for (size_t i = 0; i < TABLE; i++)
		w->bucket[i] = -1;
	for (unsigned d = 0; d < DETECTOR_COUNT; d++)
		add_terms(w, detector_info((enum detector_id)d)->context, d);
	add_terms(w, negative_words, CONTEXT_NEGATIVE);
	for (unsigned d = 0; d < DETECTOR_COUNT; d++) {
		enum detector_family family = detector_info((enum detector_id)d)->family;
		bool shape = family == FAMILY_SHAPE;
		w->number[d] = shape || family == FAMILY_CONTACT || family == FAMILY_FINANCE || family == FAMILY_HEALTH;
		w->figures[d] =
			family == FAMILY_CONTACT || (shape && of_figures(detector_info((enum detector_id)d)->layout));
	}
	return w;
}

void context_words_free(struct context_words *w)
{
	free(w);
}

static uint8_t nearness(size_t distance, bool before)
{
	if (!before)
		return distance <= 16 ? 13 : 10;
	return distance <= 32 ? CONTEXT_NEAREST : distance <= 64 ? 12 : 9;
}

static bool may_begin(const struct context_words *w, uint32_t hash)
{
	return (w->first[hash % FIRST_BITS / 64] >> hash % 64 & 1) != 0;
}

/* What may speak for a candidate in front of it: not across a paragraph's end, nor from the middle of a word. */
static struct span reach_before(struct span text)
{
	size_t from = text.n > CONTEXT_BEFORE ? text.n - CONTEXT_BEFORE : 0;
	for (size_t n = text.n - from; n > 1;) {
		const uint8_t *line = memrchr(text.p + from + 1, '\n', n - 1);
		if (line == NULL)
			break;
		n = (size_t)(line - text.p) - from;
		if (line[-1] == '\n') {
			from += n + 1;
			break;
		}
	}
	while (from > 0 && from < text.n && text.p[from] != ' ' && text.p[from - 1] > ' ' && text.p[from] < 0x80)
		from++;
	return span_sub(text, from, text.n);
}

/* And behind it: in the same line. */
static struct span reach_behind(struct span text)
{
	size_t to = text.n > CONTEXT_AFTER ? CONTEXT_AFTER : text.n;
	const uint8_t *line = memchr(text.p, '\n', to);
	return span_sub(text, 0, line == NULL ? to : (size_t)(line - text.p));
}

/* ---- the terms around a place, found once for all candidates there ---- */

static bool wordish(uint8_t b)
{
	return b >= 0x80 || ascii_alnum(b);
}

static void keep_hit(struct context_index *x, struct context_hit h)
{
	if (x->n == CONTEXT_HITS) {
		x->from = (size_t)x->v[x->first].start + 1;
		x->first = (x->first + 1) % CONTEXT_HITS;
		x->n--;
	}
	x->v[(x->first + x->n++) % CONTEXT_HITS] = h;
}

/* Terms that the words begin with; they were cut from the text at at. false: some may need more words. */
static bool find_terms(const struct context_words *w, struct context_index *x, size_t at, const struct word *words,
		       size_t n)
{
	bool complete = true;
	for (int k = w->bucket[words[0].hash % TABLE]; k >= 0; k = w->terms[k].next) {
		const struct term *t = &w->terms[k];
		size_t same = 0;
		while (same < t->n && same < n && words[same].hash == t->hash[same])
			same++;
		if (same < t->n) {
			complete = complete && same < n;
			continue;
		}
		keep_hit(x, (struct context_hit){.start = (uint32_t)(at + words[0].start),
						 .end = (uint32_t)(at + words[same - 1].end),
						 .slot = t->slot});
	}
	return complete;
}

/* Where a piece of about a hundred bytes from at may end: not within a word, unless that is very long. */
static size_t piece_end(struct span text, size_t at)
{
	enum { PIECE = 112, WORD_LONG = 16, WORD_MAX = 512 };
	if (text.n - at <= PIECE)
		return text.n;
	size_t end = at + PIECE, most = text.n - end > WORD_MAX ? end + WORD_MAX : text.n;
	for (size_t i = end; i < most && i - end < WORD_LONG; i++)
		if (!wordish(text.p[i]))
			return i;
	for (size_t i = end; i > at + 1; i--)
		if (!wordish(text.p[i - 1]))
			return i;
	while (end < most && wordish(text.p[end]))
		end++;
	while (end < text.n && (text.p[end] & 0xc0) == 0x80)
		end++;
	return end;
}

static size_t index_piece(const struct context_words *w, struct context_index *x, struct span text)
{
	struct word words[WINDOW_WORDS];
	size_t at = x->upto, end = piece_end(text, at);
	size_t n = words_of(span_sub(text, at, end), words, WINDOW_WORDS);
	for (size_t i = 0; i < n; i++) {
		if (!may_begin(w, words[i].hash))
			continue;
		unsigned before = x->n;
		if (find_terms(w, x, at, words + i, n - i))
			continue;
		/* The rest of a term lies behind this piece. */
		struct word more[TERM_WORDS];
		size_t from = at + words[i].start;
		size_t most = text.n - from > TERM_BYTES ? from + TERM_BYTES : text.n;
		size_t k = words_of(span_sub(text, from, most), more, TERM_WORDS);
		x->n = before < x->n ? before : x->n;
		(void)find_terms(w, x, from, more, k);
	}
	x->upto = end;
	return end - at;
}

/* All terms that begin in [from, to) are to be in the index. Returns the bytes looked at. */
static size_t index_reach(const struct context_words *w, struct context_index *x, struct span text, size_t from,
			  size_t to)
{
	enum { BACK = 64 };
	size_t steps = 0;
	if (from < x->from || from > x->upto) {
		size_t start = from;
		while (start > 0 && from - start < BACK && wordish(text.p[start - 1]))
			start--;
		while (start < text.n && (text.p[start] & 0xc0) == 0x80)
			start++;
		*x = (struct context_index){.from = start, .upto = start};
	}
	while (x->upto < to)
		steps += index_piece(w, x, text);
	return steps;
}

size_t context_around(const struct context_words *w, struct context_index *x, struct span text, size_t start,
		      size_t end, struct context_near *near)
{
	size_t from = start - reach_before(span_sub(text, 0, start)).n;
	size_t to = end + reach_behind(span_sub(text, end, text.n)).n;
	size_t steps = index_reach(w, x, text, from, to);
	for (unsigned i = 0; i < x->n; i++) {
		const struct context_hit *h = &x->v[(x->first + i) % CONTEXT_HITS];
		uint8_t v = 0;
		if (h->start >= from && h->end <= start)
			v = nearness(start - h->end, true);
		else if (h->start >= end && h->end <= to)
			v = nearness(h->start - end, false);
		if (v > near->v[h->slot])
			near->v[h->slot] = v;
	}
	return steps;
}

bool context_of_number(const struct context_words *w, struct context_index *x, struct span text, size_t start,
		       size_t end, bool letters)
{
	const bool *speaks = letters ? w->number : w->figures;
	size_t from = start > 2 * CONTEXT_BEFORE ? start - 2 * CONTEXT_BEFORE : 0;
	size_t to = text.n - end > 2 * CONTEXT_AFTER ? end + 2 * CONTEXT_AFTER : text.n;
	(void)index_reach(w, x, text, from, to);
	/* Where there were more terms than the ring holds. */
	if (x->from > from)
		return true;
	for (unsigned i = 0; i < x->n; i++) {
		const struct context_hit *h = &x->v[(x->first + i) % CONTEXT_HITS];
		if (speaks[h->slot] && h->end > from && h->start < to)
			return true;
	}
	return false;
}

struct window {
	struct span text;
	bool before;
};

static struct span word_in(const struct context_words *w, unsigned slot, struct window x, size_t *distance)
{
	struct word words[WINDOW_WORDS];
	size_t n = words_of(x.text, words, WINDOW_WORDS);
	struct span best = SPAN_NULL;
	*distance = SIZE_MAX;
	for (size_t i = 0; i < n; i++)
		for (int at = w->bucket[words[i].hash % TABLE]; at >= 0; at = w->terms[at].next) {
			const struct term *t = &w->terms[at];
			size_t k = 0;
			while (k < t->n && i + k < n && words[i + k].hash == t->hash[k])
				k++;
			size_t far = k == 0 ? SIZE_MAX : x.before ? x.text.n - words[i + k - 1].end : words[i].start;
			if (k < t->n || t->slot != slot || far >= *distance)
				continue;
			*distance = far;
			best = span_sub(x.text, words[i].start, words[i + k - 1].end);
		}
	return best;
}

struct span context_word(const struct context_words *w, unsigned slot, struct span before, struct span behind)
{
	size_t left, right;
	struct span a = word_in(w, slot, (struct window){reach_before(before), true}, &left);
	struct span b = word_in(w, slot, (struct window){reach_behind(behind), false}, &right);
	return left <= right ? a : b;
}

void context_collect_key(const struct context_words *w, struct span key, struct context_near *near)
{
	struct word words[WINDOW_WORDS];
	if (key.n > 4 * CONTEXT_BEFORE)
		key.n = 4 * CONTEXT_BEFORE;
	size_t n = words_of(key, words, WINDOW_WORDS);
	for (size_t i = 0; i < n; i++) {
		if (!may_begin(w, words[i].hash))
			continue;
		struct context_index x = {0};
		(void)find_terms(w, &x, 0, words + i, n - i);
		for (unsigned k = 0; k < x.n; k++)
			near->v[x.v[(x.first + k) % CONTEXT_HITS].slot] = CONTEXT_NEAREST;
	}
}
