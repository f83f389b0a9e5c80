#include "classifiers/house.h"

#include "base/buf.h"
#include "base/sha256.h"
#include "base/utf8.h"
#include "classifiers/exact.h"

#include <hs.h>
#include <stdio.h>
#include <stdlib.h>

/* The starter list. Weak terms are ordinary words too. */
enum { STARTER_CONDITION, STARTER_MEDICATION };
static const struct {
	const char *text;
	uint8_t list;
	bool weak;
} starter_terms[] = {
#define CONDITION(term)       {term, STARTER_CONDITION, false},
#define CONDITION_WEAK(term)  {term, STARTER_CONDITION, true},
#define MEDICATION(term)      {term, STARTER_MEDICATION, false},
#define MEDICATION_WEAK(term) {term, STARTER_MEDICATION, true},
#include "classifiers/health_terms.def"
#undef CONDITION
#undef CONDITION_WEAK
#undef MEDICATION
#undef MEDICATION_WEAK
};

struct entry {
	uint16_t list;
	uint16_t points; /* code points of a term; 0: a pattern, which reports its own start */
	bool weak;
};

struct house {
	hs_database_t *terms, *patterns; /* NULL if there are none */
	struct entry *entries;
	size_t n, cap;
	size_t n_terms;
	struct buf text;      /* what was compiled, NUL after each */
	struct exact **exact; /* by list; NULL: not an exact-data list */
	size_t n_lists;
};

struct house_scratch {
	hs_scratch_t *hs;
};

struct compile {
	struct house *house;
	char **expressions;
	unsigned *flags, *ids;
	unsigned *lines;
	struct span *files;
	size_t n, cap;
};

static void compile_fini(struct compile *c)
{
	for (size_t i = 0; i < c->n; i++)
		free(c->expressions[i]);
	free(c->expressions);
	free(c->flags);
	free(c->ids);
	free(c->lines);
	free(c->files);
}

static bool grow(void *array, size_t cap, size_t size)
{
	void **p = array;
	void *v = realloc(*p, cap * size);
	if (v != NULL)
		*p = v;
	return v != NULL;
}

static bool compile_room(struct compile *c)
{
	struct house *h = c->house;
	if (c->n == c->cap) {
		size_t cap = c->cap == 0 ? 256 : 2 * c->cap;
		if (!grow(&c->expressions, cap, sizeof *c->expressions) || !grow(&c->flags, cap, sizeof *c->flags) ||
		    !grow(&c->ids, cap, sizeof *c->ids) || !grow(&c->lines, cap, sizeof *c->lines) ||
		    !grow(&c->files, cap, sizeof *c->files))
			return false;
		c->cap = cap;
	}
	if (h->n == h->cap) {
		size_t cap = h->cap == 0 ? 256 : 2 * h->cap;
		if (!grow(&h->entries, cap, sizeof *h->entries))
			return false;
		h->cap = cap;
	}
	return true;
}

static size_t code_points(struct span s)
{
	size_t n = 0;
	for (size_t i = 0; i < s.n; i++)
		n += (s.p[i] & 0xc0) != 0x80;
	return n;
}

/* The term with everything special escaped. */
static char *escaped(struct span term)
{
	char *out = malloc(4 * term.n + 1), *p = out;
	if (out == NULL)
		return NULL;
	for (size_t i = 0; i < term.n; i++) {
		uint8_t b = term.p[i];
		bool plain = b >= 0x80 || b == ' ' || (b >= '0' && b <= '9') || ((b | 32) >= 'a' && (b | 32) <= 'z');
		if (!plain)
			*p++ = '\\';
		*p++ = (char)b;
	}
	*p = '\0';
	return out;
}

static enum err compile_add(struct compile *c, struct span line, uint16_t list, bool pattern, bool weak,
			    struct span file, unsigned number)
{
	if (!compile_room(c))
		return ERR_NOMEM;
	char *expression = pattern ? strndup((const char *)line.p, line.n) : escaped(line);
	if (expression == NULL)
		return ERR_NOMEM;
	bool ascii = true;
	for (size_t i = 0; i < line.n; i++)
		ascii = ascii && line.p[i] < 0x80;
	c->expressions[c->n] = expression;
	c->flags[c->n] = pattern ? HS_FLAG_UTF8 | HS_FLAG_UCP | HS_FLAG_SOM_LEFTMOST
				 : HS_FLAG_CASELESS | (ascii ? 0 : HS_FLAG_UTF8 | HS_FLAG_UCP);
	c->ids[c->n] = (unsigned)c->house->n;
	c->lines[c->n] = number;
	c->files[c->n] = file;
	c->n++;
	c->house->entries[c->house->n++] =
		(struct entry){.list = list, .points = (uint16_t)(pattern ? 0 : code_points(line)), .weak = weak};
	buf_add(&c->house->text, line);
	buf_add_byte(&c->house->text, 0);
	return buf_err(&c->house->text);
}

static enum err refuse(struct classifier_diag *diag, struct span file, unsigned line, const char *text)
{
	diag->file = file;
	diag->line = line;
	snprintf(diag->text, sizeof diag->text, "%s", text);
	return ERR_CONFIG;
}

static enum err add_list(struct compile *c, const struct house_list *list, uint16_t index, struct classifier_diag *diag)
{
	size_t at = 0;
	for (unsigned number = 1; at < list->text.n; number++) {
		struct span rest = span_sub(list->text, at, list->text.n);
		size_t len = span_find(rest, '\n');
		struct span line = span_trim(span_sub(rest, 0, len));
		at += len + 1;
		if (line.n == 0 || line.p[0] == '#')
			continue;
		if (line.n > HOUSE_LINE_MAX)
			return refuse(diag, list->file, number, "the line is longer than 400 bytes");
		if (!utf8_valid(line) || memchr(line.p, 0, line.n) != NULL)
			return refuse(diag, list->file, number, "the line is not valid UTF-8 text");
		if (!list->patterns && code_points(line) < 2)
			return refuse(diag, list->file, number, "a term needs at least two characters");
		if (c->n >= (list->patterns ? HOUSE_PATTERNS_MAX : HOUSE_TERMS_MAX))
			return refuse(diag, list->file, number, "too many lines in all lists together");
		enum err err = compile_add(c, line, index, list->patterns, false, list->file, number);
		if (err != ERR_OK)
			return err;
	}
	return ERR_OK;
}

static enum err build(struct compile *c, hs_database_t **db, struct classifier_diag *diag)
{
	hs_compile_error_t *error = NULL;
	if (c->n == 0)
		return ERR_OK;
	hs_error_t rc = hs_compile_multi((const char *const *)c->expressions, c->flags, c->ids, (unsigned)c->n,
					 HS_MODE_BLOCK, NULL, db, &error);
	if (rc == HS_SUCCESS)
		return ERR_OK;
	*db = NULL;
	enum err err = rc == HS_NOMEM ? ERR_NOMEM : ERR_CONFIG;
	if (rc == HS_COMPILER_ERROR && error != NULL) {
		size_t i = error->expression < 0 ? 0 : (size_t)error->expression;
		err = refuse(diag, c->files[i], c->lines[i], error->message);
	}
	hs_free_compile_error(error);
	return err;
}

/* A pattern that matches the empty string would hit between any two bytes. */
static enum err check_patterns(const struct compile *c, struct classifier_diag *diag)
{
	for (size_t i = 0; i < c->n; i++) {
		hs_expr_info_t *info = NULL;
		hs_compile_error_t *error = NULL;
		hs_error_t rc = hs_expression_info(c->expressions[i], c->flags[i], &info, &error);
		enum err err = ERR_OK;
		if (rc == HS_COMPILER_ERROR)
			err = refuse(diag, c->files[i], c->lines[i],
				     error == NULL ? "not a valid pattern" : error->message);
		else if (rc != HS_SUCCESS || info == NULL)
			err = ERR_NOMEM;
		else if (info->min_width == 0)
			err = refuse(diag, c->files[i], c->lines[i], "the pattern matches the empty text");
		free(info);
		hs_free_compile_error(error);
		if (err != ERR_OK)
			return err;
	}
	return ERR_OK;
}

static enum err compile_all(struct house *h, const struct house_list *lists, size_t n_lists, bool starter,
			    struct classifier_diag *diag)
{
	struct compile terms = {.house = h}, patterns = {.house = h};
	enum err err = ERR_OK;
	for (size_t i = 0; i < n_lists && err == ERR_OK; i++)
		if (!lists[i].patterns && !lists[i].exact)
			err = add_list(&terms, &lists[i], (uint16_t)i, diag);
	for (size_t i = 0; starter && i < sizeof starter_terms / sizeof *starter_terms && err == ERR_OK; i++)
		err = compile_add(&terms, span_str(starter_terms[i].text), (uint16_t)(n_lists + starter_terms[i].list),
				  false, starter_terms[i].weak, SPAN("the starter list"), (unsigned)i + 1);
	h->n_terms = h->n;
	for (size_t i = 0; i < n_lists && err == ERR_OK; i++)
		if (lists[i].patterns)
			err = add_list(&patterns, &lists[i], (uint16_t)i, diag);
	if (err == ERR_OK)
		err = check_patterns(&patterns, diag);
	if (err == ERR_OK)
		err = build(&terms, &h->terms, diag);
	if (err == ERR_OK)
		err = build(&patterns, &h->patterns, diag);
	compile_fini(&patterns);
	compile_fini(&terms);
	return err;
}

/* A list of plain terms is its own key: nobody needs to keep another, and the same list gives the same hashes. */
static void key_of(struct span text, uint8_t key[16])
{
	uint8_t sum[32];
	struct sha256 s;
	sha256_init(&s);
	sha256_add(&s, SPAN("exact-data list"));
	sha256_add(&s, text);
	sha256_final(&s, sum);
	memcpy(key, sum, 16);
	explicit_bzero(sum, sizeof sum);
}

static enum err add_exact(struct house *h, const struct house_list *lists, size_t n, struct classifier_diag *diag)
{
	h->exact = calloc(n + 1, sizeof(struct exact *));
	h->n_lists = n;
	enum err err = h->exact == NULL ? ERR_NOMEM : ERR_OK;
	for (size_t i = 0; i < n && err == ERR_OK; i++) {
		uint8_t key[16];
		if (!lists[i].exact)
			continue;
		if (lists[i].patterns)
			return refuse(diag, lists[i].file, 0, "a list is either of patterns or for exact match");
		key_of(lists[i].text, key);
		h->exact[i] = exact_new(lists[i].text, key, lists[i].file, diag, &err);
		explicit_bzero(key, sizeof key);
	}
	return err;
}

struct house *house_new(const struct house_list *lists, size_t n_lists, bool starter, struct classifier_diag *diag,
			enum err *err)
{
	struct house *h = calloc(1, sizeof *h);
	*err = h == NULL ? ERR_NOMEM : compile_all(h, lists, n_lists, starter, diag);
	if (*err == ERR_OK)
		*err = add_exact(h, lists, n_lists, diag);
	if (*err == ERR_OK)
		return h;
	house_free(h);
	return NULL;
}

void house_free(struct house *h)
{
	if (h == NULL)
		return;
	for (size_t i = 0; h->exact != NULL && i < h->n_lists; i++)
		exact_free(h->exact[i]);
	free(h->exact);
	hs_free_database(h->terms);
	hs_free_database(h->patterns);
	free(h->entries);
	buf_fini(&h->text);
	free(h);
}

struct house_scratch *house_scratch_new(const struct house *h)
{
	struct house_scratch *s = calloc(1, sizeof *s);
	if (s == NULL)
		return NULL;
	if ((h->terms != NULL && hs_alloc_scratch(h->terms, &s->hs) != HS_SUCCESS) ||
	    (h->patterns != NULL && hs_alloc_scratch(h->patterns, &s->hs) != HS_SUCCESS)) {
		house_scratch_free(s);
		return NULL;
	}
	return s;
}

void house_scratch_free(struct house_scratch *s)
{
	if (s == NULL)
		return;
	hs_free_scratch(s->hs);
	free(s);
}

struct matching {
	const struct house *house;
	struct span text;
	void (*emit)(void *arg, struct house_hit hit);
	void *arg;
};

static bool word_at(struct span text, size_t at)
{
	return at < text.n && (text.p[at] >= 0x80 || (text.p[at] >= '0' && text.p[at] <= '9') ||
			       ((text.p[at] | 32) >= 'a' && (text.p[at] | 32) <= 'z'));
}

/* Behind a term of some length an ending of plural or case may follow. */
static size_t ending(struct span text, size_t at, size_t points)
{
	static const char *const endings[] = {"s", "es", "n", "en", "e"};
	for (size_t i = 0; points >= 6 && i < sizeof endings / sizeof *endings; i++) {
		size_t n = strlen(endings[i]);
		if (text.n - at >= n && memcmp(text.p + at, endings[i], n) == 0 && !word_at(text, at + n))
			return n;
	}
	return 0;
}

static int on_term(unsigned id, unsigned long long from, unsigned long long to, unsigned flags, void *arg)
{
	(void)from;
	(void)flags;
	struct matching *m = arg;
	const struct entry *e = &m->house->entries[id];
	size_t start = (size_t)to, end = (size_t)to;
	for (size_t k = 0; k < e->points && start > 0; k++)
		do
			start--;
		while (start > 0 && (m->text.p[start] & 0xc0) == 0x80);
	if (start > 0 && word_at(m->text, start) && word_at(m->text, start - 1))
		return 0;
	if (word_at(m->text, end) && word_at(m->text, end - 1)) {
		size_t more = ending(m->text, end, e->points);
		if (more == 0)
			return 0;
		end += more;
	}
	m->emit(m->arg, (struct house_hit){(uint32_t)start, (uint32_t)end, e->list, e->weak});
	return 0;
}

static int on_pattern(unsigned id, unsigned long long from, unsigned long long to, unsigned flags, void *arg)
{
	(void)flags;
	struct matching *m = arg;
	if (from < to)
		m->emit(m->arg, (struct house_hit){(uint32_t)from, (uint32_t)to, m->house->entries[id].list, false});
	return 0;
}

struct exact_sink {
	const struct matching *matching;
	uint16_t list;
};

static void on_exact(void *arg, size_t start, size_t end)
{
	const struct exact_sink *x = arg;
	x->matching->emit(x->matching->arg, (struct house_hit){(uint32_t)start, (uint32_t)end, x->list, false});
}

enum err house_scan(const struct house *h, struct house_scratch *s, struct span text,
		    void (*emit)(void *arg, struct house_hit hit), void *arg)
{
	struct matching m = {h, text, emit, arg};
	if (text.n == 0)
		return ERR_OK;
	if (h->terms != NULL &&
	    hs_scan(h->terms, (const char *)text.p, (unsigned)text.n, 0, s->hs, on_term, &m) != HS_SUCCESS)
		return ERR_INTERNAL;
	if (h->patterns != NULL &&
	    hs_scan(h->patterns, (const char *)text.p, (unsigned)text.n, 0, s->hs, on_pattern, &m) != HS_SUCCESS)
		return ERR_INTERNAL;
	for (size_t i = 0; i < h->n_lists; i++) {
		struct exact_sink x = {&m, (uint16_t)i};
		if (h->exact[i] != NULL)
			exact_scan(h->exact[i], text, on_exact, &x);
	}
	return ERR_OK;
}

void house_describe(const struct house *h, void (*add)(void *arg, struct span bytes), void *arg)
{
	add(arg, buf_span(&h->text));
	for (size_t i = 0; i < h->n_lists; i++)
		if (h->exact[i] != NULL)
			exact_describe(h->exact[i], add, arg);
	for (size_t i = 0; i < h->n; i++) {
		uint8_t e[4] = {(uint8_t)h->entries[i].list, (uint8_t)(h->entries[i].list >> 8),
				h->entries[i].points == 0, h->entries[i].weak};
		add(arg, span_of(e, sizeof e));
	}
}
