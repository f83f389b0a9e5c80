#include <errno.h>
#include <time.h>

#include "audit/state.h"

enum { RETRY_MS = 200 };

/* A signal costs a system call when somebody sleeps, so only a sleep that is too long is ended, and once. */
void rouse(struct audit_writer *w, uint64_t by_us)
{
	if (!w->asleep || by_us >= w->sleep_us)
		return;
	w->asleep = false;
	pthread_cond_signal(&w->work);
}

void rouse_for_ticket(struct audit_writer *w)
{
	if (w->incoming.awaited >= w->enough)
		rouse(w, 0);
}

void rouse_for_rider(struct audit_writer *w)
{
	if (w->incoming.n >= w->commit_records)
		rouse(w, 0);
	if (w->riders_us != 0)
		return;
	w->riders_us = clock_monotonic_us() + RIDE_MS * 1000;
	rouse(w, w->riders_us);
}

void rouse_for_outcome(struct audit_writer *w)
{
	if (w->others > 0 && --w->others == 0 && w->incoming.awaited > 0)
		rouse(w, 0);
}

static void sleep_until(struct audit_writer *w, uint64_t until_us, size_t enough)
{
	const struct timespec ts = {.tv_sec = (time_t)(until_us / 1000000),
				    .tv_nsec = (long)(until_us % 1000000) * 1000};
	int rc = 0;
	w->asleep = true;
	w->sleep_us = until_us;
	w->enough = enough;
	while (w->asleep && rc != ETIMEDOUT)
		rc = pthread_cond_clockwait(&w->work, &w->lock, CLOCK_MONOTONIC, &ts);
	w->asleep = false;
}

static bool due_now(const struct audit_writer *w)
{
	return w->closing || w->urgent || w->resize || w->signed_note.n > 0 || w->incoming.awaited > 0 ||
	       w->incoming.n >= w->commit_records;
}

static uint64_t due_at(const struct audit_writer *w, uint64_t retry_us)
{
	/* While writing fails a heartbeat is overdue all the time. */
	uint64_t at = retry_us != 0 ? retry_us : (w->last_write_ms + (uint64_t)w->heartbeat_s * 1000) * 1000;
	return w->riders_us != 0 && w->riders_us < at ? w->riders_us : at;
}

/* Those whose decisions were answered before are about to have their outcomes, and then most of them come back: one
 * commit for all is worth a short wait, if they come often enough. A caller who is alone is nobody's company and never
 * waits. */
static void wait_for_company(struct audit_writer *w)
{
	uint64_t window = (uint64_t)w->commit_ms * 1000, now = clock_monotonic_us(), until = now + window;
	if (w->gap_us >= window)
		return;
	while (w->others > 0 && w->incoming.awaited > 0 && w->incoming.n < w->commit_records && !w->urgent &&
	       !w->closing && now < until) {
		sleep_until(w, until, w->commit_records);
		now = clock_monotonic_us();
	}
}

void note_group(struct audit_writer *w, const struct ticket_queue *group)
{
	enum { WEIGHT = 8, GAP_MAX = 50000 /* a pause is forgotten after a few groups */ };
	uint64_t now = clock_monotonic_us();
	if (group->awaited > 0) {
		uint64_t gap = (now - w->group_us) / group->awaited;
		w->gap_us = (w->gap_us * (WEIGHT - 1) + (gap < GAP_MAX ? gap : GAP_MAX)) / WEIGHT;
		w->group_us = now;
	}
	w->others = w->open.n;
	for (const struct audit_ticket *t = w->incoming.head; t != NULL && w->others > 0; t = t->next)
		w->others -= t->kind == LEAF_OUTCOME;
}

void wait_for_work(struct audit_writer *w, bool failing)
{
	uint64_t now = clock_monotonic_us(), retry = failing ? now + RETRY_MS * 1000 : 0;
	for (uint64_t at; !due_now(w) && (at = due_at(w, retry)) > now; now = clock_monotonic_us())
		sleep_until(w, at, 1);
	if (!failing)
		wait_for_company(w);
}
