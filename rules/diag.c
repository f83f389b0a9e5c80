#include "rules/diag.h"

#include <stdarg.h>
#include <stdio.h>

#include "base/utf8.h"

static bool continuation(uint8_t byte)
{
	return (byte & 0xc0) == 0x80;
}

static void locate(struct rules_diag *diag, struct span text, const uint8_t *at)
{
	diag->line = 1;
	diag->column = 1;
	for (const uint8_t *p = text.p; p < at; p++) {
		if (*p == '\n') {
			diag->line++;
			diag->column = 1;
		} else if (!continuation(*p)) {
			diag->column++;
		}
	}
}

/* vsnprintf may have cut a code point in two. */
static void trim_torn(char text[256])
{
	size_t n = strlen(text);
	while (n > 0 && !utf8_valid(span_of(text, n)))
		text[--n] = '\0';
}

void diag_at(struct rules_diag *diag, const struct rules_source *source, const uint8_t *at, const char *fmt, ...)
{
	diag->file = source->name;
	locate(diag, source->text, at);
	va_list ap;
	va_start(ap, fmt);
	vsnprintf(diag->text, sizeof diag->text, fmt, ap);
	va_end(ap);
	trim_torn(diag->text);
}

void diag_plain(struct rules_diag *diag, const char *text)
{
	diag->file = SPAN_NULL;
	diag->line = 0;
	diag->column = 0;
	snprintf(diag->text, sizeof diag->text, "%s", text);
}

enum { SUGGEST_MAX = 48 };

static size_t least(size_t a, size_t b)
{
	return a < b ? a : b;
}

/* Optimal string alignment; both at most SUGGEST_MAX bytes. */
static size_t distance(struct span a, struct span b)
{
	size_t row[3][SUGGEST_MAX + 1];
	for (size_t j = 0; j <= b.n; j++)
		row[0][j] = j;
	for (size_t i = 1; i <= a.n; i++) {
		size_t *now = row[i % 3], *before = row[(i + 2) % 3], *earlier = row[(i + 1) % 3];
		now[0] = i;
		for (size_t j = 1; j <= b.n; j++) {
			size_t cost = a.p[i - 1] != b.p[j - 1];
			now[j] = least(least(before[j] + 1, now[j - 1] + 1), before[j - 1] + cost);
			if (i > 1 && j > 1 && a.p[i - 1] == b.p[j - 2] && a.p[i - 2] == b.p[j - 1])
				now[j] = least(now[j], earlier[j - 2] + 1);
		}
	}
	return row[a.n % 3][b.n];
}

struct suggest suggest_for(struct span word)
{
	size_t reach = word.n / 3 > 0 ? word.n / 3 : 1;
	return (struct suggest){.word = word, .distance = reach + 1};
}

void suggest_offer(struct suggest *s, struct span candidate)
{
	if (s->word.n > SUGGEST_MAX || candidate.n > SUGGEST_MAX)
		return;
	size_t d = distance(s->word, candidate);
	if (d < s->distance) {
		s->distance = d;
		s->best = candidate;
	}
}

struct suggest_text suggest_text(const struct suggest *s)
{
	struct suggest_text out = {{0}};
	if (s->best.p != NULL)
		snprintf(out.text, sizeof out.text, "; did you mean \"%.*s\"?", SPAN_ARG(s->best));
	return out;
}
