#include "console/admin.h"

#include <inttypes.h>
#include <stdlib.h>

#include "proxy/gate/engine.h"

enum err admin_readiness(const struct admin *a)
{
	struct audit_status s;
	if (!atomic_load(&a->ready) || atomic_load(&a->gate->draining))
		return ERR_SHUTDOWN;
	audit_status(a->gate->audit, &s);
	return s.healthy ? ERR_OK : s.err != ERR_OK ? s.err : ERR_AUDIT;
}

static void gauge(struct buf *out, const char *name, const char *help, uint64_t value)
{
	buf_printf(out, "# HELP %s %s\n# TYPE %s gauge\n%s %" PRIu64 "\n", name, help, name, name, value);
}

static void engine_metrics(const struct admin *a, struct buf *out)
{
	static const struct {
		const char *name, *help;
	} rows[] = {{"bailiwick_engine_up", "1 if the last connection to the engine succeeded"},
		    {"bailiwick_engine_running", "requests in the engine"},
		    {"bailiwick_engine_waiting", "requests queued for the engine"}};
	for (size_t r = 0; r < sizeof rows / sizeof *rows; r++) {
		buf_printf(out, "# HELP %s %s\n# TYPE %s gauge\n", rows[r].name, rows[r].help, rows[r].name);
		struct engine *e;
		for (size_t i = 0; (e = engines_at(a->gate->engines, i)) != NULL; i++) {
			struct engine_status s;
			engine_status(e, &s);
			uint32_t v = r == 0 ? s.up : r == 1 ? s.running : s.waiting;
			buf_printf(out, "%s{engine=\"%.*s\"} %" PRIu32 "\n", rows[r].name, SPAN_ARG(s.name), v);
		}
	}
}

enum err admin_metrics(const struct admin *a, struct buf *out)
{
	static const struct {
		const char *name, *help;
	} rows[METRIC_COUNT] = {
#define METRIC(name, prometheus, help) {prometheus, help},
#include "proxy/gate/metrics.def"
#undef METRIC
	};
	for (size_t i = 0; i < METRIC_COUNT; i++)
		buf_printf(out, "# HELP %s %s\n# TYPE %s counter\n%s %lu\n", rows[i].name, rows[i].help, rows[i].name,
			   rows[i].name, atomic_load_explicit(&a->gate->metrics[i], memory_order_relaxed));
	struct audit_status s;
	audit_status(a->gate->audit, &s);
	gauge(out, "bailiwick_ready", "1 if requests are being served", admin_readiness(a) == ERR_OK);
	gauge(out, "bailiwick_start_time_seconds", "start of the process since the epoch",
	      a->started_wall_ns / 1000000000u);
	gauge(out, "bailiwick_config_generation", "configurations taken into use since the start",
	      a->generation(a->arg));
	gauge(out, "bailiwick_buffered_bytes", "request bytes held", atomic_load(&a->gate->buffered));
	gauge(out, "bailiwick_audit_healthy", "1 if records are being committed", s.healthy);
	gauge(out, "bailiwick_audit_leaves", "leaves in the log", s.size);
	gauge(out, "bailiwick_audit_signed_leaves", "leaves under the newest signed checkpoint", s.signed_size);
	gauge(out, "bailiwick_audit_commits", "durable commits since the start", s.commits);
	gauge(out, "bailiwick_audit_commit_microseconds", "duration of the last commit", s.last_commit_us);
	gauge(out, "bailiwick_audit_map_used_bytes", "bytes of the store in use", s.map_used);
	gauge(out, "bailiwick_audit_map_bytes", "bytes the store may use", s.map_bytes);
	engine_metrics(a, out);
	return buf_err(out);
}

struct request {
	struct admin *admin;
	const struct http_head *head;
	struct buf body;
};

static void reply(struct stream *s, uint16_t status, const char *type)
{
	struct request *r = s->owner;
	struct http_head head = {.status = status, .minor = 1, .framing = HTTP_LENGTH, .length = r->body.n};
	bool head_only = r->head != NULL && span_eq(r->head->method, SPAN("HEAD"));
	enum err e = http_add(&head, SPAN("Content-Type"), span_str(type));
	if (e == ERR_OK)
		e = http_add(&head, SPAN("Cache-Control"), SPAN("no-store"));
	if (e == ERR_OK)
		e = stream_send_head(s, &head, head_only);
	if (e == ERR_OK && !head_only)
		e = stream_send_body(s, buf_span(&r->body), true);
	if (e != ERR_OK)
		stream_reset(s, e);
}

static void on_head(struct stream *s, const struct http_head *head)
{
	struct request *r = s->owner;
	r->head = head;
}

static void on_body(struct stream *s, struct span data)
{
	stream_consume(s, data.n);
}

static void on_end(struct stream *s)
{
	struct request *r = s->owner;
	struct span path = r->head->path;
	bool get = span_eq(r->head->method, SPAN("GET")) || span_eq(r->head->method, SPAN("HEAD"));
	if (!get) {
		buf_add_str(&r->body, "only GET and HEAD\n");
		reply(s, 405, "text/plain; charset=utf-8");
	} else if (span_eq(path, SPAN("/healthz"))) {
		buf_add_str(&r->body, "ok\n");
		reply(s, 200, "text/plain; charset=utf-8");
	} else if (span_eq(path, SPAN("/readyz"))) {
		enum err e = admin_readiness(r->admin);
		buf_printf(&r->body, "%s\n", e == ERR_OK ? "ready" : err_text(e));
		reply(s, e == ERR_OK ? 200 : 503, "text/plain; charset=utf-8");
	} else if (span_eq(path, SPAN("/metrics"))) {
		enum err e = admin_metrics(r->admin, &r->body);
		reply(s, e == ERR_OK ? 200 : 503, "text/plain; version=0.0.4; charset=utf-8");
	} else {
		buf_add_str(&r->body, "try /healthz, /readyz or /metrics\n");
		reply(s, 404, "text/plain; charset=utf-8");
	}
}

static void on_writable(struct stream *s)
{
	(void)s;
}

static void on_closed(struct stream *s, enum err why)
{
	struct request *r = s->owner;
	(void)why;
	buf_fini(&r->body);
	free(r);
}

static const struct stream_events events = {
	.head = on_head, .body = on_body, .end = on_end, .writable = on_writable, .closed = on_closed};

void admin_open(void *admin, struct stream *s)
{
	struct request *r = calloc(1, sizeof *r);
	if (r == NULL) {
		stream_reset(s, ERR_NOMEM);
		return;
	}
	r->admin = admin;
	s->owner = r;
	s->events = &events;
	if (s->malformed != ERR_OK) {
		buf_printf(&r->body, "%s\n", err_text(s->malformed));
		reply(s, (uint16_t)err_status(s->malformed), "text/plain; charset=utf-8");
	}
}
