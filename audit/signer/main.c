/* bailiwick-signer: alone holds the checkpoint key, and signs only what extends what it signed before. */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "audit/signer/sandbox.h"
#include "audit/signer/serve.h"
#include "base/log.h"

enum { EXIT_USAGE = 2, KEY_FILE_MAX = 2048 };

static volatile sig_atomic_t stop;

/* In its own mapping, which is locked, kept out of dumps and wiped. */
struct secret {
	struct note_skey key;
	char file[KEY_FILE_MAX]; /* the key's name points into it */
};

struct options {
	const char *socket, *key, *state, *user, *group, *client_group;
};

static const char usage[] =
	"usage: bailiwick-signer --socket PATH --key FILE --state FILE [options]\n"
	"\n"
	"  --socket PATH        Unix socket to listen on (0600)\n"
	"  --key FILE           secret key, as bailiwick init wrote it; at most its group may read it\n"
	"  --state FILE         what was signed last; the user needs to write to its folder\n"
	"  --user NAME          drop to this user when the key is read and the socket is bound\n"
	"  --group NAME         and to this group instead of the user's own\n"
	"  --client-group NAME  members of this group may connect, too (0660)\n";

static bool parse_options(int argc, char **argv, struct options *o)
{
	static const struct option known[] = {
		{"socket", required_argument, NULL, 's'},
		{"key", required_argument, NULL, 'k'},
		{"state", required_argument, NULL, 't'},
		{"user", required_argument, NULL, 'u'},
		{"group", required_argument, NULL, 'g'},
		{"client-group", required_argument, NULL, 'c'},
		{NULL, 0, NULL, 0},
	};
	for (int c; (c = getopt_long(argc, argv, "", known, NULL)) != -1;) {
		const char **slot = c == 's'   ? &o->socket
				    : c == 'k' ? &o->key
				    : c == 't' ? &o->state
				    : c == 'u' ? &o->user
				    : c == 'g' ? &o->group
				    : c == 'c' ? &o->client_group
					       : NULL;
		if (slot == NULL)
			return false;
		*slot = optarg;
	}
	return optind == argc && o->socket != NULL && o->key != NULL && o->state != NULL;
}

static enum err load_key(const char *path, struct secret *s)
{
	struct stat st;
	/* Secret volumes are made of symbolic links, so they are followed. */
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return ERR_NOT_FOUND;
	ssize_t n = fstat(fd, &st) == 0 ? read(fd, s->file, sizeof s->file) : -1;
	close(fd);
	if (n < 0)
		return ERR_IO;
	if (!S_ISREG(st.st_mode) || (st.st_mode & 027) != 0) {
		log_line(LOG_ERROR, "signer-key-readable-by-others");
		return ERR_CONFIG;
	}
	return note_skey_parse(span_trim(span_of(s->file, (size_t)n)), &s->key);
}

static struct secret *secret_new(void)
{
	void *p = mmap(NULL, sizeof(struct secret), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (p == MAP_FAILED)
		return NULL;
	if (mlock(p, sizeof(struct secret)) != 0 || madvise(p, sizeof(struct secret), MADV_DONTDUMP) != 0)
		log_line(LOG_WARN, "signer-key-memory-not-locked");
	return p;
}

static void on_signal(int signal)
{
	(void)signal;
	stop = 1;
}

/* Signals come only while waiting for a caller, so that none interrupts persisting or signing. */
static bool block_signals(sigset_t *before)
{
	const struct sigaction action = {.sa_handler = on_signal};
	sigset_t set;
	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	return sigprocmask(SIG_BLOCK, &set, before) == 0 && sigaction(SIGTERM, &action, NULL) == 0 &&
	       sigaction(SIGINT, &action, NULL) == 0;
}

static enum err run(const struct options *o, struct secret *secret)
{
	struct state state;
	int listener = -1;
	sigset_t mask;
	/* Before anybody can connect: who asks it to end must not find it without a handler. */
	enum err err = block_signals(&mask) ? load_key(o->key, secret) : ERR_INTERNAL;
	if (err == ERR_OK)
		err = serve_listen(o->socket, o->client_group, &listener);
	if (err == ERR_OK)
		err = sandbox_drop(o->user, o->group);
	if (err == ERR_OK)
		err = state_open(&state, o->state, secret->key.public.name);
	/* To know now, not at the first checkpoint, whether it can be written. */
	if (err == ERR_OK)
		err = state_save(&state, &state.last);
	if (err == ERR_OK) {
		sandbox_enter(state.dir);
		log_line(LOG_INFO, "signer-ready", LOG_N("signed", state.last.size));
		serve(listener, &secret->key, &state, &stop, &mask);
	}
	if (listener >= 0)
		close(listener);
	return err;
}

int main(int argc, char **argv)
{
	struct options o = {0};
	if (!parse_options(argc, argv, &o)) {
		fputs(usage, stderr);
		return EXIT_USAGE;
	}
	umask(077);
	enum err err = sandbox_harden();
	struct secret *secret = err == ERR_OK ? secret_new() : NULL;
	if (err == ERR_OK)
		err = secret != NULL ? run(&o, secret) : ERR_NOMEM;
	if (secret != NULL)
		explicit_bzero(secret, sizeof *secret);
	if (err != ERR_OK)
		log_line(LOG_ERROR, "signer-failed", LOG_S("reason", err_reason(err)));
	return err == ERR_OK ? EXIT_SUCCESS : EXIT_FAILURE;
}
