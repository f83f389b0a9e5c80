/* Labels of annotated text, and the types of findings that are right for them. */
#ifndef CMD_MODEL_LABELS_H
#define CMD_MODEL_LABELS_H

#include "base/err.h"

enum label {
#define LABEL(name, types, aliases) LABEL_##name,
#include "cmd/model_labels.def"
#undef LABEL
	LABEL_COUNT,
	LABEL_IGNORED = LABEL_COUNT, /* says nothing for or against a finding */
	LABEL_UNKNOWN
};

const char *label_name(enum label l) MUST;
/* The label that a finding of this dotted type has. */
enum label label_of_type(struct span type) MUST;
/* By its name or another it goes by, in any case of letters, or by a dotted type. LABEL_UNKNOWN. */
enum label label_parse(struct span name) MUST;

enum { LABEL_MAP = 64 };
/* The user's own names for labels: "NOMBRE=PERSON,OTRO=-". Points into the text. */
struct label_map {
	struct {
		struct span from;
		enum label to;
	} v[LABEL_MAP];
	size_t n;
};
/* ERR_SYNTAX: not of that form, or to a label there is none of; ERR_LIMIT: too many. */
enum err label_map_parse(struct span text, struct label_map *out) MUST;
/* What a label of the file means. */
enum label label_map_find(const struct label_map *m, struct span name) MUST;
/* The label under which findings of a label are counted: DOB=DATE where a file knows dates only. */
enum label label_map_finding(const struct label_map *m, enum label l) MUST;

/* "PERSON,HEALTH" as a set of bits. ERR_SYNTAX. */
enum err label_set_parse(struct span text, uint64_t *out) MUST;

#endif
