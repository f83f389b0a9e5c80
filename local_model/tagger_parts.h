/* What tests and measurements may change in a tagger. */
#ifndef LOCAL_MODEL_TAGGER_PARTS_H
#define LOCAL_MODEL_TAGGER_PARTS_H

#include "local_model/kernel.h"
#include "local_model/tagger.h"

struct tagger {
	struct model model;
	struct alphabet alphabet;
	const struct kernel *kernel;
	bool gate; /* on by default */
};

#endif
