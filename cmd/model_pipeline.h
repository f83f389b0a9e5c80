/* Lexers and tagger joined as the gateway joins them, for the commands that classify. */
#ifndef CMD_MODEL_PIPELINE_H
#define CMD_MODEL_PIPELINE_H

#include "proxy/gate/snapshot.h"

struct pipeline {
	struct buf file;         /* the model's, if it is not the program's own */
	struct model_file model; /* without a configuration */
	struct tagger *tagger;   /* NULL: none */
	const struct classifier *classifier;
	struct classifier_scratch *scratch;
	struct classifier *made;   /* the classifier, if it is ours to free */
	struct snapshot *snapshot; /* else whose it is */
};

/* The program's own model (path NULL) or that of a file, bare or in a bundle, whoever signed it. why: a sentence. */
enum err pipeline_open(struct pipeline *p, const char *path, const char **why) MUST;
/* Only lexers and dictionaries. */
enum err pipeline_open_bare(struct pipeline *p) MUST;
/* A model in memory, which must outlive the pipeline. */
enum err pipeline_open_model(struct pipeline *p, struct span model, const char **why) MUST;
/* All that a configuration says. */
enum err pipeline_open_config(struct pipeline *p, const char *config, struct snapshot_problem *problem) MUST;
/* After a failed open too; the struct must have been zeroed before. */
void pipeline_close(struct pipeline *p);
/* The model in use; NULL: none. */
const struct tagger *pipeline_tagger(const struct pipeline *p) MUST;

#endif
