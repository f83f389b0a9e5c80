#include "classifiers/layout.h"

#include "base/assert.h"

/* Codes: 0-9 digits, 10-35 letters of either case, then the separators. */
enum { CODE_SEPARATOR = 36, CODE_NONE = 63 };
#define OPTIONAL ((uint64_t)1 << 63)
#define DIGITS ((uint64_t)0x3ff)
#define LETTERS ((uint64_t)0x3ffffff << 10)
#define ALNUM (DIGITS | LETTERS)
static const char separators[] = " -./()+:";

static unsigned code_of(uint8_t b)
{
	if (b >= '0' && b <= '9')
		return b - '0';
	uint8_t upper = b & 0xdf;
	if (upper >= 'A' && upper <= 'Z')
		return upper - 'A' + 10u;
	const char *at = b == 0 ? NULL : strchr(separators, b);
	return at == NULL ? CODE_NONE : CODE_SEPARATOR + (unsigned)(at - separators);
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

static void file_layout(struct layouts *l, const struct layout *layout, uint16_t index)
{
	const uint64_t *e = l->elements + layout->at;
	uint64_t lengths = 0;
	unsigned word = 0;
	for (size_t i = 0; i <= layout->n; i++) {
		bool separator = i == layout->n || (e[i] & ALNUM) == 0;
		if (!separator) {
			word++;
			continue;
		}
		lengths |= (uint64_t)1 << word;
		if (i < layout->n && (e[i] & OPTIONAL) == 0)
			break;
	}
	for (unsigned len = 1; len <= LAYOUT_WORD_MAX; len++) {
		if ((lengths >> len & 1) == 0)
			continue;
		for (int kind = 0; kind < 2; kind++) {
			if ((e[0] & (kind == 0 ? DIGITS : LETTERS)) == 0)
				continue;
			uint8_t *n = &l->n_filed[len][kind];
			INVARIANT(*n < sizeof l->filed[0][0] / sizeof l->filed[0][0][0]);
			l->filed[len][kind][(*n)++] = index;
		}
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
			file_layout(l, layout, (uint16_t)l->n++);
			p += *p == '|';
		}
	}
}

bool layout_match(const struct layouts *l, const struct layout *layout, struct span text, struct layout_match *m)
{
	const uint64_t *e = l->elements + layout->at;
	size_t at = 0, n = 0, seps = 0;
	for (size_t i = 0; i < layout->n; i++) {
		unsigned code = at < text.n ? code_of(text.p[at]) : CODE_NONE;
		if (code == CODE_NONE || (e[i] >> code & 1) == 0) {
			if ((e[i] & OPTIONAL) != 0)
				continue;
			return false;
		}
		at++;
		if (code < CODE_SEPARATOR)
			m->compact[n++] = (char)(code < 10 ? '0' + code : 'A' + code - 10);
		else
			seps++;
	}
	m->n = n;
	m->length = at;
	m->separators = seps;
	return true;
}
