#include "local_model/gate.h"

static bool ends_sentence(const struct token *t)
{
	return t->first == '.' || t->first == '!' || t->first == '?' || t->first == ':';
}

/* A capital says nothing where every word has one. */
static bool at_start(const struct token *tokens, size_t i)
{
	return tokens[i].gap >= GAP_LINE || i == 0 || ends_sentence(&tokens[i - 1]);
}

static bool plain(const struct token *tokens, const struct feature *features, size_t i)
{
	const struct feature *f = &features[i];
	if (tokens[i].kind == KIND_PUNCT)
		return true;
	uint16_t looks = f->looks & (LOOK_TITLE | LOOK_UPPER | LOOK_MIXED | LOOK_DIGIT);
	return (f->flags & LIST_PLAIN) != 0 && (looks == 0 || (looks == LOOK_TITLE && at_start(tokens, i)));
}

void gate_blocks(const struct token *tokens, const struct feature *features, size_t n, bool *open)
{
	for (size_t from = 0; from < n; from += GATE_BLOCK) {
		size_t to = from + GATE_BLOCK < n ? from + GATE_BLOCK : n, i = from;
		while (i < to && plain(tokens, features, i))
			i++;
		open[from / GATE_BLOCK] = i < to;
	}
}
