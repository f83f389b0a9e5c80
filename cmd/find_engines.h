/* Looks for inference engines on this host: Ollama on 11434, vLLM on 8000, llama.cpp on 8080. Asks loopback only, and
 * waits a second at most for each. */
#ifndef CMD_FIND_ENGINES_H
#define CMD_FIND_ENGINES_H

#include "base/span.h"

enum { FOUND_ENGINES_MAX = 3, FOUND_MODEL_MAX = 128 };

struct found_engine {
	const char *kind; /* as the configuration calls it: "ollama" */
	uint16_t port;
	char model[FOUND_MODEL_MAX]; /* one that it serves; "" if it has none */
};

size_t find_engines(struct found_engine out[FOUND_ENGINES_MAX]) MUST;

/* The first value of "key": "…" that is a local model's name, from an answer's JSON. For find_engines and its tests. */
bool find_model(struct span json, const char *key, char out[FOUND_MODEL_MAX]) MUST;

#endif
