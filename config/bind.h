/* One value of the file on its way into the configuration: a function for each kind of the schema. */
#ifndef CONFIG_BIND_H
#define CONFIG_BIND_H

#include "config/schema.h"

/* Where the value stands and what it is for. */
struct item {
	struct loader *x;
	const struct field *f;
	const struct node *n;
	void *base; /* the struct it goes into */
};

#define ITEM_COMPLAIN(it, ...) config_complain((it)->x->diag, (it)->n->line, (it)->n->column, __VA_ARGS__)

/* Stores bytes at the field's place. */
void item_put(const struct item *it, const void *value, size_t size);
/* Stores a copy that outlives the tree and ends in NUL. */
enum err item_put_text(const struct item *it, struct span s) MUST;
/* Makes room for a list and stores it with its length. */
enum err item_put_array(const struct item *it, size_t n, size_t size, void **out) MUST;
/* Complains unless the value is written in this shape and not empty. */
enum err item_want(const struct item *it, enum node_kind kind) MUST;
/* An entry of a list as an item of its own. */
struct item item_entry(const struct item *it, const struct node *n) MUST;
/* "a list", "a mapping": for complaints. */
const char *node_shape(enum node_kind kind) MUST;
/* A file's name joined to the folder of the configuration. */
enum err item_join(const struct item *it, struct span name, struct span *out) MUST;
enum err item_bad_country(const struct item *it) MUST;
enum err item_not_a_word(const struct item *it, struct span word) MUST;
/* Letters, digits, '-', '_' and '.', 64 at most. */
bool name_ok(struct span s) MUST;

enum err bind_text(const struct item *it) MUST;
enum err bind_name(const struct item *it) MUST;
enum err bind_hosts(const struct item *it) MUST;
enum err bind_file(const struct item *it) MUST;
enum err bind_files(const struct item *it) MUST;
enum err bind_socket(const struct item *it) MUST;
enum err bind_bool(const struct item *it) MUST;
enum err bind_uint(const struct item *it) MUST;
enum err bind_bytes(const struct item *it) MUST;
enum err bind_ms(const struct item *it) MUST;
enum err bind_days(const struct item *it) MUST;
enum err bind_months(const struct item *it) MUST;
enum err bind_country(const struct item *it) MUST;
enum err bind_countries(const struct item *it) MUST;
enum err bind_regions(const struct item *it) MUST;
enum err bind_date(const struct item *it) MUST;
enum err bind_since(const struct item *it) MUST;
enum err bind_enum(const struct item *it) MUST;
enum err bind_word(const struct item *it) MUST;
enum err bind_words(const struct item *it) MUST;
enum err bind_classes(const struct item *it) MUST;
enum err bind_type(const struct item *it) MUST;
enum err bind_hashes(const struct item *it) MUST;
enum err bind_pin(const struct item *it) MUST;
enum err bind_url(const struct item *it) MUST;
enum err bind_address(const struct item *it) MUST;
enum err bind_path(const struct item *it) MUST;
enum err bind_health(const struct item *it) MUST;
enum err bind_cidr(const struct item *it) MUST;
enum err bind_networks(const struct item *it) MUST;
enum err bind_networks_or_anycast(const struct item *it) MUST;
enum err bind_credentials(const struct item *it) MUST;
enum err bind_models(const struct item *it) MUST;
enum err bind_dpf(const struct item *it) MUST;
enum err bind_candidates(const struct item *it) MUST;

#endif
