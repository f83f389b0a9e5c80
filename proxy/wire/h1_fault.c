/* Naming what is wrong with a head that the lexers refused. */
#include "proxy/wire/h1_head.h"
#include "proxy/wire/http_text.h"

static bool is_blank(uint8_t c)
{
	return c == ' ' || c == '\t';
}

static bool starts_blank(struct span bytes)
{
	return bytes.n > 0 && (is_blank(bytes.p[0]) || bytes.p[0] == '\r' || bytes.p[0] == '\n');
}

/* The first NUL, bare CR or bare LF in bytes, or H1_REJECT_COUNT. A carriage return at the very end is bare. */
static enum h1_reject fault_line_ends(struct span bytes)
{
	for (size_t i = 0; i < bytes.n; i++) {
		if (bytes.p[i] == '\0')
			return H1_REJECT_NUL;
		if (bytes.p[i] == '\n')
			return H1_REJECT_BARE_LF;
		if (bytes.p[i] != '\r')
			continue;
		if (++i == bytes.n || bytes.p[i] != '\n')
			return H1_REJECT_BARE_CR;
	}
	return H1_REJECT_COUNT;
}

enum h1_reject h1_fault_head(struct span bytes)
{
	if (starts_blank(bytes))
		return H1_REJECT_LEADING_BLANK;
	struct span checked = bytes.n > HTTP_MAX_HEAD ? span_sub(bytes, 0, HTTP_MAX_HEAD) : bytes;
	enum h1_reject r = fault_line_ends(checked);
	if (r != H1_REJECT_COUNT)
		return r;
	return bytes.n > HTTP_MAX_HEAD ? H1_REJECT_HEAD_TOO_LARGE : H1_REJECT_INCOMPLETE;
}

/* The line at the front without its end, once its bytes are known to be no worse than oddly placed. */
static enum h1_reject take_line(struct span bytes, struct span *line)
{
	size_t lf = span_find(bytes, '\n');
	if (lf == bytes.n)
		return H1_REJECT_INCOMPLETE;
	*line = span_sub(bytes, 0, lf + 1);
	enum h1_reject r = fault_line_ends(*line);
	if (r == H1_REJECT_COUNT)
		line->n -= 2;
	return r;
}

static bool is_digit(uint8_t c)
{
	return c >= '0' && c <= '9';
}

/* H1_REJECT_COUNT for a version that we speak. */
static enum h1_reject fault_version(struct span s)
{
	if (s.n != 8 || !span_starts(s, SPAN("HTTP/")) || !is_digit(s.p[5]) || s.p[6] != '.' || !is_digit(s.p[7]))
		return H1_REJECT_VERSION_SYNTAX;
	return s.p[5] == '1' && s.p[7] <= '1' ? H1_REJECT_COUNT : H1_REJECT_VERSION;
}

static bool is_hex(uint8_t c)
{
	return is_digit(c) || ((c | 0x20) >= 'a' && (c | 0x20) <= 'f');
}

static enum h1_reject fault_target_bytes(struct span target)
{
	for (size_t i = 0; i < target.n; i++) {
		uint8_t c = target.p[i];
		if (c == '#')
			return H1_REJECT_TARGET_FRAGMENT;
		if (!http_is_target_char(c))
			return H1_REJECT_TARGET;
		if (c == '%' && (target.n - i < 3 || !is_hex(target.p[i + 1]) || !is_hex(target.p[i + 2])))
			return H1_REJECT_TARGET_PERCENT;
	}
	return H1_REJECT_COUNT;
}

/* A target whose bytes are in order, but whose form is none of the four. */
static enum h1_reject fault_target_form(struct span method, struct span target)
{
	if (span_eq(method, SPAN("CONNECT")))
		return span_find(target, '@') < target.n ? H1_REJECT_TARGET_USERINFO : H1_REJECT_TARGET_CONNECT;
	size_t colon = span_find(target, ':');
	struct span rest = span_sub(target, colon, target.n);
	if (!span_starts(rest, SPAN("://")))
		return span_find(target, '@') < target.n ? H1_REJECT_TARGET_USERINFO : H1_REJECT_TARGET_FORM;
	struct span scheme = span_sub(target, 0, colon);
	if (!span_eq_nocase(scheme, SPAN("http")) && !span_eq_nocase(scheme, SPAN("https")))
		return H1_REJECT_TARGET_SCHEME;
	struct span authority = span_sub(rest, 3, rest.n);
	authority = span_sub(authority, 0, span_find(authority, '/'));
	authority = span_sub(authority, 0, span_find(authority, '?'));
	return span_find(authority, '@') < authority.n ? H1_REJECT_TARGET_USERINFO : H1_REJECT_TARGET_AUTHORITY;
}

enum h1_reject h1_fault_request_line(struct span bytes)
{
	struct span line;
	if (starts_blank(bytes))
		return H1_REJECT_LEADING_BLANK;
	enum h1_reject r = take_line(bytes, &line);
	if (r != H1_REJECT_COUNT)
		return r;
	struct span method = span_sub(line, 0, span_find(line, ' '));
	if (method.n == line.n)
		return H1_REJECT_REQUEST_LINE;
	if (!http_is_token(method))
		return H1_REJECT_METHOD;
	struct span rest = span_sub(line, method.n + 1, line.n);
	struct span target = span_sub(rest, 0, span_find(rest, ' '));
	if (target.n == 0 || span_find(target, '\t') < target.n)
		return H1_REJECT_REQUEST_LINE;
	if (target.n == rest.n)
		return H1_REJECT_VERSION_MISSING;
	struct span version = span_sub(rest, target.n + 1, rest.n);
	if (version.n == 0 || span_find(version, ' ') < version.n || span_find(version, '\t') < version.n)
		return H1_REJECT_REQUEST_LINE;
	if (target.n > HTTP_MAX_TARGET)
		return H1_REJECT_TARGET_TOO_LONG;
	r = fault_target_bytes(target);
	if (r == H1_REJECT_COUNT)
		r = fault_version(version);
	return r != H1_REJECT_COUNT ? r : fault_target_form(method, target);
}

enum h1_reject h1_fault_status_line(struct span bytes)
{
	struct span line;
	if (starts_blank(bytes))
		return H1_REJECT_LEADING_BLANK;
	enum h1_reject r = take_line(bytes, &line);
	if (r != H1_REJECT_COUNT)
		return r;
	r = fault_version(span_sub(line, 0, span_find(line, ' ')));
	return r != H1_REJECT_COUNT ? r : H1_REJECT_STATUS_LINE;
}

enum h1_reject h1_fault_field(struct span bytes, bool first)
{
	struct span line;
	if (bytes.n > 0 && is_blank(bytes.p[0]))
		return first ? H1_REJECT_BLANK_BEFORE_FIELD : H1_REJECT_OBS_FOLD;
	enum h1_reject r = take_line(bytes, &line);
	if (r != H1_REJECT_COUNT)
		return r;
	size_t colon = span_find(line, ':');
	if (colon == line.n)
		return H1_REJECT_FIELD_COLON;
	if (http_is_token(span_sub(line, 0, colon)))
		return H1_REJECT_FIELD_VALUE;
	return colon > 0 && is_blank(line.p[colon - 1]) ? H1_REJECT_BLANK_BEFORE_COLON : H1_REJECT_FIELD_NAME;
}
