/* Steps behind the durable record: send, relay, answer, finish. */
#include "base/assert.h"
#include "base/log.h"
#include "proxy/gate/exchange.h"

enum { CLIENT_PENDING_MAX = 256 << 10 };

/* --- events of the destination's stream --- */

static void cut(struct exchange *x, enum err why)
{
	x->err = why;
	if (x->upstream != NULL)
		stream_reset(x->upstream, why);
	if (x->client != NULL && x->answer_started)
		stream_reset(x->client, why); /* never a clean end: it would look like success */
}

static void answer_head(struct exchange *x, const struct http_head *answer)
{
	UNZEROED struct http_head out;
	x->upstream_started = true;
	x->status = answer->status;
	x->first_byte_ns = loop_now(x->worker->loop);
	x->announced = answer->framing == HTTP_LENGTH ? answer->length : 0;
	if (answer->status >= 300 && answer->status < 400 && http_field(answer, SPAN("location"), 0) != NULL) {
		/* Following it, here or in the client, would take the request where no rule was asked. */
		cut(x, ERR_REDIRECT);
		return;
	}
	x->tap = api_tap_new(&x->route, answer, &x->arena, x->gate->text_key);
	if (x->tap != NULL)
		api_tap_keeps(x->tap, x->unit.extract.store);
	bool end = answer->framing == HTTP_NO_BODY || span_eq(x->head->method, SPAN("HEAD"));
	enum err e = client_head(x, answer, &out);
	if (e == ERR_OK) {
		x->answer_started = true;
		e = stream_send_head(x->client, &out, end);
	}
	if (e != ERR_OK)
		cut(x, e);
}

/* An interim answer, which may be dropped. 100 is ours to send, and upgrades are not offered. */
static void early_head(struct exchange *x, const struct http_head *answer)
{
	UNZEROED struct http_head out;
	if (answer->status == 100 || answer->status == 101 || x->head->minor == 0)
		return;
	http_head_clear(&out);
	out.status = answer->status;
	out.reason = answer->reason;
	out.minor = 1;
	if (client_fields(answer, &out) != ERR_OK)
		return;
	enum err e = stream_send_head(x->client, &out, false);
	if (e != ERR_OK)
		cut(x, e);
}

static void on_head(struct stream *s, const struct http_head *answer)
{
	struct exchange *x = s->owner;
	if (x->client == NULL)
		return;
	if (answer->status < 200)
		early_head(x, answer);
	else
		answer_head(x, answer);
}

/* What the answer says of itself, and what it makes of the conversation: in the ledger before the end of it reaches the
 * client, who may come back at once and on another loop. */
static void learn(struct exchange *x)
{
	if (x->learnt)
		return;
	x->learnt = true;
	if (x->tap != NULL)
		api_tap_result(x->tap, &x->seen);
	if (x->upstream_started && x->target != NULL)
		taint_learn(x, &x->seen);
}

static void on_body(struct stream *s, struct span data)
{
	struct exchange *x = s->owner;
	if (x->client == NULL || !x->answer_started)
		return;
	x->response_bytes += data.n;
	if (x->tap != NULL)
		api_tap_feed(x->tap, data);
	if (x->response_bytes == x->announced)
		learn(x);
	enum err e = stream_send_body(x->client, data, false);
	if (e != ERR_OK) {
		cut(x, e);
		return;
	}
	if (stream_pending(x->client) > CLIENT_PENDING_MAX)
		x->owed += data.n; /* granted back when the client has taken it */
	else
		stream_consume(s, data.n);
}

static void on_trailers(struct stream *s, const struct http_head *fields)
{
	struct exchange *x = s->owner;
	UNZEROED struct http_head out;
	learn(x);
	if (x->client == NULL || !x->answer_started || x->answer_ended)
		return;
	http_head_clear(&out);
	enum err e = client_fields(fields, &out);
	if (e == ERR_OK)
		e = stream_send_trailers(x->client, &out);
	x->answer_ended = true;
	if (e != ERR_OK)
		cut(x, e);
}

static void on_end(struct stream *s)
{
	struct exchange *x = s->owner;
	x->upstream_ended = true;
	learn(x);
	if (x->client == NULL || !x->answer_started || x->answer_ended || span_eq(x->head->method, SPAN("HEAD")) ||
	    x->status == 204 || x->status == 304)
		return;
	enum err e = stream_send_body(x->client, SPAN_NULL, true);
	if (e != ERR_OK)
		cut(x, e);
}

static void on_writable(struct stream *s)
{
	(void)s; /* the request's bytes are sent by reference: nothing waits for this */
}

static void on_closed(struct stream *s, enum err why)
{
	struct exchange *x = s->owner;
	x->upstream = NULL;
	exchange_let_go(x); /* the engine's slot */
	if (why != ERR_OK && x->err == ERR_OK)
		x->err = x->gone ? ERR_CLIENT_GONE : why;
	if (why != ERR_OK && x->client != NULL && x->answer_started && !x->upstream_ended)
		stream_reset(x->client, why);
	exchange_wake(x, WAIT_ANSWER);
}

static const struct stream_events upstream_events = {
	.head = on_head,
	.body = on_body,
	.trailers = on_trailers,
	.end = on_end,
	.writable = on_writable,
	.closed = on_closed,
};

/* --- steps --- */

enum err step_send(struct exchange *x)
{
	UNZEROED struct http_head head;
	struct span body = SPAN_NULL;
	enum err e = outgoing_body(x, &body); /* first: the head depends on it */
	if (e == ERR_OK)
		e = upstream_head(x, &head);
	if (e != ERR_OK)
		return e;
	INVARIANT(x->recorded && x->lease != NULL);
	bool has_body = x->route.has_body;
	head.framing = has_body ? HTTP_LENGTH : HTTP_NO_BODY;
	head.length = body.n;
	x->upstream = lease_stream(x->lease);
	x->lease = NULL;
	x->upstream->events = &upstream_events;
	x->upstream->owner = x;
	x->err = ERR_OK;
	gate_count(x->gate, x->target->config->on_prem ? METRIC_ON_PREM : METRIC_CLOUD, 1);
	e = stream_send_head(x->upstream, &head, !has_body);
	if (e == ERR_OK && has_body)
		e = stream_send_ref(x->upstream, body, true);
	if (e != ERR_OK)
		stream_reset(x->upstream, e); /* its closed event brings the reason */
	return ERR_OK;
}

/* A pooled connection may have died of idleness just as it was used: once more on a fresh one, with its own record. */
static bool try_again(const struct exchange *x)
{
	return x->err == ERR_UPSTREAM_GONE && x->lease_info.peer.reused && !x->upstream_started && !x->fresh &&
	       !x->gone;
}

enum err step_relay(struct exchange *x)
{
	if (x->upstream != NULL) {
		x->waiting = WAIT_ANSWER;
		return ERR_WAIT;
	}
	if (try_again(x)) {
		x->err = ERR_OK;
		x->fresh = true;
		x->queue_until_ns = 0;
		x->jump = STEP_ENTER;
		return ERR_OK;
	}
	if (x->err != ERR_OK && !x->answer_started && !x->gone)
		return x->err; /* the runner goes to ANSWER */
	if (x->client != NULL && x->err == ERR_OK && !x->gone) {
		x->waiting = WAIT_ANSWER; /* until the client has taken the last byte */
		return ERR_WAIT;
	}
	x->jump = STEP_FINISH;
	return ERR_OK;
}

enum err step_answer(struct exchange *x)
{
	if (x->client == NULL)
		return ERR_OK;
	if (x->answer_started) { /* until the client has taken it */
		x->waiting = WAIT_ANSWER;
		return ERR_WAIT;
	}
	struct api_error error = {.err = x->err,
				  .record = x->recorded ? x->sequence : 0,
				  .rule = x->unit.rule,
				  .contact = x->unit.contact};
	if (x->err != ERR_REFUSED && x->err != ERR_RESIDENCY)
		error.rule = SPAN_NULL;
	if (x->err == ERR_QUEUE_FULL || x->err == ERR_ENGINE_DOWN || x->err == ERR_OVERLOAD || x->err == ERR_AUDIT)
		error.retry_after_s = 5;
	struct http_head head = {0};
	struct buf body = {0};
	enum err e = api_error_write(x->route.family, &error, &x->arena, &head, &body);
	if (e == ERR_OK)
		e = add_receipt(x, &head);
	if (e == ERR_OK) {
		bool end = x->head != NULL && span_eq(x->head->method, SPAN("HEAD"));
		head.method = x->head != NULL ? x->head->method : SPAN_NULL;
		x->status = head.status;
		x->answer_started = true;
		e = stream_send_head(x->client, &head, end);
		if (e == ERR_OK && !end)
			e = stream_send_body(x->client, buf_span(&body), true);
	}
	buf_fini(&body);
	if (e != ERR_OK)
		stream_reset(x->client, e);
	x->waiting = WAIT_ANSWER;
	return ERR_WAIT;
}

static void post_outcome(struct exchange *x)
{
	const struct api_tap_result *seen = &x->seen;
	uint64_t now = loop_now(x->worker->loop);
	const char *result = x->upstream_started ? (x->err == ERR_OK ? "sent"
						    : x->gone        ? "client-gone"
								     : "cut")
			     : x->attempts > 0   ? (x->gone ? "client-gone" : "failed")
						 : "refused";
	struct record_outcome o = {
		.decision = x->sequence,
		.result = span_str(result),
		.error = x->err == ERR_OK ? SPAN_NULL : span_str(err_reason(x->err)),
		.status = x->status,
		.request_bytes = x->body.n,
		.response_bytes = x->response_bytes,
		.input_tokens = seen->input_tokens,
		.output_tokens = seen->output_tokens,
		.first_byte_us = x->first_byte_ns > 0 ? (uint32_t)((x->first_byte_ns - x->started_ns) / 1000) : 0,
		.total_us = (uint32_t)((now - x->started_ns) / 1000),
		.region_evidence = seen->inference_geo,
		.attempts = x->attempts,
	};
	buf_clear(&x->record);
	enum err e = record_outcome_encode(&o, &x->record);
	if (e == ERR_OK)
		e = audit_post(x->gate->audit, LEAF_OUTCOME, buf_span(&x->record));
	if (e != ERR_OK) /* the record then says "unknown" when the store is next opened */
		log_line(LOG_WARN, "outcome not recorded", LOG_S("reason", err_reason(e)));
}

enum err step_finish(struct exchange *x)
{
	learn(x); /* also of what was cut short: the client has seen it */
	gate_count(x->gate, METRIC_BYTES_OUT, x->response_bytes);
	if (x->upstream_started && x->err == ERR_OK)
		gate_count(x->gate, METRIC_COMPLETED, 1);
	else if (x->attempts > 0)
		gate_count(x->gate, METRIC_FAILED, 1);
	if (x->recorded)
		post_outcome(x);
	return ERR_OK;
}
