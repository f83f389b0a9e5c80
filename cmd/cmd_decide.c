/* decide: what would happen to a request, and why; sends nothing and records nothing. */
#include <getopt.h>
#include <stdio.h>
#include <string.h>

#include "cmd/commands.h"
#include "cmd/dry_run.h"
#include "cmd/report.h"
#include "proxy/gate/file.h"

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
	      "and for every candidate destination what the rules say and why. Nothing is sent or recorded.\n"
	      "  --json  one object: data, candidates, decision (forward or refuse), destination\n",
	      out);
	return code;
}

static void print_data(const struct facts *f)
{
	printf("found:\n");
	for (size_t i = 0; i < f->n_data; i++)
		printf("  %-28.*s %u, score %u\n", SPAN_ARG(f->data[i].type), f->data[i].count, f->data[i].score);
	if (f->n_data == 0)
		printf("  nothing\n");
}

static void add_data(struct buf *out, const struct facts *f)
{
	buf_add_str(out, "{\"data\":[");
	for (size_t i = 0; i < f->n_data; i++) {
		const struct data_item *d = &f->data[i];
		buf_add_str(out, i == 0 ? "{\"type\":" : ",{\"type\":");
		buf_add_json(out, d->type);
		buf_printf(out, ",\"count\":%u,\"score\":%u,\"classes\":[", d->count, d->score);
		const char *comma = "";
		for (unsigned c = 0; c < CLASS_COUNT; c++) {
			if ((d->classes & CLASS_BIT(c)) == 0)
				continue;
			buf_add_str(out, comma);
			buf_add_json(out, class_name((enum legal_class)c));
			comma = ",";
		}
		buf_add_str(out, "]}");
	}
	buf_add_str(out, "],\"candidates\":[");
}

static enum err show_candidate(struct exchange *x, size_t i, bool json, bool taken, struct buf *out)
{
	const struct unit *u = &x->unit;
	const struct record_candidate *c = u->candidates[i];
	struct buf why = {0};
	enum err e = rules_explain(x->snap->rules, &u->facts, &c->facts, json, &why);
	struct span name = x->snap->targets[u->target[i]].config->name;
	if (e == ERR_OK && json) {
		buf_add_str(out, i == 0 ? "{\"destination\":" : ",{\"destination\":");
		buf_add_json(out, name);
		buf_printf(out, ",\"met\":%s,\"taken\":%s,\"place\":\"%s\",\"why\":", c->met ? "true" : "false",
			   taken ? "true" : "false", place_name(c->joined.place));
		buf_add(out, span_trim(buf_span(&why)));
		buf_add_byte(out, '}');
	} else if (e == ERR_OK) {
		printf("\n%.*s: %s (place %s)\n%.*s", SPAN_ARG(name),
		       taken    ? "TAKEN"
		       : c->met ? "possible"
				: "not allowed",
		       place_name(c->joined.place), SPAN_ARG(buf_span(&why)));
	}
	buf_fini(&why);
	return e;
}

/* Ends what add_data began and prints it. taken: an index among the candidates, or SIZE_MAX. */
static enum err print_json(struct exchange *x, size_t taken, struct buf *out)
{
	buf_printf(out, "],\"decision\":\"%s\",\"destination\":", taken == SIZE_MAX ? "refuse" : "forward");
	if (taken == SIZE_MAX)
		buf_add_str(out, "null");
	else
		buf_add_json(out, x->snap->targets[x->unit.target[taken]].config->name);
	enum err e = buf_err(out);
	if (e == ERR_OK)
		printf("%.*s}\n", SPAN_ARG(buf_span(out)));
	return e;
}

/* Judges every candidate, shows each, and names the first that meets its verdict. */
static enum err judge_all(struct exchange *x, bool json, struct buf *out)
{
	size_t taken = SIZE_MAX;
	for (size_t i = 0; i < x->config_route->n_candidates; i++) {
		enum err judged = judge(x, i);
		if (judged == ERR_NOMEM || judged == ERR_LIMIT)
			return judged;
		if (judged != ERR_OK)
			continue; /* it cannot take this request at all */
		size_t last = x->unit.n_candidates - 1;
		if (taken == SIZE_MAX && x->unit.candidates[last]->met)
			taken = last;
		enum err e = show_candidate(x, last, json, taken == last, out);
		if (e != ERR_OK)
			return e;
	}
	enum err e = json ? print_json(x, taken, out) : ERR_OK;
	return e == ERR_OK && taken == SIZE_MAX ? ERR_REFUSED : e;
}

static enum err decide(struct exchange *x, struct dry_run *d, const struct options *o)
{
	struct buf out = {0};
	enum err e = dry_run_inspect(d, x, span_str(o->path), span_str(o->app));
	if (e == ERR_OK && o->json)
		add_data(&out, &x->unit.facts);
	else if (e == ERR_OK)
		print_data(&x->unit.facts);
	if (e == ERR_OK)
		e = judge_all(x, o->json, &out);
	buf_fini(&out);
	return e;
}

static int run(const struct options *o)
{
	struct snapshot_problem problem;
	struct dry_run d = {0};
	enum err e = ERR_OK;
	d.snap = snapshot_load(o->config, NULL, &problem, &e);
	if (d.snap == NULL) {
		report_problem_at(problem.file, problem.line, problem.column, problem.text);
		return e == ERR_NOT_FOUND || e == ERR_IO ? EXIT_UNREADABLE : EXIT_PROBLEM;
	}
	struct exchange x;
	dry_run_begin(&d, &x);
	e = file_read(o->request, MAX_REQUEST, &x.body);
	int code = EXIT_UNREADABLE;
	if (e != ERR_OK) {
		fprintf(stderr, "bailiwick decide: %s: %s\n", o->request, err_text(e));
	} else {
		e = decide(&x, &d, o);
		code = e == ERR_OK ? EXIT_FINE : EXIT_PROBLEM;
		fflush(stdout); /* what follows comes after it, wherever both go */
		if (e == ERR_REFUSED)
			fputs("\nrefused: no candidate can meet the verdict\n", stderr);
		else if (e != ERR_OK)
			fprintf(stderr, "bailiwick decide: %s%s%s\n", err_text(e),
				x.unit.problem.what != NULL ? ": " : "",
				x.unit.problem.what != NULL ? x.unit.problem.what : "");
	}
	dry_run_end(&x);
	dry_run_fini(&d);
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
