/* SPDX-License-Identifier: Apache-2.0 */
/* leftover.c - what is still there when the session's command has ended. */
#include "base/cleanup.h"
#include "base/log.h"
#include "guard/controller.h"
#include "judge.h"

#include <string.h>

/* What was started last is often still on its way out: a shell's background job, multiprocessing's tracker. */
#define GRACE_MS 1500
/* For ending them. A process in the middle of a disk's wait takes its time. */
#define END_MS 8000

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
	int r = tasks_list(c, &tasks, &count);

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
			task_end(c, &tasks[i]);
		left += !end || leftover_is_ended(c, &tasks[i]);
	}
	return left;
}

static size_t leftover_wait_round(struct controller *c, void *arg)
{
	(void)arg;
	return leftover_round(c, false, false);
}

static size_t leftover_end_round(struct controller *c, void *arg)
{
	(void)arg;
	return leftover_round(c, false, true);
}

void leftover_end(struct controller *c)
{
	size_t left;

	if (!tasks_wait(c, GRACE_MS, leftover_wait_round, NULL))
		return;
	leftover_round(c, true, true);
	left = tasks_wait(c, END_MS, leftover_end_round, NULL);
	if (left)
		log_warn("%zu processes of packages could not be ended", left);
}
