/* Content codings: the first byte picks the header, the rest is the body. Limits hold whatever comes. */
#include <stdint.h>
#include <stdlib.h>

#include "base/assert.h"
#include "proxy/wire/coding.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { MAX_BYTES = 1024 * 1024, MAX_RATIO = 50 };

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
	buf_fini(&out);
	return 0;
}
