#include "residency/residency.h"

#include <stdio.h>
#include <stdlib.h>

/* tables/destinations.tsv, columns separated by one tab:
 *   set    @name    countries                                     a name for a set of countries, for rows below
 *   host   pattern  path  selector  provider  processing  date  source  note
 * In a host pattern '*' stands for any characters of one label, in a path for any of one segment, at its end for the
 * rest. Selector: the value itself, "-" for none given, "*" for any. Processing: countries and @sets, or "anywhere".
 * The first row that fits wins. */
enum { ROWS_MAX = 1024, SETS_MAX = 16, TABLE_MAX_BYTES = 1 << 20, HOST_COLUMNS = 9, HOST_MAX = 253 };

struct row {
	struct span host, path, selector;
	struct vendor_region region;
};

struct named_set {
	struct span name;
	struct country_set set;
};

struct destination_table {
	struct span text; /* own copy; everything below points into it */
	uint8_t *bytes;
	size_t n_rows, n_sets;
	struct named_set sets[SETS_MAX];
	struct row rows[ROWS_MAX];
};

static enum err complain(struct groups_diag *diag, const char *what)
{
	snprintf(diag->text, sizeof diag->text, "%s", what);
	return ERR_CONFIG;
}

/* Splits at tabs; the number of columns, or columns + 1 if there are more. */
static size_t split(struct span line, struct span *out, size_t columns)
{
	for (size_t i = 0; i < columns; i++) {
		size_t tab = span_find(line, '\t');
		out[i] = span_trim(span_sub(line, 0, tab));
		if (tab == line.n)
			return i + 1;
		line = span_sub(line, tab + 1, line.n);
	}
	return columns + 1;
}

static const struct country_set *find_set(const struct destination_table *t, struct span name)
{
	for (size_t i = 0; i < t->n_sets; i++)
		if (span_eq(t->sets[i].name, name))
			return &t->sets[i].set;
	return NULL;
}

static bool parse_places(const struct destination_table *t, struct span s, struct country_set *out)
{
	while (s.n > 0) {
		size_t end = span_find(s, ' ');
		struct span word = span_sub(s, 0, end);
		const struct country_set *set = find_set(t, word);
		country cc = country_parse(word);
		if (set != NULL)
			country_set_union(out, set);
		else if (cc != COUNTRY_NONE)
			country_set_add(out, cc);
		else
			return false;
		s = span_trim(span_sub(s, end, s.n));
	}
	return !country_set_empty(out);
}

static enum err add_set(struct destination_table *t, const struct span *col, size_t n, struct groups_diag *diag)
{
	if (n != 3 || col[1].n < 2 || col[1].p[0] != '@')
		return complain(diag, "write: set, @name, countries");
	if (t->n_sets == SETS_MAX || find_set(t, col[1]) != NULL)
		return complain(diag, "too many sets, or a set defined twice");
	struct named_set *s = &t->sets[t->n_sets];
	s->name = col[1];
	if (!parse_places(t, col[2], &s->set))
		return complain(diag, "a set needs countries, or sets defined above");
	t->n_sets++;
	return ERR_OK;
}

static enum err add_row(struct destination_table *t, const struct span *col, size_t n, struct groups_diag *diag)
{
	if (n != HOST_COLUMNS)
		return complain(diag, "a host row has nine columns");
	for (size_t i = 1; i < 8; i++)
		if (col[i].n == 0)
			return complain(diag, "only the note may be empty");
	if (t->n_rows == ROWS_MAX)
		return complain(diag, "too many rows (1024 at most)");
	struct row *r = &t->rows[t->n_rows];
	*r = (struct row){.host = col[1], .path = col[2], .selector = col[3]};
	r->region.provider = col[4];
	r->region.note = col[8];
	r->region.anywhere = span_eq(col[5], SPAN("anywhere"));
	if (!r->region.anywhere && !parse_places(t, col[5], &r->region.processing))
		return complain(diag, "processing is a list of countries and @sets, or \"anywhere\"");
	t->n_rows++;
	return ERR_OK;
}

static enum err parse_line(struct destination_table *t, struct span line, struct groups_diag *diag)
{
	struct span col[HOST_COLUMNS];
	size_t n = split(line, col, HOST_COLUMNS);
	if (span_eq(col[0], SPAN("set")))
		return add_set(t, col, n, diag);
	if (span_eq(col[0], SPAN("host")))
		return add_row(t, col, n, diag);
	return complain(diag, "a row begins with \"set\" or \"host\"");
}

static enum err parse_all(struct destination_table *t, struct groups_diag *diag)
{
	struct span rest = t->text;
	while (rest.n > 0) {
		size_t end = span_find(rest, '\n');
		struct span line = span_sub(rest, 0, end);
		rest = span_sub(rest, end < rest.n ? end + 1 : end, rest.n);
		diag->line++;
		if (span_trim(line).n == 0 || line.p[0] == '#')
			continue;
		enum err err = parse_line(t, line, diag);
		if (err != ERR_OK)
			return err;
	}
	return ERR_OK;
}

struct destination_table *destination_table_parse(struct span tsv, struct groups_diag *diag, enum err *err)
{
	*diag = (struct groups_diag){0};
	struct destination_table *t = calloc(1, sizeof *t);
	*err = t == NULL ? ERR_NOMEM : tsv.n > TABLE_MAX_BYTES ? ERR_LIMIT : ERR_OK;
	if (*err != ERR_OK)
		goto fail;
	t->bytes = malloc(tsv.n + 1);
	*err = ERR_NOMEM;
	if (t->bytes == NULL)
		goto fail;
	if (tsv.n > 0)
		memcpy(t->bytes, tsv.p, tsv.n);
	t->text = span_of(t->bytes, tsv.n);
	*err = parse_all(t, diag);
	if (*err == ERR_OK)
		return t;
fail:
	if (diag->text[0] == '\0')
		(void)complain(diag, err_text(*err));
	destination_table_free(t);
	return NULL;
}

void destination_table_free(struct destination_table *t)
{
	if (t == NULL)
		return;
	free(t->bytes);
	free(t);
}

static uint8_t lower(uint8_t c)
{
	return c >= 'A' && c <= 'Z' ? (uint8_t)(c + 32) : c;
}

/* '*' stands for any characters; linear but for the last star, and patterns are ours. */
static bool glob(struct span pattern, struct span text, bool nocase)
{
	size_t p = 0, t = 0, star = SIZE_MAX, mark = 0;
	while (t < text.n) {
		if (p < pattern.n && pattern.p[p] == '*') {
			star = p++;
			mark = t;
		} else if (p < pattern.n && pattern.p[p] == (nocase ? lower(text.p[t]) : text.p[t])) {
			p++;
			t++;
		} else if (star != SIZE_MAX) {
			p = star + 1;
			t = ++mark;
		} else {
			return false;
		}
	}
	while (p < pattern.n && pattern.p[p] == '*')
		p++;
	return p == pattern.n;
}

/* Takes what stands before the next separator off the front. */
static struct span next_part(struct span *s, uint8_t separator)
{
	size_t end = span_find(*s, separator);
	struct span part = span_sub(*s, 0, end);
	*s = span_sub(*s, end < s->n ? end + 1 : end, s->n);
	return part;
}

/* Label by label: a star never spans a dot, so that *.openai.azure.com is not met by a deeper name. */
static bool host_fits(struct span pattern, struct span host)
{
	while (pattern.n > 0 && host.n > 0) {
		struct span want = next_part(&pattern, '.'), have = next_part(&host, '.');
		if (have.n == 0 || !glob(want, have, true))
			return false;
	}
	return pattern.n == 0 && host.n == 0;
}

/* Segment by segment, so that nothing behind or inside a path can pose as its location; a last "*" takes the rest. */
static bool path_fits(struct span pattern, struct span path)
{
	while (pattern.n > 0) {
		struct span want = next_part(&pattern, '/');
		if (pattern.n == 0 && span_eq(want, SPAN("*")))
			return true;
		if (path.n == 0 || !glob(want, next_part(&path, '/'), false))
			return false;
	}
	return path.n == 0;
}

static bool selector_fits(struct span want, struct span have)
{
	if (span_eq(want, SPAN("*")))
		return true;
	if (span_eq(want, SPAN("-")))
		return have.n == 0;
	return span_eq(want, have);
}

bool destination_table_find(const struct destination_table *t, struct span host, struct span path, struct span selector,
			    struct vendor_region *out)
{
	if (host.n > 0 && host.p[host.n - 1] == '.')
		host.n--; /* a fully qualified name is the same name */
	if (host.n == 0 || host.n > HOST_MAX)
		return false;
	for (size_t i = 0; i < t->n_rows; i++) {
		const struct row *r = &t->rows[i];
		if (host_fits(r->host, host) && path_fits(r->path, path) && selector_fits(r->selector, selector)) {
			*out = r->region;
			return true;
		}
	}
	return false;
}
