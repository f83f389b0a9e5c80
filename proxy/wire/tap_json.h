/* Watches JSON go by in pieces of any size and reports strings, numbers and containers under a few known keys. Constant
 * memory, no errors: what it does not understand it skips. For answers, which others check; never for what is decided.
 */
#ifndef WIRE_TAP_JSON_H
#define WIRE_TAP_JSON_H

#include "base/span.h"

enum tap_key {
#define TAP_KEY(name, word) TAP_##name,
#include "proxy/wire/tap_key.def"
#undef TAP_KEY
	TAP_OTHER
};

enum { TAP_LEVELS = 64, TAP_VALUE = 128 };

struct tap_json {
	uint8_t keys[TAP_LEVELS]; /* enum tap_key of the value being read, by level of objects and arrays above it */
	uint64_t objects;         /* bit per level: an object */
	uint32_t depth;
	uint8_t state;          /* enum state of tap_json.c */
	bool want_key;          /* the next string is a key */
	bool keep;              /* the current string or literal goes into value */
	bool spoilt;            /* it does not fit, or is escaped */
	bool lost;              /* nested deeper than we follow: the rest is ignored */
	bool started, complete; /* an object or array was opened; and closed again */
	uint8_t value[TAP_VALUE];
	size_t n;
	uint8_t escape[12]; /* an escape, or a pair of surrogates, as far as it has come */
	size_t n_escape;
};

enum tap_kind {
	TAP_STRING, /* ends; its value if it is short and without escapes */
	TAP_BARE,   /* a number, true, false, null */
	TAP_OPEN,   /* an object or array begins */
	TAP_PIECE,  /* part of a string under "content" or "text", decoded */
	TAP_WHOLE,  /* such a string ends */
};

struct tap_event {
	enum tap_kind kind;
	const uint8_t *keys; /* outermost first */
	uint32_t depth;      /* how many */
	struct span value;   /* STRING, BARE, PIECE; holds until return */
};
typedef void tap_sink(void *context, const struct tap_event *event);

/* A zeroed struct is ready. Reports values whose innermost key is one of tap_key.def. */
void tap_json_feed(struct tap_json *j, struct span data, tap_sink *sink, void *context);

#endif
