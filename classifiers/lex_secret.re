/* Credentials that carry their vendor's prefix, and addresses of crypto-currencies. */
#include "classifiers/scan.h"

/*!include:re2c "lexer.re.inc" */

/* A match that goes on is something else. */
static void offer(struct scan *s, enum detector_id d, size_t at, const uint8_t *cur)
{
	size_t end = (size_t)(cur - s->text.p);
	if (end < s->text.n && (ascii_alnum(s->text.p[end]) || s->text.p[end] == '_'))
		return;
	scan_offer(s, d, at, end);
	scan_mask(s, end);
}

static void offer_length(struct scan *s, enum detector_id d, size_t at, const uint8_t *cur, size_t min, size_t max)
{
	size_t n = (size_t)(cur - s->text.p) - at;
	if (n >= min && n <= max)
		offer(s, d, at, cur);
}

static void offer_base58(struct scan *s, size_t at, const uint8_t *cur)
{
	size_t n = (size_t)(cur - s->text.p) - at;
	uint8_t first = s->text.p[at];
	if ((first == '1' || first == '3') && n >= 26 && n <= 35)
		scan_offer(s, D_BTC_P2PKH, at, at + n);
	else if (first == 'T' && n == 34)
		scan_offer(s, D_TRX, at, at + n);
	else if ((first == '5' && n == 51) || ((first == 'K' || first == 'L') && n == 52))
		scan_offer(s, D_BTC_WIF, at, at + n);
}

/* The key's bytes up to the end label, or the label alone where it is cut off. */
static void offer_pem(struct scan *s, size_t at, const uint8_t *cur)
{
	size_t start = at;
	while (start > 0 && s->text.p[start - 1] == '-' && at - start < 5)
		start--;
	size_t end = (size_t)(cur - s->text.p);
	struct span rest = span_sub(s->text, end, s->text.n);
	if (rest.n > LEX_MAX)
		rest.n = LEX_MAX;
	const uint8_t *label = memmem(rest.p, rest.n, "-----END ", 9);
	if (label != NULL) {
		const uint8_t *stop = memmem(label + 9, (size_t)(rest.p + rest.n - label) - 9, "-----", 5);
		end = (size_t)((stop == NULL ? label : stop + 5) - s->text.p);
	} else {
		label = memmem(rest.p, rest.n, "-----BEGIN ", 11);
		while (label == NULL && end < s->text.n && end - at < LEX_MAX &&
		       (ascii_alnum(s->text.p[end]) || strchr("+/=\r\n\\", s->text.p[end]) != NULL) && s->text.p[end] != 0)
			end++;
	}
	s->steps += end - at;
	scan_offer(s, D_PEM_KEY, start, end);
	scan_mask(s, end);
}

void lex_tilde(struct scan *s, size_t at)
{
	const uint8_t *p = s->text.p;
	if (at < 5 || p[at - 1] != 'Q' || !ascii_digit(p[at - 2]))
		return;
	size_t start = at - 5, end = at + 1;
	for (size_t i = start; i < at - 2; i++)
		if (!ascii_alnum(p[i]) && p[i] != '_' && p[i] != '~' && p[i] != '.')
			return;
	while (end < s->text.n && end - at <= 35 && p[end] != 0 && (ascii_alnum(p[end]) || strchr("_~.-", p[end]) != NULL))
		end++;
	if (end - at - 1 >= 31 && end - at - 1 <= 34 && (start == 0 || !ascii_alnum(p[start - 1])))
		scan_offer(s, D_AZURE_AD_SECRET, start, end);
}

void lex_secret(struct scan *s, size_t at)
{
	if (at > 0 && (s->text.p[at - 1] == '-' || s->text.p[at - 1] == '_')) {
		/* Inside a longer token; a PEM label stands behind hyphens all the same. */
		if (s->text.p[at - 1] == '_' || s->text.n - at < 6 || memcmp(s->text.p + at, "BEGIN ", 6) != 0)
			return;
	}
	enum detector_id id;
	size_t key = vendor_keys_match(&s->tables->keys, span_sub(s->text, at, s->text.n), &id);
	if (key > 0) {
		s->steps += key;
		scan_offer(s, id, at, at + key);
		scan_mask(s, at + key);
		return;
	}
	const uint8_t *cur = s->text.p + at, *mark = cur, *begin = cur;
	const uint8_t *lim = s->text.n - at > LEX_MAX ? cur + LEX_MAX : s->text.p + s->text.n;
	/*!re2c
	base58 = [1-9A-HJ-NP-Za-km-z];

	* { s->steps += (size_t)(cur - begin); return; }
	"ghp_" alnum+ { offer_length(s, D_GITHUB_PAT, at, cur, 40, 40); return; }
	"gho_" alnum+ { offer_length(s, D_GITHUB_OAUTH, at, cur, 40, 40); return; }
	"gh" [su] "_" alnum+ { offer_length(s, D_GITHUB_SERVER, at, cur, 40, 40); return; }
	"ghr_" alnum+ { offer_length(s, D_GITHUB_REFRESH, at, cur, 40, 40); return; }
	"npm_" alnum+ { offer_length(s, D_NPM_TOKEN, at, cur, 40, 40); return; }
	"github_pat_" alnum+ "_" alnum+ { offer_length(s, D_GITHUB_FGPAT, at, cur, 93, 93); return; }
	("AKIA" | "ASIA" | "ABIA" | "ACCA") [A-Z2-7]+ { offer_length(s, D_AWS_AKID, at, cur, 20, 20); return; }
	"AIza" urlch+ { offer_length(s, D_GCP_KEY, at, cur, 39, 39); return; }
	"sk-" ("proj" | "svcacct" | "admin") "-" urlch+ { offer_length(s, D_OPENAI_KEY, at, cur, 60, 200); return; }
	"sk-" alnum+ { offer_length(s, D_OPENAI_KEY, at, cur, 51, 51); return; }
	"sk-ant-" alpha+ d{2} "-" urlch+ "AA" { offer_length(s, D_ANTHROPIC_KEY, at, cur, 90, 130); return; }
	[sr] "k_" ("live" | "test" | "prod") "_" alnum+ { offer_length(s, D_STRIPE, at, cur, 18, 110); return; }
	"xox" [abprs] "-" [0-9A-Za-z-]+ { offer_length(s, D_SLACK_BOT, at, cur, 40, 100); return; }
	"glpat-" urlch+ { offer_length(s, D_GITLAB_PAT, at, cur, 26, 120); return; }
	"hf_" alpha+ { offer_length(s, D_HF_TOKEN, at, cur, 37, 37); return; }
	"SG." urlch+ "." urlch+ { offer_length(s, D_SENDGRID, at, cur, 69, 69); return; }
	"SK" [0-9a-f]+ { offer_length(s, D_TWILIO, at, cur, 34, 34); return; }
	"dapi" [0-9a-f]+ ("-" d)? { offer_length(s, D_DATABRICKS, at, cur, 36, 38); return; }
	"dop_v1_" [0-9a-f]+ { offer_length(s, D_DIGITALOCEAN, at, cur, 71, 71); return; }
	"shp" ("at" | "ca" | "pa" | "ss") "_" hex+ { offer_length(s, D_SHOPIFY, at, cur, 38, 38); return; }
	"pypi-AgEIcHlwaS5vcmc" urlch+ { offer_length(s, D_PYPI, at, cur, 69, 1100); return; }
	"hvs." urlch+ { offer_length(s, D_VAULT, at, cur, 94, 130); return; }
	"AccountKey=" [A-Za-z0-9+/]+ "==" { offer_length(s, D_AZURE_STORAGE, at, cur, 99, 99); return; }
	"ey" urlch+ "." "ey" urlch+ "." urlch* { offer_length(s, D_JWT, at, cur, 36, LEX_MAX); return; }
	"BEGIN " ([A-Z0-9]+ " "){0,3} "PRIVATE KEY" (" BLOCK")? "-----" { offer_pem(s, at, cur); return; }
	d+ ":AA" urlch+ { offer_length(s, D_TELEGRAM_BOT, at, cur, 44, 46); return; }
	"0x" hex+ { offer_length(s, D_ETH, at, cur, 42, 42); return; }
	'bc1' [02-9ac-hj-np-zAC-HJ-NP-Z]+ { offer_length(s, D_BTC_BECH32, at, cur, 14, 74); return; }
	base58+ { if (cur == lim || !ascii_alnum(*cur)) offer_base58(s, at, cur); return; }
	*/
}
