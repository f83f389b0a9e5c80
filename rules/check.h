/* From sentences to instructions: looks every name up, checks every type, and says precisely what does not fit. */
#ifndef RULES_CHECK_H
#define RULES_CHECK_H

#include "rules/ast.h"
#include "rules/program.h"

struct checker {
	struct rules *rules; /* what is being built */
	const struct rules_env *env;
	const struct rules_source *source; /* of what is being checked now */
	struct rules_diag *diag;
	enum err err;
	size_t cap_code, cap_sets, cap_words;
};

/* Appends the condition's code; NO_CONDITION on failure, with diag and err set. */
uint32_t check_condition(struct checker *c, const struct ast_expr *e) MUST;
/* Resolves "@eea + CH"; text may be NULL. */
bool check_countries(struct checker *c, const struct ast_set *set, struct country_set *out, struct span *text) MUST;
/* A copy in the book's arena; the empty span on failure. */
struct span check_keep(struct checker *c, struct span s) MUST;
/* The text of a STRING token, unescaped, or of any other as it stands. Never a null span on success. */
bool check_text(struct checker *c, const struct token *t, struct span *out) MUST;
__attribute__((format(printf, 3, 4))) bool check_fail(struct checker *c, const struct token *at, const char *fmt, ...);
bool check_no_memory(struct checker *c);

#endif
