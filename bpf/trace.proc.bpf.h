/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * trace.proc.bpf.h - other processes, sockets and the kernel itself, from the arguments of system calls; for
 * trace.bpf.c alone.
 *
 * Whom a number means is looked up as the kernel would: in the caller's pid namespace. A process that is not there any
 * more is nobody, and the call fails by itself: nothing is ended for that.
 */
#ifndef CORDON_TRACE_PROC_BPF_H
#define CORDON_TRACE_PROC_BPF_H

#include "broker.bpf.h"
#include "kin.bpf.h"
#include "pid.bpf.h"
#include "syscall.bpf.h"
#include "system.bpf.h"

#define TRACE CORDON_BACKEND_TRACE

static __always_inline void trace_end(__u32 answer)
{
	if (answer != CORDON_ANSWER_PASS)
		bpf_send_signal(SIGKILL);
}

/* The struct pid of a number in the caller's namespace, as a number. 0: there is none. */
CORDON_GLOBAL __u64 trace_pid(__u32 nr)
{
	struct task_struct *task = (void *)bpf_get_current_task();

	return pid_find(pid_namespace_at(BPF_CORE_READ(task, thread_pid, level)), nr);
}

/* The first task of a struct pid: the thread or process of that number, for PGID any member of the group. */
static __always_inline struct task_struct *trace_task(struct pid *pid, __u32 type)
{
	struct hlist_node *first = NULL;

	if (!pid || type > PIDTYPE_PGID)
		return NULL;
	bpf_probe_read_kernel(&first, sizeof(first),
			      (void *)pid + bpf_core_field_offset(struct pid, tasks) + type * sizeof(first));
	if (!first)
		return NULL;
	return (void *)first - bpf_core_field_offset(struct task_struct, pid_links) -
	       type * bpf_core_type_size(struct hlist_node);
}

/* `kind` of an operation on a thread or process, 0: the caller. */
static __noinline void trace_process(struct cordon_label *label, __u32 kind, int nr, __u32 signal)
{
	struct task_struct *task;

	if (!label || nr <= 0)
		return;
	task = trace_task((void *)trace_pid(nr), PIDTYPE_PID);
	if (task)
		trace_end(kin_ask(label, kind, task, signal, TRACE));
}

/* A group is its leader's, and where that is gone its members'. 0: the caller's own group. */
static __noinline void trace_group(struct cordon_label *label, __u32 kind, int nr, __u32 signal)
{
	struct task_struct *self = (void *)bpf_get_current_task(), *task;
	struct pid *pid;

	if (!label)
		return;
	pid = nr ? (void *)trace_pid(nr) : BPF_CORE_READ(self, signal, pids[PIDTYPE_PGID]);
	task = trace_task(pid, PIDTYPE_TGID);
	if (!task || kin_is_dead(task))
		task = trace_task(pid, PIDTYPE_PGID);
	if (task)
		trace_end(kin_ask(label, kind, task, signal, TRACE));
}

/* kill(2): everybody is the guard too. */
static __always_inline void trace_kill(struct cordon_label *label, int nr, int signal)
{
	struct ask_object object = { .target = nr };
	struct cordon_op op = { .kind = CORDON_OP_SIGNAL, .guard = 1 };

	if (!signal)
		return;
	op.signal = signal;
	if (nr == -1)
		trace_end(ask(label, &op, &object, TRACE));
	else if (nr > 0)
		trace_process(label, CORDON_OP_SIGNAL, nr, signal);
	else
		trace_group(label, CORDON_OP_SIGNAL, -nr, signal);
}

#define TRACE_PIDFS_MAGIC 0x50494446
#define TRACE_PIDFD_NAME 0x5d64666469705bULL /* "[pidfd]" */

/* The process behind a pidfd: in 6.9 and later an inode of pidfs, before an anonymous one; or /proc/PID as its
 * stand-in. */
static __noinline void trace_pidfd(struct cordon_label *label, __u32 kind, struct file *file, __u32 signal)
{
	struct inode *inode = BPF_CORE_READ(file, f_inode);
	__u64 magic = BPF_CORE_READ(inode, i_sb, s_magic);
	struct dentry *dentry = BPF_CORE_READ(file, f_path.dentry);
	struct task_struct *task;
	struct pid *pid;

	if (!label || !file)
		return;
	if (magic == PROC_SUPER_MAGIC)
		pid = BPF_CORE_READ((struct proc_inode *)((void *)inode - bpf_core_field_offset(struct proc_inode, vfs_inode)), pid);
	else if (magic == TRACE_PIDFS_MAGIC)
		pid = BPF_CORE_READ(inode, i_private);
	else if (broker_name(dentry) == TRACE_PIDFD_NAME)
		pid = BPF_CORE_READ(file, private_data);
	else
		return;
	task = trace_task(pid, PIDTYPE_PID);
	if (task)
		trace_end(kin_ask(label, kind, task, signal, TRACE));
}

/* Whose a setpriority or ioprio_set is: `which` as the first one counts. */
static __always_inline void trace_which(struct cordon_label *label, int which, int who)
{
	if (which == 0 && who)
		trace_process(label, CORDON_OP_LIMIT, who, 0);
	else if (which == 1)
		trace_group(label, CORDON_OP_LIMIT, who, 0);
}

static __always_inline void trace_limits(struct cordon_label *label, struct pt_regs *regs, long nr)
{
	switch (nr) {
	case NR_setpriority:
		trace_which(label, SYS_ARG1(regs), SYS_ARG2(regs));
		break;
	case NR_ioprio_set:
		trace_which(label, SYS_ARG1(regs) - 1, SYS_ARG2(regs));
		break;
	case NR_prlimit64:
		if (!SYS_ARG3(regs)) /* only asked for */
			break;
		/* fall through */
	case NR_sched_setaffinity:
	case NR_sched_setscheduler:
	case NR_sched_setparam:
	case NR_sched_setattr:
	case NR_migrate_pages:
	case NR_move_pages:
		trace_process(label, CORDON_OP_LIMIT, SYS_ARG1(regs), 0);
		break;
	}
}

/* Asks its parent, whoever that has become. */
static __noinline void trace_me(struct cordon_label *label)
{
	struct task_struct *task = (void *)bpf_get_current_task();

	if (label)
		trace_end(kin_ask(label, CORDON_OP_TRACE, BPF_CORE_READ(task, real_parent), 0, TRACE));
}

static __always_inline bool trace_has_cap(int cap)
{
	struct task_struct *task = (void *)bpf_get_current_task();
	const struct cred *cred = BPF_CORE_READ(task, cred);
	__u64 held = 0;

	bpf_probe_read_kernel(&held, sizeof(held), &cred->cap_effective);
	return held >> cap & 1;
}

static __noinline void trace_system(struct cordon_label *label, __u32 what, int cap)
{
	/* Who lacks it is told no by the kernel. */
	if (label && (cap < 0 || (cap < 64 && trace_has_cap(cap))))
		trace_end(system_ask_about(label, what, what == CORDON_WHAT_CAPABILITY ? cap + 1 : 0, TRACE));
}

/* Into a user namespace anybody may go, into the others with the capability. */
static __noinline void trace_namespaces(struct cordon_label *label, __u64 flags)
{
	if (flags & CLONE_NEWUSER)
		trace_system(label, CORDON_WHAT_NAMESPACE, -1);
	else if (flags & (CLONE_NEW_ANY | CLONE_NEWTIME))
		trace_system(label, CORDON_WHAT_NAMESPACE, CAP_SYS_ADMIN);
}

static __always_inline void trace_enter_mount(struct cordon_label *label, struct pt_regs *regs, long nr)
{
	switch (nr) {
	case NR_open_tree:
		if (!(SYS_ARG3(regs) & OPEN_TREE_CLONE)) /* as O_PATH does */
			break;
		/* fall through */
	case NR_mount:
	case NR_umount2:
	case NR_pivot_root:
	case NR_move_mount:
	case NR_fsopen:
	case NR_fspick:
	case NR_fsmount:
	case NR_mount_setattr:
		trace_system(label, CORDON_WHAT_MOUNT, CAP_SYS_ADMIN);
		break;
	case NR_chroot:
		trace_system(label, CORDON_WHAT_MOUNT, CAP_SYS_CHROOT);
		break;
	}
}

static __always_inline void trace_enter_namespace(struct cordon_label *label, struct pt_regs *regs, long nr)
{
	__u64 flags = 0;

	switch (nr) {
	case NR_clone: /* its low byte is the signal at exit, where unshare has NEWTIME */
		trace_namespaces(label, SYS_ARG1(regs) & ~0xffULL);
		break;
	case NR_unshare:
		trace_namespaces(label, SYS_ARG1(regs));
		break;
	case NR_clone3:
		bpf_probe_read_user(&flags, sizeof(flags), (void *)SYS_ARG1(regs));
		trace_namespaces(label, flags);
		break;
	case NR_setns:
		trace_system(label, CORDON_WHAT_NAMESPACE, CAP_SYS_ADMIN);
		break;
	}
}

static __always_inline void trace_enter_capability(struct cordon_label *label, struct pt_regs *regs, long nr)
{
	switch (nr) {
	case NR_init_module:
	case NR_finit_module:
	case NR_delete_module:
		trace_system(label, CORDON_WHAT_MODULE, CAP_SYS_MODULE);
		break;
	case NR_sethostname:
	case NR_setdomainname:
	case NR_swapon:
	case NR_swapoff:
		trace_system(label, CORDON_WHAT_CAPABILITY, CAP_SYS_ADMIN);
		break;
	case NR_settimeofday:
	case NR_clock_settime:
		trace_system(label, CORDON_WHAT_CAPABILITY, CAP_SYS_TIME);
		break;
	case NR_iopl:
	case NR_ioperm:
		trace_system(label, CORDON_WHAT_CAPABILITY, CAP_SYS_RAWIO);
		break;
	case NR_reboot:
	case NR_kexec_load:
	case NR_kexec_file_load:
		trace_system(label, CORDON_WHAT_CAPABILITY, CAP_SYS_BOOT);
		break;
	case NR_acct:
		trace_system(label, CORDON_WHAT_CAPABILITY, CAP_SYS_PACCT);
		break;
	}
}

/* A clock is read by the same calls that set it: `modes` says which. It is the first word, behind the clock's number. */
static __noinline void trace_adjust(struct cordon_label *label, __u64 from)
{
	__u32 modes = 0;

	bpf_probe_read_user(&modes, sizeof(modes), (void *)from);
	if (modes)
		trace_system(label, CORDON_WHAT_CAPABILITY, CAP_SYS_TIME);
}

static __always_inline void trace_ioctl(struct cordon_label *label, __u32 cmd)
{
	if (system_is_injection(cmd))
		trace_system(label, CORDON_WHAT_TTY, -1);
	else if (cmd == SIOCSIFFLAGS)
		trace_system(label, CORDON_WHAT_CAPABILITY, CAP_NET_ADMIN);
}

static __always_inline void trace_enter_system(struct cordon_label *label, struct pt_regs *regs, long nr)
{
	switch (nr) {
	case NR_bpf:
		/* What could be one of ours is judged by the descriptor that comes of it. */
		if (!guard_is_bpf_cmd(SYS_ARG1(regs)))
			trace_system(label, CORDON_WHAT_BPF, -1);
		break;
	case NR_perf_event_open:
		trace_system(label, CORDON_WHAT_BPF, -1);
		break;
	case NR_io_uring_setup:
		trace_system(label, CORDON_WHAT_IO_URING, -1);
		break;
	case NR_ioctl:
		trace_ioctl(label, SYS_ARG2(regs));
		break;
	case NR_adjtimex:
		trace_adjust(label, SYS_ARG1(regs));
		break;
	case NR_clock_adjtime:
		trace_adjust(label, SYS_ARG2(regs));
		break;
	}
	trace_enter_mount(label, regs, nr);
	trace_enter_namespace(label, regs, nr);
	trace_enter_capability(label, regs, nr);
}

/* After a connect that went well: nothing was said yet. */
static __always_inline void trace_connected(struct cordon_label *label, struct socket *sock)
{
	struct sock *sk = BPF_CORE_READ(sock, sk), *peer;

	if (!label || !sk || BPF_CORE_READ(sk, __sk_common.skc_family) != CORDON_AF_UNIX)
		return;
	/* The other end of a stream has our name on it, and our end the listener's. */
	peer = BPF_CORE_READ((struct unix_sock *)sk, peer);
	trace_end(broker_ask(label, peer, BPF_CORE_READ(sk, sk_type) == CORDON_SOCK_DGRAM ? peer : sk, TRACE));
}

#endif
