/* Decoding a body beside the bytes that pass by, piece by piece. All memory is the arena's: there is nothing to free.
 */
#include <zlib.h>
#define ZSTD_STATIC_LINKING_ONLY /* for memory from elsewhere */
#include <zstd.h>

#include "proxy/wire/coding.h"

enum { WINDOW_ZLIB = 15, WINDOW_GZIP = 15 + 16, WINDOW_RAW = -15, ZSTD_WINDOW_LOG = 23, RATIO_FROM = 64 * 1024 };

/* Nothing is ever given back, and frames whose windows grow and shrink make zstd ask again and again: of the largest
 * window about one and a half. */
enum { MEMORY_MAX = 3 << (ZSTD_WINDOW_LOG - 1) };

struct coding_reader {
	struct coding_limits limits;
	struct arena *arena;
	size_t taken; /* of the arena, by the library */
	bool started, failed, done;
	int window; /* of zlib's formats; 0 until the first byte tells zlib's own from the raw one */
	z_stream z;
	ZSTD_DCtx *zstd; /* NULL: one of zlib's formats */
	size_t magic;    /* bytes of a frame's magic number that were seen */
	size_t encoded, decoded;
	uint8_t out[8 * 1024];
};

static void *take(void *reader, size_t n)
{
	struct coding_reader *r = reader;
	if (n > MEMORY_MAX - r->taken)
		return NULL;
	r->taken += n;
	return arena_alloc_raw(r->arena, n);
}

static void *take_items(void *reader, unsigned n, unsigned size)
{
	size_t total;
	return __builtin_mul_overflow((size_t)n, (size_t)size, &total) ? NULL : take(reader, total);
}

static void keep(void *reader, void *p)
{
	(void)reader;
	(void)p;
}

static bool zstd_begin(struct coding_reader *r)
{
	r->zstd = ZSTD_createDCtx_advanced((ZSTD_customMem){take, keep, r});
	return r->zstd != NULL && !ZSTD_isError(ZSTD_DCtx_setParameter(r->zstd, ZSTD_d_windowLogMax, ZSTD_WINDOW_LOG));
}

struct coding_reader *coding_reader_new(struct span header, struct coding_limits limits, struct arena *arena)
{
	bool gzip = span_eq_nocase(header, SPAN("gzip")) || span_eq_nocase(header, SPAN("x-gzip"));
	bool zstd = span_eq_nocase(header, SPAN("zstd"));
	if (!gzip && !zstd && !span_eq_nocase(header, SPAN("deflate")))
		return NULL;
	struct coding_reader *r = arena_alloc(arena, sizeof *r);
	if (r == NULL)
		return NULL;
	r->limits = limits;
	r->arena = arena;
	r->window = gzip ? WINDOW_GZIP : 0;
	return zstd && !zstd_begin(r) ? NULL : r;
}

/* Decoded bytes in r->out go to the sink, unless there are too many. */
static bool pass_on(struct coding_reader *r, size_t n, coding_sink *sink, void *context)
{
	r->decoded += n;
	bool ratio_ok = r->decoded < RATIO_FROM || r->limits.max_ratio == 0 ||
			(r->decoded - 1) / r->limits.max_ratio < r->encoded;
	if (r->decoded > r->limits.max_bytes || !ratio_ok)
		return false;
	if (n > 0)
		sink(context, span_of(r->out, n));
	return true;
}

/* RFC 1950 §2.2: method 8, window up to 32 KiB, and check bits, if they are there already. */
static bool has_zlib_header(struct span in)
{
	bool method = (in.p[0] & 0x0f) == 8 && in.p[0] >> 4 <= 7;
	return method && (in.n < 2 || (in.p[0] << 8 | in.p[1]) % 31 == 0);
}

static bool zlib_begin(struct coding_reader *r, struct span in)
{
	if (r->window == 0)
		r->window = has_zlib_header(in) ? WINDOW_ZLIB : WINDOW_RAW;
	r->z = (z_stream){.zalloc = take_items, .zfree = keep, .opaque = r};
	r->started = true;
	return inflateInit2(&r->z, r->window) == Z_OK;
}

static bool feed_zlib(struct coding_reader *r, struct span in, coding_sink *sink, void *context)
{
	if (!r->started && !zlib_begin(r, in))
		return false;
	r->z.next_in = (uint8_t *)(uintptr_t)in.p;
	r->z.avail_in = (unsigned)in.n;
	do {
		r->z.next_out = r->out;
		r->z.avail_out = sizeof r->out;
		int rc = inflate(&r->z, Z_NO_FLUSH);
		if (!pass_on(r, sizeof r->out - r->z.avail_out, sink, context))
			return false;
		if (rc == Z_STREAM_END) { /* gzip may go on with another member */
			r->done = r->window != WINDOW_GZIP;
			if (!r->done && inflateReset(&r->z) != Z_OK)
				return false;
		} else if (rc != Z_OK) {
			return rc == Z_BUF_ERROR && r->z.avail_in == 0;
		}
	} while (!r->done && (r->z.avail_in > 0 || r->z.avail_out == 0));
	return true;
}

/* How many of the next bytes may be given to the library: all of them within a frame. At its start, those of the
 * magic number, which are compared: the library would read older formats too, with code and memory of their own. 0:
 * something else begins. */
static size_t frame_bytes(struct coding_reader *r, struct span in)
{
	static const uint8_t magic[] = {0x28, 0xb5, 0x2f, 0xfd};
	if (r->magic == sizeof magic)
		return in.n;
	size_t n = in.n < sizeof magic - r->magic ? in.n : sizeof magic - r->magic;
	if (memcmp(in.p, magic + r->magic, n) != 0)
		return 0;
	r->magic += n;
	return n;
}

static bool feed_zstd(struct coding_reader *r, struct span in, coding_sink *sink, void *context)
{
	size_t at = 0;
	while (at < in.n) {
		size_t n = frame_bytes(r, span_sub(in, at, in.n));
		ZSTD_inBuffer from = {in.p + at, n, 0};
		ZSTD_outBuffer to;
		size_t rc = 1;
		if (n == 0)
			return false;
		do {
			to = (ZSTD_outBuffer){r->out, sizeof r->out, 0};
			rc = ZSTD_decompressStream(r->zstd, &to, &from);
			if (ZSTD_isError(rc) || !pass_on(r, to.pos, sink, context))
				return false;
		} while (rc != 0 && (from.pos < from.size || to.pos == to.size));
		if (rc == 0)
			r->magic = 0; /* the frame is over */
		at += from.pos;
	}
	return true;
}

bool coding_reader_feed(struct coding_reader *r, struct span in, coding_sink *sink, void *context)
{
	if (r->failed || r->done || in.n == 0)
		return !r->failed;
	r->encoded += in.n;
	if (in.n > UINT32_MAX)
		r->failed = true;
	else if (r->zstd != NULL)
		r->failed = !feed_zstd(r, in, sink, context);
	else
		r->failed = !feed_zlib(r, in, sink, context);
	explicit_bzero(r->out, sizeof r->out);
	return !r->failed;
}
