#include "proxy/wire/http.h"

#include <arpa/inet.h>

#include "proxy/wire/bytes.h"
#include "proxy/wire/http_text.h"

enum { MAX_HOST = 255, MAX_LABEL = 63 };

/* !#$%&'*+-.^_`|~ digits letters */
static const bool tchar[256] = {
	['!'] = true,         ['#' ... '\''] = true, ['*'] = true,         ['+'] = true, ['-'] = true, ['.'] = true,
	['0' ... '9'] = true, ['A' ... 'Z'] = true,  ['^' ... 'z'] = true, ['|'] = true, ['~'] = true,
};

bool http_is_tchar(uint8_t c)
{
	return tchar[c];
}

bool http_is_vchar(uint8_t c)
{
	return (c >= 0x20 && c != 0x7f) || c == '\t';
}

bool http_is_target_char(uint8_t c)
{
	/* All visible but " # < > \ */
	return c > 0x20 && c < 0x7f && c != '"' && c != '#' && c != '<' && c != '>' && c != '\\';
}

bool http_is_token(struct span s)
{
	for (size_t i = 0; i < s.n; i++)
		if (!tchar[s.p[i]])
			return false;
	return s.n > 0;
}

static bool is_blank(uint8_t c)
{
	return c == ' ' || c == '\t';
}

bool http_is_field_value(struct span s)
{
	if (s.n == 0)
		return true;
	if (is_blank(s.p[0]) || is_blank(s.p[s.n - 1]))
		return false;
	for (size_t i = bytes_visible(s.p, s.n); i < s.n; i += 1 + bytes_visible(s.p + i + 1, s.n - i - 1))
		if (s.p[i] != '\t')
			return false;
	return true;
}

static struct span without_blanks(struct span s)
{
	while (s.n > 0 && is_blank(s.p[0]))
		s = span_sub(s, 1, s.n);
	while (s.n > 0 && is_blank(s.p[s.n - 1]))
		s.n--;
	return s;
}

bool http_list_next(struct span *rest, struct span *item)
{
	while (rest->n > 0) {
		size_t comma = span_find(*rest, ',');
		*item = without_blanks(span_sub(*rest, 0, comma));
		*rest = span_sub(*rest, comma < rest->n ? comma + 1 : comma, rest->n);
		if (item->n > 0)
			return true;
	}
	return false;
}

static bool is_ipv6(struct span s)
{
	char text[INET6_ADDRSTRLEN];
	struct in6_addr address;
	if (s.n >= sizeof text)
		return false;
	memcpy(text, s.p, s.n);
	text[s.n] = '\0';
	/* inet_pton would stop at a NUL inside. */
	return span_find(s, '\0') == s.n && inet_pton(AF_INET6, text, &address) == 1;
}

/* Labels of 1-63 bytes between dots; one dot may end the name. */
static bool is_host_name(struct span s)
{
	size_t label = 0;
	if (s.n == 0 || s.n > MAX_HOST)
		return false;
	for (size_t i = 0; i < s.n; i++) {
		uint8_t c = s.p[i];
		bool alnum = (c >= '0' && c <= '9') || ((c | 0x20) >= 'a' && (c | 0x20) <= 'z');
		if (c == '.' && label > 0)
			label = 0;
		else if ((alnum || c == '-' || c == '_') && label < MAX_LABEL)
			label++;
		else
			return false;
	}
	return true;
}

static bool parse_port(struct span s, uint16_t *port)
{
	uint64_t v;
	if (s.n > 5 || !span_u64(s, &v) || v == 0 || v > UINT16_MAX)
		return false;
	*port = (uint16_t)v;
	return true;
}

bool http_split_authority(struct span authority, struct span *host, uint16_t *port)
{
	*port = 0;
	size_t end;
	if (authority.n > 0 && authority.p[0] == '[') {
		end = span_find(authority, ']') + 1;
		if (end > authority.n || !is_ipv6(span_sub(authority, 1, end - 1)))
			return false;
	} else {
		end = span_find(authority, ':');
		if (!is_host_name(span_sub(authority, 0, end)))
			return false;
	}
	*host = span_sub(authority, 0, end);
	if (end == authority.n)
		return true;
	return authority.p[end] == ':' && parse_port(span_sub(authority, end + 1, authority.n), port);
}

/* Most names differ in length: not worth a call. */
static inline bool is_name(struct span s, struct span name)
{
	return s.n == name.n && span_eq_nocase(s, name);
}

const struct http_field *http_field(const struct http_head *h, struct span name, size_t n)
{
	for (size_t i = 0; i < h->n_fields; i++)
		if (is_name(h->fields[i].name, name) && n-- == 0)
			return &h->fields[i];
	return NULL;
}

struct span http_value(const struct http_head *h, struct span name)
{
	const struct http_field *f = http_field(h, name, 0);
	return f == NULL ? SPAN_NULL : f->value;
}

static bool connection_names(const struct http_head *h, struct span name)
{
	for (size_t i = 0; i < h->n_fields; i++) {
		if (!is_name(h->fields[i].name, SPAN("connection")))
			continue;
		struct span rest = h->fields[i].value, option;
		while (http_list_next(&rest, &option))
			if (is_name(option, name))
				return true;
	}
	return false;
}

/* Names of one hop by their lengths: few fields get as far as being compared. */
static bool is_listed_hop(struct span name)
{
	switch (name.n) {
	case 2:
		return is_name(name, SPAN("te"));
	case 7:
		return is_name(name, SPAN("trailer")) || is_name(name, SPAN("upgrade"));
	case 10:
		return is_name(name, SPAN("connection")) || is_name(name, SPAN("keep-alive"));
	case 14:
		return is_name(name, SPAN("content-length"));
	case 17:
		return is_name(name, SPAN("transfer-encoding"));
	default:
		return false;
	}
}

static bool is_hop_name(struct span name)
{
	const struct span proxy = SPAN("proxy-");
	bool of_proxies = name.n >= proxy.n && (name.p[0] | 0x20) == 'p' && is_name(span_sub(name, 0, proxy.n), proxy);
	return of_proxies || is_listed_hop(name);
}

struct http_hops http_hops(const struct http_head *h)
{
	struct http_hops hops = {h, false};
	for (size_t i = 0; i < h->n_fields && !hops.named; i++) {
		if (!is_name(h->fields[i].name, SPAN("connection")))
			continue;
		struct span rest = h->fields[i].value, option;
		while (!hops.named && http_list_next(&rest, &option))
			hops.named = !is_name(option, SPAN("keep-alive")) && !is_name(option, SPAN("close"));
	}
	return hops;
}

bool http_is_hop(const struct http_hops *hops, struct span name)
{
	return is_hop_name(name) || (hops->named && connection_names(hops->head, name));
}

bool http_hop_by_hop(const struct http_head *h, struct span name)
{
	return is_hop_name(name) || connection_names(h, name);
}

void http_head_clear(struct http_head *h)
{
	const size_t behind = offsetof(struct http_head, n_fields);
	memset(h, 0, offsetof(struct http_head, fields));
	memset((uint8_t *)h + behind, 0, sizeof *h - behind);
}

enum err http_add(struct http_head *h, struct span name, struct span value)
{
	if (h->n_fields >= HTTP_MAX_FIELDS + HTTP_OWN_FIELDS)
		return ERR_LIMIT;
	h->fields[h->n_fields++] = (struct http_field){name, value};
	return ERR_OK;
}
