/* A bundle's self-test: does its model find what its maker says it finds, here, with this program's lexers? */
#ifndef CMD_MODEL_SELFTEST_H
#define CMD_MODEL_SELFTEST_H

#include "cmd/model_score.h"
#include "local_model/bundle.h"

struct selftest {
	struct share recall, precision; /* of mentions; of tokens */
	char why[256];                  /* it failed: how */
};
/* ERR_VERIFY: less than the manifest asks for, no mentions, or a text that cannot be read; ERR_CONFIG, ERR_CORRUPT: as
 * tagger_new. out->why is filled on every failure. */
enum err selftest_run(struct span model, struct span test, const struct bundle_manifest *m, struct selftest *out) MUST;

#endif
