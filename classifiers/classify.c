#include "classifiers/classify.h"

#include "base/assert.h"
#include "base/sha256.h"
#include "base/utf8.h"
#include "classifiers/cache.h"
#include "classifiers/house.h"
#include "classifiers/merge.h"
#include "classifiers/pipeline.h"

#include <stdio.h>
#include <stdlib.h>

enum { MIN_SCORE = 50 };

struct house_type {
	struct span name;
	class_set classes;
};

struct classifier {
	struct scan_tables *tables;
	struct house *house;
	struct house_type *types; /* behind the fixed ones */
	size_t n_types;
	uint16_t *list_types; /* by house list, then the two starter lists */
	size_t n_lists;
	bool *private_types; /* by type: of an exact-data list */
	uint8_t min_score;
	uint8_t *least; /* score by type */
	uint8_t hash[32];
	struct classifier_options options; /* tagger only; lists are not kept */
};

static void hash_add(void *arg, struct span bytes)
{
	uint8_t len[8];
	for (int i = 0; i < 8; i++)
		len[i] = (uint8_t)((uint64_t)bytes.n >> 8 * i);
	sha256_add(arg, span_of(len, sizeof len));
	sha256_add(arg, bytes);
}

/* Raised with every change of behaviour that the tables do not show. */
static const char behaviour[] = "bailiwick classifiers 1";

static void compute_hash(struct classifier *c, struct span tagger_id)
{
	static const char table[] = ""
#define DETECTOR(name, type, family, layout, check, strength, flags, context, doc)                                     \
#name "\t" #type "\t" #family "\t" layout "\t" #check "\t" #strength "\t" #flags "\t" context "\n"
#include "classifiers/detectors.def"
#undef DETECTOR
#define TRIGGER(head, lexers) head "\t" #lexers "\n"
#include "classifiers/triggers.def"
#undef TRIGGER
		;
	struct sha256 s;
	sha256_init(&s);
	hash_add(&s, span_str(behaviour));
	hash_add(&s, span_of(table, sizeof table - 1));
	hash_add(&s, span_of(c->least, TYPE_COUNT + c->n_types));
	hash_add(&s, tagger_id);
	house_describe(c->house, hash_add, &s);
	for (size_t i = 0; i < c->n_types; i++) {
		hash_add(&s, c->types[i].name);
		hash_add(&s, span_of(&c->types[i].classes, sizeof c->types[i].classes));
	}
	for (size_t i = 0; i < c->n_lists + 2; i++)
		hash_add(&s, span_of(&c->list_types[i], sizeof c->list_types[i]));
	sha256_final(&s, c->hash);
}

static bool type_name_valid(struct span name)
{
	bool dot = false;
	for (size_t i = 0; i < name.n; i++) {
		uint8_t b = name.p[i];
		bool edge = i == 0 || i + 1 == name.n || name.p[i - 1] == '.';
		if (b == '.' ? edge
			     : !((b >= 'a' && b <= 'z') || (!edge && ((b >= '0' && b <= '9') || b == '_')) ||
				 (b >= '0' && b <= '9')))
			return false;
		dot = dot || b == '.';
	}
	return dot && name.n <= 64;
}

/* The number of a list's type; a new name is appended. */
static enum err list_type(struct classifier *c, const struct house_list *list, uint16_t *out)
{
	enum type_id fixed = type_by_name(list->type);
	if (fixed != TYPE_COUNT) {
		*out = (uint16_t)fixed;
		return ERR_OK;
	}
	for (size_t i = 0; i < c->n_types; i++)
		if (span_eq(c->types[i].name, list->type)) {
			c->types[i].classes |= list->classes;
			*out = (uint16_t)(TYPE_COUNT + i);
			return ERR_OK;
		}
	uint8_t *name = malloc(list->type.n);
	if (name == NULL)
		return ERR_NOMEM;
	memcpy(name, list->type.p, list->type.n);
	c->types[c->n_types] = (struct house_type){span_of(name, list->type.n),
						   list->classes != 0 ? list->classes : CLASS_BIT(CLASS_HOUSE)};
	*out = (uint16_t)(TYPE_COUNT + c->n_types++);
	return ERR_OK;
}

static enum err register_lists(struct classifier *c, const struct classifier_options *o, struct classifier_diag *diag)
{
	c->n_lists = o->n_lists;
	c->types = calloc(o->n_lists + 1, sizeof *c->types);
	c->list_types = calloc(o->n_lists + 2, sizeof *c->list_types);
	if (c->types == NULL || c->list_types == NULL)
		return ERR_NOMEM;
	for (size_t i = 0; i < o->n_lists; i++) {
		const struct house_list *list = &o->lists[i];
		if (!type_name_valid(list->type)) {
			*diag = (struct classifier_diag){.file = list->file};
			snprintf(diag->text, sizeof diag->text,
				 "a type is a dotted name in lower case, such as house.project");
			return ERR_CONFIG;
		}
		enum err err = list_type(c, list, &c->list_types[i]);
		if (err != ERR_OK)
			return err;
	}
	c->private_types = calloc(TYPE_COUNT + c->n_types, sizeof *c->private_types);
	if (c->private_types == NULL)
		return ERR_NOMEM;
	for (size_t i = 0; i < o->n_lists; i++)
		c->private_types[c->list_types[i]] |= o->lists[i].exact;
	c->list_types[o->n_lists] = TYPE_HEALTH_CONDITION;
	c->list_types[o->n_lists + 1] = TYPE_HEALTH_MEDICATION;
	return ERR_OK;
}

static bool threshold_matches(const struct classifier *c, struct span match, uint16_t type)
{
	struct span name = classifier_type_name(c, type);
	int legal = class_parse(match);
	if (legal >= 0)
		return (classifier_type_classes(c, type) & CLASS_BIT(legal)) != 0;
	if (match.n > 2 && span_ends(match, SPAN(".*")))
		return span_starts(name, span_sub(match, 0, match.n - 1));
	return span_eq(name, match);
}

static enum err set_thresholds(struct classifier *c, const struct classifier_options *o, struct classifier_diag *diag)
{
	size_t types = TYPE_COUNT + c->n_types;
	c->least = malloc(types);
	if (c->least == NULL)
		return ERR_NOMEM;
	memset(c->least, c->min_score, types);
	for (size_t i = 0; i < o->n_thresholds; i++) {
		const struct classifier_threshold *t = &o->thresholds[i];
		bool any = false;
		for (uint16_t type = 0; type < types; type++) {
			if (!threshold_matches(c, t->match, type))
				continue;
			c->least[type] = t->score;
			any = true;
		}
		if (!any) {
			*diag = (struct classifier_diag){0};
			snprintf(diag->text, sizeof diag->text, "no type and no legal class is called \"%.*s\"",
				 SPAN_ARG(t->match));
			return ERR_CONFIG;
		}
	}
	return ERR_OK;
}

struct classifier *classifier_new(const struct classifier_options *o, struct classifier_diag *diag, enum err *err)
{
	struct classifier *c = calloc(1, sizeof *c);
	*diag = (struct classifier_diag){0};
	if (c == NULL) {
		*err = ERR_NOMEM;
		return NULL;
	}
	c->min_score = o->min_score == 0 ? MIN_SCORE : o->min_score;
	c->options = (struct classifier_options){.tag = o->tag,
						 .tagger = o->tagger,
						 .tag_scratch_new = o->tag_scratch_new,
						 .tag_scratch_free = o->tag_scratch_free};
	c->tables = scan_tables_new();
	*err = c->tables == NULL ? ERR_NOMEM : o->n_lists > 1000 ? ERR_LIMIT : register_lists(c, o, diag);
	if (*err == ERR_OK)
		*err = set_thresholds(c, o, diag);
	if (*err == ERR_OK)
		c->house = house_new(o->lists, o->n_lists, o->starter_health, diag, err);
	if (*err != ERR_OK) {
		classifier_free(c);
		return NULL;
	}
	compute_hash(c, o->tagger_id);
	return c;
}

void classifier_free(struct classifier *c)
{
	if (c == NULL)
		return;
	scan_tables_free(c->tables);
	house_free(c->house);
	for (size_t i = 0; i < c->n_types; i++)
		free((void *)c->types[i].name.p);
	free(c->types);
	free(c->list_types);
	free(c->private_types);
	free(c->least);
	free(c);
}

const uint8_t *classifier_hash(const struct classifier *c)
{
	return c->hash;
}

size_t classifier_types(const struct classifier *c)
{
	return TYPE_COUNT + c->n_types;
}

struct span classifier_type_name(const struct classifier *c, uint16_t type)
{
	INVARIANT(type < TYPE_COUNT + c->n_types);
	return type < TYPE_COUNT ? span_str(type_info((enum type_id)type)->name) : c->types[type - TYPE_COUNT].name;
}

class_set classifier_type_classes(const struct classifier *c, uint16_t type)
{
	INVARIANT(type < TYPE_COUNT + c->n_types);
	return type < TYPE_COUNT ? type_info((enum type_id)type)->classes : c->types[type - TYPE_COUNT].classes;
}

bool classifier_type_private(const struct classifier *c, struct span type)
{
	enum type_id fixed = type_by_name(type);
	if (fixed != TYPE_COUNT)
		return c->private_types[fixed];
	for (size_t i = 0; i < c->n_types; i++)
		if (span_eq(c->types[i].name, type))
			return c->private_types[TYPE_COUNT + i];
	return false;
}

struct span classifier_detector_name(const struct classifier *c, uint16_t detector)
{
	(void)c;
	INVARIANT(detector < DETECTOR_ALL);
	if (detector == DETECTOR_TAGGER)
		return SPAN("TAGGER");
	if (detector == DETECTOR_HOUSE)
		return SPAN("HOUSE");
	return span_str(detector_info((enum detector_id)detector)->name);
}

/* What the detectors offered before it was merged, kept for explanations. */
struct merge_copy {
	struct arena *arena;
	struct finding *v;
	struct reason *why;
	size_t n;
};

struct classifier_scratch {
	struct house_scratch *house;
	struct hits hits;
	struct pipeline pipeline;
	struct context_near key;
	struct merge_copy before_merge;
	size_t steps;
	void *tagger; /* the tagger's own scratch, or NULL */
	void (*tagger_free)(void *scratch);
};

struct classifier_scratch *classifier_scratch_new(const struct classifier *c)
{
	struct classifier_scratch *s = calloc(1, sizeof *s);
	if (s == NULL)
		return NULL;
	s->house = house_scratch_new(c->house);
	s->tagger_free = c->options.tag_scratch_free;
	if (c->options.tag_scratch_new != NULL)
		s->tagger = c->options.tag_scratch_new();
	if (s->house == NULL || (c->options.tag_scratch_new != NULL && s->tagger == NULL)) {
		classifier_scratch_free(s);
		return NULL;
	}
	return s;
}

void classifier_scratch_free(struct classifier_scratch *s)
{
	if (s == NULL)
		return;
	if (s->tagger != NULL)
		s->tagger_free(s->tagger);
	if (s->house != NULL)
		house_scratch_free(s->house);
	hits_fini(&s->hits);
	pipeline_fini(&s->pipeline);
	free(s);
}

struct house_sink {
	const struct classifier *c;
	struct scan *scan;
	struct hits *hits;
	struct house_scratch *scratch;
	enum err err; /* the first */
};

enum { HOUSE_SCORE = 90, STARTER_SCORE = 80 };

static void on_house(void *arg, struct house_hit hit)
{
	struct house_sink *sink = arg;
	bool starter = hit.list >= sink->c->n_lists;
	enum detector_id d = hit.list == sink->c->n_lists ? D_CONDITION : D_MEDICATION;
	if ((starter ? STARTER_SCORE : HOUSE_SCORE) < sink->c->least[sink->c->list_types[hit.list]])
		return;
	if (hit.needs_context && scan_near(sink->scan, d, hit.start, hit.end) == 0)
		return;
	hits_add(sink->hits, (struct finding){.start = hit.start,
					      .end = hit.end,
					      .type = sink->c->list_types[hit.list],
					      .detector = starter ? (uint16_t)d : DETECTOR_HOUSE,
					      .score = starter ? STARTER_SCORE : HOUSE_SCORE,
					      .view = VIEW_RAW});
}

/* The dictionaries over one reading of the text. */
static void read_lists(void *arg, struct span text)
{
	struct house_sink *sink = arg;
	enum err err = house_scan(sink->c->house, sink->scratch, text, on_house, sink);
	if (sink->err == ERR_OK)
		sink->err = err;
}

struct tag_sink {
	const struct classifier *c;
	struct hits *hits;
	size_t n;
};

static void on_tag(void *arg, uint16_t type, uint32_t start, uint32_t end, uint8_t score)
{
	struct tag_sink *sink = arg;
	if (type >= classifier_types(sink->c) || start >= end || end > sink->n || score < sink->c->least[type])
		return;
	hits_add(sink->hits, (struct finding){.start = start,
					      .end = end,
					      .type = type,
					      .detector = DETECTOR_TAGGER,
					      .score = score > 100 ? 100 : score,
					      .view = VIEW_RAW});
}

static class_set classes_of(const void *arg, uint16_t type)
{
	return classifier_type_classes(arg, type);
}

/* Both ends of every span onto code points. */
static void snap(struct finding *v, size_t n, struct span text)
{
	for (size_t i = 0; i < n; i++) {
		while (v[i].start > 0 && v[i].start < text.n && (text.p[v[i].start] & 0xc0) == 0x80)
			v[i].start--;
		while (v[i].end < text.n && (text.p[v[i].end] & 0xc0) == 0x80)
			v[i].end++;
	}
}

/* Hits and their reasons as they are now; those without a reason (dictionaries, the tagger) are left out. */
static enum err copy_hits(struct merge_copy *m, const struct hits *h)
{
	size_t n = h->n < h->cap_why ? h->n : h->cap_why;
	m->v = arena_array(m->arena, n + 1, sizeof *m->v);
	m->why = arena_array(m->arena, n + 1, sizeof *m->why);
	if (m->v == NULL || m->why == NULL)
		return ERR_NOMEM;
	m->n = n;
	if (n > 0) {
		memcpy(m->v, h->v, n * sizeof *m->v);
		memcpy(m->why, h->why, n * sizeof *m->why);
	}
	return ERR_OK;
}

static enum err finish(const struct classifier *c, struct classifier_scratch *s, struct span text, struct arena *arena,
		       struct findings *out)
{
	enum err err = s->hits.err;
	if (err == ERR_NOMEM)
		return err;
	snap(s->hits.v, s->hits.n, text);
	if (s->hits.explain && copy_hits(&s->before_merge, &s->hits) != ERR_OK)
		return ERR_NOMEM;
	out->n = s->hits.n == 0 ? 0 : merge_findings(s->hits.v, s->hits.n, classes_of, c);
	if (err == ERR_LIMIT)
		out->failed = text.n;
	if (out->n == 0)
		return ERR_OK;
	out->v = arena_array(arena, out->n, sizeof *out->v);
	if (out->v == NULL)
		return ERR_NOMEM;
	memcpy(out->v, s->hits.v, out->n * sizeof *out->v);
	return ERR_OK;
}

static enum err run(const struct classifier *c, struct classifier_scratch *s, struct span text,
		    const struct text_context *ctx, bool tag, struct arena *arena, struct findings *out)
{
	/* A key's words speak for a value, not for a document. */
	enum { KEYED_MAX = 256 };
	struct scan scan __attribute__((uninitialized)); /* scan_init does */
	s->hits.n = 0;
	s->hits.err = ERR_OK;
	scan_init(&scan, c->tables, &s->hits);
	scan.least = c->least;
	if (ctx != NULL && ctx->key.n > 0 && text.n <= KEYED_MAX) {
		memset(&s->key, 0, sizeof s->key);
		context_collect_key(c->tables->words, ctx->key, &s->key);
		scan.key = &s->key;
	}
	pipeline_start(&s->pipeline, &scan);
	scan_run(&scan, text);
	out->lexed = text.n;
	struct house_sink house = {c, &scan, &s->hits, s->house, ERR_OK};
	scan.lists = read_lists;
	scan.lists_arg = &house;
	read_lists(&house, text);
	enum err err = pipeline_run(&s->pipeline, &scan, text, &out->failed);
	if (err == ERR_OK)
		err = house.err;
	if (err != ERR_OK)
		return err;
	s->steps = scan.steps;
	if (tag && c->options.tag != NULL && (ctx == NULL || !ctx->not_prose)) {
		struct tag_sink sink = {c, &s->hits, text.n};
		out->tagged = c->options.tag(c->options.tagger, s->tagger, text, on_tag, &sink);
		if (out->tagged > text.n)
			out->tagged = text.n;
		out->gated = text.n - out->tagged;
	}
	return finish(c, s, text, arena, out);
}

enum err classify_text(const struct classifier *c, struct classifier_scratch *s, struct classifier_cache *cache,
		       struct span text, const struct text_context *ctx, struct arena *arena, struct findings *out)
{
	struct hash128 key = {0, 0};
	*out = (struct findings){0};
	if (text.n == 0)
		return ERR_OK;
	if (text.n > INT32_MAX)
		return ERR_LIMIT;
	if (cache != NULL) {
		key = cache_key(cache, c->hash, text, ctx);
		if (cache_get(cache, key, arena, out)) {
			out->cached = text.n;
			return ERR_OK;
		}
	}
	enum err err = run(c, s, text, ctx, true, arena, out);
	if (err == ERR_OK && cache != NULL)
		cache_put(cache, key, out);
	return err;
}

enum err classify_seam(const struct classifier *c, struct classifier_scratch *s, struct span a, struct span b,
		       struct arena *arena, struct findings *out)
{
	enum { SIDE = 64 };
	uint8_t window[2 * SIDE];
	size_t from = a.n > SIDE ? a.n - SIDE : 0, to = b.n > SIDE ? SIDE : b.n;
	*out = (struct findings){0};
	while (from < a.n && (a.p[from] & 0xc0) == 0x80)
		from++;
	while (to > 0 && to < b.n && (b.p[to] & 0xc0) == 0x80)
		to--;
	size_t joint = a.n - from, n = joint + to;
	if (joint == 0 || to == 0)
		return ERR_OK;
	memcpy(window, a.p + from, joint);
	memcpy(window + joint, b.p, to);
	enum err err = run(c, s, span_of(window, n), NULL, false, arena, out);
	size_t kept = 0;
	for (size_t i = 0; i < out->n && err == ERR_OK; i++)
		if (out->v[i].start < joint && out->v[i].end > joint)
			out->v[kept++] = out->v[i];
	out->n = kept;
	explicit_bzero(window, sizeof window);
	return err;
}

/* The reason that belongs to a finding: of the hit that became it, perhaps widened by a weaker one. */
static const struct reason *reason_of(const struct finding *f, const struct finding *hits, const struct reason *why,
				      size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (hits[i].detector == f->detector && hits[i].score == f->score && hits[i].view == f->view &&
		    hits[i].start >= f->start && hits[i].end <= f->end)
			return &why[i];
	return NULL;
}

enum err classify_explain(const struct classifier *c, struct classifier_scratch *s, struct span text,
			  const struct text_context *ctx, struct arena *arena, struct findings *out,
			  struct reason **why)
{
	*out = (struct findings){0};
	*why = NULL;
	if (text.n == 0)
		return ERR_OK;
	if (text.n > INT32_MAX)
		return ERR_LIMIT;
	s->hits.explain = true;
	s->before_merge = (struct merge_copy){.arena = arena};
	enum err err = run(c, s, text, ctx, true, arena, out);
	s->hits.explain = false;
	if (err != ERR_OK || out->n == 0)
		return err;
	*why = arena_array(arena, out->n, sizeof **why);
	if (*why == NULL)
		return ERR_NOMEM;
	for (size_t i = 0; i < out->n; i++) {
		uint16_t d = out->v[i].detector;
		bool listed = d >= DETECTOR_COUNT || detector_info((enum detector_id)d)->family == FAMILY_HOUSE;
		const struct reason *r =
			listed ? NULL
			       : reason_of(&out->v[i], s->before_merge.v, s->before_merge.why, s->before_merge.n);
		(*why)[i] = r == NULL ? (struct reason){0} : *r;
	}
	return ERR_OK;
}

size_t classifier_scratch_steps(const struct classifier_scratch *s)
{
	return s->steps;
}
