#include "proxy/wire/api_table.h"

#include "base/assert.h"

#define NODE(name, action, node)   static const struct api_key keys_##name[] = {
#define KEY(key, action, node)     {key, sizeof(key) - 1, false, {ACT_##action, NODE_##node}},
#define CONTROL(key, action, node) {key, sizeof(key) - 1, true, {ACT_##action, NODE_##node}},
#define END_NODE                                                                                                       \
	{                                                                                                              \
		NULL, 0, false,                                                                                        \
		{                                                                                                      \
			0, 0                                                                                           \
		}                                                                                                      \
	}                                                                                                              \
	}                                                                                                              \
	;
#include "proxy/wire/api_table.def"

static const struct api_node nodes[] = {
#define NODE(name, action, node)                                                                                       \
	[NODE_##name] = {keys_##name, sizeof keys_##name / sizeof *keys_##name - 1, {ACT_##action, NODE_##node}},
#define KEY(key, action, node)
#define CONTROL(key, action, node)
#define END_NODE
#include "proxy/wire/api_table.def"
};

static const struct api_endpoint endpoints[] = {
#define ENDPOINT(family, methods, path, operation, body, store)                                                        \
	{path, operation, API_##family, methods, NODE_##body, store},
#include "proxy/wire/api_table.def"
};

const struct api_node *api_node(uint8_t id)
{
	INVARIANT(id < NODE_COUNT);
	return &nodes[id];
}

const struct api_key *api_node_key(const struct api_node *node, struct span name)
{
	for (size_t i = 0; i < node->n_keys; i++) {
		const struct api_key *k = &node->keys[i];
		if (k->n == name.n && memcmp(k->name, name.p, name.n) == 0)
			return k;
	}
	return NULL;
}

const struct api_endpoint *api_endpoint_row(size_t i)
{
	return i < sizeof endpoints / sizeof *endpoints ? &endpoints[i] : NULL;
}
