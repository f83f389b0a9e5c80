/* The taint ledger: a conversation that had to stay on-prem stays there, also when only parts of it come back. It holds
 * keyed hashes of messages and of ids of server-side state, never text. */
#include "base/log.h"
#include "proxy/gate/exchange.h"

enum { MIN_MESSAGE = 24 /* bytes: "yes" and "go on" must not taint a tenant's every conversation */ };

static int64_t today(const struct exchange *x)
{
	return (int64_t)(x->started_wall_ns / 1000000000u / 86400u);
}

/* The message as its texts read, so that another serialisation of the same message is still known. */
static enum err message_text(struct exchange *x, size_t message, struct buf *out)
{
	const struct api_extract *ex = &x->unit.extract;
	for (size_t i = 0; i < ex->n_texts; i++) {
		const struct api_text *t = &ex->texts[i];
		if (t->message != message || t->is_key || t->nested || !t->known)
			continue;
		buf_add(out, t->text);
	}
	return buf_err(out);
}

bool taint_known(struct exchange *x)
{
	struct buf text = {0};
	bool tainted = false;
	for (size_t i = 0; !tainted && i < x->unit.extract.n_messages; i++) {
		struct ledger_entry e;
		buf_clear(&text);
		if (message_text(x, i, &text) != ERR_OK) {
			tainted = true; /* fail closed */
			break;
		}
		if (text.n >= MIN_MESSAGE &&
		    audit_ledger_find(x->gate->audit, LEDGER_MESSAGE, x->tenant, buf_span(&text), &e))
			tainted = e.tainted;
	}
	buf_fini(&text);
	return tainted;
}

static void put(struct exchange *x, enum ledger_kind kind, struct span id, bool tainted)
{
	struct ledger_entry e = {.tainted = tainted, .destination = x->target->id, .day = today(x)};
	enum err err = audit_ledger_put(x->gate->audit, kind, x->tenant, id, e);
	if (err != ERR_OK)
		log_line(LOG_WARN, "ledger entry not kept", LOG_S("reason", err_reason(err)));
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
	struct buf text = {0};
	for (size_t i = 0; i < x->unit.extract.n_messages; i++) {
		if (!x->unit.message_found[i])
			continue;
		buf_clear(&text);
		if (message_text(x, i, &text) == ERR_OK && text.n >= MIN_MESSAGE)
			put(x, LEDGER_MESSAGE, buf_span(&text), true);
	}
	buf_fini(&text);
}

void taint_learn_ids(struct exchange *x)
{
	struct api_tap_result r = {0};
	if (x->tap == NULL)
		return;
	api_tap_result(x->tap, &r);
	for (size_t i = 0; i < r.n_ids; i++)
		put(x, LEDGER_STATE, r.ids[i], taint_must_stay(x));
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
