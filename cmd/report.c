#include "cmd/report.h"

#include <stdio.h>

static const char *const words[] = {"ok", "warning", "problem"};

void report_add(struct report *r, enum report_state state, const char *part, const char *fmt, ...)
{
	char text[1024];
	va_list ap;
	va_start(ap, fmt);
	vsnprintf(text, sizeof text, fmt, ap);
	va_end(ap);
	r->warnings += state == REPORT_WARNING;
	r->problems += state == REPORT_PROBLEM;
	if (!r->json) {
		printf("%-8s %-20s %s\n", words[state], part, text);
		fflush(stdout); /* some checks take a while */
		return;
	}
	buf_add_str(&r->lines, r->lines.n == 0 ? "" : ",");
	buf_printf(&r->lines, "{\"state\":\"%s\",\"part\":", words[state]);
	buf_add_json(&r->lines, span_str(part));
	buf_add_str(&r->lines, ",\"text\":");
	buf_add_json(&r->lines, span_str(text));
	buf_add_byte(&r->lines, '}');
}

enum err report_end(struct report *r)
{
	enum err err = buf_err(&r->lines);
	if (r->json)
		printf("{\"ok\":%s,\"problems\":%u,\"warnings\":%u,\"checks\":[%.*s]}\n",
		       r->problems == 0 ? "true" : "false", r->problems, r->warnings, SPAN_ARG(buf_span(&r->lines)));
	else if (r->problems == 0)
		printf("\nin order, %u warning%s\n", r->warnings, r->warnings == 1 ? "" : "s");
	else
		printf("\n%u problem%s, %u warning%s\n", r->problems, r->problems == 1 ? "" : "s", r->warnings,
		       r->warnings == 1 ? "" : "s");
	buf_fini(&r->lines);
	return err;
}

void report_problem_at(const char *file, unsigned line, unsigned column, const char *text)
{
	if (line > 0)
		fprintf(stderr, "%s:%u:%u: %s\n", file, line, column, text);
	else
		fprintf(stderr, "%s: %s\n", file, text);
}
