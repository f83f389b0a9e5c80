/* Explanations: the same walk over regimes, rules and conditions, told as sentences or as JSON. */
#include "rules/rules.h"

#include "rules/print.h"

enum { MAX_ITEMS = 8 }; /* data items listed for one condition */

struct explainer {
	const struct rules *r;
	const struct facts *f;
	const struct dest_facts *d;
	const struct evaluation *e;
	struct buf *out;
	bool json;
};

static const char *tri_word(enum tri t)
{
	static const char *const words[] = {"no", "unknown", "yes"};
	return words[t];
}

/* --- What a test saw --- */

static void add_fact_evidence(const struct explainer *x, const struct insn *in, struct buf *out)
{
	const struct fact *v = fact_get(x->f, x->d, in->fact);
	buf_add_str(out, fact_info(in->fact)->path);
	if (!fact_is_set(in->fact, v)) {
		buf_add_str(out, " is not known");
		return;
	}
	buf_add_str(out, " is ");
	print_value(in->fact, v, out);
}

static void add_data_evidence(const struct explainer *x, const struct insn *in, struct buf *out)
{
	size_t n = 0;
	for (size_t i = 0; i < x->f->n_data; i++) {
		const struct data_item *item = &x->f->data[i];
		if (!insn_matches(in, item) || n++ >= MAX_ITEMS)
			continue;
		buf_printf(out, "%s%.*s: %u found, best score %u", n == 1 ? "" : "; ", SPAN_ARG(item->type),
			   item->count, item->score);
		buf_add_str(out, (item->origin & DATA_DECLARED) != 0 ? ", declared" : "");
	}
	if (n > MAX_ITEMS)
		buf_printf(out, "; and %zu more", n - MAX_ITEMS);
	if (n == 0)
		buf_add_str(out, (in->classes & x->f->classes) != 0 ? "by combination" : "none found");
}

static void add_evidence(const struct explainer *x, const struct insn *in, struct buf *out)
{
	if (in->op == OP_HAS || in->op == OP_COUNT || in->op == OP_SCORE)
		add_data_evidence(x, in, out);
	else if (in->op != OP_TRUE)
		add_fact_evidence(x, in, out);
}

/* --- Conditions --- */

static void add_quoted(const struct explainer *x, struct buf *text)
{
	if (buf_err(text) != ERR_OK)
		x->out->err = buf_err(text);
	buf_add_json(x->out, buf_span(text));
	buf_fini(text);
}

static void add_condition_text(const struct explainer *x, uint32_t at)
{
	struct buf text;
	if (!x->json) {
		print_condition(x->r, at, x->out);
		return;
	}
	buf_init(&text, 0);
	print_condition(x->r, at, &text);
	add_quoted(x, &text);
}

/* One test with its value and what it saw. A lone "not" belongs to its test. */
static void add_test(const struct explainer *x, uint32_t at, bool first)
{
	const struct insn *in = &x->r->code[at];
	const struct insn *test = in->op == OP_NOT ? in + 1 : in;
	enum tri value = condition_eval(x->r, at, x->f, x->d);
	if (!x->json) {
		buf_add_str(x->out, "    - ");
		add_condition_text(x, at);
		buf_printf(x->out, ": %s (", tri_word(value));
		add_evidence(x, test, x->out);
		buf_add_str(x->out, ")\n");
		return;
	}
	struct buf text;
	buf_add_str(x->out, first ? "{\"test\":" : ",{\"test\":");
	add_condition_text(x, at);
	buf_printf(x->out, ",\"value\":\"%s\",\"because\":", tri_word(value));
	buf_init(&text, 0);
	add_evidence(x, test, &text);
	add_quoted(x, &text);
	buf_add_byte(x->out, '}');
}

static void add_tests(const struct explainer *x, uint32_t at, bool *first)
{
	const struct insn *code = x->r->code;
	bool list = code[at].op == OP_AND || code[at].op == OP_OR;
	bool above = code[at].op == OP_NOT && code[at + 1].size > 1;
	if (!list && !above) {
		if (code[at].op != OP_TRUE)
			add_test(x, at, *first);
		*first = false;
		return;
	}
	for (uint32_t i = at + 1; i < at + code[at].size; i += code[i].size)
		add_tests(x, i, first);
}

/* "  when A and B: yes" and its tests; in JSON ,"when":{…}. */
static void add_condition(const struct explainer *x, const char *word, uint32_t at)
{
	enum tri value = condition_eval(x->r, at, x->f, x->d);
	bool first = true;
	if (x->json) {
		buf_printf(x->out, ",\"%s\":{\"condition\":", word);
		add_condition_text(x, at);
		buf_printf(x->out, ",\"value\":\"%s\",\"tests\":[", tri_word(value));
	} else {
		buf_printf(x->out, "  %s ", word);
		add_condition_text(x, at);
		buf_printf(x->out, ": %s\n", tri_word(value));
	}
	add_tests(x, at, &first);
	buf_add_str(x->out, x->json ? "]}" : "");
}

/* --- Verdicts --- */

static void add_verdict_json(struct buf *out, const struct verdict *v)
{
	buf_printf(out, "{\"place\":\"%s\"", place_name(v->place));
	if (v->place == PLACE_REGIONS) {
		buf_add_str(out, ",\"regions\":[\"");
		print_countries(&v->regions, "\",\"", out);
		buf_add_str(out, "\"]");
	}
	buf_add_str(out, ",\"transform\":{");
	bool first = true;
	for (int c = 0; c < CLASS_COUNT; c++) {
		if (v->transform[c] == TRANSFORM_NONE)
			continue;
		buf_printf(out, "%s\"%.*s\":\"%s\"", first ? "" : ",", SPAN_ARG(class_name((enum legal_class)c)),
			   transform_name(v->transform[c]));
		first = false;
	}
	buf_printf(out, "},\"approval\":\"%s\"}", approval_name(v->approval));
}

static void add_verdict(const struct explainer *x, const struct verdict *v)
{
	if (x->json)
		add_verdict_json(x->out, v);
	else
		print_verdict(v, SPAN_NULL, x->out);
}

/* --- Regimes and rules --- */

static void add_regime(const struct explainer *x, size_t index)
{
	const struct regime_verdict *v = &x->e->regimes[index];
	const struct regime *g = &x->r->regimes[v->regime];
	bool sure = v->applies == TRI_TRUE;
	if (x->json) {
		buf_printf(x->out, "%s{\"name\":\"%.*s\",\"title\":", index == 0 ? "" : ",", SPAN_ARG(g->name));
		buf_add_json(x->out, g->title);
		buf_printf(x->out, ",\"version\":\"%.*s\",\"verdict\":", SPAN_ARG(g->version));
		add_verdict(x, &v->verdict);
		add_condition(x, "applies", g->applies);
		buf_add_byte(x->out, '}');
		return;
	}
	buf_printf(x->out, "\n%.*s %s: %.*s, version %.*s. Its verdict: ", SPAN_ARG(g->name),
		   sure ? "applies" : "may apply, because something is unknown", SPAN_ARG(g->title),
		   SPAN_ARG(g->version));
	add_verdict(x, &v->verdict);
	buf_add_str(x->out, ".\n");
	if (x->r->code[g->applies].op != OP_TRUE)
		add_condition(x, "applies when", g->applies);
}

static void add_exemption_json(const struct explainer *x, const struct exemption *ex)
{
	char until[16];
	date_print(ex->until, until);
	buf_printf(x->out, ",\"exemption\":{\"until\":\"%s\",\"reason\":", until);
	buf_add_json(x->out, ex->reason);
	buf_add_str(x->out, ",\"by\":");
	buf_add_json(x->out, ex->by);
	buf_add_byte(x->out, '}');
}

static void add_exemption_text(const struct explainer *x, const struct exemption *ex)
{
	char until[16];
	date_print(ex->until, until);
	buf_printf(x->out, "  It is switched off until %s by %.*s: %.*s\n", until, SPAN_ARG(ex->by),
		   SPAN_ARG(ex->reason));
}

static void add_rule_json(const struct explainer *x, size_t index)
{
	const struct fired_rule *fired = &x->e->fired[index];
	const struct rule *rule = &x->r->rules[fired->rule];
	const struct exemption *ex = exemption_in_force(x->r, rule, x->f, x->d);
	buf_printf(x->out, "%s{\"regime\":\"%.*s\",\"rule\":\"%.*s\",\"source\":", index == 0 ? "" : ",",
		   SPAN_ARG(x->r->regimes[fired->regime].name), SPAN_ARG(rule->name));
	buf_add_json(x->out, rule->source);
	buf_add_str(x->out, ",\"reason\":");
	buf_add_json(x->out, rule->reason);
	buf_printf(x->out, ",\"deciding\":%s,\"by_unknown\":%s,\"exempted\":%s,\"private\":%s,\"verdict\":",
		   index < x->e->n_deciding ? "true" : "false", fired->by_unknown ? "true" : "false",
		   fired->exempted ? "true" : "false", rule->private ? "true" : "false");
	add_verdict(x, &rule->verdict);
	if (ex != NULL)
		add_exemption_json(x, ex);
	add_condition(x, "when", rule->when);
	if (rule->unless != NO_CONDITION)
		add_condition(x, "unless", rule->unless);
	buf_add_byte(x->out, '}');
}

static void add_rule_text(const struct explainer *x, size_t index)
{
	const struct fired_rule *fired = &x->e->fired[index];
	const struct rule *rule = &x->r->rules[fired->rule];
	const struct exemption *ex = exemption_in_force(x->r, rule, x->f, x->d);
	const char *role = fired->exempted ? "would have fired" : index < x->e->n_deciding ? "decides" : "fired too";
	buf_printf(x->out, "\n%.*s.%.*s (%.*s) %s: ", SPAN_ARG(x->r->regimes[fired->regime].name), SPAN_ARG(rule->name),
		   SPAN_ARG(rule->source), role);
	add_verdict(x, &rule->verdict);
	buf_printf(x->out, ", because %.*s.\n", SPAN_ARG(rule->reason));
	if (fired->by_unknown)
		buf_add_str(x->out, "  It fired because something is unknown, which counts against release.\n");
	if (ex != NULL)
		add_exemption_text(x, ex);
	add_condition(x, "when", rule->when);
	if (rule->unless != NO_CONDITION)
		add_condition(x, "unless", rule->unless);
}

static void explain_text(const struct explainer *x)
{
	buf_add_str(x->out, "Verdict: ");
	add_verdict(x, &x->e->joined);
	buf_add_str(x->out, ".\n");
	if (x->e->defaulted)
		buf_printf(x->out, "No regime applies, so the default decides: %.*s.\n",
			   SPAN_ARG(x->r->fallback_reason));
	else if (x->e->n_fired == 0)
		buf_add_str(x->out, "No rule of a regime that applies fired.\n");
	for (size_t i = 0; i < x->e->n_regimes; i++)
		add_regime(x, i);
	for (size_t i = 0; i < x->e->n_fired; i++)
		add_rule_text(x, i);
}

static void explain_json(const struct explainer *x)
{
	buf_add_str(x->out, "{\"verdict\":");
	add_verdict(x, &x->e->joined);
	buf_printf(x->out, ",\"defaulted\":%s", x->e->defaulted ? "true" : "false");
	if (x->e->defaulted) {
		buf_add_str(x->out, ",\"default_reason\":");
		buf_add_json(x->out, x->r->fallback_reason);
	}
	buf_add_str(x->out, ",\"regimes\":[");
	for (size_t i = 0; i < x->e->n_regimes; i++)
		add_regime(x, i);
	buf_add_str(x->out, "],\"rules\":[");
	for (size_t i = 0; i < x->e->n_fired; i++)
		add_rule_json(x, i);
	buf_add_str(x->out, "]}");
}

enum err rules_explain(const struct rules *r, const struct facts *f, const struct dest_facts *d, bool json,
		       struct buf *out)
{
	struct evaluation e;
	rules_eval(r, f, d, &e);
	const struct explainer x = {r, f, d, &e, out, json};
	if (json)
		explain_json(&x);
	else
		explain_text(&x);
	return buf_err(out);
}
