#include "classifiers/reading.h"

#include <stdlib.h>

void reading_clear(struct reading *r)
{
	if (r->n > 0)
		explicit_bzero(r->p, r->n);
	r->n = 0;
	r->err = ERR_OK;
}

void reading_fini(struct reading *r)
{
	reading_clear(r);
	free(r->p);
	free(r->from);
	free(r->change);
	*r = (struct reading){0};
}

/* Old memory holds text: it is wiped, so realloc will not do. */
static bool grow(struct reading *r)
{
	size_t cap = r->cap == 0 ? 1024 : 2 * r->cap;
	uint8_t *p = malloc(cap);
	struct origin *from = malloc(cap * sizeof *from);
	uint8_t *change = malloc(cap);
	if (p == NULL || from == NULL || change == NULL) {
		free(p);
		free(from);
		free(change);
		return false;
	}
	if (r->n > 0) {
		memcpy(p, r->p, r->n);
		memcpy(from, r->from, r->n * sizeof *from);
		memcpy(change, r->change, r->n);
		explicit_bzero(r->p, r->n);
	}
	free(r->p);
	free(r->from);
	free(r->change);
	r->p = p;
	r->from = from;
	r->change = change;
	r->cap = cap;
	return true;
}

void reading_add(struct reading *r, uint8_t byte, struct origin from, enum change change)
{
	if (r->err != ERR_OK)
		return;
	if (r->limit != 0 && r->n >= r->limit) {
		r->err = ERR_LIMIT;
		return;
	}
	if (r->n == r->cap && !grow(r)) {
		r->err = ERR_NOMEM;
		return;
	}
	r->p[r->n] = byte;
	r->from[r->n] = from;
	r->change[r->n++] = (uint8_t)change;
}

void reading_copy(struct reading *r, struct span bytes, const struct origin *from, size_t base)
{
	while (bytes.n > 0 && r->err == ERR_OK) {
		size_t room = r->cap - r->n, left = r->limit == 0 ? bytes.n : r->limit - r->n;
		size_t n = bytes.n < left ? bytes.n : left;
		if (n == 0)
			r->err = ERR_LIMIT;
		else if (room == 0 && !grow(r))
			r->err = ERR_NOMEM;
		if (r->err != ERR_OK)
			return;
		room = r->cap - r->n;
		n = n < room ? n : room;
		memcpy(r->p + r->n, bytes.p, n);
		memset(r->change + r->n, CHANGE_NONE, n);
		for (size_t i = 0; i < n; i++)
			r->from[r->n + i] = from != NULL
						    ? from[i]
						    : (struct origin){(uint32_t)(base + i), (uint32_t)(base + i + 1)};
		r->n += n;
		bytes = span_sub(bytes, n, bytes.n);
		base += n;
		from = from == NULL ? NULL : from + n;
	}
}

struct origin reading_origin(const struct reading *r, size_t start, size_t end)
{
	struct origin o = r->from[start];
	for (size_t i = start; i < end; i++) {
		if (r->from[i].start < o.start)
			o.start = r->from[i].start;
		if (r->from[i].end > o.end)
			o.end = r->from[i].end;
	}
	return o;
}
