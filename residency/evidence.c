#include "residency/residency.h"

enum { CLOCK_SLACK_S = 24 * 60 * 60 };

static const struct country_set *group(const struct country_groups *groups, const char *name)
{
	return groups == NULL ? NULL : country_groups_find(groups, span_str(name));
}

static country us(void)
{
	return country_parse(SPAN("US"));
}

/* By place alone: null if the place needs contracts. */
static struct span by_place(const struct country_set *where, const struct contracts *c,
			    const struct country_groups *groups)
{
	const struct country_set *eea = group(groups, "eea"), *adequate = group(groups, "adequate");
	if (eea == NULL)
		return SPAN_NULL;
	if (country_set_within(where, eea))
		return SPAN("within");
	struct country_set fine = *eea;
	if (adequate != NULL)
		country_set_union(&fine, adequate);
	if (country_set_within(where, &fine))
		return SPAN("adequacy");
	if (c->dpf != DPF_ACTIVE)
		return SPAN_NULL;
	country_set_add(&fine, us());
	return country_set_within(where, &fine) ? SPAN("dpf") : SPAN_NULL;
}

/* The strongest mechanism that covers every country of processing. Null: unknown, which is not the same as none: a
 * destination that may process anywhere without clauses might still be processing at home. */
static struct span mechanism(const struct country_set *where, const struct contracts *c,
			     const struct country_groups *groups)
{
	struct span m = where == NULL ? SPAN_NULL : by_place(where, c, groups);
	if (m.p != NULL)
		return m;
	if (c->bcr)
		return SPAN("bcr");
	if (c->scc.p != NULL)
		return SPAN("scc");
	bool judged = where != NULL && group(groups, "eea") != NULL && group(groups, "adequate") != NULL;
	return judged ? SPAN("none") : SPAN_NULL;
}

static void contract_facts(const struct contracts *c, struct dest_facts *out)
{
	dest_facts_set_bool(out, F_DEST_DPA, c->dpa);
	dest_facts_set_bool(out, F_DEST_BAA, c->baa);
	dest_facts_set_bool(out, F_DEST_ZDR, c->zero_retention);
	dest_facts_set_text(out, F_DEST_SCC, c->scc);
	switch (c->dpf) {
	case DPF_UNSET:
		break;
	case DPF_ACTIVE:
		dest_facts_set_text(out, F_DEST_DPF, SPAN("active"));
		break;
	case DPF_INACTIVE:
		dest_facts_set_text(out, F_DEST_DPF, SPAN("inactive"));
		break;
	}
	if (c->dpf_checked != 0)
		dest_facts_set_num(out, F_DEST_DPF_CHECKED, c->dpf_checked);
	if (c->tia_expires != 0)
		dest_facts_set_num(out, F_DEST_TIA_EXPIRES, c->tia_expires);
}

/* Where it processes, or false if that is not known. */
static bool processing_of(const struct destination *d, struct country_set *out)
{
	*out = d->processing;
	if (d->on_prem && country_set_empty(out) && d->cc != COUNTRY_NONE)
		country_set_add(out, d->cc);
	return !d->anywhere && !country_set_empty(out);
}

void destination_facts(const struct destination *d, const struct country_groups *groups, struct dest_facts *out)
{
	struct country_set where;
	bool placed = processing_of(d, &where);
	*out = (struct dest_facts){0};
	dest_facts_set_text(out, F_DEST_ID, d->name);
	dest_facts_set_text(out, F_DEST_PROVIDER, d->provider);
	dest_facts_set_bool(out, F_DEST_ON_PREM, d->on_prem);
	dest_facts_set_bool(out, F_DEST_INSECURE, d->insecure);
	if (placed)
		dest_facts_set_countries(out, F_DEST_PROCESSING, &where);
	if (!d->storage_anywhere && !country_set_empty(&d->storage))
		dest_facts_set_countries(out, F_DEST_STORAGE, &d->storage);
	else if (!d->storage_anywhere && placed)
		dest_facts_set_countries(out, F_DEST_STORAGE, &where);
	contract_facts(&d->contracts, out);
	dest_facts_set_text(out, F_DEST_MECHANISM, mechanism(placed ? &where : NULL, &d->contracts, groups));
}

/* The most specific network that holds the address. */
static const struct cidr *network_of(const struct cidr *v, size_t n, const uint8_t ip[16])
{
	const struct cidr *best = NULL;
	for (size_t i = 0; i < n; i++)
		if (cidr_has(&v[i], ip) && (best == NULL || v[i].bits > best->bits))
			best = &v[i];
	return best;
}

static bool is_loopback(const uint8_t ip[16])
{
	static const uint8_t v6[16] = {[15] = 1};
	static const uint8_t v4[13] = {[10] = 0xff, [11] = 0xff, [12] = 127};
	return memcmp(ip, v6, sizeof v6) == 0 || memcmp(ip, v4, sizeof v4) == 0;
}

/* A country that the configuration gives to the address: the destination's networks, then our own, then this host. */
static country declared_country(const struct destination *d, const struct cidr *own, size_t n_own, const uint8_t ip[16])
{
	const struct cidr *net = network_of(d->networks, d->n_networks, ip);
	if (net == NULL || net->cc == COUNTRY_NONE)
		net = network_of(own, n_own, ip);
	if (net != NULL && net->cc != COUNTRY_NONE)
		return net->cc;
	return d->on_prem && is_loopback(ip) ? d->cc : COUNTRY_NONE;
}

static void place_facts(country declared, const struct geo *geo, const uint8_t ip[16], uint64_t now, uint64_t max_age,
			struct dest_facts *out)
{
	country cc = declared;
	const char *state = "known";
	if (cc == COUNTRY_NONE && geo != NULL && !ip_is_private(ip)) {
		uint64_t built = geo_built_at(geo);
		bool stale = built > now ? built - now > CLOCK_SLACK_S : now - built > max_age;
		if (stale)
			state = "stale"; /* and no country: old evidence is none */
		else
			cc = geo_country(geo, ip);
	}
	if (cc == COUNTRY_NONE && strcmp(state, "known") == 0)
		state = "unknown";
	dest_facts_set_country(out, F_DEST_COUNTRY, cc);
	dest_facts_set_text(out, F_DEST_GEO, span_str(state));
}

static void network_facts(const struct destination *d, const struct cidr *own, size_t n_own, const uint8_t ip[16],
			  struct dest_facts *out)
{
	if (d->n_networks > 0) {
		dest_facts_set_bool(out, F_DEST_EXPECTED, network_of(d->networks, d->n_networks, ip) != NULL);
	} else if (d->on_prem) {
		dest_facts_set_bool(out, F_DEST_EXPECTED, is_loopback(ip) || network_of(own, n_own, ip) != NULL);
	} else if (ip_is_private(ip) && !d->insecure) {
		dest_facts_set_bool(out, F_DEST_EXPECTED, false); /* a cloud is never here, anycast or not */
	} else if (d->networks_any) {
		dest_facts_set_bool(out, F_DEST_EXPECTED, true);
	}
}

void destination_facts_connected(const struct destination *d, const struct geo *geo, const struct cidr *own_networks,
				 size_t n_own, const uint8_t *peer_ip, bool tls_verified, uint64_t now,
				 uint64_t geo_max_age_s, struct dest_facts *out)
{
	dest_facts_set_bool(out, F_DEST_TLS, tls_verified);
	if (peer_ip == NULL) { /* a Unix socket: this host */
		dest_facts_set_country(out, F_DEST_COUNTRY, d->cc);
		dest_facts_set_text(out, F_DEST_GEO, d->cc == COUNTRY_NONE ? SPAN("unknown") : SPAN("known"));
		dest_facts_set_bool(out, F_DEST_EXPECTED, d->on_prem);
		return;
	}
	network_facts(d, own_networks, n_own, peer_ip, out);
	place_facts(declared_country(d, own_networks, n_own, peer_ip), geo, peer_ip, now, geo_max_age_s, out);
}
