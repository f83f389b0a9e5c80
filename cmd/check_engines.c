#include "cmd/check_engines.h"

#include <stdio.h>
#include <stdlib.h>

#include "proxy/net/loop.h"

enum { PATIENCE_MS = 6000 };

struct probe {
	struct lease_request request;
	struct round *round;
	const struct target *target;
	uint16_t status;
	bool connected, over;
	enum err err;
};

/* All engines at once on one loop, until the last has answered or patience ends. */
struct round {
	struct loop *loop;
	struct loop_timer timer;
	struct loop_task task; /* begins once the loop runs */
	struct client *client;
	struct probe *probes;
	size_t n, open;
};

static void over(struct probe *p, enum err err)
{
	p->over = true;
	p->err = err;
	if (--p->round->open == 0)
		loop_stop(p->round->loop);
}

static void on_head(struct stream *s, const struct http_head *head)
{
	struct probe *p = s->owner;
	if (head->status >= 200)
		p->status = head->status;
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
	over(s->owner, why);
}

static const struct stream_events events = {
	.head = on_head, .body = on_body, .end = on_nothing, .writable = on_nothing, .closed = on_closed};

static void on_lease(struct lease_request *r, struct lease *lease, const struct lease_info *info, enum err err)
{
	struct probe *p = (struct probe *)((char *)r - offsetof(struct probe, request));
	const struct config_destination *d = p->target->config;
	(void)info;
	p->connected = err == ERR_OK;
	if (err != ERR_OK) {
		over(p, err);
		return;
	}
	if (d->health_path.n == 0) {
		lease_release(lease);
		over(p, ERR_OK);
		return;
	}
	struct stream *s = lease_stream(lease);
	s->events = &events;
	s->owner = p;
	struct http_head head = {.method = SPAN("GET"), .target = d->health_path, .minor = 1};
	err = http_add(&head, SPAN("Host"), d->host.n > 0 ? d->host : SPAN("localhost"));
	if (err == ERR_OK)
		err = stream_send_head(s, &head, true);
	if (err != ERR_OK)
		stream_reset(s, err);
}

static void on_start(struct loop_task *t)
{
	struct round *r = (struct round *)((char *)t - offsetof(struct round, task));
	for (size_t i = 0; i < r->n; i++)
		client_lease(r->client, r->probes[i].target->upstream, true, &r->probes[i].request);
}

static void on_timeout(struct loop_timer *t)
{
	struct round *r = (struct round *)((char *)t - offsetof(struct round, timer));
	loop_stop(r->loop);
}

static void report_probe(struct report *r, const struct probe *p)
{
	char part[96];
	const struct config_destination *d = p->target->config;
	snprintf(part, sizeof part, "engine %.*s", SPAN_ARG(d->name));
	if (!p->over)
		report_add(r, REPORT_PROBLEM, part, "no answer within %d s from %.*s", PATIENCE_MS / 1000,
			   SPAN_ARG(d->url));
	else if (!p->connected)
		report_add(r, REPORT_PROBLEM, part, "%.*s: %s; start it, or correct url%s", SPAN_ARG(d->url),
			   err_text(p->err), d->tls ? " or pin" : "");
	else if (d->health_path.n == 0)
		report_add(r, REPORT_OK, part, "reachable; its health is not asked for");
	else if (p->status >= 200 && p->status < 300)
		report_add(r, REPORT_OK, part, "well (%.*s answers %u)", SPAN_ARG(d->health_path), p->status);
	else if (p->status != 0)
		report_add(r, REPORT_WARNING, part,
			   "%.*s answers %u; set \"health\" to a path that answers 200, or none",
			   SPAN_ARG(d->health_path), p->status);
	else
		report_add(r, REPORT_PROBLEM, part, "%.*s does not speak HTTP: %s", SPAN_ARG(d->url), err_text(p->err));
}

static enum err run_round(struct round *round)
{
	round->loop = loop_new();
	round->client = round->loop == NULL ? NULL : client_new(round->loop);
	enum err err = ERR_NOMEM;
	if (round->client != NULL)
		err = loop_timer_arm(round->loop, &round->timer, PATIENCE_MS);
	if (err == ERR_OK) {
		loop_post(round->loop, &round->task);
		loop_run(round->loop);
	}
	return err;
}

enum err check_engines(struct report *r, struct snapshot *s)
{
	struct round round = {.task.run = on_start, .timer.run = on_timeout};
	enum err err = ERR_NOMEM;
	round.probes = calloc(s->config->n_destinations, sizeof *round.probes);
	if (round.probes == NULL)
		return ERR_NOMEM;
	for (size_t i = 0; i < s->config->n_destinations; i++)
		if (s->targets[i].config->on_prem)
			round.probes[round.n++] =
				(struct probe){.request.done = on_lease, .round = &round, .target = &s->targets[i]};
	round.open = round.n;
	if (round.n == 0)
		report_add(r, REPORT_WARNING, "engines", "no on-prem destination: what may not leave will be refused");
	err = round.n == 0 ? ERR_OK : run_round(&round);
	for (size_t i = 0; err == ERR_OK && i < round.n; i++)
		report_probe(r, &round.probes[i]);
	if (round.loop != NULL) {
		loop_timer_fini(&round.timer);
		if (round.client != NULL)
			client_free(round.client);
		loop_free(round.loop);
	}
	free(round.probes);
	return err;
}
