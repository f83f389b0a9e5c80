/* Test rig: a loop with a server and/or client on it in the test's thread, and raw peers driven by a blocking script in
 * a thread of its own. Everything waits for conditions; an alarm ends a test that hangs. */
#ifndef TEST_RIG_H
#define TEST_RIG_H

#include <stdatomic.h>

#include "base/buf.h"
#include "proxy/net/client.h"
#include "proxy/net/server.h"

/* Certificates made for this test run, as files. */
struct pki {
	char dir[64];
	char ca[96], cert[96], key[96];     /* a CA; a leaf for localhost and 127.0.0.1 */
	char wrong_cert[96], wrong_key[96]; /* same CA, another name */
	char other_ca[96];
	uint8_t pin[32], wrong_pin[32]; /* of cert and of wrong_cert */
};
void pki_make(struct pki *p);
void pki_remove(struct pki *p);

/* A raw blocking peer, plain or TLS. */
struct peer {
	int fd;
	void *ssl;
	struct buf in;
	bool ended;  /* the other side has ended cleanly (TLS: with close_notify) */
	bool broken; /* reset, or ended without close_notify */
};
enum peer_tls { PEER_PLAIN, PEER_TLS };
bool peer_connect(struct peer *p, uint16_t port, enum peer_tls tls);
struct peer_tls_options {
	int version;      /* the only one offered; 0: any */
	const char *alpn; /* wire form; NULL: none */
	void *session;    /* to resume; NULL: none */
};
bool peer_connect_tls(struct peer *p, uint16_t port, struct peer_tls_options o);
/* The session of a connection on which something was read, for the next one; free with peer_session_free. */
void *peer_session(const struct peer *p);
void peer_session_free(void *session);
bool peer_resumed(const struct peer *p);
bool peer_connect_unix(struct peer *p, const char *path);
/* Takes the next connection on a listening socket; cert and key NULL: plain. TLS sessions of one certificate can be
 * resumed. */
bool peer_accept(struct peer *p, int listener, const char *cert, const char *key);
bool peer_send(struct peer *p, const void *data, size_t n);
bool peer_say(struct peer *p, const char *text);
/* Reads until the text stands in p->in; false if the other side ends first. */
bool peer_until(struct peer *p, const char *text);
bool peer_until_n(struct peer *p, size_t n);
/* Reads to the end: true if it was clean. */
bool peer_until_end(struct peer *p);
bool peer_has(const struct peer *p, const char *text);
size_t peer_count(const struct peer *p, const char *text);
void peer_half_close(struct peer *p); /* FIN (and close_notify) */
void peer_reset(struct peer *p);      /* RST */
void peer_close(struct peer *p);
int listen_loopback(uint16_t *port);

/* A deterministic stream of numbers, and a text with a few bytes of it changed, cut or repeated. */
uint32_t noise(uint32_t *state);
size_t mutate(uint32_t *state, const char *text, char *out, size_t room);

struct rig;
/* Fails the script's test, from its thread. */
#define CHECK(r, cond)                                                                                                 \
	do {                                                                                                           \
		if (!(cond)) {                                                                                         \
			rig_failed((r), __FILE__, __LINE__, #cond);                                                    \
			return;                                                                                        \
		}                                                                                                      \
	} while (0)
void rig_failed(struct rig *r, const char *file, int line, const char *cond);

/* One request as the application behind the server saw it. */
struct request {
	struct rig *rig;
	struct stream *s;
	char path[64];
	struct buf body;
	size_t got;
	bool head, end, closed;
	enum err why, malformed;
	size_t to_send, max_pending;
	uint8_t *memory; /* for send_ref */
	struct loop_timer tick;
	unsigned ticks;
};
enum { RIG_MAX_REQUESTS = 1024, RIG_CHUNK = 64 * 1024 };

struct rig {
	struct loop *loop;
	struct server *server;
	struct server_tls *tls;
	struct client *client;
	uint16_t port;
	struct request *requests[RIG_MAX_REQUESTS];
	size_t n_requests;
	_Atomic size_t n_closed, n_heads;
	size_t want_closed; /* rig_run also waits for this many */
	_Atomic(bool) script_done;
	const char *failed;
	int failed_line;
	struct loop_task task;
	void *arg;
	void (*script)(struct rig *r, void *arg);
	_Atomic size_t unconsumed; /* at /lazy */
	size_t max_unconsumed;
};
void rig_init(struct rig *r);
/* tls NULL: plain. */
void rig_serve(struct rig *r, const char *address, struct pki *tls, struct server_limits limits);
struct server_limits rig_limits(void);
/* Runs the loop while script runs in a thread, until both that and want_closed are done; fails the test if the script
 * did. */
void rig_run(struct rig *r, void (*script)(struct rig *r, void *arg), void *arg);
/* Runs the loop until rig_stop. */
void rig_loop(struct rig *r);
void rig_stop(struct rig *r);
/* From the script: calls f on the loop's thread and waits for it. */
void rig_call(struct rig *r, void (*f)(struct rig *r));
void rig_nothing(struct rig *r); /* for rig_call: waits until the loop has got so far */
/* One more stream or request is over. */
void rig_count(struct rig *r);
void rig_fini(struct rig *r);

#endif
