/* Recursive descent over the tokens of one source, with a cap on nesting. */
#ifndef RULES_PARSE_H
#define RULES_PARSE_H

#include "rules/ast.h"

enum {
	PARSE_MAX_DEPTH = 32,       /* parentheses and nots within each other */
	PARSE_MAX_SOURCE = 1 << 20, /* bytes of one source */
};

void ast_book_init(struct ast_book *book);
/* Appends what the source says to the book. On failure diag is filled: ERR_SYNTAX, ERR_ENCODING, ERR_LIMIT, ERR_NOMEM.
 */
enum err parse_source(const struct rules_source *source, struct arena *arena, struct ast_book *book,
		      struct rules_diag *diag) MUST;

#endif
