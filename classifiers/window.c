#include "classifiers/window.h"

#include "classifiers/context.h"
#include "classifiers/scan.h"

static void copy(struct window *w, size_t from, size_t to)
{
	const struct source *src = w->src;
	if (from < to)
		reading_copy(w->out, span_sub(src->text, from, to), src->from == NULL ? NULL : src->from + from,
			     src->base + from);
}

/* Keys and encoded runs are taken whole: a piece of them would be something else. */
enum { TOKEN_MAX = 4096 };

static bool space(uint8_t b)
{
	return b <= ' ';
}

/* What follows the last change, up to a space behind the reach of context. */
static void copy_behind(struct window *w, size_t limit)
{
	size_t to = limit - w->copied > CONTEXT_AFTER ? w->copied + CONTEXT_AFTER : limit;
	size_t most = limit - w->copied > TOKEN_MAX ? w->copied + TOKEN_MAX : limit;
	while (to < most && !space(w->src->text.p[to]))
		to++;
	copy(w, w->copied, to);
	w->copied = to;
}

/* Where the copy in front of a change begins: at a space beyond the reach of context. */
static size_t begin_before(const struct window *w, size_t at)
{
	size_t from = at - w->copied > CONTEXT_BEFORE ? at - CONTEXT_BEFORE : w->copied;
	size_t least = at - w->copied > TOKEN_MAX ? at - TOKEN_MAX : w->copied;
	while (from > least && !space(w->src->text.p[from - 1]))
		from--;
	return from;
}

void window_change(struct window *w, size_t at, size_t end)
{
	size_t from = begin_before(w, at);
	if (w->open && from > w->copied) {
		copy_behind(w, from);
		/* What was just copied need not be parted from what follows. */
		w->open = w->copied == from;
	}
	if (w->out->n > 0 && !w->open) {
		struct origin o = source_origin(w->src, at, at + 1);
		reading_add(w->out, '\n', o, CHANGE_NONE);
		reading_add(w->out, '\n', o, CHANGE_NONE);
	}
	copy(w, from, at);
	w->copied = end;
	w->open = true;
}

void window_end(struct window *w)
{
	if (w->open)
		copy_behind(w, w->src->text.n);
	w->open = false;
}
