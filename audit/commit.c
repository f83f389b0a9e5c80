#include <stdlib.h>
#include <sys/random.h>

#include "audit/state.h"
#include "base/assert.h"
#include "base/log.h"

enum { GROUP_BYTES = 16 << 20 };

/* One group: what goes into one transaction. */
struct group {
	struct ticket_queue tickets;
	size_t bytes;
	size_t ledger; /* the first so many of ledger_todo */
	bool checkpoint;
	struct buf note;
	uint64_t note_size;
};

static enum err next_salt(struct audit_writer *w, const uint8_t **salt)
{
	if (w->salts_left == 0) {
		if (getrandom(w->salts, sizeof w->salts, 0) != (ssize_t)sizeof w->salts)
			return ERR_IO;
		w->salts_left = SALT_POOL;
	}
	*salt = w->salts[--w->salts_left];
	return ERR_OK;
}

static enum err append_leaf(struct audit_writer *w, enum leaf_kind kind, struct span body, struct store_leaf *leaf)
{
	const uint8_t *salt;
	enum err err = next_salt(w, &salt);
	return err != ERR_OK ? err : store_append(w->store, kind, clock_realtime_ns(), salt, body, leaf);
}

static enum err append_ticket(struct audit_writer *w, struct audit_ticket *t)
{
	struct store_leaf leaf;
	enum err err = append_leaf(w, t->kind, t->body, &leaf);
	if (err != ERR_OK)
		return err;
	t->sequence = leaf.sequence;
	memcpy(t->leaf_hash, leaf.hash.b, sizeof t->leaf_hash);
	if (t->body2.n == 0 && t->fixup == NULL)
		return ERR_OK;
	struct span body2 = t->fixup != NULL ? t->fixup(t, t->sequence) : t->body2;
	if (body2.n == 0)
		return ERR_OK;
	err = append_leaf(w, t->kind2, body2, &leaf);
	t->sequence2 = leaf.sequence;
	return err;
}

/* Takes from todo as much as one transaction may hold. */
static void gather(struct audit_writer *w, struct group *g)
{
	while (w->todo.head != NULL && g->tickets.n < w->commit_records && g->bytes < GROUP_BYTES) {
		struct audit_ticket *t = queue_pop(&w->todo);
		g->bytes += t->body.n + t->body2.n;
		queue_push(&g->tickets, t);
	}
	g->ledger = w->ledger_todo.n;
	pthread_mutex_lock(&w->lock);
	g->checkpoint = w->signed_note.n > 0;
	if (g->checkpoint) {
		g->note = w->signed_note;
		g->note_size = w->signed_note_size;
		buf_init(&w->signed_note, 0);
	}
	pthread_mutex_unlock(&w->lock);
}

static enum err append_extras(struct audit_writer *w, const struct group *g)
{
	enum err err = ERR_OK;
	for (size_t i = 0; i < g->ledger && err == ERR_OK; i++) {
		uint8_t key[16], value[LEDGER_VALUE];
		ledger_key_encode(w->ledger_todo.p[i].key, key);
		ledger_entry_encode(&w->ledger_todo.p[i].entry, value);
		err = store_put_ledger(w->store, span_of(key, sizeof key), span_of(value, sizeof value));
	}
	if (err == ERR_OK && g->checkpoint)
		err = store_put_checkpoint(w->store, g->note_size, buf_span(&g->note));
	return err;
}

/* Refused one by one, before anything of them was written: the others go on. */
static void drop_unwritable(struct group *g, bool room)
{
	struct ticket_queue all;
	queue_init(&all);
	queue_move(&all, &g->tickets);
	for (struct audit_ticket *t; (t = queue_pop(&all)) != NULL;) {
		bool reserve = t->kind != LEAF_DECISION && t->kind != LEAF_ATTEMPT && t->body2.n == 0;
		if (t->body.n > STORE_MAX_BODY || t->body2.n > STORE_MAX_BODY)
			t->done(t, ERR_LIMIT);
		else if (!room && !reserve)
			t->done(t, ERR_STORE_FULL);
		else
			queue_push(&g->tickets, t);
	}
}

static enum err write_group(struct audit_writer *w, struct group *g)
{
	/* This group's own decisions are open, too: the mark must not pass them. */
	uint64_t low = open_set_low(&w->open, store_size(w->store));
	enum err err = store_begin(w->store, clock_realtime_ns());
	if (err != ERR_OK)
		return err;
	for (struct audit_ticket *t = g->tickets.head; t != NULL && err == ERR_OK; t = t->next)
		err = append_ticket(w, t);
	if (err == ERR_OK)
		err = append_extras(w, g);
	if (err == ERR_OK)
		return store_commit(w->store, low);
	store_abort(w->store);
	return err;
}

static void note_open(struct audit_writer *w, enum leaf_kind kind, struct span body, uint64_t sequence)
{
	uint64_t decision;
	if (kind == LEAF_DECISION) {
		/* Out of memory: it will be found open only if something older is open too. Said, not hidden. */
		if (open_set_add(&w->open, sequence) != ERR_OK)
			log_line(LOG_WARN, "audit-open-decision-forgotten", LOG_N("sequence", sequence));
	} else if (kind == LEAF_OUTCOME && record_decision_of(body, &decision) == ERR_OK) {
		open_set_remove(&w->open, decision);
	}
}

/* After the commit, before anybody is told. */
static void group_durable(struct audit_writer *w, const struct group *g)
{
	for (const struct audit_ticket *t = g->tickets.head; t != NULL; t = t->next)
		note_open(w, t->kind, t->body, t->sequence);
	w->ledger_todo.n -= g->ledger;
	if (w->ledger_todo.n > 0)
		memmove(w->ledger_todo.p, w->ledger_todo.p + g->ledger, w->ledger_todo.n * sizeof *w->ledger_todo.p);
	w->last_write_ms = clock_monotonic_us() / 1000;
}

/* Posts go back to the head of the queue and are tried again; tickets stay in the group, to be refused. */
static void keep_posts(struct audit_writer *w, struct group *g)
{
	struct ticket_queue all, kept;
	queue_init(&all);
	queue_init(&kept);
	/* Whoever waits behind this group is told at once, rather than at its turn. */
	queue_move(&all, &g->tickets);
	queue_move(&all, &w->todo);
	for (struct audit_ticket *t; (t = queue_pop(&all)) != NULL;)
		queue_push(ticket_is_post(t) ? &kept : &g->tickets, t);
	queue_move(&w->todo, &kept);
}

static void answer(struct group *g, enum err err)
{
	for (struct audit_ticket *t; (t = queue_pop(&g->tickets)) != NULL;)
		t->done(t, err);
}

/* state: how the writer is now, which may be short of room although this group went well. */
static void publish(struct audit_writer *w, const struct group *g, bool wrote, enum err state, uint64_t us)
{
	struct audit_status *st = &w->status;
	pthread_mutex_lock(&w->lock);
	bool was = st->healthy;
	st->healthy = state == ERR_OK;
	st->err = state;
	st->size = store_size(w->store);
	store_usage(w->store, &st->map_used, &st->map_bytes);
	if (wrote) {
		st->last_commit_us = us;
		st->commits++;
		if (g->checkpoint)
			st->signed_size = g->note_size;
	}
	w->waiting = w->todo.n + w->incoming.n;
	note_group(w, &g->tickets);
	w->attempts++;
	pthread_cond_broadcast(&w->news);
	pthread_mutex_unlock(&w->lock);
	if (was != (state == ERR_OK))
		log_line(state == ERR_OK ? LOG_INFO : LOG_ERROR, "audit-writer-state",
			 LOG_S("state", err_reason(state)));
}

/* One transaction. */
static enum err run_group(struct audit_writer *w)
{
	struct group g = {0};
	uint64_t start = clock_monotonic_us();
	queue_init(&g.tickets);
	gather(w, &g);
	drop_unwritable(&g, store_has_room(w->store));
	bool any = g.tickets.n > 0 || g.ledger > 0 || g.checkpoint;
	enum err err = any ? write_group(w, &g) : ERR_OK;
	if (any && err == ERR_OK)
		group_durable(w, &g);
	else if (err != ERR_OK)
		keep_posts(w, &g);
	enum err state = err == ERR_OK && !store_has_room(w->store) ? ERR_STORE_FULL : err;
	publish(w, &g, any && err == ERR_OK, state, clock_monotonic_us() - start);
	answer(&g, err);
	buf_fini(&g.note);
	return err;
}

static bool post_event(struct audit_writer *w, enum leaf_kind kind, struct span name)
{
	const struct record_event event = {.name = name};
	struct buf body = {0};
	struct audit_ticket *t = NULL;
	if (record_event_encode(&event, &body) == ERR_OK)
		t = post_new(kind, buf_span(&body));
	buf_fini(&body);
	if (t != NULL)
		queue_push(&w->todo, t);
	return t != NULL;
}

/* Takes over what came in; returns whether the writer is closing. */
static bool take_incoming(struct audit_writer *w, bool wait, bool failing)
{
	pthread_mutex_lock(&w->lock);
	if (wait)
		wait_for_work(w, failing);
	queue_move(&w->todo, &w->incoming);
	w->urgent = false;
	w->riders_us = 0;
	for (size_t i = 0; i < w->ledger_incoming.n; i++)
		if (ledger_puts_add(&w->ledger_todo, &w->ledger_incoming.p[i]) != ERR_OK)
			log_line(LOG_ERROR, "audit-ledger-entry-not-stored");
	w->ledger_incoming.n = 0;
	bool closing = w->closing, resize = w->resize;
	uint64_t bytes = w->resize_bytes;
	w->resize = false;
	pthread_mutex_unlock(&w->lock);
	if (resize && store_resize(w->store, bytes) != ERR_OK)
		log_line(LOG_ERROR, "audit-store-not-resized");
	return closing;
}

static bool heartbeat_due(const struct audit_writer *w)
{
	return clock_monotonic_us() / 1000 >= w->last_write_ms + (uint64_t)w->heartbeat_s * 1000;
}

static bool pending(struct audit_writer *w)
{
	pthread_mutex_lock(&w->lock);
	bool note = w->signed_note.n > 0;
	pthread_mutex_unlock(&w->lock);
	return w->todo.head != NULL || w->ledger_todo.n > 0 || note;
}

/* What cannot be written now is refused or, if it was only posted, lost and said so. */
static void drain(struct audit_writer *w)
{
	enum err err = ERR_OK;
	(void)post_event(w, LEAF_STOP, SPAN("stop"));
	while (err == ERR_OK && pending(w))
		err = run_group(w);
	for (struct audit_ticket *t; (t = queue_pop(&w->todo)) != NULL;) {
		log_line(LOG_ERROR, "audit-record-lost", LOG_S("kind", leaf_kind_name(t->kind)));
		t->done(t, ERR_SHUTDOWN);
	}
	pthread_mutex_lock(&w->lock);
	w->drained = true;
	pthread_cond_broadcast(&w->news);
	pthread_mutex_unlock(&w->lock);
}

void *writer_thread(void *arg)
{
	struct audit_writer *w = arg;
	enum err err = ERR_OK;
	w->last_write_ms = clock_monotonic_us() / 1000;
	while (!take_incoming(w, err != ERR_OK || !pending(w), !w->status.healthy)) {
		/* A broken segment is known to be mended only when something was written. */
		if (heartbeat_due(w) || (err == ERR_IO && w->todo.head == NULL))
			(void)post_event(w, LEAF_HEARTBEAT, SPAN("heartbeat"));
		err = run_group(w);
	}
	drain(w);
	return NULL;
}
