/* A listening socket on a loop: TCP with SO_REUSEPORT, a Unix socket, or one that was passed in. */
#ifndef NET_LISTENER_H
#define NET_LISTENER_H

#include "proxy/net/address.h"
#include "proxy/net/turn.h"

struct listener;

struct listener_user {
	/* A connection: the socket (non-blocking, close-on-exec) is the callee's. */
	void (*accepted)(void *arg, int fd, const struct address *from);
	void *arg;
};

/* fd < 0: binds address; fd >= 0: a duplicate of that bound socket is used, the caller keeps fd. On failure NULL, *err
 * and errno: ERR_CONFIG (address), ERR_IO (socket), ERR_NOMEM. */
struct listener *listener_new(struct loop *l, struct span address, int fd, struct listener_user user,
			      enum err *err) MUST;
uint16_t listener_port(const struct listener *l) MUST;
/* Stops and starts accepting; what arrives meanwhile waits in the kernel's queue. */
void listener_pause(struct listener *l, bool pause);
/* Closes the socket, and removes the Unix socket's file if this listener made it. */
void listener_free(struct listener *l);

#endif
