#include "cmd/check_routes.h"

#include "cmd/dry_run.h"

/* Documented test values, as they would stand in a prompt. */
static const struct {
	const char *what, *text;
} samples[] = {
	{"no personal data", "What is the capital of Peru?"},
	{"personal data", "Please pay Ms Erika Mustermann, IBAN DE89 3704 0044 0532 0130 00."},
	{"health data", "The patient, SSN 536-90-4399, takes metformin 500 mg for type 2 diabetes."},
	{"card data", "Charge the card 4111 1111 1111 1111, expiry 12/29."},
	{"secrets", "Why is this refused? aws_access_key_id = AKIAQYLPMN5HHHFPZAM2"},
};
enum { SAMPLES = sizeof samples / sizeof *samples };

static const struct {
	const char *path, *default_model;
	unsigned api;
} endpoints[] = {
	{"/v1/chat/completions", "gpt-5", CONFIG_API_OPENAI},
	{"/v1/messages", "claude-sonnet-4-5", CONFIG_API_ANTHROPIC},
};

/* A model that the last candidate, the one for what must stay, is set up for. NULL: nobody speaks the API. */
static const char *model_for(const struct config *c, const struct config_route *route, size_t endpoint,
			     struct span *model)
{
	const char *any = NULL;
	*model = span_str(endpoints[endpoint].default_model);
	for (size_t i = 0; i < route->n_candidates; i++) {
		const struct config_destination *d = &c->destinations[route->candidates[i]];
		if ((d->api >> endpoints[endpoint].api & 1) == 0)
			continue;
		any = endpoints[endpoint].path;
		for (size_t m = 0; m < d->n_models; m++)
			if (!span_eq(d->models[m].asked, SPAN("*")))
				*model = d->models[m].asked;
	}
	return any;
}

/* Does the sample have a destination? */
static enum err decide_sample(struct dry_run *d, size_t endpoint, struct span model, size_t sample, bool *placed)
{
	const struct config *c = d->snap->config;
	struct span app = c->n_apps > 0 ? c->apps[0].name : SPAN_NULL;
	struct exchange x;
	dry_run_begin(d, &x);
	buf_add_str(&x.body, "{\"max_tokens\":64,\"model\":");
	buf_add_json(&x.body, model);
	buf_add_str(&x.body, ",\"messages\":[{\"role\":\"user\",\"content\":");
	buf_add_json(&x.body, span_str(samples[sample].text));
	buf_add_str(&x.body, "}]}");
	enum err e = buf_err(&x.body);
	if (e == ERR_OK)
		e = dry_run_inspect(d, &x, span_str(endpoints[endpoint].path), app);
	*placed = false;
	for (size_t i = 0; e == ERR_OK && !*placed && i < x.config_route->n_candidates; i++) {
		enum err judged = judge(&x, i);
		if (judged == ERR_NOMEM || judged == ERR_LIMIT)
			e = judged;
		*placed = judged == ERR_OK && x.unit.candidates[x.unit.n_candidates - 1]->met;
	}
	dry_run_end(&x);
	return e;
}

static enum err check_endpoint(struct report *r, struct dry_run *d, size_t endpoint)
{
	const struct config *c = d->snap->config;
	const struct config_route *route = route_find(c, span_str(endpoints[endpoint].path));
	struct span model;
	if (route == NULL || model_for(c, route, endpoint, &model) == NULL)
		return ERR_OK; /* this API is not offered */
	struct buf refused = {0};
	enum err e = ERR_OK;
	for (size_t i = 0; e == ERR_OK && i < SAMPLES; i++) {
		bool placed;
		e = decide_sample(d, endpoint, model, i, &placed);
		if (e == ERR_OK && !placed)
			buf_printf(&refused, "%s%s", refused.n > 0 ? ", " : "", samples[i].what);
	}
	if (e == ERR_OK)
		e = buf_err(&refused);
	if (e == ERR_OK && refused.n > 0)
		report_add(r, REPORT_WARNING, endpoints[endpoint].path,
			   "refused, for want of a destination that may take it: %.*s; add an engine of your own as "
			   "the last candidate, or see `bailiwick decide`",
			   SPAN_ARG(buf_span(&refused)));
	else if (e == ERR_OK)
		report_add(r, REPORT_OK, endpoints[endpoint].path,
			   "has a destination for samples of personal, health and card data and of secrets");
	buf_fini(&refused);
	return e;
}

enum err check_routes(struct report *r, struct snapshot *s)
{
	struct dry_run d = {.snap = snapshot_get(s)};
	enum err e = ERR_OK;
	for (size_t i = 0; e == ERR_OK && i < sizeof endpoints / sizeof *endpoints; i++)
		e = check_endpoint(r, &d, i);
	dry_run_fini(&d);
	return e;
}
