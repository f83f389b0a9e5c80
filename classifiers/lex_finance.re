/* IBAN: country, check digits, then groups of letters and digits with spaces or hyphens between them or not. */
#include "classifiers/scan.h"

#include "classifiers/check.h"
#include "classifiers/iban.h"

/*!include:re2c "lexer.re.inc" */

/* Bytes that hold the first want letters and digits, or 0: what stands behind an IBAN belongs to the sentence. */
static size_t take(const uint8_t *p, size_t n, size_t want)
{
	size_t i = 0;
	for (size_t k = 0; i < n; i++) {
		k += ascii_alnum(p[i]);
		if (k == want)
			return i + 1;
	}
	return 0;
}

static void offer_iban(struct scan *s, size_t at, const uint8_t *cur)
{
	const uint8_t *p = s->text.p + at;
	char country[2] = {(char)(p[0] & 0xdf), (char)(p[1] & 0xdf)};
	size_t length = iban_length(country);
	size_t n = length == 0 ? 0 : take(p, (size_t)(cur - p), length);
	size_t end = at + n;
	if (n == 0 || (end < s->text.n && ascii_alnum(s->text.p[end])))
		return;
	scan_offer(s, D_IBAN, at, end);
	if (check_iban((const char *)p, n))
		scan_mask(s, end);
}

void lex_finance(struct scan *s, size_t at)
{
	const uint8_t *cur = s->text.p + at, *mark = cur;
	const uint8_t *lim = s->text.n - at > 64 ? cur + 64 : s->text.p + s->text.n;
	/*!re2c
	* { return; }
	alpha{2} d{2} ([ -]? alnum)+ { offer_iban(s, at, cur); return; }
	*/
}
