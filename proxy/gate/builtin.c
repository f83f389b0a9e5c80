#include "proxy/gate/builtin.h"

/* From builtin_model.S. */
extern const uint8_t builtin_model[], builtin_model_end[];

struct span builtin_find(struct span name)
{
	if (span_eq(name, SPAN("models/tagger.bwm")))
		return span_of(builtin_model, (size_t)(builtin_model_end - builtin_model));
	for (const struct builtin_file *f = builtin_files; f->name != NULL; f++)
		if (span_eq(name, span_str(f->name)))
			return span_of(f->bytes, f->size);
	return SPAN_NULL;
}
