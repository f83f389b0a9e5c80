/* What the parser hands to the checker: the sentence as written, names not yet looked up.
 * Everything lives in the parser's arena; token texts point into the sources. */
#ifndef RULES_AST_H
#define RULES_AST_H

#include "rules/lex.h"
#include "rules/rules.h"

enum ast_op {
	AST_OR,
	AST_AND,
	AST_NOT,
	AST_ALWAYS,  /* "applies always" */
	AST_BARE,    /* coverage.complete */
	AST_COMPARE, /* request.bytes > 1000 */
	AST_IS,      /* site is DE; app.role is set */
	AST_IN,      /* subject in @eea */
	AST_WITHIN,  /* destination.processing within @eea + CH */
	AST_HAS,     /* data has special */
	AST_COUNT,   /* count of id.* >= 10 */
	AST_SCORE,   /* score of person.name >= 90 */
};

/* One member of a set or list. */
struct ast_term {
	struct token token; /* WORD, STRING or GROUP */
	struct ast_term *next;
};

struct ast_set {
	struct ast_term *terms;
	bool braced; /* written as one { a, b } */
};

struct ast_expr {
	enum ast_op op;
	struct token subject; /* fact, or what is counted */
	bool negated;         /* is not, not in, not within */
	enum token_kind relation;
	struct token value;    /* of COMPARE, IS, COUNT, SCORE */
	struct ast_set set;    /* of IN, WITHIN; terms of HAS */
	struct ast_expr *kids; /* of OR, AND, NOT */
	struct ast_expr *next;
};

enum ast_demand { DEMAND_PLACE, DEMAND_WITHIN, DEMAND_PSEUDONYMISE, DEMAND_REDACT, DEMAND_APPROVAL };

struct ast_verdict {
	enum ast_demand demand;
	struct token word; /* the demand's first word, for messages */
	struct token value;
	struct ast_set set; /* of WITHIN */
	struct ast_verdict *next;
};

struct ast_rule {
	struct token name, source, reason;
	struct ast_expr *when, *unless; /* unless may be NULL */
	struct ast_verdict *verdicts;
	bool private;
	struct ast_rule *next;
};

struct ast_regime {
	const struct rules_source *from;
	struct token name, title, version;
	struct ast_expr *applies;
	struct ast_rule *rules;
	struct ast_regime *next;
};

struct ast_exempt {
	const struct rules_source *from;
	struct token path, until, reason, by;
	struct ast_expr *when;
	struct ast_exempt *next;
};

struct ast_default {
	const struct rules_source *from;
	struct token word; /* "default" */
	struct ast_verdict *verdicts;
	struct token reason;
	struct ast_default *next;
};

/* In the order of the sources. */
struct ast_book {
	struct ast_regime *regimes, **regimes_end;
	struct ast_exempt *exempts, **exempts_end;
	struct ast_default *defaults, **defaults_end;
};

#endif
