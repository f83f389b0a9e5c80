#include "config/bind.h"

#include "config/address.h"
#include "config/value.h"

#include <stdio.h>

enum { TEXT_MAX = 256, NAME_MAX_BYTES = 64, PATH_MAX_BYTES = 1024 };

static enum err put_u64(const struct item *it, uint64_t v)
{
	item_put(it, &v, sizeof v);
	return ERR_OK;
}

static enum err put_u32(const struct item *it, uint64_t v)
{
	uint32_t narrow = (uint32_t)v;
	item_put(it, &narrow, sizeof narrow);
	return ERR_OK;
}

static enum err put_bool(const struct item *it, bool v)
{
	item_put(it, &v, sizeof v);
	return ERR_OK;
}

enum err bind_text(const struct item *it)
{
	if (it->n->text.n > TEXT_MAX)
		return ITEM_COMPLAIN(it, "\"%s\" is too long (256 bytes at most)", it->f->key);
	return item_put_text(it, it->n->text);
}

bool name_ok(struct span s)
{
	if (s.n == 0 || s.n > NAME_MAX_BYTES || s.p[0] == '.' || s.p[0] == '-')
		return false;
	for (size_t i = 0; i < s.n; i++) {
		uint8_t c = s.p[i];
		bool alnum = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
		if (!alnum && c != '-' && c != '_' && c != '.')
			return false;
	}
	return true;
}

enum err bind_name(const struct item *it)
{
	if (!name_ok(it->n->text))
		return ITEM_COMPLAIN(it, "\"%s\" is not a name: letters, digits, '-', '_' and '.', 64 at most",
				     it->f->key);
	return item_put_text(it, it->n->text);
}

enum err bind_type(const struct item *it)
{
	if (!span_starts(it->n->text, SPAN("house.")) || !name_ok(it->n->text) || it->n->text.n == 6)
		return ITEM_COMPLAIN(it, "\"%s\" begins with \"house.\", e.g. house.project", it->f->key);
	return item_put_text(it, it->n->text);
}

/* Relative names are relative to the folder of the file. */
enum err item_join(const struct item *it, struct span name, struct span *out)
{
	struct span folder = it->x->folder;
	if (name.n == 0 || name.n > PATH_MAX_BYTES)
		return ITEM_COMPLAIN(it, "\"%s\" is not the name of a file (1 to 1024 bytes)", it->f->key);
	if (name.p[0] == '/')
		folder.n = 0;
	uint8_t *p = arena_alloc(&it->x->config->arena, folder.n + name.n + 1);
	if (p == NULL)
		return ERR_NOMEM;
	if (folder.n > 0)
		memcpy(p, folder.p, folder.n);
	memcpy(p + folder.n, name.p, name.n);
	*out = span_of(p, folder.n + name.n);
	return ERR_OK;
}

enum err bind_file(const struct item *it)
{
	struct span path = SPAN_NULL;
	enum err err = item_join(it, it->n->text, &path);
	item_put(it, &path, sizeof path);
	return err;
}

enum err bind_socket(const struct item *it)
{
	struct span host, path;
	uint16_t port;
	struct span text = it->n->text;
	if (text.n > 200 || text.p[0] != '/')
		return ITEM_COMPLAIN(it, "\"%s\" is an absolute path: /run/bailiwick/signer.sock", it->f->key);
	char address[256];
	int n = snprintf(address, sizeof address, "unix:%.*s", SPAN_ARG(text));
	const char *wrong = listen_parse(span_of(address, (size_t)n), &host, &port, &path);
	return wrong != NULL ? ITEM_COMPLAIN(it, "\"%s\": %s", it->f->key, wrong) : item_put_text(it, text);
}

enum err bind_bool(const struct item *it)
{
	bool yes = span_eq(it->n->text, SPAN("true"));
	if (!it->n->plain || (!yes && !span_eq(it->n->text, SPAN("false"))))
		return ITEM_COMPLAIN(it, "\"%s\" is true or false", it->f->key);
	return put_bool(it, yes);
}

static enum err in_range(const struct item *it, uint64_t v, uint64_t scale, const char *unit)
{
	if (v < it->f->min)
		return ITEM_COMPLAIN(it, "\"%s\" is too small; at least %llu%s", it->f->key,
				     (unsigned long long)(it->f->min / scale), unit);
	if (v > it->f->max)
		return ITEM_COMPLAIN(it, "\"%s\" is too large; at most %llu%s", it->f->key,
				     (unsigned long long)(it->f->max / scale), unit);
	return ERR_OK;
}

enum err bind_uint(const struct item *it)
{
	uint64_t v;
	if (!it->n->plain || !span_u64(it->n->text, &v))
		return ITEM_COMPLAIN(it, "\"%s\" is a whole number, e.g. 16", it->f->key);
	enum err err = in_range(it, v, 1, "");
	return err != ERR_OK ? err : put_u32(it, v);
}

enum err bind_bytes(const struct item *it)
{
	uint64_t v;
	if (!value_bytes(it->n->text, &v))
		return ITEM_COMPLAIN(it, "\"%s\" is a size with its unit (B, KiB, MiB, GiB, TiB), e.g. 64 MiB",
				     it->f->key);
	enum err err = in_range(it, v, 1024, " KiB");
	return err != ERR_OK ? err : put_u64(it, v);
}

enum err bind_ms(const struct item *it)
{
	uint64_t v;
	if (!value_ms(it->n->text, &v))
		return ITEM_COMPLAIN(it, "\"%s\" is a duration with its unit (ms, s, min, h, days), e.g. 5 s",
				     it->f->key);
	enum err err = in_range(it, v, 1, " ms");
	return err != ERR_OK ? err : put_u32(it, v);
}

enum err bind_days(const struct item *it)
{
	uint64_t v;
	if (!value_days(it->n->text, &v))
		return ITEM_COMPLAIN(it, "\"%s\" is a number of days or weeks, e.g. 45 days", it->f->key);
	enum err err = in_range(it, v, 1, " days");
	return err != ERR_OK ? err : put_u32(it, v);
}

enum err bind_months(const struct item *it)
{
	uint64_t v;
	if (!value_months(it->n->text, &v))
		return ITEM_COMPLAIN(it, "\"%s\" is a number of months or years, e.g. 12 months", it->f->key);
	enum err err = in_range(it, v, 1, " months");
	return err != ERR_OK ? err : put_u32(it, v);
}

enum err bind_date(const struct item *it)
{
	int64_t day;
	if (!value_date(it->n->text, &day) || day == 0)
		return ITEM_COMPLAIN(it, "\"%s\" is a date, e.g. 2026-11-01", it->f->key);
	item_put(it, &day, sizeof day);
	return ERR_OK;
}

enum err bind_since(const struct item *it)
{
	int64_t day;
	if (span_eq(it->n->text, SPAN("false")))
		return put_bool(it, false);
	if (!span_eq(it->n->text, SPAN("true")) && !value_date(it->n->text, &day))
		return ITEM_COMPLAIN(it, "\"%s\" is the date since which it is in force (2025-03-01), true or false",
				     it->f->key);
	return put_bool(it, true);
}

enum err item_bad_country(const struct item *it)
{
	static const struct {
		struct span wrong;
		const char *advice;
	} slips[] = {
		{SPAN("UK"), "the United Kingdom is GB"},
		{SPAN("EL"), "Greece is GR"},
		{SPAN("EU"), "the EU is no country; list its members, or where groups are allowed write EEA"},
		{SPAN("EEA"), "this takes countries, not groups"},
		{SPAN("USA"), "the United States are US"},
	};
	for (size_t i = 0; i < sizeof slips / sizeof *slips; i++)
		if (span_eq(it->n->text, slips[i].wrong))
			return ITEM_COMPLAIN(it, "\"%s\": %s", it->f->key, slips[i].advice);
	return ITEM_COMPLAIN(it, "\"%.*s\" is no country code; two capital letters as in ISO 3166-1, e.g. DE",
			     (int)(it->n->text.n > 40 ? 40 : it->n->text.n), (const char *)it->n->text.p);
}

enum err bind_country(const struct item *it)
{
	country cc = value_country(it->n->text);
	item_put(it, &cc, sizeof cc);
	return cc == COUNTRY_NONE ? item_bad_country(it) : ERR_OK;
}

enum err item_not_a_word(const struct item *it, struct span word)
{
	struct near near;
	char hint[80];
	near_init(&near, word);
	words_near(it->f->words, &near);
	return ITEM_COMPLAIN(it, "\"%s\" is one of %s%s", it->f->key, it->f->words,
			     near_text(&near, hint, sizeof hint));
}

enum err bind_enum(const struct item *it)
{
	int index = words_index(it->f->words, it->n->text);
	if (index < 0)
		return item_not_a_word(it, it->n->text);
	unsigned v = it->f->first + (unsigned)index;
	item_put(it, &v, sizeof v);
	return ERR_OK;
}

enum err bind_word(const struct item *it)
{
	if (words_index(it->f->words, it->n->text) < 0)
		return item_not_a_word(it, it->n->text);
	return item_put_text(it, it->n->text);
}

enum err bind_dpf(const struct item *it)
{
	struct config_destination *d = it->base;
	int index = words_index(it->f->words, it->n->text);
	if (index < 0)
		return item_not_a_word(it, it->n->text);
	d->contracts.dpf_set = true;
	d->contracts.dpf_active = index == 1;
	return ERR_OK;
}

enum err bind_pin(const struct item *it)
{
	uint8_t raw[32];
	struct span s = it->n->text;
	if (!span_starts(s, SPAN("sha256/")) || !value_base64_32(span_sub(s, 7, s.n), raw))
		return ITEM_COMPLAIN(
			it, "\"%s\" is sha256/ and 44 characters of base64; docs/operator.md shows how to get it",
			it->f->key);
	return item_put_text(it, span_of(raw, sizeof raw));
}

enum err bind_url(const struct item *it)
{
	struct config_destination *d = it->base;
	struct url url;
	enum err err = bind_text(it);
	if (err != ERR_OK)
		return err;
	/* Host and paths end where the URL goes on, so each gets a copy that ends in NUL. */
	const char *wrong = url_parse(d->url, &url);
	if (wrong != NULL)
		return ITEM_COMPLAIN(it, "\"%s\": %s", it->f->key, wrong);
	struct arena *a = &it->x->config->arena;
	d->tls = url.tls;
	d->port = url.port;
	d->base_path = arena_text(a, url.path);
	d->host = url.host.p == NULL ? SPAN_NULL : arena_text(a, url.host);
	d->unix_path = url.unix_path.p == NULL ? SPAN_NULL : arena_text(a, url.unix_path);
	return a->failed ? ERR_NOMEM : ERR_OK;
}

enum err bind_address(const struct item *it)
{
	struct span host, path;
	uint16_t port;
	const char *wrong = listen_parse(it->n->text, &host, &port, &path);
	return wrong != NULL ? ITEM_COMPLAIN(it, "\"%s\": %s", it->f->key, wrong) : item_put_text(it, it->n->text);
}

enum err bind_path(const struct item *it)
{
	struct span s = it->n->text;
	bool fine = s.n > 0 && s.n <= TEXT_MAX && s.p[0] == '/';
	for (size_t i = 0; fine && i < s.n; i++)
		fine = s.p[i] > ' ' && s.p[i] <= '~' && s.p[i] != '?' && s.p[i] != '#';
	return fine ? item_put_text(it, s) : ITEM_COMPLAIN(it, "\"%s\" is a path, e.g. /v1", it->f->key);
}

enum err bind_health(const struct item *it)
{
	return span_eq(it->n->text, SPAN("none")) ? item_put_text(it, SPAN("")) : bind_path(it);
}

enum err bind_cidr(const struct item *it)
{
	struct cidr net;
	struct span s = it->n->text;
	if (!cidr_parse(s, &net))
		return ITEM_COMPLAIN(it, "not a network; write e.g. 10.20.0.0/16, with no bits behind the prefix");
	return item_put_text(it, s);
}
