#include "config/config.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "config/schema.h"

enum { ARENA_LIMIT = 128 << 20 };

static struct span folder_of(struct span path)
{
	while (path.n > 0 && path.p[path.n - 1] != '/')
		path.n--;
	return path;
}

static enum err fill(struct config *c, struct span yaml, const char *path, struct config_diag *diag)
{
	enum err err;
	struct arena scratch;
	arena_init(&scratch, ARENA_LIMIT);
	c->file = arena_text(&c->arena, span_str(path));
	struct node *root = tree_parse(yaml, &scratch, diag, &err);
	if (root != NULL) {
		struct loader x = {.config = c, .diag = diag, .folder = folder_of(span_str(path))};
		err = bind_block(&x, &block_root, root, c);
	}
	if (err == ERR_OK && c->arena.failed)
		err = ERR_NOMEM;
	arena_fini(&scratch);
	return err;
}

struct config *config_parse(struct span yaml, const char *path, struct config_diag *diag, enum err *err)
{
	*diag = (struct config_diag){0};
	snprintf(diag->file, sizeof diag->file, "%s", path);
	struct config *c = calloc(1, sizeof *c);
	if (c == NULL) {
		*err = ERR_NOMEM;
	} else {
		arena_init(&c->arena, ARENA_LIMIT);
		*err = fill(c, yaml, path, diag);
	}
	if (*err == ERR_OK)
		return c;
	if (diag->text[0] == '\0')
		snprintf(diag->text, sizeof diag->text, "%s", err_text(*err));
	config_free(c);
	return NULL;
}

/* At most one byte more than the limit, so that the parser sees that it is too long. */
static enum err read_file(const char *path, struct span *out)
{
	uint8_t *p = NULL;
	size_t n = 0;
	struct stat st;
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0)
		return errno == ENOENT ? ERR_NOT_FOUND : ERR_IO;
	enum err err = ERR_IO;
	if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode))
		goto out;
	err = ERR_NOMEM;
	p = malloc(TREE_MAX_BYTES + 1);
	if (p == NULL)
		goto out;
	ssize_t got = 0;
	while (n <= TREE_MAX_BYTES && (got = read(fd, p + n, TREE_MAX_BYTES + 1 - n)) > 0)
		n += (size_t)got;
	err = got < 0 ? ERR_IO : ERR_OK;
out:
	close(fd);
	*out = span_of(p, n);
	return err;
}

struct config *config_load(const char *path, struct config_diag *diag, enum err *err)
{
	struct config *c = NULL;
	struct span yaml = SPAN_NULL;
	*diag = (struct config_diag){0};
	*err = read_file(path, &yaml);
	if (*err == ERR_OK) {
		c = config_parse(yaml, path, diag, err);
	} else {
		snprintf(diag->file, sizeof diag->file, "%s", path);
		snprintf(diag->text, sizeof diag->text, "cannot read this file: %s",
			 *err == ERR_NOT_FOUND ? "there is none; `bailiwick init DIR` writes one" : err_text(*err));
	}
	if (yaml.p != NULL)
		explicit_bzero((void *)yaml.p, yaml.n);
	free((void *)yaml.p);
	return c;
}

void config_free(struct config *c)
{
	if (c == NULL)
		return;
	arena_fini(&c->arena);
	free(c);
}
