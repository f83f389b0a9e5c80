/* What shares a commit, what waits for company and for how long, and what of it is lost when. */
#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "audit/reader.h"
#include "audit/state.h"
#include "helper.h"

/* So long that a test which waits for it fails by the limit of wait_status. */
enum { FOR_EVER_MS = 600000 };

static void post_outcome(struct audit_writer *w, uint64_t decision)
{
	struct buf body = {0};
	outcome_body(&body, decision);
	assert_int_equal(audit_post(w, LEAF_OUTCOME, buf_span(&body)), ERR_OK);
	buf_fini(&body);
}

static struct audit_status status_of(struct audit_writer *w)
{
	struct audit_status s;
	audit_status(w, &s);
	return s;
}

/* An append that is not waited for. */
struct pending {
	struct audit_ticket ticket; /* first */
	struct buf body;
	pthread_mutex_t lock;
	pthread_cond_t cond;
	bool done;
	enum err err;
};

static void pending_done(struct audit_ticket *t, enum err err)
{
	struct pending *p = (struct pending *)t;
	pthread_mutex_lock(&p->lock);
	p->done = true;
	p->err = err;
	pthread_cond_signal(&p->cond);
	pthread_mutex_unlock(&p->lock);
}

static void pending_start(struct pending *p, struct audit_writer *w, uint64_t n)
{
	*p = (struct pending){.lock = PTHREAD_MUTEX_INITIALIZER, .cond = PTHREAD_COND_INITIALIZER};
	decision_body(&p->body, n);
	p->ticket = (struct audit_ticket){.done = pending_done, .kind = LEAF_DECISION, .body = buf_span(&p->body)};
	assert_int_equal(audit_append(w, &p->ticket), ERR_OK);
}

static void pending_wait(struct pending *p)
{
	pthread_mutex_lock(&p->lock);
	while (!p->done)
		pthread_cond_wait(&p->cond, &p->lock);
	pthread_mutex_unlock(&p->lock);
	assert_int_equal(p->err, ERR_OK);
	buf_fini(&p->body);
}

/* Of each record its kind, and of an outcome the decision it belongs to and whether it is "unknown". */
enum { MAX_ROWS = 512 };
struct row {
	enum leaf_kind kind;
	uint64_t decision;
	bool unknown;
};
struct rows {
	struct row row[MAX_ROWS];
	size_t n;
};

static bool add_row(void *arg, const struct audit_item *item)
{
	struct rows *rows = arg;
	struct record_outcome o;
	struct arena arena;
	assert_true(rows->n < MAX_ROWS);
	struct row *r = &rows->row[rows->n++];
	*r = (struct row){.kind = item->leaf.kind};
	if (r->kind != LEAF_OUTCOME)
		return true;
	arena_init(&arena, 0);
	assert_int_equal(record_outcome_decode(item->body, &arena, &o), ERR_OK);
	r->decision = o.decision;
	r->unknown = span_eq(o.result, SPAN("unknown"));
	arena_fini(&arena);
	return true;
}

static struct rows *read_rows(struct audit_writer *w)
{
	enum err err;
	struct audit_report report;
	struct rows *rows = calloc(1, sizeof *rows);
	struct audit_reader *r = audit_reader_attach(w, &err);
	const struct audit_query q = {.kinds = UINT32_MAX};
	assert_non_null(rows);
	assert_int_equal(audit_find(r, &q, add_row, rows), ERR_OK);
	assert_int_equal(audit_verify(r, SPAN_NULL, NULL, NULL, &report), ERR_OK);
	audit_reader_close(r);
	return rows;
}

static size_t outcomes_of(const struct rows *rows, uint64_t decision, bool unknown)
{
	size_t n = 0;
	for (size_t i = 0; i < rows->n; i++)
		n += rows->row[i].kind == LEAF_OUTCOME && rows->row[i].decision == decision &&
		     rows->row[i].unknown == unknown;
	return n;
}

static void an_outcome_rides_with_the_next_decision(void **state)
{
	(void)state;
	enum { ROUNDS = 40 };
	char *dir = scratch_new();
	struct audit_options o = test_options(dir);
	struct audit_writer *w = open_writer(&o);
	uint64_t before = status_of(w).commits, start = clock_monotonic_us();
	for (uint64_t n = 0; n < ROUNDS; n++)
		post_outcome(w, append_decision(w, n).sequence);
	/* A commit of its own for each outcome would be twice as many. Only a ride that ends before the next decision
	 * comes makes one more, and so many rides have room in the time that it took. */
	uint64_t commits = status_of(w).commits - before;
	assert_true(commits <= ROUNDS + (clock_monotonic_us() - start) / (RIDE_MS * 1000));
	wait_status(w, status_size, 1 + 2 * ROUNDS);
	struct rows *rows = read_rows(w);
	/* In the order in which they came: decision and outcome in turns. */
	for (size_t i = 1; i < rows->n; i += 2) {
		assert_int_equal(rows->row[i].kind, LEAF_DECISION);
		assert_int_equal(rows->row[i + 1].kind, LEAF_OUTCOME);
		assert_int_equal(rows->row[i + 1].decision, i);
	}
	free(rows);
	audit_close(w);
	scratch_remove(dir);
}

/* Nothing else comes, and the next heartbeat is far away. */
static void a_lone_outcome_is_written_all_the_same(void **state)
{
	(void)state;
	char *dir = scratch_new();
	struct audit_options o = test_options(dir);
	o.heartbeat_s = 3600;
	struct audit_writer *w = open_writer(&o);
	post_outcome(w, append_decision(w, 1).sequence);
	wait_status(w, status_size, 3);
	const struct ledger_entry harmless = {.day = 20777}, taint = {.tainted = true, .day = 20777};
	uint64_t commits = status_of(w).commits;
	assert_int_equal(audit_ledger_put(w, LEDGER_STATE, SPAN("tenant"), SPAN("resp_1"), harmless), ERR_OK);
	while (status_of(w).commits == commits)
		sched_yield();
	assert_int_equal(audit_ledger_put(w, LEDGER_STATE, SPAN("tenant"), SPAN("resp_2"), taint), ERR_OK);
	while (status_of(w).commits == commits + 1)
		sched_yield();
	audit_close(w);
	scratch_remove(dir);
}

static void closing_takes_the_riders_along(void **state)
{
	(void)state;
	enum { DECISIONS = 20 };
	char *dir = scratch_new();
	struct audit_options o = test_options(dir);
	struct audit_writer *w = open_writer(&o);
	uint64_t sequences[DECISIONS];
	for (uint64_t n = 0; n < DECISIONS; n++)
		sequences[n] = append_decision(w, n).sequence;
	for (size_t n = 0; n < DECISIONS; n++)
		post_outcome(w, sequences[n]);
	audit_close(w);
	w = open_writer(&o);
	struct rows *rows = read_rows(w);
	for (size_t n = 0; n < DECISIONS; n++) {
		assert_int_equal(outcomes_of(rows, sequences[n], false), 1);
		assert_int_equal(outcomes_of(rows, sequences[n], true), 0);
		/* One behind the other in the order of the posts, and the stop leaf last. */
		assert_int_equal(rows->row[1 + DECISIONS + n].decision, sequences[n]);
	}
	assert_int_equal(rows->row[1 + 2 * DECISIONS].kind, LEAF_STOP);
	free(rows);
	audit_close(w);
	scratch_remove(dir);
}

/* A decision that was answered has its caller come back soon: the next one waits for that, and no longer. */
static void a_decision_waits_for_company(void **state)
{
	(void)state;
	char *dir = scratch_new();
	struct audit_options o = test_options(dir);
	struct pending second;
	o.commit_ms = FOR_EVER_MS;
	struct audit_writer *w = open_writer(&o);
	uint64_t first = append_decision(w, 1).sequence, commits = status_of(w).commits;
	pending_start(&second, w, 2);
	post_outcome(w, first);
	pending_wait(&second);
	struct audit_status s = status_of(w);
	assert_int_equal(s.commits, commits + 1);
	assert_int_equal(s.size, first + 3);
	struct rows *rows = read_rows(w);
	assert_int_equal(rows->row[first + 1].kind, LEAF_DECISION);
	assert_int_equal(rows->row[first + 2].kind, LEAF_OUTCOME);
	free(rows);
	audit_close(w);
	scratch_remove(dir);
}

/* Alone there is nobody to wait for: each of these would take ten minutes. */
static void who_is_alone_waits_for_nobody(void **state)
{
	(void)state;
	enum { ROUNDS = 30 };
	char *dir = scratch_new();
	struct audit_options o = test_options(dir);
	o.commit_ms = FOR_EVER_MS;
	struct audit_writer *w = open_writer(&o);
	for (uint64_t n = 0; n < ROUNDS; n++) {
		struct append_result r = append_decision(w, n);
		assert_int_equal(r.err, ERR_OK);
		post_outcome(w, r.sequence);
	}
	audit_close(w);
	scratch_remove(dir);
}

static void closing_ends_the_wait_for_company(void **state)
{
	(void)state;
	char *dir = scratch_new();
	struct audit_options o = test_options(dir);
	struct pending second;
	o.commit_ms = FOR_EVER_MS;
	struct audit_writer *w = open_writer(&o);
	assert_int_equal(append_decision(w, 1).err, ERR_OK);
	pending_start(&second, w, 2);
	audit_close(w);
	pending_wait(&second);
	scratch_remove(dir);
}

/* As many as a commit may hold are company enough. */
static void a_full_commit_waits_no_longer(void **state)
{
	(void)state;
	enum { FULL = 4 };
	char *dir = scratch_new();
	struct audit_options o = test_options(dir);
	struct pending p[FULL];
	o.commit_ms = FOR_EVER_MS;
	o.commit_records = FULL;
	struct audit_writer *w = open_writer(&o);
	assert_int_equal(append_decision(w, 1).err, ERR_OK);
	for (size_t i = 0; i < FULL; i++)
		pending_start(&p[i], w, i);
	for (size_t i = 0; i < FULL; i++)
		pending_wait(&p[i]);
	audit_close(w);
	scratch_remove(dir);
}

enum { KILLED_DECISIONS = 12 };

/* Decisions, acknowledged through the pipe; their outcomes posted; then dead, with the posts at whatever stage. */
static _Noreturn void child_dies_with_riders(const struct audit_options *o, int pipe, uint64_t written_first)
{
	enum err err;
	struct audit_writer *w = audit_open(o, &err);
	for (uint64_t n = 0; n < KILLED_DECISIONS; n++) {
		struct append_result r = append_decision(w, n);
		if (r.err != ERR_OK || write(pipe, &r.sequence, sizeof r.sequence) != (ssize_t)sizeof r.sequence)
			_exit(1);
		post_outcome(w, r.sequence);
	}
	wait_status(w, status_size, written_first);
	kill(getpid(), SIGKILL);
	_exit(1);
}

/* An outcome that was on its way is lost, and said to be unknown; no decision is, nor has one two outcomes. */
static void a_crash_between_leaves_unknown_outcomes(void **state)
{
	(void)state;
	for (uint64_t round = 0; round < 6; round++) {
		char *dir = scratch_new();
		struct audit_options o = test_options(dir);
		uint64_t sequences[KILLED_DECISIONS];
		int fds[2], status;
		assert_int_equal(pipe(fds), 0);
		pid_t pid = fork();
		assert_true(pid >= 0);
		if (pid == 0) /* every second time when the last outcome has been written, too */
			child_dies_with_riders(&o, fds[1], round % 2 == 0 ? 0 : 1 + 2 * KILLED_DECISIONS);
		close(fds[1]);
		for (size_t n = 0; n < KILLED_DECISIONS; n++)
			assert_int_equal(read(fds[0], &sequences[n], sizeof *sequences), sizeof *sequences);
		assert_int_equal(waitpid(pid, &status, 0), pid);
		assert_true(WIFSIGNALED(status));
		close(fds[0]);
		struct audit_writer *w = open_writer(&o);
		struct rows *rows = read_rows(w);
		for (size_t n = 0; n < KILLED_DECISIONS; n++) {
			assert_int_equal(rows->row[sequences[n]].kind, LEAF_DECISION);
			size_t known = outcomes_of(rows, sequences[n], false);
			assert_int_equal(known + outcomes_of(rows, sequences[n], true), 1);
			assert_true(round % 2 == 0 || known == 1);
		}
		free(rows);
		audit_close(w);
		scratch_remove(dir);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_outcome_rides_with_the_next_decision),
		cmocka_unit_test(a_lone_outcome_is_written_all_the_same),
		cmocka_unit_test(closing_takes_the_riders_along),
		cmocka_unit_test(a_decision_waits_for_company),
		cmocka_unit_test(who_is_alone_waits_for_nobody),
		cmocka_unit_test(closing_ends_the_wait_for_company),
		cmocka_unit_test(a_full_commit_waits_no_longer),
		cmocka_unit_test(a_crash_between_leaves_unknown_outcomes),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
