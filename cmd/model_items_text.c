/* Annotated text of others: columns (CoNLL) and stand-off files (brat). */
#include <stdlib.h>

#include "cmd/model_items.h"
#include "proxy/gate/file.h"

enum { MAX_TEXT = 64 << 20, PATH_BYTES = 4096 };

/* --- columns: a token a line, its tag last, an empty line behind each sentence --- */

struct columns {
	struct buf text;
	struct marks marks;
	uint8_t before;  /* last byte of the token before, 0: none */
	enum label open; /* label of the mention that goes on, or LABEL_UNKNOWN */
	unsigned sentences;
};

static bool one_of(uint8_t c, const char *set)
{
	return c != 0 && strchr(set, c) != NULL;
}

static void add_token(struct columns *c, struct span token, enum label label, bool begins)
{
	bool glued = c->text.n == 0 || one_of(token.p[0], ".,;:!?)]}%'") || one_of(c->before, "([{$#@");
	if (!glued)
		buf_add_byte(&c->text, ' ');
	size_t start = c->text.n;
	buf_add(&c->text, token);
	c->before = token.p[token.n - 1];
	struct mark *last = c->marks.n > 0 ? &c->marks.v[c->marks.n - 1] : NULL;
	if (label != LABEL_UNKNOWN && !begins && c->open == label && last != NULL)
		last->end = (uint32_t)c->text.n;
	else if (label != LABEL_UNKNOWN)
		marks_add(&c->marks, start, c->text.n, label);
	c->open = label;
}

/* "B-PER", "I-PER", "S-PER", "O", or the bare label. */
static enum err read_tag(struct items *it, struct span tag, enum label *label, bool *begins)
{
	bool prefixed = tag.n > 2 && tag.p[1] == '-' && one_of(tag.p[0], "BIESLUM");
	*label = LABEL_UNKNOWN;
	*begins = prefixed && one_of(tag.p[0], "BSU");
	if (span_eq(tag, SPAN("O")))
		return ERR_OK;
	return items_label(it, prefixed ? span_sub(tag, 2, tag.n) : tag, label) ? ERR_OK : ERR_CONFIG;
}

static bool blank(uint8_t c)
{
	return c == ' ' || c == '\t';
}

static enum err read_row(struct items *it, struct span row, struct columns *c)
{
	size_t first = 0, last = row.n;
	while (first < row.n && !blank(row.p[first]))
		first++;
	while (last > 0 && !blank(row.p[last - 1]))
		last--;
	if (last <= first)
		return items_bad(it, "a token and its tag belong on each line");
	enum label label;
	bool begins;
	enum err e = read_tag(it, span_sub(row, last, row.n), &label, &begins);
	if (e == ERR_OK)
		add_token(c, span_sub(row, 0, first), label, begins);
	return e;
}

static enum err read_rows(struct items *it, struct columns *c)
{
	bool any = false;
	for (ssize_t n; (n = getline(&it->line, &it->cap, it->in)) >= 0;) {
		struct span row = span_trim(span_of(it->line, (size_t)n));
		it->number++;
		if (row.n > 0 && !span_starts(row, SPAN("-DOCSTART-"))) {
			enum err e = read_row(it, row, c);
			if (e != ERR_OK)
				return e;
			any = true;
			continue;
		}
		c->open = LABEL_UNKNOWN;
		c->sentences += any;
		any = false;
		if (c->sentences > 0 && c->sentences >= it->options.sentences)
			return ERR_OK;
	}
	if (ferror(it->in))
		return ERR_IO;
	return c->text.n > 0 ? ERR_OK : ERR_NOT_FOUND;
}

enum err items_next_conll(struct items *it, struct arena *a, struct item *out)
{
	struct columns c = {.marks = {.arena = a}, .open = LABEL_UNKNOWN};
	enum err e = read_rows(it, &c);
	if (e == ERR_OK)
		e = buf_err(&c.text);
	if (e == ERR_OK)
		*out = (struct item){
			.text = arena_dup(a, buf_span(&c.text)), .marks = c.marks.v, .n = c.marks.n, .titles = true};
	buf_fini(&c.text);
	return e;
}

/* --- stand-off: "T1<tab>LABEL 0 5;7 9<tab>surface" in X.ann, in code points of X.txt --- */

/* The paths of the pair number it->at. */
static bool pair(struct items *it, char text[PATH_BYTES], char ann[PATH_BYTES])
{
	int n = it->names != NULL ? snprintf(text, PATH_BYTES, "%s/%s", it->path, it->names[it->at]->d_name)
				  : snprintf(text, PATH_BYTES, "%s", it->path);
	if (n < 4 || n >= PATH_BYTES)
		return false;
	memcpy(ann, text, (size_t)n - 4);
	memcpy(ann + n - 4, ".ann", 5);
	memcpy(text + n - 4, ".txt", 5);
	return true;
}

static enum err read_range(struct items *it, struct span range, struct span text, enum label label, struct marks *m)
{
	uint64_t start, end;
	size_t space = span_find(range, ' ');
	if (space == range.n || !span_u64(span_sub(range, 0, space), &start) ||
	    !span_u64(span_sub(range, space + 1, range.n), &end))
		return items_bad(it, "a line of the .ann file says no range");
	size_t from = items_bytes(text, start), to = items_bytes(text, end);
	if (from >= to || to > text.n)
		return items_bad(it, "a range of the .ann file is empty or lies outside the text");
	marks_add(m, from, to, label);
	return ERR_OK;
}

static enum err read_annotation(struct items *it, struct span line, struct span text, struct marks *m)
{
	enum label label;
	size_t tab = span_find(line, '\t');
	if (line.n == 0 || line.p[0] != 'T' || tab == line.n)
		return ERR_OK; /* relations, notes and the like */
	struct span rest = span_sub(line, tab + 1, line.n);
	rest = span_sub(rest, 0, span_find(rest, '\t'));
	size_t space = span_find(rest, ' ');
	if (space == rest.n)
		return items_bad(it, "a line of the .ann file says no range");
	if (!items_label(it, span_sub(rest, 0, space), &label))
		return ERR_CONFIG;
	enum err e = ERR_OK;
	for (size_t at = space + 1; e == ERR_OK && at < rest.n;) {
		struct span range = span_sub(rest, at, rest.n);
		range = span_sub(range, 0, span_find(range, ';'));
		e = read_range(it, range, text, label, m);
		at += range.n + 1;
	}
	return e;
}

static int by_start(const void *a, const void *b)
{
	const struct mark *x = a, *y = b;
	return x->start != y->start ? (x->start < y->start ? -1 : 1) : x->end < y->end ? -1 : x->end > y->end;
}

static enum err read_pair(struct items *it, const char *text_path, const char *ann_path, struct arena *a,
			  struct item *out)
{
	struct buf text = {0}, ann = {0};
	struct marks m = {.arena = a};
	enum err e = file_read(text_path, MAX_TEXT, &text);
	if (e == ERR_OK)
		e = file_read(ann_path, MAX_TEXT, &ann);
	if (e == ERR_NOT_FOUND)
		e = items_bad(it, "an .ann file belongs beside each .txt file");
	*out = (struct item){.text = arena_dup(a, buf_span(&text)), .titles = true};
	it->number = 0;
	for (size_t at = 0; e == ERR_OK && at < ann.n;) {
		struct span line = span_sub(buf_span(&ann), at, ann.n);
		line = span_sub(line, 0, span_find(line, '\n'));
		it->number++;
		e = read_annotation(it, line, out->text, &m);
		at += line.n + 1;
	}
	if (m.n > 0)
		qsort(m.v, m.n, sizeof *m.v, by_start);
	out->marks = m.v;
	out->n = m.n;
	buf_fini(&text);
	buf_fini(&ann);
	return e;
}

enum err items_next_brat(struct items *it, struct arena *a, struct item *out)
{
	char text[PATH_BYTES], ann[PATH_BYTES];
	if (it->at >= (it->names != NULL ? it->n_names : 1))
		return ERR_NOT_FOUND;
	enum err e = pair(it, text, ann) ? read_pair(it, text, ann, a, out) : items_bad(it, "too long a path");
	it->at++;
	return e;
}
