/* The configuration: YAML read through one schema table into one immutable struct. */
#ifndef CONFIG_CONFIG_H
#define CONFIG_CONFIG_H

#include "base/arena.h"
#include "base/country.h"

struct config_diag {
	char file[256];
	unsigned line, column;
	char text[256]; /* what is wrong and what to write instead */
};

struct config_cidr {
	struct span cidr; /* checked to be a network */
	country cc;
	unsigned line;
};

enum listener_mode { MODE_BASE_URL, MODE_FORWARD_PROXY, MODE_ADMIN };
struct config_listener {
	struct span address; /* host:port or unix:/path */
	enum listener_mode mode;
	struct span *hosts; /* Host allow-list (names without port); empty: localhost and the loopback addresses */
	size_t n_hosts;
	struct span tls_cert, tls_key; /* files; null: plain */
	unsigned line;
};

enum api_kind { CONFIG_API_OPENAI, CONFIG_API_ANTHROPIC };
enum engine_kind { ENGINE_NONE, ENGINE_VLLM, ENGINE_LLAMACPP, ENGINE_OLLAMA, ENGINE_OTHER };
enum credentials_kind { CREDENTIALS_PASSTHROUGH, CREDENTIALS_FILE, CREDENTIALS_NONE };

struct config_model {
	struct span asked; /* "*" for any */
	struct span served;
};

struct config_destination {
	struct span name;
	unsigned api; /* bit (1 << enum api_kind) for each API it speaks natively */
	enum engine_kind engine;
	struct span url; /* as written */
	bool tls;
	struct span host; /* from url */
	uint16_t port;
	struct span unix_path; /* url: unix:/path */
	struct span base_path; /* path prefix in url without trailing slash, e.g. "/api"; may be empty */
	struct span ca_file;
	struct span pin; /* 32 raw bytes, or null */
	bool on_prem, insecure;
	struct span provider;
	struct span *processing, *storage; /* country codes, group names without '@', or "anywhere" */
	size_t n_processing, n_storage;
	bool networks_anycast;
	struct config_cidr *networks;
	size_t n_networks;
	enum credentials_kind credentials;
	struct span credentials_file;
	struct {
		bool dpa, baa, bcr, zero_retention, dpf_set, dpf_active;
		struct span scc;
		int64_t dpf_checked, tia_expires; /* days since the epoch, 0: unset */
	} contracts;
	country cc; /* on-prem: where it stands */
	struct config_model *models;
	size_t n_models;
	uint32_t concurrency;    /* on-prem: requests in the engine at once */
	uint32_t queue;          /* waiting at most */
	uint32_t queue_ms;       /* waiting at most this long */
	struct span health_path; /* "/health" unless said otherwise; empty: no check */
	uint32_t connect_ms, head_ms, idle_ms;
	unsigned line;
};

struct config_route {
	struct span match;  /* path prefix */
	size_t *candidates; /* indexes into destinations, in order of preference */
	size_t n_candidates;
	unsigned line;
};

struct config_app {
	struct span name;
	uint8_t (*key_hashes)[32]; /* SHA-256 of the client's key (the value behind "Bearer ", or x-api-key) */
	size_t n_key_hashes;
	struct span purpose, legal_basis, art9_condition, role;
	country seat;
	country *subjects;
	size_t n_subjects;
	struct span *declares; /* legal class names */
	size_t n_declares;
	struct span contact; /* whom to ask about a refusal */
	unsigned line;
};

struct config_house_list {
	struct span type;
	struct span file;
	bool patterns, exact;
	struct span *classes;
	size_t n_classes;
	unsigned line;
};

/* Least score of findings of a type, a family of types ("id.*") or a legal class. */
struct config_threshold {
	struct span match;
	uint32_t score;
	unsigned line;
};

struct config {
	struct arena arena; /* owns everything here */
	struct span
		file; /* path it was read from; relative paths in it are relative to its folder and already joined */
	struct {
		struct span name;
		country cc;
	} site;
	struct config_cidr *networks;
	size_t n_networks;
	struct config_listener *listeners;
	size_t n_listeners;
	struct config_destination *destinations;
	size_t n_destinations;
	struct config_route *routes;
	size_t n_routes;
	struct config_app *apps;
	size_t n_apps;
	struct span *rules; /* files */
	size_t n_rules;
	struct span *groups; /* files with country groups beyond the built-in ones */
	size_t n_groups;
	struct config_house_list *house;
	size_t n_house;
	struct config_threshold *thresholds;
	size_t n_thresholds;
	struct {
		struct span database;  /* null: none */
		uint32_t max_age_days; /* 45 */
	} geo;
	struct {
		struct span path;
		uint32_t retain_months;
		uint64_t map_bytes;
		uint32_t commit_ms, commit_records; /* group commit: at most this long, at most so many */
		struct span origin;                 /* log origin; default bailiwick/<site>/0 */
		struct span signer_socket;
	} audit;
	struct {
		uint32_t loops;                               /* 0: number of CPUs, at most 8 */
		uint32_t compute;                             /* compute threads; 0: 1 */
		uint64_t max_body, max_decoded, max_buffered; /* bytes: one body, decoded, all bodies together */
		uint32_t max_ratio;
		uint32_t max_conns;
		uint32_t head_ms, idle_ms, body_idle_ms, write_idle_ms;
	} limits;
	struct {
		struct span user, group; /* to drop to when started as root; null: stay */
		struct span log_level;
		struct span contact; /* default for refusals */
		bool require_app;    /* unknown callers are refused (401) */
	} server;
	struct span model;       /* tagger file, null: none */
	struct span *model_keys; /* files with the keys of those who may make models; none: anybody */
	size_t n_model_keys;
};

/* NULL on failure with diag filled. Unknown keys, wrong types, duplicate names, anchors and tags are errors. Secrets
 * are not in the file, only names of files. */
struct config *config_load(const char *path, struct config_diag *diag, enum err *err) MUST;
struct config *config_parse(struct span yaml, const char *path, struct config_diag *diag, enum err *err) MUST;
void config_free(struct config *c);
/* The schema as text for the man page and `bailiwick help config`: every key, its type, default and meaning. */
void config_describe(void (*line)(void *arg, const char *key, const char *type, const char *deflt, const char *doc),
		     void *arg);

#endif
