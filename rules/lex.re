/* The lexer of the rule language. Input is peeked with a bounds check, so sources need no sentinel;
 * a NUL inside a source is an error, a NUL behind it is the end. */
#include "rules/lex.h"

/*!re2c
re2c:api = custom;
re2c:api:style = free-form;
re2c:yyfill:enable = 0;
re2c:define:YYCTYPE = "uint8_t";
re2c:define:YYPEEK = "peek(text, at)";
re2c:define:YYSKIP = "at++;";
re2c:define:YYBACKUP = "mark = at;";
re2c:define:YYRESTORE = "at = mark;";

end = [\x00];
blank = [ \t\r\n]+;
comment = "#" [^\n\x00]*;
name = [A-Za-z0-9_-]+;
word = [A-Za-z] [A-Za-z0-9_-]* ("." name)* (".*")?;
plain = [^"\\\x00-\x1f\x7f];
escape = "\\" ["\\];
curly = "\xe2\x80" [\x98-\x9f];
*/

static uint8_t peek(struct span text, size_t at)
{
	return at < text.n ? text.p[at] : 0;
}

static struct token token(struct span text, size_t from, size_t to, enum token_kind kind, const char *why)
{
	return (struct token){.kind = kind, .text = span_sub(text, from, to), .why = why};
}

struct token lex_next(struct lexer *l)
{
	struct span text = l->text;
	size_t at = l->at, mark = at, start;
#define GIVE(kind, why) return l->at = at, token(text, start, at, (kind), (why))
	for (;;) {
		start = at;
		/*!re2c
		end {
			if (start < text.n)
				GIVE(TOKEN_BAD, "a NUL byte is not allowed");
			l->at = start;
			return token(text, start, start, TOKEN_END, NULL);
		}
		blank { continue; }
		comment { continue; }
		word { GIVE(TOKEN_WORD, NULL); }
		["] (plain | escape)* ["] { GIVE(TOKEN_STRING, NULL); }
		["] (plain | escape)* { GIVE(TOKEN_BAD, "this text in quotes is not closed on its line"); }
		[0-9]{4} "-" [0-9]{2} "-" [0-9]{2} { GIVE(TOKEN_DATE, NULL); }
		"-"? [0-9]+ { GIVE(TOKEN_NUMBER, NULL); }
		"-"? [0-9] [A-Za-z0-9_.-]* { GIVE(TOKEN_BAD, "neither a number nor a date (YYYY-MM-DD)"); }
		"@" name { GIVE(TOKEN_GROUP, NULL); }
		"{" { GIVE(TOKEN_OPEN, NULL); }
		"}" { GIVE(TOKEN_CLOSE, NULL); }
		"(" { GIVE(TOKEN_PAREN_OPEN, NULL); }
		")" { GIVE(TOKEN_PAREN_CLOSE, NULL); }
		"," { GIVE(TOKEN_COMMA, NULL); }
		"+" { GIVE(TOKEN_PLUS, NULL); }
		"=" { GIVE(TOKEN_EQ, NULL); }
		"!=" { GIVE(TOKEN_NE, NULL); }
		"<" { GIVE(TOKEN_LT, NULL); }
		"<=" { GIVE(TOKEN_LE, NULL); }
		">" { GIVE(TOKEN_GT, NULL); }
		">=" { GIVE(TOKEN_GE, NULL); }
		curly { GIVE(TOKEN_BAD, "use straight quotes (\")"); }
		* { GIVE(TOKEN_BAD, "this character has no meaning here"); }
		*/
	}
#undef GIVE
}
