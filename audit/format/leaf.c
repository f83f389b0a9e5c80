#include "audit/format/record.h"
#include "audit/format/sha256.h"

enum { AT_VERSION = 0, AT_KIND = 1, AT_ZERO = 2, AT_SEQUENCE = 4, AT_TIME = 12, AT_DIGEST = 20 };

static const struct {
	uint8_t number;
	const char *word;
} kinds[] = {
#define LEAF(number, name, word, doc) {number, word},
#include "audit/format/leaf.def"
#undef LEAF
};

static const char *kind_word(unsigned number)
{
	for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
		if (kinds[i].number == number)
			return kinds[i].word;
	return NULL;
}

const char *leaf_kind_name(enum leaf_kind k)
{
	const char *word = kind_word((unsigned)k);
	return word != NULL ? word : "unknown";
}

static void put_u64(uint8_t *out, uint64_t v)
{
	for (int i = 0; i < 8; i++)
		out[i] = (uint8_t)(v >> (56 - 8 * i));
}

static uint64_t get_u64(const uint8_t *in)
{
	uint64_t v = 0;
	for (int i = 0; i < 8; i++)
		v = v << 8 | in[i];
	return v;
}

void leaf_encode(const struct leaf *l, uint8_t out[LEAF_SIZE])
{
	memset(out, 0, LEAF_SIZE);
	out[AT_VERSION] = l->version;
	out[AT_KIND] = (uint8_t)l->kind;
	put_u64(out + AT_SEQUENCE, l->sequence);
	put_u64(out + AT_TIME, l->time_ns);
	memcpy(out + AT_DIGEST, l->digest, sizeof l->digest);
}

enum err leaf_decode(struct span in, struct leaf *out)
{
	*out = (struct leaf){0};
	if (in.n != LEAF_SIZE || in.p[AT_ZERO] != 0 || in.p[AT_ZERO + 1] != 0)
		return ERR_SYNTAX;
	if (in.p[AT_VERSION] != LEAF_VERSION || kind_word(in.p[AT_KIND]) == NULL)
		return ERR_VERSION;
	out->version = in.p[AT_VERSION];
	out->kind = (enum leaf_kind)in.p[AT_KIND];
	out->sequence = get_u64(in.p + AT_SEQUENCE);
	out->time_ns = get_u64(in.p + AT_TIME);
	memcpy(out->digest, in.p + AT_DIGEST, sizeof out->digest);
	return ERR_OK;
}

void leaf_digest(const uint8_t salt[LEAF_SALT], struct span body, uint8_t out[32])
{
	const struct span parts[] = {span_of(salt, LEAF_SALT), body};
	sha256(parts, 2, out);
}
