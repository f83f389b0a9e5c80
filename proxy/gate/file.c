#include "proxy/gate/file.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

enum err file_read(const char *path, size_t limit, struct buf *out)
{
	enum { STEP = 64 * 1024 };
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return errno == ENOENT ? ERR_NOT_FOUND : ERR_IO;
	enum err e = ERR_OK;
	for (;;) {
		if (out->n > limit) {
			e = ERR_LIMIT;
			break;
		}
		uint8_t *p = buf_reserve(out, STEP);
		if (p == NULL) {
			e = buf_err(out);
			break;
		}
		ssize_t n = read(fd, p, STEP);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0) {
			e = n == 0 ? ERR_OK : ERR_IO;
			break;
		}
		out->n += (size_t)n;
	}
	close(fd);
	return e;
}
