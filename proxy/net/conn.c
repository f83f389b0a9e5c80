#include "proxy/net/conn.h"

#include <errno.h>
#include <limits.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/assert.h"

/* Part of the send queue: bytes of our own, or borrowed ones. */
struct segment {
	struct segment *next;
	const uint8_t *p; /* next byte to write */
	size_t n;         /* bytes left */
	size_t used;      /* bytes of data in use, written or not */
	bool ref;
	uint8_t data[]; /* SEGMENT_ROOM bytes unless borrowed */
};
enum { SEGMENT_ROOM = 16 * 1024 };
enum { IOV_MAX_SEGMENTS = 16 };

static struct segment *segment_new(struct conn *c, bool ref)
{
	/* A borrowed segment needs no room for data. */
	struct segment *s = ref ? malloc(sizeof(struct segment))
				: loop_pool_get(c->loop, LOOP_POOL_SEGMENT, sizeof(struct segment) + SEGMENT_ROOM);
	if (s == NULL)
		return NULL;
	s->next = NULL;
	s->n = s->used = 0;
	s->ref = ref;
	s->p = ref ? NULL : s->data;
	if (c->last == NULL)
		c->first = s;
	else
		c->last->next = s;
	c->last = s;
	return s;
}

static void segment_drop(struct conn *c)
{
	struct segment *s = c->first;
	c->first = s->next;
	if (c->first == NULL)
		c->last = NULL;
	if (s->ref) {
		free(s);
		return;
	}
	explicit_bzero(s->data, s->used);
	loop_pool_put(c->loop, LOOP_POOL_SEGMENT, s);
}

static void queue_clear(struct conn *c)
{
	while (c->first != NULL)
		segment_drop(c);
	c->queued = 0;
}

static void queue_take(struct conn *c, size_t n)
{
	INVARIANT(n <= c->queued);
	c->queued -= n;
	while (c->first != NULL && n >= c->first->n) {
		n -= c->first->n;
		segment_drop(c);
	}
	if (n > 0) {
		c->first->p += n;
		c->first->n -= n;
	}
}

static enum err queue_copy(struct conn *c, struct span data)
{
	while (data.n > 0) {
		struct segment *s = c->last;
		if (s == NULL || s->ref || s->used == SEGMENT_ROOM)
			s = segment_new(c, false);
		if (s == NULL)
			return ERR_NOMEM;
		size_t n = SEGMENT_ROOM - s->used;
		if (n > data.n)
			n = data.n;
		memcpy(s->data + s->used, data.p, n);
		s->used += n;
		s->n += n;
		c->queued += n;
		data = span_sub(data, n, data.n);
	}
	return ERR_OK;
}

static enum err queue_ref(struct conn *c, struct span data)
{
	struct segment *s = segment_new(c, true);
	if (s == NULL)
		return ERR_NOMEM;
	s->p = data.p;
	s->n = data.n;
	c->queued += data.n;
	return ERR_OK;
}

ssize_t conn_recv(struct conn *c, uint8_t *p, size_t n)
{
	if (c->dry || c->cut_short)
		return CONN_AGAIN;
	ssize_t r;
	do
		r = recv(c->fd, p, n, 0);
	while (r < 0 && errno == EINTR);
	if (r < 0 && errno != EAGAIN) {
		c->why = CONN_FAIL_IO;
		return CONN_FAILED;
	}
	c->dry = r < 0;
	c->cut_short = r > 0 && (size_t)r < n;
	return r < 0 ? CONN_AGAIN : r;
}

ssize_t conn_sendv(struct conn *c, const struct iovec *iov, int n)
{
	struct msghdr m = {.msg_iov = (struct iovec *)(uintptr_t)iov, .msg_iovlen = (size_t)n};
	ssize_t r;
	do
		r = n == 1 ? send(c->fd, iov->iov_base, iov->iov_len, MSG_NOSIGNAL) : sendmsg(c->fd, &m, MSG_NOSIGNAL);
	while (r < 0 && errno == EINTR);
	if (r >= 0)
		return r;
	if (errno != EAGAIN) {
		c->why = CONN_FAIL_IO;
		return CONN_FAILED;
	}
	c->can_write = false;
	return CONN_AGAIN;
}

static ssize_t plain_read(struct conn *c, uint8_t *p, size_t n)
{
	ssize_t r = conn_recv(c, p, n);
	c->can_read = !c->dry && !c->cut_short;
	return r;
}

static size_t plain_unsent(const struct conn *c)
{
	(void)c;
	return 0;
}

static int plain_push(struct conn *c)
{
	(void)c;
	return 1;
}

static void plain_fini(struct conn *c)
{
	(void)c;
}

const struct conn_ops conn_plain = {
	.read = plain_read,
	.writev = conn_sendv,
	.unsent = plain_unsent,
	.push = plain_push,
	.fini = plain_fini,
};

static void on_event(evutil_socket_t fd, short what, void *arg)
{
	struct conn *c = arg;
	(void)fd;
	if (what & (EV_READ | EV_CLOSED)) {
		c->can_read = true;
		c->dry = c->cut_short = false;
	}
	if (what & EV_WRITE)
		c->can_write = true;
	if (what & EV_CLOSED)
		c->hung_up = true;
	c->unchecked = true;
	loop_ready(c->loop, &c->ready);
	if (c->can_write && (c->queued > 0 || c->ops->unsent(c) > 0))
		loop_dirty(c->loop, &c->dirty);
}

static void arm(struct conn *c)
{
	uint64_t first = 0;
	for (size_t i = 0; i < CONN_TIMER_COUNT; i++)
		if (c->due[i] != 0 && (first == 0 || c->due[i] < first))
			first = c->due[i];
	/* A timer that fires too early looks at the deadlines again: cheaper than moving it with each of them. */
	if (first == 0 || (c->armed != 0 && c->armed <= first))
		return;
	uint64_t now = loop_now(c->loop);
	uint64_t ms = first <= now ? 0 : (first - now + 999999) / 1000000;
	c->armed = first;
	if (loop_timer_arm(c->loop, &c->timer, ms) != ERR_OK) {
		c->io_failed = true;
		loop_ready(c->loop, &c->ready);
	}
}

static void set_due(struct conn *c, enum conn_timer which, uint64_t milliseconds)
{
	c->due[which] = milliseconds == 0 ? 0 : loop_now(c->loop) + milliseconds * 1000000;
	arm(c);
}

static void on_timer(struct loop_timer *t)
{
	struct conn *c = CONTAINER(t, struct conn, timer);
	uint64_t now = loop_now(c->loop);
	c->armed = 0;
	for (size_t i = 0; i < CONN_TIMER_COUNT; i++) {
		if (c->due[i] == 0 || c->due[i] > now)
			continue;
		c->due[i] = 0;
		c->user->expired(c, (enum conn_timer)i);
		if (c->state == CONN_CLOSED)
			return;
	}
	arm(c);
}

void conn_deadline(struct conn *c, uint64_t milliseconds)
{
	if (c->state != CONN_CLOSED)
		set_due(c, CONN_TIMER_READ, milliseconds);
}

static void run_dead(struct work *w)
{
	struct conn *c = CONTAINER(w, struct conn, dead);
	work_cancel(&c->ready);
	work_cancel(&c->dirty);
	c->user->freed(c);
}

void conn_close(struct conn *c, bool abort)
{
	if (c->state == CONN_CLOSED)
		return;
	c->state = CONN_CLOSED;
	queue_clear(c);
	buf_fini(&c->held);
	loop_timer_fini(&c->timer);
	event_free(c->event);
	c->event = NULL;
	c->ops->fini(c);
	if (abort) {
		struct linger l = {.l_onoff = 1};
		(void)!setsockopt(c->fd, SOL_SOCKET, SO_LINGER, &l, sizeof l);
	}
	close(c->fd);
	c->fd = -1;
	work_cancel(&c->ready);
	work_cancel(&c->dirty);
	loop_dead(c->loop, &c->dead);
}

static void fail(struct conn *c, enum conn_failure why)
{
	conn_close(c, false);
	c->user->failed(c, why);
}

bool conn_gone(const struct conn *c)
{
	struct pollfd p = {.fd = c->fd};
	return c->state == CONN_CLOSED || (poll(&p, 1, 0) > 0 && (p.revents & (POLLERR | POLLHUP)) != 0);
}

/* Offers bytes to the user; what it leaves is kept. */
static bool offer(struct conn *c, struct span data)
{
	size_t n = c->user->input(c, data);
	if (c->state == CONN_CLOSED)
		return false;
	INVARIANT(n <= data.n);
	if (n == data.n)
		return true;
	c->paused = true;
	buf_add(&c->held, span_sub(data, n, data.n));
	if (buf_err(&c->held) != ERR_OK) {
		fail(c, CONN_FAIL_IO);
		return false;
	}
	return false;
}

static bool offer_held(struct conn *c)
{
	if (c->held.n == 0)
		return true;
	struct buf held = c->held;
	c->held = (struct buf){0};
	bool all = offer(c, buf_span(&held));
	buf_fini(&held);
	return all;
}

/* Fills the scratch buffer with what there is. */
static ssize_t gather(struct conn *c, uint8_t *p, size_t room)
{
	size_t n = 0;
	while (n < room && c->can_read && !c->read_failed) {
		ssize_t r = c->ops->read(c, p + n, room - n);
		/* An end is met again by the next read; the socket tells an error only once. */
		c->read_failed = r == CONN_FAILED;
		if (r == 0 && n == 0)
			return 0;
		if (r <= 0)
			break;
		n += (size_t)r;
	}
	if (n > 0)
		return (ssize_t)n;
	return c->read_failed ? CONN_FAILED : CONN_AGAIN;
}

static void read_ended(struct conn *c)
{
	c->eof = true;
	c->can_read = false;
	c->unchecked = true; /* a half-closed peer, or one that is gone? */
	loop_ready(c->loop, &c->ready);
	c->user->eof(c, !c->truncated);
}

/* Readiness of a socket with an error looks like that of one with bytes: libevent folds both into one event. So a read
 * that gave less than it could is followed by another, unless the user waits for nothing: what comes later is announced
 * by an edge of its own. */
static bool read_again(struct conn *c)
{
	if (c->cut_short && (!c->sated || c->hung_up)) {
		c->cut_short = false;
		c->can_read = true;
	}
	return (c->can_read || c->read_failed) && !c->paused && !c->eof;
}

static void read_some(struct conn *c)
{
	enum { ROOM = 64 * 1024 };
	uint8_t *p = loop_scratch(c->loop);
	size_t total = 0;
	while (read_again(c)) {
		ssize_t n = gather(c, p, ROOM);
		if (n == CONN_AGAIN)
			break;
		if (n == CONN_FAILED) {
			fail(c, c->why);
			return;
		}
		if (n == 0) {
			read_ended(c);
			return;
		}
		loop_scratch_used(c->loop, (size_t)n);
		c->unchecked = false;
		if (!offer(c, span_of(p, (size_t)n)))
			return;
		total += (size_t)n;
		if (total >= CONN_READ_TURN) {
			loop_ready(c->loop, &c->ready);
			return;
		}
	}
}

/* Makes progress with the handshake; true when the connection is open. */
static bool establish(struct conn *c)
{
	if (c->state == CONN_HANDSHAKE) {
		int r = c->ops->handshake == NULL ? 1 : c->ops->handshake(c);
		if (r < 0)
			fail(c, c->why);
		if (r <= 0)
			return false;
		c->state = CONN_OPEN;
		loop_dirty(c->loop, &c->dirty);
		c->user->opened(c);
	}
	return c->state == CONN_OPEN;
}

static void notify_drained(struct conn *c)
{
	if (!c->want_drained)
		return;
	c->want_drained = false;
	c->user->drained(c);
}

/* Events that are due, then what there is to read. */
static void serve(struct conn *c)
{
	if (!establish(c))
		return;
	notify_drained(c);
	if (c->state == CONN_CLOSED || (!c->paused && !offer_held(c)))
		return;
	read_some(c);
	if (c->state == CONN_CLOSED || !c->notice_gone || !c->unchecked || !(c->paused || c->eof || c->sated))
		return;
	/* Nobody reads, so nobody would see a reset. */
	c->unchecked = false;
	if (conn_gone(c))
		fail(c, CONN_FAIL_IO);
}

static void run_ready(struct work *w)
{
	struct conn *c = CONTAINER(w, struct conn, ready);
	if (c->io_failed && c->state != CONN_CLOSED)
		fail(c, CONN_FAIL_IO);
	else
		serve(c);
	/* Last, so that it knows of an end that has come meanwhile. */
	if (c->want_deferred) {
		c->want_deferred = false;
		c->user->deferred(c);
	}
}

static void write_broke(struct conn *c)
{
	queue_clear(c);
	c->due[CONN_TIMER_WRITE] = 0;
	c->write_failed = true;
	if (c->read_on && !c->eof)
		c->can_read = c->want_drained = true;
	else
		c->io_failed = true;
	c->dry = c->cut_short = false;
	loop_ready(c->loop, &c->ready);
}

static void finish_shutdown(struct conn *c)
{
	if (!c->shut_said && c->ops->goodbye != NULL)
		c->ops->goodbye(c);
	c->shut_said = true;
	if (c->ops->push(c) != 1)
		return;
	c->shut = true;
	/* Fails only if the peer is gone, which reading will tell. */
	(void)!shutdown(c->fd, SHUT_WR);
}

/* Writes one batch; false when there is no use in going on. */
static bool write_batch(struct conn *c, size_t *total)
{
	int pushed = c->ops->push(c);
	if (pushed == CONN_FAILED)
		write_broke(c);
	if (pushed != 1 || c->queued == 0)
		return false;
	struct iovec iov[IOV_MAX_SEGMENTS];
	int n = 0;
	for (struct segment *s = c->first; s != NULL && n < IOV_MAX_SEGMENTS; s = s->next)
		iov[n++] = (struct iovec){.iov_base = (void *)(uintptr_t)s->p, .iov_len = s->n};
	ssize_t r = c->ops->writev(c, iov, n);
	if (r == CONN_FAILED)
		write_broke(c);
	if (r < 0)
		return false;
	queue_take(c, (size_t)r);
	*total += (size_t)r;
	return true;
}

static void flush(struct conn *c)
{
	size_t before = conn_pending(c);
	size_t total = 0;
	while (c->can_write && !c->write_failed && total < CONN_WRITE_TURN)
		if (!write_batch(c, &total))
			break;
	size_t after = conn_pending(c);
	if (after == 0)
		c->due[CONN_TIMER_WRITE] = 0;
	else if (after != before || c->due[CONN_TIMER_WRITE] == 0)
		set_due(c, CONN_TIMER_WRITE, c->write_idle_ms);
	if (after > 0 && c->can_write && !c->write_failed)
		loop_dirty(c->loop, &c->dirty);
	if (before > 0 && (after == 0 || (before > CONN_LOW_WATER && after <= CONN_LOW_WATER)))
		c->want_drained = true;
	if (after == 0 && c->shut_wanted && !c->shut && !c->write_failed)
		finish_shutdown(c);
}

static void run_dirty(struct work *w)
{
	struct conn *c = CONTAINER(w, struct conn, dirty);
	if (c->state != CONN_OPEN)
		return;
	flush(c);
	notify_drained(c);
}

/* After an early write: what is left of borrowed bytes at the end of the queue becomes our own. */
static enum err own_tail(struct conn *c, struct span data)
{
	struct segment *s = c->last;
	if (s == NULL || !s->ref || s->p < data.p || s->p + s->n != data.p + data.n)
		return ERR_OK;
	struct span rest = span_of(s->p, s->n);
	c->queued -= rest.n;
	struct segment **at = &c->first;
	struct segment *prev = NULL;
	while (*at != s) {
		prev = *at;
		at = &prev->next;
	}
	*at = NULL;
	c->last = prev;
	free(s);
	return queue_copy(c, rest);
}

static enum err queue(struct conn *c, struct span data, bool ref)
{
	enum { REF_MIN = 4 * 1024 }; /* below, copying is cheaper than a segment of its own */
	bool now = c->queued + data.n >= CONN_WRITE_NOW && c->state == CONN_OPEN && c->can_write;
	bool big = data.n >= REF_MIN;
	enum err e = big && (ref || now) ? queue_ref(c, data) : queue_copy(c, data);
	if (e != ERR_OK || !now) {
		if (c->can_write)
			loop_dirty(c->loop, &c->dirty);
		return e;
	}
	flush(c);
	if (c->want_drained)
		loop_ready(c->loop, &c->ready);
	return big && !ref ? own_tail(c, data) : ERR_OK;
}

enum err conn_send(struct conn *c, struct span data, bool ref)
{
	if (c->state == CONN_CLOSED || c->write_failed || data.n == 0)
		return ERR_OK;
	INVARIANT(!c->shut_wanted);
	enum err e = queue(c, data, ref);
	if (e != ERR_OK) {
		/* Part of it may be queued: the connection is of no more use. */
		c->io_failed = true;
		loop_ready(c->loop, &c->ready);
	}
	return e;
}

size_t conn_pending(const struct conn *c)
{
	return c->state == CONN_CLOSED || c->write_failed ? 0 : c->queued + c->ops->unsent(c);
}

void conn_shutdown(struct conn *c)
{
	c->shut_wanted = true;
	loop_dirty(c->loop, &c->dirty);
}

void conn_resume(struct conn *c)
{
	if (c->state == CONN_CLOSED || !c->paused)
		return;
	c->paused = false;
	loop_ready(c->loop, &c->ready);
}

void conn_defer(struct conn *c)
{
	c->want_deferred = true;
	loop_ready(c->loop, &c->ready);
}

enum err conn_init(struct conn *c, struct loop *l, int fd, const struct conn_user *user)
{
	c->event = event_new(loop_base(l), fd, EV_READ | EV_WRITE | EV_CLOSED | EV_ET | EV_PERSIST, on_event, c);
	if (c->event == NULL)
		return ERR_NOMEM;
	if (event_add(c->event, NULL) != 0) {
		event_free(c->event);
		c->event = NULL;
		return ERR_NOMEM;
	}
	int one = 1;
	/* Unix sockets have no such option. */
	(void)!setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
	c->ready.run = run_ready;
	c->dirty.run = run_dirty;
	c->dead.run = run_dead;
	c->timer.run = on_timer;
	c->loop = l;
	c->ops = &conn_plain;
	c->user = user;
	c->fd = fd;
	c->state = CONN_HANDSHAKE;
	c->can_write = true;
	c->dry = true; /* the first edge comes with the first byte */
	loop_ready(l, &c->ready);
	return ERR_OK;
}
