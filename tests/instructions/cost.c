/* Small pieces of the hot path, each run a number of times inside measured(), whose instructions callgrind counts.
 *
 *     cost NAME      a name of works below; prints the number of rounds */
#include "audit/format/record.h"
#include "classifiers/classify.h"
#include "proxy/wire/api.h"
#include "proxy/wire/h1.h"
#include "residency/residency.h"
#include "rules/rules.h"

#include <glob.h>
#include <stdio.h>
#include <stdlib.h>

enum { ROUNDS = 20, BODY_MAX = 64 * 1024 };

struct work {
	void (*round)(void);
	void (*prepare)(void);
	const char *name;
};

static const char sentences[] =
	"Please summarise the following meeting notes and list the open questions for the next planning round. "
	"Our customers often ask how long a delivery takes, and we would like to answer them more precisely. "
	"The museum opened a new wing last spring, with paintings that had not been shown for many years. "
	"Write to jana.novakova@firma-nord.de or call +44 20 7946 0958 if the weather turns. "
	"It is worth noting that the method works only where the samples are independent of each other. "
	"The card was 4539 1488 0343 6467 as far as I know, and the host 198.18.7.41 did not answer. ";

static void fail(const char *what)
{
	fprintf(stderr, "cost: %s\n", what);
	exit(1);
}

static void need(enum err e, const char *what)
{
	if (e != ERR_OK)
		fail(what);
}

/* --- head of a request --- */
static const char request[] =
	"POST /v1/chat/completions HTTP/1.1\r\n"
	"Host: api.openai.com\r\n"
	"Accept: application/json\r\n"
	"Accept-Encoding: gzip, deflate\r\n"
	"Connection: keep-alive\r\n"
	"Content-Type: application/json\r\n"
	"User-Agent: OpenAI/Python 2.8.0\r\n"
	"X-Stainless-Lang: python\r\n"
	"X-Stainless-Package-Version: 2.8.0\r\n"
	"X-Stainless-OS: Linux\r\n"
	"X-Stainless-Arch: x64\r\n"
	"X-Stainless-Runtime: CPython\r\n"
	"X-Stainless-Runtime-Version: 3.11.2\r\n"
	"Authorization: Bearer sk-proj-abcdefghijklmnopqrstuvwxyz0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ\r\n"
	"X-Stainless-Async: false\r\n"
	"x-stainless-retry-count: 0\r\n"
	"Content-Length: 2048\r\n"
	"\r\n";
static struct http_head head;

static void round_head(void)
{
	enum h1_reject why;
	size_t scanned = 0, length = 0;
	struct span bytes = span_of(request, sizeof request - 1);
	need(h1_head_end(bytes, &scanned, &length), "the head has no end");
	need(h1_parse_request(bytes, &head, &why), "the head is not well formed");
}

/* --- JSON: texts of a chat request --- */
static char body[BODY_MAX];
static struct span body_span;
static struct api_route route;

static void make_body(size_t size)
{
	size_t n = (size_t)snprintf(body, sizeof body, "{\"model\":\"gpt-5\",\"messages\":[");
	for (unsigned i = 0; n + 900 < size; i++) {
		n += (size_t)snprintf(body + n, sizeof body - n, "%s{\"role\":\"%s\",\"content\":\"%s\"}",
				      i == 0 ? "" : ",", i % 2 == 0 ? "user" : "assistant", sentences);
	}
	n += (size_t)snprintf(body + n, sizeof body - n,
			      ",{\"role\":\"user\",\"content\":\"\\u00dcber %.*s\"}],\"stream\":true}",
			      (int)(size - n - 70) % (int)sizeof sentences, sentences);
	body_span = span_of(body, n);
	round_head();
	need(api_route(&head, &route), "no route");
}

static void prepare_json_2k(void)
{
	make_body(2048);
}

static void prepare_json_32k(void)
{
	make_body(32768);
}

static void round_json(void)
{
	struct api_extract out;
	struct api_problem problem;
	struct api_limits limits = api_limits_default();
	struct arena arena;
	arena_init(&arena, 0);
	need(api_extract(&route, body_span, &limits, &arena, &out, &problem), "the body is not well formed");
	if (out.n_texts == 0)
		fail("no texts");
	arena_fini(&arena);
}

/* --- classifiers: the lexers and all views over texts of 2 kB --- */
static struct classifier *classifier;
static struct classifier_scratch *scratch;
static struct span prompt;

static void prepare_classifier(void)
{
	const struct classifier_options o = {0};
	struct classifier_diag diag;
	enum err err;
	classifier = classifier_new(&o, &diag, &err);
	scratch = classifier == NULL ? NULL : classifier_scratch_new(classifier);
	if (scratch == NULL)
		fail("no classifier");
}

static struct span read_files(const char *pattern);

static void prepare_prose(void)
{
	prepare_classifier();
	prompt = read_files(BW_SOURCE_DIR "/tests/instructions/prose.txt");
}

static void prepare_code(void)
{
	prepare_classifier();
	prompt = read_files(BW_SOURCE_DIR "/tests/instructions/code.txt");
}

static void prepare_logs(void)
{
	prepare_classifier();
	prompt = read_files(BW_SOURCE_DIR "/tests/instructions/logs.txt");
}

static void prepare_dense(void)
{
	prepare_classifier();
	prompt = read_files(BW_SOURCE_DIR "/tests/instructions/dense.txt");
}

static void round_classify(void)
{
	struct findings f;
	struct arena arena;
	arena_init(&arena, 0);
	need(classify_text(classifier, scratch, NULL, prompt, NULL, &arena, &f), "not classified");
	if (f.failed > 0)
		fail("not all was classified");
	arena_fini(&arena);
}

/* --- rules: all packs --- */
static struct rules *rules;
static struct facts facts;
static struct record_candidate candidate;

/* Every file of the pattern, one behind the other; never freed. */
static struct span read_files(const char *pattern)
{
	struct buf text = {0};
	glob_t found;
	if (glob(pattern, 0, NULL, &found) != 0)
		fail(pattern);
	for (size_t i = 0; i < found.gl_pathc; i++) {
		FILE *f = fopen(found.gl_pathv[i], "rb");
		uint8_t *room = buf_reserve(&text, 1 << 20);
		if (f == NULL || room == NULL)
			fail(found.gl_pathv[i]);
		text.n += fread(room, 1, 1 << 20, f);
		buf_add_byte(&text, '\n');
		fclose(f);
	}
	globfree(&found);
	need(buf_err(&text), pattern);
	return buf_span(&text);
}

static void compile_packs(void)
{
	enum { MAX_GROUPS = 64 };
	struct rules_group groups[MAX_GROUPS];
	struct groups_diag diag;
	struct rules_diag why;
	enum err err;
	struct country_groups *g =
		country_groups_parse(read_files(BW_SOURCE_DIR "/residency/tables/*.groups"), &diag, &err);
	if (g == NULL || country_groups_count(g) > MAX_GROUPS)
		fail("country groups");
	struct rules_env env = {groups, country_groups_count(g), NULL, 0};
	for (size_t i = 0; i < env.n_groups; i++)
		groups[i] = (struct rules_group){country_groups_name(g, i), *country_groups_set(g, i)};
	struct rules_source source = {SPAN("packs"), read_files(BW_SOURCE_DIR "/rules/packs/*.rules")};
	rules = rules_compile(&source, 1, &env, &why, &err);
	if (rules == NULL)
		fail(why.text);
}

static void declare(void)
{
	struct country_set us = {0}, de = {0};
	static const struct data_item items[] = {
		{SPAN("contact.email"), CLASS_BIT(CLASS_PERSONAL), 2, 99, DATA_DETECTED, 1},
		{SPAN("contact.phone"), CLASS_BIT(CLASS_PERSONAL), 1, 90, DATA_DETECTED, 1},
		{SPAN("finance.card"), CLASS_BIT(CLASS_PAYMENT) | CLASS_BIT(CLASS_PERSONAL), 1, 99, DATA_DETECTED, 1},
		{SPAN("health.condition"), CLASS_BIT(CLASS_SPECIAL), 1, 80, DATA_DETECTED, 1},
	};
	country_set_add(&us, country_parse(SPAN("US")));
	country_set_add(&de, country_parse(SPAN("DE")));
	facts_set_country(&facts, F_SITE, country_parse(SPAN("DE")));
	facts_set_countries(&facts, F_SUBJECT, &de);
	facts_set_text(&facts, F_SUBJECT_BASIS, SPAN("detected"));
	facts_set_text(&facts, F_API, SPAN("openai"));
	facts_set_text(&facts, F_OPERATION, SPAN("chat.completions"));
	facts_set_bool(&facts, F_APP_KNOWN, false);
	facts_set_bool(&facts, F_STREAM, true);
	facts_set_bool(&facts, F_COVERAGE_COMPLETE, true);
	facts_set_num(&facts, F_COVERAGE_LEXED, 2048);
	facts_set_num(&facts, F_BODY_BYTES, 2300);
	facts_set_num(&facts, F_DATE, 20777);
	for (size_t i = 0; i < sizeof items / sizeof *items; i++)
		if (!facts_add_data(&facts, items[i]))
			fail("facts are full");
	dest_facts_set_text(&candidate.facts, F_DEST_ID, SPAN("openai"));
	dest_facts_set_bool(&candidate.facts, F_DEST_ON_PREM, false);
	dest_facts_set_countries(&candidate.facts, F_DEST_PROCESSING, &us);
}

static void prepare_rules(void)
{
	compile_packs();
	declare();
}

static void round_rules(void)
{
	static struct evaluation out;
	rules_eval(rules, &facts, &candidate.facts, &out);
	if (out.n_regimes == 0 || out.n_fired == 0)
		fail("no rule fired");
}

/* --- the record of that decision --- */
static void prepare_record(void)
{
	static struct evaluation ev;
	prepare_rules();
	rules_eval(rules, &facts, &candidate.facts, &ev);
	candidate.joined = ev.joined;
	candidate.n_regimes = ev.n_regimes;
	for (size_t i = 0; i < ev.n_regimes; i++) {
		candidate.regimes[i].regime = rules_regime_name(rules, ev.regimes[i].regime);
		candidate.regimes[i].version = rules_regime_version(rules, ev.regimes[i].regime);
		candidate.regimes[i].applies = (uint8_t)ev.regimes[i].applies;
		candidate.regimes[i].verdict = ev.regimes[i].verdict;
	}
	candidate.n_fired = ev.n_fired;
	for (size_t i = 0; i < ev.n_fired; i++) {
		candidate.fired[i].regime = rules_regime_name(rules, ev.fired[i].regime);
		candidate.fired[i].rule = rules_rule_name(rules, ev.fired[i].rule);
		candidate.fired[i].source = rules_rule_source(rules, ev.fired[i].rule);
		candidate.fired[i].deciding = i < ev.n_deciding;
	}
}

static void round_record(void)
{
	static struct buf out;
	const struct record_decision d = {.started_ns = 1763640000000000000,
					  .facts = &facts,
					  .candidates = &candidate,
					  .n_candidates = 1,
					  .chosen = 0,
					  .build = SPAN("0.1.0")};
	buf_clear(&out);
	need(record_decision_encode(&d, &out), "not encoded");
}

__attribute__((noinline)) static void measured(void (*round)(void))
{
	for (int i = 0; i < ROUNDS; i++)
		round();
}

static void nothing(void)
{
}

int main(int argc, char **argv)
{
	static const struct work works[] = {
		{round_head, nothing, "head"},
		{round_json, prepare_json_2k, "json_2k"},
		{round_json, prepare_json_32k, "json_32k"},
		{round_classify, prepare_prose, "prose_2k"},
		{round_classify, prepare_code, "code_2k"},
		{round_classify, prepare_logs, "logs_2k"},
		{round_classify, prepare_dense, "dense_2k"},
		{round_rules, prepare_rules, "rules"},
		{round_record, prepare_record, "record"},
	};
	for (size_t i = 0; argc == 2 && i < sizeof works / sizeof *works; i++) {
		if (strcmp(argv[1], works[i].name) != 0)
			continue;
		works[i].prepare();
		works[i].round(); /* allocators and lazy tables */
		measured(works[i].round);
		printf("%d\n", ROUNDS);
		return 0;
	}
	fprintf(stderr, "usage: cost NAME\n");
	return 2;
}
