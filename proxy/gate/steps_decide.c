/* Steps from the body to the durable record: read, inspect, choose, enter, lease, confirm, record. */
#include "base/assert.h"
#include "base/log.h"
#include "proxy/gate/exchange.h"

enum { HEAVY_BODY = 64 << 10, RETRY_MS = 200 };

enum err step_read_body(struct exchange *x)
{
	const struct config *c = x->snap->config;
	if (x->task_err != ERR_OK)
		return x->task_err;
	if (x->body_done) {
		gate_count(x->gate, METRIC_BYTES_IN, x->body.n);
		return x->route.has_body || x->body.n == 0 ? ERR_OK : ERR_SYNTAX;
	}
	if (x->head->framing == HTTP_LENGTH && x->head->length > c->limits.max_body)
		return ERR_TOO_LARGE;
	x->waiting = WAIT_BODY;
	if (x->head->expect_continue)
		stream_consume(x->client, 0); /* now, and not earlier, the body is wanted */
	return ERR_MORE;
}

/* --- inspect --- */

static void compute_back(struct loop_task *t)
{
	struct exchange *x = (struct exchange *)((char *)t - offsetof(struct exchange, task));
	x->arena.pool = &x->worker->arenas;
	x->holds--;
	exchange_wake(x, WAIT_COMPUTE);
}

static void compute_run(struct compute_job *job, void *state)
{
	struct exchange *x = (struct exchange *)((char *)job - offsetof(struct exchange, job));
	struct classifier_scratch *scratch = state == NULL ? NULL : inspector_scratch(state, x->snap);
	x->task_err = scratch == NULL ? ERR_NOMEM : inspect(x, scratch);
	x->task.run = compute_back;
	loop_post(x->worker->loop, &x->task);
}

static enum err keep(struct exchange *x, struct span *s)
{
	if (s->n == 0) {
		if (s->p != NULL)
			*s = SPAN(""); /* there, and empty */
		return ERR_OK;
	}
	*s = arena_dup(&x->arena, *s);
	return s->p != NULL ? ERR_OK : ERR_NOMEM;
}

/* The head belongs to the client's stream, which may close while another thread reads it: a copy of our own. */
static enum err keep_head(struct exchange *x)
{
	struct http_head *h = arena_alloc(&x->arena, sizeof *h);
	if (h == NULL)
		return ERR_NOMEM;
	*h = *x->head;
	struct span *const parts[] = {
		&h->method,           &h->target,          &h->authority, &h->path, &h->query, &x->route.native_path,
		&x->route.path_state, &x->route.path_text, &x->credential};
	enum err e = ERR_OK;
	for (size_t i = 0; e == ERR_OK && i < sizeof parts / sizeof *parts; i++)
		e = keep(x, parts[i]);
	for (size_t i = 0; e == ERR_OK && i < h->n_fields; i++) {
		e = keep(x, &h->fields[i].name);
		if (e == ERR_OK)
			e = keep(x, &h->fields[i].value);
	}
	x->head = h;
	x->own_head = true;
	return e;
}

static void conversation_facts(struct exchange *x)
{
	bool tainted = taint_known(x);
	size_t unknown = taint_states(x, &tainted, &x->state_holder);
	facts_set_bool(&x->unit.facts, F_TAINTED, tainted);
	facts_set_num(&x->unit.facts, F_STATE_UNKNOWN, (int64_t)unknown);
}

enum err step_inspect(struct exchange *x)
{
	if (x->job.run == NULL && x->body.n >= HEAVY_BODY) {
		enum err kept = x->own_head ? ERR_OK : keep_head(x);
		if (kept != ERR_OK)
			return kept;
		x->job.run = compute_run;
		x->arena.pool = NULL; /* the pool is this thread's */
		x->waiting = WAIT_COMPUTE;
		x->holds++;
		gate_count(x->gate, METRIC_COMPUTED, 1);
		compute_submit(x->gate->compute, &x->job);
		return ERR_WAIT;
	}
	enum err e = x->task_err;
	if (x->job.run == NULL) {
		struct classifier_scratch *scratch = inspector_scratch(&x->worker->inspector, x->snap);
		e = scratch == NULL ? ERR_NOMEM : inspect(x, scratch);
	}
	x->job.run = NULL;
	x->task_err = ERR_OK;
	if (x->gone)
		return ERR_CLIENT_GONE;
	if (e == ERR_OK)
		conversation_facts(x);
	return e;
}

/* --- choose --- */

enum err step_choose(struct exchange *x)
{
	struct unit *u = &x->unit;
	enum err why = ERR_REFUSED;
	u->contact = x->app != NULL && x->app->contact.n > 0 ? x->app->contact : x->snap->config->server.contact;
	while (x->next_candidate < x->config_route->n_candidates) {
		enum err e = judge(x, x->next_candidate++);
		if (e == ERR_NOMEM || e == ERR_LIMIT)
			return e;
		if (e == ERR_MODEL || e == ERR_UNKNOWN_STATE)
			why = e;
		if (e == ERR_OK && u->candidates[u->n_candidates - 1]->met) {
			u->chosen = (int)u->n_candidates - 1;
			x->target = &x->snap->targets[u->target[u->chosen]];
			return ERR_OK;
		}
	}
	u->chosen = -1;
	return u->n_candidates > 0 ? ERR_REFUSED : why;
}

/* --- enter --- */

static void on_timer(struct loop_timer *t)
{
	struct exchange *x = (struct exchange *)((char *)t - offsetof(struct exchange, timer));
	if (x->waiting == WAIT_ENGINE)
		x->task_err = ERR_QUEUE_FULL; /* waited as long as it may */
	exchange_wake(x, x->waiting);
}

static void on_granted(struct loop_task *t)
{
	struct exchange *x = (struct exchange *)((char *)t - offsetof(struct exchange, slot.granted));
	x->holds--;
	if (x->slot.state == ENGINE_POSTED)
		x->slot.state = ENGINE_GRANTED;
	if (x->waiting == WAIT_ENGINE)
		exchange_wake(x, WAIT_ENGINE);
	else
		exchange_run(x); /* given back meanwhile: perhaps nothing else holds it */
}

static enum err arm(struct exchange *x, uint64_t milliseconds)
{
	x->timer.run = on_timer;
	return loop_timer_arm(x->worker->loop, &x->timer, milliseconds);
}

static uint64_t tenant_number(struct span tenant)
{
	uint64_t h = 1469598103934665603u; /* FNV-1a: only spreads turns */
	for (size_t i = 0; i < tenant.n; i++)
		h = (h ^ tenant.p[i]) * 1099511628211u;
	return h;
}

enum err step_enter(struct exchange *x)
{
	struct engine *engine = x->target->engine;
	if (engine == NULL || x->slot.state == ENGINE_GRANTED) {
		loop_timer_disarm(&x->timer);
		x->task_err = ERR_OK; /* granted just as the time ran out: granted */
		return ERR_OK;
	}
	if (x->task_err != ERR_OK)
		return x->task_err;
	uint64_t now = loop_now(x->worker->loop);
	if (x->queue_until_ns == 0)
		x->queue_until_ns = now + (uint64_t)x->target->config->queue_ms * 1000000u;
	INVARIANT(x->slot.state == ENGINE_IDLE);
	x->slot.loop = x->worker->loop;
	x->slot.tenant = tenant_number(x->tenant);
	x->slot.granted.run = on_granted;
	enum err e = engine_enter(engine, &x->slot);
	if (e != ERR_WAIT)
		return e;
	x->holds++;
	x->waiting = WAIT_ENGINE;
	uint64_t left = x->queue_until_ns > now ? (x->queue_until_ns - now) / 1000000u : 0;
	e = arm(x, left > 0 ? left : 1);
	return e == ERR_OK ? ERR_WAIT : e;
}

/* --- lease --- */

static void on_lease(struct lease_request *r, struct lease *lease, const struct lease_info *info, enum err err)
{
	struct exchange *x = (struct exchange *)((char *)r - offsetof(struct exchange, lease_request));
	x->leasing = false;
	x->holds--;
	x->lease = lease;
	x->task_err = err;
	if (lease != NULL)
		x->lease_info = *info;
	exchange_wake(x, WAIT_LEASE);
}

/* An engine that cannot be reached: give the slot back, wait a little, try again until the queue's time is up.
 * Never the cloud. */
static enum err retry_engine(struct exchange *x, enum err why)
{
	engine_report(x->target->engine, false);
	exchange_let_go(x);
	if (loop_now(x->worker->loop) + (uint64_t)RETRY_MS * 1000000u >= x->queue_until_ns) {
		log_line(LOG_WARN, "engine not reachable", LOG_SPAN("engine", x->target->config->name),
			 LOG_S("reason", err_reason(why)));
		return ERR_ENGINE_DOWN;
	}
	x->waiting = WAIT_RETRY;
	enum err e = arm(x, RETRY_MS);
	return e == ERR_OK ? ERR_WAIT : e;
}

enum err step_lease(struct exchange *x)
{
	enum err e = x->task_err;
	loop_timer_disarm(&x->timer);
	x->task_err = ERR_OK;
	if (x->lease != NULL) {
		if (x->target->engine != NULL)
			engine_report(x->target->engine, true);
		return ERR_OK;
	}
	if (e != ERR_OK)
		return x->target->engine != NULL ? retry_engine(x, e) : e;
	if (x->target->engine != NULL && x->slot.state != ENGINE_GRANTED) { /* back from a retry's pause */
		x->jump = STEP_ENTER;
		return ERR_OK;
	}
	x->lease_request.done = on_lease;
	x->leasing = true;
	x->holds++;
	x->waiting = WAIT_LEASE;
	client_lease(x->worker->client, x->target->upstream, x->fresh, &x->lease_request);
	return ERR_WAIT;
}

/* --- confirm --- */

/* The rules changed while the request waited: decide it anew under the newest. */
static enum err decide_again(struct exchange *x)
{
	gate_count(x->gate, METRIC_DECIDED_AGAIN, 1);
	exchange_let_go(x);
	snapshot_put(x->snap);
	x->snap = snapshot_get(x->worker->snap);
	x->unit = (struct unit){.chosen = -1};
	x->target = NULL;
	x->next_candidate = 0;
	x->queue_until_ns = 0;
	x->jump = STEP_IDENTIFY;
	return ERR_OK;
}

enum err step_confirm(struct exchange *x)
{
	struct record_candidate *c = x->unit.candidates[x->unit.chosen];
	if (!x->recorded && x->snap != x->worker->snap)
		return decide_again(x);
	judge_connected(x, c);
	if (c->met)
		return ERR_OK;
	log_line(LOG_WARN, "destination not confirmed", LOG_SPAN("destination", x->target->config->name));
	if (x->recorded)
		return ERR_RESIDENCY;
	exchange_let_go(x);
	x->target = NULL;
	x->jump = STEP_CHOOSE; /* the next candidate */
	return ERR_OK;
}

/* --- record --- */

static void audit_back(struct loop_task *t)
{
	struct exchange *x = (struct exchange *)((char *)t - offsetof(struct exchange, task));
	x->holds--;
	exchange_wake(x, WAIT_AUDIT);
}

static void on_durable(struct audit_ticket *t, enum err err)
{
	struct exchange *x = (struct exchange *)((char *)t - offsetof(struct exchange, ticket));
	x->task_err = err;
	x->task.run = audit_back;
	loop_post(x->worker->loop, &x->task);
}

static enum err encode_attempt(struct exchange *x, uint64_t decision)
{
	const struct stream_peer *peer = &x->lease_info.peer;
	struct record_attempt a = {
		.decision = decision,
		.number = x->attempts + 1,
		.destination = x->target->config->name,
		.has_ip = !peer->unix_socket,
		.tls_version = peer->tls_version,
		.tls_cipher = peer->tls_cipher,
		.reused = peer->reused,
		.cc = COUNTRY_NONE,
	};
	const struct record_candidate *c = x->unit.candidates[x->unit.chosen];
	const struct fact *cc = &c->facts.v[F_DEST_COUNTRY - FACT_FIRST_DEST];
	if (cc->known)
		a.cc = cc->cc;
	memcpy(a.ip, peer->ip, sizeof a.ip);
	memcpy(a.cert_sha256, peer->cert_sha256, sizeof a.cert_sha256);
	buf_clear(&x->attempt_body);
	return record_attempt_encode(&a, &x->attempt_body);
}

/* On the writer's thread; the exchange is parked. */
static struct span attempt_fixup(struct audit_ticket *t, uint64_t sequence)
{
	struct exchange *x = (struct exchange *)((char *)t - offsetof(struct exchange, ticket));
	return encode_attempt(x, sequence) == ERR_OK ? buf_span(&x->attempt_body) : SPAN_NULL;
}

static enum err one_behind_the_other(struct exchange *x, const struct record_candidate **out)
{
	const struct unit *u = &x->unit;
	if (u->n_candidates == 1) {
		*out = u->candidates[0];
		return ERR_OK;
	}
	struct record_candidate *flat = NULL;
	if (u->n_candidates > 0) {
		flat = arena_alloc_raw(&x->arena, u->n_candidates * sizeof *flat);
		if (flat == NULL)
			return ERR_NOMEM;
	}
	for (size_t i = 0; i < u->n_candidates; i++)
		flat[i] = *u->candidates[i];
	*out = flat;
	return ERR_OK;
}

static enum err encode_decision(struct exchange *x, struct span refusal)
{
	const struct unit *u = &x->unit;
	const struct record_candidate *flat;
	enum err e = one_behind_the_other(x, &flat);
	if (e != ERR_OK)
		return e;
	struct record_decision d = {
		.started_ns = x->started_wall_ns,
		.facts = &u->facts,
		.candidates = flat,
		.n_candidates = u->n_candidates,
		.chosen = refusal.p != NULL ? -1 : u->chosen,
		.refusal = refusal,
		.classify_us = u->classify_us,
		.decide_us = u->decide_us,
		.build = SPAN(BW_VERSION),
	};
	memcpy(d.exchange, x->id, sizeof d.exchange);
	memcpy(d.rules_hash, x->snap->rules_hash, 32);
	memcpy(d.tables_hash, x->snap->tables_hash, 32);
	memcpy(d.detector_hash, x->snap->detector_hash, 32);
	memcpy(d.model_hash, x->snap->model_hash, 32);
	audit_commit(x->gate->audit, "request", buf_span(&x->body), d.request_commit);
	if (x->credential.n > 0)
		memcpy(d.actor_commit, exchange_actor(x), sizeof d.actor_commit);
	if (x->client != NULL && !x->client->peer->unix_socket) {
		uint8_t commit[32];
		audit_commit(x->gate->audit, "client", span_of(x->client->peer->ip, 16), commit);
		memcpy(d.client_commit, commit, sizeof d.client_commit);
	}
	buf_clear(&x->record);
	return record_decision_encode(&d, &x->record);
}

static enum err append(struct exchange *x)
{
	x->ticket.done = on_durable;
	x->holds++;
	x->waiting = WAIT_AUDIT;
	enum err e = audit_append(x->gate->audit, &x->ticket);
	if (e == ERR_OK)
		return ERR_WAIT;
	x->holds--;
	x->waiting = WAIT_NONE;
	return e;
}

static void take_receipt(struct exchange *x)
{
	x->sequence = x->ticket.sequence;
	memcpy(x->leaf_hash, x->ticket.leaf_hash, sizeof x->leaf_hash);
	x->recorded = true;
}

enum err step_record(struct exchange *x)
{
	if (x->ticket.done == NULL) { /* first entry: hand it to the writer */
		enum err e = x->recorded ? encode_attempt(x, x->sequence) : encode_decision(x, SPAN_NULL);
		if (e != ERR_OK)
			return e;
		if (x->recorded)
			x->ticket = (struct audit_ticket){.kind = LEAF_ATTEMPT, .body = buf_span(&x->attempt_body)};
		else
			x->ticket = (struct audit_ticket){.kind = LEAF_DECISION,
							  .body = buf_span(&x->record),
							  .kind2 = LEAF_ATTEMPT,
							  .fixup = attempt_fixup};
		return append(x);
	}
	enum err e = x->task_err;
	x->task_err = ERR_OK;
	x->ticket.done = NULL;
	if (e != ERR_OK)
		return e;
	if (!x->recorded) {
		take_receipt(x);
		if (x->ticket.sequence2 == 0) /* no memory for the attempt's record: then there is no attempt */
			return ERR_NOMEM;
	}
	x->attempts++;
	gate_count(x->gate, METRIC_ATTEMPTS, 1);
	if (taint_must_stay(x))
		taint_conversation(x);
	return x->gone ? ERR_CLIENT_GONE : ERR_OK;
}

enum err step_refuse(struct exchange *x)
{
	bool identified = x->app != NULL || x->config_route != NULL;
	if (x->ticket.done == NULL) {
		gate_count(x->gate, METRIC_REFUSED, 1);
		if (!identified || x->gone) {
			gate_refused_early(x->gate, x->err);
			return ERR_OK;
		}
		enum err e = encode_decision(x, span_str(err_reason(x->err)));
		if (e == ERR_OK) {
			x->ticket = (struct audit_ticket){.kind = LEAF_DECISION, .body = buf_span(&x->record)};
			e = append(x);
		}
		if (e != ERR_WAIT) /* nothing was released and nothing will be: answer without a record number */
			gate_refused_early(x->gate, x->err);
		return e == ERR_WAIT ? ERR_WAIT : ERR_OK;
	}
	x->ticket.done = NULL;
	if (x->task_err == ERR_OK)
		take_receipt(x);
	else
		gate_refused_early(x->gate, x->err);
	x->task_err = ERR_OK;
	return ERR_OK;
}
