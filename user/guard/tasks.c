/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tasks.c - the processes of the session, and their end: for what is left at the end, and for condemned packages.
 *
 * The label of a process is marked first, so that it can start no other and ends at its next system call, then it is
 * ended through a pidfd; until none is left. Only what carries this session's label is touched.
 */
#include "base/cleanup.h"
#include "base/clock.h"
#include "base/log.h"
#include "guard/controller.h"

#include <signal.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define STEP_MS 20
#define BEAT_MS 1000

int tasks_list(struct controller *c, struct cordon_task_entry **ret, size_t *ret_count)
{
	int r = kernel_lock(c->kernel);

	if (r)
		return r;
	r = kernel_tasks(c->kernel, c->session, c->kernel_session.level, ret, ret_count);
	kernel_unlock(c->kernel);
	return r;
}

/* Between our look and the signal the number may become another's: who is behind the pidfd, and still labelled, is it. */
void task_end(struct controller *c, const struct cordon_task_entry *task)
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

size_t tasks_wait(struct controller *c, int64_t ms, tasks_round_fn round, void *arg)
{
	int64_t now = clock_ms(), until = now + ms, beat = now;
	size_t left;

	while ((left = round(c, arg)) && now < until) {
		struct timespec step = { .tv_nsec = STEP_MS * 1000000L };

		if (now >= beat) {
			controller_heartbeat(c);
			beat = now + BEAT_MS;
		}
		nanosleep(&step, NULL);
		/* What is started meanwhile is held, and asks. */
		kernel_ring_consume(c->kernel);
		now = clock_ms();
	}
	return left;
}
