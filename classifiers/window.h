/* Building a reading from the neighbourhoods of what changed, so that untouched text is not lexed twice: before each
 * change the bytes that may hold its context, behind the last one likewise. Neighbourhoods are parted by blank lines.
 */
#ifndef CLASSIFIERS_WINDOW_H
#define CLASSIFIERS_WINDOW_H

#include "classifiers/reading.h"

struct window {
	const struct source *src;
	struct reading *out;
	size_t copied; /* bytes of src that are in the reading or left out for good */
	bool open;     /* something was changed since the last cut */
};

static inline struct window window_of(const struct source *src, struct reading *out)
{
	return (struct window){.src = src, .out = out};
}
/* A change is about to be written for [at, end) of src: copies what belongs in front of it. */
void window_change(struct window *w, size_t at, size_t end);
/* No more changes. */
void window_end(struct window *w);

#endif
