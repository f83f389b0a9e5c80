/* One blocking HTTP/1.1 call to an address of our own: for the demo and for asking the admin socket. */
#ifndef CMD_HTTP_CALL_H
#define CMD_HTTP_CALL_H

#include "base/buf.h"

struct http_answer {
	int status;
	struct buf body;   /* de-chunked */
	char decision[32]; /* Bailiwick-Decision, "" if absent */
	uint64_t first_us, total_us;
};

/* unix_path NULL: 127.0.0.1:port. headers: further lines, each ending in CRLF, or "". body may be empty (then GET). */
enum err http_call(const char *unix_path, uint16_t port, const char *path, const char *headers, struct span body,
		   struct http_answer *out) MUST;

#endif
