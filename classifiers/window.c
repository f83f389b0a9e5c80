#include "classifiers/window.h"

#include "classifiers/context.h"
#include "classifiers/scan.h"

static void copy(struct window *w, size_t from, size_t to)
{
	for (size_t i = from; i < to; i++)
		reading_add(w->out, w->src->text.p[i], source_origin(w->src, i, i + 1), CHANGE_NONE);
}

static bool inside_word(const struct window *w, size_t at)
{
	struct span t = w->src->text;
	return at > 0 && at < t.n && (ascii_alnum(t.p[at]) || t.p[at] >= 0x80) && (ascii_alnum(t.p[at - 1]) || t.p[at - 1] >= 0x80);
}

/* What follows the last change, not beyond a word that does not fit. */
static void copy_behind(struct window *w, size_t limit)
{
	size_t to = limit - w->copied > CONTEXT_AFTER ? w->copied + CONTEXT_AFTER : limit;
	size_t whole = to;
	while (whole > w->copied && inside_word(w, whole))
		whole--;
	/* A word longer than the window is taken up to its end: a piece of it would be another word. */
	while (whole == w->copied && to < limit && inside_word(w, to))
		to++;
	to = whole == w->copied ? to : whole;
	copy(w, w->copied, to);
	w->copied = to;
}

void window_change(struct window *w, size_t at, size_t end)
{
	size_t from = at - w->copied > CONTEXT_BEFORE + CONTEXT_AFTER ? at - CONTEXT_BEFORE : w->copied;
	if (from > w->copied) {
		if (w->open)
			copy_behind(w, from);
		while (from < at && inside_word(w, from))
			from++;
	}
	if (w->out->n > 0 && (!w->open || from > w->copied)) {
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
