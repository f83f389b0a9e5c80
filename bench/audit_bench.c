/* What durability costs: requests a second with 64 and with 1 outstanding, beside what the disk does by itself in the
 * same run. Each request is recorded as the gateway does it: decision and attempt, waited for, then an outcome, not.
 *
 *     audit_bench FOLDER [seconds]
 *
 * raw: 4 kB appended to a file and fdatasync, again and again. CPU is that of the whole process. */
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "audit/writer.h"

/* Bodies as large as those of a short chat request without fired rules. */
enum { MAX_OUTSTANDING = 64, RAW_BLOCK = 4096, DECISION = 480, ATTEMPT = 96, SAMPLES = 1 << 20 };

struct bench;

struct slot {
	struct audit_ticket ticket; /* first */
	struct bench *bench;
	uint64_t since;
	struct buf outcome;
};

struct bench {
	struct audit_writer *writer;
	struct slot slots[MAX_OUTSTANDING];
	uint64_t until; /* ns */
	atomic_size_t running;
	pthread_mutex_t lock;
	pthread_cond_t idle;
	uint32_t *us; /* latencies; the writer's thread fills them */
	size_t n;
};

static uint64_t now_ns(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

static double cpu_us(void)
{
	struct rusage u;
	getrusage(RUSAGE_SELF, &u);
	return (double)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) * 1e6 +
	       (double)(u.ru_utime.tv_usec + u.ru_stime.tv_usec);
}

static void retire(struct bench *b)
{
	pthread_mutex_lock(&b->lock);
	if (atomic_fetch_sub(&b->running, 1) == 1)
		pthread_cond_signal(&b->idle);
	pthread_mutex_unlock(&b->lock);
}

static enum err post_outcome(struct slot *s)
{
	const struct record_outcome o = {.decision = s->ticket.sequence,
					 .result = SPAN("sent"),
					 .status = 200,
					 .request_bytes = 2048,
					 .response_bytes = 600,
					 .total_us = 4711,
					 .attempts = 1};
	buf_clear(&s->outcome);
	enum err err = record_outcome_encode(&o, &s->outcome);
	return err == ERR_OK ? audit_post(s->bench->writer, LEAF_OUTCOME, buf_span(&s->outcome)) : err;
}

/* Like a loop that always has the next request ready. */
static void done(struct audit_ticket *t, enum err err)
{
	struct slot *s = (struct slot *)t;
	struct bench *b = s->bench;
	if (err == ERR_OK)
		err = post_outcome(s);
	uint64_t now = now_ns();
	if (b->n < SAMPLES)
		b->us[b->n] = (uint32_t)((now - s->since) / 1000);
	b->n++;
	s->since = now;
	if (err != ERR_OK || now >= b->until || audit_append(b->writer, t) != ERR_OK)
		retire(b);
}

static int by_size(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
	return (x > y) - (x < y);
}

static double run(struct bench *b, size_t outstanding, double seconds)
{
	static uint8_t decision[DECISION], attempt[ATTEMPT];
	uint64_t start = now_ns();
	double cpu = cpu_us();
	b->n = 0;
	b->until = start + (uint64_t)(seconds * 1e9);
	b->running = outstanding;
	for (size_t i = 0; i < outstanding; i++) {
		struct slot *s = &b->slots[i];
		s->bench = b;
		s->since = start;
		s->ticket = (struct audit_ticket){.done = done,
						  .kind = LEAF_DECISION,
						  .body = span_of(decision, sizeof decision),
						  .kind2 = LEAF_ATTEMPT,
						  .body2 = span_of(attempt, sizeof attempt)};
		if (audit_append(b->writer, &s->ticket) != ERR_OK)
			retire(b);
	}
	pthread_mutex_lock(&b->lock);
	while (b->running > 0)
		pthread_cond_wait(&b->idle, &b->lock);
	pthread_mutex_unlock(&b->lock);
	double took = (double)(now_ns() - start) / 1e9, rate = (double)b->n / took;
	size_t kept = b->n < SAMPLES ? b->n : SAMPLES;
	cpu = cpu_us() - cpu;
	qsort(b->us, kept, sizeof *b->us, by_size);
	printf("audit, %2zu outstanding: %8.0f requests/s, p50 %u us, p99 %u us, CPU %.1f us/request\n", outstanding,
	       rate, b->us[kept / 2], b->us[kept * 99 / 100], cpu / (double)b->n);
	return rate;
}

static double raw(const char *folder, double seconds)
{
	static uint8_t block[RAW_BLOCK];
	char *path = NULL;
	size_t n = 0;
	if (asprintf(&path, "%s/raw", folder) < 0)
		exit(1);
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	uint64_t start = now_ns(), until = start + (uint64_t)(seconds * 1e9);
	while (fd >= 0 && now_ns() < until && write(fd, block, sizeof block) == RAW_BLOCK && fdatasync(fd) == 0)
		n++;
	double rate = (double)n / ((double)(now_ns() - start) / 1e9);
	printf("raw append + fdatasync: %6.0f/s, %.0f us each\n", rate, 1e6 / rate);
	if (fd >= 0)
		close(fd);
	unlink(path);
	free(path);
	return rate;
}

int main(int argc, char **argv)
{
	enum { ROUNDS = 3 };
	static struct bench b = {.lock = PTHREAD_MUTEX_INITIALIZER, .idle = PTHREAD_COND_INITIALIZER};
	double seconds = argc > 2 ? strtod(argv[2], NULL) : 1;
	enum err err;
	if (argc < 2 || !(seconds > 0)) {
		fprintf(stderr, "usage: audit_bench FOLDER [seconds]\n");
		return 2;
	}
	char *store = NULL;
	if (asprintf(&store, "%s/store", argv[1]) < 0)
		return 1;
	const struct audit_options o = {
		.path = store, .map_bytes = (uint64_t)16 << 30, .commit_ms = 2, .origin = "bench"};
	b.us = calloc(SAMPLES, sizeof *b.us);
	b.writer = audit_open(&o, &err);
	if (b.us == NULL || b.writer == NULL) {
		fprintf(stderr, "audit_bench: %s\n", err_text(err));
		return 1;
	}
	/* Round by round, so that both sides meet the same weather. */
	for (int i = 0; i < ROUNDS; i++) {
		double disk = raw(argv[1], seconds);
		(void)run(&b, 1, seconds);
		double many = run(&b, MAX_OUTSTANDING, seconds);
		printf("64 outstanding against raw: %.1f times\n", many / disk);
	}
	audit_close(b.writer);
	for (size_t i = 0; i < MAX_OUTSTANDING; i++)
		buf_fini(&b.slots[i].outcome);
	free(b.us);
	free(store);
	return 0;
}
