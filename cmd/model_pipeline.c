#include "cmd/model_pipeline.h"

#include "proxy/gate/builtin.h"
#include "proxy/gate/file.h"
#include "proxy/gate/tagging.h"

static enum err join(struct pipeline *p)
{
	struct classifier_options o = {.starter_health = true};
	struct classifier_diag diag = {0};
	enum err e = ERR_OK;
	tagging_join(p->tagger, &o);
	p->classifier = p->made = classifier_new(&o, &diag, &e);
	if (p->made == NULL)
		return e;
	p->scratch = classifier_scratch_new(p->made);
	return p->scratch == NULL ? ERR_NOMEM : ERR_OK;
}

enum err pipeline_open_model(struct pipeline *p, struct span model, const char **why)
{
	enum err e = ERR_OK;
	p->tagger = tagger_new(model, &e);
	*why = e == ERR_CONFIG    ? "this model is of a version, or has a type, that this program does not know"
	       : e == ERR_CORRUPT ? "this is no model, or it is damaged or cut short"
				  : err_text(e);
	return p->tagger == NULL ? e : join(p);
}

enum err pipeline_open(struct pipeline *p, const char *path, const char **why)
{
	struct span file = builtin_find(SPAN("models/tagger.bwm"));
	enum err e = ERR_OK;
	if (path != NULL) {
		e = file_read(path, BUNDLE_MAX, &p->file);
		file = buf_span(&p->file);
		*why = err_text(e);
	}
	if (e == ERR_OK)
		e = model_file_open(file, NULL, &p->model, why);
	return e == ERR_OK ? pipeline_open_model(p, p->model.model, why) : e;
}

enum err pipeline_open_bare(struct pipeline *p)
{
	return join(p);
}

enum err pipeline_open_config(struct pipeline *p, const char *config, struct snapshot_problem *problem)
{
	enum err e = ERR_OK;
	p->snapshot = snapshot_load(config, NULL, problem, &e);
	if (p->snapshot == NULL)
		return e;
	p->classifier = p->snapshot->classifier;
	p->scratch = classifier_scratch_new(p->classifier);
	return p->scratch == NULL ? ERR_NOMEM : ERR_OK;
}

const struct tagger *pipeline_tagger(const struct pipeline *p)
{
	return p->snapshot != NULL ? p->snapshot->tagger : p->tagger;
}

void pipeline_close(struct pipeline *p)
{
	if (p->scratch != NULL)
		classifier_scratch_free(p->scratch);
	if (p->made != NULL)
		classifier_free(p->made);
	if (p->tagger != NULL)
		tagger_free(p->tagger);
	snapshot_put(p->snapshot);
	buf_fini(&p->file);
}
