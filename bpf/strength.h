/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * strength.h - the table rule x backend: the fourth step of judge.h, which includes it.
 */
#ifndef CORDON_STRENGTH_H
#define CORDON_STRENGTH_H

/*
 * How well `backend` answers for `rule`: what `cordon doctor` prints and tests/attacks tries. On trace a refusal of the
 * network is the cgroup's; everything else there ends the task, or is logged.
 */
CORDON_INLINE __u32 cordon_strength(__u32 rule, __u32 backend)
{
	int trace = backend == CORDON_BACKEND_TRACE;

	switch (rule) {
	case CORDON_RULE_NET_CONNECT:
	case CORDON_RULE_NET_SEND:
	case CORDON_RULE_ENV_SECRET: /* by the controller, before the program's first instruction */
		return CORDON_STRENGTH_REFUSED;
	case CORDON_RULE_NET_LISTEN:
	case CORDON_RULE_NET_FAMILY:
	case CORDON_RULE_EXEC_DROPPED:
	case CORDON_RULE_EXEC_MEMORY:
	case CORDON_RULE_EXEC_SETUID:
	case CORDON_RULE_KERNEL_NAMESPACE:
	case CORDON_RULE_KERNEL_IO_URING:
	case CORDON_RULE_IDENTITY_KNOWN_BAD:
	case CORDON_RULE_IDENTITY_MALFORMED:
	case CORDON_RULE_IDENTITY_STARTUP:
		/* What is made goes with its process, before anybody could use it. */
		return trace ? CORDON_STRENGTH_ENDED_BEFORE : CORDON_STRENGTH_REFUSED;
	case CORDON_RULE_FILE_HIDDEN:
	case CORDON_RULE_FILE_OUTSIDE:
	case CORDON_RULE_FILE_PRIVATE:
		/* An honest build goes on where it may not write; it would not after a signal. Of the ways to change a file
		 * trace follows the opening alone: of names, modes, times (utimensat), flags (chattr) it does not even log. */
		return trace ? CORDON_STRENGTH_LOGGED : CORDON_STRENGTH_REFUSED;
	case CORDON_RULE_IDENTITY_HASH: /* what changes after its verdict: trace does not see the reads */
	case CORDON_RULE_FLOOD_FILES:
	case CORDON_RULE_FILE_SETUID:
		/* Of paths: trace does not follow them. */
		return trace ? CORDON_STRENGTH_NOT_YET : CORDON_STRENGTH_REFUSED;
	case CORDON_RULE_FILE_SECRET:
	case CORDON_RULE_FILE_PERSIST: /* of the ways to change a file trace follows the opening alone */
	case CORDON_RULE_FILE_STARTUP:
	case CORDON_RULE_GUARD_TAMPER:
	case CORDON_RULE_NET_BROKER:
	case CORDON_RULE_PROC_MEMORY:
	case CORDON_RULE_PROC_SIGNAL:
	case CORDON_RULE_TTY_INJECT:
	case CORDON_RULE_KERNEL_BPF:
	case CORDON_RULE_KERNEL_MODULE:
	case CORDON_RULE_KERNEL_MOUNT:
	case CORDON_RULE_KERNEL_CAPABILITY:
	case CORDON_RULE_FLOOD_TASKS:
		/* A call that has begun is carried out: SIGKILL waits for its end. */
		return trace ? CORDON_STRENGTH_ENDED_AFTER : CORDON_STRENGTH_REFUSED;
	case CORDON_RULE_FILE_CONDEMNED:
		/* Trace ends the installer: it sees the opening, of links and renames it follows none. */
		return trace ? CORDON_STRENGTH_ENDED_AFTER : CORDON_STRENGTH_REFUSED;
	case CORDON_RULE_PROC_LEFTOVER: /* by the controller, when the command has ended */
		return CORDON_STRENGTH_ENDED_AFTER;
	}
	return CORDON_STRENGTH_NOT_YET;
}

/*
 * What trace does where the others refuse the call. Takes: the rule, the true action, and the answer of those. What is to be
 * hidden is what honest code looks at: it is not ended for that, nor for what trace only logs. A package that is condemned
 * is done for, whatever for: there ending is what was asked.
 */
CORDON_INLINE __u32 cordon_answer_of_trace(__u32 rule, __u32 action, __u32 answer)
{
	if (answer == CORDON_ANSWER_PASS)
		return answer;
	if (action == CORDON_ACTION_CONDEMN)
		return CORDON_ANSWER_KILL;
	if (action == CORDON_ACTION_HIDE || cordon_strength(rule, CORDON_BACKEND_TRACE) == CORDON_STRENGTH_LOGGED)
		return CORDON_ANSWER_PASS;
	return CORDON_ANSWER_KILL;
}

#endif
