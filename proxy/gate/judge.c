/* Judging one candidate: can it take the request at all, what is known of it, what do the rules say, can that be met.
 */
#include <time.h>

#include "base/assert.h"
#include "proxy/gate/exchange.h"

static bool speaks(const struct config_destination *d, enum api_family family)
{
	return (d->api >> (family == API_ANTHROPIC ? CONFIG_API_ANTHROPIC : CONFIG_API_OPENAI) & 1) != 0;
}

/* The first candidate that speaks the client's API and is not our own: where the client's base URL stood for. */
static size_t asked_for(const struct exchange *x)
{
	const struct config_route *r = x->config_route;
	for (size_t i = 0; i < r->n_candidates; i++) {
		const struct config_destination *d = x->snap->targets[r->candidates[i]].config;
		if (!d->on_prem && speaks(d, x->route.family))
			return i;
	}
	return r->n_candidates;
}

/* Ollama forwards such names to its own cloud. */
static bool ollama_cloud(struct span model)
{
	return span_ends(model, SPAN(":cloud")) || span_ends(model, SPAN("-cloud"));
}

struct span served_model(const struct config_destination *d, struct span asked)
{
	struct span any = SPAN_NULL;
	for (size_t i = 0; i < d->n_models; i++) {
		if (span_eq(d->models[i].asked, asked))
			return d->models[i].served;
		if (span_eq(d->models[i].asked, SPAN("*")))
			any = d->models[i].served;
	}
	return d->n_models == 0 ? asked : any;
}

static enum err usable(const struct exchange *x, size_t i, const struct target *t)
{
	const struct config_destination *d = t->config;
	if (!speaks(d, x->route.family))
		return ERR_NOT_FOUND;
	if (!d->on_prem && d->credentials == CREDENTIALS_PASSTHROUGH && i != asked_for(x))
		return ERR_NOT_FOUND; /* a client's own key goes only where it was meant to go */
	if (!d->on_prem && d->credentials == CREDENTIALS_FILE && x->app == NULL)
		return ERR_NOT_FOUND; /* our keys are for applications we know */
	if (x->state_holder != 0 && x->state_holder != t->id)
		return ERR_UNKNOWN_STATE; /* what the request refers to is stored elsewhere */
	struct span asked = x->unit.extract.model;
	if (asked.n > 0 && d->on_prem) {
		struct span served = served_model(d, asked);
		if (served.p == NULL || (d->engine == ENGINE_OLLAMA && ollama_cloud(served)))
			return ERR_MODEL;
	}
	return ERR_OK;
}

/* Anthropic's body selector narrows the regions that host alone leaves open. */
static void narrow(const struct exchange *x, const struct target *t, struct dest_facts *f)
{
	struct vendor_region v;
	struct span geo = x->unit.extract.inference_geo;
	if (t->config->on_prem || t->config->n_processing > 0 || geo.p == NULL)
		return;
	if (destination_table_find(x->snap->vendors, t->config->host, t->config->base_path, geo, &v) && !v.anywhere)
		dest_facts_set_countries(f, F_DEST_PROCESSING, &v.processing);
}

/* Can this verdict be met at this destination? Approvals cannot be given here yet: they are not met. */
static bool verdict_met(const struct exchange *x, const struct verdict *v, const struct dest_facts *d)
{
	const struct fact *on_prem = &d->v[F_DEST_ON_PREM - FACT_FIRST_DEST];
	const struct fact *processing = &d->v[F_DEST_PROCESSING - FACT_FIRST_DEST];
	bool ours = on_prem->known && on_prem->flag;
	if (v->approval != APPROVAL_NO || !transform_possible(x, v))
		return false;
	switch (v->place) {
	case PLACE_ANY:
		return true;
	case PLACE_REGIONS:
		return ours || (processing->known && country_set_within(&processing->set, &v->regions));
	case PLACE_ON_PREM:
		return ours;
	case PLACE_NONE:
		return false;
	}
	return false;
}

/* Was a term of an exact-data list found? A refusal that names its rule would then be an oracle for who is on it. */
static bool exact_data(const struct exchange *x)
{
	for (size_t i = 0; i < x->unit.facts.n_data; i++)
		if (classifier_type_private(x->snap->classifier, x->unit.facts.data[i].type))
			return true;
	return false;
}

static void evaluate(struct exchange *x, struct record_candidate *c)
{
	const struct rules *rules = x->snap->rules;
	UNZEROED struct evaluation ev;
	struct timespec a, b;
	clock_gettime(CLOCK_MONOTONIC, &a);
	rules_eval(rules, &x->unit.facts, &c->facts, &ev);
	clock_gettime(CLOCK_MONOTONIC, &b);
	x->unit.decide_us += (uint32_t)((b.tv_sec - a.tv_sec) * 1000000 + (b.tv_nsec - a.tv_nsec) / 1000);
	c->joined = ev.joined;
	c->n_regimes = ev.n_regimes;
	for (size_t i = 0; i < ev.n_regimes; i++) {
		c->regimes[i].regime = rules_regime_name(rules, ev.regimes[i].regime);
		c->regimes[i].version = rules_regime_version(rules, ev.regimes[i].regime);
		c->regimes[i].applies = (uint8_t)ev.regimes[i].applies;
		c->regimes[i].verdict = ev.regimes[i].verdict;
	}
	c->n_fired = ev.n_fired;
	for (size_t i = 0; i < ev.n_fired; i++) {
		uint16_t rule = ev.fired[i].rule;
		c->fired[i].regime = rules_regime_name(rules, ev.fired[i].regime);
		c->fired[i].rule = rules_rule_name(rules, rule);
		c->fired[i].source = rules_rule_source(rules, rule);
		c->fired[i].deciding = i < ev.n_deciding;
		c->fired[i].by_unknown = ev.fired[i].by_unknown;
		c->fired[i].exempted = ev.fired[i].exempted;
	}
	c->met = verdict_met(x, &ev.joined, &c->facts);
	if (!c->met)
		x->unit.rule = ev.n_deciding > 0 && !rules_rule_private(rules, ev.fired[0].rule) && !exact_data(x)
				       ? rules_rule_name(rules, ev.fired[0].rule)
				       : SPAN_NULL;
}

/* Contracts age: an expired transfer assessment takes the clauses that rest on it along, and a status that was not
 * looked up for a quarter of a year is not known any more. Rules compare with constants only, so it is done here. */
static struct destination in_force(const struct exchange *x, const struct destination *declared)
{
	enum { DPF_CHECK_DAYS = 90 };
	struct destination d = *declared;
	int64_t today = (int64_t)(x->started_wall_ns / 1000000000u / 86400u);
	if (d.contracts.tia_expires != 0 && d.contracts.tia_expires < today) {
		d.contracts.tia_expires = 0;
		d.contracts.scc = SPAN_NULL;
	}
	if (d.contracts.dpf != DPF_UNSET && d.contracts.dpf_checked < today - DPF_CHECK_DAYS) {
		d.contracts.dpf = DPF_UNSET;
		d.contracts.dpf_checked = 0;
	}
	return d;
}

enum err judge(struct exchange *x, size_t i)
{
	struct unit *u = &x->unit;
	size_t index = x->config_route->candidates[i];
	struct target *t = &x->snap->targets[index];
	enum err e = usable(x, i, t);
	if (e != ERR_OK)
		return e;
	if (u->n_candidates == UNIT_MAX_CANDIDATES)
		return ERR_LIMIT;
	/* Its long lists are filled as far as their counts go. */
	struct record_candidate *c = arena_alloc_raw(&x->judged, sizeof *c);
	if (c == NULL)
		return ERR_NOMEM;
	memset(&c->facts, 0, sizeof c->facts);
	c->n_regimes = c->n_fired = 0;
	c->met = false;
	struct destination declared = in_force(x, &t->declared);
	destination_facts(&declared, x->snap->groups, &c->facts);
	dest_facts_set_bool(&c->facts, F_DEST_ASKED, i == asked_for(x));
	narrow(x, t, &c->facts);
	evaluate(x, c);
	u->target[u->n_candidates] = index;
	u->candidates[u->n_candidates++] = c;
	return ERR_OK;
}

void judge_connected(struct exchange *x, struct record_candidate *c)
{
	const struct stream_peer *peer = &x->lease_info.peer;
	uint64_t now = gate_wall_ns() / 1000000000u;
	uint64_t max_age = (uint64_t)x->snap->config->geo.max_age_days * 86400u;
	INVARIANT(x->target != NULL);
	destination_facts_connected(&x->target->declared, x->snap->geo, x->snap->own_networks, x->snap->n_own_networks,
				    peer->unix_socket ? NULL : peer->ip, x->lease_info.tls_verified, now, max_age,
				    &c->facts);
	evaluate(x, c);
}
