/* model corrections: what reviewers marked as missed or wrong, checked and written as annotated prompts. */
#include <getopt.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/sha256.h"
#include "cmd/commands.h"
#include "cmd/model_items.h"
#include "cmd/model_verbs.h"

struct corrections {
	const char *path, *prefix;
	struct items_options items;
	uint64_t written, left_out;
};

static int by_start(const void *a, const void *b)
{
	const struct mark *x = a, *y = b;
	return x->start < y->start ? -1 : x->start > y->start;
}

static bool is_space(uint8_t c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

/* What marked-up text cannot say, or should not. */
static const char *problem(const struct item *item)
{
	uint32_t end = 0;
	if (memmem(item->text.p, item->text.n, "«", 2) != NULL || memmem(item->text.p, item->text.n, "»", 2) != NULL)
		return "the text has « or », which mark mentions";
	for (size_t i = 0; i < item->n; i++) {
		const struct mark *m = &item->marks[i];
		if (m->start < end)
			return "two spans overlap";
		if (m->label >= LABEL_OTHER)
			return "a span's type has no label among prompts";
		if (is_space(item->text.p[m->start]) || is_space(item->text.p[m->end - 1]))
			return "a span begins or ends with a space";
		end = m->end;
	}
	return NULL;
}

static void add_id(const struct corrections *c, const struct item *item, struct buf *b)
{
	uint8_t hash[32];
	char id[128];
	if (item->id.n > 0) {
		buf_add_json(b, item->id);
		return;
	}
	sha256_of(item->text, hash);
	int n = snprintf(id, sizeof id, "%s-", c->prefix);
	for (size_t i = 0; i < 6; i++)
		n += snprintf(id + n, sizeof id - (size_t)n, "%02x", hash[i]);
	buf_add_json(b, span_str(id));
}

static enum err write_item(const struct corrections *c, const struct item *item)
{
	struct buf text = {0}, line = {0};
	uint32_t at = 0;
	for (size_t i = 0; i < item->n; i++) {
		const struct mark *m = &item->marks[i];
		buf_add(&text, span_sub(item->text, at, m->start));
		buf_printf(&text, "«%s|", label_name(m->label));
		buf_add(&text, span_sub(item->text, m->start, m->end));
		buf_add_str(&text, "»");
		at = m->end;
	}
	buf_add(&text, span_sub(item->text, at, item->text.n));
	buf_add_str(&line, "{\"id\":");
	add_id(c, item, &line);
	buf_add_str(&line, ",\"lang\":");
	buf_add_json(&line, item->lang.n > 0 ? item->lang : SPAN("und"));
	buf_add_str(&line, ",\"domain\":");
	buf_add_json(&line, item->domain.n > 0 ? item->domain : SPAN("corrections"));
	buf_add_str(&line, ",\"text\":");
	buf_add_json(&line, buf_span(&text));
	buf_add_str(&line, "}\n");
	enum err e = buf_err(&text) != ERR_OK ? buf_err(&text) : buf_err(&line);
	if (e == ERR_OK && fwrite(line.p, 1, line.n, stdout) != line.n)
		e = ERR_IO;
	buf_fini(&text);
	buf_fini(&line);
	return e;
}

static enum err one(struct corrections *c, struct items *it, struct arena *a)
{
	struct item item;
	enum err e = items_next(it, a, &item);
	if (e == ERR_OK && item.n > 0)
		qsort(item.marks, item.n, sizeof *item.marks, by_start);
	const char *why = e == ERR_OK ? problem(&item) : NULL;
	if (why != NULL)
		e = items_bad(it, why);
	if (e == ERR_OK) {
		c->written++;
		return write_item(c, &item);
	}
	if (e == ERR_SYNTAX || e == ERR_CONFIG) {
		fprintf(stderr, "bailiwick model: %s; left out\n", it->why);
		c->left_out++;
		return ERR_OK;
	}
	return e;
}

static int run(struct corrections *c)
{
	struct items it;
	struct arena a;
	arena_init(&a, 0);
	enum err e = items_open(&it, c->path, SPAN_NULL, &c->items);
	while (e == ERR_OK) {
		e = one(c, &it, &a);
		arena_reset(&a);
	}
	arena_fini(&a);
	bool opened = it.in != NULL;
	items_close(&it);
	if (e != ERR_NOT_FOUND || !opened)
		return model_complain(c->path, err_text(e), EXIT_UNREADABLE);
	fprintf(stderr, "%llu texts written, %llu left out\n", (unsigned long long)c->written,
		(unsigned long long)c->left_out);
	return c->left_out == 0 && fflush(stdout) == 0 ? EXIT_FINE : EXIT_PROBLEM;
}

int model_corrections(int argc, char **argv)
{
	static const struct option longs[] = {
		{"prefix", required_argument, NULL, 'p'}, {"offsets", required_argument, NULL, 'o'}, {0}};
	struct corrections c = {.prefix = "correction", .items = {.format = ITEMS_JSONL, .corrections = true}};
	bool fine = true;
	for (int o; fine && (o = getopt_long(argc, argv, "", longs, NULL)) != -1;) {
		c.prefix = o == 'p' ? optarg : c.prefix;
		c.items.bytes = o == 'o' ? strcmp(optarg, "bytes") == 0 : c.items.bytes;
		fine = o == 'p' || (o == 'o' && (c.items.bytes || strcmp(optarg, "chars") == 0));
	}
	if (!fine || optind + 1 < argc || strlen(c.prefix) > 64)
		return model_usage(stderr, EXIT_USAGE);
	c.path = optind < argc ? argv[optind] : "/dev/stdin";
	return run(&c);
}
