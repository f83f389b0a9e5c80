/* The sub-commands of the program. Each takes its own arguments (argv[0] is its name) and returns an exit code. */
#ifndef CMD_COMMANDS_H
#define CMD_COMMANDS_H

enum exit_code {
	EXIT_FINE = 0,
	EXIT_PROBLEM = 1, /* it ran, and what it looked at is not in order */
	EXIT_USAGE = 2,
	EXIT_UNREADABLE = 3, /* something it needs cannot be read or written */
};

#define COMMAND(name, function, arguments, summary) int function(int argc, char **argv);
#include "cmd/commands.def"
#undef COMMAND

/* Not for people: the gateway process itself, started by serve. */
int cmd_gateway(int argc, char **argv);

#endif
