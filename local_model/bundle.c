#include "local_model/bundle.h"

#include "base/sha256.h"
#include "base/utf8.h"

enum { PARTS = 4, SIZES_AT = 12 };

static const char magic[] = "BWBUNDLE", first_line[] = "bailiwick-model/1\n";

static uint32_t u32_at(const uint8_t *p)
{
	return (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

static void put_u32(struct buf *out, uint32_t v)
{
	for (unsigned shift = 0; shift < 32; shift += 8)
		buf_add_byte(out, (uint8_t)(v >> shift));
}

/* One line of text: it goes into the log. */
static bool remark_ok(struct span s)
{
	for (size_t i = 0; i < s.n; i++)
		if (s.p[i] < 0x20 || s.p[i] == 0x7f)
			return false;
	return s.n <= BUNDLE_REMARK && utf8_valid(s);
}

bool bundle_looks(struct span file)
{
	return span_starts(file, SPAN("BWBUNDLE"));
}

enum err bundle_open(struct span file, struct bundle *out)
{
	struct span *const parts[PARTS] = {&out->model, &out->note, &out->test, &out->remark};
	uint64_t at = BUNDLE_HEADER;
	*out = (struct bundle){0};
	if (file.n < BUNDLE_HEADER || file.n > BUNDLE_MAX || !bundle_looks(file))
		return ERR_CORRUPT;
	if (u32_at(file.p + 8) != BUNDLE_VERSION)
		return ERR_VERSION;
	for (size_t i = SIZES_AT + 4 * PARTS; i < BUNDLE_HEADER; i++)
		if (file.p[i] != 0)
			return ERR_CORRUPT;
	for (size_t i = 0; i < PARTS; i++) {
		uint32_t n = u32_at(file.p + SIZES_AT + 4 * i);
		if (n > file.n - at)
			return ERR_CORRUPT;
		*parts[i] = span_sub(file, at, at + n);
		at += n;
	}
	return at == file.n && remark_ok(out->remark) ? ERR_OK : ERR_CORRUPT;
}

enum err bundle_format(const struct bundle *b, struct buf *out)
{
	const struct span parts[PARTS] = {b->model, b->note, b->test, b->remark};
	size_t total = BUNDLE_HEADER;
	for (size_t i = 0; i < PARTS; i++) {
		if (parts[i].n > BUNDLE_MAX - total)
			return ERR_LIMIT;
		total += parts[i].n;
	}
	if (!remark_ok(b->remark))
		return ERR_LIMIT;
	buf_add(out, span_of(magic, sizeof magic - 1));
	put_u32(out, BUNDLE_VERSION);
	for (size_t i = 0; i < PARTS; i++)
		put_u32(out, (uint32_t)parts[i].n);
	for (size_t i = SIZES_AT + 4 * PARTS; i < BUNDLE_HEADER; i++)
		buf_add_byte(out, 0);
	for (size_t i = 0; i < PARTS; i++)
		buf_add(out, parts[i]);
	return buf_err(out);
}

/* --- the manifest --- */

static bool word_char(uint8_t c, const char *more)
{
	return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || (c != 0 && strchr(more, c) != NULL);
}

static bool word_ok(struct span s, const char *more)
{
	for (size_t i = 0; i < s.n; i++)
		if (!word_char(s.p[i], more))
			return false;
	return s.n > 0 && s.n <= BUNDLE_WORD;
}

static bool name_ok(struct span s)
{
	return word_ok(s, ".-_");
}

static bool version_ok(struct span s)
{
	return word_ok(s, ".-_+ABCDEFGHIJKLMNOPQRSTUVWXYZ");
}

/* Codes of two or three letters with commas between them, or '-'. */
static bool languages_ok(struct span s)
{
	size_t letters = 0;
	if (span_eq(s, SPAN("-")))
		return true;
	for (size_t i = 0; i < s.n; i++) {
		if (s.p[i] == ',' ? letters < 2 : s.p[i] < 'a' || s.p[i] > 'z' || ++letters > 3)
			return false;
		if (s.p[i] == ',')
			letters = 0;
	}
	return letters >= 2 && s.n <= BUNDLE_REMARK;
}

static bool numbers_ok(const struct bundle_manifest *m)
{
	return m->sequence >= 1 && m->recall <= 1000 && m->precision <= 1000;
}

/* "key value\n" in front of *rest, which moves on. */
static bool line(struct span *rest, const char *key, struct span *value)
{
	size_t n = strlen(key), end = span_find(*rest, '\n');
	if (end == rest->n || end < n + 1 || memcmp(rest->p, key, n) != 0 || rest->p[n] != ' ')
		return false;
	*value = span_sub(*rest, n + 1, end);
	*rest = span_sub(*rest, end + 1, rest->n);
	return true;
}

/* As printf writes it: no zeros in front. */
static bool number(struct span s, uint64_t *out)
{
	return s.n > 0 && (s.p[0] != '0' || s.n == 1) && span_u64(s, out);
}

static bool line_number(struct span *rest, const char *key, uint64_t *out)
{
	struct span value;
	return line(rest, key, &value) && number(value, out);
}

static int hex_digit(uint8_t c)
{
	return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static bool line_part(struct span *rest, const char *key, struct bundle_part *out)
{
	struct span value;
	if (!line(rest, key, &value))
		return false;
	size_t space = span_find(value, ' ');
	if (value.n - space != 1 + 2 * sizeof out->sha256 || !number(span_sub(value, 0, space), &out->size))
		return false;
	const uint8_t *hex = value.p + space + 1;
	for (size_t i = 0; i < sizeof out->sha256; i++) {
		int high = hex_digit(hex[2 * i]), low = hex_digit(hex[2 * i + 1]);
		if (high < 0 || low < 0)
			return false;
		out->sha256[i] = (uint8_t)(high << 4 | low);
	}
	return true;
}

enum err bundle_manifest_parse(struct span text, struct bundle_manifest *out)
{
	const struct span first = span_of(first_line, sizeof first_line - 1);
	*out = (struct bundle_manifest){0};
	if (!span_starts(text, first))
		return ERR_SYNTAX;
	struct span rest = span_sub(text, first.n, text.n);
	bool ok = line(&rest, "name", &out->name) && line(&rest, "version", &out->version) &&
		  line_number(&rest, "sequence", &out->sequence) && line(&rest, "languages", &out->languages) &&
		  line_part(&rest, "model", &out->model) && line_part(&rest, "test", &out->test) &&
		  line_number(&rest, "recall", &out->recall) && line_number(&rest, "precision", &out->precision);
	return ok && rest.n == 0 && name_ok(out->name) && version_ok(out->version) && languages_ok(out->languages) &&
			       numbers_ok(out)
		       ? ERR_OK
		       : ERR_SYNTAX;
}

static void put_part(struct buf *out, const char *key, const struct bundle_part *p)
{
	buf_printf(out, "%s %llu ", key, (unsigned long long)p->size);
	for (size_t i = 0; i < sizeof p->sha256; i++)
		buf_printf(out, "%02x", p->sha256[i]);
	buf_add_byte(out, '\n');
}

enum err bundle_manifest_format(const struct bundle_manifest *m, struct buf *out)
{
	if (!name_ok(m->name) || !version_ok(m->version) || !languages_ok(m->languages) || !numbers_ok(m))
		return ERR_SYNTAX;
	buf_add_str(out, first_line);
	buf_printf(out, "name %.*s\nversion %.*s\nsequence %llu\nlanguages %.*s\n", SPAN_ARG(m->name),
		   SPAN_ARG(m->version), (unsigned long long)m->sequence, SPAN_ARG(m->languages));
	put_part(out, "model", &m->model);
	put_part(out, "test", &m->test);
	buf_printf(out, "recall %llu\nprecision %llu\n", (unsigned long long)m->recall,
		   (unsigned long long)m->precision);
	return buf_err(out);
}

struct bundle_part bundle_part_of(struct span bytes)
{
	struct bundle_part p = {.size = bytes.n};
	sha256_of(bytes, p.sha256);
	return p;
}

static bool part_is(struct span bytes, const struct bundle_part *p)
{
	struct bundle_part q = bundle_part_of(bytes);
	return p->size == q.size && memcmp(p->sha256, q.sha256, sizeof q.sha256) == 0;
}

enum err bundle_check(const struct bundle *b, const struct bundle_manifest *m)
{
	return part_is(b->model, &m->model) && part_is(b->test, &m->test) ? ERR_OK : ERR_CORRUPT;
}
