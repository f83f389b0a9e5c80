#include "audit/signer/state.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { STATE_MAX = 4096 };

static enum err open_folder(struct state *s, const char *path)
{
	char folder[4096];
	const char *slash = strrchr(path, '/');
	const char *name = slash != NULL ? slash + 1 : path;
	size_t n = slash == NULL ? 0 : slash == path ? 1 : (size_t)(slash - path);
	if (n >= sizeof folder || *name == '\0' || snprintf(s->name, sizeof s->name, "%s", name) >= (int)sizeof s->name)
		return ERR_CONFIG;
	snprintf(s->temporary, sizeof s->temporary, "%s.new", s->name);
	memcpy(folder, path, n);
	folder[n] = '\0';
	s->dir = open(n > 0 ? folder : ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return s->dir >= 0 ? ERR_OK : ERR_IO;
}

enum err state_open(struct state *s, const char *path, struct span origin)
{
	char text[STATE_MAX];
	struct checkpoint c;
	*s = (struct state){.last = {.origin = origin}};
	enum err err = open_folder(s, path);
	if (err != ERR_OK)
		return err;
	int fd = openat(s->dir, s->name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0)
		return errno == ENOENT ? ERR_OK : ERR_IO;
	ssize_t n = read(fd, text, sizeof text);
	close(fd);
	if (n < 0)
		return ERR_IO;
	if (checkpoint_parse(span_of(text, (size_t)n), &c) != ERR_OK || !span_eq(c.origin, origin))
		return ERR_CORRUPT;
	s->last.size = c.size;
	s->last.root = c.root;
	return ERR_OK;
}

static enum err write_temporary(const struct state *s, struct span text)
{
	int fd = openat(s->dir, s->temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0)
		return ERR_IO;
	bool ok = write(fd, text.p, text.n) == (ssize_t)text.n && fsync(fd) == 0;
	return close(fd) == 0 && ok ? ERR_OK : ERR_IO;
}

enum err state_save(struct state *s, const struct checkpoint *next)
{
	struct buf text = {0};
	checkpoint_format(next, &text);
	enum err err = buf_err(&text) == ERR_OK && text.n <= STATE_MAX ? ERR_OK : ERR_LIMIT;
	if (err == ERR_OK)
		err = write_temporary(s, buf_span(&text));
	buf_fini(&text);
	if (err == ERR_OK && (renameat(s->dir, s->temporary, s->dir, s->name) != 0 || fsync(s->dir) != 0))
		err = ERR_IO;
	if (err == ERR_OK) {
		s->last.size = next->size;
		s->last.root = next->root;
	}
	return err;
}
