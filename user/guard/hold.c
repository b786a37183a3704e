/* SPDX-License-Identifier: Apache-2.0 */
/*
 * hold.c - a task that the kernel stopped at its exec is bound to a package and goes on, or is ended where that is condemned.
 *
 * The label is written before the task is woken. SIGCONT may come before the stop has happened: it takes the pending
 * SIGSTOP away, which is as good. A task that cannot be read in time becomes package `unknown`: contained, not trusted.
 * Whatever it becomes, its environment is looked at first (environ.c).
 */
#include "base/clock.h"
#include "base/log.h"
#include "base/rule.h"
#include "guard/controller.h"
#include "guard/environ.h"
#include "guard/gate.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Lets it go on, or ends it. Through a pidfd: between our look and the signal the number may become another's. */
static void hold_signal(const struct process *process, struct cordon_label *label, struct controller *c)
{
	int pidfd = (int)syscall(SYS_pidfd_open, process->pid, 0);
	struct cordon_label now;

	if (pidfd < 0)
		return;
	/* The label is still the one that we wrote, so pidfd and label are of one process. */
	if (!kernel_label_get(c->kernel, process->tgid, &now) && !memcmp(&now, label, sizeof(now)))
		syscall(SYS_pidfd_send_signal, pidfd, label->flags & CORDON_LABEL_DOOMED ? SIGKILL : SIGCONT, NULL, 0);
	close(pidfd);
}

static void hold_fill_program(struct process *process, const struct facts *facts)
{
	if (!process->program->exe && facts->exe)
		process->program->exe = strdup(facts->exe);
	if (!process->program->cwd && facts->cwd)
		process->program->cwd = strdup(facts->cwd);
	process->start = facts->start;
}

void hold_note_program(struct controller *c, struct process *process)
{
	struct facts facts;

	if (facts_read(c->proc, process->pid, process->start, &facts))
		return;
	hold_fill_program(process, &facts);
	facts_release(&facts);
}

/* A controller that was stopped, or waited for a disk, does not make the install wait for its reading too. */
#define HOLD_DEADLINE_NS 3000000000ULL

static bool hold_is_late(const struct process *process)
{
	return clock_ns() - process->program->time > HOLD_DEADLINE_NS;
}

static const struct installer *hold_installer(const struct controller *c, const struct process *process,
					      const struct decision *decision)
{
	return installer_at(c->data.installers, decision->installer ? decision->installer : process->installer);
}

/* What the installer made for the package, as it says itself. */
static void hold_hand_over(struct controller *c, const struct process *process, const struct facts *facts,
			   const struct decision *decision, uint32_t package)
{
	const struct installer *installer = hold_installer(c, process, decision);
	int r;

	if (!package || !installer)
		return;
	r = handover_to(c->handover, installer, facts, package);
	if (!r)
		return;
	/* It cannot write there then, which no finding would explain. */
	c->unwritten++;
	log_debug("cannot hand over the folders of '%s': %s", decision->identity.name, strerror(-r));
}

/* The decision, the number of the package that it is bound to, and what is known of it. */
static void hold_choose(struct controller *c, struct process *process, struct decision *ret, uint32_t *ret_package,
			struct gate_source *ret_source)
{
	struct decide_input input = { .process = process };
	struct facts facts;
	int r;

	if (hold_is_late(process)) {
		*ret = (struct decision){ .role = CORDON_ROLE_PACKAGE, .why = "it was held too long" };
		return;
	}
	r = facts_read(c->proc, process->pid, 0, &facts);
	if (r) {
		log_debug("cannot read process %d: %s", (int)process->pid, strerror(-r));
		*ret = (struct decision){ .role = CORDON_ROLE_PACKAGE, .why = "it could not be read" };
		return;
	}
	hold_fill_program(process, &facts);
	input.facts = &facts;
	decide(&c->decide, &input, ret);
	if (ret->role == CORDON_ROLE_PACKAGE || ret->role == CORDON_ROLE_PROJECT) {
		r = package_bind(c, &ret->identity, facts.cwd ? facts.cwd : "", ret_package);
		if (r) {
			c->unwritten++;
			log_debug("cannot bind '%s' as granted: %s", ret->identity.name, strerror(-r));
		}
	}
	if (ret->role == CORDON_ROLE_PACKAGE || ret->role == CORDON_ROLE_PROJECT) {
		hold_hand_over(c, process, &facts, ret, *ret_package);
		requirements_note(c, *ret_package, &facts);
		gate_source(c, hold_installer(c, process, ret), &facts, &ret->identity, ret_source);
	}
	facts_release(&facts);
}

/* Whether the package is denied, so that its code may not begin; tells. */
static bool hold_denies(struct controller *c, const struct process *process, const struct decision *decision,
			const struct gate_source *source)
{
	struct gate_verdict verdict;
	struct cordon_record head = {
		.session = c->session, .pid = (uint32_t)process->pid, .tgid = process->tgid, .time = process->program->time,
		.label = { .session = c->session, .role = CORDON_ROLE_PACKAGE, .package = process->package },
	};

	if (decision->role != CORDON_ROLE_PACKAGE || !gate_denies(c, source, &verdict))
		return false;
	head.label.installer = (uint16_t)process->installer;
	if (verdict.action != CORDON_ACTION_ALLOW)
		finding_take_artifact(c, &head, &(struct artifact_finding){
			.identity = source->identity.name[0] ? &source->identity : &source->claim,
			.sha256 = source->sha256, .rule = verdict.rule,
			.action = verdict.action, .reason = verdict.reason,
			.answer = verdict.answer == CORDON_ANSWER_PASS ? CORDON_ANSWER_PASS : CORDON_ANSWER_KILL });
	free(verdict.reason);
	return verdict.answer != CORDON_ANSWER_PASS;
}

void hold_decide(struct controller *c, struct process *process)
{
	struct cordon_label label = { .session = c->session };
	struct decision decision = { 0 };
	struct gate_source source = { 0 };
	uint32_t package = 0;
	int r;

	hold_choose(c, process, &decision, &package, &source);
	if (decision.role == CORDON_ROLE_PACKAGE || decision.role == CORDON_ROLE_PROJECT)
		label.flags = CORDON_LABEL_BOUND;
	label.role = (uint8_t)decision.role;
	label.flags |= (uint8_t)decision.flags;
	label.installer = (uint16_t)(decision.installer ? decision.installer : process->installer);
	label.package = package;
	label.reads = decision.reads;
	/* Denied, or caught before: no more of its code runs, in a second build say. */
	if (condemn_is(c, &label) || hold_denies(c, process, &decision, &source))
		label.flags |= CORDON_LABEL_DOOMED;
	log_debug("process %d (%s) is %s %s %s: %s", (int)process->pid, process->program->path, role_name(decision.role),
		  decision.identity.name, decision.identity.version, decision.why ? decision.why : "");
	process->role = label.role;
	process->flags = label.flags;
	process->installer = label.installer;
	process->package = label.package;
	process->reads = label.reads;
	/* While it is held: whoever wakes it from now on has it run with the label below. */
	if (!environ_empty(c, process, &label))
		label.flags |= CORDON_LABEL_DOOMED;
	r = kernel_label_set(c->kernel, process->tgid, &label);
	if (r) {
		if (r != -ENOENT)
			log_debug("cannot label process %d: %s", (int)process->pid, strerror(-r));
		return;
	}
	hold_signal(process, &label, c);
}
