/* Any bytes as an exact-data list and as a text: a list is refused or used; what exact_write wrote matches as the terms
 * do. */
#include "classifiers/exact.h"
#include "base/assert.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void count(void *arg, size_t start, size_t end)
{
	INVARIANT(start < end);
	++*(size_t *)arg;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const uint8_t key[16] = {1, 2, 3};
	struct span input = span_of(data, size);
	struct classifier_diag diag;
	enum err err;
	struct exact *plain = exact_new(input, key, SPAN("list"), &diag, &err);
	INVARIANT((plain == NULL) == (err != ERR_OK));
	if (plain == NULL)
		return 0;
	size_t found = 0, again = 0;
	exact_scan(plain, input, count, &found);
	struct buf hashed = {0};
	bool terms = !span_starts(input, SPAN("bailiwick-exact 1 ")); /* else its lines are hashes */
	if (terms && exact_write(input, key, &hashed, &diag) == ERR_OK) {
		struct exact *other = exact_new(buf_span(&hashed), key, SPAN("list"), &diag, &err);
		INVARIANT(other != NULL);
		exact_scan(other, input, count, &again);
		INVARIANT(found == again);
		exact_free(other);
	}
	buf_fini(&hashed);
	exact_free(plain);
	return 0;
}
