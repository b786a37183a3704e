/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * hold.bpf.h - code that nobody has bound to a package yet is stopped for the controller, at its exec (exec.bpf.c), or at its
 * first operation where that was missed (admit.bpf.h).
 */
#ifndef CORDON_HOLD_BPF_H
#define CORDON_HOLD_BPF_H

#include "emit.bpf.h"

/* What was given to execve as arguments. */
static __always_inline void hold_read_args(struct cordon_record_exec *record, struct task_struct *task)
{
	struct mm_struct *mm = BPF_CORE_READ(task, mm);
	unsigned long start = BPF_CORE_READ(mm, arg_start), end = BPF_CORE_READ(mm, arg_end);
	unsigned long len = end - start;

	record->truncated = 0;
	record->args_len = 0;
	if (end < start)
		len = 0;
	if (len > CORDON_ARGS_LEN) {
		len = CORDON_ARGS_LEN;
		record->truncated = 1;
	}
	if (len && bpf_probe_read_user(record->args, len, (void *)start))
		record->truncated = 1; /* paged out, say: nobody knows what it was */
	else
		record->args_len = len;
}

/* Of a package, but nobody has said of which. */
static __always_inline void hold_as_package(struct cordon_label *label)
{
	label->role = CORDON_ROLE_PACKAGE;
	label->flags = 0;
	label->package = 0;
	label->reads = 0;
}

/* Whether it is the controller that takes secrets out of the environment of such code. */
static __always_inline bool hold_is_emptied(const struct cordon_session *session)
{
	return session->mode == CORDON_MODE_ENFORCE &&
	       (session->actions[CORDON_ROLE_PACKAGE][CORDON_RULE_ENV_SECRET] > CORDON_ACTION_LOG ||
		session->actions[CORDON_ROLE_PROJECT][CORDON_RULE_ENV_SECRET] > CORDON_ACTION_LOG);
}

/*
 * Stops code that is not bound yet, for the controller to bind it. Without a controller nobody will: in enforce it ends
 * here, in audit it goes on as package `unknown`. So it is where only the ring is full; but whose environment nobody has
 * looked at ends: a package could fill the ring, and have its next program start with the user's secrets. Gives whether it ends.
 */
static __always_inline bool hold_unbound(struct cordon_label *label, struct cordon_record_exec *record,
					 struct cordon_session *session)
{
	bool ends;

	if (label->role != CORDON_ROLE_PACKAGE && label->role != CORDON_ROLE_PROJECT)
		return false;
	if (task_is_doomed(label)) {
		bpf_send_signal(SIGKILL);
		return true;
	}
	if (label->flags & (CORDON_LABEL_BOUND | CORDON_LABEL_CONFINED))
		return false;
	if (!session_is_alive(session, label->session)) {
		ends = session->mode == CORDON_MODE_ENFORCE;
	} else if (record && !bpf_send_signal_thread(SIGSTOP)) {
		label->flags |= CORDON_LABEL_HELD;
		record->held = 1;
		return false;
	} else {
		ends = hold_is_emptied(session);
	}
	label->flags |= CORDON_LABEL_BOUND;
	if (ends) {
		label->flags |= CORDON_LABEL_DOOMED;
		bpf_send_signal(SIGKILL);
	}
	return ends;
}

#endif
