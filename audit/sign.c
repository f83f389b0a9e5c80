#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include "audit/format/checkpoint.h"
#include "audit/format/note.h"
#include "audit/state.h"
#include "base/log.h"

enum { SOCKET_TIMEOUT_S = 2, ATTEMPTS = 2 };

/* What is asked for: the tree as committed, and the proof that leads to it from the size signed last. */
struct asking {
	struct sign_request request;
	struct buf text;
	uint64_t size;
};

static enum err connect_signer(const char *path, int *out)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	const struct timeval timeout = {.tv_sec = SOCKET_TIMEOUT_S};
	size_t n = strlen(path);
	*out = -1;
	if (n >= sizeof address.sun_path)
		return ERR_CONFIG;
	memcpy(address.sun_path, path, n);
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return ERR_IO;
	if (setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof timeout) != 0 ||
	    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &timeout, sizeof timeout) != 0 ||
	    connect(fd, (const struct sockaddr *)&address, sizeof address) != 0) {
		close(fd);
		return ERR_CONNECT;
	}
	*out = fd;
	return ERR_OK;
}

static enum err send_all(int fd, struct span s)
{
	while (s.n > 0) {
		ssize_t n = send(fd, s.p, s.n, MSG_NOSIGNAL);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return ERR_IO;
		s = span_sub(s, (size_t)n, s.n);
	}
	return ERR_OK;
}

static enum err receive_all(int fd, uint8_t *p, size_t n)
{
	while (n > 0) {
		ssize_t got = recv(fd, p, n, 0);
		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			return ERR_IO;
		p += got;
		n -= (size_t)got;
	}
	return ERR_OK;
}

/* One frame there, one frame back. */
static enum err exchange(int fd, struct span request, struct buf *answer)
{
	uint8_t head[4] = {(uint8_t)(request.n >> 24), (uint8_t)(request.n >> 16), (uint8_t)(request.n >> 8),
			   (uint8_t)request.n};
	enum err err = send_all(fd, span_of(head, sizeof head));
	if (err == ERR_OK)
		err = send_all(fd, request);
	if (err == ERR_OK)
		err = receive_all(fd, head, sizeof head);
	if (err != ERR_OK)
		return err;
	size_t n = (size_t)head[0] << 24 | (size_t)head[1] << 16 | (size_t)head[2] << 8 | head[3];
	if (n > SIGN_FRAME_MAX)
		return ERR_LIMIT;
	uint8_t *p = buf_reserve(answer, n);
	if (p == NULL)
		return buf_err(answer);
	err = receive_all(fd, p, n);
	if (err == ERR_OK)
		answer->n += n;
	return err;
}

/* ERR_LIMIT: the signer has signed more than we have. */
static enum err prepare(struct audit_writer *w, uint64_t old, struct asking *a)
{
	enum err err;
	struct store_view *v = store_view_begin(w->store, &err);
	if (v == NULL)
		return err;
	struct tree_source source = store_view_source(v);
	struct checkpoint c = {.origin = span_str(w->origin), .size = store_view_size(v)};
	c.root = tree_root(store_view_frontier(v));
	a->size = c.size;
	a->request.old = old;
	err = tree_consistency(&source, old, c.size, &a->request.proof);
	store_view_end(v);
	buf_clear(&a->text);
	checkpoint_format(&c, &a->text);
	a->request.text = buf_span(&a->text);
	return err != ERR_OK ? err : buf_err(&a->text);
}

/* Is it a note over exactly what was asked for? Whose signature it is, the reader of the log decides. */
static bool fits(const struct asking *a, struct span note)
{
	struct note n;
	return note_parse(note, &n) == ERR_OK && span_eq(n.text, a->request.text);
}

static enum err ask(struct audit_writer *w, int fd, struct asking *a, struct sign_answer *answer, struct buf *memory)
{
	struct buf request = {0};
	sign_request_format(&a->request, &request);
	enum err err = buf_err(&request);
	buf_clear(memory);
	if (err == ERR_OK && request.n > SIGN_FRAME_MAX)
		err = ERR_LIMIT;
	if (err == ERR_OK)
		err = exchange(fd, buf_span(&request), memory);
	if (err == ERR_OK)
		err = sign_answer_parse(buf_span(memory), answer);
	if (err == ERR_OK && answer->status == 200) {
		pthread_mutex_lock(&w->lock);
		err = fits(a, answer->note) ? ERR_OK : ERR_VERIFY;
		if (err == ERR_OK) {
			buf_clear(&w->signed_note);
			buf_add(&w->signed_note, answer->note);
			w->signed_note_size = a->size;
			w->asked_size = a->size;
			err = buf_err(&w->signed_note);
			rouse(w, 0);
		}
		pthread_mutex_unlock(&w->lock);
	}
	buf_fini(&request);
	return err;
}

enum err sign_now(struct audit_writer *w)
{
	struct asking a = {0};
	struct sign_answer answer = {0};
	struct buf memory = {0};
	int fd;
	pthread_mutex_lock(&w->lock);
	uint64_t old = w->asked_size;
	pthread_mutex_unlock(&w->lock);
	enum err err = connect_signer(w->signer_socket, &fd);
	for (int i = 0; i < ATTEMPTS && err == ERR_OK && answer.status != 200; i++) {
		err = prepare(w, old, &a);
		if (err == ERR_OK)
			err = ask(w, fd, &a, &answer, &memory);
		old = answer.size; /* with 409: begin from there */
		if (err == ERR_OK && answer.status != 200 && answer.status != 409)
			err = ERR_VERIFY;
	}
	if (err == ERR_OK && answer.status != 200)
		err = ERR_VERIFY;
	if (fd >= 0)
		close(fd);
	buf_fini(&a.text);
	buf_fini(&memory);
	return err;
}

/* Waits until leaves came in that are not signed for, then until the interval is over; false when closing. */
static bool wait_to_sign(struct audit_writer *w, uint64_t not_before_ms)
{
	const struct timespec ts = {.tv_sec = (time_t)(not_before_ms / 1000),
				    .tv_nsec = (long)(not_before_ms % 1000) * 1000000};
	pthread_mutex_lock(&w->lock);
	while (!w->signer_stop && w->status.size <= w->asked_size)
		pthread_cond_wait(&w->news, &w->lock);
	int rc = 0;
	while (!w->signer_stop && rc != ETIMEDOUT && clock_monotonic_us() / 1000 < not_before_ms)
		rc = pthread_cond_clockwait(&w->halt, &w->lock, CLOCK_MONOTONIC, &ts);
	bool go = !w->signer_stop;
	pthread_mutex_unlock(&w->lock);
	return go;
}

void *signer_thread(void *arg)
{
	struct audit_writer *w = arg;
	enum err last = ERR_OK;
	uint64_t next = 0;
	while (wait_to_sign(w, next)) {
		next = clock_monotonic_us() / 1000 + w->checkpoint_ms;
		enum err err = sign_now(w);
		if (err != last)
			log_line(err == ERR_OK ? LOG_INFO : LOG_ERROR, "audit-signer-state",
				 LOG_S("state", err_reason(err)));
		last = err;
	}
	return NULL;
}
