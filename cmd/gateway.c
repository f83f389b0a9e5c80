#include "cmd/gateway.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>
#include <unistd.h>

#include "base/assert.h"
#include "base/log.h"
#include "cmd/commands.h"
#include "cmd/notify.h"
#include "cmd/report.h"
#include "cmd/sandbox.h"
#include "console/admin.h"
#include "proxy/gate/exchange.h"
#include "proxy/gate/health.h"

enum {
	MAX_LOOPS = 32,
	MAX_SERVERS = 64,
	CACHE_ENTRIES = 65536,
	TICK_MS = 1000,
	EARLY_TICKS = 10,
	DRAIN_TICKS = 30,
	HEALTH_MS = 5000
};

/* One loop thread. Also told of new snapshots and of the drain by tasks of its own. */
struct thread {
	struct worker worker;
	struct gateway *gateway;
	struct server *servers[MAX_SERVERS];
	size_t n_servers;
	pthread_t thread;
	bool running;
	struct loop_task swap_task, drain_task;
	struct snapshot *next; /* handed over with swap_task */
	pthread_mutex_t lock;  /* guards next and swap_posted */
	bool swap_posted;
	atomic_size_t exchanges;
	struct loop_timer tick;
};

struct gateway {
	const struct gateway_options *options;
	struct gate gate;
	struct snapshot *first;   /* listeners refer to it */
	struct snapshot *current; /* control loop's */
	struct loop *control;
	struct client *client; /* control loop's, for health checks */
	struct health *health;
	struct admin admin;
	struct server *admin_servers[MAX_SERVERS];
	size_t n_admin_servers;
	struct thread threads[MAX_LOOPS];
	unsigned n_threads;
	struct loop_timer tick;
	unsigned ticks, drain_ticks;
};

/* --- snapshots --- */

static void swap_run(struct loop_task *t)
{
	struct thread *th = (struct thread *)((char *)t - offsetof(struct thread, swap_task));
	pthread_mutex_lock(&th->lock);
	struct snapshot *next = th->next;
	th->next = NULL;
	th->swap_posted = false;
	pthread_mutex_unlock(&th->lock);
	if (next != NULL) {
		snapshot_put(th->worker.snap);
		th->worker.snap = next;
	}
}

/* Posted to each worker, which swaps its own pointer between events; whoever still uses the old one holds a reference.
 */
static void publish(struct gateway *g)
{
	for (unsigned i = 0; i < g->n_threads; i++) {
		struct thread *th = &g->threads[i];
		pthread_mutex_lock(&th->lock);
		snapshot_put(th->next);
		th->next = snapshot_get(g->current);
		bool post = !th->swap_posted;
		th->swap_posted = true;
		pthread_mutex_unlock(&th->lock);
		if (post)
			loop_post(th->worker.loop, &th->swap_task);
	}
}

static void add_detail(struct record_event *e, const char *key, struct span value)
{
	if (value.n == 0)
		return;
	INVARIANT(e->n < sizeof e->details / sizeof *e->details);
	e->details[e->n].key = span_str(key);
	e->details[e->n++].value = value;
}

/* Which model it is and who made it, if it says so; why it was installed, if that took a reason. */
static void add_model(struct record_event *e, const struct model_file *m, char sequence[24])
{
	if (!m->bundled)
		return;
	int n = snprintf(sequence, 24, "%llu", (unsigned long long)m->manifest.sequence);
	add_detail(e, "model_name", m->manifest.name);
	add_detail(e, "model_version", m->manifest.version);
	add_detail(e, "model_sequence", span_of(sequence, (size_t)n));
	add_detail(e, "model_signer", m->signer);
	add_detail(e, "model_remark", m->bundle.remark);
}

/* before: the snapshot it replaces, or NULL. */
static void record_policy(struct gateway *g, const char *name, const struct snapshot *before)
{
	static const char hex[] = "0123456789abcdef";
	const struct snapshot *s = g->current;
	bool other_model = before != NULL && memcmp(before->model_hash, s->model_hash, sizeof s->model_hash) != 0;
	const uint8_t *hashes[] = {s->rules_hash, s->tables_hash, s->detector_hash, s->model_hash,
				   other_model ? before->model_hash : NULL};
	static const char *const keys[] = {"rules", "tables", "detectors", "model", "model_before"};
	char text[5][64], sequence[24];
	struct record_event e = {.name = span_str(name)};
	for (size_t i = 0; i < 5 && hashes[i] != NULL; i++) {
		for (size_t k = 0; k < 32; k++) {
			text[i][2 * k] = hex[hashes[i][k] >> 4];
			text[i][2 * k + 1] = hex[hashes[i][k] & 15];
		}
		add_detail(&e, keys[i], span_of(text[i], sizeof text[i]));
	}
	add_model(&e, &s->model_file, sequence);
	struct buf body = {0};
	enum err err = record_event_encode(&e, &body);
	if (err == ERR_OK)
		err = audit_post(g->gate.audit, LEAF_POLICY, buf_span(&body));
	if (err != ERR_OK)
		log_line(LOG_ERROR, "policy change not recorded", LOG_S("reason", err_reason(err)));
	buf_fini(&body);
}

/* Models follow one another by their sequence, unless whoever installed an older one said why. */
static bool rolls_back(const struct snapshot *before, const struct snapshot *next)
{
	const struct model_file *was = &before->model_file, *is = &next->model_file;
	return was->bundled && is->bundled && is->manifest.sequence < was->manifest.sequence &&
	       is->bundle.remark.n == 0;
}

static void reload(struct gateway *g)
{
	struct snapshot_problem problem;
	enum err err = ERR_OK;
	notify_reloading();
	struct snapshot *next = snapshot_load(g->options->config, g->gate.engines, &problem, &err),
			*before = g->current;
	if (next != NULL && rolls_back(before, next)) {
		snprintf(problem.text, sizeof problem.text, "%s",
			 "this model is older than the one in use; 'bailiwick model install --allow-rollback' takes a "
			 "reason");
		snprintf(problem.file, sizeof problem.file, "%.*s", SPAN_ARG(next->config->model));
		snapshot_put(next);
		next = NULL;
	}
	if (next == NULL) {
		gate_count(&g->gate, METRIC_RELOADS_FAILED, 1);
		log_line(LOG_ERROR, "configuration refused; the old one stays", LOG_S("file", problem.file),
			 LOG_N("line", problem.line), LOG_S("problem", problem.text));
	} else {
		g->current = next;
		publish(g);
		health_snapshot(g->health, next);
		record_policy(g, "reload", before);
		snapshot_put(before);
		gate_count(&g->gate, METRIC_RELOADS, 1);
		log_line(LOG_INFO, "configuration taken into use", LOG_N("generation", next->generation));
	}
	notify("READY=1");
}

static uint64_t generation(void *arg)
{
	struct gateway *g = arg;
	return g->current->generation;
}

/* --- drain --- */

static void drain_run(struct loop_task *t)
{
	struct thread *th = (struct thread *)((char *)t - offsetof(struct thread, drain_task));
	for (size_t i = 0; i < th->n_servers; i++)
		server_drain(th->servers[i]);
}

static void drain(struct gateway *g)
{
	if (atomic_exchange(&g->gate.draining, true))
		return;
	notify("STOPPING=1");
	log_line(LOG_INFO, "draining");
	for (unsigned i = 0; i < g->n_threads; i++)
		loop_post(g->threads[i].worker.loop, &g->threads[i].drain_task);
}

static void on_signal(int signo, void *arg)
{
	struct gateway *g = arg;
	if (signo == SIGHUP)
		reload(g);
	else
		drain(g);
}

static size_t exchanges_alive(const struct gateway *g)
{
	size_t n = 0;
	for (unsigned i = 0; i < g->n_threads; i++)
		n += atomic_load(&g->threads[i].exchanges);
	return n;
}

static void on_tick(struct loop_timer *t)
{
	struct gateway *g = (struct gateway *)((char *)t - offsetof(struct gateway, tick));
	if (++g->ticks % EARLY_TICKS == 0)
		gate_flush_early(&g->gate);
	if (atomic_load(&g->gate.draining) && (exchanges_alive(g) == 0 || ++g->drain_ticks > DRAIN_TICKS)) {
		loop_stop(g->control);
		return;
	}
	if (loop_timer_arm(g->control, &g->tick, TICK_MS) != ERR_OK)
		drain(g);
}

/* --- threads --- */

static void on_worker_tick(struct loop_timer *t)
{
	struct thread *th = (struct thread *)((char *)t - offsetof(struct thread, tick));
	size_t conns = 0;
	for (size_t i = 0; i < th->n_servers; i++)
		conns += server_conns(th->servers[i]);
	bool draining = atomic_load(&th->gateway->gate.draining);
	atomic_store(&th->exchanges,
		     draining && conns == 0 && th->worker.exchanges == 0 ? 0 : th->worker.exchanges + conns);
	enum err e = loop_timer_arm(th->worker.loop, &th->tick, TICK_MS / 4);
	INVARIANT(e == ERR_OK);
}

static void *thread_main(void *arg)
{
	struct thread *th = arg;
	atomic_store(&th->exchanges, 1);
	on_worker_tick(&th->tick);
	loop_run(th->worker.loop);
	return NULL;
}

static enum err listen_all(struct gateway *g, struct thread *th)
{
	const struct config *c = g->first->config;
	struct server_limits limits = server_limits_default();
	limits.head_ms = c->limits.head_ms;
	limits.idle_ms = c->limits.idle_ms;
	limits.body_idle_ms = c->limits.body_idle_ms;
	limits.write_idle_ms = c->limits.write_idle_ms;
	limits.max_conns = c->limits.max_conns;
	for (size_t i = 0; i < c->n_listeners; i++) {
		const struct config_listener *l = &c->listeners[i];
		if (l->mode != MODE_BASE_URL)
			continue;
		enum err e = ERR_LIMIT;
		struct server_tls *tls = NULL;
		if (th->n_servers < MAX_SERVERS && l->tls_cert.p != NULL) {
			tls = server_tls_new((const char *)l->tls_cert.p, (const char *)l->tls_key.p, &e);
			if (tls == NULL)
				goto fail;
		}
		struct server_handler h = {exchange_open, &th->worker};
		if (th->n_servers < MAX_SERVERS)
			th->servers[th->n_servers] =
				server_new(th->worker.loop, l->address, -1, tls, limits, h, (void *)(uintptr_t)l, &e);
		if (th->n_servers < MAX_SERVERS && th->servers[th->n_servers] != NULL) {
			th->n_servers++;
			continue;
		}
	fail:
		log_line(LOG_ERROR, "cannot listen", LOG_SPAN("address", l->address), LOG_S("reason", err_reason(e)),
			 LOG_N("errno", errno));
		return e;
	}
	return ERR_OK;
}

static enum err thread_init(struct gateway *g, struct thread *th)
{
	th->gateway = g;
	th->worker.gate = &g->gate;
	th->worker.loop = loop_new();
	th->swap_task.run = swap_run;
	th->drain_task.run = drain_run;
	th->tick.run = on_worker_tick;
	pthread_mutex_init(&th->lock, NULL);
	if (th->worker.loop == NULL)
		return ERR_NOMEM;
	th->worker.client = client_new(th->worker.loop);
	if (th->worker.client == NULL)
		return ERR_NOMEM;
	th->worker.snap = snapshot_get(g->first);
	return listen_all(g, th);
}

static void thread_fini(struct thread *th)
{
	for (size_t i = 0; i < th->n_servers; i++)
		server_free(th->servers[i]);
	loop_timer_fini(&th->tick);
	if (th->worker.client != NULL)
		client_free(th->worker.client);
	if (th->worker.loop != NULL)
		loop_free(th->worker.loop);
	worker_fini(&th->worker);
	snapshot_put(th->next);
	snapshot_put(th->worker.snap);
	pthread_mutex_destroy(&th->lock);
}

static void *inspector_new(void)
{
	return calloc(1, sizeof(struct inspector));
}

static void inspector_free(void *state)
{
	if (state != NULL)
		inspector_fini(state);
	free(state);
}

/* --- start and stop --- */

/* Before the loops share them among themselves. */
static enum err addresses_free(const struct gateway *g)
{
	for (size_t i = 0; i < g->first->config->n_listeners; i++) {
		struct span address = g->first->config->listeners[i].address;
		enum err e = server_address_free(address);
		if (e != ERR_OK) {
			log_line(LOG_ERROR, "cannot listen; is another gateway running?", LOG_SPAN("address", address),
				 LOG_N("errno", errno));
			return e;
		}
	}
	return ERR_OK;
}

static enum err admin_listen(struct gateway *g)
{
	const struct config *c = g->first->config;
	struct server_handler h = {admin_open, &g->admin};
	for (size_t i = 0; i < c->n_listeners; i++) {
		enum err e = ERR_LIMIT;
		if (c->listeners[i].mode != MODE_ADMIN)
			continue;
		struct server *s = g->n_admin_servers == MAX_SERVERS
					   ? NULL
					   : server_new(g->control, c->listeners[i].address, -1, NULL,
							server_limits_default(), h, NULL, &e);
		if (s == NULL) {
			log_line(LOG_ERROR, "cannot listen", LOG_SPAN("address", c->listeners[i].address),
				 LOG_S("reason", err_reason(e)), LOG_N("errno", errno));
			return e;
		}
		g->admin_servers[g->n_admin_servers++] = s;
	}
	return ERR_OK;
}

static enum err open_audit(struct gateway *g)
{
	const struct config *c = g->first->config;
	struct audit_options o = {
		.path = (const char *)c->audit.path.p,
		.map_bytes = c->audit.map_bytes,
		.commit_ms = c->audit.commit_ms,
		.commit_records = c->audit.commit_records,
		.origin = (const char *)c->audit.origin.p,
		.signer_socket = (const char *)c->audit.signer_socket.p,
	};
	enum err e = ERR_OK;
	g->gate.audit = audit_open(&o, &e);
	if (g->gate.audit == NULL)
		log_line(LOG_ERROR, "cannot open the audit store", LOG_S("reason", err_reason(e)));
	else
		gate_derive(&g->gate);
	return e;
}

static enum err enter_sandbox(const struct gateway *g)
{
	const struct config *c = g->first->config;
	struct sandbox_options o = {.user = (const char *)c->server.user.p, .group = (const char *)c->server.group.p};
	char folders[8][256];
	o.writable[o.n_writable++] = (const char *)c->audit.path.p;
	for (size_t i = 0; i < c->n_listeners && o.n_writable < 8; i++) {
		struct span a = c->listeners[i].address;
		if (!span_starts(a, SPAN("unix:")) || a.n - 5 >= sizeof folders[0])
			continue;
		char *folder = folders[o.n_writable];
		size_t n = a.n - 5;
		while (n > 1 && a.p[5 + n - 1] != '/')
			n--;
		memcpy(folder, a.p + 5, n);
		folder[n] = '\0';
		o.writable[o.n_writable++] = folder;
	}
	bool landlocked = false;
	enum err e = sandbox_enter(&o, &landlocked);
	if (e != ERR_OK)
		log_line(LOG_ERROR, "cannot enter the sandbox", LOG_S("reason", err_reason(e)));
	else if (!landlocked)
		log_line(LOG_WARN, "this kernel has no Landlock: files are guarded by their modes only");
	return e;
}

static enum err start(struct gateway *g)
{
	const struct config *c = g->first->config;
	uint8_t key[16];
	enum err e = open_audit(g);
	if (e != ERR_OK)
		return e;
	if (getrandom(key, sizeof key, 0) != (ssize_t)sizeof key)
		return ERR_IO;
	g->gate.cache = classifier_cache_new(CACHE_ENTRIES, key);
	explicit_bzero(key, sizeof key);
	g->gate.max_buffered = (size_t)c->limits.max_buffered;
	g->gate.compute = compute_new(c->limits.compute > 0 ? c->limits.compute : 1, inspector_new, inspector_free, &e);
	g->control = loop_new();
	g->client = g->control == NULL ? NULL : client_new(g->control);
	if (g->gate.cache == NULL || g->gate.compute == NULL || g->client == NULL)
		return ERR_NOMEM;
	g->admin =
		(struct admin){.gate = &g->gate, .started_wall_ns = gate_wall_ns(), .generation = generation, .arg = g};
	if ((e = addresses_free(g)) != ERR_OK || (e = admin_listen(g)) != ERR_OK)
		return e;
	long cpus = sysconf(_SC_NPROCESSORS_ONLN);
	unsigned n = c->limits.loops > 0 ? c->limits.loops : cpus > 8 ? 8 : cpus > 0 ? (unsigned)cpus : 1;
	while (g->n_threads < n && g->n_threads < MAX_LOOPS) {
		g->n_threads++;
		if ((e = thread_init(g, &g->threads[g->n_threads - 1])) != ERR_OK)
			return e;
	}
	g->health = health_new(g->control, g->client, g->first, HEALTH_MS);
	g->tick.run = on_tick;
	if (g->health == NULL)
		return ERR_NOMEM;
	static const int signals[] = {SIGHUP, SIGTERM, SIGINT};
	for (size_t i = 0; i < sizeof signals / sizeof *signals && e == ERR_OK; i++)
		e = loop_on_signal(g->control, signals[i], on_signal, g);
	return e == ERR_OK ? loop_timer_arm(g->control, &g->tick, TICK_MS) : e;
}

/* Signals are for the control loop alone. */
static enum err start_threads(struct gateway *g)
{
	sigset_t all, before;
	sigfillset(&all);
	pthread_sigmask(SIG_BLOCK, &all, &before);
	enum err e = ERR_OK;
	for (unsigned i = 0; i < g->n_threads && e == ERR_OK; i++) {
		g->threads[i].running = pthread_create(&g->threads[i].thread, NULL, thread_main, &g->threads[i]) == 0;
		if (!g->threads[i].running)
			e = ERR_NOMEM;
	}
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return e;
}

static void announce(const struct gateway *g)
{
	for (size_t i = 0; i < g->first->config->n_listeners; i++) {
		const struct config_listener *l = &g->first->config->listeners[i];
		log_line(LOG_INFO, "listening", LOG_SPAN("address", l->address));
	}
	notify("READY=1");
	if (g->options->ready_fd >= 0 && write(g->options->ready_fd, "R", 1) != 1)
		log_line(LOG_WARN, "nobody waits for readiness");
}

static void stop(struct gateway *g)
{
	atomic_store(&g->admin.ready, false);
	for (unsigned i = 0; i < g->n_threads; i++)
		if (g->threads[i].running)
			loop_stop(g->threads[i].worker.loop);
	for (unsigned i = 0; i < g->n_threads; i++)
		if (g->threads[i].running)
			pthread_join(g->threads[i].thread, NULL);
	compute_free(g->gate.compute);
	if (g->gate.audit != NULL) {
		gate_flush_early(&g->gate);
		audit_close(g->gate.audit);
	}
	for (unsigned i = 0; i < g->n_threads; i++)
		thread_fini(&g->threads[i]);
	health_free(g->health);
	for (size_t i = 0; i < g->n_admin_servers; i++)
		server_free(g->admin_servers[i]);
	loop_timer_fini(&g->tick);
	if (g->client != NULL)
		client_free(g->client);
	if (g->control != NULL)
		loop_free(g->control);
	classifier_cache_free(g->gate.cache);
	snapshot_put(g->current);
	snapshot_put(g->first);
	engines_free(g->gate.engines);
	pthread_mutex_destroy(&g->gate.early.lock);
}

int gateway_run(const struct gateway_options *o)
{
	struct gateway *g = calloc(1, sizeof *g);
	struct snapshot_problem problem;
	enum err e = ERR_NOMEM;
	int code = EXIT_PROBLEM;
	if (g == NULL)
		return EXIT_PROBLEM;
	g->options = o;
	pthread_mutex_init(&g->gate.early.lock, NULL);
	g->gate.engines = engines_new();
	g->first = g->gate.engines == NULL ? NULL : snapshot_load(o->config, g->gate.engines, &problem, &e);
	if (g->first == NULL) {
		report_problem_at(problem.file, problem.line, problem.column, problem.text);
		goto out;
	}
	g->current = snapshot_get(g->first);
	enum log_level level;
	if (log_parse_level(g->first->config->server.log_level, &level))
		log_set_level(level);
	if (o->sandbox && (e = enter_sandbox(g)) != ERR_OK)
		goto out;
	if ((e = start(g)) != ERR_OK || (e = start_threads(g)) != ERR_OK)
		goto out;
	atomic_store(&g->admin.ready, true);
	record_policy(g, "start", NULL);
	announce(g);
	loop_run(g->control);
	log_line(LOG_INFO, "stopped");
	code = EXIT_FINE;
out:
	if (code != EXIT_FINE)
		log_line(LOG_ERROR, "the gateway cannot run", LOG_S("reason", err_reason(e)));
	stop(g);
	free(g);
	return code;
}
