#include "classifiers/vendor_keys.h"

#include "base/assert.h"

#include <stdlib.h>

static const struct {
	const char *picture;
	uint16_t detector;
} rows[] = {
#define KEY(name, strength, picture, context, doc) {picture, D_KEY_##name},
#include "classifiers/vendor_keys.def"
#undef KEY
};
enum { ROWS = sizeof rows / sizeof *rows };

enum { LOWER_HEX = 1, UPPER_HEX = 2, DIGITS = 4, UPPER = 8, LOWER = 16, URL = 32, PLUS = 64, PAD = 128 };

static unsigned kind_of(uint8_t b)
{
	if (b >= '0' && b <= '9')
		return DIGITS;
	if (b >= 'a' && b <= 'z')
		return b <= 'f' ? LOWER_HEX | LOWER : LOWER;
	if (b >= 'A' && b <= 'Z')
		return b <= 'F' ? UPPER_HEX | UPPER : UPPER;
	return b == '-' || b == '_' ? URL : b == '+' || b == '/' ? PLUS : b == '=' ? PAD : 0;
}

/* Kinds that a run may have, by its letter in the picture. */
static unsigned run_kinds(char letter)
{
	const unsigned word = DIGITS | UPPER | LOWER;
	switch (letter) {
	case 'h':
		return DIGITS | LOWER_HEX;
	case 'H':
		return DIGITS | LOWER_HEX | UPPER_HEX;
	case 'd':
		return DIGITS;
	case 'u':
		return DIGITS | UPPER;
	case 'l':
		return DIGITS | LOWER;
	case 'w':
		return word;
	case '-':
		return word | URL;
	case '~':
		return word | URL | PAD;
	case 'b':
		return word | PLUS;
	default:
		INVARIANT(letter == '=');
		return word | PLUS | PAD;
	}
}

struct run {
	unsigned kinds;
	size_t min, max;
};

/* "{h32}" "{w16-20}"; returns what stands behind it. */
static const char *parse_run(const char *p, struct run *r)
{
	char *end;
	r->kinds = run_kinds(p[1]);
	r->min = r->max = strtoul(p + 2, &end, 10);
	if (*end == '-')
		r->max = strtoul(end + 1, &end, 10);
	INVARIANT(*end == '}' && r->min > 0 && r->min <= r->max);
	return end + 1;
}

/* Bytes of text that the picture takes, 0: none. */
static size_t match(const char *picture, struct span text)
{
	size_t at = 0;
	unsigned last = 0;
	for (const char *p = picture; *p != '\0';) {
		if (*p != '{') {
			if (at >= text.n || text.p[at] != (uint8_t)*p)
				return 0;
			last = kind_of(text.p[at]);
			at++;
			p++;
			continue;
		}
		struct run r;
		size_t n = 0;
		p = parse_run(p, &r);
		while (n < r.max && at + n < text.n && (kind_of(text.p[at + n]) & r.kinds) != 0)
			n++;
		if (n < r.min)
			return 0;
		last = r.kinds;
		at += n;
	}
	/* A key that goes on is another. */
	unsigned next = at < text.n ? kind_of(text.p[at]) : 0;
	return (next & (DIGITS | UPPER | LOWER)) != 0 || (next & last & URL) != 0 ? 0 : at;
}

void vendor_keys_init(struct vendor_keys *v)
{
	memset(v, 0, sizeof *v);
	for (size_t i = 0; i < ROWS; i++) {
		struct run r = {.kinds = 0};
		if (rows[i].picture[0] == '{')
			(void)parse_run(rows[i].picture, &r);
		for (unsigned b = 0; b < 128; b++) {
			if (r.kinds == 0 ? (char)b != rows[i].picture[0] : (kind_of((uint8_t)b) & r.kinds) == 0)
				continue;
			INVARIANT(v->n[b] < VENDOR_FILE_MAX);
			v->file[b][v->n[b]++] = (uint8_t)i;
		}
	}
}

size_t vendor_keys_match(const struct vendor_keys *v, struct span text, enum detector_id *id)
{
	size_t best = 0;
	if (text.n == 0 || text.p[0] >= 128)
		return 0;
	for (unsigned i = 0; i < v->n[text.p[0]]; i++) {
		size_t row = v->file[text.p[0]][i], n = match(rows[row].picture, text);
		if (n > best) {
			best = n;
			*id = (enum detector_id)rows[row].detector;
		}
	}
	return best;
}

size_t vendor_keys_head(size_t row, char *head, size_t n)
{
	size_t k = 0;
	for (const char *p = rows[row].picture; k < n && (kind_of((uint8_t)*p) & (DIGITS | UPPER | LOWER)) != 0; p++)
		head[k++] = *p;
	return k;
}

size_t vendor_keys_count(void)
{
	return ROWS;
}
