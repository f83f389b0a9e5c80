#include "cmd/model_labels.h"

#include "base/facts.h"
#include "base/types.h"

static const struct {
	const char *name, *types, *aliases;
} labels[] = {
#define LABEL(name, types, aliases) {#name, types, aliases},
#include "cmd/model_labels.def"
#undef LABEL
};

/* The next part of *list, which moves on behind the mark. False at the end. */
static bool next_part(struct span *list, uint8_t mark, struct span *part)
{
	if (list->p == NULL || list->n == 0)
		return false;
	size_t end = span_find(*list, mark);
	*part = span_sub(*list, 0, end);
	*list = span_sub(*list, end < list->n ? end + 1 : end, list->n);
	return true;
}

const char *label_name(enum label l)
{
	return l < LABEL_COUNT ? labels[l].name : "";
}

enum label label_of_type(struct span type)
{
	for (size_t i = 0; i < LABEL_OTHER; i++) {
		struct span list = span_str(labels[i].types), pattern;
		while (next_part(&list, '|', &pattern))
			if (type_matches(type, pattern))
				return (enum label)i;
	}
	return LABEL_OTHER;
}

enum label label_parse(struct span name)
{
	for (size_t i = 0; i < LABEL_COUNT; i++) {
		struct span list = span_str(labels[i].aliases), alias = span_str(labels[i].name);
		do {
			if (span_eq_nocase(name, alias))
				return (enum label)i;
		} while (next_part(&list, '|', &alias));
	}
	return type_by_name(name) != TYPE_COUNT ? label_of_type(name) : LABEL_UNKNOWN;
}

enum err label_map_parse(struct span text, struct label_map *out)
{
	struct span part;
	while (next_part(&text, ',', &part)) {
		size_t mark = span_find(part, '=');
		if (mark == 0 || mark == part.n)
			return ERR_SYNTAX;
		if (out->n == LABEL_MAP)
			return ERR_LIMIT;
		struct span to = span_sub(part, mark + 1, part.n);
		out->v[out->n].from = span_sub(part, 0, mark);
		out->v[out->n].to = span_eq(to, SPAN("-")) ? LABEL_IGNORED : label_parse(to);
		if (out->v[out->n++].to == LABEL_UNKNOWN)
			return ERR_SYNTAX;
	}
	return ERR_OK;
}

enum label label_map_find(const struct label_map *m, struct span name)
{
	for (size_t i = 0; i < m->n; i++)
		if (span_eq(name, m->v[i].from))
			return m->v[i].to;
	return label_parse(name);
}

enum label label_map_finding(const struct label_map *m, enum label l)
{
	for (size_t i = 0; i < m->n; i++)
		if (span_eq(m->v[i].from, span_str(label_name(l))))
			return m->v[i].to;
	return l;
}

enum err label_set_parse(struct span text, uint64_t *out)
{
	struct span part;
	*out = 0;
	while (next_part(&text, ',', &part)) {
		enum label l = label_parse(part);
		if (l == LABEL_UNKNOWN)
			return ERR_SYNTAX;
		*out |= (uint64_t)1 << l;
	}
	return *out != 0 ? ERR_OK : ERR_SYNTAX;
}
