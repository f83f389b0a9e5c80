#include "proxy/wire/api.h"

enum err splice_apply(struct span body, const struct splice_edit *edits, size_t n, struct buf *out)
{
	size_t size = body.n;
	uint32_t at = 0;
	for (size_t i = 0; i < n; i++) {
		const struct splice_edit *e = &edits[i];
		/* Out of order would silently drop a replacement, that is, leak what it should hide. */
		if (e->raw_start < at || e->raw_end < e->raw_start || e->raw_end > body.n)
			return ERR_INTERNAL;
		size += e->with.n;
		size -= e->raw_end - e->raw_start;
		at = e->raw_end;
	}
	if (body.n == 0)
		body = SPAN("");
	/* At once, as growing would copy the text about. */
	if (buf_reserve(out, size) == NULL)
		return buf_err(out);
	at = 0;
	for (size_t i = 0; i < n; i++) {
		buf_add(out, span_sub(body, at, edits[i].raw_start));
		buf_add(out, edits[i].with);
		at = edits[i].raw_end;
	}
	buf_add(out, span_sub(body, at, body.n));
	return buf_err(out);
}
