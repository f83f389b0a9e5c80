/* Every allocation of the readers fails once: an error comes out, and nothing is lost or read wrong. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#include "proxy/wire/coding.h"
#include "proxy/wire/h1.h"
#include "proxy/wire/sse.h"

/* The linker sends the allocations of the libraries under test here (see proxy/wire/module.cmake). */
void *__real_malloc(size_t n);
void *__real_calloc(size_t n, size_t size);
void *__wrap_malloc(size_t n);
void *__wrap_calloc(size_t n, size_t size);

static long countdown = -1; /* allocations that still succeed; -1: all */

static bool refuse(void)
{
	if (countdown <= 0)
		return countdown == 0;
	countdown--;
	return false;
}

void *__wrap_malloc(size_t n)
{
	return refuse() ? NULL : __real_malloc(n);
}

void *__wrap_calloc(size_t n, size_t size)
{
	return refuse() ? NULL : __real_calloc(n, size);
}

/* Runs one task with its first n allocations allowed, for every n until it succeeds; before that it must answer
 * ERR_NOMEM. */
static void sweep(enum err (*task)(void))
{
	enum err e = ERR_NOMEM;
	long n = 0;
	for (; e != ERR_OK; n++) {
		assert_true(n < 1000);
		countdown = n;
		e = task();
		countdown = -1;
		assert_true(e == ERR_OK || e == ERR_NOMEM);
	}
	assert_true(n > 1);
}

/* "hello hello hello hello\n" by gzip -n, and zstd. */
static const uint8_t gzip_body[] = {0x1f, 0x8b, 0x08, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x03,
				    0xcb, 0x48, 0xcd, 0xc9, 0xc9, 0x57, 0xc8, 0x40, 0x27, 0xb9,
				    0x00, 0x00, 0x88, 0x59, 0x0b, 0x18, 0x00, 0x00, 0x00};
static const uint8_t zstd_body[] = {0x28, 0xb5, 0x2f, 0xfd, 0x04, 0x58, 0x6d, 0x00, 0x00, 0x38, 0x68, 0x65, 0x6c,
				    0x6c, 0x6f, 0x20, 0x0a, 0x01, 0x00, 0x99, 0x4b, 0x11, 0xa8, 0x7c, 0x2e, 0xa8};

static enum err decode(struct span header, struct span body)
{
	struct buf out = {0};
	bool identity;
	enum err e = coding_decode(header, body, (struct coding_limits){1000, 100}, &out, &identity);
	if (e == ERR_OK)
		assert_true(span_eq(buf_span(&out), SPAN("hello hello hello hello\n")));
	else
		assert_int_equal(out.n, 0);
	buf_fini(&out);
	return e;
}

static enum err decode_gzip(void)
{
	return decode(SPAN("gzip"), span_of(gzip_body, sizeof gzip_body));
}

static enum err decode_zstd(void)
{
	return decode(SPAN("zstd"), span_of(zstd_body, sizeof zstd_body));
}

static enum err read_events(void)
{
	struct sse s;
	enum err e = ERR_OK;
	struct span in = SPAN("id: 1\nevent: x\ndata: a\ndata: b");
	struct sse_event ev;
	size_t used;
	sse_init(&s, 0);
	e = sse_feed(&s, in, &used, &ev);
	if (e == ERR_MORE)
		e = sse_feed(&s, SPAN("c\n\n"), &used, &ev);
	if (e == ERR_OK) {
		assert_true(span_eq(ev.data, SPAN("a\nbc")));
		assert_true(span_eq(ev.name, SPAN("x")));
		assert_true(span_eq(ev.id, SPAN("1")));
	}
	sse_fini(&s);
	return e;
}

static enum err write_head(void)
{
	struct buf out = {0};
	struct http_head h = {.method = SPAN("GET"), .target = SPAN("/"), .authority = SPAN("a")};
	static char value[300];
	memset(value, 'x', sizeof value);
	assert_int_equal(http_add(&h, SPAN("X"), span_of(value, sizeof value)), ERR_OK);
	enum err e = h1_write_request(&out, &h);
	assert_true(e == ERR_OK || out.n == 0);
	buf_fini(&out);
	return e;
}

static void test_gzip(void **state)
{
	(void)state;
	sweep(decode_gzip);
}

static void test_zstd(void **state)
{
	(void)state;
	sweep(decode_zstd);
}

static void test_events(void **state)
{
	(void)state;
	sweep(read_events);
}

static void test_heads(void **state)
{
	(void)state;
	sweep(write_head);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_gzip), cmocka_unit_test(test_zstd),
					   cmocka_unit_test(test_events), cmocka_unit_test(test_heads)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
