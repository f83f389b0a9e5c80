/* A stand-in for an AI engine: speaks OpenAI's chat completions and responses and Anthropic's messages, streamed and
 * not, with canned answers. For `bailiwick demo` only; it keeps nothing. */
#ifndef CMD_DEMO_ENGINE_H
#define CMD_DEMO_ENGINE_H

#include "base/err.h"

struct demo_engine;

/* Serves on its own thread at that address ("127.0.0.2:0"), over TLS if a certificate is given (else both files NULL);
 * name is what it calls itself in answers. */
struct demo_engine *demo_engine_start(const char *address, const char *name, const char *cert_file,
				      const char *key_file, enum err *err) MUST;
uint16_t demo_engine_port(const struct demo_engine *e) MUST;
/* Requests it has seen. */
unsigned demo_engine_seen(const struct demo_engine *e) MUST;
void demo_engine_stop(struct demo_engine *e);

#endif
