/* Tables in a text: the head of a column is context for all of its rows. Columns are parted by tabs, '|', ';' or
 * commas, or are cells of HTML; a table is a run of lines with the same number of them. */
#ifndef CLASSIFIERS_COLUMNS_H
#define CLASSIFIERS_COLUMNS_H

#include "classifiers/context.h"

struct scan;

/* The table last looked at; a zeroed struct is valid. Candidates come in the order of the text, so that each line is
 * looked at once. */
struct columns {
	size_t start, end; /* lines known to belong to one table, head included; end == 0: none */
	size_t looked;     /* before this offset no table begins that was not seen */
	char mark;         /* between columns; '<': cells of HTML */
	unsigned count;    /* marks in a line */
	/* The line of the last candidate: is it a row below a head? Marks up to counted. */
	bool looked_at, row;
	size_t line, line_end, counted;
	unsigned column;
	/* What the head of the last one's column says. */
	bool head_known;
	size_t head;
	unsigned head_column;
	struct context_near near;
};

/* Does the head of the column that at stands in name the detector? */
bool columns_name(struct scan *s, enum detector_id id, size_t at) MUST;

#endif
