/* rules: check, test and explain rule books. */
#include <getopt.h>
#include <stdio.h>
#include <string.h>

#include "cmd/commands.h"
#include "cmd/report.h"
#include "proxy/gate/snapshot.h"

static int usage(FILE *out, int code)
{
	fputs("usage: bailiwick rules check   -c FILE [--json]\n"
	      "       bailiwick rules explain -c FILE [--json] [RULE]\n\n"
	      "  check     compile every rule book the configuration names; errors with file, line and column\n"
	      "  explain   list regimes and rules with their sources and reasons\n",
	      out);
	return code;
}

static void print_json(const struct rules *r, uint16_t i)
{
	struct buf b = {0};
	buf_add_str(&b, "{\"rule\":");
	buf_add_json(&b, rules_rule_name(r, i));
	buf_add_str(&b, ",\"source\":");
	buf_add_json(&b, rules_rule_source(r, i));
	buf_add_str(&b, ",\"because\":");
	buf_add_json(&b, rules_rule_reason(r, i));
	buf_printf(&b, ",\"private\":%s}\n", rules_rule_private(r, i) ? "true" : "false");
	if (buf_err(&b) == ERR_OK)
		fwrite(b.p, 1, b.n, stdout);
	buf_fini(&b);
}

static int explain(const struct rules *r, const char *rule, bool json)
{
	bool found = rule == NULL;
	for (size_t i = 0; rule == NULL && !json && i < rules_regimes(r); i++) {
		uint16_t k = (uint16_t)i;
		printf("%-12.*s %.*s, version %.*s\n", SPAN_ARG(rules_regime_name(r, k)),
		       SPAN_ARG(rules_regime_title(r, k)), SPAN_ARG(rules_regime_version(r, k)));
	}
	for (size_t i = 0; i < rules_count(r); i++) {
		uint16_t k = (uint16_t)i;
		if (rule != NULL && !span_eq(rules_rule_name(r, k), span_str(rule)))
			continue;
		found = true;
		if (json)
			print_json(r, k);
		else
			printf("\n%.*s (%.*s)\n    %.*s\n", SPAN_ARG(rules_rule_name(r, k)),
			       SPAN_ARG(rules_rule_source(r, k)), SPAN_ARG(rules_rule_reason(r, k)));
	}
	if (!found)
		fprintf(stderr, "bailiwick rules: no rule '%s'; 'bailiwick rules explain -c FILE' lists them\n", rule);
	return found ? EXIT_FINE : EXIT_PROBLEM;
}

static void check_report(const struct rules *r, bool json)
{
	if (json)
		printf("{\"ok\":true,\"regimes\":%zu,\"rules\":%zu}\n", rules_regimes(r), rules_count(r));
	else
		printf("%zu regimes, %zu rules: in order\n", rules_regimes(r), rules_count(r));
}

static void problem_report(const struct snapshot_problem *p, bool json)
{
	if (!json) {
		report_problem_at(p->file, p->line, p->column, p->text);
		return;
	}
	struct buf b = {0};
	buf_add_str(&b, "{\"ok\":false,\"file\":");
	buf_add_json(&b, span_str(p->file));
	buf_printf(&b, ",\"line\":%u,\"column\":%u,\"problem\":", p->line, p->column);
	buf_add_json(&b, span_str(p->text));
	buf_add_str(&b, "}\n");
	if (buf_err(&b) == ERR_OK)
		fwrite(b.p, 1, b.n, stdout);
	buf_fini(&b);
}

static int run(const char *verb, const char *file, const char *rule, bool json)
{
	struct config_diag diag;
	struct snapshot_problem problem = {0};
	struct country_groups *groups = NULL;
	struct rules *rules = NULL;
	enum err e = ERR_OK;
	int code = EXIT_PROBLEM;
	struct config *c = config_load(file, &diag, &e);
	if (c == NULL) {
		snprintf(problem.file, sizeof problem.file, "%s", diag.file);
		snprintf(problem.text, sizeof problem.text, "%s", diag.text);
		problem.line = diag.line;
		problem.column = diag.column;
	} else if ((groups = snapshot_groups(c, &problem, &e)) != NULL) {
		rules = snapshot_rules(c, groups, &problem, &e);
	}
	if (rules == NULL) {
		problem_report(&problem, json);
		code = e == ERR_NOT_FOUND || e == ERR_IO ? EXIT_UNREADABLE : EXIT_PROBLEM;
	} else if (strcmp(verb, "check") == 0) {
		check_report(rules, json);
		code = EXIT_FINE;
	} else {
		code = explain(rules, rule, json);
	}
	if (rules != NULL)
		rules_free(rules);
	if (groups != NULL)
		country_groups_free(groups);
	if (c != NULL)
		config_free(c);
	return code;
}

int cmd_rules(int argc, char **argv)
{
	static const struct option longs[] = {{"config", required_argument, NULL, 'c'},
					      {"json", no_argument, NULL, 'j'},
					      {"help", no_argument, NULL, 'h'},
					      {0}};
	const char *file = NULL;
	bool json = false;
	if (argc < 2 || strcmp(argv[1], "--help") == 0)
		return usage(argc < 2 ? stderr : stdout, argc < 2 ? EXIT_USAGE : EXIT_FINE);
	const char *verb = argv[1];
	for (int o; (o = getopt_long(argc - 1, argv + 1, "c:h", longs, NULL)) != -1;) {
		if (o == 'c')
			file = optarg;
		else if (o == 'j')
			json = true;
		else
			return usage(o == 'h' ? stdout : stderr, o == 'h' ? EXIT_FINE : EXIT_USAGE);
	}
	const char *rule = optind + 1 < argc ? argv[optind + 1] : NULL;
	bool known = strcmp(verb, "check") == 0 || strcmp(verb, "explain") == 0;
	if (!known || file == NULL || (rule != NULL && strcmp(verb, "check") == 0))
		return usage(stderr, EXIT_USAGE);
	return run(verb, file, rule, json);
}
