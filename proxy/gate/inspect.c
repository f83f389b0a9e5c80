/* Reading a request: decode, extract, classify, declare facts. Pure work on the exchange's own memory; runs on the loop
 * for small bodies and on the compute pool for large ones. */
#include <time.h>

#include "base/utf8.h"
#include "proxy/gate/exchange.h"
#include "proxy/wire/coding.h"

static uint64_t clock_ns(void)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

struct coverage {
	size_t lexed, tagged, gated, cached, failed;
};

struct reading {
	struct exchange *x;
	struct classifier_scratch *scratch;
	struct coverage coverage;
	size_t n_findings;
	const struct api_text *seam; /* the text before, for numbers split over two parts */
	struct country_set detected;
};

static void count(struct reading *r, const struct findings *f)
{
	r->coverage.lexed += f->lexed;
	r->coverage.tagged += f->tagged;
	r->coverage.gated += f->gated;
	r->coverage.cached += f->cached;
	r->coverage.failed += f->failed;
	r->n_findings += f->n;
}

/* "id.de.steuer_id" says where its subject has dealings: DE. */
static void detect_countries(struct reading *r, const struct findings *f)
{
	for (size_t i = 0; i < f->n; i++) {
		struct span name = classifier_type_name(r->x->snap->classifier, f->v[i].type);
		if (!span_starts(name, SPAN("id.")) || name.n < 6 || name.p[5] != '.')
			continue;
		country cc = country_parse(span_sub(name, 3, 5));
		if (cc != COUNTRY_NONE)
			country_set_add(&r->detected, cc);
	}
}

static enum err classify(struct reading *r, struct span text, const struct text_context *ctx, struct findings *out)
{
	struct exchange *x = r->x;
	enum err e = classify_text(x->snap->classifier, r->scratch, x->gate->cache, text, ctx, &x->arena, out);
	if (e == ERR_NOMEM)
		return e;
	if (e != ERR_OK) { /* a classifier that fails is a coverage fact, never a clean bill */
		*out = (struct findings){.failed = text.n > 0 ? text.n : 1};
	}
	count(r, out);
	detect_countries(r, out);
	if (classify_add_facts(x->snap->classifier, out, &x->unit.facts) != ERR_OK)
		r->coverage.failed += text.n;
	return ERR_OK;
}

static void count_stuck(struct reading *r, const struct findings *f)
{
	for (size_t i = 0; i < f->n; i++)
		r->x->unit.stuck |= classifier_type_classes(r->x->snap->classifier, f->v[i].type);
}

/* An identifier may be cut in two by a part or message boundary. */
static enum err classify_joint(struct reading *r, const struct api_text *t)
{
	struct exchange *x = r->x;
	struct findings f = {0};
	if (r->seam == NULL || t->is_key || t->nested || r->seam->role != t->role)
		return ERR_OK;
	enum err e = classify_seam(x->snap->classifier, r->scratch, r->seam->text, t->text, &x->arena, &f);
	if (e == ERR_NOMEM)
		return e;
	if (e != ERR_OK)
		r->coverage.failed++;
	r->n_findings += f.n;
	count_stuck(r, &f);
	return classify_add_facts(x->snap->classifier, &f, &x->unit.facts) == ERR_OK ? ERR_OK : ERR_LIMIT;
}

static enum err classify_body(struct reading *r)
{
	struct exchange *x = r->x;
	struct unit *u = &x->unit;
	u->found = arena_array(&x->arena, u->extract.n_texts, sizeof *u->found);
	u->prints = arena_array(&x->arena, u->extract.n_texts, sizeof *u->prints);
	if (x->arena.failed)
		return ERR_NOMEM;
	for (size_t i = 0; i < u->extract.n_texts; i++) {
		const struct api_text *t = &u->extract.texts[i];
		struct text_context ctx = {.key = t->key,
					   .role = t->role,
					   .not_prose = t->is_key || t->is_number || t->json_inside,
					   .tenant = x->tenant};
		if (taint_counts(t)) { /* one pass over the text for the ledger and the message cache */
			u->prints[i] = api_text_fingerprint(x->gate->text_key, t->text);
			ctx.print = &u->prints[i];
		}
		struct findings f;
		enum err e = classify(r, t->text, &ctx, &f);
		if (e == ERR_OK)
			e = classify_joint(r, t);
		if (e != ERR_OK)
			return e;
		if (f.n > 0)
			u->found[u->n_found++] = (struct unit_text){i, f};
		if (!t->is_key && !t->nested)
			r->seam = t;
	}
	return ERR_OK;
}

/* Text of the head may be any bytes; what is not UTF-8 cannot be read. */
static enum err classify_raw(struct reading *r, struct span text, const struct text_context *ctx)
{
	struct findings f = {0};
	enum err e = ERR_OK;
	if (utf8_valid(text))
		e = classify(r, text, ctx, &f);
	else
		r->coverage.failed += text.n;
	count_stuck(r, &f);
	return e;
}

/* Path, query and headers carry text too. The model's name is text until the configuration knows it. */
static enum err classify_head(struct reading *r)
{
	struct exchange *x = r->x;
	struct text_context ctx = {.key = SPAN("path"), .not_prose = true, .tenant = x->tenant};
	enum err e = ERR_OK;
	if (x->route.path_text.n > 0)
		e = classify_raw(r, x->route.path_text, &ctx);
	if (e == ERR_OK && x->unit.extract.model.n > 0) {
		ctx.key = SPAN("model");
		e = classify_raw(r, x->unit.extract.model, &ctx);
	}
	const struct http_hops hops = http_hops(x->head);
	for (size_t i = 0; e == ERR_OK && i < x->head->n_fields; i++) {
		const struct http_field *h = &x->head->fields[i];
		if (h->value.n == 0 || !header_is_text(h->name) || http_is_hop(&hops, h->name))
			continue;
		ctx.key = h->name;
		e = classify_raw(r, h->value, &ctx);
	}
	return e;
}

static bool model_known(const struct config *c, struct span model)
{
	for (size_t i = 0; i < c->n_destinations; i++)
		for (size_t k = 0; k < c->destinations[i].n_models; k++)
			if (span_eq(c->destinations[i].models[k].asked, model))
				return true;
	return false;
}

static void app_facts(const struct exchange *x, struct facts *f)
{
	const struct config_app *a = x->app;
	facts_set_bool(f, F_APP_KNOWN, a != NULL);
	if (a == NULL)
		return;
	facts_set_text(f, F_APP_ID, a->name);
	facts_set_text(f, F_APP_PURPOSE, a->purpose);
	facts_set_text(f, F_APP_LEGAL_BASIS, a->legal_basis);
	facts_set_text(f, F_APP_ART9, a->art9_condition);
	facts_set_text(f, F_APP_ROLE, a->role);
	facts_set_country(f, F_APP_SEAT, a->seat);
}

/* What the application declares counts as if it had been found: declared ∪ detected. */
static enum err declared_data(const struct exchange *x, struct facts *f)
{
	for (size_t i = 0; x->app != NULL && i < x->app->n_declares; i++) {
		int c = class_parse(x->app->declares[i]);
		struct data_item item = {.type = x->app->declares[i],
					 .classes = c < 0 ? 0 : CLASS_BIT((unsigned)c),
					 .score = 100,
					 .count = 1,
					 .origin = DATA_DECLARED};
		if (!facts_add_data(f, item))
			return ERR_LIMIT;
	}
	return ERR_OK;
}

static void subject_facts(const struct reading *r, struct facts *f)
{
	const struct config_app *a = r->x->app;
	struct country_set subjects = r->detected;
	bool declared = a != NULL && a->n_subjects > 0;
	for (size_t i = 0; declared && i < a->n_subjects; i++)
		country_set_add(&subjects, a->subjects[i]);
	bool known = !country_set_empty(&subjects);
	if (known)
		facts_set_countries(f, F_SUBJECT, &subjects);
	facts_set_text(f, F_SUBJECT_BASIS, declared ? SPAN("declared") : known ? SPAN("detected") : SPAN("unknown"));
}

static void ref_facts(const struct api_extract *ex, struct facts *f)
{
	static const struct {
		enum api_ref_kind kind;
		enum fact_id fact;
	} rows[] = {
		{REF_TOKENS, F_TOKEN_IDS}, {REF_ATTACHMENT, F_ATTACHMENTS}, {REF_URL, F_REMOTE_URLS},
		{REF_FILE, F_FILE_IDS},    {REF_STATE, F_STATE_IDS},        {REF_HOSTED_TOOL, F_HOSTED_TOOLS},
	};
	for (size_t k = 0; k < sizeof rows / sizeof *rows; k++) {
		int64_t n = 0;
		for (size_t i = 0; i < ex->n_refs; i++)
			n += ex->refs[i].kind == rows[k].kind;
		facts_set_num(f, rows[k].fact, n);
	}
}

static void request_facts(const struct reading *r, struct facts *f)
{
	const struct exchange *x = r->x;
	const struct api_extract *ex = &x->unit.extract;
	static const struct span families[] = {
		[API_OPENAI] = SPAN("openai"), [API_ANTHROPIC] = SPAN("anthropic"), [API_UNKNOWN] = SPAN("unknown")};
	facts_set_country(f, F_SITE, x->snap->config->site.cc);
	facts_set_text(f, F_API, families[x->route.family]);
	facts_set_text(f, F_OPERATION, x->route.operation);
	bool known = model_known(x->snap->config, ex->model);
	facts_set_bool(f, F_MODEL_KNOWN, known);
	if (known)
		facts_set_text(f, F_MODEL, ex->model);
	facts_set_bool(f, F_STREAM, ex->stream);
	facts_set_bool(f, F_STORE, ex->store);
	facts_set_num(f, F_BODY_BYTES, (int64_t)x->body.n);
	facts_set_num(f, F_DATE, (int64_t)(x->started_wall_ns / 1000000000u / 86400u));
	ref_facts(ex, f);
}

static void coverage_facts(const struct reading *r, struct facts *f)
{
	const struct coverage *c = &r->coverage;
	size_t opaque = r->x->unit.extract.opaque_bytes;
	facts_set_num(f, F_COVERAGE_LEXED, (int64_t)c->lexed);
	facts_set_num(f, F_COVERAGE_TAGGED, (int64_t)c->tagged);
	facts_set_num(f, F_COVERAGE_GATED, (int64_t)c->gated);
	facts_set_num(f, F_COVERAGE_CACHED, (int64_t)c->cached);
	facts_set_num(f, F_COVERAGE_OPAQUE, (int64_t)opaque);
	facts_set_num(f, F_COVERAGE_FAILED, (int64_t)c->failed);
	facts_set_bool(f, F_COVERAGE_COMPLETE, opaque == 0 && c->failed == 0);
}

static enum err read_body(struct exchange *x, struct buf *decoded)
{
	const struct config *c = x->snap->config;
	struct coding_limits limits = {.max_bytes = (size_t)c->limits.max_decoded, .max_ratio = c->limits.max_ratio};
	struct api_limits api = api_limits_default();
	bool identity = false;
	enum err e = coding_decode(http_value(x->head, SPAN("content-encoding")), buf_span(&x->body), limits, decoded,
				   &identity);
	if (e != ERR_OK)
		return e;
	struct span body = identity ? buf_span(&x->body) : buf_span(decoded);
	if (!identity) { /* texts point into it; it must live as long as the exchange */
		body = arena_dup(&x->arena, body);
		if (body.p == NULL && decoded->n > 0)
			return ERR_NOMEM;
	}
	x->unit.body = body;
	return api_extract(&x->route, body, &api, &x->arena, &x->unit.extract, &x->unit.problem);
}

enum err inspect(struct exchange *x, struct classifier_scratch *scratch)
{
	struct reading r = {.x = x, .scratch = scratch};
	struct facts *f = &x->unit.facts;
	struct buf decoded = {0};
	uint64_t begun = clock_ns();
	enum err e = ERR_OK;
	if (http_field(x->head, SPAN("content-encoding"), 1) != NULL)
		e = ERR_CODING; /* a second field of that name: read differently by different parsers */
	else if (x->route.has_body)
		e = read_body(x, &decoded);
	buf_fini(&decoded);
	if (e == ERR_OK)
		e = classify_body(&r);
	if (e == ERR_OK)
		e = classify_head(&r);
	if (e == ERR_OK)
		e = declared_data(x, f);
	app_facts(x, f);
	subject_facts(&r, f);
	request_facts(&r, f);
	coverage_facts(&r, f);
	classify_combine(f);
	x->unit.classify_us = (uint32_t)((clock_ns() - begun) / 1000);
	gate_count(x->gate, METRIC_FINDINGS, r.n_findings);
	gate_count(x->gate, METRIC_BYTES_LEXED, r.coverage.lexed);
	gate_count(x->gate, METRIC_BYTES_CACHED, r.coverage.cached);
	return e;
}
