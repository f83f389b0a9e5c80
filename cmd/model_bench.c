/* model bench: how fast the tagger is on this machine, by kernel, and text to findings with all lexers. */
#include <getopt.h>
#include <stdlib.h>
#include <time.h>

#include "cmd/commands.h"
#include "cmd/model_pipeline.h"
#include "cmd/model_verbs.h"
#include "local_model/tagger_parts.h"
#include "proxy/gate/file.h"

enum { MAX_TEXT = 64 << 20, WORDS = 500, MS_EACH = 300, PARTS = 5 };

/* Invented people. Repeated until there is enough of it. */
static const char sample[] =
	"Dear colleagues, please find below the notes on the claim of Ms Helena Brandt, born on 14 March 1978, who "
	"lives at "
	"Lindenweg 12, 50674 Köln and works as a nurse at the Marienhospital. She was treated for type 2 diabetes and "
	"takes "
	"metformin 500 mg; her policy number is LV-2291-8840 and her e-mail address helena.brandt@example.org. On "
	"Tuesday "
	"she called Tomasz Nowak in our office and asked for the refund to be paid to DE89 3704 0044 0532 0130 00.\n\n"
	"What we need from you is a short letter in plain language that explains which documents are still missing, "
	"how "
	"long the review usually takes and whom to call with questions. Keep the tone friendly, avoid legal terms "
	"where a "
	"common word will do, and close with the usual line about the right to object. If the letter gets longer than "
	"a "
	"page, put the list of documents into a table of its own and refer to it in the text. Thank you very much, and "
	"let "
	"us know by the end of the week whether that will work for you.\n\n";

struct bench {
	struct pipeline pipeline;
	struct tagger_scratch *scratch;
	struct buf text, given;
	struct span words;
	size_t tokens, word_tokens;
	bool json;
	struct buf out;
};

static double now_us(void)
{
	struct timespec t;
	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	return (double)t.tv_sec * 1e6 + (double)t.tv_nsec * 1e-3;
}

static void count(void *sink, uint16_t type, uint32_t start, uint32_t end, uint8_t score)
{
	(void)type, (void)start, (void)end, (void)score;
	++*(size_t *)sink;
}

static size_t tokens_of(const struct tagger *t, struct span text)
{
	struct tokenizer z;
	struct token token;
	size_t n = 0;
	tokenizer_init(&z, &t->alphabet, text);
	while (tokenizer_next(&z, &token))
		n++;
	return n;
}

/* One pass over the text: microseconds of this thread's processor time. */
struct work {
	struct bench *b;
	struct span text;
	size_t looked;
	enum err err;
};

static void tag(struct work *w)
{
	size_t found = 0;
	w->looked = tagger_tag(w->b->pipeline.tagger, w->b->scratch, w->text, count, &found);
}

static void classify(struct work *w)
{
	struct arena a;
	struct findings f = {0};
	struct text_context ctx = {0};
	arena_init(&a, 0);
	w->err = classify_text(w->b->pipeline.classifier, w->b->pipeline.scratch, NULL, w->text, &ctx, &a, &f);
	w->looked = f.tagged;
	arena_fini(&a);
}

/* The best of several shorter measurements: what other work on the machine takes away is not ours. */
static double measure(void (*run)(struct work *w), struct work *w)
{
	double best = 0;
	run(w);
	for (unsigned part = 0; part < PARTS; part++) {
		double start = now_us(), spent;
		size_t rounds = 0;
		do {
			run(w);
			rounds++;
			spent = now_us() - start;
		} while (spent < MS_EACH * 1000.0 / PARTS);
		if (part == 0 || spent / (double)rounds < best)
			best = spent / (double)rounds;
	}
	return best;
}

static void line(struct bench *b, const char *kernel, bool gate, bool first)
{
	struct work all = {.b = b, .text = buf_span(&b->text)}, some = {.b = b, .text = b->words};
	double whole = measure(tag, &all), words = measure(tag, &some);
	double share = 100.0 * (double)all.looked / (double)b->text.n;
	double findings = measure(classify, &some);
	double rate = (double)b->tokens / whole;
	if (b->json)
		buf_printf(&b->out,
			   "%s{\"kernel\":\"%s\",\"gate\":%s,\"tokens_per_second\":%.0f,\"tag_us\":%.1f,"
			   "\"classify_us\":%.1f,\"looked_at\":%.3f}",
			   first ? "" : ",", kernel, gate ? "true" : "false", rate * 1e6, words, findings, share / 100);
	else
		printf("%-12s %-4s %8.3f %12.0f %14.0f %12.0f %%\n", kernel, gate ? "on" : "off", rate, words, findings,
		       share);
}

static void report(struct bench *b)
{
	struct tagger *t = b->pipeline.tagger;
	const struct kernel *picked = t->kernel;
	size_t n;
	const struct kernel *const *kernels = kernel_all(&n);
	if (b->json)
		buf_printf(&b->out, "{\"words\":%d,\"tokens\":%zu,\"picked\":\"%s\",\"kernels\":[", WORDS,
			   b->word_tokens, picked->name);
	else
		printf("%d words are %zu tokens; this machine uses %s. Processor time of one thread.\n\n"
		       "%-12s %-4s %8s %12s %14s %14s\n",
		       WORDS, b->word_tokens, picked->name, "kernel", "gate", "Mtok/s", "tagging, us", "findings, us",
		       "net looked at");
	for (size_t i = 0; i < n; i++) {
		for (unsigned gate = 0; gate < 2; gate++) {
			t->kernel = kernels[i];
			t->gate = gate != 0;
			line(b, kernels[i]->name, gate != 0, i + gate == 0);
		}
	}
	buf_add_str(&b->out, b->json ? "]}\n" : "");
}

/* The first words of the text, which is repeated until there are enough. */
static enum err prepare(struct bench *b, const char *path)
{
	enum err e = ERR_OK;
	struct span text = span_str(sample);
	if (path != NULL) {
		if ((e = file_read(path, MAX_TEXT, &b->given)) != ERR_OK)
			return e;
		text = buf_span(&b->given);
	}
	size_t words = 0, at = 0;
	if (span_find(text, ' ') == text.n)
		return ERR_SYNTAX;
	for (size_t i = 0; i < text.n; i++)
		words += text.p[i] == ' ';
	for (size_t i = 0; i < 1 + WORDS / words; i++)
		buf_add(&b->text, text);
	if ((e = buf_err(&b->text)) != ERR_OK)
		return e;
	for (size_t left = WORDS; left > 0; at++)
		left -= b->text.p[at] == ' ';
	b->words = span_sub(buf_span(&b->text), 0, at);
	b->tokens = tokens_of(b->pipeline.tagger, buf_span(&b->text));
	b->word_tokens = tokens_of(b->pipeline.tagger, b->words);
	b->scratch = tagger_scratch_new();
	return b->scratch == NULL ? ERR_NOMEM : ERR_OK;
}

static int run(struct bench *b, const char *model, const char *path)
{
	const char *why = "";
	if (pipeline_open(&b->pipeline, model, &why) != ERR_OK)
		return model_complain(model == NULL ? "the program's model" : model, why, EXIT_PROBLEM);
	enum err e = prepare(b, path);
	if (e == ERR_SYNTAX)
		return model_complain(path, "no words in it", EXIT_PROBLEM);
	if (e != ERR_OK)
		return model_complain(path == NULL ? "the text" : path, err_text(e), EXIT_UNREADABLE);
	report(b);
	if (buf_err(&b->out) != ERR_OK || fwrite(b->out.p, 1, b->out.n, stdout) != b->out.n)
		return EXIT_UNREADABLE;
	return EXIT_FINE;
}

int model_bench(int argc, char **argv)
{
	static const struct option longs[] = {
		{"json", no_argument, NULL, 'j'}, {"model", required_argument, NULL, 'm'}, {0}};
	struct bench b = {0};
	const char *model = NULL;
	for (int o; (o = getopt_long(argc, argv, "", longs, NULL)) != -1;) {
		if (o == 'j')
			b.json = true;
		else if (o == 'm')
			model = optarg;
		else
			return model_usage(stderr, EXIT_USAGE);
	}
	if (optind + 1 < argc)
		return model_usage(stderr, EXIT_USAGE);
	int code = run(&b, model, optind < argc ? argv[optind] : NULL);
	if (b.scratch != NULL)
		tagger_scratch_free(b.scratch);
	pipeline_close(&b.pipeline);
	buf_fini(&b.text);
	buf_fini(&b.given);
	buf_fini(&b.out);
	return code;
}
