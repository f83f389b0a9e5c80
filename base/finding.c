#include "base/finding.h"

static const char *const class_names[CLASS_COUNT] = {
#define CLASS(name, word, meaning) [CLASS_##name] = word,
#include "base/classes.def"
#undef CLASS
};

struct span class_name(enum legal_class c)
{
	return span_str((unsigned)c < CLASS_COUNT ? class_names[c] : "?");
}

int class_parse(struct span name)
{
	for (int i = 0; i < CLASS_COUNT; i++)
		if (span_eq(name, span_str(class_names[i])))
			return i;
	return -1;
}

const char *view_name(enum view v)
{
	static const char *const names[VIEW_COUNT] = {"raw", "clean", "folded", "squeezed", "spelled", "decoded"};
	return (unsigned)v < VIEW_COUNT ? names[v] : "?";
}
