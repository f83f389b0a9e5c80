#include "cmd/model_run.h"

#include <stdlib.h>

#include "base/utf8.h"

/* In place: letters whose lower case takes another number of bytes stay. */
static void lower_case(const struct alphabet *a, struct span text, uint8_t *out)
{
	for (size_t i = 0, n; i < text.n; i += n) {
		uint32_t cp;
		uint8_t lower[4];
		n = utf8_decode(span_sub(text, i, text.n), &cp);
		if (n == 0) {
			out[i] = text.p[i];
			n = 1;
		} else if (utf8_encode(alphabet_lower(a, cp), lower) == n) {
			memcpy(out + i, lower, n);
		} else {
			memcpy(out + i, text.p + i, n);
		}
	}
}

/* *n is set to how many count. NULL: out of memory. */
static struct labelled *label_all(const struct model_run *r, const struct findings *f, struct arena *a, size_t *n)
{
	struct labelled *v = arena_array(a, f->n + 1, sizeof *v);
	*n = 0;
	for (size_t i = 0; v != NULL && i < f->n; i++) {
		struct span type = classifier_type_name(r->pipeline->classifier, f->v[i].type);
		enum label label = label_map_finding(r->items->options.map, label_of_type(type));
		if (label != LABEL_IGNORED)
			v[(*n)++] = (struct labelled){f->v[i].start, f->v[i].end, label};
	}
	return v;
}

static enum err run_item(struct model_run *r, struct item *item, struct arena *a)
{
	struct findings f = {0};
	struct text_context ctx = {0};
	if (r->lower) {
		uint8_t *text = arena_alloc(a, item->text.n + 1);
		if (text == NULL)
			return ERR_NOMEM;
		lower_case(&r->scores->alphabet, item->text, text);
		item->text.p = text;
	}
	enum err e = classify_text(r->pipeline->classifier, r->pipeline->scratch, NULL, item->text, &ctx, a, &f);
	if (e != ERR_OK)
		return e;
	size_t n;
	struct labelled *v = label_all(r, &f, a, &n);
	return v == NULL ? ERR_NOMEM : scores_add(r->scores, item, v, n, a);
}

enum err model_run(struct model_run *r)
{
	struct arena a;
	enum err e = ERR_OK;
	arena_init(&a, 0);
	while (e == ERR_OK) {
		struct item item;
		e = items_next(r->items, &a, &item);
		if (e == ERR_OK)
			e = run_item(r, &item, &a);
		if (e == ERR_SYNTAX) {
			r->left_out++;
			if (r->bad != NULL)
				r->bad(r->arg, r->items->why);
			e = ERR_OK;
		}
		if (r->progress != NULL)
			r->progress(r->arg, r->scores->all.texts, items_progress(r->items));
		arena_reset(&a);
	}
	arena_fini(&a);
	return e == ERR_NOT_FOUND ? ERR_OK : e;
}
