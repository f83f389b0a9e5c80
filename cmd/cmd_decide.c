/* decide: what would happen to a request, and why; sends nothing and records nothing. */
#include <getopt.h>
#include <stdio.h>
#include <string.h>

#include "cmd/commands.h"
#include "cmd/report.h"
#include "proxy/gate/exchange.h"
#include "proxy/gate/file.h"
#include "proxy/wire/h1.h"

enum { MAX_REQUEST = 64 << 20 };

struct options {
	const char *config, *request, *path, *app;
	bool json;
};

static int usage(FILE *out, int code)
{
	fputs("usage: bailiwick decide -c FILE --request F [--path /v1/chat/completions] [--app NAME] [--json]\n\n"
	      "Reads the JSON body F as if it had been posted to PATH by the application NAME, and prints what is "
	      "found in it,\n"
	      "and for every candidate destination what the rules say and why. Nothing is sent or recorded.\n",
	      out);
	return code;
}

static enum err make_head(struct exchange *x, struct http_head *head, const char *path)
{
	*head = (struct http_head){
		.method = SPAN("POST"), .target = span_str(path), .path = span_str(path), .minor = 1};
	head->framing = HTTP_LENGTH;
	head->length = x->body.n;
	x->head = head;
	if (!span_starts(head->path, SPAN("/v1/messages")))
		return ERR_OK;
	return http_add(head, SPAN("anthropic-version"), SPAN("2023-06-01"));
}

static enum err find_parts(struct exchange *x, const struct options *o)
{
	const struct config *c = x->snap->config;
	for (size_t i = 0; o->app != NULL && i < c->n_apps; i++)
		if (span_eq(c->apps[i].name, span_str(o->app)))
			x->app = &c->apps[i];
	if (o->app != NULL && x->app == NULL) {
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

static void print_data(const struct facts *f)
{
	printf("found:\n");
	for (size_t i = 0; i < f->n_data; i++)
		printf("  %-28.*s %u, score %u\n", SPAN_ARG(f->data[i].type), f->data[i].count, f->data[i].score);
	if (f->n_data == 0)
		printf("  nothing\n");
}

static enum err print_candidate(struct exchange *x, size_t i, bool json, bool taken)
{
	const struct unit *u = &x->unit;
	const struct record_candidate *c = u->candidates[i];
	struct buf why = {0};
	enum err e = rules_explain(x->snap->rules, &u->facts, &c->facts, json, &why);
	struct span name = x->snap->targets[u->target[i]].config->name;
	if (e != ERR_OK) {
		buf_fini(&why);
		return e;
	}
	if (json)
		printf("{\"destination\":\"%.*s\",\"met\":%s,\"taken\":%s,\"place\":\"%s\",\"why\":%.*s}\n",
		       SPAN_ARG(name), c->met ? "true" : "false", taken ? "true" : "false", place_name(c->joined.place),
		       SPAN_ARG(span_trim(buf_span(&why))));
	else
		printf("\n%.*s: %s (place %s)\n%.*s", SPAN_ARG(name),
		       taken    ? "TAKEN"
		       : c->met ? "possible"
				: "not allowed",
		       place_name(c->joined.place), SPAN_ARG(buf_span(&why)));
	buf_fini(&why);
	return ERR_OK;
}

static enum err decide(struct exchange *x, const struct options *o)
{
	struct inspector inspector = {0};
	struct http_head head;
	enum err e = make_head(x, &head, o->path);
	if (e == ERR_OK)
		e = find_parts(x, o);
	struct classifier_scratch *scratch = e == ERR_OK ? inspector_scratch(&inspector, x->snap) : NULL;
	if (e == ERR_OK)
		e = scratch == NULL ? ERR_NOMEM : inspect(x, scratch);
	if (e == ERR_OK)
		first_turn(&x->unit);
	if (e == ERR_OK && !o->json)
		print_data(&x->unit.facts);
	size_t taken = SIZE_MAX;
	for (size_t i = 0; e == ERR_OK && i < x->config_route->n_candidates; i++) {
		enum err judged = judge(x, i);
		if (judged == ERR_NOMEM || judged == ERR_LIMIT)
			e = judged;
		if (judged != ERR_OK)
			continue; /* it cannot take this request at all */
		size_t last = x->unit.n_candidates - 1;
		if (taken == SIZE_MAX && x->unit.candidates[last]->met)
			taken = last;
		e = print_candidate(x, last, o->json, taken == last);
	}
	if (e == ERR_OK && taken == SIZE_MAX)
		e = ERR_REFUSED;
	inspector_fini(&inspector);
	return e;
}

static int run(const struct options *o)
{
	struct snapshot_problem problem;
	struct gate gate = {0};
	struct exchange x = {.gate = &gate, .started_wall_ns = gate_wall_ns()};
	enum err e = ERR_OK;
	x.snap = snapshot_load(o->config, NULL, &problem, &e);
	if (x.snap == NULL) {
		report_problem_at(problem.file, problem.line, problem.column, problem.text);
		return e == ERR_NOT_FOUND || e == ERR_IO ? EXIT_UNREADABLE : EXIT_PROBLEM;
	}
	arena_init(&x.arena, 0);
	e = file_read(o->request, MAX_REQUEST, &x.body);
	int code = EXIT_UNREADABLE;
	if (e != ERR_OK) {
		fprintf(stderr, "bailiwick decide: %s: %s\n", o->request, err_text(e));
	} else {
		e = decide(&x, o);
		code = e == ERR_OK ? EXIT_FINE : EXIT_PROBLEM;
		fflush(stdout); /* what follows comes after it, wherever both go */
		if (e == ERR_REFUSED)
			fputs("\nrefused: no candidate can meet the verdict\n", stderr);
		else if (e != ERR_OK)
			fprintf(stderr, "bailiwick decide: %s%s%s\n", err_text(e),
				x.unit.problem.what != NULL ? ": " : "",
				x.unit.problem.what != NULL ? x.unit.problem.what : "");
	}
	buf_fini(&x.body);
	arena_fini(&x.arena);
	snapshot_put(x.snap);
	return code;
}

int cmd_decide(int argc, char **argv)
{
	static const struct option longs[] = {{"config", required_argument, NULL, 'c'},
					      {"request", required_argument, NULL, 'r'},
					      {"path", required_argument, NULL, 'p'},
					      {"app", required_argument, NULL, 'a'},
					      {"json", no_argument, NULL, 'j'},
					      {"help", no_argument, NULL, 'h'},
					      {0}};
	struct options o = {.path = "/v1/chat/completions"};
	for (int c; (c = getopt_long(argc, argv, "c:h", longs, NULL)) != -1;) {
		if (c == 'c')
			o.config = optarg;
		else if (c == 'r')
			o.request = optarg;
		else if (c == 'p')
			o.path = optarg;
		else if (c == 'a')
			o.app = optarg;
		else if (c == 'j')
			o.json = true;
		else
			return usage(c == 'h' ? stdout : stderr, c == 'h' ? EXIT_FINE : EXIT_USAGE);
	}
	if (o.config == NULL || o.request == NULL || optind != argc)
		return usage(stderr, EXIT_USAGE);
	return run(&o);
}
