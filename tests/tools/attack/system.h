/* SPDX-License-Identifier: Apache-2.0 */
/*
 * system.h - techniques for kernel.*: each asks for something that changes the machine, in a form that changes nothing:
 * a name that it has already, a file that is not there, a value that is refused behind the question for the right.
 */
#ifndef ATTACK_SYSTEM_H
#define ATTACK_SYSTEM_H

#include "outcome.h"

#include <fcntl.h>
#include <limits.h>
#include <linux/bpf.h>
#include <linux/io_uring.h>
#include <linux/perf_event.h>
#include <net/if.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/timex.h>
#include <sys/wait.h>

#define CAP_SYS_MODULE_BIT 16
#define CAP_SYS_BOOT_BIT 22
#define CAP_SYS_TIME_BIT 25

/* Whether this process has the capability: who lacks it is told no by the kernel alone. */
static int has_capability(int bit)
{
	char line[128];
	unsigned long long held = 0;
	FILE *file = fopen("/proc/self/status", "re");

	if (!file)
		return 0;
	while (fgets(line, sizeof(line), file))
		sscanf(line, "CapEff: %llx", &held);
	fclose(file);
	return held >> bit & 1;
}

/* A number of /proc/sys, -1: there is none. */
static long sysctl_of(const char *path)
{
	FILE *file = fopen(path, "re");
	long value = -1;

	if (!file)
		return -1;
	if (fscanf(file, "%ld", &value) != 1)
		value = -1;
	fclose(file);
	return value;
}

/* A call that ends in `inert` has passed all that could forbid it. */
static int outcome_but(long ret, int inert)
{
	return ret < 0 && errno != inert ? -errno : 0;
}

static int bpf_map_create(char **args)
{
	union bpf_attr attr = { .map_type = BPF_MAP_TYPE_ARRAY, .key_size = 4, .value_size = 4, .max_entries = 1 };

	(void)args;
	return outcome_of(syscall(SYS_bpf, BPF_MAP_CREATE, &attr, sizeof(attr)));
}

static int bpf_program(char **args)
{
	static const struct bpf_insn code[] = {
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = 0, .imm = 0 },
		{ .code = BPF_JMP | BPF_EXIT },
	};
	union bpf_attr attr = { .prog_type = BPF_PROG_TYPE_SOCKET_FILTER,
				.insns = (uintptr_t)code,
				.insn_cnt = 2,
				.license = (uintptr_t) "GPL" };

	(void)args;
	return outcome_of(syscall(SYS_bpf, BPF_PROG_LOAD, &attr, sizeof(attr)));
}

/* PID, 0: itself. Counts a page fault or two. */
static int perf_open(char **args)
{
	struct perf_event_attr attr = { .type = PERF_TYPE_SOFTWARE,
					.size = sizeof(attr),
					.config = PERF_COUNT_SW_PAGE_FAULTS,
					.exclude_kernel = 1,
					.disabled = 1 };
	long fd = syscall(SYS_perf_event_open, &attr, atoi(args[0]), -1, -1, 0);

	return fd < 0 && errno == ENOSYS ? unavailable(ENOSYS) : outcome_of(fd);
}

static int module_outcome(long ret)
{
	if (ret < 0 && errno == ENOSYS)
		return unavailable(ENOSYS);
	return outcome_but(ret, ENOEXEC);
}

static int module_may(void)
{
	return has_capability(CAP_SYS_MODULE_BIT) && sysctl_of("/proc/sys/kernel/modules_disabled") <= 0;
}

static int module_memory(char **args)
{
	static const char text[4096] = "no module";

	(void)args;
	return module_may() ? module_outcome(syscall(SYS_init_module, text, sizeof(text), "")) : unavailable(EPERM);
}

/* This program: an ELF file, and no module. */
static int module_file(char **args)
{
	int fd = open("/proc/self/exe", O_RDONLY | O_CLOEXEC), r;

	(void)args;
	if (fd < 0)
		return broken(errno);
	r = module_may() ? module_outcome(syscall(SYS_finit_module, fd, "", 0)) : unavailable(EPERM);
	close(fd);
	return r;
}

static int module_delete(char **args)
{
	long ret;

	(void)args;
	if (!module_may())
		return unavailable(EPERM);
	ret = syscall(SYS_delete_module, "cordon_no_module", O_NONBLOCK);
	return ret < 0 && errno == ENOSYS ? unavailable(ENOSYS) : outcome_but(ret, ENOENT);
}

/* FOLDER of our own, made here: nobody else sees what is mounted on it, and it goes again. */
static int mount_on(const char *folder, const char *source, const char *type, unsigned long flags)
{
	if (mkdir(folder, 0700) && errno != EEXIST)
		return broken(errno);
	if (mount(source, folder, type, flags, NULL))
		return -errno;
	return umount2(folder, MNT_DETACH) ? broken(errno) : 0;
}

static int mount_tmpfs(char **args)
{
	return mount_on(args[0], "none", "tmpfs", MS_NOSUID);
}

static int mount_bind(char **args)
{
	return mount_on(args[0], args[0], NULL, MS_BIND);
}

/* FOLDER is a mount of the test's. */
static int mount_remount(char **args)
{
	return outcome_of(mount(NULL, args[0], NULL, MS_REMOUNT | MS_BIND | MS_NODEV, NULL));
}

static int mount_private(char **args)
{
	return outcome_of(mount(NULL, args[0], NULL, MS_PRIVATE, NULL));
}

static int mount_attributes(char **args)
{
	struct {
		uint64_t set, clear, propagation, userns;
	} attr = { .set = 4 /* MOUNT_ATTR_NODEV */ };
	long ret = syscall(SYS_mount_setattr, -1, args[0], 0, &attr, sizeof(attr));

	return ret < 0 && errno == ENOSYS ? unavailable(ENOSYS) : outcome_of(ret);
}

/* A copy of FOLDER's mount, put over FOLDER. */
static int mount_moved(char **args)
{
	int tree = (int)syscall(SYS_open_tree, AT_FDCWD, args[0], 1 /* OPEN_TREE_CLONE */ | O_CLOEXEC), r;

	if (tree < 0)
		return -errno;
	r = outcome_of(syscall(SYS_move_mount, tree, "", AT_FDCWD, args[0], 4 /* MOVE_MOUNT_F_EMPTY_PATH */));
	close(tree);
	if (!r && umount2(args[0], MNT_DETACH))
		return broken(errno);
	return r;
}

static int mount_new(char **args)
{
	int fs = (int)syscall(SYS_fsopen, "tmpfs", 1 /* FSOPEN_CLOEXEC */), r;

	(void)args;
	if (fs < 0)
		return -errno;
	r = outcome_of(syscall(SYS_fsconfig, fs, 6 /* FSCONFIG_CMD_CREATE */, NULL, NULL, 0));
	if (!r)
		r = outcome_of(syscall(SYS_fsmount, fs, 1 /* FSMOUNT_CLOEXEC */, 0));
	close(fs);
	return r;
}

/* The root onto itself, which no kernel does. */
static int mount_pivot(char **args)
{
	int r = outcome_of(syscall(SYS_pivot_root, "/", "/"));

	(void)args;
	return r == -EINVAL || r == -EBUSY ? 0 : r;
}

static int root_change(char **args)
{
	(void)args;
	return outcome_of(chroot("/"));
}

/* A child, so that this process stays where it is. */
static int unshare_in_child(int flags)
{
	int ends[2], outcome = OUTCOME_KILLED;
	pid_t child;

	if (pipe2(ends, O_CLOEXEC) || (child = fork()) < 0)
		return broken(errno);
	if (child == 0) {
		outcome = outcome_of(unshare(flags));
		_exit(write(ends[1], &outcome, sizeof(outcome)) == sizeof(outcome) ? 0 : 1);
	}
	close(ends[1]);
	if (read(ends[0], &outcome, sizeof(outcome)) != sizeof(outcome))
		outcome = OUTCOME_KILLED;
	close(ends[0]);
	waitpid(child, NULL, 0);
	return outcome;
}

static const struct {
	const char *name;
	int flag;
} namespaces[] = {
	{ "user", CLONE_NEWUSER }, { "mnt", CLONE_NEWNS },   { "net", CLONE_NEWNET },	    { "pid", CLONE_NEWPID },
	{ "uts", CLONE_NEWUTS },   { "ipc", CLONE_NEWIPC }, { "cgroup", CLONE_NEWCGROUP },
};

static int namespace_flag(const char *name)
{
	for (size_t i = 0; i < sizeof(namespaces) / sizeof(namespaces[0]); i++)
		if (!strcmp(name, namespaces[i].name))
			return namespaces[i].flag;
	return 0;
}

static int namespace_may(const char *name)
{
	return strcmp(name, "user") || sysctl_of("/proc/sys/user/max_user_namespaces") != 0;
}

static int namespace_unshare(char **args)
{
	return namespace_may(args[0]) ? unshare_in_child(namespace_flag(args[0])) : unavailable(EPERM);
}

/* Into the one that it is in. */
static int namespace_enter(char **args)
{
	char path[64];
	int fd, r;

	snprintf(path, sizeof(path), "/proc/self/ns/%s", args[0]);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return broken(errno);
	r = outcome_of(setns(fd, namespace_flag(args[0])));
	close(fd);
	return r;
}

static int namespace_clone(char **args)
{
	long child;

	if (!namespace_may(args[0]))
		return unavailable(EPERM);
	child = syscall(SYS_clone, namespace_flag(args[0]) | SIGCHLD, 0, 0, 0, 0);
	if (child < 0)
		return -errno;
	if (child == 0)
		_exit(0);
	waitpid((pid_t)child, NULL, 0);
	return 0;
}

static int namespace_clone3(char **args)
{
	struct {
		uint64_t flags, pidfd, child_tid, parent_tid, exit_signal, stack, stack_size, tls;
	} clone = { .flags = (uint64_t)namespace_flag(args[0]), .exit_signal = SIGCHLD };
	long child;

	if (!namespace_may(args[0]))
		return unavailable(EPERM);
	child = syscall(SYS_clone3, &clone, sizeof(clone));
	if (child < 0)
		return errno == ENOSYS ? unavailable(ENOSYS) : -errno;
	if (child == 0)
		_exit(0);
	waitpid((pid_t)child, NULL, 0);
	return 0;
}

static int ring_setup(char **args)
{
	struct io_uring_params params = { .flags = (unsigned int)atoi(args[0]) };
	long fd;

	if (sysctl_of("/proc/sys/kernel/io_uring_disabled") > 0)
		return unavailable(EPERM);
	fd = syscall(SYS_io_uring_setup, 2, &params);
	return fd < 0 && errno == ENOSYS ? unavailable(ENOSYS) : outcome_of(fd);
}

/* The name that it has. */
static int cap_hostname(char **args)
{
	char name[HOST_NAME_MAX + 1];

	(void)args;
	if (gethostname(name, sizeof(name)))
		return broken(errno);
	return outcome_of(sethostname(name, strlen(name)));
}

/* A tick that no clock has. */
static int cap_clock(char **args)
{
	struct timex change = { .modes = ADJ_TICK, .tick = 1 };

	(void)args;
	return has_capability(CAP_SYS_TIME_BIT) ? outcome_but(adjtimex(&change), EINVAL) : unavailable(EPERM);
}

/* Without the magic numbers. */
static int cap_boot(char **args)
{
	(void)args;
	return has_capability(CAP_SYS_BOOT_BIT) ? outcome_but(syscall(SYS_reboot, 0, 0, 0, NULL), EINVAL) : unavailable(EPERM);
}

static int cap_interface(char **args)
{
	struct ifreq request = { .ifr_name = "cordon-none" };
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0), r;

	(void)args;
	if (fd < 0)
		return broken(errno);
	r = outcome_but(ioctl(fd, SIOCSIFFLAGS, &request), ENODEV);
	close(fd);
	return r;
}

static int cap_swap(char **args)
{
	long ret;

	(void)args;
	ret = syscall(SYS_swapoff, "/cordon-none");
	return ret < 0 && errno == ENOSYS ? unavailable(ENOSYS) : outcome_but(ret, ENOENT);
}

static const struct technique system_techniques[] = {
	{ "bpf-map", 0, bpf_map_create }, { "bpf-prog", 0, bpf_program }, { "perf", 1, perf_open },
	{ "module-memory", 0, module_memory }, { "module-file", 0, module_file },
	{ "module-delete", 0, module_delete }, { "mount-tmpfs", 1, mount_tmpfs }, { "mount-bind", 1, mount_bind },
	{ "mount-remount", 1, mount_remount }, { "mount-private", 1, mount_private },
	{ "mount-setattr", 1, mount_attributes }, { "mount-moved", 1, mount_moved }, { "mount-new", 0, mount_new },
	{ "pivot-root", 0, mount_pivot }, { "chroot", 0, root_change }, { "unshare", 1, namespace_unshare },
	{ "setns", 1, namespace_enter }, { "clone", 1, namespace_clone }, { "clone3", 1, namespace_clone3 },
	{ "uring-setup", 1, ring_setup }, { "hostname", 0, cap_hostname }, { "clock", 0, cap_clock },
	{ "reboot-nothing", 0, cap_boot }, { "interface", 0, cap_interface }, { "swapoff", 0, cap_swap },
	{ 0 },
};

#endif
