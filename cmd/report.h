/* A report of findings, printed line by line for people or as one JSON object for programs. */
#ifndef CMD_REPORT_H
#define CMD_REPORT_H

#include "base/buf.h"

enum report_state { REPORT_OK, REPORT_WARNING, REPORT_PROBLEM };

struct report {
	bool json;
	unsigned warnings, problems;
	struct buf lines; /* JSON: the checks so far */
};

/* part: "configuration", "engine onprem"…; the text is one sentence that also says what to do. */
void report_add(struct report *r, enum report_state state, const char *part, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));
/* Prints the sum, and with json the whole. ERR_NOMEM if the report could not be held. */
enum err report_end(struct report *r) MUST;

/* One problem in a file, on stderr: "file:line:column: text", without the place where there is none (line 0). */
void report_problem_at(const char *file, unsigned line, unsigned column, const char *text);

#endif
