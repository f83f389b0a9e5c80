/* demo: two stand-in engines, the gateway between, real prompts, a table of what happened, and the log verified. */
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "audit/keygen.h"
#include "audit/reader.h"
#include "cmd/commands.h"
#include "cmd/demo_cert.h"
#include "cmd/demo_engine.h"
#include "cmd/http_call.h"
#include "cmd/jsonl.h"
#include "proxy/gate/builtin.h"
#include "proxy/gate/file.h"

enum { MAX_PROMPTS = 256, READY_TRIES = 400, PORT_FIRST = 18080, PORT_LAST = 18180 };

struct prompt {
	struct span title, api, text;
	bool stream;
	struct http_answer answer;
	bool ok;
};

struct demo {
	char folder[128], config[192], admin[192], self[4096];
	uint16_t port;
	struct demo_engine *cloud, *onprem;
	pid_t gateway;
	struct arena arena;
	struct buf file;
	struct prompt prompts[MAX_PROMPTS];
	size_t n;
	bool colour;
};

/* A cloud in the US and an engine of our own in Germany, both stand-ins on this machine. */
static void write_configuration(const struct demo *d, struct buf *out)
{
	char today[16];
	struct tm tm;
	time_t now = time(NULL);
	gmtime_r(&now, &tm);
	strftime(today, sizeof today, "%Y-%m-%d", &tm);
	buf_add_str(out, "# Written by `bailiwick demo`.\n"
			 "site: { name: demo, country: DE }\n"
			 "networks:\n"
			 "  - { cidr: 127.0.0.2/32, country: US }\n"
			 "  - { cidr: 127.0.0.0/8, country: DE }\n");
	buf_printf(out,
		   "listeners:\n"
		   "  - { address: \"127.0.0.1:%u\", mode: base-url }\n"
		   "  - { address: \"unix:%s/admin.sock\", mode: admin }\n",
		   d->port, d->folder);
	buf_printf(out,
		   "destinations:\n"
		   "  cloud-us:\n"
		   "    api: [openai, anthropic]\n"
		   "    url: \"https://127.0.0.2:%u\"\n"
		   "    ca_file: \"%s/cloud.pem\"\n"
		   "    insecure: true # a cloud at a loopback address: for the demo only\n"
		   "    processing: [US]\n"
		   "    networks: [127.0.0.2/32]\n"
		   "    credentials: passthrough\n"
		   "    contracts: { dpa: %s, dpf: { status: active, checked: %s } }\n",
		   demo_engine_port(d->cloud), d->folder, today, today);
	buf_printf(out,
		   "  onprem:\n"
		   "    api: [openai, anthropic]\n"
		   "    engine: vllm\n"
		   "    url: \"http://127.0.0.1:%u\"\n"
		   "    on_prem: true\n"
		   "    country: DE\n"
		   "    models: { \"*\": stand-in-8b }\n"
		   "    concurrency: 8\n",
		   demo_engine_port(d->onprem));
	buf_printf(out,
		   "routes:\n"
		   "  - { match: /v1, candidates: [cloud-us, onprem] }\n"
		   "rules: [packs/default.rules, packs/coverage.rules, packs/gdpr.rules, packs/hipaa.rules, "
		   "packs/pci.rules,\n"
		   "        packs/secrets.rules]\n"
		   "model: models/tagger.bwm # the one that travels inside the program\n"
		   "audit: { path: \"%s/audit\", retain: 12 months, map_size: 256 MiB }\n"
		   "limits: { loops: 1 }\n"
		   "server: { log_level: error }\n",
		   d->folder);
}

static int complain(const char *what, enum err e)
{
	fprintf(stderr, "bailiwick demo: %s: %s\n", what, err_text(e));
	return EXIT_PROBLEM;
}

static enum err write_text(const char *path, struct span text)
{
	FILE *f = fopen(path, "w");
	if (f == NULL)
		return ERR_IO;
	bool ok = fwrite(text.p, 1, text.n, f) == text.n;
	return fclose(f) == 0 && ok ? ERR_OK : ERR_IO;
}

/* A port nobody listens on: the engine probes for us. */
static enum err free_port(struct demo *d)
{
	for (uint16_t port = PORT_FIRST; port < PORT_LAST; port++) {
		char address[32];
		enum err e;
		snprintf(address, sizeof address, "127.0.0.1:%u", port);
		struct demo_engine *probe = demo_engine_start(address, "probe", NULL, NULL, &e);
		if (probe == NULL)
			continue;
		demo_engine_stop(probe);
		d->port = port;
		return ERR_OK;
	}
	return ERR_CONNECT;
}

static enum err prepare(struct demo *d)
{
	char path[256];
	struct buf vkey = {0}, text = {0};
	enum err e = ERR_OK;
	snprintf(d->folder, sizeof d->folder, "/tmp/bailiwick-demo-XXXXXX");
	if (mkdtemp(d->folder) == NULL)
		return ERR_IO;
	snprintf(d->config, sizeof d->config, "%s/bailiwick.yaml", d->folder);
	snprintf(d->admin, sizeof d->admin, "%s/admin.sock", d->folder);
	char cert[192], key[192];
	snprintf(cert, sizeof cert, "%s/cloud.pem", d->folder);
	snprintf(key, sizeof key, "%s/cloud.key", d->folder);
	if ((e = demo_cert("127.0.0.2", cert, key)) != ERR_OK)
		return e;
	d->cloud = demo_engine_start("127.0.0.2:0", "cloud", cert, key, &e);
	d->onprem = d->cloud == NULL ? NULL : demo_engine_start("127.0.0.1:0", "onprem", NULL, NULL, &e);
	if (d->onprem == NULL || (e = free_port(d)) != ERR_OK)
		return e;
	write_configuration(d, &text);
	snprintf(path, sizeof path, "%s/audit", d->folder);
	e = buf_err(&text);
	if (e == ERR_OK && mkdir(path, 0700) != 0)
		e = ERR_IO;
	if (e == ERR_OK)
		e = write_text(d->config, buf_span(&text));
	snprintf(path, sizeof path, "%s/audit/signer.key", d->folder);
	if (e == ERR_OK)
		e = signer_keygen(path, "bailiwick/demo/0", &vkey);
	snprintf(path, sizeof path, "%s/audit/log.vkey", d->folder);
	if (e == ERR_OK)
		e = write_text(path, buf_span(&vkey));
	buf_fini(&vkey);
	buf_fini(&text);
	return e;
}

static enum err start_gateway(struct demo *d)
{
	ssize_t n = readlink("/proc/self/exe", d->self, sizeof d->self - 1);
	if (n <= 0)
		return ERR_IO;
	d->gateway = fork();
	if (d->gateway == 0) {
		execl(d->self, d->self, "serve", "-c", d->config, (char *)NULL);
		_exit(EXIT_UNREADABLE);
	}
	const struct timespec pause = {.tv_nsec = 25000000};
	for (int i = 0; d->gateway > 0 && i < READY_TRIES; i++) {
		struct http_answer a;
		enum err e = http_call(d->admin, 0, "/readyz", "", SPAN_NULL, &a);
		bool ready = e == ERR_OK && a.status == 200;
		buf_fini(&a.body);
		if (ready)
			return ERR_OK;
		if (waitpid(d->gateway, NULL, WNOHANG) == d->gateway) {
			d->gateway = 0;
			return ERR_CONFIG;
		}
		nanosleep(&pause, NULL);
	}
	return ERR_TIMEOUT;
}

static void stop_gateway(struct demo *d)
{
	if (d->gateway > 0) {
		kill(d->gateway, SIGTERM);
		waitpid(d->gateway, NULL, 0);
		d->gateway = 0;
	}
}

static enum err read_prompts(struct demo *d, const char *path)
{
	struct span text = builtin_find(SPAN("demo/prompts.jsonl"));
	if (path != NULL) {
		enum err e = file_read(path, 8 << 20, &d->file);
		if (e != ERR_OK)
			return e;
		text = buf_span(&d->file);
	}
	while (text.n > 0 && d->n < MAX_PROMPTS) {
		size_t end = span_find(text, '\n');
		struct span line = span_trim(span_sub(text, 0, end));
		text = span_sub(text, end < text.n ? end + 1 : end, text.n);
		if (line.n == 0)
			continue;
		struct prompt *p = &d->prompts[d->n];
		enum err e = jsonl_member(line, SPAN("title"), &d->arena, &p->title);
		if (e == ERR_OK)
			e = jsonl_member(line, SPAN("api"), &d->arena, &p->api);
		if (e == ERR_OK)
			e = jsonl_member(line, SPAN("text"), &d->arena, &p->text);
		if (e != ERR_OK || p->text.p == NULL)
			return e != ERR_OK ? e : ERR_SYNTAX;
		p->stream = memmem(line.p, line.n, "\"stream\":true", 13) != NULL;
		d->n++;
	}
	return d->n > 0 ? ERR_OK : ERR_NOT_FOUND;
}

static enum err ask(struct demo *d, struct prompt *p)
{
	bool anthropic = span_eq(p->api, SPAN("anthropic"));
	struct buf body = {0};
	buf_printf(&body, "{\"model\":\"%s\",%s\"stream\":%s,\"messages\":[{\"role\":\"user\",\"content\":",
		   anthropic ? "claude-sonnet" : "gpt-5", anthropic ? "\"max_tokens\":256," : "",
		   p->stream ? "true" : "false");
	buf_add_json(&body, p->text);
	buf_add_str(&body, "}]}");
	enum err e = buf_err(&body);
	if (e == ERR_OK)
		e = http_call(NULL, d->port, anthropic ? "/v1/messages" : "/v1/chat/completions",
			      anthropic ? "anthropic-version: 2023-06-01\r\nx-api-key: demo-key\r\n"
					: "Authorization: Bearer demo-key\r\n",
			      buf_span(&body), &p->answer);
	buf_fini(&body);
	return e;
}

/* --- the table --- */

struct row {
	const struct demo *d;
	const struct prompt *p;
};

static void print_findings(const struct facts *f, char *out, size_t size)
{
	size_t n = 0;
	out[0] = '\0';
	for (size_t i = 0; i < f->n_data && n < size; i++)
		n += (size_t)snprintf(out + n, size - n, "%s%.*s", i > 0 ? ", " : "", SPAN_ARG(f->data[i].type));
	if (f->n_data == 0)
		snprintf(out, size, "-");
}

/* Regimes and what each of them said of the first candidate: that is where the decision fell. */
static void print_regimes(const struct record_decision *dec, char *out, size_t size)
{
	size_t n = 0;
	out[0] = '\0';
	const struct record_candidate *c = &dec->candidates[0];
	for (size_t i = 0; dec->n_candidates > 0 && i < c->n_regimes && n < size; i++)
		if (c->regimes[i].verdict.place != PLACE_ANY)
			n += (size_t)snprintf(out + n, size - n, "%s%.*s: %s", n > 0 ? ", " : "",
					      SPAN_ARG(c->regimes[i].regime), place_name(c->regimes[i].verdict.place));
	if (n == 0)
		snprintf(out, size, "any");
}

static struct span deciding_rule(const struct record_decision *dec)
{
	const struct record_candidate *c = &dec->candidates[0];
	for (size_t i = 0; dec->n_candidates > 0 && !c->met && i < c->n_fired; i++)
		if (c->fired[i].deciding)
			return c->fired[i].rule;
	return SPAN("-");
}

static bool on_decision(void *arg, const struct audit_item *item)
{
	struct row *r = arg;
	struct arena a;
	struct record_decision *dec = calloc(1, sizeof *dec);
	struct facts *f = calloc(1, sizeof *f);
	char found[160], regimes[160];
	arena_init(&a, 0);
	if (dec != NULL && f != NULL && record_decision_decode(item->body, &a, dec, f) == ERR_OK) {
		const struct fact *to =
			dec->chosen < 0 ? NULL : &dec->candidates[dec->chosen].facts.v[F_DEST_ID - FACT_FIRST_DEST];
		struct span dest = to == NULL ? SPAN("refused") : to->text;
		bool stays = !span_eq(dest, SPAN("cloud-us"));
		struct span rule = deciding_rule(dec);
		print_findings(f, found, sizeof found);
		print_regimes(dec, regimes, sizeof regimes);
		printf("%-24.*s %-9.*s %s%-9.*s%s %-32.*s %6.2f ms  %5" PRIu64 "  %s\n", SPAN_ARG(r->p->title),
		       SPAN_ARG(r->p->api),
		       !r->d->colour ? ""
		       : stays       ? "\033[33m"
				     : "\033[32m",
		       SPAN_ARG(dest), r->d->colour ? "\033[0m" : "", SPAN_ARG(rule),
		       (double)r->p->answer.total_us / 1000.0, item->leaf.sequence, found);
		if (stays)
			printf("%-24s %-9s %s\n", "", "", regimes);
	}
	arena_fini(&a);
	free(dec);
	free(f);
	return false;
}

static enum err print_table(struct demo *d, struct audit_reader *reader)
{
	printf("\n%-24s %-9s %-9s %-32s %9s  %5s  %s\n", "PROMPT", "API", "WENT TO", "RULE", "TOOK", "REC", "FOUND");
	enum err e = ERR_OK;
	for (size_t i = 0; i < d->n && e == ERR_OK; i++) {
		struct row r = {d, &d->prompts[i]};
		uint64_t sequence;
		if (!span_u64(span_str(d->prompts[i].answer.decision), &sequence)) {
			printf("%-24.*s HTTP %d, no record\n", SPAN_ARG(d->prompts[i].title),
			       d->prompts[i].answer.status);
			continue;
		}
		e = audit_list(reader, sequence, sequence + 1, on_decision, &r);
	}
	return e;
}

static enum err verify(struct demo *d, struct audit_reader *reader)
{
	char path[256];
	struct buf vkey = {0};
	struct audit_report report = {0};
	snprintf(path, sizeof path, "%s/audit/log.vkey", d->folder);
	enum err e = file_read(path, 4096, &vkey);
	/* The checkpoint over the last record is signed within a second of it. */
	const struct timespec pause = {.tv_nsec = 100000000};
	for (int i = 0; e == ERR_OK && i < 50; i++) {
		e = audit_verify(reader, span_trim(buf_span(&vkey)), NULL, NULL, &report);
		if (e != ERR_OK || report.signed_size == report.leaves)
			break;
		nanosleep(&pause, NULL);
	}
	if (e == ERR_OK)
		printf("\nlog verified: %" PRIu64 " leaves, %" PRIu64 " bodies, %" PRIu64
		       " checkpoints with a good signature over %" PRIu64 " leaves\n",
		       report.leaves, report.bodies, report.verified, report.signed_size);
	else
		printf("\nlog NOT in order: %s\n", report.fault != NULL ? report.fault : err_text(e));
	buf_fini(&vkey);
	return e;
}

static void print_next(const struct demo *d, bool serve)
{
	printf("\nFor developers: set the base URL, nothing else.\n"
	       "  export OPENAI_BASE_URL=http://127.0.0.1:%u/v1 ANTHROPIC_BASE_URL=http://127.0.0.1:%u\n"
	       "For the data protection officer:\n"
	       "  %s audit list --store %s/audit\n"
	       "  %s audit find --store %s/audit --type 'health.*'\n"
	       "  %s audit export /tmp/log-export --store %s/audit\n"
	       "All of it lies in %s; delete that folder when you are done.\n",
	       d->port, d->port, d->self, d->folder, d->self, d->folder, d->self, d->folder, d->folder);
	if (serve)
		printf("\nThe gateway keeps running; Ctrl-C stops it.\n");
	else
		printf("\nThe gateway has been stopped; 'demo --serve' leaves it running.\n");
	fflush(stdout);
}

static int run(struct demo *d, const char *prompts, bool serve)
{
	struct audit_reader *reader = NULL;
	char store[160];
	enum err e = read_prompts(d, prompts);
	if (e != ERR_OK)
		return complain("prompts", e);
	if ((e = prepare(d)) != ERR_OK)
		return complain("cannot prepare", e);
	if ((e = start_gateway(d)) != ERR_OK)
		return complain("the gateway did not start", e);
	printf("cloud stand-in (US) on 127.0.0.2:%u, on-prem stand-in (DE) on 127.0.0.1:%u, gateway on 127.0.0.1:%u\n",
	       demo_engine_port(d->cloud), demo_engine_port(d->onprem), d->port);
	for (size_t i = 0; i < d->n; i++) {
		e = ask(d, &d->prompts[i]);
		d->prompts[i].ok = e == ERR_OK;
		if (e != ERR_OK)
			fprintf(stderr, "bailiwick demo: %.*s: %s\n", SPAN_ARG(d->prompts[i].title), err_text(e));
	}
	snprintf(store, sizeof store, "%s/audit", d->folder);
	reader = audit_reader_open(store, &e);
	if (reader == NULL)
		return complain("cannot read the log", e);
	e = print_table(d, reader);
	printf("\nthe cloud stand-in saw %u requests, the on-prem one %u\n", demo_engine_seen(d->cloud),
	       demo_engine_seen(d->onprem));
	if (e == ERR_OK)
		e = verify(d, reader);
	audit_reader_close(reader);
	bool all = true;
	for (size_t i = 0; i < d->n; i++)
		all = all && d->prompts[i].ok;
	print_next(d, serve);
	if (serve)
		waitpid(d->gateway, NULL, 0);
	return e == ERR_OK && all ? EXIT_FINE : EXIT_PROBLEM;
}

static int usage(FILE *out, int code)
{
	fputs("usage: bailiwick demo [--serve] [--prompts FILE]\n\n"
	      "Two stand-in engines on loopback (a cloud in the US, an engine of our own in Germany), the gateway "
	      "between, and\n"
	      "some twenty prompts: what was found, where each went and by which rule, and the log verified.\n"
	      "  --serve         leave it running until Ctrl-C\n"
	      "  --prompts FILE  other prompts: {\"title\",\"api\",\"text\",\"stream\"} a line\n",
	      out);
	return code;
}

int cmd_demo(int argc, char **argv)
{
	static const struct option longs[] = {{"serve", no_argument, NULL, 's'},
					      {"prompts", required_argument, NULL, 'p'},
					      {"help", no_argument, NULL, 'h'},
					      {0}};
	const char *prompts = NULL;
	bool serve = false;
	for (int o; (o = getopt_long(argc, argv, "h", longs, NULL)) != -1;) {
		if (o == 's')
			serve = true;
		else if (o == 'p')
			prompts = optarg;
		else
			return usage(o == 'h' ? stdout : stderr, o == 'h' ? EXIT_FINE : EXIT_USAGE);
	}
	struct demo *d = calloc(1, sizeof *d);
	if (d == NULL || optind != argc) {
		free(d);
		return usage(stderr, EXIT_USAGE);
	}
	arena_init(&d->arena, 0);
	d->colour = isatty(STDOUT_FILENO);
	int code = run(d, prompts, serve);
	stop_gateway(d);
	demo_engine_stop(d->cloud);
	demo_engine_stop(d->onprem);
	for (size_t i = 0; i < d->n; i++)
		buf_fini(&d->prompts[i].answer.body);
	buf_fini(&d->file);
	arena_fini(&d->arena);
	free(d);
	return code;
}
