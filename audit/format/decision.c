#include "audit/format/codec.h"
#include "audit/format/record.h"

enum {
	MAX_CANDIDATES = 64,
	MAX_REGIMES = sizeof((struct record_candidate *)0)->regimes / sizeof((struct record_candidate *)0)->regimes[0],
	MAX_FIRED = sizeof((struct record_candidate *)0)->fired / sizeof((struct record_candidate *)0)->fired[0],
	SCORE_MAX = 100,
	ALL_CLASSES = (1 << CLASS_COUNT) - 1,
	ALL_VIEWS = (1 << VIEW_COUNT) - 1,
};

static void put_data(struct buf *out, const struct facts *f)
{
	cbor_put_array(out, f->n_data);
	for (size_t i = 0; i < f->n_data; i++) {
		const struct data_item *d = &f->data[i];
		struct cbor_out_map m;
		cbor_map_begin(&m, out);
		put_key_text(&m, K_DATA_TYPE, d->type);
		put_key_uint(&m, K_DATA_CLASSES, d->classes);
		put_key_uint(&m, K_DATA_COUNT, d->count);
		put_key_uint(&m, K_DATA_SCORE, d->score);
		put_key_uint(&m, K_DATA_ORIGIN, d->origin);
		put_key_uint(&m, K_DATA_VIEWS, d->views);
		cbor_map_end(&m);
	}
}

static void put_regimes(struct buf *out, const struct record_candidate *c)
{
	cbor_put_array(out, c->n_regimes);
	for (size_t i = 0; i < c->n_regimes; i++) {
		struct cbor_out_map m;
		cbor_map_begin(&m, out);
		put_key_text(&m, K_REGIME_NAME, c->regimes[i].regime);
		put_key_text(&m, K_REGIME_VERSION, c->regimes[i].version);
		put_key_uint(&m, K_REGIME_APPLIES, c->regimes[i].applies);
		cbor_map_key(&m, K_REGIME_VERDICT);
		put_verdict(out, &c->regimes[i].verdict);
		cbor_map_end(&m);
	}
}

static void put_fired(struct buf *out, const struct record_candidate *c)
{
	cbor_put_array(out, c->n_fired);
	for (size_t i = 0; i < c->n_fired; i++) {
		struct cbor_out_map m;
		cbor_map_begin(&m, out);
		put_key_text(&m, K_FIRED_REGIME, c->fired[i].regime);
		put_key_text(&m, K_FIRED_RULE, c->fired[i].rule);
		put_some_text(&m, K_FIRED_SOURCE, c->fired[i].source);
		put_some_bool(&m, K_FIRED_DECIDING, c->fired[i].deciding);
		put_some_bool(&m, K_FIRED_BY_UNKNOWN, c->fired[i].by_unknown);
		put_some_bool(&m, K_FIRED_EXEMPTED, c->fired[i].exempted);
		cbor_map_end(&m);
	}
}

static void put_candidate(struct buf *out, const struct record_candidate *c)
{
	struct cbor_out_map m;
	cbor_map_begin(&m, out);
	cbor_map_key(&m, K_CANDIDATE_FACTS);
	put_facts(out, FACT_DEST, c->facts.v);
	cbor_map_key(&m, K_CANDIDATE_JOINED);
	put_verdict(out, &c->joined);
	cbor_map_key(&m, K_CANDIDATE_REGIMES);
	put_regimes(out, c);
	cbor_map_key(&m, K_CANDIDATE_FIRED);
	put_fired(out, c);
	cbor_map_key(&m, K_CANDIDATE_MET);
	cbor_put_bool(out, c->met);
	cbor_map_end(&m);
}

static void put_pins(struct cbor_out_map *m, const struct record_decision *d)
{
	put_key_bytes(m, K_DECISION_RULES, d->rules_hash, sizeof d->rules_hash);
	put_key_bytes(m, K_DECISION_TABLES, d->tables_hash, sizeof d->tables_hash);
	put_key_bytes(m, K_DECISION_DETECTOR, d->detector_hash, sizeof d->detector_hash);
	put_some_bytes(m, K_DECISION_MODEL, d->model_hash, sizeof d->model_hash);
	put_key_bytes(m, K_DECISION_REQUEST, d->request_commit, sizeof d->request_commit);
	put_some_bytes(m, K_DECISION_ACTOR, d->actor_commit, sizeof d->actor_commit);
	put_some_bytes(m, K_DECISION_CLIENT, d->client_commit, sizeof d->client_commit);
	put_key_uint(m, K_DECISION_CLASSIFY_US, d->classify_us);
	put_key_uint(m, K_DECISION_DECIDE_US, d->decide_us);
	put_key_text(m, K_DECISION_BUILD, d->build);
}

/* So that the buffer grows once; a guess. */
static void reserve_for(const struct record_decision *d, struct buf *out)
{
	enum { FIXED = 640, EACH_DATA = 64, EACH_CANDIDATE = 384, EACH_REGIME = 48, EACH_FIRED = 64 };
	size_t n = FIXED + EACH_DATA * d->facts->n_data;
	for (size_t i = 0; i < d->n_candidates; i++)
		n += EACH_CANDIDATE + EACH_REGIME * d->candidates[i].n_regimes + EACH_FIRED * d->candidates[i].n_fired;
	if (out->limit == 0)
		(void)!buf_reserve(out, n);
}

enum err record_decision_encode(const struct record_decision *d, struct buf *out)
{
	struct cbor_out_map m;
	if (d->n_candidates > MAX_CANDIDATES || d->chosen < -1 || d->chosen >= (int64_t)d->n_candidates ||
	    (d->chosen >= 0 && d->refusal.n != 0))
		return ERR_LIMIT;
	reserve_for(d, out);
	cbor_map_begin(&m, out);
	put_key_uint(&m, K_DECISION_STARTED, d->started_ns);
	put_key_bytes(&m, K_DECISION_EXCHANGE, d->exchange, sizeof d->exchange);
	put_key_uint(&m, K_DECISION_UNIT, d->unit);
	cbor_map_key(&m, K_DECISION_FACTS);
	put_facts(out, FACT_REQUEST, d->facts->v);
	cbor_map_key(&m, K_DECISION_DATA);
	put_data(out, d->facts);
	put_key_uint(&m, K_DECISION_CLASSES, d->facts->classes);
	cbor_map_key(&m, K_DECISION_CANDIDATES);
	cbor_put_array(out, d->n_candidates);
	for (size_t i = 0; i < d->n_candidates; i++)
		put_candidate(out, &d->candidates[i]);
	cbor_map_key(&m, K_DECISION_CHOSEN);
	cbor_put_int(out, d->chosen);
	put_some_text(&m, K_DECISION_REFUSAL, d->refusal);
	put_pins(&m, d);
	cbor_map_end(&m);
	return buf_err(out);
}

static void get_data_item(struct record_in *in, struct data_item *d)
{
	struct cbor_map m;
	uint64_t key, seen = 0;
	cbor_map(&in->c, &m);
	while (cbor_map_next(&in->c, &m, &key)) {
		if (key == K_DATA_TYPE)
			d->type = record_some_text(in);
		else if (key == K_DATA_CLASSES)
			d->classes = (class_set)cbor_uint(&in->c, ALL_CLASSES);
		else if (key == K_DATA_COUNT)
			d->count = (uint32_t)cbor_uint(&in->c, UINT32_MAX);
		else if (key == K_DATA_SCORE)
			d->score = (uint8_t)cbor_uint(&in->c, SCORE_MAX);
		else if (key == K_DATA_ORIGIN)
			d->origin = (uint8_t)cbor_uint(&in->c, DATA_DETECTED | DATA_DECLARED);
		else if (key == K_DATA_VIEWS)
			d->views = (uint8_t)cbor_uint(&in->c, ALL_VIEWS);
		else
			cbor_fail(&in->c, ERR_VERSION);
		seen |= KEY_BIT(key & 63);
	}
	record_need(in, seen,
		    KEY_BIT(K_DATA_TYPE) | KEY_BIT(K_DATA_CLASSES) | KEY_BIT(K_DATA_COUNT) | KEY_BIT(K_DATA_SCORE) |
			    KEY_BIT(K_DATA_ORIGIN) | KEY_BIT(K_DATA_VIEWS));
}

static void get_data(struct record_in *in, struct facts *f)
{
	f->n_data = cbor_array(&in->c, FACTS_MAX_DATA);
	for (size_t i = 0; i < f->n_data; i++) {
		get_data_item(in, &f->data[i]);
		if (i > 0 && span_cmp(f->data[i - 1].type, f->data[i].type) >= 0)
			cbor_fail(&in->c, ERR_SYNTAX);
	}
}

static void get_regime(struct record_in *in, struct record_candidate *c, size_t i)
{
	struct cbor_map m;
	uint64_t key, seen = 0;
	cbor_map(&in->c, &m);
	while (cbor_map_next(&in->c, &m, &key)) {
		if (key == K_REGIME_NAME)
			c->regimes[i].regime = record_text(in);
		else if (key == K_REGIME_VERSION)
			c->regimes[i].version = record_text(in);
		else if (key == K_REGIME_APPLIES)
			c->regimes[i].applies = (uint8_t)record_some_uint(in, 2);
		else if (key == K_REGIME_VERDICT)
			get_verdict(in, &c->regimes[i].verdict);
		else
			cbor_fail(&in->c, ERR_VERSION);
		seen |= KEY_BIT(key & 63);
	}
	record_need(in, seen,
		    KEY_BIT(K_REGIME_NAME) | KEY_BIT(K_REGIME_VERSION) | KEY_BIT(K_REGIME_APPLIES) |
			    KEY_BIT(K_REGIME_VERDICT));
}

static void get_fired(struct record_in *in, struct record_candidate *c, size_t i)
{
	struct cbor_map m;
	uint64_t key, seen = 0;
	cbor_map(&in->c, &m);
	while (cbor_map_next(&in->c, &m, &key)) {
		if (key == K_FIRED_REGIME)
			c->fired[i].regime = record_text(in);
		else if (key == K_FIRED_RULE)
			c->fired[i].rule = record_text(in);
		else if (key == K_FIRED_SOURCE)
			c->fired[i].source = record_some_text(in);
		else if (key == K_FIRED_DECIDING)
			c->fired[i].deciding = record_true(in);
		else if (key == K_FIRED_BY_UNKNOWN)
			c->fired[i].by_unknown = record_true(in);
		else if (key == K_FIRED_EXEMPTED)
			c->fired[i].exempted = record_true(in);
		else
			cbor_fail(&in->c, ERR_VERSION);
		seen |= KEY_BIT(key & 63);
	}
	record_need(in, seen, KEY_BIT(K_FIRED_REGIME) | KEY_BIT(K_FIRED_RULE));
}

static void get_candidate(struct record_in *in, struct record_candidate *c)
{
	struct cbor_map m;
	uint64_t key, seen = 0;
	cbor_map(&in->c, &m);
	while (cbor_map_next(&in->c, &m, &key)) {
		if (key == K_CANDIDATE_FACTS) {
			get_facts(in, FACT_DEST, c->facts.v);
		} else if (key == K_CANDIDATE_JOINED) {
			get_verdict(in, &c->joined);
		} else if (key == K_CANDIDATE_REGIMES) {
			c->n_regimes = cbor_array(&in->c, MAX_REGIMES);
			for (size_t i = 0; i < c->n_regimes; i++)
				get_regime(in, c, i);
		} else if (key == K_CANDIDATE_FIRED) {
			c->n_fired = cbor_array(&in->c, MAX_FIRED);
			for (size_t i = 0; i < c->n_fired; i++)
				get_fired(in, c, i);
		} else if (key == K_CANDIDATE_MET) {
			c->met = cbor_bool(&in->c);
		} else {
			cbor_fail(&in->c, ERR_VERSION);
		}
		seen |= KEY_BIT(key & 63);
	}
	record_need(in, seen,
		    KEY_BIT(K_CANDIDATE_FACTS) | KEY_BIT(K_CANDIDATE_JOINED) | KEY_BIT(K_CANDIDATE_REGIMES) |
			    KEY_BIT(K_CANDIDATE_FIRED) | KEY_BIT(K_CANDIDATE_MET));
}

static void get_candidates(struct record_in *in, struct record_decision *d)
{
	size_t n = cbor_array(&in->c, MAX_CANDIDATES);
	struct record_candidate *list = record_array(in, n, sizeof *list);
	if (list == NULL)
		return;
	for (size_t i = 0; i < n && in->c.err == ERR_OK; i++)
		get_candidate(in, &list[i]);
	d->candidates = list;
	d->n_candidates = n;
}

/* The fields that pin what the decision was made with; false if the key is none of them. */
static bool get_pin(struct record_in *in, uint64_t key, struct record_decision *d)
{
	if (key == K_DECISION_RULES)
		cbor_bytes_exactly(&in->c, d->rules_hash, sizeof d->rules_hash);
	else if (key == K_DECISION_TABLES)
		cbor_bytes_exactly(&in->c, d->tables_hash, sizeof d->tables_hash);
	else if (key == K_DECISION_DETECTOR)
		cbor_bytes_exactly(&in->c, d->detector_hash, sizeof d->detector_hash);
	else if (key == K_DECISION_MODEL)
		record_some_bytes(in, d->model_hash, sizeof d->model_hash);
	else if (key == K_DECISION_REQUEST)
		cbor_bytes_exactly(&in->c, d->request_commit, sizeof d->request_commit);
	else if (key == K_DECISION_ACTOR)
		record_some_bytes(in, d->actor_commit, sizeof d->actor_commit);
	else if (key == K_DECISION_CLIENT)
		record_some_bytes(in, d->client_commit, sizeof d->client_commit);
	else if (key == K_DECISION_CLASSIFY_US)
		d->classify_us = (uint32_t)cbor_uint(&in->c, UINT32_MAX);
	else if (key == K_DECISION_DECIDE_US)
		d->decide_us = (uint32_t)cbor_uint(&in->c, UINT32_MAX);
	else if (key == K_DECISION_BUILD)
		d->build = record_text(in);
	else
		return false;
	return true;
}

static void get_field(struct record_in *in, uint64_t key, struct record_decision *d, struct facts *facts)
{
	if (key == K_DECISION_STARTED)
		d->started_ns = cbor_uint(&in->c, UINT64_MAX);
	else if (key == K_DECISION_EXCHANGE)
		cbor_bytes_exactly(&in->c, d->exchange, sizeof d->exchange);
	else if (key == K_DECISION_UNIT)
		d->unit = (uint32_t)cbor_uint(&in->c, UINT32_MAX);
	else if (key == K_DECISION_FACTS)
		get_facts(in, FACT_REQUEST, facts->v);
	else if (key == K_DECISION_DATA)
		get_data(in, facts);
	else if (key == K_DECISION_CLASSES)
		facts->classes = (class_set)cbor_uint(&in->c, ALL_CLASSES);
	else if (key == K_DECISION_CANDIDATES)
		get_candidates(in, d);
	else if (key == K_DECISION_CHOSEN)
		d->chosen = (int32_t)cbor_int(&in->c);
	else if (key == K_DECISION_REFUSAL)
		d->refusal = record_some_text(in);
	else if (!get_pin(in, key, d))
		cbor_fail(&in->c, ERR_VERSION);
}

enum err record_decision_decode(struct span body, struct arena *arena, struct record_decision *out, struct facts *facts)
{
	const uint64_t optional = KEY_BIT(K_DECISION_REFUSAL) | KEY_BIT(K_DECISION_MODEL) | KEY_BIT(K_DECISION_ACTOR) |
				  KEY_BIT(K_DECISION_CLIENT);
	const uint64_t all = (KEY_BIT(K_DECISION_BUILD) - 1) * 2;
	struct record_in in = {.arena = arena};
	struct cbor_map m;
	uint64_t key, seen = 0;
	*out = (struct record_decision){.facts = facts};
	memset(facts, 0, sizeof *facts);
	cbor_init(&in.c, body);
	cbor_map(&in.c, &m);
	while (cbor_map_next(&in.c, &m, &key)) {
		get_field(&in, key, out, facts);
		seen |= KEY_BIT(key & 63);
	}
	record_need(&in, seen, all & ~optional);
	if (out->chosen < -1 || out->chosen >= (int64_t)out->n_candidates || (out->chosen >= 0 && out->refusal.n != 0))
		cbor_fail(&in.c, ERR_SYNTAX);
	return cbor_end(&in.c);
}
