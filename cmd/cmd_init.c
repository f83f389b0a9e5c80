/* init: a configuration that runs, with keys and a store; finds local engines. Overwrites nothing. */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <openssl/sha.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "audit/keygen.h"
#include "cmd/commands.h"
#include "cmd/find_engines.h"
#include "config/config.h"
#include "config/value.h"

enum { KEY_BYTES = 32, PATH_BYTES = 4096 };

struct init {
	char dir[PATH_BYTES]; /* absolute */
	const char *site;
	char country[3];
	bool guessed; /* the country comes from the locale */
	bool json;
	struct found_engine engines[FOUND_ENGINES_MAX];
	size_t n_engines;
	char key_hash[65];
	struct buf vkey;
};

static int complain(const char *what, const char *path)
{
	fprintf(stderr, "bailiwick init: %s: %s: %s\n", path, what, strerror(errno));
	return EXIT_UNREADABLE;
}

/* Never over a file that exists; never readable by others. */
static bool write_new(const char *path, struct span text)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0)
		return false;
	bool ok = write(fd, text.p, text.n) == (ssize_t)text.n && fsync(fd) == 0;
	ok = close(fd) == 0 && ok;
	if (!ok)
		unlink(path);
	return ok;
}

static bool join(char out[PATH_BYTES], const char *dir, const char *name)
{
	return (size_t)snprintf(out, PATH_BYTES, "%s/%s", dir, name) < PATH_BYTES;
}

/* "de_DE.UTF-8" -> DE. */
static bool locale_country(char out[3])
{
	static const char *const names[] = {"LC_ALL", "LC_ADDRESS", "LANG"};
	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		const char *value = getenv(names[i]), *mark = value == NULL ? NULL : strchr(value, '_');
		if (mark == NULL || strlen(mark) < 3)
			continue;
		country cc = value_country(span_of(mark + 1, 2));
		if (cc != COUNTRY_NONE) {
			country_name(cc, out);
			return true;
		}
	}
	return false;
}

/* --- the application's key --- */

static int make_app_key(struct init *in)
{
	static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
	uint8_t raw[KEY_BYTES], hash[32];
	char key[3 + KEY_BYTES + 2] = "bw-", path[PATH_BYTES];
	if (getrandom(raw, sizeof raw, 0) != (ssize_t)sizeof raw || !join(path, in->dir, "app.key"))
		return complain("cannot make a key", in->dir);
	for (size_t i = 0; i < KEY_BYTES; i++)
		key[3 + i] = digits[raw[i] % 64]; /* 6 bits each: 192 in all */
	SHA256((const uint8_t *)key, 3 + KEY_BYTES, hash);
	for (size_t i = 0; i < sizeof hash; i++)
		snprintf(in->key_hash + 2 * i, 3, "%02x", hash[i]);
	key[3 + KEY_BYTES] = '\n';
	bool ok = write_new(path, span_of(key, 3 + KEY_BYTES + 1));
	explicit_bzero(raw, sizeof raw);
	explicit_bzero(key, sizeof key);
	return ok ? EXIT_FINE : complain("cannot write the application's key", path);
}

/* --- the log's key --- */

static int make_log_key(struct init *in)
{
	char folder[PATH_BYTES], path[PATH_BYTES], public[PATH_BYTES], beside[PATH_BYTES], origin[128];
	if (!join(folder, in->dir, "audit") || !join(path, folder, "signer.key") ||
	    !join(public, in->dir, "log.vkey") || !join(beside, folder, "log.vkey")) {
		errno = ENAMETOOLONG;
		return complain("cannot make the store", in->dir);
	}
	if (mkdir(folder, 0700) != 0)
		return complain("cannot make the store", folder);
	snprintf(origin, sizeof origin, "bailiwick/%s/0", in->site);
	enum err err = signer_keygen(path, origin, &in->vkey);
	if (err != ERR_OK) {
		fprintf(stderr, "bailiwick init: %s: cannot make the log's key: %s\n", path, err_text(err));
		return EXIT_UNREADABLE;
	}
	buf_add_byte(&in->vkey, '\n');
	if (buf_err(&in->vkey) != ERR_OK || !write_new(public, buf_span(&in->vkey)))
		return complain("cannot write", public);
	/* Once more where `bailiwick audit` looks for it, so that verify checks signatures and exports carry it. */
	return write_new(beside, buf_span(&in->vkey)) ? EXIT_FINE : complain("cannot write", beside);
}

/* --- the configuration --- */

static void add_engines(const struct init *in, struct buf *b)
{
	for (size_t i = 0; i < in->n_engines; i++) {
		const struct found_engine *e = &in->engines[i];
		buf_printf(b,
			   "  # Found on this host.\n  %s:\n    api: [openai%s]\n    engine: %s\n    url: "
			   "http://127.0.0.1:%u\n"
			   "    on_prem: true\n",
			   e->kind, strcmp(e->kind, "llamacpp") == 0 ? "" : ", anthropic", e->kind, e->port);
		if (e->model[0] != '\0')
			buf_printf(b, "    models: { \"*\": \"%s\" }   # whatever was asked for, this model answers\n",
				   e->model);
	}
	if (in->n_engines == 0)
		buf_add_str(b, "  # No engine was found on this host: what may not leave is refused. Add yours like "
			       "this, and to the "
			       "routes:\n"
			       "  # onprem: { api: openai, engine: vllm, url: http://127.0.0.1:8000, on_prem: true, "
			       "models: { \"*\": "
			       "MODEL } }\n");
}

static void add_candidates(const struct init *in, const char *match, const char *cloud, bool anthropic, struct buf *b)
{
	buf_printf(b, "  - { match: %s, candidates: [%s", match, cloud);
	for (size_t i = 0; i < in->n_engines; i++)
		if (!anthropic || strcmp(in->engines[i].kind, "llamacpp") != 0)
			buf_printf(b, ", %s", in->engines[i].kind);
	buf_add_str(b, "] }\n");
}

/* Our usual port is llama.cpp's too. */
static unsigned free_port(const struct init *in)
{
	for (size_t i = 0; i < in->n_engines; i++)
		if (in->engines[i].port == 8080)
			return 8090;
	return 8080;
}

static void add_config(const struct init *in, struct buf *b)
{
	char admin[PATH_BYTES];
	bool fits = join(admin, in->dir, "admin.sock") && strlen(admin) < 108;
	buf_printf(b,
		   "# Written by bailiwick init. Every key: `bailiwick help config`. After a change: `bailiwick check "
		   "-c FILE`.\n"
		   "site: { name: %s, country: %s }%s\n\nlisteners:\n  - { address: 127.0.0.1:%u, mode: base-url }\n",
		   in->site, in->country,
		   in->guessed ? "   # the country is the locale's: correct it if it is wrong" : "", free_port(in));
	buf_printf(b, "  - { address: \"%s%s\", mode: admin }\n\ndestinations:\n", fits ? "unix:" : "127.0.0.1:8081",
		   fits ? admin : "");
	buf_add_str(
		b,
		"  # Where these process is taken from the built-in table; declare your contracts, see "
		"docs/operator.md.\n"
		"  openai: { api: openai, url: https://api.openai.com, networks: anycast, credentials: passthrough }\n"
		"  anthropic: { api: anthropic, url: https://api.anthropic.com, networks: anycast, credentials: "
		"passthrough }\n");
	add_engines(in, b);
	buf_add_str(b, "\n# In order of preference; the first is what the client asks for.\nroutes:\n");
	add_candidates(in, "/v1", "openai", false, b);
	add_candidates(in, "/v1/messages", "anthropic", true, b);
	buf_printf(b,
		   "\n# The key is in app.key; clients send it as Bailiwick-Key beside their provider's own.\napps:\n"
		   "  - name: first-app\n    key_hashes: [%s]\n    purpose: trying Bailiwick out\n\n",
		   in->key_hash);
	buf_add_str(b, "rules: [packs/default.rules, packs/coverage.rules, packs/secrets.rules, packs/gdpr.rules, "
		       "packs/hipaa.rules,\n"
		       "        packs/pci.rules, packs/export.rules]\n\n"
		       "model: models/tagger.bwm   # the tagger inside the program: names, places, health, belief\n"
		       "# geo: { database: country.mmdb }   # deploy/geo/build.sh makes it\n"
		       "audit: { path: audit, retain: 12 months }\n");
}

static int make_config(struct init *in, char path[PATH_BYTES])
{
	struct buf text = {0};
	struct config_diag diag = {0};
	enum err err;
	add_config(in, &text);
	struct config *c = buf_err(&text) == ERR_OK ? config_parse(buf_span(&text), path, &diag, &err) : NULL;
	int code = EXIT_FINE;
	if (c == NULL) {
		fprintf(stderr, "bailiwick init: %s:%u: %s\n", path, diag.line, diag.text);
		code = EXIT_PROBLEM;
	} else if (!write_new(path, buf_span(&text))) {
		code = complain("cannot write the configuration", path);
	}
	config_free(c);
	buf_fini(&text);
	return code;
}

/* --- the command --- */

static void print_done(const struct init *in, const char *config)
{
	if (in->json) {
		struct buf b = {0};
		buf_add_str(&b, "{\"config\":");
		buf_add_json(&b, span_str(config));
		buf_printf(&b, ",\"country\":\"%s\",\"country_guessed\":%s,\"engines\":[", in->country,
			   in->guessed ? "true" : "false");
		for (size_t i = 0; i < in->n_engines; i++)
			buf_printf(&b, "%s{\"engine\":\"%s\",\"port\":%u,\"model\":\"%s\"}", i > 0 ? "," : "",
				   in->engines[i].kind, in->engines[i].port, in->engines[i].model);
		buf_add_str(&b, "],\"log_key\":");
		buf_add_json(&b, span_trim(buf_span(&in->vkey)));
		buf_add_str(&b, "}\n");
		fwrite(b.p, 1, b.n, stdout);
		buf_fini(&b);
		return;
	}
	for (size_t i = 0; i < in->n_engines; i++)
		printf("found %s on port %u%s%s\n", in->engines[i].kind, in->engines[i].port,
		       in->engines[i].model[0] != '\0' ? ", model " : "", in->engines[i].model);
	if (in->n_engines == 0)
		puts("no engine found on this host: what may not leave will be refused");
	if (in->guessed)
		printf("country %s taken from the locale; correct it in the configuration if it is wrong\n",
		       in->country);
	printf("%s/app.key holds the key of the first application\n"
	       "%s/log.vkey is the public key of the log: give it to your auditors\n\n"
	       "next:  bailiwick check -c %s\n       bailiwick serve -c %s\n",
	       in->dir, in->dir, config, config);
}

static int run(struct init *in, const char *dir)
{
	char config[PATH_BYTES];
	if (mkdir(dir, 0700) != 0 && errno != EEXIST)
		return complain("cannot make the folder", dir);
	if (realpath(dir, in->dir) == NULL || !join(config, in->dir, "bailiwick.yaml"))
		return complain("cannot use the folder", dir);
	if (access(config, F_OK) == 0) {
		fprintf(stderr, "bailiwick init: %s exists; choose another folder, or remove it first\n", config);
		return EXIT_PROBLEM;
	}
	in->n_engines = find_engines(in->engines);
	int code = make_app_key(in);
	if (code == EXIT_FINE)
		code = make_log_key(in);
	if (code == EXIT_FINE)
		code = make_config(in, config);
	if (code == EXIT_FINE)
		print_done(in, config);
	return code;
}

static int usage(FILE *out, int code)
{
	fputs("usage: bailiwick init DIR [--country CC] [--site NAME] [--json]\n\n"
	      "Makes DIR with a configuration, an application's key, the log's key and an empty store. Looks on this "
	      "host for\n"
	      "Ollama (11434), vLLM (8000) and llama.cpp (8080). Nothing that exists is overwritten.\n"
	      "  --country CC   country this gateway stands in (default: the locale's)\n"
	      "  --site NAME    its name in records (default: site-1)\n"
	      "  --json         print the result for programs\n",
	      out);
	return code;
}

static bool site_ok(const char *s)
{
	size_t n = strspn(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.");
	return n > 0 && n <= 64 && s[n] == '\0' && s[0] != '.' && s[0] != '-';
}

int cmd_init(int argc, char **argv)
{
	static const struct option longs[] = {{"country", required_argument, NULL, 'c'},
					      {"site", required_argument, NULL, 's'},
					      {"json", no_argument, NULL, 'j'},
					      {"help", no_argument, NULL, 'h'},
					      {0}};
	struct init in = {.site = "site-1"};
	for (int o; (o = getopt_long(argc, argv, "h", longs, NULL)) != -1;) {
		if (o == 'c')
			country_name(value_country(span_str(optarg)), in.country); /* "--" if it is none */
		else if (o == 's')
			in.site = optarg;
		else if (o == 'j')
			in.json = true;
		else
			return usage(o == 'h' ? stdout : stderr, o == 'h' ? EXIT_FINE : EXIT_USAGE);
	}
	if (!site_ok(in.site))
		fputs("bailiwick init: --site takes letters, digits, '-', '_' and '.', 64 at most\n\n", stderr);
	if (in.country[0] == '-')
		fputs("bailiwick init: --country takes two letters as in ISO 3166-1, e.g. DE\n\n", stderr);
	if (optind + 1 != argc || !site_ok(in.site) || in.country[0] == '-')
		return usage(stderr, EXIT_USAGE);
	if (in.country[0] == '\0' && !(in.guessed = locale_country(in.country))) {
		fputs("bailiwick init: say which country this gateway stands in: --country DE\n", stderr);
		return EXIT_USAGE;
	}
	int code = run(&in, argv[optind]);
	buf_fini(&in.vkey);
	return code;
}
