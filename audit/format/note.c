#include "audit/format/note.h"

#include <openssl/evp.h>

#include "audit/format/base64.h"
#include "audit/format/sha256.h"
#include "base/utf8.h"

static const struct span dash = {(const uint8_t *)"\xe2\x80\x94 ", 4};

enum { BLOB = 1 + NOTE_KEY, SIGNED = 4 + NOTE_SIGNATURE };

static bool name_valid(struct span name)
{
	for (size_t i = 0; i < name.n;) {
		uint32_t cp;
		size_t n = utf8_decode(span_sub(name, i, name.n), &cp);
		if (n == 0 || cp <= 0x20 || cp == '+' || (cp >= 0x7f && cp <= 0xa0) || cp == 0x1680 ||
		    (cp >= 0x2000 && cp <= 0x200a) || cp == 0x2028 || cp == 0x2029 || cp == 0x202f || cp == 0x205f ||
		    cp == 0x3000)
			return false;
		i += n;
	}
	return name.n > 0;
}

enum err note_vkey_init(struct note_vkey *k, struct span name, const uint8_t key[NOTE_KEY])
{
	uint8_t digest[SHA256_SIZE];
	const struct span parts[] = {name, SPAN("\n\1"), span_of(key, NOTE_KEY)};
	if (!name_valid(name))
		return ERR_SYNTAX;
	sha256(parts, 3, digest);
	k->name = name;
	memcpy(k->id, digest, sizeof k->id);
	memmove(k->key, key, NOTE_KEY);
	return ERR_OK;
}

static void format_key(struct span name, const uint8_t id[4], const uint8_t key[NOTE_KEY], struct buf *out)
{
	uint8_t blob[BLOB] = {NOTE_ED25519};
	memcpy(blob + 1, key, NOTE_KEY);
	buf_add(out, name);
	buf_printf(out, "+%02x%02x%02x%02x+", id[0], id[1], id[2], id[3]);
	base64_encode(span_of(blob, sizeof blob), out);
	explicit_bzero(blob, sizeof blob);
}

void note_vkey_format(const struct note_vkey *k, struct buf *out)
{
	format_key(k->name, k->id, k->key, out);
}

static int hex_digit(uint8_t c)
{
	return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* "name+hex8+base64(01 ‖ 32 bytes)" taken apart. */
static enum err parse_key(struct span in, struct span *name, uint8_t id[4], uint8_t key[NOTE_KEY])
{
	uint8_t blob[BLOB];
	size_t n;
	size_t plus = span_find(in, '+');
	if (in.n < plus + 10 || in.p[plus + 9] != '+')
		return ERR_SYNTAX;
	for (size_t i = 0; i < 4; i++) {
		int hi = hex_digit(in.p[plus + 1 + 2 * i]), lo = hex_digit(in.p[plus + 2 + 2 * i]);
		if (hi < 0 || lo < 0)
			return ERR_SYNTAX;
		id[i] = (uint8_t)(hi << 4 | lo);
	}
	enum err err = base64_decode(span_sub(in, plus + 10, in.n), blob, sizeof blob, &n);
	if (err != ERR_OK || n != BLOB || blob[0] != NOTE_ED25519)
		err = ERR_SYNTAX;
	if (err == ERR_OK)
		memcpy(key, blob + 1, NOTE_KEY);
	*name = span_sub(in, 0, plus);
	explicit_bzero(blob, sizeof blob);
	return err;
}

enum err note_vkey_parse(struct span in, struct note_vkey *out)
{
	uint8_t id[4], key[NOTE_KEY];
	struct span name;
	enum err err = parse_key(in, &name, id, key);
	if (err == ERR_OK)
		err = note_vkey_init(out, name, key);
	if (err == ERR_OK && memcmp(id, out->id, sizeof id) != 0)
		err = ERR_SYNTAX;
	return err;
}

enum err note_skey_init(struct note_skey *k, struct span name, const uint8_t seed[NOTE_KEY])
{
	uint8_t key[NOTE_KEY];
	size_t n = sizeof key;
	EVP_PKEY *pkey = EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, NULL, seed, NOTE_KEY);
	bool ok = pkey != NULL && EVP_PKEY_get_raw_public_key(pkey, key, &n) == 1 && n == sizeof key;
	EVP_PKEY_free(pkey);
	if (!ok)
		return ERR_NOMEM;
	memmove(k->seed, seed, NOTE_KEY);
	return note_vkey_init(&k->public, name, key);
}

enum err note_skey_parse(struct span in, struct note_skey *out)
{
	const struct span prefix = SPAN("PRIVATE+KEY+");
	uint8_t id[4], seed[NOTE_KEY];
	struct span name;
	if (!span_starts(in, prefix))
		return ERR_SYNTAX;
	enum err err = parse_key(span_sub(in, prefix.n, in.n), &name, id, seed);
	if (err == ERR_OK)
		err = note_skey_init(out, name, seed);
	if (err == ERR_OK && memcmp(id, out->public.id, sizeof id) != 0)
		err = ERR_SYNTAX;
	explicit_bzero(seed, sizeof seed);
	return err;
}

void note_skey_format(const struct note_skey *k, struct buf *out)
{
	buf_add_str(out, "PRIVATE+KEY+");
	format_key(k->public.name, k->public.id, k->seed, out);
}

static bool text_valid(struct span s)
{
	for (size_t i = 0; i < s.n; i++)
		if (s.p[i] < 0x20 && s.p[i] != '\n')
			return false;
	return utf8_valid(s);
}

/* One line "— name base64" without its newline. */
static enum err parse_signature(struct span line, struct note *out)
{
	uint8_t blob[8192];
	size_t n;
	if (!span_starts(line, dash) || out->n == NOTE_MAX_SIGNATURES)
		return ERR_SYNTAX;
	line = span_sub(line, dash.n, line.n);
	size_t space = span_find(line, ' ');
	if (space == line.n || !name_valid(span_sub(line, 0, space)))
		return ERR_SYNTAX;
	struct span base64 = span_sub(line, space + 1, line.n);
	if (base64_decode(base64, blob, sizeof blob, &n) != ERR_OK || n < 5)
		return ERR_SYNTAX;
	out->signatures[out->n].name = span_sub(line, 0, space);
	out->signatures[out->n].base64 = base64;
	memcpy(out->signatures[out->n].id, blob, 4);
	out->n++;
	return ERR_OK;
}

enum err note_parse(struct span in, struct note *out)
{
	*out = (struct note){0};
	if (in.n > NOTE_MAX || in.n < 3 || in.p[in.n - 1] != '\n' || !text_valid(in))
		return ERR_SYNTAX;
	size_t at = in.n - 1;
	while (at > 0 && !(in.p[at] == '\n' && in.p[at - 1] == '\n'))
		at--;
	if (at == 0)
		return ERR_SYNTAX;
	out->text = span_sub(in, 0, at);
	for (at++; at < in.n;) {
		struct span rest = span_sub(in, at, in.n);
		size_t end = span_find(rest, '\n');
		enum err err = parse_signature(span_sub(rest, 0, end), out);
		if (err != ERR_OK)
			return err;
		at += end + 1;
	}
	return out->n > 0 ? ERR_OK : ERR_SYNTAX;
}

static bool ed25519_verify(const uint8_t key[NOTE_KEY], const uint8_t signature[NOTE_SIGNATURE], struct span text)
{
	EVP_PKEY *pkey = EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, NULL, key, NOTE_KEY);
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	bool ok = pkey != NULL && ctx != NULL && EVP_DigestVerifyInit(ctx, NULL, NULL, NULL, pkey) == 1 &&
		  EVP_DigestVerify(ctx, signature, NOTE_SIGNATURE, text.p, text.n) == 1;
	EVP_MD_CTX_free(ctx);
	EVP_PKEY_free(pkey);
	return ok;
}

enum err note_verify(const struct note *n, const struct note_vkey *k)
{
	enum err err = ERR_NOT_FOUND;
	for (size_t i = 0; i < n->n; i++) {
		uint8_t blob[SIGNED];
		size_t len;
		if (!span_eq(n->signatures[i].name, k->name) || memcmp(n->signatures[i].id, k->id, sizeof k->id) != 0)
			continue;
		if (base64_decode(n->signatures[i].base64, blob, sizeof blob, &len) != ERR_OK || len != SIGNED ||
		    !ed25519_verify(k->key, blob + 4, n->text))
			return ERR_VERIFY;
		err = ERR_OK;
	}
	return err;
}

static enum err ed25519_sign(const uint8_t seed[NOTE_KEY], struct span text, uint8_t out[NOTE_SIGNATURE])
{
	size_t n = NOTE_SIGNATURE;
	EVP_PKEY *pkey = EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, NULL, seed, NOTE_KEY);
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	bool ok = pkey != NULL && ctx != NULL && EVP_DigestSignInit(ctx, NULL, NULL, NULL, pkey) == 1 &&
		  EVP_DigestSign(ctx, out, &n, text.p, text.n) == 1 && n == NOTE_SIGNATURE;
	EVP_MD_CTX_free(ctx);
	EVP_PKEY_free(pkey);
	return ok ? ERR_OK : ERR_INTERNAL;
}

enum err note_sign(struct span text, const struct note_skey *k, struct buf *out)
{
	uint8_t blob[SIGNED];
	if (!text_valid(text) || !span_ends(text, SPAN("\n")) || span_ends(text, SPAN("\n\n")))
		return ERR_SYNTAX;
	memcpy(blob, k->public.id, 4);
	enum err err = ed25519_sign(k->seed, text, blob + 4);
	if (err != ERR_OK)
		return err;
	buf_add(out, text);
	buf_add_byte(out, '\n');
	buf_add(out, dash);
	buf_add(out, k->public.name);
	buf_add_byte(out, ' ');
	base64_encode(span_of(blob, sizeof blob), out);
	buf_add_byte(out, '\n');
	return buf_err(out);
}
