/* model: the tagger's model, what it is, how well and how fast it finds, and how another one comes into use. */
#include <string.h>

#include "cmd/commands.h"
#include "cmd/model_verbs.h"

static const struct {
	const char *name;
	int (*run)(int argc, char **argv);
} verbs[] = {
	{"info", model_info},
	{"eval", model_eval},
	{"bench", model_bench},
	{"install", model_install},
	{"bundle", model_bundle},
	{"key", model_key},
	{"corrections", model_corrections},
};

int model_usage(FILE *out, int code)
{
	fputs("usage: bailiwick model info        [--json] [FILE]\n"
	      "       bailiwick model eval        [--json] [--format F] [--model FILE | --no-model | -c FILE] FILE\n"
	      "       bailiwick model bench       [--json] [--model FILE] [FILE]\n"
	      "       bailiwick model install     -c FILE [--key VKEY] [--allow-rollback REASON] BUNDLE\n"
	      "       bailiwick model bundle      --model FILE --test FILE --key FILE --version V --sequence N OUT\n"
	      "       bailiwick model key         NAME FILE\n"
	      "       bailiwick model corrections [--prefix P] [FILE]\n\n"
	      "  info         what the model inside the program, in a file or in a bundle is\n"
	      "  eval         how much patterns and tagger find together in an annotated file\n"
	      "  bench        how fast the tagger is on this machine, for each instruction set it has\n"
	      "  install      put a signed bundle where the configuration has its model; SIGHUP takes it into use\n"
	      "  bundle       make one of a model, with a self-test that must pass before it is installed\n"
	      "  key          make a key to sign bundles with: the secret one into FILE, the public one is printed\n"
	      "  corrections  reviewers' corrections, {\"text\",\"spans\"} a line, checked, as annotated prompts\n\n"
	      "eval:\n"
	      "  --format     auto, prompts ({\"id\",\"lang\",\"domain\",\"text\"} with marked-up text), jsonl\n"
	      "               ({\"text\",\"spans\":[{\"start\",\"end\",\"type\"}]}), conll (a token and its tag a\n"
	      "               line) or brat (.ann beside .txt; FILE may be a folder)\n"
	      "  --offsets    chars (the default: code points) or bytes (of UTF-8), of jsonl\n"
	      "  --map        LABEL=TYPE,… for labels of another convention; LABEL=- to leave them out of the count;\n"
	      "               DOB=DATE counts findings so too\n"
	      "  --types      TYPE,… that the file annotates; findings of others count neither way\n"
	      "  --sentences  N sentences of conll make one text (1)\n"
	      "  --lower      the texts in lower case\n"
	      "  -c FILE      with the model, lists and thresholds of this configuration\n\n"
	      "bundle:\n"
	      "  --name       of the model (tagger)\n"
	      "  --languages  it is meant for: de,en\n"
	      "  --recall, --precision\n"
	      "               what the self-test must reach, in thousandths (0)\n",
	      out);
	return code;
}

int model_complain(const char *file, const char *why, int code)
{
	fprintf(stderr, "bailiwick model: %s: %s\n", file, why);
	return code;
}

int cmd_model(int argc, char **argv)
{
	if (argc < 2)
		return model_usage(stderr, EXIT_USAGE);
	if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0)
		return model_usage(stdout, EXIT_FINE);
	for (int i = 2; i < argc; i++)
		if (strcmp(argv[i], "--help") == 0)
			return model_usage(stdout, EXIT_FINE);
	for (size_t i = 0; i < sizeof verbs / sizeof *verbs; i++)
		if (strcmp(argv[1], verbs[i].name) == 0)
			return verbs[i].run(argc - 1, argv + 1);
	return model_usage(stderr, EXIT_USAGE);
}
