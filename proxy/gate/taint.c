/* The taint ledger: a conversation that had to stay on-prem stays there, also when only parts of it come back. It holds
 * keyed hashes of messages and of ids of server-side state, never text. */
#include "base/log.h"
#include "proxy/gate/exchange.h"

static int64_t today(const struct exchange *x)
{
	return (int64_t)(x->started_wall_ns / 1000000000u / 86400u);
}

static void put(struct exchange *x, enum ledger_kind kind, struct span id, bool tainted)
{
	struct ledger_entry e = {.tainted = tainted, .destination = x->target->id, .day = today(x)};
	enum err err = audit_ledger_put(x->gate->audit, kind, x->tenant, id, e);
	if (err != ERR_OK)
		log_line(LOG_WARN, "ledger entry not kept", LOG_S("reason", err_reason(err)));
}

bool taint_counts(const struct api_text *t)
{
	return t->message != UINT32_MAX && !t->is_key && !t->nested && t->text.n >= API_TEXT_MIN;
}

bool taint_known(const struct exchange *x)
{
	const struct api_extract *ex = &x->unit.extract;
	for (size_t i = 0; i < ex->n_texts; i++) {
		struct ledger_entry e;
		if (!taint_counts(&ex->texts[i]))
			continue;
		const struct hash128 *h = &x->unit.prints[i];
		if (audit_ledger_find(x->gate->audit, LEDGER_MESSAGE, x->tenant, span_of(h, sizeof *h), &e) &&
		    e.tainted)
			return true;
	}
	return false;
}

bool taint_must_stay(const struct exchange *x)
{
	for (size_t i = 0; i < x->unit.n_candidates; i++)
		if (x->unit.candidates[i]->joined.place >= PLACE_ON_PREM)
			return true;
	return false;
}

void taint_conversation(struct exchange *x)
{
	const struct unit *u = &x->unit;
	for (size_t i = 0; i < u->n_found; i++) {
		size_t text = u->found[i].text;
		if (taint_counts(&u->extract.texts[text]))
			put(x, LEDGER_MESSAGE, span_of(&u->prints[text], sizeof *u->prints), true);
	}
}

void taint_learn(struct exchange *x, const struct api_tap_result *seen)
{
	bool stays = taint_must_stay(x);
	for (size_t i = 0; i < seen->n_ids; i++)
		put(x, LEDGER_STATE, seen->ids[i], stays);
	for (size_t i = 0; stays && i < seen->n_texts; i++)
		put(x, LEDGER_MESSAGE, span_of(&seen->texts[i], sizeof seen->texts[i]), true);
}

size_t taint_states(struct exchange *x, bool *tainted, uint32_t *holder)
{
	size_t unknown = 0;
	const struct api_extract *ex = &x->unit.extract;
	*holder = 0;
	for (size_t i = 0; i <= ex->n_refs; i++) {
		struct span id = i < ex->n_refs ? ex->refs[i].id : x->route.path_state;
		struct ledger_entry e;
		if (i < ex->n_refs && ex->refs[i].kind != REF_STATE && ex->refs[i].kind != REF_FILE)
			continue;
		if (i == ex->n_refs && id.p == NULL)
			continue;
		if (!audit_ledger_find(x->gate->audit, LEDGER_STATE, x->tenant, id, &e)) {
			unknown++;
			continue;
		}
		*tainted = *tainted || e.tainted;
		if (*holder != 0 && *holder != e.destination)
			unknown++; /* held in two places: nobody can serve both */
		*holder = e.destination;
	}
	return unknown;
}
