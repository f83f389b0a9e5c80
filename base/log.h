/* JSON lines on stderr, one object a line. The message is a literal and values are numbers or names that we chose
 * ourselves: never request content, unknown model names, paths or file names. */
#ifndef BASE_LOG_H
#define BASE_LOG_H

#include "base/span.h"

enum log_level { LOG_DEBUG, LOG_INFO, LOG_WARN, LOG_ERROR };

/* Lines below this level are dropped. Set before threads start; LOG_INFO at first. */
void log_set_level(enum log_level level);
bool log_parse_level(struct span name, enum log_level *out) MUST;

struct log_field {
	const char *key;
	enum { LOG_NUM, LOG_STR } kind;
	int64_t num;
	struct span str;
};

#define LOG_N(k, v)    ((struct log_field){.key = (k), .kind = LOG_NUM, .num = (int64_t)(v)})
#define LOG_S(k, v)    ((struct log_field){.key = (k), .kind = LOG_STR, .str = span_str(v)})
#define LOG_SPAN(k, v) ((struct log_field){.key = (k), .kind = LOG_STR, .str = (v)})

/* Thread-safe; one write(2) a line. */
void log_write(enum log_level level, const char *event, const struct log_field *fields, size_t n);
#define log_line(level, event, ...)                                                                                    \
	do {                                                                                                           \
		const struct log_field log_fields_[] = {{0}, ##__VA_ARGS__};                                           \
		log_write((level), (event), log_fields_ + 1, sizeof log_fields_ / sizeof *log_fields_ - 1);            \
	} while (0)

#endif
