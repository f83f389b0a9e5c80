#include "base/facts.h"

#include "base/assert.h"

#define BOOL      FACT_BOOL
#define NUM       FACT_NUM
#define DATE      FACT_DATE
#define ENUM      FACT_ENUM
#define TEXT      FACT_TEXT
#define COUNTRY   FACT_COUNTRY
#define COUNTRIES FACT_COUNTRIES
#define REQUEST   FACT_REQUEST
#define DEST      FACT_DEST
static const struct fact_info infos[FACT_COUNT] = {
#define FACT(number, name, path, kind, scope, values, doc) [F_##name] = {number, path, kind, scope, values, doc},
#include "base/facts.def"
#undef FACT
};
#undef BOOL
#undef NUM
#undef DATE
#undef ENUM
#undef TEXT
#undef COUNTRY
#undef COUNTRIES
#undef REQUEST
#undef DEST

const struct fact_info *fact_info(enum fact_id id)
{
	INVARIANT((unsigned)id < FACT_COUNT);
	return &infos[id];
}

enum fact_id fact_by_path(struct span path)
{
	unsigned i = 0;
	while (i < FACT_COUNT && !span_eq(path, span_str(infos[i].path)))
		i++;
	return (enum fact_id)i;
}

enum fact_id fact_by_number(uint64_t number)
{
	unsigned i = 0;
	while (i < FACT_COUNT && infos[i].number != number)
		i++;
	return (enum fact_id)i;
}

static void check(enum fact_id id, enum fact_scope scope, bool kind_fits)
{
	INVARIANT((unsigned)id < FACT_COUNT && infos[id].scope == scope && kind_fits);
}

static bool is(enum fact_id id, enum fact_kind kind)
{
	return (unsigned)id < FACT_COUNT && infos[id].kind == kind;
}

void facts_set_bool(struct facts *f, enum fact_id id, bool v)
{
	check(id, FACT_REQUEST, is(id, FACT_BOOL));
	f->v[id] = (struct fact){.known = true, .flag = v};
}

void facts_set_num(struct facts *f, enum fact_id id, int64_t v)
{
	check(id, FACT_REQUEST, is(id, FACT_NUM) || is(id, FACT_DATE));
	f->v[id] = (struct fact){.known = true, .num = v};
}

void facts_set_text(struct facts *f, enum fact_id id, struct span v)
{
	check(id, FACT_REQUEST, is(id, FACT_TEXT) || is(id, FACT_ENUM));
	if (v.p != NULL)
		f->v[id] = (struct fact){.known = true, .text = v};
}

void facts_set_country(struct facts *f, enum fact_id id, country v)
{
	check(id, FACT_REQUEST, is(id, FACT_COUNTRY));
	if (v != COUNTRY_NONE)
		f->v[id] = (struct fact){.known = true, .cc = v};
}

void facts_set_countries(struct facts *f, enum fact_id id, const struct country_set *v)
{
	check(id, FACT_REQUEST, is(id, FACT_COUNTRIES));
	f->v[id] = (struct fact){.known = true, .set = *v};
}

void dest_facts_set_bool(struct dest_facts *f, enum fact_id id, bool v)
{
	check(id, FACT_DEST, is(id, FACT_BOOL));
	f->v[id - FACT_FIRST_DEST] = (struct fact){.known = true, .flag = v};
}

void dest_facts_set_num(struct dest_facts *f, enum fact_id id, int64_t v)
{
	check(id, FACT_DEST, is(id, FACT_NUM) || is(id, FACT_DATE));
	f->v[id - FACT_FIRST_DEST] = (struct fact){.known = true, .num = v};
}

void dest_facts_set_text(struct dest_facts *f, enum fact_id id, struct span v)
{
	check(id, FACT_DEST, is(id, FACT_TEXT) || is(id, FACT_ENUM));
	if (v.p != NULL)
		f->v[id - FACT_FIRST_DEST] = (struct fact){.known = true, .text = v};
}

void dest_facts_set_country(struct dest_facts *f, enum fact_id id, country v)
{
	check(id, FACT_DEST, is(id, FACT_COUNTRY));
	if (v != COUNTRY_NONE)
		f->v[id - FACT_FIRST_DEST] = (struct fact){.known = true, .cc = v};
}

void dest_facts_set_countries(struct dest_facts *f, enum fact_id id, const struct country_set *v)
{
	check(id, FACT_DEST, is(id, FACT_COUNTRIES));
	f->v[id - FACT_FIRST_DEST] = (struct fact){.known = true, .set = *v};
}

const struct fact *fact_get(const struct facts *f, const struct dest_facts *d, enum fact_id id)
{
	return fact_info(id)->scope == FACT_REQUEST ? &f->v[id] : &d->v[id - FACT_FIRST_DEST];
}

bool facts_add_data(struct facts *f, struct data_item item)
{
	size_t at = 0;
	while (at < f->n_data && span_cmp(f->data[at].type, item.type) < 0)
		at++;
	f->classes |= item.classes;
	if (at < f->n_data && span_eq(f->data[at].type, item.type)) {
		struct data_item *d = &f->data[at];
		d->classes |= item.classes;
		d->origin |= item.origin;
		d->views |= item.views;
		d->count += item.count;
		if (item.score > d->score)
			d->score = item.score;
		return true;
	}
	if (f->n_data == FACTS_MAX_DATA)
		return false;
	memmove(&f->data[at + 1], &f->data[at], (f->n_data - at) * sizeof *f->data);
	f->data[at] = item;
	f->n_data++;
	return true;
}

bool type_matches(struct span type, struct span pattern)
{
	if (span_ends(pattern, SPAN(".*")))
		return span_starts(type, span_sub(pattern, 0, pattern.n - 1));
	return span_eq(type, pattern);
}
