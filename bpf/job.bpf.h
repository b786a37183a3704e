/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * job.bpf.h - waiting without being stopped, for jobs of interactive shells.
 *
 * Whoever started a job hears that it was stopped, whatever for: a shell says "Stopped", takes the terminal back and leaves the
 * install in the background; nothing that a task can be told undoes that. So such a task makes its call again and again until
 * there is an answer. That costs a processor while it waits, so it is for them alone.
 */
#ifndef CORDON_JOB_BPF_H
#define CORDON_JOB_BPF_H

#include "task.bpf.h"

#define SIGCONT 18
/* SIGSTOP, SIGTSTP, SIGTTIN, SIGTTOU: bits of a signal set. */
#define STOP_SIGNALS (0xfUL << (SIGSTOP - 1))

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)

struct sigset___job {
	unsigned long sig[1];
};

struct sigpending___job {
	struct sigset___job signal;
};

struct signal_struct___job {
	struct sigpending___job shared_pending;
	int group_stop_count; /* threads that have yet to stop */
	struct tty_struct *tty;
	struct pid *pids[4]; /* by PIDTYPE_* */
};

struct task_struct___job {
	unsigned int ptrace;
	struct sigpending___job pending;
	struct task_struct *group_leader, *real_parent;
	struct signal_struct___job *signal;
};

#pragma clang attribute pop

#define PIDTYPE_PGID 2

/* Whether the current task has a terminal and is in another process group than who started it: su and sudo wait in the same
 * one, as do scripts and cordon itself. One that is traced is not: its tracer would hear of each try. */
static __always_inline bool task_is_job(void)
{
	struct task_struct___job *task = (void *)bpf_get_current_task();
	struct task_struct___job *parent = (void *)BPF_CORE_READ(task, group_leader, real_parent);
	struct signal_struct___job *signal = BPF_CORE_READ(task, signal);

	return !BPF_CORE_READ(task, ptrace) && BPF_CORE_READ(signal, tty) &&
	       BPF_CORE_READ(signal, pids[PIDTYPE_PGID]) != BPF_CORE_READ(parent, signal, pids[PIDTYPE_PGID]);
}

/*
 * Has the kernel make the call once more, as soon as the hook gives -ERESTARTNOINTR. It does so for a task that is marked to
 * have a signal; SIGCONT takes the stop away before it is one, and leaves the mark. Where the user has just stopped the job
 * (^Z), which SIGCONT would undo, it does stop, until he continues it.
 * Gives 0, or 1: it cannot, so the call is to be refused.
 */
static __always_inline int job_again(void)
{
	struct task_struct___job *task = (void *)bpf_get_current_task();
	struct signal_struct___job *signal = BPF_CORE_READ(task, signal);
	unsigned long pending = BPF_CORE_READ(task, pending.signal.sig[0]) | BPF_CORE_READ(signal, shared_pending.signal.sig[0]);
	bool stops = (pending & STOP_SIGNALS) || BPF_CORE_READ(signal, group_stop_count);

	if (bpf_send_signal_thread(SIGSTOP))
		return 1;
	if (!stops && bpf_send_signal_thread(SIGCONT))
		bpf_send_signal(SIGKILL); /* it stops now, and nobody would wake it */
	return 0;
}

#endif
