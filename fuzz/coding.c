/* Content codings: the first byte picks the header, the rest is the body. Limits hold whatever comes, and what is
 * decoded as a whole reads the same in pieces. */
#include <stdint.h>
#include <stdlib.h>

#include "base/assert.h"
#include "proxy/wire/coding.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { MAX_BYTES = 1024 * 1024, MAX_RATIO = 50 };

static void collect(void *context, struct span piece)
{
	buf_add(context, piece);
}

/* As an answer that comes in pieces. It need not be as strict: it only looks. */
static bool read_in_pieces(struct span header, struct span body, size_t piece, uint32_t max_ratio, struct buf *out)
{
	struct arena arena;
	arena_init(&arena, 64 * 1024 * 1024);
	struct coding_reader *r = coding_reader_new(header, (struct coding_limits){MAX_BYTES, max_ratio}, &arena);
	bool ok = r != NULL;
	for (size_t i = 0; ok && i < body.n; i += piece)
		ok = coding_reader_feed(r, span_sub(body, i, body.n - i < piece ? body.n : i + piece), collect, out);
	arena_fini(&arena);
	INVARIANT(out->n <= MAX_BYTES);
	return ok;
}

static void compare(struct span header, struct span body, struct span whole)
{
	struct buf out = {0};
	INVARIANT(read_in_pieces(header, body, 1 + body.n / 3, 0, &out));
	INVARIANT(span_eq(buf_span(&out), whole));
	buf_fini(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const headers[] = {"gzip",         "deflate",       "zstd",
					      "x-gzip, zstd", "gzip, deflate", "gzip,gzip,gzip",
					      "identity",     "zstd,deflate",  "br"};
	if (size == 0)
		return 0;
	struct buf out = {0};
	struct span body = span_of(data + 1, size - 1);
	bool identity = true;
	const char *header = headers[data[0] % (sizeof headers / sizeof *headers)];
	enum err e =
		coding_decode(span_str(header), body, (struct coding_limits){MAX_BYTES, MAX_RATIO}, &out, &identity);
	INVARIANT(e == ERR_OK || e == ERR_CODING || e == ERR_BOMB);
	INVARIANT(out.n <= MAX_BYTES);
	INVARIANT(e == ERR_OK || (out.n == 0 && !identity));
	INVARIANT(!identity || out.n == 0);
	INVARIANT(out.n < 64 * 1024 || out.n <= MAX_RATIO * body.n);
	bool single = span_find(span_str(header), ',') == strlen(header);
	if (e == ERR_OK && !identity && single)
		compare(span_str(header), body, buf_span(&out));
	buf_clear(&out);
	(void)!read_in_pieces(span_str(header), body, 7, MAX_RATIO, &out);
	buf_fini(&out);
	return 0;
}
