#include "cmd/model_items.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/utf8.h"

void marks_add(struct marks *m, size_t start, size_t end, enum label label)
{
	if (m->n == m->cap) {
		size_t cap = m->cap == 0 ? 16 : 2 * m->cap;
		struct mark *v = arena_array(m->arena, cap, sizeof *v);
		if (v == NULL)
			return; /* the arena says so when all is done */
		if (m->n > 0)
			memcpy(v, m->v, m->n * sizeof *v);
		m->v = v;
		m->cap = cap;
	}
	m->v[m->n++] = (struct mark){(uint32_t)start, (uint32_t)end, label};
}

size_t items_bytes(struct span text, uint64_t chars)
{
	size_t at = 0;
	while (at < text.n && chars > 0) {
		at++;
		while (at < text.n && (text.p[at] & 0xc0) == 0x80)
			at++;
		chars--;
	}
	return chars == 0 ? at : SIZE_MAX;
}

enum err items_bad(struct items *it, const char *what)
{
	snprintf(it->why, sizeof it->why, "%s:%u: %s", it->path, it->number, what);
	return ERR_SYNTAX;
}

bool items_label(struct items *it, struct span name, enum label *out)
{
	*out = label_map_find(it->options.map, name);
	if (*out != LABEL_UNKNOWN)
		return true;
	snprintf(it->why, sizeof it->why, "%s:%u: no label \"%.*s\" is known; --map %.*s=TYPE says what it is",
		 it->path, it->number, name.n > 40 ? 40 : (int)name.n, (const char *)name.p,
		 name.n > 40 ? 40 : (int)name.n, (const char *)name.p);
	return false;
}

static bool is_folder(const char *path)
{
	struct stat st;
	return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

/* "x.txt" has an "x.ann" beside it. */
static bool annotated_beside(const char *path)
{
	char ann[4096];
	size_t n = strlen(path);
	if (n < 4 || n >= sizeof ann || strcmp(path + n - 4, ".txt") != 0)
		return false;
	memcpy(ann, path, n - 4);
	memcpy(ann + n - 4, ".ann", 5);
	return access(ann, R_OK) == 0;
}

static enum item_format guess(struct items *it)
{
	struct span path = span_str(it->path);
	if (is_folder(it->path) || span_ends(path, SPAN(".ann")) || annotated_beside(it->path))
		return ITEMS_BRAT;
	FILE *f = fopen(it->path, "rb");
	ssize_t n = f == NULL ? -1 : getline(&it->line, &it->cap, f);
	struct span line = n > 0 ? span_trim(span_of(it->line, (size_t)n)) : SPAN_NULL;
	enum item_format format = line.n == 0 || line.p[0] != '{' ? ITEMS_CONLL
				  : items_has_spans(line)         ? ITEMS_JSONL
								  : ITEMS_PROMPTS;
	if (f != NULL)
		fclose(f);
	return format;
}

static int is_text(const struct dirent *d)
{
	return span_ends(span_str(d->d_name), SPAN(".txt"));
}

static enum err open_path(struct items *it)
{
	if (it->options.format == ITEMS_AUTO)
		it->options.format = guess(it);
	if (it->options.format == ITEMS_BRAT) {
		if (is_folder(it->path))
			it->n_names = scandir(it->path, &it->names, is_text, alphasort);
		return it->n_names < 0 ? ERR_IO : ERR_OK;
	}
	struct stat st;
	it->in = fopen(it->path, "rb");
	if (it->in == NULL)
		return errno == ENOENT ? ERR_NOT_FOUND : ERR_IO;
	it->size = fstat(fileno(it->in), &st) == 0 && st.st_size > 0 ? (uint64_t)st.st_size : 0;
	return ERR_OK;
}

enum err items_open(struct items *it, const char *path, struct span text, const struct items_options *o)
{
	static const struct label_map no_map;
	*it = (struct items){.options = *o, .path = path == NULL ? "self-test" : path};
	if (it->options.map == NULL)
		it->options.map = &no_map;
	if (path != NULL)
		return open_path(it);
	if (text.n == 0)
		return ERR_NOT_FOUND;
	it->in = fmemopen((void *)(uintptr_t)text.p, text.n, "rb");
	return it->in == NULL ? ERR_NOMEM : ERR_OK;
}

void items_close(struct items *it)
{
	for (int i = 0; i < it->n_names; i++)
		free(it->names[i]);
	free(it->names);
	if (it->line != NULL)
		explicit_bzero(it->line, it->cap);
	free(it->line);
	if (it->in != NULL)
		fclose(it->in);
}

int items_progress(const struct items *it)
{
	if (it->n_names > 0)
		return it->at * 100 / it->n_names;
	long at = it->in == NULL || it->size == 0 ? -1 : ftell(it->in);
	return at < 0 ? -1 : (int)((uint64_t)at * 100 / it->size);
}

enum err items_next(struct items *it, struct arena *a, struct item *out)
{
	enum err e = ERR_INTERNAL;
	*out = (struct item){0};
	switch (it->options.format) {
	case ITEMS_AUTO:
	case ITEMS_PROMPTS:
	case ITEMS_JSONL:
		e = items_next_json(it, a, out);
		break;
	case ITEMS_CONLL:
		e = items_next_conll(it, a, out);
		break;
	case ITEMS_BRAT:
		e = items_next_brat(it, a, out);
		break;
	}
	if (e != ERR_OK)
		return e;
	if (a->failed)
		return ERR_NOMEM;
	for (size_t i = 0; i < out->n; i++)
		if (out->marks[i].start >= out->marks[i].end || out->marks[i].end > out->text.n)
			return items_bad(it, "a span is empty or lies outside the text");
	return utf8_valid(out->text) ? ERR_OK : items_bad(it, "the text is not UTF-8");
}
