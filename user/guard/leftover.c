/* SPDX-License-Identifier: Apache-2.0 */
/*
 * leftover.c - what is still there when the session's command has ended.
 *
 * The label of a process is marked first, so that it can start no other and ends at its next system call, then it is
 * ended through a pidfd; until none is left. Only what carries this session's label is touched.
 */
#include "base/cleanup.h"
#include "base/clock.h"
#include "base/log.h"
#include "guard/controller.h"
#include "judge.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

/* What was started last is often still on its way out: a shell's background job, multiprocessing's tracker. */
#define GRACE_MS 1500
/* For ending them. A process in the middle of a disk's wait takes its time. */
#define END_MS 8000
#define STEP_MS 20
#define BEAT_MS 1000

static int leftover_list(struct controller *c, struct cordon_task_entry **ret, size_t *ret_count)
{
	int r = kernel_lock(c->kernel);

	if (r)
		return r;
	r = kernel_tasks(c->kernel, c->session, c->kernel_session.level, ret, ret_count);
	kernel_unlock(c->kernel);
	return r;
}

static unsigned int leftover_action(const struct controller *c, const struct cordon_label *label)
{
	struct cordon_op op = { .kind = CORDON_OP_LEFTOVER, .role = label->role };
	unsigned int rule = cordon_rule_of(&op);

	if (rule == CORDON_RULE_NONE || label->role >= CORDON_ROLE_COUNT)
		return CORDON_ACTION_ALLOW;
	return cordon_action_of(&op, rule, c->kernel_session.actions[label->role][rule],
				package_is_granted(c, label->package, rule));
}

static bool leftover_is_ended(const struct controller *c, const struct cordon_task_entry *task)
{
	return cordon_answer_of(leftover_action(c, &task->label), c->kernel_session.mode) != CORDON_ANSWER_PASS;
}

/* Between our look and the signal the number may become another's: who is behind the pidfd, and still labelled, is it. */
static void leftover_kill(struct controller *c, const struct cordon_task_entry *task)
{
	_cleanup_close_ int pidfd = task->pid ? (int)syscall(SYS_pidfd_open, task->pid, 0) : -1;
	struct cordon_label label;
	int r;

	/* Not there: it lies elsewhere, and is doomed already. */
	if (!kernel_label_get(c->kernel, task->tgid, &label) && label.session == c->session) {
		label.flags |= CORDON_LABEL_DOOMED;
		kernel_label_set(c->kernel, task->tgid, &label);
	}
	/* Not to be seen from here: it ends by its label. */
	if (pidfd < 0 || kernel_lock(c->kernel))
		return;
	r = kernel_who(c->kernel, pidfd, &label);
	kernel_unlock(c->kernel);
	if (!r && label.session == c->session)
		syscall(SYS_pidfd_send_signal, pidfd, SIGKILL, NULL, 0);
}

static void leftover_record(struct controller *c, const struct cordon_task_entry *task)
{
	unsigned int action = leftover_action(c, &task->label);
	bool ended = leftover_is_ended(c, task);

	if (action != CORDON_ACTION_ALLOW)
		finding_take_leftover(c, task, action, ended ? CORDON_ANSWER_KILL : CORDON_ANSWER_PASS);
}

/* One look: how many the rules speak of, with `record` each is told, with `end` those that are to be are ended. Gives how
 * many are to be waited for. */
static size_t leftover_round(struct controller *c, bool record, bool end)
{
	_cleanup_free_ struct cordon_task_entry *tasks = NULL;
	size_t count = 0, left = 0;
	int r = leftover_list(c, &tasks, &count);

	if (r) {
		log_debug("cannot list the processes of the session: %s", strerror(-r));
		return 0;
	}
	for (size_t i = 0; i < count; i++) {
		if (leftover_action(c, &tasks[i].label) == CORDON_ACTION_ALLOW)
			continue;
		if (record)
			leftover_record(c, &tasks[i]);
		if (end && leftover_is_ended(c, &tasks[i]))
			leftover_kill(c, &tasks[i]);
		left += !end || leftover_is_ended(c, &tasks[i]);
	}
	return left;
}

/* Looks again until none is left, or for `ms`. */
static size_t leftover_wait(struct controller *c, int64_t ms, bool end)
{
	int64_t now = clock_ms(), until = now + ms, beat = now;
	size_t left;

	while ((left = leftover_round(c, false, end)) && now < until) {
		struct timespec step = { .tv_nsec = STEP_MS * 1000000L };

		if (now >= beat) {
			controller_heartbeat(c);
			beat = now + BEAT_MS;
		}
		nanosleep(&step, NULL);
		/* What it starts meanwhile is held, and asks. */
		kernel_ring_consume(c->kernel);
		now = clock_ms();
	}
	return left;
}

void leftover_end(struct controller *c)
{
	size_t left;

	if (!leftover_wait(c, GRACE_MS, false))
		return;
	leftover_round(c, true, true);
	left = leftover_wait(c, END_MS, true);
	if (left)
		log_warn("%zu processes of packages could not be ended", left);
}
