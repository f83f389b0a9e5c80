#include "helper.h"

#include <fcntl.h>
#include <ftw.h>
#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "audit/keygen.h"

char *scratch_new(void)
{
	const char *tmp = getenv("TMPDIR");
	char *path = NULL;
	assert_true(asprintf(&path, "%s/bw-audit-XXXXXX", tmp != NULL ? tmp : "/tmp") > 0);
	assert_non_null(mkdtemp(path));
	return path;
}

static int remove_one(const char *path, const struct stat *st, int flag, struct FTW *ftw)
{
	(void)st;
	(void)flag;
	(void)ftw;
	return remove(path);
}

void scratch_remove(char *path)
{
	assert_int_equal(nftw(path, remove_one, 16, FTW_DEPTH | FTW_PHYS), 0);
	free(path);
}

char *scratch_join(const char *path, const char *name)
{
	char *joined = NULL;
	assert_true(asprintf(&joined, "%s/%s", path, name) > 0);
	return joined;
}

struct audit_options test_options(const char *path)
{
	return (struct audit_options){.path = path,
				      .map_bytes = 256 << 20,
				      .origin = "bailiwick.test/log",
				      .checkpoint_ms = 5,
				      .commit_ms = 5,
				      .commit_records = 256};
}

struct audit_writer *open_writer(const struct audit_options *o)
{
	enum err err;
	struct audit_writer *w = audit_open(o, &err);
	assert_int_equal(err, ERR_OK);
	assert_non_null(w);
	return w;
}

void decision_body(struct buf *out, uint64_t n)
{
	static _Thread_local struct facts facts;
	static _Thread_local struct record_candidate candidate;
	struct record_decision d = {.started_ns = 1763640000000000000u + n,
				    .facts = &facts,
				    .candidates = &candidate,
				    .n_candidates = 1,
				    .chosen = 0,
				    .unit = (uint32_t)n,
				    .build = SPAN("test")};
	memset(&facts, 0, sizeof facts);
	memset(&candidate, 0, sizeof candidate);
	memset(d.rules_hash, 1, sizeof d.rules_hash);
	facts_set_text(&facts, F_APP_ID, n % 2 == 0 ? SPAN("claims") : SPAN("letters"));
	facts_set_bool(&facts, F_APP_KNOWN, true);
	facts_set_num(&facts, F_BODY_BYTES, (int64_t)n);
	assert_true(facts_add_data(
		&facts, (struct data_item){.type = n % 3 == 0 ? SPAN("health.condition") : SPAN("contact.email"),
					   .classes = CLASS_BIT(CLASS_PERSONAL),
					   .count = 1,
					   .score = 90,
					   .origin = DATA_DETECTED,
					   .views = 1}));
	dest_facts_set_text(&candidate.facts, F_DEST_ID, n % 5 == 0 ? SPAN("onprem") : SPAN("openai-eu"));
	candidate.n_fired = 1;
	candidate.fired[0].regime = SPAN("gdpr");
	candidate.fired[0].rule = SPAN("special-category-transfer");
	candidate.met = true;
	assert_int_equal(record_decision_encode(&d, out), ERR_OK);
}

void outcome_body(struct buf *out, uint64_t decision)
{
	const struct record_outcome o = {.decision = decision, .result = SPAN("sent"), .status = 200};
	assert_int_equal(record_outcome_encode(&o, out), ERR_OK);
}

void attempt_body(struct buf *out, uint64_t decision)
{
	const struct record_attempt a = {
		.decision = decision, .number = 1, .destination = SPAN("openai-eu"), .cc = COUNTRY_NONE};
	assert_int_equal(record_attempt_encode(&a, out), ERR_OK);
}

struct waiter {
	struct audit_ticket ticket; /* first: done finds the waiter by it */
	pthread_mutex_t lock;
	pthread_cond_t cond;
	bool done;
	enum err err;
};

static void waiter_done(struct audit_ticket *t, enum err err)
{
	struct waiter *w = (struct waiter *)t;
	pthread_mutex_lock(&w->lock);
	w->done = true;
	w->err = err;
	pthread_cond_signal(&w->cond);
	pthread_mutex_unlock(&w->lock);
}

struct append_result append_wait(struct audit_writer *w, enum leaf_kind kind, struct span body)
{
	struct waiter x = {.ticket = {.done = waiter_done, .kind = kind, .body = body}};
	pthread_mutex_init(&x.lock, NULL);
	pthread_cond_init(&x.cond, NULL);
	enum err err = audit_append(w, &x.ticket);
	pthread_mutex_lock(&x.lock);
	while (err == ERR_OK && !x.done)
		pthread_cond_wait(&x.cond, &x.lock);
	pthread_mutex_unlock(&x.lock);
	pthread_cond_destroy(&x.cond);
	pthread_mutex_destroy(&x.lock);
	struct append_result r = {
		.err = err != ERR_OK ? err : x.err, .sequence = x.ticket.sequence, .sequence2 = x.ticket.sequence2};
	memcpy(r.leaf_hash, x.ticket.leaf_hash, sizeof r.leaf_hash);
	return r;
}

struct append_result append_decision(struct audit_writer *w, uint64_t n)
{
	struct buf body = {0};
	decision_body(&body, n);
	struct append_result r = append_wait(w, LEAF_DECISION, buf_span(&body));
	buf_fini(&body);
	return r;
}

void wait_status(struct audit_writer *w, bool (*is)(const struct audit_status *, uint64_t arg), uint64_t arg)
{
	struct audit_status s;
	time_t until = time(NULL) + 30;
	do {
		audit_status(w, &s);
		if (is(&s, arg))
			return;
		sched_yield();
	} while (time(NULL) < until);
	fail_msg("status not reached: healthy %d, err %s, size %lu, signed %lu", s.healthy, err_name(s.err), s.size,
		 s.signed_size);
}

bool status_healthy(const struct audit_status *s, uint64_t ignored)
{
	(void)ignored;
	return s->healthy;
}

bool status_failing(const struct audit_status *s, uint64_t err)
{
	return !s->healthy && (int)s->err == (int)(int64_t)err;
}

bool status_size(const struct audit_status *s, uint64_t at_least)
{
	return s->size >= at_least;
}

bool status_signed(const struct audit_status *s, uint64_t at_least)
{
	return s->signed_size >= at_least;
}

static int connect_to(const char *path)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	assert_true(strlen(path) < sizeof address.sun_path);
	memcpy(address.sun_path, path, strlen(path));
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_true(fd >= 0);
	if (connect(fd, (const struct sockaddr *)&address, sizeof address) == 0)
		return fd;
	close(fd);
	return -1;
}

/* In the child: a program whose output is of no interest. */
static _Noreturn void become(char *const argv[])
{
	int null = open("/dev/null", O_RDWR);
	dup2(null, STDOUT_FILENO);
	dup2(null, STDERR_FILENO);
	execvp(argv[0], argv);
	_exit(127);
}

static char program_path[] = "./bailiwick-signer", option_socket[] = "--socket", option_key[] = "--key",
	    option_state[] = "--state";

void signer_start(struct signer *s, const char *folder)
{
	if (s->key == NULL) {
		s->key = scratch_join(folder, "signer.key");
		s->state = scratch_join(folder, "signer.state");
		s->socket = scratch_join(folder, "signer.sock");
		assert_int_equal(signer_keygen(s->key, "bailiwick.test/log", &s->vkey), ERR_OK);
	}
	char *const argv[] = {program_path, option_socket, s->socket, option_key, s->key, option_state, s->state, NULL};
	s->pid = fork();
	assert_true(s->pid >= 0);
	if (s->pid == 0)
		become(argv);
	int fd;
	while ((fd = connect_to(s->socket)) < 0) {
		assert_int_equal(waitpid(s->pid, NULL, WNOHANG), 0);
		sched_yield();
	}
	close(fd);
}

void signer_stop(struct signer *s)
{
	int status;
	assert_int_equal(kill(s->pid, SIGTERM), 0);
	assert_int_equal(waitpid(s->pid, &status, 0), s->pid);
	assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

void signer_free(struct signer *s)
{
	free(s->key);
	free(s->state);
	free(s->socket);
	buf_fini(&s->vkey);
}

static void transfer(int fd, uint8_t *p, size_t n, bool out)
{
	for (size_t at = 0; at < n;) {
		ssize_t k = out ? write(fd, p + at, n - at) : read(fd, p + at, n - at);
		assert_true(k > 0);
		at += (size_t)k;
	}
}

void signer_ask(const struct signer *s, struct span request, struct buf *answer)
{
	struct buf frame = {0};
	uint8_t head[4] = {(uint8_t)(request.n >> 24), (uint8_t)(request.n >> 16), (uint8_t)(request.n >> 8),
			   (uint8_t)request.n};
	int fd = connect_to(s->socket);
	assert_true(fd >= 0);
	buf_add(&frame, span_of(head, sizeof head));
	buf_add(&frame, request);
	assert_int_equal(buf_err(&frame), ERR_OK);
	transfer(fd, frame.p, frame.n, true);
	transfer(fd, head, sizeof head, false);
	size_t n = (size_t)head[0] << 24 | (size_t)head[1] << 16 | (size_t)head[2] << 8 | head[3];
	uint8_t *p = buf_reserve(answer, n);
	assert_non_null(p);
	transfer(fd, p, n, false);
	answer->n += n;
	close(fd);
	buf_fini(&frame);
}

int run_program(char *const argv[])
{
	int status;
	pid_t pid = fork();
	assert_true(pid >= 0);
	if (pid == 0)
		become(argv);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}
