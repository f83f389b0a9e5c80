#include "config/address.h"

#include <arpa/inet.h>
#include <sys/un.h>

bool host_is_loopback(struct span host)
{
	static const char *const loopback[] = {"127.0.0.0/8", "::1/128"};
	uint8_t ip[16];
	struct cidr c;
	if (span_eq_nocase(host, SPAN("localhost")))
		return true;
	for (size_t i = 0; ip_parse(host, ip) && i < sizeof loopback / sizeof *loopback; i++)
		if (cidr_parse(span_str(loopback[i]), &c) && cidr_has(&c, ip))
			return true;
	return false;
}

bool host_is_private(struct span host)
{
	uint8_t ip[16];
	return host_is_loopback(host) || (ip_parse(host, ip) && ip_is_private(ip));
}

static bool label_char(uint8_t c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
}

static bool all_digits(struct span s)
{
	for (size_t i = 0; i < s.n; i++)
		if (s.p[i] < '0' || s.p[i] > '9')
			return false;
	return true;
}

bool host_name_ok(struct span host)
{
	uint8_t ip[16];
	struct span rest = host, label = SPAN_NULL;
	if (host.n == 0 || host.n > 253)
		return false;
	for (bool more = true; more;) {
		size_t dot = span_find(rest, '.');
		label = span_sub(rest, 0, dot);
		if (label.n == 0 || label.n > 63 || label.p[0] == '-')
			return false;
		for (size_t i = 0; i < label.n; i++)
			if (!label_char(label.p[i]))
				return false;
		more = dot < rest.n;
		rest = span_sub(rest, more ? dot + 1 : dot, rest.n);
	}
	/* A last label of digits means an address, and then a complete one: 10.1 and 0x7f.1 are read in many ways. */
	bool numeric = all_digits(label) || span_starts(label, SPAN("0x")) || span_starts(label, SPAN("0X"));
	return !numeric || ip_parse(host, ip);
}

/* "host:port" or "[v6]:port"; the port may be left out when a default is given. */
static const char *authority_parse(struct span s, uint16_t fallback, struct span *host, uint16_t *port)
{
	size_t end;
	uint8_t ip[16];
	if (s.n > 0 && s.p[0] == '[') {
		end = span_find(s, ']');
		if (end == s.n)
			return "a bracket is not closed";
		*host = span_sub(s, 1, end++);
		if (!ip_parse(*host, ip) || memchr(host->p, ':', host->n) == NULL)
			return "between brackets stands an IPv6 address";
	} else {
		end = span_find(s, ':');
		*host = span_sub(s, 0, end);
		if (!host_name_ok(*host))
			return "not a host name or address";
	}
	*port = fallback;
	if (end == s.n)
		return fallback != 0 ? NULL : "the port is missing";
	uint64_t number;
	if (s.p[end] != ':' || !span_u64(span_sub(s, end + 1, s.n), &number) || number == 0 || number > 65535)
		return "the port is a number from 1 to 65535";
	*port = (uint16_t)number;
	return NULL;
}

static const char *unix_parse(struct span path, struct span *out)
{
	if (path.n < 2 || path.p[0] != '/')
		return "a Unix socket's path is absolute: unix:/run/name.sock";
	if (path.n >= sizeof((struct sockaddr_un *)0)->sun_path)
		return "a Unix socket's path has at most 107 characters";
	*out = path;
	return NULL;
}

static const char *path_parse(struct span path, struct span *out)
{
	while (path.n > 0 && path.p[path.n - 1] == '/')
		path.n--;
	for (size_t i = 0; i < path.n; i++) {
		uint8_t c = path.p[i];
		if (c == '?' || c == '#')
			return "a query or fragment has no place here";
		if (c <= ' ' || c > '~' || c == '%' || c == '\\' || c == '"')
			return "the path has characters that would need escaping";
		if (c == '/' && (i + 1 == path.n || path.p[i + 1] == '/' || path.p[i + 1] == '.'))
			return "the path has empty or dotted segments";
	}
	*out = path;
	return NULL;
}

const char *url_parse(struct span s, struct url *out)
{
	*out = (struct url){0};
	if (span_starts(s, SPAN("unix:")))
		return unix_parse(span_sub(s, 5, s.n), &out->unix_path);
	size_t scheme;
	if (span_starts(s, SPAN("https://")))
		scheme = 8;
	else if (span_starts(s, SPAN("http://")))
		scheme = 7;
	else
		return "begin with https://, http:// or unix:/";
	out->tls = scheme == 8;
	s = span_sub(s, scheme, s.n);
	size_t slash = 0;
	while (slash < s.n && s.p[slash] != '/' && s.p[slash] != '?' && s.p[slash] != '#')
		slash++;
	if (memchr(s.p, '@', slash) != NULL)
		return "a user name or password has no place in a URL; use credentials: { file: … }";
	const char *wrong = authority_parse(span_sub(s, 0, slash), out->tls ? 443 : 80, &out->host, &out->port);
	return wrong != NULL ? wrong : path_parse(span_sub(s, slash, s.n), &out->path);
}

const char *listen_parse(struct span s, struct span *host, uint16_t *port, struct span *unix_path)
{
	uint8_t ip[16];
	*unix_path = *host = SPAN_NULL;
	*port = 0;
	if (span_starts(s, SPAN("unix:")))
		return unix_parse(span_sub(s, 5, s.n), unix_path);
	const char *wrong = authority_parse(s, 0, host, port);
	if (wrong != NULL)
		return wrong;
	if (!ip_parse(*host, ip) && !span_eq(*host, SPAN("localhost")))
		return "listen on an address (127.0.0.1, 0.0.0.0, [::]) or localhost, not on a name";
	return NULL;
}
