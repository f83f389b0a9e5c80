/* Heads of requests and answers. First byte: bit 0 asks for an answer, bits 1-2 the method answered, bits 3-7 the size
 * of the pieces the rest arrives in. What is accepted is written anew and has to read the same. */
#include <stdint.h>
#include <stdlib.h>

#include "base/assert.h"
#include "proxy/wire/h1.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The head's end in pieces and at once: the same. */
static enum err find_end(struct span in, size_t step, size_t *length)
{
	size_t scanned = 0, whole = 0, zero = 0;
	enum err e = ERR_MORE;
	for (size_t n = 0; e == ERR_MORE && n < in.n;) {
		n = n + step < in.n ? n + step : in.n;
		e = h1_head_end(span_of(in.p, n), &scanned, length);
		INVARIANT(scanned <= n);
	}
	enum err once = h1_head_end(in, &zero, &whole);
	INVARIANT(once == e && (e != ERR_OK || whole == *length));
	return e;
}

static enum err parse(struct span head, struct span method, bool response, struct http_head *out)
{
	enum h1_reject why;
	enum err e = response ? h1_parse_response(head, method, out, &why) : h1_parse_request(head, out, &why);
	INVARIANT(e == h1_reject_err(why));
	return e;
}

static bool inside(struct span s, struct span whole)
{
	return s.n == 0 || (s.p >= whole.p && s.p + s.n <= whole.p + whole.n);
}

/* Fields for one hop are written by us; all others come again, in order. */
static void compare(const struct http_head *a, const struct http_head *b)
{
	size_t k = 0;
	for (size_t i = 0; i < a->n_fields; i++) {
		if (http_hop_by_hop(a, a->fields[i].name))
			continue;
		while (k < b->n_fields && http_hop_by_hop(b, b->fields[k].name))
			k++;
		INVARIANT(k < b->n_fields);
		INVARIANT(span_eq(a->fields[i].name, b->fields[k].name));
		INVARIANT(span_eq(a->fields[i].value, b->fields[k].value));
		k++;
	}
	INVARIANT(span_eq(a->method, b->method) && span_eq(a->target, b->target));
	INVARIANT(span_eq(a->path, b->path) && span_eq(a->query, b->query));
	INVARIANT(a->status == b->status && span_eq(a->reason, b->reason));
}

static void rewrite(struct http_head *head, struct span method, bool response)
{
	static struct http_head again;
	struct buf out = {0};
	if (response)
		head->method = method;
	else if (head->authority.n == 0)
		return; /* HTTP/1.0 without Host is not passed on */
	if (response && head->status == 101)
		head->upgrade = true;
	enum err e = response ? h1_write_response(&out, head) : h1_write_request(&out, head);
	INVARIANT(e == ERR_OK);
	size_t scanned = 0, length = 0;
	e = h1_head_end(buf_span(&out), &scanned, &length);
	/* What is written anew may be a little longer: by a framing field, a connection field, a Host. */
	if (e == ERR_OK) {
		INVARIANT(length == out.n);
		e = parse(buf_span(&out), method, response, &again);
		if (e == ERR_OK) {
			again.method = response ? method : again.method;
			bool host_added = !response && http_field(head, SPAN("host"), 0) == NULL;
			if (!host_added)
				compare(head, &again);
			INVARIANT(response || head->framing != HTTP_LENGTH || again.length == head->length);
			INVARIANT((head->framing == HTTP_CHUNKED) == (again.framing == HTTP_CHUNKED));
		} else {
			INVARIANT(head->n_fields + 3 > HTTP_MAX_FIELDS); /* the three fields just named */
		}
	} else {
		INVARIANT(e == ERR_HEAD_TOO_LARGE);
	}
	buf_fini(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct span methods[] = {SPAN("GET"), SPAN("HEAD"), SPAN("POST"), SPAN("CONNECT")};
	static struct http_head head;
	if (size == 0)
		return 0;
	bool response = data[0] & 1;
	struct span method = methods[data[0] >> 1 & 3];
	struct span in = span_of(data + 1, size - 1);
	size_t length = in.n;
	enum err e = find_end(in, (size_t)(data[0] >> 3) + 1, &length);
	struct span text = span_sub(in, 0, e == ERR_OK ? length : in.n);
	enum err p = parse(text, method, response, &head);
	INVARIANT(e == ERR_OK || p < 0);
	if (p != ERR_OK)
		return 0;
	INVARIANT(head.n_fields <= HTTP_MAX_FIELDS);
	for (size_t i = 0; i < head.n_fields; i++)
		INVARIANT(inside(head.fields[i].name, text) && inside(head.fields[i].value, text));
	INVARIANT(inside(head.target, text) && inside(head.authority, text) && inside(head.query, text));
	rewrite(&head, method, response);
	return 0;
}
