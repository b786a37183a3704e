/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * trace.bpf.c - the backend for kernels that refuse trampolines: system calls seen at their enter and exit.
 *
 * It contains by ending: SIGKILL to a labelled task, which a call that has begun still carries out. So what can be judged
 * after the call, before the task's next instruction, is: an open leaves a descriptor, and that is a struct file, judged
 * as in the hooks. What cannot is judged from the arguments. The network is cgroup.bpf.c's where the session has a
 * cgroup2; here come only sockets that belong to another one, and sessions without.
 */
#include "admit.bpf.h"
#include "file.bpf.h"
#include "net.bpf.h"
#include "syscall.bpf.h"
#include "trace.proc.bpf.h"

char _license[] SEC("license") = "Dual BSD/GPL";

static __noinline struct file *trace_file(int fd)
{
	struct task_struct *task = (void *)bpf_get_current_task();
	struct fdtable *fdt = BPF_CORE_READ(task, files, fdt);
	struct file **array = BPF_CORE_READ(fdt, fd);
	struct file *file = NULL;

	if (fd < 0 || (__u32)fd >= BPF_CORE_READ(fdt, max_fds))
		return NULL;
	bpf_probe_read_kernel(&file, sizeof(file), array + fd);
	return file;
}

/* The socket behind a descriptor, where cgroup.bpf.c does not answer for it: NULL for all else. */
static __noinline struct socket *trace_socket(struct cordon_label *label, int fd)
{
	struct file *file = trace_file(fd);
	struct cordon_session *session;
	struct socket *sock;
	__u64 cgroup;

	if (!label || !file || (BPF_CORE_READ(file, f_inode, i_mode) & S_IFMT) != S_IFSOCK)
		return NULL;
	sock = BPF_CORE_READ(file, private_data);
	session = task_session(label);
	if (session && session->cgroup) {
		cgroup = BPF_CORE_READ(sock, sk, sk_cgrp_data.cgroup, kn, id);
		if (cgroup == session->cgroup)
			return NULL;
	}
	return sock;
}

static __always_inline void trace_read_addr(struct user_sockaddr *to, __u64 from, int len)
{
	__builtin_memset(to, 0, sizeof(*to));
	if (len >= SOCKADDR_IN6_LEN)
		bpf_probe_read_user(to, SOCKADDR_IN6_LEN, (void *)from);
	else if (len >= SOCKADDR_IN_LEN)
		bpf_probe_read_user(to, SOCKADDR_IN_LEN, (void *)from);
	else if (len >= (int)sizeof(to->family))
		bpf_probe_read_user(&to->family, sizeof(to->family), (void *)from);
}

static __noinline void trace_addr(struct cordon_label *label, __u32 kind, int fd, __u64 from, int len)
{
	struct socket *sock = trace_socket(label, fd);
	struct user_sockaddr addr;

	if (!sock)
		return;
	trace_read_addr(&addr, from, len);
	trace_end(net_ask_addr(label, kind, sock, &addr, len, TRACE));
}

static __noinline void trace_listen(struct cordon_label *label, int fd)
{
	struct file *file = trace_file(fd);

	/* No cgroup program sees listen(2). */
	if (label && file && (BPF_CORE_READ(file, f_inode, i_mode) & S_IFMT) == S_IFSOCK)
		trace_end(net_ask_listen(label, BPF_CORE_READ(file, private_data), TRACE));
}

static __noinline void trace_send(struct cordon_label *label, int fd, __u64 from, int len)
{
	struct socket *sock = trace_socket(label, fd);
	struct user_sockaddr addr;

	if (!sock)
		return;
	if (!from) {
		trace_end(net_ask_send(label, sock, NULL, 0, TRACE));
		return;
	}
	trace_read_addr(&addr, from, len);
	trace_end(net_ask_send(label, sock, &addr, len, TRACE));
}

static __noinline void trace_sendmsg(struct cordon_label *label, int fd, __u64 from)
{
	struct user_msghdr msg = {};

	bpf_probe_read_user(&msg, sizeof(msg), (void *)from);
	trace_send(label, fd, msg.name, msg.namelen);
}

/* The first messages are judged; a batch longer than that on such a socket is no honest one, so it counts as a send to
 * an address that nothing grants. */
#define TRACE_BATCH 8

/* Apart, for the stack that it takes. */
static __noinline void trace_send_nowhere(struct cordon_label *label, struct socket *sock)
{
	struct user_sockaddr nowhere = { .family = CORDON_AF_INET };

	if (label && sock)
		trace_end(net_ask_send(label, sock, &nowhere, SOCKADDR_IN_LEN, TRACE));
}

static __noinline void trace_sendmmsg(struct cordon_label *label, int fd, __u64 from, __u32 count)
{
	struct socket *sock = trace_socket(label, fd);
	__u32 i;

	if (!sock)
		return;
	for (i = 0; i < TRACE_BATCH; i++) {
		if (i >= count)
			return;
		trace_sendmsg(label, fd, from + i * sizeof(struct user_mmsghdr));
	}
	if (count > TRACE_BATCH)
		trace_send_nowhere(label, sock);
}

static __noinline void trace_guard(struct cordon_label *label, __u32 kind)
{
	struct ask_object object = {};
	struct cordon_op op = {};

	if (!label)
		return;
	op.kind = kind;
	op.guard = 1;
	trace_end(ask(label, &op, &object, TRACE));
}

/* Pins by their usual path. A relative one is not followed here: the controller holds every link by descriptor too, so
 * a pin that goes takes nothing with it. */
static __noinline void trace_pin_path(struct cordon_label *label, __u32 kind, __u64 from)
{
	static const char where[] = "/sys/fs/bpf";
	char path[sizeof(where)] = {};
	int i;

	bpf_probe_read_user_str(path, sizeof(path), (void *)from);
	for (i = 0; i < (int)sizeof(where) - 1; i++)
		if (path[i] != where[i])
			return;
	trace_guard(label, kind);
}

/* Calls on other processes, and on the file system of the pins. For every labelled task, the user's own shell too: the
 * guard is nobody's. */
static __always_inline void trace_enter_guard(struct cordon_label *label, struct pt_regs *regs, long nr)
{
	switch (nr) {
	case NR_kill:
		trace_kill(label, SYS_ARG1(regs), SYS_ARG2(regs));
		break;
	case NR_tkill:
	case NR_rt_sigqueueinfo:
		trace_process(label, CORDON_OP_SIGNAL, SYS_ARG1(regs), SYS_ARG2(regs));
		break;
	case NR_tgkill:
	case NR_rt_tgsigqueueinfo:
		trace_process(label, CORDON_OP_SIGNAL, SYS_ARG1(regs), SYS_ARG3(regs));
		break;
	case NR_pidfd_send_signal:
		trace_pidfd(label, CORDON_OP_SIGNAL, trace_file(SYS_ARG1(regs)), SYS_ARG2(regs));
		break;
	case NR_pidfd_getfd:
		trace_pidfd(label, CORDON_OP_TRACE, trace_file(SYS_ARG1(regs)), 0);
		break;
	case NR_ptrace:
		if (SYS_ARG1(regs) == PTRACE_ATTACH || SYS_ARG1(regs) == PTRACE_SEIZE)
			trace_process(label, CORDON_OP_TRACE, SYS_ARG2(regs), 0);
		else if (SYS_ARG1(regs) == PTRACE_TRACEME)
			trace_me(label);
		break;
	case NR_process_vm_readv:
	case NR_process_vm_writev:
		trace_process(label, CORDON_OP_TRACE, SYS_ARG1(regs), 0);
		break;
	case NR_umount2:
		trace_pin_path(label, CORDON_OP_UMOUNT, SYS_ARG1(regs));
		break;
	default:
		trace_limits(label, regs, nr);
	}
}

static __always_inline void trace_enter_rest(struct cordon_label *label, struct pt_regs *regs, long nr)
{
	switch (nr) {
	case NR_socket:
	case NR_socketpair:
		trace_end(net_ask_socket(label, SYS_ARG1(regs), SYS_ARG2(regs), SYS_ARG3(regs), TRACE));
		break;
	case NR_connect:
		trace_addr(label, CORDON_OP_CONNECT, SYS_ARG1(regs), SYS_ARG2(regs), SYS_ARG3(regs));
		break;
	case NR_bind:
		trace_addr(label, CORDON_OP_BIND, SYS_ARG1(regs), SYS_ARG2(regs), SYS_ARG3(regs));
		break;
	case NR_listen:
		trace_listen(label, SYS_ARG1(regs));
		break;
	case NR_sendto:
		trace_send(label, SYS_ARG1(regs), SYS_ARG5(regs), SYS_ARG6(regs));
		break;
	case NR_sendmsg:
		trace_sendmsg(label, SYS_ARG1(regs), SYS_ARG2(regs));
		break;
	case NR_sendmmsg:
		trace_sendmmsg(label, SYS_ARG1(regs), SYS_ARG2(regs), SYS_ARG3(regs));
		break;
	case NR_write:
	case NR_writev:
	case NR_sendfile:
		trace_send(label, SYS_ARG1(regs), 0, 0);
		break;
	case NR_splice:
		trace_send(label, SYS_ARG3(regs), 0, 0);
		break;
	case NR_unlink:
	case NR_rmdir:
	case NR_rename:
		trace_pin_path(label, CORDON_OP_BPF, SYS_ARG1(regs));
		break;
	case NR_unlinkat:
	case NR_renameat:
	case NR_renameat2:
		trace_pin_path(label, CORDON_OP_BPF, SYS_ARG2(regs));
		break;
	}
}

/* A call by a number that this program does not read. */
static __always_inline bool trace_is_foreign(long nr)
{
	struct task_struct *task = (void *)bpf_get_current_task();

	if (nr & X32_BIT)
		return true;
	return TS_COMPAT && (BPF_CORE_READ(task, thread_info.status) & TS_COMPAT);
}

/* Made to share its parent's descriptors or memory, and no vfork, whose parent sleeps until the exec. */
static __always_inline bool trace_is_sibling(struct cordon_label *label)
{
	struct task_struct *task = (void *)bpf_get_current_task();

	return (label->flags & CORDON_LABEL_SHARED) && !BPF_CORE_READ(task, group_leader, vfork_done);
}

/* Apart, for the stack that it takes. */
static __noinline void trace_abi(struct cordon_label *label)
{
	struct cordon_op op = { .kind = CORDON_OP_ABI };
	struct ask_object object = {};

	if (label)
		trace_end(ask(label, &op, &object, TRACE));
}

SEC("?tp_btf/sys_enter")
int BPF_PROG(cordon_t_enter, struct pt_regs *regs, long nr)
{
	struct cordon_label *label = task_label();

	if (!label)
		return 0;
	if ((label->flags & CORDON_LABEL_HELD) || task_is_doomed(label)) {
		task_admit(label);
		return 0;
	}
	trace_enter_guard(label, regs, nr);
	if (label->role == CORDON_ROLE_ROOT)
		return 0;
	if (label->role >= CORDON_ROLE_HELPER && (trace_is_foreign(nr) || trace_is_sibling(label))) {
		trace_abi(label);
		return 0;
	}
	trace_enter_system(label, regs, nr);
	trace_enter_rest(label, regs, nr);
	return 0;
}

SEC("?tp_btf/sys_exit")
int BPF_PROG(cordon_t_exit, struct pt_regs *regs, long ret)
{
	struct cordon_label *label = task_label();
	struct file *file;
	__u64 address;

	if (!label)
		return 0;
	/* A process that must not be comes by here before its first instruction. */
	if (task_is_doomed(label)) {
		bpf_send_signal(SIGKILL);
		return 0;
	}
	if (ret < 0 || label->role == CORDON_ROLE_ROOT)
		return 0;
	switch (SYS_NUMBER(regs)) {
	case NR_open:
	case NR_openat:
	case NR_openat2:
	case NR_creat:
	case NR_open_by_handle_at:
		file = trace_file(ret);
		/* O_PATH leaves no read or write mode, and reads nothing; opening it again comes here. */
		if (file && (BPF_CORE_READ(file, f_mode) & (FMODE_READ | FMODE_WRITE))) {
			__u32 answer = file_ask_open(label, file, TRACE);

			/* The task is stopped before its next instruction, with a descriptor that it has not read from. */
			if (answer != CORDON_ANSWER_AGAIN)
				trace_end(answer);
		}
		break;
	case NR_connect:
		file = trace_file(SYS_ARG1(regs));
		if (file && (BPF_CORE_READ(file, f_inode, i_mode) & S_IFMT) == S_IFSOCK)
			trace_connected(label, BPF_CORE_READ(file, private_data));
		break;
	case NR_bpf:
		file = trace_file(ret);
		address = file ? (__u64)BPF_CORE_READ(file, private_data) : 0;
		if (address && bpf_map_lookup_elem(&guard_objects, &address))
			trace_guard(label, CORDON_OP_BPF);
		break;
	}
	return 0;
}
