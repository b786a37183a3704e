/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * system.bpf.h - what a task asks of the kernel itself: bpf, modules, mounts, namespaces, io_uring, capabilities, the
 * terminal's input; for the hooks of system.bpf.c and guard.bpf.c, and for trace.bpf.c.
 */
#ifndef CORDON_SYSTEM_BPF_H
#define CORDON_SYSTEM_BPF_H

#include "emit.bpf.h"
#include "syscall.bpf.h"

#define CAP_LINUX_IMMUTABLE 9
#define CAP_NET_ADMIN 12
#define CAP_NET_RAW 13
#define CAP_SYS_MODULE 16
#define CAP_SYS_RAWIO 17
#define CAP_SYS_CHROOT 18
#define CAP_SYS_PACCT 20
#define CAP_SYS_ADMIN 21
#define CAP_SYS_BOOT 22
#define CAP_SYS_TIME 25
#define CAP_SYS_TTY_CONFIG 26
#define CAP_AUDIT_CONTROL 30
#define CAP_MAC_OVERRIDE 32
#define CAP_MAC_ADMIN 33
#define CAP_WAKE_ALARM 35
#define CAP_AUDIT_READ 37
#define CAP_PERFMON 38
#define CAP_BPF 39
#define CAP_CHECKPOINT_RESTORE 40

/*
 * Capabilities whose use changes the machine or reaches around the other rules. Not here: what changes files (CHOWN,
 * FOWNER, MKNOD, SETFCAP..., which the file rules see), SETUID and SETGID (a root build may lower itself), KILL, NICE and
 * SYS_PTRACE (their hooks know the target), SYS_RESOURCE (own limits), SYSLOG (dmesg, which honest scripts run).
 */
#define SYSTEM_CAPS                                                                                                     \
	(1ULL << CAP_LINUX_IMMUTABLE | 1ULL << CAP_NET_ADMIN | 1ULL << CAP_NET_RAW | 1ULL << CAP_SYS_MODULE |           \
	 1ULL << CAP_SYS_RAWIO | 1ULL << CAP_SYS_CHROOT | 1ULL << CAP_SYS_PACCT | 1ULL << CAP_SYS_ADMIN |               \
	 1ULL << CAP_SYS_BOOT | 1ULL << CAP_SYS_TIME | 1ULL << CAP_SYS_TTY_CONFIG | 1ULL << CAP_AUDIT_CONTROL |         \
	 1ULL << CAP_MAC_OVERRIDE | 1ULL << CAP_MAC_ADMIN | 1ULL << CAP_WAKE_ALARM | 1ULL << CAP_AUDIT_READ |           \
	 1ULL << CAP_PERFMON | 1ULL << CAP_BPF | 1ULL << CAP_CHECKPOINT_RESTORE)

#define CLONE_NEWTIME 0x00000080
#define CLONE_NEWUSER 0x10000000
/* NEWNS, NEWCGROUP, NEWUTS, NEWIPC, NEWUSER, NEWPID, NEWNET */
#define CLONE_NEW_ANY 0x7e020000

#define TIOCSTI 0x5412
#define TIOCLINUX 0x541c
#define SIOCSIFFLAGS 0x8914
/* FS_IOC_SETFLAGS, as 32-bit programs call it too, and FS_IOC_FSSETXATTR. */
#define IOCTL_SETFLAGS 0x40086602
#define IOCTL_SETFLAGS_32 0x40046602
#define IOCTL_FSSETXATTR 0x401c5820
#define OPEN_TREE_CLONE 1

/* `detail` is for the finding: a capability's number + 1. */
static __always_inline __u32 system_ask_about(struct cordon_label *label, __u32 what, __u32 detail, __u32 backend)
{
	struct ask_object object = { .target = detail };
	struct cordon_op op = {};

	op.kind = CORDON_OP_KERNEL;
	op.what = what;
	return ask(label, &op, &object, backend);
}

#define BPF_CMD_OBJ_GET 7
#define BPF_CMD_LINK_UPDATE 29
#define BPF_CMD_LINK_GET_FD_BY_ID 30
#define BPF_CMD_LINK_DETACH 34

static __always_inline __u32 system_ask(struct cordon_label *label, __u32 what, __u32 backend)
{
	return system_ask_about(label, what, 0, backend);
}

/* The commands of bpf(2) by which one gets at our pins and links. */
static __always_inline bool guard_is_bpf_cmd(unsigned int cmd)
{
	return cmd == BPF_CMD_OBJ_GET || cmd == BPF_CMD_LINK_UPDATE || cmd == BPF_CMD_LINK_GET_FD_BY_ID ||
	       cmd == BPF_CMD_LINK_DETACH;
}

/* Keys into the terminal's input, and the console's paste. */
static __always_inline bool system_is_injection(unsigned int cmd)
{
	return cmd == TIOCSTI || cmd == TIOCLINUX;
}

/* chattr(1)'s: append-only, no copy on write, project numbers. */
static __always_inline bool system_is_chattr(unsigned int cmd)
{
	return cmd == IOCTL_SETFLAGS || cmd == IOCTL_SETFLAGS_32 || cmd == IOCTL_FSSETXATTR;
}

#endif
