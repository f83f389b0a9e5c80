#include "coded.h"

#include <zlib.h>

#include "base/assert.h"

struct buf coded_deflate(struct span in, enum coded_format format, int level)
{
	struct buf out = {0};
	z_stream z = {0};
	INVARIANT(deflateInit2(&z, level, Z_DEFLATED, format, 8, Z_DEFAULT_STRATEGY) == Z_OK);
	size_t room = deflateBound(&z, in.n) + 64;
	z.next_in = (uint8_t *)(uintptr_t)in.p;
	z.avail_in = (unsigned)in.n;
	z.next_out = buf_reserve(&out, room);
	z.avail_out = (unsigned)room;
	INVARIANT(deflate(&z, Z_FINISH) == Z_STREAM_END);
	out.n = room - z.avail_out;
	deflateEnd(&z);
	return out;
}

struct buf coded_gzip(struct span in)
{
	return coded_deflate(in, CODED_GZIP, 6);
}
