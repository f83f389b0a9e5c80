#include "proxy/wire/api_table.h"

/* Paths are matched as they stand, byte by byte: whatever a server further on might take for something else (escaped
 * letters, dot segments, doubled or trailing slashes) is not the endpoint it looks like, and so it is unknown. */

static bool is_hex(uint8_t c)
{
	return (c >= '0' && c <= '9') || ((c | 0x20) >= 'a' && (c | 0x20) <= 'f');
}

static uint8_t hex_value(uint8_t c)
{
	return (uint8_t)(c <= '9' ? c - '0' : (c | 0x20) - 'a' + 10);
}

static bool is_unreserved(uint8_t c)
{
	return (c >= '0' && c <= '9') || ((c | 0x20) >= 'a' && (c | 0x20) <= 'z') || c == '-' || c == '.' || c == '_' ||
	       c == '~';
}

/* May these bytes be the variable segment of a path? An escape is fine where it is needed: neither for what needs none
 * (RFC 3986 §6.2.2.2) nor for separators, controls and escapes of escapes. */
static bool segment_ok(struct span s)
{
	bool dots = true;
	for (size_t i = 0; i < s.n; i++) {
		uint8_t c = s.p[i];
		dots = dots && c == '.';
		if (c == '%') {
			if (s.n - i < 3 || !is_hex(s.p[i + 1]) || !is_hex(s.p[i + 2]))
				return false;
			uint8_t v = (uint8_t)(hex_value(s.p[i + 1]) << 4 | hex_value(s.p[i + 2]));
			if (is_unreserved(v) || v == '/' || v == '\\' || v == '%' || v < 0x20 || v == 0x7f)
				return false;
			i += 2;
		} else if (!is_unreserved(c) && c != ':' && c != '@' && c != '+') {
			return false;
		}
	}
	return !dots;
}

/* The pattern's '*' takes one segment, given back in var (null if there is no '*'). */
static bool path_matches(const char *pattern, struct span path, struct span *var)
{
	struct span pat = span_str(pattern);
	*var = SPAN_NULL;
	size_t star = span_find(pat, '*');
	if (star == pat.n)
		return span_eq(pat, path);
	struct span before = span_sub(pat, 0, star), after = span_sub(pat, star + 1, pat.n);
	if (path.n < before.n + after.n || !span_starts(path, before) || !span_ends(path, after))
		return false;
	*var = span_sub(path, before.n, path.n - after.n);
	return span_find(*var, '/') == var->n && segment_ok(*var);
}

static uint8_t method_bit(struct span method)
{
	if (span_eq(method, SPAN("GET")) || span_eq(method, SPAN("HEAD")))
		return M_GET;
	if (span_eq(method, SPAN("POST")))
		return M_POST;
	return span_eq(method, SPAN("DELETE")) ? M_DELETE : 0;
}

/* Which API the path speaks; rest is the path as its provider knows it. Without the version ("/openai/responses", as
 * some base URLs have it), *versioned is false and rest lacks "/v1". */
static enum api_family split_prefix(struct span path, bool anthropic, struct span *rest, bool *versioned)
{
	static const struct {
		struct span prefix;
		enum api_family family;
	} prefixes[] = {{SPAN("/openai"), API_OPENAI}, {SPAN("/anthropic"), API_ANTHROPIC}};
	*rest = path;
	*versioned = true;
	for (size_t i = 0; i < sizeof prefixes / sizeof *prefixes; i++) {
		size_t n = prefixes[i].prefix.n;
		if (!span_starts(path, prefixes[i].prefix) || path.n == n || path.p[n] != '/')
			continue;
		*rest = span_sub(path, n, path.n);
		*versioned = span_starts(*rest, SPAN("/v1/")) || prefixes[i].family != API_OPENAI;
		return prefixes[i].family;
	}
	if (anthropic)
		return API_ANTHROPIC;
	return span_starts(path, SPAN("/v1/")) ? API_OPENAI : API_UNKNOWN;
}

struct match {
	const struct api_endpoint *row; /* the first with this path; with this method if there is one */
	struct span var;
	bool method; /* the row takes the method */
};

static struct match find_row(enum api_family family, struct span rest, bool versioned, bool variable, uint8_t method)
{
	struct match m = {0};
	const struct api_endpoint *row;
	for (size_t i = 0; (row = api_endpoint_row(i)) != NULL; i++) {
		struct span var;
		/* Without the version a path must be built anew, which only fixed ones can. */
		const char *pattern = versioned ? row->path : row->path + SPAN("/v1").n;
		if (row->family != family || !path_matches(pattern, rest, &var) || (var.p != NULL) != variable ||
		    (variable && !versioned))
			continue;
		bool takes = (row->methods & method) != 0;
		if (m.row == NULL || takes)
			m = (struct match){row, var, takes};
		if (takes)
			break;
	}
	return m;
}

static bool wants_websocket(const struct http_head *head)
{
	const struct http_field *f;
	for (size_t i = 0; (f = http_field(head, SPAN("upgrade"), i)) != NULL; i++) {
		struct span v = f->value;
		for (size_t at = 0; at + SPAN("websocket").n <= v.n; at++)
			if (span_eq_nocase(span_sub(v, at, at + SPAN("websocket").n), SPAN("websocket")))
				return true;
	}
	return false;
}

/* Variable segment and query are one stretch of the target. */
static enum err set_texts(const struct http_head *head, struct span var, struct api_route *out)
{
	struct span path = head->path, query = head->query;
	out->path_text = var;
	if (query.p == NULL || query.n == 0)
		return ERR_OK;
	if (var.p == NULL) {
		out->path_text = query;
		return ERR_OK;
	}
	if (query.p != path.p + path.n + 1)
		return ERR_INTERNAL;
	out->path_text = span_of(var.p, (size_t)(query.p + query.n - var.p));
	return ERR_OK;
}

static bool has_content(const struct http_head *head)
{
	return head->framing == HTTP_CHUNKED || (head->framing == HTTP_LENGTH && head->length > 0);
}

enum err api_route(const struct http_head *head, struct api_route *out)
{
	*out = (struct api_route){0};
	struct span rest;
	bool versioned, anthropic = http_field(head, SPAN("anthropic-version"), 0) != NULL;
	out->family = split_prefix(head->path, anthropic, &rest, &versioned);

	uint8_t method = method_bit(head->method);
	struct match m = find_row(out->family, rest, versioned, false, method);
	if (m.row == NULL)
		m = find_row(out->family, rest, versioned, true, method);
	if (m.row == NULL)
		return ERR_ENDPOINT;
	out->endpoint = m.row;
	out->operation = span_str(m.row->operation);
	out->native_path = versioned ? rest : span_str(m.row->path);
	if ((m.row->methods & M_STATE) != 0)
		out->path_state = m.var;
	enum err e = set_texts(head, m.var, out);
	if (e != ERR_OK)
		return e;

	if (head->upgrade && wants_websocket(head) && span_eq(out->native_path, SPAN("/v1/responses")))
		return ERR_UPGRADE;
	bool head_only = span_eq(head->method, SPAN("HEAD")) || span_eq(head->method, SPAN("OPTIONS"));
	if (!m.method && !head_only)
		return ERR_METHOD;
	out->has_body = !head_only && m.row->body != NODE_NONE;
	out->state_read = out->path_state.p != NULL && !span_eq(head->method, SPAN("OPTIONS"));
	return !out->has_body && has_content(head) ? ERR_METHOD : ERR_OK;
}
