/* Whatever we accept, llhttp (the parser of Node.js) has to accept too, with the same start line, fields, body and end.
 * It may accept more. The messages are the case files and mutations of them from a fixed seed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#include "h1_cases.h"

#ifndef BW_LLHTTP

static void test_oracle(void **state)
{
	(void)state;
	fail_msg("llhttp is not there: install Debian's package node-llhttp and configure again");
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_oracle)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

#else

#include <llhttp.h>

enum { MAX_SEEDS = 1024, MUTANTS = 150000 };

/* What llhttp saw. */
struct seen {
	struct buf target, reason, fields, body; /* fields: name NUL value NUL */
	bool in_body, complete, skip_body;
};

static struct seen *seen_of(llhttp_t *p)
{
	return p->data;
}

static int on_target(llhttp_t *p, const char *at, size_t n)
{
	buf_add(&seen_of(p)->target, span_of(at, n));
	return 0;
}

static int on_reason(llhttp_t *p, const char *at, size_t n)
{
	buf_add(&seen_of(p)->reason, span_of(at, n));
	return 0;
}

/* Trailers come this way too, but we drop them. */
static int on_text(llhttp_t *p, const char *at, size_t n)
{
	if (!seen_of(p)->in_body)
		buf_add(&seen_of(p)->fields, span_of(at, n));
	return 0;
}

static int on_text_end(llhttp_t *p)
{
	struct buf *b = &seen_of(p)->fields;
	if (seen_of(p)->in_body)
		return 0;
	while (b->n > 0 && (b->p[b->n - 1] == ' ' || b->p[b->n - 1] == '\t'))
		b->n--;
	buf_add_byte(b, '\0');
	return 0;
}

static int on_head_end(llhttp_t *p)
{
	seen_of(p)->in_body = true;
	return seen_of(p)->skip_body ? 1 : 0;
}

static int on_body(llhttp_t *p, const char *at, size_t n)
{
	buf_add(&seen_of(p)->body, span_of(at, n));
	return 0;
}

static int on_end(llhttp_t *p)
{
	seen_of(p)->complete = true;
	return HPE_PAUSED;
}

static const llhttp_settings_t *settings(void)
{
	static llhttp_settings_t s;
	llhttp_settings_init(&s);
	s.on_url = on_target;
	s.on_status = on_reason;
	s.on_header_field = on_text;
	s.on_header_field_complete = on_text_end;
	s.on_header_value = on_text;
	s.on_header_value_complete = on_text_end;
	s.on_headers_complete = on_head_end;
	s.on_body = on_body;
	s.on_message_complete = on_end;
	return &s;
}

/* It only knows the registered methods. */
static bool knows_method(struct span method)
{
#define KNOWN(number, name, text)                                                                                      \
	if (span_eq(method, SPAN(#text)))                                                                              \
		return true;
	HTTP_METHOD_MAP(KNOWN)
#undef KNOWN
	return false;
}

static struct buf our_fields(const struct http_head *h)
{
	struct buf b = {0};
	for (size_t i = 0; i < h->n_fields; i++) {
		buf_add(&b, h->fields[i].name);
		buf_add_byte(&b, '\0');
		buf_add(&b, h->fields[i].value);
		buf_add_byte(&b, '\0');
	}
	return b;
}

static void explain(struct span bytes, const char *what)
{
	struct buf text = {0};
	buf_add_json(&text, bytes);
	print_error("%s: %.*s\n", what, SPAN_ARG(buf_span(&text)));
	buf_fini(&text);
}

static bool same_head(llhttp_t *p, const struct reading *r, bool response)
{
	struct seen *seen = seen_of(p);
	struct buf fields = our_fields(&r->head);
	bool same = span_eq(buf_span(&fields), buf_span(&seen->fields)) && p->http_major == 1 &&
		    p->http_minor == r->head.minor;
	buf_fini(&fields);
	if (response)
		return same && p->status_code == r->head.status;
	return same && span_eq(span_str(llhttp_method_name(p->method)), r->head.method) &&
	       span_eq(buf_span(&seen->target), r->head.target);
}

static bool contains(struct span s, struct span part)
{
	return s.n >= part.n && memmem(s.p, s.n, part.p, part.n) != NULL;
}

/* Where llhttp 8.1 refuses what the grammar allows: a tab behind a framing field's value (RFC 9110 §5.5, OWS), a second
 * chunk extension behind one with a value, a quoted pair in one (RFC 9112 §7.1.1). */
static bool is_known_quirk(struct span bytes, const char *reason)
{
	if (strcmp(reason, "Invalid character in Content-Length") == 0 ||
	    strcmp(reason, "Request has invalid `Transfer-Encoding`") == 0)
		return contains(bytes, SPAN("\t"));
	if (strcmp(reason, "Invalid character in chunk size") == 0)
		return contains(bytes, SPAN("=")) && contains(bytes, SPAN(";"));
	if (strcmp(reason, "Invalid character in chunk extensions quoted value") == 0)
		return contains(bytes, SPAN("\\"));
	return false;
}

/* Does llhttp agree with a reading of ours that succeeded? Only the first message of bytes counts. */
static bool agrees(struct span bytes, const struct reading *r, bool response, struct span method)
{
	llhttp_t p;
	/* As for every user of it: that these have no body is for the caller to say. */
	struct seen seen = {.skip_body = response && (span_eq(method, SPAN("HEAD")) || r->head.status == 304)};
	llhttp_init(&p, response ? HTTP_RESPONSE : HTTP_REQUEST, settings());
	p.data = &seen;
	llhttp_errno_t e = llhttp_execute(&p, (const char *)bytes.p, bytes.n);
	if (e == HPE_OK && r->head.framing == HTTP_UNTIL_CLOSE) {
		e = llhttp_finish(&p);
		e = e == HPE_OK && seen.complete ? HPE_PAUSED : e;
	}
	bool same = true;
	if ((e != HPE_PAUSED && e != HPE_PAUSED_UPGRADE) || !seen.complete) {
		const char *reason = llhttp_get_error_reason(&p);
		same = is_known_quirk(bytes, reason != NULL ? reason : "");
		if (!same)
			explain(bytes, reason != NULL ? reason : llhttp_errno_name(e));
	} else if (!same_head(&p, r, response)) {
		explain(bytes, "another head");
		same = false;
	} else if (!span_eq(buf_span(&seen.body), buf_span(&r->body))) {
		explain(bytes, "another body");
		same = false;
	} else if (r->head.framing != HTTP_UNTIL_CLOSE &&
		   (size_t)(llhttp_get_error_pos(&p) - (const char *)bytes.p) != r->used) {
		explain(bytes, "another end");
		same = false;
	}
	buf_fini(&seen.target);
	buf_fini(&seen.reason);
	buf_fini(&seen.fields);
	buf_fini(&seen.body);
	return same;
}

struct tally {
	size_t accepted, chunked, wrong;
};

static void compare(struct span bytes, struct span method, bool response, struct tally *t)
{
	struct reading r;
	reading_of(&r, bytes, method, response, SIZE_MAX / 2);
	bool comparable = r.err == ERR_OK && (response || knows_method(r.head.method));
	if (comparable) {
		t->accepted++;
		t->chunked += r.head.framing == HTTP_CHUNKED;
		t->wrong += !agrees(bytes, &r, response, method);
	}
	reading_fini(&r);
}

struct seeds {
	struct buf bytes[MAX_SEEDS];
	size_t n;
};

static void load(struct seeds *s, const char *file, size_t part)
{
	struct cases c;
	cases_open(&c, file);
	while (cases_next(&c)) {
		assert_true(s->n < MAX_SEEDS);
		cases_unescape(c.parts[part], &s->bytes[s->n]);
		/* The long ones are slow and say little here. */
		if (s->bytes[s->n].n <= 1000)
			s->n++;
		else
			buf_fini(&s->bytes[s->n]);
	}
	cases_close(&c);
}

static void unload(struct seeds *s)
{
	for (size_t i = 0; i < s->n; i++)
		buf_fini(&s->bytes[i]);
}

static uint32_t draw(uint64_t *seed, size_t below)
{
	*seed = *seed * 6364136223846793005u + 1442695040888963407u;
	return (uint32_t)((*seed >> 33) % below);
}

static void insert(struct buf *b, size_t at, struct span what)
{
	struct buf out = {0};
	buf_add(&out, span_sub(buf_span(b), 0, at));
	buf_add(&out, what);
	buf_add(&out, span_sub(buf_span(b), at, b->n));
	buf_fini(b);
	*b = out;
}

static void cut(struct buf *b, size_t at, size_t n)
{
	n = n < b->n - at ? n : b->n - at;
	memmove(b->p + at, b->p + at + n, b->n - at - n);
	b->n -= n;
}

/* The rest of the line at a place once more. */
static void repeat_line(struct buf *b, size_t at)
{
	struct span rest = span_sub(buf_span(b), at, b->n);
	size_t end = span_find(rest, '\n');
	struct buf line = {0};
	buf_add(&line, span_sub(rest, 0, end < rest.n ? end + 1 : end));
	insert(b, at, buf_span(&line));
	buf_fini(&line);
}

/* Part of another message. */
static void splice(struct buf *b, size_t at, struct span other, uint64_t *seed)
{
	size_t from = draw(seed, other.n + 1);
	size_t to = from + draw(seed, other.n - from + 1);
	insert(b, at, span_sub(other, from, to));
}

/* What has fooled parsers before. */
static const char *const pieces[] = {
	"\r\n",
	"\n",
	"\r",
	" ",
	"\t",
	":",
	";",
	",",
	"0",
	"5",
	"a",
	"=",
	"\"",
	"\\",
	"%41",
	"/",
	"?",
	"[",
	"|",
	"\xe9",
	"\x0b",
	"\r\n\r\n",
	"0\r\n\r\n",
	";a=b",
	"chunked",
	"http://a.example",
	"X: y\r\n",
	"Connection: close\r\n",
	"Content-Length: 5\r\n",
	"Transfer-Encoding: chunked\r\n",
	"Upgrade: x\r\nConnection: upgrade\r\n",
};

static void mutate(struct buf *b, const struct seeds *s, uint64_t *seed)
{
	size_t at = draw(seed, b->n + 1);
	switch (draw(seed, 6)) {
	case 0:
		if (at < b->n)
			b->p[at] = (uint8_t)draw(seed, 256);
		break;
	case 1:
		if (at < b->n)
			b->p[at] ^= 0x20;
		break;
	case 2:
		insert(b, at, span_str(pieces[draw(seed, sizeof pieces / sizeof *pieces)]));
		break;
	case 3:
		cut(b, at, draw(seed, 4));
		break;
	case 4:
		splice(b, at, buf_span(&s->bytes[draw(seed, s->n)]), seed);
		break;
	case 5:
		repeat_line(b, at);
		break;
	}
}

static void run(struct seeds *s, bool response, struct tally *t)
{
	static const char *const methods[] = {"GET", "HEAD", "POST"};
	uint64_t seed = 20261120;
	for (size_t i = 0; i < s->n; i++)
		compare(buf_span(&s->bytes[i]), response ? SPAN("GET") : SPAN_NULL, response, t);
	for (size_t i = 0; i < MUTANTS; i++) {
		struct buf b = {0};
		buf_add(&b, buf_span(&s->bytes[draw(&seed, s->n)]));
		for (uint32_t k = 1 + draw(&seed, 3); k > 0; k--)
			mutate(&b, s, &seed);
		struct span method = response ? span_str(methods[draw(&seed, 3)]) : SPAN_NULL;
		compare(buf_span(&b), method, response, t);
		buf_fini(&b);
	}
	print_message("%zu accepted by both readers, %zu of them chunked\n", t->accepted, t->chunked);
	assert_int_equal(t->wrong, 0);
	/* Enough of them for the agreement to mean something. */
	assert_true(t->accepted > MUTANTS / 20);
	assert_true(t->chunked > MUTANTS / 200);
}

static void test_requests(void **state)
{
	(void)state;
	static struct seeds s;
	struct tally t = {0};
	for (int copy = 0; copy < 6; copy++)
		load(&s, "h1_accept.txt", 6);
	load(&s, "h1_reject.txt", 2);
	run(&s, false, &t);
	unload(&s);
}

static void test_responses(void **state)
{
	(void)state;
	static const char *const valid[] = {
		"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello",
		"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
		"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nX: y\r\n\r\n5;a=b\r\nhello\r\n0\r\nX-Sum: 1\r\n\r\n",
		"HTTP/1.1 200\r\nConnection: close\r\n\r\nuntil the end",
		"HTTP/1.0 404 Not Found\r\nContent-Length: 0\r\n\r\n",
		"HTTP/1.1 204 No Content\r\n\r\n",
		"HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n",
		"HTTP/1.1 100 Continue\r\n\r\n",
		("HTTP/1.1 529 Overloaded\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"
		 "c\r\ndata: abc\r\n\r\n\r\n1\r\n\n\r\n0\r\n\r\n"),
	};
	static struct seeds s;
	struct tally t = {0};
	for (size_t i = 0; i < sizeof valid / sizeof *valid; i++)
		for (int copy = 0; copy < 6; copy++)
			buf_add_str(&s.bytes[s.n++], valid[i]);
	load(&s, "h1_reject_response.txt", 3);
	run(&s, true, &t);
	unload(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_requests), cmocka_unit_test(test_responses)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

#endif
