/* bailiwick: finds the sub-command and calls it. */
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "cmd/commands.h"
#include "config/config.h"

static const struct {
	const char *name;
	int (*run)(int argc, char **argv);
	const char *arguments, *summary;
} commands[] = {
#define COMMAND(name, function, arguments, summary) {name, function, arguments, summary},
#include "cmd/commands.def"
#undef COMMAND
};
enum { COMMANDS = sizeof commands / sizeof *commands };

static void usage(FILE *out)
{
	fputs("bailiwick " BW_VERSION
	      ": a compliance gateway between applications and AI APIs\n\nusage: bailiwick COMMAND …\n\n",
	      out);
	for (int i = 0; i < COMMANDS; i++)
		fprintf(out, "  %-9s %-34s %s\n", commands[i].name, commands[i].arguments, commands[i].summary);
	fputs("\n'bailiwick COMMAND --help' tells more. Exit codes: 0 in order, 1 not in order, 2 wrong usage, 3 "
	      "unreadable.\n",
	      out);
}

static void describe_key(void *arg, const char *key, const char *type, const char *deflt, const char *doc)
{
	fprintf(arg, "%-32s %-16s %-14s %s\n", key, type, deflt, doc);
}

static void describe_key_json(void *arg, const char *key, const char *type, const char *deflt, const char *doc)
{
	struct buf *out = arg;
	const char *const members[] = {"key", key, "type", type, "default", deflt, "meaning", doc};
	buf_add_str(out, out->n == 0 ? "[{" : ",\n{");
	for (size_t i = 0; i < sizeof members / sizeof *members; i++) {
		buf_add_json(out, span_str(members[i]));
		buf_add_str(out, i % 2 == 0 ? ":" : i + 1 < sizeof members / sizeof *members ? "," : "}");
	}
}

static int help_config_json(void)
{
	struct buf out = {0};
	config_describe(describe_key_json, &out);
	buf_add_str(&out, "]\n");
	bool ok = buf_err(&out) == ERR_OK && fwrite(out.p, 1, out.n, stdout) == out.n;
	buf_fini(&out);
	return ok ? EXIT_FINE : EXIT_UNREADABLE;
}

int cmd_help(int argc, char **argv)
{
	if (argc == 3 && strcmp(argv[1], "config") == 0 && strcmp(argv[2], "--json") == 0)
		return help_config_json();
	if (argc > 1 && strcmp(argv[1], "config") == 0) {
		printf("%-32s %-16s %-14s %s\n", "KEY", "TYPE", "DEFAULT", "MEANING");
		config_describe(describe_key, stdout);
		return EXIT_FINE;
	}
	for (int i = 0; argc > 1 && i < COMMANDS; i++) {
		if (strcmp(argv[1], commands[i].name) != 0)
			continue;
		printf("usage: bailiwick %s %s\n\n%s\n", commands[i].name, commands[i].arguments, commands[i].summary);
		return EXIT_FINE;
	}
	usage(stdout);
	return EXIT_FINE;
}

int main(int argc, char **argv)
{
	signal(SIGPIPE, SIG_IGN);
	if (argc < 2) {
		usage(stderr);
		return EXIT_USAGE;
	}
	if (strcmp(argv[1], "--version") == 0) {
		puts("bailiwick " BW_VERSION);
		return EXIT_FINE;
	}
	if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0)
		return cmd_help(1, argv);
	if (strcmp(argv[1], "gateway") == 0)
		return cmd_gateway(argc - 1, argv + 1);
	for (int i = 0; i < COMMANDS; i++)
		if (strcmp(argv[1], commands[i].name) == 0)
			return commands[i].run(argc - 1, argv + 1);
	fprintf(stderr, "bailiwick: no command '%s'; 'bailiwick --help' lists them\n", argv[1]);
	return EXIT_USAGE;
}
