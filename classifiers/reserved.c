/* Values that look right and belong to nobody: reserved for documentation, private networks, placeholders. They lose
 * score, not all of it: next to a context word they still count, because demonstrations and tests look like life. */
#include "classifiers/scan.h"

enum { HARMLESS = 60, DOCUMENTATION = 25, ALONE = 45 };

static bool word_in(struct span word, const char *const *list, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (span_eq_nocase(word, span_str(list[i])))
			return true;
	return false;
}

/* RFC 2606 names with a local part that is nobody's. */
static unsigned reserved_email(struct span c)
{
	static const char *const nobody[] = {"user",    "name",     "email",   "foo",      "bar",        "someone",
					     "you",     "me",       "test",    "admin",    "info",       "mail",
					     "noreply", "no-reply", "example", "username", "your.email", "youremail",
					     "support", "contact",  "hello",   "git",      "postmaster", "webmaster",
					     "abuse",   "a",        "b",       "x"};
	static const char *const domains[] = {"example.com", "example.org", "example.net",
					      "test.com",    "domain.com",  "localhost.localdomain"};
	size_t at = span_find(c, '@');
	struct span local = span_sub(c, 0, at), domain = span_sub(c, at + 1, c.n);
	bool placeholder = word_in(local, nobody, sizeof nobody / sizeof *nobody);
	bool reserved = word_in(domain, domains, sizeof domains / sizeof *domains) ||
			span_ends(domain, SPAN(".example")) || span_ends(domain, SPAN(".invalid")) ||
			span_ends(domain, SPAN(".test"));
	if (span_eq(local, SPAN("git")) && (span_starts(domain, SPAN("git")) || span_starts(domain, SPAN("bitbucket"))))
		return HARMLESS;
	return placeholder && reserved ? HARMLESS : reserved ? DOCUMENTATION : 0;
}

static unsigned part(struct span *c)
{
	unsigned v = 0;
	size_t i = 0;
	for (; i < c->n && ascii_digit(c->p[i]); i++)
		v = v * 10 + (c->p[i] - '0');
	*c = span_sub(*c, i < c->n ? i + 1 : i, c->n);
	return v;
}

/* RFC 5737 documentation, RFC 1918 and 6890 private and special ranges. */
static unsigned reserved_ipv4(struct span c, bool context)
{
	unsigned a = part(&c), b = part(&c), d = part(&c);
	if (a == 127 || a >= 240 || (a == 255 && b == 255) || (a == 169 && b == 254))
		return HARMLESS;
	bool documentation =
		(a == 192 && b == 0 && d == 2) || (a == 198 && b == 51 && d == 100) || (a == 203 && b == 0 && d == 113);
	bool private = a == 10 || (a == 172 && b >= 16 && b < 32) || (a == 192 && b == 168) ||
		       (a == 100 && b >= 64 && b < 128);
	/* Public resolvers everybody writes about. */
	bool known = (a == 8 && b == 8) || (a == 1 && (b == 1 || b == 0)) || (a == 9 && b == 9);
	unsigned e = part(&c);
	if (!context && a <= 31 && b <= 31 && d <= 31 && e <= 31) /* rather a version or a section */
		return ALONE;
	if (private || known)
		return context ? DOCUMENTATION : HARMLESS;
	return documentation ? (context ? DOCUMENTATION : ALONE) : 0;
}

static unsigned reserved_ipv6(struct span c, bool context)
{
	struct span head = span_sub(c, 0, c.n < 4 ? c.n : 4);
	/* Public resolvers everybody writes about. */
	static const char *const known[] = {"2001:4860:4860::8888", "2001:4860:4860::8844", "2606:4700:4700::1111",
					    "2606:4700:4700::1001", "2620:fe::fe",          "2620:fe::9"};
	if (word_in(c, known, sizeof known / sizeof *known))
		return context ? DOCUMENTATION : HARMLESS;
	if (span_eq_nocase(head, SPAN("fe80")) || (c.p[0] | 32) == 'f' || span_starts(c, SPAN("::ffff:127")))
		return context ? DOCUMENTATION : HARMLESS;
	if (c.n > 8 && span_eq_nocase(span_sub(c, 0, 8), SPAN("2001:db8")))
		return context ? DOCUMENTATION : ALONE;
	return 0;
}

/* 555-0100 to 555-0199 are kept for fiction. */
static unsigned reserved_nanp(struct span c, bool context)
{
	char d[16];
	size_t n = 0;
	for (size_t i = 0; i < c.n && n < sizeof d; i++)
		if (ascii_digit(c.p[i]))
			d[n++] = (char)c.p[i];
	bool fiction = n >= 10 && memcmp(d + n - 7, "55501", 5) == 0;
	return !fiction ? 0 : context ? 15 : ALONE;
}

unsigned scan_reserved(struct scan *s, enum detector_id d, size_t start, size_t end)
{
	struct span c = span_sub(s->text, start, end);
	if (d == D_EMAIL)
		return reserved_email(c);
	if (d == D_IPV4)
		return reserved_ipv4(c, scan_near(s, d, start, end) > 0);
	if (d == D_IPV6)
		return reserved_ipv6(c, scan_near(s, d, start, end) > 0);
	if (d == D_PHONE_NANP || (d == D_PHONE_E164 && span_starts(c, SPAN("+1"))))
		return reserved_nanp(c, scan_near(s, d, start, end) > 0);
	return 0;
}
