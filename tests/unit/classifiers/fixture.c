#include "fixture.h"

#include <stdio.h>
#include <stdlib.h>

static struct classifier *classifier;
static struct classifier_scratch *scratch;

static void release(void)
{
	classifier_scratch_free(scratch);
	classifier_free(classifier);
}

const struct classifier *the_classifier(void)
{
	if (classifier == NULL) {
		struct classifier_options o = {.starter_health = true};
		struct classifier_diag diag;
		enum err err;
		classifier = classifier_new(&o, &diag, &err);
		assert_non_null(classifier);
		scratch = classifier_scratch_new(classifier);
		assert_non_null(scratch);
		atexit(release);
	}
	return classifier;
}

struct classifier_scratch *the_scratch(void)
{
	(void)the_classifier();
	return scratch;
}

struct result classify(struct span text, const char *key)
{
	struct result r = {0};
	struct text_context ctx = {.key = span_str(key)};
	arena_init(&r.arena, 0);
	/* A copy of exactly this length, so that a read past its end is seen. */
	uint8_t *copy = malloc(text.n == 0 ? 1 : text.n);
	assert_non_null(copy);
	if (text.n > 0)
		memcpy(copy, text.p, text.n);
	assert_int_equal(
		classify_text(the_classifier(), the_scratch(), NULL, span_of(copy, text.n), &ctx, &r.arena, &r.f),
		ERR_OK);
	free(copy);
	return r;
}

struct result classify_str(const char *text)
{
	return classify(span_str(text), NULL);
}

void result_fini(struct result *r)
{
	arena_fini(&r->arena);
}

unsigned found_detector(const struct result *r, const char *name)
{
	unsigned best = 0;
	for (size_t i = 0; i < r->f.n; i++)
		if (span_eq(classifier_detector_name(the_classifier(), r->f.v[i].detector), span_str(name)) &&
		    r->f.v[i].score > best)
			best = r->f.v[i].score;
	return best;
}

unsigned found_type(const struct result *r, const char *name)
{
	unsigned best = 0;
	for (size_t i = 0; i < r->f.n; i++)
		if (span_eq(classifier_type_name(the_classifier(), r->f.v[i].type), span_str(name)) &&
		    r->f.v[i].score > best)
			best = r->f.v[i].score;
	return best;
}

static bool on_boundary(struct span text, size_t at)
{
	return at == text.n || (text.p[at] & 0xc0) != 0x80;
}

void assert_sound(struct span text, const struct result *r)
{
	for (size_t i = 0; i < r->f.n; i++) {
		const struct finding *f = &r->f.v[i];
		assert_true(f->start < f->end && f->end <= text.n);
		assert_true(on_boundary(text, f->start) && on_boundary(text, f->end));
		assert_true(f->score >= 50 && f->score <= 100 && f->view < VIEW_COUNT);
		assert_true(f->type < classifier_types(the_classifier()) && f->detector < DETECTOR_ALL);
		if (i > 0)
			assert_true(f[-1].start <= f->start);
		for (size_t k = 0; k < i; k++)
			assert_false(r->f.v[k].type == f->type && r->f.v[k].end > f->start);
	}
}

char *read_file(const char *path, size_t *n)
{
	char full[1024];
	snprintf(full, sizeof full, "%s/%s", BW_SOURCE_DIR, path);
	FILE *f = fopen(full, "rb");
	assert_non_null(f);
	assert_int_equal(fseek(f, 0, SEEK_END), 0);
	long size = ftell(f);
	assert_true(size >= 0);
	rewind(f);
	char *text = malloc((size_t)size + 1);
	assert_non_null(text);
	*n = fread(text, 1, (size_t)size, f);
	assert_int_equal(*n, (size_t)size);
	text[*n] = '\0';
	fclose(f);
	return text;
}

/* Without the marks that keep secrets apart; "\n" becomes a line break. */
static void plain(char *s)
{
	char *to = s;
	for (const char *p = s; *p != '\0';) {
		if (memcmp(p, "\xc2\xb7", 2) == 0) {
			p += 2;
		} else if (p[0] == '\\' && p[1] == 'n') {
			*to++ = '\n';
			p += 2;
		} else {
			*to++ = *p++;
		}
	}
	*to = '\0';
}

static char *field(char **rest)
{
	char *start = *rest;
	assert_non_null(start);
	char *tab = strchr(start, '\t');
	if (tab != NULL)
		*tab = '\0';
	*rest = tab == NULL ? NULL : tab + 1;
	char *copy = strdup(start);
	assert_non_null(copy);
	return copy;
}

struct example *load_examples(size_t *n)
{
	size_t size;
	char *text = read_file("tests/data/identifiers/identifiers.tsv", &size), *save = NULL;
	struct example *v = calloc(1000, sizeof *v);
	assert_non_null(v);
	*n = 0;
	for (char *line = strtok_r(text, "\n", &save); line != NULL; line = strtok_r(NULL, "\n", &save)) {
		if (line[0] == '#')
			continue;
		assert_true(*n < 1000);
		struct example *e = &v[(*n)++];
		e->type = field(&line);
		e->detector = field(&line);
		e->valid = field(&line);
		e->invalid = field(&line);
		e->sentence = field(&line);
		plain(e->valid);
		plain(e->invalid);
	}
	free(text);
	return v;
}

void free_examples(struct example *v, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		free(v[i].type);
		free(v[i].detector);
		free(v[i].valid);
		free(v[i].invalid);
		free(v[i].sentence);
	}
	free(v);
}

char *in_sentence(const char *sentence, const char *value)
{
	const char *at = strstr(sentence, "{}");
	assert_non_null(at);
	size_t head = (size_t)(at - sentence), len = strlen(value), tail = strlen(at + 2);
	char *out = malloc(head + len + tail + 1);
	assert_non_null(out);
	memcpy(out, sentence, head);
	memcpy(out + head, value, len);
	memcpy(out + head + len, at + 2, tail + 1);
	return out;
}

uint32_t next_random(void)
{
	static uint32_t x = 2463534242u;
	x ^= x << 13;
	x ^= x >> 17;
	x ^= x << 5;
	return x;
}
