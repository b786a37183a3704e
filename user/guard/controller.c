/* SPDX-License-Identifier: Apache-2.0 */
/*
 * controller.c - the loop: records of the ring, the supervisor's socket, a clock. It lives until no task of its session
 * is left, so that what the command leaves behind stays guarded.
 */
#include "guard/controller.h"

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/rule.h"
#include "base/text.h"
#include "guard/gate.h"
#include "guard/proto.h"
#include "guard/remains.h"
#include "guard/startup.h"
#include "report/report.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define BEAT_MS 1000
#define WATCH_MS 50 /* between looks at parents that may have stopped themselves */
#define REPORTED_MS 100 /* the last task may be gone any moment */
#define CONDEMNING_MS 20
#define REPORT_ROUNDS 64 /* of kernel_ring_consume(): a ring of 1 MiB has room for some 10,000 records */

static void controller_exec(struct controller *c, const struct cordon_record_exec *record)
{
	struct process *process = NULL;
	int r = tree_exec(c->tree, record, &process);

	if (r) {
		/* Not bound, so it stays held; the supervisor's word for that is a dead controller. */
		log_debug("cannot keep process %u: %s", record->head.pid, strerror(-r));
		c->error = r;
		return;
	}
	if (record->held)
		hold_decide(c, process);
	else if (record->head.label.role == CORDON_ROLE_INSTALLER)
		hold_note_program(c, process);
	if (process->role == CORDON_ROLE_INSTALLER)
		gate_prepare(c);
	if (process->role == CORDON_ROLE_INSTALLER)
		remains_note(c, process);
	/* Not only installers: setup.py and what --confine starts are held to the project's rules. */
	if (process->role != CORDON_ROLE_NONE && process->role != CORDON_ROLE_ROOT)
		c->seen_role = true;
}

static int controller_record(const struct cordon_record *record, void *arg)
{
	struct controller *c = arg;

	/* Some take long (compare.c), and there may be many of them. */
	if (clock_ms() - c->beat > BEAT_MS)
		controller_heartbeat(c);
	switch (record->type) {
	case CORDON_RECORD_EXEC:
		controller_exec(c, (const struct cordon_record_exec *)record);
		break;
	case CORDON_RECORD_FORK:
		tree_fork(c->tree, record, NULL);
		break;
	case CORDON_RECORD_EXIT:
		tree_exit(c->tree, record);
		startup_exited(c, record->pid);
		break;
	case CORDON_RECORD_ARCHIVE:
		tree_archive(c->tree, (const struct cordon_record_archive *)record);
		break;
	case CORDON_RECORD_PROGRAM:
		compare_take(c, (const struct cordon_record_program *)record);
		break;
	case CORDON_RECORD_GATE:
		gate_take(c, (const struct cordon_record_gate *)record);
		break;
	case CORDON_RECORD_FINDING:
		finding_take(c, (const struct cordon_record_finding *)record);
		break;
	}
	return 0;
}

static int64_t controller_lost(struct controller *c)
{
	int64_t lost = 0;

	for (unsigned int rule = 0; rule < CORDON_RULE_COUNT; rule++)
		lost += kernel_lost(c->kernel, c->session, rule);
	return lost + c->unwritten + (int64_t)kernel_ring_bad(c->kernel);
}

static void controller_send(struct controller *c, enum proto_type type, int value, const char *text)
{
	if (c->supervisor >= 0 && proto_send_text(c->supervisor, type, value, text))
		close(TAKE_FD(c->supervisor));
}

/* The command has ended: what it was refused is told, and written down with its status. */
static void controller_report(struct controller *c, int status)
{
	_cleanup_free_ char *summary = NULL;

	/* All that the ring can hold; tasks that outlive the command may go on filling it. */
	for (int round = 0; round < REPORT_ROUNDS && kernel_ring_consume(c->kernel) > 0; round++)
		;
	condemn_finish(c);
	leftover_end(c);
	startup_finish(c);
	if (c->kernel_session.mode != CORDON_MODE_AUDIT)
		remains_finish(c);
	for (int round = 0; round < REPORT_ROUNDS && kernel_ring_consume(c->kernel) > 0; round++)
		;
	summary = report_summary(c->findings, c->finding_count, c->kernel_session.mode, controller_lost(c));
	if (!c->seen_role)
		controller_send(c, PROTO_NOTE, 0, "no installer was seen, so nothing was confined");
	c->record.status = status;
	c->record.lost = controller_lost(c);
	controller_send(c, PROTO_DONE, finding_verdict(c), summary);
	c->reported = true;
}

static int shell_status(int status)
{
	return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

static void controller_read_supervisor(struct controller *c)
{
	struct proto_message *message = malloc(sizeof(*message));
	int r = message ? 1 : -ENOMEM;

	while (r > 0) {
		r = proto_receive(c->supervisor, message);
		if (r > 0 && message->type == PROTO_EXITED)
			controller_report(c, shell_status(message->value));
	}
	free(message);
	if (r != -EAGAIN && r != -EWOULDBLOCK)
		close(TAKE_FD(c->supervisor));
}

void controller_heartbeat(struct controller *c)
{
	int r = kernel_heartbeat(c->kernel, c->session);

	if (r)
		c->error = r;
	c->beat = clock_ms();
	controller_send(c, PROTO_ALIVE, 0, NULL);
}

static bool controller_command_has_ended(const struct controller *c)
{
	struct pollfd fd = { .fd = c->pidfd, .events = POLLIN };

	return poll(&fd, 1, 0) > 0;
}

/* Whether no task is left. Counting labels is cheap; whether they are of processes is asked now and then. */
static bool controller_is_alone(struct controller *c)
{
	bool alone = !kernel_session_tasks(c->kernel, c->session);

	if (alone || c->beat - c->counted < BEAT_MS || kernel_lock(c->kernel))
		return alone;
	c->counted = c->beat;
	alone = kernel_session_is_empty(c->kernel, c->session);
	kernel_unlock(c->kernel);
	return alone;
}

static void controller_beat(struct controller *c)
{
	controller_heartbeat(c);
	if (c->supervisor >= 0 && !c->reported)
		return;
	/* The supervisor was killed, and nobody says it: what the command has left behind is to be ended all the same. */
	if (!c->reported && controller_command_has_ended(c))
		controller_report(c, -1);
	/* The rest is guarded until it is gone. */
	c->over = controller_is_alone(c);
}

/* How long the loop waits for something to happen, in ms. */
static int controller_patience(const struct controller *c)
{
	if (c->condemning)
		return CONDEMNING_MS;
	return c->reported ? REPORTED_MS : BEAT_MS;
}

static void controller_loop(struct controller *c, int ring)
{
	int64_t beat = 0;

	while (!c->over && !c->error) {
		struct pollfd fds[2 + GATE_POLL_MAX] = { { .fd = ring, .events = POLLIN },
							 { .fd = c->supervisor, .events = POLLIN } };
		int timeout = wake_turn(c) ? WATCH_MS : controller_patience(c);
		int64_t now = clock_ms();

		if (now >= beat) {
			controller_beat(c);
			beat = now + BEAT_MS;
		}
		/* Once reported, nobody waits for us but the maps: look soon whether the last task is gone. */
		if (c->reported && !c->over)
			controller_beat(c);
		if (c->over || c->error)
			break;
		if (poll(fds, 2 + gate_poll(c, fds + 2, GATE_POLL_MAX, &timeout), timeout) < 0 && errno != EINTR)
			c->error = -errno;
		if (fds[0].revents)
			kernel_ring_consume(c->kernel);
		gate_turn(c);
		condemn_look(c);
		if (c->supervisor >= 0 && fds[1].revents)
			controller_read_supervisor(c);
	}
}

int controller_run(struct controller *c)
{
	int ring = kernel_ring_open(c->kernel, c->session, controller_record, c);
	_cleanup_free_ char *notice = controller_notice(c);

	if (ring < 0)
		return ring;
	/* Before the command may go on: a session without a heartbeat counts as one whose controller is dead. */
	c->error = kernel_heartbeat(c->kernel, c->session);
	if (c->error)
		return c->error;
	c->running = true;
	if (c->kernel_session.mode == CORDON_MODE_AUDIT)
		controller_send(c, PROTO_AUDIT, 0, NULL);
	controller_send(c, PROTO_READY, (int)getpid(), notice);
	controller_loop(c, ring);
	if (!c->reported)
		c->record.lost = controller_lost(c);
	journal_session_end(c->journal, &c->record);
	return c->error;
}

char *controller_notice(const struct controller *c)
{
	unsigned int backend = kernel_backend(c->kernel);
	const char *weak = kernel_weakness(backend, kernel_twins(c->kernel));
	bool audit = c->kernel_session.mode == CORDON_MODE_AUDIT;

	if (!weak && !audit)
		return strdup("");
	return text_format("%s%s%s%s%s%s", audit ? "audit: nothing is refused, everything is recorded" : "",
			   audit && weak ? "; " : "", weak ? "weak backend " : "", weak ? backend_name(backend) : "",
			   weak ? ": " : "", weak ? weak : "");
}

void controller_release(struct controller *c)
{
	if (c->kernel) {
		if (!kernel_lock(c->kernel)) {
			/* Not from under its processes: without their labels they would be nobody's. What is left here is for
			 * the next sweep. A command that was not told to go on never ran. */
			if (c->session && (!c->running || kernel_session_is_empty(c->kernel, c->session)))
				kernel_session_end(c->kernel, c->session);
			kernel_sweep(c->kernel, 0);
			kernel_unlock(c->kernel);
		}
		kernel_close(c->kernel);
	}
	facts_release(&c->command);
	journal_close(c->journal);
	journal_session_release(&c->record);
	places_free(c->places);
	recognise_free(c->table);
	startup_release(c);
	gate_release(c);
	remains_release(c);
	free(c->virtual_env);
	policy_data_release(&c->data);
	policy_free(c->policy);
	tree_free(c->tree);
	for (size_t i = 0; i < c->finding_count; i++)
		finding_release(&c->findings[i]);
	for (size_t i = 0; i < CONTROLLER_TEMPS_MAX; i++)
		free(c->temps[i]);
	free(c->findings);
	for (size_t i = 0; i < c->package_count; i++) {
		free(c->packages[i].folder);
		free(c->packages[i].environment);
	}
	handover_free(c->handover);
	free(c->packages);
	free(c->addresses);
	free(c->start);
	free(c->home);
	free(c->state_dir);
	free(c->etc_dir);
	cleanup_close(&c->proc);
	cleanup_close(&c->root);
	cleanup_close(&c->pidfd);
	cleanup_close(&c->supervisor);
}
