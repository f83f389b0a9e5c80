/* The in-memory stream keeps the rules that its users are tested by. */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "proxy/wire/stream_mem.h"

/* An owner that notes what it is told. */
struct owner {
	struct stream_mem m;
	struct buf got;
	unsigned heads, ends, writables, closes;
	enum err why;
	enum err reset_in_body; /* reset from inside the event */
	size_t trailers;
	enum err broken;
};

static struct owner *owner_of(struct stream *s)
{
	return s->owner;
}

static void on_head(struct stream *s, const struct http_head *head)
{
	(void)head;
	owner_of(s)->heads++;
}

static void on_body(struct stream *s, struct span data)
{
	struct owner *o = owner_of(s);
	buf_add(&o->got, data);
	if (o->reset_in_body == ERR_OK)
		return;
	stream_reset(s, o->reset_in_body);
	/* Not from inside the call. */
	assert_int_equal(o->closes, 0);
}

static void on_end(struct stream *s)
{
	owner_of(s)->ends++;
}

static void on_writable(struct stream *s)
{
	owner_of(s)->writables++;
}

static void on_closed(struct stream *s, enum err why)
{
	owner_of(s)->closes++;
	owner_of(s)->why = why;
}

static void on_trailers(struct stream *s, const struct http_head *fields)
{
	owner_of(s)->trailers += fields->n_fields;
}

static void on_broken(struct stream *s, enum err why)
{
	owner_of(s)->broken = why;
}

static const struct stream_events events = {
	.head = on_head,
	.body = on_body,
	.trailers = on_trailers,
	.end = on_end,
	.broken = on_broken,
	.writable = on_writable,
	.closed = on_closed,
};

static struct owner *setup(enum stream_mem_side side)
{
	struct owner *o = calloc(1, sizeof *o);
	assert_non_null(o);
	stream_mem_init(&o->m, side);
	o->m.stream.owner = o;
	o->m.stream.events = &events;
	return o;
}

static void teardown(struct owner *o)
{
	stream_mem_fini(&o->m);
	buf_fini(&o->got);
	free(o);
}

static const struct http_head request = {.method = SPAN("POST"), .target = SPAN("/"), .framing = HTTP_CHUNKED};
static const struct http_head answer = {.status = 200, .framing = HTTP_CHUNKED};

static void test_exchange(void **state)
{
	(void)state;
	struct owner *o = setup(STREAM_MEM_SERVER);
	struct stream *s = &o->m.stream;
	stream_mem_head(&o->m, &request);
	assert_int_equal(stream_mem_body(&o->m, SPAN("hello")), 5);
	stream_mem_end(&o->m);
	assert_int_equal(o->heads, 1);
	assert_int_equal(o->ends, 1);
	assert_true(span_eq(buf_span(&o->got), SPAN("hello")));
	char name[] = "X", value[] = "y";
	struct http_head h = answer;
	assert_int_equal(http_add(&h, span_str(name), span_str(value)), ERR_OK);
	assert_int_equal(stream_send_head(s, &(struct http_head){.status = 103}, false), ERR_OK);
	assert_int_equal(stream_send_head(s, &h, false), ERR_OK);
	/* A copy was kept. */
	name[0] = value[0] = '-';
	assert_int_equal(o->m.n_heads, 2);
	assert_true(span_eq(http_value(&o->m.sent_head[1], SPAN("x")), SPAN("y")));
	assert_int_equal(stream_send_body(s, SPAN("wor"), false), ERR_OK);
	assert_int_equal(stream_send_ref(s, SPAN("ld"), true), ERR_OK);
	assert_true(span_eq(buf_span(&o->m.sent), SPAN("world")));
	assert_int_equal(o->closes, 0);
	assert_true(stream_mem_run(&o->m));
	assert_false(stream_mem_run(&o->m));
	assert_int_equal(o->closes, 1);
	assert_int_equal(o->why, ERR_OK);
	teardown(o);
}

static void test_trailers(void **state)
{
	(void)state;
	struct owner *o = setup(STREAM_MEM_SERVER);
	struct http_head fields = {0};
	assert_int_equal(http_add(&fields, SPAN("X"), SPAN("y")), ERR_OK);
	stream_mem_head(&o->m, &request);
	stream_mem_trailers(&o->m, &fields);
	stream_mem_end(&o->m);
	assert_int_equal(o->trailers, 1);
	assert_int_equal(stream_send_head(&o->m.stream, &answer, false), ERR_OK);
	assert_int_equal(stream_send_trailers(&o->m.stream, &fields), ERR_OK);
	assert_true(o->m.sent_end);
	assert_true(span_eq(http_value(&o->m.trailers, SPAN("x")), SPAN("y")));
	assert_true(stream_mem_run(&o->m));
	assert_int_equal(o->why, ERR_OK);
	teardown(o);
}

static void test_broken_body(void **state)
{
	(void)state;
	struct owner *o = setup(STREAM_MEM_SERVER);
	stream_mem_head(&o->m, &request);
	assert_int_equal(stream_mem_body(&o->m, SPAN("hel")), 3);
	stream_mem_broken(&o->m, ERR_FRAMING);
	assert_int_equal(o->broken, ERR_FRAMING);
	assert_int_equal(o->ends, 0);
	assert_false(stream_mem_run(&o->m)); /* until it is answered */
	assert_int_equal(stream_send_head(&o->m.stream, &(struct http_head){.status = 400}, true), ERR_OK);
	assert_true(stream_mem_run(&o->m));
	assert_int_equal(o->why, ERR_OK);
	teardown(o);
}

static void test_answer_before_the_end(void **state)
{
	(void)state;
	struct owner *o = setup(STREAM_MEM_SERVER);
	stream_mem_head(&o->m, &request);
	assert_int_equal(stream_send_head(&o->m.stream, &(struct http_head){.status = 413}, true), ERR_OK);
	assert_false(stream_mem_run(&o->m));
	stream_mem_end(&o->m);
	assert_true(stream_mem_run(&o->m));
	teardown(o);
}

static void test_client_side(void **state)
{
	(void)state;
	struct owner *o = setup(STREAM_MEM_CLIENT);
	struct http_head h = request;
	h.framing = HTTP_LENGTH;
	h.length = 3;
	assert_int_equal(stream_send_head(&o->m.stream, &h, false), ERR_OK);
	assert_int_equal(stream_send_body(&o->m.stream, SPAN("abc"), true), ERR_OK);
	stream_mem_head(&o->m, &(struct http_head){.status = 100});
	stream_mem_head(&o->m, &(struct http_head){.status = 103});
	stream_mem_head(&o->m, &answer);
	assert_int_equal(o->heads, 3);
	stream_mem_end(&o->m);
	assert_true(stream_mem_run(&o->m));
	assert_int_equal(o->why, ERR_OK);
	teardown(o);
}

static void test_window(void **state)
{
	(void)state;
	struct owner *o = setup(STREAM_MEM_SERVER);
	o->m.window = 4;
	stream_mem_head(&o->m, &request);
	assert_int_equal(stream_mem_body(&o->m, SPAN("abcdef")), 4);
	assert_int_equal(stream_mem_body(&o->m, SPAN("ef")), 0);
	stream_consume(&o->m.stream, 1);
	assert_int_equal(stream_mem_body(&o->m, SPAN("ef")), 1);
	stream_consume(&o->m.stream, 4);
	assert_int_equal(stream_mem_body(&o->m, SPAN("f")), 1);
	assert_true(span_eq(buf_span(&o->got), SPAN("abcdef")));
	assert_int_equal(o->m.consumed, 5);
	teardown(o);
}

static void test_waiting_output(void **state)
{
	(void)state;
	struct owner *o = setup(STREAM_MEM_SERVER);
	struct stream *s = &o->m.stream;
	static uint8_t block[20000];
	o->m.hold = true;
	stream_mem_head(&o->m, &request);
	stream_mem_end(&o->m);
	assert_int_equal(stream_send_head(s, &answer, false), ERR_OK);
	uint8_t *mine = malloc(3);
	assert_non_null(mine);
	memcpy(mine, "abc", 3);
	assert_int_equal(stream_send_body(s, span_of(mine, 3), false), ERR_OK);
	free(mine);
	assert_int_equal(stream_send_ref(s, span_of(block, sizeof block), true), ERR_OK);
	assert_int_equal(stream_pending(s), 20003);
	/* Not complete before all has left. */
	assert_false(stream_mem_run(&o->m));
	stream_mem_flush(&o->m, 2);
	assert_int_equal(o->writables, 0);
	stream_mem_flush(&o->m, 4000);
	assert_int_equal(stream_pending(s), 16001);
	assert_int_equal(o->writables, 1);
	stream_mem_flush(&o->m, 1);
	assert_int_equal(o->writables, 1);
	stream_mem_flush(&o->m, SIZE_MAX);
	assert_int_equal(stream_pending(s), 0);
	assert_int_equal(o->writables, 2);
	stream_mem_flush(&o->m, SIZE_MAX);
	assert_int_equal(o->writables, 2);
	assert_int_equal(o->m.sent.n, 20003);
	assert_true(stream_mem_run(&o->m));
	teardown(o);
}

static void test_reset(void **state)
{
	(void)state;
	struct owner *o = setup(STREAM_MEM_SERVER);
	o->reset_in_body = ERR_REFUSED;
	stream_mem_head(&o->m, &request);
	assert_int_equal(stream_mem_body(&o->m, SPAN("a")), 1);
	assert_true(o->m.was_reset);
	/* What the peer still sends is lost. */
	assert_int_equal(stream_mem_body(&o->m, SPAN("b")), 0);
	stream_mem_end(&o->m);
	assert_int_equal(o->ends, 0);
	stream_mem_close(&o->m, ERR_CLIENT_GONE);
	assert_true(stream_mem_run(&o->m));
	assert_false(stream_mem_run(&o->m));
	assert_int_equal(o->closes, 1);
	assert_int_equal(o->why, ERR_REFUSED);
	teardown(o);
}

static void test_peer_gone(void **state)
{
	(void)state;
	struct owner *o = setup(STREAM_MEM_SERVER);
	stream_mem_head(&o->m, &request);
	stream_mem_close(&o->m, ERR_CLIENT_GONE);
	assert_int_equal(stream_send_head(&o->m.stream, &answer, false), ERR_CLIENT_GONE);
	assert_int_equal(o->m.n_heads, 0);
	assert_true(stream_mem_run(&o->m));
	assert_int_equal(o->why, ERR_CLIENT_GONE);
	teardown(o);
}

static void test_malformed(void **state)
{
	(void)state;
	struct owner *o = setup(STREAM_MEM_SERVER);
	stream_mem_malformed(&o->m, ERR_FRAMING);
	assert_int_equal(o->m.stream.malformed, ERR_FRAMING);
	assert_int_equal(stream_send_head(&o->m.stream, &(struct http_head){.status = 400}, true), ERR_OK);
	assert_true(stream_mem_run(&o->m));
	teardown(o);
}

static void test_failing_send(void **state)
{
	(void)state;
	struct owner *o = setup(STREAM_MEM_SERVER);
	stream_mem_head(&o->m, &request);
	o->m.fail_send = ERR_NOMEM;
	assert_int_equal(stream_send_head(&o->m.stream, &answer, false), ERR_NOMEM);
	assert_int_equal(stream_send_head(&o->m.stream, &answer, false), ERR_OK);
	teardown(o);
}

/* What breaks a rule; each starts with a request read. */
static enum err body_before_head(struct stream *s)
{
	return stream_send_body(s, SPAN("x"), false);
}

static enum err two_heads(struct stream *s)
{
	return stream_send_head(s, &answer, false) == ERR_OK ? stream_send_head(s, &answer, false) : ERR_OK;
}

static enum err body_behind_end(struct stream *s)
{
	return stream_send_head(s, &answer, true) == ERR_OK ? stream_send_body(s, SPAN("x"), false) : ERR_OK;
}

static enum err too_much(struct stream *s)
{
	const struct http_head h = {.status = 200, .framing = HTTP_LENGTH, .length = 2};
	return stream_send_head(s, &h, false) == ERR_OK ? stream_send_body(s, SPAN("abc"), false) : ERR_OK;
}

static enum err too_little(struct stream *s)
{
	const struct http_head h = {.status = 200, .framing = HTTP_LENGTH, .length = 2};
	return stream_send_head(s, &h, false) == ERR_OK ? stream_send_body(s, SPAN("a"), true) : ERR_OK;
}

static enum err consume_too_much(struct stream *s)
{
	stream_consume(s, 1);
	return ERR_OK;
}

static enum err send_after_reset(struct stream *s)
{
	stream_reset(s, ERR_REFUSED);
	return stream_send_head(s, &answer, false);
}

/* An owner that breaks a rule does not get away with it. */
static void test_misuse(void **state)
{
	(void)state;
	enum err (*const misuses[])(struct stream *) = {body_before_head, two_heads,        body_behind_end, too_much,
							too_little,       consume_too_much, send_after_reset};
	for (size_t i = 0; i < sizeof misuses / sizeof *misuses; i++) {
		pid_t child = fork();
		assert_true(child >= 0);
		if (child == 0) {
			struct owner *o = setup(STREAM_MEM_SERVER);
			signal(SIGABRT, SIG_DFL);
			fclose(stderr);
			stream_mem_head(&o->m, &request);
			_exit(misuses[i](&o->m.stream) == ERR_OK ? 0 : 1);
		}
		int status;
		assert_int_equal(waitpid(child, &status, 0), child);
		assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_exchange),       cmocka_unit_test(test_answer_before_the_end),
		cmocka_unit_test(test_client_side),    cmocka_unit_test(test_window),
		cmocka_unit_test(test_waiting_output), cmocka_unit_test(test_reset),
		cmocka_unit_test(test_peer_gone),      cmocka_unit_test(test_malformed),
		cmocka_unit_test(test_trailers),       cmocka_unit_test(test_broken_body),
		cmocka_unit_test(test_failing_send),   cmocka_unit_test(test_misuse),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
