#include "proxy/net/server.h"

#include <stdlib.h>

#include "proxy/net/h1_server.h"
#include "proxy/net/listener.h"

struct server_limits server_limits_default(void)
{
	return (struct server_limits){
		.head_ms = 10000,
		.idle_ms = 60000,
		.body_idle_ms = 30000,
		.write_idle_ms = 60000,
		.max_conns = 4096,
		.window = 256 * 1024,
	};
}

static void on_accepted(void *arg, int fd, const struct address *from)
{
	struct server *s = arg;
	h1_server_accept(s, fd, from);
	if (s->n_conns >= s->limits.max_conns)
		listener_pause(s->listener, true);
}

void server_conn_gone(struct server *s, struct link *link)
{
	if (!link_on(link))
		return;
	link_drop(link);
	s->n_conns--;
	if (s->listener != NULL && s->n_conns < s->limits.max_conns)
		listener_pause(s->listener, false);
}

struct server *server_new(struct loop *l, struct span address, int fd, struct server_tls *tls,
			  struct server_limits limits, struct server_handler handler, void *context, enum err *err)
{
	*err = ERR_NOMEM;
	struct server *s = calloc(1, sizeof *s);
	if (s == NULL)
		return NULL;
	s->loop = l;
	s->tls = tls;
	s->limits = limits;
	s->handler = handler;
	s->context = context;
	link_init(&s->conns);
	s->listener = listener_new(l, address, fd, (struct listener_user){.accepted = on_accepted, .arg = s}, err);
	if (s->listener == NULL) {
		free(s);
		return NULL;
	}
	return s;
}

uint16_t server_port(const struct server *s)
{
	return s->listener == NULL ? 0 : listener_port(s->listener);
}

void server_drain(struct server *s)
{
	s->draining = true;
	listener_free(s->listener);
	s->listener = NULL;
	struct link *next;
	for (struct link *l = s->conns.next; l != &s->conns; l = next) {
		next = l->next;
		h1_server_drain(CONTAINER(l, struct h1_server, link));
	}
}

size_t server_conns(const struct server *s)
{
	return s->n_conns;
}

void server_free(struct server *s)
{
	if (s == NULL)
		return;
	listener_free(s->listener);
	s->listener = NULL;
	while (!link_empty(&s->conns))
		h1_server_abort(CONTAINER(s->conns.next, struct h1_server, link));
	free(s);
}
