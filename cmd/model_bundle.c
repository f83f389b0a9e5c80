/* model bundle: a model, its self-test and a signature in one file; model key: what signs it. */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <unistd.h>

#include "audit/keygen.h"
#include "cmd/commands.h"
#include "cmd/model_selftest.h"
#include "cmd/model_verbs.h"
#include "proxy/gate/file.h"
#include "proxy/gate/model_file.h"

enum { MAX_KEY = 4096 };

struct making {
	const char *model, *test, *key, *out;
	struct bundle_manifest m;
	struct buf model_bytes, test_bytes, key_text, text, note, file;
};

static bool thousandths(const char *word, uint64_t *out)
{
	return span_u64(span_str(word), out) && *out <= 1000;
}

static bool parse_option(struct making *mk, int o)
{
	switch (o) {
	case 'm':
		mk->model = optarg;
		return true;
	case 't':
		mk->test = optarg;
		return true;
	case 'k':
		mk->key = optarg;
		return true;
	case 'n':
		mk->m.name = span_str(optarg);
		return true;
	case 'v':
		mk->m.version = span_str(optarg);
		return true;
	case 'l':
		mk->m.languages = span_str(optarg);
		return true;
	case 's':
		return span_u64(span_str(optarg), &mk->m.sequence);
	case 'r':
		return thousandths(optarg, &mk->m.recall);
	case 'p':
		return thousandths(optarg, &mk->m.precision);
	default:
		return false;
	}
}

static bool parse(struct making *mk, int argc, char **argv)
{
	static const struct option longs[] = {
		{"model", required_argument, NULL, 'm'},     {"test", required_argument, NULL, 't'},
		{"key", required_argument, NULL, 'k'},       {"name", required_argument, NULL, 'n'},
		{"version", required_argument, NULL, 'v'},   {"languages", required_argument, NULL, 'l'},
		{"sequence", required_argument, NULL, 's'},  {"recall", required_argument, NULL, 'r'},
		{"precision", required_argument, NULL, 'p'}, {0}};
	mk->m.name = SPAN("tagger");
	mk->m.languages = SPAN("-");
	for (int o; (o = getopt_long(argc, argv, "", longs, NULL)) != -1;)
		if (!parse_option(mk, o))
			return false;
	if (optind + 1 != argc || mk->model == NULL || mk->test == NULL || mk->key == NULL || mk->m.version.n == 0)
		return false;
	mk->out = argv[optind];
	return true;
}

static bool write_new(const char *path, struct span bytes)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0644);
	if (fd < 0)
		return false;
	bool ok = write(fd, bytes.p, bytes.n) == (ssize_t)bytes.n && fsync(fd) == 0;
	ok = close(fd) == 0 && ok;
	if (!ok)
		unlink(path);
	return ok;
}

/* Manifest, signature, file. */
static enum err sign(struct making *mk, const char **why)
{
	struct note_skey key;
	enum err e = bundle_manifest_format(&mk->m, &mk->text);
	*why = "name, version, sequence or languages are not of their form: tagger, 2.1, 1…, de,en";
	if (e != ERR_OK)
		return e;
	*why = "this is no secret key; 'bailiwick model key' makes one";
	e = note_skey_parse(span_trim(buf_span(&mk->key_text)), &key);
	if (e == ERR_OK)
		e = note_sign(buf_span(&mk->text), &key, &mk->note);
	explicit_bzero(&key, sizeof key);
	if (e != ERR_OK)
		return e;
	const struct bundle b = {
		.model = buf_span(&mk->model_bytes), .note = buf_span(&mk->note), .test = buf_span(&mk->test_bytes)};
	*why = "model and self-test are too large for a bundle (64 MiB)";
	return bundle_format(&b, &mk->file);
}

static int make(struct making *mk)
{
	const char *const paths[] = {mk->model, mk->test, mk->key};
	struct buf *const bufs[] = {&mk->model_bytes, &mk->test_bytes, &mk->key_text};
	const char *why = "";
	struct selftest test;
	for (size_t i = 0; i < sizeof paths / sizeof *paths; i++) {
		enum err e = file_read(paths[i], i < 2 ? BUNDLE_MAX : MAX_KEY, bufs[i]);
		if (e != ERR_OK)
			return model_complain(paths[i], err_text(e), EXIT_UNREADABLE);
	}
	mk->m.model = bundle_part_of(buf_span(&mk->model_bytes));
	mk->m.test = bundle_part_of(buf_span(&mk->test_bytes));
	if (selftest_run(buf_span(&mk->model_bytes), buf_span(&mk->test_bytes), &mk->m, &test) != ERR_OK)
		return model_complain(mk->model, test.why, EXIT_PROBLEM);
	if (sign(mk, &why) != ERR_OK)
		return model_complain(mk->out, why, EXIT_PROBLEM);
	if (!write_new(mk->out, buf_span(&mk->file)))
		return model_complain(mk->out, strerror(errno), EXIT_UNREADABLE);
	printf("%s: %.*s %.*s, sequence %llu; self-test: recall %.3f, token precision %.3f\n", mk->out,
	       SPAN_ARG(mk->m.name), SPAN_ARG(mk->m.version), (unsigned long long)mk->m.sequence, test.recall.value,
	       test.precision.value);
	return EXIT_FINE;
}

int model_bundle(int argc, char **argv)
{
	struct making mk = {0};
	if (!parse(&mk, argc, argv))
		return model_usage(stderr, EXIT_USAGE);
	int code = make(&mk);
	buf_fini(&mk.model_bytes);
	buf_fini(&mk.test_bytes);
	buf_fini(&mk.key_text);
	buf_fini(&mk.text);
	buf_fini(&mk.note);
	buf_fini(&mk.file);
	return code;
}

int model_key(int argc, char **argv)
{
	struct buf vkey = {0};
	if (argc != 3 || argv[1][0] == '-')
		return model_usage(stderr, EXIT_USAGE);
	enum err e = signer_keygen(argv[2], argv[1], &vkey);
	int code = EXIT_FINE;
	if (e == ERR_CONFIG)
		code = model_complain(argv[2], "there is such a file already", EXIT_PROBLEM);
	else if (e == ERR_SYNTAX)
		code = model_complain(argv[1], "a key's name has no spaces and no '+'", EXIT_PROBLEM);
	else if (e != ERR_OK)
		code = model_complain(argv[2], err_text(e), EXIT_UNREADABLE);
	else
		printf("%.*s\n", SPAN_ARG(buf_span(&vkey)));
	buf_fini(&vkey);
	return code;
}
