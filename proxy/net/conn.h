/* One connected socket, plain or TLS: readiness-driven, edge-triggered, with a send queue and back-pressure both ways.
 *
 * The protocol above (an HTTP/1 server or client connection) embeds a struct conn and gives it a table of callbacks.
 * Callbacks come from the loop's work lists only, never from inside a conn_* call. A conn that failed or was closed
 * calls nothing any more but `freed`, at the end of the turn. */
#ifndef NET_CONN_H
#define NET_CONN_H

#include <sys/socket.h>
#include <sys/uio.h>

#include "proxy/net/turn.h"

enum {
	CONN_LOW_WATER = 16 * 1024,    /* `drained` is called when the send queue falls to this, and when it is empty */
	CONN_WRITE_NOW = 16 * 1024,    /* a send queue this long is written at once, not at the end of the turn */
	CONN_READ_TURN = 256 * 1024,   /* bytes read from one connection in one turn, at most */
	CONN_WRITE_TURN = 1024 * 1024, /* bytes written */
};

struct conn;

enum conn_failure {
	CONN_FAIL_IO,  /* reset, or another error of the socket; or no memory */
	CONN_FAIL_TLS, /* handshake or record layer */
};
enum conn_timer { CONN_TIMER_READ, CONN_TIMER_WRITE, CONN_TIMER_COUNT };

struct conn_user {
	/* The connection may be used: (TLS) the handshake is done. */
	void (*opened)(struct conn *c);
	/* Bytes came in, valid until return. Returns how many were taken; less than all stops reading until
	 * conn_resume. */
	size_t (*input)(struct conn *c, struct span data);
	/* The peer will send no more. clean: TLS said so with close_notify (always true for plain connections). */
	void (*eof)(struct conn *c, bool clean);
	/* The send queue fell to the low-water mark or to nothing. */
	void (*drained)(struct conn *c);
	/* The connection is broken, and closed already. */
	void (*failed)(struct conn *c, enum conn_failure why);
	/* A deadline passed. */
	void (*expired)(struct conn *c, enum conn_timer which);
	/* Asked for with conn_defer. */
	void (*deferred)(struct conn *c);
	/* Nothing refers to the memory any more; the last call. */
	void (*freed)(struct conn *c);
};

enum { CONN_AGAIN = -1, CONN_FAILED = -2 };

/* How bytes get to and from the socket. */
struct conn_ops {
	/* 0: again, 1: done, negative: failed. NULL: nothing to do. */
	int (*handshake)(struct conn *c);
	/* Bytes read, 0 at the end, CONN_AGAIN or CONN_FAILED. */
	ssize_t (*read)(struct conn *c, uint8_t *p, size_t n);
	/* Bytes taken, CONN_AGAIN or CONN_FAILED. */
	ssize_t (*writev)(struct conn *c, const struct iovec *iov, int n);
	/* Bytes taken by writev that the socket has not got yet. */
	size_t (*unsent)(const struct conn *c);
	/* Writes what unsent counts: 1 nothing left, CONN_AGAIN or CONN_FAILED. */
	int (*push)(struct conn *c);
	/* Queues what is to be said before our direction ends (TLS: close_notify). NULL: nothing. */
	void (*goodbye)(struct conn *c);
	void (*fini)(struct conn *c);
};
extern const struct conn_ops conn_plain;
/* The bare socket, for other conn_ops: recv that notes when the socket is dry or may be, and sendmsg. */
ssize_t conn_recv(struct conn *c, uint8_t *p, size_t n) MUST;
ssize_t conn_sendv(struct conn *c, const struct iovec *iov, int n) MUST;

enum conn_state { CONN_HANDSHAKE, CONN_OPEN, CONN_CLOSED };

struct segment;

struct conn {
	struct work ready, dirty, dead; /* first: recycled memory must not be confused */
	struct loop *loop;
	const struct conn_ops *ops;
	const struct conn_user *user;
	struct tls_session *tls; /* tls.h; NULL for plain */
	struct event *event;
	struct loop_timer timer;
	uint64_t due[CONN_TIMER_COUNT]; /* loop time; 0: none */
	uint64_t armed;                 /* when the timer will fire; 0: not armed */
	uint32_t write_idle_ms;         /* the peer must take a byte within; 0: no limit */
	int fd;
	enum conn_state state;

	struct segment *first, *last; /* send queue */
	size_t queued;                /* its bytes */
	struct buf held;              /* input not taken yet */

	bool can_read;     /* reading may give something */
	bool can_write;    /* as far as we know: readiness is edge-triggered */
	bool dry;          /* the socket had nothing more; the next edge says when it has */
	bool cut_short;    /* a read gave less than was asked for: dry, or the end or an error stands behind it */
	bool sated;        /* set by the user: nothing is expected now, so that cut_short may pass for dry */
	bool hung_up;      /* an end was announced by the kernel: read until we see it */
	bool unchecked;    /* something was announced while we do not read */
	bool notice_gone;  /* set by the user: report a peer that is gone even while nothing is read */
	bool read_failed;  /* to be reported behind the bytes that came before */
	bool paused;       /* input was not taken */
	bool eof;          /* the peer's direction has ended */
	bool truncated;    /* ... without close_notify */
	bool shut_wanted;  /* our direction ends when the queue is empty */
	bool shut_said;    /* goodbye is queued */
	bool shut;         /* our direction has ended */
	bool write_failed; /* output goes nowhere; still reading for the peer's last words */
	bool read_on;      /* set by the user: on a failed write go on reading, the answer may have come already */
	bool want_deferred, want_drained, io_failed;
	enum conn_failure why; /* set where CONN_FAILED is returned */
};

/* Takes over a connected non-blocking socket; c is zeroed. TLS is put on by tls.h before the loop runs again. On
 * failure the caller keeps fd. */
enum err conn_init(struct conn *c, struct loop *l, int fd, const struct conn_user *user) MUST;
/* Queues bytes: copied, or (ref) borrowed until conn_pending is 0 or the connection is closed. ERR_NOMEM; a broken
 * connection swallows them. */
enum err conn_send(struct conn *c, struct span data, bool ref) MUST;
size_t conn_pending(const struct conn *c) MUST;
/* Takes up reading again after input left bytes behind. */
void conn_resume(struct conn *c);
/* Calls user->deferred from the work list. */
void conn_defer(struct conn *c);
/* Sets (or with 0 clears) the read deadline, milliseconds from now. */
void conn_deadline(struct conn *c, uint64_t milliseconds);
/* After the queue is written, our direction ends; the peer may go on sending. */
void conn_shutdown(struct conn *c);
/* Closes now; what is queued is lost. abort: with a reset, so that no peer mistakes it for a clean end.
 * Nothing is called any more but `freed`. */
void conn_close(struct conn *c, bool abort);
/* Has the peer gone altogether (reset or, on a Unix socket, closed), as opposed to merely ended its direction? */
bool conn_gone(const struct conn *c) MUST;

#endif
