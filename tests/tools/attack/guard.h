/* SPDX-License-Identifier: Apache-2.0 */
/*
 * guard.h - techniques for guard.tamper: whom and what to hit is always given by the caller, never searched for here,
 * so that nobody else's guard is touched.
 */
#ifndef ATTACK_GUARD_H
#define ATTACK_GUARD_H

#include "outcome.h"

#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/bpf.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <sys/ptrace.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>

static int guard_bpf(int cmd, union bpf_attr *attr)
{
	return (int)syscall(SYS_bpf, cmd, attr, sizeof(*attr));
}

/* PID SIGNAL */
static int signal_kill(char **args)
{
	return outcome_of(kill(atoi(args[0]), atoi(args[1])));
}

static int signal_tgkill(char **args)
{
	return outcome_of(syscall(SYS_tgkill, atoi(args[0]), atoi(args[0]), atoi(args[1])));
}

static int signal_queue(char **args)
{
	union sigval value = { .sival_int = 0 };

	return outcome_of(sigqueue(atoi(args[0]), atoi(args[1]), value));
}

static int signal_pidfd(char **args)
{
	int fd = (int)syscall(SYS_pidfd_open, atoi(args[0]), 0), r;

	if (fd < 0)
		return broken(errno);
	r = outcome_of(syscall(SYS_pidfd_send_signal, fd, atoi(args[1]), NULL, 0));
	close(fd);
	return r;
}

/* The target's whole group, unless this process belongs to it: then the test would hit itself. */
static int signal_group(char **args)
{
	pid_t group = getpgid(atoi(args[0]));

	if (group <= 1 || group == getpgrp())
		return broken(group < 0 ? errno : EDEADLK);
	return outcome_of(kill(-group, atoi(args[1])));
}

static int trace_seize(char **args)
{
	return outcome_of(ptrace(PTRACE_SEIZE, atoi(args[0]), NULL, NULL));
}

static int trace_attach(char **args)
{
	int pid = atoi(args[0]), status;

	if (ptrace(PTRACE_ATTACH, pid, NULL, NULL))
		return -errno;
	if (waitpid(pid, &status, __WALL) < 0 || ptrace(PTRACE_DETACH, pid, NULL, NULL))
		return broken(errno);
	return 0;
}

/* PID FILE: mem, and what else asks for the right to trace. */
static int open_proc(char **args)
{
	char path[64];
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/%s", atoi(args[0]), args[1]);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	close(fd);
	return 0;
}

/* Nothing is mapped at the address: EFAULT comes after the question whether this process may look. */
static int vm_outcome(long ret)
{
	return ret < 0 && errno != EFAULT ? -errno : 0;
}

static int vm_read(char **args)
{
	char byte;
	struct iovec own = { &byte, 1 }, other = { (void *)(uintptr_t)4096, 1 };

	return vm_outcome(process_vm_readv(atoi(args[0]), &own, 1, &other, 1, 0));
}

static int vm_write(char **args)
{
	char byte = 0;
	struct iovec own = { &byte, 1 }, other = { (void *)(uintptr_t)4096, 1 };

	return vm_outcome(process_vm_writev(atoi(args[0]), &own, 1, &other, 1, 0));
}

/* The guard's own descriptors are its maps. */
static int steal_fd(char **args)
{
	int pidfd = (int)syscall(SYS_pidfd_open, atoi(args[0]), 0), fd;

	if (pidfd < 0)
		return broken(errno);
	fd = (int)syscall(SYS_pidfd_getfd, pidfd, 0, 0);
	close(pidfd);
	return outcome_of(fd);
}

static int pin_get(char **args)
{
	union bpf_attr attr = { .pathname = (uintptr_t)args[0] };

	return outcome_of(guard_bpf(BPF_OBJ_GET, &attr));
}

/* Every map, program or link that the kernel knows. Unguarded root may open all of them, so one refusal is the guard's;
 * without any object there is nothing to try. */
static int by_id(int next_cmd, int get_cmd)
{
	union bpf_attr attr;
	uint32_t id = 0;
	int fd, opened = 0;

	for (;;) {
		memset(&attr, 0, sizeof(attr));
		attr.start_id = id;
		if (guard_bpf(next_cmd, &attr))
			break;
		id = attr.next_id;
		memset(&attr, 0, sizeof(attr));
		attr.map_id = id; /* first in its union, as prog_id and link_id are */
		fd = guard_bpf(get_cmd, &attr);
		if (fd < 0 && errno != ENOENT)
			return -errno;
		if (fd >= 0) {
			opened++;
			close(fd);
		}
	}
	if (errno != ENOENT)
		return -errno;
	return opened ? 0 : unavailable(ENOENT);
}

static int map_by_id(char **args)
{
	(void)args;
	return by_id(BPF_MAP_GET_NEXT_ID, BPF_MAP_GET_FD_BY_ID);
}

static int prog_by_id(char **args)
{
	(void)args;
	return by_id(BPF_PROG_GET_NEXT_ID, BPF_PROG_GET_FD_BY_ID);
}

static int link_by_id(char **args)
{
	(void)args;
	return by_id(BPF_LINK_GET_NEXT_ID, BPF_LINK_GET_FD_BY_ID);
}

static int path_unlink(char **args)
{
	return outcome_of(unlink(args[0]));
}

/* OLD NEW, and back again. */
static int path_rename(char **args)
{
	if (rename(args[0], args[1]))
		return -errno;
	return rename(args[1], args[0]) ? broken(errno) : 0;
}

static int path_umount(char **args)
{
	return outcome_of(umount2(args[0], 0));
}

static int path_detach(char **args)
{
	return outcome_of(umount2(args[0], MNT_DETACH));
}

static int open_write(char **args)
{
	int fd = open(args[0], O_WRONLY | O_APPEND | O_CLOEXEC);

	if (fd < 0)
		return -errno;
	close(fd);
	return 0;
}

/* To the length that it has: the content stays, the right to change it is what is tried. */
static int path_truncate(char **args)
{
	struct stat st;

	if (stat(args[0], &st))
		return broken(errno);
	return outcome_of(truncate(args[0], st.st_size));
}

/* A new file, taken away again. */
static int path_create(char **args)
{
	int fd = open(args[0], O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

	if (fd < 0)
		return -errno;
	close(fd);
	return unlink(args[0]) ? broken(errno) : 0;
}

/*
 * No attack: what the twin attacks instead of a guard. Pins a map, a program and a link in FOLDER (a bpffs). The
 * program does nothing, on a tracepoint that next to never fires.
 */
static int stand_in(char **args)
{
	static const struct bpf_insn code[] = {
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = 0, .imm = 0 },
		{ .code = BPF_JMP | BPF_EXIT },
	};
	union bpf_attr map = { .map_type = BPF_MAP_TYPE_ARRAY, .key_size = 4, .value_size = 4, .max_entries = 1 };
	union bpf_attr prog = { .prog_type = BPF_PROG_TYPE_RAW_TRACEPOINT,
				.insns = (uintptr_t)code,
				.insn_cnt = 2,
				.license = (uintptr_t) "GPL" };
	union bpf_attr link = { 0 }, pin;
	static const char *const names[] = { "map", "prog", "link" };
	char path[PATH_MAX];
	int fds[3];

	fds[0] = guard_bpf(BPF_MAP_CREATE, &map);
	fds[1] = guard_bpf(BPF_PROG_LOAD, &prog);
	link.raw_tracepoint.name = (uintptr_t) "sched_process_hang";
	link.raw_tracepoint.prog_fd = (uint32_t)fds[1];
	fds[2] = guard_bpf(BPF_RAW_TRACEPOINT_OPEN, &link);
	for (int i = 0; i < 3; i++) {
		if (fds[i] < 0)
			return broken(errno);
		snprintf(path, sizeof(path), "%s/%s", args[0], names[i]);
		memset(&pin, 0, sizeof(pin));
		pin.pathname = (uintptr_t)path;
		pin.bpf_fd = (uint32_t)fds[i];
		if (guard_bpf(BPF_OBJ_PIN, &pin))
			return broken(errno);
	}
	return 0;
}

static const struct technique guard_techniques[] = {
	{ "kill", 2, signal_kill },	     { "tgkill", 2, signal_tgkill },	{ "sigqueue", 2, signal_queue },
	{ "pidfd-signal", 2, signal_pidfd }, { "kill-group", 2, signal_group }, { "seize", 1, trace_seize },
	{ "attach", 1, trace_attach },	     { "open-proc", 2, open_proc },	{ "vm-read", 1, vm_read },
	{ "vm-write", 1, vm_write },	     { "steal-fd", 1, steal_fd },	{ "pin-get", 1, pin_get },
	{ "map-by-id", 0, map_by_id },	     { "prog-by-id", 0, prog_by_id },	{ "link-by-id", 0, link_by_id },
	{ "unlink", 1, path_unlink },	     { "rename", 2, path_rename },	{ "umount", 1, path_umount },
	{ "detach", 1, path_detach },	     { "open-write", 1, open_write },	{ "truncate", 1, path_truncate },
	{ "create", 1, path_create },	     { "stand-in", 1, stand_in },	{ 0 },
};

#endif
