/* The one place where the classifiers meet the tagger: neither sees the other. */
#ifndef GATE_TAGGING_H
#define GATE_TAGGING_H

#include "classifiers/classify.h"
#include "local_model/tagger.h"

/* Puts the tagger into a classifier's options; NULL leaves them as they are. It must outlive the classifier. */
void tagging_join(const struct tagger *t, struct classifier_options *o);

#endif
