#include "cmd/sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/landlock.h>
#include <pwd.h>
#include <seccomp.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
enum { SANITIZED = 1 };
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
enum { SANITIZED = 1 };
#else
enum { SANITIZED = 0 };
#endif
#else
enum { SANITIZED = 0 };
#endif

static enum err drop(const char *user, const char *group)
{
	if (geteuid() != 0 || user == NULL)
		return ERR_OK;
	struct passwd *pw = getpwnam(user);
	struct group *gr = group != NULL ? getgrnam(group) : NULL;
	if (pw == NULL || (group != NULL && gr == NULL))
		return ERR_NOT_FOUND;
	gid_t gid = gr != NULL ? gr->gr_gid : pw->pw_gid;
	if (setgroups(0, NULL) != 0 || setresgid(gid, gid, gid) != 0 ||
	    setresuid(pw->pw_uid, pw->pw_uid, pw->pw_uid) != 0)
		return ERR_IO;
	return setuid(0) == 0 ? ERR_INTERNAL : ERR_OK; /* there must be no way back */
}

static enum err no_dumps(void)
{
	const struct rlimit none = {0, 0};
	if (setrlimit(RLIMIT_CORE, &none) != 0)
		return ERR_IO;
	if (!SANITIZED && prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0)
		return ERR_IO;
	return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 ? ERR_OK : ERR_IO;
}

/* Raw system calls: the C library of this system has no wrappers. */
static bool landlock(const struct sandbox_options *o)
{
	const uint64_t writes = LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_REMOVE_DIR |
				LANDLOCK_ACCESS_FS_REMOVE_FILE | LANDLOCK_ACCESS_FS_MAKE_CHAR |
				LANDLOCK_ACCESS_FS_MAKE_DIR | LANDLOCK_ACCESS_FS_MAKE_REG |
				LANDLOCK_ACCESS_FS_MAKE_SOCK | LANDLOCK_ACCESS_FS_MAKE_FIFO |
				LANDLOCK_ACCESS_FS_MAKE_BLOCK | LANDLOCK_ACCESS_FS_MAKE_SYM;
	struct landlock_ruleset_attr attr = {.handled_access_fs = writes};
	int set = (int)syscall(SYS_landlock_create_ruleset, &attr, sizeof attr, 0);
	bool done = set >= 0;
	for (size_t i = 0; done && i < o->n_writable; i++) {
		int fd = open(o->writable[i], O_PATH | O_CLOEXEC);
		if (fd < 0)
			continue; /* not there: nothing to write */
		struct landlock_path_beneath_attr beneath = {.allowed_access = writes, .parent_fd = fd};
		done = syscall(SYS_landlock_add_rule, set, LANDLOCK_RULE_PATH_BENEATH, &beneath, 0) == 0;
		close(fd);
	}
	done = done && syscall(SYS_landlock_restrict_self, set, 0) == 0;
	if (set >= 0)
		close(set);
	return done;
}

/* A deny list, as libraries need a wide and changing set of ordinary calls. */
static enum err filter(void)
{
	static const int denied[] = {
		SCMP_SYS(execve),
		SCMP_SYS(execveat),
		SCMP_SYS(process_vm_readv),
		SCMP_SYS(process_vm_writev),
		SCMP_SYS(kexec_load),
		SCMP_SYS(init_module),
		SCMP_SYS(finit_module),
		SCMP_SYS(delete_module),
		SCMP_SYS(mount),
		SCMP_SYS(umount2),
		SCMP_SYS(pivot_root),
		SCMP_SYS(chroot),
		SCMP_SYS(bpf),
		SCMP_SYS(perf_event_open),
		SCMP_SYS(userfaultfd),
		SCMP_SYS(keyctl),
		SCMP_SYS(add_key),
		SCMP_SYS(request_key),
		SCMP_SYS(setns),
		SCMP_SYS(unshare),
		SCMP_SYS(io_uring_setup),
		SCMP_SYS(reboot),
		SCMP_SYS(swapon),
		SCMP_SYS(open_by_handle_at),
	};
	scmp_filter_ctx ctx = seccomp_init(SCMP_ACT_ALLOW);
	if (ctx == NULL)
		return ERR_NOMEM;
	int rc = 0;
	for (size_t i = 0; rc == 0 && i < sizeof denied / sizeof *denied; i++)
		rc = seccomp_rule_add(ctx, SCMP_ACT_ERRNO(EPERM), denied[i], 0);
	if (rc == 0 && !SANITIZED)
		rc = seccomp_rule_add(ctx, SCMP_ACT_ERRNO(EPERM), SCMP_SYS(ptrace), 0);
	if (rc == 0)
		rc = seccomp_load(ctx);
	seccomp_release(ctx);
	return rc == 0 ? ERR_OK : ERR_IO;
}

enum err sandbox_enter(const struct sandbox_options *o, bool *landlocked)
{
	enum err e = drop(o->user, o->group);
	if (e == ERR_OK)
		e = no_dumps();
	if (e != ERR_OK)
		return e;
	*landlocked = landlock(o);
	return filter();
}
