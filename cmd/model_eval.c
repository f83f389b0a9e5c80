/* model eval: how much patterns and tagger find together in annotated text. */
#include <getopt.h>
#include <stdlib.h>
#include <unistd.h>

#include "cmd/commands.h"
#include "cmd/model_run.h"
#include "cmd/model_verbs.h"

/* A row for each name only where it says something, or where there are few. */
enum { NAME_WIDTH = 14, FEW = 50, SOME = 30 };

struct eval {
	const char *path, *model, *config;
	bool json, bare, lower;
	struct items_options items;
	struct label_map map;
	uint64_t labels;
	bool tell; /* progress, on a terminal */
	uint64_t told;
};

/* --- progress and complaints --- */

static void bad_item(void *arg, const char *why)
{
	const struct eval *e = arg;
	fprintf(stderr, "%s%s; left out\n", e->tell ? "\r\033[K" : "", why);
}

static void progress(void *arg, uint64_t texts, int percent)
{
	struct eval *e = arg;
	enum { EVERY = 50 };
	if (!e->tell || texts < e->told + EVERY)
		return;
	e->told = texts;
	if (percent < 0)
		fprintf(stderr, "\r\033[K%llu texts", (unsigned long long)texts);
	else
		fprintf(stderr, "\r\033[K%llu texts, %d %%", (unsigned long long)texts, percent);
}

/* --- for people --- */

static void print_share(struct share s)
{
	if (s.n == 0)
		printf(" %19s", "-");
	else
		printf(" %.3f [%.3f-%.3f]", s.value, s.low, s.high);
}

static void head_of(const char *what, bool label)
{
	printf("\n%-14s %8s %-19s %-19s %-19s %6s %6s%s\n", what, "mentions", " recall", " of its type",
	       " token precision", "F2", "exact", label ? "" : "   benign, alarms per 1,000");
}

/* Spaces behind a name, which may have characters of several bytes. */
static int pad_of(const char *name, int width)
{
	int n = 0;
	for (const char *p = name; *p != '\0'; p++)
		n += ((uint8_t)*p & 0xc0) != 0x80;
	return n < width ? width - n : 0;
}

static void row(const char *name, const struct score *s, bool label)
{
	printf("%s%*s %8llu", name, pad_of(name, NAME_WIDTH), "", (unsigned long long)s->mentions);
	print_share(score_recall(s));
	print_share(score_recall_right(s));
	print_share(score_precision(s));
	printf("  %.3f  %.3f", score_f2(s), score_exact_f1(s));
	struct share a = score_alarms(s);
	if (!label && a.n > 0)
		printf("   %5llu, %.0f [%.0f-%.0f]", (unsigned long long)a.n, 1000 * a.value, 1000 * a.low,
		       1000 * a.high);
	putchar('\n');
}

static void print_groups(const char *what, const struct score_groups *g)
{
	if (g->n == 1 && g->v[0].name[0] == '-')
		return;
	struct score rest = {0};
	head_of(what, false);
	for (size_t i = 0; i < g->n; i++) {
		const struct score *s = &g->v[i].score;
		if (s->mentions >= FEW || s->benign >= FEW || g->n <= SOME)
			row(g->v[i].name, s, false);
		else
			score_add(&rest, s);
	}
	if (rest.texts > 0)
		row("others", &rest, false);
}

static void print_table(const struct scores *s, uint64_t left_out)
{
	printf("%llu texts, %llu left out. Recall: half of a mention covered by any finding; of its type: by its "
	       "own.\nF2: of tokens, whatever the type (by type: of that type); exact: F1 of spans and types. In "
	       "brackets: 95 %% "
	       "(Wilson).\n",
	       (unsigned long long)s->all.texts, (unsigned long long)left_out);
	head_of("type", true);
	for (size_t i = 0; i < LABEL_COUNT; i++)
		if (s->labels[i].mentions + s->labels[i].findings > 0)
			row(label_name((enum label)i), &s->labels[i], true);
	print_groups("language", &s->languages);
	print_groups("domain", &s->domains);
	head_of("", false);
	row("all", &s->all, false);
}

/* --- for programs --- */

static void share_json(struct buf *b, const char *name, struct share s)
{
	buf_printf(b, ",\"%s\":{\"k\":%llu,\"n\":%llu", name, (unsigned long long)s.k, (unsigned long long)s.n);
	if (s.n > 0)
		buf_printf(b, ",\"value\":%.5f,\"low\":%.5f,\"high\":%.5f", s.value, s.low, s.high);
	buf_add_byte(b, '}');
}

static void score_json(struct buf *b, const char *name, const struct score *s)
{
	buf_add_str(b, "{\"name\":");
	buf_add_json(b, span_str(name));
	buf_printf(b, ",\"texts\":%llu,\"mentions\":%llu,\"findings\":%llu", (unsigned long long)s->texts,
		   (unsigned long long)s->mentions, (unsigned long long)s->findings);
	share_json(b, "recall", score_recall(s));
	share_json(b, "recall_of_type", score_recall_right(s));
	share_json(b, "finding_precision", share_of(s->right, s->findings));
	share_json(b, "token_precision", score_precision(s));
	share_json(b, "token_recall", share_of(s->tokens_right, s->tokens_right + s->tokens_missed));
	buf_printf(b, ",\"f2\":%.5f,\"exact_f1\":%.5f", score_f2(s), score_exact_f1(s));
	share_json(b, "benign_with_finding", score_alarms(s));
	buf_add_byte(b, '}');
}

static void groups_json(struct buf *b, const char *name, const struct score_groups *g)
{
	buf_printf(b, ",\"%s\":[", name);
	for (size_t i = 0; i < g->n; i++) {
		buf_add_str(b, i == 0 ? "\n" : ",\n");
		score_json(b, g->v[i].name, &g->v[i].score);
	}
	buf_add_byte(b, ']');
}

static bool print_json(const struct eval *e, const struct pipeline *p, const struct scores *s, uint64_t left_out)
{
	struct buf b = {0};
	const struct tagger *t = pipeline_tagger(p);
	buf_add_str(&b, "{\"file\":");
	buf_add_json(&b, span_str(e->path));
	buf_add_str(&b, ",\"model\":");
	if (t == NULL) {
		buf_add_str(&b, "null");
	} else {
		struct span id = tagger_id(t);
		buf_add_byte(&b, '"');
		for (size_t i = 0; i < id.n; i++)
			buf_printf(&b, "%02x", id.p[i]);
		buf_add_byte(&b, '"');
	}
	buf_printf(&b, ",\"texts\":%llu,\"left_out\":%llu,\"all\":", (unsigned long long)s->all.texts,
		   (unsigned long long)left_out);
	score_json(&b, "all", &s->all);
	buf_add_str(&b, ",\"types\":[");
	const char *comma = "\n";
	for (size_t i = 0; i < LABEL_COUNT; i++) {
		if (s->labels[i].mentions + s->labels[i].findings == 0)
			continue;
		buf_add_str(&b, comma);
		score_json(&b, label_name((enum label)i), &s->labels[i]);
		comma = ",\n";
	}
	buf_add_byte(&b, ']');
	groups_json(&b, "languages", &s->languages);
	groups_json(&b, "domains", &s->domains);
	buf_add_str(&b, "}\n");
	bool ok = buf_err(&b) == ERR_OK && fwrite(b.p, 1, b.n, stdout) == b.n;
	buf_fini(&b);
	return ok;
}

/* --- the verb --- */

static bool parse_format(const char *word, enum item_format *out)
{
	static const char *const words[] = {"auto", "prompts", "jsonl", "conll", "brat"};
	for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
		*out = (enum item_format)i;
		if (strcmp(word, words[i]) == 0)
			return true;
	}
	return false;
}

static bool parse_sentences(const char *word, unsigned *out)
{
	uint64_t n;
	if (!span_u64(span_str(word), &n) || n < 1 || n > 1000)
		return false;
	*out = (unsigned)n;
	return true;
}

static bool parse_option(struct eval *e, int o)
{
	switch (o) {
	case 'j':
		e->json = true;
		return true;
	case 'n':
		e->bare = true;
		return true;
	case 'l':
		e->lower = true;
		return true;
	case 'm':
		e->model = optarg;
		return true;
	case 'c':
		e->config = optarg;
		return true;
	case 'f':
		return parse_format(optarg, &e->items.format);
	case 'o':
		e->items.bytes = strcmp(optarg, "bytes") == 0;
		return e->items.bytes || strcmp(optarg, "chars") == 0;
	case 'p':
		return label_map_parse(span_str(optarg), &e->map) == ERR_OK;
	case 't':
		return label_set_parse(span_str(optarg), &e->labels) == ERR_OK;
	case 's':
		return parse_sentences(optarg, &e->items.sentences);
	default:
		return false;
	}
}

static bool parse(struct eval *e, int argc, char **argv)
{
	static const struct option longs[] = {{"json", no_argument, NULL, 'j'},
					      {"format", required_argument, NULL, 'f'},
					      {"offsets", required_argument, NULL, 'o'},
					      {"map", required_argument, NULL, 'p'},
					      {"types", required_argument, NULL, 't'},
					      {"sentences", required_argument, NULL, 's'},
					      {"lower", no_argument, NULL, 'l'},
					      {"model", required_argument, NULL, 'm'},
					      {"no-model", no_argument, NULL, 'n'},
					      {"config", required_argument, NULL, 'c'},
					      {0}};
	for (int o; (o = getopt_long(argc, argv, "c:", longs, NULL)) != -1;)
		if (!parse_option(e, o))
			return false;
	if (optind + 1 != argc || (e->model != NULL) + (e->config != NULL) + e->bare > 1)
		return false;
	e->path = argv[optind];
	e->items.map = &e->map;
	return true;
}

static enum err open_pipeline(const struct eval *e, struct pipeline *p)
{
	struct snapshot_problem problem = {0};
	const char *why = NULL;
	enum err err = e->config != NULL ? pipeline_open_config(p, e->config, &problem)
		       : e->bare         ? pipeline_open_bare(p)
					 : pipeline_open(p, e->model, &why);
	if (err != ERR_OK && e->config != NULL)
		fprintf(stderr, "bailiwick model: %s:%u: %s\n", problem.file, problem.line, problem.text);
	else if (err != ERR_OK)
		fprintf(stderr, "bailiwick model: %s: %s\n", e->model == NULL ? "the model" : e->model,
			why == NULL ? err_text(err) : why);
	return err;
}

static int run(struct eval *e, struct pipeline *p, struct scores *s)
{
	struct items items;
	struct model_run r = {.pipeline = p,
			      .items = &items,
			      .scores = s,
			      .lower = e->lower,
			      .bad = bad_item,
			      .progress = progress,
			      .arg = e};
	enum err err = items_open(&items, e->path, SPAN_NULL, &e->items);
	bool opened = err == ERR_OK;
	scores_init(s, e->labels);
	if (opened)
		err = model_run(&r);
	if (e->tell)
		fputs("\r\033[K", stderr);
	if (err != ERR_OK && items.why[0] != '\0')
		fprintf(stderr, "bailiwick model: %s\n", items.why);
	else if (err != ERR_OK)
		fprintf(stderr, "bailiwick model: %s: %s\n", e->path, err_text(err));
	items_close(&items);
	if (err != ERR_OK)
		return opened ? EXIT_PROBLEM : EXIT_UNREADABLE;
	score_groups_sort(&s->languages);
	score_groups_sort(&s->domains);
	if (e->json)
		return print_json(e, p, s, r.left_out) ? EXIT_FINE : EXIT_UNREADABLE;
	print_table(s, r.left_out);
	return EXIT_FINE;
}

int model_eval(int argc, char **argv)
{
	struct eval e = {.labels = UINT64_MAX, .items.sentences = 1, .tell = isatty(STDERR_FILENO) == 1};
	struct pipeline p = {0};
	if (!parse(&e, argc, argv))
		return model_usage(stderr, EXIT_USAGE);
	struct scores *s = malloc(sizeof *s);
	int code = EXIT_UNREADABLE;
	if (s != NULL && open_pipeline(&e, &p) == ERR_OK)
		code = run(&e, &p, s);
	pipeline_close(&p);
	free(s);
	return code;
}
