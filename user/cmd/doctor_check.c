/* SPDX-License-Identifier: Apache-2.0 */
/*
 * doctor_check.c - looks at everything that `run` needs, in the order in which `run` needs it.
 *
 * Leaves nothing behind: programs go as they came, and a journal that is not there yet is not made, only the place where
 * it would be is looked at.
 */
#include "cmd/doctor.h"

#include "base/cleanup.h"
#include "base/rule.h"
#include "base/text.h"
#include "cmd/query.h"
#include "guard/places.h"

#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <signal.h>
#include <string.h>
#include <sys/statvfs.h>
#include <unistd.h>

static void check_backend(struct doctor *d, unsigned int backend)
{
	struct kernel_attempt *attempt = &d->attempts.of[backend];
	sigset_t all, before;

	if (!d->root || !d->machine.btf) {
		snprintf(attempt->reason, sizeof(attempt->reason), "not tried: %s",
			 d->machine.btf ? "that takes root" : "this kernel has no BTF");
		attempt->error = d->machine.btf ? -EPERM : -EOPNOTSUPP;
		return;
	}
	/* Whoever presses ^C now would leave programs attached to every system call of this machine. */
	sigfillset(&all);
	sigprocmask(SIG_BLOCK, &all, &before);
	kernel_try(backend, attempt);
	sigprocmask(SIG_SETMASK, &before, NULL);
}

static void check_backends(struct doctor *d, doctor_progress_fn progress)
{
	d->backend = -1;
	for (unsigned int i = 0; i < CORDON_BACKEND_COUNT; i++) {
		char what[64];

		snprintf(what, sizeof(what), "trying backend %s", backend_name(i));
		if (progress)
			progress(what);
		check_backend(d, i);
		if (!d->attempts.of[i].error && d->backend < 0)
			d->backend = (int)i;
	}
	/* What the policy requires is what `run` takes, or nothing. */
	d->backend_set = d->policy && d->policy->backend >= 0;
	if (d->backend_set && d->attempts.of[d->policy->backend].error)
		d->backend = -1;
	else if (d->backend_set)
		d->backend = d->policy->backend;
	d->weakness = NULL;
	if (d->backend >= 0)
		d->weakness = kernel_weakness((unsigned int)d->backend, d->attempts.of[d->backend].twins);
}

static void check_miss(const char *program, uint64_t misses, void *arg)
{
	struct doctor *d = arg;

	json_object_set_new(d->skipped, program, json_integer((json_int_t)misses));
}

/* Sessions' programs, not those that were tried above: these have run for a second. */
static void check_misses(struct doctor *d)
{
	d->skipped = json_object();
	d->live = d->root && d->skipped ? kernel_misses(check_miss, d) : 0;
}

/* The home that `run` would protect: under sudo that of the user who called it. */
static const char *check_home(void)
{
	int uid = query_uid();
	struct passwd *user = uid >= 0 ? getpwuid((uid_t)uid) : NULL;
	const char *home = getenv("HOME");

	if (user)
		return user->pw_dir;
	if (home && *home == '/')
		return home;
	user = getpwuid(geteuid());
	return user ? user->pw_dir : "/";
}

static const char *check_env(const void *arg, const char *name)
{
	(void)arg;
	return getenv(name);
}

static int check_load(struct doctor *d, struct diag *diag)
{
	_cleanup_free_ char *vendor = policy_vendor_dir(), *project = getcwd(NULL, 0);
	struct policy_paths paths = { .vendor = vendor };
	const struct zones_scene scene = { d->home, project ? project : "/", getuid(), check_env, NULL };
	int r = policy_load(&paths, &d->policy, diag);

	return r ? r : policy_data_load(vendor ? vendor : "", &scene, &d->data, diag);
}

static void check_policy(struct doctor *d)
{
	CLEANUP(diag_release) struct diag diag = { 0 };
	int r = check_load(d, &diag);

	if (!r)
		return;
	d->mistake = diag.text ? diag_format(&diag) : strdup(strerror(-r));
	policy_free(TAKE_PTR(d->policy));
}

/* The nearest folder above that is there: what is missing below it would be made by the first session. */
static int check_journal_place(const char *dir)
{
	_cleanup_free_ char *path = strdup(dir);
	struct statvfs fs;
	char *slash;

	if (!path)
		return -ENOMEM;
	while (access(path, F_OK)) {
		slash = strrchr(path, '/');
		if (errno != ENOENT || !slash)
			return -errno;
		slash[slash == path ? 1 : 0] = '\0';
	}
	if (access(path, W_OK | X_OK) || statvfs(path, &fs))
		return -errno;
	return fs.f_blocks && !fs.f_bavail ? -ENOSPC : 0;
}

static void check_journal(struct doctor *d)
{
	CLEANUP(journal_close_cleanup) struct journal *journal = NULL;
	_cleanup_free_ char *file = NULL;

	d->journal = journal_dir();
	file = text_format("%s/journal.db", d->journal);
	d->journal_is_there = file && access(file, F_OK) == 0;
	if (!d->root)
		d->journal_error = -EPERM;
	else if (d->journal_is_there)
		d->journal_error = journal_open(d->journal, JOURNAL_WRITE, &journal);
	else
		d->journal_error = check_journal_place(d->journal);
}

/* The same test that `run --strict` makes of places that are there; what is below them lies on the same file system, or
 * on one that shows when it is opened. */
static void check_place(struct doctor *d, const char *path)
{
	_cleanup_close_ int fd = open(path, O_PATH | O_CLOEXEC);
	const char *why = NULL;

	/* A plain user does not see into every folder; the session's controller is root. */
	if (fd < 0 && errno != ENOENT && errno != ENOTDIR && (d->root || errno != EACCES))
		why = strerror(errno);
	else if (fd >= 0 && places_is_moving(fd))
		why = "on a file system whose inodes cannot be held";
	if (why && !d->unheld++)
		d->unheld_example = text_format("%s (%s)", path, why);
}

static void check_places(struct doctor *d)
{
	for (size_t i = 0; d->data.zones && i < d->data.zones->count; i++) {
		const struct zone_entry *entry = &d->data.zones->entries[i];
		bool kept = entry->zone == CORDON_ZONE_SECRET || entry->zone == CORDON_ZONE_HIDDEN || entry->write_zone;

		if (kept && !entry->procfs && !entry->anywhere)
			check_place(d, entry->path);
	}
}

void doctor_check(struct doctor *d, doctor_progress_fn progress)
{
	memset(d, 0, sizeof(*d));
	d->root = geteuid() == 0;
	d->securityfs = access("/sys/kernel/security", F_OK) == 0;
	d->home = check_home();
	machine_read(&d->machine);
	check_policy(d);
	check_backends(d, progress);
	check_misses(d);
	if (progress)
		progress("");
	/* Mounting the bpf file system is the first thing that a try does. */
	machine_read(&d->machine);
	check_journal(d);
	check_places(d);
}

void doctor_release(struct doctor *d)
{
	json_decref(d->skipped);
	policy_free(d->policy);
	policy_data_release(&d->data);
	free(d->mistake);
	free(d->unheld_example);
	free(d->obstacle);
	for (size_t i = 0; i < d->advice_count; i++)
		free(d->advice[i]);
}
