#include "proxy/gate/builtin.h"

struct span builtin_find(struct span name)
{
	for (const struct builtin_file *f = builtin_files; f->name != NULL; f++)
		if (span_eq(name, span_str(f->name)))
			return span_of(f->bytes, f->size);
	return SPAN_NULL;
}
