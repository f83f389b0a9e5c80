#include "classifiers/layout.h"

#include "base/assert.h"

/* Codes: 0-9 digits, 10-35 letters of either case, then the separators. */
enum { CODE_SEPARATOR = 36, CODE_NONE = 62, SECOND_MAX = 48 };
#define OPTIONAL LAYOUT_OPTIONAL
#define DIGITS   ((uint64_t)0x3ff)
#define LETTERS  ((uint64_t)0x3ffffff << 10)
#define ALNUM    (DIGITS | LETTERS)
/* Code plus one; 0: none. */
static const uint8_t codes[256] = {
	['0'] = 1,  ['1'] = 2,  ['2'] = 3,  ['3'] = 4,  ['4'] = 5,  ['5'] = 6,  ['6'] = 7,  ['7'] = 8,  ['8'] = 9,
	['9'] = 10, ['A'] = 11, ['B'] = 12, ['C'] = 13, ['D'] = 14, ['E'] = 15, ['F'] = 16, ['G'] = 17, ['H'] = 18,
	['I'] = 19, ['J'] = 20, ['K'] = 21, ['L'] = 22, ['M'] = 23, ['N'] = 24, ['O'] = 25, ['P'] = 26, ['Q'] = 27,
	['R'] = 28, ['S'] = 29, ['T'] = 30, ['U'] = 31, ['V'] = 32, ['W'] = 33, ['X'] = 34, ['Y'] = 35, ['Z'] = 36,
	['a'] = 11, ['b'] = 12, ['c'] = 13, ['d'] = 14, ['e'] = 15, ['f'] = 16, ['g'] = 17, ['h'] = 18, ['i'] = 19,
	['j'] = 20, ['k'] = 21, ['l'] = 22, ['m'] = 23, ['n'] = 24, ['o'] = 25, ['p'] = 26, ['q'] = 27, ['r'] = 28,
	['s'] = 29, ['t'] = 30, ['u'] = 31, ['v'] = 32, ['w'] = 33, ['x'] = 34, ['y'] = 35, ['z'] = 36, [' '] = 37,
	['-'] = 38, ['.'] = 39, ['/'] = 40, ['('] = 41, [')'] = 42, ['+'] = 43, [':'] = 44,
};

static unsigned code_of(uint8_t b)
{
	return codes[b] == 0 ? CODE_NONE : codes[b] - 1u;
}

static uint64_t bit(char c)
{
	unsigned code = code_of((uint8_t)c);
	INVARIANT(code != CODE_NONE);
	return (uint64_t)1 << code;
}

/* "[A-F0-9]": the set; *p moves behind the bracket. */
static uint64_t parse_set(const char **p)
{
	uint64_t set = 0;
	const char *q = *p + 1;
	for (; *q != ']'; q++) {
		INVARIANT(*q != '\0');
		if (q[1] == '-' && q[2] != ']') {
			for (char c = *q; c <= q[2]; c++)
				set |= bit(c);
			q += 2;
		} else {
			set |= bit(*q);
		}
	}
	*p = q + 1;
	return set;
}

static uint64_t parse_element(const char **p)
{
	uint64_t set;
	switch (**p) {
	case '[':
		set = parse_set(p);
		break;
	case '#':
		set = DIGITS;
		(*p)++;
		break;
	case '@':
		set = LETTERS;
		(*p)++;
		break;
	case '*':
		set = ALNUM;
		(*p)++;
		break;
	case '~':
		set = bit(' ') | bit('-') | OPTIONAL;
		(*p)++;
		break;
	default:
		set = bit(**p);
		(*p)++;
	}
	if (**p == '?') {
		(*p)++;
		set |= OPTIONAL;
	}
	return set;
}

/* Lengths the first word may have, a bit each; the last mandatory separator it meets ends it. */
static uint64_t first_words(const uint64_t *e, size_t n)
{
	uint64_t lengths = 0;
	unsigned word = 0;
	for (size_t i = 0; i <= n; i++) {
		if (i < n && (e[i] & ALNUM) != 0) {
			word++;
			continue;
		}
		lengths |= (uint64_t)1 << word;
		if (i < n && (e[i] & OPTIONAL) == 0)
			break;
	}
	return lengths;
}

static struct layout_row row_of(const struct layouts *l, size_t index, unsigned len)
{
	const struct layout *layout = &l->v[index];
	const uint64_t *e = l->elements + layout->at;
	struct layout_row r = {.layout = (uint16_t)index};
	size_t i = 0;
	for (unsigned at = 0; at < len; i++) {
		if ((e[i] & ALNUM) == 0)
			continue;
		r.digits |= (uint64_t)((e[i] & LETTERS) == 0) << at;
		r.letters |= (uint64_t)((e[i] & DIGITS) == 0) << at;
		at++;
	}
	for (; i < layout->n && (e[i] & ALNUM) == 0; i++) {
		r.next |= e[i] & ~OPTIONAL;
		r.second |= first_words(e + i + 1, layout->n - i - 1);
	}
	if (i == layout->n)
		r.next |= LAYOUT_ENDS;
	return r;
}

/* What a layout is filed under. */
struct filing {
	uint64_t lengths; /* of its first word */
	unsigned bare;    /* length without separators; 0 if none has to stand */
	bool kinds[2];    /* may begin with a digit, with a letter */
};

static struct filing filing_of(const struct layouts *l, const struct layout *layout)
{
	const uint64_t *e = l->elements + layout->at;
	struct filing f = {.lengths = first_words(e, layout->n),
			   .kinds = {(e[0] & DIGITS) != 0, (e[0] & LETTERS) != 0}};
	for (size_t i = 0; i < layout->n; i++)
		if ((e[i] & (ALNUM | OPTIONAL)) == 0)
			f.bare = (unsigned)(layout->n - layout->separators);
	return f;
}

static struct layout_file file(struct layouts *l, const struct filing *filings, unsigned len, int kind, bool loose)
{
	struct layout_file f = {.first = (uint16_t)l->n_rows};
	for (size_t i = 0; i < l->n; i++) {
		bool fits = loose ? filings[i].bare == len : (filings[i].lengths >> len & 1) != 0;
		if (!fits || !filings[i].kinds[kind])
			continue;
		INVARIANT(l->n_rows < LAYOUT_ROWS);
		l->rows[l->n_rows++] = row_of(l, i, len);
		f.n++;
	}
	return f;
}

static void file_all(struct layouts *l)
{
	struct filing filings[LAYOUT_MAX];
	for (size_t i = 0; i < l->n; i++)
		filings[i] = filing_of(l, &l->v[i]);
	for (unsigned len = 1; len <= LAYOUT_WORD_MAX; len++)
		for (int kind = 0; kind < 2; kind++) {
			l->files[len][kind] = file(l, filings, len, kind, false);
			l->loose[len][kind] = file(l, filings, len, kind, true);
		}
}

void layouts_init(struct layouts *l)
{
	*l = (struct layouts){0};
	for (unsigned d = 0; d < DETECTOR_COUNT; d++) {
		const char *p = detector_info((enum detector_id)d)->layout;
		while (*p != '\0') {
			INVARIANT(l->n < LAYOUT_MAX);
			struct layout *layout = &l->v[l->n];
			*layout = (struct layout){.detector = (uint16_t)d, .at = (uint16_t)l->n_elements};
			for (; *p != '\0' && *p != '|'; layout->n++) {
				INVARIANT(l->n_elements < LAYOUT_ELEMENTS);
				uint64_t set = parse_element(&p);
				layout->separators = (uint8_t)(layout->separators + ((set & ALNUM) == 0));
				l->elements[l->n_elements++] = set;
			}
			INVARIANT(layout->n - layout->separators <= CANDIDATE_MAX);
			l->n++;
			p += *p == '|';
		}
	}
	file_all(l);
}

static bool is_alnum(uint8_t b)
{
	return codes[b] != 0 && codes[b] <= CODE_SEPARATOR;
}

struct layout_word layout_word_at(struct span text, size_t at, size_t len, bool alone)
{
	struct layout_word w = {.next = alone ? LAYOUT_ENDS : 0};
	for (size_t i = 0; i < len; i++)
		w.digits |= (uint64_t)(text.p[at + i] <= '9') << i;
	w.letters = ~w.digits & (((uint64_t)1 << len) - 1);
	if (at + len < text.n)
		w.next |= (uint64_t)1 << code_of(text.p[at + len]);
	size_t second = at + len + 1, end = second;
	while (end < text.n && end - second < SECOND_MAX && is_alnum(text.p[end]))
		end++;
	w.second = (uint64_t)1 << (end - second);
	return w;
}

bool layout_match(const struct layouts *l, const struct layout *layout, struct span text, bool loose,
		  struct layout_match *m)
{
	const uint64_t *e = l->elements + layout->at;
	/* Points stand at all their places or at none: "65621.6" is no number with one of its points left out. */
	const uint64_t point = (uint64_t)1 << (CODE_SEPARATOR + 2);
	size_t at = 0, n = 0, seps = 0, points = 0, missing = 0;
	for (size_t i = 0; i < layout->n; i++) {
		unsigned code = at < text.n ? code_of(text.p[at]) : CODE_NONE;
		if (code == CODE_NONE || (e[i] >> code & 1) == 0) {
			if ((e[i] & OPTIONAL) != 0 || (loose && (e[i] & ALNUM) == 0)) {
				missing += (e[i] & point) != 0;
				continue;
			}
			return false;
		}
		at++;
		if (code < CODE_SEPARATOR)
			m->compact[n++] = (char)(code < 10 ? '0' + code : 'A' + code - 10);
		else
			seps++;
		points += ((uint64_t)1 << code & point) != 0;
	}
	if (points > 0 && missing > 0 && !loose)
		return false;
	m->n = n;
	m->length = at;
	m->separators = seps;
	return true;
}
