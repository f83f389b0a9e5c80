#include "classifiers/pipeline.h"

void pipeline_fini(struct pipeline *p)
{
	reading_fini(&p->folded);
	reading_fini(&p->other);
	for (size_t i = 0; i < DECODE_DEPTH; i++)
		reading_fini(&p->decoded[i]);
}

static enum view view_of(const struct reading *r, size_t start, size_t end, enum view otherwise)
{
	static const uint8_t views[] = {
		[CHANGE_NONE] = VIEW_RAW,        [CHANGE_SPACING] = VIEW_RAW,     [CHANGE_REMOVED] = VIEW_CLEAN,
		[CHANGE_FOLDED] = VIEW_FOLDED,   [CHANGE_JOINED] = VIEW_SQUEEZED, [CHANGE_SPELLED] = VIEW_SPELLED,
		[CHANGE_DECODED] = VIEW_DECODED,
	};
	uint8_t most = CHANGE_NONE;
	for (size_t i = start; i < end; i++)
		/* A gap behind the last character is outside. */
		if (r->change[i] > most &&
		    !(i + 1 == end && (r->change[i] == CHANGE_REMOVED || r->change[i] == CHANGE_JOINED)))
			most = r->change[i];
	return most == CHANGE_NONE ? otherwise : (enum view)views[most];
}

struct rereading {
	struct scan *scan;
	size_t *failed;
	size_t total; /* bytes of the text */
};

/* Lexes a reading and maps what it holds back to the original. Returns the signs seen in it. */
static unsigned lex(struct rereading *x, const struct reading *r, enum view otherwise, bool disguised)
{
	struct scan *s = x->scan;
	struct hits *hits = s->hits;
	size_t first = hits->n;
	if (r->err != ERR_OK)
		*x->failed = x->total;
	s->disguised = disguised;
	scan_run(s, reading_span(r));
	for (size_t i = first; i < hits->n; i++) {
		struct finding *f = &hits->v[i];
		f->view = (uint8_t)view_of(r, f->start, f->end, otherwise);
		struct origin o = reading_origin(r, f->start, f->end);
		f->start = o.start;
		f->end = o.end;
	}
	return s->signs;
}

static void prepare(struct reading *r, size_t limit)
{
	reading_clear(r);
	r->limit = limit;
}

typedef void (*read_fn)(const struct source *src, struct reading *r);

static void reread(struct rereading *x, struct pipeline *p, const struct source *src, read_fn read, enum view view,
		   bool disguised)
{
	prepare(&p->other, 2 * x->total + 1024);
	read(src, &p->other);
	if (p->other.n > 0 || p->other.err != ERR_OK)
		(void)lex(x, &p->other, view, disguised);
}

/* s has just read src and knows where runs start. */
static void squeeze(struct rereading *x, struct pipeline *p, struct source src)
{
	uint32_t starts[SCAN_STARTS];
	memcpy(starts, x->scan->starts, sizeof starts);
	if (x->scan->n_starts <= SCAN_STARTS) {
		src.starts = starts;
		src.n_starts = x->scan->n_starts;
	}
	reread(x, p, &src, read_squeezed, VIEW_SQUEEZED, true);
}

/* Takes apart what was taken apart before: escapes within base64 within JSON… */
static void decode(struct rereading *x, struct pipeline *p, struct source src, unsigned signs)
{
	size_t budget = DECODE_EXPANSION * x->total + 4096;
	for (size_t depth = 0; depth < DECODE_DEPTH && (signs & (SIGN_ESCAPE | SIGN_ENCODED)) != 0; depth++) {
		struct reading *r = &p->decoded[depth];
		prepare(r, budget);
		if ((signs & SIGN_ESCAPE) != 0)
			read_unescaped(&src, r);
		if ((signs & SIGN_ENCODED) != 0)
			read_encoded(&src, r);
		if (r->n == 0 && r->err == ERR_OK)
			return;
		budget -= r->n < budget ? r->n : budget - 1;
		signs = lex(x, r, VIEW_DECODED, false);
		src = (struct source){.text = reading_span(r), .from = r->from};
	}
}

enum err pipeline_run(struct pipeline *p, struct scan *s, struct span text, size_t *failed)
{
	unsigned signs = s->signs;
	struct rereading x = {.scan = s, .failed = failed, .total = text.n};
	struct source src = {.text = text};
	prepare(&p->folded, 2 * text.n + 1024);
	if ((signs & SIGN_HIGH) != 0)
		read_folded(&src, &p->folded);
	if ((signs & (SIGN_SINGLES | SIGN_GROUPS)) != 0)
		squeeze(&x, p, src);
	if ((signs & SIGN_DEFANGED) != 0)
		reread(&x, p, &src, read_defanged, VIEW_DECODED, false);
	/* Accented digit words are cut by the prefilter, hence both signs. */
	if ((signs & SIGN_SPELLED) != 0)
		reread(&x, p, &src, read_spelled, VIEW_SPELLED, true);
	decode(&x, p, src, signs);
	if (p->folded.n == 0 && p->folded.err == ERR_OK)
		return s->hits->err == ERR_NOMEM ? ERR_NOMEM : ERR_OK;
	/* What was folded may be taken apart or encoded as well. */
	signs = lex(&x, &p->folded, VIEW_FOLDED, false);
	struct source folded = {.text = reading_span(&p->folded), .from = p->folded.from};
	if ((signs & (SIGN_SINGLES | SIGN_GROUPS)) != 0)
		squeeze(&x, p, folded);
	if ((signs & SIGN_DEFANGED) != 0)
		reread(&x, p, &folded, read_defanged, VIEW_DECODED, false);
	decode(&x, p, folded, signs);
	return s->hits->err == ERR_NOMEM ? ERR_NOMEM : ERR_OK;
}
