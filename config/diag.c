#include "config/diag.h"

#include <stdarg.h>
#include <stdio.h>

enum err config_complain(struct config_diag *diag, unsigned line, unsigned column, const char *fmt, ...)
{
	if (diag->text[0] != '\0')
		return ERR_CONFIG;
	va_list ap;
	va_start(ap, fmt);
	vsnprintf(diag->text, sizeof diag->text, fmt, ap);
	va_end(ap);
	diag->line = line;
	diag->column = column;
	return ERR_CONFIG;
}

enum { NEAR_MAX = 48 };

void near_init(struct near *n, struct span word)
{
	*n = (struct near){.word = word, .distance = word.n < 4 ? 2 : 3}; /* exclusive */
}

/* Letter case and the kind of separator do not make a difference. */
static uint8_t fold(uint8_t c)
{
	if (c >= 'A' && c <= 'Z')
		return (uint8_t)(c + 32);
	return c == '-' || c == ' ' ? '_' : c;
}

static unsigned least(unsigned a, unsigned b, unsigned c)
{
	unsigned m = a < b ? a : b;
	return m < c ? m : c;
}

/* Levenshtein's distance, one row at a time. */
static unsigned distance(struct span a, struct span b)
{
	unsigned row[NEAR_MAX + 1];
	for (unsigned j = 0; j <= b.n; j++)
		row[j] = j;
	for (unsigned i = 1; i <= a.n; i++) {
		unsigned diagonal = row[0];
		row[0] = i;
		for (unsigned j = 1; j <= b.n; j++) {
			unsigned same = diagonal + (fold(a.p[i - 1]) != fold(b.p[j - 1]));
			diagonal = row[j];
			row[j] = least(row[j] + 1, row[j - 1] + 1, same);
		}
	}
	return row[b.n];
}

void near_try(struct near *n, struct span candidate)
{
	if (n->word.n == 0 || n->word.n > NEAR_MAX || candidate.n > NEAR_MAX)
		return;
	unsigned d = distance(n->word, candidate);
	if (candidate.n >= 3 && span_starts(n->word, candidate) && d > 1)
		d = 1; /* "warning" for "warn" */
	if (d < n->distance) {
		n->distance = d;
		n->best = candidate;
	}
}

const char *near_text(const struct near *n, char *out, size_t size)
{
	if (n->best.p == NULL)
		return "";
	snprintf(out, size, "; did you mean \"%.*s\"?", SPAN_ARG(n->best));
	return out;
}
