#include "cmd/signer_program.h"

#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

enum { PATH_BYTES = 4096 };

bool program_path(const char *sibling, char *out, size_t size)
{
	ssize_t n = readlink("/proc/self/exe", out, size - 1);
	if (n <= 0)
		return false;
	out[n] = '\0';
	if (sibling == NULL)
		return true;
	char *slash = strrchr(out, '/');
	size_t room = size - (size_t)(slash + 1 - out);
	return (size_t)snprintf(slash + 1, room, "%s", sibling) < room;
}

void signer_key_path(const struct config *c, char *out, size_t size)
{
	snprintf(out, size, "%s/signer.key", (const char *)c->audit.path.p);
}

/* Starts it with its standard output in a pipe; the read end, or -1. */
static int start(char *const argv[], pid_t *pid)
{
	posix_spawn_file_actions_t actions;
	int ends[2];
	if (pipe2(ends, O_CLOEXEC) != 0)
		return -1;
	int rc = posix_spawn_file_actions_init(&actions);
	if (rc == 0) {
		rc = posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO);
		if (rc == 0)
			rc = posix_spawn(pid, argv[0], &actions, NULL, argv, environ);
		posix_spawn_file_actions_destroy(&actions);
	}
	close(ends[1]);
	if (rc == 0)
		return ends[0];
	close(ends[0]);
	errno = rc;
	return -1;
}

static void read_line(int fd, char *text, size_t size)
{
	size_t n = 0;
	for (ssize_t got; n + 1 < size && (got = read(fd, text + n, size - 1 - n)) > 0;)
		n += (size_t)got;
	text[n] = '\0';
	text[strcspn(text, "\n")] = '\0';
}

bool signer_check_key(const struct config *c, char *text, size_t size)
{
	char program[PATH_BYTES], key[PATH_BYTES], check[] = "--check", k[] = "--key", o[] = "--origin";
	char *const argv[] = {program, check, k, key, o, (char *)(uintptr_t)c->audit.origin.p, NULL};
	int status;
	pid_t pid;
	signer_key_path(c, key, sizeof key);
	if (!program_path("bailiwick-signer", program, sizeof program)) {
		snprintf(text, size, "bailiwick-signer has too long a path");
		return false;
	}
	int fd = start(argv, &pid);
	if (fd < 0) {
		snprintf(text, size, "cannot start %s: %s", program, strerror(errno));
		return false;
	}
	read_line(fd, text, size);
	close(fd);
	if (waitpid(pid, &status, 0) != pid)
		return false;
	if (!WIFEXITED(status) || (WEXITSTATUS(status) != EXIT_SUCCESS && text[0] == '\0'))
		snprintf(text, size, "%s failed; its own words are above", program);
	return WIFEXITED(status) && WEXITSTATUS(status) == EXIT_SUCCESS;
}
