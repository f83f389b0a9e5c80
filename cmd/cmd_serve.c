/* serve: the supervisor. It starts the signer, which alone holds the checkpoint key, and the gateway; restarts what
 * dies; passes signals on. It reads no request. */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/log.h"
#include "cmd/commands.h"
#include "cmd/gateway.h"
#include "cmd/report.h"
#include "cmd/signer_program.h"
#include "config/config.h"

enum { MAX_BACKOFF_S = 30, STOP_SECONDS = 45 };

struct child {
	const char *name;
	char *argv[16];
	pid_t pid;
	time_t started;
	unsigned backoff_s; /* before the next start */
	time_t start_at;    /* 0: running, or not wanted */
};

static time_t now_s(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec;
}

static bool spawn(struct child *c)
{
	c->pid = fork();
	if (c->pid == 0) {
		sigset_t none;
		sigemptyset(&none);
		sigprocmask(SIG_SETMASK, &none, NULL);
		prctl(PR_SET_PDEATHSIG, SIGTERM); /* nothing of ours outlives the supervisor */
		execv(c->argv[0], c->argv);
		fprintf(stderr, "bailiwick: cannot start %s: %s\n", c->argv[0], strerror(errno));
		_exit(127);
	}
	c->started = now_s();
	c->start_at = 0;
	return c->pid > 0;
}

static void plan_restart(struct child *c, int status)
{
	bool lived = now_s() - c->started > 60;
	c->backoff_s = lived || c->backoff_s == 0         ? 1
		       : c->backoff_s * 2 > MAX_BACKOFF_S ? MAX_BACKOFF_S
							  : c->backoff_s * 2;
	c->start_at = now_s() + (time_t)c->backoff_s;
	c->pid = 0;
	log_line(LOG_ERROR, "process died; it will be restarted", LOG_S("process", c->name),
		 LOG_N("signal", WIFSIGNALED(status) ? WTERMSIG(status) : 0),
		 LOG_N("exit", WIFEXITED(status) ? WEXITSTATUS(status) : 0), LOG_N("in_seconds", c->backoff_s));
}

/* The gateway alone failing at its first start is a configuration problem, not one for restarts. */
static bool gave_up_early(const struct child *gateway, int status, bool was_ready)
{
	return !was_ready && WIFEXITED(status) && WEXITSTATUS(status) != 0 && gateway->backoff_s == 0;
}

struct supervisor {
	struct child signer, gateway;
	int signals; /* signalfd */
	int ready;   /* read end of the gateway's readiness pipe */
	bool was_ready, stopping;
	time_t stop_by;
	int code;
};

static void pass_on(struct supervisor *s, int signo)
{
	if (signo == SIGTERM || signo == SIGINT) {
		s->stopping = true;
		s->stop_by = now_s() + STOP_SECONDS;
	}
	if (s->gateway.pid > 0)
		kill(s->gateway.pid, signo == SIGINT ? SIGTERM : signo);
}

static void reap(struct supervisor *s)
{
	int status;
	for (pid_t pid; (pid = waitpid(-1, &status, WNOHANG)) > 0;) {
		struct child *c = pid == s->gateway.pid ? &s->gateway : pid == s->signer.pid ? &s->signer : NULL;
		if (c == NULL)
			continue;
		if (s->stopping) {
			if (c == &s->gateway)
				s->code = WIFEXITED(status) ? WEXITSTATUS(status) : EXIT_PROBLEM;
			c->pid = 0;
		} else if (c == &s->gateway && gave_up_early(c, status, s->was_ready)) {
			c->pid = 0;
			s->stopping = true;
			s->stop_by = now_s();
			s->code = WEXITSTATUS(status);
		} else {
			plan_restart(c, status);
		}
	}
}

static void tend(struct supervisor *s)
{
	struct child *children[] = {&s->signer, &s->gateway};
	for (size_t i = 0; i < 2; i++)
		if (!s->stopping && children[i]->start_at != 0 && now_s() >= children[i]->start_at &&
		    !spawn(children[i]))
			children[i]->start_at = now_s() + 1;
	if (s->stopping && s->gateway.pid > 0 && now_s() > s->stop_by)
		kill(s->gateway.pid, SIGKILL);
	if (s->stopping && s->gateway.pid == 0 && s->signer.pid > 0)
		kill(s->signer.pid, SIGTERM); /* last: it signs the gateway's last checkpoint */
}

static void supervise(struct supervisor *s)
{
	while (!s->stopping || s->gateway.pid > 0 || s->signer.pid > 0) {
		struct pollfd fds[] = {{.fd = s->signals, .events = POLLIN}, {.fd = s->ready, .events = POLLIN}};
		int n = poll(fds, 2, 1000);
		if (n > 0 && (fds[0].revents & POLLIN) != 0) {
			struct signalfd_siginfo info;
			if (read(s->signals, &info, sizeof info) == (ssize_t)sizeof info && info.ssi_signo != SIGCHLD)
				pass_on(s, (int)info.ssi_signo);
		}
		if (n > 0 && (fds[1].revents & POLLIN) != 0) {
			char byte;
			if (read(s->ready, &byte, 1) == 1)
				s->was_ready = true;
		}
		reap(s);
		tend(s);
	}
}

static bool signals_open(struct supervisor *s)
{
	sigset_t set;
	sigemptyset(&set);
	static const int wanted[] = {SIGHUP, SIGTERM, SIGINT, SIGCHLD};
	for (size_t i = 0; i < sizeof wanted / sizeof *wanted; i++)
		sigaddset(&set, wanted[i]);
	sigprocmask(SIG_BLOCK, &set, NULL);
	s->signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	return s->signals >= 0;
}

static void join_path(char *out, size_t size, const char *folder, const char *name)
{
	snprintf(out, size, "%s/%s", folder, name);
}

static int run_supervisor(const char *config, const struct config *c, bool sandbox)
{
	static char self[4096], signer[4096], key[4096], state[4096], fd_text[16];
	struct supervisor s = {.signer.name = "signer", .gateway.name = "gateway", .code = EXIT_FINE};
	int ready[2];
	if (!program_path(NULL, self, sizeof self) || !program_path("bailiwick-signer", signer, sizeof signer) ||
	    pipe2(ready, 0) != 0 || !signals_open(&s)) {
		fprintf(stderr, "bailiwick: cannot start: %s\n", strerror(errno));
		return EXIT_UNREADABLE;
	}
	s.ready = ready[0];
	fcntl(ready[0], F_SETFD, FD_CLOEXEC);
	snprintf(fd_text, sizeof fd_text, "%d", ready[1]);
	signer_key_path(c, key, sizeof key);
	join_path(state, sizeof state, (const char *)c->audit.path.p, "signer.state");
	char *const signer_argv[] = {signer,
				     "--key",
				     key,
				     "--origin",
				     (char *)(uintptr_t)c->audit.origin.p,
				     "--state",
				     state,
				     "--socket",
				     (char *)(uintptr_t)c->audit.signer_socket.p,
				     "--log-level",
				     (char *)(uintptr_t)c->server.log_level.p,
				     NULL};
	char *const gateway_argv[] = {self,
				      "gateway",
				      "-c",
				      (char *)(uintptr_t)config,
				      "--ready-fd",
				      fd_text,
				      sandbox ? "--sandbox" : "--no-sandbox",
				      NULL};
	memcpy(s.signer.argv, signer_argv, sizeof signer_argv);
	memcpy(s.gateway.argv, gateway_argv, sizeof gateway_argv);
	if (!spawn(&s.signer) || !spawn(&s.gateway)) {
		fprintf(stderr, "bailiwick: cannot fork: %s\n", strerror(errno));
		return EXIT_PROBLEM;
	}
	supervise(&s);
	return s.code;
}

static int serve_usage(FILE *out, int code)
{
	fputs("usage: bailiwick serve -c FILE [--no-sandbox]\n\n"
	      "Runs the gateway in the foreground. SIGHUP reloads the configuration, SIGTERM drains and stops.\n"
	      "  -c, --config FILE   the configuration\n"
	      "  --no-sandbox        no seccomp, Landlock or dropping of privileges (for debugging)\n",
	      out);
	return code;
}

int cmd_serve(int argc, char **argv)
{
	static const struct option longs[] = {{"config", required_argument, NULL, 'c'},
					      {"no-sandbox", no_argument, NULL, 'n'},
					      {"help", no_argument, NULL, 'h'},
					      {0}};
	const char *file = NULL;
	bool sandbox = true;
	for (int o; (o = getopt_long(argc, argv, "c:h", longs, NULL)) != -1;) {
		if (o == 'c')
			file = optarg;
		else if (o == 'n')
			sandbox = false;
		else
			return serve_usage(o == 'h' ? stdout : stderr, o == 'h' ? EXIT_FINE : EXIT_USAGE);
	}
	if (file == NULL || optind != argc)
		return serve_usage(stderr, EXIT_USAGE);
	struct config_diag diag;
	enum err e;
	struct config *c = config_load(file, &diag, &e);
	if (c == NULL) {
		report_problem_at(diag.file, diag.line, diag.column, diag.text);
		return e == ERR_NOT_FOUND || e == ERR_IO ? EXIT_UNREADABLE : EXIT_PROBLEM;
	}
	char why[4096];
	/* Restarts mend no key; later on, a signer that cannot sign is no reason to stop. */
	bool usable = signer_check_key(c, why, sizeof why);
	if (!usable)
		fprintf(stderr, "bailiwick: %s\n", why);
	int code = usable ? run_supervisor(file, c, sandbox) : EXIT_PROBLEM;
	config_free(c);
	return code;
}

int cmd_gateway(int argc, char **argv)
{
	static const struct option longs[] = {{"config", required_argument, NULL, 'c'},
					      {"ready-fd", required_argument, NULL, 'r'},
					      {"sandbox", no_argument, NULL, 's'},
					      {"no-sandbox", no_argument, NULL, 'n'},
					      {0}};
	struct gateway_options o = {.ready_fd = -1, .sandbox = true};
	for (int c; (c = getopt_long(argc, argv, "c:", longs, NULL)) != -1;) {
		uint64_t fd;
		if (c == 'c')
			o.config = optarg;
		else if (c == 'r' && span_u64(span_str(optarg), &fd) && fd < 1024)
			o.ready_fd = (int)fd;
		else if (c == 's' || c == 'n')
			o.sandbox = c == 's';
		else
			return EXIT_USAGE;
	}
	if (o.config == NULL)
		return EXIT_USAGE;
	prctl(PR_SET_PDEATHSIG, SIGTERM);
	return gateway_run(&o);
}
