#include "base/assert.h"
#include "rules/program.h"

static const struct regime *regime_at(const struct rules *r, uint16_t i)
{
	INVARIANT(i < r->n_regimes);
	return &r->regimes[i];
}

static const struct rule *rule_at(const struct rules *r, uint16_t i)
{
	INVARIANT(i < r->n_rules);
	return &r->rules[i];
}

size_t rules_regimes(const struct rules *r)
{
	return r->n_regimes;
}

struct span rules_regime_name(const struct rules *r, uint16_t regime)
{
	return regime_at(r, regime)->name;
}

struct span rules_regime_title(const struct rules *r, uint16_t regime)
{
	return regime_at(r, regime)->title;
}

struct span rules_regime_version(const struct rules *r, uint16_t regime)
{
	return regime_at(r, regime)->version;
}

size_t rules_count(const struct rules *r)
{
	return r->n_rules;
}

struct span rules_rule_name(const struct rules *r, uint16_t rule)
{
	return rule_at(r, rule)->name;
}

struct span rules_rule_source(const struct rules *r, uint16_t rule)
{
	return rule_at(r, rule)->source;
}

struct span rules_rule_reason(const struct rules *r, uint16_t rule)
{
	return rule_at(r, rule)->reason;
}

bool rules_rule_private(const struct rules *r, uint16_t rule)
{
	return rule_at(r, rule)->private;
}
