#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "base/log.h"
#include "store/segment.h"

/* Not in every linux/magic.h. */
enum { MAGIC_CIFS = 0xff534d42, MAGIC_SMB2 = 0xfe534d42, MAGIC_FUSE = 0x65735546, MAGIC_CEPH = 0x00c36400 };

static enum err check_file_system(int dir)
{
	struct statfs fs;
	if (fstatfs(dir, &fs) != 0)
		return store_error(errno);
	switch ((uint32_t)fs.f_type) {
	case NFS_SUPER_MAGIC:
	case SMB_SUPER_MAGIC:
	case (uint32_t)MAGIC_CIFS:
	case (uint32_t)MAGIC_SMB2:
	case AFS_SUPER_MAGIC:
	case CODA_SUPER_MAGIC:
	case MAGIC_CEPH:
	case MAGIC_FUSE:
	case V9FS_MAGIC:
		log_line(LOG_ERROR, "audit-store-on-network-file-system", LOG_N("type", fs.f_type));
		return ERR_CONFIG;
	case OVERLAYFS_SUPER_MAGIC:
		/* Containers run tests on it; for records that must last a volume is the right place. */
		log_line(LOG_WARN, "audit-store-on-overlay-file-system");
		return ERR_OK;
	default:
		return ERR_OK;
	}
}

static enum err open_folders(struct store *s, const struct store_options *o)
{
	if (!o->read_only && mkdir(o->path, 0700) != 0 && errno != EEXIST)
		return store_error(errno);
	s->dir = open(o->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (s->dir < 0)
		return errno == ENOENT ? ERR_NOT_FOUND : store_error(errno);
	if (!o->read_only && mkdirat(s->dir, "segments", 0700) != 0 && errno != EEXIST)
		return store_error(errno);
	s->segments_dir = openat(s->dir, "segments", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (s->segments_dir < 0)
		return errno == ENOENT ? ERR_NOT_FOUND : store_error(errno);
	if (!o->read_only && fsync(s->dir) != 0)
		return store_error(errno);
	return asprintf(&s->path, "%s/segments", o->path) < 0 ? ERR_NOMEM : ERR_OK;
}

static enum err lock_writer(struct store *s)
{
	s->lock = openat(s->dir, "lock", O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (s->lock < 0)
		return store_error(errno);
	if (flock(s->lock, LOCK_EX | LOCK_NB) == 0)
		return ERR_OK;
	if (errno != EWOULDBLOCK)
		return store_error(errno);
	log_line(LOG_ERROR, "audit-store-in-use");
	return ERR_AUDIT;
}

static enum err make_secret(struct store *s)
{
	const char *temporary = "secret.new";
	if (getrandom(s->secret, sizeof s->secret, 0) != (ssize_t)sizeof s->secret)
		return ERR_IO;
	int fd = openat(s->dir, temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (fd < 0)
		return store_error(errno);
	bool ok = write(fd, s->secret, sizeof s->secret) == (ssize_t)sizeof s->secret && fsync(fd) == 0;
	enum err err = ok ? ERR_OK : store_error(errno);
	close(fd);
	if (err == ERR_OK && (renameat(s->dir, temporary, s->dir, "secret") != 0 || fsync(s->dir) != 0))
		err = store_error(errno);
	return err;
}

static enum err load_secret(struct store *s)
{
	int fd = openat(s->dir, "secret", O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0 && errno == ENOENT)
		return s->read_only ? ERR_NOT_FOUND : make_secret(s);
	if (fd < 0)
		return store_error(errno);
	uint8_t all[STORE_SECRET + 1];
	ssize_t n = read(fd, all, sizeof all);
	close(fd);
	if (n == STORE_SECRET)
		memcpy(s->secret, all, STORE_SECRET);
	explicit_bzero(all, sizeof all);
	return n == STORE_SECRET ? ERR_OK : n < 0 ? ERR_IO : ERR_CORRUPT;
}

enum err files_open(struct store *s, const struct store_options *o)
{
	s->dir = s->segments_dir = s->lock = -1;
	s->read_only = o->read_only;
	enum err err = open_folders(s, o);
	if (err == ERR_OK)
		err = check_file_system(s->segments_dir);
	if (err == ERR_OK && !o->read_only)
		err = lock_writer(s);
	if (err == ERR_OK)
		err = load_secret(s);
	return err;
}

void files_close(struct store *s)
{
	if (s->lock >= 0)
		close(s->lock);
	if (s->segments_dir >= 0)
		close(s->segments_dir);
	if (s->dir >= 0)
		close(s->dir);
	free(s->path);
	explicit_bzero(s->secret, sizeof s->secret);
}

static int by_number(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
	return (x > y) - (x < y);
}

enum err files_list(const struct store *s, uint32_t *numbers, size_t *n)
{
	*n = 0;
	/* A descriptor of its own: the position in a folder belongs to the open file. */
	int fd = openat(s->segments_dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	if (dir == NULL) {
		enum err err = store_error(errno);
		if (fd >= 0)
			close(fd);
		return err;
	}
	enum err err = ERR_OK;
	for (struct dirent *e; err == ERR_OK && (e = readdir(dir)) != NULL;) {
		const struct span name = span_str(e->d_name), suffix = SPAN(".mdb");
		uint64_t number;
		if (!span_ends(name, suffix) || !span_u64(span_sub(name, 0, name.n - suffix.n), &number) ||
		    number > UINT32_MAX)
			continue;
		if (*n == STORE_MAX_SEGMENTS)
			err = ERR_STORE_FULL;
		else
			numbers[(*n)++] = (uint32_t)number;
	}
	closedir(dir);
	qsort(numbers, *n, sizeof *numbers, by_number);
	return err;
}

enum err files_allocate(int fd, uint64_t from, uint64_t to)
{
	if (fallocate(fd, 0, (off_t)from, (off_t)(to - from)) == 0)
		return ERR_OK;
	return errno == EOPNOTSUPP || errno == ENOSYS || errno == EINVAL ? ERR_OK : store_error(errno);
}
