/* Strings of a program put together again: "123-" + "45-" + "6789", also by standing next to each other. */
#include "classifiers/reading.h"

#include "classifiers/scan.h"
#include "classifiers/window.h"

enum { JOINT_MAX = 48 };

static bool quote(uint8_t b)
{
	return b == '"' || b == '\'' || b == '`';
}

/* Length of the joint at a closing quote: quote, blanks, at most one operator, quote. 0 if it is none. Commas join only
 * where the text says so. */
static size_t joint(struct span t, size_t at, bool commas)
{
	bool seen = false;
	if (at == 0 || quote(t.p[at - 1]))
		return 0;
	for (size_t i = at + 1; i < t.n && i - at < JOINT_MAX; i++) {
		uint8_t b = t.p[i];
		if (quote(b))
			return i > at + 1 && b == t.p[at] && i + 1 < t.n && !quote(t.p[i + 1]) ? i + 1 - at : 0;
		bool sign = b == '+' || b == '.' || b == '&' || (commas && b == ',');
		if (b != ' ' && b != '\t' && b != '\n' && b != '\r' && (!sign || seen))
			return 0;
		seen = seen || sign;
	}
	return 0;
}

void read_literals(const struct source *src, struct reading *r)
{
	struct window w = window_of(src, r);
	struct span t = src->text;
	bool commas = src->joins_lists;
	for (size_t i = 0; i < t.n;) {
		size_t n = quote(t.p[i]) ? joint(t, i, commas) : 0;
		if (n == 0) {
			i++;
			continue;
		}
		window_change(&w, i, i + n);
		if (r->n > 0 && r->change[r->n - 1] < CHANGE_JOINED)
			r->change[r->n - 1] = CHANGE_JOINED;
		i += n;
	}
	window_end(&w);
}
