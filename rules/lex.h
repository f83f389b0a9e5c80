/* Tokens of the rule language. The lexer keeps no line numbers: a token points into its source, and the few
 * positions that are ever shown are counted then (diag.h). */
#ifndef RULES_LEX_H
#define RULES_LEX_H

#include "base/span.h"

enum token_kind {
	TOKEN_END,
	TOKEN_WORD,   /* regime, subject, app.role, health.*, on-prem, DE */
	TOKEN_STRING, /* with its quotes and escapes */
	TOKEN_NUMBER,
	TOKEN_DATE,  /* YYYY-MM-DD by shape only */
	TOKEN_GROUP, /* @eea */
	TOKEN_OPEN,  /* { */
	TOKEN_CLOSE, /* } */
	TOKEN_PAREN_OPEN,
	TOKEN_PAREN_CLOSE,
	TOKEN_COMMA,
	TOKEN_PLUS,
	TOKEN_EQ,
	TOKEN_NE,
	TOKEN_LT,
	TOKEN_LE,
	TOKEN_GT,
	TOKEN_GE,
	TOKEN_BAD, /* why says what is wrong with it */
};

struct token {
	enum token_kind kind;
	struct span text;
	const char *why;
};

struct lexer {
	struct span text; /* valid UTF-8; need not end in NUL */
	size_t at;
};

struct token lex_next(struct lexer *l) MUST;

/* Days since 1970-01-01 of a YYYY-MM-DD; false if there is no such day. */
bool date_parse(struct span text, int64_t *days) MUST;
/* The reverse, for years 0 to 9999; out holds "YYYY-MM-DD". */
void date_print(int64_t days, char out[16]);

#endif
