#include "rules/check.h"

#include <stdio.h>

#include "base/types.h"
#include "rules/diag.h"

/* --- Failing and allocating --- */

bool check_fail(struct checker *c, const struct token *at, const char *fmt, ...)
{
	char text[sizeof c->diag->text];
	va_list ap;
	va_start(ap, fmt);
	vsnprintf(text, sizeof text, fmt, ap);
	va_end(ap);
	diag_at(c->diag, c->source, at->text.p, "%s", text);
	c->err = ERR_CONFIG;
	return false;
}

bool check_no_memory(struct checker *c)
{
	diag_plain(c->diag, err_text(ERR_NOMEM));
	c->err = ERR_NOMEM;
	return false;
}

/* Words of the source in messages are cut here; names are shorter. */
static struct span shown(struct span s)
{
	return s.n > 64 ? span_sub(s, 0, 64) : s;
}

struct span check_keep(struct checker *c, struct span s)
{
	struct span copy = arena_dup(&c->rules->arena, s);
	if (copy.p == NULL && s.n > 0)
		(void)check_no_memory(c);
	return copy;
}

bool check_text(struct checker *c, const struct token *t, struct span *out)
{
	struct span raw = t->text;
	if (t->kind == TOKEN_STRING)
		raw = span_sub(raw, 1, raw.n - 1);
	if (raw.n == 0)
		return check_fail(c, t, "a text in quotes must not be empty");
	uint8_t *copy = arena_alloc(&c->rules->arena, raw.n);
	if (copy == NULL)
		return check_no_memory(c);
	size_t n = 0;
	for (size_t i = 0; i < raw.n; i++) {
		if (t->kind == TOKEN_STRING && raw.p[i] == '\\')
			i++;
		copy[n++] = raw.p[i];
	}
	*out = span_of(copy, n);
	return true;
}

/* Room for one more element of an array in the arena. What is outgrown stays there until the book is freed. */
static void *grow(struct checker *c, void *array, size_t n, size_t *cap, size_t size)
{
	if (n < *cap)
		return array;
	size_t more = *cap == 0 ? 32 : *cap * 2;
	void *bigger = arena_array(&c->rules->arena, more, size);
	if (bigger == NULL) {
		(void)check_no_memory(c);
		return NULL;
	}
	if (n > 0)
		memcpy(bigger, array, n * size);
	*cap = more;
	return bigger;
}

static bool emit(struct checker *c, struct insn insn)
{
	struct rules *r = c->rules;
	struct insn *code = grow(c, r->code, r->n_code, &c->cap_code, sizeof *code);
	if (code == NULL)
		return false;
	insn.size = 1;
	r->code = code;
	r->code[r->n_code++] = insn;
	return true;
}

static bool add_word(struct checker *c, struct span word)
{
	struct rules *r = c->rules;
	struct span *words = grow(c, r->words, r->n_words, &c->cap_words, sizeof *words);
	if (words == NULL)
		return false;
	r->words = words;
	r->words[r->n_words++] = word;
	return true;
}

static bool add_set(struct checker *c, const struct ast_set *from, uint32_t *index)
{
	struct rules *r = c->rules;
	struct named_set *sets = grow(c, r->sets, r->n_sets, &c->cap_sets, sizeof *sets);
	if (sets == NULL)
		return false;
	r->sets = sets;
	struct named_set *s = &sets[r->n_sets];
	if (!check_countries(c, from, &s->set, &s->text))
		return false;
	*index = (uint32_t)r->n_sets++;
	return true;
}

/* --- Countries --- */

static bool add_group(struct checker *c, const struct token *t, struct country_set *out)
{
	struct span name = span_sub(t->text, 1, t->text.n);
	struct suggest near = suggest_for(name);
	for (size_t i = 0; i < c->rules->n_groups; i++) {
		struct group *g = &c->rules->groups[i];
		if (span_eq(g->name, name)) {
			g->used = true;
			country_set_union(out, &g->set);
			return true;
		}
	}
	for (size_t i = 0; i < c->rules->n_groups; i++)
		suggest_offer(&near, c->rules->groups[i].name);
	return check_fail(c, t, "there is no country group @%.*s%s", SPAN_ARG(shown(name)), suggest_text(&near).text);
}

static bool add_country(struct checker *c, const struct token *t, struct country_set *out)
{
	struct span s = t->text;
	country cc = country_parse(s);
	if (t->kind != TOKEN_WORD || cc == COUNTRY_NONE)
		return check_fail(c, t, "%.*s is not a country (two letters, such as DE) nor a @group",
				  SPAN_ARG(shown(s)));
	char name[3];
	country_name(cc, name);
	if (!span_eq(s, span_of(name, 2)))
		return check_fail(c, t, "write the country in capitals: %s", name);
	country_set_add(out, cc);
	return true;
}

bool check_countries(struct checker *c, const struct ast_set *set, struct country_set *out, struct span *text)
{
	struct buf b;
	buf_init(&b, 0);
	*out = (struct country_set){0};
	bool ok = true;
	for (const struct ast_term *t = set->terms; t != NULL && ok; t = t->next) {
		ok = t->token.kind == TOKEN_GROUP ? add_group(c, &t->token, out) : add_country(c, &t->token, out);
		buf_add_str(&b, t == set->terms ? "" : " + ");
		buf_add(&b, t->token.text);
	}
	if (ok && country_set_empty(out))
		ok = check_fail(c, &set->terms->token, "this set has no country in it");
	if (ok && buf_err(&b) != ERR_OK)
		ok = check_no_memory(c);
	if (ok && text != NULL) {
		*text = check_keep(c, buf_span(&b));
		ok = text->p != NULL;
	}
	buf_fini(&b);
	return ok;
}

/* --- Classes and types --- */

static bool matches_some_type(const struct checker *c, struct span pattern)
{
	for (unsigned i = 0; i < TYPE_COUNT; i++)
		if (type_matches(span_str(type_info((enum type_id)i)->name), pattern))
			return true;
	for (size_t i = 0; i < c->env->n_house_types; i++)
		if (type_matches(c->env->house_types[i], pattern))
			return true;
	return false;
}

static bool no_such_data(struct checker *c, const struct token *t)
{
	struct suggest near = suggest_for(t->text);
	for (int i = 0; i < CLASS_COUNT; i++)
		suggest_offer(&near, class_name((enum legal_class)i));
	for (unsigned i = 0; i < TYPE_COUNT; i++)
		suggest_offer(&near, span_str(type_info((enum type_id)i)->name));
	for (size_t i = 0; i < c->env->n_house_types; i++)
		suggest_offer(&near, c->env->house_types[i]);
	return check_fail(c, t, "there is no data class or type %.*s%s", SPAN_ARG(shown(t->text)),
			  suggest_text(&near).text);
}

/* Fills classes or type of an instruction. */
static bool check_data(struct checker *c, const struct token *t, struct insn *out)
{
	struct span name = t->text;
	if (t->kind != TOKEN_WORD)
		return check_fail(c, t, "expected a data class or type instead of %.*s", SPAN_ARG(shown(name)));
	int class = class_parse(name);
	if (class >= 0) {
		out->classes = CLASS_BIT(class);
		return true;
	}
	if (!matches_some_type(c, name))
		return no_such_data(c, t);
	out->wild = span_ends(name, SPAN(".*"));
	out->type = check_keep(c, out->wild ? span_sub(name, 0, name.n - 1) : name);
	return out->type.p != NULL;
}

/* Closes an operator: it spans everything emitted since. */
static bool close_op(struct checker *c, size_t at)
{
	c->rules->code[at].size = (uint32_t)(c->rules->n_code - at);
	return true;
}

/* data has any of {…}: each type is a test of its own, the classes together are one. */
static bool check_has_parts(struct checker *c, const struct ast_expr *e, size_t *parts)
{
	struct insn classes = {.op = OP_HAS};
	for (const struct ast_term *t = e->set.terms; t != NULL; t = t->next) {
		struct insn one = {.op = OP_HAS};
		if (!check_data(c, &t->token, &one))
			return false;
		classes.classes |= one.classes;
		if (one.classes != 0)
			continue;
		if (!emit(c, one))
			return false;
		++*parts;
	}
	if (classes.classes == 0)
		return true;
	++*parts;
	return emit(c, classes);
}

static bool check_has(struct checker *c, const struct ast_expr *e)
{
	size_t parts = 0, at = c->rules->n_code;
	if (!emit(c, (struct insn){.op = OP_OR}) || !check_has_parts(c, e, &parts))
		return false;
	if (parts == 1) { /* a lone test needs no "or" */
		c->rules->code[at] = c->rules->code[at + 1];
		c->rules->n_code = at + 1;
	}
	return close_op(c, at);
}

/* --- Facts --- */

static enum relation relation_of(enum token_kind kind)
{
	return (enum relation)(kind - TOKEN_EQ);
}
_Static_assert(TOKEN_GE - TOKEN_EQ == REL_GE && TOKEN_NE - TOKEN_EQ == REL_NE && TOKEN_LE - TOKEN_EQ == REL_LE,
	       "tokens and relations stand in the same order");

static bool check_number(struct checker *c, const struct token *t, int64_t *out)
{
	bool minus = t->text.p[0] == '-';
	uint64_t n;
	if (!span_u64(span_sub(t->text, minus ? 1 : 0, t->text.n), &n) || n > INT64_MAX)
		return check_fail(c, t, "this number is too large");
	*out = minus ? -(int64_t)n : (int64_t)n;
	return true;
}

static bool check_date(struct checker *c, const struct token *t, int64_t *out)
{
	if (!date_parse(t->text, out))
		return check_fail(c, t, "%.*s is not a date of the calendar", SPAN_ARG(t->text));
	return true;
}

static bool check_fact(struct checker *c, const struct token *t, enum fact_id *out)
{
	*out = fact_by_path(t->text);
	if (*out != FACT_COUNT)
		return true;
	struct suggest near = suggest_for(t->text);
	for (unsigned i = 0; i < FACT_COUNT; i++)
		suggest_offer(&near, span_str(fact_info((enum fact_id)i)->path));
	return check_fail(c, t, "there is no fact %.*s%s", SPAN_ARG(shown(t->text)), suggest_text(&near).text);
}

/* How a fact of each kind is asked about: for messages. */
static const char *how_to_ask(enum fact_kind kind)
{
	switch (kind) {
	case FACT_BOOL:
		return "is yes or no: write its name alone, or \"not\" before it";
	case FACT_NUM:
		return "is a number: compare it with = != < <= > >= and a number";
	case FACT_DATE:
		return "is a date: compare it with = != < <= > >= and a date (YYYY-MM-DD)";
	case FACT_ENUM:
		return "has one of a list of values: write \"is VALUE\" or \"in {A, B}\"";
	case FACT_TEXT:
		return "is a text: write 'is \"TEXT\"' or 'in {\"A\", \"B\"}'";
	case FACT_COUNTRY:
		return "is a country: write \"is DE\" or \"in @group + CH\"";
	case FACT_COUNTRIES:
		return "is a set of countries: write \"in @group\" (some of them) or \"within @group\" (all of them)";
	}
	return "";
}

static bool misfit(struct checker *c, const struct token *subject, enum fact_kind kind)
{
	return check_fail(c, subject, "%.*s %s", SPAN_ARG(subject->text), how_to_ask(kind));
}

static bool next_value(struct span *rest, struct span *value)
{
	if (rest->n == 0)
		return false;
	size_t bar = span_find(*rest, '|');
	*value = span_sub(*rest, 0, bar);
	*rest = span_sub(*rest, bar < rest->n ? bar + 1 : bar, rest->n);
	return true;
}

static bool check_enum_value(struct checker *c, enum fact_id fact, const struct token *t)
{
	const struct fact_info *info = fact_info(fact);
	struct span rest = span_str(info->values), value;
	struct suggest near = suggest_for(t->text);
	while (next_value(&rest, &value)) {
		if (span_eq(value, t->text))
			return true;
		suggest_offer(&near, value);
	}
	if (near.best.p != NULL)
		return check_fail(c, t, "%s has no value %.*s%s", info->path, SPAN_ARG(shown(t->text)),
				  suggest_text(&near).text);
	return check_fail(c, t, "%s has no value %.*s; it has %s", info->path, SPAN_ARG(shown(t->text)), info->values);
}

/* The values of an ENUM fact that are not accepted: anything else found in the fact is not understood, so unknown. */
static bool add_others(struct checker *c, struct insn *insn)
{
	struct span rest = span_str(fact_info(insn->fact)->values), value;
	while (next_value(&rest, &value)) {
		bool accepted = false;
		for (uint32_t i = 0; i < insn->accepted && !accepted; i++)
			accepted = span_eq(c->rules->words[insn->first + i], value);
		if (accepted)
			continue;
		if (!add_word(c, value))
			return false;
		insn->others++;
	}
	return true;
}

/* ENUM and TEXT facts: is, in. */
static bool check_words(struct checker *c, struct insn insn, const struct ast_term *terms)
{
	enum fact_kind kind = fact_info(insn.fact)->kind;
	insn.op = OP_WORD;
	insn.first = (uint32_t)c->rules->n_words;
	for (const struct ast_term *t = terms; t != NULL; t = t->next) {
		struct span word;
		if (t->token.kind == TOKEN_GROUP)
			return check_fail(c, &t->token, "@%.*s is a group of countries, which %s is not",
					  SPAN_ARG(shown(span_sub(t->token.text, 1, t->token.text.n))),
					  fact_info(insn.fact)->path);
		if (kind == FACT_ENUM && !check_enum_value(c, insn.fact, &t->token))
			return false;
		if (!check_text(c, &t->token, &word) || !add_word(c, word))
			return false;
		insn.accepted++;
	}
	if (kind == FACT_ENUM && !add_others(c, &insn))
		return false;
	return emit(c, insn);
}

static bool check_is(struct checker *c, const struct ast_expr *e, enum fact_id fact)
{
	enum fact_kind kind = fact_info(fact)->kind;
	struct insn insn = {.fact = fact};
	struct ast_term one = {.token = e->value};
	if (e->value.kind == TOKEN_WORD && span_eq(e->value.text, SPAN("set"))) {
		insn.op = OP_KNOWN;
		return emit(c, insn);
	}
	if (kind == FACT_ENUM || kind == FACT_TEXT)
		return check_words(c, insn, &one);
	if (kind != FACT_COUNTRY)
		return misfit(c, &e->subject, kind);
	insn.op = OP_COUNTRY;
	return add_set(c, &(struct ast_set){.terms = &one}, &insn.first) && emit(c, insn);
}

static bool check_member(struct checker *c, const struct ast_expr *e, enum fact_id fact)
{
	enum fact_kind kind = fact_info(fact)->kind;
	struct insn insn = {.fact = fact};
	if ((kind == FACT_ENUM || kind == FACT_TEXT) && e->op == AST_IN && e->set.braced)
		return check_words(c, insn, e->set.terms);
	if (kind == FACT_COUNTRY)
		insn.op = OP_COUNTRY;
	else if (kind == FACT_COUNTRIES)
		insn.op = e->op == AST_IN ? OP_MEETS : OP_WITHIN;
	else
		return misfit(c, &e->subject, kind);
	return add_set(c, &e->set, &insn.first) && emit(c, insn);
}

static bool check_compare(struct checker *c, const struct ast_expr *e, enum fact_id fact)
{
	enum fact_kind kind = fact_info(fact)->kind;
	struct insn insn = {.op = OP_COMPARE, .fact = fact, .relation = relation_of(e->relation)};
	if (kind == FACT_NUM && e->value.kind == TOKEN_NUMBER)
		return check_number(c, &e->value, &insn.num) && emit(c, insn);
	if (kind == FACT_DATE && e->value.kind == TOKEN_DATE)
		return check_date(c, &e->value, &insn.num) && emit(c, insn);
	return misfit(c, &e->subject, kind);
}

static bool check_fact_test(struct checker *c, const struct ast_expr *e)
{
	enum fact_id fact;
	if (!check_fact(c, &e->subject, &fact))
		return false;
	if (e->op == AST_COMPARE)
		return check_compare(c, e, fact);
	if (e->op == AST_IS)
		return check_is(c, e, fact);
	if (e->op == AST_IN || e->op == AST_WITHIN)
		return check_member(c, e, fact);
	if (fact_info(fact)->kind != FACT_BOOL)
		return misfit(c, &e->subject, fact_info(fact)->kind);
	return emit(c, (struct insn){.op = OP_FLAG, .fact = fact});
}

/* --- Expressions --- */

static bool check_measure(struct checker *c, const struct ast_expr *e)
{
	struct insn insn = {.op = e->op == AST_COUNT ? OP_COUNT : OP_SCORE, .relation = relation_of(e->relation)};
	if (e->value.kind != TOKEN_NUMBER)
		return check_fail(c, &e->value, "compare a count or score with a number");
	return check_data(c, &e->subject, &insn) && check_number(c, &e->value, &insn.num) && emit(c, insn);
}

static bool check_expr(struct checker *c, const struct ast_expr *e);

static bool check_operands(struct checker *c, const struct ast_expr *e);

/* Operands of the same operator are lifted into one list: (a and b) and c is a and b and c. */
static bool check_operand(struct checker *c, enum ast_op op, const struct ast_expr *kid)
{
	size_t ignored = 0;
	if (kid->op == op)
		return check_operands(c, kid);
	if (op == AST_OR && kid->op == AST_HAS)
		return check_has_parts(c, kid, &ignored);
	return check_expr(c, kid);
}

static bool check_operands(struct checker *c, const struct ast_expr *e)
{
	for (const struct ast_expr *kid = e->kids; kid != NULL; kid = kid->next)
		if (!check_operand(c, e->op, kid))
			return false;
	return true;
}

static bool check_op(struct checker *c, const struct ast_expr *e, enum op op)
{
	size_t at = c->rules->n_code;
	return emit(c, (struct insn){.op = op}) && check_operands(c, e) && close_op(c, at);
}

/* "is unknown" is "is not set", so that there is one form of it. */
static bool says_unknown(const struct ast_expr *e)
{
	return e->op == AST_IS && e->value.kind == TOKEN_WORD && span_eq(e->value.text, SPAN("unknown"));
}

static bool check_negatable(struct checker *c, const struct ast_expr *e)
{
	struct ast_expr plain = *e;
	bool negated = e->negated;
	if (says_unknown(e)) {
		plain.value.text = SPAN("set");
		negated = !negated;
	}
	size_t at = c->rules->n_code;
	if (!negated)
		return check_fact_test(c, &plain);
	return emit(c, (struct insn){.op = OP_NOT}) && check_fact_test(c, &plain) && close_op(c, at);
}

static bool check_not(struct checker *c, const struct ast_expr *e)
{
	size_t at = c->rules->n_code;
	return emit(c, (struct insn){.op = OP_NOT}) && check_expr(c, e->kids) && close_op(c, at);
}

static bool check_expr(struct checker *c, const struct ast_expr *e)
{
	switch (e->op) {
	case AST_OR:
		return check_op(c, e, OP_OR);
	case AST_AND:
		return check_op(c, e, OP_AND);
	case AST_NOT:
		return check_not(c, e);
	case AST_ALWAYS:
		return emit(c, (struct insn){.op = OP_TRUE});
	case AST_HAS:
		return check_has(c, e);
	case AST_COUNT:
	case AST_SCORE:
		return check_measure(c, e);
	case AST_BARE:
	case AST_COMPARE:
	case AST_IS:
	case AST_IN:
	case AST_WITHIN:
		return check_negatable(c, e);
	}
	return false;
}

uint32_t check_condition(struct checker *c, const struct ast_expr *e)
{
	size_t at = c->rules->n_code;
	return check_expr(c, e) ? (uint32_t)at : NO_CONDITION;
}
