#include "base/assert.h"

#include <stdio.h>
#include <stdlib.h>

_Noreturn void invariant_failed(const char *file, int line, const char *expr)
{
	fprintf(stderr, "bailiwick: invariant failed at %s:%d: %s\n", file, line, expr);
	abort();
}
