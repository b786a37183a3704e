/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * admit.bpf.h - what stands before every operation of a labelled task.
 */
#ifndef CORDON_ADMIT_BPF_H
#define CORDON_ADMIT_BPF_H

#include "hold.bpf.h"

/*
 * sched_process_exec was missed (exec.bpf.c): what it would have done is done now. Who is not package code by what started it is
 * held too, as one that cannot be told: what recognises installers is too much for each hook, and the controller knows them.
 * Gives what task_admit() does. The task is not stopped once more: the controller may have woken it by then.
 */
CORDON_GLOBAL int admit_late(struct cordon_label *label)
{
	struct task_struct *task = (void *)bpf_get_current_task();
	struct cordon_record_exec *record;
	struct cordon_session *session;
	__u8 role_before;
	bool ends, held;
	void *ring;
	long len;

	if (!label)
		return 0;
	label->reads &= ~CORDON_READS_EXEC;
	role_before = label->role;
	/* It stays what it is, whatever it starts. */
	if (role_before == CORDON_ROLE_PROJECT && !(label->flags & CORDON_LABEL_CONFINED))
		return 0;
	session = task_session(label);
	if (!session) {
		if (role_before == CORDON_ROLE_ROOT)
			return 0;
		bpf_send_signal(SIGKILL);
		return -EPERM;
	}
	ring = emit_ring(label->session);
	record = ring ? bpf_ringbuf_reserve(ring, sizeof(*record), 0) : NULL;
	hold_as_package(label);
	if (!record) {
		emit_count_lost(label->session, CORDON_RULE_NONE);
		return hold_unbound(label, NULL, session) ? -EPERM : 0;
	}
	emit_head(&record->head, EMIT_KIND(CORDON_RECORD_EXEC, record), emit_leader(), label, session->level);
	hold_read_args(record, task);
	/* Where the environment ends lies what was given to execve. */
	len = bpf_probe_read_user_str(record->path, sizeof(record->path), (void *)BPF_CORE_READ(task, mm, env_end));
	record->path_len = len > 0 ? len : 0;
	record->held = 0;
	record->role_before = role_before;
	ends = hold_unbound(label, record, session);
	record->head.label = *label;
	held = record->held;
	bpf_ringbuf_submit(record, 0);
	if (held && task_can_repeat())
		return -ERESTARTNOINTR;
	return held || ends ? -EPERM : 0;
}

/*
 * What stands before every operation of a labelled task. Gives 0: go on; else the negative errno that the hook returns.
 *
 * - Doomed, or of a condemned package: the process ends here.
 * - It runs a program that nobody has seen start: that is made up for.
 * - Held, at its exec or at the gate, and yet running: somebody sent SIGCONT. It stops again, and the kernel runs the call once
 *   more after the controller has woken it (reference/kernel.md, section 4). Without a controller it ends, or is told no; in
 *   audit it goes on. What an installer has io_uring do meanwhile is judged by itself: that is not the call that waits.
 */
CORDON_GLOBAL int task_admit(struct cordon_label *label)
{
	struct cordon_session *session;
	struct cordon_state *st;
	bool at_gate;

	if (!label)
		return 0;
	if (task_is_doomed(label)) {
		bpf_send_signal(SIGKILL);
		return -EPERM;
	}
	if (task_is_unseen(label))
		return admit_late(label);
	if (!(label->flags & CORDON_LABEL_HELD))
		return 0;
	st = guard_state();
	/* On trace it has its descriptor already. */
	at_gate = label->role == CORDON_ROLE_INSTALLER && st && st->backend != CORDON_BACKEND_TRACE;
	session = task_session(label);
	if (!session || !session_is_alive(session, label->session)) {
		if (session && session->mode == CORDON_MODE_AUDIT) {
			label->flags &= ~CORDON_LABEL_HELD;
			if (cordon_is_confined(label->role))
				label->flags |= CORDON_LABEL_BOUND; /* package `unknown` */
			return 0;
		}
		/* It is told no when it asks once more. */
		if (at_gate) {
			label->flags &= ~CORDON_LABEL_HELD;
			return 0;
		}
		bpf_send_signal(SIGKILL);
		return -EPERM;
	}
	if (at_gate && !task_can_repeat())
		return 0;
	if (bpf_send_signal_thread(SIGSTOP) || !task_can_repeat())
		return -EPERM;
	return -ERESTARTNOINTR;
}

#endif
