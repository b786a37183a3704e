/* SPDX-License-Identifier: Apache-2.0 */
/*
 * startup.c - start-up files that installers write. The kernel cannot judge what is not written yet, so it lets them and
 * tells; here each is read when the process that wrote it is gone, when an installer's python would read it, or at the
 * end, and moved out of python's sight unless its content has a known form or a grant names its hash.
 */
#include "guard/startup.h"

#include "base/cleanup.h"
#include "base/log.h"
#include "base/text.h"
#include "guard/aside.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/evp.h>
#include <signal.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

/* Of one session; more are looked at at once, complete or not. */
#define NOTES_MAX 4096
/* The largest that is read: what generators write has some hundred bytes. */
#define SIZE_MAX_READ (256u << 10)

struct startup_note {
	char *path;
	struct cordon_record head; /* of who wrote it first */
};

/* One file while it is judged. */
struct look {
	struct controller *c;
	const char *path;
	const char *name;
	int folder;
	char *text;
	size_t len;
	struct startup_owner owner;
	char sha256[65];
};

static void look_release(struct look *look)
{
	cleanup_close(&look->folder);
	free(look->text);
}

/* Where python looks: folders of modules. Elsewhere such a name is a file like any other, a model's weights say. */
static bool is_searched(const char *parent, bool installed)
{
	const char *name = text_basename(parent);

	return installed || !strcmp(name, "site-packages") || !strcmp(name, "dist-packages") ||
	       (!strcmp(name, "site") && strstr(parent, "/pip-build-env-"));
}

static int look_digest(struct look *look)
{
	unsigned char digest[EVP_MAX_MD_SIZE];
	unsigned int len = 0;

	if (EVP_Digest(look->text, look->len, digest, &len, EVP_sha256(), NULL) != 1 || len != 32)
		return -EIO;
	text_hex(look->sha256, digest, len);
	return 0;
}

bool startup_is_granted(const struct controller *c, const struct identity *owner, const char *sha256)
{
	const struct policy *policy = c->policy;
	time_t now = time(NULL);

	for (size_t i = 0; sha256[0] && i < policy->grant_count; i++) {
		const struct policy_grant *grant = &policy->grants[i];

		if (grant->rule == CORDON_RULE_FILE_STARTUP && grant->sha256 && !strcmp(grant->sha256, sha256) &&
		    policy_grant_matches(grant, owner->ecosystem, owner->name, owner->version[0] ? owner->version : NULL, now))
			return true;
	}
	return false;
}

enum verdict { VERDICT_FINE, VERDICT_ASIDE, VERDICT_STAYS };

static enum verdict look_refuse(struct look *look, const struct cordon_record *head)
{
	const struct cordon_session *session = &look->c->kernel_session;
	unsigned int action = session->actions[CORDON_ROLE_INSTALLER][CORDON_RULE_FILE_STARTUP];
	bool refuses = cordon_answer_of(action, session->mode) != CORDON_ANSWER_PASS;
	_cleanup_free_ char *aside = refuses ? put_aside(look->folder, look->name) : NULL;
	struct startup_finding finding = {
		.path = look->path, .owner = &look->owner.identity, .sha256 = look->sha256,
		.action = action, .aside = aside, .failed = refuses && !aside,
	};

	if (refuses && !aside)
		log_warn("%s could not be moved away: %s", look->path, strerror(errno));
	finding_take_startup(look->c, head, &finding);
	return !refuses ? VERDICT_FINE : aside ? VERDICT_ASIDE : VERDICT_STAYS;
}

static enum verdict startup_judge(struct controller *c, const char *path, const struct cordon_record *head)
{
	CLEANUP(look_release) struct look look = { .c = c, .path = path, .name = text_basename(path), .folder = -1 };
	struct startup_file file = { .path = path };
	_cleanup_free_ char *parent = NULL;
	struct stat st;
	bool installed;
	int r;

	if (path[0] != '/' || look.name == path + 1)
		return VERDICT_FINE;
	parent = strndup(path, (size_t)(look.name - 1 - path));
	look.folder = parent ? open(parent, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
	if (look.folder < 0 || fstatat(look.folder, look.name, &st, AT_SYMLINK_NOFOLLOW)) {
		/* Gone again, as what pip unpacks and an uninstall moves. */
		if (parent && (errno == ENOENT || errno == ENOTDIR))
			return VERDICT_FINE;
		log_debug("%s cannot be looked at: %s", path, strerror(errno));
		c->unwritten++;
		return VERDICT_STAYS;
	}
	installed = startup_owner_find(look.folder, look.name, &look.owner);
	if (!is_searched(parent, installed))
		return VERDICT_FINE;
	/* A link is looked through, as python does. */
	r = startup_read(look.folder, look.name, 0, SIZE_MAX_READ, &look.text, &look.len);
	if (!r)
		r = look_digest(&look);
	if (r)
		log_debug("%s cannot be read: %s", path, strerror(-r));
	file.text = look.sha256[0] ? look.text : NULL;
	file.len = look.len;
	file.owner = look.owner.identity.name[0] ? look.owner.identity.name : NULL;
	file.editable = look.owner.editable;
	if (startup_is_known(c->data.startup, &file) || startup_is_granted(c, &look.owner.identity, look.sha256))
		return VERDICT_FINE;
	return look_refuse(&look, head);
}

/* A module that is a folder is judged and goes as one. A new string. */
static char *whole_module(const char *path)
{
	static const char *const folders[] = { "/sitecustomize/", "/usercustomize/" };

	for (size_t i = 0; i < ARRAY_SIZE(folders); i++) {
		const char *at = strstr(path, folders[i]);

		if (at)
			return strndup(path, (size_t)(at - path) + strlen(folders[i]) - 1);
	}
	return strdup(path);
}

static void note_drop(struct controller *c, size_t i)
{
	free(c->startup_notes[i].path);
	c->startup_notes[i] = c->startup_notes[--c->startup_note_count];
}

void startup_note(struct controller *c, const struct cordon_record_finding *record, const char *path)
{
	_cleanup_free_ char *module = whole_module(path);
	struct startup_note *more;

	for (size_t i = 0; module && i < c->startup_note_count; i++)
		if (!strcmp(c->startup_notes[i].path, module))
			return;
	more = module && c->startup_note_count < NOTES_MAX
		       ? reallocarray(c->startup_notes, c->startup_note_count + 1, sizeof(*more)) : NULL;
	if (!more) {
		startup_judge(c, module ? module : path, &record->head);
		return;
	}
	c->startup_notes = more;
	more[c->startup_note_count++] = (struct startup_note){ .path = TAKE_PTR(module), .head = record->head };
}

void startup_exited(struct controller *c, uint32_t pid)
{
	for (size_t i = c->startup_note_count; i > 0; i--) {
		struct startup_note *note = &c->startup_notes[i - 1];

		if (note->head.pid != pid)
			continue;
		startup_judge(c, note->path, &note->head);
		note_drop(c, i - 1);
	}
}

void startup_finish(struct controller *c)
{
	for (size_t i = 0; i < c->startup_note_count; i++)
		startup_judge(c, c->startup_notes[i].path, &c->startup_notes[i].head);
	startup_release(c);
}

void startup_release(struct controller *c)
{
	while (c->startup_note_count)
		note_drop(c, c->startup_note_count - 1);
	free(c->startup_notes);
	c->startup_notes = NULL;
}

int startup_take(struct controller *c, const struct cordon_record_program *record, const char *path)
{
	_cleanup_free_ char *module = path ? whole_module(path) : NULL;
	enum verdict verdict = module ? startup_judge(c, module, &record->head) : VERDICT_STAYS;

	/* What is fine may be read from now on. Without that word it would be looked at again, and so for ever. */
	if (verdict == VERDICT_FINE && kernel_compared(c->kernel, &record->key, record->changed)) {
		log_debug("that '%s' was looked at could not be noted", path);
		verdict = VERDICT_STAYS;
		c->unwritten++;
	}
	return verdict == VERDICT_STAYS ? SIGKILL : SIGCONT;
}
