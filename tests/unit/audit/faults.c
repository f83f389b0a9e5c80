#include "faults.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include <cmocka.h>

#define STANDS_IN __attribute__((visibility("default")))

enum { MAX_FILES = 16, MAX_PENDING = 4096, NAME_MAX_BYTES = 64, SECTOR = 512 };

struct pending {
	off_t at;
	size_t n;
	uint8_t *data;
};

/* One segment's file: what is certainly on the disk, and what was written since the last sync. */
struct image {
	char name[NAME_MAX_BYTES];
	uint8_t *data;
	size_t n;
	struct pending pending[MAX_PENDING];
	size_t n_pending;
};

static _Atomic int fail_write, fail_meta, fail_sync, fail_allocate;
static atomic_bool after, armed, watching, lost;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER; /* guards what follows */
static struct image images[MAX_FILES];
static size_t n_images;
static uint64_t ops_left, chance;

static uint64_t next_chance(void)
{
	chance ^= chance << 13;
	chance ^= chance >> 7;
	chance ^= chance << 17;
	return chance >> 16;
}

void faults_set(struct faults f)
{
	fail_write = f.write;
	fail_meta = f.meta;
	fail_sync = f.sync;
	fail_allocate = f.allocate;
	after = f.after;
	armed = f.write != 0 || f.meta != 0 || f.sync != 0 || f.allocate != 0;
}

/* The name of a segment's data file behind a descriptor; false if it is something else. */
static bool segment_name(int fd, char name[NAME_MAX_BYTES])
{
	char link[64], path[4096];
	snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
	ssize_t n = readlink(link, path, sizeof path - 1);
	if (n < 4)
		return false;
	path[n] = '\0';
	const char *base = strrchr(path, '/');
	if (base == NULL || strcmp(path + n - 4, ".mdb") != 0 || strlen(base + 1) >= NAME_MAX_BYTES)
		return false;
	memcpy(name, base + 1, strlen(base + 1) + 1);
	return true;
}

static bool is_synchronous(int fd)
{
	return (fcntl(fd, F_GETFL) & O_DSYNC) != 0;
}

static struct image *image_of(const char *name)
{
	for (size_t i = 0; i < n_images; i++)
		if (strcmp(images[i].name, name) == 0)
			return &images[i];
	assert_true(n_images < MAX_FILES);
	struct image *im = &images[n_images++];
	snprintf(im->name, sizeof im->name, "%s", name);
	return im;
}

static void image_write(struct image *im, off_t at, const uint8_t *data, size_t n)
{
	size_t end = (size_t)at + n;
	if (end > im->n) {
		im->data = realloc(im->data, end);
		assert_non_null(im->data);
		memset(im->data + im->n, 0, end - im->n);
		im->n = end;
	}
	memcpy(im->data + at, data, n);
}

/* Any sectors of any writes since the last sync may have reached the disk. */
static void lose_power(void)
{
	for (size_t i = 0; i < n_images; i++)
		for (size_t k = 0; k < images[i].n_pending; k++) {
			const struct pending *p = &images[i].pending[k];
			for (size_t at = 0; at < p->n; at += SECTOR)
				if (next_chance() % 2 == 0)
					image_write(&images[i], p->at + (off_t)at, p->data + at,
						    p->n - at < SECTOR ? p->n - at : SECTOR);
		}
	lost = true;
}

static void tick(void)
{
	if (!lost && ops_left-- == 0)
		lose_power();
}

static void watch_write(int fd, const char *name, off_t at, const struct iovec *iov, int count)
{
	pthread_mutex_lock(&lock);
	tick();
	struct image *im = image_of(name);
	for (int i = 0; i < count && !lost; i++) {
		if (is_synchronous(fd)) {
			image_write(im, at, iov[i].iov_base, iov[i].iov_len);
		} else {
			assert_true(im->n_pending < MAX_PENDING);
			struct pending *p = &im->pending[im->n_pending++];
			*p = (struct pending){.at = at, .n = iov[i].iov_len, .data = malloc(iov[i].iov_len)};
			assert_non_null(p->data);
			memcpy(p->data, iov[i].iov_base, p->n);
		}
		at += (off_t)iov[i].iov_len;
	}
	pthread_mutex_unlock(&lock);
}

static void forget_pending(struct image *im)
{
	for (size_t k = 0; k < im->n_pending; k++)
		free(im->pending[k].data);
	im->n_pending = 0;
}

static void watch_sync(const char *name)
{
	pthread_mutex_lock(&lock);
	tick();
	if (!lost) {
		struct image *im = image_of(name);
		for (size_t k = 0; k < im->n_pending; k++)
			image_write(im, im->pending[k].at, im->pending[k].data, im->pending[k].n);
		forget_pending(im);
	}
	pthread_mutex_unlock(&lock);
}

static int write_fault(int fd)
{
	return is_synchronous(fd) ? fail_meta : fail_write;
}

STANDS_IN ssize_t pwrite(int fd, const void *p, size_t n, off_t at)
{
	char name[NAME_MAX_BYTES];
	if ((armed || watching) && segment_name(fd, name)) {
		struct iovec iov = {.iov_len = n};
		memcpy(&iov.iov_base, &p, sizeof p);
		if (write_fault(fd) != 0) {
			if (after)
				syscall(SYS_pwrite64, fd, p, n, at);
			errno = write_fault(fd);
			return -1;
		}
		if (watching)
			watch_write(fd, name, at, &iov, 1);
	}
	return syscall(SYS_pwrite64, fd, p, n, at);
}

STANDS_IN ssize_t writev(int fd, const struct iovec *iov, int count)
{
	char name[NAME_MAX_BYTES];
	if ((armed || watching) && segment_name(fd, name)) {
		if ((errno = write_fault(fd)) != 0)
			return -1;
		if (watching)
			watch_write(fd, name, lseek(fd, 0, SEEK_CUR), iov, count);
	}
	return syscall(SYS_writev, fd, iov, count);
}

STANDS_IN int fdatasync(int fd)
{
	char name[NAME_MAX_BYTES];
	if ((armed || watching) && segment_name(fd, name)) {
		if ((errno = fail_sync) != 0)
			return -1;
		if (watching)
			watch_sync(name);
	}
	return (int)syscall(SYS_fdatasync, fd);
}

STANDS_IN int fallocate(int fd, int mode, off_t from, off_t n)
{
	if ((errno = fail_allocate) != 0)
		return -1;
	return (int)syscall(SYS_fallocate, fd, mode, from, n);
}

void power_watch(uint64_t op, uint64_t seed)
{
	ops_left = op;
	chance = seed * 2 + 1;
	lost = false;
	watching = true;
}

bool power_lost(void)
{
	return lost;
}

void power_restore(const char *folder)
{
	watching = false;
	for (size_t i = 0; i < n_images; i++) {
		char *path = NULL;
		assert_true(asprintf(&path, "%s/%s", folder, images[i].name) > 0);
		FILE *f = fopen(path, "wb");
		free(path);
		assert_non_null(f);
		assert_true(images[i].n == 0 || fwrite(images[i].data, 1, images[i].n, f) == images[i].n);
		assert_int_equal(fclose(f), 0);
		forget_pending(&images[i]);
		free(images[i].data);
		images[i] = (struct image){0};
	}
	n_images = 0;
}
