#include "audit/signer/serve.h"

#include <errno.h>
#include <grp.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/log.h"

enum { CALLER_TIMEOUT_S = 5, BACKLOG = 16 };

static bool somebody_listens(const struct sockaddr_un *address)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	bool yes = fd >= 0 && connect(fd, (const struct sockaddr *)address, sizeof *address) == 0;
	if (fd >= 0)
		close(fd);
	return yes;
}

/* A socket only: whatever else stands there is not ours to remove. */
static enum err remove_stale(const struct sockaddr_un *address)
{
	struct stat st;
	if (lstat(address->sun_path, &st) != 0)
		return errno == ENOENT ? ERR_OK : ERR_IO;
	if (!S_ISSOCK(st.st_mode) || somebody_listens(address))
		return ERR_CONFIG;
	return unlink(address->sun_path) == 0 ? ERR_OK : ERR_IO;
}

static enum err open_to_group(const char *path, const char *group)
{
	if (group == NULL)
		return chmod(path, 0600) == 0 ? ERR_OK : ERR_IO;
	const struct group *gr = getgrnam(group);
	if (gr == NULL)
		return ERR_CONFIG;
	return chown(path, (uid_t)-1, gr->gr_gid) == 0 && chmod(path, 0660) == 0 ? ERR_OK : ERR_IO;
}

enum err serve_listen(const char *path, const char *group, int *out)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	size_t n = strlen(path);
	if (n >= sizeof address.sun_path)
		return ERR_CONFIG;
	memcpy(address.sun_path, path, n);
	enum err err = remove_stale(&address);
	if (err != ERR_OK)
		return err;
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return ERR_IO;
	/* The process's umask keeps others out between bind and chmod. */
	err = bind(fd, (const struct sockaddr *)&address, sizeof address) == 0 ? open_to_group(path, group) : ERR_IO;
	if (err == ERR_OK && listen(fd, BACKLOG) != 0)
		err = ERR_IO;
	if (err != ERR_OK) {
		close(fd);
		return err;
	}
	*out = fd;
	return ERR_OK;
}

static bool receive_all(int fd, uint8_t *p, size_t n)
{
	while (n > 0) {
		ssize_t got = recv(fd, p, n, 0);
		if (got <= 0)
			return false;
		p += got;
		n -= (size_t)got;
	}
	return true;
}

static bool send_all(int fd, struct span s)
{
	while (s.n > 0) {
		ssize_t n = send(fd, s.p, s.n, MSG_NOSIGNAL);
		if (n <= 0)
			return false;
		s = span_sub(s, (size_t)n, s.n);
	}
	return true;
}

/* Judges, persists, signs, in this order. */
static void respond(struct span request, const struct note_skey *key, struct state *state, struct buf *out)
{
	struct checkpoint next;
	struct buf text = {0}, note = {0};
	struct sign_answer answer = {.status = sign_judge(&state->last, request, &next), .size = state->last.size};
	if (answer.status == 200 && state_save(state, &next) != ERR_OK) {
		log_line(LOG_ERROR, "signer-state-not-saved");
		answer.status = 500;
	}
	if (answer.status == 200) {
		checkpoint_format(&next, &text);
		if (buf_err(&text) != ERR_OK || note_sign(buf_span(&text), key, &note) != ERR_OK)
			answer.status = 500;
		answer.note = buf_span(&note);
	}
	if (answer.status != 200)
		log_line(LOG_WARN, "signer-refused", LOG_N("status", answer.status));
	sign_answer_format(&answer, out);
	buf_fini(&text);
	buf_fini(&note);
}

static bool serve_frame(int fd, const struct note_skey *key, struct state *state)
{
	uint8_t head[4], request[SIGN_FRAME_MAX];
	struct buf frame = {0};
	if (!receive_all(fd, head, sizeof head))
		return false;
	size_t n = (size_t)head[0] << 24 | (size_t)head[1] << 16 | (size_t)head[2] << 8 | head[3];
	if (n > sizeof request || !receive_all(fd, request, n))
		return false;
	buf_add(&frame, span_of(head, sizeof head));
	respond(span_of(request, n), key, state, &frame);
	bool ok = buf_err(&frame) == ERR_OK;
	if (ok) {
		size_t answer = frame.n - sizeof head;
		for (size_t i = 0; i < sizeof head; i++)
			frame.p[i] = (uint8_t)(answer >> (24 - 8 * i));
		ok = send_all(fd, buf_span(&frame));
	}
	buf_fini(&frame);
	return ok;
}

static void serve_caller(int fd, const struct note_skey *key, struct state *state)
{
	const struct timeval timeout = {.tv_sec = CALLER_TIMEOUT_S};
	if (setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof timeout) != 0 ||
	    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &timeout, sizeof timeout) != 0)
		return;
	while (serve_frame(fd, key, state))
		;
}

void serve(int listener, const struct note_skey *key, struct state *state, const volatile sig_atomic_t *stop,
	   const sigset_t *mask)
{
	while (!*stop) {
		struct pollfd p = {.fd = listener, .events = POLLIN};
		if (ppoll(&p, 1, NULL, mask) <= 0)
			continue;
		int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
		if (fd < 0)
			continue;
		serve_caller(fd, key, state);
		close(fd);
	}
}
