#include "audit/format/codec.h"

#include "base/assert.h"

static bool all_zero(const uint8_t *p, size_t n)
{
	uint8_t any = 0;
	for (size_t i = 0; i < n; i++)
		any |= p[i];
	return any == 0;
}

struct span record_text(struct record_in *in)
{
	struct span s = cbor_text(&in->c);
	if (s.n == 0)
		return SPAN("");
	struct span copy = arena_dup(in->arena, s);
	if (copy.p == NULL) {
		cbor_fail(&in->c, ERR_NOMEM);
		return SPAN("");
	}
	return copy;
}

struct span record_some_text(struct record_in *in)
{
	struct span s = record_text(in);
	if (s.n == 0)
		cbor_fail(&in->c, ERR_SYNTAX);
	return s;
}

uint64_t record_some_uint(struct record_in *in, uint64_t max)
{
	uint64_t v = cbor_uint(&in->c, max);
	if (v == 0)
		cbor_fail(&in->c, ERR_SYNTAX);
	return v;
}

bool record_true(struct record_in *in)
{
	bool v = cbor_bool(&in->c);
	if (!v)
		cbor_fail(&in->c, ERR_SYNTAX);
	return v;
}

void record_some_bytes(struct record_in *in, uint8_t *out, size_t n)
{
	cbor_bytes_exactly(&in->c, out, n);
	if (all_zero(out, n))
		cbor_fail(&in->c, ERR_SYNTAX);
}

void *record_array(struct record_in *in, size_t n, size_t size)
{
	void *p = arena_array(in->arena, n > 0 ? n : 1, size);
	if (p == NULL)
		cbor_fail(&in->c, ERR_NOMEM);
	return p;
}

void record_need(struct record_in *in, uint64_t seen, uint64_t mask)
{
	if ((seen & mask) != mask)
		cbor_fail(&in->c, ERR_SYNTAX);
}

void put_key_uint(struct cbor_out_map *m, uint64_t key, uint64_t v)
{
	cbor_map_key(m, key);
	cbor_put_uint(m->out, v);
}

void put_key_text(struct cbor_out_map *m, uint64_t key, struct span v)
{
	cbor_map_key(m, key);
	cbor_put_text(m->out, v);
}

void put_key_bytes(struct cbor_out_map *m, uint64_t key, const uint8_t *v, size_t n)
{
	cbor_map_key(m, key);
	cbor_put_bytes(m->out, span_of(v, n));
}

void put_some_uint(struct cbor_out_map *m, uint64_t key, uint64_t v)
{
	if (v != 0)
		put_key_uint(m, key, v);
}

void put_some_text(struct cbor_out_map *m, uint64_t key, struct span v)
{
	if (v.n != 0)
		put_key_text(m, key, v);
}

void put_some_bool(struct cbor_out_map *m, uint64_t key, bool v)
{
	if (v) {
		cbor_map_key(m, key);
		cbor_put_bool(m->out, true);
	}
}

void put_some_bytes(struct cbor_out_map *m, uint64_t key, const uint8_t *v, size_t n)
{
	if (!all_zero(v, n))
		put_key_bytes(m, key, v, n);
}

void put_countries(struct buf *out, const struct country_set *set)
{
	char name[3];
	cbor_put_head_of_text(out, 2 * country_set_size(set));
	for (country c = country_set_next(set, 0); c != COUNTRY_NONE; c = country_set_next(set, (country)(c + 1))) {
		country_name(c, name);
		buf_add(out, span_of(name, 2));
	}
}

static country upper_country(struct span s)
{
	bool upper = s.n == 2 && s.p[0] >= 'A' && s.p[0] <= 'Z' && s.p[1] >= 'A' && s.p[1] <= 'Z';
	return upper ? country_parse(s) : COUNTRY_NONE;
}

void get_countries(struct record_in *in, struct country_set *out)
{
	struct span s = cbor_text(&in->c);
	int last = -1;
	*out = (struct country_set){0};
	if (s.n % 2 != 0)
		cbor_fail(&in->c, ERR_SYNTAX);
	for (size_t i = 0; i + 2 <= s.n; i += 2) {
		country c = upper_country(span_sub(s, i, i + 2));
		if (c == COUNTRY_NONE || (int)c <= last) {
			cbor_fail(&in->c, ERR_SYNTAX);
			return;
		}
		country_set_add(out, c);
		last = (int)c;
	}
}

static void put_fact(struct buf *out, enum fact_kind kind, const struct fact *f)
{
	char name[3];
	switch (kind) {
	case FACT_BOOL:
		cbor_put_bool(out, f->flag);
		break;
	case FACT_NUM:
	case FACT_DATE:
		cbor_put_int(out, f->num);
		break;
	case FACT_ENUM:
	case FACT_TEXT:
		cbor_put_text(out, f->text);
		break;
	case FACT_COUNTRY:
		country_name(f->cc, name);
		cbor_put_text(out, span_of(name, 2));
		break;
	case FACT_COUNTRIES:
		put_countries(out, &f->set);
		break;
	}
}

static void get_fact(struct record_in *in, enum fact_kind kind, struct fact *f)
{
	f->known = true;
	switch (kind) {
	case FACT_BOOL:
		f->flag = cbor_bool(&in->c);
		break;
	case FACT_NUM:
	case FACT_DATE:
		f->num = cbor_int(&in->c);
		break;
	case FACT_ENUM:
	case FACT_TEXT:
		f->text = record_text(in);
		break;
	case FACT_COUNTRY:
		f->cc = upper_country(cbor_text(&in->c));
		if (f->cc == COUNTRY_NONE)
			cbor_fail(&in->c, ERR_SYNTAX);
		break;
	case FACT_COUNTRIES:
		get_countries(in, &f->set);
		break;
	}
}

static size_t scope_offset(enum fact_scope scope)
{
	return scope == FACT_REQUEST ? 0 : FACT_FIRST_DEST;
}

/* Rows of facts.def stand in the order of their numbers within a scope; cbor_map_key checks that they do. */
void put_facts(struct buf *out, enum fact_scope scope, const struct fact *v)
{
	struct cbor_out_map m;
	size_t first = scope_offset(scope), n = scope == FACT_REQUEST ? FACT_REQUEST_COUNT : FACT_DEST_COUNT;
	cbor_map_begin(&m, out);
	for (size_t i = 0; i < n; i++) {
		if (!v[i].known)
			continue;
		const struct fact_info *info = fact_info((enum fact_id)(first + i));
		cbor_map_key(&m, info->number);
		put_fact(out, info->kind, &v[i]);
	}
	cbor_map_end(&m);
}

void get_facts(struct record_in *in, enum fact_scope scope, struct fact *v)
{
	struct cbor_map m;
	uint64_t number;
	cbor_map(&in->c, &m);
	while (cbor_map_next(&in->c, &m, &number)) {
		enum fact_id id = fact_by_number(number);
		if (id == FACT_COUNT || fact_info(id)->scope != scope) {
			cbor_fail(&in->c, ERR_VERSION);
			return;
		}
		get_fact(in, fact_info(id)->kind, &v[id - scope_offset(scope)]);
	}
}

static bool transforms_any(const struct verdict *v)
{
	for (size_t c = 0; c < CLASS_COUNT; c++)
		if (v->transform[c] != TRANSFORM_NONE)
			return true;
	return false;
}

void put_verdict(struct buf *out, const struct verdict *v)
{
	struct cbor_out_map m, t;
	cbor_map_begin(&m, out);
	put_key_uint(&m, K_VERDICT_PLACE, (uint64_t)v->place);
	if (v->place == PLACE_REGIONS) {
		cbor_map_key(&m, K_VERDICT_REGIONS);
		put_countries(out, &v->regions);
	}
	if (transforms_any(v)) {
		cbor_map_key(&m, K_VERDICT_TRANSFORM);
		cbor_map_begin(&t, out);
		for (size_t c = 0; c < CLASS_COUNT; c++)
			put_some_uint(&t, c, (uint64_t)v->transform[c]);
		cbor_map_end(&t);
	}
	put_some_uint(&m, K_VERDICT_APPROVAL, (uint64_t)v->approval);
	cbor_map_end(&m);
}

static void get_transforms(struct record_in *in, struct verdict *v)
{
	struct cbor_map m;
	uint64_t c;
	cbor_map(&in->c, &m);
	if (m.left == 0)
		cbor_fail(&in->c, ERR_SYNTAX);
	while (cbor_map_next(&in->c, &m, &c)) {
		if (c >= CLASS_COUNT) {
			cbor_fail(&in->c, ERR_VERSION);
			return;
		}
		v->transform[c] = (enum transform)record_some_uint(in, TRANSFORM_REDACT);
	}
}

void get_verdict(struct record_in *in, struct verdict *v)
{
	struct cbor_map m;
	uint64_t key, seen = 0;
	*v = verdict_lenient();
	cbor_map(&in->c, &m);
	while (cbor_map_next(&in->c, &m, &key)) {
		if (key == K_VERDICT_PLACE)
			v->place = (enum place)cbor_uint(&in->c, PLACE_NONE);
		else if (key == K_VERDICT_REGIONS)
			get_countries(in, &v->regions);
		else if (key == K_VERDICT_TRANSFORM)
			get_transforms(in, v);
		else if (key == K_VERDICT_APPROVAL)
			v->approval = (enum approval)record_some_uint(in, APPROVAL_FOUR_EYES);
		else
			cbor_fail(&in->c, ERR_VERSION);
		seen |= KEY_BIT(key & 63);
	}
	record_need(in, seen, KEY_BIT(K_VERDICT_PLACE));
	bool regions = (seen & KEY_BIT(K_VERDICT_REGIONS)) != 0;
	if (regions != (v->place == PLACE_REGIONS))
		cbor_fail(&in->c, ERR_SYNTAX);
}
