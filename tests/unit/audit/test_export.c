/* Signed checkpoints, the reader, and an export. With BW_EXPORT_DIR set the export, its verifier key and an older
 * checkpoint stay there, for the tests of the independent verifier. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "audit/format/checkpoint.h"
#include "audit/format/note.h"
#include "audit/format/tree.h"
#include "audit/keygen.h"
#include "audit/reader.h"
#include "helper.h"

enum { DECISIONS = 700 };

struct log {
	char *folder, *store;
	struct signer signer;
	struct audit_options options;
	struct audit_writer *writer;
};

static void log_open(struct log *l)
{
	l->folder = scratch_new();
	l->store = scratch_join(l->folder, "audit");
	signer_start(&l->signer, l->folder);
	l->options = test_options(l->store);
	l->options.signer_socket = l->signer.socket;
	l->writer = open_writer(&l->options);
}

static void log_close(struct log *l)
{
	audit_close(l->writer);
	signer_stop(&l->signer);
	signer_free(&l->signer);
	free(l->store);
	scratch_remove(l->folder);
}

static struct audit_reader *attach(struct log *l)
{
	enum err err;
	struct audit_reader *r = audit_reader_attach(l->writer, &err);
	assert_int_equal(err, ERR_OK);
	return r;
}

/* Decisions, each with an attempt; every third gets its outcome. */
static void fill(struct log *l, uint64_t from, uint64_t to)
{
	for (uint64_t n = from; n < to; n++) {
		struct append_result r = append_decision(l->writer, n);
		struct buf body = {0};
		assert_int_equal(r.err, ERR_OK);
		if (n % 3 == 0) {
			outcome_body(&body, r.sequence);
			assert_int_equal(audit_post(l->writer, LEAF_OUTCOME, buf_span(&body)), ERR_OK);
		}
		buf_fini(&body);
	}
}

static uint64_t committed(struct log *l)
{
	struct audit_status s;
	audit_status(l->writer, &s);
	return s.size;
}

static struct audit_report verified(struct audit_reader *r, struct span vkey)
{
	struct audit_report report;
	enum err err = audit_verify(r, vkey, NULL, NULL, &report);
	if (err != ERR_OK)
		fail_msg("%s at %lu", report.fault, report.at);
	return report;
}

static void write_text(const char *folder, const char *name, struct span text)
{
	char *path = scratch_join(folder, name);
	FILE *f = fopen(path, "w");
	assert_non_null(f);
	assert_int_equal(fwrite(text.p, 1, text.n, f), text.n);
	assert_int_equal(fclose(f), 0);
	free(path);
}

static void export_to(struct log *l, const char *folder)
{
	struct audit_reader *r = attach(l);
	const struct audit_export_options o = {.folder = folder, .vkey = buf_span(&l->signer.vkey), .json = true};
	uint64_t size = 0;
	assert_int_equal(audit_export(r, &o, &size), ERR_OK);
	assert_true(size > 0);
	audit_reader_close(r);
}

static int verifier(const char *folder, const char *vkey, const char *old)
{
	char program[] = BW_SOURCE_DIR "/audit/verifier/bailiwick-verify", python[] = "python3";
	char vkey_option[] = "--vkey", old_option[] = "--old";
	char *f = strdup(folder), *k = strdup(vkey), *o = old != NULL ? strdup(old) : NULL;
	char *const argv[] = {python, program, f, vkey_option, k, o != NULL ? old_option : NULL, o, NULL};
	int status = run_program(argv);
	free(f);
	free(k);
	free(o);
	return status;
}

static void an_export_satisfies_the_independent_verifier(void **state)
{
	(void)state;
	struct log l = {0};
	struct buf newest = {0};
	log_open(&l);
	const char *keep = getenv("BW_EXPORT_DIR");
	char *folder = keep != NULL ? strdup(keep) : scratch_join(l.folder, "export");
	char *older = scratch_join(folder, "older"), *export = scratch_join(folder, "log");
	assert_true(mkdir(folder, 0755) == 0 || keep != NULL);
	fill(&l, 0, 200);
	wait_status(l.writer, status_signed, committed(&l));
	export_to(&l, older);
	fill(&l, 200, DECISIONS);
	wait_status(l.writer, status_size, 1 + DECISIONS + (DECISIONS + 2) / 3); /* a start leaf, too */
	wait_status(l.writer, status_signed, committed(&l));
	export_to(&l, export);
	write_text(folder, "vkey", buf_span(&l.signer.vkey));

	char *vkey = scratch_join(folder, "vkey"), *old = scratch_join(older, "checkpoint"),
	     *new = scratch_join(export, "checkpoint");
	assert_int_equal(verifier(older, vkey, NULL), 0);
	assert_int_equal(verifier(export, vkey, old), 0);
	/* The older export is not an extension of the newer checkpoint: it would be a log rolled back. */
	assert_int_equal(verifier(older, vkey, new), 1);
	free(vkey);
	free(old);
	free(new);
	free(older);
	free(export);
	free(folder);
	buf_fini(&newest);
	log_close(&l);
}

static void everything_written_verifies(void **state)
{
	(void)state;
	struct log l = {0};
	log_open(&l);
	fill(&l, 0, 300);
	wait_status(l.writer, status_signed, committed(&l));
	struct audit_reader *r = attach(&l);
	struct audit_report report = verified(r, buf_span(&l.signer.vkey));
	assert_true(report.leaves >= 300);
	assert_int_equal(report.bodies, report.leaves);
	assert_int_equal(report.absent, 0);
	assert_true(report.verified > 0 && report.verified == report.checkpoints);
	assert_int_equal(report.signed_size, report.leaves);
	/* Another key: the checkpoints are there, but not its. */
	struct buf other = {0};
	char *key = scratch_join(l.folder, "other.key");
	assert_int_equal(signer_keygen(key, "bailiwick.test/log", &other), ERR_OK);
	report = verified(r, buf_span(&other));
	assert_int_equal(report.verified, 0);
	assert_int_equal(report.signed_size, 0);
	buf_fini(&other);
	free(key);
	audit_reader_close(r);
	log_close(&l);
}

static void a_reader_follows_a_running_writer(void **state)
{
	(void)state;
	struct log l = {0};
	uint64_t size;
	enum err err;
	log_open(&l);
	l.options.signer_socket = NULL;
	fill(&l, 0, 10);
	pid_t pid = fork();
	if (pid == 0) {
		/* Another process, as LMDB wants it. */
		struct audit_reader *r = audit_reader_open(l.store, &err);
		bool ok = r != NULL && audit_size(r, &size) == ERR_OK && size >= 11;
		audit_reader_close(r);
		_exit(ok ? 0 : 1);
	}
	int status;
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	log_close(&l);
}

struct collected {
	uint64_t sequences[2000];
	size_t n, most;
};

static bool collect(void *arg, const struct audit_item *item)
{
	struct collected *c = arg;
	c->sequences[c->n++] = item->leaf.sequence;
	return c->n < c->most;
}

static size_t found(struct audit_reader *r, struct audit_query q)
{
	struct collected c = {.most = 2000};
	assert_int_equal(audit_find(r, &q, collect, &c), ERR_OK);
	return c.n;
}

static void records_are_found_by_what_they_say(void **state)
{
	(void)state;
	struct log l = {0};
	log_open(&l);
	fill(&l, 0, 300);
	wait_status(l.writer, status_size, 401);
	struct audit_reader *r = attach(&l);
	const uint32_t decisions = 1u << LEAF_DECISION;
	assert_int_equal(found(r, (struct audit_query){.kinds = decisions}), 300);
	assert_int_equal(found(r, (struct audit_query){.kinds = 1u << LEAF_OUTCOME}), 100);
	assert_int_equal(found(r, (struct audit_query){.app = SPAN("claims")}), 150);
	assert_int_equal(found(r, (struct audit_query){.app = SPAN("nobody")}), 0);
	assert_int_equal(found(r, (struct audit_query){.type = SPAN("health.*")}), 100);
	assert_int_equal(found(r, (struct audit_query){.type = SPAN("contact.email"), .app = SPAN("claims")}), 100);
	assert_int_equal(found(r, (struct audit_query){.destination = SPAN("onprem")}), 60);
	assert_int_equal(found(r, (struct audit_query){.rule = SPAN("special-category-transfer")}), 300);
	assert_int_equal(found(r, (struct audit_query){.regime = SPAN("gdpr")}), 0);
	assert_int_equal(found(r, (struct audit_query){.refusal = SPAN("*")}), 0);
	assert_int_equal(found(r, (struct audit_query){.kinds = decisions, .to_ns = 1}), 0);
	assert_int_equal(found(r, (struct audit_query){.kinds = 1u << LEAF_START, .from = 1}), 0);
	struct collected c = {.most = 3};
	assert_int_equal(audit_list(r, 5, 100, collect, &c), ERR_OK);
	assert_int_equal(c.n, 3);
	assert_int_equal(c.sequences[0], 5);
	assert_int_equal(c.sequences[2], 7);
	audit_reader_close(r);
	log_close(&l);
}

static void a_record_is_shown_as_json(void **state)
{
	(void)state;
	struct log l = {0};
	struct buf json = {0};
	log_open(&l);
	fill(&l, 0, 2);
	struct audit_reader *r = attach(&l);
	assert_int_equal(audit_show(r, 1, &json), ERR_OK);
	buf_add_byte(&json, '\0');
	const char *text = (const char *)json.p;
	assert_non_null(strstr(text, "{\"sequence\":1,\"kind\":\"decision\",\"time\":\"20"));
	assert_non_null(strstr(text, "\"app.id\":\"claims\""));
	assert_non_null(strstr(text, "\"type\":\"health.condition\",\"classes\":[\"personal\"]"));
	assert_non_null(strstr(text, "\"destination.id\":\"onprem\""));
	assert_int_equal(audit_show(r, 1000, &json), ERR_NOT_FOUND);
	audit_reader_close(r);
	buf_fini(&json);
	log_close(&l);
}

/* Takes a tlog-proof apart by hand and verifies it. */
static void a_proof_convinces(void **state)
{
	(void)state;
	struct log l = {0};
	struct buf proof = {0};
	log_open(&l);
	fill(&l, 0, 40);
	struct append_result r = append_decision(l.writer, 99);
	wait_status(l.writer, status_signed, r.sequence + 1);
	struct audit_reader *reader = attach(&l);
	assert_int_equal(audit_prove(reader, r.sequence, &proof), ERR_OK);
	struct span s = buf_span(&proof);
	char head[64];
	int n = snprintf(head, sizeof head, "c2sp.org/tlog-proof@v1\nindex %lu\n", r.sequence);
	assert_true(span_starts(s, span_of(head, (size_t)n)));
	s = span_sub(s, (size_t)n, s.n);
	/* What follows has the shape of a request to sign, but for its first line. */
	struct buf request = {0};
	struct sign_request parsed;
	struct note note;
	struct note_vkey vkey;
	struct checkpoint c;
	struct tree_hash leaf;
	buf_add_str(&request, "old 0\n");
	buf_add(&request, s);
	assert_int_equal(sign_request_parse(buf_span(&request), &parsed), ERR_OK);
	assert_int_equal(note_parse(parsed.text, &note), ERR_OK);
	assert_int_equal(note_vkey_parse(buf_span(&l.signer.vkey), &vkey), ERR_OK);
	assert_int_equal(note_verify(&note, &vkey), ERR_OK);
	assert_int_equal(checkpoint_parse(note.text, &c), ERR_OK);
	memcpy(leaf.b, r.leaf_hash, sizeof leaf.b);
	assert_int_equal(tree_verify_inclusion(r.sequence, c.size, &leaf, &parsed.proof, &c.root), ERR_OK);
	leaf.b[0] ^= 1;
	assert_int_equal(tree_verify_inclusion(r.sequence, c.size, &leaf, &parsed.proof, &c.root), ERR_VERIFY);
	assert_int_equal(audit_prove(reader, UINT64_MAX - 1, &proof), ERR_NOT_FOUND);
	audit_reader_close(reader);
	buf_fini(&request);
	buf_fini(&proof);
	log_close(&l);
}

static void an_unsigned_log_is_not_exported(void **state)
{
	(void)state;
	char *folder = scratch_new(), *store = scratch_join(folder, "audit"), *export = scratch_join(folder, "export");
	struct audit_options o = test_options(store);
	struct audit_writer *w = open_writer(&o);
	enum err err;
	uint64_t size;
	struct audit_reader *r = audit_reader_attach(w, &err);
	const struct audit_export_options eo = {.folder = export};
	assert_int_equal(audit_export(r, &eo, &size), ERR_NOT_FOUND);
	audit_reader_close(r);
	audit_close(w);
	free(export);
	free(store);
	scratch_remove(folder);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_export_satisfies_the_independent_verifier),
		cmocka_unit_test(everything_written_verifies),
		cmocka_unit_test(a_reader_follows_a_running_writer),
		cmocka_unit_test(records_are_found_by_what_they_say),
		cmocka_unit_test(a_record_is_shown_as_json),
		cmocka_unit_test(a_proof_convinces),
		cmocka_unit_test(an_unsigned_log_is_not_exported),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
