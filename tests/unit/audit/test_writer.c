#include <dirent.h>
#include <fcntl.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "audit/format/tree.h"
#include "audit/reader.h"
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

struct counting {
	uint32_t kind;
	uint64_t n, last;
	uint8_t text[4096];
	size_t text_n;
};

static bool count(void *arg, const struct audit_item *item)
{
	struct counting *c = arg;
	c->n++;
	c->last = item->leaf.sequence;
	assert_true(item->body.n <= sizeof c->text);
	memcpy(c->text, item->body.p, item->body.n);
	c->text_n = item->body.n;
	return true;
}

/* How many leaves of a kind there are, which one is the last, and its body. */
static struct counting count_kind(struct audit_writer *w, enum leaf_kind kind)
{
	enum err err;
	struct counting c = {0};
	struct audit_reader *r = audit_reader_attach(w, &err);
	const struct audit_query q = {.kinds = 1u << kind};
	assert_int_equal(audit_find(r, &q, count, &c), ERR_OK);
	audit_reader_close(r);
	return c;
}

static void first_record_follows_the_start_leaf(void **state)
{
	(void)state;
	char *dir = scratch_new();
	struct audit_options o = test_options(dir);
	struct audit_writer *w = open_writer(&o);
	struct append_result r = append_decision(w, 7);
	assert_int_equal(r.err, ERR_OK);
	assert_int_equal(r.sequence, 1);
	struct audit_status s;
	audit_status(w, &s);
	assert_true(s.healthy);
	assert_int_equal(s.size, 2);
	assert_true(s.commits >= 2 && s.map_used > 0 && s.map_bytes == o.map_bytes);
	audit_close(w);
	scratch_remove(dir);
}

struct pair_ticket {
	struct audit_ticket ticket; /* first */
	struct buf second;
	pthread_mutex_t lock;
	pthread_cond_t cond;
	bool done;
	enum err err;
};

static struct span fix_attempt(struct audit_ticket *t, uint64_t sequence)
{
	struct pair_ticket *p = (struct pair_ticket *)t;
	attempt_body(&p->second, sequence);
	return buf_span(&p->second);
}

static void pair_done(struct audit_ticket *t, enum err err)
{
	struct pair_ticket *p = (struct pair_ticket *)t;
	pthread_mutex_lock(&p->lock);
	p->done = true;
	p->err = err;
	pthread_cond_signal(&p->cond);
	pthread_mutex_unlock(&p->lock);
}

static void append_pair(struct audit_writer *w, struct pair_ticket *p,
			struct span (*fixup)(struct audit_ticket *, uint64_t))
{
	struct buf body = {0};
	decision_body(&body, 1);
	*p = (struct pair_ticket){.ticket = {.done = pair_done,
					     .kind = LEAF_DECISION,
					     .body = buf_span(&body),
					     .kind2 = LEAF_ATTEMPT,
					     .fixup = fixup},
				  .lock = PTHREAD_MUTEX_INITIALIZER,
				  .cond = PTHREAD_COND_INITIALIZER};
	assert_int_equal(audit_append(w, &p->ticket), ERR_OK);
	pthread_mutex_lock(&p->lock);
	while (!p->done)
		pthread_cond_wait(&p->cond, &p->lock);
	pthread_mutex_unlock(&p->lock);
	assert_int_equal(p->err, ERR_OK);
	buf_fini(&body);
}

static void the_first_attempt_names_its_decision(void **state)
{
	(void)state;
	char *dir = scratch_new();
	struct audit_options o = test_options(dir);
	struct audit_writer *w = open_writer(&o);
	struct pair_ticket p;
	assert_int_equal(append_decision(w, 0).err, ERR_OK);
	append_pair(w, &p, fix_attempt);
	assert_int_equal(p.ticket.sequence, 2);
	assert_int_equal(p.ticket.sequence2, 3);
	struct counting c = count_kind(w, LEAF_ATTEMPT);
	uint64_t decision;
	assert_int_equal(c.n, 1);
	assert_int_equal(c.last, 3);
	assert_int_equal(record_decision_of(span_of(c.text, c.text_n), &decision), ERR_OK);
	assert_int_equal(decision, 2);
	buf_fini(&p.second);
	audit_close(w);
	scratch_remove(dir);
}

static struct span fix_nothing(struct audit_ticket *t, uint64_t sequence)
{
	(void)t;
	(void)sequence;
	return SPAN_NULL;
}

/* Whoever releases anything on the strength of an attempt's record can tell that there is none. */
static void an_attempt_that_cannot_be_made_has_no_sequence(void **state)
{
	(void)state;
	char *dir = scratch_new();
	struct audit_options o = test_options(dir);
	struct audit_writer *w = open_writer(&o);
	struct pair_ticket p;
	append_pair(w, &p, fix_nothing);
	assert_int_equal(p.ticket.sequence, 1);
	assert_int_equal(p.ticket.sequence2, 0);
	assert_int_equal(count_kind(w, LEAF_DECISION).n, 1);
	assert_int_equal(count_kind(w, LEAF_ATTEMPT).n, 0);
	audit_close(w);
	scratch_remove(dir);
}

/* A receipt is what the tree holds. */
static void the_receipt_is_the_hash_of_the_leaf(void **state)
{
	(void)state;
	char *dir = scratch_new();
	struct audit_options o = test_options(dir);
	struct audit_writer *w = open_writer(&o);
	struct append_result r = append_decision(w, 7);
	enum err err;
	struct buf json = {0};
	struct audit_reader *reader = audit_reader_attach(w, &err);
	char hex[65];
	for (size_t i = 0; i < 32; i++)
		snprintf(hex + 2 * i, 3, "%02x", r.leaf_hash[i]);
	assert_int_equal(audit_show(reader, r.sequence, &json), ERR_OK);
	buf_add_byte(&json, '\0');
	assert_non_null(strstr((const char *)json.p, hex));
	buf_fini(&json);
	audit_reader_close(reader);
	audit_close(w);
	scratch_remove(dir);
}

static void open_decisions_are_closed_as_unknown(void **state)
{
	(void)state;
	char *dir = scratch_new();
	struct audit_options o = test_options(dir);
	struct audit_writer *w = open_writer(&o);
	uint64_t sequences[6];
	for (uint64_t n = 0; n < 6; n++)
		sequences[n] = append_decision(w, n).sequence;
	for (uint64_t n = 0; n < 6; n += 2) {
		struct buf body = {0};
		outcome_body(&body, sequences[n]);
		assert_int_equal(append_wait(w, LEAF_OUTCOME, buf_span(&body)).err, ERR_OK);
		buf_fini(&body);
	}
	assert_int_equal(count_kind(w, LEAF_OUTCOME).n, 3);
	audit_close(w);
	w = open_writer(&o);
	struct counting c = count_kind(w, LEAF_OUTCOME);
	assert_int_equal(c.n, 6);
	struct record_outcome last;
	struct arena arena;
	arena_init(&arena, 0);
	assert_int_equal(record_outcome_decode(span_of(c.text, c.text_n), &arena, &last), ERR_OK);
	assert_true(span_eq(last.result, SPAN("unknown")));
	assert_int_equal(last.decision, sequences[5]);
	arena_fini(&arena);
	audit_close(w);
	/* Closed once and for all. */
	w = open_writer(&o);
	assert_int_equal(count_kind(w, LEAF_OUTCOME).n, 6);
	assert_int_equal(count_kind(w, LEAF_START).n, 3);
	assert_int_equal(count_kind(w, LEAF_STOP).n, 2);
	verify_log(w);
	audit_close(w);
	scratch_remove(dir);
}

enum { PRODUCERS = 4, EACH = 200 };

static void *produce(void *arg)
{
	struct audit_writer *w = arg;
	for (uint64_t n = 0; n < EACH; n++) {
		struct buf outcome = {0};
		struct append_result r = append_decision(w, n);
		if (r.err != ERR_OK)
			return w;
		outcome_body(&outcome, r.sequence);
		enum err err = audit_post(w, LEAF_OUTCOME, buf_span(&outcome));
		buf_fini(&outcome);
		if (err != ERR_OK)
			return w;
	}
	return NULL;
}

static void many_producers_share_commits(void **state)
{
	(void)state;
	char *dir = scratch_new();
	struct audit_options o = test_options(dir);
	struct audit_writer *w = open_writer(&o);
	pthread_t threads[PRODUCERS];
	for (size_t i = 0; i < PRODUCERS; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, produce, w), 0);
	for (size_t i = 0; i < PRODUCERS; i++) {
		void *failed;
		assert_int_equal(pthread_join(threads[i], &failed), 0);
		assert_null(failed);
	}
	wait_status(w, status_size, 1 + 2 * PRODUCERS * EACH);
	assert_int_equal(count_kind(w, LEAF_DECISION).n, PRODUCERS * EACH);
	assert_int_equal(count_kind(w, LEAF_OUTCOME).n, PRODUCERS * EACH);
	verify_log(w);
	audit_close(w);
	scratch_remove(dir);
}

static size_t segments_in(const char *dir)
{
	char *path = scratch_join(dir, "segments");
	DIR *d = opendir(path);
	size_t n = 0;
	assert_non_null(d);
	for (struct dirent *e; (e = readdir(d)) != NULL;)
		n += span_ends(span_str(e->d_name), SPAN(".mdb"));
	closedir(d);
	free(path);
	return n;
}

static void segments_follow_each_other(void **state)
{
	(void)state;
	char *dir = scratch_new();
	struct audit_options o = test_options(dir);
	o.segment_bytes = 128 << 10;
	struct audit_writer *w = open_writer(&o);
	uint64_t sequences[400];
	for (uint64_t n = 0; n < 400; n++) {
		struct append_result r = append_decision(w, n);
		assert_int_equal(r.err, ERR_OK);
		sequences[n] = r.sequence;
	}
	assert_true(segments_in(dir) > 2);
	verify_log(w);
	audit_close(w);
	w = open_writer(&o);
	verify_log(w);
	assert_int_equal(count_kind(w, LEAF_DECISION).n, 400);
	assert_int_equal(count_kind(w, LEAF_OUTCOME).n, 400);
	assert_int_equal(sequences[399], 400);
	audit_close(w);
	scratch_remove(dir);
}

static void the_ledger_remembers(void **state)
{
	(void)state;
	char *dir = scratch_new();
	struct audit_options o = test_options(dir);
	struct audit_writer *w = open_writer(&o);
	struct ledger_entry e;
	const int64_t today = time(NULL) / 86400;
	const struct span tenant = SPAN("tenant"), id = SPAN("resp_123");
	assert_false(audit_ledger_find(w, LEDGER_STATE, tenant, id, &e));
	assert_int_equal(audit_ledger_put(w, LEDGER_STATE, tenant, id,
					  (struct ledger_entry){.tainted = true, .destination = 7, .day = today}),
			 ERR_OK);
	assert_true(audit_ledger_find(w, LEDGER_STATE, tenant, id, &e));
	assert_true(e.tainted && e.destination == 7 && e.day == today);
	/* Another kind, tenant or id is another entry. */
	assert_false(audit_ledger_find(w, LEDGER_FILE, tenant, id, &e));
	assert_false(audit_ledger_find(w, LEDGER_STATE, SPAN("tenan"), SPAN("tresp_123"), &e));
	/* Taint does not wash off. */
	assert_int_equal(audit_ledger_put(w, LEDGER_STATE, tenant, id,
					  (struct ledger_entry){.tainted = false, .destination = 8, .day = today}),
			 ERR_OK);
	assert_true(audit_ledger_find(w, LEDGER_STATE, tenant, id, &e));
	assert_true(e.tainted && e.destination == 8);
	/* What is too old is not known. */
	assert_int_equal(
		audit_ledger_put(w, LEDGER_MESSAGE, tenant, SPAN("old"), (struct ledger_entry){.day = today - 31}),
		ERR_OK);
	assert_false(audit_ledger_find(w, LEDGER_MESSAGE, tenant, SPAN("old"), &e));
	for (uint64_t i = 0; i < 5000; i++)
		assert_int_equal(audit_ledger_put(w, LEDGER_MESSAGE, tenant, span_of(&i, sizeof i),
						  (struct ledger_entry){.destination = (uint32_t)i, .day = today}),
				 ERR_OK);
	audit_close(w);
	w = open_writer(&o);
	assert_true(audit_ledger_find(w, LEDGER_STATE, tenant, id, &e));
	assert_true(e.tainted && e.destination == 8 && e.day == today);
	for (uint64_t i = 0; i < 5000; i++) {
		assert_true(audit_ledger_find(w, LEDGER_MESSAGE, tenant, span_of(&i, sizeof i), &e));
		assert_true(!e.tainted && e.destination == i);
	}
	assert_false(audit_ledger_find(w, LEDGER_MESSAGE, tenant, SPAN("old"), &e));
	audit_close(w);
	scratch_remove(dir);
}

static void commitments_are_keyed_and_separated(void **state)
{
	(void)state;
	char *dir = scratch_new(), *dir2 = scratch_new();
	struct audit_options o = test_options(dir), o2 = test_options(dir2);
	struct audit_writer *w = open_writer(&o), *w2 = open_writer(&o2);
	uint8_t a[32], b[32];
	audit_commit(w, "actor", SPAN("alice"), a);
	audit_commit(w, "actor", SPAN("alice"), b);
	assert_memory_equal(a, b, sizeof a);
	audit_commit(w, "client", SPAN("alice"), b);
	assert_memory_not_equal(a, b, sizeof a);
	audit_commit(w, "actora", SPAN("lice"), b);
	assert_memory_not_equal(a, b, sizeof a);
	audit_commit(w2, "actor", SPAN("alice"), b);
	assert_memory_not_equal(a, b, sizeof a);
	audit_close(w);
	w = open_writer(&o);
	audit_commit(w, "actor", SPAN("alice"), b);
	assert_memory_equal(a, b, sizeof a);
	audit_close(w);
	audit_close(w2);
	scratch_remove(dir);
	scratch_remove(dir2);
}

static void only_one_writer_at_a_time(void **state)
{
	(void)state;
	char *dir = scratch_new();
	struct audit_options o = test_options(dir);
	struct audit_writer *w = open_writer(&o);
	enum err err;
	assert_null(audit_open(&o, &err));
	assert_int_equal(err, ERR_AUDIT);
	assert_int_equal(append_decision(w, 1).err, ERR_OK);
	audit_close(w);
	scratch_remove(dir);
}

static void nothing_is_accepted_beyond_the_limits(void **state)
{
	(void)state;
	char *dir = scratch_new();
	struct audit_options o = test_options(dir);
	struct audit_writer *w = open_writer(&o);
	struct buf large = {0};
	for (size_t i = 0; i <= 1 << 20; i++)
		buf_add_byte(&large, 0);
	assert_int_equal(append_wait(w, LEAF_DECISION, buf_span(&large)).err, ERR_LIMIT);
	assert_int_equal(audit_post(w, LEAF_OUTCOME, buf_span(&large)), ERR_LIMIT);
	buf_fini(&large);
	audit_close(w);
	scratch_remove(dir);
}

static void a_heartbeat_seals_quiet_times(void **state)
{
	(void)state;
	char *dir = scratch_new();
	struct audit_options o = test_options(dir);
	o.heartbeat_s = 1;
	struct audit_writer *w = open_writer(&o);
	wait_status(w, status_size, 2);
	assert_int_equal(count_kind(w, LEAF_HEARTBEAT).n, 1);
	audit_close(w);
	scratch_remove(dir);
}

/* Every descriptor into the store closes on exec, and every file is its owner's alone. */
static void nothing_of_the_store_leaks_to_children(void **state)
{
	(void)state;
	char *dir = scratch_new();
	struct audit_options o = test_options(dir);
	struct audit_writer *w = open_writer(&o);
	size_t seen = 0;
	for (int fd = 0; fd < 64; fd++) {
		char link[64], path[4096];
		snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
		ssize_t n = readlink(link, path, sizeof path - 1);
		if (n < 0 || !span_starts(span_of(path, (size_t)n), span_str(dir)))
			continue;
		path[n] = '\0';
		struct stat st;
		assert_true((fcntl(fd, F_GETFD) & FD_CLOEXEC) != 0);
		assert_int_equal(stat(path, &st), 0);
		assert_int_equal(st.st_mode & 077, 0);
		seen++;
	}
	assert_true(seen >= 5);
	audit_close(w);
	scratch_remove(dir);
}

/* Flips a byte of a leaf in the file; the tail check at opening must notice. */
static void a_damaged_tail_keeps_the_store_shut(void **state)
{
	(void)state;
	char *dir = scratch_new(), *path = scratch_join(dir, "segments/0000000000.mdb");
	struct audit_options o = test_options(dir);
	struct audit_writer *w = open_writer(&o);
	enum err err;
	uint8_t hash_marker[] = "claims";
	assert_int_equal(append_decision(w, 0).err, ERR_OK);
	audit_close(w);
	FILE *f = fopen(path, "r+b");
	assert_non_null(f);
	static uint8_t all[32 << 20];
	size_t n = fread(all, 1, sizeof all, f), hits = 0;
	for (size_t i = 0; i + sizeof hash_marker < n; i++)
		if (memcmp(all + i, hash_marker, sizeof hash_marker - 1) == 0) {
			assert_int_equal(fseek(f, (long)i, SEEK_SET), 0);
			assert_int_equal(fputc('C', f), 'C');
			hits++;
		}
	assert_int_equal(fclose(f), 0);
	assert_true(hits > 0);
	assert_null(audit_open(&o, &err));
	assert_int_equal(err, ERR_CORRUPT);
	free(path);
	scratch_remove(dir);
}

static void a_missing_segment_keeps_the_store_shut(void **state)
{
	(void)state;
	char *dir = scratch_new(), *path = scratch_join(dir, "segments/0000000001.mdb");
	struct audit_options o = test_options(dir);
	o.segment_bytes = 128 << 10;
	struct audit_writer *w = open_writer(&o);
	enum err err;
	for (uint64_t n = 0; n < 300; n++)
		assert_int_equal(append_decision(w, n).err, ERR_OK);
	audit_close(w);
	assert_true(segments_in(dir) > 2);
	assert_int_equal(unlink(path), 0);
	assert_null(audit_open(&o, &err));
	assert_int_equal(err, ERR_CORRUPT);
	free(path);
	scratch_remove(dir);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(first_record_follows_the_start_leaf),
		cmocka_unit_test(the_first_attempt_names_its_decision),
		cmocka_unit_test(an_attempt_that_cannot_be_made_has_no_sequence),
		cmocka_unit_test(the_receipt_is_the_hash_of_the_leaf),
		cmocka_unit_test(open_decisions_are_closed_as_unknown),
		cmocka_unit_test(many_producers_share_commits),
		cmocka_unit_test(segments_follow_each_other),
		cmocka_unit_test(the_ledger_remembers),
		cmocka_unit_test(commitments_are_keyed_and_separated),
		cmocka_unit_test(only_one_writer_at_a_time),
		cmocka_unit_test(nothing_is_accepted_beyond_the_limits),
		cmocka_unit_test(a_heartbeat_seals_quiet_times),
		cmocka_unit_test(nothing_of_the_store_leaks_to_children),
		cmocka_unit_test(a_damaged_tail_keeps_the_store_shut),
		cmocka_unit_test(a_missing_segment_keeps_the_store_shut),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
