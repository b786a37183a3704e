/* SPDX-License-Identifier: Apache-2.0 */
/*
 * findings.c - a record of the ring becomes a finding: named, placed, explained, written down.
 */
#include "base/cleanup.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/rule.h"
#include "base/text.h"
#include "guard/findings_internal.h"
#include "guard/gate.h"
#include "guard/startup.h"
#include "journal/mask.h"
#include "judge.h"
#include "report/report.h"

#include <arpa/inet.h>
#include <errno.h>
#include <string.h>

#define ANCESTRY_MAX 16
/* Different ones that the summary looks at; the journal keeps its own count. */
#define FINDINGS_MAX 2000

static int64_t finding_wall_ms(const struct controller *c, uint64_t monotonic)
{
	return ((int64_t)monotonic + c->decide.wall_offset) / 1000000;
}

static char *finding_copy(const char *text)
{
	return text && *text ? strdup(text) : NULL;
}

static void finding_fill_process(struct finding_process *to, const struct process *from)
{
	to->pid = (int)from->pid;
	to->uid = (int)from->uid;
	to->role = from->role;
	to->exe = finding_copy(from->program->exe ? from->program->exe : from->program->path);
	to->argv = mask_argv(from->program->args, from->program->args_len);
	to->cwd = finding_copy(from->program->cwd);
}

static void finding_fill_ancestry(struct finding *finding, const struct process *process)
{
	const struct process *ancestors[ANCESTRY_MAX];
	size_t count = process_ancestry(process, ancestors, ANCESTRY_MAX);

	finding->ancestry = calloc(count ? count : 1, sizeof(*finding->ancestry));
	if (!finding->ancestry)
		return;
	for (size_t i = 0; i < count; i++)
		finding_fill_process(&finding->ancestry[i], ancestors[i]);
	finding->ancestry_count = count;
}

/* What the kernel said of a process that nobody knows: its records were lost. */
static void finding_fill_unknown(struct finding *finding, const struct cordon_record *head)
{
	finding->process.pid = (int)head->pid;
	finding->process.uid = (int)head->uid;
	finding->process.role = head->label.role;
	finding->process.exe = finding_copy(head->comm);
}

static void finding_fill_package(struct controller *c, struct finding *finding, const struct cordon_record *head)
{
	const struct identity *identity = package_identity(c, head->label.package);
	const struct installer *installer = installer_at(c->data.installers, head->label.installer);

	if (installer) {
		finding->installer = strdup(installer->id);
		finding->ecosystem = finding_copy(installer->ecosystem);
	}
	if (!identity || !identity->name[0]) {
		/* Installers, helpers and the project are nobody's package. */
		if (head->label.role == CORDON_ROLE_PACKAGE)
			finding->package = strdup("unknown");
		return;
	}
	free(finding->ecosystem);
	finding->ecosystem = strdup(identity->ecosystem);
	finding->package = strdup(identity->name);
	finding->version = finding_copy(identity->version);
	finding->sha256 = finding_copy(gate_sha256(c, identity));
}

static bool text_same(const char *a, const char *b)
{
	return a == b || (a && b && !strcmp(a, b));
}

static bool finding_same(const struct finding *a, const struct finding *b)
{
	return a->rule == b->rule && a->action == b->action && a->answer == b->answer &&
	       a->object_port == b->object_port && text_same(a->package, b->package) &&
	       text_same(a->version, b->version) && text_same(a->object_path, b->object_path) &&
	       text_same(a->object_address, b->object_address) && text_same(a->process.exe, b->process.exe) &&
	       (a->rule != CORDON_RULE_ENV_SECRET || text_same(a->object_protocol, b->object_protocol));
}

/* Takes the finding over. */
static void finding_keep(struct controller *c, struct finding *finding)
{
	for (size_t i = 0; i < c->finding_count; i++) {
		if (!finding_same(&c->findings[i], finding))
			continue;
		c->findings[i].count++;
		finding_release(finding);
		return;
	}
	if (c->finding_count == c->finding_room) {
		size_t room = c->finding_room * 2 + 64;
		struct finding *more = c->finding_count < FINDINGS_MAX ? realloc(c->findings, room * sizeof(*more)) : NULL;

		if (!more) {
			c->unwritten++;
			finding_release(finding);
			return;
		}
		c->findings = more;
		c->finding_room = room;
	}
	finding->count = 1;
	c->findings[c->finding_count++] = *finding;
}

static void finding_write(struct controller *c, struct finding *finding)
{
	int r = journal_add(c->journal, finding);

	if (!r)
		return;
	c->unwritten++;
	if (!c->journal_failed && r != -EDQUOT)
		log_warn("the journal does not take findings any more: %s", strerror(-r));
	c->journal_failed = true;
}

/* Who did it: from what the tree knows, else from what the kernel said. */
static void finding_fill_processes(struct controller *c, struct finding *finding, const struct cordon_record *head)
{
	struct process *process = tree_find(c->tree, (pid_t)head->pid);

	if (process) {
		if (!process->exited && (!process->program->exe || !process->program->cwd))
			hold_note_program(c, process);
		finding_fill_process(&finding->process, process);
		finding->process.role = head->label.role;
		finding_fill_ancestry(finding, process);
	} else {
		finding_fill_unknown(finding, head);
	}
}

/* And for which package. */
static void finding_fill_actor(struct controller *c, struct finding *finding, const struct cordon_record *head)
{
	finding_fill_processes(c, finding, head);
	finding_fill_package(c, finding, head);
}

static struct finding finding_begin(const struct controller *c, unsigned int rule, unsigned int op)
{
	return (struct finding){
		.session = c->record.id,
		.mode = c->kernel_session.mode,
		.backend = kernel_backend(c->kernel),
		.rule = rule,
		.op = op,
		.count = 1,
	};
}

/* Takes the finding over. What it means for the exit status does not depend on room for it. */
static void finding_put(struct controller *c, struct finding *finding)
{
	if (finding->mode == CORDON_MODE_ENFORCE && report_is_refusal(finding)) {
		c->refused = true;
		c->condemned |= finding->action == CORDON_ACTION_CONDEMN;
	}
	finding_write(c, finding);
	finding_keep(c, finding);
}

static char *finding_condemned(const struct controller *c, const struct cordon_record *head)
{
	_cleanup_free_ char *with = requirements_of(c, (pid_t)head->pid, head->label.package);

	return text_format("its package was condemned for this: its processes were ended, and what it built is not used%s%s",
			   with ? "; it was built with " : "", with ? with : "");
}

/* Of what the kernel found by itself at the gate. */
static const char *finding_artifact_reason(unsigned int what)
{
	switch (what) {
	case CORDON_ARTIFACT_CHANGED:
		return "it has changed since it was looked at, or somebody may change it";
	case CORDON_ARTIFACT_MISSING:
		return "it comes into an environment, and from no archive that was looked at";
	default:
		return "it could not be looked at: nobody was there to ask";
	}
}

void finding_take(struct controller *c, const struct cordon_record_finding *record)
{
	struct finding finding = finding_begin(c, record->rule, record->op.kind);

	/* What it is that the installer writes there is known when it has written it. */
	if (record->rule == CORDON_RULE_FILE_STARTUP && record->head.label.role == CORDON_ROLE_INSTALLER) {
		_cleanup_free_ char *path = finding_path(c, record);

		if (path)
			startup_note(c, record, path);
		else
			c->unwritten++;
		return;
	}

	finding.time = finding_wall_ms(c, record->head.time);
	finding.action = record->action;
	finding.answer = record->answer;
	finding_fill_actor(c, &finding, &record->head);
	finding_fill_object(c, &finding, record);
	if (cordon_condemns(record->action, c->kernel_session.mode, record->head.label.role)) {
		condemn_take(c, &record->head.label);
		finding.reason = finding_condemned(c, &record->head);
	} else if (record->op.kind == CORDON_OP_ARTIFACT) {
		finding.reason = strdup(finding_artifact_reason(record->op.what));
	}
	finding_put(c, &finding);
}

void finding_take_leftover(struct controller *c, const struct cordon_task_entry *task, unsigned int action,
			   unsigned int answer)
{
	struct finding finding = finding_begin(c, CORDON_RULE_PROC_LEFTOVER, CORDON_OP_LEFTOVER);
	struct cordon_record head = { .pid = task->pid, .tgid = task->tgid, .uid = (uint32_t)-1, .label = task->label };

	finding.time = finding_wall_ms(c, clock_ns());
	finding.action = action;
	finding.answer = answer;
	finding_fill_actor(c, &finding, &head);
	finding_put(c, &finding);
}

/* Whose the file is, which is not that of the installer's process. */
static void finding_fill_owner(struct finding *finding, const struct identity *owner)
{
	if (!owner->name[0])
		return;
	free(finding->package);
	free(finding->version);
	finding->package = strdup(owner->name);
	finding->version = finding_copy(owner->version);
	if (!owner->ecosystem[0])
		return;
	free(finding->ecosystem);
	finding->ecosystem = strdup(owner->ecosystem);
}

void finding_take_artifact(struct controller *c, const struct cordon_record *head, const struct artifact_finding *what)
{
	struct finding finding = finding_begin(c, what->rule, CORDON_OP_ARTIFACT);

	finding.time = finding_wall_ms(c, head->time);
	finding.action = what->action;
	finding.answer = what->answer;
	finding_fill_actor(c, &finding, head);
	finding_fill_owner(&finding, what->identity);
	finding.object_path = finding_copy(what->path);
	free(finding.sha256);
	finding.sha256 = finding_copy(what->sha256);
	finding.reason = finding_copy(what->reason);
	finding_put(c, &finding);
}

/* Told once for a package; for helpers, which are nobody's package, once for their installer. */
static bool finding_has_variable(const struct controller *c, const struct finding *finding)
{
	for (size_t i = 0; i < c->finding_count; i++) {
		const struct finding *there = &c->findings[i];

		if (there->rule == CORDON_RULE_ENV_SECRET && there->answer == finding->answer &&
		    text_same(there->package, finding->package) && text_same(there->version, finding->version) &&
		    text_same(there->installer, finding->installer) && text_same(there->object_protocol, finding->object_protocol))
			return true;
	}
	return false;
}

void finding_take_variable(struct controller *c, const struct process *process, const struct cordon_label *label,
			   const struct variable_finding *what)
{
	struct finding finding = finding_begin(c, CORDON_RULE_ENV_SECRET, CORDON_OP_EXEC);
	struct cordon_record head = { .pid = (uint32_t)process->pid, .tgid = process->tgid, .uid = process->uid, .label = *label };
	const bool enforce = c->kernel_session.mode == CORDON_MODE_ENFORCE;
	const unsigned int action = c->kernel_session.actions[label->role][CORDON_RULE_ENV_SECRET];

	finding.time = finding_wall_ms(c, clock_ns());
	finding.action = CORDON_ACTION_LOG;
	finding_fill_package(c, &finding, &head);
	if (!what->name) {
		finding_fill_processes(c, &finding, &head);
		finding.action = action == CORDON_ACTION_LOG ? CORDON_ACTION_LOG : CORDON_ACTION_DENY;
		finding.answer = what->emptied ? CORDON_ANSWER_KILL : CORDON_ANSWER_PASS;
		finding.reason = text_format("its environment could not be %s: %s", what->emptied ? "emptied" : "looked at",
					     strerror(-what->error));
		finding_put(c, &finding);
		return;
	}
	finding.answer = what->emptied ? CORDON_ANSWER_ENOENT : CORDON_ANSWER_PASS;
	finding.object_protocol = strdup(what->name);
	if (finding_has_variable(c, &finding)) {
		finding_release(&finding);
		return;
	}
	finding_fill_processes(c, &finding, &head);
	if (enforce || action == CORDON_ACTION_LOG)
		finding.reason = strdup(!what->emptied ? "the policy leaves it there" : what->part ?
					"who logs in was cut out of its value" : "its value was emptied");
	else
		finding.reason = strdup(what->part ? "mode enforce would cut out of its value who logs in"
						   : "mode enforce would empty its value");
	finding_put(c, &finding);
}

void finding_take_startup(struct controller *c, const struct cordon_record *head, const struct startup_finding *what)
{
	struct finding finding = finding_begin(c, CORDON_RULE_FILE_STARTUP, CORDON_OP_CREATE);

	finding.time = finding_wall_ms(c, head->time);
	finding.action = what->action;
	finding.answer = what->aside ? CORDON_ANSWER_EPERM : CORDON_ANSWER_PASS;
	finding_fill_actor(c, &finding, head);
	finding_fill_owner(&finding, what->owner);
	finding.object_path = strdup(what->path);
	free(finding.sha256);
	finding.sha256 = finding_copy(what->sha256);
	if (what->aside)
		finding.reason = text_format("its content has no known form; it is now %s", what->aside);
	else
		finding.reason = strdup(what->failed ? "its content has no known form, and it could not be moved away"
						     : "its content has no known form");
	finding_put(c, &finding);
}

void finding_take_remains(struct controller *c, uint32_t package, const struct remains_finding *what)
{
	struct finding finding = finding_begin(c, CORDON_RULE_FILE_CONDEMNED, what->gone ? CORDON_OP_REMOVE : CORDON_OP_CREATE);
	struct cordon_record head = { .uid = (uint32_t)-1, .label = { .role = CORDON_ROLE_PACKAGE, .package = package } };

	finding.time = finding_wall_ms(c, clock_ns());
	finding.action = CORDON_ACTION_DENY;
	finding.answer = what->gone ? CORDON_ANSWER_EPERM : CORDON_ANSWER_PASS;
	finding_fill_actor(c, &finding, &head);
	finding.object_path = strdup(what->path);
	finding.reason = strdup(what->reason);
	finding.hint = finding_copy(what->hint);
	finding_put(c, &finding);
}
