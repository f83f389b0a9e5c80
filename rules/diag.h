/* Messages for rule authors: where, what, and the nearest name they may have meant. */
#ifndef RULES_DIAG_H
#define RULES_DIAG_H

#include "rules/rules.h"

/* Fills the diagnosis; at points into source->text (or to its end). Line and column are counted here. */
__attribute__((format(printf, 4, 5))) void diag_at(struct rules_diag *diag, const struct rules_source *source,
						   const uint8_t *at, const char *fmt, ...);
/* Without a position. */
void diag_plain(struct rules_diag *diag, const char *text);

/* Looks for the name nearest to a misspelt one: by Damerau-Levenshtein distance, at most a third of its length. */
struct suggest {
	struct span word;
	struct span best;
	size_t distance;
};
struct suggest suggest_for(struct span word) MUST;
void suggest_offer(struct suggest *s, struct span candidate);
/* "; did you mean "x"?" or "": for the end of a message. */
struct suggest_text {
	char text[96];
};
struct suggest_text suggest_text(const struct suggest *s) MUST;

#endif
