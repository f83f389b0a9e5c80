#include "rules/rules.h"

#include "base/assert.h"
#include "rules/program.h"

/* What a condition is asked about. */
struct question {
	const struct rules *r;
	const struct facts *f;
	const struct dest_facts *d;
};

static enum tri tri_of(bool b)
{
	return b ? TRI_TRUE : TRI_FALSE;
}

static enum tri tri_not(enum tri t)
{
	return (enum tri)(TRI_TRUE - t);
}

/* --- Tests --- */

static bool compare(int64_t a, enum relation relation, int64_t b)
{
	switch (relation) {
	case REL_EQ:
		return a == b;
	case REL_NE:
		return a != b;
	case REL_LT:
		return a < b;
	case REL_LE:
		return a <= b;
	case REL_GT:
		return a > b;
	case REL_GE:
		return a >= b;
	}
	return false;
}

static bool among(const struct span *words, uint32_t n, struct span word)
{
	for (uint32_t i = 0; i < n; i++)
		if (span_eq(words[i], word))
			return true;
	return false;
}

/* A value of an ENUM fact that is not in its list is not understood, so unknown. */
static enum tri test_word(const struct rules *r, const struct insn *in, struct span word)
{
	const struct span *words = r->words + in->first;
	if (among(words, in->accepted, word))
		return TRI_TRUE;
	bool closed = fact_info(in->fact)->kind == FACT_ENUM;
	return closed && !among(words + in->accepted, in->others, word) ? TRI_UNKNOWN : TRI_FALSE;
}

bool fact_is_set(enum fact_id id, const struct fact *v)
{
	if (!v->known)
		return false;
	switch (fact_info(id)->kind) {
	case FACT_ENUM:
		return !span_eq(v->text, SPAN("unknown"));
	case FACT_COUNTRY:
		return v->cc < COUNTRY_COUNT;
	case FACT_COUNTRIES:
		return !country_set_empty(
			&v->set); /* an empty set is within everything, so it must not count as known */
	case FACT_BOOL:
	case FACT_NUM:
	case FACT_DATE:
	case FACT_TEXT:
		return true;
	}
	return false;
}

static enum tri test_fact(const struct rules *r, const struct insn *in, const struct fact *v)
{
	if (in->op == OP_KNOWN)
		return tri_of(fact_is_set(in->fact, v));
	if (!v->known)
		return TRI_UNKNOWN;
	switch (in->op) {
	case OP_FLAG:
		return tri_of(v->flag);
	case OP_COMPARE:
		return tri_of(compare(v->num, in->relation, in->num));
	case OP_WORD:
		return test_word(r, in, v->text);
	case OP_COUNTRY:
		return v->cc < COUNTRY_COUNT ? tri_of(country_set_has(&r->sets[in->first].set, v->cc)) : TRI_UNKNOWN;
	case OP_MEETS:
		if (country_set_meets(&v->set, &r->sets[in->first].set))
			return TRI_TRUE;
		return country_set_empty(&v->set) ? TRI_UNKNOWN : TRI_FALSE;
	case OP_WITHIN:
		if (!country_set_within(&v->set, &r->sets[in->first].set))
			return TRI_FALSE;
		return country_set_empty(&v->set) ? TRI_UNKNOWN : TRI_TRUE;
	case OP_TRUE:
	case OP_AND:
	case OP_OR:
	case OP_NOT:
	case OP_KNOWN:
	case OP_HAS:
	case OP_COUNT:
	case OP_SCORE:
		break;
	}
	INVARIANT(in->op == OP_FLAG); /* the compiler emits nothing else here */
	return TRI_UNKNOWN;
}

bool insn_matches(const struct insn *in, const struct data_item *item)
{
	if (in->classes != 0)
		return (item->classes & in->classes) != 0;
	return in->wild ? span_starts(item->type, in->type) : span_eq(item->type, in->type);
}

static bool has_data(const struct insn *in, const struct facts *f)
{
	if (in->classes != 0)
		return (in->classes & f->classes) != 0;
	for (size_t i = 0; i < f->n_data; i++)
		if (insn_matches(in, &f->data[i]))
			return true;
	return false;
}

/* A class that only the combination makes (no item carries it) counts as one finding of the highest score. */
static int64_t measure(const struct insn *in, const struct facts *f)
{
	int64_t count = 0, score = 0;
	for (size_t i = 0; i < f->n_data; i++) {
		if (!insn_matches(in, &f->data[i]))
			continue;
		count += f->data[i].count;
		if (f->data[i].score > score)
			score = f->data[i].score;
	}
	if (count == 0 && (in->classes & f->classes) != 0)
		return in->op == OP_COUNT ? 1 : 100;
	return in->op == OP_COUNT ? count : score;
}

/* --- Conditions --- */

static enum tri eval(const struct question *q, uint32_t at);

static enum tri eval_list(const struct question *q, uint32_t at)
{
	const struct insn *code = q->r->code;
	const uint32_t end = at + code[at].size;
	const bool all = code[at].op == OP_AND;
	const enum tri decided = all ? TRI_FALSE : TRI_TRUE;
	enum tri result = all ? TRI_TRUE : TRI_FALSE;
	for (uint32_t i = at + 1; i < end; i += code[i].size) {
		enum tri t = eval(q, i);
		if (t == decided)
			return t;
		if (t == TRI_UNKNOWN)
			result = t;
	}
	return result;
}

static enum tri eval(const struct question *q, uint32_t at)
{
	const struct insn *in = &q->r->code[at];
	switch (in->op) {
	case OP_TRUE:
		return TRI_TRUE;
	case OP_AND:
	case OP_OR:
		return eval_list(q, at);
	case OP_NOT:
		return tri_not(eval(q, at + 1));
	case OP_HAS:
		return tri_of(has_data(in, q->f));
	case OP_COUNT:
	case OP_SCORE:
		return tri_of(compare(measure(in, q->f), in->relation, in->num));
	case OP_FLAG:
	case OP_COMPARE:
	case OP_KNOWN:
	case OP_WORD:
	case OP_COUNTRY:
	case OP_MEETS:
	case OP_WITHIN:
		break;
	}
	return test_fact(q->r, in, fact_get(q->f, q->d, in->fact));
}

enum tri condition_eval(const struct rules *r, uint32_t at, const struct facts *f, const struct dest_facts *d)
{
	return eval(&(struct question){r, f, d}, at);
}

/* --- Rules --- */

const struct exemption *exemption_in_force(const struct rules *r, const struct rule *rule, const struct facts *f,
					   const struct dest_facts *d)
{
	const struct fact *today = &f->v[F_DATE];
	for (const struct exemption *x = rule->exemptions; x != NULL; x = x->next)
		if (today->known && today->num <= x->until && condition_eval(r, x->when, f, d) == TRI_TRUE)
			return x;
	return NULL;
}

static void add_fired(struct evaluation *out, struct fired_rule fired, bool *overflow)
{
	if (out->n_fired == RULES_MAX_FIRED)
		*overflow = true;
	else
		out->fired[out->n_fired++] = fired;
}

/* Unknown counts as true in applies and when, as false in unless. */
static void eval_rule(const struct question *q, size_t index, struct regime_verdict *regime, struct evaluation *out,
		      bool *overflow)
{
	const struct rule *rule = &q->r->rules[index];
	enum tri when = eval(q, rule->when);
	if (when == TRI_FALSE)
		return;
	enum tri unless = rule->unless == NO_CONDITION ? TRI_FALSE : eval(q, rule->unless);
	if (unless == TRI_TRUE)
		return;
	bool exempted = exemption_in_force(q->r, rule, q->f, q->d) != NULL;
	if (!exempted)
		verdict_join(&regime->verdict, &rule->verdict);
	struct fired_rule fired = {
		.regime = rule->regime,
		.rule = (uint16_t)index,
		.by_unknown = when == TRI_UNKNOWN || unless == TRI_UNKNOWN || regime->applies == TRI_UNKNOWN,
		.exempted = exempted,
	};
	add_fired(out, fired, overflow);
}

static void eval_regime(const struct question *q, size_t index, struct evaluation *out, bool *overflow)
{
	const struct regime *g = &q->r->regimes[index];
	enum tri applies = eval(q, g->applies);
	if (applies == TRI_FALSE)
		return;
	struct regime_verdict *v = &out->regimes[out->n_regimes++];
	*v = (struct regime_verdict){.regime = (uint16_t)index, .applies = applies};
	for (size_t i = g->first; i < (size_t)g->first + g->n; i++)
		eval_rule(q, i, v, out, overflow);
	verdict_join(&out->joined, &v->verdict);
}

/* --- Deciding rules --- */

/* A rule that the rules ahead of it cover already is never needed. */
static size_t find_candidates(const struct rules *r, const struct evaluation *out, struct verdict *goal,
			      uint8_t *candidates)
{
	size_t n = 0;
	*goal = verdict_lenient();
	for (size_t i = 0; i < out->n_fired; i++) {
		const struct verdict *v = &r->rules[out->fired[i].rule].verdict;
		if (out->fired[i].exempted || verdict_covers(goal, v))
			continue;
		verdict_join(goal, v);
		candidates[n++] = (uint8_t)i;
	}
	return n;
}

/* Drops rules from the last to the first as long as the rest still covers the joined verdict: what is left is a minimal
 * set, and of several rules that would do the earliest stays. One bit for each fired rule. */
static uint64_t find_deciding(const struct rules *r, const struct evaluation *out)
{
	_Static_assert(RULES_MAX_FIRED <= 64, "one bit for each fired rule");
	uint8_t candidates[RULES_MAX_FIRED];
	struct verdict goal, kept = verdict_lenient();
	uint64_t deciding = 0;
	for (size_t n = find_candidates(r, out, &goal, candidates); n > 0; n--) {
		struct verdict rest = kept;
		for (size_t i = 0; i + 1 < n; i++)
			verdict_join(&rest, &r->rules[out->fired[candidates[i]].rule].verdict);
		if (verdict_covers(&rest, &goal))
			continue;
		verdict_join(&kept, &r->rules[out->fired[candidates[n - 1]].rule].verdict);
		deciding |= (uint64_t)1 << candidates[n - 1];
	}
	return deciding;
}

/* Stable: deciding rules first, book order within both parts. */
static void order_fired(const struct rules *r, struct evaluation *out)
{
	struct fired_rule rest[RULES_MAX_FIRED];
	size_t n_rest = 0;
	uint64_t deciding = find_deciding(r, out);
	out->n_deciding = 0;
	for (size_t i = 0; i < out->n_fired; i++) {
		if ((deciding >> i & 1) != 0)
			out->fired[out->n_deciding++] = out->fired[i];
		else
			rest[n_rest++] = out->fired[i];
	}
	if (n_rest > 0)
		memcpy(out->fired + out->n_deciding, rest, n_rest * sizeof *rest);
}

/* Only what n_regimes and n_fired count is written: clearing the whole of the lists would cost more than the rules. */
void rules_eval(const struct rules *r, const struct facts *f, const struct dest_facts *d, struct evaluation *out)
{
	const struct question q = {r, f, d};
	bool overflow = false;
	out->joined = verdict_lenient();
	out->n_regimes = 0;
	out->n_fired = 0;
	out->n_deciding = 0;
	for (size_t i = 0; i < r->n_regimes; i++)
		eval_regime(&q, i, out, &overflow);
	out->defaulted = out->n_regimes == 0;
	if (out->defaulted)
		verdict_join(&out->joined, &r->fallback);
	if (out->n_fired > 0)
		order_fired(r, out);
	if (overflow)
		verdict_join(&out->joined, &(struct verdict){.place = PLACE_NONE});
}
