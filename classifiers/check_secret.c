/* Credentials and crypto-currency addresses. Sources: the vendors' published token formats, BIP-173/350, EIP-55. */
#include "classifiers/check.h"

#include "base/sha256.h"
#include "classifiers/digest.h"
#include "classifiers/digits.h"

static bool is_alpha(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/* prefix_ + 30 random characters + base62(CRC-32 of them), left-padded. */
bool check_github(const char *c, size_t n)
{
	static const char alphabet[] = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
	if (n != 40)
		return false;
	uint32_t crc = crc32_of(span_of(c + 4, 30));
	for (size_t i = 0; i < 6; i++, crc /= 62)
		if (c[39 - i] != alphabet[crc % 62])
			return false;
	return true;
}

bool check_openai(const char *c, size_t n)
{
	return n >= 40 && memmem(c, n, "T3BlbkFJ", 8) != NULL;
}

static int base64url(char c)
{
	if (c >= 'A' && c <= 'Z')
		return c - 'A';
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 26;
	if (c >= '0' && c <= '9')
		return c - '0' + 52;
	return c == '-' || c == '+' ? 62 : c == '_' || c == '/' ? 63 : -1;
}

bool check_aws_secret(const char *c, size_t n)
{
	bool lower = false, upper = false;
	for (size_t i = 0; i < n; i++) {
		if (base64url(c[i]) < 0)
			return false;
		lower = lower || (c[i] >= 'a' && c[i] <= 'z');
		upper = upper || is_letter(c[i]);
	}
	return n == 40 && lower && upper;
}

bool check_jwt(const char *c, size_t n)
{
	/* The first part decodes to a JSON object with "alg". */
	uint8_t head[512];
	size_t k = 0;
	uint32_t bits = 0;
	for (size_t i = 0; i < n && c[i] != '.' && k < sizeof head; i++) {
		int v = base64url(c[i]);
		if (v < 0)
			return false;
		bits = bits << 6 | (uint32_t)v;
		if (i % 4 != 0)
			head[k++] = (uint8_t)(bits >> (6 - 2 * (i % 4)));
	}
	return k > 2 && head[0] == '{' && memmem(head, k, "\"alg\"", 5) != NULL;
}

/* The words people write where a password would stand. */
static bool placeholder(const char *c, size_t n)
{
	static const char *const words[] = {
		"password", "passwd", "pass", "secret",    "changeme", "change-me", "example", "xxxx",  "redacted",
		"null",     "none",   "nil",  "undefined", "true",     "false",     "string",  "str",   "required",
		"optional", "your",   "test", "process",   "os",       "env",       "getenv",  "input", "prompt",
		"hidden",   "empty",  "user", "pwd",       "pw",       "token",     "value",   "foo",   "bar",
		"the",      "is",     "and",  "or",        "not",
	};
	size_t len = 0;
	while (len < n && (is_alpha(c[len]) || c[len] == '-'))
		len++;
	for (size_t i = 0; i < sizeof words / sizeof *words; i++)
		if (strlen(words[i]) == len && strncasecmp(words[i], c, len) == 0 && (len == n || !is_digit(c[len])))
			return true;
	return n == 0 || strchr("*<$%{[(.&|", c[0]) != NULL || ((c[0] == 'x' || c[0] == 'X') && c[n - 1] == c[0]);
}

bool check_password(const char *c, size_t n)
{
	if (n < 4 || n > 128 || placeholder(c, n))
		return false;
	bool letter = false, other = false, upper = false, lower = false;
	for (size_t i = 0; i < n; i++) {
		letter = letter || is_alpha(c[i]);
		upper = upper || is_letter(c[i]);
		lower = lower || (c[i] >= 'a' && c[i] <= 'z');
		other = other || !is_alpha(c[i]);
	}
	/* A call or an expression is code, not a password. */
	if (memchr(c, '(', n) != NULL && c[n - 1] == ')')
		return false;
	return (letter && other) || (upper && lower && n >= 6) || (!letter && n >= 4) || n >= 8;
}

bool check_db_url(const char *c, size_t n)
{
	const char *user = memmem(c, n, "://", 3);
	const char *at = memrchr(c, '@', n);
	if (user == NULL || at == NULL)
		return false;
	user += 3;
	const char *colon = memchr(user, ':', (size_t)(at - user));
	return colon != NULL && colon > user - 1 && at - colon > 1 && !placeholder(colon + 1, (size_t)(at - colon) - 1);
}

/* Distinct characters and kinds: what random strings have and words have not. */
bool check_entropy(const char *c, size_t n)
{
	bool seen[128] = {false};
	size_t distinct = 0, digits = 0, upper = 0, lower = 0;
	if (n < 16 || n > 256 || placeholder(c, n))
		return false;
	for (size_t i = 0; i < n; i++) {
		unsigned char b = (unsigned char)c[i];
		if (b >= 128)
			return false;
		distinct += !seen[b];
		seen[b] = true;
		digits += is_digit(c[i]);
		upper += is_letter(c[i]);
		lower += c[i] >= 'a' && c[i] <= 'z';
	}
	return distinct >= 10 && digits >= 2 && (upper > 0 || lower > 0) && digits < n;
}

static const char base58_alphabet[] = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";

/* Base58Check with a payload of len bytes behind the version byte. */
static bool base58check(const char *c, size_t n, uint8_t version, size_t len)
{
	uint8_t v[40] = {0};
	size_t size = 1 + len + 4;
	if (n > 60 || size > sizeof v)
		return false;
	for (size_t i = 0; i < n; i++) {
		const char *at = c[i] == '\0' ? NULL : strchr(base58_alphabet, c[i]);
		if (at == NULL)
			return false;
		unsigned carry = (unsigned)(at - base58_alphabet);
		for (size_t k = size; k-- > 0;) {
			carry += v[k] * 58u;
			v[k] = (uint8_t)carry;
			carry >>= 8;
		}
		if (carry != 0)
			return false;
	}
	uint8_t sum[32];
	struct sha256 s;
	sha256_init(&s);
	sha256_add(&s, span_of(v, 1 + len));
	sha256_final(&s, sum);
	sha256_init(&s);
	sha256_add(&s, span_of(sum, sizeof sum));
	sha256_final(&s, sum);
	bool ok = v[0] == version && memcmp(sum, v + 1 + len, 4) == 0;
	explicit_bzero(v, sizeof v);
	return ok;
}

bool check_btc_base58(const char *c, size_t n)
{
	return base58check(c, n, c[0] == '3' ? 0x05 : 0x00, 20);
}

bool check_trx_base58(const char *c, size_t n)
{
	return base58check(c, n, 0x41, 20);
}

bool check_btc_wif(const char *c, size_t n)
{
	return base58check(c, n, 0x80, c[0] == '5' ? 32 : 33);
}

static uint32_t bech32_step(uint32_t sum, unsigned value)
{
	static const uint32_t generator[5] = {0x3b6a57b2, 0x26508e6d, 0x1ea119fa, 0x3d4233dd, 0x2a1462b3};
	uint32_t top = sum >> 25;
	sum = (sum & 0x1ffffff) << 5 ^ value;
	for (int i = 0; i < 5; i++)
		if (top >> i & 1)
			sum ^= generator[i];
	return sum;
}

bool check_bech32(const char *c, size_t n)
{
	static const char alphabet[] = "qpzry9x8gf2tvdw0s3jn54khce6mua7l";
	static const unsigned hrp[] = {3, 3, 0, 2, 3}; /* "bc" expanded */
	uint32_t sum = 1;
	for (size_t i = 0; i < 5; i++)
		sum = bech32_step(sum, hrp[i]);
	for (size_t i = 3; i < n; i++) {
		char ch = c[i] >= 'A' && c[i] <= 'Z' ? (char)(c[i] + 32) : c[i];
		const char *at = ch == '\0' ? NULL : strchr(alphabet, ch);
		if (at == NULL)
			return false;
		sum = bech32_step(sum, (unsigned)(at - alphabet));
	}
	return n >= 14 && (sum == 1 || sum == 0x2bc830a3);
}

bool check_eth(const char *c, size_t n)
{
	char low[40];
	uint8_t hash[32];
	bool upper = false, lower = false;
	if (n != 42)
		return false;
	for (size_t i = 0; i < 40; i++) {
		upper = upper || is_letter(c[i + 2]);
		lower = lower || (c[i + 2] >= 'a' && c[i + 2] <= 'f');
		low[i] = (char)(c[i + 2] | 32);
	}
	if (!upper || !lower) /* not checksummed */
		return upper || lower;
	keccak256(span_of(low, sizeof low), hash);
	for (size_t i = 0; i < 40; i++) {
		unsigned nibble = i % 2 == 0 ? hash[i / 2] >> 4 : hash[i / 2] & 15;
		if (is_alpha(c[i + 2]) && is_letter(c[i + 2]) != (nibble > 7))
			return false;
	}
	return true;
}

static int bip39_index(const char *word, size_t n)
{
	static const char *const words[] = {
#define WORD(word) word,
#include "classifiers/bip39.def"
#undef WORD
	};
	size_t low = 0, high = sizeof words / sizeof *words;
	while (low < high) {
		size_t mid = low + (high - low) / 2, len = strlen(words[mid]);
		int order = memcmp(words[mid], word, len < n ? len : n);
		if (order == 0 && len == n)
			return (int)mid;
		if (order < 0 || (order == 0 && len < n))
			low = mid + 1;
		else
			high = mid;
	}
	return -1;
}

/* Words of eleven bits each: entropy, and behind it the first bits of its SHA-256. */
bool check_bip39(const char *c, size_t n)
{
	enum { WORDS_MAX = 24 };
	uint8_t bits[WORDS_MAX * 11 / 8 + 2] = {0}, sum[32];
	size_t words = 0;
	for (size_t i = 0; i < n && words < WORDS_MAX;) {
		size_t from = i;
		while (i < n && c[i] >= 'a' && c[i] <= 'z')
			i++;
		int index = bip39_index(c + from, i - from);
		if (index < 0)
			return false;
		for (size_t k = 0; k < 11; k++)
			if ((index >> (10 - k) & 1) != 0)
				bits[(words * 11 + k) / 8] |= (uint8_t)(0x80 >> (words * 11 + k) % 8);
		words++;
		while (i < n && !is_alpha(c[i]))
			i++;
	}
	if (words < 12 || words % 3 != 0)
		return false;
	size_t entropy = words / 3 * 4, check = words / 3;
	struct sha256 s;
	sha256_init(&s);
	sha256_add(&s, span_of(bits, entropy));
	sha256_final(&s, sum);
	bool ok = bits[entropy] >> (8 - check) == sum[0] >> (8 - check);
	explicit_bzero(bits, sizeof bits);
	return ok;
}
