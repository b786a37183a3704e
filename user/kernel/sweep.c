/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sweep.c - sessions whose controller is gone.
 *
 * Their labels keep them alive: what was refused stays refused. Where the supervisor is gone too, nobody is left to wake
 * what waits for an answer, or to end what outlives its install: whoever comes by here next does that.
 */
#include "kernel/internal.h"

#include "base/cleanup.h"
#include "base/log.h"
#include "judge.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

/* For what was ended to be gone. */
#define GONE_MS 3000
#define STEP_MS 20

/* A part of the session's guard that lives, but for `leaving`, by the kernel's number of it. */
static bool sweep_is_guarded(struct kernel *kernel, uint32_t id, uint32_t leaving)
{
	uint32_t tgid, next;
	bool first = true;

	while (!bpf_map_get_next_key(kernel->map[KERNEL_MAP_guards], first ? NULL : &tgid, &next)) {
		struct cordon_guard guard;

		first = false;
		tgid = next;
		if (tgid != leaving && !bpf_map_lookup_elem(kernel->map[KERNEL_MAP_guards], &tgid, &guard) && guard.session == id)
			return true;
	}
	return false;
}

static bool sweep_ends(struct kernel *kernel, uint32_t id, const struct cordon_session *session,
		       const struct cordon_label *label)
{
	struct cordon_op op = { .kind = CORDON_OP_LEFTOVER, .role = label->role };
	struct cordon_grant_file grant = { .session = id, .package = label->package, .rule = CORDON_RULE_PROC_LEFTOVER };
	uint32_t one;
	int granted = label->package && !bpf_map_lookup_elem(kernel->map[KERNEL_MAP_grants_file], &grant, &one);
	unsigned int action = session->actions[label->role][CORDON_RULE_PROC_LEFTOVER];

	action = cordon_action_of(&op, CORDON_RULE_PROC_LEFTOVER, action, granted);
	return cordon_answer_of(action, session->mode) != CORDON_ANSWER_PASS;
}

/* Package code only: the others were never stopped by us. Gives 1 where it is being ended. */
static size_t sweep_task(struct kernel *kernel, uint32_t id, const struct cordon_session *session,
			 const struct cordon_task_entry *task)
{
	_cleanup_close_ int pidfd = task->pid ? (int)syscall(SYS_pidfd_open, task->pid, 0) : -1;
	struct cordon_label label = task->label, now;
	bool ends;

	if (!cordon_is_confined(label.role))
		return 0;
	/* What was still held has run nothing, and nobody has said what it is. */
	ends = sweep_ends(kernel, id, session, &label) ||
	       ((label.flags & CORDON_LABEL_HELD) && session->mode == CORDON_MODE_ENFORCE);
	label.flags &= (uint8_t)~CORDON_LABEL_HELD;
	label.flags |= CORDON_LABEL_BOUND | (ends ? CORDON_LABEL_DOOMED : 0);
	kernel_label_set(kernel, task->tgid, &label);
	if (pidfd >= 0 && !kernel_who(kernel, pidfd, &now) && now.session == id)
		syscall(SYS_pidfd_send_signal, pidfd, ends ? SIGKILL : SIGCONT, NULL, 0);
	return ends;
}

/* What the kernel says of a process, in tgid and level. */
static int sweep_who(struct kernel *kernel, pid_t pid, struct cordon_request *ret)
{
	_cleanup_close_ int pidfd = (int)syscall(SYS_pidfd_open, pid, 0);

	*ret = (struct cordon_request){ .verb = CORDON_REQUEST_WHO };
	return pidfd < 0 ? -errno : kernel_request(kernel, pidfd, ret);
}

/* Until none is left: what is ended may have begun to start another one. */
static void sweep_orphans(struct kernel *kernel, uint32_t id, const struct cordon_session *session)
{
	struct cordon_request self;
	int r = sweep_who(kernel, getpid(), &self);
	size_t ended = 1;

	for (int ms = 0; !r && ended && ms < GONE_MS; ms += STEP_MS) {
		_cleanup_free_ struct cordon_task_entry *tasks = NULL;
		struct timespec step = { .tv_nsec = STEP_MS * 1000000L };
		size_t count = 0;

		ended = 0;
		r = kernel_tasks(kernel, id, self.level, &tasks, &count);
		for (size_t i = 0; !r && i < count; i++)
			ended += sweep_task(kernel, id, session, &tasks[i]);
		if (ended)
			nanosleep(&step, NULL);
	}
	if (r)
		log_debug("cannot look at the processes of session %u: %s", id, strerror(-r));
}

void kernel_sweep(struct kernel *kernel, pid_t leaving)
{
	struct cordon_request request;
	/* 1 has taken over the child of a supervisor that is gone. */
	uint32_t supervisor = leaving > 1 && !sweep_who(kernel, leaving, &request) ? request.tgid : 0, id, next;
	bool first = true;

	while (!bpf_map_get_next_key(kernel->map[KERNEL_MAP_sessions], first ? NULL : &id, &next)) {
		struct cordon_session session;
		struct cordon_guard guard;

		first = false;
		id = next;
		if (!id) { /* a canary's, whose loader was killed */
			bpf_map_delete_elem(kernel->map[KERNEL_MAP_sessions], &id);
			first = true;
			continue;
		}
		if (bpf_map_lookup_elem(kernel->map[KERNEL_MAP_sessions], &id, &session))
			continue;
		if (!(session.flags & CORDON_SESSION_DEAD) &&
		    !bpf_map_lookup_elem(kernel->map[KERNEL_MAP_guards], &session.controller, &guard))
			continue;
		if (!sweep_is_guarded(kernel, id, supervisor))
			sweep_orphans(kernel, id, &session);
		if (!kernel_session_is_empty(kernel, id))
			continue;
		kernel_session_end(kernel, id);
		first = true;
	}
	if (bpf_map_get_next_key(kernel->map[KERNEL_MAP_sessions], NULL, &next))
		kernel_pins_remove(kernel->dir);
}
