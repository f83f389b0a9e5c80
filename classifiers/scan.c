#include "classifiers/scan.h"

#include "base/utf8.h"
#include "classifiers/digits.h"
#include "classifiers/reading.h"

#include <stdlib.h>

void hits_add(struct hits *h, struct finding f)
{
	if (h->n == h->cap) {
		size_t cap = h->cap == 0 ? 64 : 2 * h->cap;
		struct finding *v = cap > HITS_MAX ? NULL : realloc(h->v, cap * sizeof *v);
		if (v == NULL) {
			h->err = cap > HITS_MAX ? ERR_LIMIT : ERR_NOMEM;
			return;
		}
		h->v = v;
		h->cap = cap;
	}
	h->v[h->n++] = f;
}

/* Reasons have the index of the finding that is added next. */
static void hits_explain(struct hits *h, const struct reason *why)
{
	if (h->n >= h->cap_why) {
		size_t cap = h->cap > h->n ? h->cap : h->n + 64;
		struct reason *v = realloc(h->why, cap * sizeof *v);
		if (v == NULL) {
			h->err = ERR_NOMEM;
			return;
		}
		memset(v + h->cap_why, 0, (cap - h->cap_why) * sizeof *v);
		h->why = v;
		h->cap_why = cap;
	}
	h->why[h->n] = *why;
}

void hits_fini(struct hits *h)
{
	free(h->v);
	free(h->why);
	*h = (struct hits){0};
}

void scan_init(struct scan *s, const struct scan_tables *tables, struct hits *hits)
{
	memset(s, 0, offsetof(struct scan, starts));
	s->tables = tables;
	s->hits = hits;
	s->min_score = 50;
	s->near_start = s->near_end = SIZE_MAX;
}

void scan_mask(struct scan *s, size_t end)
{
	if (end > s->masked)
		s->masked = end;
}

enum { CERTAIN = 85 };

/* The score, whether it was enough or not. */
static unsigned keep(struct scan *s, enum detector_id id, size_t start, size_t end, bool layout, unsigned penalty)
{
	const struct detector *d = detector_info(id);
	struct reason why;
	unsigned v = score_candidate(s, id, start, end, layout, penalty, s->hits->explain ? &why : NULL);
	if (v < (s->least != NULL ? s->least[d->type] : s->min_score))
		return v;
	if (s->hits->explain)
		hits_explain(s->hits, &why);
	hits_add(s->hits, (struct finding){.start = (uint32_t)start,
					   .end = (uint32_t)end,
					   .type = (uint16_t)d->type,
					   .detector = (uint16_t)id,
					   .score = (uint8_t)v,
					   .view = s->view});
	return v;
}

/* Does a character beyond ASCII next to the number belong to it: another script's digit, something invisible? */
static bool goes_on(const struct scan *s, size_t start, size_t end)
{
	const uint8_t *p = s->text.p;
	uint32_t cp;
	if (start > 0 && p[start - 1] >= 0x80) {
		size_t at = start - 1;
		while (at > 0 && start - at < 4 && (p[at] & 0xc0) == 0x80)
			at--;
		if (utf8_decode(span_sub(s->text, at, start), &cp) == start - at && folds(cp))
			return true;
	}
	return end < s->text.n && p[end] >= 0x80 && utf8_decode(span_sub(s->text, end, s->text.n), &cp) > 0 &&
	       folds(cp);
}

void scan_offer(struct scan *s, enum detector_id id, size_t start, size_t end)
{
	const struct detector *d = detector_info(id);
	if (start >= end)
		return;
	s->steps += end - start;
	bool digits = ascii_digit(s->text.p[start]) || ascii_digit(s->text.p[end - 1]);
	if (digits && goes_on(s, start, end))
		return;
	if (!d->check((const char *)s->text.p + start, end - start))
		return;
	(void)keep(s, id, start, end, (d->flags & FLAG_LAYOUT) != 0, scan_reserved(s, id, start, end));
}

/* Is what starts there a number of its own, not a piece of a longer one, of a version, a time, an address? */
static bool alone_before(const struct scan *s, size_t start)
{
	const uint8_t *p = s->text.p;
	if (start == 0)
		return true;
	uint8_t b = p[start - 1];
	if (ascii_alnum(b) || b == '@' || b == '$' || (b == '_' && !ascii_digit(p[start])))
		return false;
	bool digit_before = start > 1 && ascii_digit(p[start - 2]);
	return !digit_before || (b != '.' && b != '-' && b != '/' && b != ':' && b != '+');
}

/* And what ends there, not of a file name either? */
static bool alone_behind(const struct scan *s, size_t end)
{
	const uint8_t *p = s->text.p;
	size_t n = s->text.n;
	if (end >= n)
		return true;
	uint8_t b = p[end];
	if (ascii_alnum(b) || b == '@' || b == '%' || b == '_')
		return false;
	bool digit_behind = end + 1 < n && ascii_digit(p[end + 1]);
	bool word_behind = end + 1 < n && ascii_alnum(p[end + 1]);
	return !(digit_behind && (b == '.' || b == '/' || b == ':' || b == '+')) && !(word_behind && b == '-');
}

/* Unix times in seconds and milliseconds from 2001 to 2038. */
static bool looks_like_time(const struct layout_match *m)
{
	if (m->separators > 0 || (m->n != 10 && m->n != 13))
		return false;
	return digits_all(m->compact, m->n) && m->compact[0] == '1' && m->compact[1] <= '9';
}

static void try_layout(struct scan *s, const struct layout *layout, size_t at)
{
	struct layout_match m;
	enum detector_id id = (enum detector_id)layout->detector;
	bool loose = s->disguise != DISGUISE_NONE;
	if (!layout_match(&s->tables->layouts, layout, span_sub(s->text, at, s->text.n), loose, &m))
		return;
	s->steps += m.length;
	size_t end = at + m.length;
	if (!alone_behind(s, end) || goes_on(s, at, end))
		return;
	const struct detector *d = detector_info(id);
	if (!d->check(m.compact, m.n))
		return;
	bool layout_evidence = (d->flags & FLAG_LAYOUT) != 0 && m.separators > 0;
	unsigned penalty = 0;
	if (looks_like_time(&m) && d->strength < STRENGTH_GOOD) {
		penalty = scan_near(s, id, at, end) > 0 ? 0 : 30;
	}
	/* What is inside a number found for certain is not looked at again. */
	if (keep(s, id, at, end, layout_evidence, penalty) >= CERTAIN)
		scan_mask(s, end);
}

static void try_layouts(struct scan *s, const struct layout_file *file, const struct layout_word *w, size_t at)
{
	const struct layouts *l = &s->tables->layouts;
	for (unsigned i = 0; i < file->n; i++) {
		const struct layout_row *r = &l->rows[file->first + i];
		if (layout_may(r, w))
			try_layout(s, &l->v[r->layout], at);
	}
}

void lex_shapes(struct scan *s, size_t at, size_t word_end)
{
	size_t len = word_end - at;
	if (len > LAYOUT_WORD_MAX || !alone_before(s, at))
		return;
	struct layout_word w = layout_word_at(s->text, at, len, alone_behind(s, word_end));
	int kind = ascii_digit(s->text.p[at]) ? 0 : 1;
	/* Words without digits are layouts only in capitals. */
	if (w.digits == 0)
		for (size_t i = at; i < word_end; i++)
			if (s->text.p[i] >= 'a')
				return;
	try_layouts(s, &s->tables->layouts.files[len][kind], &w, at);
	/* Where separators were taken away, also layouts that want them. */
	if (s->disguise != DISGUISE_NONE)
		try_layouts(s, &s->tables->layouts.loose[len][kind], &w, at);
}
