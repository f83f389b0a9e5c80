#include "audit/format/record.h"

#include "audit/format/codec.h"

enum {
	MAX_ROWS = sizeof((struct record_refusals *)0)->rows / sizeof((struct record_refusals *)0)->rows[0],
	MAX_DETAILS = sizeof((struct record_event *)0)->details / sizeof((struct record_event *)0)->details[0],
};

enum err record_attempt_encode(const struct record_attempt *a, struct buf *out)
{
	struct cbor_out_map m;
	char cc[3];
	cbor_map_begin(&m, out);
	put_key_uint(&m, K_ATTEMPT_DECISION, a->decision);
	put_key_uint(&m, K_ATTEMPT_NUMBER, a->number);
	put_key_text(&m, K_ATTEMPT_DESTINATION, a->destination);
	if (a->has_ip)
		put_key_bytes(&m, K_ATTEMPT_IP, a->ip, sizeof a->ip);
	if (a->cc != COUNTRY_NONE) {
		country_name(a->cc, cc);
		put_key_text(&m, K_ATTEMPT_COUNTRY, span_of(cc, 2));
	}
	put_some_uint(&m, K_ATTEMPT_TLS_VERSION, a->tls_version);
	put_some_uint(&m, K_ATTEMPT_TLS_CIPHER, a->tls_cipher);
	put_some_bytes(&m, K_ATTEMPT_CERT, a->cert_sha256, sizeof a->cert_sha256);
	put_some_bool(&m, K_ATTEMPT_REUSED, a->reused);
	put_some_uint(&m, K_ATTEMPT_PURPOSE, a->purpose);
	cbor_map_end(&m);
	return buf_err(out);
}

static void get_attempt_field(struct record_in *in, uint64_t key, struct record_attempt *a)
{
	struct country_set set = {0};
	if (key == K_ATTEMPT_DECISION) {
		a->decision = cbor_uint(&in->c, UINT64_MAX);
	} else if (key == K_ATTEMPT_NUMBER) {
		a->number = (uint32_t)cbor_uint(&in->c, UINT32_MAX);
	} else if (key == K_ATTEMPT_DESTINATION) {
		a->destination = record_text(in);
	} else if (key == K_ATTEMPT_IP) {
		cbor_bytes_exactly(&in->c, a->ip, sizeof a->ip);
		a->has_ip = true;
	} else if (key == K_ATTEMPT_COUNTRY) {
		get_countries(in, &set);
		a->cc = country_set_next(&set, 0);
		if (country_set_size(&set) != 1)
			cbor_fail(&in->c, ERR_SYNTAX);
	} else if (key == K_ATTEMPT_TLS_VERSION) {
		a->tls_version = (uint16_t)record_some_uint(in, UINT16_MAX);
	} else if (key == K_ATTEMPT_TLS_CIPHER) {
		a->tls_cipher = (uint16_t)record_some_uint(in, UINT16_MAX);
	} else if (key == K_ATTEMPT_CERT) {
		record_some_bytes(in, a->cert_sha256, sizeof a->cert_sha256);
	} else if (key == K_ATTEMPT_REUSED) {
		a->reused = record_true(in);
	} else if (key == K_ATTEMPT_PURPOSE) {
		a->purpose = (uint8_t)record_some_uint(in, UINT8_MAX);
	} else {
		cbor_fail(&in->c, ERR_VERSION);
	}
}

enum err record_attempt_decode(struct span body, struct arena *arena, struct record_attempt *out)
{
	struct record_in in = {.arena = arena};
	struct cbor_map m;
	uint64_t key, seen = 0;
	*out = (struct record_attempt){.cc = COUNTRY_NONE};
	cbor_init(&in.c, body);
	cbor_map(&in.c, &m);
	while (cbor_map_next(&in.c, &m, &key)) {
		get_attempt_field(&in, key, out);
		seen |= KEY_BIT(key & 63);
	}
	record_need(&in, seen,
		    KEY_BIT(K_ATTEMPT_DECISION) | KEY_BIT(K_ATTEMPT_NUMBER) | KEY_BIT(K_ATTEMPT_DESTINATION));
	return cbor_end(&in.c);
}

enum err record_outcome_encode(const struct record_outcome *o, struct buf *out)
{
	struct cbor_out_map m;
	cbor_map_begin(&m, out);
	put_key_uint(&m, K_OUTCOME_DECISION, o->decision);
	put_key_text(&m, K_OUTCOME_RESULT, o->result);
	put_some_text(&m, K_OUTCOME_ERROR, o->error);
	put_some_uint(&m, K_OUTCOME_STATUS, o->status);
	put_some_uint(&m, K_OUTCOME_REQUEST_BYTES, o->request_bytes);
	put_some_uint(&m, K_OUTCOME_RESPONSE_BYTES, o->response_bytes);
	put_some_uint(&m, K_OUTCOME_INPUT_TOKENS, o->input_tokens);
	put_some_uint(&m, K_OUTCOME_OUTPUT_TOKENS, o->output_tokens);
	put_some_uint(&m, K_OUTCOME_FIRST_BYTE_US, o->first_byte_us);
	put_some_uint(&m, K_OUTCOME_TOTAL_US, o->total_us);
	put_some_text(&m, K_OUTCOME_EVIDENCE, o->region_evidence);
	put_some_uint(&m, K_OUTCOME_ATTEMPTS, o->attempts);
	cbor_map_end(&m);
	return buf_err(out);
}

static void get_outcome_field(struct record_in *in, uint64_t key, struct record_outcome *o)
{
	if (key == K_OUTCOME_DECISION)
		o->decision = cbor_uint(&in->c, UINT64_MAX);
	else if (key == K_OUTCOME_RESULT)
		o->result = record_text(in);
	else if (key == K_OUTCOME_ERROR)
		o->error = record_some_text(in);
	else if (key == K_OUTCOME_STATUS)
		o->status = (uint16_t)record_some_uint(in, UINT16_MAX);
	else if (key == K_OUTCOME_REQUEST_BYTES)
		o->request_bytes = record_some_uint(in, UINT64_MAX);
	else if (key == K_OUTCOME_RESPONSE_BYTES)
		o->response_bytes = record_some_uint(in, UINT64_MAX);
	else if (key == K_OUTCOME_INPUT_TOKENS)
		o->input_tokens = record_some_uint(in, UINT64_MAX);
	else if (key == K_OUTCOME_OUTPUT_TOKENS)
		o->output_tokens = record_some_uint(in, UINT64_MAX);
	else if (key == K_OUTCOME_FIRST_BYTE_US)
		o->first_byte_us = (uint32_t)record_some_uint(in, UINT32_MAX);
	else if (key == K_OUTCOME_TOTAL_US)
		o->total_us = (uint32_t)record_some_uint(in, UINT32_MAX);
	else if (key == K_OUTCOME_EVIDENCE)
		o->region_evidence = record_some_text(in);
	else if (key == K_OUTCOME_ATTEMPTS)
		o->attempts = (uint32_t)record_some_uint(in, UINT32_MAX);
	else
		cbor_fail(&in->c, ERR_VERSION);
}

enum err record_outcome_decode(struct span body, struct arena *arena, struct record_outcome *out)
{
	struct record_in in = {.arena = arena};
	struct cbor_map m;
	uint64_t key, seen = 0;
	*out = (struct record_outcome){0};
	cbor_init(&in.c, body);
	cbor_map(&in.c, &m);
	while (cbor_map_next(&in.c, &m, &key)) {
		get_outcome_field(&in, key, out);
		seen |= KEY_BIT(key & 63);
	}
	record_need(&in, seen, KEY_BIT(K_OUTCOME_DECISION) | KEY_BIT(K_OUTCOME_RESULT));
	return cbor_end(&in.c);
}

_Static_assert((int)K_ATTEMPT_DECISION == 1 && (int)K_OUTCOME_DECISION == 1, "both start with their decision");

enum err record_decision_of(struct span body, uint64_t *sequence)
{
	struct cbor c;
	struct cbor_map m;
	uint64_t key;
	cbor_init(&c, body);
	cbor_map(&c, &m);
	bool first = cbor_map_next(&c, &m, &key) && key == K_OUTCOME_DECISION;
	*sequence = first ? cbor_uint(&c, UINT64_MAX) : 0;
	return first ? c.err : ERR_SYNTAX;
}

enum err record_refusals_encode(const struct record_refusals *r, struct buf *out)
{
	struct cbor_out_map m, row;
	if (r->n > MAX_ROWS)
		return ERR_LIMIT;
	cbor_map_begin(&m, out);
	put_key_uint(&m, K_REFUSALS_FROM, r->from_ns);
	put_key_uint(&m, K_REFUSALS_TO, r->to_ns);
	cbor_map_key(&m, K_REFUSALS_ROWS);
	cbor_put_array(out, r->n);
	for (size_t i = 0; i < r->n; i++) {
		cbor_map_begin(&row, out);
		put_key_text(&row, K_REASON_NAME, r->rows[i].reason);
		put_key_uint(&row, K_REASON_COUNT, r->rows[i].count);
		cbor_map_end(&row);
	}
	cbor_map_end(&m);
	return buf_err(out);
}

static void get_reason(struct record_in *in, struct record_refusals *r, size_t i)
{
	struct cbor_map m;
	uint64_t key, seen = 0;
	cbor_map(&in->c, &m);
	while (cbor_map_next(&in->c, &m, &key)) {
		if (key == K_REASON_NAME)
			r->rows[i].reason = record_text(in);
		else if (key == K_REASON_COUNT)
			r->rows[i].count = cbor_uint(&in->c, UINT64_MAX);
		else
			cbor_fail(&in->c, ERR_VERSION);
		seen |= KEY_BIT(key & 63);
	}
	record_need(in, seen, KEY_BIT(K_REASON_NAME) | KEY_BIT(K_REASON_COUNT));
}

enum err record_refusals_decode(struct span body, struct arena *arena, struct record_refusals *out)
{
	struct record_in in = {.arena = arena};
	struct cbor_map m;
	uint64_t key, seen = 0;
	*out = (struct record_refusals){0};
	cbor_init(&in.c, body);
	cbor_map(&in.c, &m);
	while (cbor_map_next(&in.c, &m, &key)) {
		if (key == K_REFUSALS_FROM) {
			out->from_ns = cbor_uint(&in.c, UINT64_MAX);
		} else if (key == K_REFUSALS_TO) {
			out->to_ns = cbor_uint(&in.c, UINT64_MAX);
		} else if (key == K_REFUSALS_ROWS) {
			out->n = cbor_array(&in.c, MAX_ROWS);
			for (size_t i = 0; i < out->n; i++)
				get_reason(&in, out, i);
		} else {
			cbor_fail(&in.c, ERR_VERSION);
		}
		seen |= KEY_BIT(key & 63);
	}
	record_need(&in, seen, KEY_BIT(K_REFUSALS_FROM) | KEY_BIT(K_REFUSALS_TO) | KEY_BIT(K_REFUSALS_ROWS));
	return cbor_end(&in.c);
}

enum err record_event_encode(const struct record_event *e, struct buf *out)
{
	struct cbor_out_map m, row;
	if (e->n > MAX_DETAILS)
		return ERR_LIMIT;
	cbor_map_begin(&m, out);
	put_key_text(&m, K_EVENT_NAME, e->name);
	cbor_map_key(&m, K_EVENT_DETAILS);
	cbor_put_array(out, e->n);
	for (size_t i = 0; i < e->n; i++) {
		cbor_map_begin(&row, out);
		put_key_text(&row, K_DETAIL_KEY, e->details[i].key);
		put_key_text(&row, K_DETAIL_VALUE, e->details[i].value);
		cbor_map_end(&row);
	}
	cbor_map_end(&m);
	return buf_err(out);
}

static void get_detail(struct record_in *in, struct record_event *e, size_t i)
{
	struct cbor_map m;
	uint64_t key, seen = 0;
	cbor_map(&in->c, &m);
	while (cbor_map_next(&in->c, &m, &key)) {
		if (key == K_DETAIL_KEY)
			e->details[i].key = record_text(in);
		else if (key == K_DETAIL_VALUE)
			e->details[i].value = record_text(in);
		else
			cbor_fail(&in->c, ERR_VERSION);
		seen |= KEY_BIT(key & 63);
	}
	record_need(in, seen, KEY_BIT(K_DETAIL_KEY) | KEY_BIT(K_DETAIL_VALUE));
}

enum err record_event_decode(struct span body, struct arena *arena, struct record_event *out)
{
	struct record_in in = {.arena = arena};
	struct cbor_map m;
	uint64_t key, seen = 0;
	*out = (struct record_event){0};
	cbor_init(&in.c, body);
	cbor_map(&in.c, &m);
	while (cbor_map_next(&in.c, &m, &key)) {
		if (key == K_EVENT_NAME) {
			out->name = record_text(&in);
		} else if (key == K_EVENT_DETAILS) {
			out->n = cbor_array(&in.c, MAX_DETAILS);
			for (size_t i = 0; i < out->n; i++)
				get_detail(&in, out, i);
		} else {
			cbor_fail(&in.c, ERR_VERSION);
		}
		seen |= KEY_BIT(key & 63);
	}
	record_need(&in, seen, KEY_BIT(K_EVENT_NAME) | KEY_BIT(K_EVENT_DETAILS));
	return cbor_end(&in.c);
}
