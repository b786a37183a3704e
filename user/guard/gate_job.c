/* SPDX-License-Identifier: Apache-2.0 */
/*
 * gate_job.c - one artifact that somebody waits for: looked at, judged, answered.
 *
 * Nobody waits for ever: a file that somebody has open for writing, a reader that takes too long, a controller that was
 * stopped itself: each ends in the mode's refusal. In audit nobody waits longer than AUDIT_WAIT_MS; what is found
 * later is told all the same.
 */
#include "guard/gate_internal.h"

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/text.h"
#include "policy/name.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/stat.h>

/* Who writes an archive closes it before it is read; a mapped page may be on its way for a moment. */
#define GATE_WRITER_MS 3000

/* SHA-512 costs three times as much, and is npm's. */
static bool gate_wants_sha512(const struct controller *c, const char *ecosystem)
{
	if (!strcmp(ecosystem, "npm"))
		return true;
	for (size_t i = 0; i < c->policy->deny_count; i++)
		if (c->policy->denies[i].digest && !strncmp(c->policy->denies[i].digest, "sha512:", 7))
			return true;
	return false;
}

static const char *gate_ecosystem(const struct controller *c, const struct cordon_record *head)
{
	const struct installer *installer = installer_at(c->data.installers, head->label.installer);

	return installer ? installer->ecosystem : "";
}

/* A job asks by itself until there is a verdict. It runs, so its label is not ours to write. */
static void job_wake(struct controller *c, const struct gate_job *job, int signal)
{
	const struct cordon_record_program *look = &job->record.look;

	if (!look->polls || signal != SIGCONT)
		task_answer(c, &look->head, signal);
}

/* The verdict goes to the kernel before the task is woken. What cannot be written there ends who waits for it. */
static void job_answer(struct controller *c, struct gate_job *job, unsigned int answer, bool always)
{
	const struct cordon_record_program *look = &job->record.look;
	const struct cordon_verdict verdict = {
		.changed = always ? CORDON_VERDICT_ALWAYS : look->changed,
		.answer = answer,
	};
	int r = kernel_verdict(c->kernel, &look->key, &verdict);
	bool refused = answer != CORDON_ANSWER_PASS;

	if (r)
		log_debug("cannot write the verdict on '%s': %s", job->path ? job->path : "?", strerror(-r));
	/* trace: there is no call to make once more. */
	if (r || (refused && look->final))
		job_wake(c, job, SIGKILL);
	else if (refused || look->polls)
		job_wake(c, job, SIGCONT);
	else
		task_pass(c, &look->head);
	job->answered = true;
}

/* Tells what stands against it, and answers; takes the reason. */
static void job_end(struct controller *c, struct gate_job *job, const struct gate_object *object, struct gate_verdict *verdict)
{
	_cleanup_free_ char *reason = TAKE_PTR(verdict->reason);
	bool refused = verdict->answer != CORDON_ANSWER_PASS;
	struct artifact_finding finding = {
		.path = job->path,
		.identity = &object->identity,
		.sha256 = verdict->sha256[0] ? verdict->sha256 : object->sha256,
		.rule = verdict->rule,
		.action = verdict->action,
		.answer = refused && job->record.look.final ? CORDON_ANSWER_KILL : verdict->answer,
		.reason = reason,
	};

	log_debug("'%s' is %s %s, sha256 %s: %s", job->path ? job->path : "?", object->identity.name, object->identity.version,
		  object->sha256, verdict->what ? reason : "fine");
	if (verdict->what && verdict->action != CORDON_ACTION_ALLOW)
		finding_take_artifact(c, &job->record.look.head, &finding);
	if (!job->answered)
		job_answer(c, job, verdict->answer, refused);
}

void gate_job_end_unseen(struct controller *c, struct gate_job *job, const char *why)
{
	const struct gate_object object = { .path = job->path, .leaf = job->record.leaf };
	struct gate_verdict verdict;

	gate_judge_unseen(c, why, &verdict);
	job_end(c, job, &object, &verdict);
}

/* Whether the file is the one that was asked about, and as it was then. Gives 0; -ESTALE; -EBUSY: somebody has it open for
 * writing; -errno. */
static int job_check(struct controller *c, struct gate_job *job)
{
	const struct cordon_record_program *look = &job->record.look;
	int r = job->fd < 0 ? job->fd : job->fresh ? 0 : kernel_origin(c->kernel, &look->head.label, job->fd, &job->origin);

	job->fresh = false;
	if (r)
		return r;
	if (!look_same_file(&job->origin.key, &look->key) || job->origin.changed != look->changed)
		return -ESTALE;
	return job->origin.written ? -EBUSY : 0;
}

/* All that is known; what it claims inside counts more than its name. */
static void job_judge(struct controller *c, struct gate_job *job, struct gate_object *object)
{
	struct gate_seen *seen = gate_remember(c->gate, &job->record.look.key);
	struct gate_verdict verdict;
	int r = job_check(c, job);
	bool stale = r == -ESTALE || r == -EBUSY;

	/* What is not remembered cannot be counted. */
	if (seen ? gate_looks_for_ever(seen, job->record.look.changed, job->since, stale) : stale) {
		if (!job->answered)
			gate_job_end_unseen(c, job, "it changes while it is looked at");
		return;
	}
	if (stale) {
		/* It asks once more, about what is there now. */
		if (!job->answered)
			job_wake(c, job, job->record.look.final ? SIGKILL : SIGCONT);
		job->answered = true;
		return;
	}
	if (r) {
		gate_job_end_unseen(c, job, strerror(-r));
		return;
	}
	gate_judge(c, object, &verdict);
	/* Audit let it pass: from now on for what it was. */
	if (job->answered)
		kernel_verdict(c->kernel, &job->record.look.key, &(struct cordon_verdict){
			.changed = job->record.look.changed, .answer = CORDON_ANSWER_PASS });
	if (seen) {
		seen->identity = object->identity;
		snprintf(seen->sha256, sizeof(seen->sha256), "%s", object->sha256);
	}
	job_end(c, job, object, &verdict);
}

static void job_read_done(struct controller *c, struct gate_job *job, const struct artifact *artifact)
{
	struct gate_object object = {
		.path = job->path,
		.leaf = job->record.leaf,
		.ecosystem = gate_ecosystem(c, &job->record.look.head),
		.identity = artifact->identity,
		.artifact = artifact,
	};

	if (artifact->hashed)
		text_hex(object.sha256, artifact->sha256, sizeof(artifact->sha256));
	if (artifact->hashed_sha512)
		text_hex(object.sha512, artifact->sha512, sizeof(artifact->sha512));
	if (artifact->kind != ARTIFACT_NONE)
		identity_from_archive(object.ecosystem, object.leaf, NULL, &object.named);
	else if (job->record.look.kind == CORDON_OP_RENAME)
		gate_index_identity(object.leaf, &object.named);
	else if (!gate_info_identity(object.path, object.ecosystem, &object.named)) {
		/* Not that file's digest, but that of the wheel which it came from. */
		object.sha256[0] = object.sha512[0] = '\0';
		gate_uv_wheel_digest(object.path, &object.named, object.sha256);
	}
	if (!object.identity.name[0])
		object.identity = object.named;
	job_judge(c, job, &object);
}

static void job_tree(struct controller *c, struct gate_job *job)
{
	struct gate_object object = {
		.path = job->path,
		.leaf = job->record.leaf,
		.ecosystem = gate_ecosystem(c, &job->record.look.head),
	};
	const struct installer *installer = installer_at(c->data.installers, job->record.look.head.label.installer);
	int r = gate_tree_identity(job->fd, object.ecosystem, &object.identity);

	if (installer && !strcmp(object.ecosystem, "npm"))
		r = gate_path_identity(installer, job->path, &object.identity);
	if (r && r != -ENOENT)
		gate_job_end_unseen(c, job, r == -EINVAL ? "it holds more than one .dist-info" : strerror(-r));
	else
		job_judge(c, job, &object);
}

/* Gives whether the job is done. */
static bool job_start(struct controller *c, struct gate_job *job)
{
	struct artifact_limits limits = artifact_limits_default;
	struct stat st;
	int r = job_check(c, job);

	if (r == -EBUSY && clock_ms() - job->since < GATE_WRITER_MS)
		return false;
	if (r == -EBUSY) {
		gate_job_end_unseen(c, job, "somebody has it open for writing");
		return true;
	}
	if (r == -ESTALE) {
		job_judge(c, job, &(struct gate_object){ .path = job->path });
		return true;
	}
	if (r || fstat(job->fd, &st)) {
		gate_job_end_unseen(c, job, strerror(r ? -r : errno));
		return true;
	}
	if (S_ISDIR(st.st_mode)) {
		job_tree(c, job);
		return true;
	}
	if (!c->gate->reader) {
		gate_job_end_unseen(c, job, "nothing can read it");
		return true;
	}
	snprintf(limits.ecosystem, sizeof(limits.ecosystem), "%s", gate_ecosystem(c, &job->record.look.head));
	limits.sha256_only = !gate_wants_sha512(c, limits.ecosystem);
	r = artifact_start(c->gate->reader, job->fd, &limits, &job->reading);
	if (r == -EAGAIN)
		return false;
	if (r)
		gate_job_end_unseen(c, job, strerror(-r));
	return r != 0;
}

bool gate_job_turn(struct controller *c, struct gate_job *job)
{
	bool audit = c->kernel_session.mode == CORDON_MODE_AUDIT;
	struct artifact artifact = { 0 };
	int r;

	if (audit && !job->answered && task_has_waited(&job->record.look.head) >= AUDIT_WAIT_MS)
		/* As long as somebody writes it, no other verdict would let it be opened. */
		job_answer(c, job, CORDON_ANSWER_PASS, true);
	if (!job->reading && job_start(c, job))
		return true;
	if (!job->reading)
		return false;
	r = artifact_job_read(job->reading, &artifact);
	if (r == -EAGAIN)
		return false;
	if (r)
		gate_job_end_unseen(c, job, strerror(-r));
	else
		job_read_done(c, job, &artifact);
	artifact_release(&artifact);
	return true;
}

void gate_job_free(struct gate_job *job)
{
	artifact_job_free(job->reading);
	cleanup_close(&job->fd);
	free(job->path);
	free(job);
}
