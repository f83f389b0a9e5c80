/* model info: what a model is. */
#include <getopt.h>

#include "base/types.h"
#include "cmd/commands.h"
#include "cmd/model_pipeline.h"
#include "cmd/model_verbs.h"
#include "local_model/tagger_parts.h"

/* The least score a class reports, and from which bucket on, beside another mention; 0 if it reports nothing. */
static unsigned least_score(const struct model_type *t, unsigned *bucket)
{
	for (unsigned i = 0; i < MODEL_BUCKETS; i++) {
		*bucket = i;
		if (t->company[i] > 0)
			return t->company[i];
	}
	return 0;
}

static void hex(struct buf *b, struct span s)
{
	for (size_t i = 0; i < s.n; i++)
		buf_printf(b, "%02x", s.p[i]);
}

/* Where the model came from, in the order of the answer. */
static void print_plain(struct buf *b, const char *path, const struct pipeline *p)
{
	const struct model *m = &p->tagger->model;
	const struct bundle_manifest *f = &p->model.manifest;
	buf_printf(b, "model       %s\n",
		   path == NULL       ? "inside the program (bailiwick " BW_VERSION ")"
		   : p->model.bundled ? "in a bundle; whether a key of yours signed it, install says"
				      : "a bare file");
	if (p->model.bundled)
		buf_printf(b,
			   "name        %.*s\nversion     %.*s\nsequence    %llu\nlanguages   %.*s\nself-test   %zu "
			   "bytes; recall "
			   "at least %.3f, token precision %.3f\n",
			   SPAN_ARG(f->name), SPAN_ARG(f->version), (unsigned long long)f->sequence,
			   SPAN_ARG(f->languages), p->model.bundle.test.n, (double)f->recall / 1000,
			   (double)f->precision / 1000);
	if (p->model.bundle.remark.n > 0)
		buf_printf(b, "installed   %.*s\n", SPAN_ARG(p->model.bundle.remark));
	buf_printf(b, "format      %d\nhash        ", MODEL_VERSION);
	hex(b, tagger_id(p->tagger));
	buf_printf(
		b,
		"\nsize        %zu bytes; %zu channels, %zu convolutions, %zu tokens to each side, %zu words listed\n",
		p->model.model.n, m->channels, m->n_convs, m->reach, m->n_list);
	buf_printf(b, "kernel      %s\n\n%-28s %s\n", tagger_kernel(p->tagger), "class", "reports from score");
	for (size_t i = 0; i < m->n_types; i++) {
		unsigned bucket, score = least_score(&m->types[i], &bucket);
		buf_printf(b, "%-28s ", type_info((enum type_id)m->types[i].type)->name);
		if (score == 0)
			buf_add_str(b, "nothing\n");
		else
			buf_printf(b, "%u (margin %d a token)\n", score, (int)bucket * m->margin_unit);
	}
}

static void manifest_json(struct buf *b, const struct model_file *m)
{
	const struct bundle_manifest *f = &m->manifest;
	const struct span texts[] = {f->name, f->version, m->bundle.remark};
	static const char *const names[] = {"name", "version", "remark"};
	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
		buf_printf(b, ",\"%s\":", names[i]);
		if (texts[i].n > 0)
			buf_add_json(b, texts[i]);
		else
			buf_add_str(b, "null");
	}
	buf_add_str(b, ",\"languages\":[");
	for (size_t i = 0, end; i < f->languages.n && f->languages.p[0] != '-'; i = end + 1) {
		struct span rest = span_sub(f->languages, i, f->languages.n);
		end = i + span_find(rest, ',');
		buf_add_str(b, i > 0 ? "," : "");
		buf_add_json(b, span_sub(f->languages, i, end));
	}
	buf_add_byte(b, ']');
	if (m->bundled)
		buf_printf(b,
			   ",\"sequence\":%llu,\"self_test\":{\"bytes\":%zu,\"recall\":%.3f,\"token_precision\":%.3f}",
			   (unsigned long long)f->sequence, m->bundle.test.n, (double)f->recall / 1000,
			   (double)f->precision / 1000);
}

static void print_json(struct buf *b, const char *path, const struct pipeline *p)
{
	const struct model *m = &p->tagger->model;
	buf_printf(b, "{\"source\":\"%s\"", path == NULL ? "program" : p->model.bundled ? "bundle" : "file");
	manifest_json(b, &p->model);
	buf_printf(b, ",\"format\":%d,\"hash\":\"", MODEL_VERSION);
	hex(b, tagger_id(p->tagger));
	buf_printf(
		b,
		"\",\"bytes\":%zu,\"channels\":%zu,\"convolutions\":%zu,\"reach\":%zu,\"listed_words\":%zu,\"kernel\":",
		p->model.model.n, m->channels, m->n_convs, m->reach, m->n_list);
	buf_add_json(b, span_str(tagger_kernel(p->tagger)));
	buf_add_str(b, ",\"classes\":[");
	for (size_t i = 0; i < m->n_types; i++) {
		unsigned bucket, score = least_score(&m->types[i], &bucket);
		buf_printf(b, "%s{\"type\":\"%s\",\"bias\":%d,\"least_score\":", i > 0 ? "," : "",
			   type_info((enum type_id)m->types[i].type)->name, (int)m->types[i].bias);
		if (score == 0)
			buf_add_str(b, "null,\"least_margin\":null}");
		else
			buf_printf(b, "%u,\"least_margin\":%d}", score, (int)bucket * m->margin_unit);
	}
	buf_add_str(b, "]}\n");
}

int model_info(int argc, char **argv)
{
	static const struct option longs[] = {{"json", no_argument, NULL, 'j'}, {0}};
	bool json = false;
	for (int o; (o = getopt_long(argc, argv, "", longs, NULL)) != -1;) {
		if (o != 'j')
			return model_usage(stderr, EXIT_USAGE);
		json = true;
	}
	if (optind + 1 < argc)
		return model_usage(stderr, EXIT_USAGE);
	const char *path = optind < argc ? argv[optind] : NULL, *why = "";
	struct pipeline p = {0};
	struct buf b = {0};
	int code = EXIT_FINE;
	enum err e = pipeline_open(&p, path, &why);
	if (e != ERR_OK) {
		code = model_complain(path == NULL ? "the program's model" : path, why,
				      e == ERR_NOT_FOUND || e == ERR_IO ? EXIT_UNREADABLE : EXIT_PROBLEM);
	} else {
		if (json)
			print_json(&b, path, &p);
		else
			print_plain(&b, path, &p);
		if (buf_err(&b) != ERR_OK || fwrite(b.p, 1, b.n, stdout) != b.n)
			code = EXIT_UNREADABLE;
	}
	pipeline_close(&p);
	buf_fini(&b);
	return code;
}
