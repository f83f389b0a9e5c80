/* Addresses of machines and devices: IPv4, IPv6, MAC, UUID, cookies, coordinates, plates. */
#include "classifiers/scan.h"

#include "classifiers/check.h"

/*!include:re2c "lexer.re.inc" */

static bool joined_left(const struct scan *s, size_t at)
{
	if (at == 0)
		return false;
	uint8_t b = s->text.p[at - 1];
	return ascii_alnum(b) || b == '_' || ((b == '.' || b == '-' || b == ':') && at > 1 && ascii_alnum(s->text.p[at - 2]));
}

static bool joined_right(const struct scan *s, size_t end)
{
	if (end >= s->text.n)
		return false;
	uint8_t b = s->text.p[end];
	bool word = end + 1 < s->text.n && ascii_alnum(s->text.p[end + 1]);
	return ascii_alnum(b) || b == '_' || ((b == '.' || b == '-' || b == ':') && word);
}

static void offer(struct scan *s, enum detector_id d, size_t at, const uint8_t *cur)
{
	size_t end = (size_t)(cur - s->text.p);
	if (!joined_left(s, at) && !joined_right(s, end))
		scan_offer(s, d, at, end);
}

static void offer_ipv4(struct scan *s, size_t at, const uint8_t *cur)
{
	size_t end = (size_t)(cur - s->text.p);
	bool port = end + 1 < s->text.n && s->text.p[end] == ':' && ascii_digit(s->text.p[end + 1]);
	bool range = end + 1 < s->text.n && s->text.p[end] == '-' && ascii_digit(s->text.p[end + 1]);
	/* "linux-2.6.35.4", "(2.39.90.1-1)": versions, unless a word says otherwise. */
	bool version = (at > 0 && s->text.p[at - 1] == '-') || range || (at > 0 && s->text.p[at - 1] == '/');
	if (version && scan_near(s, D_IPV4, at, end) == 0)
		return;
	bool key = at > 1 && (s->text.p[at - 1] == ':' || s->text.p[at - 1] == '-') && !ascii_digit(s->text.p[at - 2]);
	if ((joined_left(s, at) && !key) || (joined_right(s, end) && !port && !range))
		return;
	scan_offer(s, D_IPV4, at, end);
	/* Four numbers with points that are no address may be one number in groups. */
	if (check_ipv4((const char *)s->text.p + at, end - at))
		scan_mask(s, end);
}

static void offer_ipv6(struct scan *s, size_t at, const uint8_t *cur)
{
	size_t end = (size_t)(cur - s->text.p);
	if (at > 0 && (s->text.p[at - 1] == ':' || s->text.p[at - 1] == '.' || s->text.p[at - 1] == '_'))
		return;
	while (end > at + 2 && (s->text.p[end - 1] == '.' || (s->text.p[end - 1] == ':' && s->text.p[end - 2] != ':')))
		end--;
	if (end < s->text.n && (ascii_alnum(s->text.p[end]) || s->text.p[end] == '_'))
		return;
	scan_offer(s, D_IPV6, at, end);
}

/* As some routers write them; without a word they are any three numbers. */
static void offer_dotted_mac(struct scan *s, size_t at, const uint8_t *cur)
{
	if (scan_near(s, D_MAC, at, (size_t)(cur - s->text.p)) > 0)
		offer(s, D_MAC, at, cur);
}

static void offer_uuid(struct scan *s, size_t at, const uint8_t *cur)
{
	offer(s, D_AD_ID, at, cur);
	scan_mask(s, (size_t)(cur - s->text.p));
}

static void offer_geo(struct scan *s, size_t at, const uint8_t *cur)
{
	if (at > 0 && s->text.p[at - 1] == '-')
		at--;
	if (at > 0 && (ascii_alnum(s->text.p[at - 1]) || s->text.p[at - 1] == '.'))
		return;
	size_t end = (size_t)(cur - s->text.p);
	if (end < s->text.n && (ascii_alnum(s->text.p[end]) || s->text.p[end] == '%'))
		return;
	/* One of many numbers with commas between them: a table, unless something says otherwise. */
	size_t next = end + 1 + (end + 1 < s->text.n && s->text.p[end + 1] == ' ');
	bool more = next < s->text.n && s->text.p[end] == ',' && (ascii_digit(s->text.p[next]) || s->text.p[next] == '-');
	bool list = more || (at > 0 && s->text.p[at - 1] == ',') || (at > 1 && s->text.p[at - 1] == ' ' && s->text.p[at - 2] == ',');
	if (list && scan_near(s, D_GEO, at, end) == 0)
		return;
	scan_offer(s, D_GEO, at, end);
	scan_mask(s, end);
}

void lex_network(struct scan *s, size_t at)
{
	const uint8_t *cur = s->text.p + at, *mark = cur;
	const uint8_t *lim = s->text.n - at > 256 ? cur + 256 : s->text.p + s->text.n;
	/*!re2c
	octet = d{1,3};
	pair = hex{2};
	degrees = d{1,3} "." d{4,};

	* { return; }
	octet "." octet "." octet "." octet { offer_ipv4(s, at, cur); return; }
	pair ":" pair ":" pair ":" pair ":" pair ":" pair { offer(s, D_MAC, at, cur); scan_mask(s, (size_t)(cur - s->text.p)); return; }
	hex{0,4} ":" [0-9A-Fa-f:.]+ { offer_ipv6(s, at, cur); return; }
	pair "-" pair "-" pair "-" pair "-" pair "-" pair { offer(s, D_MAC, at, cur); scan_mask(s, (size_t)(cur - s->text.p)); return; }
	hex{4} "." hex{4} "." hex{4} { offer_dotted_mac(s, at, cur); return; }
	hex{8} "-" hex{4} "-" hex{4} "-" hex{4} "-" hex{12} { offer_uuid(s, at, cur); return; }
	"GA1." [12] "." d{8,10} "." d{10} { offer(s, D_GA_COOKIE, at, cur); scan_mask(s, (size_t)(cur - s->text.p)); return; }
	"fb." [0-2] "." d{13} "." d{8,20} { offer(s, D_FB_COOKIE, at, cur); scan_mask(s, (size_t)(cur - s->text.p)); return; }
	degrees [,;]? " "? "-"? degrees { offer_geo(s, at, cur); return; }
	upper{1,3} ("-" | " " | "- ") upper{1,2} [ -]? [1-9] d{0,3} [EH]? { offer(s, D_DE_PLATE, at, cur); return; }
	*/
}
