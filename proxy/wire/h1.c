#include "proxy/wire/h1.h"

#include "base/assert.h"
#include "proxy/wire/bytes.h"
#include "proxy/wire/h1_head.h"
#include "proxy/wire/http_text.h"

enum { MAX_CONNECTION = 1024 };

static const struct {
	const char *name, *text;
	enum err err;
} rejects[H1_REJECT_COUNT + 1] = {
#define H1_REJECT(name, error, rfc, text) [H1_REJECT_##name] = {#name, text " (" rfc ")", ERR_##error},
#include "proxy/wire/h1_reject.def"
#undef H1_REJECT
	[H1_REJECT_COUNT] = {"", "", ERR_OK},
};

const char *h1_reject_text(enum h1_reject r)
{
	return rejects[r].text;
}

const char *h1_reject_name(enum h1_reject r)
{
	return rejects[r].name;
}

enum err h1_reject_err(enum h1_reject r)
{
	return rejects[r].err;
}

/* Everything before *scanned is in order: it stands at most on a carriage return whose line feed is not there yet. */
enum err h1_head_end(struct span bytes, size_t *scanned, size_t *length)
{
	size_t n = bytes.n < HTTP_MAX_HEAD ? bytes.n : HTTP_MAX_HEAD;
	size_t i = *scanned;
	INVARIANT(i <= n);
	if (i == 0 && n > 0 && span_find(SPAN(" \t\r\n"), bytes.p[0]) < 4)
		return ERR_FRAMING;
	for (;;) {
		i += bytes_plain(bytes.p + i, n - i);
		*scanned = i;
		if (i == n)
			break;
		uint8_t c = bytes.p[i];
		if (c == '\0' || c == '\n')
			return ERR_FRAMING;
		if (c != '\r') {
			i++; /* a tab; other control bytes are the parser's to name */
			continue;
		}
		if (i + 1 == n)
			break;
		if (bytes.p[i + 1] != '\n')
			return ERR_FRAMING;
		i += 2;
		if (i >= 4 && bytes.p[i - 3] == '\n') {
			*scanned = *length = i;
			return ERR_OK;
		}
	}
	return bytes.n >= HTTP_MAX_HEAD ? ERR_HEAD_TOO_LARGE : ERR_MORE;
}

/* What the fields that matter to us said, before it is judged as a whole. */
struct seen {
	unsigned hosts, lengths, codings;
	struct span host, length, coding;
	size_t connection; /* bytes of Connection in all */
	bool close, keep_alive;
};

/* Connection must not take away what tells how to read the message, whom it is for and who sent it. */
static bool is_for_every_recipient(struct span name)
{
	static const struct span names[] = {SPAN("host"),          SPAN("content-length"),
					    SPAN("content-type"),  SPAN("authorization"),
					    SPAN("content-range"), SPAN("content-encoding"),
					    SPAN("expect"),        SPAN("cache-control"),
					    SPAN("x-api-key"),     SPAN("api-key"),
					    SPAN("set-cookie"),    SPAN("x-goog-api-key"),
					    SPAN("cookie"),        SPAN("date")};
	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		if (span_eq_nocase(name, names[i]))
			return true;
	return false;
}

static enum h1_reject read_connection(struct span value, struct http_head *out, struct seen *seen)
{
	struct span option;
	seen->connection += value.n;
	if (seen->connection > MAX_CONNECTION)
		return H1_REJECT_CONNECTION;
	while (http_list_next(&value, &option)) {
		if (!http_is_token(option))
			return H1_REJECT_CONNECTION;
		if (is_for_every_recipient(option))
			return H1_REJECT_CONNECTION_FIELD;
		if (span_eq_nocase(option, SPAN("close")))
			seen->close = true;
		else if (span_eq_nocase(option, SPAN("keep-alive")))
			seen->keep_alive = true;
		else if (span_eq_nocase(option, SPAN("upgrade")))
			out->upgrade = true;
	}
	return H1_REJECT_COUNT;
}

static enum h1_reject note_field(enum h1_field which, struct span value, struct http_head *out, struct seen *seen)
{
	switch (which) {
	case H1_OTHER:
		break;
	case H1_HOST:
		seen->hosts++;
		seen->host = value;
		break;
	case H1_CONTENT_LENGTH:
		seen->lengths++;
		seen->length = value;
		break;
	case H1_TRANSFER_ENCODING:
		seen->codings++;
		seen->coding = value;
		break;
	case H1_CONNECTION:
		return read_connection(value, out, seen);
	case H1_EXPECT:
		if (!span_eq_nocase(value, SPAN("100-continue")))
			return H1_REJECT_EXPECT;
		out->expect_continue = true;
		break;
	}
	return H1_REJECT_COUNT;
}

/* The field lines in [p, end). That ends in an empty line, which therefore stops the loop. */
static enum h1_reject read_fields(const uint8_t *p, const uint8_t *end, struct http_head *out, struct seen *seen)
{
	while (*p != '\r') {
		if (out->n_fields == HTTP_MAX_FIELDS)
			return H1_REJECT_TOO_MANY_FIELDS;
		struct http_field *field = &out->fields[out->n_fields];
		enum h1_field which;
		const uint8_t *next = h1_lex_field(p, field, &which);
		if (next == NULL)
			return h1_fault_field(span_of(p, (size_t)(end - p)), out->n_fields == 0);
		out->n_fields++;
		enum h1_reject why = note_field(which, field->value, out, seen);
		if (why != H1_REJECT_COUNT)
			return why;
		p = next;
	}
	if (p + 2 != end)
		return p[1] == '\n' ? H1_REJECT_INCOMPLETE : H1_REJECT_BARE_CR;
	out->keep_alive = !seen->close && (out->minor > 0 || seen->keep_alive);
	out->upgrade = out->upgrade && out->minor > 0;
	return H1_REJECT_COUNT;
}

static enum h1_reject read_length(struct span value, uint64_t *length)
{
	if (span_find(value, ',') < value.n)
		return H1_REJECT_LENGTH_LIST;
	for (size_t i = 0; i < value.n; i++)
		if (value.p[i] < '0' || value.p[i] > '9')
			return H1_REJECT_LENGTH_SYNTAX;
	if (value.n == 0)
		return H1_REJECT_LENGTH_SYNTAX;
	return span_u64(value, length) && *length <= INT64_MAX ? H1_REJECT_COUNT : H1_REJECT_LENGTH_OVERFLOW;
}

/* RFC 9112 §6: what length and coding say together. HTTP_NO_BODY if they say nothing. */
static enum h1_reject read_framing(const struct seen *seen, struct http_head *out)
{
	if (seen->lengths > 0 && seen->codings > 0)
		return H1_REJECT_LENGTH_AND_CODING;
	if (seen->codings > 0) {
		if (out->minor == 0)
			return H1_REJECT_CODING_HTTP10;
		if (seen->codings > 1)
			return H1_REJECT_CODING_REPEATED;
		if (!span_eq_nocase(seen->coding, SPAN("chunked")))
			return H1_REJECT_CODING_UNKNOWN;
		out->framing = HTTP_CHUNKED;
	}
	if (seen->lengths > 0) {
		if (seen->lengths > 1)
			return H1_REJECT_LENGTH_REPEATED;
		out->framing = HTTP_LENGTH;
		return read_length(seen->length, &out->length);
	}
	return H1_REJECT_COUNT;
}

/* The one Host field, and that it names what the target names, if that names anything (RFC 9112 §3.2). */
static enum h1_reject read_host(const struct seen *seen, const struct h1_request_line *line, struct http_head *out)
{
	struct span host, target_host;
	uint16_t port, target_port = 0;
	bool in_target = line->form == H1_ABSOLUTE || line->form == H1_AUTHORITY;
	if (in_target && !http_split_authority(line->authority, &target_host, &target_port))
		return line->form == H1_ABSOLUTE ? H1_REJECT_TARGET_AUTHORITY : H1_REJECT_TARGET_CONNECT;
	if (line->form == H1_AUTHORITY && target_port == 0)
		return H1_REJECT_TARGET_CONNECT;
	if (seen->hosts > 1)
		return H1_REJECT_HOST_REPEATED;
	out->authority = in_target ? line->authority : seen->host;
	if (seen->hosts == 0)
		return out->minor > 0 ? H1_REJECT_HOST_MISSING : H1_REJECT_COUNT;
	if (seen->host.n == 0)
		return H1_REJECT_HOST_EMPTY;
	if (!http_split_authority(seen->host, &host, &port))
		return H1_REJECT_HOST_SYNTAX;
	if (!in_target)
		return H1_REJECT_COUNT;
	/* A left-out port is the scheme's; for CONNECT, which has none, Host may leave it out altogether. */
	uint16_t usual = line->form == H1_AUTHORITY ? target_port : line->scheme.n == 4 ? 80 : 443;
	bool same = (port == 0 ? usual : port) == (target_port == 0 ? usual : target_port);
	return same && span_eq_nocase(host, target_host) ? H1_REJECT_COUNT : H1_REJECT_HOST_MISMATCH;
}

static enum h1_reject check_request_line(const struct h1_request_line *line)
{
	if (line->method.n > H1_MAX_METHOD)
		return H1_REJECT_METHOD;
	if (line->target.n > HTTP_MAX_TARGET)
		return H1_REJECT_TARGET_TOO_LONG;
	if (span_eq(line->method, SPAN("CONNECT")))
		return line->form == H1_AUTHORITY ? H1_REJECT_COUNT : H1_REJECT_TARGET_CONNECT;
	if (line->form == H1_AUTHORITY)
		return H1_REJECT_TARGET_FORM;
	if (line->form == H1_ASTERISK && !span_eq(line->method, SPAN("OPTIONS")))
		return H1_REJECT_TARGET_ASTERISK;
	return H1_REJECT_COUNT;
}

/* The lexers' sentinel, and the limit that holds for any caller. */
static bool is_delimited(struct span head)
{
	return head.n <= HTTP_MAX_HEAD && span_ends(head, SPAN("\r\n\r\n"));
}

static enum h1_reject read_request(struct span head, struct http_head *out)
{
	struct h1_request_line line;
	struct seen seen = {0};
	http_head_clear(out);
	if (!is_delimited(head))
		return h1_fault_head(head);
	const uint8_t *p = h1_lex_request_line(head.p, &line);
	if (p == NULL)
		return h1_fault_request_line(head);
	out->method = line.method;
	out->target = line.target;
	out->path = line.form == H1_ABSOLUTE && line.path.n == 0 ? SPAN("/") : line.path;
	out->query = line.query;
	out->minor = line.minor;
	enum h1_reject why = check_request_line(&line);
	if (why == H1_REJECT_COUNT)
		why = read_fields(p, head.p + head.n, out, &seen);
	if (why == H1_REJECT_COUNT)
		why = read_host(&seen, &line, out);
	if (why == H1_REJECT_COUNT)
		why = read_framing(&seen, out);
	if (why != H1_REJECT_COUNT)
		return why;
	/* Old clients of proxies send Content-Length: 0 with CONNECT. */
	if (line.form == H1_AUTHORITY && (out->framing == HTTP_CHUNKED || out->length > 0))
		return H1_REJECT_CONNECT_BODY;
	out->expect_continue = out->expect_continue && out->minor > 0;
	return H1_REJECT_COUNT;
}

enum err h1_parse_request(struct span head, struct http_head *out, enum h1_reject *why)
{
	*why = read_request(head, out);
	return rejects[*why].err;
}

enum err h1_parse_trailers(struct span section, struct http_head *out)
{
	struct seen seen = {0};
	http_head_clear(out);
	/* With no field at all it is but the empty line. */
	bool whole = span_ends(section, SPAN("\r\n\r\n")) || span_eq(section, SPAN("\r\n"));
	if (!whole || read_fields(section.p, section.p + section.n, out, &seen) != H1_REJECT_COUNT)
		return ERR_SYNTAX;
	return ERR_OK;
}

/* RFC 9112 §6.3, items 1, 2, 4 and 8. */
static enum h1_reject frame_response(struct span request_method, const struct seen *seen, struct http_head *out)
{
	enum h1_reject why = read_framing(seen, out);
	if (why != H1_REJECT_COUNT)
		return why;
	bool bodyless = out->status < 200 || out->status == 204;
	if (bodyless && (out->framing == HTTP_CHUNKED || out->length > 0))
		return H1_REJECT_BODYLESS_STATUS;
	bool tunnel = span_eq(request_method, SPAN("CONNECT")) && out->status >= 200 && out->status < 300;
	if (bodyless || tunnel || out->status == 304 || span_eq(request_method, SPAN("HEAD"))) {
		out->framing = HTTP_NO_BODY;
		out->length = tunnel ? 0 : out->length;
	} else if (out->framing == HTTP_NO_BODY) {
		out->framing = HTTP_UNTIL_CLOSE;
		out->keep_alive = false;
	}
	return H1_REJECT_COUNT;
}

static enum h1_reject read_response(struct span head, struct span request_method, struct http_head *out)
{
	struct h1_status_line line;
	struct seen seen = {0};
	http_head_clear(out);
	if (!is_delimited(head))
		return h1_fault_head(head);
	const uint8_t *p = h1_lex_status_line(head.p, &line);
	if (p == NULL)
		return h1_fault_status_line(head);
	out->status = line.status;
	out->reason = line.reason;
	out->minor = line.minor;
	if (line.status < 100 || line.status > 599)
		return H1_REJECT_STATUS_CODE;
	enum h1_reject why = read_fields(p, head.p + head.n, out, &seen);
	if (why != H1_REJECT_COUNT)
		return why;
	out->expect_continue = false;
	return frame_response(request_method, &seen, out);
}

enum err h1_parse_response(struct span head, struct span request_method, struct http_head *out, enum h1_reject *why)
{
	*why = read_response(head, request_method, out);
	return rejects[*why].err;
}
