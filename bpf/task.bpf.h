/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * task.bpf.h - who the current task is: its label, its session, its pids.
 *
 * Every hook begins with task_label(): a task outside any session pays one hash look-up and one array read there and
 * nothing else.
 */
#ifndef CORDON_TASK_BPF_H
#define CORDON_TASK_BPF_H

#include "judge.h"
#include "maps.bpf.h"
#include "syscall.bpf.h"

static __always_inline struct cordon_state *guard_state(void)
{
	__u32 zero = 0;

	return bpf_map_lookup_elem(&state, &zero);
}

/* Counts a process that got a label (1), or one that is gone with it (-1). Session 0 is the canary's and has no entry. */
static __always_inline struct cordon_tasks *task_count(__u32 session, __s64 step)
{
	struct cordon_tasks *count = bpf_map_lookup_elem(&tasks, &session);

	if (count)
		__sync_fetch_and_add(&count->live, step);
	return count;
}

/* The current task's cgroup2 id belongs to a session: then a missing label means that the table was full at a fork, or
 * that somebody outside moved the task there. Package code, then. */
static __noinline struct cordon_label *task_label_from_cgroup(__u64 tgid)
{
	__u64 cgroup = bpf_get_current_cgroup_id();
	__u32 *session = bpf_map_lookup_elem(&cgroups, &cgroup);
	struct task_struct *task = (void *)bpf_get_current_task();
	struct cordon_label label = {}, *kept;

	if (!session)
		return NULL;
	/* Its label went with it: what it closes on its way out is no call of it, and a label from here on would stay, and
	 * keep the session alive. */
	if (BPF_CORE_READ(task, flags) & PF_EXITING)
		return NULL;
	label.session = *session;
	label.role = CORDON_ROLE_PACKAGE;
	label.flags = CORDON_LABEL_BOUND;
	if (!bpf_map_update_elem(&labels, &tgid, &label, BPF_NOEXIST))
		task_count(label.session, 1);
	kept = bpf_map_lookup_elem(&labels, &tgid);
#ifndef TASK_NO_SIGNALS /* programs on a cgroup cannot send any until 6.12; they refuse such a task themselves */
	if (!kept)
		bpf_send_signal(SIGKILL); /* no room still: what has no label must not run */
#endif
	return kept;
}

/* Takes away the label that lies under a task's address, where there is one. */
static __always_inline void task_label_lift(struct cordon_state *st, __u64 address)
{
	if (!bpf_map_delete_elem(&labels, &address) && st->overflow)
		__sync_fetch_and_sub(&st->overflow, 1);
}

/*
 * The label is still under the address of the first thread. Either the table was full at the fork: then the process is doomed.
 * Or sched_process_fork, which moves it, has not run: where the kernel preempts tracepoints (7.3), its programs are skipped for
 * every task of a CPU while one run of them is preempted there. Then it is moved now, at the first hook.
 */
static __noinline struct cordon_label *task_label_settle(struct cordon_state *st, __u64 tgid, __u64 leader)
{
	struct cordon_label *label = bpf_map_lookup_elem(&labels, &leader);
	struct cordon_label copy;

	if (!label || (label->flags & CORDON_LABEL_DOOMED))
		return label;
	copy = *label;
	if (bpf_map_update_elem(&labels, &tgid, &copy, BPF_ANY)) {
		label->flags |= CORDON_LABEL_DOOMED; /* the controller would not find it */
		return label;
	}
	task_count(copy.session, 1);
	task_label_lift(st, leader);
	return bpf_map_lookup_elem(&labels, &tgid);
}

/*
 * Gives: the label of the current process, NULL where it is in no session.
 * A label lies under the tgid; or still under the address of the first thread, or in `strays`: such a process is doomed.
 */
static __always_inline struct cordon_label *task_label(void)
{
	__u64 key = bpf_get_current_pid_tgid() >> 32;
	struct cordon_label *label = bpf_map_lookup_elem(&labels, &key);
	struct cordon_state *st;

	if (label)
		return label;
	st = guard_state();
	if (!st)
		return NULL;
	if (st->overflow) {
		__u64 leader = (__u64)BPF_CORE_READ((struct task_struct *)bpf_get_current_task(), group_leader);

		label = task_label_settle(st, key, leader);
		if (!label)
			label = bpf_map_lookup_elem(&strays, &key);
		if (label)
			return label;
	}
	if (st->cgroups)
		return task_label_from_cgroup(key);
	return NULL;
}

static __always_inline struct cordon_session *task_session(const struct cordon_label *label)
{
	__u32 id = label->session;

	return bpf_map_lookup_elem(&sessions, &id);
}

/* Whether nothing of that package may go on. One look-up, but where some session had more of them than find room. */
CORDON_GLOBAL int package_is_condemned(__u32 session, __u32 number)
{
	struct cordon_package_key key = { .session = session, .package = number };
	__u32 *found = bpf_map_lookup_elem(&packages, &key);
	struct cordon_session *whole;
	struct cordon_state *st;

	if (found)
		return *found == CORDON_PACKAGE_CONDEMNED;
	st = guard_state();
	if (!st || !st->condemned)
		return 0;
	whole = bpf_map_lookup_elem(&sessions, &session);
	return whole && whole->condemned;
}

/* Whose code it is has been said. */
static __always_inline bool task_is_bound(const struct cordon_label *label)
{
	return cordon_is_confined(label->role) && (label->flags & (CORDON_LABEL_BOUND | CORDON_LABEL_CONFINED));
}

/* execve(2) maps the program and its interpreter itself, past the point of no return: that call cannot be made again. */
static __always_inline bool task_is_in_exec(void)
{
	struct task_struct *task = (void *)bpf_get_current_task();

	return BPF_CORE_READ_BITFIELD_PROBED(task, in_execve);
}

/* Whether it runs a program that exec.bpf.c has not seen start. */
static __always_inline bool task_is_unseen(const struct cordon_label *label)
{
	return (label->reads & CORDON_READS_EXEC) && !task_is_in_exec();
}

/* Whether the task ends at its next hook: it was told to, or its package is condemned. */
CORDON_GLOBAL int task_is_doomed(struct cordon_label *label)
{
	if (!label)
		return 0;
	if (label->flags & CORDON_LABEL_DOOMED)
		return 1;
	return task_is_bound(label) &&
	       package_is_condemned(label->session, cordon_package_number(label->role, label->package));
}

/* The package of the current task is condemned; where nobody has said yet which that is, the task alone. Who calls ask() sends
 * the signal: programs on a cgroup cannot. */
CORDON_GLOBAL int package_condemn(struct cordon_label *label)
{
	struct cordon_package_key key = {};
	__u32 condemned = CORDON_PACKAGE_CONDEMNED;
	struct cordon_session *session;
	struct cordon_state *st;

	if (!label)
		return 0;
	key.session = label->session;
	key.package = cordon_package_number(label->role, label->package);
	label->flags |= CORDON_LABEL_DOOMED;
	if (!task_is_bound(label) || !bpf_map_update_elem(&packages, &key, &condemned, BPF_ANY))
		return 0;
	session = task_session(label);
	st = guard_state();
	if (session && st) {
		session->condemned = 1;
		st->condemned = 1;
	}
	return 0;
}

/* Whether the controller can still answer. Where not, nothing is held any more: what would be is refused. */
static __always_inline bool session_is_alive(const struct cordon_session *session, __u32 id)
{
	__u64 now = bpf_ktime_get_ns(), *beat;

	if (session->flags & CORDON_SESSION_DEAD)
		return false;
	beat = bpf_map_lookup_elem(&beats, &id);
	/* It may be written while we read the clock: later than now is fresh. */
	return beat && (now < *beat || now - *beat < CORDON_HEARTBEAT_STALE_NS);
}

/* The number of a process as the pid namespace `level` deep sees it; 0: it is not visible there. Controllers and what
 * they guard may live in a container. */
static __always_inline __u32 task_pid_at(struct task_struct *leader, __u32 level)
{
	struct pid *pid = BPF_CORE_READ(leader, thread_pid);
	__u32 nr = 0;
	unsigned int deepest = BPF_CORE_READ(pid, level);
	unsigned long base, step;

	if (!pid || level > deepest || level > 32)
		return 0;
	/* numbers[] is a flexible array in some kernels: offset and size of an element come from BTF, the index is ours. */
	base = bpf_core_field_offset(struct pid, numbers);
	step = bpf_core_type_size(struct upid);
	bpf_probe_read_kernel(&nr, sizeof(nr), (void *)pid + base + level * step + bpf_core_field_offset(struct upid, nr));
	return nr;
}

/*
 * Whether the call that the hook stands in can be made once more: it is a system call of the task itself. What io_uring does
 * for it is done by a worker, within io_uring_enter(2), or behind any other call, by when that one has its result; an errno
 * that asks for one more call would reach the program there.
 */
CORDON_GLOBAL int task_can_repeat(void)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct pt_regs *regs = (void *)bpf_task_pt_regs(task);

	return !(task->flags & (PF_IO_WORKER | PF_EXITING)) && SYS_IS_ON(regs) && SYS_NUMBER(regs) != NR_io_uring_enter;
}

#endif
