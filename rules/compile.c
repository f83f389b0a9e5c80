#include "rules/rules.h"

#include <stdlib.h>

#include "rules/check.h"
#include "rules/diag.h"
#include "rules/parse.h"

enum {
	MAX_RULES = 4096,
	MAX_TEXT = 512, /* bytes of a title, source, reason or name */
};

/* --- Verdicts --- */

/* The places a rule may name alone; "within" has a form of its own. */
static bool parse_place(struct span word, enum place *out)
{
	static const enum place places[] = {PLACE_ANY, PLACE_ON_PREM, PLACE_NONE};
	for (size_t i = 0; i < sizeof places / sizeof *places; i++)
		if (span_eq(word, span_str(place_name(places[i])))) {
			*out = places[i];
			return true;
		}
	return false;
}

static bool parse_approval(struct span word, enum approval *out)
{
	for (int a = APPROVAL_YES; a <= APPROVAL_FOUR_EYES; a++)
		if (span_eq(word, span_str(approval_name((enum approval)a)))) {
			*out = (enum approval)a;
			return true;
		}
	return false;
}

static bool check_transform(struct checker *c, const struct ast_verdict *v, struct verdict *out)
{
	int class = class_parse(v->value.text);
	struct suggest near = suggest_for(v->value.text);
	for (int i = 0; i < CLASS_COUNT; i++)
		suggest_offer(&near, class_name((enum legal_class)i));
	if (class < 0)
		return check_fail(c, &v->value, "there is no data class of this name%s", suggest_text(&near).text);
	if (out->transform[class] != TRANSFORM_NONE)
		return check_fail(c, &v->word, "this class has a transformation already");
	out->transform[class] = v->demand == DEMAND_REDACT ? TRANSFORM_REDACT : TRANSFORM_PSEUDONYMISE;
	return true;
}

static bool check_demand(struct checker *c, const struct ast_verdict *v, struct verdict *out, struct span *regions)
{
	switch (v->demand) {
	case DEMAND_PLACE:
		return parse_place(v->value.text, &out->place) ||
		       check_fail(c, &v->value, "a place is any, within COUNTRIES, on-prem or none");
	case DEMAND_WITHIN:
		out->place = PLACE_REGIONS;
		return check_countries(c, &v->set, &out->regions, regions);
	case DEMAND_PSEUDONYMISE:
	case DEMAND_REDACT:
		return check_transform(c, v, out);
	case DEMAND_APPROVAL:
		return parse_approval(v->value.text, &out->approval) ||
		       check_fail(c, &v->value, "an approval is yes or four-eyes");
	}
	return false;
}

static bool check_verdict(struct checker *c, const struct ast_verdict *list, struct verdict *out, struct span *regions)
{
	bool place = false, approval = false;
	*out = verdict_lenient();
	for (const struct ast_verdict *v = list; v != NULL; v = v->next) {
		bool is_place = v->demand == DEMAND_PLACE || v->demand == DEMAND_WITHIN;
		bool is_approval = v->demand == DEMAND_APPROVAL;
		if ((is_place && place) || (is_approval && approval))
			return check_fail(c, &v->word, "the %s is given twice", is_place ? "place" : "approval");
		place |= is_place;
		approval |= is_approval;
		if (!check_demand(c, v, out, regions))
			return false;
	}
	return true;
}

/* --- Names and texts --- */

static bool text_of(struct checker *c, const struct token *t, struct span *out)
{
	if (t->text.n > MAX_TEXT)
		return check_fail(c, t, "this text is longer than %d bytes", MAX_TEXT);
	return check_text(c, t, out);
}

/* Names appear in records and paths: small letters, digits and hyphens. */
static bool name_of(struct checker *c, const struct token *t, struct span *out)
{
	for (size_t i = 0; i < t->text.n; i++) {
		uint8_t b = t->text.p[i];
		if (!((b >= 'a' && b <= 'z') || (b >= '0' && b <= '9') || b == '-'))
			return check_fail(c, t, "a name has small letters, digits and hyphens only");
	}
	return text_of(c, t, out);
}

/* --- Regimes and rules --- */

static bool check_rule(struct checker *c, const struct ast_rule *from, uint16_t regime)
{
	struct rules *r = c->rules;
	struct rule *out = &r->rules[r->n_rules];
	*out = (struct rule){.regime = regime, .unless = NO_CONDITION, .private = from->private};
	if (!name_of(c, &from->name, &out->name) || !text_of(c, &from->source, &out->source) ||
	    !text_of(c, &from->reason, &out->reason))
		return false;
	for (size_t i = r->regimes[regime].first; i < r->n_rules; i++)
		if (span_eq(r->rules[i].name, out->name))
			return check_fail(c, &from->name, "this regime has a rule of this name already");
	out->when = check_condition(c, from->when);
	if (out->when == NO_CONDITION)
		return false;
	if (from->unless != NULL && (out->unless = check_condition(c, from->unless)) == NO_CONDITION)
		return false;
	if (!check_verdict(c, from->verdicts, &out->verdict, &out->regions))
		return false;
	r->n_rules++;
	return true;
}

static bool check_regime(struct checker *c, const struct ast_regime *from)
{
	struct rules *r = c->rules;
	struct regime *out = &r->regimes[r->n_regimes];
	int64_t ignored;
	c->source = from->from;
	*out = (struct regime){.first = (uint16_t)r->n_rules};
	if (!name_of(c, &from->name, &out->name) || !text_of(c, &from->title, &out->title) ||
	    !text_of(c, &from->version, &out->version))
		return false;
	if (!date_parse(from->version.text, &ignored))
		return check_fail(c, &from->version, "this is not a date of the calendar");
	for (size_t i = 0; i < r->n_regimes; i++)
		if (span_eq(r->regimes[i].name, out->name))
			return check_fail(c, &from->name, "there is a regime of this name already");
	out->applies = check_condition(c, from->applies);
	if (out->applies == NO_CONDITION)
		return false;
	for (const struct ast_rule *rule = from->rules; rule != NULL; rule = rule->next)
		if (!check_rule(c, rule, (uint16_t)r->n_regimes))
			return false;
	out->n = (uint16_t)(r->n_rules - out->first);
	r->n_regimes++;
	return true;
}

/* --- Exemptions and the default --- */

/* "regime.rule"; names are at most MAX_TEXT bytes each. */
struct path {
	char text[2 * MAX_TEXT + 1];
	size_t n;
};

static struct span path_of(const struct rules *r, const struct rule *rule, struct path *out)
{
	struct span regime = r->regimes[rule->regime].name;
	memcpy(out->text, regime.p, regime.n);
	out->text[regime.n] = '.';
	memcpy(out->text + regime.n + 1, rule->name.p, rule->name.n);
	out->n = regime.n + 1 + rule->name.n;
	return span_of(out->text, out->n);
}

static bool no_such_rule(struct checker *c, const struct token *path)
{
	const struct rules *r = c->rules;
	struct suggest near = suggest_for(path->text);
	struct path best = {{0}, 0}, full;
	for (size_t i = 0; i < r->n_rules; i++) {
		size_t before = near.distance;
		suggest_offer(&near, path_of(r, &r->rules[i], &full));
		if (near.distance < before)
			best = full;
	}
	if (near.best.p != NULL)
		near.best = span_of(best.text, best.n);
	return check_fail(c, path, "there is no rule of this path (regime.rule)%s", suggest_text(&near).text);
}

static struct rule *find_rule(struct checker *c, const struct token *path)
{
	struct rules *r = c->rules;
	struct path full;
	for (size_t i = 0; i < r->n_rules; i++)
		if (span_eq(path_of(r, &r->rules[i], &full), path->text))
			return &r->rules[i];
	(void)no_such_rule(c, path);
	return NULL;
}

static bool check_exempt(struct checker *c, const struct ast_exempt *from)
{
	struct rules *r = c->rules;
	struct exemption *out = &r->exemptions[r->n_exemptions];
	c->source = from->from;
	struct rule *rule = find_rule(c, &from->path);
	if (rule == NULL)
		return false;
	*out = (struct exemption){.rule = (uint16_t)(rule - r->rules), .next = rule->exemptions};
	if (!date_parse(from->until.text, &out->until))
		return check_fail(c, &from->until, "this is not a date of the calendar");
	out->when = check_condition(c, from->when);
	if (out->when == NO_CONDITION || !text_of(c, &from->reason, &out->reason) || !text_of(c, &from->by, &out->by))
		return false;
	rule->exemptions = out;
	r->n_exemptions++;
	return true;
}

static bool check_default(struct checker *c, const struct ast_default *from, const struct rules_source *sources,
			  size_t n)
{
	if (from == NULL) {
		diag_plain(c->diag, "no source has a default clause; write: default { place on-prem because \"…\" }");
		if (n > 0)
			c->diag->file = sources[n - 1].name;
		c->err = ERR_CONFIG;
		return false;
	}
	c->source = from->from;
	if (from->next != NULL) {
		c->source = from->next->from;
		return check_fail(c, &from->next->word, "there is a default clause already; there must be one in all");
	}
	return check_verdict(c, from->verdicts, &c->rules->fallback, &c->rules->fallback_regions) &&
	       text_of(c, &from->reason, &c->rules->fallback_reason);
}

/* --- The book --- */

static bool copy_groups(struct checker *c)
{
	const struct rules_env *env = c->env;
	struct rules *r = c->rules;
	r->groups = arena_array(&r->arena, env->n_groups, sizeof *r->groups);
	if (r->groups == NULL && env->n_groups > 0)
		return check_no_memory(c);
	for (size_t i = 0; i < env->n_groups; i++) {
		r->groups[i] = (struct group){.name = check_keep(c, env->groups[i].name), .set = env->groups[i].set};
		if (c->err != ERR_OK)
			return false;
	}
	r->n_groups = env->n_groups;
	return true;
}

/* Room for all regimes, rules and exemptions, so that pointers to them stay good. */
static bool make_room(struct checker *c, const struct ast_book *book)
{
	struct rules *r = c->rules;
	size_t regimes = 0, rules = 0, exemptions = 0;
	for (const struct ast_regime *g = book->regimes; g != NULL; g = g->next) {
		c->source = g->from;
		if (++regimes > RULES_MAX_REGIMES)
			return check_fail(c, &g->name, "there are more than %d regimes", RULES_MAX_REGIMES);
		for (const struct ast_rule *rule = g->rules; rule != NULL; rule = rule->next)
			if (++rules > MAX_RULES)
				return check_fail(c, &rule->name, "there are more than %d rules", MAX_RULES);
	}
	for (const struct ast_exempt *x = book->exempts; x != NULL; x = x->next)
		exemptions++;
	/* One more of each, so that none is an empty request. */
	r->regimes = arena_array(&r->arena, regimes + 1, sizeof *r->regimes);
	r->rules = arena_array(&r->arena, rules + 1, sizeof *r->rules);
	r->exemptions = arena_array(&r->arena, exemptions + 1, sizeof *r->exemptions);
	return !r->arena.failed || check_no_memory(c);
}

static bool check_book(struct checker *c, const struct ast_book *book, const struct rules_source *sources, size_t n)
{
	if (!copy_groups(c) || !make_room(c, book))
		return false;
	for (const struct ast_regime *g = book->regimes; g != NULL; g = g->next)
		if (!check_regime(c, g))
			return false;
	for (const struct ast_exempt *x = book->exempts; x != NULL; x = x->next)
		if (!check_exempt(c, x))
			return false;
	return check_default(c, book->defaults, sources, n);
}

static enum err build(struct rules *r, const struct rules_source *sources, size_t n, const struct rules_env *env,
		      struct arena *scratch, struct rules_diag *diag)
{
	struct ast_book book;
	ast_book_init(&book);
	for (size_t i = 0; i < n; i++) {
		enum err e = parse_source(&sources[i], scratch, &book, diag);
		if (e != ERR_OK)
			return e;
	}
	struct checker c = {.rules = r, .env = env, .diag = diag};
	return check_book(&c, &book, sources, n) ? ERR_OK : c.err;
}

struct rules *rules_compile(const struct rules_source *sources, size_t n, const struct rules_env *env,
			    struct rules_diag *diag, enum err *err)
{
	struct arena scratch;
	*diag = (struct rules_diag){0};
	struct rules *r = calloc(1, sizeof *r);
	if (r == NULL) {
		diag_plain(diag, err_text(ERR_NOMEM));
		*err = ERR_NOMEM;
		return NULL;
	}
	arena_init(&r->arena, 0);
	arena_init(&scratch, 0);
	*err = build(r, sources, n, env, &scratch, diag);
	arena_fini(&scratch);
	if (*err != ERR_OK) {
		rules_free(r);
		return NULL;
	}
	return r;
}

void rules_free(struct rules *r)
{
	if (r == NULL)
		return;
	arena_fini(&r->arena);
	free(r);
}
