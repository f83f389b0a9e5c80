#include "classifiers/reading.h"

#include "base/utf8.h"
#include "classifiers/scan.h"
#include "classifiers/window.h"

/* ---- escapes, in place ---- */

static int hex_value(uint8_t b)
{
	return ascii_digit(b) ? b - '0' : (b | 32) >= 'a' && (b | 32) <= 'f' ? (b | 32) - 'a' + 10 : -1;
}

/* The value of n hexadecimal digits, or -1. */
static long hex_run(struct span t, size_t at, size_t n)
{
	long v = 0;
	if (at + n > t.n)
		return -1;
	for (size_t i = at; i < at + n; i++) {
		int d = hex_value(t.p[i]);
		if (d < 0)
			return -1;
		v = v * 16 + d;
	}
	return v;
}

/* "&#65;" "&#x41;" and the few names that matter; bytes taken, 0 if it is none. */
static size_t entity(struct span t, uint32_t *cp)
{
	static const struct {
		const char *name;
		uint32_t cp;
	} names[] = {{"amp;", '&'},      {"lt;", '<'},     {"gt;", '>'},     {"quot;", '"'},   {"apos;", '\''},
		     {"nbsp;", ' '},     {"commat;", '@'}, {"period;", '.'}, {"hyphen;", '-'}, {"dash;", '-'},
		     {"colon;", ':'},    {"num;", '#'},    {"sol;", '/'},    {"lowbar;", '_'}, {"Tab;", ' '},
		     {"NewLine;", '\n'}, {"equals;", '='}, {"plus;", '+'}};
	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		if (t.n > 1 && t.p[1] == (uint8_t)names[i].name[0] &&
		    span_starts(span_sub(t, 1, t.n), span_str(names[i].name))) {
			*cp = names[i].cp;
			return 1 + strlen(names[i].name);
		}
	if (t.n < 4 || t.p[1] != '#')
		return 0;
	bool hex = (t.p[2] | 32) == 'x';
	size_t i = hex ? 3 : 2, start = i;
	*cp = 0;
	for (; i < t.n && i - start < 8; i++) {
		int d = hex ? hex_value(t.p[i]) : ascii_digit(t.p[i]) ? t.p[i] - '0' : -1;
		if (d < 0)
			break;
		*cp = *cp * (hex ? 16 : 10) + (uint32_t)d;
	}
	if (i == start || *cp > 0x10ffff)
		return 0;
	return i + (i < t.n && t.p[i] == ';');
}

/* "\u{41}" */
static size_t braced(struct span t, uint32_t *cp)
{
	size_t i = 3;
	for (*cp = 0; i < t.n && i < 9 && hex_value(t.p[i]) >= 0; i++)
		*cp = *cp * 16 + (uint32_t)hex_value(t.p[i]);
	return i == 3 || i >= t.n || t.p[i] != '}' || *cp > 0x10ffff ? 0 : i + 1;
}

/* "\u0041" with surrogates, "\x41", "\n", "\"" …; bytes taken. */
static size_t backslash(struct span t, uint32_t *cp)
{
	if (t.n < 2)
		return 0;
	static const char from[] = "ntrbf\"'/\\", to[] = "\n \n  \"'/\\";
	const char *at = t.p[1] == 0 ? NULL : strchr(from, t.p[1]);
	if (at != NULL) {
		*cp = (uint32_t)to[at - from];
		return 2;
	}
	if (t.p[1] == 'u' && t.n > 4 && t.p[2] == '{')
		return braced(t, cp);
	long v = t.p[1] == 'u' ? hex_run(t, 2, 4) : t.p[1] == 'x' ? hex_run(t, 2, 2) : -1;
	if (v < 0)
		return 0;
	size_t n = t.p[1] == 'u' ? 6 : 4;
	if (v >= 0xd800 && v < 0xdc00 && n + 6 <= t.n && t.p[n] == '\\' && t.p[n + 1] == 'u') {
		long low = hex_run(t, n + 2, 4);
		if (low >= 0xdc00 && low < 0xe000) {
			*cp = 0x10000 + ((uint32_t)(v - 0xd800) << 10) + (uint32_t)(low - 0xdc00);
			return n + 6;
		}
	}
	*cp = (uint32_t)v;
	return n;
}

/* The escape at the start of t: a raw byte (percent, quoted-printable) or a code point. Bytes taken, 0 if it is none.
 */
static size_t escape(struct span t, uint32_t *cp, bool *raw)
{
	*raw = false;
	if (t.p[0] == '&')
		return entity(t, cp);
	if (t.p[0] == '\\') {
		size_t n = backslash(t, cp);
		*raw = n == 4 && t.p[1] == 'x'; /* a byte, perhaps of several for one character */
		return n;
	}
	if (t.p[0] != '%' && t.p[0] != '=')
		return 0;
	if (t.p[0] == '=' && t.n > 1 && t.p[1] == '\n') {
		*cp = 0;
		return 2;
	}
	if (t.p[0] == '=' && t.n > 2 && t.p[1] == '\r' && t.p[2] == '\n') {
		*cp = 0;
		return 3;
	}
	long v = hex_run(t, 1, 2);
	if (v < 0 || (t.p[0] == '=' && v < 0x20 && v != 0x0a && v != 0x0d))
		return 0;
	*cp = (uint32_t)v;
	*raw = true;
	return 3;
}

/* Bytes beyond ASCII come as characters of several bytes, all of them escaped: "id=a93f" has none. */
static bool stray(struct span t, size_t at, uint32_t byte)
{
	if (byte < 0x80)
		return false;
	size_t other = at + 3;
	if (byte < 0xc0) {
		if (at < 3)
			return true;
		other = at - 3;
	}
	return other >= t.n || t.p[other] != t.p[at] || hex_run(t, other + 1, 2) < 0x80;
}

void read_unescaped(const struct source *src, struct reading *r)
{
	struct window w = window_of(src, r);
	for (size_t i = 0; i < src->text.n;) {
		uint32_t cp = 0;
		bool raw;
		uint8_t sign = src->text.p[i];
		if (sign != '&' && sign != '\\' && sign != '%' && sign != '=') {
			i++;
			continue;
		}
		size_t n = escape(span_sub(src->text, i, src->text.n), &cp, &raw);
		if (n == 0 || (raw && stray(src->text, i, cp))) {
			i++;
			continue;
		}
		uint8_t bytes[4];
		size_t k = raw ? 1 : cp == 0 ? 0 : utf8_encode(cp, bytes);
		if (raw)
			bytes[0] = (uint8_t)cp;
		window_change(&w, i, i + n);
		for (size_t b = 0; b < k; b++)
			reading_add(r, bytes[b], source_origin(src, i, i + n), CHANGE_DECODED);
		i += n;
	}
	window_end(&w);
}

/* ---- defanged addresses ---- */

static bool bracket(uint8_t b)
{
	return b == '[' || b == '(' || b == '{' || b == '<';
}

/* "[at]" and its like in any brackets or none; bytes taken, *to the character meant. */
static size_t fang(struct span t, size_t at, char *to)
{
	static const struct {
		const char *text;
		char to;
	} marks[] = {{"[at]", '@'}, {"(at)", '@'},    {"{at}", '@'},    {"<at>", '@'},    {"[@]", '@'},
		     {"(@)", '@'},  {"[dot]", '.'},   {"(dot)", '.'},   {"{dot}", '.'},   {"[.]", '.'},
		     {"(.)", '.'},  {"[punkt]", '.'}, {"(punkt)", '.'}, {"[punto]", '.'}, {"[point]", '.'},
		     {" at ", '@'}, {" dot ", '.'},   {" punkt ", '.'}, {" arroba ", '@'}};
	bool spaced = t.p[at] == ' ' && t.n - at > 2;
	size_t lead = spaced && bracket(t.p[at + 1]) ? 1 : 0;
	if (!bracket(t.p[at + lead]) && !(spaced && memchr("adpADP", t.p[at + 1], 6) != NULL))
		return 0;
	for (size_t i = 0; i < sizeof marks / sizeof *marks; i++) {
		size_t n = strlen(marks[i].text);
		if (t.n - at - lead < n || !span_eq_nocase(span_of(t.p + at + lead, n), span_str(marks[i].text)))
			continue;
		*to = marks[i].to;
		n += lead;
		n += marks[i].text[0] != ' ' && at + n < t.n && t.p[at + n] == ' ';
		return n;
	}
	return 0;
}

void read_defanged(const struct source *src, struct reading *r)
{
	struct window w = window_of(src, r);
	struct span t = src->text;
	for (size_t i = 0; i < t.n;) {
		char to;
		bool may = i > 0 && ascii_alnum(t.p[i - 1]) && t.p[i] < 0x80 && !ascii_alnum(t.p[i]);
		size_t n = may ? fang(t, i, &to) : 0;
		if (n > 0 && i + n < t.n && ascii_alnum(t.p[i + n])) {
			window_change(&w, i, i + n);
			reading_add(r, (uint8_t)to, source_origin(src, i, i + n), CHANGE_DECODED);
			i += n;
		} else if ((t.p[i] | 32) == 'h' && t.n - i > 4 && span_eq_nocase(span_sub(t, i, i + 4), SPAN("hxxp"))) {
			window_change(&w, i, i + 4);
			for (size_t k = 0; k < 4; k++)
				reading_add(r, (uint8_t) "http"[k], source_origin(src, i + k, i + k + 1),
					    CHANGE_DECODED);
			i += 4;
		} else {
			i++;
		}
	}
	window_end(&w);
}
