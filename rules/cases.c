#include "rules/cases.h"

#include <stdio.h>

#include "base/types.h"
#include "rules/diag.h"
#include "rules/parse.h"
#include "rules/print.h"

enum {
	MAX_NESTED_BLOCKS = 4, /* blocks that use blocks */
	MAX_USES = 4096,       /* of blocks in one source, those of blocks included */
	MAX_LINE = 4096,
};

struct runner {
	const struct rules *r;
	const struct rules_env *env;
	const struct rules_source *source;
	void (*report)(void *arg, const struct case_result *result);
	void *arg;
	struct case_totals *totals;
	struct rules_diag *diag;
	size_t uses;
	bool in_case;
	bool evaluated; /* an expectation was seen: no more facts */
	struct facts f;
	struct dest_facts d;
	struct evaluation e;
	struct case_result result;
};

static bool fail(struct runner *t, struct span at, const char *text)
{
	diag_at(t->diag, t->source, at.p, "%s", text);
	return false;
}

static bool fail_near(struct runner *t, struct span at, const char *what, const struct suggest *near)
{
	diag_at(t->diag, t->source, at.p, "%s%s", what, suggest_text(near).text);
	return false;
}

/* --- Words of a line --- */

static bool blank(uint8_t b)
{
	return b == ' ' || b == '\t';
}

/* Takes the word before the first blank; the rest is trimmed. */
static struct span take_word(struct span *rest)
{
	size_t n = 0;
	*rest = span_trim(*rest);
	while (n < rest->n && !blank(rest->p[n]))
		n++;
	struct span word = span_sub(*rest, 0, n);
	*rest = span_trim(span_sub(*rest, n, rest->n));
	return word;
}

/* Takes what stands before the next separator. */
static struct span take_part(struct span *rest, uint8_t separator)
{
	size_t n = span_find(*rest, separator);
	struct span part = span_trim(span_sub(*rest, 0, n));
	*rest = span_sub(*rest, n < rest->n ? n + 1 : n, rest->n);
	return part;
}

/* --- Values of facts --- */

static bool parse_country_part(struct runner *t, struct span part, struct country_set *set)
{
	if (part.n > 1 && part.p[0] == '@') {
		struct span name = span_sub(part, 1, part.n);
		for (size_t i = 0; i < t->env->n_groups; i++)
			if (span_eq(t->env->groups[i].name, name)) {
				country_set_union(set, &t->env->groups[i].set);
				return true;
			}
		return fail(t, part, "there is no country group of this name");
	}
	country cc = country_parse(part);
	if (cc == COUNTRY_NONE)
		return fail(t, part, "expected a country (two letters) or a @group");
	country_set_add(set, cc);
	return true;
}

/* DE, AT or @eea + CH */
static bool parse_countries(struct runner *t, struct span value, struct country_set *set)
{
	*set = (struct country_set){0};
	do {
		struct span list = take_part(&value, ',');
		do {
			if (!parse_country_part(t, take_part(&list, '+'), set))
				return false;
		} while (list.n > 0);
	} while (value.n > 0);
	return true;
}

static bool parse_number(struct span value, int64_t *out)
{
	bool minus = value.n > 1 && value.p[0] == '-';
	uint64_t n;
	if (!span_u64(span_sub(value, minus ? 1 : 0, value.n), &n) || n > INT64_MAX)
		return false;
	*out = minus ? -(int64_t)n : (int64_t)n;
	return true;
}

static bool has_value(enum fact_id id, struct span value)
{
	struct span rest = span_str(fact_info(id)->values);
	while (rest.n > 0)
		if (span_eq(take_part(&rest, '|'), value))
			return true;
	return false;
}

static bool parse_flag(struct span value, bool *out)
{
	*out = span_eq(value, SPAN("yes"));
	return *out || span_eq(value, SPAN("no"));
}

static bool parse_value(struct runner *t, enum fact_id id, struct span value, struct fact *out)
{
	*out = (struct fact){.known = true};
	switch (fact_info(id)->kind) {
	case FACT_BOOL:
		return parse_flag(value, &out->flag) || fail(t, value, "expected yes or no");
	case FACT_NUM:
		return parse_number(value, &out->num) || fail(t, value, "expected a number");
	case FACT_DATE:
		return date_parse(value, &out->num) || fail(t, value, "expected a date (YYYY-MM-DD)");
	case FACT_ENUM:
		out->text = value;
		return has_value(id, value) || fail(t, value, "the fact has no such value");
	case FACT_TEXT:
		out->text = value;
		return true;
	case FACT_COUNTRY:
		out->cc = country_parse(value);
		return out->cc != COUNTRY_NONE || fail(t, value, "expected a country (two letters)");
	case FACT_COUNTRIES:
		return parse_countries(t, value, &out->set);
	}
	return false;
}

static bool set_fact(struct runner *t, struct span path, struct span value)
{
	enum fact_id id = fact_by_path(path);
	if (id == FACT_COUNT) {
		struct suggest near = suggest_for(path);
		for (unsigned i = 0; i < FACT_COUNT; i++)
			suggest_offer(&near, span_str(fact_info((enum fact_id)i)->path));
		return fail_near(t, path, "there is no such fact", &near);
	}
	struct fact *slot = fact_info(id)->scope == FACT_REQUEST ? &t->f.v[id] : &t->d.v[id - FACT_FIRST_DEST];
	if (span_eq(value, SPAN("unknown")) && !has_value(id, value)) {
		*slot = (struct fact){0};
		return true;
	}
	return parse_value(t, id, value, slot);
}

/* --- Data --- */

static bool find_type(struct runner *t, struct span name, struct data_item *out)
{
	enum type_id id = type_by_name(name);
	if (id != TYPE_COUNT) {
		out->type = span_str(type_info(id)->name);
		out->classes = type_info(id)->classes;
		return true;
	}
	for (size_t i = 0; i < t->env->n_house_types; i++)
		if (span_eq(t->env->house_types[i], name)) {
			out->type = t->env->house_types[i];
			out->classes = CLASS_BIT(CLASS_HOUSE);
			return true;
		}
	struct suggest near = suggest_for(name);
	for (unsigned i = 0; i < TYPE_COUNT; i++)
		suggest_offer(&near, span_str(type_info((enum type_id)i)->name));
	return fail_near(t, name, "there is no such data type", &near);
}

/* [declared] TYPE [xN] [score N] */
static bool add_data_part(struct runner *t, struct span part)
{
	struct data_item item = {.count = 1, .score = 95, .origin = DATA_DETECTED, .views = 1};
	uint64_t n;
	struct span word = take_word(&part);
	if (span_eq(word, SPAN("declared"))) {
		item.origin = DATA_DECLARED;
		word = take_word(&part);
	}
	if (!find_type(t, word, &item))
		return false;
	while (part.n > 0) {
		word = take_word(&part);
		if (word.n > 1 && word.p[0] == 'x' && span_u64(span_sub(word, 1, word.n), &n) && n > 0 &&
		    n <= UINT32_MAX)
			item.count = (uint32_t)n;
		else if (span_eq(word, SPAN("score")) && span_u64(take_word(&part), &n) && n <= 100)
			item.score = (uint8_t)n;
		else
			return fail(t, word, "expected xCOUNT or score 0-100 after the data type");
	}
	return facts_add_data(&t->f, item) || fail(t, word, "too many data types in one case");
}

static bool add_data(struct runner *t, struct span value)
{
	do {
		if (!add_data_part(t, take_part(&value, ',')))
			return false;
	} while (value.n > 0);
	return true;
}

static bool add_classes(struct runner *t, struct span value)
{
	do {
		struct span name = take_part(&value, ',');
		int class = class_parse(name);
		if (class < 0)
			return fail(t, name, "there is no such data class");
		t->f.classes |= CLASS_BIT(class);
	} while (value.n > 0);
	return true;
}

/* --- Expectations --- */

/* Only the first failure of a case is told. */
static bool expect(struct runner *t, struct span line, bool holds)
{
	struct case_result *c = &t->result;
	if (holds || !c->passed)
		return true;
	struct buf came;
	struct rules_diag at;
	buf_init(&came, 0);
	print_verdict(&t->e.joined, SPAN_NULL, &came);
	for (size_t i = 0; i < t->e.n_fired; i++) {
		const struct rule *rule = &t->r->rules[t->e.fired[i].rule];
		buf_printf(&came, "%s%.*s.%.*s", i == 0 ? "; fired: " : ", ",
			   SPAN_ARG(t->r->regimes[rule->regime].name), SPAN_ARG(rule->name));
	}
	buf_add_str(&came, t->e.defaulted ? "; by default" : "");
	diag_at(&at, t->source, line.p, "expected %.*s; came: %.*s", SPAN_ARG(line), SPAN_ARG(buf_span(&came)));
	buf_fini(&came);
	c->passed = false;
	c->line = at.line;
	memcpy(c->text, at.text, sizeof c->text);
	return true;
}

/* The index of the rule of a path, among those fired (n_fired if it did not), or false if there is no such rule. */
static bool find_fired(struct runner *t, struct span path, size_t *at)
{
	size_t dot = span_find(path, '.');
	struct span regime = span_sub(path, 0, dot);
	struct span name = dot < path.n ? span_sub(path, dot + 1, path.n) : SPAN_NULL;
	for (size_t i = 0; i < t->r->n_rules; i++) {
		const struct rule *rule = &t->r->rules[i];
		if (!span_eq(rule->name, name) || !span_eq(t->r->regimes[rule->regime].name, regime))
			continue;
		for (*at = 0; *at < t->e.n_fired && t->e.fired[*at].rule != i; ++*at)
			;
		return true;
	}
	return fail(t, path, "there is no rule of this path (regime.rule)");
}

static bool expect_rule(struct runner *t, struct span line, struct span word, struct span path, bool negated)
{
	size_t at;
	if (!find_fired(t, path, &at))
		return false;
	bool fired = at < t->e.n_fired;
	if (span_eq(word, SPAN("fires")))
		return expect(t, line, negated != (fired && !t->e.fired[at].exempted));
	if (span_eq(word, SPAN("decides")))
		return expect(t, line, negated != (at < t->e.n_deciding));
	if (span_eq(word, SPAN("exempts")))
		return expect(t, line, negated != (fired && t->e.fired[at].exempted));
	return fail(t, word,
		    "expected place, redact, pseudonymise, transform, approval, fires, decides, exempts or default");
}

static bool expect_place(struct runner *t, struct span line, struct span value)
{
	struct span rest = value;
	if (span_eq(take_word(&rest), SPAN("within"))) {
		struct country_set set;
		if (!parse_countries(t, rest, &set))
			return false;
		return expect(t, line,
			      t->e.joined.place == PLACE_REGIONS && country_set_eq(&t->e.joined.regions, &set));
	}
	static const enum place places[] = {PLACE_ANY, PLACE_ON_PREM, PLACE_NONE};
	for (size_t i = 0; i < sizeof places / sizeof *places; i++)
		if (span_eq(value, span_str(place_name(places[i]))))
			return expect(t, line, t->e.joined.place == places[i]);
	return fail(t, value, "a place is any, within COUNTRIES, on-prem or none");
}

static bool expect_transform(struct runner *t, struct span line, struct span class, enum transform want)
{
	int c = class_parse(class);
	if (c < 0)
		return fail(t, class, "there is no such data class");
	return expect(t, line, t->e.joined.transform[c] == want);
}

static bool expect_no_transform(struct runner *t, struct span line)
{
	bool none = true;
	for (int c = 0; c < CLASS_COUNT; c++)
		none = none && t->e.joined.transform[c] == TRANSFORM_NONE;
	return expect(t, line, none);
}

static bool expect_approval(struct runner *t, struct span line, struct span value)
{
	for (int a = APPROVAL_NO; a <= APPROVAL_FOUR_EYES; a++)
		if (span_eq(value, span_str(approval_name((enum approval)a))))
			return expect(t, line, t->e.joined.approval == (enum approval)a);
	return fail(t, value, "an approval is no, yes or four-eyes");
}

static bool run_expect(struct runner *t, struct span line, struct span rest)
{
	if (!t->in_case)
		return fail(t, line, "an expectation belongs into a case");
	if (!t->evaluated)
		rules_eval(t->r, &t->f, &t->d, &t->e);
	t->evaluated = true;
	struct span word = take_word(&rest);
	if (span_eq(word, SPAN("place")))
		return expect_place(t, line, rest);
	if (span_eq(word, SPAN("redact")))
		return expect_transform(t, line, rest, TRANSFORM_REDACT);
	if (span_eq(word, SPAN("pseudonymise")))
		return expect_transform(t, line, rest, TRANSFORM_PSEUDONYMISE);
	if (span_eq(word, SPAN("transform")) && span_eq(rest, SPAN("none")))
		return expect_no_transform(t, line);
	if (span_eq(word, SPAN("approval")))
		return expect_approval(t, line, rest);
	if (span_eq(word, SPAN("default")) && rest.n == 0)
		return expect(t, line, t->e.defaulted);
	bool negated = span_eq(word, SPAN("not"));
	if (negated)
		word = take_word(&rest);
	return expect_rule(t, line, word, rest, negated);
}

/* --- Lines --- */

static struct span take_line(struct span *rest)
{
	return take_part(rest, '\n');
}

static bool use_block(struct runner *t, struct span name, unsigned depth);

/* A line of facts, in a case or in a block. */
static bool run_fact(struct runner *t, struct span line, unsigned depth)
{
	struct span rest = line;
	size_t colon = span_find(line, ':');
	if (span_eq(take_word(&rest), SPAN("use")))
		return use_block(t, rest, depth + 1);
	if (colon == line.n)
		return fail(t, line, "expected facts, case, use, expect, or FACT: VALUE");
	struct span path = span_trim(span_sub(line, 0, colon));
	struct span value = span_trim(span_sub(line, colon + 1, line.n));
	if (value.n == 0)
		return fail(t, line, "a value is missing behind the colon");
	if (span_eq(path, SPAN("data")))
		return add_data(t, value);
	if (span_eq(path, SPAN("class")))
		return add_classes(t, value);
	return set_fact(t, path, value);
}

/* The first words that end a block. */
static bool starts_section(struct span line)
{
	struct span rest = line, word = take_word(&rest);
	return span_eq(word, SPAN("facts")) || span_eq(word, SPAN("case"));
}

static bool ignored(struct span line)
{
	return line.n == 0 || line.p[0] == '#';
}

static bool run_block(struct runner *t, struct span rest, unsigned depth)
{
	while (rest.n > 0) {
		struct span line = take_line(&rest);
		if (starts_section(line))
			return true;
		if (!ignored(line) && !run_fact(t, line, depth))
			return false;
	}
	return true;
}

static bool use_block(struct runner *t, struct span name, unsigned depth)
{
	if (depth > MAX_NESTED_BLOCKS || t->uses++ == MAX_USES)
		return fail(t, name, "blocks of facts use each other too deeply or too often");
	struct span rest = t->source->text;
	while (rest.n > 0) {
		struct span line = take_line(&rest);
		if (span_eq(take_word(&line), SPAN("facts")) && span_eq(line, name))
			return run_block(t, rest, depth);
	}
	return fail(t, name, "there is no block of facts of this name");
}

static bool end_case(struct runner *t)
{
	if (!t->in_case)
		return true;
	t->in_case = false;
	if (!t->evaluated)
		return fail(t, t->result.name, "this case expects nothing");
	if (t->result.passed)
		t->totals->passed++;
	else
		t->totals->failed++;
	t->report(t->arg, &t->result);
	return true;
}

static bool start_case(struct runner *t, struct span title)
{
	if (title.n < 3 || title.p[0] != '"' || title.p[title.n - 1] != '"')
		return fail(t, title, "a case has a title in quotes");
	struct rules_diag at;
	diag_at(&at, t->source, title.p, "%s", "");
	t->f = (struct facts){0};
	t->d = (struct dest_facts){0};
	t->in_case = true;
	t->evaluated = false;
	t->result = (struct case_result){
		.file = t->source->name, .name = span_sub(title, 1, title.n - 1), .line = at.line, .passed = true};
	return true;
}

/* in_block: the line belongs to a block of facts, which is read where it is used. */
static bool run_line(struct runner *t, struct span line, bool *in_block)
{
	struct span rest = line, word = take_word(&rest);
	if (line.n > MAX_LINE)
		return fail(t, line, "this line is too long");
	if (starts_section(line)) {
		*in_block = span_eq(word, SPAN("facts"));
		return end_case(t) && (*in_block || start_case(t, rest));
	}
	if (*in_block)
		return true;
	if (span_eq(word, SPAN("expect")))
		return run_expect(t, line, rest);
	if (!t->in_case)
		return fail(t, line, "expected \"case\" or \"facts\"");
	if (t->evaluated)
		return fail(t, line, "facts come before expectations");
	return run_fact(t, line, 0);
}

enum err cases_run(const struct rules *r, const struct rules_env *env, const struct rules_source *source,
		   void (*report)(void *arg, const struct case_result *result), void *arg, struct case_totals *totals,
		   struct rules_diag *diag)
{
	struct runner t = {
		.r = r, .env = env, .source = source, .report = report, .arg = arg, .totals = totals, .diag = diag};
	struct span rest = source->text;
	bool in_block = false;
	*totals = (struct case_totals){0};
	if (rest.n > PARSE_MAX_SOURCE) {
		fail(&t, rest, "the file is too large");
		return ERR_LIMIT;
	}
	while (rest.n > 0) {
		struct span line = take_line(&rest);
		if (!ignored(line) && !run_line(&t, line, &in_block))
			return ERR_SYNTAX;
	}
	return end_case(&t) ? ERR_OK : ERR_SYNTAX;
}
