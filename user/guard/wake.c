/* SPDX-License-Identifier: Apache-2.0 */
/*
 * wake.c - a task that the kernel stopped gets its answer: SIGCONT, and its call is made once more, or SIGKILL.
 *
 * su, runuser, sudo and their kin stop themselves when their child is stopped, as for ^Z, and nobody would continue them. So
 * the parents of those that were stopped are looked at for a while, and continued.
 */
#include "base/cleanup.h"
#include "base/clock.h"
#include "base/text.h"
#include "guard/controller.h"

#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

/* They stop at once, or not at all; an emulated machine takes its time. */
#define WATCH_MS 3000

static void watch_parent(struct controller *c, pid_t pid)
{
	int64_t until = clock_ms() + WATCH_MS;
	size_t at = 0;

	if (pid <= 1)
		return;
	/* The one that has been looked at longest makes room. */
	for (size_t i = 0; i < CONTROLLER_WATCHED_MAX; i++) {
		if (c->watched[i].pid == pid) {
			at = i;
			break;
		}
		if (c->watched[i].until < c->watched[at].until)
			at = i;
	}
	c->watched[at] = (struct watched){ .pid = pid, .until = until };
}

/* The state of a process, and its parent; 0: it is gone. */
static char state_of(const struct controller *c, pid_t pid, pid_t *ret_parent)
{
	_cleanup_free_ char *path = text_format("%d/stat", (int)pid);
	_cleanup_close_ int fd = path ? openat(c->proc, path, O_RDONLY | O_CLOEXEC) : -1;
	char text[512], state;
	ssize_t n = fd >= 0 ? read(fd, text, sizeof(text) - 1) : -1;
	const char *end;
	int parent;

	if (n <= 0)
		return 0;
	text[n] = '\0';
	/* The name is the process's own choice and may hold brackets. */
	end = strrchr(text, ')');
	if (!end || sscanf(end + 1, " %c %d", &state, &parent) != 2)
		return 0;
	*ret_parent = (pid_t)parent;
	return state;
}

/* Only what belongs to the session, and is no package code: that was stopped for a reason. */
static void continue_parent(struct controller *c, pid_t pid)
{
	_cleanup_close_ int pidfd = (int)syscall(SYS_pidfd_open, pid, 0);
	struct cordon_label label;
	int r;

	if (pidfd < 0 || kernel_lock(c->kernel))
		return;
	r = kernel_who(c->kernel, pidfd, &label);
	kernel_unlock(c->kernel);
	if (!r && label.session == c->session && !(label.flags & CORDON_LABEL_HELD) &&
	    (label.role == CORDON_ROLE_ROOT || label.role == CORDON_ROLE_INSTALLER || label.role == CORDON_ROLE_HELPER))
		syscall(SYS_pidfd_send_signal, pidfd, SIGCONT, NULL, 0);
}

bool wake_turn(struct controller *c)
{
	int64_t now = clock_ms();
	bool watching = false;

	for (size_t i = 0; i < CONTROLLER_WATCHED_MAX; i++) {
		struct watched *watched = &c->watched[i];
		pid_t parent;
		char state;

		if (!watched->pid)
			continue;
		state = state_of(c, watched->pid, &parent);
		if (state == 'T') {
			continue_parent(c, watched->pid);
			/* Whose own parent may have done the same. */
			watch_parent(c, parent);
		}
		if (!state || now > watched->until)
			*watched = (struct watched){ 0 };
		else
			watching = true;
	}
	return watching;
}

int64_t task_has_waited(const struct cordon_record *head)
{
	return ((int64_t)clock_ns() - (int64_t)head->time) / 1000000;
}

/* `marks`: CORDON_READS_* that an installer's label gets. */
static void answer(struct controller *c, const struct cordon_record *head, int signal, uint32_t marks)
{
	/* Through a pidfd: between our look and the signal the number may become another's. */
	_cleanup_close_ int pidfd = (int)syscall(SYS_pidfd_open, (pid_t)head->pid, 0);
	struct cordon_label now;

	watch_parent(c, (pid_t)head->ppid);
	/* Still a process of ours, so pidfd and label are of one. */
	if (pidfd < 0 || kernel_label_get(c->kernel, head->tgid, &now) || now.session != c->session)
		return;
	/* At the gate every call of it stopped it again until here. */
	if (now.role == CORDON_ROLE_INSTALLER && ((now.flags & CORDON_LABEL_HELD) || marks)) {
		now.flags &= (uint8_t)~CORDON_LABEL_HELD;
		now.reads |= marks;
		if (kernel_label_set(c->kernel, head->tgid, &now))
			signal = SIGKILL;
	}
	syscall(SYS_pidfd_send_signal, pidfd, signal, NULL, 0);
}

void task_answer(struct controller *c, const struct cordon_record *head, int signal)
{
	answer(c, head, signal, 0);
}

void task_pass(struct controller *c, const struct cordon_record *head)
{
	answer(c, head, SIGCONT, CORDON_READS_PASSED);
}
