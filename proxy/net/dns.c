#include "proxy/net/dns.h"

#include <ares.h>
#include <pthread.h>
#include <stdlib.h>

#include "base/assert.h"

/* A name: being asked for, or known until `expires`. */
struct name {
	struct link link;      /* in dns.names, most recently asked first */
	struct link questions; /* waiting */
	struct dns *dns;
	struct dns_answer answer;
	uint64_t expires;
	bool asking;
	size_t n;
	char text[];
};

struct watch {
	struct link link;
	struct event *event;
	int fd;
};

struct dns {
	struct loop *loop;
	ares_channel channel;
	bool has_channel;
	struct link names;
	size_t n_names;
	struct link watches;
	struct loop_timer timer;
};

static pthread_once_t ares_once = PTHREAD_ONCE_INIT;
static int ares_library = ARES_ENOTINITIALIZED;

static void library_init(void)
{
	ares_library = ares_library_init(ARES_LIB_INIT_ALL);
}

static void schedule(struct dns *d)
{
	struct timeval tv;
	if (ares_timeout(d->channel, NULL, &tv) == NULL) {
		loop_timer_disarm(&d->timer);
		return;
	}
	/* Without a timer the question still ends with its lease, whose own deadline runs. */
	(void)!loop_timer_arm(d->loop, &d->timer, (uint64_t)tv.tv_sec * 1000 + (uint64_t)tv.tv_usec / 1000 + 1);
}

static void on_timer(struct loop_timer *t)
{
	struct dns *d = CONTAINER(t, struct dns, timer);
	ares_process_fd(d->channel, ARES_SOCKET_BAD, ARES_SOCKET_BAD);
	schedule(d);
}

static void on_socket(evutil_socket_t fd, short what, void *arg)
{
	struct dns *d = arg;
	ares_process_fd(d->channel, what & EV_READ ? fd : ARES_SOCKET_BAD, what & EV_WRITE ? fd : ARES_SOCKET_BAD);
	schedule(d);
}

static struct watch *watch_find(struct dns *d, int fd)
{
	for (struct link *l = d->watches.next; l != &d->watches; l = l->next) {
		struct watch *w = CONTAINER(l, struct watch, link);
		if (w->fd == fd)
			return w;
	}
	return NULL;
}

static void watch_drop(struct watch *w)
{
	link_drop(&w->link);
	event_free(w->event);
	free(w);
}

/* c-ares says which of its sockets to watch, and for what. */
static void on_state(void *arg, ares_socket_t fd, int readable, int writable)
{
	struct dns *d = arg;
	struct watch *w = watch_find(d, fd);
	if (w != NULL)
		watch_drop(w);
	if (!readable && !writable)
		return;
	w = calloc(1, sizeof *w);
	if (w == NULL)
		return; /* the question times out */
	short what = (short)(EV_PERSIST | (readable ? EV_READ : 0) | (writable ? EV_WRITE : 0));
	w->fd = fd;
	w->event = event_new(loop_base(d->loop), fd, what, on_socket, d);
	if (w->event == NULL || event_add(w->event, NULL) != 0) {
		if (w->event != NULL)
			event_free(w->event);
		free(w);
		return;
	}
	link_push(&d->watches, &w->link);
}

static enum err channel_open(struct dns *d, int timeout_ms)
{
	struct ares_options o = {
		.timeout = timeout_ms,
		.tries = 3,
		.sock_state_cb = on_state,
		.sock_state_cb_data = d,
	};
	if (ares_init_options(&d->channel, &o, ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES | ARES_OPT_SOCK_STATE_CB) !=
	    ARES_SUCCESS)
		return ERR_NOMEM;
	d->has_channel = true;
	return ERR_OK;
}

struct dns *dns_new(struct loop *l)
{
	enum { TRY_MS = 1500 };
	pthread_once(&ares_once, library_init);
	if (ares_library != ARES_SUCCESS)
		return NULL;
	struct dns *d = calloc(1, sizeof *d);
	if (d == NULL)
		return NULL;
	d->loop = l;
	d->timer.run = on_timer;
	link_init(&d->names);
	link_init(&d->watches);
	if (channel_open(d, TRY_MS) != ERR_OK) {
		free(d);
		return NULL;
	}
	return d;
}

enum err dns_servers(struct dns *d, const char *csv, int timeout_ms)
{
	ares_destroy(d->channel);
	d->has_channel = false;
	enum err e = channel_open(d, timeout_ms);
	if (e != ERR_OK)
		return e;
	return ares_set_servers_ports_csv(d->channel, csv) == ARES_SUCCESS ? ERR_OK : ERR_CONFIG;
}

static void name_free(struct name *n)
{
	link_drop(&n->link);
	n->dns->n_names--;
	free(n);
}

/* Ends a question for all who wait. A failure is not remembered: the next one asks again. */
static void settle(struct name *n, enum err e)
{
	/* The callbacks may ask again, even for this name: nothing of n is used once they run. */
	struct link waiting;
	link_init(&waiting);
	if (!link_empty(&n->questions)) {
		waiting = n->questions;
		waiting.next->prev = waiting.prev->next = &waiting;
		link_init(&n->questions);
	}
	struct dns_answer answer = n->answer;
	if (e != ERR_OK)
		name_free(n);
	while (!link_empty(&waiting)) {
		struct dns_question *q = CONTAINER(waiting.next, struct dns_question, link);
		link_drop(&q->link);
		q->done(q, e == ERR_OK ? &answer : NULL, e);
	}
}

static uint32_t take_answer(struct dns_answer *out, const struct ares_addrinfo *info)
{
	uint32_t ttl = DNS_TTL_MAX_S;
	out->n = 0;
	/* IPv4 first: where IPv6 is broken it costs nothing, and where it works nothing is lost. */
	for (int pass = 0; pass < 2; pass++) {
		int family = pass == 0 ? AF_INET : AF_INET6;
		for (const struct ares_addrinfo_node *i = info->nodes; i != NULL; i = i->ai_next) {
			if (i->ai_family != family || out->n == DNS_MAX_ADDRESSES ||
			    (size_t)i->ai_addrlen > sizeof(struct sockaddr_in6))
				continue;
			struct address *a = &out->addresses[out->n++];
			*a = (struct address){.n = (socklen_t)i->ai_addrlen};
			memcpy(&a->any, i->ai_addr, (size_t)i->ai_addrlen);
			if (i->ai_ttl >= 0 && (uint32_t)i->ai_ttl < ttl)
				ttl = (uint32_t)i->ai_ttl;
		}
	}
	return ttl < DNS_TTL_MIN_S ? DNS_TTL_MIN_S : ttl;
}

static void on_answer(void *arg, int status, int timeouts, struct ares_addrinfo *info)
{
	struct name *n = arg;
	(void)timeouts;
	n->asking = false;
	enum err e = status == ARES_EDESTRUCTION || status == ARES_ECANCELLED ? ERR_SHUTDOWN : ERR_DNS;
	if (status == ARES_SUCCESS && info != NULL) {
		uint32_t ttl = take_answer(&n->answer, info);
		n->expires = loop_now(n->dns->loop) + (uint64_t)ttl * 1000000000u;
		e = n->answer.n > 0 ? ERR_OK : ERR_DNS;
	}
	ares_freeaddrinfo(info);
	settle(n, e);
}

static struct name *name_find(struct dns *d, struct span text)
{
	for (struct link *l = d->names.prev; l != &d->names; l = l->prev) {
		struct name *n = CONTAINER(l, struct name, link);
		if (span_eq_nocase(span_of(n->text, n->n), text))
			return n;
	}
	return NULL;
}

static void evict(struct dns *d)
{
	for (struct link *l = d->names.next; l != &d->names && d->n_names >= DNS_MAX_NAMES; l = l->next) {
		struct name *n = CONTAINER(l, struct name, link);
		if (n->asking)
			continue;
		l = l->prev;
		name_free(n);
	}
}

static struct name *name_new(struct dns *d, struct span text)
{
	evict(d);
	struct name *n = calloc(1, sizeof *n + text.n + 1);
	if (n == NULL)
		return NULL;
	memcpy(n->text, text.p, text.n);
	n->n = text.n;
	n->dns = d;
	link_init(&n->questions);
	link_push(&d->names, &n->link);
	d->n_names++;
	return n;
}

void dns_ask(struct dns *d, struct span name, struct dns_question *q)
{
	struct name *n = name_find(d, name);
	if (n != NULL && !n->asking && n->answer.n > 0 && loop_now(d->loop) < n->expires) {
		struct dns_answer answer = n->answer;
		q->done(q, &answer, ERR_OK);
		return;
	}
	if (n == NULL)
		n = name_new(d, name);
	if (n == NULL || span_find(name, 0) < name.n) {
		q->done(q, NULL, n == NULL ? ERR_NOMEM : ERR_DNS);
		return;
	}
	link_push(&n->questions, &q->link);
	if (n->asking)
		return;
	n->asking = true;
	const struct ares_addrinfo_hints hints = {
		.ai_flags = ARES_AI_NOSORT, .ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM};
	ares_getaddrinfo(d->channel, n->text, NULL, &hints, on_answer, n);
	schedule(d);
}

void dns_cancel(struct dns_question *q)
{
	link_drop(&q->link);
}

void dns_forget(struct dns *d, struct span name)
{
	struct name *n = name_find(d, name);
	if (n != NULL && !n->asking)
		name_free(n);
}

void dns_free(struct dns *d)
{
	if (d == NULL)
		return;
	if (d->has_channel)
		ares_destroy(d->channel);
	while (!link_empty(&d->watches))
		watch_drop(CONTAINER(d->watches.next, struct watch, link));
	while (!link_empty(&d->names))
		name_free(CONTAINER(d->names.next, struct name, link));
	loop_timer_fini(&d->timer);
	free(d);
}
