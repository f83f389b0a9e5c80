/* Dates, in figures or with a month's name, and ages. What a date is (of birth, of care) its context words say. */
#include "classifiers/scan.h"

#include "classifiers/digits.h"

/*!include:re2c "lexer.re.inc" */

static void offer_date(struct scan *s, size_t at, const uint8_t *cur)
{
	const uint8_t *p = s->text.p;
	size_t end = (size_t)(cur - p);
	if (at > 0 && (p[at - 1] == '/' || p[at - 1] == '_' || (at > 1 && ascii_digit(p[at - 2]) && (p[at - 1] == '.' || p[at - 1] == '-'))))
		return;
	bool more = end + 1 < s->text.n && ascii_digit(p[end + 1]);
	if (end < s->text.n && (ascii_digit(p[end]) || (more && (p[end] == '-' || p[end] == '/' || p[end] == '.'))))
		return;
	/* A time stamp or a version, unless the word stands right in front of it. */
	bool stamp = end + 1 < s->text.n && p[end] == 'T' && ascii_digit(p[end + 1]);
	bool version = end - at <= 7 && memchr(p + at, '.', end - at) != NULL;
	unsigned born = scan_near(s, D_BIRTH_DATE, at, end), care = scan_near(s, D_CARE_DATE, at, end);
	unsigned least = stamp || version ? CONTEXT_NEAREST : 1;
	if (born >= least || care >= least)
		scan_offer(s, born >= care ? D_BIRTH_DATE : D_CARE_DATE, at, end);
}

static void offer_age(struct scan *s, size_t at, const uint8_t *cur)
{
	size_t end = (size_t)(cur - s->text.p);
	bool goes_on = end < s->text.n && (ascii_alnum(s->text.p[end]) || s->text.p[end] >= 0x80);
	bool fraction = at > 1 && s->text.p[at - 1] == '.' && ascii_digit(s->text.p[at - 2]);
	if (!goes_on && !fraction && digits_value((const char *)s->text.p + at, 1) > 0)
		scan_offer(s, D_AGE, at, (size_t)(cur - s->text.p));
}

void lex_date(struct scan *s, size_t at)
{
	const uint8_t *cur = s->text.p + at, *mark = cur;
	const uint8_t *lim = s->text.n - at > 64 ? cur + 64 : s->text.p + s->text.n;
	/*!re2c
	day = d{1,2};
	year = d{2} | d{4};
	en = 'january' | 'february' | 'march' | 'april' | 'may' | 'june' | 'july' | 'august' | 'september' | 'october' | 'november' |
	     'december' | ('jan' | 'feb' | 'mar' | 'apr' | 'jun' | 'jul' | 'aug' | 'sep' | 'sept' | 'oct' | 'nov' | 'dec') "."?;
	de = 'januar' | 'j' "\xc3\xa4" 'nner' | 'februar' | 'm' "\xc3\xa4" 'rz' | 'mai' | 'juni' | 'juli' | 'oktober' | 'dezember' | 'dez.';
	fr = 'janvier' | 'f' "\xc3\xa9" 'vrier' | 'mars' | 'avril' | 'juin' | 'juillet' | 'ao' "\xc3\xbb" 't' | 'septembre' | 'octobre' |
	     'novembre' | 'd' "\xc3\xa9" 'cembre';
	es = 'enero' | 'febrero' | 'marzo' | 'abril' | 'mayo' | 'junio' | 'julio' | 'agosto' | 'septiembre' | 'octubre' | 'noviembre' |
	     'diciembre';
	it = 'gennaio' | 'febbraio' | 'aprile' | 'maggio' | 'giugno' | 'luglio' | 'settembre' | 'ottobre' | 'dicembre';
	nl = 'januari' | 'februari' | 'maart' | 'mei' | 'augustus';
	pl = 'stycznia' | 'lutego' | 'marca' | 'kwietnia' | 'maja' | 'czerwca' | 'lipca' | 'sierpnia' | 'wrze' "\xc5\x9b" 'nia' |
	     'pa' "\xc5\xba" 'dziernika' | 'listopada' | 'grudnia';
	pt = 'janeiro' | 'fevereiro' | 'mar' "\xc3\xa7" 'o' | 'maio' | 'junho' | 'julho' | 'setembro' | 'outubro' | 'novembro' | 'dezembro';
	month = en | de | fr | es | it | nl | pl | pt;

	* { return; }
	d{4} [-/.] day [-/.] day { offer_date(s, at, cur); return; }
	day [-/.] day [-/.] year { offer_date(s, at, cur); return; }
	day ". " day ". " d{4} { offer_date(s, at, cur); return; }
	day ("." | "st" | "nd" | "rd" | "th" | "er")? (" " | "-" | " de " | " of ") month ("," | "-" | " de ")? " "? d{4} { offer_date(s, at, cur); return; }
	month " " day ("st" | "nd" | "rd" | "th")? ","? " " d{4} { offer_date(s, at, cur); return; }
	d{1,3} [ -]? ('years old' | 'year-old' | 'year old' | 'yo' | 'y/o' | 'yrs old' | 'years of age' | 'Jahre alt' | "j\xc3\xa4" 'hrige' [rn]? | "-j\xc3\xa4" 'hrige' [rn]? |
	    'ans' | "a\xc3\xb1" 'os' | 'anni' | 'jaar oud' | 'lat' | 'anos de idade') { offer_age(s, at, cur); return; }
	*/
}
