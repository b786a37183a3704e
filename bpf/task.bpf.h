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
 * What stands before every operation of a labelled task. Gives 0: go on; else the negative errno that the hook returns.
 *
 * - Doomed: the process ends here.
 * - Held, and yet running: somebody sent SIGCONT. It stops again, and the kernel runs the call once more after the
 *   controller has woken it (reference/kernel.md, section 4). Without a controller it ends.
 */
static __noinline int task_admit(struct cordon_label *label)
{
	struct cordon_session *session;

	if (!label)
		return 0;
	if (label->flags & CORDON_LABEL_DOOMED) {
		bpf_send_signal(SIGKILL);
		return -EPERM;
	}
	if (!(label->flags & CORDON_LABEL_HELD))
		return 0;
	session = task_session(label);
	if (!session || !session_is_alive(session, label->session)) {
		bpf_send_signal(SIGKILL);
		return -EPERM;
	}
	if (bpf_send_signal(SIGSTOP))
		return -EPERM;
	return -ERESTARTNOINTR;
}

#endif
