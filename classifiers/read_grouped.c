/* Numbers written in groups that are not their own: "85 03 15 12 34 4", "4539 | 1488 | 0343 | 6467". */
#include "classifiers/reading.h"

#include "classifiers/scan.h"
#include "classifiers/window.h"

enum {
	GROUP_MAX = 6,
	GAP_MAX = 16,
	TOTAL_MIN = 6,
	TOTAL_MAX = 34,
	DIGITS_MIN = 5,
	IRREGULAR_MAX = 9,
	BACK_MAX = 8,
	LETTERS_MAX = 4
};

/* A group: up to six letters and digits, capitals alone or with a digit among them. */
struct group {
	size_t start, end;
	bool digit;
	unsigned gap; /* the separators behind it: a bit each; 0: none, the chain ends */
	size_t next;  /* where the gap ends */
};

/* A bit for each kind of separator; line ends of either kind are one. */
static unsigned separator_bit(uint8_t b)
{
	static const uint16_t bits[256] = {
		[' '] = 1 << 0,  ['\t'] = 1 << 1, ['\n'] = 1 << 2, ['\r'] = 1 << 2, ['.'] = 1 << 4,
		['-'] = 1 << 5,  ['_'] = 1 << 6,  [','] = 1 << 7,  ['/'] = 1 << 8,  ['|'] = 1 << 9,
		['*'] = 1 << 10, [':'] = 1 << 11, [';'] = 1 << 12, ['+'] = 1 << 13,
	};
	return bits[b];
}

static void find_gap(struct span t, struct group *g)
{
	size_t i = g->end;
	g->gap = 0;
	for (; i < t.n && i - g->end < GAP_MAX; i++) {
		unsigned bit = separator_bit(t.p[i]);
		if (bit == 0)
			break;
		g->gap |= bit;
	}
	g->next = i;
}

static bool group_at(struct span t, size_t at, struct group *g)
{
	size_t i = at;
	bool digit = false, lower = false;
	for (; i < t.n && ascii_alnum(t.p[i]) && i - at <= GROUP_MAX; i++) {
		digit = digit || ascii_digit(t.p[i]);
		lower = lower || t.p[i] >= 'a';
	}
	if (i == at || i - at > GROUP_MAX || (lower && !digit))
		return false;
	*g = (struct group){.start = at, .end = i, .digit = digit};
	find_gap(t, g);
	return true;
}

struct run {
	size_t start, end;
	size_t groups, chars, digits;
	size_t first, last; /* sizes */
	bool regular;       /* all groups of one size, the last perhaps shorter */
};

static void run_add(struct span t, struct run *r, const struct group *g)
{
	size_t n = g->end - g->start;
	if (r->groups == 0) {
		*r = (struct run){.start = g->start, .first = n, .regular = true};
	} else if (r->last != r->first || n > r->first) {
		r->regular = false;
	}
	for (size_t i = g->start; i < g->end; i++)
		r->digits += ascii_digit(t.p[i]);
	r->chars += n;
	r->last = n;
	r->end = g->end;
	r->groups++;
}

static bool enough(const struct run *r)
{
	return r->groups >= 2 && r->chars >= TOTAL_MIN && r->chars <= TOTAL_MAX && r->digits >= DIGITS_MIN &&
	       2 * r->digits >= r->chars;
}

/* Dates and times are groups of their own right. */
static bool calendar(struct span t, const struct run *r)
{
	if (r->groups != 3 || r->digits != r->chars)
		return false;
	uint8_t mark = t.p[r->start + r->first];
	return r->chars <= 8 && (mark == '-' || mark == '.' || mark == '/' || mark == ':') &&
	       (r->first == 4 || r->last == 4 || (r->last == 2 && r->first == 2));
}

/* The groups from at on as far as they are of one size with one gap. */
static struct run regular_run(struct span t, size_t at)
{
	struct run r = {0};
	struct group g;
	unsigned gap = 0;
	for (size_t i = at; group_at(t, i, &g); i = g.next) {
		struct run more = r;
		run_add(t, &more, &g);
		if (!more.regular)
			break;
		r = more;
		if (g.gap == 0 || (gap != 0 && g.gap != gap) || g.next <= g.end)
			break;
		gap = g.gap;
	}
	return r;
}

/* The same of any sizes. */
static struct run irregular_run(struct span t, size_t at)
{
	struct run r = {0};
	struct group g;
	unsigned gap = 0;
	for (size_t i = at; r.chars <= TOTAL_MAX && group_at(t, i, &g); i = g.next) {
		run_add(t, &r, &g);
		if (g.gap == 0 || (gap != 0 && g.gap != gap) || g.next <= g.end)
			break;
		gap = g.gap;
	}
	return r;
}

static void add_groups(struct window *w, size_t start, size_t end)
{
	struct span t = w->src->text;
	struct group g;
	for (size_t i = start; i < end && group_at(t, i, &g); i = g.next)
		for (size_t k = g.start; k < g.end; k++)
			reading_add(w->out, t.p[k], source_origin(w->src, k, k + 1),
				    k + 1 == g.end && g.end < end ? CHANGE_JOINED : CHANGE_NONE);
}

/* Where groups in front of a run begin that its own gap parts: "NL 91 AB NA". */
static size_t with_letters(struct span t, const struct run *r, unsigned gap)
{
	size_t at = r->start;
	for (unsigned k = 0; k < BACK_MAX; k++) {
		unsigned seen = 0;
		size_t end = at;
		while (end > 0 && separator_bit(t.p[end - 1]) != 0 && at - end < GAP_MAX)
			seen |= separator_bit(t.p[--end]);
		size_t from = end;
		while (from > 0 && ascii_alnum(t.p[from - 1]) && t.p[from - 1] < 'a' && end - from <= LETTERS_MAX)
			from--;
		if (seen != gap || from == end || end - from > LETTERS_MAX || (from > 0 && ascii_alnum(t.p[from - 1])))
			break;
		at = from;
	}
	return at;
}

/* Numbers are worth reading only where a word speaks for one: the disguise makes chance matches likely, and without
 * context they would not count. Only what is long and has letters (IBANs, keys) may speak for itself. */
static bool worthwhile(const struct source *src, struct context_index *near, const struct run *r, size_t letters)
{
	enum { STRONG_MIN = 15 };
	bool mixed = r->digits < r->chars || letters < r->start;
	bool strong = mixed && r->chars + r->start - letters >= STRONG_MIN;
	return src->words == NULL || strong || context_of_number(src->words, near, src->text, letters, r->end, mixed);
}

/* The run in one word, and once more with the letters in front of it, which may be its own or a word. */
static void join(struct window *w, struct context_index *near, const struct run *r)
{
	struct span t = w->src->text;
	struct group g;
	size_t sign = r->start > w->copied && t.p[r->start - 1] == '+' ? 1 : 0;
	size_t letters = group_at(t, r->start, &g) && sign == 0 ? with_letters(t, r, g.gap) : r->start;
	if (!worthwhile(w->src, near, r, letters))
		return;
	window_change(w, r->start - sign, r->end);
	if (sign > 0)
		reading_add(w->out, '+', source_origin(w->src, r->start - 1, r->start), CHANGE_NONE);
	add_groups(w, r->start, r->end);
	if (letters == r->start)
		return;
	reading_add(w->out, ' ', source_origin(w->src, letters, letters + 1), CHANGE_JOINED);
	add_groups(w, letters, r->end);
}

/* A run that starts at the group at i, regular if there is one; r->groups == 0: none. */
static struct run run_at(struct span t, size_t i)
{
	struct run regular = regular_run(t, i), all = irregular_run(t, i);
	if (enough(&regular) && (regular.groups > 2 || regular.end == all.end))
		return regular;
	struct group g;
	if (!group_at(t, i, &g) || !enough(&all) || all.groups > IRREGULAR_MAX)
		return (struct run){0};
	struct run next = regular_run(t, g.next); /* a number of its own before the one in groups */
	return next.groups >= 3 && enough(&next) ? (struct run){0} : all;
}

/* The chain of groups at i, with whatever gaps; returns where it ends. */
static size_t read_chain(struct window *w, struct context_index *near, size_t i)
{
	struct span t = w->src->text;
	struct group g;
	while (i < t.n && group_at(t, i, &g)) {
		struct run r = g.digit ? run_at(t, i) : (struct run){0};
		if (r.groups > 0 && !calendar(t, &r))
			join(w, near, &r);
		struct run same = regular_run(t, i);
		size_t end = r.groups > 0 ? r.end : same.chars > TOTAL_MAX ? same.end : g.end;
		g.end = end;
		find_gap(t, &g);
		if (g.gap == 0 || g.next <= end)
			return end;
		i = g.next;
	}
	return i;
}

void read_grouped(const struct source *src, struct reading *r)
{
	struct window w = window_of(src, r);
	struct span t = src->text;
	struct context_index near = {0};
	size_t next = 0;
	for (size_t i = 0; i < t.n;) {
		if (src->starts != NULL) {
			while (next < src->n_starts && src->starts[next] < i)
				next++;
			if (next == src->n_starts)
				break;
			i = src->starts[next] > i ? src->starts[next] : i;
			next++;
		} else if (!ascii_alnum(t.p[i]) || (i > 0 && ascii_alnum(t.p[i - 1]))) {
			i++;
			continue;
		}
		size_t end = read_chain(&w, &near, i);
		i = end > i ? end : i + 1;
	}
	window_end(&w);
}
