/* What the walk over a body (api_extract.c) and the treatment of single values (api_value.c) share. Internal. */
#ifndef WIRE_API_WALK_H
#define WIRE_API_WALK_H

#include "proxy/wire/api_table.h"
#include "proxy/wire/json.h"

#define NO_MESSAGE UINT32_MAX

/* Where results of a body are gathered: shared by the walk over the body and those over JSON inside its strings. */
struct sink {
	const struct api_route *route;
	struct arena *arena;
	struct api_extract *out;
	size_t cap_texts, cap_refs, cap_messages;
	uint32_t message;    /* the one being read, or NO_MESSAGE */
	size_t message_text; /* its first text */
	uint8_t message_role;
	uint32_t max_depth;
	uint32_t tokens_left;
	struct frame *inner_frames; /* for JSON inside strings, of which there is one at a time */
	const char *what;           /* of a refusal */
	size_t offset;
};

/* One open object or array. */
struct frame {
	struct api_shape shape; /* arrays: of the elements; objects: their own */
	struct api_shape child; /* objects: of the value of the current key */
	bool object;
	bool message;                  /* closing it ends a message */
	bool numbers;                  /* an array with a number in it */
	bool has_role;                 /* objects: a "role" was seen */
	bool type_data;                /* objects: a "type" says that MAYBE_DATA is data */
	bool type_reference;           /* objects: a "type" says that this is only a reference */
	bool type_client;              /* objects: every "type" names a tool that the client runs */
	uint8_t n_types;               /* objects: "type" keys seen, up to 255 */
	uint8_t n_maybe;               /* objects: MAYBE_DATA values seen, up to 255 */
	uint32_t start;                /* of the bracket */
	uint32_t type_start, type_end; /* raw: the first type */
	uint32_t maybe;                /* index of the last MAYBE_DATA text */
	uint32_t id_start, id_end;     /* raw: the ITEM_ID, if id.p is set */
	struct span key;               /* objects: current key; arrays: the key they stand under */
	struct span type;              /* the first type, decoded */
	struct span id;
};

struct walk {
	struct sink *sink;
	struct span in;               /* what is read: the body, or the text of one of its strings */
	const struct api_text *outer; /* that string, or NULL */
	struct json json;
	struct frame *frames; /* max_depth of them */
	uint32_t depth;
	uint64_t control_seen; /* bit per key of the top-level node */
};

/* Shape of the value that comes next, and the key it stands under. */
struct api_shape walk_shape(const struct walk *w) MUST;
struct span walk_key(const struct walk *w) MUST;
struct frame *walk_top(struct walk *w) MUST;
/* Reads JSON to its end. root is the shape of the outermost value. */
enum err walk_run(struct walk *w, struct api_shape root) MUST;

enum err sink_refuse(struct sink *s, size_t offset, enum err e, const char *what) MUST;
enum err sink_add_ref(struct sink *s, enum api_ref_kind kind, struct span id, uint32_t start, uint32_t end,
		      size_t bytes) MUST;
/* Turns text number i into an opaque attachment. */
enum err sink_text_to_ref(struct sink *s, size_t i, bool keep_text) MUST;
enum err sink_begin_message(struct sink *s, uint32_t start, enum text_role role) MUST;
void sink_end_message(struct sink *s, uint32_t end);

/* The content of a string or key: into the body, or decoded into the arena. */
enum err walk_decode(struct walk *w, const struct json_token *tok, struct span *out) MUST;

enum text_kind { TEXT_VALUE, TEXT_KEY, TEXT_NUMBER };
/* Appends a text of this token. */
enum err walk_add_text(struct walk *w, const struct json_token *tok, struct span text, enum text_kind kind,
		       bool known) MUST;

/* Values, each in its shape. */
enum err value_string(struct walk *w, struct api_shape shape, const struct json_token *tok) MUST;
enum err value_number(struct walk *w, struct api_shape shape, const struct json_token *tok) MUST;
enum err value_literal(struct walk *w, struct api_shape shape, const struct json_token *tok) MUST;
/* May an object or array stand here? Refuses those in the place of a control value. */
enum err value_container(struct walk *w, struct api_shape shape, const struct json_token *tok) MUST;
/* What follows from an object as a whole, at its end. */
enum err value_object_end(struct walk *w, const struct frame *f, uint32_t end) MUST;

/* A top-level key: is it a control key, repeated, or spelt so that some parser would take it for one? */
enum err control_check(struct walk *w, const struct api_node *node, const struct api_key *listed,
		       const struct json_token *tok, struct span name) MUST;

#endif
