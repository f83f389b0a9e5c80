/* What stands around a number that no word explains: a path, arithmetic, the rest of a table of numbers. */
#include "classifiers/digits.h"
#include "classifiers/scan.h"

enum { REACH = 48, LONG_NUMBER = 5, PENALTY = 40 };

static bool blank(uint8_t b)
{
	return b == ' ' || b == '\t';
}

/* The first byte in front of at that is no blank; 0 at the start of the line. */
static uint8_t sign_before(struct span t, size_t at)
{
	while (at > 0 && blank(t.p[at - 1]))
		at--;
	return at > 0 && t.p[at - 1] != '\n' ? t.p[at - 1] : 0;
}

static uint8_t sign_behind(struct span t, size_t at)
{
	while (at < t.n && blank(t.p[at]))
		at++;
	return at < t.n && t.p[at] != '\n' ? t.p[at] : 0;
}

static bool one_of(uint8_t b, const char *signs)
{
	return b != 0 && strchr(signs, b) != NULL;
}

/* Parts of a URL or a path, terms of a formula, values of an assignment in a program. */
static bool in_code(struct span t, size_t start, size_t end)
{
	uint8_t left = start > 0 ? t.p[start - 1] : 0, right = end < t.n ? t.p[end] : 0;
	if (one_of(left, "/_=&?#") || one_of(right, "/_&?*^"))
		return true;
	uint8_t before = sign_before(t, start), behind = sign_behind(t, end);
	if (one_of(before, "*^%<>|") || one_of(behind, "*^%<>|"))
		return true;
	if (before == '=' && behind == 0)
		return true;
	/* "x = 1234;" "x[1234]" "- 1234 *" */
	return (one_of(before, "=[+-/") && one_of(behind, ";]+")) || (before == '/' && start > 1);
}

/* Words of five digits and more in the same line on one side; [from, to) is looked at. */
static unsigned numbers_in(struct span t, size_t from, size_t to)
{
	unsigned numbers = 0, digits = 0;
	for (size_t i = from; i < to; i++) {
		if (ascii_digit(t.p[i])) {
			digits++;
			continue;
		}
		numbers += digits >= LONG_NUMBER;
		digits = 0;
	}
	return numbers + (digits >= LONG_NUMBER);
}

static bool among_numbers(struct span t, size_t start, size_t end)
{
	size_t from = start, to = end;
	while (from > 0 && start - from < REACH && t.p[from - 1] != '\n')
		from--;
	while (to < t.n && to - end < REACH && t.p[to] != '\n')
		to++;
	return numbers_in(t, from, start) + numbers_in(t, end, to) >= 2;
}

/* "… 77DB 6786 7266 8305 8306 65C4 …": one more group of the same kind in front or behind. */
static bool in_groups(struct span t, size_t start, size_t end)
{
	size_t space = start;
	while (space < end && t.p[space] != ' ')
		space++;
	size_t size = space - start;
	if (space == end || size == 0 || size > 6)
		return false;
	size_t from = start, to = end;
	if (from > 1 && t.p[from - 1] == ' ')
		for (from--; from > 0 && ascii_alnum(t.p[from - 1]); from--)
			;
	if (to + 1 < t.n && t.p[to] == ' ')
		for (to++; to < t.n && ascii_alnum(t.p[to]); to++)
			;
	bool before = from < start && start - 1 - from == size && hex_word(t.p + from, size);
	bool behind = to > end && to - end - 1 == size && hex_word(t.p + end + 1, size);
	return before || behind;
}

unsigned neighbourhood_penalty(const struct scan *s, size_t start, size_t end)
{
	struct span t = s->text;
	return in_code(t, start, end) || among_numbers(t, start, end) || in_groups(t, start, end) ? PENALTY : 0;
}
