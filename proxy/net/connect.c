#include "proxy/net/connect.h"

#include <errno.h>
#include <unistd.h>

#include "base/assert.h"

enum { ATTEMPT_MIN_MS = 250 };

static void try_next(struct connector *k, enum err last);

static void clear(struct connector *k)
{
	work_cancel(&k->work);
	loop_timer_fini(&k->timer);
	dns_cancel(&k->question);
	if (k->event != NULL)
		event_free(k->event);
	k->event = NULL;
	if (k->fd >= 0)
		close(k->fd);
	k->fd = -1;
}

static void fail(struct connector *k, enum err e)
{
	clear(k);
	k->done(k, -1, NULL, e);
}

static void connected(struct connector *k)
{
	struct address to = k->answer.addresses[k->at - 1];
	int fd = k->fd;
	k->fd = -1;
	clear(k);
	k->done(k, fd, &to, ERR_OK);
}

uint64_t connector_left(const struct connector *k)
{
	uint64_t now = loop_now(k->loop);
	return now + 1000000 >= k->deadline ? 1 : (k->deadline - now) / 1000000;
}

static bool is_late(const struct connector *k)
{
	return loop_now(k->loop) >= k->deadline;
}

static void on_timer(struct loop_timer *t)
{
	struct connector *k = CONTAINER(t, struct connector, timer);
	if (k->answer.n == 0)
		fail(k, ERR_DNS);
	else
		try_next(k, ERR_UPSTREAM_TIMEOUT);
}

static void on_writable(evutil_socket_t fd, short what, void *arg)
{
	struct connector *k = arg;
	int e = 0;
	socklen_t n = sizeof e;
	(void)what;
	if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &e, &n) == 0 && e == 0)
		connected(k);
	else
		try_next(k, ERR_CONNECT);
}

/* True if this attempt is under way or done. */
static bool attempt(struct connector *k, const struct address *a)
{
	k->fd = socket(a->any.sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (k->fd < 0)
		return false;
	int r = connect(k->fd, &a->any, a->n);
	if (r != 0 && errno != EINPROGRESS)
		return false;
	k->event = event_new(loop_base(k->loop), k->fd, EV_WRITE, on_writable, k);
	return k->event != NULL && event_add(k->event, NULL) == 0;
}

static void drop_attempt(struct connector *k)
{
	if (k->event != NULL)
		event_free(k->event);
	k->event = NULL;
	if (k->fd >= 0)
		close(k->fd);
	k->fd = -1;
}

static void try_next(struct connector *k, enum err last)
{
	drop_attempt(k);
	while (k->at < k->answer.n && !is_late(k)) {
		size_t left = k->answer.n - k->at;
		const struct address *a = &k->answer.addresses[k->at++];
		/* Each address gets its share of the time, the last one all that is left. */
		uint64_t ms = connector_left(k) / left;
		if (ms < ATTEMPT_MIN_MS)
			ms = connector_left(k) < ATTEMPT_MIN_MS ? connector_left(k) : ATTEMPT_MIN_MS;
		if (loop_timer_arm(k->loop, &k->timer, ms) != ERR_OK) {
			fail(k, ERR_NOMEM);
			return;
		}
		if (attempt(k, a))
			return;
		drop_attempt(k);
		last = ERR_CONNECT;
	}
	if (k->upstream->fixed.n == 0)
		dns_forget(k->dns, k->upstream->host);
	fail(k, last);
}

/* One address that is not public condemns the name: what else it says may be there to hide it. */
static bool allowed(const struct connector *k)
{
	for (size_t i = 0; i < k->answer.n && !k->upstream->private_ok; i++)
		if (address_special(&k->answer.addresses[i]))
			return false;
	return true;
}

static void resolved(struct connector *k)
{
	if (allowed(k))
		try_next(k, ERR_CONNECT);
	else
		fail(k, ERR_RESIDENCY);
}

static void on_answer(struct dns_question *q, const struct dns_answer *answer, enum err err)
{
	struct connector *k = CONTAINER(q, struct connector, question);
	if (err != ERR_OK) {
		fail(k, err);
		return;
	}
	k->answer = *answer;
	for (size_t i = 0; i < k->answer.n; i++) {
		struct address *a = &k->answer.addresses[i];
		/* Both structs have the port in the same place. */
		a->in4.sin_port = htons(k->upstream->port);
	}
	resolved(k);
}

static void start(struct work *w)
{
	struct connector *k = CONTAINER(w, struct connector, work);
	if (loop_timer_arm(k->loop, &k->timer, connector_left(k)) != ERR_OK) {
		fail(k, ERR_NOMEM);
		return;
	}
	if (k->upstream->fixed.n == 0) {
		dns_ask(k->dns, k->upstream->host, &k->question);
		return;
	}
	k->answer.addresses[0] = k->upstream->fixed;
	k->answer.n = 1;
	resolved(k);
}

void connector_start(struct connector *k, struct loop *l, struct dns *dns, const struct upstream *u)
{
	k->loop = l;
	k->dns = dns;
	k->upstream = u;
	k->fd = -1;
	k->work.run = start;
	k->timer.run = on_timer;
	k->question.done = on_answer;
	k->deadline = loop_now(l) + (uint64_t)u->connect_ms * 1000000;
	/* done must not be called from inside this call. */
	loop_ready(l, &k->work);
}

void connector_cancel(struct connector *k)
{
	clear(k);
}
