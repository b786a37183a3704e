/* SPDX-License-Identifier: Apache-2.0 */
#include "artifact/sandbox.h"

#include "base/cleanup.h"

#include <cap-ng.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/landlock.h>
#include <linux/seccomp.h>
#include <seccomp.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>

/* nobody and nogroup, also where no list of users has them. */
#define SANDBOX_ID 65534
/* A filter of this many calls has some hundred bytes. */
#define FILTER_MAX 4096

static int set_limit(int resource, uint64_t value)
{
	const struct rlimit limit = { .rlim_cur = value, .rlim_max = value };

	return setrlimit((__rlimit_resource_t)resource, &limit) ? -errno : 0;
}

/* Bounds go while there still is CAP_SETPCAP, which goes with the ids. */
static int drop_ids(void)
{
	if (capng_have_capability(CAPNG_EFFECTIVE, CAP_SETPCAP)) {
		capng_clear(CAPNG_SELECT_BOUNDS);
		if (capng_apply(CAPNG_SELECT_BOUNDS))
			return -EPERM;
	}
	if (!capng_have_capability(CAPNG_EFFECTIVE, CAP_SETUID) || !capng_have_capability(CAPNG_EFFECTIVE, CAP_SETGID))
		return 0;
	/* EPERM: a user namespace where groups may not be given up. EINVAL: one without such an id. */
	if (setgroups(0, NULL) && errno != EPERM)
		return -errno;
	if (setresgid(SANDBOX_ID, SANDBOX_ID, SANDBOX_ID) && errno != EINVAL)
		return -errno;
	if (setresuid(SANDBOX_ID, SANDBOX_ID, SANDBOX_ID) && errno != EINVAL)
		return -errno;
	return 0;
}

static int drop_capabilities(void)
{
	capng_clear(CAPNG_SELECT_CAPS);
	if (capng_apply(CAPNG_SELECT_CAPS))
		return -EPERM;
	if (prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0))
		return -errno;
	/* Asked of the kernel again, not of what was asked for. */
	if (capng_get_caps_process())
		return -EPERM;
	return capng_have_capabilities(CAPNG_SELECT_CAPS) == CAPNG_NONE ? 0 : -EPERM;
}

/* Every right of the kernel's own version is handled, and none is given. Build hosts' headers know fewer. */
static int drop_files(void)
{
	static const struct {
		uint64_t files, net, scoped;
	} rights[] = {
		{ 0x1fff, 0, 0 }, { 0x3fff, 0, 0 }, { 0x7fff, 0, 0 },
		{ 0x7fff, 3, 0 }, { 0xffff, 3, 0 }, { 0xffff, 3, 3 },
	};
	long version = syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);
	_cleanup_close_ int fd = -1;

	if (version < 0)
		return errno == ENOSYS || errno == EOPNOTSUPP ? 0 : -errno;
	if (version < 1)
		return 0;
	if ((size_t)version > ARRAY_SIZE(rights))
		version = ARRAY_SIZE(rights);
	fd = (int)syscall(SYS_landlock_create_ruleset, &rights[version - 1], sizeof(rights[0]), 0);
	if (fd < 0)
		return -errno;
	return syscall(SYS_landlock_restrict_self, fd, 0) ? -errno : 0;
}

/* Of a child. Memory: anonymous, never executable. Writing: the answer. */
static int filter_rules(scmp_filter_ctx filter)
{
	static const int calls[] = {
		SCMP_SYS(read),
		SCMP_SYS(pread64),
		SCMP_SYS(lseek),
		SCMP_SYS(close),
		SCMP_SYS(brk),
		SCMP_SYS(munmap),
		SCMP_SYS(mremap),
		SCMP_SYS(madvise),
		SCMP_SYS(futex),
		SCMP_SYS(getrandom),
		SCMP_SYS(exit),
		SCMP_SYS(exit_group),
		SCMP_SYS(rt_sigreturn),
		SCMP_SYS(restart_syscall),
		SCMP_SYS(clock_gettime),
#ifdef __SANITIZE_ADDRESS__
		/* What a report of the sanitizer's takes: it maps and reads the program, and writes to stderr. */
		SCMP_SYS(openat),
		SCMP_SYS(readlink),
		SCMP_SYS(newfstatat),
		SCMP_SYS(fstat),
		SCMP_SYS(write),
		SCMP_SYS(mmap),
		SCMP_SYS(mprotect),
		SCMP_SYS(getpid),
		SCMP_SYS(gettid),
		SCMP_SYS(sigaltstack),
		SCMP_SYS(rt_sigaction),
		SCMP_SYS(rt_sigprocmask),
		SCMP_SYS(prctl),
		SCMP_SYS(getrlimit),
		SCMP_SYS(prlimit64),
		SCMP_SYS(sched_yield),
		SCMP_SYS(uname),
		SCMP_SYS(ioctl),
		SCMP_SYS(dup),
		SCMP_SYS(getrusage),
		SCMP_SYS(sched_getaffinity),
		SCMP_SYS(tgkill),
#ifdef __x86_64__
		SCMP_SYS(open),
		SCMP_SYS(stat),
		SCMP_SYS(lstat),
#endif
#endif
	};
	int r = 0;

	for (size_t i = 0; !r && i < ARRAY_SIZE(calls); i++)
		r = seccomp_rule_add(filter, SCMP_ACT_ALLOW, calls[i], 0);
#ifndef __SANITIZE_ADDRESS__
	if (!r)
		r = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(write), 1, SCMP_A0(SCMP_CMP_EQ, SANDBOX_CHANNEL));
	if (!r)
		r = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(mmap), 2,
				     SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0),
				     SCMP_A3(SCMP_CMP_MASKED_EQ, MAP_ANONYMOUS, MAP_ANONYMOUS));
	if (!r)
		r = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(mprotect), 1,
				     SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0));
#endif
	return r;
}

/* Made once: libseccomp takes longer for it than a child takes for a small wheel. */
static int filter_make(struct sandbox *ret)
{
	scmp_filter_ctx filter = seccomp_init(SCMP_ACT_KILL_PROCESS);
	_cleanup_close_ int fd = memfd_create("filter", MFD_CLOEXEC);
	_cleanup_free_ struct sock_filter *program = malloc(FILTER_MAX * sizeof(*program));
	ssize_t n;
	int r = !filter || !program ? -ENOMEM : fd < 0 ? -errno : 0;

	if (!r)
		r = seccomp_attr_set(filter, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_KILL_PROCESS);
	if (!r)
		r = filter_rules(filter);
	if (!r)
		r = seccomp_export_bpf(filter, fd);
	seccomp_release(filter);
	if (r)
		return r;
	n = pread(fd, program, FILTER_MAX * sizeof(*program), 0);
	if (n <= 0 || (size_t)n % sizeof(*program) || (size_t)n == FILTER_MAX * sizeof(*program))
		return -EFBIG;
	ret->filter.len = (unsigned short)((size_t)n / sizeof(*program));
	ret->filter.filter = TAKE_PTR(program);
	return 0;
}

static int program_size(uint64_t *ret)
{
	_cleanup_fclose_ FILE *f = fopen("/proc/self/statm", "re");
	unsigned long long pages;

	if (!f || fscanf(f, "%llu", &pages) != 1)
		return -EIO;
	*ret = pages * (uint64_t)sysconf(_SC_PAGESIZE);
	return 0;
}

int sandbox_server(struct sandbox *ret)
{
	struct sandbox sandbox = { 0 };
	int r = program_size(&sandbox.program);

	if (!r)
		r = filter_make(&sandbox);
	if (!r && capng_get_caps_process())
		r = -EPERM;
	/* Forks count for all processes of the id together, whoever else has it. Where it cannot be, a fork may fail.
	 */
	if (!r)
		set_limit(RLIMIT_NPROC, RLIM_INFINITY);
	if (!r)
		r = drop_ids();
	if (!r)
		r = drop_capabilities();
	if (!r && prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
		r = -errno;
	/* Changed ids do that already, but not everywhere are they changed. */
	if (!r && prctl(PR_SET_DUMPABLE, 0, 0, 0, 0))
		r = -errno;
	if (!r)
		r = drop_files();
	if (r)
		free(sandbox.filter.filter);
	else
		*ret = sandbox;
	return r;
}

int sandbox_child(const struct sandbox *sandbox, const struct artifact_limits *limits)
{
	const struct rlimit cpu = { .rlim_cur = limits->cpu_s, .rlim_max = (rlim_t)limits->cpu_s + 1 };
	int r = 0;

#ifndef __SANITIZE_ADDRESS__ /* which takes terabytes of addresses */
	r = set_limit(RLIMIT_AS, sandbox->program + limits->memory);
#endif
	/* The soft one is SIGXCPU, which answers. */
	if (!r && setrlimit(RLIMIT_CPU, &cpu))
		r = -errno;
	if (!r)
		r = set_limit(RLIMIT_FSIZE, 0);
	if (!r)
		r = set_limit(RLIMIT_CORE, 0);
	if (!r)
		r = set_limit(RLIMIT_NOFILE, SANDBOX_CHANNEL + 1);
	if (!r)
		r = set_limit(RLIMIT_NPROC, 0);
	if (!r && syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &sandbox->filter))
		r = -errno;
	return r;
}
