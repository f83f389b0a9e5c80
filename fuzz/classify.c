/* Any UTF-8 text: findings are sorted, in bounds, on code points; the cache changes nothing. */
#include "classifiers/classify.h"
#include "base/assert.h"
#include "base/utf8.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct classifier *classifier;
static struct classifier_scratch *scratch;
static struct classifier_cache *cache;

static void setup(void)
{
	static const uint8_t key[16] = {1, 2, 3};
	struct classifier_options o = {.starter_health = true};
	struct classifier_diag diag;
	enum err err;
	classifier = classifier_new(&o, &diag, &err);
	INVARIANT(classifier != NULL);
	scratch = classifier_scratch_new(classifier);
	cache = classifier_cache_new(64, key);
	INVARIANT(scratch != NULL && cache != NULL);
}

static bool on_boundary(struct span text, size_t at)
{
	return at == text.n || (text.p[at] & 0xc0) != 0x80;
}

static void check(struct span text, const struct findings *f)
{
	for (size_t i = 0; i < f->n; i++) {
		INVARIANT(f->v[i].start < f->v[i].end && f->v[i].end <= text.n);
		INVARIANT(on_boundary(text, f->v[i].start) && on_boundary(text, f->v[i].end));
		INVARIANT(i == 0 || f->v[i - 1].start <= f->v[i].start);
		INVARIANT(f->v[i].type < classifier_types(classifier) && f->v[i].score <= 100 &&
			  f->v[i].view < VIEW_COUNT);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (classifier == NULL)
		setup();
	struct span text = span_of(data, size);
	if (!utf8_valid(text))
		return 0;
	struct arena arena;
	struct findings plain, first, second;
	arena_init(&arena, 0);
	INVARIANT(classify_text(classifier, scratch, NULL, text, NULL, &arena, &plain) == ERR_OK);
	check(text, &plain);
	/* A key of 24 bytes and a seam in the middle, where the text has one. */
	struct text_context ctx = {.key = span_sub(text, 0, size < 24 ? size : 24)};
	INVARIANT(classify_text(classifier, scratch, cache, text, &ctx, &arena, &first) == ERR_OK);
	INVARIANT(classify_text(classifier, scratch, cache, text, &ctx, &arena, &second) == ERR_OK);
	INVARIANT(first.n == second.n && (first.n == 0 || memcmp(first.v, second.v, first.n * sizeof *first.v) == 0));
	size_t middle = size / 2;
	while (middle < size && !on_boundary(text, middle))
		middle++;
	INVARIANT(classify_seam(classifier, scratch, span_sub(text, 0, middle), span_sub(text, middle, size), &arena,
				&second) == ERR_OK);
	arena_fini(&arena);
	return 0;
}
