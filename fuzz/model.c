/* The model file: any bytes are refused or give a tagger that stays in bounds. The bytes are tried as they are and once
 * more with a right size and checksum, so that what lies behind those is reached. */
#include <stdlib.h>

#include "base/assert.h"
#include "base/sha256.h"
#include "base/types.h"
#include "local_model/tagger_parts.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char sample[] =
	"Anna Müller (34) is in Paris since 12.3.2024;\n\n  the 東京 office: a@b.example, «x» --- 9";

struct last {
	uint32_t end;
};

static void check(void *sink, uint16_t type, uint32_t start, uint32_t end, uint8_t score)
{
	struct last *last = sink;
	INVARIANT(type < TYPE_COUNT && start >= last->end && end > start && end < sizeof sample && score >= 1 &&
		  score <= 100);
	last->end = end;
}

static void load(struct span file)
{
	enum err err;
	struct tagger *t = tagger_new(file, &err);
	if (t == NULL) {
		INVARIANT(err == ERR_CORRUPT || err == ERR_CONFIG);
		return;
	}
	struct tagger_scratch *s = tagger_scratch_new();
	if (s == NULL)
		abort();
	for (int gate = 0; gate < 2; gate++) {
		struct last last = {0};
		t->gate = gate != 0;
		INVARIANT(tagger_tag(t, s, span_of(sample, sizeof sample - 1), check, &last) <= sizeof sample - 1);
	}
	tagger_scratch_free(s);
	tagger_free(t);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	load(span_of(data, size));
	if (size < 128)
		return 0;
	uint8_t *copy = malloc(size);
	if (copy == NULL)
		abort();
	memcpy(copy, data, size);
	for (size_t i = 0; i < 4; i++)
		copy[12 + i] = (uint8_t)(size >> 8 * i);
	sha256_of(span_of(copy + 48, size - 48), copy + 16);
	load(span_of(copy, size));
	free(copy);
	return 0;
}
