/* re2c-flags: --case-ranges */
#include "proxy/wire/json.h"

#include <endian.h>

/* What the grammar allows next. */
enum expect { EXPECT_VALUE, EXPECT_VALUE_OR_END, EXPECT_KEY, EXPECT_KEY_OR_END, EXPECT_COMMA_OR_END, EXPECT_NOTHING };

/* Lexemes outside strings. */
enum lexeme {
	LEX_OPEN_OBJECT,
	LEX_CLOSE_OBJECT,
	LEX_OPEN_ARRAY,
	LEX_CLOSE_ARRAY,
	LEX_COMMA,
	LEX_COLON,
	LEX_QUOTE,
	LEX_NUMBER,
	LEX_TRUE,
	LEX_FALSE,
	LEX_NULL,
	LEX_EOF,
	LEX_BAD,
};

/* The input has no sentinel behind it: a peek past the end is a NUL, which YYLESSTHAN then tells from a real one. */
/*!re2c
	re2c:api = custom;
	re2c:api:style = free-form;
	re2c:define:YYCTYPE = "uint8_t";
	re2c:define:YYPEEK = "(p < end ? *p : 0)";
	re2c:define:YYSKIP = "++p;";
	re2c:define:YYBACKUP = "mark = p;";
	re2c:define:YYRESTORE = "p = mark;";
	re2c:define:YYLESSTHAN = "p >= end";
	re2c:yyfill:enable = 0;
	re2c:eof = 0;

	digit  = [0-9];
	number = "-"? ("0" | [1-9] digit*) ("." digit+)? ([eE] [-+]? digit+)?;
	escape = "\\" (["\\/bfnrt] | "u" [0-9a-fA-F]{4});
	tail   = [\x80-\xbf];
	wide   = [\xc2-\xdf] tail
	       | "\xe0" [\xa0-\xbf] tail | [\xe1-\xec\xee\xef] tail tail | "\xed" [\x80-\x9f] tail
	       | "\xf0" [\x90-\xbf] tail tail | [\xf1-\xf3] tail tail tail | "\xf4" [\x80-\x8f] tail tail;
*/

static enum lexeme lex(const uint8_t **at, const uint8_t **start, const uint8_t *end)
{
	const uint8_t *p = *at, *mark;
	enum lexeme found;
again:
	*start = p;
	/*!re2c
		[ \t\n\r]+ { goto again; }
		"{"     { found = LEX_OPEN_OBJECT; goto done; }
		"}"     { found = LEX_CLOSE_OBJECT; goto done; }
		"["     { found = LEX_OPEN_ARRAY; goto done; }
		"]"     { found = LEX_CLOSE_ARRAY; goto done; }
		","     { found = LEX_COMMA; goto done; }
		":"     { found = LEX_COLON; goto done; }
		["]     { found = LEX_QUOTE; goto done; }
		"true"  { found = LEX_TRUE; goto done; }
		"false" { found = LEX_FALSE; goto done; }
		"null"  { found = LEX_NULL; goto done; }
		number  { found = LEX_NUMBER; goto done; }
		$       { found = LEX_EOF; goto done; }
		*       { found = LEX_BAD; goto done; }
	*/
done:
	*at = p;
	return found;
}

/* The first byte that is not plain ASCII text: a quote, a backslash, a control byte, or 0x80 and above. */
static const uint8_t *skip_plain(const uint8_t *p, const uint8_t *end)
{
	const uint64_t ones = 0x0101010101010101u, high = 0x8080808080808080u;
	while ((size_t)(end - p) >= sizeof(uint64_t)) {
		uint64_t w;
		memcpy(&w, p, sizeof w);
		w = le64toh(w);
		uint64_t quote = w ^ ones * '"', backslash = w ^ ones * '\\';
		/* Borrows can only spoil bytes above the first hit, and the first hit is all that counts. */
		uint64_t hit = (w | (w - ones * 0x20) | (quote - ones) | (backslash - ones)) & high;
		if (hit != 0) {
			p += __builtin_ctzll(hit) / 8;
			break;
		}
		p += sizeof w;
	}
	while (p < end && *p >= 0x20 && *p < 0x80 && *p != '"' && *p != '\\')
		p++;
	return p;
}

/* From behind the opening quote to behind the closing one. */
static enum err scan_string(struct json *j, const uint8_t **at, const uint8_t *end, bool *escaped)
{
	const uint8_t *p = *at, *mark;
	enum err e = ERR_JSON;
	*escaped = false;
again:
	p = skip_plain(p, end);
	*at = p;
	/*!re2c
		["]           { e = ERR_OK; goto done; }
		escape+       { *escaped = true; goto again; }
		wide+         { goto again; }
		[\x80-\xff]   { e = ERR_ENCODING; j->what = "malformed UTF-8"; goto done; }
		"\\"          { j->what = "malformed escape in a string"; goto done; }
		[\x00-\x1f]   { j->what = "unescaped control character in a string"; goto done; }
		$             { j->what = "the string does not end"; goto done; }
		*             { j->what = "unexpected byte in a string"; goto done; }
	*/
done:
	if (e == ERR_OK)
		*at = p;
	return e;
}

void json_init(struct json *j, struct span in, uint32_t max_depth, uint32_t max_tokens)
{
	/* A null span has no address to do arithmetic with. */
	*j = (struct json){.in = in.p != NULL ? in : SPAN(""),
			   .max_depth = max_depth < JSON_MAX_DEPTH ? max_depth : JSON_MAX_DEPTH,
			   .tokens_left = max_tokens,
			   .expect = EXPECT_VALUE};
}

static enum err fail(struct json *j, size_t pos, enum err e, const char *what)
{
	j->pos = pos;
	j->what = what;
	return e;
}

/* UTF-16 and byte order marks are told from plain syntax errors, as they have one fix. A JSON text begins with an ASCII
 * character, so that a NUL among the first two bytes can only be UTF-16 or UTF-32. */
static enum err check_start(struct json *j)
{
	struct span s = j->in;
	if (s.n >= UINT32_MAX)
		return fail(j, 0, ERR_LIMIT, "the text is too large");
	if (span_starts(s, SPAN("\xef\xbb\xbf")))
		return fail(j, 0, ERR_ENCODING, "byte order mark");
	bool zero = s.n >= 2 && (s.p[0] == 0 || s.p[1] == 0);
	if (zero || span_starts(s, SPAN("\xff\xfe")) || span_starts(s, SPAN("\xfe\xff")))
		return fail(j, 0, ERR_ENCODING, "UTF-16 or UTF-32 instead of UTF-8");
	return ERR_OK;
}

static bool in_object(const struct json *j)
{
	uint32_t level = j->depth - 1;
	return (j->objects[level / 64] >> (level % 64) & 1) != 0;
}

static enum err open_level(struct json *j, bool object)
{
	if (j->depth == j->max_depth)
		return fail(j, j->pos, ERR_DEPTH, "nested too deeply");
	uint64_t bit = (uint64_t)1 << (j->depth % 64);
	uint64_t *word = &j->objects[j->depth / 64];
	*word = object ? *word | bit : *word & ~bit;
	j->depth++;
	j->expect = object ? EXPECT_KEY_OR_END : EXPECT_VALUE_OR_END;
	return ERR_OK;
}

static void after_value(struct json *j)
{
	j->expect = j->depth == 0 ? EXPECT_NOTHING : EXPECT_COMMA_OR_END;
}

static const char *expected(const struct json *j)
{
	switch ((enum expect)j->expect) {
	case EXPECT_VALUE:
	case EXPECT_VALUE_OR_END:
		return "a value was expected";
	case EXPECT_KEY:
	case EXPECT_KEY_OR_END:
		return "a key was expected";
	case EXPECT_COMMA_OR_END:
		return "a comma or the end of the object or array was expected";
	case EXPECT_NOTHING:
		break;
	}
	return "something follows the end of the text";
}

/* A string in key or value position; a key takes its colon along. */
static enum err take_string(struct json *j, const uint8_t **at, const uint8_t *end, struct json_token *out)
{
	bool key = j->expect == EXPECT_KEY || j->expect == EXPECT_KEY_OR_END;
	out->kind = key ? JSON_TOKEN_KEY : JSON_TOKEN_STRING;
	out->start = (uint32_t)(*at - j->in.p);
	enum err e = scan_string(j, at, end, &out->escaped);
	j->pos = (size_t)(*at - j->in.p);
	if (e != ERR_OK)
		return e;
	out->end = (uint32_t)(j->pos - 1);
	if (!key) {
		after_value(j);
		return ERR_OK;
	}
	const uint8_t *start;
	if (lex(at, &start, end) != LEX_COLON)
		return fail(j, (size_t)(start - j->in.p), ERR_JSON, "a colon was expected");
	j->pos = (size_t)(*at - j->in.p);
	j->expect = EXPECT_VALUE;
	return ERR_OK;
}

static enum err take_close(struct json *j, bool object, struct json_token *out)
{
	enum expect empty = object ? EXPECT_KEY_OR_END : EXPECT_VALUE_OR_END;
	bool may_end = j->expect == EXPECT_COMMA_OR_END || j->expect == empty;
	if (!may_end || in_object(j) != object)
		return fail(j, out->start, ERR_JSON, expected(j));
	out->kind = object ? JSON_TOKEN_OBJECT_END : JSON_TOKEN_ARRAY_END;
	j->depth--;
	after_value(j);
	return ERR_OK;
}

static bool value_allowed(const struct json *j)
{
	return j->expect == EXPECT_VALUE || j->expect == EXPECT_VALUE_OR_END;
}

static enum err take_scalar(struct json *j, enum json_kind kind, struct json_token *out)
{
	if (!value_allowed(j))
		return fail(j, out->start, ERR_JSON, expected(j));
	out->kind = kind;
	after_value(j);
	return ERR_OK;
}

static enum err take_open(struct json *j, bool object, struct json_token *out)
{
	if (!value_allowed(j))
		return fail(j, out->start, ERR_JSON, expected(j));
	out->kind = object ? JSON_TOKEN_OBJECT : JSON_TOKEN_ARRAY;
	return open_level(j, object);
}

/* The token that a lexeme makes where it stands. Commas are eaten before. */
static enum err take(struct json *j, enum lexeme found, const uint8_t **at, const uint8_t *end, struct json_token *out)
{
	switch (found) {
	case LEX_OPEN_OBJECT:
		return take_open(j, true, out);
	case LEX_OPEN_ARRAY:
		return take_open(j, false, out);
	case LEX_CLOSE_OBJECT:
		return take_close(j, true, out);
	case LEX_CLOSE_ARRAY:
		return take_close(j, false, out);
	case LEX_QUOTE:
		if (j->expect == EXPECT_COMMA_OR_END || j->expect == EXPECT_NOTHING)
			break;
		return take_string(j, at, end, out);
	case LEX_NUMBER:
		return take_scalar(j, JSON_TOKEN_NUMBER, out);
	case LEX_TRUE:
		return take_scalar(j, JSON_TOKEN_TRUE, out);
	case LEX_FALSE:
		return take_scalar(j, JSON_TOKEN_FALSE, out);
	case LEX_NULL:
		return take_scalar(j, JSON_TOKEN_NULL, out);
	case LEX_EOF:
		if (j->expect != EXPECT_NOTHING)
			return fail(j, out->start, ERR_JSON, "the text is cut short");
		out->kind = JSON_TOKEN_END;
		return ERR_OK;
	case LEX_COMMA:
	case LEX_COLON:
	case LEX_BAD:
		break;
	}
	return fail(j, out->start, ERR_JSON, expected(j));
}

enum err json_next(struct json *j, struct json_token *out)
{
	if (j->pos == 0) {
		enum err e = check_start(j);
		if (e != ERR_OK)
			return e;
	}
	const uint8_t *at = j->in.p + j->pos, *end = j->in.p + j->in.n, *start;
	enum lexeme found = lex(&at, &start, end);
	if (found == LEX_COMMA && j->expect == EXPECT_COMMA_OR_END) {
		j->expect = in_object(j) ? EXPECT_KEY : EXPECT_VALUE;
		found = lex(&at, &start, end);
	}
	*out = (struct json_token){.start = (uint32_t)(start - j->in.p), .end = (uint32_t)(at - j->in.p)};
	j->pos = out->end;
	if (found != LEX_EOF) {
		if (j->tokens_left == 0)
			return fail(j, out->start, ERR_DEPTH, "too many elements");
		j->tokens_left--;
	}
	return take(j, found, &at, end, out);
}
