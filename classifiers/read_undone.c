/* What the text asks to undo: ROT13, and lines or numbers written backwards. Only where a word asks for it: read so,
 * any text says something. */
#include "classifiers/reading.h"

#include "base/utf8.h"
#include "classifiers/scan.h"

/* How far a hint reaches, in bytes before and behind it. */
enum { REACH_BEFORE = 1024, REACH_BEHIND = 4096, UNDO_MAX = 1 << 16 };

/* at: where in the hint the word begins that makes the scan ask (triggers.def). */
struct hint {
	const char *text;
	uint8_t at;
};
static const struct hint rotations[] = {{"rot13", 0}, {"rot-13", 0}, {"rot 13", 0}, {"caesar", 0}};
static const struct hint reversals[] = {
	{"reverse", 0},
	{"backward", 0},
	{"back to front", 0},
	{"mirrored", 0},
	{"r\xc3\xbc"
	 "ckw\xc3\xa4"
	 "rts",
	 3},
	{"umgekehr", 0},
	{"umgedreht", 0},
	{"\xc3\xa0 l'envers", 5},
	{"invers", 0},
	{"al rev\xc3\xa9s", 3},
	{"rovesci", 0},
	{"omgekeerd", 0},
	{"wspak", 0},
	{"invertid", 0},
};
enum { ROTATIONS = sizeof rotations / sizeof *rotations, REVERSALS = sizeof reversals / sizeof *reversals };

static bool stands_at(struct span t, size_t at, const char *hint)
{
	if ((t.p[at] | 32) != ((uint8_t)hint[0] | 32))
		return false;
	size_t n = strlen(hint);
	return t.n - at >= n && span_eq_nocase(span_of(t.p + at, n), span_of(hint, n));
}

static bool any_at(struct span t, size_t at, const struct hint *hints, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if ((t.p[at] | 32) == ((uint8_t)hints[i].text[hints[i].at] | 32) && at >= hints[i].at &&
		    stands_at(t, at - hints[i].at, hints[i].text))
			return true;
	return false;
}

bool asks_to_undo(struct span text, size_t at)
{
	return any_at(text, at, rotations, ROTATIONS) || any_at(text, at, reversals, REVERSALS);
}

/* From the first to the last hint and what lies in their reach; empty if there is none. */
static struct span asked(struct span t, const struct hint *hints, size_t n)
{
	bool begins[256] = {false};
	size_t first = t.n, last = 0;
	for (size_t i = 0; i < n; i++)
		begins[(uint8_t)hints[i].text[0] | 32] = true;
	for (size_t at = 0; at < t.n; at++) {
		if (!begins[t.p[at] | 32])
			continue;
		for (size_t i = 0; i < n; i++)
			if (stands_at(t, at, hints[i].text)) {
				first = at < first ? at : first;
				last = at;
			}
	}
	if (first == t.n)
		return SPAN_NULL;
	size_t from = first > REACH_BEFORE ? first - REACH_BEFORE : 0;
	size_t to = t.n - last > REACH_BEHIND ? last + REACH_BEHIND : t.n;
	to = to - from > UNDO_MAX ? from + UNDO_MAX : to;
	while (from > 0 && (t.p[from] & 0xc0) == 0x80)
		from--;
	while (to < t.n && (t.p[to] & 0xc0) == 0x80)
		to++;
	return span_sub(t, from, to);
}

static void part(const struct source *src, struct reading *r, size_t at)
{
	struct origin o = source_origin(src, at, at + 1);
	reading_add(r, '\n', o, CHANGE_DECODED);
	reading_add(r, '\n', o, CHANGE_DECODED);
}

static uint8_t rotated(uint8_t b)
{
	uint8_t low = b | 32;
	return low < 'a' || low > 'z' ? b : (uint8_t)(low < 'n' ? b + 13 : b - 13);
}

static void rotate(const struct source *src, struct reading *r)
{
	for (size_t i = 0; i < src->text.n; i++)
		reading_add(r, rotated(src->text.p[i]), source_origin(src, i, i + 1), CHANGE_DECODED);
}

/* Only words that look like values, so that the sentence around them keeps its context. */
static void rotate_values(const struct source *src, struct reading *r)
{
	enum { LONG = 15 };
	struct span t = src->text;
	for (size_t i = 0; i < t.n;) {
		size_t end = i;
		bool value = false, lower = false;
		for (; end < t.n && t.p[end] > ' '; end++) {
			value = value || ascii_digit(t.p[end]) || t.p[end] == '@' || t.p[end] == '_' || t.p[end] == '/';
			lower = lower || t.p[end] >= 'a';
		}
		value = value || end - i >= LONG || (!lower && end - i > 3);
		for (; i < end || (i == end && i < t.n); i++)
			reading_add(r, value && i < end ? rotated(t.p[i]) : t.p[i], source_origin(src, i, i + 1),
				    value && i < end ? CHANGE_DECODED : CHANGE_NONE);
	}
}

/* [at, end) from its end, by code points. */
static void turn(const struct source *src, struct reading *r, size_t at, size_t end)
{
	const uint8_t *p = src->text.p;
	for (size_t i = end; i > at;) {
		size_t to = i--;
		while (i > at && (p[i] & 0xc0) == 0x80)
			i--;
		for (size_t k = i; k < to; k++)
			reading_add(r, p[k], source_origin(src, i, to), CHANGE_DECODED);
	}
}

static bool telling(uint8_t b)
{
	return ascii_digit(b) || b == '@' || b == '/' || b == ':';
}

/* Words with a digit or the signs of an address, with what stands between them: "7646 3430 8841 9354". */
static size_t value_end(struct span t, size_t at)
{
	size_t end = at;
	for (size_t i = at; i < t.n && t.p[i] != '\n';) {
		bool tells = false;
		size_t from = i;
		for (; i < t.n && t.p[i] > ' '; i++)
			tells = tells || telling(t.p[i]);
		if (!tells || (t.p[i - 1] == ':' && i - from > 1)) /* "PESEL:" is a word of the sentence */
			break;
		end = i;
		while (i < t.n && t.p[i] == ' ')
			i++;
	}
	return end;
}

static void turn_values(const struct source *src, struct reading *r)
{
	struct span t = src->text;
	for (size_t i = 0; i < t.n;) {
		size_t end = i == 0 || t.p[i - 1] <= ' ' ? value_end(t, i) : i;
		if (end > i) {
			turn(src, r, i, end);
			i = end;
			continue;
		}
		reading_add(r, t.p[i], source_origin(src, i, i + 1), CHANGE_NONE);
		i++;
	}
}

static void turn_lines(const struct source *src, struct reading *r)
{
	struct span t = src->text;
	for (size_t i = 0; i < t.n;) {
		size_t end = i + span_find(span_sub(t, i, t.n), '\n');
		turn(src, r, i, end);
		if (end < t.n)
			reading_add(r, '\n', source_origin(src, end, end + 1), CHANGE_DECODED);
		i = end + 1;
	}
}

static struct source part_of(const struct source *src, struct span part)
{
	struct source s = {.text = part, .from = src->from, .base = src->base};
	size_t skip = (size_t)(part.p - src->text.p);
	if (src->from == NULL)
		s.base += skip;
	else
		s.from += skip;
	return s;
}

void read_undone(const struct source *src, struct reading *r)
{
	struct span turned = asked(src->text, rotations, ROTATIONS);
	if (turned.n > 0) {
		struct source near = part_of(src, turned);
		rotate(&near, r);
		part(&near, r, turned.n - 1);
		rotate_values(&near, r);
		part(&near, r, turned.n - 1);
	}
	turned = asked(src->text, reversals, REVERSALS);
	if (turned.n > 0) {
		struct source near = part_of(src, turned);
		turn_lines(&near, r);
		part(&near, r, turned.n - 1);
		turn_values(&near, r);
	}
}
