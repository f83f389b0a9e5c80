/* classify: text in, findings out. */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>
#include <unistd.h>

#include "base/utf8.h"
#include "classifiers/classify.h"
#include "classifiers/context.h"
#include "classifiers/exact.h"
#include "classifiers/score.h"
#include "cmd/commands.h"
#include "cmd/jsonl.h"
#include "local_model/tagger.h"
#include "proxy/gate/builtin.h"
#include "proxy/gate/file.h"
#include "proxy/gate/model_file.h"
#include "proxy/gate/tagging.h"

enum { MAX_TEXT = 64 << 20 };

struct run {
	bool explain;
	struct buf model; /* the tagger reads it in place */
	struct tagger *tagger;
	struct classifier *classifier;
	struct classifier_scratch *scratch;
	struct arena arena;
	struct buf out;
};

static void explain_json(struct run *r, const struct reason *w)
{
	buf_printf(&r->out, ",\"why\":{\"prior\":%u,\"context\":", w->prior);
	buf_add_json(&r->out, span_str(w->word));
	buf_printf(&r->out,
		   ",\"near\":%u,\"against\":%u,\"surroundings\":%u,\"reserved\":%u,\"layout\":%s,\"firm\":%s,"
		   "\"column\":%s,\"disguised\":%s}",
		   w->near, w->against, w->surroundings, w->reserved, w->layout ? "true" : "false",
		   w->firm ? "true" : "false", w->column ? "true" : "false", w->disguised ? "true" : "false");
}

/* One line a finding: what its score is made of. */
static void explain_plain(struct run *r, const struct finding *f, const struct reason *w)
{
	struct span detector = classifier_detector_name(r->classifier, f->detector);
	buf_printf(&r->out, "                       %.*s: ", SPAN_ARG(detector));
	if (w->prior == 0) {
		buf_add_str(&r->out, "by a list or by the tagger, with that score\n");
		return;
	}
	buf_printf(&r->out, "%u for %s", w->prior,
		   w->firm       ? "a value behind the word that names it"
		   : w->near > 0 ? "its check and a word of context"
		   : w->layout   ? "its check and its separators"
				 : "its check alone");
	if (w->column)
		buf_add_str(&r->out, "; the head of its column");
	else if (w->word[0] != '\0')
		buf_printf(&r->out, "; \"%s\"", w->word);
	if (w->near > 0 && w->near < CONTEXT_NEAREST)
		buf_printf(&r->out, ", %u for the distance", CONTEXT_NEAREST - w->near);
	if (w->against > w->near)
		buf_add_str(&r->out, "; a word speaks for something else");
	if (w->surroundings > 0)
		buf_printf(&r->out, "; -%u for what stands around", w->surroundings);
	if (w->reserved > 0)
		buf_printf(&r->out, "; -%u for a range that is nobody's", w->reserved);
	if (w->disguised)
		buf_add_str(&r->out, "; read otherwise than written");
	buf_add_byte(&r->out, '\n');
}

static enum err classify(struct run *r, struct span text, struct findings *f, struct reason **why)
{
	struct text_context ctx = {0};
	*why = NULL;
	if (!utf8_valid(text))
		return ERR_ENCODING;
	return r->explain ? classify_explain(r->classifier, r->scratch, text, &ctx, &r->arena, f, why)
			  : classify_text(r->classifier, r->scratch, NULL, text, &ctx, &r->arena, f);
}

static void finding_json(struct run *r, const struct finding *f, const struct reason *why)
{
	buf_add_str(&r->out, "{\"type\":");
	buf_add_json(&r->out, classifier_type_name(r->classifier, f->type));
	buf_printf(&r->out, ",\"start\":%u,\"end\":%u,\"score\":%u,\"detector\":", f->start, f->end, f->score);
	buf_add_json(&r->out, classifier_detector_name(r->classifier, f->detector));
	buf_printf(&r->out, ",\"view\":\"%s\",\"classes\":[", view_name((enum view)f->view));
	class_set classes = classifier_type_classes(r->classifier, f->type);
	const char *comma = "";
	for (unsigned c = 0; c < CLASS_COUNT; c++) {
		if ((classes & CLASS_BIT(c)) == 0)
			continue;
		buf_add_str(&r->out, comma);
		buf_add_json(&r->out, class_name((enum legal_class)c));
		comma = ",";
	}
	buf_add_byte(&r->out, ']');
	if (why != NULL)
		explain_json(r, why);
	buf_add_byte(&r->out, '}');
}

static enum err classify_json(struct run *r, struct span id, struct span text)
{
	struct findings f = {0};
	struct reason *why;
	enum err e = classify(r, text, &f, &why);
	if (e != ERR_OK)
		return e;
	buf_add_byte(&r->out, '{');
	if (id.p != NULL) {
		buf_add_str(&r->out, "\"id\":");
		buf_add_json(&r->out, id);
		buf_add_byte(&r->out, ',');
	}
	buf_add_str(&r->out, "\"findings\":[");
	for (size_t i = 0; i < f.n; i++) {
		if (i > 0)
			buf_add_byte(&r->out, ',');
		finding_json(r, &f.v[i], why == NULL ? NULL : &why[i]);
	}
	buf_printf(&r->out, "],\"lexed\":%zu,\"tagged\":%zu,\"failed\":%zu}\n", f.lexed, f.tagged, f.failed);
	return buf_err(&r->out);
}

static enum err classify_plain(struct run *r, struct span text)
{
	struct findings f = {0};
	struct reason *why;
	enum err e = classify(r, text, &f, &why);
	for (size_t i = 0; e == ERR_OK && i < f.n; i++) {
		buf_printf(&r->out, "%8u-%-8u %3u  %-28.*s %.*s%s%s%s\n", f.v[i].start, f.v[i].end, f.v[i].score,
			   SPAN_ARG(classifier_type_name(r->classifier, f.v[i].type)),
			   SPAN_ARG(span_sub(text, f.v[i].start, f.v[i].end)), f.v[i].view == VIEW_RAW ? "" : " (",
			   f.v[i].view == VIEW_RAW ? "" : view_name((enum view)f.v[i].view),
			   f.v[i].view == VIEW_RAW ? "" : ")");
		if (why != NULL)
			explain_plain(r, &f.v[i], &why[i]);
	}
	if (e == ERR_OK && f.n == 0)
		buf_add_str(&r->out, "nothing found\n");
	return e == ERR_OK ? buf_err(&r->out) : e;
}

static int flush(struct run *r)
{
	bool ok = buf_err(&r->out) == ERR_OK && fwrite(r->out.p, 1, r->out.n, stdout) == r->out.n;
	buf_clear(&r->out);
	arena_reset(&r->arena);
	return ok ? EXIT_FINE : EXIT_UNREADABLE;
}

static int complain(const char *name, unsigned line, enum err e)
{
	fprintf(stderr, "bailiwick classify: %s:%u: %s\n", name, line, err_text(e));
	return EXIT_PROBLEM;
}

static int run_lines(struct run *r, FILE *in, const char *name)
{
	char *line = NULL;
	size_t cap = 0;
	unsigned number = 0;
	int code = EXIT_FINE;
	for (ssize_t n; code == EXIT_FINE && (n = getline(&line, &cap, in)) > 0;) {
		struct span object = span_trim(span_of(line, (size_t)n)), id, text;
		number++;
		if (object.n == 0)
			continue;
		enum err e = jsonl_member(object, SPAN("id"), &r->arena, &id);
		if (e == ERR_OK)
			e = jsonl_member(object, SPAN("text"), &r->arena, &text);
		if (e == ERR_OK && text.p == NULL)
			e = ERR_SYNTAX;
		if (e == ERR_OK)
			e = classify_json(r, id, text);
		code = e == ERR_OK ? flush(r) : complain(name, number, e);
	}
	free(line);
	return code;
}

static int run_whole(struct run *r, FILE *in, const char *name, bool json)
{
	struct buf text;
	buf_init(&text, MAX_TEXT);
	size_t n = 0;
	do {
		uint8_t *p = buf_reserve(&text, 64 * 1024);
		n = p == NULL ? 0 : fread(p, 1, 64 * 1024, in);
		text.n += n;
	} while (n > 0);
	enum err e = buf_err(&text);
	if (e == ERR_OK)
		e = json ? classify_json(r, SPAN_NULL, buf_span(&text)) : classify_plain(r, buf_span(&text));
	buf_fini(&text);
	return e == ERR_OK ? flush(r) : complain(name, 1, e);
}

static int usage(FILE *out, int code)
{
	fputs("usage: bailiwick classify [--jsonl | --json] [--explain] [--model FILE | --no-model] [FILE]\n"
	      "       bailiwick classify --hash-list [FILE]\n\n"
	      "Reads FILE or standard input and prints what the classifiers find, with byte offsets in the UTF-8 "
	      "text.\n"
	      "  --json     one object for the whole text\n"
	      "  --jsonl    one {\"id\",\"text\"} object a line in, one {\"id\",\"findings\"} object a line out\n"
	      "  --explain  why each finding has its score\n"
	      "  --hash-list\n"
	      "             terms in, one a line; keyed hashes of them out, for a house list with exact: true\n"
	      "  --model    a tagger of your own instead of the one inside the program\n"
	      "  --no-model only the lexers and dictionaries\n",
	      out);
	return code;
}

static enum err open_classifier(struct run *r, const char *model, bool no_model, struct classifier_diag *diag)
{
	struct classifier_options o = {.starter_health = true};
	struct span file = builtin_find(SPAN("models/tagger.bwm"));
	enum err e = ERR_OK;
	if (model != NULL) {
		if ((e = file_read(model, MAX_TEXT, &r->model)) != ERR_OK)
			return e;
		struct model_file opened;
		const char *why;
		if ((e = model_file_open(buf_span(&r->model), NULL, &opened, &why)) != ERR_OK)
			return e;
		file = opened.model;
	}
	if (!no_model && (r->tagger = tagger_new(file, &e)) == NULL)
		return e;
	tagging_join(r->tagger, &o);
	r->classifier = classifier_new(&o, diag, &e);
	r->scratch = r->classifier == NULL ? NULL : classifier_scratch_new(r->classifier);
	return r->scratch != NULL ? ERR_OK : e != ERR_OK ? e : ERR_NOMEM;
}

static void close_classifier(struct run *r)
{
	if (r->scratch != NULL)
		classifier_scratch_free(r->scratch);
	if (r->classifier != NULL)
		classifier_free(r->classifier);
	if (r->tagger != NULL)
		tagger_free(r->tagger);
	buf_fini(&r->model);
	arena_fini(&r->arena);
	buf_fini(&r->out);
}

/* The terms of an exact-data list, so that the gateway need not have them: hashes under a key made for the file. */
static int hash_list(FILE *in, const char *name)
{
	struct buf terms, out;
	struct classifier_diag diag = {0};
	uint8_t key[16];
	size_t n = 0;
	buf_init(&terms, MAX_TEXT);
	buf_init(&out, 0);
	do {
		uint8_t *p = buf_reserve(&terms, 64 * 1024);
		n = p == NULL ? 0 : fread(p, 1, 64 * 1024, in);
		terms.n += n;
	} while (n > 0);
	enum err e = buf_err(&terms);
	if (e == ERR_OK && getrandom(key, sizeof key, 0) != (ssize_t)sizeof key)
		e = ERR_INTERNAL;
	if (e == ERR_OK)
		e = exact_write(buf_span(&terms), key, &out, &diag);
	if (e == ERR_OK && fwrite(out.p, 1, out.n, stdout) != out.n)
		e = ERR_IO;
	if (e != ERR_OK)
		fprintf(stderr, "bailiwick classify: %s:%u: %s\n", name, diag.line,
			diag.text[0] != '\0' ? diag.text : err_text(e));
	explicit_bzero(key, sizeof key);
	buf_fini(&terms);
	buf_fini(&out);
	return e == ERR_OK ? EXIT_FINE : EXIT_PROBLEM;
}

int cmd_classify(int argc, char **argv)
{
	static const struct option longs[] = {
		{"jsonl", no_argument, NULL, 'l'},       {"json", no_argument, NULL, 'j'},
		{"model", required_argument, NULL, 'm'}, {"no-model", no_argument, NULL, 'n'},
		{"explain", no_argument, NULL, 'e'},     {"hash-list", no_argument, NULL, 'x'},
		{"help", no_argument, NULL, 'h'},        {0}};
	bool lines = false, json = false, no_model = false, explain = false, hash = false;
	const char *model = NULL;
	for (int o; (o = getopt_long(argc, argv, "h", longs, NULL)) != -1;) {
		if (o == 'l')
			lines = true;
		else if (o == 'j')
			json = true;
		else if (o == 'm')
			model = optarg;
		else if (o == 'n')
			no_model = true;
		else if (o == 'e')
			explain = true;
		else if (o == 'x')
			hash = true;
		else
			return usage(o == 'h' ? stdout : stderr, o == 'h' ? EXIT_FINE : EXIT_USAGE);
	}
	if (optind + 1 < argc || (model != NULL && no_model))
		return usage(stderr, EXIT_USAGE);
	const char *name = optind < argc ? argv[optind] : "-";
	FILE *in = optind < argc ? fopen(name, "rb") : stdin;
	if (in == NULL) {
		perror(name);
		return EXIT_UNREADABLE;
	}
	if (hash) {
		int done = hash_list(in, name);
		if (in != stdin)
			fclose(in);
		return done;
	}
	struct classifier_diag diag = {0};
	struct run r = {.explain = explain};
	int code = EXIT_PROBLEM;
	arena_init(&r.arena, 0);
	enum err e = open_classifier(&r, model, no_model, &diag);
	if (e != ERR_OK)
		fprintf(stderr, "bailiwick classify: %s\n", diag.text[0] != '\0' ? diag.text : err_text(e));
	else
		code = lines ? run_lines(&r, in, name) : run_whole(&r, in, name, json);
	close_classifier(&r);
	if (in != stdin)
		fclose(in);
	return code;
}
