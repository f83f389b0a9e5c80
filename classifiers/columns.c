#include "classifiers/columns.h"

#include "classifiers/scan.h"

enum { LINE_MAX_BYTES = 4096, COLUMNS_MAX = 64 };

static size_t line_start(struct span t, size_t at)
{
	size_t least = at > LINE_MAX_BYTES ? at - LINE_MAX_BYTES - 1 : 0;
	const uint8_t *line = memrchr(t.p + least, '\n', at - least);
	return line == NULL ? least : (size_t)(line - t.p) + 1;
}

static size_t line_end(struct span t, size_t at)
{
	size_t most = t.n - at > LINE_MAX_BYTES ? at + LINE_MAX_BYTES + 1 : t.n;
	const uint8_t *line = memchr(t.p + at, '\n', most - at);
	return line == NULL ? most : (size_t)(line - t.p);
}

static bool mark_at(struct span t, size_t i, char mark)
{
	if (mark != '<')
		return t.p[i] == (uint8_t)mark;
	return t.n - i > 3 && t.p[i] == '<' && (t.p[i + 1] | 32) == 't' &&
	       ((t.p[i + 2] | 32) == 'd' || (t.p[i + 2] | 32) == 'h') && (t.p[i + 3] == '>' || t.p[i + 3] == ' ');
}

static unsigned marks(struct span t, size_t from, size_t to, char mark)
{
	const uint8_t *end = t.p + to;
	unsigned n = 0;
	for (const uint8_t *p = t.p + from; p < end && (p = memchr(p, mark, (size_t)(end - p))) != NULL; p++)
		n += mark_at(t, (size_t)(p - t.p), mark);
	return n;
}

/* What parts the columns of a line, and how many there are. */
static bool parted(struct span t, size_t from, size_t to, struct columns *c)
{
	static const char all[] = "\t|;<,";
	for (const char *m = all; *m != '\0'; m++) {
		c->mark = *m;
		c->count = marks(t, from, to, *m);
		if (c->count > 0 && c->count <= COLUMNS_MAX)
			return true;
	}
	return false;
}

/* Is [from, to) one more line of the table, or the ruler under its head? */
static bool belongs(struct span t, size_t from, size_t to, const struct columns *c)
{
	return to > from && marks(t, from, to, c->mark) == c->count;
}

/* The table around the line [from, to), from its first line on. */
static void find_table(struct scan *s, size_t from, size_t to)
{
	struct columns *c = &s->columns;
	struct span t = s->text;
	size_t least = c->looked < from ? c->looked : from;
	c->start = c->end = 0;
	c->looked = to;
	if (!parted(t, from, to, c))
		return;
	c->start = from;
	c->end = to;
	while (c->start > least) {
		size_t above = line_start(t, c->start - 1);
		s->steps += c->start - above;
		if (!belongs(t, above, c->start - 1, c))
			break;
		c->start = above;
	}
}

/* Lines from the end of the table up to the line that begins at from. */
static bool extend_table(struct scan *s, size_t from, size_t to)
{
	struct columns *c = &s->columns;
	struct span t = s->text;
	if (c->end == 0 || from < c->start)
		return false;
	while (c->end < from) {
		size_t start = c->end + 1, end = line_end(t, start);
		s->steps += end - start;
		if (start > from || !belongs(t, start, end, c))
			return false;
		c->end = end;
		c->looked = end;
	}
	return to <= c->end;
}

/* Looks at the line that at stands in, if it is another than last time. */
static void look_at_line(struct scan *s, size_t at)
{
	struct columns *c = &s->columns;
	struct span t = s->text;
	if (c->looked_at && at >= c->line && at <= c->line_end)
		return;
	size_t from = line_start(t, at), to = line_end(t, at);
	bool row = to - from <= LINE_MAX_BYTES;
	if (row && !extend_table(s, from, to))
		find_table(s, from, to);
	c->looked_at = true;
	c->line = c->counted = from;
	c->line_end = to;
	c->row = row && c->end != 0 && c->start != from;
	c->column = 0;
}

/* What the head of a column says; kept for the candidates of the next rows. */
static void read_head(struct scan *s, unsigned column)
{
	struct columns *c = &s->columns;
	struct span t = s->text;
	size_t head = c->start, stop = line_end(t, head), cell = head;
	if (c->head_known && c->head == head && c->head_column == column)
		return;
	for (unsigned k = 0; k < column && cell < stop; cell++)
		k += mark_at(t, cell, c->mark);
	size_t end = cell;
	while (end < stop && !mark_at(t, end, c->mark))
		end++;
	memset(&c->near, 0, sizeof c->near);
	context_collect_key(s->tables->words, span_sub(t, cell, end), &c->near);
	c->head_known = true;
	c->head = head;
	c->head_column = column;
}

bool columns_name(struct scan *s, enum detector_id id, size_t at)
{
	struct columns *c = &s->columns;
	if (s->disguise != DISGUISE_NONE)
		return false;
	look_at_line(s, at);
	if (!c->row)
		return false;
	if (at < c->counted) {
		c->counted = c->line;
		c->column = 0;
	}
	c->column += marks(s->text, c->counted, at, c->mark);
	c->counted = at;
	read_head(s, c->column);
	return c->near.v[id] > 0;
}
