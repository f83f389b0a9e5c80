#include <inttypes.h>
#include <stdio.h>

#include "audit/state.h"
#include "base/log.h"

enum { SLICE = 4096 };

static enum err check_body(struct store_view *v, uint64_t sequence)
{
	struct leaf leaf;
	struct span salt, body;
	uint8_t digest[32];
	enum err err = store_view_leaf(v, sequence, &leaf, NULL);
	if (err != ERR_OK)
		return err;
	err = store_view_body(v, sequence, &salt, &body);
	if (err != ERR_OK)
		return err == ERR_NOT_FOUND ? ERR_OK : err; /* erased or expired */
	leaf_digest(salt.p, body, digest);
	return memcmp(digest, leaf.digest, sizeof digest) == 0 ? ERR_OK : ERR_CORRUPT;
}

/* The right edge, built again from leaves and stored nodes, must be the one that was committed. */
static enum err check_frontier(struct store_view *v)
{
	struct tree_frontier again;
	const struct tree_frontier *stored = store_view_frontier(v);
	struct tree_source source = store_view_source(v);
	enum err err = tree_frontier_load(&source, stored->size, &again);
	if (err != ERR_OK)
		return err;
	size_t n = tree_frontier_count(stored->size);
	return memcmp(again.nodes, stored->nodes, n * sizeof *again.nodes) == 0 ? ERR_OK : ERR_CORRUPT;
}

enum err recover_check_tail(struct store *s)
{
	enum err err;
	struct store_view *v = store_view_begin(s, &err);
	if (v == NULL)
		return err;
	uint64_t size = store_view_size(v);
	for (uint64_t i = size > TAIL_CHECKED ? size - TAIL_CHECKED : 0; i < size && err == ERR_OK; i++)
		err = check_body(v, i);
	if (err == ERR_OK)
		err = check_frontier(v);
	store_view_end(v);
	if (err != ERR_OK)
		log_line(LOG_ERROR, "audit-store-tail-invalid", LOG_N("size", size), LOG_S("reason", err_reason(err)));
	return err;
}

static void load_entry(void *arg, struct span key, struct span value)
{
	struct audit_writer *w = arg;
	struct ledger_entry e, merged;
	struct hash128 k;
	int64_t today = clock_today();
	if (!ledger_decode(key, value, &k, &e)) {
		log_line(LOG_ERROR, "audit-ledger-entry-invalid");
		return;
	}
	if (e.day >= today - w->ledger.days && ledger_put(&w->ledger, k, &e, today, &merged) != ERR_OK)
		log_line(LOG_ERROR, "audit-ledger-entry-not-loaded");
}

enum err recover_ledger(struct audit_writer *w)
{
	enum err err;
	struct store_view *v = store_view_begin(w->store, &err);
	if (v == NULL)
		return err;
	err = store_view_ledger(v, load_entry, w);
	store_view_end(v);
	return err;
}

static enum err scan_leaf(struct audit_writer *w, struct store_view *v, uint64_t sequence)
{
	struct leaf leaf;
	struct span salt, body;
	uint64_t decision;
	enum err err = store_view_leaf(v, sequence, &leaf, NULL);
	if (err != ERR_OK)
		return err;
	if (leaf.kind == LEAF_DECISION)
		return open_set_add(&w->open, sequence);
	if (leaf.kind == LEAF_OUTCOME && store_view_body(v, sequence, &salt, &body) == ERR_OK &&
	    record_decision_of(body, &decision) == ERR_OK)
		open_set_remove(&w->open, decision);
	return ERR_OK;
}

static enum err scan(struct audit_writer *w)
{
	enum err err = ERR_OK;
	uint64_t at = 0, size = 1;
	for (bool first = true; err == ERR_OK && at < size; first = false) {
		struct store_view *v = store_view_begin(w->store, &err);
		if (v == NULL)
			return err;
		size = store_view_size(v);
		if (first)
			at = store_view_low(v);
		for (uint64_t end = at + SLICE; at < end && at < size && err == ERR_OK; at++)
			err = scan_leaf(w, v, at);
		store_view_end(v);
	}
	return err;
}

static enum err post_unknown(struct audit_writer *w, uint64_t decision)
{
	const struct record_outcome outcome = {.decision = decision, .result = SPAN("unknown")};
	struct buf body = {0};
	struct audit_ticket *t = NULL;
	enum err err = record_outcome_encode(&outcome, &body);
	if (err == ERR_OK)
		t = post_new(LEAF_OUTCOME, buf_span(&body));
	buf_fini(&body);
	if (t == NULL)
		return err != ERR_OK ? err : ERR_NOMEM;
	queue_push(&w->incoming, t);
	return ERR_OK;
}

static enum err post_start(struct audit_writer *w, uint64_t closed)
{
	char count[24];
	struct buf body = {0};
	struct audit_ticket *t = NULL;
	snprintf(count, sizeof count, "%" PRIu64, closed);
	struct record_event e = {.name = SPAN("start"), .n = 2};
	e.details[0].key = SPAN("origin");
	e.details[0].value = span_str(w->origin);
	e.details[1].key = SPAN("outcomes-unknown");
	e.details[1].value = span_str(count);
	enum err err = record_event_encode(&e, &body);
	if (err == ERR_OK)
		t = post_new(LEAF_START, buf_span(&body));
	buf_fini(&body);
	if (t == NULL)
		return err != ERR_OK ? err : ERR_NOMEM;
	queue_push(&w->incoming, t);
	return ERR_OK;
}

enum err recover_open_decisions(struct audit_writer *w)
{
	uint64_t n = 0;
	enum err err = scan(w);
	/* They leave the set when their outcomes are durable. */
	for (uint64_t at = 0; err == ERR_OK && open_set_next(&w->open, &at); at++, n++)
		err = post_unknown(w, at);
	return err == ERR_OK ? post_start(w, n) : err;
}
