/* E-mail addresses, telephone numbers, URLs. Lexers of e-mail and URL start from the '@' and the "://", so that the
 * unbounded part in front of them costs nothing where there is none. */
#include "classifiers/scan.h"

/*!include:re2c "lexer.re.inc" */

enum { LOCAL_MAX = 64, DOMAIN_MAX = 255, URL_MAX = 1024 };

static bool local_byte(uint8_t b)
{
	return ascii_alnum(b) || (b != 0 && strchr("._%+'-", b) != NULL);
}

void lex_email(struct scan *s, size_t at)
{
	const uint8_t *p = s->text.p;
	size_t start = at;
	while (start > 0 && at - start < LOCAL_MAX && local_byte(p[start - 1]))
		start--;
	s->steps += at - start;
	if (start > 0 && local_byte(p[start - 1])) /* longer than RFC 5321 allows */
		return;
	while (start < at && !ascii_alnum(p[start]) && p[start] != '_' && p[start] != '+')
		start++;
	if (start == at)
		return;
	const uint8_t *cur = p + at + 1, *mark = cur, *begin = cur;
	const uint8_t *lim = s->text.n - at - 1 > DOMAIN_MAX ? cur + DOMAIN_MAX : p + s->text.n;
	/*!re2c
	label = alnum ([A-Za-z0-9-]* alnum)?;

	* { s->steps += (size_t)(cur - begin); return; }
	(label ".")+ alpha{2,} {
		size_t end = (size_t)(cur - p);
		if (end < s->text.n && (p[end] == '@' || p[end] == '_' || ascii_digit(p[end])))
			return;
		scan_offer(s, D_EMAIL, start, end);
		return;
	}
	*/
}

static bool phone_joined(const struct scan *s, size_t at, size_t end)
{
	const uint8_t *p = s->text.p;
	if (at > 0 && (ascii_alnum(p[at - 1]) || p[at - 1] == '_' || p[at - 1] == '@' || p[at - 1] == '#' || p[at - 1] == '$'))
		return true;
	if (at > 1 && p[at - 1] != 0 && strchr(".-/+:,", p[at - 1]) != NULL && ascii_digit(p[at - 2]))
		return true;
	if (end >= s->text.n)
		return false;
	bool more = end + 1 < s->text.n && ascii_alnum(p[end + 1]);
	return ascii_alnum(p[end]) || p[end] == '_' || p[end] == '@' || p[end] == '%' ||
	       (more && p[end] != 0 && strchr(".-/+:", p[end]) != NULL);
}

static void offer_phone(struct scan *s, enum detector_id d, size_t at, const uint8_t *cur)
{
	size_t end = (size_t)(cur - s->text.p);
	if (!phone_joined(s, at, end))
		scan_offer(s, d, at, end);
}

/* Does the word at open a number with a plus or a bracket in front of it? Returns where the number starts. */
static size_t phone_start(const struct scan *s, size_t at)
{
	const uint8_t *p = s->text.p;
	if (at > 0 && (p[at - 1] == '+' || p[at - 1] == '('))
		at--;
	if (at > 0 && p[at] == '(' && p[at - 1] == '+')
		at--;
	return at;
}

void lex_phone(struct scan *s, size_t word)
{
	size_t at = phone_start(s, word);
	const uint8_t *cur = s->text.p + at, *mark = cur;
	const uint8_t *lim = s->text.n - at > 40 ? cur + 40 : s->text.p + s->text.n;
	/*!re2c
	gap = [ .-] | " - " | "/" | " / " | "-/" ;
	group = "(" d{1,5} ")" | d+;
	nanp = ("(" [2-9] d{2} ")" [ -]? | [2-9] d{2} [ .-]) [2-9] d{2} [ .-] d{4};

	* { return; }
	"+" d (gap? group)+ { offer_phone(s, D_PHONE_E164, at, cur); return; }
	"00" [1-9] d{0,2} (gap group)+ { offer_phone(s, D_PHONE_E164, at, cur); return; }
	[2-9] d{2} " " [2-9] d{2} " " d{4} { offer_phone(s, D_PHONE_NATIONAL, at, cur); return; }
	"1" [ .-] nanp { offer_phone(s, D_PHONE_NANP, at, cur); return; }
	nanp { offer_phone(s, D_PHONE_NANP, at, cur); return; }
	[2-9] d{9} { offer_phone(s, D_PHONE_NATIONAL, at, cur); return; }
	"(" "0" d{1,5} ")" (gap? d+)+ { offer_phone(s, D_PHONE_NATIONAL, at, cur); return; }
	"0" d{1,5} (gap? group)+ { offer_phone(s, D_PHONE_NATIONAL, at, cur); return; }
	[1-9] d{1,3} (gap d{2,4}){2,4} { offer_phone(s, D_PHONE_NATIONAL, at, cur); return; }
	[5-9] d{8} { offer_phone(s, D_PHONE_NATIONAL, at, cur); return; }
	*/
}

static void offer_url(struct scan *s, enum detector_id d, size_t start, const uint8_t *cur)
{
	size_t end = (size_t)(cur - s->text.p);
	while (end > start && s->text.p[end - 1] != 0 && strchr(".,;:!?)'\"", s->text.p[end - 1]) != NULL)
		end--;
	scan_offer(s, d, start, end);
}

/* Hosts on which the path names a person. */
static void lex_profile(struct scan *s, size_t start, size_t at)
{
	const uint8_t *cur = s->text.p + at + 3, *mark = cur;
	const uint8_t *lim = s->text.n - at - 3 > URL_MAX ? cur + URL_MAX : s->text.p + s->text.n;
	/*!re2c
	name = [A-Za-z0-9._%-]+;
	www = ("www." | "m." | alpha{2} ".")?;

	* { return; }
	www 'linkedin.com/' ("in" | "pub") "/" name { offer_url(s, D_PROFILE_URL, start, cur); return; }
	www ('facebook.com' | 'instagram.com' | 'twitter.com' | 'x.com' | 'xing.com/profile' | 'vk.com' | 'github.com' | 'tiktok.com' |
	     't.me' | 'threads.net') "/@"? name "/"? { offer_url(s, D_PROFILE_URL, start, cur); return; }
	www ('facebook.com' | 'instagram.com' | 'twitter.com' | 'x.com' | 'github.com' | 't.me') "/" name "/" name { return; }
	*/
}

void lex_url(struct scan *s, size_t at)
{
	size_t start = at;
	while (start > 0 && at - start < 16 && (ascii_alnum(s->text.p[start - 1]) || s->text.p[start - 1] == '+'))
		start--;
	if (start == at || at < s->url_end)
		return;
	const uint8_t *cur = s->text.p + at + 3, *mark = cur, *begin = cur;
	const uint8_t *lim = s->text.n - at - 3 > URL_MAX ? cur + URL_MAX : s->text.p + s->text.n;
	bool database = !span_starts(span_sub(s->text, start, at), SPAN("http"));
	lex_profile(s, start, at);
	/*!re2c
	user = [^\x00-\x20:/@"'<>]*;
	secret = [^\x00-\x20/"'<>]+;
	host = [A-Za-z0-9.[\]:_-]+;

	* { s->steps += (size_t)(cur - begin); return; }
	user ":" secret "@" host ([/?#] [^\x00-\x20"'<>]*)? {
		offer_url(s, database ? D_DB_URL : D_URL_PASSWORD, start, cur);
		s->url_end = (size_t)(cur - s->text.p);
		scan_mask(s, s->url_end);
		return;
	}
	*/
}
