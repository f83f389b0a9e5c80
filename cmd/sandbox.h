/* What a process of ours gives up before it starts threads. */
#ifndef CMD_SANDBOX_H
#define CMD_SANDBOX_H

#include "base/err.h"

struct sandbox_options {
	const char *user, *group; /* to become, when started as root; NULL: stay */
	const char *writable[8];  /* folders that stay writable; everything else becomes read-only */
	size_t n_writable;
};

/* Drops privileges, forbids core dumps and ptrace, forbids new programs and kernel interfaces the gateway has no use
 * for (seccomp), and all writing outside the given folders (Landlock, where the kernel has it). *landlock says whether
 * it did. Sanitizer builds keep ptrace and dumps: their leak checker needs them. */
enum err sandbox_enter(const struct sandbox_options *o, bool *landlock) MUST;

#endif
