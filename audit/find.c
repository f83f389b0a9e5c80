#include <stdlib.h>

#include "audit/read.h"

/* One search: memory for decoding is kept from record to record. */
struct search {
	const struct audit_query *q;
	audit_visit *visit;
	void *arg;
	struct arena arena;
	struct facts facts;
	struct record_decision decision;
	struct record_attempt attempt;
	enum err err;
};

static bool asks_decision(const struct audit_query *q)
{
	return q->app.p != NULL || q->type.p != NULL || q->rule.p != NULL || q->regime.p != NULL ||
	       q->refusal.p != NULL;
}

static bool has_type(const struct facts *f, struct span pattern)
{
	for (size_t i = 0; i < f->n_data; i++)
		if (type_matches(f->data[i].type, pattern))
			return true;
	return false;
}

static bool has_rule(const struct record_decision *d, struct span rule)
{
	for (size_t i = 0; i < d->n_candidates; i++)
		for (size_t k = 0; k < d->candidates[i].n_fired; k++)
			if (span_eq(d->candidates[i].fired[k].rule, rule))
				return true;
	return false;
}

static bool has_regime(const struct record_decision *d, struct span regime)
{
	for (size_t i = 0; i < d->n_candidates; i++)
		for (size_t k = 0; k < d->candidates[i].n_regimes; k++)
			if (span_eq(d->candidates[i].regimes[k].regime, regime))
				return true;
	return false;
}

static bool text_is(const struct fact *f, struct span text)
{
	return f->known && span_eq(f->text, text);
}

static bool goes_to(const struct record_decision *d, struct span destination)
{
	return d->chosen >= 0 && text_is(fact_get(d->facts, &d->candidates[d->chosen].facts, F_DEST_ID), destination);
}

static bool decision_fits(const struct audit_query *q, const struct record_decision *d)
{
	if (q->app.p != NULL && !text_is(&d->facts->v[F_APP_ID], q->app))
		return false;
	if (q->type.p != NULL && !has_type(d->facts, q->type))
		return false;
	if (q->rule.p != NULL && !has_rule(d, q->rule))
		return false;
	if (q->regime.p != NULL && !has_regime(d, q->regime))
		return false;
	if (q->destination.p != NULL && !goes_to(d, q->destination))
		return false;
	if (q->refusal.p == NULL)
		return true;
	return span_eq(q->refusal, SPAN("*")) ? d->chosen < 0 : span_eq(q->refusal, d->refusal);
}

static bool envelope_fits(const struct audit_query *q, const struct leaf *l)
{
	if (q->kinds != 0 && (q->kinds >> (unsigned)l->kind & 1) == 0)
		return false;
	return l->time_ns >= q->from_ns && (q->to_ns == 0 || l->time_ns < q->to_ns);
}

static bool body_fits(struct search *s, const struct audit_item *item)
{
	const struct audit_query *q = s->q;
	bool decision = asks_decision(q);
	if (!decision && q->destination.p == NULL)
		return true;
	if (!item->has_body || (item->leaf.kind != LEAF_DECISION && (decision || item->leaf.kind != LEAF_ATTEMPT)))
		return false;
	arena_reset(&s->arena);
	if (item->leaf.kind == LEAF_ATTEMPT) {
		s->err = record_attempt_decode(item->body, &s->arena, &s->attempt);
		return s->err == ERR_OK && span_eq(s->attempt.destination, q->destination);
	}
	s->err = record_decision_decode(item->body, &s->arena, &s->decision, &s->facts);
	return s->err == ERR_OK && decision_fits(q, &s->decision);
}

static bool consider(void *arg, const struct audit_item *item)
{
	struct search *s = arg;
	if (!envelope_fits(s->q, &item->leaf) || !body_fits(s, item))
		return s->err == ERR_OK;
	return s->visit(s->arg, item);
}

enum err audit_find(struct audit_reader *r, const struct audit_query *q, audit_visit *visit, void *arg)
{
	struct search *s = calloc(1, sizeof *s);
	if (s == NULL)
		return ERR_NOMEM;
	s->q = q;
	s->visit = visit;
	s->arg = arg;
	arena_init(&s->arena, 0);
	enum err err = audit_list(r, q->from, q->to > 0 ? q->to : UINT64_MAX, consider, s);
	if (err == ERR_OK)
		err = s->err;
	arena_fini(&s->arena);
	free(s);
	return err;
}
