/* The canonical text: comments, spacing and synonyms are gone, country groups are spelt out. It is itself a rule file
 * that compiles to the same book. */
#include "rules/rules.h"

#include "rules/print.h"

enum { CANONICAL_VERSION = 1 };

/* Groups by name, so that the order of the caller's table does not show. */
static const struct group *next_group(const struct rules *r, const struct group *after)
{
	const struct group *best = NULL;
	for (size_t i = 0; i < r->n_groups; i++) {
		const struct group *g = &r->groups[i];
		if (!g->used || (after != NULL && span_cmp(g->name, after->name) <= 0))
			continue;
		if (best == NULL || span_cmp(g->name, best->name) < 0)
			best = g;
	}
	return best;
}

static void add_groups(const struct rules *r, struct buf *out)
{
	for (const struct group *g = next_group(r, NULL); g != NULL; g = next_group(r, g)) {
		buf_printf(out, "# @%.*s = ", SPAN_ARG(g->name));
		print_countries(&g->set, " ", out);
		buf_add_byte(out, '\n');
	}
}

static void add_rule(const struct rules *r, const struct rule *rule, struct buf *out)
{
	buf_printf(out, "  rule %.*s ", SPAN_ARG(rule->name));
	print_text(rule->source, out);
	buf_add_str(out, " {\n    when ");
	print_condition(r, rule->when, out);
	if (rule->unless != NO_CONDITION) {
		buf_add_str(out, "\n    unless ");
		print_condition(r, rule->unless, out);
	}
	buf_add_str(out, "\n    then ");
	print_verdict(&rule->verdict, rule->regions, out);
	buf_add_str(out, " because ");
	print_text(rule->reason, out);
	buf_add_str(out, rule->private ? " private\n  }\n" : "\n  }\n");
}

static void add_regime(const struct rules *r, const struct regime *g, struct buf *out)
{
	buf_printf(out, "regime %.*s ", SPAN_ARG(g->name));
	print_text(g->title, out);
	buf_printf(out, " version %.*s {\n  applies ", SPAN_ARG(g->version));
	if (r->code[g->applies].op != OP_TRUE)
		buf_add_str(out, "when ");
	print_condition(r, g->applies, out);
	buf_add_byte(out, '\n');
	for (size_t i = g->first; i < (size_t)g->first + g->n; i++)
		add_rule(r, &r->rules[i], out);
	buf_add_str(out, "}\n");
}

static void add_exemption(const struct rules *r, const struct exemption *x, struct buf *out)
{
	const struct rule *rule = &r->rules[x->rule];
	char until[16];
	date_print(x->until, until);
	buf_printf(out, "exempt %.*s.%.*s when ", SPAN_ARG(r->regimes[rule->regime].name), SPAN_ARG(rule->name));
	print_condition(r, x->when, out);
	buf_printf(out, " until %s because ", until);
	print_text(x->reason, out);
	buf_add_str(out, " by ");
	print_text(x->by, out);
	buf_add_byte(out, '\n');
}

enum err rules_canonical(const struct rules *r, struct buf *out)
{
	buf_printf(out, "# rules %d\n", CANONICAL_VERSION);
	add_groups(r, out);
	for (size_t i = 0; i < r->n_regimes; i++)
		add_regime(r, &r->regimes[i], out);
	for (size_t i = 0; i < r->n_exemptions; i++)
		add_exemption(r, &r->exemptions[i], out);
	buf_add_str(out, "default {\n  ");
	print_verdict(&r->fallback, r->fallback_regions, out);
	buf_add_str(out, " because ");
	print_text(r->fallback_reason, out);
	buf_add_str(out, "\n}\n");
	return buf_err(out);
}
