/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * kin.bpf.h - whether another process is a task's own, and what it asks of one; for the hooks of proc.bpf.c and
 * broker.bpf.c, and for trace.bpf.c.
 */
#ifndef CORDON_KIN_BPF_H
#define CORDON_KIN_BPF_H

#include "emit.bpf.h"

/*
 * Whether the process `tgid` is the current one, of the same package, or, for installers and helpers, of the same
 * session. Package `unknown` is one package here: what nobody could bind must still be able to end its own children.
 * A process that is gone, or that nobody labelled, is nobody's kin.
 */
CORDON_GLOBAL __u32 kin_is_own(struct cordon_label *me, __u32 tgid)
{
	struct cordon_label *other;
	__u64 key = tgid;

	if (!me)
		return 0;
	if (tgid == bpf_get_current_pid_tgid() >> 32)
		return 1;
	other = bpf_map_lookup_elem(&labels, &key);
	if (!other || other->session != me->session)
		return 0;
	if (!cordon_is_confined(me->role))
		return 1;
	return other->role == me->role && other->package == me->package;
}

/* A process that ended and waits for its parent to ask how: its label is gone, and nothing can be done to it. pip sends
 * signals to children like that. */
static __always_inline bool kin_is_dead(struct task_struct *target)
{
	return BPF_CORE_READ(target, signal, live.counter) <= 0;
}

/* A signal, a look into memory, a limit: `kind` of the operation on the process of `target`. The guard's come first. */
static __always_inline __u32 kin_ask(struct cordon_label *label, __u32 kind, struct task_struct *target, __u32 signal,
				     __u32 backend)
{
	__u32 tgid = BPF_CORE_READ(target, tgid);
	struct ask_object object = { .target = tgid };
	struct cordon_op op = {};

	op.kind = kind;
	op.guard = bpf_map_lookup_elem(&guards, &tgid) != NULL;
	op.kin = kin_is_own(label, tgid);
	op.signal = signal;
	/* After the label was looked for: a child that ends between the two questions has lost its label, not its kin. */
	if (!op.kin && kin_is_dead(target))
		return CORDON_ANSWER_PASS;
	return ask(label, &op, &object, backend);
}

#endif
