/* bailiwick-signer: alone holds the checkpoint key, and signs only what extends what it signed before. */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <stdarg.h>
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
	const char *socket, *key, *state, *user, *group, *client_group, *origin, *level;
	bool check, help;
};

static const char usage[] =
	"usage: bailiwick-signer --socket PATH --key FILE --state FILE [options]\n"
	"       bailiwick-signer --check --key FILE [--origin NAME]\n"
	"\n"
	"  --socket PATH        Unix socket to listen on (0600)\n"
	"  --key FILE           secret key, as bailiwick init wrote it; at most its group may read it\n"
	"  --state FILE         what was signed last; the user needs to write to its folder\n"
	"  --origin NAME        the log the key must be for\n"
	"  --check              only look whether the key can be used, and say what is wrong with it\n"
	"  --user NAME          drop to this user when the key is read and the socket is bound\n"
	"  --group NAME         and to this group instead of the user's own\n"
	"  --client-group NAME  members of this group may connect, too (0660)\n"
	"  --log-level LEVEL    debug, info (the default), warn or error\n"
	"  --help               this text\n";

static const char **slot_of(struct options *o, int option)
{
	switch (option) {
	case 's':
		return &o->socket;
	case 'k':
		return &o->key;
	case 't':
		return &o->state;
	case 'u':
		return &o->user;
	case 'g':
		return &o->group;
	case 'c':
		return &o->client_group;
	case 'o':
		return &o->origin;
	case 'l':
		return &o->level;
	default:
		return NULL;
	}
}

static bool parse_options(int argc, char **argv, struct options *o)
{
	static const struct option known[] = {
		{"socket", required_argument, NULL, 's'},
		{"key", required_argument, NULL, 'k'},
		{"state", required_argument, NULL, 't'},
		{"user", required_argument, NULL, 'u'},
		{"group", required_argument, NULL, 'g'},
		{"client-group", required_argument, NULL, 'c'},
		{"origin", required_argument, NULL, 'o'},
		{"log-level", required_argument, NULL, 'l'},
		{"check", no_argument, NULL, 'n'},
		{"help", no_argument, NULL, 'h'},
		{NULL, 0, NULL, 0},
	};
	enum log_level level;
	for (int c; (c = getopt_long(argc, argv, "h", known, NULL)) != -1;) {
		const char **slot = slot_of(o, c);
		if (slot != NULL)
			*slot = optarg;
		else if (c == 'n')
			o->check = true;
		else if (c == 'h')
			o->help = true;
		else
			return false;
	}
	if (o->help)
		return true;
	if (o->level != NULL && !log_parse_level(span_str(o->level), &level))
		return false;
	if (o->level != NULL)
		log_set_level(level);
	return optind == argc && o->key != NULL && (o->check || (o->socket != NULL && o->state != NULL));
}

/* For whoever set it up: on a line of its own for `bailiwick check`, else as this program's error. */
__attribute__((format(printf, 2, 3))) static void complain(const struct options *o, const char *fmt, ...)
{
	FILE *out = o->check ? stdout : stderr;
	va_list ap;
	if (!o->check)
		fputs("bailiwick-signer: ", out);
	va_start(ap, fmt);
	vfprintf(out, fmt, ap);
	va_end(ap);
	fputc('\n', out);
}

static enum err read_key(const struct options *o, struct secret *s, size_t *n)
{
	struct stat st;
	/* Secret volumes are made of symbolic links, so they are followed. */
	int fd = open(o->key, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	ssize_t got = fd < 0 ? -1 : fstat(fd, &st) == 0 ? read(fd, s->file, sizeof s->file) : -1;
	int why = errno;
	if (fd >= 0)
		close(fd);
	if (got < 0 && why == ENOENT)
		complain(o,
			 "%s is missing: restore it from your backup; only a log that is to start anew gets a new key, "
			 "from `bailiwick init`",
			 o->key);
	else if (got < 0)
		complain(o, "%s: %s; it must be a file that the user who serves may read, mode 600", o->key,
			 strerror(why));
	else if (!S_ISREG(st.st_mode))
		complain(o, "%s is not a file", o->key);
	else if ((st.st_mode & 027) != 0)
		complain(o, "%s is open to others; chmod 600 it, and think about who may have read it", o->key);
	else {
		*n = (size_t)got;
		return ERR_OK;
	}
	return got < 0 && why == ENOENT ? ERR_NOT_FOUND : got < 0 ? ERR_IO : ERR_CONFIG;
}

static enum err load_key(const struct options *o, struct secret *s)
{
	size_t n = 0;
	enum err err = read_key(o, s, &n);
	if (err != ERR_OK)
		return err;
	err = note_skey_parse(span_trim(span_of(s->file, n)), &s->key);
	const struct span name = s->key.public.name;
	if (err != ERR_OK) {
		complain(o, "%s holds no signing key; restore it from your backup", o->key);
	} else if (o->origin != NULL && !span_eq(name, span_str(o->origin))) {
		complain(o,
			 "%s is the key of the log \"%.*s\", not of \"%s\": set audit.origin to the former, or put "
			 "the latter's key there",
			 o->key, (int)name.n, (const char *)name.p, o->origin);
		err = ERR_CONFIG;
	}
	return err;
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
	enum err err = block_signals(&mask) ? load_key(o, secret) : ERR_INTERNAL;
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
	if (o.help)
		return fputs(usage, stdout) == EOF ? EXIT_FAILURE : EXIT_SUCCESS;
	umask(077);
	enum err err = sandbox_harden();
	struct secret *secret = err == ERR_OK ? secret_new() : NULL;
	if (err == ERR_OK)
		err = secret == NULL ? ERR_NOMEM : o.check ? load_key(&o, secret) : run(&o, secret);
	if (secret != NULL)
		explicit_bzero(secret, sizeof *secret);
	if (err != ERR_OK && !o.check)
		log_line(LOG_ERROR, "signer-failed", LOG_S("reason", err_reason(err)));
	return err == ERR_OK ? EXIT_SUCCESS : EXIT_FAILURE;
}
