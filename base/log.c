#include "base/log.h"

#include <inttypes.h>
#include <time.h>
#include <unistd.h>

#include "base/buf.h"

static enum log_level threshold = LOG_INFO;
static const char *const names[] = {"debug", "info", "warn", "error"};

void log_set_level(enum log_level level)
{
	threshold = level;
}

bool log_parse_level(struct span name, enum log_level *out)
{
	for (unsigned i = 0; i < sizeof names / sizeof *names; i++) {
		if (span_eq(name, span_str(names[i]))) {
			*out = (enum log_level)i;
			return true;
		}
	}
	return false;
}

void log_write(enum log_level level, const char *event, const struct log_field *fields, size_t n)
{
	if (level < threshold)
		return;
	struct timespec now;
	struct tm tm;
	clock_gettime(CLOCK_REALTIME, &now);
	gmtime_r(&now.tv_sec, &tm);
	struct buf b;
	buf_init(&b, 16 * 1024);
	buf_printf(&b,
		   "{\"time\":\"%04d-%02d-%02dT%02d:%02d:%02d.%03ldZ\",\"level\":\"%s\",\"event\":", tm.tm_year + 1900,
		   tm.tm_mon + 1, tm.tm_mday, tm.tm_hour, tm.tm_min, tm.tm_sec, now.tv_nsec / 1000000, names[level]);
	buf_add_json(&b, span_str(event));
	for (size_t i = 0; i < n; i++) {
		buf_add_byte(&b, ',');
		buf_add_json(&b, span_str(fields[i].key));
		buf_add_byte(&b, ':');
		if (fields[i].kind == LOG_NUM)
			buf_printf(&b, "%" PRId64, fields[i].num);
		else
			buf_add_json(&b, fields[i].str);
	}
	buf_add_str(&b, "}\n");
	if (buf_err(&b) == ERR_OK) {
		ssize_t written = write(STDERR_FILENO, b.p, b.n);
		(void)written; /* nowhere left to report to */
	}
	buf_fini(&b);
}
