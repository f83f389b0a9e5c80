/* model install: checks a bundle in every way there is and puts it where the configuration has its model. */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cmd/commands.h"
#include "cmd/model_selftest.h"
#include "cmd/model_verbs.h"
#include "cmd/report.h"
#include "proxy/gate/file.h"
#include "proxy/gate/snapshot.h"

enum { PATH_BYTES = 4096 };

struct install {
	const char *config, *key, *reason, *path;
	bool json;
	struct config *c;
	struct model_keys keys;
	struct buf file, installed, out;
	struct model_file model;
	struct selftest test;
	bool rolls_back;
};

/* --- who may sign --- */

/* Only the key that was asked for, which must be one of the configuration's. */
static bool keep_key(struct install *in)
{
	struct note_vkey wanted;
	if (note_vkey_parse(span_str(in->key), &wanted) != ERR_OK)
		return false;
	for (size_t i = 0; i < in->keys.n; i++) {
		if (memcmp(in->keys.v[i].key, wanted.key, sizeof wanted.key) != 0 ||
		    !span_eq(in->keys.v[i].name, wanted.name))
			continue;
		in->keys.v[0] = in->keys.v[i];
		in->keys.n = 1;
		return true;
	}
	return false;
}

static int load_keys(struct install *in)
{
	struct snapshot_problem problem = {0};
	if (in->c->model.p == NULL)
		return model_complain(in->config, "it names no model; set \"model: models/tagger.bwm\"", EXIT_PROBLEM);
	if (in->c->n_model_keys == 0)
		return model_complain(in->config, "it names no model_keys, so no signature could count", EXIT_PROBLEM);
	enum err e = snapshot_model_keys(in->c, &in->keys, &problem);
	if (e != ERR_OK)
		return model_complain(problem.file, problem.text,
				      e == ERR_NOT_FOUND || e == ERR_IO ? EXIT_UNREADABLE : EXIT_PROBLEM);
	if (in->key != NULL && !keep_key(in))
		return model_complain(in->config, "--key is none of the keys that it names under model_keys",
				      EXIT_PROBLEM);
	return EXIT_FINE;
}

/* --- the bundle --- */

static int open_bundle(struct install *in)
{
	const char *why;
	enum err e = file_read(in->path, BUNDLE_MAX, &in->file);
	if (e != ERR_OK)
		return model_complain(in->path, err_text(e), EXIT_UNREADABLE);
	e = model_file_open(buf_span(&in->file), &in->keys, &in->model, &why);
	return e == ERR_OK ? EXIT_FINE : model_complain(in->path, why, EXIT_PROBLEM);
}

/* What stands in its place now must be older. What is there but cannot be read might be newer. */
static int check_order(struct install *in)
{
	struct model_file now;
	const char *why;
	char text[256];
	enum err e = file_read((const char *)in->c->model.p, BUNDLE_MAX, &in->installed);
	if (e == ERR_NOT_FOUND || (e == ERR_OK && !bundle_looks(buf_span(&in->installed))))
		return EXIT_FINE;
	if (e != ERR_OK)
		return model_complain((const char *)in->c->model.p, err_text(e), EXIT_UNREADABLE);
	bool readable = model_file_open(buf_span(&in->installed), NULL, &now, &why) == ERR_OK;
	in->rolls_back = !readable || now.manifest.sequence >= in->model.manifest.sequence;
	if (!in->rolls_back || in->reason != NULL)
		return EXIT_FINE;
	if (!readable)
		return model_complain(
			(const char *)in->c->model.p,
			"the bundle in use is damaged, so that nobody can tell whether this one is newer; "
			"--allow-rollback takes a reason",
			EXIT_PROBLEM);
	snprintf(text, sizeof text,
		 "its sequence is %llu and that of the one in use is %llu; going back takes --allow-rollback REASON",
		 (unsigned long long)in->model.manifest.sequence, (unsigned long long)now.manifest.sequence);
	return model_complain(in->path, text, EXIT_PROBLEM);
}

static int check_quality(struct install *in)
{
	enum err e = selftest_run(in->model.model, in->model.bundle.test, &in->model.manifest, &in->test);
	return e == ERR_OK ? EXIT_FINE : model_complain(in->path, in->test.why, EXIT_PROBLEM);
}

/* --- into place --- */

static bool write_all(int fd, struct span bytes)
{
	while (bytes.n > 0) {
		ssize_t n = write(fd, bytes.p, bytes.n);
		if (n < 0 && errno != EINTR)
			return false;
		bytes = span_sub(bytes, n > 0 ? (size_t)n : 0, bytes.n);
	}
	return true;
}

static bool sync_folder(const char *folder)
{
	int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	bool ok = fd >= 0 && fsync(fd) == 0;
	if (fd >= 0)
		close(fd);
	return ok;
}

/* Whole and durable, or not at all. */
static bool replace(const char *path, struct span bytes)
{
	char folder[PATH_BYTES], aside[PATH_BYTES];
	const char *slash = strrchr(path, '/');
	int n = slash == NULL ? snprintf(folder, sizeof folder, ".")
			      : snprintf(folder, sizeof folder, "%.*s", (int)(slash - path) + 1, path);
	if (n >= PATH_BYTES || snprintf(aside, sizeof aside, "%s.XXXXXX", path) >= PATH_BYTES) {
		errno = ENAMETOOLONG;
		return false;
	}
	if (mkdir(folder, 0755) != 0 && errno != EEXIST)
		return false;
	int fd = mkstemp(aside);
	if (fd < 0)
		return false;
	/* The gateway may be another user, and a model is no secret. */
	bool ok = write_all(fd, bytes) && fchmod(fd, 0644) == 0 && fsync(fd) == 0;
	ok = close(fd) == 0 && ok && rename(aside, path) == 0;
	int saved = errno;
	if (!ok)
		unlink(aside);
	errno = saved;
	return ok && sync_folder(folder);
}

static int put(struct install *in)
{
	struct bundle b = in->model.bundle;
	b.remark = in->rolls_back ? span_str(in->reason) : SPAN_NULL;
	if (bundle_format(&b, &in->out) != ERR_OK)
		return model_complain(in->path, "the reason is one line of text, 240 bytes at most", EXIT_USAGE);
	if (!replace((const char *)in->c->model.p, buf_span(&in->out)))
		return model_complain((const char *)in->c->model.p, strerror(errno), EXIT_UNREADABLE);
	return EXIT_FINE;
}

/* --- the answer --- */

static int tell(const struct install *in)
{
	const struct bundle_manifest *m = &in->model.manifest;
	if (!in->json) {
		printf("%.*s: %.*s %.*s, sequence %llu, signed by %.*s\nself-test: recall %.3f [%.3f-%.3f] (least "
		       "%.3f), "
		       "token precision %.3f (least %.3f)\n%sa running gateway takes it into use at SIGHUP "
		       "(systemctl reload bailiwick)\n",
		       SPAN_ARG(in->c->model), SPAN_ARG(m->name), SPAN_ARG(m->version), (unsigned long long)m->sequence,
		       SPAN_ARG(in->model.signer), in->test.recall.value, in->test.recall.low, in->test.recall.high,
		       (double)m->recall / 1000, in->test.precision.value, (double)m->precision / 1000,
		       in->rolls_back ? "older than the one before; the reason is kept\n" : "");
		return EXIT_FINE;
	}
	struct buf b = {0};
	const struct span texts[] = {in->c->model, m->name, m->version, in->model.signer};
	static const char *const names[] = {"{\"file\":", ",\"name\":", ",\"version\":", ",\"signer\":"};
	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
		buf_add_str(&b, names[i]);
		buf_add_json(&b, texts[i]);
	}
	buf_printf(&b, ",\"sequence\":%llu,\"rolled_back\":%s,\"recall\":%.5f,\"token_precision\":%.5f}\n",
		   (unsigned long long)m->sequence, in->rolls_back ? "true" : "false", in->test.recall.value,
		   in->test.precision.value);
	bool ok = buf_err(&b) == ERR_OK && fwrite(b.p, 1, b.n, stdout) == b.n;
	buf_fini(&b);
	return ok ? EXIT_FINE : EXIT_UNREADABLE;
}

static int run(struct install *in)
{
	struct config_diag diag;
	enum err e = ERR_OK;
	in->c = config_load(in->config, &diag, &e);
	if (in->c == NULL) {
		report_problem_at(diag.file, diag.line, diag.column, diag.text);
		return e == ERR_NOT_FOUND || e == ERR_IO ? EXIT_UNREADABLE : EXIT_PROBLEM;
	}
	int (*const steps[])(struct install *) = {load_keys, open_bundle, check_order, check_quality, put};
	int code = EXIT_FINE;
	for (size_t i = 0; code == EXIT_FINE && i < sizeof steps / sizeof *steps; i++)
		code = steps[i](in);
	return code == EXIT_FINE ? tell(in) : code;
}

int model_install(int argc, char **argv)
{
	static const struct option longs[] = {{"config", required_argument, NULL, 'c'},
					      {"key", required_argument, NULL, 'k'},
					      {"allow-rollback", required_argument, NULL, 'r'},
					      {"json", no_argument, NULL, 'j'},
					      {0}};
	struct install *in = calloc(1, sizeof *in);
	int code = EXIT_USAGE, o;
	if (in == NULL)
		return EXIT_UNREADABLE;
	while ((o = getopt_long(argc, argv, "c:", longs, NULL)) != -1 && o != '?') {
		in->config = o == 'c' ? optarg : in->config;
		in->key = o == 'k' ? optarg : in->key;
		in->reason = o == 'r' ? optarg : in->reason;
		in->json = in->json || o == 'j';
	}
	bool blank = in->reason != NULL && span_trim(span_str(in->reason)).n == 0;
	if (o == '?' || in->config == NULL || optind + 1 != argc || blank) {
		code = model_usage(stderr, EXIT_USAGE);
	} else {
		in->path = argv[optind];
		code = run(in);
	}
	if (in->c != NULL)
		config_free(in->c);
	buf_fini(&in->file);
	buf_fini(&in->installed);
	buf_fini(&in->out);
	free(in);
	return code;
}
