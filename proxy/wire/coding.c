/* Content codings (RFC 9110 §8.4, RFC 1950-1952, RFC 8878). Decoded text is prompt text: every buffer that the
 * libraries hold it in comes from an allocator of ours that wipes. */
/* For ZSTD_createDCtx_advanced: the only way to give zstd that allocator. */
#define ZSTD_STATIC_LINKING_ONLY
#define ZLIB_CONST
#include "proxy/wire/coding.h"

#include <stdlib.h>
#include <zlib.h>
#include <zstd.h>
#include <zstd_errors.h>

#include "base/assert.h"
#include "proxy/wire/http_text.h"

enum {
	STEP = 16 * 1024, /* output bytes at a time, at least and at most */
	MAX_STEP = 16 * 1024 * 1024,
	RATIO_FROM = 64 * 1024, /* small bodies of one letter are no bombs */
	ZSTD_WINDOW_LOG = 23,   /* 8 MiB: what RFC 8878 asks decoders to take */
	WINDOW_GZIP = 15 + 16,
	WINDOW_ZLIB = 15,
	WINDOW_RAW = -15,
	GZIP_FTEXT = 1,
	GZIP_FHCRC = 2,
};

enum coding { CODING_GZIP, CODING_DEFLATE, CODING_ZSTD };

struct layer {
	struct coding_limits limits;
	size_t encoded; /* the body as it came: what the ratio is counted from, in every layer */
	struct buf *out;
	bool full; /* the limits leave no room: output goes to spare */
	uint8_t spare;
};

/* The length stands before the memory, in a place that keeps it aligned. */
union block {
	size_t n;
	max_align_t align;
};

static void *wiping_alloc(void *opaque, size_t n)
{
	(void)opaque;
	if (n > SIZE_MAX - sizeof(union block))
		return NULL;
	union block *b = malloc(sizeof *b + n);
	if (b == NULL)
		return NULL;
	b->n = n;
	return b + 1;
}

static void wiping_free(void *opaque, void *p)
{
	(void)opaque;
	if (p == NULL)
		return;
	union block *b = (union block *)p - 1;
	explicit_bzero(p, b->n);
	free(b);
}

static void *zlib_alloc(void *opaque, unsigned items, unsigned size)
{
	size_t n;
	return __builtin_mul_overflow((size_t)items, (size_t)size, &n) ? NULL : wiping_alloc(opaque, n);
}

static bool coding_by_name(struct span name, enum coding *out)
{
	static const struct {
		struct span name;
		enum coding coding;
	} names[] = {{SPAN("gzip"), CODING_GZIP},
		     {SPAN("x-gzip"), CODING_GZIP},
		     {SPAN("deflate"), CODING_DEFLATE},
		     {SPAN("zstd"), CODING_ZSTD}};
	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		if (!span_eq_nocase(name, names[i].name))
			continue;
		*out = names[i].coding;
		return true;
	}
	return false;
}

/* In the order in which they were applied; identity is left out. */
static enum err parse_header(struct span header, enum coding stack[CODING_MAX_STACK], size_t *n)
{
	struct span name;
	*n = 0;
	while (http_list_next(&header, &name)) {
		if (span_eq_nocase(name, SPAN("identity")))
			continue;
		if (*n == CODING_MAX_STACK || !coding_by_name(name, &stack[*n]))
			return ERR_CODING;
		++*n;
	}
	return ERR_OK;
}

/* Room for some output, never more than the limits leave. When they leave nothing one byte outside the buffer is
 * offered, and its use is what shows a bomb. */
static uint8_t *make_room(struct layer *l, size_t *room)
{
	size_t limit = l->limits.max_bytes;
	if (l->out->limit != 0 && l->out->limit < limit)
		limit = l->out->limit;
	size_t left = limit > l->out->n ? limit - l->out->n : 0;
	size_t n = l->out->cap - l->out->n;
	if (n < STEP)
		n = STEP;
	if (n > MAX_STEP)
		n = MAX_STEP;
	l->full = left == 0;
	*room = l->full ? 1 : n < left ? n : left;
	return l->full ? &l->spare : buf_reserve(l->out, *room);
}

static enum err note_output(struct layer *l, size_t n)
{
	if (n == 0)
		return ERR_OK;
	if (l->full) {
		explicit_bzero(&l->spare, 1);
		return ERR_BOMB;
	}
	l->out->n += n;
	if (l->out->n < RATIO_FROM)
		return ERR_OK;
	return l->limits.max_ratio == 0 || (l->out->n - 1) / l->limits.max_ratio >= l->encoded ? ERR_BOMB : ERR_OK;
}

/* One zlib, gzip or raw stream until its end. */
static enum err inflate_stream(z_stream *z, struct layer *l)
{
	for (;;) {
		size_t room;
		z->next_out = make_room(l, &room);
		if (z->next_out == NULL)
			return buf_err(l->out);
		z->avail_out = (unsigned)room;
		int rc = inflate(z, Z_NO_FLUSH);
		enum err e = note_output(l, room - z->avail_out);
		if (e != ERR_OK || rc == Z_STREAM_END)
			return e;
		/* There is always room: no progress (Z_BUF_ERROR) means that the input was cut. */
		if (rc != Z_OK)
			return rc == Z_MEM_ERROR ? ERR_NOMEM : ERR_CODING;
	}
}

/* A member whose header carries no more than flags, time and system: a name, comment or extra field would be text that
 * nobody scans. */
static bool gzip_header_ok(struct span in)
{
	return in.n >= 4 && (in.p[3] & ~(GZIP_FTEXT | GZIP_FHCRC)) == 0;
}

/* RFC 1950 §2.2: method 8, window up to 32 KiB, check bits. Without them it is the raw kind some clients send. */
static bool has_zlib_header(struct span in)
{
	return in.n >= 2 && (in.p[0] & 0x0f) == 8 && in.p[0] >> 4 <= 7 && (in.p[0] << 8 | in.p[1]) % 31 == 0;
}

static enum err decode_zlib(struct span in, int window, struct layer *l)
{
	z_stream z = {.zalloc = zlib_alloc, .zfree = wiping_free, .next_in = in.p, .avail_in = (unsigned)in.n};
	if (inflateInit2(&z, window) != Z_OK)
		return ERR_NOMEM;
	enum err e;
	do {
		bool ok = window != WINDOW_GZIP || gzip_header_ok(span_of(z.next_in, z.avail_in));
		e = ok ? inflate_stream(&z, l) : ERR_CODING;
	} while (e == ERR_OK && window == WINDOW_GZIP && z.avail_in > 0 && inflateReset(&z) == Z_OK);
	if (e == ERR_OK && z.avail_in > 0)
		e = ERR_CODING;
	inflateEnd(&z);
	return e;
}

/* One zstd frame until its end. */
static enum err zstd_frame(ZSTD_DCtx *ctx, ZSTD_inBuffer *in, struct layer *l)
{
	for (;;) {
		ZSTD_outBuffer to = {0};
		to.dst = make_room(l, &to.size);
		if (to.dst == NULL)
			return buf_err(l->out);
		size_t rc = ZSTD_decompressStream(ctx, &to, in);
		enum err e = note_output(l, to.pos);
		if (e != ERR_OK || rc == 0)
			return e;
		if (ZSTD_isError(rc))
			return ZSTD_getErrorCode(rc) == ZSTD_error_memory_allocation ? ERR_NOMEM : ERR_CODING;
		if (in->pos == in->size && to.pos < to.size)
			return ERR_CODING;
	}
}

/* Frames of RFC 8878 only: skippable ones would carry bytes that nobody scans, older formats are nobody's. */
static enum err decode_zstd(struct span body, struct layer *l)
{
	const struct span magic = SPAN("\x28\xb5\x2f\xfd");
	ZSTD_DCtx *ctx = ZSTD_createDCtx_advanced((ZSTD_customMem){wiping_alloc, wiping_free, NULL});
	if (ctx == NULL)
		return ERR_NOMEM;
	ZSTD_inBuffer in = {body.p, body.n, 0};
	enum err e =
		ZSTD_isError(ZSTD_DCtx_setParameter(ctx, ZSTD_d_windowLogMax, ZSTD_WINDOW_LOG)) ? ERR_INTERNAL : ERR_OK;
	do {
		if (e == ERR_OK && !span_starts(span_sub(body, in.pos, body.n), magic))
			e = ERR_CODING;
		if (e == ERR_OK)
			e = zstd_frame(ctx, &in, l);
	} while (e == ERR_OK && in.pos < in.size);
	ZSTD_freeDCtx(ctx);
	return e;
}

static enum err decode_layer(enum coding coding, struct span in, struct layer *l)
{
	if (in.n == 0)
		return ERR_CODING;
	if (in.n > UINT32_MAX)
		return ERR_TOO_LARGE;
	switch (coding) {
	case CODING_GZIP:
		return decode_zlib(in, WINDOW_GZIP, l);
	case CODING_DEFLATE:
		return decode_zlib(in, has_zlib_header(in) ? WINDOW_ZLIB : WINDOW_RAW, l);
	case CODING_ZSTD:
		return decode_zstd(in, l);
	}
	return ERR_INTERNAL;
}

enum err coding_decode(struct span header, struct span body, struct coding_limits limits, struct buf *out,
		       bool *identity)
{
	enum coding stack[CODING_MAX_STACK];
	struct buf between[CODING_MAX_STACK] = {0};
	size_t n;
	INVARIANT(out->n == 0);
	enum err e = parse_header(header, stack, &n);
	*identity = e == ERR_OK && n == 0;
	struct span in = body;
	/* The last one applied is the first to go. */
	for (size_t i = n; e == ERR_OK && i-- > 0;) {
		struct layer layer = {.limits = limits, .encoded = body.n, .out = i == 0 ? out : &between[i]};
		e = decode_layer(stack[i], in, &layer);
		in = buf_span(layer.out);
	}
	for (size_t i = 0; i < CODING_MAX_STACK; i++)
		buf_fini(&between[i]);
	if (e != ERR_OK)
		buf_clear(out);
	return e;
}
