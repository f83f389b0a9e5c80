/* Annotated texts through the pipeline into scores: what eval prints and what a bundle's self-test is judged by. */
#ifndef CMD_MODEL_RUN_H
#define CMD_MODEL_RUN_H

#include "cmd/model_items.h"
#include "cmd/model_pipeline.h"
#include "cmd/model_score.h"

struct model_run {
	struct pipeline *pipeline;
	struct items *items;
	struct scores *scores;
	bool lower; /* the texts in lower case */
	/* Told what is wrong with an item that is left out, and of how far it is (-1: not known). May be NULL. */
	void (*bad)(void *arg, const char *why);
	void (*progress)(void *arg, uint64_t texts, int percent);
	void *arg;
	uint64_t left_out;
};

/* ERR_OK when all items were read, those left out included; ERR_CONFIG: an unknown label (items.why). */
enum err model_run(struct model_run *r) MUST;

#endif
