/* The one table of the configuration: every key with its type, bounds, default and meaning. Parsing, defaults,
 * config_describe and the reference in docs/operator.md come from it. */
#ifndef CONFIG_SCHEMA_H
#define CONFIG_SCHEMA_H

#include "config/tree.h"

/* KIND(NAME, type as people read it) */
#define CONFIG_KINDS(KIND)                                                                                             \
	KIND(TEXT, "text")                                                                                             \
	KIND(NAME, "name")                                                                                             \
	KIND(HOSTS, "list of host names")                                                                              \
	KIND(FILE, "file")                                                                                             \
	KIND(FILES, "list of files")                                                                                   \
	KIND(SOCKET, "absolute path")                                                                                  \
	KIND(BOOL, "true or false")                                                                                    \
	KIND(UINT, "number")                                                                                           \
	KIND(BYTES, "size")                                                                                            \
	KIND(MS, "duration")                                                                                           \
	KIND(DAYS, "days")                                                                                             \
	KIND(MONTHS, "months or years")                                                                                \
	KIND(COUNTRY, "country")                                                                                       \
	KIND(COUNTRIES, "list of countries")                                                                           \
	KIND(REGIONS, "list of countries and groups, or anywhere")                                                     \
	KIND(DATE, "date")                                                                                             \
	KIND(SINCE, "date, true or false")                                                                             \
	KIND(ENUM, "one of")                                                                                           \
	KIND(WORD, "one of")                                                                                           \
	KIND(WORDS, "one or a list of")                                                                                \
	KIND(CLASSES, "list of legal classes")                                                                         \
	KIND(TYPE, "house.name")                                                                                       \
	KIND(HASHES, "list of SHA-256 in hex")                                                                         \
	KIND(PIN, "sha256/base64")                                                                                     \
	KIND(URL, "URL")                                                                                               \
	KIND(ADDRESS, "host:port or unix:/path")                                                                       \
	KIND(PATH, "path")                                                                                             \
	KIND(HEALTH, "path, or none")                                                                                  \
	KIND(CIDR, "network")                                                                                          \
	KIND(NETWORKS, "list of networks")                                                                             \
	KIND(NETWORKS_OR_ANYCAST, "list of networks, or anycast")                                                      \
	KIND(CREDENTIALS, "passthrough, none or { file }")                                                             \
	KIND(MODELS, "mapping of model names")                                                                         \
	KIND(DPF, "one of")                                                                                            \
	KIND(CANDIDATES, "list of destinations")                                                                       \
	KIND(BLOCK, "block")                                                                                           \
	KIND(LIST, "list of blocks")                                                                                   \
	KIND(NAMED, "mapping of names to blocks")

enum kind {
#define KIND(name, text) KIND_##name,
	CONFIG_KINDS(KIND)
#undef KIND
};

struct block;

struct field {
	const char *key;
	enum kind kind;
	bool required;
	size_t at;         /* where the value goes, from the block's struct */
	size_t count_at;   /* lists: where its length goes */
	const char *words; /* "a|b|c" */
	unsigned first;    /* ENUM: value of the first word */
	uint64_t min, max; /* numbers, sizes, times */
	const char *deflt; /* as it would be written; NULL: none */
	const char *shown; /* default for people where it is not a constant */
	const struct block *block;
	const char *doc;
};

struct loader;

struct block {
	const char *name; /* for complaints: "a listener" */
	const struct field *fields;
	size_t n;
	size_t size;    /* of the struct, for lists */
	size_t line_at; /* where its line goes; SIZE_MAX: nowhere */
	/* What no single field can say. */
	enum err (*check)(struct loader *x, const struct node *n, void *base);
};

extern const struct block block_root, block_network, block_credentials;

/* One run of the loader. */
struct loader {
	struct config *config;
	struct config_diag *diag;
	struct span folder; /* of the file, with its slash; may be empty */
};

/* Reads a mapping (NULL: only defaults) into the struct at base. */
enum err bind_block(struct loader *x, const struct block *b, const struct node *n, void *base) MUST;

enum err check_root(struct loader *x, const struct node *n, void *base);
enum err check_listener(struct loader *x, const struct node *n, void *base);
enum err check_destination(struct loader *x, const struct node *n, void *base);
enum err check_route(struct loader *x, const struct node *n, void *base);
enum err check_app(struct loader *x, const struct node *n, void *base);
enum err check_house(struct loader *x, const struct node *n, void *base);
enum err check_limits(struct loader *x, const struct node *n, void *base);

/* Is the word at (or NULL-terminated list of '|' words) there; its index, or -1. */
int words_index(const char *words, struct span word) MUST;
/* Offers every word to near. */
void words_near(const char *words, struct near *near);

#endif
