#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <unistd.h>

#include "proxy/net/loop.h"

enum { THREADS = 4, POSTS = 20000 };

struct counted {
	struct loop_task task;
	struct shared *shared;
	unsigned thread, number;
};

struct shared {
	struct loop *loop;
	unsigned next[THREADS]; /* the loop's thread only */
	size_t seen;
};

static void on_counted(struct loop_task *t)
{
	struct counted *c = (struct counted *)t;
	struct shared *s = c->shared;
	/* In order for each producer, none lost, none twice. */
	assert_int_equal(c->number, s->next[c->thread]);
	s->next[c->thread]++;
	free(c);
	if (++s->seen == (size_t)THREADS * POSTS)
		loop_stop(s->loop);
}

struct producer {
	struct shared *shared;
	unsigned thread;
};

static void *produce(void *arg)
{
	const struct producer *p = arg;
	for (unsigned i = 0; i < POSTS; i++) {
		struct counted *c = calloc(1, sizeof *c);
		if (c == NULL)
			abort();
		*c = (struct counted){.task.run = on_counted, .shared = p->shared, .thread = p->thread, .number = i};
		loop_post(p->shared->loop, &c->task);
	}
	return NULL;
}

static void test_posts_from_many_threads_all_run_in_order(void **state)
{
	(void)state;
	struct shared s = {.loop = loop_new()};
	struct producer p[THREADS];
	pthread_t threads[THREADS];
	assert_non_null(s.loop);
	for (unsigned i = 0; i < THREADS; i++) {
		p[i] = (struct producer){.shared = &s, .thread = i};
		assert_int_equal(pthread_create(&threads[i], NULL, produce, &p[i]), 0);
	}
	loop_run(s.loop);
	for (unsigned i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	assert_int_equal(s.seen, THREADS * POSTS);
	loop_free(s.loop);
}

struct again {
	struct loop_task task;
	struct loop *loop;
	unsigned runs;
};

static void on_again(struct loop_task *t)
{
	struct again *a = (struct again *)t;
	if (++a->runs == 1000)
		loop_stop(a->loop);
	else
		loop_post(a->loop, t);
}

static void test_task_memory_may_be_posted_again_from_its_run(void **state)
{
	(void)state;
	struct again a = {.task.run = on_again, .loop = loop_new()};
	assert_non_null(a.loop);
	loop_post(a.loop, &a.task);
	loop_run(a.loop);
	assert_int_equal(a.runs, 1000);
	loop_free(a.loop);
}

struct timers {
	struct loop_timer first, second, never;
	unsigned order[2], n;
};

static struct timers *current;

static void on_first(struct loop_timer *t)
{

	current->order[current->n++] = 1;
	loop_timer_disarm(&current->never);
	assert_int_equal(loop_timer_arm(t->loop, &current->second, 1), ERR_OK);
}

static void on_second(struct loop_timer *t)
{
	current->order[current->n++] = 2;
	loop_stop(t->loop);
}

static void on_never(struct loop_timer *t)
{
	(void)t;
	fail();
}

static void test_timers_fire_once_in_order_and_can_be_disarmed(void **state)
{
	(void)state;
	struct timers t = {.first.run = on_first, .second.run = on_second, .never.run = on_never};
	struct loop *l = loop_new();
	assert_non_null(l);
	current = &t;
	uint64_t before = loop_now(l);
	assert_int_equal(loop_timer_arm(l, &t.never, 1), ERR_OK);
	assert_int_equal(loop_timer_arm(l, &t.never, 50), ERR_OK);
	assert_int_equal(loop_timer_arm(l, &t.first, 2), ERR_OK);
	loop_run(l);
	assert_int_equal(t.n, 2);
	assert_int_equal(t.order[0], 1);
	assert_int_equal(t.order[1], 2);
	assert_true(loop_now(l) - before >= 3000000);
	loop_timer_fini(&t.first);
	loop_timer_fini(&t.second);
	loop_timer_fini(&t.never);
	loop_timer_fini(&t.never);
	loop_free(l);
}

static void on_usr1(int signo, void *arg)
{
	assert_int_equal(signo, SIGUSR1);
	loop_stop(arg);
}

static void test_signal_arrives_on_the_loop(void **state)
{
	(void)state;
	struct loop *l = loop_new();
	assert_non_null(l);
	assert_int_equal(loop_on_signal(l, SIGUSR1, on_usr1, l), ERR_OK);
	assert_int_equal(kill(getpid(), SIGUSR1), 0);
	loop_run(l);
	loop_free(l);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_posts_from_many_threads_all_run_in_order),
		cmocka_unit_test(test_task_memory_may_be_posted_again_from_its_run),
		cmocka_unit_test(test_timers_fire_once_in_order_and_can_be_disarmed),
		cmocka_unit_test(test_signal_arrives_on_the_loop),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
