#include "classifiers/context.h"

#include "base/utf8.h"

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

enum { TERM_WORDS = 20, WINDOW_WORDS = 96, TABLE = 4096, TERMS = 3000 };

struct term {
	uint32_t hash[TERM_WORDS];
	uint16_t slot; /* detector or CONTEXT_NEGATIVE */
	uint8_t n;
	int16_t next; /* in the bucket of the first word; -1 ends it */
};

struct context_words {
	int16_t bucket[TABLE];
	struct term terms[TERMS];
	size_t n;
};

struct word {
	uint32_t hash;
	uint32_t start, end;
};

/* Beyond ASCII. */
static uint32_t lower(uint32_t cp)
{
	if (cp >= 0xc0 && cp <= 0xde && cp != 0xd7)
		return cp + 32;
	if ((cp >= 0x100 && cp <= 0x137) || (cp >= 0x14a && cp <= 0x177))
		return cp | 1;
	if ((cp >= 0x139 && cp <= 0x148) || (cp >= 0x179 && cp <= 0x17e))
		return cp + (cp & 1);
	if (cp >= 0x391 && cp <= 0x3a9)
		return cp + 32;
	if (cp >= 0x410 && cp <= 0x42f)
		return cp + 32;
	if (cp >= 0x400 && cp <= 0x40f)
		return cp + 80;
	return cp;
}

/* Scripts written without spaces: each character is a word of its own. */
static bool unspaced(uint32_t cp)
{
	return (cp >= 0x0e00 && cp <= 0x0eff) || (cp >= 0x1100 && cp <= 0x11ff) || (cp >= 0x3040 && cp <= 0x9fff) ||
	       (cp >= 0xac00 && cp <= 0xd7a3) || (cp >= 0x20000 && cp <= 0x3ffff);
}

static bool letter(uint32_t cp)
{
	if (cp < 0xc0)
		return cp == 0xaa || cp == 0xb5 || cp == 0xba;
	return !(cp >= 0x2000 && cp <= 0x206f) && !(cp >= 0x3000 && cp <= 0x303f) && !(cp >= 0xff00 && cp <= 0xff0f) &&
	       cp != 0xff1a && cp != 0xfeff;
}

static uint32_t mix(uint32_t hash, uint32_t cp)
{
	return (hash ^ cp) * 0x01000193u + (cp << 7 | hash >> 21);
}

/* Plural s does not make another word. */
static uint32_t close_word(uint32_t hash, uint32_t without_last, uint32_t last, size_t length)
{
	return last == 's' && length > 3 ? without_last : hash;
}

/* Cutting text into words, one character after the other. Camel case splits. */
struct cutter {
	struct word *v;
	size_t n, max;
	size_t start, length;
	uint32_t hash, shorter, last;
	bool was_lower;
};

static void cut(struct cutter *c, size_t at)
{
	if (c->length > 0 && c->n < c->max)
		c->v[c->n++] = (struct word){close_word(c->hash, c->shorter, c->last, c->length), (uint32_t)c->start,
					     (uint32_t)at};
	c->length = 0;
}

static void extend(struct cutter *c, uint32_t cp, size_t at)
{
	if (c->length++ == 0) {
		c->start = at;
		c->hash = 0x811c9dc5u;
	}
	c->shorter = c->hash;
	c->last = cp;
	c->hash = mix(c->hash, cp);
}

static void cut_ascii(struct cutter *c, uint8_t b, size_t at)
{
	bool upper = b >= 'A' && b <= 'Z', low = b >= 'a' && b <= 'z';
	if (!low && !upper && !(b >= '0' && b <= '9')) {
		cut(c, at);
	} else {
		if (upper && c->was_lower)
			cut(c, at);
		extend(c, upper ? b + 32u : b, at);
	}
	c->was_lower = low;
}

/* The words of text, at most max, into v. */
static size_t words_of(struct span text, struct word *v, size_t max)
{
	struct cutter c = {.v = v, .max = max};
	for (size_t i = 0; i < text.n && c.n < max;) {
		uint32_t cp;
		if (text.p[i] < 0x80) {
			cut_ascii(&c, text.p[i], i);
			i++;
			continue;
		}
		size_t step = utf8_decode(span_sub(text, i, text.n), &cp);
		c.was_lower = false;
		if (step == 0 || !letter(cp) || unspaced(cp))
			cut(&c, i);
		if (step != 0 && letter(cp) && unspaced(cp)) {
			extend(&c, cp, i);
			c.last = 0;
			cut(&c, i + step);
		} else if (step != 0 && letter(cp)) {
			extend(&c, lower(cp), i);
		}
		i += step == 0 ? 1 : step;
	}
	cut(&c, text.n);
	return c.n;
}

static void add_term(struct context_words *w, const struct word *words, size_t n, unsigned slot)
{
	if (n == 0 || n > TERM_WORDS || w->n == TERMS)
		return;
	struct term *t = &w->terms[w->n];
	int16_t *head = &w->bucket[words[0].hash % TABLE];
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

struct context_words *context_words_new(void)
{
	struct context_words *w = malloc(sizeof *w);
	if (w == NULL)
		return NULL;
	w->n = 0;
	for (size_t i = 0; i < TABLE; i++)
		w->bucket[i] = -1;
	for (unsigned d = 0; d < DETECTOR_COUNT; d++)
		add_terms(w, detector_info((enum detector_id)d)->context, d);
	add_terms(w, negative_words, CONTEXT_NEGATIVE);
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

static void collect(const struct context_words *w, struct span text, const struct word *words, size_t n, bool before,
		    bool key, struct context_near *near)
{
	for (size_t i = 0; i < n; i++) {
		for (int at = w->bucket[words[i].hash % TABLE]; at >= 0; at = w->terms[at].next) {
			const struct term *t = &w->terms[at];
			size_t k = 0;
			while (k < t->n && i + k < n && words[i + k].hash == t->hash[k])
				k++;
			if (k < t->n)
				continue;
			size_t distance = before ? text.n - words[i + k - 1].end : words[i].start;
			uint8_t v = key ? CONTEXT_NEAREST : nearness(distance, before);
			if (v > near->v[t->slot])
				near->v[t->slot] = v;
		}
	}
}

void context_collect(const struct context_words *w, struct span text, bool before, struct context_near *near)
{
	struct word words[WINDOW_WORDS];
	if (before) {
		size_t from = text.n > CONTEXT_BEFORE ? text.n - CONTEXT_BEFORE : 0;
		/* Not across a paragraph's end, nor from the middle of a word. */
		for (size_t i = text.n; i > from + 1; i--)
			if (text.p[i - 1] == '\n' && text.p[i - 2] == '\n') {
				from = i;
				break;
			}
		while (from > 0 && from < text.n && text.p[from] != ' ' && text.p[from - 1] > ' ' &&
		       text.p[from] < 0x80)
			from++;
		text = span_sub(text, from, text.n);
	} else {
		size_t to = text.n > CONTEXT_AFTER ? CONTEXT_AFTER : text.n;
		const uint8_t *line = memchr(text.p, '\n', to);
		text.n = line == NULL ? to : (size_t)(line - text.p);
	}
	collect(w, text, words, words_of(text, words, WINDOW_WORDS), before, false, near);
}

void context_collect_key(const struct context_words *w, struct span key, struct context_near *near)
{
	struct word words[WINDOW_WORDS];
	if (key.n > 4 * CONTEXT_BEFORE)
		key.n = 4 * CONTEXT_BEFORE;
	collect(w, key, words, words_of(key, words, WINDOW_WORDS), true, true, near);
}
