#include "audit/writer.h"

#include <stdlib.h>

#include "audit/format/sha256.h"
#include "audit/state.h"
#include "base/log.h"

static uint32_t or_default(uint32_t v, uint32_t deflt)
{
	return v > 0 ? v : deflt;
}

static void derive(const uint8_t secret[STORE_SECRET], const char *purpose, uint8_t out[32])
{
	const struct span parts[] = {span_of(secret + 32, STORE_SECRET - 32), span_str(purpose)};
	hmac_sha256(secret, parts, 2, out);
}

static void derive_keys(struct audit_writer *w)
{
	uint8_t secret[STORE_SECRET], key[32];
	store_secret(w->store, secret);
	derive(secret, "commitment", w->commit_key);
	derive(secret, "ledger", key);
	memcpy(w->ledger_key, key, sizeof w->ledger_key);
	explicit_bzero(secret, sizeof secret);
	explicit_bzero(key, sizeof key);
}

static enum err init_state(struct audit_writer *w, const struct audit_options *o)
{
	w->commit_ms = o->commit_ms;
	w->commit_records = or_default(o->commit_records, 256);
	w->checkpoint_ms = or_default(o->checkpoint_ms, 1000);
	w->heartbeat_s = or_default(o->heartbeat_s, 60);
	w->queue_records = o->queue_records > 0 ? o->queue_records : 65536;
	w->origin = strdup(o->origin);
	w->signer_socket = o->signer_socket != NULL ? strdup(o->signer_socket) : NULL;
	if (w->origin == NULL || (o->signer_socket != NULL && w->signer_socket == NULL))
		return ERR_NOMEM;
	queue_init(&w->incoming);
	queue_init(&w->todo);
	if (pthread_mutex_init(&w->lock, NULL) != 0 || pthread_cond_init(&w->work, NULL) != 0 ||
	    pthread_cond_init(&w->news, NULL) != 0 || pthread_cond_init(&w->halt, NULL) != 0)
		return ERR_NOMEM;
	return ledger_init(&w->ledger, or_default(o->ledger_days, 30));
}

static enum err recover(struct audit_writer *w)
{
	struct span note;
	uint64_t size;
	enum err err = recover_check_tail(w->store);
	if (err == ERR_OK)
		err = recover_ledger(w);
	if (err == ERR_OK)
		err = recover_open_decisions(w);
	if (err != ERR_OK)
		return err;
	struct store_view *v = store_view_begin(w->store, &err);
	if (v == NULL)
		return err;
	err = store_view_checkpoint(v, UINT64_MAX, &size, &note);
	if (err == ERR_OK)
		w->status.signed_size = w->asked_size = size;
	store_view_end(v);
	return err == ERR_NOT_FOUND ? ERR_OK : err;
}

/* The store is open for business when its start is recorded, or known to be impossible at present. */
static enum err start_threads(struct audit_writer *w)
{
	w->status.healthy = true;
	w->status.size = store_size(w->store);
	store_usage(w->store, &w->status.map_used, &w->status.map_bytes);
	w->waiting = w->incoming.n;
	w->urgent = true;
	if (pthread_create(&w->thread, NULL, writer_thread, w) != 0)
		return ERR_NOMEM;
	w->started = true;
	pthread_mutex_lock(&w->lock);
	while (w->status.healthy && (w->attempts == 0 || w->waiting > 0))
		pthread_cond_wait(&w->news, &w->lock);
	pthread_mutex_unlock(&w->lock);
	if (w->signer_socket == NULL)
		return ERR_OK;
	if (pthread_create(&w->signer_thread, NULL, signer_thread, w) != 0)
		return ERR_NOMEM;
	w->signer_started = true;
	return ERR_OK;
}

static void release(struct audit_writer *w)
{
	for (struct audit_ticket *t; (t = queue_pop(&w->incoming)) != NULL;)
		t->done(t, ERR_SHUTDOWN);
	store_close(w->store);
	ledger_fini(&w->ledger);
	ledger_puts_fini(&w->ledger_incoming);
	ledger_puts_fini(&w->ledger_todo);
	open_set_fini(&w->open);
	buf_fini(&w->signed_note);
	pthread_cond_destroy(&w->halt);
	pthread_cond_destroy(&w->news);
	pthread_cond_destroy(&w->work);
	pthread_mutex_destroy(&w->lock);
	free(w->origin);
	free(w->signer_socket);
	explicit_bzero(w, sizeof *w);
	free(w);
}

struct audit_writer *audit_open(const struct audit_options *o, enum err *err)
{
	const struct store_options so = {.path = o->path, .bytes = o->map_bytes, .segment_bytes = o->segment_bytes};
	struct audit_writer *w = calloc(1, sizeof *w);
	*err = ERR_NOMEM;
	if (w == NULL)
		return NULL;
	*err = init_state(w, o);
	if (*err == ERR_OK)
		w->store = store_open(&so, err);
	if (w->store != NULL) {
		derive_keys(w);
		*err = recover(w);
	}
	if (*err == ERR_OK)
		*err = start_threads(w);
	if (*err == ERR_OK)
		return w;
	if (w->started)
		audit_close(w);
	else
		release(w);
	return NULL;
}

static void stop_signer(struct audit_writer *w)
{
	if (!w->signer_started)
		return;
	pthread_mutex_lock(&w->lock);
	w->signer_stop = true;
	pthread_cond_broadcast(&w->news);
	pthread_cond_broadcast(&w->halt);
	pthread_mutex_unlock(&w->lock);
	pthread_join(w->signer_thread, NULL);
}

/* Over the stop leaf, too; the writing thread has ended, so this thread may write. */
static void last_checkpoint(struct audit_writer *w)
{
	if (w->signer_socket == NULL || store_size(w->store) == w->status.signed_size || sign_now(w) != ERR_OK)
		return;
	enum err err = store_begin(w->store, clock_realtime_ns());
	if (err == ERR_OK)
		err = store_put_checkpoint(w->store, w->signed_note_size, buf_span(&w->signed_note));
	if (err == ERR_OK)
		err = store_commit(w->store, open_set_low(&w->open, store_size(w->store)));
	store_abort(w->store);
	if (err != ERR_OK)
		log_line(LOG_ERROR, "audit-last-checkpoint-not-stored", LOG_S("reason", err_reason(err)));
}

void audit_close(struct audit_writer *w)
{
	if (w == NULL)
		return;
	pthread_mutex_lock(&w->lock);
	w->closing = true;
	rouse(w, 0);
	pthread_mutex_unlock(&w->lock);
	pthread_join(w->thread, NULL);
	stop_signer(w);
	last_checkpoint(w);
	release(w);
}

/* Called with the lock held. */
static enum err admit(const struct audit_writer *w)
{
	if (w->closing)
		return ERR_SHUTDOWN;
	return w->waiting < w->queue_records ? ERR_OK : ERR_AUDIT;
}

static enum err enqueue(struct audit_writer *w, struct audit_ticket *t)
{
	pthread_mutex_lock(&w->lock);
	enum err err = admit(w);
	if (err == ERR_OK) {
		queue_push(&w->incoming, t);
		w->waiting++;
		if (ticket_is_post(t))
			rouse_for_rider(w);
		else
			rouse_for_ticket(w);
		if (t->kind == LEAF_OUTCOME)
			rouse_for_outcome(w);
	}
	pthread_mutex_unlock(&w->lock);
	return err;
}

enum err audit_append(struct audit_writer *w, struct audit_ticket *t)
{
	if (t->body.n > STORE_MAX_BODY || t->body2.n > STORE_MAX_BODY)
		return ERR_LIMIT;
	return enqueue(w, t);
}

enum err audit_post(struct audit_writer *w, enum leaf_kind kind, struct span body)
{
	if (body.n > STORE_MAX_BODY)
		return ERR_LIMIT;
	struct audit_ticket *t = post_new(kind, body);
	if (t == NULL)
		return ERR_NOMEM;
	enum err err = enqueue(w, t);
	if (err != ERR_OK)
		free(t);
	return err;
}

enum err audit_resize(struct audit_writer *w, uint64_t map_bytes)
{
	pthread_mutex_lock(&w->lock);
	enum err err = w->closing ? ERR_SHUTDOWN : ERR_OK;
	w->resize = err == ERR_OK;
	w->resize_bytes = map_bytes;
	rouse(w, 0);
	pthread_mutex_unlock(&w->lock);
	return err;
}

/* The lock is there to be taken by readers, too. */
static pthread_mutex_t *lock_of(const struct audit_writer *w)
{
	union {
		const struct audit_writer *in;
		struct audit_writer *out;
	} p = {.in = w};
	return &p.out->lock;
}

void audit_status(const struct audit_writer *w, struct audit_status *out)
{
	pthread_mutex_lock(lock_of(w));
	*out = w->status;
	pthread_mutex_unlock(lock_of(w));
}

static struct hash128 ledger_key(const struct audit_writer *w, enum ledger_kind kind, struct span tenant,
				 struct span id)
{
	struct siphash h;
	uint8_t tag = (uint8_t)kind;
	siphash_init(&h, w->ledger_key);
	siphash_add_field(&h, span_of(&tag, 1));
	siphash_add_field(&h, tenant);
	siphash_add_field(&h, id);
	return siphash_final(&h);
}

enum err audit_ledger_put(struct audit_writer *w, enum ledger_kind kind, struct span tenant, struct span id,
			  struct ledger_entry e)
{
	struct ledger_put p = {.key = ledger_key(w, kind, tenant, id)};
	enum err err = ledger_put(&w->ledger, p.key, &e, clock_today(), &p.entry);
	if (err != ERR_OK)
		return err;
	pthread_mutex_lock(&w->lock);
	err = w->closing ? ERR_SHUTDOWN : ledger_puts_add(&w->ledger_incoming, &p);
	/* To forget that a state was harmless is safe: unknown states are refused. To forget a taint is not. */
	if (err == ERR_OK && p.entry.tainted) {
		w->urgent = true;
		rouse(w, 0);
	} else if (err == ERR_OK) {
		rouse_for_rider(w);
	}
	pthread_mutex_unlock(&w->lock);
	return err;
}

bool audit_ledger_find(const struct audit_writer *w, enum ledger_kind kind, struct span tenant, struct span id,
		       struct ledger_entry *out)
{
	union {
		const struct audit_writer *in;
		struct audit_writer *out;
	} p = {.in = w};
	return ledger_find(&p.out->ledger, ledger_key(w, kind, tenant, id), clock_today(), out);
}

void audit_commit(const struct audit_writer *w, const char *purpose, struct span value, uint8_t out[32])
{
	size_t n = strlen(purpose);
	const uint8_t length[4] = {(uint8_t)(n >> 24), (uint8_t)(n >> 16), (uint8_t)(n >> 8), (uint8_t)n};
	const struct span parts[] = {span_of(length, sizeof length), span_of(purpose, n), value};
	hmac_sha256(w->commit_key, parts, 3, out);
}
