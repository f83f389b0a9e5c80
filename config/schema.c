/* A table: longer than a screen by nature. */
#include "config/schema.h"

#include <stdio.h>

#define AT(type, member)    .at = offsetof(type, member)
#define ITEMS(type, member) .at = offsetof(type, member), .count_at = offsetof(type, n_##member)
#define COUNT(fields)       (sizeof(fields) / sizeof *(fields))
#define NOWHERE             SIZE_MAX

#define LEGAL_BASES         "consent|contract|legal-obligation|vital-interests|public-task|legitimate-interests"
#define ART9_CONDITIONS                                                                                                \
	"explicit-consent|employment|vital-interests|not-for-profit|made-public|legal-claims|public-interest|health-"  \
	"care|"                                                                                                        \
	"public-health|research"

static const struct field site_fields[] = {
	{"name", KIND_NAME, .required = true, AT(struct config, site.name),
	 .doc = "name of this gateway in records and in the log's origin"},
	{"country", KIND_COUNTRY, .required = true, AT(struct config, site.cc),
	 .doc = "country this gateway stands in"},
};
static const struct block block_site = {"the site", site_fields, COUNT(site_fields), 0, NOWHERE, NULL};

static const struct field network_fields[] = {
	{"cidr", KIND_CIDR, .required = true, AT(struct config_cidr, cidr), .doc = "the network, e.g. 10.20.0.0/16"},
	{"country", KIND_COUNTRY, AT(struct config_cidr, cc), .doc = "country its hosts stand in"},
};
const struct block block_network = {"a network",
				    network_fields,
				    COUNT(network_fields),
				    sizeof(struct config_cidr),
				    offsetof(struct config_cidr, line),
				    NULL};

static const struct field tls_fields[] = {
	{"cert", KIND_FILE, .required = true, AT(struct config_listener, tls_cert), .doc = "certificate chain, PEM"},
	{"key", KIND_FILE, .required = true, AT(struct config_listener, tls_key), .doc = "private key, PEM"},
};
static const struct block block_tls = {"tls", tls_fields, COUNT(tls_fields), 0, NOWHERE, NULL};

static const struct field listener_fields[] = {
	{"address", KIND_ADDRESS, .required = true, AT(struct config_listener, address), .doc = "where to listen"},
	{"mode", KIND_ENUM, .required = true, AT(struct config_listener, mode), .words = "base-url|forward-proxy|admin",
	 .doc = "base-url: clients set it as their API's base URL; admin: console, API, metrics, health; "
		"forward-proxy: not "
		"served by this version, and refused"},
	{"hosts", KIND_HOSTS, ITEMS(struct config_listener, hosts), .shown = "localhost and the loopback addresses",
	 .doc = "names accepted in the Host header"},
	{"tls", KIND_BLOCK, .block = &block_tls, .doc = "serve TLS"},
};
static const struct block block_listener = {"a listener",
					    listener_fields,
					    COUNT(listener_fields),
					    sizeof(struct config_listener),
					    offsetof(struct config_listener, line),
					    check_listener};

static const struct field credentials_fields[] = {
	{"file", KIND_FILE, .required = true, AT(struct config_destination, credentials_file),
	 .doc = "file that holds the provider's key"},
};
const struct block block_credentials = {"credentials", credentials_fields, COUNT(credentials_fields), 0, NOWHERE, NULL};

static const struct field dpf_fields[] = {
	{"status", KIND_DPF, .required = true, AT(struct config_destination, contracts), .words = "inactive|active",
	 .doc = "the provider's status on the Data Privacy Framework list"},
	{"checked", KIND_DATE, .required = true, AT(struct config_destination, contracts.dpf_checked),
	 .doc = "when you looked"},
};
static const struct block block_dpf = {"dpf", dpf_fields, COUNT(dpf_fields), 0, NOWHERE, NULL};

static const struct field contracts_fields[] = {
	{"dpa", KIND_SINCE, AT(struct config_destination, contracts.dpa),
	 .doc = "processing agreement (GDPR Art. 28) in force, since when"},
	{"scc", KIND_WORD, AT(struct config_destination, contracts.scc), .words = "M1|M2|M3|M4",
	 .doc = "module of the EU standard contractual clauses in force"},
	{"dpf", KIND_BLOCK, .block = &block_dpf, .doc = "EU-US Data Privacy Framework"},
	{"bcr", KIND_SINCE, AT(struct config_destination, contracts.bcr),
	 .doc = "binding corporate rules cover the transfer"},
	{"baa", KIND_SINCE, AT(struct config_destination, contracts.baa),
	 .doc = "business associate agreement (45 CFR 164.504(e)) covers this endpoint"},
	{"tia_expires", KIND_DATE, AT(struct config_destination, contracts.tia_expires),
	 .doc = "last day of the transfer impact assessment"},
	{"zero_retention", KIND_SINCE, AT(struct config_destination, contracts.zero_retention),
	 .doc = "zero data retention is agreed"},
};
static const struct block block_contracts = {"contracts", contracts_fields, COUNT(contracts_fields), 0, NOWHERE, NULL};

static const struct field destination_fields[] = {
	{"api", KIND_WORDS, .required = true, AT(struct config_destination, api), .words = "openai|anthropic",
	 .doc = "APIs it speaks"},
	{"url", KIND_URL, .required = true, AT(struct config_destination, url),
	 .doc = "https://host[:port][/path], http://… or unix:/path"},
	{"on_prem", KIND_BOOL, AT(struct config_destination, on_prem), .deflt = "false",
	 .doc = "an engine of your own"},
	{"engine", KIND_ENUM, AT(struct config_destination, engine), .words = "vllm|llamacpp|ollama|other",
	 .first = ENGINE_VLLM, .doc = "on-prem: which engine it is"},
	{"ca_file", KIND_FILE, AT(struct config_destination, ca_file), .shown = "the system's authorities",
	 .doc = "certificate authorities to trust, PEM"},
	{"pin", KIND_PIN, AT(struct config_destination, pin),
	 .doc = "SHA-256 of the server key's SubjectPublicKeyInfo; the chain then need not verify"},
	{"insecure", KIND_BOOL, AT(struct config_destination, insecure), .deflt = "false",
	 .doc = "accept a connection without the usual protection; every record says so"},
	{"provider", KIND_TEXT, AT(struct config_destination, provider), .shown = "from the built-in table of vendors",
	 .doc = "who processes the data"},
	{"processing", KIND_REGIONS, ITEMS(struct config_destination, processing),
	 .shown = "from the built-in table of vendors; on-prem: its country", .doc = "where the data is processed"},
	{"storage", KIND_REGIONS, ITEMS(struct config_destination, storage), .shown = "as processing",
	 .doc = "where the data is stored"},
	{"country", KIND_COUNTRY, AT(struct config_destination, cc), .shown = "on-prem: the site's",
	 .doc = "on-prem: country it stands in"},
	{"networks", KIND_NETWORKS_OR_ANYCAST, ITEMS(struct config_destination, networks), .block = &block_network,
	 .doc = "networks its addresses are expected in; anycast: no expectation"},
	{"credentials", KIND_CREDENTIALS, AT(struct config_destination, credentials), .block = &block_credentials,
	 .shown = "passthrough; on-prem: none",
	 .doc = "passthrough: the client's own key, only to the destination asked for; file: a key injected for "
		"authenticated apps"},
	{"contracts", KIND_BLOCK, .block = &block_contracts, .doc = "agreements in force"},
	{"models", KIND_MODELS, ITEMS(struct config_destination, models),
	 .doc = "model asked for: model served; \"*\" for any other"},
	{"concurrency", KIND_UINT, AT(struct config_destination, concurrency), .min = 1, .max = 65536, .deflt = "16",
	 .doc = "on-prem: requests in the engine at once"},
	{"queue", KIND_UINT, AT(struct config_destination, queue), .max = 1000000, .deflt = "256",
	 .doc = "on-prem: requests waiting at most"},
	{"queue_wait", KIND_MS, AT(struct config_destination, queue_ms), .max = 3600000, .deflt = "30 s",
	 .doc = "on-prem: how long a request may wait"},
	{"health", KIND_HEALTH, AT(struct config_destination, health_path), .shown = "/health (ollama: /api/version)",
	 .doc = "on-prem: path that answers 200 when the engine is well"},
	{"connect_timeout", KIND_MS, AT(struct config_destination, connect_ms), .min = 10, .max = 600000,
	 .deflt = "5 s", .doc = "until connected, TLS included"},
	{"head_timeout", KIND_MS, AT(struct config_destination, head_ms), .min = 10, .max = 7200000, .deflt = "10 min",
	 .doc = "from the request sent to the head of the answer"},
	{"idle_timeout", KIND_MS, AT(struct config_destination, idle_ms), .min = 10, .max = 7200000, .deflt = "5 min",
	 .doc = "between two pieces of the answer"},
};
static const struct block block_destination = {"a destination",
					       destination_fields,
					       COUNT(destination_fields),
					       sizeof(struct config_destination),
					       offsetof(struct config_destination, line),
					       check_destination};

static const struct field route_fields[] = {
	{"match", KIND_PATH, .required = true, AT(struct config_route, match),
	 .doc = "prefix of the request's path; the longest match wins"},
	{"candidates", KIND_CANDIDATES, .required = true, ITEMS(struct config_route, candidates),
	 .doc = "destinations in order of preference; the first is the one asked for"},
};
static const struct block block_route = {
	"a route",  route_fields, COUNT(route_fields), sizeof(struct config_route), offsetof(struct config_route, line),
	check_route};

static const struct field app_fields[] = {
	{"name", KIND_NAME, .required = true, AT(struct config_app, name),
	 .doc = "name of the application in records and rules"},
	{"key_hashes", KIND_HASHES, ITEMS(struct config_app, key_hashes),
	 .doc = "SHA-256 of the keys it presents (as Bearer, x-api-key or Bailiwick-Key)"},
	{"purpose", KIND_TEXT, AT(struct config_app, purpose), .doc = "purpose of processing (GDPR Art. 30(1)(b))"},
	{"legal_basis", KIND_WORD, AT(struct config_app, legal_basis), .words = LEGAL_BASES, .doc = "GDPR Art. 6"},
	{"art9_condition", KIND_WORD, AT(struct config_app, art9_condition), .words = ART9_CONDITIONS,
	 .doc = "GDPR Art. 9(2)"},
	{"role", KIND_WORD, AT(struct config_app, role),
	 .words = "controller|processor|covered-entity|business-associate", .doc = "role of the organisation"},
	{"seat", KIND_COUNTRY, AT(struct config_app, seat), .doc = "country in which the controller is established"},
	{"subjects", KIND_COUNTRIES, ITEMS(struct config_app, subjects),
	 .doc = "countries of the data subjects; without it they are unknown"},
	{"declares", KIND_CLASSES, ITEMS(struct config_app, declares),
	 .doc = "legal classes of data it always sends, found or not"},
	{"contact", KIND_TEXT, AT(struct config_app, contact), .shown = "server.contact",
	 .doc = "whom to ask about a refusal"},
};
static const struct block block_app = {
	"an app", app_fields, COUNT(app_fields), sizeof(struct config_app), offsetof(struct config_app, line),
	check_app};

static const struct field house_fields[] = {
	{"type", KIND_TYPE, .required = true, AT(struct config_house_list, type),
	 .doc = "type of the findings, house.something"},
	{"file", KIND_FILE, .required = true, AT(struct config_house_list, file), .doc = "one term or pattern a line"},
	{"patterns", KIND_BOOL, AT(struct config_house_list, patterns), .deflt = "false",
	 .doc = "the lines are patterns, not terms"},
	{"exact", KIND_BOOL, AT(struct config_house_list, exact), .deflt = "false",
	 .doc = "exact-data list: held as keyed hashes only, and rules that fire on it are private"},
	{"classes", KIND_CLASSES, ITEMS(struct config_house_list, classes), .shown = "[house]",
	 .doc = "legal classes of the findings"},
};
static const struct block block_house = {"a house list",
					 house_fields,
					 COUNT(house_fields),
					 sizeof(struct config_house_list),
					 offsetof(struct config_house_list, line),
					 check_house};

static const struct field threshold_fields[] = {
	{"match", KIND_TEXT, .required = true, AT(struct config_threshold, match),
	 .doc = "a type, a family of types such as id.*, or a legal class"},
	{"score", KIND_UINT, .required = true, AT(struct config_threshold, score), .min = 1, .max = 100,
	 .doc = "findings below this score are dropped"},
};
static const struct block block_threshold = {"a threshold",
					     threshold_fields,
					     COUNT(threshold_fields),
					     sizeof(struct config_threshold),
					     offsetof(struct config_threshold, line),
					     NULL};

static const struct field geo_fields[] = {
	{"database", KIND_FILE, .required = true, AT(struct config, geo.database),
	 .doc = "country database, MaxMind DB format (deploy/geo)"},
	{"max_age", KIND_DAYS, AT(struct config, geo.max_age_days), .min = 1, .max = 3660, .deflt = "45 days",
	 .doc = "older than this it counts as stale"},
};
static const struct block block_geo = {"geo", geo_fields, COUNT(geo_fields), 0, NOWHERE, NULL};

static const struct field audit_fields[] = {
	{"path", KIND_FILE, .required = true, AT(struct config, audit.path),
	 .doc = "folder of the store, on a local disk"},
	{"retain", KIND_MONTHS, AT(struct config, audit.retain_months), .min = 1, .max = 1200, .deflt = "12 months",
	 .doc = "how long bodies of records are kept; the tree stays"},
	{"map_size", KIND_BYTES, AT(struct config, audit.map_bytes), .min = 1 << 20, .max = 1ull << 46,
	 .deflt = "64 GiB", .doc = "largest size of one segment of the store; address space, not disk"},
	{"commit_delay", KIND_MS, AT(struct config, audit.commit_ms), .max = 1000, .deflt = "2 ms",
	 .doc = "a commit waits for company at most this long"},
	{"commit_records", KIND_UINT, AT(struct config, audit.commit_records), .min = 1, .max = 65536, .deflt = "256",
	 .doc = "and for at most so many records"},
	{"origin", KIND_TEXT, AT(struct config, audit.origin), .shown = "bailiwick/SITE/0",
	 .doc = "origin line of the log's checkpoints"},
	{"signer", KIND_SOCKET, AT(struct config, audit.signer_socket), .shown = "signer.sock in audit.path",
	 .doc = "Unix socket of the process that signs checkpoints"},
};
static const struct block block_audit = {"audit", audit_fields, COUNT(audit_fields), 0, NOWHERE, NULL};

static const struct field limits_fields[] = {
	{"loops", KIND_UINT, AT(struct config, limits.loops), .max = 256, .deflt = "0",
	 .doc = "event loops; 0: one a CPU, at most 8"},
	{"compute", KIND_UINT, AT(struct config, limits.compute), .max = 256, .deflt = "0",
	 .doc = "threads for heavy requests; 0: one"},
	{"max_body", KIND_BYTES, AT(struct config, limits.max_body), .min = 1024, .max = 1ull << 32, .deflt = "32 MiB",
	 .doc = "largest request body as received"},
	{"max_decoded", KIND_BYTES, AT(struct config, limits.max_decoded), .min = 1024, .max = 1ull << 32,
	 .deflt = "64 MiB", .doc = "largest request body once decompressed"},
	{"max_buffered", KIND_BYTES, AT(struct config, limits.max_buffered), .min = 1024, .max = 1ull << 40,
	 .deflt = "512 MiB", .doc = "all bodies in memory together"},
	{"max_ratio", KIND_UINT, AT(struct config, limits.max_ratio), .min = 2, .max = 10000, .deflt = "200",
	 .doc = "decompressed to compressed bytes, at most"},
	{"max_connections", KIND_UINT, AT(struct config, limits.max_conns), .min = 1, .max = 1000000, .deflt = "10000",
	 .doc = "client connections at once"},
	{"head_timeout", KIND_MS, AT(struct config, limits.head_ms), .min = 10, .max = 600000, .deflt = "10 s",
	 .doc = "for a request's head to arrive"},
	{"idle_timeout", KIND_MS, AT(struct config, limits.idle_ms), .min = 10, .max = 3600000, .deflt = "75 s",
	 .doc = "between two requests of a connection"},
	{"body_timeout", KIND_MS, AT(struct config, limits.body_idle_ms), .min = 10, .max = 600000, .deflt = "30 s",
	 .doc = "between two pieces of a request's body"},
	{"write_timeout", KIND_MS, AT(struct config, limits.write_idle_ms), .min = 10, .max = 600000, .deflt = "60 s",
	 .doc = "for a client to take the next piece of the answer"},
};
static const struct block block_limits = {"limits", limits_fields, COUNT(limits_fields), 0, NOWHERE, check_limits};

static const struct field server_fields[] = {
	{"user", KIND_NAME, AT(struct config, server.user), .shown = "stay",
	 .doc = "user to become when started as root"},
	{"group", KIND_NAME, AT(struct config, server.group), .shown = "the user's",
	 .doc = "group to become when started as root"},
	{"log_level", KIND_WORD, AT(struct config, server.log_level), .words = "debug|info|warn|error", .deflt = "info",
	 .doc = "least important line to log"},
	{"contact", KIND_TEXT, AT(struct config, server.contact), .doc = "whom to ask about a refusal"},
	{"require_app", KIND_BOOL, AT(struct config, server.require_app), .deflt = "false",
	 .doc = "refuse callers that are no configured app (401)"},
};
static const struct block block_server = {"server", server_fields, COUNT(server_fields), 0, NOWHERE, NULL};

static const struct field root_fields[] = {
	{"site", KIND_BLOCK, .required = true, .block = &block_site, .doc = "where this gateway stands"},
	{"networks", KIND_NETWORKS, ITEMS(struct config, networks), .block = &block_network,
	 .doc = "the organisation's own networks"},
	{"listeners", KIND_LIST, .required = true, ITEMS(struct config, listeners), .block = &block_listener,
	 .doc = "where clients come in"},
	{"destinations", KIND_NAMED, .required = true, ITEMS(struct config, destinations), .block = &block_destination,
	 .doc = "where requests may go"},
	{"routes", KIND_LIST, ITEMS(struct config, routes), .block = &block_route,
	 .doc = "which destinations serve which paths"},
	{"apps", KIND_LIST, ITEMS(struct config, apps), .block = &block_app,
	 .doc = "applications and what is declared of them"},
	{"rules", KIND_FILES, .required = true, ITEMS(struct config, rules),
	 .doc = "rule files; packs/NAME.rules is built in where no file of that name exists"},
	{"groups", KIND_FILES, ITEMS(struct config, groups), .doc = "country groups beyond the built-in ones"},
	{"house", KIND_LIST, ITEMS(struct config, house), .block = &block_house, .doc = "house terms and patterns"},
	{"thresholds", KIND_LIST, ITEMS(struct config, thresholds), .block = &block_threshold,
	 .doc = "least scores of findings; 50 where none says otherwise, the last that matches counts"},
	{"geo", KIND_BLOCK, .block = &block_geo, .doc = "countries of addresses"},
	{"audit", KIND_BLOCK, .required = true, .block = &block_audit, .doc = "the record of decisions"},
	{"limits", KIND_BLOCK, .block = &block_limits, .doc = "sizes, times, threads"},
	{"server", KIND_BLOCK, .block = &block_server, .doc = "the process"},
	{"model", KIND_FILE, AT(struct config, model),
	 .doc = "the tagger's model, bare or in a bundle; without it only the lexers look"},
	{"model_keys", KIND_FILES, ITEMS(struct config, model_keys),
	 .doc = "keys of those whose models may be used; without them a model needs no signature"},
};
const struct block block_root = {"the file", root_fields, COUNT(root_fields), sizeof(struct config),
				 NOWHERE,    check_root};

int words_index(const char *words, struct span word)
{
	int index = 0;
	for (struct span rest = span_str(words); rest.n > 0; index++) {
		size_t bar = span_find(rest, '|');
		if (span_eq(span_sub(rest, 0, bar), word))
			return index;
		rest = span_sub(rest, bar < rest.n ? bar + 1 : bar, rest.n);
	}
	return -1;
}

void words_near(const char *words, struct near *near)
{
	for (struct span rest = span_str(words); rest.n > 0;) {
		size_t bar = span_find(rest, '|');
		near_try(near, span_sub(rest, 0, bar));
		rest = span_sub(rest, bar < rest.n ? bar + 1 : bar, rest.n);
	}
}

static const char *kind_text(enum kind kind)
{
	static const char *const texts[] = {
#define KIND(name, text) text,
		CONFIG_KINDS(KIND)
#undef KIND
	};
	return texts[kind];
}

struct describer {
	void (*line)(void *arg, const char *key, const char *type, const char *deflt, const char *doc);
	void *arg;
};

static void describe_field(const struct describer *d, const char *key, const struct field *f)
{
	char type[320], text[64];
	const char *deflt = f->required ? "required" : f->shown != NULL ? f->shown : f->deflt != NULL ? f->deflt : "";
	if (f->words != NULL)
		snprintf(type, sizeof type, "%s %s", kind_text(f->kind), f->words);
	else
		snprintf(type, sizeof type, "%s", kind_text(f->kind));
	snprintf(text, sizeof text, "%s", deflt);
	d->line(d->arg, key, type, text, f->doc);
}

static const char *below(enum kind kind)
{
	if (kind == KIND_BLOCK || kind == KIND_CREDENTIALS)
		return ".";
	return kind == KIND_NAMED ? ".NAME." : "[].";
}

static void describe_block(const struct describer *d, const char *prefix, const struct block *b)
{
	for (size_t i = 0; i < b->n; i++) {
		const struct field *f = &b->fields[i];
		char key[128], next[136];
		snprintf(key, sizeof key, "%s%s", prefix, f->key);
		describe_field(d, key, f);
		if (f->block == NULL)
			continue;
		snprintf(next, sizeof next, "%s%s", key, below(f->kind));
		describe_block(d, next, f->block);
	}
}

void config_describe(void (*line)(void *arg, const char *key, const char *type, const char *deflt, const char *doc),
		     void *arg)
{
	const struct describer d = {line, arg};
	describe_block(&d, "", &block_root);
}
