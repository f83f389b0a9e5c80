/* Transforms: replacing what a verdict wants replaced, inside the strings it stands in, and nothing else.
 * Pseudonyms need a way back through the answer, which is not there yet: what should be pseudonymised is redacted,
 * which is stricter and so meets the verdict too. */
#include <stdlib.h>

#include "proxy/gate/exchange.h"
#include "proxy/wire/json.h"

/* PHI is a class of combinations: its parts are the identifiers and the health words. */
static class_set wanted(const struct verdict *v)
{
	class_set set = 0;
	for (unsigned c = 0; c < CLASS_COUNT; c++)
		if (v->transform[c] != TRANSFORM_NONE)
			set |= CLASS_BIT(c);
	if ((set & CLASS_BIT(CLASS_PHI)) != 0)
		set |= CLASS_BIT(CLASS_PHI_IDENTIFIER) | CLASS_BIT(CLASS_PHI_HEALTH);
	return set;
}

static bool concerned(const struct exchange *x, const struct finding *f, class_set set)
{
	return (classifier_type_classes(x->snap->classifier, f->type) & set) != 0;
}

/* JSON inside a string is read twice, as the string and as its own strings: what was found inside is replaced where it
 * was found in the string around it. */
static bool found_around(const struct exchange *x, const struct api_text *inner, uint16_t type)
{
	const struct unit *u = &x->unit;
	for (size_t i = 0; i < u->n_found; i++) {
		const struct api_text *t = &u->extract.texts[u->found[i].text];
		if (t->nested || t->raw_start != inner->raw_start)
			continue;
		for (size_t k = 0; k < u->found[i].findings.n; k++)
			if (u->found[i].findings.v[k].type == type)
				return true;
	}
	return false;
}

bool transform_possible(const struct exchange *x, const struct verdict *v)
{
	const struct unit *u = &x->unit;
	class_set set = wanted(v);
	if (set == 0)
		return true;
	if ((u->stuck & set) != 0)
		return false;
	for (size_t i = 0; i < u->n_found; i++) {
		const struct api_text *t = &u->extract.texts[u->found[i].text];
		for (size_t k = 0; k < u->found[i].findings.n; k++) {
			const struct finding *f = &u->found[i].findings.v[k];
			if (!concerned(x, f, set))
				continue;
			if (t->is_number || (t->nested && !found_around(x, t, f->type)))
				return false;
		}
	}
	return true;
}

static enum err label(struct exchange *x, uint16_t type, struct span *out)
{
	struct span name = classifier_type_name(x->snap->classifier, type);
	struct buf b = {0};
	buf_printf(&b, "[redacted:%.*s]", SPAN_ARG(name));
	enum err e = buf_err(&b);
	if (e == ERR_OK) {
		*out = arena_dup(&x->arena, buf_span(&b)); /* type names hold nothing that JSON would escape */
		e = out->p != NULL ? ERR_OK : ERR_NOMEM;
	}
	buf_fini(&b);
	return e;
}

static enum err edit_text(struct exchange *x, const struct unit_text *found, class_set set, struct splice_edit *edits,
			  size_t *n)
{
	const struct api_text *t = &x->unit.extract.texts[found->text];
	struct json_cursor cursor = {0};
	uint32_t end = 0;
	bool any = false;
	for (size_t k = 0; k < found->findings.n; k++) {
		const struct finding *f = &found->findings.v[k];
		if (!concerned(x, f, set) || (any && f->end <= end))
			continue;
		bool joins = any && f->start < end; /* overlaps the one before: one longer replacement */
		if (!joins) {
			edits[*n].raw_start = api_map_next(x->unit.body, t, &cursor, f->start);
			enum err e = label(x, f->type, &edits[*n].with);
			if (e != ERR_OK)
				return e;
			++*n;
		}
		struct json_cursor ahead = cursor;
		edits[*n - 1].raw_end = api_map_next(x->unit.body, t, &ahead, f->end);
		end = f->end;
		any = true;
	}
	return ERR_OK;
}

static int by_start(const void *a, const void *b)
{
	const struct splice_edit *x = a, *y = b;
	return (x->raw_start > y->raw_start) - (x->raw_start < y->raw_start);
}

enum err transform_edits(struct exchange *x, const struct verdict *v, struct splice_edit **edits, size_t *n)
{
	const struct unit *u = &x->unit;
	class_set set = wanted(v);
	size_t room = 1;
	*n = 0;
	for (size_t i = 0; i < u->n_found; i++)
		room += u->found[i].findings.n;
	*edits = arena_array(&x->arena, room, sizeof **edits);
	if (*edits == NULL)
		return ERR_NOMEM;
	for (size_t i = 0; set != 0 && i < u->n_found; i++) {
		if (u->extract.texts[u->found[i].text].nested)
			continue;
		enum err e = edit_text(x, &u->found[i], set, *edits, n);
		if (e != ERR_OK)
			return e;
	}
	return ERR_OK;
}

static enum err add_model(struct exchange *x, struct splice_edit *edits, size_t *n)
{
	const struct api_extract *ex = &x->unit.extract;
	if (!x->target->config->on_prem || ex->model.n == 0)
		return ERR_OK;
	struct span served = served_model(x->target->config, ex->model);
	if (served.p == NULL || span_eq(served, ex->model))
		return ERR_OK;
	struct buf quoted = {0};
	buf_add_json(&quoted, served);
	enum err e = buf_err(&quoted);
	if (e == ERR_OK) {
		struct span name = arena_dup(&x->arena, span_sub(buf_span(&quoted), 1, quoted.n - 1));
		edits[(*n)++] = (struct splice_edit){ex->model_start, ex->model_end, name};
		e = name.p != NULL ? ERR_OK : ERR_NOMEM;
	}
	buf_fini(&quoted);
	return e;
}

enum err outgoing_body(struct exchange *x, struct span *out)
{
	struct splice_edit *edits;
	size_t n;
	x->is_rewritten = false;
	*out = buf_span(&x->body);
	if (!x->route.has_body)
		return ERR_OK;
	enum err e = transform_edits(x, &x->unit.candidates[x->unit.chosen]->joined, &edits, &n);
	if (e == ERR_OK)
		e = add_model(x, edits, &n);
	if (e != ERR_OK || n == 0)
		return e;
	qsort(edits, n, sizeof *edits, by_start);
	buf_clear(&x->rewritten);
	e = splice_apply(x->unit.body, edits, n, &x->rewritten);
	x->is_rewritten = true;
	*out = buf_span(&x->rewritten);
	return e;
}
