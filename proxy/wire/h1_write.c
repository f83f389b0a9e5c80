/* Writing heads anew (RFC 9112 §3, §4, §5, §6). All is checked before the first byte goes out. */
#include "base/assert.h"
#include "proxy/wire/h1.h"
#include "proxy/wire/h1_head.h"
#include "proxy/wire/http_text.h"

static bool is_upgrade(struct span name)
{
	return span_eq_nocase(name, SPAN("upgrade"));
}

/* Does this field go out as it is? */
static bool is_written(const struct http_head *head, struct span name)
{
	if (is_upgrade(name))
		return head->upgrade;
	return !http_hop_by_hop(head, name);
}

static bool fields_ok(const struct http_head *head)
{
	for (size_t i = 0; i < head->n_fields; i++)
		if (!http_is_token(head->fields[i].name) || !http_is_field_value(head->fields[i].value))
			return false;
	return head->n_fields <= HTTP_MAX_FIELDS;
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

static void add_line(struct buf *out, struct span name, struct span value)
{
	buf_add(out, name);
	buf_add(out, SPAN(": "));
	buf_add(out, value);
	buf_add(out, SPAN("\r\n"));
}

static void add_length(struct buf *out, uint64_t length)
{
	char digits[21];
	size_t at = sizeof digits;
	do
		digits[--at] = (char)('0' + length % 10);
	while ((length /= 10) > 0);
	add_line(out, SPAN("Content-Length"), span_of(digits + at, sizeof digits - at));
}

/* Room for the whole head at once, unless the buffer's limit is near. */
static enum err reserve(struct buf *out, const struct http_head *head)
{
	size_t n = 256 + head->method.n + head->target.n + head->reason.n;
	for (size_t i = 0; i < head->n_fields; i++)
		n += head->fields[i].name.n + head->fields[i].value.n + 4;
	bool fits = out->limit == 0 || n <= out->limit - out->n;
	return fits && buf_reserve(out, n) == NULL ? buf_err(out) : ERR_OK;
}

/* The fields, those of this hop, the empty line. */
static void add_fields(struct buf *out, const struct http_head *head, bool keep_alive, bool empty_length)
{
	for (size_t i = 0; i < head->n_fields; i++)
		if (is_written(head, head->fields[i].name))
			add_line(out, head->fields[i].name, head->fields[i].value);
	if (head->framing == HTTP_CHUNKED)
		add_line(out, SPAN("Transfer-Encoding"), SPAN("chunked"));
	else if (head->framing == HTTP_LENGTH)
		add_length(out, head->length);
	else if (head->framing == HTTP_NO_BODY && empty_length)
		add_length(out, head->length);
	if (head->upgrade)
		add_line(out, SPAN("Connection"), SPAN("upgrade"));
	else if (!keep_alive)
		add_line(out, SPAN("Connection"), SPAN("close"));
	buf_add(out, SPAN("\r\n"));
}

/* Drops what was appended if it could not all be. */
static enum err finish(struct buf *out, size_t before)
{
	if (buf_err(out) != ERR_OK && out->n > before) {
		explicit_bzero(out->p + before, out->n - before);
		out->n = before;
	}
	return buf_err(out);
}

/* RFC 9110 §8.6: methods that give a body a meaning say so when there is none. */
static bool method_expects_body(struct span method)
{
	return span_eq(method, SPAN("POST")) || span_eq(method, SPAN("PUT")) || span_eq(method, SPAN("PATCH"));
}

enum err h1_write_request(struct buf *out, const struct http_head *head)
{
	size_t before = out->n;
	if (!http_is_token(head->method) || head->method.n > H1_MAX_METHOD || !target_ok(head->target))
		return ERR_SYNTAX;
	if (!fields_ok(head) || !host_ok(head) || head->framing == HTTP_UNTIL_CLOSE)
		return ERR_SYNTAX;
	enum err e = reserve(out, head);
	if (e != ERR_OK)
		return e;
	buf_add(out, head->method);
	buf_add_byte(out, ' ');
	buf_add(out, head->target);
	buf_add(out, SPAN(" HTTP/1.1\r\n"));
	if (http_field(head, SPAN("host"), 0) == NULL)
		add_line(out, SPAN("Host"), head->authority);
	add_fields(out, head, head->keep_alive, method_expects_body(head->method));
	return finish(out, before);
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
	size_t before = out->n;
	bool interim = head->status < 200;
	bool body = head->framing != HTTP_NO_BODY && (head->framing != HTTP_LENGTH || head->length > 0);
	if (head->status < 100 || head->status > 599 || !fields_ok(head))
		return ERR_SYNTAX;
	if (body && (interim || head->status == 204 || head->status == 304))
		return ERR_SYNTAX;
	for (size_t i = 0; i < head->reason.n; i++)
		if (!http_is_vchar(head->reason.p[i]))
			return ERR_SYNTAX;
	enum err e = reserve(out, head);
	if (e != ERR_OK)
		return e;
	buf_printf(out, "HTTP/1.1 %u ", (unsigned)head->status);
	buf_add(out, head->reason);
	buf_add(out, SPAN("\r\n"));
	/* The connection outlives an interim answer whatever the final one will say. */
	add_fields(out, head, interim || (head->keep_alive && head->framing != HTTP_UNTIL_CLOSE),
		   head->length > 0 || !has_no_body_anyway(head));
	return finish(out, before);
}

void h1_write_chunk_head(struct buf *out, size_t n)
{
	INVARIANT(n > 0);
	buf_printf(out, "%zx\r\n", n);
}

void h1_write_chunk_tail(struct buf *out)
{
	buf_add(out, SPAN("\r\n"));
}

void h1_write_last_chunk(struct buf *out)
{
	buf_add(out, SPAN("0\r\n\r\n"));
}
