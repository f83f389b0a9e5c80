/* Mail and network addresses, telephone numbers, coordinates. Sources: RFC 5321, RFC 4291, ITU-T E.164, NANP. */
#include "classifiers/check.h"

#include "classifiers/digits.h"

static size_t digits_of(const char *c, size_t n, char *out, size_t cap)
{
	size_t k = 0;
	for (size_t i = 0; i < n; i++)
		if (is_digit(c[i])) {
			if (k < cap)
				out[k] = c[i];
			k++;
		}
	return k;
}

static bool is_alpha(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

bool check_email(const char *c, size_t n)
{
	const char *at = memchr(c, '@', n);
	if (at == NULL || at == c || at - c > 64)
		return false;
	const char *domain = at + 1, *end = c + n;
	if (c[0] == '.' || at[-1] == '.' || domain == end || *domain == '-' || *domain == '.')
		return false;
	for (const char *p = c; p + 1 < end; p++)
		if (*p == '.' && p[1] == '.')
			return false;
	/* The last label: letters only, not the name of a file. */
	const char *tld = end;
	while (tld > domain && is_alpha(tld[-1]))
		tld--;
	size_t len = (size_t)(end - tld);
	if (tld == domain || tld[-1] != '.' || len < 2 || len > 24)
		return false;
	static const char *const files[] = {"png",    "jpg",   "jpeg",  "gif",  "svg",     "webp",
					    "js",     "css",   "html",  "json", "service", "socket",
					    "target", "timer", "mount", "py",   "sh",      "md"};
	for (size_t i = 0; i < sizeof files / sizeof *files; i++)
		if (strlen(files[i]) == len && memcmp(tld, files[i], len) == 0)
			return false;
	return true;
}

/* Country codes of ITU-T E.164: bit set over one- to three-digit codes, as ranges. */
static size_t country_code(const char *d)
{
	static const char two[] =
		"20 27 30 31 32 33 34 36 39 40 41 43 44 45 46 47 48 49 51 52 53 54 55 56 57 58 60 61 62 63 "
		"64 65 66 81 82 84 86 90 91 92 93 94 95 98 ";
	if (d[0] == '1' || d[0] == '7')
		return 1;
	for (size_t i = 0; i + 2 < sizeof two; i += 3)
		if (memcmp(two + i, d, 2) == 0)
			return 2;
	static const char never[] =
		"210 214 215 217 219 259 271 272 273 274 275 276 277 278 279 280 281 282 283 284 285 286 287 "
		"288 289 292 293 294 295 296 384 422 424 425 426 427 428 429 671 684 693 694 695 696 697 "
		"698 699 851 854 857 858 859 871 872 873 874 875 876 877 884 885 887 889 978 990 997 999 ";
	static const char first[] = "2359468";
	if (strchr(first, d[0]) == NULL)
		return 0;
	for (size_t i = 0; i + 3 < sizeof never; i += 4)
		if (memcmp(never + i, d, 3) == 0)
			return 0;
	return 3;
}

/* Does the country's plan have numbers of this length? Countries that are not in the table have any. */
static bool planned(const char *d, size_t cc, size_t digits)
{
	static const struct {
		uint16_t code;
		uint8_t least, most;
	} plans[] = {
#define PLAN(code, country, least, most) {code, least, most},
#include "classifiers/phone_plans.def"
#undef PLAN
	};
	uint64_t code = digits_value(d, cc);
	for (size_t i = 0; i < sizeof plans / sizeof *plans; i++)
		if (plans[i].code == code)
			return digits >= plans[i].least && digits <= plans[i].most;
	return true;
}

bool check_phone_e164(const char *c, size_t n)
{
	char d[16];
	size_t k = digits_of(c, n, d, sizeof d);
	if (k < 8 || k > 15 || (n == 11 && c[5] == '-' && k == 9)) /* degrees and minutes, ISO 6709 */
		return false;
	size_t cc = country_code(d);
	if (cc == 0 || digits_uniform(d + cc, k - cc))
		return false;
	/* A trunk zero in brackets, "+44 (0)20", is written but not dialled. */
	size_t trunk = memmem(c, n, "(0)", 3) != NULL ? 1 : 0;
	if (k - trunk < cc || !planned(d, cc, k - cc - trunk))
		return false;
	if (n > 2 && c[n - 2] == '.') /* a decimal fraction */
		return false;
	return cc != 1 || d[0] != '1' || (k == 11 && d[1] >= '2' && d[4] >= '2');
}

bool check_phone_nanp(const char *c, size_t n)
{
	char d[16];
	size_t k = digits_of(c, n, d, sizeof d), skip = k == 11 && d[0] == '1';
	if (k - skip != 10 || k > 11)
		return false;
	const char *p = d + skip;
	return p[0] >= '2' && p[3] >= '2' && !(p[1] == '1' && p[2] == '1') && !(p[4] == '1' && p[5] == '1') &&
	       !digits_uniform(p, 10);
}

bool check_phone_national(const char *c, size_t n)
{
	char d[16];
	size_t k = digits_of(c, n, d, sizeof d);
	if (n == 11 && c[3] == '-' && c[6] == '-') /* the layout of a social security number */
		return false;
	if (n == 10 && ((c[4] == '-' && c[7] == '-') || (c[2] == c[5] && !is_digit(c[2])))) /* of a date */
		return false;
	return k >= 7 && k <= 13 && !digits_uniform(d + 1, k - 1);
}

bool check_profile_url(const char *c, size_t n)
{
	/* The last path part is the person; the sites' own pages are not. */
	static const char *const pages[] = {"about",  "help",   "login",   "jobs",   "legal",      "privacy",
					    "share",  "search", "explore", "sharer", "sharer.php", "home",
					    "signup", "terms",  "p",       "reel",   "tr",         "intent"};
	size_t end = n;
	while (end > 0 && c[end - 1] == '/')
		end--;
	size_t start = end;
	while (start > 0 && c[start - 1] != '/' && c[start - 1] != '@')
		start--;
	for (size_t i = 0; i < sizeof pages / sizeof *pages; i++)
		if (strlen(pages[i]) == end - start && memcmp(pages[i], c + start, end - start) == 0)
			return false;
	return end - start >= 3;
}

bool check_ipv4(const char *c, size_t n)
{
	unsigned part = 0, parts = 0, digits = 0;
	for (size_t i = 0; i <= n; i++) {
		if (i < n && is_digit(c[i])) {
			if (digits > 0 && part == 0) /* leading zero: a version or a section number */
				return false;
			part = part * 10 + digit(c[i]);
			if (++digits > 3 || part > 255)
				return false;
		} else if ((i == n || c[i] == '.') && digits > 0) {
			if (parts == 0 && (part == 0 || part >= 224))
				return false;
			parts++;
			part = digits = 0;
		} else {
			return false;
		}
	}
	return parts == 4;
}

/* Groups of one side of "::"; the last may be an IPv4 address (counting two). SIZE_MAX if malformed. */
static size_t ipv6_groups(const char *c, size_t n)
{
	size_t groups = 0, digits = 0;
	for (size_t i = 0; i < n; i++) {
		if (c[i] == ':') {
			if (digits == 0)
				return SIZE_MAX;
			groups++;
			digits = 0;
		} else if (c[i] == '.') {
			return check_ipv4(c + i - digits, n - i + digits) ? groups + 2 : SIZE_MAX;
		} else if (++digits > 4) {
			return SIZE_MAX;
		}
	}
	return n == 0 ? 0 : digits == 0 ? SIZE_MAX : groups + 1;
}

bool check_ipv6(const char *c, size_t n)
{
	const char *gap = memmem(c, n, "::", 2);
	if (gap == NULL)
		return ipv6_groups(c, n) == 8;
	size_t left = ipv6_groups(c, (size_t)(gap - c)), right = ipv6_groups(gap + 2, (size_t)(c + n - gap) - 2);
	if (left == SIZE_MAX || right == SIZE_MAX || left + right > 7)
		return false;
	/* "::", "::1" and short forms such as C++'s "a::b" are nobody's address. */
	return left + right >= 3 || (left >= 1 && left + right >= 2 && n >= 9);
}

bool check_mac(const char *c, size_t n)
{
	static const char none[] = "00000000000000000", all[] = "ffffffffffffffffff";
	size_t zero = 0, ones = 0;
	for (size_t i = 0; i < n; i++) {
		zero += c[i] == none[0];
		ones += (c[i] | 32) == all[0];
	}
	return zero < 12 && ones < 12;
}

bool check_uuid(const char *c, size_t n)
{
	size_t zero = 0;
	for (size_t i = 0; i < n; i++)
		zero += c[i] == '0';
	return zero < 24;
}

/* Degrees before the decimal point; behind it, more than zero only below the limit. */
static const char *degrees(const char *p, const char *end, unsigned limit, bool *ok)
{
	unsigned v = 0;
	while (p < end && !is_digit(*p))
		p++;
	for (; p < end && is_digit(*p); p++)
		v = v < 1000 ? v * 10 + digit(*p) : v;
	bool fraction = false;
	for (p += p < end; p < end && is_digit(*p); p++)
		fraction = fraction || *p != '0';
	*ok = *ok && (v < limit || (v == limit && !fraction));
	return p;
}

bool check_geo(const char *c, size_t n)
{
	bool ok = true;
	const char *p = degrees(c, c + n, 90, &ok);
	p = degrees(p, c + n, 180, &ok);
	return ok;
}

bool check_de_plate(const char *c, size_t n)
{
	size_t letters = 0, digits = 0;
	for (size_t i = 0; i < n; i++) {
		letters += is_alpha(c[i]);
		digits += is_digit(c[i]);
	}
	return letters >= 2 && digits >= 1 && letters + digits <= 8;
}
