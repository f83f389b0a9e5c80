#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "config/config.h"

#define PIN    "sha256/AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="
#define HASH_A "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define HASH_B "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"

#define LONG   "/aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"

/* Every part that other tests leave out or spoil. */
#define SITE      "site: { name: s1, country: DE }\n"
#define LISTENERS "listeners: [ { address: 127.0.0.1:8080, mode: base-url } ]\n"
#define CLOUD     "destinations: { cloud: { api: openai, url: https://api.example.com } }\n"
#define ROUTES    "routes: [ { match: /v1, candidates: [cloud] } ]\n"
#define RULES     "rules: [ a.rules ]\n"
#define AUDIT     "audit: { path: audit }\n"
#define REST      LISTENERS CLOUD ROUTES RULES AUDIT

static const char full[] =
	"# a comment\n"
	"site: { name: frankfurt-1, country: DE }\n"
	"networks: [ { cidr: 10.20.0.0/16, country: FR }, 10.30.0.0/16 ]\n"
	"listeners:\n"
	"  - { address: 127.0.0.1:8080, mode: base-url, hosts: [localhost, gateway.corp.example, '[::1]'] }\n"
	"  - { address: 127.0.0.1:3128, mode: base-url }\n"
	"  - { address: unix:/run/bailiwick/admin.sock, mode: admin }\n"
	"  - { address: 0.0.0.0:8443, mode: base-url, tls: { cert: tls.pem, key: /etc/tls.key } }\n"
	"destinations:\n"
	"  us: { api: openai, url: https://api.openai.com, processing: [US], networks: anycast, credentials: "
	"passthrough,\n"
	"        contracts: { dpa: 2025-03-01, dpf: { status: active, checked: 2026-11-01 } } }\n"
	"  eu: { api: [openai, anthropic], url: https://eu.api.openai.com/base/, processing: [EEA, CH], storage: "
	"anywhere,\n"
	"        networks: [ 192.0.2.0/24, { cidr: 2001:db8::/32, country: IE } ], credentials: { file: eu.key }, "
	"provider: OpenAI,\n"
	"        contracts: { dpa: true, scc: M2, bcr: false, baa: 2026-01-01, tia_expires: 2027-01-31, "
	"zero_retention: true } }\n"
	"  onprem: { api: openai, engine: vllm, url: https://10.20.0.5:8443, pin: " PIN
	", on_prem: true, country: AT,\n"
	"        models: { '*': qwen3-32b, gpt-4o: big }, concurrency: 8, queue: 0, queue_wait: 2 min, health: none }\n"
	"  socket: { api: anthropic, engine: ollama, url: unix:/run/ollama.sock, on_prem: true }\n"
	"routes: [ { match: /, candidates: [socket] }, { match: /v1, candidates: [us, eu, onprem] } ]\n"
	"apps:\n"
	"  - { name: claims, key_hashes: [ " HASH_A ", " HASH_B " ], purpose: claims handling, legal_basis: contract,\n"
	"      art9_condition: legal-claims, role: controller, seat: DE, subjects: [DE, AT], declares: [special, phi], "
	"contact: dpo }\n"
	"rules: [ packs/gdpr.rules, /etc/house.rules ]\n"
	"groups: [ own.groups ]\n"
	"house: [ { type: house.project, file: terms.txt, classes: [house] }, { type: house.p, file: p.txt, patterns: "
	"true } ]\n"
	"geo: { database: /var/lib/country.mmdb, max_age: 2 weeks }\n"
	"audit: { path: /var/lib/audit, retain: 6 years, map_size: 1 GiB, commit_delay: 5 ms, commit_records: 64, "
	"origin: o/1,\n"
	"         signer: /run/signer.sock }\n"
	"limits: { loops: 2, compute: 3, max_body: 1 MiB, max_decoded: 2 MiB, max_buffered: 1 GiB, max_ratio: 50,\n"
	"          max_connections: 100, head_timeout: 1 s, idle_timeout: 2 s, body_timeout: 3 s, write_timeout: 4 s "
	"}\n"
	"server: { user: bailiwick, group: nogroup, log_level: debug, contact: it@corp.example, require_app: true }\n"
	"model: tagger.bwm\n";

static struct config *load(const char *yaml)
{
	struct config_diag diag;
	enum err err;
	struct config *c = config_parse(span_str(yaml), "/etc/bailiwick/bailiwick.yaml", &diag, &err);
	if (c == NULL)
		fail_msg("%s:%u:%u: %s", diag.file, diag.line, diag.column, diag.text);
	assert_int_equal(err, ERR_OK);
	return c;
}

static void is(struct span s, const char *want)
{
	if (want == NULL) {
		assert_null(s.p);
		return;
	}
	assert_non_null(s.p);
	assert_int_equal(s.n, strlen(want));
	assert_string_equal((const char *)s.p, want); /* ends in NUL */
}

static country cc(const char *name)
{
	return country_parse(span_str(name));
}

static void test_site_and_listeners(void **state)
{
	(void)state;
	struct config *c = load(full);
	is(c->file, "/etc/bailiwick/bailiwick.yaml");
	is(c->site.name, "frankfurt-1");
	assert_int_equal(c->site.cc, cc("DE"));
	assert_int_equal(c->n_networks, 2);
	is(c->networks[0].cidr, "10.20.0.0/16");
	assert_int_equal(c->networks[0].cc, cc("FR"));
	assert_int_equal(c->networks[0].line, 3);
	is(c->networks[1].cidr, "10.30.0.0/16");
	assert_int_equal(c->networks[1].cc, COUNTRY_NONE);
	assert_int_equal(c->n_listeners, 4);
	assert_int_equal(c->listeners[0].mode, MODE_BASE_URL);
	assert_int_equal(c->listeners[0].n_hosts, 3);
	is(c->listeners[0].hosts[1], "gateway.corp.example");
	is(c->listeners[0].tls_cert, NULL);
	assert_int_equal(c->listeners[1].mode, MODE_BASE_URL);
	assert_int_equal(c->listeners[1].line, 6);
	assert_int_equal(c->listeners[2].mode, MODE_ADMIN);
	is(c->listeners[2].address, "unix:/run/bailiwick/admin.sock");
	is(c->listeners[3].tls_cert, "/etc/bailiwick/tls.pem");
	is(c->listeners[3].tls_key, "/etc/tls.key");
	config_free(c);
}

static void test_clouds(void **state)
{
	(void)state;
	struct config *c = load(full);
	assert_int_equal(c->n_destinations, 4);
	const struct config_destination *us = &c->destinations[0], *eu = &c->destinations[1];
	is(us->name, "us");
	assert_int_equal(us->line, 10);
	assert_int_equal(us->api, 1u << CONFIG_API_OPENAI);
	assert_true(us->tls && us->networks_anycast && !us->on_prem && !us->insecure);
	is(us->url, "https://api.openai.com");
	is(us->host, "api.openai.com");
	is(us->base_path, "");
	is(us->unix_path, NULL);
	is(us->pin, NULL);
	assert_int_equal(us->port, 443);
	assert_int_equal(us->engine, ENGINE_NONE);
	assert_int_equal(us->credentials, CREDENTIALS_PASSTHROUGH);
	assert_int_equal(us->cc, COUNTRY_NONE);
	assert_true(us->contracts.dpa && us->contracts.dpf_set && us->contracts.dpf_active);
	assert_int_equal(us->contracts.dpf_checked, 20758);
	is(us->processing[0], "US");
	assert_int_equal(us->n_storage, 0);
	assert_int_equal(us->connect_ms, 5000);
	assert_int_equal(us->head_ms, 600000);
	assert_int_equal(us->idle_ms, 300000);
	assert_int_equal(eu->api, 1u << CONFIG_API_OPENAI | 1u << CONFIG_API_ANTHROPIC);
	is(eu->base_path, "/base");
	is(eu->provider, "OpenAI");
	assert_int_equal(eu->n_processing, 2);
	is(eu->processing[0], "EEA");
	is(eu->storage[0], "anywhere");
	assert_int_equal(eu->n_networks, 2);
	assert_int_equal(eu->networks[1].cc, cc("IE"));
	assert_int_equal(eu->credentials, CREDENTIALS_FILE);
	is(eu->credentials_file, "/etc/bailiwick/eu.key");
	is(eu->contracts.scc, "M2");
	assert_true(eu->contracts.dpa && eu->contracts.baa && !eu->contracts.bcr && eu->contracts.zero_retention);
	assert_false(eu->contracts.dpf_set);
	assert_int_equal(eu->contracts.tia_expires, 20849);
	config_free(c);
}

static void test_engines(void **state)
{
	(void)state;
	struct config *c = load(full);
	const struct config_destination *d = &c->destinations[2], *s = &c->destinations[3];
	assert_true(d->on_prem && d->tls);
	assert_int_equal(d->engine, ENGINE_VLLM);
	assert_int_equal(d->pin.n, 32);
	assert_int_equal(d->pin.p[31], 31);
	assert_int_equal(d->cc, cc("AT"));
	assert_int_equal(d->port, 8443);
	assert_int_equal(d->n_models, 2);
	is(d->models[0].asked, "*");
	is(d->models[1].served, "big");
	assert_int_equal(d->concurrency, 8);
	assert_int_equal(d->queue, 0);
	assert_int_equal(d->queue_ms, 120000);
	is(d->health_path, "");
	assert_int_equal(d->credentials, CREDENTIALS_NONE);
	is(s->unix_path, "/run/ollama.sock");
	is(s->host, NULL);
	is(s->health_path, "/api/version");
	assert_int_equal(s->cc, cc("DE")); /* the site's */
	assert_int_equal(s->concurrency, 16);
	assert_int_equal(s->queue, 256);
	assert_int_equal(s->queue_ms, 30000);
	assert_int_equal(s->engine, ENGINE_OLLAMA);
	config_free(c);
}

static void test_apps_and_rest(void **state)
{
	(void)state;
	struct config *c = load(full);
	assert_int_equal(c->n_routes, 2); /* the longest prefix first */
	is(c->routes[0].match, "/v1");
	assert_int_equal(c->routes[0].n_candidates, 3);
	assert_int_equal(c->routes[0].candidates[2], 2);
	assert_int_equal(c->routes[1].candidates[0], 3);
	const struct config_app *a = &c->apps[0];
	is(a->name, "claims");
	assert_int_equal(a->n_key_hashes, 2);
	assert_int_equal(a->key_hashes[1][31], 0xbb);
	is(a->purpose, "claims handling");
	is(a->legal_basis, "contract");
	is(a->art9_condition, "legal-claims");
	is(a->role, "controller");
	is(a->contact, "dpo");
	assert_int_equal(a->seat, cc("DE"));
	assert_int_equal(a->n_subjects, 2);
	assert_int_equal(a->subjects[1], cc("AT"));
	assert_int_equal(a->n_declares, 2);
	is(c->rules[0], "/etc/bailiwick/packs/gdpr.rules");
	is(c->rules[1], "/etc/house.rules");
	is(c->groups[0], "/etc/bailiwick/own.groups");
	assert_int_equal(c->n_house, 2);
	is(c->house[0].file, "/etc/bailiwick/terms.txt");
	assert_int_equal(c->house[1].n_classes, 1);
	is(c->house[1].classes[0], "house");
	assert_true(c->house[1].patterns && !c->house[0].patterns);
	is(c->geo.database, "/var/lib/country.mmdb");
	assert_int_equal(c->geo.max_age_days, 14);
	assert_int_equal(c->audit.retain_months, 72);
	assert_int_equal(c->audit.map_bytes, 1u << 30);
	assert_int_equal(c->audit.commit_ms, 5);
	is(c->audit.origin, "o/1");
	is(c->audit.signer_socket, "/run/signer.sock");
	assert_int_equal(c->limits.write_idle_ms, 4000);
	assert_int_equal(c->limits.max_conns, 100);
	is(c->server.user, "bailiwick");
	assert_true(c->server.require_app);
	is(c->model, "/etc/bailiwick/tagger.bwm");
	config_free(c);
}

static void test_defaults(void **state)
{
	(void)state;
	struct config *c = load(SITE REST);
	assert_int_equal(c->audit.retain_months, 12);
	assert_int_equal(c->audit.map_bytes, 64ull << 30);
	assert_int_equal(c->audit.commit_ms, 2);
	assert_int_equal(c->audit.commit_records, 256);
	is(c->audit.origin, "bailiwick/s1/0");
	is(c->audit.path, "/etc/bailiwick/audit");
	is(c->audit.signer_socket, "/etc/bailiwick/audit/signer.sock");
	is(c->geo.database, NULL);
	assert_int_equal(c->geo.max_age_days, 45);
	assert_int_equal(c->limits.max_body, 32u << 20);
	assert_int_equal(c->limits.max_decoded, 64u << 20);
	assert_int_equal(c->limits.max_buffered, 512u << 20);
	assert_int_equal(c->limits.max_ratio, 200);
	assert_int_equal(c->limits.head_ms, 10000);
	is(c->server.log_level, "info");
	is(c->server.user, NULL);
	assert_false(c->server.require_app);
	is(c->model, NULL);
	assert_int_equal(c->n_apps, 0);
	config_free(c);
	struct config_diag diag;
	enum err err;
	c = config_parse(SPAN(SITE REST), "here.yaml", &diag, &err); /* no folder: names stay as they are */
	assert_non_null(c);
	is(c->audit.path, "audit");
	config_free(c);
}

/* One mistake, where it is reported, and a piece of what is said. */
struct mistake {
	const char *yaml;
	unsigned line, column; /* 0: any */
	const char *says;
};

static void expect(const struct mistake *m)
{
	struct config_diag diag;
	enum err err = ERR_OK;
	struct config *c = config_parse(span_str(m->yaml), "bad.yaml", &diag, &err);
	if (c != NULL)
		fail_msg("accepted: %s", m->yaml);
	assert_int_equal(err, ERR_CONFIG);
	assert_string_equal(diag.file, "bad.yaml");
	if (strstr(diag.text, m->says) == NULL || (m->line != 0 && diag.line != m->line) ||
	    (m->column != 0 && diag.column != m->column))
		fail_msg("%u:%u: %s\n(wanted %u:%u %s)\n%s", diag.line, diag.column, diag.text, m->line, m->column,
			 m->says, m->yaml);
}

#define EXPECT_ALL(table)                                                                                              \
	for (size_t i_ = 0; i_ < sizeof(table) / sizeof *(table); i_++)                                                \
	expect(&(table)[i_])

static void test_yaml_traps(void **state)
{
	(void)state;
	static const struct mistake table[] = {
		{"", 0, 0, "empty"},
		{"# nothing\n", 0, 0, "empty"},
		{"42", 1, 1, "mapping"},
		{"[ a ]", 1, 1, "mapping"},
		{"site: [ a\n", 0, 0, "not valid YAML"},
		{"site:\n\tname: x\n", 2, 0, "not valid YAML"},
		{"site: { name: \xff }", 0, 0, "not valid YAML"},
		{SITE REST "---\n" SITE, 0, 0, "second document"},
		{"%YAML 1.1\n---\n" SITE REST, 1, 0, "directives"},
		{"%TAG ! tag:x,2000:\n---\n" SITE REST, 1, 0, "directives"},
		{"site: &a { name: x, country: DE }\n", 1, 7, "anchors"},
		{"site: { name: &a x, country: DE }\n", 1, 15, "anchors"},
		{"rules: &a [ x ]\n", 1, 8, "anchors"},
		{"site: *a\n", 1, 7, "aliases"},
		{"*a : x\n", 1, 0, "aliases"},
		{"site: !!map { name: x }\n", 1, 7, "tags"},
		{"site: { name: !x y }\n", 1, 15, "tags"},
		{"site: { <<: { name: x } }\n", 1, 9, "merge"},
		{"? [a]\n: b\n", 1, 0, "plain word"},
		{"'': x\n", 1, 1, "1 to 128"},
		{SITE "site: { name: x, country: DE }\n", 2, 1, "already set in line 1"},
		{"site: { name: x, country: DE, name: y }\n", 1, 31, "already set"},
		{"site: { name: \"a\\x00b\", country: DE }\n", 1, 15, "invisible"},
		{"site: { name: \"a\\u202eb\", country: DE }\n", 1, 15, "invisible"},
		{"site: { name: \"a\\u200bb\", country: DE }\n", 1, 15, "invisible"},
		{"site: { name: \"a\nb\\n\", country: DE }\n", 1, 15, "invisible"},
		{"site: [[[[[[[[[[[[[[[[[[ x ]]]]]]]]]]]]]]]]]]\n", 1, 22, "nested too deeply"},
		{"site: !<tag:yaml.org,2002:binary> x\n", 1, 7, "tags"},
	};
	EXPECT_ALL(table);
}

static void test_keys_and_types(void **state)
{
	(void)state;
	static const struct mistake table[] = {
		{SITE "destination: {}\n" REST, 2, 1, "did you mean \"destinations\"?"},
		{SITE "frobnicate: 1\n" REST, 2, 1, "the file has no key \"frobnicate\""},
		{"site: { name: x, contry: DE }\n" REST, 1, 18, "did you mean \"country\"?"},
		{"site: { country: DE }\n" REST, 1, 7, "the site needs \"name\""},
		{"site: DE\n" REST, 1, 7, "mapping"},
		{"site:\n" REST, 0, 0, "mapping"},
		{REST, 1, 1, "the file needs \"site\""},
		{SITE CLOUD ROUTES RULES AUDIT, 1, 1, "needs \"listeners\""},
		{SITE LISTENERS RULES AUDIT, 1, 1, "needs \"destinations\""},
		{SITE LISTENERS CLOUD ROUTES AUDIT, 1, 1, "needs \"rules\""},
		{SITE LISTENERS CLOUD ROUTES RULES, 1, 1, "needs \"audit\""},
		{SITE "rules: a.rules\n" LISTENERS CLOUD ROUTES AUDIT, 2, 8, "list"},
		{SITE "rules: []\n" LISTENERS CLOUD ROUTES AUDIT, 2, 8, "empty list"},
		{SITE "rules: [ a, a ]\n" LISTENERS CLOUD ROUTES AUDIT, 2, 13, "twice"},
		{SITE "rules: [ [a] ]\n" LISTENERS CLOUD ROUTES AUDIT, 2, 10, "single value"},
		{SITE "rules: [ '' ]\n" LISTENERS CLOUD ROUTES AUDIT, 2, 10, "empty"},
		{SITE "model:\n" REST, 2, 0, "empty"},
		{SITE "model: { file: x }\n" REST, 2, 8, "single value"},
		{"site: { name: 'a b', country: DE }\n" REST, 1, 15, "not a name"},
		{"site: { name: x, country: UK }\n" REST, 1, 27, "is GB"},
		{"site: { name: x, country: EU }\n" REST, 1, 27, "no country"},
		{"site: { name: x, country: de }\n" REST, 1, 27, "no country code"},
		{"site: { name: x, country: Germany }\n" REST, 1, 27, "no country code"},
		{"site: { name: x, country: ZZ }\n" REST, 1, 27, "no country code"},
		{SITE REST "limits: { loops: many }\n", 7, 18, "whole number"},
		{SITE REST "limits: { loops: -1 }\n", 7, 18, "whole number"},
		{SITE REST "limits: { loops: '4' }\n", 7, 18, "whole number"},
		{SITE REST "limits: { loops: 1e3 }\n", 7, 18, "whole number"},
		{SITE REST "limits: { loops: 257 }\n", 7, 18, "at most 256"},
		{SITE REST "limits: { loops: 99999999999999999999 }\n", 7, 18, "whole number"},
		{SITE REST "limits: { max_ratio: 1 }\n", 7, 22, "at least 2"},
		{SITE REST "limits: { head_timeout: 5 }\n", 7, 25, "with its unit"},
		{SITE REST "limits: { head_timeout: 1 ms }\n", 7, 25, "at least 10 ms"},
		{SITE REST "limits: { head_timeout: 2 days }\n", 7, 25, "at most 600000 ms"},
		{SITE REST "limits: { max_body: 32 MB }\n", 7, 21, "KiB"},
		{SITE REST "limits: { max_body: 99 TiB }\n", 7, 21, "at most"},
		{SITE REST "limits: { max_body: 128 MiB }\n", 7, 9, "max_decoded"},
		{SITE REST "limits: { max_decoded: 1 GiB }\n", 7, 9, "max_buffered"},
		{SITE REST "geo: { database: x, max_age: 0 days }\n", 7, 30, "at least 1"},
		{SITE REST "geo: { max_age: 3 days }\n", 7, 6, "needs \"database\""},
		{SITE REST "server: { require_app: yes }\n", 7, 24, "true or false"},
		{SITE REST "server: { require_app: 'true' }\n", 7, 24, "true or false"},
		{SITE REST "server: { require_app: true }\n", 7, 9, "refuses everybody"},
		{SITE REST "server: { log_level: warning }\n", 7, 22, "did you mean \"warn\"?"},
		{SITE LISTENERS CLOUD ROUTES RULES "audit: { path: a, retain: 90 days }\n", 6, 27, "12 months"},
		{SITE LISTENERS CLOUD ROUTES RULES "audit: { path: a, signer: s.sock }\n", 6, 27, "absolute path"},
		{SITE LISTENERS CLOUD ROUTES RULES "audit: { path: a, origin: a b }\n", 6, 27, "no spaces"},
		{SITE LISTENERS CLOUD ROUTES RULES "audit: { path: a, origin: a+b }\n", 6, 27, "no spaces"},
		{SITE LISTENERS CLOUD ROUTES RULES "audit: { path: " LONG LONG " }\n", 6, 16, "shorter"},
		{SITE REST "house: [ { type: project, file: x } ]\n", 7, 18, "house."},
		{SITE REST "house: [ { type: house.x, file: x, classes: [specal] } ]\n", 7, 46,
		 "did you mean \"special\"?"},
	};
	EXPECT_ALL(table);
}

#define DEST(fields) SITE LISTENERS "destinations:\n  cloud: { api: openai, " fields " }\n" ROUTES RULES AUDIT
#define NETS(nets, fields)                                                                                             \
	SITE "networks: " nets "\n" LISTENERS "destinations:\n  cloud: { api: openai, " fields " }\n" ROUTES RULES AUDIT

static void test_destinations(void **state)
{
	(void)state;
	static const struct mistake table[] = {
		{SITE LISTENERS "destinations: {}\n" ROUTES RULES AUDIT, 3, 15, "at least one"},
		{SITE LISTENERS "destinations:\n  'a b': { api: openai, url: https://x.y }\n" ROUTES RULES AUDIT, 4, 3,
		 "not a name"},
		{DEST("url: https://x.y, api2: 1"), 4, 0, "no key \"api2\"; did you mean \"api\"?"},
		{SITE LISTENERS "destinations: { a: { url: https://x.y } }\n" ROUTES RULES AUDIT, 3, 20,
		 "needs \"api\""},
		{SITE LISTENERS "destinations: { a: { api: gemini, url: https://x.y } }\n" ROUTES RULES AUDIT, 3, 27,
		 "openai|anthropic"},
		{SITE LISTENERS "destinations: { a: { api: [], url: https://x.y } }\n" ROUTES RULES AUDIT, 3, 27,
		 "one or a list"},
		{DEST("on_prem: false"), 4, 10, "needs \"url\""},
		{DEST("url: api.openai.com"), 4, 30, "begin with https://"},
		{DEST("url: http://api.openai.com"), 4, 30, "in the clear"},
		{DEST("url: https://10.0.0.1"), 4, 30, "private address"},
		{DEST("url: https://localhost:3"), 4, 30, "private address"},
		{DEST("url: unix:/run/x.sock"), 4, 30, "on_prem: true"},
		{DEST("url: https://x.y, concurrency: 3"), 4, 0, "\"concurrency\" is for engines"},
		{DEST("url: https://x.y, engine: vllm"), 4, 0, "\"engine\" is for engines"},
		{DEST("url: https://x.y, processing: US"), 4, 0, "list of countries and groups"},
		{DEST("url: https://x.y, processing: []"), 4, 0, "empty list"},
		{DEST("url: https://x.y, processing: [US, anywhere]"), 4, 0, "stands alone"},
		{DEST("url: https://x.y, processing: [us]"), 4, 0, "no country code"},
		{DEST("url: https://x.y, processing: [UK]"), 4, 0, "is GB"},
		{DEST("url: https://x.y, networks: any"), 4, 0, "or anycast"},
		{DEST("url: https://x.y, networks: [ 10.20.0.5/16 ]"), 4, 0, "not a network"},
		{DEST("url: https://x.y, networks: [ { cidr: 1.2.3.4/33 } ]"), 4, 0, "not a network"},
		{DEST("url: https://x.y, networks: [ { country: DE } ]"), 4, 0, "a network needs \"cidr\""},
		{DEST("url: https://x.y, credentials: openai.key"), 4, 0, "{ file: NAME }"},
		{DEST("url: https://x.y, credentials: { }"), 4, 0, "needs \"file\""},
		{DEST("url: https://x.y, credentials: { key: x }"), 4, 0, "no key \"key\""},
		{DEST("url: https://x.y, pin: sha256/abc"), 4, 0, "44 characters"},
		{DEST("url: https://x.y, pin: abc"), 4, 0, "44 characters"},
		{DEST("url: http://x.y, insecure: true, pin: " PIN), 4, 0, "a pin needs https://"},
		{DEST("url: http://x.y, insecure: true, ca_file: x"), 4, 0, "needs https://"},
		{DEST("url: https://x.y, contracts: { scc: M5 }"), 4, 0, "M1|M2|M3|M4"},
		{DEST("url: https://x.y, contracts: { dpa: 2025-02-30 }"), 4, 0, "in force"},
		{DEST("url: https://x.y, contracts: { dpf: active }"), 4, 0, "mapping"},
		{DEST("url: https://x.y, contracts: { dpf: { status: active } }"), 4, 0, "needs \"checked\""},
		{DEST("url: https://x.y, contracts: { dpf: { status: valid, checked: 2026-01-01 } }"), 4, 0,
		 "inactive|active"},
		{DEST("url: https://x.y, contracts: { tia_expires: soon }"), 4, 0, "is a date"},
		{DEST("url: https://x.y, connect_timeout: 0 s"), 4, 0, "at least"},
	};
	EXPECT_ALL(table);
}

static void test_engine_links(void **state)
{
	(void)state;
	static const struct mistake table[] = {
		{DEST("url: http://10.20.0.5, on_prem: true"), 4, 30, "https:// and a pin"},
		{DEST("url: https://10.20.0.5, on_prem: true"), 4, 30, "needs pin"},
		{DEST("url: https://10.20.0.5, pin: " PIN ", on_prem: true"), 4, 30, "none of the declared networks"},
		{NETS("[ 10.21.0.0/16 ]", "url: https://10.20.0.5, pin: " PIN ", on_prem: true"), 5, 30,
		 "none of the declared networks"},
		{NETS("[ 10.20.0.0/16 ]", "url: http://10.20.0.5, on_prem: true"), 5, 30, "https:// and a pin"},
		{NETS("[ 10.20.0.0/16 ]", "url: https://10.20.0.5, ca_file: x, on_prem: true"), 5, 30, "needs pin"},
		{DEST("url: https://engine.corp, pin: " PIN ", on_prem: true"), 4, 30, "declare the network"},
		{DEST("url: http://127.0.0.1:1, on_prem: true, networks: anycast"), 4, 0, "not anycast"},
		{DEST("url: http://127.0.0.1:11434, on_prem: true, engine: ollama, models: { '*': 'qwen3:cloud' }"), 4,
		 0, "forwarded to a cloud"},
		{DEST("url: http://127.0.0.1:11434, on_prem: true, models: { a: b, c: gpt-oss-cloud }"), 4, 0,
		 "forwarded to a cloud"},
		{DEST("url: http://127.0.0.1:1, on_prem: true, models: qwen"), 4, 0, "mapping"},
		{DEST("url: http://127.0.0.1:1, on_prem: true, models: { '*': [a] }"), 4, 0, "single value"},
		{DEST("url: http://127.0.0.1:1, on_prem: true, health: health"), 4, 0, "is a path"},
		{DEST("url: http://127.0.0.1:1, on_prem: true, concurrency: 0"), 4, 0, "at least 1"},
	};
	EXPECT_ALL(table);
	static const char *const fine[] = {
		DEST("url: http://127.0.0.1:1, on_prem: true"),
		DEST("url: http://localhost:1, on_prem: true"),
		DEST("url: 'http://[::1]:1', on_prem: true"),
		DEST("url: unix:/run/x.sock, on_prem: true"),
		DEST("url: http://10.20.0.5, on_prem: true, insecure: true"),
		DEST("url: http://127.0.0.1:9, insecure: true"), /* a stand-in for a cloud */
		NETS("[ 10.20.0.0/16 ]", "url: https://10.20.0.5, pin: " PIN ", on_prem: true"),
		NETS("[ 10.20.0.0/16 ]", "url: https://engine.corp, pin: " PIN ", on_prem: true"),
		DEST("url: https://10.20.0.5, networks: [ 10.20.0.0/16 ], pin: " PIN ", on_prem: true"),
		DEST("url: http://127.0.0.1:1, on_prem: true, models: { 'qwen3:cloud': qwen3 }"),
		DEST("url: https://x.y, processing: [EU, eea, my_group-2, NO]"),
	};
	for (size_t i = 0; i < sizeof fine / sizeof *fine; i++)
		config_free(load(fine[i]));
}

#define LISTEN(l) SITE "listeners: [ " l " ]\n" CLOUD ROUTES RULES AUDIT

static void test_listeners_routes_apps(void **state)
{
	(void)state;
	static const struct mistake table[] = {
		{LISTEN(""), 2, 12, "empty list"},
		{LISTEN("127.0.0.1:80"), 2, 14, "a listener is a mapping"},
		{LISTEN("{ mode: admin }"), 2, 14, "needs \"address\""},
		{LISTEN("{ address: '127.0.0.1:8080' }"), 2, 14, "needs \"mode\""},
		{LISTEN("{ address: 127.0.0.1, mode: admin }"), 2, 25, "port"},
		{LISTEN("{ address: 8080, mode: admin }"), 2, 25, "not a host"},
		{LISTEN("{ address: gw.example:80, mode: admin }"), 2, 25, "not on a name"},
		{LISTEN("{ address: '127.0.0.1:80', mode: proxy }"), 2, 0, "base-url|forward-proxy|admin"},
		{LISTEN("{ address: '0.0.0.0:80', mode: admin }"), 2, 25, "needs tls"},
		{LISTEN("{ address: '127.0.0.1:80', mode: forward-proxy }"), 2, 47, "serves no forward proxy"},
		{LISTEN("{ address: '127.0.0.1:80', mode: base-url, hosts: ['http://a'] }"), 2, 0, "without scheme"},
		{LISTEN("{ address: '127.0.0.1:80', mode: base-url, hosts: ['a:80'] }"), 2, 0, "without scheme"},
		{LISTEN("{ address: '127.0.0.1:80', mode: base-url, tls: { cert: x } }"), 2, 0, "tls needs \"key\""},
		{LISTEN("{ address: 'unix:/a/b', mode: admin, tls: { cert: x, key: y } }"), 2, 0, "no TLS"},
		{LISTEN("{ address: '[::1]:80', mode: admin }, { address: '[::1]:80', mode: base-url }"), 2, 52,
		 "already listens"},
		{SITE LISTENERS CLOUD RULES AUDIT, 2, 12, "needs \"routes\""},
		{SITE LISTENERS CLOUD "routes: [ { match: v1, candidates: [cloud] } ]\n" RULES AUDIT, 4, 20,
		 "is a path"},
		{SITE LISTENERS CLOUD "routes: [ { match: /v1/, candidates: [cloud] } ]\n" RULES AUDIT, 4, 20,
		 "last slash"},
		{SITE LISTENERS CLOUD "routes: [ { match: /v1, candidates: [clout] } ]\n" RULES AUDIT, 4, 38,
		 "did you mean \"cloud\"?"},
		{SITE LISTENERS CLOUD "routes: [ { match: /v1, candidates: [] } ]\n" RULES AUDIT, 4, 37, "empty list"},
		{SITE LISTENERS CLOUD "routes: [ { match: /v1, candidates: [cloud, cloud] } ]\n" RULES AUDIT, 4, 45,
		 "twice"},
		{SITE LISTENERS CLOUD
		 "routes: [ { match: /a, candidates: [cloud] }, { match: /a, candidates: [cloud] } ]\n" RULES AUDIT,
		 4, 47, "already routes"},
		{SITE REST "apps: [ { purpose: x } ]\n", 7, 9, "needs \"name\""},
		{SITE REST "apps: [ { name: a }, { name: a } ]\n", 7, 22, "of this name"},
		{SITE REST "apps: [ { name: a, key_hashes: [ " HASH_A ", " HASH_A " ] } ]\n", 7, 0, "twice"},
		{SITE REST "apps: [ { name: a, key_hashes: [ " HASH_A " ] }, { name: b, key_hashes: [ " HASH_A
			   " ] } ]\n",
		 7, 0, "same key"},
		{SITE REST "apps: [ { name: a, key_hashes: [ hunter2 ] } ]\n", 7, 34, "never the key"},
		{SITE REST "apps: [ { name: a, legal_basis: concent } ]\n", 7, 33, "did you mean \"consent\"?"},
		{SITE REST "apps: [ { name: a, subjects: [EEA] } ]\n", 7, 31, "not groups"},
		{SITE REST "apps: [ { name: a, subjects: DE } ]\n", 7, 30, "list"},
		{SITE REST "apps: [ { name: a, declares: [health] } ]\n", 7, 31, "no legal class"},
	};
	EXPECT_ALL(table);
}

/* A pasted key is refused wherever it stands, and never repeated in the message. */
static void test_secrets_in_the_file(void **state)
{
	(void)state;
	static const char secret[] = "sk-"
				     "proj-Abcdefghijklmnop1234567890";
	static const char *const places[] = {
		SITE LISTENERS "destinations: { a: { api: openai, url: https://x.y, credentials: %s } }\n" RULES AUDIT,
		SITE LISTENERS
		"destinations: { a: { api: openai, url: https://x.y, credentials: { file: %s } } }\n" RULES AUDIT,
		SITE REST "apps: [ { name: a, key_hashes: [ %s ] } ]\n",
		SITE REST "%s: x\n",
		SITE REST "apps: [ { name: a, purpose: '%s' } ]\n",
	};
	for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
		char yaml[2048];
		struct config_diag diag;
		enum err err;
		const char *hole = strstr(places[i], "%s");
		snprintf(yaml, sizeof yaml, "%.*s%s%s", (int)(hole - places[i]), places[i], secret, hole + 2);
		assert_null(config_parse(span_str(yaml), "x.yaml", &diag, &err));
		assert_non_null(strstr(diag.text, "credential"));
		assert_null(strstr(diag.text, "Abcdefgh"));
	}
}

static void test_limits_of_the_file(void **state)
{
	(void)state;
	struct config_diag diag;
	enum err err;
	size_t n = (1 << 20) + 1;
	char *text = malloc(n);
	assert_non_null(text);
	memset(text, '#', n);
	assert_null(config_parse(span_of(text, n), "x", &diag, &err));
	assert_int_equal(err, ERR_CONFIG);
	assert_non_null(strstr(diag.text, "1 MiB"));
	/* A list beyond its limit; deep and wide ones within the size. */
	memcpy(text, "rules: [", 8);
	for (size_t i = 8; i + 1 < n - 1; i += 2)
		memcpy(text + i, "a,", 2);
	assert_null(config_parse(span_of(text, n - 1), "x", &diag, &err));
	assert_non_null(strstr(diag.text, "4096"));
	memset(text, '[', n - 1);
	assert_null(config_parse(span_of(text, n - 1), "x", &diag, &err));
	assert_non_null(strstr(diag.text, "nested"));
	memset(text, '-', n - 1);
	for (size_t i = 1; i < n - 1; i += 2)
		text[i] = ' ';
	assert_null(config_parse(span_of(text, n - 1), "x", &diag, &err));
	assert_non_null(strstr(diag.text, "nested"));
	free(text);
}

/* Every prefix and every flipped byte of a good file is read or refused, with a place and a sentence; fixed seed. */
static void test_damaged_files(void **state)
{
	(void)state;
	size_t n = sizeof full - 1;
	char *text = malloc(n);
	assert_non_null(text);
	uint32_t seed = 99;
	for (size_t round = 0; round < 3000; round++) {
		struct config_diag diag;
		enum err err;
		memcpy(text, full, n);
		seed = seed * 1664525u + 1013904223u;
		size_t keep = round % 2 == 0 ? n : (seed >> 8) % n;
		text[(seed >> 4) % n] = (char)(seed >> 24);
		struct config *c = config_parse(span_of(text, keep), "x", &diag, &err);
		if (c == NULL)
			assert_true(err == ERR_CONFIG && diag.text[0] != '\0');
		config_free(c);
	}
	free(text);
}

static void test_load(void **state)
{
	(void)state;
	struct config_diag diag;
	enum err err;
	assert_null(config_load("/nonexistent/b.yaml", &diag, &err));
	assert_int_equal(err, ERR_NOT_FOUND);
	assert_string_equal(diag.file, "/nonexistent/b.yaml");
	assert_non_null(strstr(diag.text, "bailiwick init"));
	assert_null(config_load("/", &diag, &err));
	assert_int_equal(err, ERR_IO);
	assert_null(config_load("/dev/zero", &diag, &err));
	assert_int_equal(err, ERR_IO);
	struct config *c = config_load(BW_SOURCE_DIR "/deploy/bailiwick.yaml", &diag, &err);
	if (c == NULL)
		fail_msg("%s:%u:%u: %s", diag.file, diag.line, diag.column, diag.text);
	config_free(c);
}

struct description {
	unsigned n;
	const char *missing;
	const char *manual;
};

static void describe_one(void *arg, const char *key, const char *type, const char *deflt, const char *doc)
{
	struct description *d = arg;
	char row[1024];
	d->n++;
	assert_true(key[0] != '\0' && type[0] != '\0' && doc[0] != '\0');
	snprintf(row, sizeof row, "| `%s` | %s | %s | %s |\n", key, type, deflt, doc);
	for (char *p = row + 2; (p = strchr(p, '|')) != NULL;
	     p++) /* words are separated by bars, which a table cannot hold */
		if (p[-1] != ' ' || (p[1] != ' ' && p[1] != '\n'))
			*p = '/';
	if (d->missing == NULL && strstr(d->manual, row) == NULL) {
		printf("missing in docs/operator.md: %s", row);
		d->missing = doc;
	}
}

/* The reference in the manual is what the schema says. */
static void test_manual(void **state)
{
	(void)state;
	FILE *f = fopen(BW_SOURCE_DIR "/docs/operator.md", "rb");
	assert_non_null(f);
	char *text = calloc(1, 1 << 18);
	assert_non_null(text);
	assert_true(fread(text, 1, (1 << 18) - 1, f) > 0);
	fclose(f);
	struct description d = {.manual = text};
	config_describe(describe_one, &d);
	assert_true(d.n > 90);
	assert_null(d.missing);
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_site_and_listeners),
		cmocka_unit_test(test_clouds),
		cmocka_unit_test(test_engines),
		cmocka_unit_test(test_apps_and_rest),
		cmocka_unit_test(test_defaults),
		cmocka_unit_test(test_yaml_traps),
		cmocka_unit_test(test_keys_and_types),
		cmocka_unit_test(test_destinations),
		cmocka_unit_test(test_engine_links),
		cmocka_unit_test(test_listeners_routes_apps),
		cmocka_unit_test(test_secrets_in_the_file),
		cmocka_unit_test(test_limits_of_the_file),
		cmocka_unit_test(test_damaged_files),
		cmocka_unit_test(test_load),
		cmocka_unit_test(test_manual),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
