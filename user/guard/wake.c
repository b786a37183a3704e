/* SPDX-License-Identifier: Apache-2.0 */
/* wake.c - a task that the kernel stopped gets its answer: SIGCONT, and its call is made once more, or SIGKILL. */
#include "base/cleanup.h"
#include "guard/controller.h"

#include <signal.h>
#include <sys/syscall.h>
#include <unistd.h>

void task_answer(struct controller *c, const struct cordon_record *head, int signal)
{
	/* Through a pidfd: between our look and the signal the number may become another's. */
	_cleanup_close_ int pidfd = (int)syscall(SYS_pidfd_open, (pid_t)head->pid, 0);
	struct cordon_label now;

	/* Still a process of ours, so pidfd and label are of one. */
	if (pidfd < 0 || kernel_label_get(c->kernel, head->tgid, &now) || now.session != c->session)
		return;
	/* trace, at the gate: until here every call of it stopped it again. */
	if (now.role == CORDON_ROLE_INSTALLER && (now.flags & CORDON_LABEL_HELD)) {
		now.flags &= (uint8_t)~CORDON_LABEL_HELD;
		if (kernel_label_set(c->kernel, head->tgid, &now))
			signal = SIGKILL;
	}
	syscall(SYS_pidfd_send_signal, pidfd, signal, NULL, 0);
}
