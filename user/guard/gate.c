/* SPDX-License-Identifier: Apache-2.0 */
/* gate.c - who waits for the verdict on what: asked for, looked after, given up. */
#include "guard/gate_internal.h"

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/log.h"

#include <errno.h>
#include <signal.h>
#include <string.h>

void gate_prepare(struct controller *c)
{
	int r = 0;

	if (!c->gate)
		c->gate = calloc(1, sizeof(*c->gate));
	if (c->gate && !c->gate->reader)
		r = artifact_reader_start(&c->gate->reader);
	/* Tried once more when an artifact comes. */
	if (r)
		log_debug("cannot start the reader of artifacts: %s", strerror(-r));
}

void gate_turn(struct controller *c)
{
	struct gate_job **at = c->gate ? &c->gate->jobs : NULL;

	while (at && *at) {
		struct gate_job *job = *at;

		if (gate_job_turn(c, job)) {
			*at = job->next;
			gate_job_free(job);
		} else {
			at = &job->next;
		}
	}
}

size_t gate_poll(struct controller *c, struct pollfd *fds, size_t room, int *timeout)
{
	size_t count = 0;

	for (struct gate_job *job = c->gate ? c->gate->jobs : NULL; job; job = job->next) {
		int left = job->reading ? artifact_job_left(job->reading) : GATE_WRITER_LOOK_MS;

		if (!job->answered && c->kernel_session.mode == CORDON_MODE_AUDIT) {
			int64_t rest = AUDIT_WAIT_MS - task_has_waited(&job->record.look.head);

			left = rest < left ? rest > 0 ? (int)rest : 0 : left;
		}
		if (left < *timeout)
			*timeout = left;
		if (job->reading && count < room)
			fds[count++] = (struct pollfd){ .fd = artifact_job_fd(job->reading), .events = POLLIN };
	}
	return count;
}

bool gate_is_busy(const struct controller *c)
{
	return c->gate && c->gate->jobs;
}

static bool gate_waits_already(const struct controller *c, const struct cordon_record_program *look)
{
	for (const struct gate_job *job = c->gate->jobs; job; job = job->next)
		if (job->record.look.head.tgid == look->head.tgid && !job->answered &&
		    look_same_file(&job->record.look.key, &look->key) && job->record.look.changed == look->changed)
			return true;
	return false;
}

void gate_take(struct controller *c, const struct cordon_record_gate *record)
{
	struct gate_job *job;

	/* Somebody woke it, and it was stopped again. */
	if (c->gate && gate_waits_already(c, &record->look))
		return;
	gate_prepare(c);
	job = c->gate ? calloc(1, sizeof(*job)) : NULL;
	if (!job) {
		log_warn("out of memory: an installer is ended that waits for a verdict");
		task_answer(c, &record->look.head, SIGKILL);
		return;
	}
	job->record = *record;
	job->since = clock_ms();
	job->fd = look_open(c, &record->look, record->look.kind == CORDON_OP_OPEN ? record->leaf : NULL, &job->path,
			    &job->origin);
	job->fresh = true;
	if (job->fd < 0 && job->fd != -ESTALE) {
		gate_job_end_unseen(c, job, job->path ? strerror(-job->fd) : "its path is too long");
		gate_job_free(job);
		return;
	}
	if (gate_job_turn(c, job)) {
		gate_job_free(job);
		return;
	}
	job->next = c->gate->jobs;
	c->gate->jobs = job;
}

void gate_release(struct controller *c)
{
	struct gate *gate = TAKE_PTR(c->gate);

	if (!gate)
		return;
	while (gate->jobs) {
		struct gate_job *job = gate->jobs;

		gate->jobs = job->next;
		gate_job_free(job);
	}
	artifact_reader_stop(gate->reader);
	free(gate->seen);
	free(gate);
}
