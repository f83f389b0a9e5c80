#include "classifiers/reading.h"

#include "classifiers/scan.h"
#include "classifiers/window.h"

enum { SINGLES_MIN = 6, GAP_MAX = 3 };

static bool blank(uint8_t b)
{
	return b == ' ' || b == '\t' || b == '\n' || b == '\r';
}

static bool separator(uint8_t b)
{
	return blank(b) || (b != 0 && strchr(".-_,/|*+:;~", b) != NULL);
}

/* A run of units, one character each, parted by blanks: what is between the blanks stays ("j . d o e @"). */
static size_t blank_run(struct span t, size_t at, size_t *units)
{
	size_t end = at;
	*units = 0;
	for (size_t i = at; i < t.n && !blank(t.p[i]);) {
		size_t next = i + 1;
		if (next < t.n && !blank(t.p[next]))
			break;
		(*units)++;
		end = next;
		while (next < t.n && blank(t.p[next]) && next - end < GAP_MAX)
			next++;
		if (next == end)
			break;
		i = next;
	}
	return end;
}

/* Single letters or digits parted by the same punctuation. */
static size_t punctuated_run(struct span t, size_t at, size_t *units)
{
	size_t end = at;
	*units = 0;
	uint8_t mark = 0;
	for (size_t i = at; i < t.n && ascii_alnum(t.p[i]);) {
		if (i + 1 < t.n && ascii_alnum(t.p[i + 1]))
			break;
		(*units)++;
		end = i + 1;
		if (end >= t.n || !separator(t.p[end]) || blank(t.p[end]) || (mark != 0 && t.p[end] != mark))
			break;
		mark = t.p[end];
		i = end + 1;
		i += i < t.n && t.p[i] == ' ';
	}
	return end;
}

/* Copies [at, end) without its separators; the character in front of each carries the gap. */
static void squeeze(struct window *w, size_t at, size_t end, bool blanks_only)
{
	window_change(w, at, end);
	struct span t = w->src->text;
	for (size_t i = at; i < end; i++) {
		if (blanks_only ? blank(t.p[i]) : separator(t.p[i]))
			continue;
		size_t to = i + 1;
		while (to < end && (blanks_only ? blank(t.p[to]) : separator(t.p[to])))
			to++;
		reading_add(w->out, t.p[i], source_origin(w->src, i, i + 1), to > i + 1 ? CHANGE_JOINED : CHANGE_NONE);
	}
}

/* The run that starts at i: where it ends, or i if there is none long enough. */
static size_t run_at(struct span t, size_t i, bool *blanks_only)
{
	bool sign = t.p[i] == '+' || t.p[i] == '(';
	if (!ascii_alnum(t.p[i]) && !sign)
		return i;
	if (i > 0 && ascii_alnum(t.p[i - 1]))
		return i;
	if (i + 1 < t.n && ascii_alnum(t.p[i + 1]))
		return i;
	size_t units, end = blank_run(t, i, &units);
	*blanks_only = true;
	if (units >= SINGLES_MIN)
		return end;
	*blanks_only = false;
	end = punctuated_run(t, i, &units);
	return units >= SINGLES_MIN ? end : i;
}

/* A plus or bracket in front belongs to the number. */
static size_t with_sign(struct span t, size_t start, size_t least)
{
	size_t at = start;
	if (at > least && t.p[at - 1] == ' ')
		at--;
	return at > least && (t.p[at - 1] == '+' || t.p[at - 1] == '(') ? at - 1 : start;
}

void read_squeezed(const struct source *src, struct reading *r)
{
	struct window w = window_of(src, r);
	struct span t = src->text;
	size_t next = 0;
	for (size_t i = 0; i < t.n;) {
		if (src->starts != NULL) {
			while (next < src->n_starts && src->starts[next] < i)
				next++;
			if (next == src->n_starts)
				break;
			/* A sign in front belongs to the number. */
			i = with_sign(t, src->starts[next++], i);
		}
		bool blanks_only;
		size_t end = run_at(t, i, &blanks_only);
		if (end == i) {
			i++;
			continue;
		}
		squeeze(&w, i, end, blanks_only);
		i = end;
	}
	window_end(&w);
}
