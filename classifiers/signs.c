#include "classifiers/signs.h"

#include "classifiers/reading.h"

#include <stdlib.h>

bool marks_start(struct marks *m, size_t length)
{
	size_t n = (length + SIGNS_BYTES - 1) / SIGNS_BYTES;
	if (n > m->cap) {
		uint16_t *v = realloc(m->v, n * sizeof *v);
		if (v == NULL)
			return false;
		m->v = v;
		m->cap = n;
	}
	m->n = n;
	if (n > 0)
		memset(m->v, 0, n * sizeof *m->v);
	return true;
}

void marks_fini(struct marks *m)
{
	free(m->v);
	*m = (struct marks){0};
}

size_t marks_next(const struct marks *m, unsigned signs, size_t from)
{
	while (from < m->n && (m->v[from] & signs) == 0)
		from++;
	return from;
}

void signs_note(struct scan *s, enum sign sign, size_t at, size_t end)
{
	s->signs |= sign;
	if (s->marks == NULL)
		return;
	for (size_t i = at / SIGNS_BYTES; i <= (end - 1) / SIGNS_BYTES; i++)
		s->marks->v[i] |= (uint16_t)sign;
}

static bool mixed(const uint8_t *p, size_t n)
{
	for (size_t i = 1; i < n; i++)
		if (p[i] < 'a')
			return true;
	return false;
}

static void note_start(struct scan *s, enum sign sign, size_t at)
{
	signs_note(s, sign, at, at + 1);
	/* Two kinds of runs may take turns. */
	for (size_t i = 1; i <= 2 && i <= s->n_starts && s->n_starts <= SCAN_STARTS; i++)
		if (s->starts[s->n_starts - i] == at)
			return;
	if (s->n_starts < SCAN_STARTS)
		s->starts[s->n_starts] = (uint32_t)at;
	s->n_starts += s->n_starts <= SCAN_STARTS;
}

/* "4a" or "0x4a". */
static bool byte_word(const uint8_t *p, size_t n)
{
	return (n == 2 && hex_word(p, n)) || (n == 4 && p[0] == '0' && (p[1] | 32) == 'x' && hex_word(p + 2, 2));
}

void signs_word(struct scan *s, struct runs *r, size_t at, size_t end, unsigned kind, unsigned want)
{
	size_t n = end - at;
	bool group = (kind & HAS_DIGIT) != 0 && n <= 6;
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
	if ((want & SEES_SPELLED) != 0 && r->spelled++ == 0)
		r->spelled_at = at;
	else if ((want & SEES_SPELLED) == 0 && n > 2) /* letters beyond ASCII cut their word in pieces */
		r->spelled = 0;
	if (r->singles >= 6)
		note_start(s, SIGN_SINGLES, r->singles_at);
	/* What is inside a number found for certain is not taken apart. */
	if (r->groups >= 2 && r->digits >= 6 && at >= s->masked)
		note_start(s, SIGN_GROUPS, r->groups_at);
	if (r->spelled >= 5)
		signs_note(s, SIGN_SPELLED, r->spelled == 5 ? r->spelled_at : at, end);
	r->pairs = byte_word(s->text.p + at, n) ? r->pairs + 1 : 0;
	if (r->pairs >= 6)
		signs_note(s, SIGN_PAIRS, at, end);
	if ((want & SEES_DEFANGED) != 0)
		signs_note(s, SIGN_DEFANGED, at, end);
	if ((want & SEES_UNDO) != 0 && asks_to_undo(s->text, at))
		signs_note(s, SIGN_UNDO, at, end);
	if (n >= ((kind & HAS_DIGIT) != 0 ? 7 : 11) && mixed(s->text.p + at, n))
		signs_note(s, SIGN_ENCODED, at, end);
}

void signs_ordinary(struct runs *r)
{
	r->singles = r->groups = r->spelled = r->pairs = 0;
}

/* "at]", ".)", "dot}": a word or sign for '@' or '.' with a bracket behind it. */
static bool bracketed(struct span t)
{
	static const struct span words[] = {SPAN("at"),    SPAN("dot"),   SPAN("@"),    SPAN("."),
					    SPAN("punkt"), SPAN("punto"), SPAN("point")};
	size_t n = 0;
	while (n < t.n && n < 6 && (ascii_letter(t.p[n]) || t.p[n] == '.' || t.p[n] == '@'))
		n++;
	if (n == 0 || n == t.n || (t.p[n] != ']' && t.p[n] != ')' && t.p[n] != '}'))
		return false;
	for (size_t i = 0; i < sizeof words / sizeof *words; i++)
		if (span_eq_nocase(span_sub(t, 0, n), words[i]))
			return true;
	return false;
}

static bool says_join(struct span t)
{
	return memmem(t.p, t.n, "join", 4) != NULL || memmem(t.p, t.n, "concat", 6) != NULL;
}

/* Asked once a text, if at all. */
static bool lists_are_joined(struct scan *s)
{
	if (s->joins == JOINS_UNKNOWN)
		s->joins = says_join(s->text) ? JOINS_LISTS : JOINS_NONE;
	return s->joins == JOINS_LISTS;
}

/* Does a literal end at the quote and the next begin behind it, with no more than an operator between them? */
static bool literal_goes_on(struct scan *s, size_t at)
{
	enum { REACH = 48 };
	struct span t = s->text;
	uint8_t joiner = 0;
	for (size_t i = at + 1; i < t.n && i - at < REACH; i++) {
		uint8_t b = t.p[i];
		bool sign = b == '+' || b == '.' || b == '&' || b == ',';
		if (b == '"' || b == '\'' || b == '`')
			return i > at + 1 && (joiner != ',' || lists_are_joined(s));
		if (b != ' ' && b != '\t' && b != '\n' && b != '\r' && (!sign || joiner != 0))
			return false;
		joiner = sign ? b : joiner;
	}
	return false;
}

/* Does what begins there with '%', '=', '&' or a backslash look like an escape? */
static bool escapes(struct span t, size_t at)
{
	uint8_t next = at + 1 < t.n ? t.p[at + 1] : 0;
	if (ascii_alnum(next))
		return true;
	if (t.p[at] == '%' || t.p[at] == '=')
		return next == '\n' || next == '\r';
	return next == '#' || next == '"' || next == '\\';
}

static void colon(struct scan *s, size_t at)
{
	const uint8_t *p = s->text.p;
	size_t n = s->text.n;
	if (at + 2 < n && p[at + 1] == '/' && p[at + 2] == '/')
		lex_url(s, at);
	else if (at + 1 < n && p[at + 1] == ':' && (at == 0 || (!ascii_alnum(p[at - 1]) && p[at - 1] != ':')))
		lex_network(s, at);
}

void signs_byte(struct scan *s, size_t at)
{
	struct span t = s->text;
	switch (t.p[at]) {
	case '@':
		lex_email(s, at);
		break;
	case '~':
		lex_tilde(s, at);
		break;
	case ':':
		colon(s, at);
		break;
	case '"':
	case '\'':
	case '`':
		if (literal_goes_on(s, at))
			signs_note(s, SIGN_LITERALS, at, at + 1);
		break;
	case '%':
	case '=':
	case '&':
	case '\\':
		if (escapes(t, at))
			signs_note(s, SIGN_ESCAPE, at, at + 1);
		break;
	default:
		if (bracketed(span_sub(t, at + 1, t.n)))
			signs_note(s, SIGN_DEFANGED, at, at + 1);
	}
}
