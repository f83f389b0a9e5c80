/* The compiled rule book. A condition is a run of instructions in prefix order: an operator stands before its operands
 * and knows how many instructions it spans, so that a decided "and" skips the rest. Immutable once built; all of it
 * lives in one arena. */
#ifndef RULES_PROGRAM_H
#define RULES_PROGRAM_H

#include "rules/lex.h"
#include "rules/rules.h"

enum op {
	OP_TRUE,
	OP_AND,
	OP_OR,
	OP_NOT,
	OP_FLAG,    /* a BOOL fact */
	OP_COMPARE, /* a NUM or DATE fact with a constant */
	OP_KNOWN,   /* has the fact a value */
	OP_WORD,    /* an ENUM or TEXT fact in a list */
	OP_COUNTRY, /* a COUNTRY fact in a set */
	OP_MEETS,   /* COUNTRIES with a member in a set */
	OP_WITHIN,  /* COUNTRIES all of them in a set */
	OP_HAS,     /* data of a class or type */
	OP_COUNT,   /* findings of a class or type, compared with a constant */
	OP_SCORE,   /* best score of a class or type, compared with a constant */
};

enum relation { REL_EQ, REL_NE, REL_LT, REL_LE, REL_GT, REL_GE };

struct insn {
	enum op op;
	enum relation relation;
	enum fact_id fact;
	uint32_t size;     /* instructions of this subtree, this one included */
	uint32_t first;    /* WORD: first of the accepted words; COUNTRY, MEETS, WITHIN: index of the set */
	uint32_t accepted; /* WORD: how many are accepted */
	uint32_t others;   /* WORD: how many more, right behind, are valid but not accepted; 0 for TEXT */
	class_set classes; /* HAS, COUNT, SCORE of classes; 0: of a type */
	bool wild;         /* the type stands for all that begin so: "health." of "health.*" */
	struct span type;
	int64_t num; /* the constant */
};

/* A set of countries with the text it was written as, normalised ("@eea + CH"). */
struct named_set {
	struct country_set set;
	struct span text;
};

/* A condition: its instructions are code[at] to code[at + code[at].size - 1]. */
enum { NO_CONDITION = UINT32_MAX };

struct rule {
	struct span name, source, reason;
	uint16_t regime;
	uint32_t when, unless; /* unless may be NO_CONDITION */
	struct verdict verdict;
	struct span regions; /* text of "place within" */
	bool private;
	const struct exemption *exemptions; /* or NULL */
};

struct exemption {
	uint16_t rule;
	uint32_t when;
	int64_t until; /* last day, days since the epoch */
	struct span reason, by;
	const struct exemption *next; /* of the same rule */
};

struct regime {
	struct span name, title, version;
	uint32_t applies;
	uint16_t first, n; /* its rules */
};

struct group {
	struct span name;
	struct country_set set;
	bool used;
};

struct rules {
	struct arena arena;
	struct regime *regimes;
	size_t n_regimes;
	struct rule *rules;
	size_t n_rules;
	struct exemption *exemptions;
	size_t n_exemptions;
	struct verdict fallback; /* the default clause */
	struct span fallback_reason, fallback_regions;
	struct insn *code;
	size_t n_code;
	struct named_set *sets;
	size_t n_sets;
	struct span *words;
	size_t n_words;
	struct group *groups;
	size_t n_groups;
};

/* The value of the condition at `at`. Depth is bounded by the parser's. */
enum tri condition_eval(const struct rules *r, uint32_t at, const struct facts *f, const struct dest_facts *d) MUST;
/* The exemption that switches the rule off, or NULL. */
const struct exemption *exemption_in_force(const struct rules *r, const struct rule *rule, const struct facts *f,
					   const struct dest_facts *d) MUST;
/* Is the item of the class or type that HAS, COUNT or SCORE asks for? */
bool insn_matches(const struct insn *in, const struct data_item *item) MUST;
/* ENUM facts can have the value "unknown", which is then the same as having none. */
bool fact_is_set(enum fact_id id, const struct fact *v) MUST;

#endif
