#include "proxy/gate/tagging.h"

static size_t run_tagger(const void *tagger, void *scratch, struct span text, classifier_emit *emit, void *sink)
{
	return tagger_tag(tagger, scratch, text, emit, sink);
}

static void *new_tagger_scratch(void)
{
	return tagger_scratch_new();
}

static void free_tagger_scratch(void *scratch)
{
	tagger_scratch_free(scratch);
}

void tagging_join(const struct tagger *t, struct classifier_options *o)
{
	if (t == NULL)
		return;
	o->tagger = t;
	o->tag = run_tagger;
	o->tag_scratch_new = new_tagger_scratch;
	o->tag_scratch_free = free_tagger_scratch;
	o->tagger_id = tagger_id(t);
}
