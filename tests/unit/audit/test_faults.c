/* Promise 1 under attack: full disks, failing disks, kill -9 and power loss. */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "audit/reader.h"
#include "faults.h"
#include "helper.h"

static void verify_log(struct audit_writer *w)
{
	enum err err;
	struct audit_report report;
	struct audit_reader *r = audit_reader_attach(w, &err);
	err = audit_verify(r, SPAN_NULL, NULL, NULL, &report);
	if (err != ERR_OK)
		fail_msg("%s: %s at %lu", err_name(err), report.fault != NULL ? report.fault : "", report.at);
	audit_reader_close(r);
}

/* An acknowledged record. */
struct ack {
	uint64_t sequence;
	uint8_t leaf_hash[32];
};

struct search {
	const struct ack *acks;
	size_t n, at;
};

static bool compare(void *arg, const struct audit_item *item)
{
	struct search *s = arg;
	while (s->at < s->n && s->acks[s->at].sequence < item->leaf.sequence)
		s->at++;
	if (s->at < s->n && s->acks[s->at].sequence == item->leaf.sequence) {
		assert_true(item->has_body);
		assert_memory_equal(item->leaf_hash, s->acks[s->at].leaf_hash, 32);
		s->acks++;
		s->n--;
	}
	return true;
}

/* Acks rise in sequence. */
static void all_there(struct audit_writer *w, const struct ack *acks, size_t n)
{
	enum err err;
	struct search s = {.acks = acks, .n = n};
	struct audit_reader *r = audit_reader_attach(w, &err);
	assert_int_equal(audit_list(r, 0, UINT64_MAX, compare, &s), ERR_OK);
	assert_int_equal(s.n, 0);
	audit_reader_close(r);
}

static void a_full_disk_refuses_and_recovers(void **state)
{
	(void)state;
	char *dir = scratch_new();
	struct audit_options o = test_options(dir);
	struct audit_writer *w = open_writer(&o);
	struct buf outcome = {0};
	struct append_result first = append_decision(w, 1);
	assert_int_equal(first.err, ERR_OK);
	/* No more space can be had, though what was set aside can still be written. */
	faults_set((struct faults){.allocate = ENOSPC});
	enum err err = ERR_OK;
	for (uint64_t n = 0; err == ERR_OK && n < 100000; n++) {
		struct buf body = {0};
		for (size_t i = 0; i < 200000; i++)
			buf_add_byte(&body, 0);
		err = append_wait(w, LEAF_DECISION, buf_span(&body)).err;
		buf_fini(&body);
	}
	assert_int_equal(err, ERR_STORE_FULL);
	wait_status(w, status_failing, (uint64_t)ERR_STORE_FULL);
	/* The reserve keeps what happened recordable. */
	struct audit_status before;
	audit_status(w, &before);
	outcome_body(&outcome, first.sequence);
	assert_int_equal(append_wait(w, LEAF_OUTCOME, buf_span(&outcome)).err, ERR_OK);
	assert_int_equal(append_decision(w, 2).err, ERR_STORE_FULL);
	wait_status(w, status_size, before.size + 1);
	faults_set((struct faults){0});
	wait_status(w, status_healthy, 0);
	assert_int_equal(append_decision(w, 3).err, ERR_OK);
	verify_log(w);
	buf_fini(&outcome);
	audit_close(w);
	scratch_remove(dir);
}

static void a_full_map_refuses_and_recovers_when_enlarged(void **state)
{
	(void)state;
	char *dir = scratch_new();
	struct audit_options o = test_options(dir);
	o.map_bytes = 4 << 20;
	struct audit_writer *w = open_writer(&o);
	uint64_t n = 0;
	enum err err = ERR_OK;
	for (; err == ERR_OK && n < 100000; n++) {
		struct buf body = {0};
		for (size_t i = 0; i < 50000; i++)
			buf_add_byte(&body, 0);
		err = append_wait(w, LEAF_DECISION, buf_span(&body)).err;
		buf_fini(&body);
	}
	assert_int_equal(err, ERR_STORE_FULL);
	assert_true(n > 10);
	wait_status(w, status_failing, (uint64_t)ERR_STORE_FULL);
	/* Refusals go on being recorded until the reserve is gone, too; then they wait. */
	struct buf summary = {0};
	struct record_refusals r = {.n = 1};
	r.rows[0].reason = SPAN("framing");
	assert_int_equal(record_refusals_encode(&r, &summary), ERR_OK);
	assert_int_equal(append_wait(w, LEAF_REFUSALS, buf_span(&summary)).err, ERR_OK);
	struct buf large = {0};
	for (size_t i = 0; i < 1000000; i++)
		buf_add_byte(&large, 0);
	struct audit_status s;
	audit_status(w, &s);
	assert_int_equal(audit_post(w, LEAF_REFUSALS, buf_span(&large)), ERR_OK);
	assert_int_equal(append_wait(w, LEAF_REFUSALS, buf_span(&large)).err, ERR_STORE_FULL);
	assert_int_equal(audit_resize(w, 64 << 20), ERR_OK);
	wait_status(w, status_healthy, 0);
	wait_status(w, status_size, s.size + 1); /* what had been posted is there now */
	assert_int_equal(append_decision(w, 1).err, ERR_OK);
	verify_log(w);
	buf_fini(&summary);
	buf_fini(&large);
	audit_close(w);
	scratch_remove(dir);
}

/* Any fault while committing: whoever waited is refused; afterwards a new segment takes over. */
static void survive(struct faults f, enum err want)
{
	char *dir = scratch_new();
	struct audit_options o = test_options(dir);
	struct audit_writer *w = open_writer(&o);
	struct ack acks[3];
	for (uint64_t round = 0; round < 3; round++) {
		struct append_result good = append_decision(w, round);
		assert_int_equal(good.err, ERR_OK);
		acks[round].sequence = good.sequence;
		memcpy(acks[round].leaf_hash, good.leaf_hash, sizeof good.leaf_hash);
		faults_set(f);
		assert_int_equal(append_decision(w, 100).err, want);
		wait_status(w, status_failing, (uint64_t)want);
		assert_int_equal(append_decision(w, 101).err, want);
		faults_set((struct faults){0});
		wait_status(w, status_healthy, 0);
		verify_log(w);
	}
	all_there(w, acks, 3);
	audit_close(w);
	w = open_writer(&o);
	all_there(w, acks, 3);
	verify_log(w);
	audit_close(w);
	scratch_remove(dir);
}

static void failed_data_writes_are_survived(void **state)
{
	(void)state;
	survive((struct faults){.write = EIO}, ERR_IO);
	survive((struct faults){.write = ENOSPC}, ERR_STORE_FULL);
}

static void failed_syncs_are_survived(void **state)
{
	(void)state;
	survive((struct faults){.sync = EIO}, ERR_IO);
}

static void failed_meta_writes_are_survived(void **state)
{
	(void)state;
	survive((struct faults){.meta = EIO}, ERR_IO);
	/* The commit did reach the disk, although it was reported to have failed: the next segment makes it void. */
	survive((struct faults){.meta = EIO, .after = true}, ERR_IO);
}

/* In the child: appends for ever, telling the parent of each acknowledged record. */
struct child_ticket {
	struct audit_ticket ticket; /* first */
	struct audit_writer *writer;
	struct buf body;
	int pipe;
};

static void child_done(struct audit_ticket *t, enum err err)
{
	struct child_ticket *c = (struct child_ticket *)t;
	struct ack ack = {.sequence = t->sequence};
	memcpy(ack.leaf_hash, t->leaf_hash, sizeof ack.leaf_hash);
	if (err != ERR_OK || write(c->pipe, &ack, sizeof ack) != (ssize_t)sizeof ack ||
	    audit_append(c->writer, t) != ERR_OK)
		_exit(1);
}

static _Noreturn void child_appends(const struct audit_options *o, int pipe)
{
	enum { OUTSTANDING = 8 };
	static struct child_ticket tickets[OUTSTANDING];
	enum err err;
	if (write(pipe, "", 1) != 1)
		_exit(1);
	struct audit_writer *w = audit_open(o, &err);
	if (w == NULL)
		_exit(1);
	for (size_t i = 0; i < OUTSTANDING; i++) {
		struct child_ticket *c = &tickets[i];
		c->writer = w;
		c->pipe = pipe;
		decision_body(&c->body, i);
		c->ticket =
			(struct audit_ticket){.done = child_done, .kind = LEAF_DECISION, .body = buf_span(&c->body)};
		if (audit_append(w, &c->ticket) != ERR_OK)
			_exit(1);
	}
	for (;;)
		pause();
}

enum { KILLS = 100, MAX_ACKS = 4096 };

static size_t run_and_kill(const struct audit_options *o, uint64_t acks_before, struct ack *acks)
{
	int fds[2];
	char hello;
	size_t n = 0;
	assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
	fcntl(fds[1], F_SETPIPE_SZ, 1 << 20);
	pid_t pid = fork();
	assert_true(pid >= 0);
	if (pid == 0)
		child_appends(o, fds[1]);
	close(fds[1]);
	assert_int_equal(read(fds[0], &hello, 1), 1);
	while (n < acks_before && read(fds[0], &acks[n], sizeof *acks) == (ssize_t)sizeof *acks)
		n++;
	assert_int_equal(n, acks_before);
	kill(pid, SIGKILL);
	int status;
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFSIGNALED(status));
	/* What it had acknowledged until it died. */
	while (n < MAX_ACKS && read(fds[0], &acks[n], sizeof *acks) == (ssize_t)sizeof *acks)
		n++;
	close(fds[0]);
	return n;
}

static void what_was_acknowledged_survives_kill_9(void **state)
{
	(void)state;
	static struct ack acks[MAX_ACKS];
	char *dir = scratch_new();
	struct audit_options o = test_options(dir);
	uint64_t x = 88172645463325252u;
	for (int i = 0; i < KILLS; i++) {
		x ^= x << 13;
		x ^= x >> 7;
		x ^= x << 17;
		size_t n = run_and_kill(&o, (x >> 20) % 60, acks);
		struct audit_writer *w = open_writer(&o);
		all_there(w, acks, n);
		verify_log(w);
		audit_close(w);
	}
	scratch_remove(dir);
}

struct power_round {
	pthread_mutex_t lock;
	pthread_cond_t cond;
	size_t answered;
	struct ack acks[256];
	size_t n;
};

struct power_ticket {
	struct audit_ticket ticket; /* first */
	struct power_round *round;
	struct buf body;
};

/* On the writer's thread, like the writes: what is acknowledged before the lights go out must be there afterwards. */
static void power_done(struct audit_ticket *t, enum err err)
{
	struct power_ticket *p = (struct power_ticket *)t;
	struct power_round *r = p->round;
	pthread_mutex_lock(&r->lock);
	if (err == ERR_OK && !power_lost()) {
		r->acks[r->n].sequence = t->sequence;
		memcpy(r->acks[r->n].leaf_hash, t->leaf_hash, sizeof t->leaf_hash);
		r->n++;
	}
	r->answered++;
	pthread_cond_signal(&r->cond);
	pthread_mutex_unlock(&r->lock);
}

static void append_many(struct audit_writer *w, struct power_round *r, size_t count)
{
	static struct power_ticket tickets[200];
	for (size_t i = 0; i < count; i++) {
		tickets[i] = (struct power_ticket){.round = r};
		decision_body(&tickets[i].body, i);
		tickets[i].ticket = (struct audit_ticket){
			.done = power_done, .kind = LEAF_DECISION, .body = buf_span(&tickets[i].body)};
		assert_int_equal(audit_append(w, &tickets[i].ticket), ERR_OK);
		/* In small groups, so that there are many commits. */
		pthread_mutex_lock(&r->lock);
		while (r->answered + i % 7 <= i)
			pthread_cond_wait(&r->cond, &r->lock);
		pthread_mutex_unlock(&r->lock);
	}
	pthread_mutex_lock(&r->lock);
	while (r->answered < count)
		pthread_cond_wait(&r->cond, &r->lock);
	pthread_mutex_unlock(&r->lock);
	for (size_t i = 0; i < count; i++)
		buf_fini(&tickets[i].body);
}

static void copy_secret(const char *from, const char *to)
{
	char *a = scratch_join(from, "secret"), *b = scratch_join(to, "secret"), text[64];
	FILE *in = fopen(a, "rb"), *out = fopen(b, "wb");
	assert_true(in != NULL && out != NULL);
	assert_int_equal(fread(text, 1, sizeof text, in), sizeof text);
	assert_int_equal(fwrite(text, 1, sizeof text, out), sizeof text);
	fclose(in);
	fclose(out);
	free(a);
	free(b);
}

static void what_was_acknowledged_survives_power_loss(void **state)
{
	(void)state;
	enum { ROUNDS = 60, RECORDS = 60 };
	for (uint64_t round = 0; round < ROUNDS; round++) {
		static struct power_round r;
		char *dir = scratch_new(), *after = scratch_new(), *segments = scratch_join(after, "segments");
		struct audit_options o = test_options(dir);
		r = (struct power_round){.lock = PTHREAD_MUTEX_INITIALIZER, .cond = PTHREAD_COND_INITIALIZER};
		/* Two operations and more a commit: the image is taken anywhere between opening and closing. */
		power_watch(round * 2 + round % 2, round);
		struct audit_writer *w = open_writer(&o);
		append_many(w, &r, RECORDS);
		audit_close(w);
		assert_int_equal(mkdir(segments, 0700), 0);
		power_restore(segments);
		copy_secret(dir, after);
		o.path = after;
		w = open_writer(&o);
		all_there(w, r.acks, r.n);
		verify_log(w);
		audit_close(w);
		free(segments);
		scratch_remove(dir);
		scratch_remove(after);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_full_disk_refuses_and_recovers),
		cmocka_unit_test(a_full_map_refuses_and_recovers_when_enlarged),
		cmocka_unit_test(failed_data_writes_are_survived),
		cmocka_unit_test(failed_syncs_are_survived),
		cmocka_unit_test(failed_meta_writes_are_survived),
		cmocka_unit_test(what_was_acknowledged_survives_kill_9),
		cmocka_unit_test(what_was_acknowledged_survives_power_loss),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
