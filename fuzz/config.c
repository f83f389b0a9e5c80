/* The configuration's parser: any bytes are a configuration or a complaint with a sentence. */
#include <stdlib.h>

#include "base/assert.h"
#include "config/config.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct config_diag diag;
	enum err err;
	struct config *c = config_parse(span_of(data, size), "/etc/bailiwick/bailiwick.yaml", &diag, &err);
	INVARIANT((c != NULL) == (err == ERR_OK));
	INVARIANT(c != NULL || diag.text[0] != '\0');
	INVARIANT(c == NULL || (c->n_listeners > 0 && c->n_destinations > 0 && c->n_rules > 0 && c->site.name.n > 0));
	for (size_t i = 0; c != NULL && i < c->n_routes; i++)
		for (size_t k = 0; k < c->routes[i].n_candidates; k++)
			INVARIANT(c->routes[i].candidates[k] < c->n_destinations);
	config_free(c);
	return 0;
}
