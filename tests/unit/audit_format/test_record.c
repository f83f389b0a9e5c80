#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "audit/format/record.h"
#include "audit/format/tree.h"

/* xorshift64: the same records in every run. */
static uint64_t seed = 88172645463325252u;

static uint64_t random_below(uint64_t n)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return (seed >> 16) % n;
}

static void random_bytes(uint8_t *p, size_t n)
{
	for (size_t i = 0; i < n; i++)
		p[i] = (uint8_t)random_below(256);
}

static struct span random_text(void)
{
	static const char *const texts[] = {"a",         "claims handling", "gr\xc3\xb6\xc3\x9f-er", "Art. 9, 44, 46",
					    "openai-eu", "x\"y\\z\n",       "\xf0\x9f\x98\x80"};
	return span_str(texts[random_below(sizeof texts / sizeof *texts)]);
}

static void random_set(struct country_set *set)
{
	*set = (struct country_set){0};
	for (uint64_t n = random_below(40); n > 0; n--)
		country_set_add(set, (country)random_below(COUNTRY_COUNT));
}

static void random_fact(enum fact_kind kind, struct fact *f)
{
	*f = (struct fact){.known = random_below(3) != 0};
	if (!f->known)
		return;
	switch (kind) {
	case FACT_BOOL:
		f->flag = random_below(2) == 1;
		break;
	case FACT_NUM:
	case FACT_DATE:
		f->num = (int64_t)random_below(UINT64_MAX) - (1ll << 40);
		break;
	case FACT_ENUM:
	case FACT_TEXT:
		f->text = random_text();
		break;
	case FACT_COUNTRY:
		f->cc = (country)random_below(COUNTRY_COUNT);
		break;
	case FACT_COUNTRIES:
		random_set(&f->set);
		break;
	}
}

static void random_facts(struct facts *f)
{
	static const char *const types[] = {"contact.email", "contact.phone", "health.condition", "id.de.steuerid",
					    "person.name"};
	memset(f, 0, sizeof *f);
	for (unsigned i = 0; i < FACT_REQUEST_COUNT; i++)
		random_fact(fact_info((enum fact_id)i)->kind, &f->v[i]);
	for (size_t i = 0; i < sizeof types / sizeof *types; i++)
		if (random_below(2) == 0)
			assert_true(facts_add_data(
				f, (struct data_item){.type = span_str(types[i]),
						      .classes = (class_set)random_below(1 << CLASS_COUNT),
						      .count = (uint32_t)random_below(1000),
						      .score = (uint8_t)random_below(101),
						      .origin = (uint8_t)random_below(4),
						      .views = (uint8_t)random_below(1 << VIEW_COUNT)}));
}

static struct verdict random_verdict(void)
{
	struct verdict v = {.place = (enum place)random_below(4), .approval = (enum approval)random_below(3)};
	if (v.place == PLACE_REGIONS)
		random_set(&v.regions);
	if (random_below(2) == 0)
		for (size_t c = 0; c < CLASS_COUNT; c++)
			v.transform[c] = (enum transform)random_below(3);
	return v;
}

static void random_candidate(struct record_candidate *c)
{
	memset(c, 0, sizeof *c);
	for (unsigned i = 0; i < FACT_DEST_COUNT; i++)
		random_fact(fact_info((enum fact_id)(FACT_FIRST_DEST + i))->kind, &c->facts.v[i]);
	c->joined = random_verdict();
	c->met = random_below(2) == 0;
	c->n_regimes = random_below(33);
	for (size_t i = 0; i < c->n_regimes; i++) {
		c->regimes[i].regime = random_text();
		c->regimes[i].version = SPAN("2026-11-01");
		c->regimes[i].applies = (uint8_t)(1 + random_below(2));
		c->regimes[i].verdict = random_verdict();
	}
	c->n_fired = random_below(65);
	for (size_t i = 0; i < c->n_fired; i++) {
		c->fired[i].regime = random_text();
		c->fired[i].rule = random_text();
		c->fired[i].source = random_below(2) == 0 ? random_text() : SPAN_NULL;
		c->fired[i].deciding = random_below(2) == 0;
		c->fired[i].by_unknown = random_below(2) == 0;
		c->fired[i].exempted = random_below(2) == 0;
	}
}

enum { CANDIDATES = 3 };
static struct facts facts, facts_again;
static struct record_candidate candidates[CANDIDATES];

static struct record_decision random_decision(void)
{
	struct record_decision d = {
		.facts = &facts, .candidates = candidates, .n_candidates = random_below(CANDIDATES + 1)};
	random_facts(&facts);
	for (size_t i = 0; i < d.n_candidates; i++)
		random_candidate(&candidates[i]);
	d.started_ns = random_below(UINT64_MAX);
	d.unit = (uint32_t)random_below(3);
	d.chosen = (int32_t)random_below(d.n_candidates + 1) - 1;
	if (d.chosen < 0)
		d.refusal = SPAN("refused");
	random_bytes(d.exchange, sizeof d.exchange);
	random_bytes(d.rules_hash, sizeof d.rules_hash);
	random_bytes(d.request_commit, sizeof d.request_commit);
	if (random_below(2) == 0)
		random_bytes(d.model_hash, sizeof d.model_hash);
	if (random_below(2) == 0)
		random_bytes(d.actor_commit, sizeof d.actor_commit);
	d.classify_us = (uint32_t)random_below(100000);
	d.build = SPAN("0.1.0");
	return d;
}

static void assert_span(struct span a, struct span b)
{
	assert_true(span_eq(a, b));
}

static void assert_fact(enum fact_kind kind, const struct fact *a, const struct fact *b)
{
	assert_int_equal(a->known, b->known);
	if (!a->known)
		return;
	if (kind == FACT_BOOL)
		assert_int_equal(a->flag, b->flag);
	else if (kind == FACT_NUM || kind == FACT_DATE)
		assert_true(a->num == b->num);
	else if (kind == FACT_ENUM || kind == FACT_TEXT)
		assert_span(a->text, b->text);
	else if (kind == FACT_COUNTRY)
		assert_int_equal(a->cc, b->cc);
	else
		assert_true(country_set_eq(&a->set, &b->set));
}

static void assert_facts(const struct facts *a, const struct facts *b)
{
	for (unsigned i = 0; i < FACT_REQUEST_COUNT; i++)
		assert_fact(fact_info((enum fact_id)i)->kind, &a->v[i], &b->v[i]);
	assert_int_equal(a->n_data, b->n_data);
	assert_int_equal(a->classes, b->classes);
	for (size_t i = 0; i < a->n_data; i++) {
		assert_span(a->data[i].type, b->data[i].type);
		assert_int_equal(a->data[i].classes, b->data[i].classes);
		assert_int_equal(a->data[i].count, b->data[i].count);
		assert_int_equal(a->data[i].score, b->data[i].score);
		assert_int_equal(a->data[i].origin, b->data[i].origin);
		assert_int_equal(a->data[i].views, b->data[i].views);
	}
}

static void assert_candidate(const struct record_candidate *a, const struct record_candidate *b)
{
	for (unsigned i = 0; i < FACT_DEST_COUNT; i++)
		assert_fact(fact_info((enum fact_id)(FACT_FIRST_DEST + i))->kind, &a->facts.v[i], &b->facts.v[i]);
	assert_true(verdict_eq(&a->joined, &b->joined));
	assert_int_equal(a->met, b->met);
	assert_int_equal(a->n_regimes, b->n_regimes);
	for (size_t i = 0; i < a->n_regimes; i++) {
		assert_span(a->regimes[i].regime, b->regimes[i].regime);
		assert_int_equal(a->regimes[i].applies, b->regimes[i].applies);
		assert_true(verdict_eq(&a->regimes[i].verdict, &b->regimes[i].verdict));
	}
	assert_int_equal(a->n_fired, b->n_fired);
	for (size_t i = 0; i < a->n_fired; i++) {
		assert_span(a->fired[i].rule, b->fired[i].rule);
		assert_span(a->fired[i].source, b->fired[i].source);
		assert_int_equal(a->fired[i].deciding, b->fired[i].deciding);
		assert_int_equal(a->fired[i].by_unknown, b->fired[i].by_unknown);
		assert_int_equal(a->fired[i].exempted, b->fired[i].exempted);
	}
}

static void decisions_survive_the_journey(void **state)
{
	(void)state;
	for (int round = 0; round < 500; round++) {
		struct record_decision d = random_decision(), got;
		struct arena arena;
		struct buf body = {0}, again = {0}, json = {0};
		arena_init(&arena, 0);
		assert_int_equal(record_decision_encode(&d, &body), ERR_OK);
		assert_int_equal(record_decision_decode(buf_span(&body), &arena, &got, &facts_again), ERR_OK);
		assert_facts(&facts, &facts_again);
		assert_true(got.started_ns == d.started_ns);
		assert_int_equal(got.chosen, d.chosen);
		assert_span(got.refusal, d.refusal);
		assert_int_equal(got.n_candidates, d.n_candidates);
		for (size_t i = 0; i < d.n_candidates; i++)
			assert_candidate(&d.candidates[i], &got.candidates[i]);
		assert_memory_equal(got.exchange, d.exchange, sizeof d.exchange);
		assert_memory_equal(got.actor_commit, d.actor_commit, sizeof d.actor_commit);
		assert_int_equal(record_decision_encode(&got, &again), ERR_OK);
		assert_span(buf_span(&again), buf_span(&body));
		assert_int_equal(record_json(LEAF_DECISION, buf_span(&body), &json), ERR_OK);
		buf_fini(&body);
		buf_fini(&again);
		buf_fini(&json);
		arena_fini(&arena);
	}
}

/* Whatever a decoder accepts is what its encoder writes: one record, one body. */
static void check_one_form(struct span body)
{
	struct arena arena;
	struct record_decision d;
	struct buf again = {0}, json = {0};
	arena_init(&arena, 1 << 20);
	if (record_decision_decode(body, &arena, &d, &facts_again) == ERR_OK) {
		assert_int_equal(record_decision_encode(&d, &again), ERR_OK);
		assert_span(buf_span(&again), body);
		assert_int_equal(record_json(LEAF_DECISION, body, &json), ERR_OK);
	}
	buf_fini(&again);
	buf_fini(&json);
	arena_fini(&arena);
}

static void spoilt_decisions_are_refused_or_have_one_form(void **state)
{
	(void)state;
	for (int round = 0; round < 20; round++) {
		struct record_decision d = random_decision();
		struct buf body = {0};
		assert_int_equal(record_decision_encode(&d, &body), ERR_OK);
		for (int change = 0; change < 400; change++) {
			size_t at = random_below(body.n);
			uint8_t was = body.p[at];
			body.p[at] = (uint8_t)random_below(256);
			check_one_form(buf_span(&body));
			body.p[at] = was;
		}
		for (size_t n = 0; n < body.n; n += 7) {
			struct arena arena;
			arena_init(&arena, 0);
			assert_int_not_equal(record_decision_decode(span_of(body.p, n), &arena, &d, &facts_again),
					     ERR_OK);
			arena_fini(&arena);
		}
		buf_add_byte(&body, 0);
		check_one_form(buf_span(&body));
		buf_fini(&body);
	}
}

/* No matter after how many bytes memory runs out, decoding ends with an error and nothing leaks. */
static void decoding_survives_every_shortage_of_memory(void **state)
{
	(void)state;
	struct record_decision d = random_decision(), got;
	struct buf body = {0};
	size_t failures = 0;
	d.n_candidates = CANDIDATES;
	for (size_t i = 0; i < CANDIDATES; i++)
		random_candidate(&candidates[i]);
	assert_int_equal(record_decision_encode(&d, &body), ERR_OK);
	for (size_t limit = 1; limit < 70000; limit += 131) {
		struct arena arena;
		arena_init(&arena, limit);
		failures += record_decision_decode(buf_span(&body), &arena, &got, &facts_again) == ERR_NOMEM;
		arena_fini(&arena);
	}
	assert_true(failures > 100);
	for (size_t limit = 1; limit < body.n; limit++) {
		struct buf small;
		buf_init(&small, limit);
		assert_int_equal(record_decision_encode(&d, &small), ERR_LIMIT);
		buf_fini(&small);
	}
	buf_fini(&body);
}

static void impossible_decisions_are_not_written(void **state)
{
	(void)state;
	struct record_decision d = random_decision();
	struct buf body = {0};
	d.chosen = (int32_t)d.n_candidates;
	d.refusal = SPAN_NULL;
	assert_int_equal(record_decision_encode(&d, &body), ERR_LIMIT);
	d.chosen = -2;
	assert_int_equal(record_decision_encode(&d, &body), ERR_LIMIT);
	buf_fini(&body);
}

/* Keys rise with the rows, which the encoder relies on; a number given twice would be a broken promise to old records.
 */
static void facts_are_numbered_in_order(void **state)
{
	(void)state;
	for (unsigned i = 1; i < FACT_COUNT; i++)
		assert_true(fact_info((enum fact_id)(i - 1))->number < fact_info((enum fact_id)i)->number);
}

static void attempts_survive_the_journey(void **state)
{
	(void)state;
	for (int round = 0; round < 200; round++) {
		struct record_attempt a = {.decision = random_below(1u << 30),
					   .number = 1,
					   .destination = random_text(),
					   .cc = COUNTRY_NONE};
		struct record_attempt got;
		struct arena arena;
		struct buf body = {0}, again = {0}, json = {0};
		uint64_t decision;
		if (random_below(2) == 0) {
			a.has_ip = true;
			random_bytes(a.ip, sizeof a.ip);
			a.cc = (country)random_below(COUNTRY_COUNT);
			a.tls_version = 0x0304;
			a.tls_cipher = 0x1302;
			a.reused = true;
			a.purpose = 1;
			random_bytes(a.cert_sha256, sizeof a.cert_sha256);
		}
		arena_init(&arena, 0);
		assert_int_equal(record_attempt_encode(&a, &body), ERR_OK);
		assert_int_equal(record_attempt_decode(buf_span(&body), &arena, &got), ERR_OK);
		assert_int_equal(got.cc, a.cc);
		assert_int_equal(got.has_ip, a.has_ip);
		assert_memory_equal(got.ip, a.ip, sizeof a.ip);
		assert_int_equal(record_attempt_encode(&got, &again), ERR_OK);
		assert_span(buf_span(&again), buf_span(&body));
		assert_int_equal(record_decision_of(buf_span(&body), &decision), ERR_OK);
		assert_true(decision == a.decision);
		assert_int_equal(record_json(LEAF_ATTEMPT, buf_span(&body), &json), ERR_OK);
		buf_fini(&body);
		buf_fini(&again);
		buf_fini(&json);
		arena_fini(&arena);
	}
}

static void assert_json(enum leaf_kind kind, const struct buf *body, const char *want)
{
	struct buf json = {0};
	assert_int_equal(record_json(kind, buf_span(body), &json), ERR_OK);
	buf_add_byte(&json, '\0');
	assert_string_equal((const char *)json.p, want);
	buf_fini(&json);
}

static void an_outcome_reads_well(void **state)
{
	(void)state;
	const struct record_outcome o = {.decision = 12,
					 .result = SPAN("sent"),
					 .status = 200,
					 .request_bytes = 100,
					 .response_bytes = 2000,
					 .total_us = 5,
					 .region_evidence = SPAN("eu"),
					 .attempts = 1};
	struct record_outcome got;
	struct arena arena;
	struct buf body = {0}, again = {0};
	arena_init(&arena, 0);
	assert_int_equal(record_outcome_encode(&o, &body), ERR_OK);
	assert_json(LEAF_OUTCOME, &body,
		    "{\"decision\":12,\"result\":\"sent\",\"status\":200,\"request_bytes\":100,\"response_bytes\":2000,"
		    "\"total_us\":5,\"region_evidence\":\"eu\",\"attempts\":1}");
	assert_int_equal(record_outcome_decode(buf_span(&body), &arena, &got), ERR_OK);
	assert_int_equal(record_outcome_encode(&got, &again), ERR_OK);
	assert_span(buf_span(&again), buf_span(&body));
	buf_fini(&body);
	buf_fini(&again);
	arena_fini(&arena);
}

static void refusals_and_events_read_well(void **state)
{
	(void)state;
	struct record_refusals r = {.from_ns = 1763640000000000000u, .to_ns = 1763640060123456789u, .n = 2}, r2;
	struct record_event e = {.name = SPAN("policy"), .n = 1}, e2;
	struct arena arena;
	struct buf body = {0};
	r.rows[0].reason = SPAN("framing");
	r.rows[0].count = 3;
	r.rows[1].reason = SPAN("host");
	r.rows[1].count = 1;
	e.details[0].key = SPAN("rules");
	e.details[0].value = SPAN("ab");
	arena_init(&arena, 0);
	assert_int_equal(record_refusals_encode(&r, &body), ERR_OK);
	assert_int_equal(record_refusals_decode(buf_span(&body), &arena, &r2), ERR_OK);
	assert_int_equal(r2.n, 2);
	assert_span(r2.rows[1].reason, SPAN("host"));
	assert_json(LEAF_REFUSALS, &body,
		    "{\"from\":\"2025-11-20T12:00:00.000000000Z\",\"to\":\"2025-11-20T12:01:00.123456789Z\","
		    "\"reasons\":[{\"reason\":\"framing\",\"count\":3},{\"reason\":\"host\",\"count\":1}]}");
	buf_clear(&body);
	assert_int_equal(record_event_encode(&e, &body), ERR_OK);
	assert_int_equal(record_event_decode(buf_span(&body), &arena, &e2), ERR_OK);
	assert_span(e2.details[0].value, SPAN("ab"));
	assert_json(LEAF_POLICY, &body, "{\"name\":\"policy\",\"details\":[{\"key\":\"rules\",\"value\":\"ab\"}]}");
	buf_fini(&body);
	arena_fini(&arena);
}

static void a_leaf_is_52_bytes_of_one_form(void **state)
{
	(void)state;
	struct leaf l = {.version = 1,
			 .kind = LEAF_OUTCOME,
			 .sequence = 0x0102030405060708,
			 .time_ns = 0x1112131415161718},
		    got;
	uint8_t out[LEAF_SIZE];
	memset(l.digest, 0xee, sizeof l.digest);
	leaf_encode(&l, out);
	assert_memory_equal(
		out, "\x01\x03\x00\x00\x01\x02\x03\x04\x05\x06\x07\x08\x11\x12\x13\x14\x15\x16\x17\x18\xee\xee", 22);
	assert_int_equal(leaf_decode(span_of(out, sizeof out), &got), ERR_OK);
	assert_true(got.sequence == l.sequence && got.time_ns == l.time_ns && got.kind == l.kind);
	assert_int_equal(leaf_decode(span_of(out, sizeof out - 1), &got), ERR_SYNTAX);
	for (size_t i = 0; i < 4; i++) {
		out[i] ^= 0x40;
		assert_int_not_equal(leaf_decode(span_of(out, sizeof out), &got), ERR_OK);
		out[i] ^= 0x40;
	}
	assert_string_equal(leaf_kind_name(LEAF_REFUSALS), "refusal-summary");
}

static void the_digest_covers_salt_and_body(void **state)
{
	(void)state;
	uint8_t salt[LEAF_SALT] = {0}, a[32], b[32];
	leaf_digest(salt, SPAN("body"), a);
	salt[31] = 1;
	leaf_digest(salt, SPAN("body"), b);
	assert_memory_not_equal(a, b, sizeof a);
	salt[31] = 0;
	leaf_digest(salt, SPAN("bodz"), b);
	assert_memory_not_equal(a, b, sizeof a);
	/* SHA-256 of 32 zero bytes and "body", by another implementation. */
	static const uint8_t want[] = {0x81, 0x8a, 0xaa, 0x59, 0x75, 0xb4, 0xa5, 0x96, 0x52, 0x2f, 0xed,
				       0x86, 0xd4, 0xfd, 0xf5, 0xda, 0x2e, 0xdc, 0xb2, 0x45, 0x07, 0xf3,
				       0xc0, 0x7b, 0xee, 0x58, 0x49, 0x76, 0x5a, 0x8a, 0x21, 0xd7};
	assert_memory_equal(a, want, sizeof want);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(decisions_survive_the_journey),
		cmocka_unit_test(spoilt_decisions_are_refused_or_have_one_form),
		cmocka_unit_test(decoding_survives_every_shortage_of_memory),
		cmocka_unit_test(impossible_decisions_are_not_written),
		cmocka_unit_test(facts_are_numbered_in_order),
		cmocka_unit_test(attempts_survive_the_journey),
		cmocka_unit_test(an_outcome_reads_well),
		cmocka_unit_test(refusals_and_events_read_well),
		cmocka_unit_test(a_leaf_is_52_bytes_of_one_form),
		cmocka_unit_test(the_digest_covers_salt_and_body),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
