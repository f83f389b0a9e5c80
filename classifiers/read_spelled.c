#include "classifiers/reading.h"

#include "classifiers/scan.h"
#include "classifiers/window.h"

enum { SPELLED_MIN = 5, GAP_MAX = 3, WORD_MAX = 16, RUN_MAX = 512, NONE = -1 };
/* Values of words: a digit, how often the next digit stands, or (from SIGN on) the character itself. */
enum { DOUBLE = 20, TRIPLE = 30, SIGN = 32 };

static const struct {
	const char *word;
	int value;
} digit_words[] = {
	{"zero", 0},        {"oh", 0},       {"one", 1},        {"two", 2},         {"three", 3},
	{"four", 4},        {"five", 5},     {"six", 6},        {"seven", 7},       {"eight", 8},
	{"nine", 9},        {"null", 0},     {"eins", 1},       {"ein", 1},         {"zwei", 2},
	{"zwo", 2},         {"drei", 3},     {"vier", 4},       {"fünf", 5},        {"fuenf", 5},
	{"sechs", 6},       {"sieben", 7},   {"acht", 8},       {"neun", 9},        {"zéro", 0},
	{"un", 1},          {"deux", 2},     {"trois", 3},      {"quatre", 4},      {"cinq", 5},
	{"sept", 7},        {"huit", 8},     {"neuf", 9},       {"cero", 0},        {"uno", 1},
	{"dos", 2},         {"tres", 3},     {"cuatro", 4},     {"cinco", 5},       {"seis", 6},
	{"siete", 7},       {"ocho", 8},     {"nueve", 9},      {"due", 2},         {"tre", 3},
	{"quattro", 4},     {"cinque", 5},   {"sei", 6},        {"sette", 7},       {"otto", 8},
	{"nove", 9},        {"nul", 0},      {"een", 1},        {"één", 1},         {"twee", 2},
	{"drie", 3},        {"vijf", 5},     {"zes", 6},        {"zeven", 7},       {"negen", 9},
	{"jeden", 1},       {"dwa", 2},      {"trzy", 3},       {"cztery", 4},      {"pięć", 5},
	{"piec", 5},        {"sześć", 6},    {"szesc", 6},      {"siedem", 7},      {"osiem", 8},
	{"dziewięć", 9},    {"dziewiec", 9}, {"um", 1},         {"dois", 2},        {"três", 3},
	{"quatro", 4},      {"sete", 7},     {"oito", 8},       {"double", DOUBLE}, {"triple", TRIPLE},
	{"doppel", DOUBLE}, {"dash", '-'},   {"hyphen", '-'},   {"minus", '-'},     {"strich", '-'},
	{"tiret", '-'},     {"guion", '-'},  {"trattino", '-'}, {"streepje", '-'},  {"slash", '/'},
	{"plus", '+'},
};

static bool word_byte(uint8_t b)
{
	return (b | 32) >= 'a' ? (b | 32) <= 'z' || b >= 0x80 : false;
}

static int value_of(const uint8_t *p, size_t n)
{
	char low[WORD_MAX];
	if (n == 1 && ascii_digit(p[0]))
		return p[0] - '0';
	if (n == 1 && p[0] >= 'A' && p[0] <= 'Z' && p[0] != 'I') /* a letter of the number, not the pronoun */
		return p[0];
	if (n < 2 || n > WORD_MAX)
		return NONE;
	for (size_t i = 0; i < n; i++)
		/* Latin-1 capitals as UTF-8 writes them differ in the same bit. */
		low[i] = (char)(p[i] < 0x80 || (i > 0 && p[i - 1] == 0xc3 && p[i] < 0xa0) ? p[i] | 32 : p[i]);
	for (size_t i = 0; i < sizeof digit_words / sizeof *digit_words; i++)
		if (strlen(digit_words[i].word) == n && memcmp(digit_words[i].word, low, n) == 0)
			return digit_words[i].value;
	return NONE;
}

static size_t word_end(struct span t, size_t at)
{
	size_t end = at;
	while (end < t.n && end - at <= WORD_MAX && (word_byte(t.p[end]) || ascii_digit(t.p[end])))
		end++;
	return end;
}

static size_t gap(struct span t, size_t at)
{
	size_t n = 0;
	while (at + n < t.n && n < GAP_MAX &&
	       (t.p[at + n] == ' ' || t.p[at + n] == ',' || t.p[at + n] == '-' || t.p[at + n] == '\n' ||
		t.p[at + n] == '.' || t.p[at + n] == '\r'))
		n++;
	return n;
}

/* How far a run of digit words goes from at, and how many digits it makes. */
static size_t run_end(struct span t, size_t at, size_t *digits, size_t *words)
{
	size_t end = at;
	int times = 1;
	*digits = *words = 0;
	for (size_t i = at; i < t.n && *digits < RUN_MAX;) {
		size_t to = word_end(t, i);
		int v = to > i ? value_of(t.p + i, to - i) : NONE;
		if (v == NONE)
			break;
		if (v < 10) {
			*digits += (size_t)times;
			*words += to - i > 1;
		}
		if (v < 10 || v >= 'A')
			end = to;
		times = v == DOUBLE ? 2 : v == TRIPLE ? 3 : 1;
		size_t n = gap(t, to);
		if (n == 0)
			break;
		i = to + n;
	}
	return end;
}

static void spell(struct window *w, size_t at, size_t end)
{
	struct span t = w->src->text;
	window_change(w, at, end);
	size_t from = at;
	for (size_t i = at; i < end;) {
		size_t to = word_end(t, i);
		int v = to > i ? value_of(t.p + i, to - i) : NONE;
		if (v == DOUBLE || v == TRIPLE) {
			from = i;
			i = to + gap(t, to);
			to = word_end(t, i);
			int digit = to > i ? value_of(t.p + i, to - i) : NONE;
			for (int k = 0; k < v / 10 && digit >= 0 && digit < 10; k++)
				reading_add(w->out, (uint8_t)('0' + digit), source_origin(w->src, from, to),
					    CHANGE_SPELLED);
		} else if (v >= 0) {
			reading_add(w->out, (uint8_t)(v >= SIGN ? v : '0' + v), source_origin(w->src, i, to),
				    CHANGE_SPELLED);
		}
		i = to + gap(t, to);
		i += to == i;
	}
}

void read_spelled(const struct source *src, struct reading *r)
{
	struct window w = window_of(src, r);
	struct span t = src->text;
	for (size_t i = 0; i < t.n;) {
		if (!word_byte(t.p[i]) && !ascii_digit(t.p[i])) {
			i++;
			continue;
		}
		size_t digits, words, end = run_end(t, i, &digits, &words);
		if (digits >= SPELLED_MIN && words >= 3) {
			spell(&w, i, end);
			i = end;
		} else if (end > i) {
			i = end; /* no suffix of a short run is a longer one */
		}
		while (i < t.n && (word_byte(t.p[i]) || ascii_digit(t.p[i])))
			i++;
	}
	window_end(&w);
}
