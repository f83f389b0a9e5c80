/* JSON (RFC 8259) as a stream of tokens with exact byte offsets: nothing is copied, converted or re-serialised.
 * Strict: no byte order mark, no comments, no trailing commas, UTF-8 checked in full. Two things are left to the
 * caller: duplicate keys are all reported, and escapes that are lone surrogates are accepted (json_unescape reads them
 * as U+FFFD). Iterative; nesting and the number of tokens are capped. Pure, allocates nothing. */
#ifndef WIRE_JSON_H
#define WIRE_JSON_H

#include "base/err.h"

enum { JSON_MAX_DEPTH = 512 };

enum json_kind {
	JSON_TOKEN_OBJECT,     /* { */
	JSON_TOKEN_OBJECT_END, /* } */
	JSON_TOKEN_ARRAY,      /* [ */
	JSON_TOKEN_ARRAY_END,  /* ] */
	JSON_TOKEN_KEY,
	JSON_TOKEN_STRING,
	JSON_TOKEN_NUMBER,
	JSON_TOKEN_TRUE,
	JSON_TOKEN_FALSE,
	JSON_TOKEN_NULL,
	JSON_TOKEN_END, /* the value is complete and only blanks followed it */
};

struct json_token {
	enum json_kind kind;
	bool escaped;        /* keys and strings: there is a backslash inside */
	uint32_t start, end; /* keys and strings: between the quotes */
};

struct json {
	struct span in;
	size_t pos;
	uint32_t depth, max_depth;
	uint32_t tokens_left;
	uint8_t expect;                        /* enum expect of json.re */
	uint64_t objects[JSON_MAX_DEPTH / 64]; /* bit per level: is it an object? */
	const char *what;                      /* after an error: static text without content; pos says where */
};

/* in must hold while j is used. max_depth is capped at JSON_MAX_DEPTH. */
void json_init(struct json *j, struct span in, uint32_t max_depth, uint32_t max_tokens);
/* ERR_OK and the next token (JSON_TOKEN_END at the end, again and again), ERR_JSON, ERR_ENCODING (byte order mark,
 * UTF-16, malformed UTF-8), ERR_DEPTH (nesting or tokens), ERR_LIMIT (4 GiB or more). After an error there is no going
 * on. */
enum err json_next(struct json *j, struct json_token *out) MUST;

/* Text of a string's content as it stands between the quotes. Writes at most raw.n bytes, returns how many. A surrogate
 * without its partner becomes U+FFFD; a malformed escape (which json_next never lets through) is copied as it is. */
size_t json_unescape(struct span raw, uint8_t *out) MUST;

/* Where decoded offsets stand in the raw content: a position that only moves forward, zeroed at first. */
struct json_cursor {
	size_t raw, decoded;
};
/* The raw offset of a decoded one, not before the cursor's. An offset inside a decoded escape gives the escape's start;
 * one past the end gives raw.n. */
size_t json_map(struct span raw, struct json_cursor *c, size_t decoded) MUST;

#endif
