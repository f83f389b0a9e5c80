#include "cmd/model_selftest.h"

#include <stdlib.h>

#include "cmd/model_run.h"

static enum err judge(const struct scores *s, const struct bundle_manifest *m, struct selftest *out)
{
	out->recall = score_recall(&s->all);
	out->precision = score_precision(&s->all);
	if (out->recall.n == 0)
		snprintf(out->why, sizeof out->why, "the self-test has no mentions");
	else if (out->recall.k * 1000 < m->recall * out->recall.n)
		snprintf(out->why, sizeof out->why,
			 "the self-test failed: %llu of %llu mentions found, %.1f %% are asked for",
			 (unsigned long long)out->recall.k, (unsigned long long)out->recall.n, (double)m->recall / 10);
	else if (out->precision.k * 1000 < m->precision * out->precision.n)
		snprintf(out->why, sizeof out->why,
			 "the self-test failed: %llu of %llu found tokens lie in mentions, %.1f %% are asked for",
			 (unsigned long long)out->precision.k, (unsigned long long)out->precision.n,
			 (double)m->precision / 10);
	else
		return ERR_OK;
	return ERR_VERIFY;
}

static enum err run(struct pipeline *p, struct span test, struct scores *s, struct selftest *out)
{
	const struct items_options o = {.format = ITEMS_PROMPTS};
	struct items items;
	struct model_run r = {.pipeline = p, .items = &items, .scores = s};
	enum err e = items_open(&items, NULL, test, &o);
	if (e == ERR_OK)
		e = model_run(&r);
	if (e == ERR_CONFIG || r.left_out > 0) {
		snprintf(out->why, sizeof out->why, "%s", items.why);
		e = ERR_VERIFY;
	} else if (e == ERR_NOT_FOUND) {
		snprintf(out->why, sizeof out->why, "there is no self-test");
		e = ERR_VERIFY;
	} else if (e != ERR_OK) {
		snprintf(out->why, sizeof out->why, "the self-test cannot be run: %s", err_text(e));
	}
	items_close(&items);
	return e;
}

enum err selftest_run(struct span model, struct span test, const struct bundle_manifest *m, struct selftest *out)
{
	struct pipeline p = {0};
	struct scores *s = malloc(sizeof *s);
	const char *why = err_text(ERR_NOMEM);
	*out = (struct selftest){0};
	enum err e = s == NULL ? ERR_NOMEM : pipeline_open_model(&p, model, &why);
	if (e != ERR_OK) {
		snprintf(out->why, sizeof out->why, "%s", why);
	} else {
		scores_init(s, UINT64_MAX);
		e = run(&p, test, s, out);
		if (e == ERR_OK)
			e = judge(s, m, out);
	}
	pipeline_close(&p);
	free(s);
	return e;
}
