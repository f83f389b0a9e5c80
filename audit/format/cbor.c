#include "audit/format/cbor.h"

#include "base/assert.h"
#include "base/utf8.h"

enum { SIMPLE_FALSE = 20, SIMPLE_TRUE = 21 };

/* Most items are a byte or two, so the common case is decided here and not in buf_reserve. */
static inline uint8_t *room(struct buf *out, size_t n)
{
	bool there = n <= out->cap - out->n && out->err == ERR_OK;
	return there ? out->p + out->n : buf_reserve(out, n);
}

static inline size_t head_size(uint64_t v)
{
	return v < 24 ? 1 : v <= UINT8_MAX ? 2 : v <= UINT16_MAX ? 3 : v <= UINT32_MAX ? 5 : 9;
}

static inline void write_head(uint8_t *p, size_t n, enum cbor_major major, uint64_t v)
{
	static const uint8_t info[] = {[2] = 24, [3] = 25, [5] = 26, [9] = 27};
	*p = (uint8_t)((unsigned)major << 5 | (n == 1 ? (unsigned)v : info[n]));
	for (; n > 1; v >>= 8)
		p[--n] = (uint8_t)v;
}

static inline void put_head(struct buf *out, enum cbor_major major, uint64_t v)
{
	size_t n = head_size(v);
	uint8_t *p = room(out, n);
	if (p == NULL)
		return;
	if (n == 1)
		*p = (uint8_t)((unsigned)major << 5 | (unsigned)v);
	else
		write_head(p, n, major, v);
	out->n += n;
}

static inline void put_string(struct buf *out, enum cbor_major major, struct span s)
{
	size_t n = head_size(s.n);
	uint8_t *p = room(out, n + s.n);
	if (p == NULL)
		return;
	write_head(p, n, major, s.n);
	if (s.n > 0)
		memcpy(p + n, s.p, s.n);
	out->n += n + s.n;
}

void cbor_put_uint(struct buf *out, uint64_t v)
{
	put_head(out, CBOR_UINT, v);
}

void cbor_put_int(struct buf *out, int64_t v)
{
	if (v >= 0)
		put_head(out, CBOR_UINT, (uint64_t)v);
	else
		put_head(out, CBOR_NEGATIVE, (uint64_t) - (v + 1));
}

void cbor_put_bytes(struct buf *out, struct span s)
{
	put_string(out, CBOR_BYTES, s);
}

void cbor_put_text(struct buf *out, struct span s)
{
	if (!utf8_valid(s) && out->err == ERR_OK)
		out->err = ERR_ENCODING;
	put_string(out, CBOR_TEXT, s);
}

void cbor_put_head_of_text(struct buf *out, size_t n)
{
	put_head(out, CBOR_TEXT, n);
}

void cbor_put_bool(struct buf *out, bool v)
{
	put_head(out, CBOR_SIMPLE, v ? SIMPLE_TRUE : SIMPLE_FALSE);
}

void cbor_put_array(struct buf *out, uint64_t n)
{
	put_head(out, CBOR_ARRAY, n);
}

void cbor_map_begin(struct cbor_out_map *m, struct buf *out)
{
	*m = (struct cbor_out_map){.out = out, .at = out->n};
	put_head(out, CBOR_MAP, 0);
}

void cbor_map_key(struct cbor_out_map *m, uint64_t key)
{
	INVARIANT(m->n == 0 || key > m->last);
	m->last = key;
	m->n++;
	put_head(m->out, CBOR_UINT, key);
}

void cbor_map_end(struct cbor_out_map *m)
{
	INVARIANT(m->n < 256);
	struct buf *out = m->out;
	if (m->n < 24) {
		if (out->err == ERR_OK)
			out->p[m->at] = (uint8_t)((unsigned)CBOR_MAP << 5 | m->n);
		return;
	}
	buf_add_byte(out, 0);
	if (out->err != ERR_OK)
		return;
	memmove(out->p + m->at + 2, out->p + m->at + 1, out->n - m->at - 2);
	out->p[m->at] = (unsigned)CBOR_MAP << 5 | 24;
	out->p[m->at + 1] = (uint8_t)m->n;
}

void cbor_init(struct cbor *c, struct span in)
{
	*c = (struct cbor){.in = in};
}

void cbor_fail(struct cbor *c, enum err err)
{
	if (c->err == ERR_OK)
		c->err = err;
	c->at = c->in.n;
}

/* The argument of the next head, which must be of this major type; 0 on failure. */
static uint64_t head(struct cbor *c, enum cbor_major major)
{
	static const uint64_t least[] = {24, UINT8_MAX + 1, UINT16_MAX + 1, (uint64_t)UINT32_MAX + 1};
	if (c->at == c->in.n || c->in.p[c->at] >> 5 != (unsigned)major) {
		cbor_fail(c, ERR_SYNTAX);
		return 0;
	}
	uint8_t info = c->in.p[c->at++] & 31;
	if (info < 24)
		return info;
	size_t n = info <= 27 ? (size_t)1 << (info - 24) : SIZE_MAX;
	if (n > c->in.n - c->at) {
		cbor_fail(c, ERR_SYNTAX);
		return 0;
	}
	uint64_t v = 0;
	for (size_t i = 0; i < n; i++)
		v = v << 8 | c->in.p[c->at++];
	if (v < least[info - 24]) {
		cbor_fail(c, ERR_SYNTAX);
		return 0;
	}
	return v;
}

uint64_t cbor_uint(struct cbor *c, uint64_t max)
{
	uint64_t v = head(c, CBOR_UINT);
	if (v > max) {
		cbor_fail(c, ERR_LIMIT);
		return 0;
	}
	return v;
}

int64_t cbor_int(struct cbor *c)
{
	bool negative = cbor_peek(c, CBOR_NEGATIVE);
	uint64_t v = head(c, negative ? CBOR_NEGATIVE : CBOR_UINT);
	if (v > INT64_MAX) {
		cbor_fail(c, ERR_LIMIT);
		return 0;
	}
	return negative && c->err == ERR_OK ? -1 - (int64_t)v : (int64_t)v;
}

bool cbor_bool(struct cbor *c)
{
	if (c->at == c->in.n || (c->in.p[c->at] != 0xf4 && c->in.p[c->at] != 0xf5)) {
		cbor_fail(c, ERR_SYNTAX);
		return false;
	}
	return c->in.p[c->at++] == 0xf5;
}

static struct span string(struct cbor *c, enum cbor_major major)
{
	uint64_t n = head(c, major);
	if (n > c->in.n - c->at) {
		cbor_fail(c, ERR_SYNTAX);
		return SPAN("");
	}
	struct span s = span_of(c->in.p + c->at, (size_t)n);
	c->at += (size_t)n;
	return s;
}

struct span cbor_text(struct cbor *c)
{
	struct span s = string(c, CBOR_TEXT);
	if (!utf8_valid(s)) {
		cbor_fail(c, ERR_ENCODING);
		return SPAN("");
	}
	return c->err == ERR_OK ? s : SPAN("");
}

struct span cbor_bytes(struct cbor *c)
{
	struct span s = string(c, CBOR_BYTES);
	return c->err == ERR_OK ? s : SPAN("");
}

void cbor_bytes_exactly(struct cbor *c, uint8_t *out, size_t n)
{
	struct span s = cbor_bytes(c);
	if (s.n != n) {
		cbor_fail(c, ERR_SYNTAX);
		memset(out, 0, n);
		return;
	}
	memcpy(out, s.p, n);
}

size_t cbor_array(struct cbor *c, size_t max)
{
	uint64_t n = head(c, CBOR_ARRAY);
	/* An element takes a byte at least, so a small input cannot make anybody allocate much. */
	if (n > max || n > c->in.n - c->at) {
		cbor_fail(c, ERR_LIMIT);
		return 0;
	}
	return (size_t)n;
}

void cbor_map(struct cbor *c, struct cbor_map *m)
{
	uint64_t n = head(c, CBOR_MAP);
	*m = (struct cbor_map){0};
	if (n > (c->in.n - c->at) / 2)
		cbor_fail(c, ERR_LIMIT);
	else
		m->left = (size_t)n;
}

bool cbor_map_next(struct cbor *c, struct cbor_map *m, uint64_t *key)
{
	*key = 0;
	if (c->err != ERR_OK || m->left == 0)
		return false;
	uint64_t k = head(c, CBOR_UINT);
	if (m->any && k <= m->last)
		cbor_fail(c, ERR_SYNTAX);
	if (c->err != ERR_OK)
		return false;
	m->left--;
	m->any = true;
	m->last = *key = k;
	return true;
}

bool cbor_peek(const struct cbor *c, enum cbor_major major)
{
	return c->at < c->in.n && c->in.p[c->at] >> 5 == (unsigned)major;
}

enum err cbor_end(const struct cbor *c)
{
	if (c->err != ERR_OK)
		return c->err;
	return c->at == c->in.n ? ERR_OK : ERR_SYNTAX;
}
