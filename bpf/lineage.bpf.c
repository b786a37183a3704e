/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * lineage.bpf.c - labels follow forks and end with their process.
 *
 * task_alloc runs while the child is being made, and may refuse it: the label is stored under the child's address, which
 * also proves that there is room. sched_process_fork runs before the child's first instruction and moves the label to
 * the tgid. Threads and io_uring workers share their process's. Where trampolines are refused (trace) only the second
 * one runs.
 */
#include "hook.bpf.h"
#include "pid.bpf.h"

char _license[] SEC("license") = "Dual BSD/GPL";

static __always_inline __u32 lineage_ask_flood(struct cordon_label *label, __u32 backend)
{
	struct cordon_op op = { .kind = CORDON_OP_KERNEL, .what = CORDON_WHAT_TASKS };
	struct ask_object object = {};

	return ask(label, &op, &object, backend);
}

#define LINEAGE_TELL_NS 1000000000ULL
#define LINEAGE_COUNT_NS 100000000ULL

/* Takes away the label that lies under a number which nobody has any more; who takes it counts it out. */
static __always_inline void lineage_forget(__u64 tgid)
{
	struct cordon_label *label = bpf_map_lookup_elem(&labels, &tgid);
	__u32 session;

	if (!label)
		return;
	session = label->session;
	if (!bpf_map_delete_elem(&labels, &tgid))
		task_count(session, -1);
}

struct lineage_walk {
	__u64 namespace; /* the machine's */
	__u32 session;
	__u32 pad;
};

/* Global for the reason that object_step() has. */
CORDON_GLOBAL int lineage_check(struct lineage_walk *walk, __u64 tgid, __u32 session)
{
	/* The others lie under addresses, and are not counted. */
	if (walk && session == walk->session && tgid <= 0xffffffff && !pid_find(walk->namespace, tgid))
		lineage_forget(tgid);
	return 0;
}

static long lineage_check_step(struct bpf_map *map, __u64 *tgid, struct cordon_label *label, struct lineage_walk *walk)
{
	lineage_check(walk, *tgid, label->session);
	return 0;
}

/*
 * Counts out whose exit was missed: sched_process_exit is skipped where sched_process_exec is, see exec.bpf.c. By the numbers
 * that are taken, so it may take somebody for alive, and never for gone. Only when there seem to be too many, and not often:
 * it looks at every label.
 */
static __always_inline void lineage_count_out(struct cordon_tasks *count, __u32 session, __u64 now)
{
	struct lineage_walk walk = { .session = session };

	if (count->counted && now - count->counted < LINEAGE_COUNT_NS)
		return;
	count->counted = now;
	walk.namespace = pid_namespace_at(0);
	if (walk.namespace)
		bpf_for_each_map_elem(&labels, lineage_check_step, &walk, 0);
}

/*
 * Whether the session has as many processes as one may have, or this process as many threads; gives the answer to one
 * more. A bomb asks a thousand times a second: it gets the last answer again, and the ring stays free for others.
 */
static __noinline __u32 lineage_flood(struct cordon_label *label, __u32 threads, __u32 backend)
{
	struct cordon_state *st = guard_state();
	__u64 now = bpf_ktime_get_ns();
	struct cordon_tasks *count;
	__u32 session;

	if (!label || !st)
		return CORDON_ANSWER_EPERM;
	session = label->session;
	count = bpf_map_lookup_elem(&tasks, &session);
	if (!count || label->role == CORDON_ROLE_ROOT)
		return CORDON_ANSWER_PASS;
	if (count->live >= st->tasks)
		lineage_count_out(count, session, now);
	if (count->live < st->tasks && threads < st->tasks)
		return CORDON_ANSWER_PASS;
	if (count->told && now - count->told < LINEAGE_TELL_NS && cordon_is_confined(label->role))
		return count->answer;
	count->told = now;
	return count->answer = lineage_ask_flood(label, backend);
}

/* That its parent waits at the gate, by another thread, is nothing of the child's. */
static __always_inline void lineage_fresh(struct cordon_label *copy)
{
	if (copy->role == CORDON_ROLE_INSTALLER)
		copy->flags &= ~CORDON_LABEL_HELD;
}

static __always_inline int lineage_alloc(struct task_struct *task, unsigned long clone_flags)
{
	struct cordon_label *label;
	__u64 key = (__u64)task;
	struct cordon_state *st;
	struct cordon_label copy;
	__u32 threads = 0, answer;
	int error;

	label = task_label();
	if (!label)
		return 0;
	error = task_admit(label);
	if (error)
		return admit_errno(error);
	if (clone_flags & CLONE_THREAD)
		threads = BPF_CORE_READ((struct task_struct *)bpf_get_current_task(), signal, nr_threads);
	answer = lineage_flood(label, threads, CORDON_BACKEND_LSM);
	if (answer == CORDON_ANSWER_KILL)
		bpf_send_signal(SIGKILL);
	if (answer != CORDON_ANSWER_PASS)
		return answer_errno(answer);
	if (clone_flags & CLONE_THREAD)
		return 0;
	copy = *label;
	lineage_fresh(&copy);
	/* A failed fork left an entry where this address was used before: it is overwritten. */
	if (bpf_map_update_elem(&labels, &key, &copy, BPF_ANY)) {
		emit_count_lost(copy.session, CORDON_RULE_FLOOD_TASKS);
		return -EAGAIN;
	}
	/* Until it is moved to the number: should that be missed, look-ups find it there. */
	st = guard_state();
	if (st)
		__sync_fetch_and_add(&st->overflow, 1);
	return 0;
}

SEC("?lsm/task_alloc")
int BPF_PROG(cordon_l_alloc, struct task_struct *task, unsigned long clone_flags, int ret)
{
	return ret ? ret : lineage_alloc(task, clone_flags);
}

SEC("?fmod_ret/security_task_alloc")
int BPF_PROG(cordon_m_alloc, struct task_struct *task, unsigned long clone_flags, int ret)
{
	return ret ? ret : lineage_alloc(task, clone_flags);
}

static __always_inline int lineage_free(struct task_struct *task)
{
	struct cordon_state *st = guard_state();
	__u64 key = (__u64)task;

	/* What a fork left that failed after task_alloc, and what stayed in place. */
	if (st)
		task_label_lift(st, key);
	return 0;
}

SEC("?lsm/task_free")
int BPF_PROG(cordon_l_free, struct task_struct *task)
{
	return lineage_free(task);
}

SEC("?fentry/security_task_free")
int BPF_PROG(cordon_m_free, struct task_struct *task)
{
	return lineage_free(task);
}

/* About the process of `task`. */
static __always_inline void lineage_emit(struct task_struct *task, struct cordon_label *label, __u16 type)
{
	struct cordon_session *session = task_session(label);
	struct cordon_record *record;
	void *ring = emit_ring(label->session);

	record = ring ? bpf_ringbuf_reserve(ring, sizeof(*record), 0) : NULL;
	if (!record) {
		emit_count_lost(label->session, CORDON_RULE_NONE);
		return;
	}
	emit_head(record, EMIT_KIND(type, record), (__u64)BPF_CORE_READ(task, group_leader), label, session ? session->level : 0);
	bpf_ringbuf_submit(record, 0);
}

/* On trace a system call is judged by what it leaves behind: a child that shares its parent's descriptors or memory
 * could use them between the call and its end (50 of 50 times, reference/kernel.md 11). Threads end with their process,
 * and the parent of a vfork sleeps; but whether it is one, the kernel notes only after this: trace.bpf.c looks. */
static __always_inline bool lineage_is_shared(struct task_struct *parent, struct task_struct *child)
{
	return BPF_CORE_READ(child, files) == BPF_CORE_READ(parent, files) ||
	       (BPF_CORE_READ(child, mm) && BPF_CORE_READ(child, mm) == BPF_CORE_READ(parent, mm));
}

SEC("?tp_btf/sched_process_fork")
int BPF_PROG(cordon_fork, struct task_struct *parent, struct task_struct *child)
{
	struct cordon_state *st = guard_state();
	struct cordon_label *label, *kept, copy;
	struct cordon_tasks *count;
	__u64 tgid = child->tgid, address = (__u64)child;

	if (child->tgid == parent->tgid || !st)
		return 0;
	/* Of one that had the number before, and whose exit was missed. */
	lineage_forget(tgid);
	label = task_label();
	if (!label)
		return 0;
	copy = *label;
	lineage_fresh(&copy);
	if (st->backend == CORDON_BACKEND_TRACE && copy.role >= CORDON_ROLE_HELPER && lineage_is_shared(parent, child))
		copy.flags |= CORDON_LABEL_SHARED;
	count = task_count(copy.session, 1);
	/* Nothing refused this fork here: both sides end, else each would make the next one before it goes. */
	if (st->backend == CORDON_BACKEND_TRACE && count && count->live > st->tasks &&
	    lineage_flood(label, 0, CORDON_BACKEND_TRACE) != CORDON_ANSWER_PASS) {
		copy.flags |= CORDON_LABEL_DOOMED;
		bpf_send_signal(SIGKILL);
	}
	/* Nor this one, on trace; elsewhere its package was condemned since, or task_alloc was missed, as its exec. */
	if (task_is_doomed(label) || task_is_unseen(label)) {
		copy.flags |= CORDON_LABEL_DOOMED;
		bpf_send_signal(SIGKILL);
	}
	if (!bpf_map_update_elem(&labels, &tgid, &copy, BPF_ANY)) {
		task_label_lift(st, address);
	} else if ((kept = bpf_map_lookup_elem(&labels, &address))) {
		/* No room for a second entry in between: the first one stays, look-ups try both, and it ends at its first. */
		kept->flags |= CORDON_LABEL_DOOMED;
		emit_count_lost(copy.session, CORDON_RULE_FLOOD_TASKS);
	} else {
		/* trace, or a program that was skipped: nothing refused this fork, so both ends of it end. */
		task_count(copy.session, -1);
		emit_count_lost(copy.session, CORDON_RULE_FLOOD_TASKS);
		copy.flags |= CORDON_LABEL_DOOMED;
		if (!bpf_map_update_elem(&strays, &tgid, &copy, BPF_ANY))
			__sync_fetch_and_add(&st->overflow, 1);
		bpf_send_signal(SIGKILL);
	}
	if (copy.role != CORDON_ROLE_ROOT)
		lineage_emit(child, &copy, CORDON_RECORD_FORK);
	return 0;
}

/* A controller that dies takes the waiting with it: from here on what would be held is refused, at once. */
static __always_inline void lineage_guard_exit(__u32 tgid)
{
	struct cordon_guard *guard = bpf_map_lookup_elem(&guards, &tgid);
	struct cordon_session *session;
	__u32 id;

	if (!guard)
		return;
	id = guard->session;
	session = bpf_map_lookup_elem(&sessions, &id);
	if (session && session->controller == tgid)
		session->flags |= CORDON_SESSION_DEAD;
	bpf_map_delete_elem(&guards, &tgid);
}

/* A label that stayed under the task's address goes with the task (lineage_free), its process goes here; on trace, where
 * nothing is called then, there are only strays. */
static __always_inline void lineage_count_overflow(struct task_struct *task)
{
	__u64 leader = (__u64)BPF_CORE_READ(task, group_leader), tgid = (__u32)task->tgid;
	struct cordon_state *st = guard_state();
	struct cordon_label *label;

	if (!st || !st->overflow)
		return;
	label = bpf_map_lookup_elem(&labels, &leader);
	if (label && (label->flags & CORDON_LABEL_DOOMED)) /* it was counted at its fork; one whose fork was missed was not */
		task_count(label->session, -1);
	else if (!label && !bpf_map_delete_elem(&strays, &tgid))
		__sync_fetch_and_sub(&st->overflow, 1);
}

SEC("?tp_btf/sched_process_exit")
int BPF_PROG(cordon_exit, struct task_struct *task)
{
	__u64 key = (__u32)task->tgid;
	struct cordon_label *label, copy;

	/* Not the last thread: the process goes on. Where two leave at once both may see 0, and the second finds nothing. */
	if (task->signal->live.counter > 0)
		return 0;
	lineage_guard_exit(task->tgid);
	label = bpf_map_lookup_elem(&labels, &key);
	if (!label) {
		lineage_count_overflow(task);
		return 0;
	}
	copy = *label;
	if (!bpf_map_delete_elem(&labels, &key))
		task_count(copy.session, -1);
	if (copy.role != CORDON_ROLE_ROOT)
		lineage_emit(task, &copy, CORDON_RECORD_EXIT);
	return 0;
}
