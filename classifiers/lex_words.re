/* Values behind a word that says what they are: passwords, tokens, card codes, record and account numbers. The lexer
 * matches word and separator; what the value may be is decided by value_* below and by the detector's check. */
#include "classifiers/scan.h"

#include "classifiers/digits.h"

/*!include:re2c "lexer.re.inc" */

enum { WORDS_MAX = 512, VALUE_MAX = 128 };

struct value {
	size_t start, end;
	bool quoted; /* or behind an equals sign: surely a value, not the next word of a sentence */
};

static bool stops(uint8_t b)
{
	return b <= ' ' || b == '"' || b == '\'' || b == '`' || b == '<' || b == ';' || b == '\\';
}

/* The value at the given place: a quoted string, or what stands before a space, quote or semicolon. */
static struct value value_at(const struct scan *s, size_t at, bool equals)
{
	const uint8_t *p = s->text.p;
	size_t n = s->text.n - at > VALUE_MAX ? at + VALUE_MAX : s->text.n;
	while (at < n && p[at] == '\\')
		at++;
	if (at < n && (p[at] == '"' || p[at] == '\'' || p[at] == '`')) {
		const uint8_t *close = memchr(p + at + 1, p[at], n - at - 1);
		size_t end = close == NULL ? at : (size_t)(close - p);
		/* A quote that closed another string: what follows is the program's. */
		if (memchr(p + at, '\n', end - at) != NULL)
			end = at;
		while (end > at + 1 && p[end - 1] == '\\')
			end--;
		return (struct value){at + 1 < end ? at + 1 : end, end, true};
	}
	size_t end = at;
	while (end < n && !stops(p[end]))
		end++;
	const char *marks = equals ? ".,:)]}" : ".,:!?)]}";
	while (end > at && p[end - 1] != 0 && strchr(marks, p[end - 1]) != NULL)
		end--;
	return (struct value){at, end, equals};
}

/* Letters, dots and underscores alone are an expression of a program or a word of a sentence. */
static bool plain_word(const struct scan *s, struct value v)
{
	bool digit_seen = false, symbol = false;
	for (size_t i = v.start; i < v.end; i++) {
		uint8_t b = s->text.p[i];
		digit_seen = digit_seen || ascii_digit(b);
		symbol = symbol || (!ascii_alnum(b) && b != '_' && b != '.' && b != '-' && b < 0x80);
	}
	return !digit_seen && !symbol;
}

static void offer_value(struct scan *s, enum detector_id d, const uint8_t *cur, bool equals)
{
	struct value v = value_at(s, (size_t)(cur - s->text.p), equals);
	s->steps += v.end - v.start;
	if (v.end <= v.start || (!v.quoted && plain_word(s, v)))
		return;
	/* A call or an element of an array is a program, not a value. */
	bool bare = v.start == 0 || strchr("\"'`", s->text.p[v.start - 1]) == NULL || s->text.p[v.start - 1] == 0;
	if (bare && (memchr(s->text.p + v.start, '(', v.end - v.start) != NULL || memchr(s->text.p + v.start, '[', v.end - v.start) != NULL))
		return;
	if (equals && plain_word(s, v) && memchr(s->text.p + v.start, '.', v.end - v.start) != NULL)
		return;
	scan_offer(s, d, v.start, v.end);
}

static void offer_password(struct scan *s, const uint8_t *cur)
{
	const uint8_t *p = cur;
	while (p > s->text.p && (p[-1] == ' ' || p[-1] == '\t'))
		p--;
	offer_value(s, D_PASSWORD, cur, p > s->text.p && p[-1] == '=');
}

/* "--password Tr0ub4dor!", "password Tr0ub4dor!": without a sign between them the value must look like nothing else. */
static void offer_bare(struct scan *s, const uint8_t *cur)
{
	struct value v = value_at(s, (size_t)(cur - s->text.p), false);
	bool digit_seen = false, upper = false, lower = false, symbol = false;
	for (size_t i = v.start; i < v.end; i++) {
		uint8_t b = s->text.p[i];
		digit_seen = digit_seen || ascii_digit(b);
		upper = upper || (b >= 'A' && b <= 'Z');
		lower = lower || (b >= 'a' && b <= 'z');
		symbol = symbol || b == '!' || b == '#' || b == '$' || b == '%' || b == '&' || b == '*' || b == '+' || b == '?';
	}
	if (v.end - v.start >= 6 && digit_seen && lower && (upper || symbol))
		scan_offer(s, D_PASSWORD, v.start, v.end);
}

/* The argument of an option in the same line of a command: "-p" with the value behind it. */
static size_t option_end(struct span line, const char *option)
{
	const uint8_t *at = memmem(line.p, line.n, option, strlen(option));
	return at == NULL ? 0 : (size_t)(at - line.p) + strlen(option);
}

/* "curl -u name:secret", "sshpass -p secret", "mysql -psecret". */
static void offer_command(struct scan *s, const uint8_t *cur)
{
	enum { COMMAND_MAX = 256 };
	static const struct {
		const char *option;
		bool user; /* a name and a colon in front of the secret */
	} options[] = {{" -u ", true}, {" --user ", true}, {" -p ", false}, {" -p", false}};
	size_t from = (size_t)(cur - s->text.p);
	struct span line = span_sub(s->text, from, s->text.n - from > COMMAND_MAX ? from + COMMAND_MAX : s->text.n);
	line.n = span_find(line, '\n');
	s->steps += line.n;
	for (size_t i = 0; i < sizeof options / sizeof *options; i++) {
		size_t end = option_end(line, options[i].option);
		if (end == 0 || end >= line.n)
			continue;
		struct value v = value_at(s, from + end, true);
		const uint8_t *colon = memchr(s->text.p + v.start, ':', v.end - v.start);
		if (options[i].user != (colon != NULL))
			continue;
		size_t start = colon == NULL ? v.start : (size_t)(colon - s->text.p) + 1;
		struct value secret = {start, v.end, v.quoted};
		if (start < v.end && !plain_word(s, secret))
			scan_offer(s, D_PASSWORD, start, v.end);
		return;
	}
}

/* "Basic ZGVwbG95OnNlY3JldA==": a name, a colon and a secret in base64 (RFC 7617). */
static void offer_basic(struct scan *s, const uint8_t *cur)
{
	static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	struct value v = value_at(s, (size_t)(cur - s->text.p), true);
	uint32_t acc = 0;
	size_t bytes = 0, colon = 0;
	for (size_t i = v.start; i < v.end && s->text.p[i] != '='; i++) {
		const char *at = s->text.p[i] == 0 ? NULL : strchr(alphabet, s->text.p[i]);
		if (at == NULL)
			return;
		acc = acc << 6 | (uint32_t)(at - alphabet);
		if ((i - v.start) % 4 == 0)
			continue;
		uint8_t b = (uint8_t)(acc >> (6 - 2 * ((i - v.start) % 4)));
		if (b < ' ' || b == 0x7f)
			return;
		bytes++;
		colon = b == ':' && colon == 0 ? bytes : colon;
	}
	if (colon > 1 && colon < bytes && bytes >= 6)
		scan_offer(s, D_BASIC_AUTH, v.start, v.end);
}

static void offer_generic(struct scan *s, const uint8_t *cur)
{
	offer_value(s, D_GENERIC, cur, true);
}

/* Letters, digits and hyphens of a number; it must end where it stands. */
static void offer_number(struct scan *s, enum detector_id d, const uint8_t *cur, size_t min, size_t max)
{
	const uint8_t *p = s->text.p;
	size_t start = (size_t)(cur - p), end = start;
	if (start < s->text.n && (p[start] == '"' || p[start] == '\''))
		end = ++start;
	while (end < s->text.n && end - start <= max && (ascii_alnum(p[end]) || (p[end] == '-' && end > start)))
		end++;
	while (end > start && p[end - 1] == '-')
		end--;
	if (end - start < min || end - start > max)
		return;
	scan_offer(s, d, start, end);
}

static void offer_digits(struct scan *s, enum detector_id d, const uint8_t *cur, size_t min, size_t max)
{
	const uint8_t *p = s->text.p;
	size_t start = (size_t)(cur - p), end = start;
	if (start < s->text.n && (p[start] == '"' || p[start] == '\''))
		end = ++start;
	while (end < s->text.n && ascii_digit(p[end]) && end - start <= max)
		end++;
	bool goes_on = end < s->text.n && (ascii_alnum(p[end]) || ((p[end] == '.' || p[end] == '-' || p[end] == ':' ||
		       p[end] == '/') && end + 1 < s->text.n && ascii_digit(p[end + 1])));
	if (end - start >= min && end - start <= max && !goes_on)
		scan_offer(s, d, start, end);
}

static void offer_account(struct scan *s, const uint8_t *cur)
{
	const uint8_t *p = s->text.p;
	size_t start = (size_t)(cur - p), end = start;
	if (start < s->text.n && (p[start] == '"' || p[start] == '\''))
		end = ++start;
	while (end < s->text.n && end - start < 26 && (ascii_digit(p[end]) || ((p[end] == ' ' || p[end] == '-') && end > start &&
	       end + 1 < s->text.n && ascii_digit(p[end + 1]))))
		end++;
	if (end < s->text.n && ascii_alnum(p[end]))
		return;
	scan_offer(s, D_US_ACCOUNT, start, end);
}

static void offer_age(struct scan *s, size_t at, const uint8_t *cur)
{
	const uint8_t *p = s->text.p;
	size_t start = (size_t)(cur - p), end = start;
	while (end < s->text.n && ascii_digit(p[end]) && end - start < 4)
		end++;
	unsigned v = (unsigned)digits_value((const char *)p + start, end - start);
	if (at > 0 && (p[at - 1] == '_' || p[at - 1] == '-')) /* max_age */
		return;
	if (end - start < 1 || end - start > 3 || v < 1 || v > 120 || (end < s->text.n && (ascii_alnum(p[end]) || p[end] == '.')))
		return;
	scan_offer(s, D_AGE, start, end);
}

/* Twelve or more short lower-case words in a row. */
static void offer_seed(struct scan *s, const uint8_t *cur)
{
	const uint8_t *p = s->text.p;
	enum { LEAST = 12, MOST = 24 };
	size_t start = (size_t)(cur - p), at = start, words = 0, ends[MOST + 1];
	if (at < s->text.n && (p[at] == '"' || p[at] == '\''))
		start = ++at;
	while (words < MOST && at < s->text.n) {
		size_t from = at;
		while (at < s->text.n && p[at] >= 'a' && p[at] <= 'z')
			at++;
		if (at - from < 3 || at - from > 8)
			break;
		ends[++words] = at;
		if (at < s->text.n && (p[at] == ' ' || p[at] == '\n' || p[at] == ','))
			at++;
		if (at < s->text.n && p[at] == ' ')
			at++;
	}
	if (words < LEAST)
		return;
	/* The sentence may go on behind the phrase. */
	for (size_t n = words - words % 3; n >= LEAST; n -= 3)
		scan_offer(s, D_SEED_BIP39, start, ends[n]);
	scan_offer(s, D_SEED_PHRASE, start, ends[words]);
}

static void offer_aws(struct scan *s, const uint8_t *cur)
{
	struct value v = value_at(s, (size_t)(cur - s->text.p), true);
	if (v.end - v.start == 40)
		scan_offer(s, D_AWS_SECRET, v.start, v.end);
}

/* "dbPassword", "PGPASSWORD": where the word that tells begins inside the one at at. */
static size_t last_hump(const struct scan *s, size_t at)
{
	static const char *const tails[] = {"password", "passwd", "passphrase", "pwd",	    "pass",	 "secret",
					    "token",	"apikey", "accesskey",	"secretkey", "privatekey"};
	const uint8_t *p = s->text.p;
	size_t end = at;
	while (end < s->text.n && ascii_alnum(p[end]) && end - at < 64)
		end++;
	for (size_t i = 0; i < sizeof tails / sizeof *tails; i++) {
		size_t n = strlen(tails[i]);
		if (end - at > n && p[end - n] >= 'A' && p[end - n] <= 'Z' &&
		    span_eq_nocase(span_of(p + end - n, n), span_of(tails[i], n)))
			return end - n;
	}
	return at;
}

void lex_words(struct scan *s, size_t at)
{
	at = last_hump(s, at);
	const uint8_t *cur = s->text.p + at, *mark = cur;
	const uint8_t *lim = s->text.n - at > WORDS_MAX ? cur + WORDS_MAX : s->text.p + s->text.n;
	s->steps += 16;
	/*!re2c
	assign = [\\]? ["'`\]]? sp* (":" | "=" | "=>" | ":=" | "==") sp*;
	verb = 'is' | 'ist' | 'lautet' | 'est' | 'es' | "\xc3\xa8" | 'to' | 'was' | 'jest' | 'war';
	says = sp+ verb sp* ":"? sp+;
	sep = assign | says;
	loose = [\\]? ["'\])]? sp* [:=#.-]? sp* [\\]?;
	no = [ _-]? ('number' | 'no.' | 'no' | 'nr.' | 'nr' | 'num' | 'id' | 'nummer' | "#" | "n\xc2\xb0");
	pass = 'password' | 'passwd' | 'passwort' | 'pwd' | 'pw' | 'passphrase' | 'passcode' | 'kennwort' | 'mot de passe' | 'mdp' |
	       "contrase\xc3\xb1" 'a' | 'contrasena' | 'wachtwoord' | "has\xc5\x82" 'o' | 'haslo' | 'senha' | 'clave' | 'parola' |
	       'pass';
	key = 'api' [ _-]? 'key' | 'apikey' | 'secret' ([ _-]? 'key')? | 'token' | ('access' | 'auth' | 'bearer' | 'client' | 'private' |
	      'credential' | 'encryption' | 'signing' | 'master' | 'session' | 'storage' | 'account' | 'service' | 'webhook' | 'license') [ _-]?
	      ('token' | 'key' | 'secret' | 'id' [_ -]? 'token') | 'credentials' | "Schl\xc3\xbcssel";
	wifi = ('wifi' | 'wlan' | 'wi-fi') [ _-]? ('key' | 'password' | 'passwort' | 'pass' | 'code');
	command = 'curl' | 'wget' | 'sshpass' | 'mysql' | 'mysqldump' | 'mysqladmin' | 'mariadb' | 'smbclient' | 'ldapsearch';

	* { return; }
	pass sep { offer_password(s, cur); return; }
	pass sp+ { offer_bare(s, cur); return; }
	pass ">" { if (at > 0 && s->text.p[at - 1] == '<') offer_value(s, D_PASSWORD, cur, true); return; }
	wifi sep { offer_password(s, cur); return; }
	command sp { offer_command(s, cur - 1); return; }
	'basic' sp+ [A-Za-z0-9+/]{8,} "="{0,2} { offer_basic(s, s->text.p + at + 6); return; }
	key assign { offer_generic(s, cur); return; }
	key says { offer_generic(s, cur); return; }
	'bearer' sp+ { offer_generic(s, cur); return; }
	('aws' [_ -])? 'secret' [_ -] 'access' [_ -] 'key' sep { offer_aws(s, cur); return; }
	('cvv' | 'cvc' | 'cvv2' | 'cvc2' | 'csc' | 'cid' | 'card'? sp? 'security code' | 'card verification' sp+ ('value' | 'code' | 'number') |
	 'kartenpr' "\xc3\xbc" 'fnummer' | 'pr' "\xc3\xbc" ('fziffer' | 'fnummer')) (loose | says) { offer_digits(s, D_CVV, cur, 3, 4); return; }
	('card' sp+)? 'pin' (sp? ('code' | 'number' | '-Code'))? sep { offer_digits(s, D_CARD_PIN, cur, 4, 6); return; }
	('mrn' | 'medical record' no? | 'patient' no | 'patienten' no | 'chart' no | 'fall' no) (loose | says) { offer_number(s, D_US_MRN, cur, 5, 16); return; }
	('passport' | 'reisepass' | 'pass-nr' | 'passeport' | 'pasaporte' | 'passaporto' | 'paspoort' | 'paszport') no? (loose | says) {
		offer_number(s, D_PASSPORT, cur, 6, 12); return; }
	('employee' | 'customer' | 'student' | 'member' | 'personnel' | 'staff' | 'case' | 'kunden' | 'personal' | 'matrikel' | 'client') no (loose | says) {
		offer_number(s, D_EMPLOYEE, cur, 4, 20); return; }
	('account' | 'acct' | 'acc' | 'konto' | 'bank account' | 'bankkonto') no (loose | says) { offer_account(s, cur); return; }
	('server' | 'data source') sp* "=" [^\x00"'\n]* ('password' | 'pwd') sp* "=" [^\x00-\x20;"']+ {
		scan_offer(s, D_CONNECTION, at, (size_t)(cur - s->text.p)); return; }
	'age' (loose | says) | 'aged' sp+ | 'alter' assign { offer_age(s, at, cur); return; }
	('seed' | 'recovery' | 'secret recovery' | 'mnemonic' | 'wallet' | 'backup') (sp ('phrase' | 'words' | 'seed'))? (sep | sp+ | sp* [:=]? sp* "\n") {
		offer_seed(s, cur);
		return;
	}
	*/
}
