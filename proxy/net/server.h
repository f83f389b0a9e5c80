/* Listeners and the HTTP/1.1 server on their connections. */
#ifndef NET_SERVER_H
#define NET_SERVER_H

#include "proxy/net/loop.h"
#include "proxy/wire/stream.h"

struct server_tls; /* certificate and key for a TLS listener */
struct server_tls *server_tls_new(const char *cert_file, const char *key_file, enum err *err) MUST;
void server_tls_free(struct server_tls *t);

struct server_limits {
	uint32_t head_ms;       /* whole head must arrive within (slow senders) */
	uint32_t idle_ms;       /* between requests on a kept-alive connection */
	uint32_t body_idle_ms;  /* no byte of the body for this long */
	uint32_t write_idle_ms; /* the peer takes no byte for this long */
	uint32_t max_conns;     /* per loop */
	size_t window;          /* body bytes delivered and not yet consumed, at most */
};
struct server_limits server_limits_default(void) MUST;

struct server_handler {
	/* A new request begins (also one that is malformed: s->malformed). Set s->events and s->owner; called once a
	 * stream, before `head`. */
	void (*open)(void *arg, struct stream *s);
	void *arg;
};

/* A request whose body turns out malformed (ERR_FRAMING) or stops coming (ERR_TIMEOUT) after its head was delivered is
 * answered by the server itself with that status and no body, unless the owner has begun to answer; then `closed`
 * comes.
 *
 * A client that ends its direction after a whole request is half-closed and gets its answer; one that is reset (or, on
 * a Unix socket, has closed) is gone, which is noticed within a second also while nothing is read or written. */
struct server;
/* Binds "127.0.0.1:8080", "[::1]:8080" or "unix:/path" (mode 0660, an existing dead socket is replaced) with
 * SO_REUSEPORT, on this loop; each loop makes its own server for the same address. context is given to every stream.
 * fd >= 0: an already bound socket to use instead (systemd, or a Unix socket shared by loops); a duplicate is used, the
 * caller keeps fd.
 * On failure *err says why and errno is kept. */
struct server *server_new(struct loop *l, struct span address, int fd, struct server_tls *tls,
			  struct server_limits limits, struct server_handler handler, void *context,
			  enum err *err) MUST;
/* SO_REUSEPORT lets a second program share our addresses unnoticed: ask before the first server_new whether anybody
 * listens there already. ERR_OK: nobody; ERR_IO with errno EADDRINUSE; Unix sockets are checked by server_new itself.
 */
enum err server_address_free(struct span address) MUST;
/* The bound port (for port 0), or 0 for Unix sockets. */
uint16_t server_port(const struct server *s) MUST;
/* Stops accepting; kept-alive idle connections close; running exchanges go on and get "Connection: close". */
void server_drain(struct server *s);
/* Connections still open. */
size_t server_conns(const struct server *s) MUST;
/* Resets what is left: streams get `closed` (ERR_SHUTDOWN). Not from inside an event of one of them. */
void server_free(struct server *s);

#endif
