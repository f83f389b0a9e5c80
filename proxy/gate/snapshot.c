#include "proxy/gate/snapshot.h"

#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/siphash.h"
#include "proxy/gate/builtin.h"
#include "proxy/gate/engine.h"
#include "proxy/gate/file.h"
#include "proxy/gate/tagging.h"

enum {
	MAX_RULE_FILE = 1 << 20,
	MAX_LIST_FILE = 64 << 20,
	MAX_CREDENTIAL = 16 * 1024,
	MAX_RULE_FILES = 64,
	MAX_MODEL_FILE = 64 << 20
};

static void complain(struct snapshot_problem *p, struct span file, unsigned line, const char *what, const char *detail)
{
	snprintf(p->file, sizeof p->file, "%.*s", SPAN_ARG(file));
	p->line = line;
	snprintf(p->text, sizeof p->text, "%s%s%s", what, detail[0] != '\0' ? ": " : "", detail);
}

/* A file named by the configuration: from disk, else a built-in of the same last two path parts. */
enum err snapshot_file(struct span path, size_t limit, struct buf *out, struct snapshot_problem *problem, unsigned line)
{
	char name[4096];
	if (path.n >= sizeof name)
		return ERR_LIMIT;
	memcpy(name, path.p, path.n);
	name[path.n] = '\0';
	enum err e = file_read(name, limit, out);
	if (e == ERR_NOT_FOUND) {
		size_t slashes = 0, from = path.n;
		while (from > 0 && !(path.p[from - 1] == '/' && ++slashes == 2))
			from--;
		struct span builtin = builtin_find(span_sub(path, from, path.n));
		if (builtin.p != NULL) {
			buf_add(out, builtin);
			return buf_err(out);
		}
	}
	if (e != ERR_OK)
		complain(problem, path, line, "cannot read this file", err_text(e));
	return e;
}

/* All built-in tables/NAME.groups and the configuration's own, as one text. */
struct country_groups *snapshot_groups(const struct config *config, struct snapshot_problem *problem, enum err *err)
{
	struct buf text = {0};
	struct country_groups *groups = NULL;
	for (const struct builtin_file *f = builtin_files; f->name != NULL; f++) {
		if (!span_ends(span_str(f->name), SPAN(".groups")))
			continue;
		buf_add(&text, span_of(f->bytes, f->size));
		buf_add_byte(&text, '\n');
	}
	for (size_t i = 0; i < config->n_groups; i++) {
		if ((*err = snapshot_file(config->groups[i], MAX_RULE_FILE, &text, problem, 0)) != ERR_OK)
			goto out;
		buf_add_byte(&text, '\n');
	}
	struct groups_diag diag = {0};
	if ((*err = buf_err(&text)) == ERR_OK)
		groups = country_groups_parse(buf_span(&text), &diag, err);
	if (groups == NULL)
		complain(problem, SPAN("country groups"), diag.line, "not valid", diag.text);
out:
	buf_fini(&text);
	return groups;
}

static struct rules_group *group_list(const struct country_groups *groups, struct arena *a, size_t *n)
{
	*n = country_groups_count(groups);
	struct rules_group *v = arena_array(a, *n, sizeof *v);
	for (size_t i = 0; v != NULL && i < *n; i++)
		v[i] = (struct rules_group){country_groups_name(groups, i), *country_groups_set(groups, i)};
	return v;
}

struct rules *snapshot_rules(const struct config *config, const struct country_groups *groups,
			     struct snapshot_problem *problem, enum err *err)
{
	struct buf texts[MAX_RULE_FILES] = {0};
	struct rules_source sources[MAX_RULE_FILES];
	struct rules *rules = NULL;
	struct arena a;
	arena_init(&a, 0);
	*err = config->n_rules <= MAX_RULE_FILES ? ERR_OK : ERR_LIMIT;
	for (size_t i = 0; *err == ERR_OK && i < config->n_rules; i++) {
		*err = snapshot_file(config->rules[i], MAX_RULE_FILE, &texts[i], problem, 0);
		sources[i] = (struct rules_source){config->rules[i], buf_span(&texts[i])};
	}
	struct rules_env env = {0};
	env.groups = group_list(groups, &a, &env.n_groups);
	struct span *types = arena_array(&a, config->n_house, sizeof *types);
	for (size_t i = 0; types != NULL && i < config->n_house; i++)
		types[i] = config->house[i].type;
	env.house_types = types;
	env.n_house_types = config->n_house;
	if (*err == ERR_OK && a.failed)
		*err = ERR_NOMEM;
	if (*err == ERR_OK) {
		struct rules_diag diag = {0};
		rules = rules_compile(sources, config->n_rules, &env, &diag, err);
		if (rules == NULL) {
			complain(problem, diag.file, diag.line, diag.text, "");
			problem->column = diag.column;
		}
	}
	for (size_t i = 0; i < config->n_rules && i < MAX_RULE_FILES; i++)
		buf_fini(&texts[i]);
	arena_fini(&a);
	return rules;
}

static class_set class_list(const struct span *names, size_t n)
{
	class_set set = 0;
	for (size_t i = 0; i < n; i++) {
		int c = class_parse(names[i]);
		if (c >= 0)
			set |= CLASS_BIT((unsigned)c);
	}
	return set;
}

enum err snapshot_model_keys(const struct config *config, struct model_keys *out, struct snapshot_problem *problem)
{
	enum err e = ERR_OK;
	for (size_t i = 0; e == ERR_OK && i < config->n_model_keys; i++) {
		struct buf text = {0};
		e = snapshot_file(config->model_keys[i], MAX_CREDENTIAL, &text, problem, 0);
		if (e == ERR_OK && (e = model_keys_add(out, buf_span(&text))) != ERR_OK)
			complain(problem, config->model_keys[i], 0, "not one verifier key (name+hash+key)",
				 err_text(e));
		buf_fini(&text);
	}
	return e;
}

/* The program's own model is as good as the program and needs no signature. */
static enum err open_model(struct snapshot *s, struct snapshot_problem *problem)
{
	const char *why;
	bool own = span_eq(buf_span(&s->model), builtin_find(SPAN("models/tagger.bwm")));
	enum err e = model_file_open(buf_span(&s->model), own || s->model_keys.n == 0 ? NULL : &s->model_keys,
				     &s->model_file, &why);
	if (e != ERR_OK)
		complain(problem, s->config->model, 0, why, "");
	return e;
}

static enum err load_model(struct snapshot *s, struct snapshot_problem *problem)
{
	enum err e = ERR_OK;
	if (s->config->model.p == NULL)
		return ERR_OK;
	if ((e = snapshot_model_keys(s->config, &s->model_keys, problem)) != ERR_OK ||
	    (e = snapshot_file(s->config->model, MAX_MODEL_FILE, &s->model, problem, 0)) != ERR_OK ||
	    (e = open_model(s, problem)) != ERR_OK)
		return e;
	s->tagger = tagger_new(s->model_file.model, &e);
	if (s->tagger == NULL)
		complain(problem, s->config->model, 0, "this model cannot be used", err_text(e));
	else
		memcpy(s->model_hash, tagger_id(s->tagger).p, sizeof s->model_hash);
	return e;
}

static enum err load_classifier(struct snapshot *s, struct snapshot_problem *problem)
{
	const struct config *c = s->config;
	struct house_list *lists = arena_array(&s->arena, c->n_house, sizeof *lists);
	struct buf *texts = arena_array(&s->arena, c->n_house, sizeof *texts);
	if (lists == NULL || texts == NULL)
		return ERR_NOMEM;
	enum err e = ERR_OK;
	for (size_t i = 0; e == ERR_OK && i < c->n_house; i++) {
		const struct config_house_list *h = &c->house[i];
		e = snapshot_file(h->file, MAX_LIST_FILE, &texts[i], problem, h->line);
		lists[i] = (struct house_list){.type = h->type,
					       .classes = class_list(h->classes, h->n_classes),
					       .text = buf_span(&texts[i]),
					       .patterns = h->patterns,
					       .exact = h->exact,
					       .file = h->file};
	}
	struct classifier_threshold *thresholds = arena_array(&s->arena, c->n_thresholds, sizeof *thresholds);
	if (e == ERR_OK && thresholds == NULL)
		e = ERR_NOMEM;
	for (size_t i = 0; e == ERR_OK && i < c->n_thresholds; i++)
		thresholds[i] = (struct classifier_threshold){c->thresholds[i].match, (uint8_t)c->thresholds[i].score};
	if (e == ERR_OK) {
		struct classifier_diag diag = {0};
		struct classifier_options o = {.lists = lists,
					       .n_lists = c->n_house,
					       .thresholds = thresholds,
					       .n_thresholds = c->n_thresholds,
					       .starter_health = true};
		tagging_join(s->tagger, &o);
		s->classifier = classifier_new(&o, &diag, &e);
		if (s->classifier == NULL)
			complain(problem, diag.file, diag.line, diag.text, "");
		else
			memcpy(s->detector_hash, classifier_hash(s->classifier), 32);
	}
	for (size_t i = 0; i < c->n_house; i++)
		buf_fini(&texts[i]);
	return e;
}

static enum err load_geo(struct snapshot *s, struct snapshot_problem *problem)
{
	struct span path = s->config->geo.database;
	if (path.p == NULL)
		return ERR_OK;
	struct span name =
		arena_dup(&s->arena, (struct span){path.p, path.n + 1}); /* the configuration's spans end in NUL */
	if (name.p == NULL)
		return ERR_NOMEM;
	enum err e = ERR_OK;
	s->geo = geo_open((const char *)name.p, &e);
	/* Missing or broken geography is a fact for the rules, not a reason not to start. */
	if (s->geo == NULL && e != ERR_NOT_FOUND && e != ERR_CORRUPT) {
		complain(problem, path, 0, "cannot open the country database", err_text(e));
		return e;
	}
	return ERR_OK;
}

/* "EEA" (a group) or "DE" (a country), or "anywhere". */
static enum err region_set(const struct snapshot *s, const struct span *names, size_t n, struct country_set *out,
			   bool *anywhere, struct snapshot_problem *problem, unsigned line)
{
	for (size_t i = 0; i < n; i++) {
		const struct country_set *group = NULL;
		struct span lower = names[i];
		uint8_t folded[64];
		if (lower.n < sizeof folded) {
			for (size_t k = 0; k < lower.n; k++)
				folded[k] = lower.p[k] >= 'A' && lower.p[k] <= 'Z' ? (uint8_t)(lower.p[k] | 0x20)
										   : lower.p[k];
			lower = span_of(folded, lower.n);
		}
		country cc = country_parse(names[i]);
		if (span_eq(lower, SPAN("anywhere"))) {
			*anywhere = true;
		} else if ((group = country_groups_find(s->groups, lower)) != NULL) { /* before countries: "EU" */
			country_set_union(out, group);
		} else if (cc != COUNTRY_NONE) {
			country_set_add(out, cc);
		} else {
			complain(problem, s->config->file, line, "no country or country group of this name",
				 (const char *)names[i].p);
			return ERR_CONFIG;
		}
	}
	return ERR_OK;
}

static enum err declare(struct snapshot *s, struct target *t, struct snapshot_problem *problem)
{
	const struct config_destination *c = t->config;
	struct destination *d = &t->declared;
	*d = (struct destination){
		.name = c->name,
		.provider = c->provider,
		.on_prem = c->on_prem,
		.insecure = c->insecure,
		.networks_any = c->networks_anycast,
		.n_networks = c->n_networks,
		.cc = c->cc,
		.contracts = {.dpa = c->contracts.dpa,
			      .scc = c->contracts.scc,
			      .dpf = !c->contracts.dpf_set     ? DPF_UNSET
				     : c->contracts.dpf_active ? DPF_ACTIVE
							       : DPF_INACTIVE,
			      .dpf_checked = c->contracts.dpf_checked,
			      .baa = c->contracts.baa,
			      .tia_expires = c->contracts.tia_expires,
			      .zero_retention = c->contracts.zero_retention,
			      .bcr = c->contracts.bcr},
	};
	struct cidr *networks = arena_array(&s->arena, c->n_networks, sizeof *networks);
	if (networks == NULL)
		return ERR_NOMEM;
	for (size_t i = 0; i < c->n_networks; i++) {
		if (!cidr_parse(c->networks[i].cidr, &networks[i])) {
			complain(problem, s->config->file, c->networks[i].line, "not a network", "");
			return ERR_CONFIG;
		}
		networks[i].cc = c->networks[i].cc;
	}
	d->networks = networks;
	enum err e = region_set(s, c->processing, c->n_processing, &d->processing, &d->anywhere, problem, c->line);
	if (e == ERR_OK)
		e = region_set(s, c->storage, c->n_storage, &d->storage, &d->storage_anywhere, problem, c->line);
	if (e != ERR_OK)
		return e;
	if (c->n_processing == 0 && !c->on_prem) {
		struct vendor_region v;
		if (destination_table_find(s->vendors, c->host, c->base_path, SPAN_NULL, &v)) {
			d->anywhere = v.anywhere;
			d->processing = v.processing;
		} else {
			d->anywhere = true;
		}
	}
	return ERR_OK;
}

static enum err load_credential(struct snapshot *s, struct target *t, struct snapshot_problem *problem)
{
	if (t->config->credentials != CREDENTIALS_FILE)
		return ERR_OK;
	struct buf key = {0};
	enum err e = snapshot_file(t->config->credentials_file, MAX_CREDENTIAL, &key, problem, t->config->line);
	if (e == ERR_OK) {
		t->credential = arena_dup(&s->arena, span_trim(buf_span(&key)));
		if (t->credential.p == NULL) {
			complain(problem, t->config->credentials_file, 0, "the key file is empty", "");
			e = ERR_CONFIG;
		}
	}
	buf_fini(&key);
	return e;
}

static enum err load_target(struct snapshot *s, struct target *t, struct engines *engines,
			    struct snapshot_problem *problem)
{
	static const uint8_t id_key[16] = "destination id";
	const struct config_destination *c = t->config;
	t->id = (uint32_t)siphash128(id_key, c->name).lo;
	enum err e = declare(s, t, problem);
	if (e == ERR_OK)
		e = load_credential(s, t, problem);
	if (e != ERR_OK)
		return e;
	struct upstream_options o = {
		.name = c->name,
		.tls = c->tls,
		.host = c->host,
		.port = c->port,
		.unix_path = c->unix_path,
		.ca_file = c->ca_file,
		.pin_sha256 = c->pin,
		.private_ok = c->on_prem || c->insecure,
		.connect_ms = c->connect_ms,
		.head_ms = c->head_ms,
		.idle_ms = c->idle_ms,
		.pool_idle_ms = 30000,
		.max_idle = 1024,
	};
	t->upstream = upstream_new(&o, &e);
	if (t->upstream == NULL) {
		complain(problem, s->config->file, c->line, "this destination cannot be used", err_text(e));
		return e;
	}
	if (c->on_prem && engines != NULL) {
		t->engine = engine_configure(engines, c->name, c->concurrency, c->queue);
		if (t->engine == NULL)
			return ERR_NOMEM;
	}
	return ERR_OK;
}

static void sha256(struct span s, uint8_t out[32])
{
	unsigned n = 32;
	EVP_Digest(s.p, s.n, out, &n, EVP_sha256(), NULL);
}

/* Content addresses: what records pin so that a verdict can be recomputed. */
static enum err hash_parts(struct snapshot *s)
{
	struct buf text = {0};
	enum err e = rules_canonical(s->rules, &text);
	if (e == ERR_OK)
		sha256(buf_span(&text), s->rules_hash);
	buf_clear(&text);
	for (size_t i = 0; i < country_groups_count(s->groups); i++) {
		buf_add(&text, country_groups_name(s->groups, i));
		buf_add(&text, span_of(country_groups_set(s->groups, i), sizeof(struct country_set)));
	}
	struct span vendors = builtin_find(SPAN("tables/destinations.tsv"));
	buf_add(&text, vendors);
	if (s->geo != NULL)
		buf_add(&text, span_of(geo_hash(s->geo), 32));
	if (e == ERR_OK && (e = buf_err(&text)) == ERR_OK)
		sha256(buf_span(&text), s->tables_hash);
	buf_fini(&text);
	return e;
}

static enum err load_networks(struct snapshot *s)
{
	s->n_own_networks = s->config->n_networks;
	s->own_networks = arena_array(&s->arena, s->n_own_networks, sizeof *s->own_networks);
	if (s->own_networks == NULL)
		return ERR_NOMEM;
	for (size_t i = 0; i < s->n_own_networks; i++) {
		if (!cidr_parse(s->config->networks[i].cidr, &s->own_networks[i]))
			return ERR_CONFIG; /* the loader checked it */
		s->own_networks[i].cc = s->config->networks[i].cc;
	}
	return ERR_OK;
}

static enum err load_parts(struct snapshot *s, struct engines *engines, struct snapshot_problem *problem)
{
	enum err e = ERR_OK;
	struct groups_diag diag = {0};
	s->groups = snapshot_groups(s->config, problem, &e);
	if (s->groups == NULL)
		return e;
	s->vendors = destination_table_parse(builtin_find(SPAN("tables/destinations.tsv")), &diag, &e);
	if (s->vendors == NULL) {
		complain(problem, SPAN("tables/destinations.tsv"), diag.line, diag.text, "");
		return e;
	}
	s->rules = snapshot_rules(s->config, s->groups, problem, &e);
	if (s->rules == NULL)
		return e;
	if ((e = load_networks(s)) != ERR_OK || (e = load_geo(s, problem)) != ERR_OK ||
	    (e = load_model(s, problem)) != ERR_OK || (e = load_classifier(s, problem)) != ERR_OK)
		return e;
	s->targets = arena_array(&s->arena, s->config->n_destinations, sizeof *s->targets);
	if (s->targets == NULL)
		return ERR_NOMEM;
	for (size_t i = 0; i < s->config->n_destinations; i++) {
		s->targets[i].config = &s->config->destinations[i];
		if ((e = load_target(s, &s->targets[i], engines, problem)) != ERR_OK)
			return e;
	}
	return hash_parts(s);
}

struct snapshot *snapshot_load(const char *path, struct engines *engines, struct snapshot_problem *problem,
			       enum err *err)
{
	static atomic_ulong generations;
	struct config_diag diag = {0};
	*problem = (struct snapshot_problem){0};
	struct config *config = config_load(path, &diag, err);
	if (config == NULL) {
		complain(problem, span_str(diag.file), diag.line, diag.text, "");
		problem->column = diag.column;
		return NULL;
	}
	struct snapshot *s = calloc(1, sizeof *s);
	if (s == NULL) {
		config_free(config);
		*err = ERR_NOMEM;
		return NULL;
	}
	atomic_init(&s->refs, 1);
	s->generation = atomic_fetch_add(&generations, 1) + 1;
	s->config = config;
	arena_init(&s->arena, 0);
	*err = load_parts(s, engines, problem);
	if (*err != ERR_OK) {
		if (problem->text[0] == '\0')
			complain(problem, span_str(path), 0, err_text(*err), "");
		snapshot_put(s);
		return NULL;
	}
	return s;
}

struct snapshot *snapshot_get(struct snapshot *s)
{
	atomic_fetch_add_explicit(&s->refs, 1, memory_order_relaxed);
	return s;
}

void snapshot_put(struct snapshot *s)
{
	if (s == NULL || atomic_fetch_sub_explicit(&s->refs, 1, memory_order_acq_rel) != 1)
		return;
	for (size_t i = 0; s->targets != NULL && i < s->config->n_destinations; i++)
		if (s->targets[i].upstream != NULL)
			upstream_put(s->targets[i].upstream);
	if (s->classifier != NULL)
		classifier_free(s->classifier);
	if (s->tagger != NULL)
		tagger_free(s->tagger);
	buf_fini(&s->model);
	if (s->geo != NULL)
		geo_close(s->geo);
	if (s->rules != NULL)
		rules_free(s->rules);
	if (s->vendors != NULL)
		destination_table_free(s->vendors);
	if (s->groups != NULL)
		country_groups_free(s->groups);
	arena_fini(&s->arena);
	config_free(s->config);
	free(s);
}
