#include "residency/residency.h"

#include <stdio.h>
#include <stdlib.h>

enum { GROUPS_MAX = 256, GROUP_NAME_MAX = 32, GROUPS_MAX_BYTES = 1 << 20 };

struct group {
	char name[GROUP_NAME_MAX + 1];
	struct country_set set;
};

struct country_groups {
	size_t n;
	struct group v[GROUPS_MAX];
};

/* The rest of the text and where in it we are. */
struct reader {
	struct span rest;
	struct groups_diag *diag;
};

static enum err complain(struct reader *r, const char *what, struct span word)
{
	if (word.n > 40)
		word.n = 40;
	for (size_t i = 0; i < word.n; i++)
		if (word.p[i] < ' ' || word.p[i] > '~')
			word.n = i;
	snprintf(r->diag->text, sizeof r->diag->text, "\"%.*s\": %s", SPAN_ARG(word), what);
	return ERR_CONFIG;
}

static struct span next_line(struct reader *r)
{
	size_t end = span_find(r->rest, '\n');
	struct span line = span_sub(r->rest, 0, end);
	r->rest = span_sub(r->rest, end < r->rest.n ? end + 1 : end, r->rest.n);
	r->diag->line++;
	return span_trim(span_sub(line, 0, span_find(line, '#')));
}

static struct span next_word(struct span *s)
{
	size_t n = 0;
	*s = span_trim(*s);
	while (n < s->n && s->p[n] != ' ' && s->p[n] != '\t')
		n++;
	struct span word = span_sub(*s, 0, n);
	*s = span_sub(*s, n, s->n);
	return word;
}

static bool name_ok(struct span name)
{
	if (name.n == 0 || name.n > GROUP_NAME_MAX || name.p[0] < 'a' || name.p[0] > 'z')
		return false;
	for (size_t i = 0; i < name.n; i++) {
		uint8_t c = name.p[i];
		if ((c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '_' && c != '-')
			return false;
	}
	return true;
}

static bool is_upper(uint8_t c)
{
	return c >= 'A' && c <= 'Z';
}

static enum err add_member(struct reader *r, const struct country_groups *g, struct group *to, struct span word)
{
	if (word.p[0] == '@') {
		const struct country_set *other = country_groups_find(g, span_sub(word, 1, word.n));
		if (other == NULL)
			return complain(r, "no such group above this line", word);
		country_set_union(&to->set, other);
		return ERR_OK;
	}
	if (word.n != 2 || !is_upper(word.p[0]) || !is_upper(word.p[1]))
		return complain(r, "write a country as two capital letters, a group as @name", word);
	country c = country_parse(word);
	if (country_set_has(&to->set, c))
		return complain(r, "this country is already in the group", word);
	country_set_add(&to->set, c);
	return ERR_OK;
}

static enum err parse_line(struct reader *r, struct country_groups *g, struct span line)
{
	size_t colon = span_find(line, ':');
	struct span name = span_trim(span_sub(line, 0, colon));
	if (colon == line.n)
		return complain(r, "write \"name: AT BE @other\"", line);
	if (!name_ok(name))
		return complain(r, "a group's name is lower-case letters, digits, '_' and '-', 32 at most", name);
	if (country_groups_find(g, name) != NULL)
		return complain(r, "this group is already defined", name);
	if (g->n == GROUPS_MAX)
		return complain(r, "too many groups (256 at most)", name);
	struct group *to = &g->v[g->n];
	struct span members = span_sub(line, colon + 1, line.n), word;
	while ((word = next_word(&members)).n > 0) {
		enum err err = add_member(r, g, to, word);
		if (err != ERR_OK)
			return err;
	}
	if (country_set_empty(&to->set))
		return complain(r, "the group has no members", name);
	memcpy(to->name, name.p, name.n);
	g->n++;
	return ERR_OK;
}

struct country_groups *country_groups_parse(struct span text, struct groups_diag *diag, enum err *err)
{
	struct country_groups *g = calloc(1, sizeof *g);
	struct reader r = {.rest = text, .diag = diag};
	*diag = (struct groups_diag){0};
	*err = g == NULL ? ERR_NOMEM : text.n > GROUPS_MAX_BYTES ? ERR_LIMIT : ERR_OK;
	if (*err != ERR_OK)
		snprintf(diag->text, sizeof diag->text, "%s", err_text(*err));
	while (*err == ERR_OK && r.rest.n > 0) {
		struct span line = next_line(&r);
		if (line.n > 0)
			*err = parse_line(&r, g, line);
	}
	if (*err == ERR_OK)
		return g;
	country_groups_free(g);
	return NULL;
}

void country_groups_free(struct country_groups *g)
{
	free(g);
}

size_t country_groups_count(const struct country_groups *g)
{
	return g->n;
}

struct span country_groups_name(const struct country_groups *g, size_t i)
{
	return i < g->n ? span_str(g->v[i].name) : SPAN_NULL;
}

const struct country_set *country_groups_set(const struct country_groups *g, size_t i)
{
	return i < g->n ? &g->v[i].set : NULL;
}

const struct country_set *country_groups_find(const struct country_groups *g, struct span name)
{
	for (size_t i = 0; i < g->n; i++)
		if (span_eq(name, span_str(g->v[i].name)))
			return &g->v[i].set;
	return NULL;
}
