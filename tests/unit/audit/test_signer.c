/* The signer as a process, and the writer beside it. */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "audit/format/checkpoint.h"
#include "audit/format/note.h"
#include "audit/keygen.h"
#include "audit/reader.h"
#include "helper.h"

static void request_text(struct buf *out, uint64_t old, uint64_t size, uint8_t root_byte)
{
	struct sign_request r = {.old = old};
	struct checkpoint c = {.origin = SPAN("bailiwick.test/log"), .size = size};
	struct buf text = {0};
	memset(c.root.b, root_byte, sizeof c.root.b);
	checkpoint_format(&c, &text);
	r.text = buf_span(&text);
	sign_request_format(&r, out);
	buf_fini(&text);
}

static struct sign_answer ask(const struct signer *s, uint64_t old, uint64_t size, uint8_t root_byte,
			      struct buf *memory)
{
	struct buf request = {0};
	struct sign_answer answer;
	buf_clear(memory);
	request_text(&request, old, size, root_byte);
	signer_ask(s, buf_span(&request), memory);
	assert_int_equal(sign_answer_parse(buf_span(memory), &answer), ERR_OK);
	buf_fini(&request);
	return answer;
}

static void it_signs_and_remembers_across_restarts(void **state)
{
	(void)state;
	struct signer s = {0};
	struct buf memory = {0};
	struct note note;
	struct note_vkey vkey;
	char *dir = scratch_new();
	signer_start(&s, dir);
	struct sign_answer a = ask(&s, 0, 5, 1, &memory);
	assert_int_equal(a.status, 200);
	assert_int_equal(note_vkey_parse(buf_span(&s.vkey), &vkey), ERR_OK);
	assert_int_equal(note_parse(a.note, &note), ERR_OK);
	assert_int_equal(note_verify(&note, &vkey), ERR_OK);
	/* The same again is signed again; the same size with another root never. */
	assert_int_equal(ask(&s, 5, 5, 1, &memory).status, 200);
	assert_int_equal(ask(&s, 5, 5, 2, &memory).status, 422);
	/* Rolled back, forked without a proof, from nothing: no. */
	assert_int_equal(ask(&s, 0, 5, 2, &memory).status, 409);
	assert_int_equal(ask(&s, 3, 4, 1, &memory).status, 409);
	assert_int_equal(ask(&s, 5, 9, 3, &memory).status, 422);
	a = ask(&s, 0, 9, 3, &memory);
	assert_int_equal(a.status, 409);
	assert_int_equal(a.size, 5);
	signer_stop(&s);
	signer_start(&s, dir);
	assert_int_equal(ask(&s, 0, 5, 2, &memory).status, 409);
	assert_int_equal(ask(&s, 5, 5, 2, &memory).status, 422);
	assert_int_equal(ask(&s, 5, 5, 1, &memory).status, 200);
	/* Persisted before it was answered: kill -9 changes nothing. */
	assert_int_equal(kill(s.pid, SIGKILL), 0);
	assert_int_equal(waitpid(s.pid, NULL, 0), s.pid);
	signer_start(&s, dir);
	a = ask(&s, 0, 1, 1, &memory);
	assert_int_equal(a.status, 409);
	assert_int_equal(a.size, 5);
	signer_stop(&s);
	buf_fini(&memory);
	signer_free(&s);
	scratch_remove(dir);
}

/* Its memory cannot be read, not even by its own user, and it cannot gain rights. */
static void it_is_locked_in(void **state)
{
	(void)state;
	struct signer s = {0};
	char *dir = scratch_new(), path[64], line[256];
	bool no_new_privileges = false;
	signer_start(&s, dir);
	snprintf(path, sizeof path, "/proc/%d/status", s.pid);
	FILE *f = fopen(path, "r");
	assert_non_null(f);
	while (fgets(line, sizeof line, f) != NULL)
		no_new_privileges |= strcmp(line, "NoNewPrivs:\t1\n") == 0;
	fclose(f);
	assert_true(no_new_privileges);
	snprintf(path, sizeof path, "/proc/%d/limits", s.pid);
	f = fopen(path, "r");
	assert_non_null(f);
	bool no_cores = false;
	while (fgets(line, sizeof line, f) != NULL) {
		unsigned long soft, hard;
		no_cores |= sscanf(line, "Max core file size %lu %lu", &soft, &hard) == 2 && soft == 0 && hard == 0;
	}
	fclose(f);
	assert_true(no_cores);
	signer_stop(&s);
	signer_free(&s);
	scratch_remove(dir);
}

static void it_answers_nonsense_with_400(void **state)
{
	(void)state;
	static const char *const bad[] = {
		"", "old", "old x\n\n", "old 0\n\nbailiwick.test/log\n1\n",
		"old 0\n\nsomebody.else/log\n1\nAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n"};
	struct signer s = {0};
	char *dir = scratch_new();
	signer_start(&s, dir);
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		struct buf memory = {0};
		signer_ask(&s, span_str(bad[i]), &memory);
		assert_true(span_eq(buf_span(&memory), SPAN("400\n")));
		buf_fini(&memory);
	}
	signer_stop(&s);
	signer_free(&s);
	scratch_remove(dir);
}

static int start_directly(const struct signer *s, char *key)
{
	char program[] = "./bailiwick-signer", so[] = "--socket", k[] = "--key", st[] = "--state";
	char *const argv[] = {program, so, s->socket, k, key, st, s->state, NULL};
	return run_program(argv);
}

static void it_refuses_to_start_on_anything_doubtful(void **state)
{
	(void)state;
	struct signer s = {0};
	char *dir = scratch_new(), *missing = scratch_join(dir, "no.key");
	char program[] = "./bailiwick-signer", option[] = "--socket";
	char *const no_options[] = {program, NULL}, *const half[] = {program, option, missing, NULL};
	assert_int_equal(run_program(no_options), 2);
	assert_int_equal(run_program(half), 2);
	signer_start(&s, dir);
	/* Somebody listens already. */
	assert_int_equal(start_directly(&s, s.key), 1);
	signer_stop(&s);
	assert_int_equal(start_directly(&s, missing), 1);
	/* A key that others may read. */
	assert_int_equal(chmod(s.key, 0644), 0);
	assert_int_equal(start_directly(&s, s.key), 1);
	assert_int_equal(chmod(s.key, 0600), 0);
	/* A state that is not one, or another log's. */
	FILE *f = fopen(s.state, "w");
	fputs("somebody.else/log\n1\nAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n", f);
	assert_int_equal(fclose(f), 0);
	assert_int_equal(start_directly(&s, s.key), 1);
	f = fopen(s.state, "w");
	assert_int_equal(fclose(f), 0);
	assert_int_equal(start_directly(&s, s.key), 1);
	signer_free(&s);
	free(missing);
	scratch_remove(dir);
}

static int check_directly(char *key, const char *for_origin)
{
	char program[] = "./bailiwick-signer", check[] = "--check", k[] = "--key", o[] = "--origin", name[64];
	char *const argv[] = {program, check, k, key, o, name, NULL};
	snprintf(name, sizeof name, "%s", for_origin);
	return run_program(argv);
}

static void a_key_is_checked_without_being_used(void **state)
{
	(void)state;
	struct buf vkey = {0};
	char *dir = scratch_new(), *key = scratch_join(dir, "signer.key");
	char program[] = "./bailiwick-signer", help[] = "--help", level[] = "--log-level", loud[] = "loud";
	char check[] = "--check", k[] = "--key", *const wants_help[] = {program, help, NULL};
	char *const bad_level[] = {program, check, k, key, level, loud, NULL};
	assert_int_equal(run_program(wants_help), 0);
	assert_int_equal(run_program(bad_level), 2);
	assert_int_equal(check_directly(key, "bailiwick.test/log"), 1);
	assert_int_equal(signer_keygen(key, "bailiwick.test/log", &vkey), ERR_OK);
	assert_int_equal(check_directly(key, "bailiwick.test/log"), 0);
	assert_int_equal(check_directly(key, "bailiwick.test/other"), 1);
	assert_int_equal(chmod(key, 0640), 0);
	assert_int_equal(check_directly(key, "bailiwick.test/log"), 0);
	assert_int_equal(chmod(key, 0644), 0);
	assert_int_equal(check_directly(key, "bailiwick.test/log"), 1);
	assert_int_equal(chmod(key, 0600), 0);
	assert_int_equal(truncate(key, 20), 0);
	assert_int_equal(check_directly(key, "bailiwick.test/log"), 1);
	assert_int_equal(check_directly(dir, "bailiwick.test/log"), 1);
	buf_fini(&vkey);
	free(key);
	scratch_remove(dir);
}

static void keys_are_made_once(void **state)
{
	(void)state;
	char *dir = scratch_new(), *path = scratch_join(dir, "key");
	struct buf vkey = {0}, other = {0};
	struct note_vkey k;
	struct stat st;
	assert_int_equal(signer_keygen(path, "bailiwick/site/0", &vkey), ERR_OK);
	assert_int_equal(note_vkey_parse(buf_span(&vkey), &k), ERR_OK);
	assert_true(span_eq(k.name, SPAN("bailiwick/site/0")));
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	assert_int_equal(signer_keygen(path, "bailiwick/site/0", &other), ERR_CONFIG);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(signer_keygen(path, "a name with spaces", &other), ERR_SYNTAX);
	assert_int_equal(signer_keygen(path, "a+b", &other), ERR_SYNTAX);
	assert_int_equal(access(path, F_OK), -1);
	buf_fini(&vkey);
	buf_fini(&other);
	free(path);
	scratch_remove(dir);
}

static void a_missing_signer_stops_no_request_and_is_caught_up_with(void **state)
{
	(void)state;
	struct signer s = {0};
	struct audit_status st;
	char *dir = scratch_new(), *store = scratch_join(dir, "audit");
	signer_start(&s, dir);
	struct audit_options o = test_options(store);
	o.signer_socket = s.socket;
	struct audit_writer *w = open_writer(&o);
	assert_int_equal(append_decision(w, 1).err, ERR_OK);
	wait_status(w, status_signed, 2);
	signer_stop(&s);
	for (uint64_t n = 0; n < 20; n++)
		assert_int_equal(append_decision(w, n).err, ERR_OK);
	audit_status(w, &st);
	assert_true(st.healthy);
	assert_int_equal(st.signed_size, 2);
	signer_start(&s, dir);
	wait_status(w, status_signed, 22);
	audit_close(w);
	/* The last checkpoint covers the stop leaf. */
	w = open_writer(&o);
	audit_status(w, &st);
	assert_true(st.signed_size >= 23);
	audit_close(w);
	signer_stop(&s);
	signer_free(&s);
	free(store);
	scratch_remove(dir);
}

/* An old copy of the store put back in place: the signer does not sign the other history that grows from it. */
static void a_store_rolled_back_is_not_signed_again(void **state)
{
	(void)state;
	struct signer s = {0};
	struct audit_status st;
	char *dir = scratch_new(), *store = scratch_join(dir, "audit"), *copy = scratch_join(dir, "copy");
	char cp[] = "cp", recursive[] = "-r";
	signer_start(&s, dir);
	struct audit_options o = test_options(store);
	o.signer_socket = s.socket;
	struct audit_writer *w = open_writer(&o);
	audit_close(w);
	char *const argv[] = {cp, recursive, store, copy, NULL};
	assert_int_equal(run_program(argv), 0);
	w = open_writer(&o);
	for (uint64_t n = 0; n < 50; n++)
		assert_int_equal(append_decision(w, n).err, ERR_OK);
	wait_status(w, status_signed, 53);
	audit_close(w);
	o.path = copy;
	w = open_writer(&o);
	for (uint64_t n = 0; n < 500; n++)
		assert_int_equal(append_decision(w, n).err, ERR_OK);
	audit_status(w, &st);
	assert_true(st.signed_size <= 2);
	audit_close(w);
	signer_stop(&s);
	signer_free(&s);
	free(store);
	free(copy);
	scratch_remove(dir);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(it_signs_and_remembers_across_restarts),
		cmocka_unit_test(it_is_locked_in),
		cmocka_unit_test(it_answers_nonsense_with_400),
		cmocka_unit_test(it_refuses_to_start_on_anything_doubtful),
		cmocka_unit_test(a_key_is_checked_without_being_used),
		cmocka_unit_test(keys_are_made_once),
		cmocka_unit_test(a_missing_signer_stops_no_request_and_is_caught_up_with),
		cmocka_unit_test(a_store_rolled_back_is_not_signed_again),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
