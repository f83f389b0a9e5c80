/* The fixed part of the taxonomy: every dotted type name the build knows, with its legal classes.
 * Rules check names against it; the classifiers' registry numbers its types in this order. */
#ifndef BASE_TYPES_H
#define BASE_TYPES_H

#include "base/finding.h"

enum type_id {
#define TYPE(name, dotted, classes, hipaa, doc) TYPE_##name,
#include "base/types.def"
#undef TYPE
	TYPE_COUNT
};

struct type_info {
	const char *name; /* dotted */
	class_set classes;
	const char *hipaa; /* Safe Harbor letter(s), "" if none */
	const char *doc;
};
const struct type_info *type_info(enum type_id id) MUST;
/* TYPE_COUNT if there is none. */
enum type_id type_by_name(struct span name) MUST;

#endif
