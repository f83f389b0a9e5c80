/* Bundles: any bytes are refused or split into parts that make the same bytes again; so with the manifest. The bytes
 * are tried as a bundle and as a manifest. */
#include <stdlib.h>

#include "base/assert.h"
#include "local_model/bundle.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void manifest(struct span text)
{
	struct bundle_manifest m;
	struct buf again = {0};
	if (bundle_manifest_parse(text, &m) != ERR_OK)
		return;
	INVARIANT(bundle_manifest_format(&m, &again) == ERR_OK && span_eq(buf_span(&again), text));
	buf_fini(&again);
}

static void bundle(struct span file)
{
	struct bundle b;
	struct buf again = {0};
	enum err err = bundle_open(file, &b);
	if (err != ERR_OK) {
		INVARIANT(err == ERR_CORRUPT || err == ERR_VERSION);
		return;
	}
	INVARIANT(bundle_looks(file) && bundle_format(&b, &again) == ERR_OK && span_eq(buf_span(&again), file));
	buf_fini(&again);
	struct bundle_manifest m = {.model = bundle_part_of(b.model), .test = bundle_part_of(b.test)};
	INVARIANT(bundle_check(&b, &m) == ERR_OK);
	manifest(b.note);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	bundle(span_of(data, size));
	manifest(span_of(data, size));
	return 0;
}
