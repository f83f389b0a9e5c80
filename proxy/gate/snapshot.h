/* Everything a decision depends on, in one immutable refcounted object: configuration, rules, tables, classifiers,
 * geography, destinations. Built and self-tested off-loop, posted to each worker; an exchange keeps the one it was
 * decided under. */
#ifndef GATE_SNAPSHOT_H
#define GATE_SNAPSHOT_H

#include <stdatomic.h>

#include "classifiers/classify.h"
#include "config/config.h"
#include "local_model/tagger.h"
#include "proxy/gate/model_file.h"
#include "proxy/net/client.h"
#include "residency/residency.h"
#include "rules/rules.h"

struct engine;
struct engines;

/* A destination, ready to use. */
struct target {
	const struct config_destination *config;
	struct destination declared;
	struct upstream *upstream;
	struct engine *engine;  /* on-prem only; belongs to struct engines, outlives snapshots */
	struct span credential; /* key read from the credentials file, or null */
	uint32_t id;            /* hash of the name: the ledger's short form */
};

struct snapshot {
	atomic_uint refs;
	uint64_t generation;
	struct config *config;
	struct arena arena;
	struct country_groups *groups;
	struct destination_table *vendors;
	struct geo *geo; /* NULL: none configured */
	struct rules *rules;
	struct buf model; /* the tagger's file; the tagger reads it in place */
	struct model_keys model_keys;
	struct model_file model_file; /* who made it and which it is, if it is a bundle */
	struct tagger *tagger;        /* NULL: none configured */
	struct classifier *classifier;
	struct target *targets; /* as in config->destinations */
	struct cidr *own_networks;
	size_t n_own_networks;
	uint8_t rules_hash[32], tables_hash[32], detector_hash[32], model_hash[32];
};

struct snapshot_problem {
	char file[256];
	unsigned line, column;
	char text[512];
};

/* Loads the configuration at path and all it names. engines may be NULL (then nothing is wired to engines: check,
 * decide). On failure NULL, and the problem says what, where and what to do. */
struct snapshot *snapshot_load(const char *path, struct engines *engines, struct snapshot_problem *problem,
			       enum err *err) MUST;
struct snapshot *snapshot_get(struct snapshot *s);
void snapshot_put(struct snapshot *s);

/* A file the configuration names: from disk, else what travels inside the program under its last two path parts. */
enum err snapshot_file(struct span path, size_t limit, struct buf *out, struct snapshot_problem *problem,
		       unsigned line) MUST;

/* The keys that the configuration names for models. */
enum err snapshot_model_keys(const struct config *config, struct model_keys *out,
			     struct snapshot_problem *problem) MUST;

/* The country groups of the built-in tables and of the configuration's own files, for callers without a snapshot. */
struct country_groups *snapshot_groups(const struct config *config, struct snapshot_problem *problem,
				       enum err *err) MUST;
/* Compiles the configuration's rule books. */
struct rules *snapshot_rules(const struct config *config, const struct country_groups *groups,
			     struct snapshot_problem *problem, enum err *err) MUST;

#endif
