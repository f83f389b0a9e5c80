#include "tests/unit/local_model/support.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/assert.h"

struct span support_file(const char *name)
{
	char path[512];
	snprintf(path, sizeof path, "%s/%s", BW_SOURCE_DIR, name);
	FILE *f = fopen(path, "rb");
	INVARIANT(f != NULL && fseek(f, 0, SEEK_END) == 0);
	long n = ftell(f);
	uint8_t *p = malloc((size_t)n + 1);
	rewind(f);
	INVARIANT(n >= 0 && p != NULL && fread(p, 1, (size_t)n, f) == (size_t)n);
	fclose(f);
	return span_of(p, (size_t)n);
}

uint32_t support_random(uint64_t *state)
{
	*state = *state * 6364136223846793005U + 1442695040888963407U;
	return (uint32_t)(*state >> 33);
}

void support_collect(void *sink, uint16_t type, uint32_t start, uint32_t end, uint8_t score)
{
	struct support_findings *f = sink;
	INVARIANT(f->n < sizeof f->v / sizeof *f->v);
	f->v[f->n++] = (struct support_finding){type, start, end, score};
}

size_t support_prompt(struct span line, uint8_t *out)
{
	const uint8_t *at = memmem(line.p, line.n, "\"text\": \"", 9), *end = line.p + line.n;
	size_t n = 0;
	for (at = at == NULL ? end : at + 9; at < end && *at != '"'; at++) {
		if (*at == '\\' && at + 1 < end) {
			at++;
			out[n++] = *at == 'n' ? '\n' : *at == 't' ? '\t' : *at;
		} else if (end - at > 2 && memcmp(at, "«", 2) == 0) {
			while (at < end && *at != '|')
				at++;
		} else if (end - at > 2 && memcmp(at, "»", 2) == 0) {
			at++;
		} else {
			out[n++] = *at;
		}
	}
	return n;
}
