/* SPDX-License-Identifier: Apache-2.0 */
/*
 * gate.c - who waits for the verdict on what, until when; and the answer.
 *
 * Nobody waits for ever: a file that somebody has open for writing, a reader that takes too long, a controller that was
 * stopped itself: each ends in the mode's refusal. In audit nobody waits longer than GATE_AUDIT_MS; what is found
 * later is told all the same.
 */
#include "guard/gate_internal.h"

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/text.h"
#include "policy/name.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define GATE_AUDIT_MS 500
/* Who writes an archive closes it before it is read; a mapped page may be on its way for a moment. */
#define GATE_WRITER_MS 3000
#define GATE_WRITER_LOOK_MS 20

struct gate_job {
	struct cordon_record_gate record;
	char *path;
	int fd;
	struct kernel_origin origin; /* as it was opened, */
	bool fresh;		     /* which was just now */
	int64_t since; /* ms */
	struct artifact_job *reading; /* NULL: somebody has it open for writing, or there are too many */
	bool answered; /* audit: the installer went on already */
	struct gate_job *next;
};

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

static const struct installer *gate_installer(const struct controller *c, const struct cordon_record *head)
{
	unsigned int installer = head->label.installer;

	return installer && installer <= c->data.installers->count ? &c->data.installers->items[installer - 1] : NULL;
}

static const char *gate_ecosystem(const struct controller *c, const struct cordon_record *head)
{
	const struct installer *installer = gate_installer(c, head);

	return installer ? installer->ecosystem : "";
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
		task_answer(c, &look->head, SIGKILL);
	else if (refused)
		task_answer(c, &look->head, SIGCONT);
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

static void job_end_unseen(struct controller *c, struct gate_job *job, const char *why)
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
			job_end_unseen(c, job, "it changes while it is looked at");
		return;
	}
	if (stale) {
		/* It asks once more, about what is there now. */
		if (!job->answered)
			task_answer(c, &job->record.look.head, job->record.look.final ? SIGKILL : SIGCONT);
		job->answered = true;
		return;
	}
	if (r) {
		job_end_unseen(c, job, strerror(-r));
		return;
	}
	gate_judge(c, object, &verdict);
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
	const struct installer *installer = gate_installer(c, &job->record.look.head);
	int r = gate_tree_identity(job->fd, object.ecosystem, &object.identity);

	if (installer && !strcmp(object.ecosystem, "npm"))
		r = gate_path_identity(installer, job->path, &object.identity);
	if (r && r != -ENOENT)
		job_end_unseen(c, job, r == -EINVAL ? "it holds more than one .dist-info" : strerror(-r));
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
		job_end_unseen(c, job, "somebody has it open for writing");
		return true;
	}
	if (r == -ESTALE) {
		job_judge(c, job, &(struct gate_object){ .path = job->path });
		return true;
	}
	if (r || fstat(job->fd, &st)) {
		job_end_unseen(c, job, strerror(r ? -r : errno));
		return true;
	}
	if (S_ISDIR(st.st_mode)) {
		job_tree(c, job);
		return true;
	}
	if (!c->gate->reader) {
		job_end_unseen(c, job, "nothing can read it");
		return true;
	}
	snprintf(limits.ecosystem, sizeof(limits.ecosystem), "%s", gate_ecosystem(c, &job->record.look.head));
	limits.sha256_only = !gate_wants_sha512(c, limits.ecosystem);
	r = artifact_start(c->gate->reader, job->fd, &limits, &job->reading);
	if (r == -EAGAIN)
		return false;
	if (r)
		job_end_unseen(c, job, strerror(-r));
	return r != 0;
}

/* Gives whether the job is done. */
static bool job_turn(struct controller *c, struct gate_job *job)
{
	bool audit = c->kernel_session.mode == CORDON_MODE_AUDIT;
	struct artifact artifact = { 0 };
	int r;

	if (audit && !job->answered && clock_ms() - job->since >= GATE_AUDIT_MS)
		job_answer(c, job, CORDON_ANSWER_PASS, false);
	if (!job->reading && job_start(c, job))
		return true;
	if (!job->reading)
		return false;
	r = artifact_job_read(job->reading, &artifact);
	if (r == -EAGAIN)
		return false;
	if (r)
		job_end_unseen(c, job, strerror(-r));
	else
		job_read_done(c, job, &artifact);
	artifact_release(&artifact);
	return true;
}

static void job_free(struct gate_job *job)
{
	artifact_job_free(job->reading);
	cleanup_close(&job->fd);
	free(job->path);
	free(job);
}

void gate_turn(struct controller *c)
{
	struct gate_job **at = c->gate ? &c->gate->jobs : NULL;

	while (at && *at) {
		struct gate_job *job = *at;

		if (job_turn(c, job)) {
			*at = job->next;
			job_free(job);
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
			int64_t rest = job->since + GATE_AUDIT_MS - clock_ms();

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
		job_end_unseen(c, job, job->path ? strerror(-job->fd) : "its path is too long");
		job_free(job);
		return;
	}
	if (job_turn(c, job)) {
		job_free(job);
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
		job_free(job);
	}
	artifact_reader_stop(gate->reader);
	free(gate->seen);
	free(gate);
}
