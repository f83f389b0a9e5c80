/* audit: read, verify, prove and export the log, while the gateway runs or not. */
#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "audit/reader.h"
#include "cmd/commands.h"
#include "cmd/report.h"
#include "config/config.h"
#include "proxy/gate/file.h"

struct options {
	const char *config, *store, *vkey;
	struct audit_query query;
	bool json, to_set;
	const char *operand;
};

struct session {
	const struct options *o;
	struct audit_reader *reader;
	struct buf vkey;
	char folder[4096];
	uint64_t shown;
};

static int usage(FILE *out, int code)
{
	fputs("usage: bailiwick audit VERB (-c FILE | --store DIR) [options]\n\n"
	      "  list              records in order: one line each\n"
	      "  show N            record N, whole\n"
	      "  find              records that match: --type T --app A --destination D --rule R --regime G --refusal "
	      "WHY|'*'\n"
	      "  tail              list the last ten and wait for more\n"
	      "  verify            everything again from the leaves up; exit code 1 also where signatures cannot be "
	      "checked\n"
	      "  prove N           inclusion proof of record N (C2SP tlog-proof)\n"
	      "  export DIR        tiles, checkpoint, bodies: what an auditor's tools verify\n\n"
	      "  --from N, --to N  sequences [N, N)\n"
	      "  --kind K          decision, attempt, outcome, refusal-summary, policy-change, start, stop, …\n"
	      "  --vkey FILE       verifier key of the log (default: log.vkey beside or in the store)\n"
	      "  --json            for programs\n",
	      out);
	return code;
}

static int complain(const char *what, enum err e)
{
	fprintf(stderr, "bailiwick audit: %s: %s\n", what, err_text(e));
	return e == ERR_IO || e == ERR_NOT_FOUND ? EXIT_UNREADABLE : EXIT_PROBLEM;
}

static int print(struct buf *b)
{
	bool ok = buf_err(b) == ERR_OK && fwrite(b->p, 1, b->n, stdout) == b->n;
	buf_clear(b);
	return ok ? EXIT_FINE : EXIT_UNREADABLE;
}

static void print_time(uint64_t ns)
{
	time_t s = (time_t)(ns / 1000000000u);
	struct tm tm;
	gmtime_r(&s, &tm);
	printf("%04d-%02d-%02d %02d:%02d:%02d.%03u", tm.tm_year + 1900, tm.tm_mon + 1, tm.tm_mday, tm.tm_hour,
	       tm.tm_min, tm.tm_sec, (unsigned)(ns / 1000000u % 1000u));
}

static void decision_line(struct span body)
{
	struct arena a;
	struct record_decision *d = calloc(1, sizeof *d);
	struct facts *f = calloc(1, sizeof *f);
	arena_init(&a, 0);
	if (d != NULL && f != NULL && record_decision_decode(body, &a, d, f) == ERR_OK) {
		for (size_t i = 0; i < f->n_data; i++)
			printf("%s%.*s", i > 0 ? "," : "", SPAN_ARG(f->data[i].type));
		if (f->n_data == 0)
			printf("nothing found");
		const struct fact *to =
			d->chosen >= 0 ? &d->candidates[d->chosen].facts.v[F_DEST_ID - FACT_FIRST_DEST] : NULL;
		if (to != NULL)
			printf(" -> %.*s", SPAN_ARG(to->text));
		else
			printf(" -> refused (%.*s)", SPAN_ARG(d->refusal));
	}
	arena_fini(&a);
	free(d);
	free(f);
}

static bool on_item(void *arg, const struct audit_item *item)
{
	struct session *s = arg;
	s->shown++;
	if (s->o->json) {
		struct buf b = {0};
		enum err e = audit_item_json(item, &b);
		buf_add_byte(&b, '\n');
		int code = e == ERR_OK ? print(&b) : EXIT_PROBLEM;
		buf_fini(&b);
		return code == EXIT_FINE;
	}
	printf("%8" PRIu64 "  ", item->leaf.sequence);
	print_time(item->leaf.time_ns);
	printf("  %-16s ", leaf_kind_name(item->leaf.kind));
	if (item->leaf.kind == LEAF_DECISION && item->has_body)
		decision_line(item->body);
	else if (!item->has_body)
		printf("(body erased or expired)");
	putchar('\n');
	return true;
}

static int verb_list(struct session *s)
{
	uint64_t to = s->o->to_set ? s->o->query.to : UINT64_MAX;
	enum err e = s->o->query.kinds != 0 ? audit_find(s->reader, &s->o->query, on_item, s)
					    : audit_list(s->reader, s->o->query.from, to, on_item, s);
	return e == ERR_OK ? EXIT_FINE : complain("list", e);
}

static int verb_find(struct session *s)
{
	enum err e = audit_find(s->reader, &s->o->query, on_item, s);
	if (e != ERR_OK)
		return complain("find", e);
	if (!s->o->json)
		printf("%" PRIu64 " found\n", s->shown);
	return EXIT_FINE;
}

static bool sequence_operand(const struct options *o, uint64_t *sequence)
{
	return o->operand != NULL && span_u64(span_str(o->operand), sequence);
}

static int verb_show(struct session *s)
{
	uint64_t sequence;
	struct buf b = {0};
	if (!sequence_operand(s->o, &sequence))
		return usage(stderr, EXIT_USAGE);
	enum err e = audit_show(s->reader, sequence, &b);
	buf_add_byte(&b, '\n');
	int code = e == ERR_OK ? print(&b) : complain("show", e);
	buf_fini(&b);
	return code;
}

static int verb_prove(struct session *s)
{
	uint64_t sequence;
	struct buf b = {0};
	if (!sequence_operand(s->o, &sequence))
		return usage(stderr, EXIT_USAGE);
	enum err e = audit_prove(s->reader, sequence, &b);
	int code = e == ERR_OK ? print(&b) : complain("prove", e);
	if (e == ERR_NOT_FOUND)
		fputs("there is no such record, or no checkpoint covers it yet; the gateway signs one within a "
		      "second\n",
		      stderr);
	buf_fini(&b);
	return code;
}

static int verb_tail(struct session *s)
{
	const struct timespec pause = {.tv_nsec = 250000000};
	uint64_t at = 0;
	enum err e = audit_size(s->reader, &at);
	at = at > 10 ? at - 10 : 0;
	while (e == ERR_OK) {
		uint64_t size = 0;
		e = audit_size(s->reader, &size);
		if (e == ERR_OK && size > at)
			e = audit_list(s->reader, at, size, on_item, s);
		at = size;
		fflush(stdout);
		nanosleep(&pause, NULL);
	}
	return complain("tail", e);
}

static void on_progress(void *arg, uint64_t done, uint64_t of)
{
	(void)arg;
	if (isatty(STDERR_FILENO))
		fprintf(stderr, "\r%" PRIu64 " of %" PRIu64 "%s", done, of, done == of ? "\n" : "");
}

static void hex(const uint8_t *p, size_t n, char *out)
{
	for (size_t i = 0; i < n; i++)
		snprintf(out + 2 * i, 3, "%02x", p[i]);
}

static int verb_verify(struct session *s)
{
	struct audit_report r = {0};
	char root[65];
	enum err e = audit_verify(s->reader, buf_span(&s->vkey), on_progress, NULL, &r);
	hex(r.root, sizeof r.root, root);
	if (s->o->json)
		printf("{\"ok\":%s,\"signatures_checked\":%s,\"leaves\":%" PRIu64 ",\"bodies\":%" PRIu64
		       ",\"absent\":%" PRIu64 ",\"checkpoints\":%" PRIu64 ",\"verified\":%" PRIu64
		       ",\"signed_size\":%" PRIu64 ",\"root\":\"%s\",\"fault\":\"%s\",\"at\":%" PRIu64 "}\n",
		       e == ERR_OK ? "true" : "false", s->vkey.n > 0 ? "true" : "false", r.leaves, r.bodies, r.absent,
		       r.checkpoints, r.verified, r.signed_size, root,
		       e == ERR_OK       ? ""
		       : r.fault != NULL ? r.fault
					 : err_text(e),
		       r.at);
	else if (e == ERR_OK)
		printf("%" PRIu64 " leaves, %" PRIu64 " bodies (%" PRIu64 " erased or expired): all fit\n%" PRIu64
		       " checkpoints, %" PRIu64 " with a verified signature, the newest over %" PRIu64
		       " leaves\nroot %s\n",
		       r.leaves, r.bodies, r.absent, r.checkpoints, r.verified, r.signed_size, root);
	else
		fprintf(stderr, "NOT IN ORDER: %s (at %" PRIu64 ")\n", r.fault != NULL ? r.fault : err_text(e), r.at);
	if (s->vkey.n == 0)
		fputs("no verifier key: signatures were not checked; name it with --vkey FILE\n", stderr);
	return e == ERR_OK && s->vkey.n > 0 ? EXIT_FINE : EXIT_PROBLEM;
}

static int verb_export(struct session *s)
{
	uint64_t size = 0;
	if (s->o->operand == NULL)
		return usage(stderr, EXIT_USAGE);
	struct audit_export_options o = {
		.folder = s->o->operand, .vkey = buf_span(&s->vkey), .json = s->o->json, .progress = on_progress};
	enum err e = audit_export(s->reader, &o, &size);
	if (e == ERR_NOT_FOUND) {
		fputs("bailiwick audit: there is no checkpoint to export yet; the gateway makes one within a second of "
		      "a record\n",
		      stderr);
		return EXIT_PROBLEM;
	}
	if (e != ERR_OK)
		return complain("export", e);
	printf("%" PRIu64 " leaves exported to %s\n", size, s->o->operand);
	return EXIT_FINE;
}

static bool parse_kind(struct span word, uint32_t *kinds)
{
#define LEAF(number, name, text, doc)                                                                                  \
	if (span_eq(word, SPAN(text))) {                                                                               \
		*kinds |= (uint32_t)1 << number;                                                                       \
		return true;                                                                                           \
	}
#include "audit/format/leaf.def"
#undef LEAF
	fprintf(stderr, "bailiwick audit: no kind of record is called '%.*s'\n\n", SPAN_ARG(word));
	return false;
}

/* One option; false: its argument is not valid. */
static bool set_option(struct options *o, int c, struct span arg)
{
	struct span *text = c == 't'   ? &o->query.type
			    : c == 'a' ? &o->query.app
			    : c == 'd' ? &o->query.destination
			    : c == 'r' ? &o->query.rule
			    : c == 'g' ? &o->query.regime
			    : c == 'x' ? &o->query.refusal
				       : NULL;
	const char **name = c == 'c' ? &o->config : c == 's' ? &o->store : c == 'v' ? &o->vkey : NULL;
	if (text != NULL)
		*text = arg;
	else if (name != NULL)
		*name = (const char *)arg.p;
	else if (c == 'F')
		return span_u64(arg, &o->query.from);
	else if (c == 'T')
		return o->to_set = span_u64(arg, &o->query.to);
	else if (c == 'k')
		return parse_kind(arg, &o->query.kinds);
	else if (c == 'j')
		o->json = true;
	else
		return false;
	return true;
}

static bool parse(int argc, char **argv, struct options *o, bool *help)
{
	static const struct option longs[] = {{"config", required_argument, NULL, 'c'},
					      {"store", required_argument, NULL, 's'},
					      {"vkey", required_argument, NULL, 'v'},
					      {"from", required_argument, NULL, 'F'},
					      {"to", required_argument, NULL, 'T'},
					      {"kind", required_argument, NULL, 'k'},
					      {"type", required_argument, NULL, 't'},
					      {"app", required_argument, NULL, 'a'},
					      {"destination", required_argument, NULL, 'd'},
					      {"rule", required_argument, NULL, 'r'},
					      {"regime", required_argument, NULL, 'g'},
					      {"refusal", required_argument, NULL, 'x'},
					      {"json", no_argument, NULL, 'j'},
					      {"help", no_argument, NULL, 'h'},
					      {0}};
	for (int c; (c = getopt_long(argc, argv, "c:h", longs, NULL)) != -1;) {
		*help = c == 'h';
		if (*help || !set_option(o, c, span_str(optarg)))
			return false;
	}
	o->operand = optind < argc ? argv[optind] : NULL;
	return (o->config != NULL) != (o->store != NULL) && optind + 1 >= argc;
}

/* Beside the store's folder, where init puts it, or in it. */
static enum err read_vkey(struct session *s)
{
	static const char *const places[] = {"../", ""};
	char path[4200];
	enum err e = ERR_NOT_FOUND;
	if (s->o->vkey != NULL)
		return file_read(s->o->vkey, 4096, &s->vkey);
	for (size_t i = 0; e == ERR_NOT_FOUND && i < sizeof places / sizeof *places; i++) {
		snprintf(path, sizeof path, "%s/%slog.vkey", s->folder, places[i]);
		e = file_read(path, 4096, &s->vkey);
	}
	return e == ERR_NOT_FOUND ? ERR_OK : e; /* then signatures cannot be checked, and the report says so */
}

static enum err open_session(struct session *s)
{
	enum err e = ERR_OK;
	snprintf(s->folder, sizeof s->folder, "%s", s->o->store == NULL ? "" : s->o->store);
	if (s->o->config != NULL) {
		struct config_diag diag;
		struct config *c = config_load(s->o->config, &diag, &e);
		if (c == NULL) {
			report_problem_at(diag.file, diag.line, diag.column, diag.text);
			return e;
		}
		snprintf(s->folder, sizeof s->folder, "%.*s", SPAN_ARG(c->audit.path));
		config_free(c);
	}
	if ((e = read_vkey(s)) != ERR_OK)
		return e;
	s->vkey.n = span_trim(buf_span(&s->vkey)).n;
	s->reader = audit_reader_open(s->folder, &e);
	return s->reader != NULL ? ERR_OK : e;
}

int cmd_audit(int argc, char **argv)
{
	static const struct {
		const char *name;
		int (*run)(struct session *s);
	} verbs[] = {{"list", verb_list},     {"show", verb_show},   {"find", verb_find},    {"tail", verb_tail},
		     {"verify", verb_verify}, {"prove", verb_prove}, {"export", verb_export}};
	struct options o = {0};
	bool help = argc > 1 && strcmp(argv[1], "--help") == 0;
	if (argc < 2 || help || !parse(argc - 1, argv + 1, &o, &help))
		return usage(help ? stdout : stderr, help ? EXIT_FINE : EXIT_USAGE);
	for (size_t i = 0; i < sizeof verbs / sizeof *verbs; i++) {
		if (strcmp(argv[1], verbs[i].name) != 0)
			continue;
		struct session s = {.o = &o};
		enum err e = open_session(&s);
		int code = e == ERR_OK ? verbs[i].run(&s) : complain("cannot open the store", e);
		if (s.reader != NULL)
			audit_reader_close(s.reader);
		buf_fini(&s.vkey);
		return code;
	}
	return usage(stderr, EXIT_USAGE);
}
