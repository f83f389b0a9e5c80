/* Writing heads anew (RFC 9112 §3, §4, §5, §6). All is checked before the first byte goes out. */
#include "base/assert.h"
#include "proxy/wire/h1.h"
#include "proxy/wire/h1_head.h"
#include "proxy/wire/http_text.h"

static bool fields_ok(const struct http_head *head)
{
	for (size_t i = 0; i < head->n_fields; i++)
		if (!http_is_token(head->fields[i].name) || !http_is_field_value(head->fields[i].value))
			return false;
	return head->n_fields <= HTTP_MAX_FIELDS + HTTP_OWN_FIELDS;
}

static bool target_ok(struct span target)
{
	for (size_t i = 0; i < target.n; i++)
		if (!http_is_target_char(target.p[i]))
			return false;
	return target.n > 0 && target.n <= HTTP_MAX_TARGET;
}

/* One Host field, or an authority to make one of. */
static bool host_ok(const struct http_head *head)
{
	struct span host;
	uint16_t port;
	const struct http_field *field = http_field(head, SPAN("host"), 0);
	if (http_field(head, SPAN("host"), 1) != NULL)
		return false;
	return http_split_authority(field == NULL ? head->authority : field->value, &host, &port);
}

/* Writes into room that was reserved for the whole head; what does not fit is noted. */
struct pen {
	uint8_t *p, *end;
	bool full;
};

static void put(struct pen *pen, struct span s)
{
	pen->full = pen->full || s.n > (size_t)(pen->end - pen->p);
	if (pen->full || s.n == 0)
		return;
	memcpy(pen->p, s.p, s.n);
	pen->p += s.n;
}

static void put_line(struct pen *pen, struct span name, struct span value)
{
	put(pen, name);
	put(pen, SPAN(": "));
	put(pen, value);
	put(pen, SPAN("\r\n"));
}

static struct span decimal(uint64_t v, uint8_t room[20])
{
	size_t at = 20;
	do
		room[--at] = (uint8_t)('0' + v % 10);
	while ((v /= 10) > 0);
	return span_of(room + at, 20 - at);
}

static void put_length(struct pen *pen, uint64_t length)
{
	uint8_t digits[20];
	put_line(pen, SPAN("Content-Length"), decimal(length, digits));
}

/* Room for the whole head at once, or all that the buffer's limit leaves. */
static enum err pen_take(struct pen *pen, struct buf *out, const struct http_head *head)
{
	size_t n = 256 + head->method.n + head->target.n + head->reason.n + head->authority.n;
	for (size_t i = 0; i < head->n_fields; i++)
		n += head->fields[i].name.n + head->fields[i].value.n + 4;
	if (out->limit != 0 && n > out->limit - out->n)
		n = out->limit - out->n;
	uint8_t *p = buf_reserve(out, n);
	if (p == NULL)
		return buf_err(out);
	*pen = (struct pen){p, p + n, false};
	return ERR_OK;
}

/* Nothing is appended if not all could be. */
static enum err pen_put_down(const struct pen *pen, struct buf *out)
{
	size_t n = (size_t)(pen->p - (out->p + out->n));
	if (!pen->full) {
		out->n += n;
		return ERR_OK;
	}
	explicit_bzero(out->p + out->n, n);
	out->err = ERR_LIMIT;
	return ERR_LIMIT;
}

/* The fields, those of this hop, the empty line. */
static void put_fields(struct pen *pen, const struct http_head *head, bool keep_alive, bool empty_length)
{
	const struct http_hops hops = http_hops(head);
	for (size_t i = 0; i < head->n_fields; i++) {
		struct span name = head->fields[i].name;
		bool kept = head->upgrade && span_eq_nocase(name, SPAN("upgrade"));
		if (kept || !http_is_hop(&hops, name))
			put_line(pen, name, head->fields[i].value);
	}
	if (head->framing == HTTP_CHUNKED)
		put(pen, SPAN("Transfer-Encoding: chunked\r\n"));
	else if (head->framing == HTTP_LENGTH || (head->framing == HTTP_NO_BODY && empty_length))
		put_length(pen, head->length);
	if (head->upgrade)
		put(pen, SPAN("Connection: upgrade\r\n"));
	else if (!keep_alive)
		put(pen, SPAN("Connection: close\r\n"));
	put(pen, SPAN("\r\n"));
}

/* RFC 9110 §8.6: methods that give a body a meaning say so when there is none. */
static bool method_expects_body(struct span method)
{
	return span_eq(method, SPAN("POST")) || span_eq(method, SPAN("PUT")) || span_eq(method, SPAN("PATCH"));
}

enum err h1_write_request(struct buf *out, const struct http_head *head)
{
	if (!http_is_token(head->method) || head->method.n > H1_MAX_METHOD || !target_ok(head->target))
		return ERR_SYNTAX;
	if (!fields_ok(head) || !host_ok(head) || head->framing == HTTP_UNTIL_CLOSE)
		return ERR_SYNTAX;
	struct pen pen;
	enum err e = pen_take(&pen, out, head);
	if (e != ERR_OK)
		return e;
	put(&pen, head->method);
	put(&pen, SPAN(" "));
	put(&pen, head->target);
	put(&pen, SPAN(" HTTP/1.1\r\n"));
	if (http_field(head, SPAN("host"), 0) == NULL)
		put_line(&pen, SPAN("Host"), head->authority);
	put_fields(&pen, head, head->keep_alive, method_expects_body(head->method));
	return pen_put_down(&pen, out);
}

/* Would an answer without a Content-Length be read as having no body all the same? */
static bool has_no_body_anyway(const struct http_head *head)
{
	bool tunnel = span_eq(head->method, SPAN("CONNECT")) && head->status < 300;
	return tunnel || head->status < 200 || head->status == 204 || head->status == 304 ||
	       span_eq(head->method, SPAN("HEAD"));
}

enum err h1_write_response(struct buf *out, const struct http_head *head)
{
	bool interim = head->status < 200;
	bool body = head->framing != HTTP_NO_BODY && (head->framing != HTTP_LENGTH || head->length > 0);
	if (head->status < 100 || head->status > 599 || !fields_ok(head))
		return ERR_SYNTAX;
	if (body && (interim || head->status == 204 || head->status == 304))
		return ERR_SYNTAX;
	for (size_t i = 0; i < head->reason.n; i++)
		if (!http_is_vchar(head->reason.p[i]))
			return ERR_SYNTAX;
	struct pen pen;
	uint8_t digits[20];
	enum err e = pen_take(&pen, out, head);
	if (e != ERR_OK)
		return e;
	put(&pen, SPAN("HTTP/1.1 "));
	put(&pen, decimal(head->status, digits));
	put(&pen, SPAN(" "));
	put(&pen, head->reason);
	put(&pen, SPAN("\r\n"));
	/* The connection outlives an interim answer whatever the final one will say. */
	put_fields(&pen, head, interim || (head->keep_alive && head->framing != HTTP_UNTIL_CLOSE),
		   head->length > 0 || !has_no_body_anyway(head));
	return pen_put_down(&pen, out);
}

void h1_write_chunk_head(struct buf *out, size_t n)
{
	INVARIANT(n > 0);
	uint8_t text[sizeof n * 2 + 2];
	size_t at = sizeof text - 2;
	text[at] = '\r';
	text[at + 1] = '\n';
	for (; n > 0; n >>= 4)
		text[--at] = (uint8_t) "0123456789abcdef"[n & 15];
	buf_add(out, span_of(text + at, sizeof text - at));
}

void h1_write_chunk_tail(struct buf *out)
{
	buf_add(out, SPAN("\r\n"));
}

void h1_write_last_chunk(struct buf *out)
{
	buf_add(out, SPAN("0\r\n\r\n"));
}

enum err h1_write_trailers(struct buf *out, const struct http_head *fields)
{
	if (!fields_ok(fields))
		return ERR_SYNTAX;
	struct pen pen;
	enum err e = pen_take(&pen, out, fields);
	if (e != ERR_OK)
		return e;
	const struct http_hops hops = http_hops(fields);
	put(&pen, SPAN("0\r\n"));
	for (size_t i = 0; i < fields->n_fields; i++) {
		struct span name = fields->fields[i].name;
		if (!http_is_hop(&hops, name) && !h1_trailer_forbidden(name))
			put_line(&pen, name, fields->fields[i].value);
	}
	put(&pen, SPAN("\r\n"));
	return pen_put_down(&pen, out);
}
