/* The rule language: compile once, evaluate often. Pure; immutable after compile; shared by all threads. */
#ifndef RULES_RULES_H
#define RULES_RULES_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/facts.h"
#include "base/verdict.h"

struct rules;

struct rules_source {
	struct span name; /* file name, for messages */
	struct span text;
};

/* A named country group, "@eea" in rules. */
struct rules_group {
	struct span name; /* without '@' */
	struct country_set set;
};

struct rules_env {
	const struct rules_group *groups;
	size_t n_groups;
	const struct span *house_types; /* dotted names beyond base/types.def */
	size_t n_house_types;
};

struct rules_diag {
	struct span file;      /* name of the source, or null */
	unsigned line, column; /* from 1; columns count code points */
	char text[256];        /* what is wrong, and a suggestion where one is near */
};

/* Compiles all sources as one rule book. On failure returns NULL and fills diag. Sources may be freed afterwards. */
struct rules *rules_compile(const struct rules_source *sources, size_t n, const struct rules_env *env,
			    struct rules_diag *diag, enum err *err) MUST;
void rules_free(struct rules *r);
/* SHA-256-sized content address is the caller's to make; this is the canonical text it is made from. */
enum err rules_canonical(const struct rules *r, struct buf *out) MUST;

enum { RULES_MAX_REGIMES = 32, RULES_MAX_FIRED = 64 };

enum tri { TRI_FALSE, TRI_UNKNOWN, TRI_TRUE };

struct regime_verdict {
	uint16_t regime;
	enum tri applies;
	struct verdict verdict; /* meaningful unless applies is TRI_FALSE */
};

struct fired_rule {
	uint16_t regime, rule; /* rule: index within the rule book */
	bool by_unknown;       /* it fired because something was unknown */
	bool exempted;         /* an exemption switched it off; still recorded */
};

struct evaluation {
	struct verdict joined;
	struct regime_verdict regimes[RULES_MAX_REGIMES]; /* those that apply or may apply */
	size_t n_regimes;
	struct fired_rule
		fired[RULES_MAX_FIRED]; /* in book order; those whose own verdict the joined one needs come first */
	size_t n_fired;
	size_t n_deciding; /* how many of fired are deciding: without them the joined verdict would be more lenient */
	bool defaulted;    /* no regime applied: the default clause gave the verdict */
};

/* One candidate destination. Never fails: overflow of a list sets place none. */
void rules_eval(const struct rules *r, const struct facts *f, const struct dest_facts *d, struct evaluation *out);

size_t rules_regimes(const struct rules *r) MUST;
struct span rules_regime_name(const struct rules *r, uint16_t regime) MUST;    /* "gdpr" */
struct span rules_regime_title(const struct rules *r, uint16_t regime) MUST;   /* "Regulation (EU) 2016/679" */
struct span rules_regime_version(const struct rules *r, uint16_t regime) MUST; /* "2026-11-01" */
size_t rules_count(const struct rules *r) MUST;
struct span rules_rule_name(const struct rules *r, uint16_t rule) MUST;   /* "special-category-transfer" */
struct span rules_rule_source(const struct rules *r, uint16_t rule) MUST; /* "Art. 9, 44, 46" */
struct span rules_rule_reason(const struct rules *r, uint16_t rule) MUST; /* because "…" */
bool rules_rule_private(const struct rules *r, uint16_t rule) MUST;

/* Why: each applicable regime, each rule that fired with the value of every condition, in plain sentences. */
enum err rules_explain(const struct rules *r, const struct facts *f, const struct dest_facts *d, bool json,
		       struct buf *out) MUST;

#endif
