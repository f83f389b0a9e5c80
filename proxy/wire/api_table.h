/* The adapters' tables in memory; see api_table.def for what the words mean. Internal to the API half of this folder.
 */
#ifndef WIRE_API_TABLE_H
#define WIRE_API_TABLE_H

#include "proxy/wire/api.h"

enum api_action {
	ACT_ANY,
	ACT_TEXT,
	ACT_ENUM,
	ACT_TYPE,
	ACT_ROLE,
	ACT_ID,
	ACT_MODEL,
	ACT_STREAM,
	ACT_STORE,
	ACT_GEO,
	ACT_BACKGROUND,
	ACT_MESSAGES,
	ACT_SYSTEM,
	ACT_PROMPT,
	ACT_JSON,
	ACT_STATE,
	ACT_FILE,
	ACT_ITEM_ID,
	ACT_URL,
	ACT_DATA,
	ACT_MAYBE_DATA,
	ACT_ENCRYPTED,
	ACT_SERVER,
	ACT_TOOL,
	ACT_HOSTED,
};

enum api_node_id {
#define NODE(name, action, node) NODE_##name,
#define KEY(key, action, node)
#define CONTROL(key, action, node)
#define END_NODE
#include "proxy/wire/api_table.def"
	NODE_COUNT
};

/* What a value is: how its strings are treated, and which keys it has if it is an object. */
struct api_shape {
	uint8_t action; /* enum api_action */
	uint8_t node;   /* enum api_node_id */
};

struct api_key {
	const char *name;
	uint8_t n; /* its length */
	bool control;
	struct api_shape value;
};

struct api_node {
	const struct api_key *keys;
	uint8_t n_keys;
	struct api_shape other; /* values of keys that are not listed */
};

enum { M_GET = 1, M_POST = 2, M_DELETE = 4, M_STATE = 8 /* the variable segment names server-side state */ };

struct api_endpoint {
	const char *path;
	const char *operation;
	enum api_family family;
	uint8_t methods;
	uint8_t body; /* enum api_node_id */
	bool store;   /* kept by the provider unless told otherwise */
};

const struct api_node *api_node(uint8_t id) MUST;
/* The listed key of that name, or NULL. */
const struct api_key *api_node_key(const struct api_node *node, struct span name) MUST;
/* Rows of the endpoint table; NULL behind the last. */
const struct api_endpoint *api_endpoint_row(size_t i) MUST;

/* Words, from api_words.re. */
/* A value that the APIs define themselves (a type, a mode, a media type…): it says nothing about a person. */
bool api_word_known(struct span word) MUST;
/* The type of a tool that the client runs, not the provider. */
bool api_word_client_tool(struct span type) MUST;
/* Shaped like an identifier that a provider made up: prefix, separator, random letters and digits. */
bool api_word_made_id(struct span id) MUST;
/* Shaped like a model's name. */
bool api_word_model(struct span name) MUST;

#endif
