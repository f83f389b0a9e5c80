#include "cmd/dry_run.h"

#include <string.h>

#include "proxy/wire/h1.h"

void dry_run_begin(struct dry_run *d, struct exchange *x)
{
	*x = (struct exchange){.gate = &d->gate, .snap = d->snap, .started_wall_ns = gate_wall_ns()};
	arena_init(&x->arena, 0);
}

static enum err fill_head(struct http_head *head, struct span path, size_t length)
{
	*head = (struct http_head){.method = SPAN("POST"), .target = path, .path = path, .minor = 1};
	head->framing = HTTP_LENGTH;
	head->length = length;
	if (!span_starts(path, SPAN("/v1/messages")))
		return ERR_OK;
	return http_add(head, SPAN("anthropic-version"), SPAN("2023-06-01"));
}

static enum err find_parts(struct exchange *x, struct span app)
{
	const struct config *c = x->snap->config;
	for (size_t i = 0; app.p != NULL && i < c->n_apps; i++)
		if (span_eq(c->apps[i].name, app))
			x->app = &c->apps[i];
	if (app.p != NULL && x->app == NULL) {
		x->unit.problem.what = "the configuration has no application of that name";
		return ERR_NOT_FOUND;
	}
	enum err e = api_route(x->head, &x->route);
	if (e == ERR_OK)
		x->config_route = route_find(c, x->route.native_path);
	if (e == ERR_OK && x->config_route == NULL)
		e = ERR_ENDPOINT;
	x->tenant = SPAN("decide");
	return e;
}

/* Without a ledger the request stands alone: a first turn. Ids of server-side state it brings nonetheless stay unknown.
 */
static void first_turn(struct unit *u)
{
	bool refers = false;
	for (size_t i = 0; i < u->extract.n_refs; i++)
		refers = refers || u->extract.refs[i].kind == REF_STATE || u->extract.refs[i].kind == REF_FILE;
	facts_set_bool(&u->facts, F_TAINTED, false);
	if (!refers)
		facts_set_num(&u->facts, F_STATE_UNKNOWN, 0);
}

enum err dry_run_inspect(struct dry_run *d, struct exchange *x, struct span path, struct span app)
{
	struct http_head *head = arena_alloc(&x->arena, sizeof *head);
	if (head == NULL)
		return ERR_NOMEM;
	enum err e = fill_head(head, path, x->body.n);
	x->head = head;
	if (e == ERR_OK)
		e = find_parts(x, app);
	if (e != ERR_OK)
		return e;
	struct classifier_scratch *scratch = inspector_scratch(&d->inspector, d->snap);
	e = scratch == NULL ? ERR_NOMEM : inspect(x, scratch);
	if (e == ERR_OK)
		first_turn(&x->unit);
	return e;
}

void dry_run_end(struct exchange *x)
{
	buf_fini(&x->body);
	arena_fini(&x->arena);
	arena_fini(&x->judged);
}

void dry_run_fini(struct dry_run *d)
{
	inspector_fini(&d->inspector);
	if (d->snap != NULL)
		snapshot_put(d->snap);
}
