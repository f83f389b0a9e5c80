#include "classifiers/pipeline.h"

void pipeline_fini(struct pipeline *p)
{
	reading_fini(&p->leaf);
	for (size_t i = 0; i < VIEW_DEPTH; i++) {
		reading_fini(&p->folded[i]);
		reading_fini(&p->decoded[i]);
	}
	for (size_t i = 0; i <= VIEW_DEPTH; i++)
		marks_fini(&p->marks[i]);
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

/* No weak candidate has this score without a word of context. */
enum { WITH_CONTEXT = 74 };

struct rereading {
	struct pipeline *pipeline;
	struct scan *scan;
	size_t *failed;
	size_t total;    /* bytes of the text */
	size_t budget;   /* bytes that readings of readings may still have */
	enum view least; /* the view of the reading that is read otherwise */
};

/* Lexes a reading and maps what it holds back to the original. Returns the signs seen in it. */
static unsigned lex(struct rereading *x, const struct reading *r, enum view otherwise, enum disguise disguise)
{
	struct scan *s = x->scan;
	struct hits *hits = s->hits;
	size_t first = hits->n;
	if (r->err != ERR_OK)
		*x->failed = x->total;
	s->disguise = (uint8_t)disguise;
	scan_run(s, reading_span(r));
	size_t lexed = hits->n, kept = first;
	if (s->lists != NULL)
		s->lists(s->lists_arg, reading_span(r));
	for (size_t i = first; i < hits->n; i++) {
		struct finding f = hits->v[i];
		enum view view = view_of(r, f.start, f.end, VIEW_COUNT);
		/* What stands there as it did is worth telling again only for a word of context that did not. */
		if (view == VIEW_COUNT && (f.score < WITH_CONTEXT || i >= lexed))
			continue;
		f.view = (uint8_t)(view == VIEW_COUNT ? otherwise : view > x->least ? view : x->least);
		struct origin o = reading_origin(r, f.start, f.end);
		f.start = o.start;
		f.end = o.end;
		hits->v[kept] = f;
		if (hits->why != NULL && i < hits->cap_why)
			hits->why[kept] = hits->why[i];
		kept++;
	}
	hits->n = kept;
	return s->signs;
}

static void prepare(struct reading *r, size_t limit)
{
	reading_clear(r);
	r->limit = limit;
}

/* ---- parts of a text that show a sign ---- */

/* How far what belongs to a sign may lie from it, in bytes; the words around it are taken whole. */
struct reach {
	size_t before, behind;
};
enum { TOKEN_MAX = 4096 };

static size_t part_start(struct span t, size_t least, size_t at)
{
	size_t most = at - least > TOKEN_MAX ? at - TOKEN_MAX : least;
	while (at > most && t.p[at - 1] > ' ')
		at--;
	while (at > least && at < t.n && (t.p[at] & 0xc0) == 0x80)
		at--;
	return at;
}

static size_t part_end(struct span t, size_t at)
{
	size_t most = t.n - at > TOKEN_MAX ? at + TOKEN_MAX : t.n;
	while (at < most && t.p[at] > ' ')
		at++;
	while (at < t.n && (t.p[at] & 0xc0) == 0x80)
		at++;
	return at;
}

/* The next part from *at on around blocks with one of the signs; false: there is none. *at moves behind it. */
static bool next_part(const struct source *src, const struct marks *m, unsigned signs, struct reach reach, size_t *at,
		      struct source *part)
{
	struct span t = src->text;
	size_t block = *at < t.n ? marks_next(m, signs, *at / SIGNS_BYTES) : m->n;
	if (block == m->n)
		return false;
	size_t start = block * SIGNS_BYTES;
	start = start > *at + reach.before ? start - reach.before : *at;
	start = part_start(t, *at, start);
	size_t end = start;
	do { /* parts that would touch are one */
		size_t to = (block + 1) * SIGNS_BYTES + reach.behind;
		if (to > end)
			end = part_end(t, to < t.n ? to : t.n);
		block = marks_next(m, signs, block + 1);
	} while (block < m->n && block * SIGNS_BYTES <= end + reach.before);
	*part = (struct source){.text = span_sub(t, start, end), .joins_lists = src->joins_lists};
	part->from = src->from == NULL ? NULL : src->from + start;
	part->base = src->base + start;
	*at = end;
	return true;
}

typedef void (*read_fn)(const struct source *src, struct reading *r);

/* What surely holds all that one sign is about; a word that asks to undo something speaks for more. */
static const struct reach near = {128, 64}, around = {256, 256}, far = {1024, 4096};

static void read_parts(struct rereading *x, const struct source *src, const struct marks *m, unsigned signs,
		       struct reach reach, read_fn read, struct reading *out)
{
	struct source part;
	for (size_t at = 0; next_part(src, m, signs, reach, &at, &part);) {
		x->scan->steps += part.text.n;
		read(&part, out);
	}
}

/* A reading that is not read otherwise again. */
static void lex_leaf(struct rereading *x, enum view view, enum disguise disguise)
{
	struct reading *leaf = &x->pipeline->leaf;
	x->scan->marks = NULL;
	if (leaf->n > 0 || leaf->err != ERR_OK)
		(void)lex(x, leaf, view, disguise);
}

static void reread(struct rereading *x, const struct source *src, read_fn read, enum view view, enum disguise disguise)
{
	prepare(&x->pipeline->leaf, 3 * src->text.n + 1024);
	read(src, &x->pipeline->leaf);
	lex_leaf(x, view, disguise);
}

struct leaf {
	enum sign sign;
	struct reach reach;
	read_fn read;
	enum view view;
	enum disguise disguise;
};

static void reread_parts(struct rereading *x, const struct source *src, const struct marks *m, const struct leaf *leaf)
{
	prepare(&x->pipeline->leaf, 3 * src->text.n + 1024);
	read_parts(x, src, m, leaf->sign, leaf->reach, leaf->read, &x->pipeline->leaf);
	lex_leaf(x, leaf->view, leaf->disguise);
}

static void reread_leaves(struct rereading *x, struct source src, unsigned signs, const struct marks *m)
{
	const struct leaf leaves[] = {
		{SIGN_DEFANGED, around, read_defanged, VIEW_DECODED, DISGUISE_NONE},
		{SIGN_SPELLED, near, read_spelled, VIEW_SPELLED, DISGUISE_APART},
		{SIGN_LITERALS, around, read_literals, VIEW_SQUEEZED, DISGUISE_NONE},
		{SIGN_UNDO, far, read_undone, VIEW_DECODED, DISGUISE_CHANCE},
	};
	if ((signs & SIGN_SINGLES) != 0)
		reread(x, &src, read_squeezed, VIEW_SQUEEZED, DISGUISE_APART);
	src.words = x->scan->key == NULL ? x->scan->tables->words : NULL;
	if ((signs & SIGN_GROUPS) != 0)
		reread(x, &src, read_grouped, VIEW_SQUEEZED, DISGUISE_CHANCE);
	src.starts = NULL;
	for (size_t i = 0; i < sizeof leaves / sizeof *leaves; i++)
		if ((signs & leaves[i].sign) != 0)
			reread_parts(x, &src, m, &leaves[i]);
}

static void read_further(struct rereading *x, const struct source *src, unsigned signs, unsigned depth, bool folded);

/* Lexes a reading that is worth reading otherwise again. */
static void descend(struct rereading *x, const struct reading *r, enum view view, unsigned depth, bool folded)
{
	uint32_t starts[SCAN_STARTS] __attribute__((uninitialized));
	if (r->n == 0 && r->err == ERR_OK)
		return;
	x->budget -= r->n < x->budget ? r->n : x->budget;
	x->scan->marks = &x->pipeline->marks[depth];
	unsigned signs = lex(x, r, view, DISGUISE_NONE);
	struct source src = {.text = reading_span(r), .from = r->from, .joins_lists = x->scan->joins == JOINS_LISTS};
	if (x->scan->n_starts <= SCAN_STARTS) {
		memcpy(starts, x->scan->starts, x->scan->n_starts * sizeof *starts);
		src.starts = starts;
		src.n_starts = x->scan->n_starts;
	}
	enum view least = x->least;
	x->least = view;
	read_further(x, &src, signs, depth, folded);
	x->least = least;
}

/* Takes apart what was taken apart before: look-alikes within escapes within base64 within JSON… */
static void read_further(struct rereading *x, const struct source *src, unsigned signs, unsigned depth, bool folded)
{
	struct pipeline *p = x->pipeline;
	const struct marks *m = &p->marks[depth];
	reread_leaves(x, *src, signs, m);
	if (depth == VIEW_DEPTH || x->budget == 0)
		return;
	struct source all = {.text = src->text, .from = src->from};
	if ((signs & SIGN_HIGH) != 0 && !folded) {
		prepare(&p->folded[depth], 2 * src->text.n + 1024);
		read_parts(x, &all, m, SIGN_HIGH, near, read_folded, &p->folded[depth]);
		descend(x, &p->folded[depth], VIEW_FOLDED, depth + 1, true);
	}
	if ((signs & (SIGN_ESCAPE | SIGN_ENCODED | SIGN_PAIRS)) == 0)
		return;
	prepare(&p->decoded[depth], x->budget);
	if ((signs & SIGN_ESCAPE) != 0)
		read_parts(x, &all, m, SIGN_ESCAPE, near, read_unescaped, &p->decoded[depth]);
	if ((signs & (SIGN_ENCODED | SIGN_PAIRS)) != 0)
		read_parts(x, &all, m, SIGN_ENCODED | SIGN_PAIRS, near, read_encoded, &p->decoded[depth]);
	descend(x, &p->decoded[depth], VIEW_DECODED, depth + 1, false);
}

void pipeline_start(struct pipeline *p, struct scan *s)
{
	s->marks = &p->marks[0];
}

enum err pipeline_run(struct pipeline *p, struct scan *s, struct span text, size_t *failed)
{
	uint32_t starts[SCAN_STARTS] __attribute__((uninitialized));
	struct rereading x = {.pipeline = p,
			      .scan = s,
			      .failed = failed,
			      .total = text.n,
			      .budget = DECODE_EXPANSION * text.n + 4096};
	struct source src = {.text = text, .joins_lists = s->joins == JOINS_LISTS};
	if (s->signs == 0)
		return s->hits->err == ERR_NOMEM ? ERR_NOMEM : ERR_OK;
	if (s->n_starts <= SCAN_STARTS) {
		memcpy(starts, s->starts, s->n_starts * sizeof *starts);
		src.starts = starts;
		src.n_starts = s->n_starts;
	}
	read_further(&x, &src, s->signs, 0, false);
	return s->hits->err == ERR_NOMEM ? ERR_NOMEM : ERR_OK;
}
