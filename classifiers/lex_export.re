/* Export control: classification numbers, munitions list categories, and handling or classification markings.
 * Markings count only in the form a marking has: capitals. */
#include "classifiers/scan.h"

/*!include:re2c "lexer.re.inc" */

static void offer(struct scan *s, enum detector_id d, size_t at, const uint8_t *cur)
{
	const uint8_t *p = s->text.p;
	size_t end = (size_t)(cur - p);
	bool left = at > 0 && (p[at - 1] == '_' || p[at - 1] == '-' || p[at - 1] == '.' || p[at - 1] >= 0x80);
	bool right = end < s->text.n && (ascii_alnum(p[end]) || p[end] == '_');
	if (!left && !right)
		scan_offer(s, d, at, end);
}

/* A lone word in capitals is a marking only on a line of its own or between slashes. */
static void offer_line(struct scan *s, size_t at, const uint8_t *cur)
{
	const uint8_t *p = s->text.p;
	size_t start = at, end = (size_t)(cur - p);
	while (start > 0 && p[start - 1] != 0 && strchr(" \t*-=#[(/", p[start - 1]) != NULL)
		start--;
	while (end < s->text.n && p[end] != 0 && strchr(" \t\r*-=#.!])/", p[end]) != NULL)
		end++;
	bool own_line = (start == 0 || p[start - 1] == '\n') && (end == s->text.n || p[end] == '\n');
	if (own_line)
		offer(s, D_MARKING, at, cur);
}

void lex_export(struct scan *s, size_t at)
{
	const uint8_t *cur = s->text.p + at, *mark = cur;
	const uint8_t *lim = s->text.n - at > 128 ? cur + 128 : s->text.p + s->text.n;
	/*!re2c
	roman = [IVX]{1,5};
	para = "(" [a-z] ")" ("(" d{1,2} ")")?;
	level = "TOP SECRET" | "SECRET" | "CONFIDENTIAL";

	* { return; }
	[0-9] [A-E] d{3} ("." [a-z] ([.0-9]+ [a-z]?)*)? { offer(s, D_ECCN, at, cur - (cur[-1] == '.')); return; }
	"EAR99" { offer(s, D_ECCN, at, cur); return; }
	("USML" " "+)? 'category' " " roman para? { offer(s, D_USML, at, cur); return; }
	"USML" { return; }
	"ITAR" ("-" | " ") ('controlled' | 'restricted') | "ITAR CONTROLLED" | "ITAR RESTRICTED" { offer(s, D_ITAR, at, cur); return; }
	"NOFORN" | "ORCON" | "REL TO " [A-Z, ]{3,40} | "SBU" ("//" [A-Z]+)? | "LES//" [A-Z]+ | "FOUO" | "FOR OFFICIAL USE ONLY" | "CUI//" [A-Z/-]+ | "CONTROLLED UNCLASSIFIED INFORMATION" { offer(s, D_MARKING, at, cur); return; }
	'TLP' ":" " "? ("RED" | "AMBER" | "AMBER+STRICT" | "GREEN") { offer(s, D_MARKING, at, cur); return; }
	level "//" [A-Z/ -]+ { offer(s, D_MARKING, at, cur); return; }
	"TOP SECRET" | "RESTRICTED" | "SECRET" | "CONFIDENTIAL" | "CUI" { offer_line(s, at, cur); return; }
	"COMPANY CONFIDENTIAL" | "STRICTLY CONFIDENTIAL" | "CONFIDENTIAL AND PROPRIETARY" | "PROPRIETARY AND CONFIDENTIAL" |
	"COMPANY PROPRIETARY" | "INTERNAL USE ONLY" | "FOR INTERNAL USE ONLY" | "PROPRIETARY INFORMATION" | "EXPORT CONTROLLED" |
	"DISTRIBUTION STATEMENT " [B-F] | "EYES ONLY" | "TRADE SECRET" | "ATTORNEY-CLIENT PRIVILEGED" | "PRIVILEGED AND CONFIDENTIAL" |
	"COMMERCIAL IN CONFIDENCE" | "COMMERCIAL-IN-CONFIDENCE" | "OFFICIAL-SENSITIVE" | "OFFICIAL: SENSITIVE" | "UK EYES ONLY" |
	"NATO RESTRICTED" | "NATO CONFIDENTIAL" | "NATO SECRET" | "NATO UNCLASSIFIED" | "COSMIC TOP SECRET" | "RESTREINT UE/EU RESTRICTED" |
	"EU RESTRICTED" | "EU CONFIDENTIAL" | "UNCLASSIFIED//" [A-Z/]+ | "CONTROLLED BY: " [A-Z] |
	"BETRIEBSGEHEIMNIS" | "NUR F\xc3\x9cR DEN INTERNEN GEBRAUCH" | "NUR ZUR INTERNEN VERWENDUNG" | "FIRMENVERTRAULICH" | "INTERN - VERTRAULICH" |
	"CONFIDENTIEL D\xc3\x89FENSE" | "DIFFUSION RESTREINTE" | "STRICTEMENT CONFIDENTIEL" | "USAGE INTERNE" | "SECRET INDUSTRIEL" | "CONFIDENTIEL ENTREPRISE" |
	"USO INTERNO" | "CONFIDENCIAL DE EMPRESA" | "ESTRICTAMENTE CONFIDENCIAL" | "DIFUSI\xc3\x93N LIMITADA" |
	"STRETTAMENTE RISERVATO" | "RISERVATO AZIENDALE" | "RISERVATISSIMO" | "STRIKT VERTROUWELIJK" | "BEDRIJFSVERTROUWELIJK" | "DEPARTEMENTAAL VERTROUWELIJK" |
	"TAJEMNICA PRZEDSI\xc4\x98" "BIORSTWA" | "SEGREDO DE EMPRESA" | "ESTRITAMENTE CONFIDENCIAL" { offer(s, D_MARKING, at, cur); return; }
	"VS-NfD" | "VS-NUR F\xc3\x9cR DEN DIENSTGEBRAUCH" | "VS-VERTRAULICH" | "STRENG VERTRAULICH" | "STRENG GEHEIM" |
	"VERTRAULICH" | "CONFIDENTIEL" | "CONFIDENCIAL" | "RISERVATO" | "VERTROUWELIJK" | "POUFNE" | "RESERVADO" | "GEHEIM" { offer_line(s, at, cur); return; }
	*/
}
