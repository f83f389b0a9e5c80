#include "audit/signer/sandbox.h"

#include <errno.h>
#include <grp.h>
#include <linux/landlock.h>
#include <pwd.h>
#include <seccomp.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/log.h"

enum err sandbox_harden(void)
{
	const struct rlimit none = {0};
	if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0 || setrlimit(RLIMIT_CORE, &none) != 0 ||
	    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
		return ERR_INTERNAL;
	return ERR_OK;
}

enum err sandbox_drop(const char *user, const char *group)
{
	if (user == NULL)
		return ERR_OK;
	const struct passwd *pw = getpwnam(user);
	if (pw == NULL || pw->pw_uid == 0)
		return ERR_CONFIG;
	uid_t uid = pw->pw_uid;
	gid_t gid = pw->pw_gid;
	if (group != NULL) {
		const struct group *gr = getgrnam(group);
		if (gr == NULL)
			return ERR_CONFIG;
		gid = gr->gr_gid;
	}
	if (setgroups(0, NULL) != 0 || setresgid(gid, gid, gid) != 0 || setresuid(uid, uid, uid) != 0)
		return ERR_CONFIG;
	/* A change of user makes the process dumpable again by the system's setting. */
	if (setuid(0) == 0 || prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0)
		return ERR_INTERNAL;
	return ERR_OK;
}

/* Rights known to the first version of Landlock: enough, as every one that is not granted again is denied. */
static bool enter_landlock(int state_dir)
{
	const uint64_t all = (LANDLOCK_ACCESS_FS_MAKE_SYM << 1) - 1;
	const struct landlock_ruleset_attr attr = {.handled_access_fs = all};
	const struct landlock_path_beneath_attr rule = {
		.allowed_access = LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_WRITE_FILE |
				  LANDLOCK_ACCESS_FS_REMOVE_FILE | LANDLOCK_ACCESS_FS_MAKE_REG,
		.parent_fd = state_dir,
	};
	int fd = (int)syscall(SYS_landlock_create_ruleset, &attr, sizeof attr, 0);
	if (fd < 0)
		return false;
	bool ok = syscall(SYS_landlock_add_rule, fd, LANDLOCK_RULE_PATH_BENEATH, &rule, 0) == 0 &&
		  syscall(SYS_landlock_restrict_self, fd, 0) == 0;
	close(fd);
	return ok;
}

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define SANITIZED 1
#endif
#endif
#ifndef SANITIZED
#define SANITIZED 0 /* sanitizers make system calls of their own */
#endif

#if SANITIZED
const char *__asan_default_options(void);
/* The search for leaks traces the process, which forbids just that. */
__attribute__((visibility("default"))) const char *__asan_default_options(void)
{
	return "detect_leaks=0";
}
#endif

static bool enter_seccomp(void)
{
	static const int allowed[] = {
		SCMP_SYS(read),
		SCMP_SYS(write),
		SCMP_SYS(close),
		SCMP_SYS(accept4),
		SCMP_SYS(recvfrom),
		SCMP_SYS(sendto),
		SCMP_SYS(setsockopt),
		SCMP_SYS(ppoll),
		SCMP_SYS(poll),
		SCMP_SYS(openat),
		SCMP_SYS(renameat),
		SCMP_SYS(renameat2),
		SCMP_SYS(fsync),
		SCMP_SYS(fstat),
		SCMP_SYS(newfstatat),
		SCMP_SYS(brk),
		SCMP_SYS(mmap),
		SCMP_SYS(munmap),
		SCMP_SYS(mremap),
		SCMP_SYS(mprotect),
		SCMP_SYS(madvise),
		SCMP_SYS(futex),
		SCMP_SYS(clock_gettime),
		SCMP_SYS(getrandom),
		SCMP_SYS(rt_sigreturn),
		SCMP_SYS(rt_sigprocmask),
		SCMP_SYS(exit),
		SCMP_SYS(exit_group),
		SCMP_SYS(restart_syscall),
		SCMP_SYS(unlink),
		SCMP_SYS(getpid),
		SCMP_SYS(gettid),
	};
	scmp_filter_ctx ctx = seccomp_init(SCMP_ACT_ERRNO(EPERM));
	if (ctx == NULL)
		return false;
	bool ok = true;
	for (size_t i = 0; i < sizeof allowed / sizeof *allowed; i++)
		ok = seccomp_rule_add(ctx, SCMP_ACT_ALLOW, allowed[i], 0) == 0 && ok;
	ok = ok && seccomp_load(ctx) == 0;
	seccomp_release(ctx);
	return ok;
}

void sandbox_enter(int state_dir)
{
	if (!enter_landlock(state_dir))
		log_line(LOG_WARN, "signer-without-landlock");
	if (!SANITIZED && !enter_seccomp())
		log_line(LOG_WARN, "signer-without-seccomp");
}
