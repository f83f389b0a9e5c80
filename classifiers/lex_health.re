/* Codes of health care and genetics, the machine-readable zone of passports, British postcodes. */
#include "classifiers/scan.h"

/*!include:re2c "lexer.re.inc" */

static bool joined(const struct scan *s, size_t at, size_t end)
{
	const uint8_t *p = s->text.p;
	bool left = at > 0 && (p[at - 1] == '-' || p[at - 1] == '_' || p[at - 1] == '.' || p[at - 1] == '/' || p[at - 1] == '#' || p[at - 1] == '<');
	bool right = end < s->text.n && (ascii_alnum(p[end]) || p[end] == '_' ||
		     ((p[end] == '-' || p[end] == '.' || p[end] == '/') && end + 1 < s->text.n && ascii_alnum(p[end + 1])));
	return left || right;
}

static void offer(struct scan *s, enum detector_id d, size_t at, const uint8_t *cur)
{
	size_t end = (size_t)(cur - s->text.p);
	if (!joined(s, at, end))
		scan_offer(s, d, at, end);
}

/* Without a point a code such as F32 or B12 needs a word that says diagnosis. */
static void offer_bare_icd(struct scan *s, size_t at, const uint8_t *cur)
{
	size_t end = (size_t)(cur - s->text.p);
	if (!joined(s, at, end) && scan_near(s, D_ICD10, at, end) > 9)
		scan_offer(s, D_ICD10, at, end);
}

static void offer_mrz(struct scan *s, size_t at, const uint8_t *cur)
{
	scan_offer(s, D_MRZ_TD3, at, (size_t)(cur - s->text.p));
}

void lex_health(struct scan *s, size_t at)
{
	const uint8_t *cur = s->text.p + at, *mark = cur;
	const uint8_t *lim = s->text.n - at > 256 ? cur + 256 : s->text.p + s->text.n;
	/*!re2c
	block = [A-TV-Z] d [0-9AB];
	outward = [A-PR-UWYZ] (d{1,2} | [A-HK-Y] d (d | [ABEHMNPRV-Y])? | d [A-HJKPS-UW]);

	* { return; }
	block { offer_bare_icd(s, at, cur); return; }
	block "." [0-9A-Z]{1,4} [GVZA]? { offer(s, D_ICD10, at, cur); return; }
	"rs" [1-9] d{2,9} { offer(s, D_DBSNP, at, cur); return; }
	"N" [MCPGR] "_" d{6,9} "." d{1,2} ("(" alnum+ ")")? ":" [cgpnmr] "." [A-Za-z0-9_>*+()?=-]+ {
		scan_offer(s, D_HGVS, at, (size_t)(cur - s->text.p));
		return;
	}
	outward " "? d [ABD-HJLNP-UW-Z]{2} { offer(s, D_UK_POSTCODE, at, cur); return; }
	"P" [A-Z<] [A-Z<]{42} [\r]? [\n ] [A-Z0-9<]{44} { offer_mrz(s, at, cur); return; }
	*/
}
