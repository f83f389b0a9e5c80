/* Nanoseconds for one head of a usual request: finding its end, parsing it, writing it anew.
 * ninja -C build/release h1_bench && build/release/h1_bench */
#include <stdio.h>
#include <time.h>

#include "proxy/wire/h1.h"

static const char request[] =
	"POST /v1/chat/completions HTTP/1.1\r\n"
	"Host: api.openai.com\r\n"
	"Accept: application/json\r\n"
	"Accept-Encoding: gzip, deflate\r\n"
	"Connection: keep-alive\r\n"
	"Content-Type: application/json\r\n"
	"User-Agent: OpenAI/Python 1.54.3\r\n"
	"X-Stainless-Lang: python\r\n"
	"X-Stainless-Package-Version: 1.54.3\r\n"
	"X-Stainless-OS: Linux\r\n"
	"X-Stainless-Arch: x64\r\n"
	"X-Stainless-Runtime: CPython\r\n"
	"X-Stainless-Runtime-Version: 3.11.2\r\n"
	"Authorization: Bearer sk-proj-abcdefghijklmnopqrstuvwxyz0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ\r\n"
	"X-Stainless-Async: false\r\n"
	"x-stainless-retry-count: 0\r\n"
	"Content-Length: 1234\r\n"
	"\r\n";

enum { ROUNDS = 1000 * 1000 };

static double now(void)
{
	struct timespec t;
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

int main(void)
{
	static struct http_head head;
	struct buf out = {0};
	struct span bytes = span_of(request, sizeof request - 1);
	enum h1_reject why;
	size_t length = 0, bad = 0;
	double start = now();
	for (int i = 0; i < ROUNDS; i++) {
		size_t scanned = 0;
		bad += h1_head_end(bytes, &scanned, &length) != ERR_OK;
	}
	double scan = now();
	for (int i = 0; i < ROUNDS; i++)
		bad += h1_parse_request(bytes, &head, &why) != ERR_OK;
	double parse = now();
	for (int i = 0; i < ROUNDS; i++) {
		bad += h1_write_request(&out, &head) != ERR_OK;
		buf_clear(&out);
	}
	double write = now();
	printf("%zu bytes, %zu fields: end %.0f ns, parse %.0f ns, write %.0f ns%s\n", bytes.n, head.n_fields,
	       (scan - start) / ROUNDS, (parse - scan) / ROUNDS, (write - parse) / ROUNDS, bad > 0 ? ", FAILED" : "");
	buf_fini(&out);
	return bad > 0;
}
