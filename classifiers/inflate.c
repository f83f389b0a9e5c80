#include "classifiers/inflate.h"

#include <zlib.h>

bool inflate_magic(struct span packed)
{
	if (packed.n < 8)
		return false;
	if (packed.p[0] == 0x1f && packed.p[1] == 0x8b && packed.p[2] == 8)
		return true;
	unsigned head = packed.p[0] * 256u + packed.p[1];
	return packed.p[0] == 0x78 && head % 31 == 0 && (packed.p[1] & 0x20) == 0;
}

enum err inflate_run(struct span packed, bool (*sink)(void *arg, struct span bytes), void *arg)
{
	uint8_t piece[4096];
	/* zlib reads from here; its interface is older than const. */
	z_stream z = {.next_in = (Bytef *)packed.p, .avail_in = (uInt)packed.n};
	if (inflateInit2(&z, MAX_WBITS + 32) != Z_OK)
		return ERR_NOMEM;
	enum err err = ERR_OK;
	int rc = Z_OK;
	while (rc == Z_OK && err == ERR_OK) {
		z.next_out = piece;
		z.avail_out = sizeof piece;
		rc = inflate(&z, Z_NO_FLUSH);
		size_t n = sizeof piece - z.avail_out;
		if ((n > 0 && !sink(arg, span_of(piece, n))) || z.total_out > INFLATED_MAX)
			err = ERR_LIMIT;
		if (rc == Z_OK && n == 0)
			break;
	}
	inflateEnd(&z);
	explicit_bzero(piece, sizeof piece);
	return err != ERR_OK ? err : rc == Z_STREAM_END ? ERR_OK : ERR_SYNTAX;
}
