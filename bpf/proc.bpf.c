/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * proc.bpf.c - what a task does to other processes: signals, memory, priorities and limits.
 *
 * Towards the guard it is tampering, towards its own kin nothing, towards all else proc.signal or proc.memory
 * (judge.h). A tty's ^C, a parent's death signal of the kernel's making and timers do not come here.
 */
#include "hook.bpf.h"
#include "kin.bpf.h"

char _license[] SEC("license") = "Dual BSD/GPL";

static __always_inline __u32 proc_ask(struct cordon_label *label, __u32 kind, struct task_struct *target, __u32 signal)
{
	return kin_ask(label, kind, target, signal, REFUSING);
}

/* kill(0, ...) and kill(-1, ...) come once for each task, and succeed if any of them did. */
CORDON_HOOK(kill, "task_kill", (struct task_struct * target, void *info, int sig, const void *cred),
	    proc_ask(label, CORDON_OP_SIGNAL, target, sig))

/* attach, seize, /proc/PID/mem, process_vm_*, pidfd_getfd. What asks to read alone is what ps does of everybody's
 * /proc/PID/stat; where there is something to steal (environ), the file is protected by its name. */
CORDON_HOOK(ptrace, "ptrace_access_check", (struct task_struct * child, unsigned int mode),
	    mode &PTRACE_MODE_ATTACH ? proc_ask(label, CORDON_OP_TRACE, child, 0) : CORDON_ANSWER_PASS)

/* Asks its parent to trace it: the parent then answers for what it does. */
CORDON_HOOK(traceme, "ptrace_traceme", (struct task_struct * parent), proc_ask(label, CORDON_OP_TRACE, parent, 0))

CORDON_HOOK(nice, "task_setnice", (struct task_struct * target, int nice), proc_ask(label, CORDON_OP_LIMIT, target, 0))
CORDON_HOOK(ioprio, "task_setioprio", (struct task_struct * target, int ioprio),
	    proc_ask(label, CORDON_OP_LIMIT, target, 0))
/* sched_setaffinity too. */
CORDON_HOOK(scheduler, "task_setscheduler", (struct task_struct * target), proc_ask(label, CORDON_OP_LIMIT, target, 0))
/* Where a limit is set; task_prlimit does not say whose. */
CORDON_HOOK(rlimit, "task_setrlimit", (struct task_struct * target, unsigned int resource, void *limit),
	    proc_ask(label, CORDON_OP_LIMIT, target, 0))
CORDON_HOOK(movememory, "task_movememory", (struct task_struct * target), proc_ask(label, CORDON_OP_LIMIT, target, 0))
