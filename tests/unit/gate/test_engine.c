/* The engine's queue: bounded, fair between tenants, in order within one, and safe against leaving at any moment. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#include "proxy/gate/engine.h"

struct client {
	struct engine_waiter w;
	int order; /* in which it was granted; 0: not yet */
};

static int granted;

static void on_granted(struct loop_task *t)
{
	struct client *c = (struct client *)((char *)t - offsetof(struct client, w.granted));
	if (c->w.state == ENGINE_POSTED) {
		c->w.state = ENGINE_GRANTED;
		c->order = ++granted;
	}
}

struct stopper {
	struct loop_task task;
	struct loop *loop;
};

static void stop_loop(struct loop_task *t)
{
	loop_stop(((struct stopper *)t)->loop);
}

/* Runs what has been posted so far. */
static void turn(struct loop *l)
{
	struct stopper s = {.task.run = stop_loop, .loop = l};
	loop_post(l, &s.task);
	loop_run(l);
}

static struct client client(struct loop *l, uint64_t tenant)
{
	return (struct client){.w = {.granted.run = on_granted, .loop = l, .tenant = tenant}};
}

struct fixture {
	struct loop *loop;
	struct engines *engines;
	struct engine *engine;
};

static struct fixture setup(uint32_t concurrency, uint32_t queue)
{
	struct fixture f = {.loop = loop_new(), .engines = engines_new()};
	assert_non_null(f.loop);
	assert_non_null(f.engines);
	f.engine = engine_configure(f.engines, SPAN("onprem"), concurrency, queue);
	assert_non_null(f.engine);
	granted = 0;
	return f;
}

static void teardown(struct fixture *f)
{
	engines_free(f->engines);
	loop_free(f->loop);
}

static void the_queue_is_bounded(void **state)
{
	struct fixture f = setup(1, 2);
	struct client c[4];
	(void)state;
	for (int i = 0; i < 4; i++)
		c[i] = client(f.loop, 1);
	assert_int_equal(engine_enter(f.engine, &c[0].w), ERR_OK);
	assert_int_equal(engine_enter(f.engine, &c[1].w), ERR_WAIT);
	assert_int_equal(engine_enter(f.engine, &c[2].w), ERR_WAIT);
	assert_int_equal(engine_enter(f.engine, &c[3].w), ERR_QUEUE_FULL);
	for (int i = 0; i < 3; i++) {
		assert_false(engine_leave(f.engine, &c[i].w));
		turn(f.loop);
	}
	struct engine_status s;
	engine_status(f.engine, &s);
	assert_int_equal(s.running, 0);
	assert_int_equal(s.waiting, 0);
	teardown(&f);
}

static void tenants_take_turns_and_each_keeps_its_order(void **state)
{
	struct fixture f = setup(1, 100);
	struct client first = client(f.loop, 9), busy[20], quiet[2];
	(void)state;
	assert_int_equal(engine_enter(f.engine, &first.w), ERR_OK);
	for (int i = 0; i < 20; i++) {
		busy[i] = client(f.loop, 1);
		assert_int_equal(engine_enter(f.engine, &busy[i].w), ERR_WAIT);
	}
	for (int i = 0; i < 2; i++) {
		quiet[i] = client(f.loop, 2);
		assert_int_equal(engine_enter(f.engine, &quiet[i].w), ERR_WAIT);
	}
	struct client *holder = &first;
	for (int served = 0; served < 22; served++) {
		assert_false(engine_leave(f.engine, &holder->w));
		turn(f.loop);
		struct client *next = NULL;
		for (int i = 0; i < 20; i++)
			if (busy[i].order == served + 1)
				next = &busy[i];
		for (int i = 0; i < 2; i++)
			if (quiet[i].order == served + 1)
				next = &quiet[i];
		assert_non_null(next);
		holder = next;
	}
	assert_false(engine_leave(f.engine, &holder->w));
	/* The quiet tenant's two are served among the first four, though twenty stood before them. */
	assert_in_range(quiet[1].order, 2, 4);
	for (int i = 1; i < 20; i++)
		assert_true(busy[i].order > busy[i - 1].order);
	teardown(&f);
}

static void leaving_while_the_grant_is_on_its_way_passes_the_slot_on(void **state)
{
	struct fixture f = setup(1, 10);
	struct client a = client(f.loop, 1), b = client(f.loop, 1), c = client(f.loop, 1);
	(void)state;
	assert_int_equal(engine_enter(f.engine, &a.w), ERR_OK);
	assert_int_equal(engine_enter(f.engine, &b.w), ERR_WAIT);
	assert_int_equal(engine_enter(f.engine, &c.w), ERR_WAIT);
	assert_false(engine_leave(f.engine, &a.w)); /* posts b's grant */
	assert_true(engine_leave(f.engine, &b.w));  /* before it has run */
	turn(f.loop);
	assert_int_equal(b.order, 0);
	assert_int_equal(c.order, 1);
	assert_false(engine_leave(f.engine, &c.w));
	struct engine_status s;
	engine_status(f.engine, &s);
	assert_int_equal(s.running, 0);
	teardown(&f);
}

static void leaving_the_queue_makes_room(void **state)
{
	struct fixture f = setup(1, 1);
	struct client a = client(f.loop, 1), b = client(f.loop, 1), c = client(f.loop, 1);
	(void)state;
	assert_int_equal(engine_enter(f.engine, &a.w), ERR_OK);
	assert_int_equal(engine_enter(f.engine, &b.w), ERR_WAIT);
	assert_false(engine_leave(f.engine, &b.w));
	assert_int_equal(engine_enter(f.engine, &c.w), ERR_WAIT);
	assert_false(engine_leave(f.engine, &c.w));
	assert_false(engine_leave(f.engine, &a.w));
	turn(f.loop);
	assert_int_equal(granted, 0);
	teardown(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_queue_is_bounded),
		cmocka_unit_test(tenants_take_turns_and_each_keeps_its_order),
		cmocka_unit_test(leaving_while_the_grant_is_on_its_way_passes_the_slot_on),
		cmocka_unit_test(leaving_the_queue_makes_room),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
