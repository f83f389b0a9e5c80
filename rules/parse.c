#include "rules/parse.h"

#include "base/utf8.h"
#include "rules/diag.h"

struct parser {
	const struct rules_source *source;
	struct arena *arena;
	struct rules_diag *diag;
	struct lexer lexer;
	struct token ahead;
	unsigned depth;
	enum err err;
};

/* --- Tokens --- */

static bool fail(struct parser *p, const char *expected)
{
	struct token t = p->ahead;
	p->err = ERR_SYNTAX;
	if (t.kind == TOKEN_BAD)
		diag_at(p->diag, p->source, t.text.p, "%s", t.why);
	else if (t.kind == TOKEN_END)
		diag_at(p->diag, p->source, t.text.p, "expected %s, but the file ends here", expected);
	else
		diag_at(p->diag, p->source, t.text.p, "expected %s instead of %.*s", expected,
			(int)(t.text.n < 64 ? t.text.n : 64), (const char *)t.text.p);
	return false;
}

static bool no_memory(struct parser *p)
{
	p->err = ERR_NOMEM;
	diag_plain(p->diag, err_text(ERR_NOMEM));
	return false;
}

static struct token take(struct parser *p)
{
	struct token t = p->ahead;
	p->ahead = lex_next(&p->lexer);
	return t;
}

static bool is_word(const struct parser *p, struct span word)
{
	return p->ahead.kind == TOKEN_WORD && span_eq(p->ahead.text, word);
}

static bool take_word(struct parser *p, struct span word)
{
	if (!is_word(p, word))
		return false;
	(void)take(p);
	return true;
}

static bool want_word(struct parser *p, struct span word, const char *expected)
{
	return take_word(p, word) || fail(p, expected);
}

static bool want(struct parser *p, enum token_kind kind, const char *expected, struct token *out)
{
	if (p->ahead.kind != kind)
		return fail(p, expected);
	*out = take(p);
	return true;
}

static bool want_mark(struct parser *p, enum token_kind kind, const char *expected)
{
	struct token ignored;
	return want(p, kind, expected, &ignored);
}

#define NEW(p, type) ((struct type *)arena_alloc((p)->arena, sizeof(struct type)))

/* --- Sets and lists --- */

/* Words that carry on a sentence: where a name is wanted, they say that it is missing. */
static bool is_reserved(const struct parser *p)
{
	static const char *const words[] = {"and",  "or", "unless", "then",   "until",  "because", "when",  "applies",
					    "rule", "is", "in",     "within", "regime", "default", "exempt"};
	for (size_t i = 0; i < sizeof words / sizeof *words; i++)
		if (is_word(p, span_str(words[i])))
			return true;
	return false;
}

static bool parse_term(struct parser *p, struct ast_term ***end)
{
	enum token_kind kind = p->ahead.kind;
	if ((kind != TOKEN_WORD && kind != TOKEN_STRING && kind != TOKEN_GROUP) || is_reserved(p))
		return fail(p, "a name, a country, or a @group");
	struct ast_term *t = NEW(p, ast_term);
	if (t == NULL)
		return no_memory(p);
	t->token = take(p);
	**end = t;
	*end = &t->next;
	return true;
}

static bool parse_braced(struct parser *p, struct ast_term ***end)
{
	if (!want_mark(p, TOKEN_OPEN, "{"))
		return false;
	do {
		if (!parse_term(p, end))
			return false;
	} while (p->ahead.kind == TOKEN_COMMA && (take(p), true));
	return want_mark(p, TOKEN_CLOSE, "\",\" or \"}\"");
}

/* @eea + CH + {NO, IS} */
static bool parse_set(struct parser *p, struct ast_set *set)
{
	struct ast_term **end = &set->terms;
	size_t parts = 0;
	set->braced = p->ahead.kind == TOKEN_OPEN;
	do {
		if (!(p->ahead.kind == TOKEN_OPEN ? parse_braced(p, &end) : parse_term(p, &end)))
			return false;
		parts++;
	} while (p->ahead.kind == TOKEN_PLUS && (take(p), true));
	set->braced = set->braced && parts == 1;
	return true;
}

/* --- Expressions --- */

static struct ast_expr *parse_or(struct parser *p);

static struct ast_expr *new_expr(struct parser *p, enum ast_op op)
{
	struct ast_expr *e = NEW(p, ast_expr);
	if (e == NULL) {
		(void)no_memory(p);
		return NULL;
	}
	e->op = op;
	e->subject = p->ahead;
	return e;
}

/* data has CLASS; data has any of {…} */
static struct ast_expr *parse_has(struct parser *p)
{
	struct ast_expr *e = new_expr(p, AST_HAS);
	if (e == NULL)
		return NULL;
	(void)take(p);
	if (!want_word(p, SPAN("has"), "\"has\" after \"data\""))
		return NULL;
	struct ast_term **end = &e->set.terms;
	if (!is_word(p, SPAN("any")))
		return parse_term(p, &end) ? e : NULL;
	(void)take(p);
	return want_word(p, SPAN("of"), "\"of\" after \"any\"") && parse_braced(p, &end) ? e : NULL;
}

static bool is_relation(enum token_kind kind)
{
	return kind >= TOKEN_EQ && kind <= TOKEN_GE;
}

/* The constant on the right of a comparison. */
static bool parse_bound(struct parser *p, struct ast_expr *e)
{
	if (!is_relation(p->ahead.kind))
		return fail(p, "a comparison (= != < <= > >=)");
	e->relation = take(p).kind;
	if (p->ahead.kind != TOKEN_NUMBER && p->ahead.kind != TOKEN_DATE)
		return fail(p, "a number or a date (YYYY-MM-DD)");
	e->value = take(p);
	return true;
}

/* count of TYPE >= 10; score of CLASS >= 90 */
static struct ast_expr *parse_measure(struct parser *p, enum ast_op op)
{
	struct ast_expr *e = new_expr(p, op);
	if (e == NULL)
		return NULL;
	(void)take(p);
	if (!want_word(p, SPAN("of"), "\"of\"") || !want(p, TOKEN_WORD, "a data class or type", &e->subject))
		return NULL;
	return parse_bound(p, e) ? e : NULL;
}

static bool parse_is(struct parser *p, struct ast_expr *e)
{
	e->op = AST_IS;
	(void)take(p);
	e->negated = take_word(p, SPAN("not"));
	if (p->ahead.kind != TOKEN_WORD && p->ahead.kind != TOKEN_STRING)
		return fail(p, "a value, \"set\" or \"unknown\" after \"is\"");
	e->value = take(p);
	return true;
}

static bool parse_member(struct parser *p, struct ast_expr *e)
{
	e->negated = take_word(p, SPAN("not"));
	if (take_word(p, SPAN("in")))
		e->op = AST_IN;
	else if (take_word(p, SPAN("within")))
		e->op = AST_WITHIN;
	else
		return fail(p, "\"in\" or \"within\"");
	return parse_set(p, &e->set);
}

static struct ast_expr *parse_fact(struct parser *p)
{
	struct ast_expr *e = new_expr(p, AST_BARE);
	if (e == NULL)
		return NULL;
	(void)take(p);
	bool ok = true;
	if (is_relation(p->ahead.kind)) {
		e->op = AST_COMPARE;
		ok = parse_bound(p, e);
	} else if (is_word(p, SPAN("is"))) {
		ok = parse_is(p, e);
	} else if (is_word(p, SPAN("in")) || is_word(p, SPAN("within")) || is_word(p, SPAN("not"))) {
		ok = parse_member(p, e);
	}
	return ok ? e : NULL;
}

static struct ast_expr *parse_test(struct parser *p)
{
	if (p->ahead.kind != TOKEN_WORD || is_reserved(p))
		return fail(p, "a condition"), NULL;
	if (is_word(p, SPAN("data")))
		return parse_has(p);
	if (is_word(p, SPAN("count")))
		return parse_measure(p, AST_COUNT);
	if (is_word(p, SPAN("score")))
		return parse_measure(p, AST_SCORE);
	return parse_fact(p);
}

static struct ast_expr *parse_not(struct parser *p)
{
	if (p->ahead.kind != TOKEN_PAREN_OPEN && !is_word(p, SPAN("not")))
		return parse_test(p);
	if (p->depth == PARSE_MAX_DEPTH) {
		p->err = ERR_LIMIT;
		diag_at(p->diag, p->source, p->ahead.text.p, "conditions are nested more than %d deep",
			PARSE_MAX_DEPTH);
		return NULL;
	}
	p->depth++;
	struct ast_expr *e = NULL;
	if (p->ahead.kind == TOKEN_PAREN_OPEN) {
		(void)take(p);
		e = parse_or(p);
		if (e != NULL && !want_mark(p, TOKEN_PAREN_CLOSE, "\")\""))
			e = NULL;
	} else if ((e = new_expr(p, AST_NOT)) != NULL) {
		(void)take(p);
		e->kids = parse_not(p);
		if (e->kids == NULL)
			e = NULL;
	}
	p->depth--;
	return e;
}

/* One or more parts joined by a word; a lone part stands for itself. */
static struct ast_expr *parse_joined(struct parser *p, enum ast_op op, struct span word,
				     struct ast_expr *(*part)(struct parser *))
{
	struct ast_expr *first = part(p);
	if (first == NULL || !is_word(p, word))
		return first;
	struct ast_expr *all = new_expr(p, op), *last = first;
	if (all == NULL)
		return NULL;
	all->kids = first;
	while (take_word(p, word)) {
		last->next = part(p);
		if (last->next == NULL)
			return NULL;
		last = last->next;
	}
	return all;
}

static struct ast_expr *parse_and(struct parser *p)
{
	return parse_joined(p, AST_AND, SPAN("and"), parse_not);
}

static struct ast_expr *parse_or(struct parser *p)
{
	return parse_joined(p, AST_OR, SPAN("or"), parse_and);
}

/* --- Verdicts --- */

static bool parse_demand(struct parser *p, struct ast_verdict *v)
{
	static const struct {
		const char *word;
		enum ast_demand demand;
	} demands[] = {{"place", DEMAND_PLACE},
		       {"pseudonymise", DEMAND_PSEUDONYMISE},
		       {"redact", DEMAND_REDACT},
		       {"approval", DEMAND_APPROVAL}};
	size_t i = 0, n = sizeof demands / sizeof *demands;
	while (i < n && !is_word(p, span_str(demands[i].word)))
		i++;
	if (i == n)
		return fail(p, "\"place\", \"pseudonymise\", \"redact\" or \"approval\"");
	v->demand = demands[i].demand;
	v->word = take(p);
	if (v->demand == DEMAND_PLACE && take_word(p, SPAN("within"))) {
		v->demand = DEMAND_WITHIN;
		return parse_set(p, &v->set);
	}
	return want(p, TOKEN_WORD,
		    v->demand == DEMAND_PLACE      ? "\"any\", \"within\", \"on-prem\" or \"none\""
		    : v->demand == DEMAND_APPROVAL ? "\"yes\" or \"four-eyes\""
						   : "a data class",
		    &v->value);
}

static bool parse_verdicts(struct parser *p, struct ast_verdict **end)
{
	do {
		struct ast_verdict *v = NEW(p, ast_verdict);
		if (v == NULL)
			return no_memory(p);
		if (!parse_demand(p, v))
			return false;
		*end = v;
		end = &v->next;
	} while (p->ahead.kind == TOKEN_COMMA && (take(p), true));
	return true;
}

static bool parse_because(struct parser *p, struct token *reason)
{
	return want_word(p, SPAN("because"), "\"because\" and the reason") &&
	       want(p, TOKEN_STRING, "the reason in quotes", reason);
}

/* --- Top level --- */

static bool parse_rule(struct parser *p, struct ast_rule *r)
{
	if (!want_word(p, SPAN("rule"), "\"rule\" or \"}\"") || !want(p, TOKEN_WORD, "the rule's name", &r->name) ||
	    !want(p, TOKEN_STRING, "the rule's source in quotes, such as \"Art. 9\"", &r->source) ||
	    !want_mark(p, TOKEN_OPEN, "\"{\"") || !want_word(p, SPAN("when"), "\"when\" and a condition"))
		return false;
	r->when = parse_or(p);
	if (r->when == NULL)
		return false;
	if (take_word(p, SPAN("unless")) && (r->unless = parse_or(p)) == NULL)
		return false;
	if (!want_word(p, SPAN("then"),
		       r->unless == NULL ? "\"and\", \"or\", \"unless\" or \"then\"" : "\"and\", \"or\" or \"then\"") ||
	    !parse_verdicts(p, &r->verdicts) || !parse_because(p, &r->reason))
		return false;
	r->private = take_word(p, SPAN("private"));
	return want_mark(p, TOKEN_CLOSE, "\"}\"");
}

static bool parse_applies(struct parser *p, struct ast_regime *g)
{
	if (!want_word(p, SPAN("applies"), "\"applies when\" and a condition"))
		return false;
	if (is_word(p, SPAN("always"))) {
		g->applies = new_expr(p, AST_ALWAYS);
		(void)take(p);
	} else if (want_word(p, SPAN("when"), "\"when\" or \"always\"")) {
		g->applies = parse_or(p);
	}
	return g->applies != NULL;
}

static bool parse_regime(struct parser *p, struct ast_book *book)
{
	struct ast_regime *g = NEW(p, ast_regime);
	if (g == NULL)
		return no_memory(p);
	g->from = p->source;
	(void)take(p);
	if (!want(p, TOKEN_WORD, "the regime's name", &g->name) ||
	    !want(p, TOKEN_STRING, "the regime's title in quotes", &g->title) ||
	    !want_word(p, SPAN("version"), "\"version\" and a date") ||
	    !want(p, TOKEN_DATE, "the version, a date (YYYY-MM-DD)", &g->version) ||
	    !want_mark(p, TOKEN_OPEN, "\"{\"") || !parse_applies(p, g))
		return false;
	struct ast_rule **end = &g->rules;
	while (p->ahead.kind != TOKEN_CLOSE) {
		struct ast_rule *r = NEW(p, ast_rule);
		if (r == NULL)
			return no_memory(p);
		if (!parse_rule(p, r))
			return false;
		*end = r;
		end = &r->next;
	}
	(void)take(p);
	*book->regimes_end = g;
	book->regimes_end = &g->next;
	return true;
}

static bool parse_default(struct parser *p, struct ast_book *book)
{
	struct ast_default *d = NEW(p, ast_default);
	if (d == NULL)
		return no_memory(p);
	d->from = p->source;
	d->word = take(p);
	if (!want_mark(p, TOKEN_OPEN, "\"{\"") || !parse_verdicts(p, &d->verdicts) || !parse_because(p, &d->reason) ||
	    !want_mark(p, TOKEN_CLOSE, "\"}\""))
		return false;
	*book->defaults_end = d;
	book->defaults_end = &d->next;
	return true;
}

static bool parse_exempt(struct parser *p, struct ast_book *book)
{
	struct ast_exempt *x = NEW(p, ast_exempt);
	if (x == NULL)
		return no_memory(p);
	x->from = p->source;
	(void)take(p);
	if (!want(p, TOKEN_WORD, "the rule to exempt from, as regime.rule", &x->path) ||
	    !want_word(p, SPAN("when"), "\"when\" and a condition") || (x->when = parse_or(p)) == NULL ||
	    !want_word(p, SPAN("until"), "\"and\", \"or\" or \"until\"") ||
	    !want(p, TOKEN_DATE, "the last day of the exemption (YYYY-MM-DD)", &x->until) ||
	    !parse_because(p, &x->reason) || !want_word(p, SPAN("by"), "\"by\" and who granted it") ||
	    !want(p, TOKEN_STRING, "who granted it, in quotes", &x->by))
		return false;
	*book->exempts_end = x;
	book->exempts_end = &x->next;
	return true;
}

static bool parse_item(struct parser *p, struct ast_book *book)
{
	if (is_word(p, SPAN("regime")))
		return parse_regime(p, book);
	if (is_word(p, SPAN("default")))
		return parse_default(p, book);
	if (is_word(p, SPAN("exempt")))
		return parse_exempt(p, book);
	return fail(p, "\"regime\", \"default\" or \"exempt\"");
}

/* --- Entry --- */

void ast_book_init(struct ast_book *book)
{
	*book = (struct ast_book){0};
	book->regimes_end = &book->regimes;
	book->exempts_end = &book->exempts;
	book->defaults_end = &book->defaults;
}

static enum err check_text(const struct rules_source *source, struct rules_diag *diag)
{
	struct span text = source->text;
	if (text.n > PARSE_MAX_SOURCE) {
		diag_at(diag, source, text.p, "the file is larger than %d bytes", PARSE_MAX_SOURCE);
		return ERR_LIMIT;
	}
	for (size_t at = 0; at < text.n;) {
		uint32_t cp;
		size_t n = utf8_decode(span_sub(text, at, text.n), &cp);
		if (n == 0) {
			diag_at(diag, source, text.p + at, "the file is not valid UTF-8 here");
			return ERR_ENCODING;
		}
		at += n;
	}
	return ERR_OK;
}

enum err parse_source(const struct rules_source *source, struct arena *arena, struct ast_book *book,
		      struct rules_diag *diag)
{
	enum err e = check_text(source, diag);
	if (e != ERR_OK)
		return e;
	struct parser p = {.source = source, .arena = arena, .diag = diag, .lexer = {.text = source->text}};
	if (span_starts(source->text, SPAN("\xef\xbb\xbf"))) /* editors' byte order mark */
		p.lexer.at = 3;
	p.ahead = lex_next(&p.lexer);
	while (p.ahead.kind != TOKEN_END)
		if (!parse_item(&p, book))
			return p.err;
	return ERR_OK;
}
