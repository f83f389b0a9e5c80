#include "audit/keygen.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/random.h>
#include <unistd.h>

#include "audit/format/note.h"

static enum err write_key(const char *path, struct span text)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0)
		return errno == EEXIST ? ERR_CONFIG : ERR_IO;
	bool ok = write(fd, text.p, text.n) == (ssize_t)text.n && fsync(fd) == 0;
	ok = close(fd) == 0 && ok;
	if (!ok)
		unlink(path);
	return ok ? ERR_OK : ERR_IO;
}

enum err signer_keygen(const char *path, const char *origin, struct buf *vkey)
{
	struct note_skey key;
	uint8_t seed[NOTE_KEY];
	struct buf text = {0};
	if (getrandom(seed, sizeof seed, 0) != (ssize_t)sizeof seed)
		return ERR_IO;
	enum err err = note_skey_init(&key, span_str(origin), seed);
	if (err == ERR_OK) {
		note_skey_format(&key, &text);
		buf_add_byte(&text, '\n');
		err = buf_err(&text);
	}
	if (err == ERR_OK)
		err = write_key(path, buf_span(&text));
	if (err == ERR_OK) {
		note_vkey_format(&key.public, vkey);
		err = buf_err(vkey);
	}
	explicit_bzero(seed, sizeof seed);
	explicit_bzero(&key, sizeof key);
	buf_fini(&text);
	return err;
}
