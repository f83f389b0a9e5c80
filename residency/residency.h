/* Where destinations are: countries of addresses, expected networks, contracts, and from them the destination facts. */
#ifndef RESIDENCY_RESIDENCY_H
#define RESIDENCY_RESIDENCY_H

#include "base/arena.h"
#include "base/facts.h"
#include "base/ip.h"

/* --- Country database (MaxMind DB format), both layouts in use: country.iso_code and flat country_code. --- */
struct geo;
/* ERR_NOT_FOUND, ERR_CORRUPT. built_at: seconds since the epoch, for staleness. */
struct geo *geo_open(const char *path, enum err *err) MUST;
void geo_close(struct geo *g);
/* ip: IPv4 as ::ffff:a.b.c.d. COUNTRY_NONE if unknown. */
country geo_country(const struct geo *g, const uint8_t ip[16]) MUST;
uint64_t geo_built_at(const struct geo *g) MUST;
const uint8_t *
geo_hash(const struct geo *g) MUST; /* SHA-256 given at open is the caller's; 32 bytes over the file, computed here */

/* --- Country groups: data files named X.groups in tables, lines "name: AT BE … @other" with '#' comments. --- */
struct country_groups;
struct groups_diag {
	unsigned line;
	char text[128];
};
struct country_groups *country_groups_parse(struct span text, struct groups_diag *diag, enum err *err) MUST;
void country_groups_free(struct country_groups *g);
size_t country_groups_count(const struct country_groups *g) MUST;
struct span country_groups_name(const struct country_groups *g, size_t i) MUST;
const struct country_set *country_groups_set(const struct country_groups *g, size_t i) MUST;
/* NULL if there is none. */
const struct country_set *country_groups_find(const struct country_groups *g, struct span name) MUST;

/* --- Destinations --- */
enum dpf_status { DPF_UNSET, DPF_ACTIVE, DPF_INACTIVE };
struct contracts {
	bool dpa;
	struct span scc; /* "M2"…; null if none */
	enum dpf_status dpf;
	int64_t dpf_checked; /* days since the epoch; 0: never */
	bool baa;
	int64_t tia_expires; /* 0: none */
	bool zero_retention;
	bool bcr;
};

/* What is declared of one destination; the configuration's loader fills it. */
struct destination {
	struct span name, provider;
	bool on_prem, insecure;
	bool anywhere; /* processing is not tied to a region: the fact is unknown */
	struct country_set processing;
	bool storage_anywhere;
	struct country_set storage; /* empty and not anywhere: as processing */
	bool networks_any;          /* "anycast": no expected networks */
	const struct cidr *networks;
	size_t n_networks;
	struct contracts contracts;
	country cc; /* on-prem: country it stands in */
};

/* Built-in table of vendor hosts: (host, path, body selector) -> regions; tables/destinations.tsv. Used as the default
 * when the configuration does not say, and to warn when it says otherwise. */
struct destination_table;
struct destination_table *destination_table_parse(struct span tsv, struct groups_diag *diag, enum err *err) MUST;
void destination_table_free(struct destination_table *t);
struct vendor_region {
	struct span provider;
	bool anywhere;
	struct country_set processing;
	struct span note;
};
/* selector: value of the body's region selector (Anthropic inference_geo) or null. False: host unknown. */
bool destination_table_find(const struct destination_table *t, struct span host, struct span path, struct span selector,
			    struct vendor_region *out) MUST;

/* Declared facts (before a connection exists). site: country of the gateway; today: days since the epoch.
 * Mechanism: "within" if processing lies within the EEA; "adequacy" by @adequate; US with an active DPF: "dpf"; else
 * bcr, scc, or "none". groups may name "eea" and "adequate". */
void destination_facts(const struct destination *d, const struct country_groups *groups, struct dest_facts *out);
/* Adds what the leased connection shows. peer_ip NULL for a Unix socket. now: seconds since the epoch, for staleness of
 * geo. */
void destination_facts_connected(const struct destination *d, const struct geo *geo, const struct cidr *own_networks,
				 size_t n_own, const uint8_t *peer_ip, bool tls_verified, uint64_t now,
				 uint64_t geo_max_age_s, struct dest_facts *out);
/* The (asked region selector) body may narrow a destination's regions: same struct with processing replaced. */

#endif
