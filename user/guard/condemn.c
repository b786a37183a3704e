/* SPDX-License-Identifier: Apache-2.0 */
/*
 * condemn.c - a package that was caught doing what its rule condemns is done for.
 *
 * The kernel has marked it and ended who did it, before this hears of it; each other task of it ends at its next hook. Here
 * those are ended that come by no hook: that sleep, compute or were stopped. Whatever happens here, the kernel's part holds.
 */
#include "base/cleanup.h"
#include "base/clock.h"
#include "base/log.h"
#include "guard/controller.h"
#include "guard/remains.h"
#include "judge.h"

#include <string.h>

/* For ending them. A process in the middle of a disk's wait takes its time. */
#define END_MS 8000

static uint32_t condemn_number(const struct cordon_label *label)
{
	return cordon_package_number(label->role, label->package);
}

bool condemn_is(const struct controller *c, const struct cordon_label *label)
{
	uint32_t package = label->package;

	if (!cordon_is_confined(label->role))
		return false;
	if (package && package <= c->package_count && c->packages[package - 1].condemned)
		return true;
	/* What was lost on the way, or never told. */
	return kernel_package_is_condemned(c->kernel, c->session, condemn_number(label));
}

void condemn_take(struct controller *c, const struct cordon_label *label)
{
	int r;

	/* On trace a program is judged at its exec, before anybody has said whose it is: that task has ended, alone. */
	if (!cordon_is_confined(label->role) || !(label->flags & (CORDON_LABEL_BOUND | CORDON_LABEL_CONFINED)))
		return;
	/* Once more, which changes nothing. */
	r = kernel_package_condemn(c->kernel, c->session, condemn_number(label));
	if (r) {
		log_warn("a package could not be condemned: %s", strerror(-r));
		c->error = r; /* without a controller what waits is refused */
	}
	if (label->package && label->package <= c->package_count)
		c->packages[label->package - 1].condemned = true;
	c->condemning = clock_ms() + END_MS;
}

/* What the summary must not say otherwise. */
static void tell_unended(struct controller *c)
{
	log_warn("some processes of a condemned package could not be ended");
	for (size_t i = 0; i < c->finding_count; i++)
		c->findings[i].unended |= c->findings[i].action == CORDON_ACTION_CONDEMN;
}

/* Ends all that belong to a condemned package. Gives how many are to be waited for. */
static size_t condemn_round(struct controller *c, void *arg)
{
	_cleanup_free_ struct cordon_task_entry *tasks = NULL;
	size_t count = 0, left = 0;
	int r = tasks_list(c, &tasks, &count);

	(void)arg;
	if (r) {
		log_debug("cannot list the processes of the session: %s", strerror(-r));
		return 1;
	}
	for (size_t i = 0; i < count; i++) {
		/* Held: nobody has said yet whose it is. */
		if ((tasks[i].label.flags & CORDON_LABEL_HELD) || !condemn_is(c, &tasks[i].label))
			continue;
		task_end(c, &tasks[i]);
		left++;
	}
	return left;
}

void condemn_look(struct controller *c)
{
	if (!c->condemning)
		return;
	if (!condemn_round(c, NULL)) {
		c->condemning = 0;
		remains_take_built(c);
	}
	if (c->condemning && clock_ms() > c->condemning) {
		log_warn("some processes of a condemned package could not be ended");
		c->condemning = 0;
	}
}

void condemn_finish(struct controller *c)
{
	if (c->kernel_session.mode == CORDON_MODE_AUDIT)
		return;
	/* Also where no word of it came here: the ring was full. */
	if (tasks_wait(c, END_MS, condemn_round, NULL))
		tell_unended(c);
	c->condemning = 0;
}
