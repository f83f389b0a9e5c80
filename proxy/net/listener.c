#include "proxy/net/listener.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/assert.h"
#include "base/log.h"
#include "proxy/net/server.h"

enum { BACKLOG = 1024, ACCEPTS_PER_TURN = 64, RETRY_MS = 100 };

struct listener {
	struct loop *loop;
	struct event *event;
	struct loop_timer retry;
	struct listener_user user;
	struct address address;
	int fd;
	bool paused;
	bool made_file; /* the Unix socket's file is ours to remove */
};

/* Out of descriptors or memory: accepting again at once would spin. */
static void back_off(struct listener *l)
{
	INVARIANT(event_del(l->event) == 0);
	if (loop_timer_arm(l->loop, &l->retry, RETRY_MS) != ERR_OK)
		INVARIANT(event_add(l->event, NULL) == 0);
}

static void on_retry(struct loop_timer *t)
{
	struct listener *l = CONTAINER(t, struct listener, retry);
	if (!l->paused)
		INVARIANT(event_add(l->event, NULL) == 0);
}

static void on_connection(evutil_socket_t fd, short what, void *arg)
{
	struct listener *l = arg;
	(void)what;
	for (int i = 0; i < ACCEPTS_PER_TURN && !l->paused; i++) {
		struct address from = {.n = sizeof from.un};
		int c = accept4(fd, &from.any, &from.n, SOCK_NONBLOCK | SOCK_CLOEXEC);
		if (c >= 0) {
			l->user.accepted(l->user.arg, c, &from);
			continue;
		}
		if (errno == EINTR || errno == ECONNABORTED)
			continue;
		if (errno != EAGAIN) {
			log_line(LOG_WARN, "accept failed", LOG_N("errno", errno));
			back_off(l);
		}
		return;
	}
}

/* A socket file that nobody listens on any more may go; a live one must not. */
static enum err clear_stale(const struct address *a)
{
	struct stat st;
	if (lstat(a->un.sun_path, &st) != 0)
		return errno == ENOENT ? ERR_OK : ERR_IO;
	if (!S_ISSOCK(st.st_mode)) {
		errno = EEXIST;
		return ERR_IO;
	}
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return ERR_IO;
	int r = connect(fd, &a->any, a->n);
	int e = r == 0 ? EADDRINUSE : errno;
	close(fd);
	if (e == ECONNREFUSED && unlink(a->un.sun_path) == 0)
		return ERR_OK;
	errno = e == ECONNREFUSED || e == EAGAIN ? EADDRINUSE : e;
	return ERR_IO;
}

static enum err bind_unix(struct listener *l)
{
	enum { MODE = 0660 };
	enum err e = clear_stale(&l->address);
	if (e != ERR_OK)
		return e;
	/* Before bind, so that the file is never more open than this; after it, because the umask takes away from it.
	 */
	if (fchmod(l->fd, MODE) != 0 || bind(l->fd, &l->address.any, l->address.n) != 0)
		return ERR_IO;
	l->made_file = true;
	return chmod(l->address.un.sun_path, MODE) == 0 ? ERR_OK : ERR_IO;
}

static enum err bind_tcp(struct listener *l)
{
	int one = 1;
	if (setsockopt(l->fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one) != 0 ||
	    setsockopt(l->fd, SOL_SOCKET, SO_REUSEPORT, &one, sizeof one) != 0)
		return ERR_IO;
	if (l->address.any.sa_family == AF_INET6 && setsockopt(l->fd, IPPROTO_IPV6, IPV6_V6ONLY, &one, sizeof one) != 0)
		return ERR_IO;
	return bind(l->fd, &l->address.any, l->address.n) == 0 ? ERR_OK : ERR_IO;
}

static enum err open_socket(struct listener *l, struct span address, int fd)
{
	if (fd >= 0) {
		l->fd = fcntl(fd, F_DUPFD_CLOEXEC, 0);
		if (l->fd < 0 || fcntl(l->fd, F_SETFL, O_NONBLOCK) != 0)
			return ERR_IO;
	} else {
		enum err e = address_parse(address, &l->address);
		if (e != ERR_OK) {
			errno = EINVAL;
			return e;
		}
		l->fd = socket(l->address.any.sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
		if (l->fd < 0)
			return ERR_IO;
		e = l->address.any.sa_family == AF_UNIX ? bind_unix(l) : bind_tcp(l);
		if (e != ERR_OK)
			return e;
	}
	if (listen(l->fd, BACKLOG) != 0)
		return ERR_IO;
	l->address.n = sizeof l->address.un;
	return getsockname(l->fd, &l->address.any, &l->address.n) == 0 ? ERR_OK : ERR_IO;
}

struct listener *listener_new(struct loop *loop, struct span address, int fd, struct listener_user user, enum err *err)
{
	*err = ERR_NOMEM;
	struct listener *l = calloc(1, sizeof *l);
	if (l == NULL)
		return NULL;
	l->loop = loop;
	l->user = user;
	l->retry.run = on_retry;
	l->fd = -1;
	*err = open_socket(l, address, fd);
	if (*err != ERR_OK)
		goto fail;
	*err = ERR_NOMEM;
	l->event = event_new(loop_base(loop), l->fd, EV_READ | EV_PERSIST, on_connection, l);
	if (l->event == NULL || event_add(l->event, NULL) != 0)
		goto fail;
	*err = ERR_OK;
	return l;
fail:;
	int e = errno;
	listener_free(l);
	errno = e;
	return NULL;
}

uint16_t listener_port(const struct listener *l)
{
	return address_port(&l->address);
}

void listener_pause(struct listener *l, bool pause)
{
	if (l->paused == pause)
		return;
	l->paused = pause;
	loop_timer_disarm(&l->retry);
	INVARIANT((pause ? event_del(l->event) : event_add(l->event, NULL)) == 0);
}

void listener_free(struct listener *l)
{
	if (l == NULL)
		return;
	loop_timer_fini(&l->retry);
	if (l->event != NULL)
		event_free(l->event);
	if (l->fd >= 0)
		close(l->fd);
	if (l->made_file)
		(void)!unlink(l->address.un.sun_path);
	free(l);
}

enum err server_address_free(struct span address)
{
	struct address a;
	int one = 1;
	enum err e = address_parse(address, &a);
	if (e != ERR_OK || a.any.sa_family == AF_UNIX)
		return e;
	int fd = socket(a.any.sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	bool free = fd >= 0 && setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one) == 0 &&
		    (a.any.sa_family != AF_INET6 || setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &one, sizeof one) == 0) &&
		    bind(fd, &a.any, a.n) == 0;
	int why = errno;
	if (fd >= 0)
		close(fd);
	errno = why;
	return free ? ERR_OK : ERR_IO;
}
