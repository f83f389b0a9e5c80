#include "proxy/gate/health.h"

#include <stdlib.h>

#include "proxy/gate/engine.h"

enum { MAX_CHECKS = 64 };

/* One check under way; freed by its own last event. */
struct check {
	struct health *health;
	struct lease_request request;
	struct target *target;
	struct snapshot *snap; /* keeps the target alive */
	uint16_t status;
};

struct health {
	struct loop *loop;
	struct client *client;
	struct snapshot *snap;
	struct loop_timer timer;
	uint32_t interval_ms;
	size_t running;
	bool closing;
};

static void health_release(struct health *h)
{
	if (!h->closing || h->running > 0)
		return;
	snapshot_put(h->snap);
	free(h);
}

static void finish(struct check *c, bool up)
{
	struct health *h = c->health;
	engine_report(c->target->engine, up);
	snapshot_put(c->snap);
	free(c);
	h->running--;
	health_release(h);
}

static void on_head(struct stream *s, const struct http_head *head)
{
	struct check *c = s->owner;
	if (head->status >= 200)
		c->status = head->status;
}

static void on_body(struct stream *s, struct span data)
{
	stream_consume(s, data.n);
}

static void on_nothing(struct stream *s)
{
	(void)s;
}

static void on_closed(struct stream *s, enum err why)
{
	struct check *c = s->owner;
	finish(c, why == ERR_OK && c->status >= 200 && c->status < 500);
}

static const struct stream_events events = {
	.head = on_head, .body = on_body, .end = on_nothing, .writable = on_nothing, .closed = on_closed};

static void on_lease(struct lease_request *r, struct lease *lease, const struct lease_info *info, enum err err)
{
	struct check *c = (struct check *)((char *)r - offsetof(struct check, request));
	(void)info;
	if (err != ERR_OK) {
		finish(c, false);
		return;
	}
	struct stream *s = lease_stream(lease);
	s->events = &events;
	s->owner = c;
	struct http_head head = {.method = SPAN("GET"), .target = c->target->config->health_path, .minor = 1};
	enum err e = http_add(&head, SPAN("Host"),
			      c->target->config->host.n > 0 ? c->target->config->host : SPAN("localhost"));
	if (e == ERR_OK)
		e = stream_send_head(s, &head, true);
	if (e != ERR_OK)
		stream_reset(s, e);
}

static void begin(struct health *h, struct target *t)
{
	struct check *c = calloc(1, sizeof *c);
	if (c == NULL)
		return;
	*c = (struct check){.health = h, .target = t, .snap = snapshot_get(h->snap), .request = {.done = on_lease}};
	h->running++;
	client_lease(h->client, t->upstream, false, &c->request);
}

static void on_timer(struct loop_timer *timer)
{
	struct health *h = (struct health *)((char *)timer - offsetof(struct health, timer));
	if (h->running == 0) {
		for (size_t i = 0; i < h->snap->config->n_destinations && h->running < MAX_CHECKS; i++) {
			struct target *t = &h->snap->targets[i];
			if (t->engine != NULL && t->config->health_path.n > 0)
				begin(h, t);
		}
	}
	enum err e = loop_timer_arm(h->loop, &h->timer, h->interval_ms);
	(void)e; /* without memory for a timer there are no more checks: leases report engines too */
}

struct health *health_new(struct loop *l, struct client *c, struct snapshot *s, uint32_t interval_ms)
{
	struct health *h = calloc(1, sizeof *h);
	if (h == NULL)
		return NULL;
	*h = (struct health){.loop = l,
			     .client = c,
			     .snap = snapshot_get(s),
			     .interval_ms = interval_ms,
			     .timer = {.run = on_timer}};
	on_timer(&h->timer);
	return h;
}

void health_snapshot(struct health *h, struct snapshot *s)
{
	snapshot_put(h->snap);
	h->snap = snapshot_get(s);
}

void health_free(struct health *h)
{
	if (h == NULL)
		return;
	loop_timer_disarm(&h->timer);
	loop_timer_fini(&h->timer);
	h->closing = true;
	health_release(h);
}
