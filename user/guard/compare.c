/* SPDX-License-Identifier: Apache-2.0 */
/*
 * compare.c - a task was stopped before it runs a program of unknown origin: is that a copy of something good?
 *
 * setuptools copies the library that ld made, esbuild the program that npm unpacked. So the folders that the package and
 * its installer work in are searched for a file of equal size and content whose own origin the kernel calls good. Equal:
 * the copy gets that origin. Whatever fails on the way leaves it dropped; the task is woken in any case, and its call is
 * made again and judged.
 */
#include "base/cleanup.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/text.h"
#include "guard/controller.h"
#include "guard/handover.h"
#include "guard/startup.h"
#include "judge.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define COMPARE_ENTRIES_MAX 200000 /* of node_modules of a large project; looking at one costs some microseconds */
#define COMPARE_DEPTH_MAX 24
#define COMPARE_DEADLINE_MS 2000
#define COMPARE_SIZE_MAX (512LL << 20)
#define COMPARE_FOLDERS_MAX 64

struct search {
	struct controller *c;
	const struct cordon_label *label;
	int fd; /* of the file that is asked about */
	struct stat st;
	size_t entries;
	int64_t deadline;
	bool late;
	unsigned int found; /* enum cordon_origin, DROPPED: none */
};

static bool is_good(unsigned int origin)
{
	return origin == CORDON_ORIGIN_BUILT || origin == CORDON_ORIGIN_UNPACKED || origin == CORDON_ORIGIN_SYSTEM;
}

/* Whoever asks makes the files that are read here, and must not keep the controller from the others. */
static bool search_is_late(struct search *s)
{
	s->late = s->late || clock_ms() >= s->deadline;
	return s->late;
}

static bool same_content(struct search *s, int b)
{
	static char one[65536], other[65536]; /* the controller is one thread */

	for (off_t at = 0; at < s->st.st_size;) {
		ssize_t n = pread(s->fd, one, sizeof(one), at), m;

		if (n <= 0 || search_is_late(s))
			return false;
		m = pread(b, other, (size_t)n, at);
		if (m != n || memcmp(one, other, (size_t)n) != 0)
			return false;
		at += n;
	}
	return true;
}

static void search_file(struct search *s, int dir, const char *name, const struct stat *st)
{
	_cleanup_close_ int fd = -1;
	struct kernel_origin origin;
	struct stat again;

	if (st->st_size != s->st.st_size || (st->st_ino == s->st.st_ino && st->st_dev == s->st.st_dev))
		return;
	fd = openat(dir, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &again) || !S_ISREG(again.st_mode) || again.st_size != s->st.st_size)
		return;
	if (!same_content(s, fd))
		return;
	/* Asked for last: what changed while it was read has lost its origin by now. */
	if (!kernel_origin(s->c->kernel, s->label, fd, &origin) && is_good(origin.origin))
		s->found = origin.origin;
}

static void search_folder(struct search *s, int folder, unsigned int depth);

static void search_entry(struct search *s, int dir, const struct dirent *entry, unsigned int depth)
{
	struct stat st;
	int fd;

	if (fstatat(dir, entry->d_name, &st, AT_SYMLINK_NOFOLLOW))
		return;
	if (S_ISREG(st.st_mode)) {
		search_file(s, dir, entry->d_name, &st);
	} else if (S_ISDIR(st.st_mode) && depth < COMPARE_DEPTH_MAX) {
		fd = openat(dir, entry->d_name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		if (fd >= 0)
			search_folder(s, fd, depth + 1);
	}
}

/* Takes the descriptor over. */
static void search_folder(struct search *s, int folder, unsigned int depth)
{
	DIR *dir = fdopendir(folder);
	struct dirent *entry;

	if (!dir) {
		close(folder);
		return;
	}
	while (s->found == CORDON_ORIGIN_DROPPED && !s->late && (entry = readdir(dir))) {
		if (++s->entries > COMPARE_ENTRIES_MAX || (s->entries % 256 == 0 && search_is_late(s)))
			break;
		if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
			search_entry(s, dirfd(dir), entry, depth);
	}
	closedir(dir);
}

static void search_path(struct search *s, const char *path)
{
	int fd = s->found == CORDON_ORIGIN_DROPPED ? open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;

	if (fd >= 0)
		search_folder(s, fd, 0);
}

/* The outermost node_modules that the folder lies in: its siblings are there. NULL: in none. */
static char *modules_above(const char *path)
{
	static const char name[] = "/node_modules/";
	const char *at = strstr(path, name);

	return at ? strndup(path, (size_t)(at - path) + sizeof(name) - 2) : NULL;
}

/* Where the file itself lies first: below a temporary folder that may be the only place. */
static void search_all(struct search *s, const char *path)
{
	const char *folders[COMPARE_FOLDERS_MAX];
	size_t count = handover_folders(s->c->handover, s->label->package, folders, COMPARE_FOLDERS_MAX);
	_cleanup_free_ char *own = places_entry_above(s->c->places, path);

	for (size_t i = 0; i < count; i++)
		search_path(s, folders[i]);
	if (own)
		search_path(s, own);
	for (size_t i = 0; i < count; i++) {
		_cleanup_free_ char *modules = modules_above(folders[i]);

		if (modules) {
			search_path(s, modules);
			break;
		}
	}
	if (s->label->role == CORDON_ROLE_PROJECT)
		search_path(s, s->c->start);
}

/* In audit it counts that others were looked at first. */
static int64_t compare_deadline(const struct controller *c, const struct cordon_record_program *record)
{
	if (c->kernel_session.mode == CORDON_MODE_AUDIT)
		return clock_ms() + AUDIT_WAIT_MS - task_has_waited(&record->head);
	return clock_ms() + COMPARE_DEADLINE_MS;
}

static int compare_search(struct controller *c, const struct cordon_record_program *record, const char *path, int fd)
{
	struct search search = { .c = c, .label = &record->head.label, .fd = fd, .deadline = compare_deadline(c, record) };
	struct kernel_origin origin;
	int r;

	if (fstat(fd, &search.st))
		return -errno;
	if (!S_ISREG(search.st.st_mode) || !search.st.st_size || search.st.st_size > COMPARE_SIZE_MAX)
		return -EINVAL;
	/* By its path, whatever it holds: its author knows what the package fetches there. */
	if (package_may_run(c, record->head.label.package, path))
		search.found = CORDON_ORIGIN_UNPACKED;
	else
		search_all(&search, path);
	if (search.found == CORDON_ORIGIN_DROPPED)
		return -ENOENT;
	r = kernel_origin(c->kernel, &record->head.label, fd, &origin);
	/* Changed meanwhile, or somebody may still change it. */
	if (r || !look_same_file(&origin.key, &record->key) || origin.changed != record->changed || origin.written)
		return r ? r : -ESTALE;
	return kernel_origin_set(c->kernel, &record->key, search.found);
}

/* The program has started already (trace), or the call cannot be made again, since its answer finds no place: it is judged
 * here instead. Gives the signal for it. */
static int compare_refuse(struct controller *c, const struct cordon_record_program *record)
{
	struct cordon_record_finding finding = { .head = record->head, .rule = CORDON_RULE_EXEC_DROPPED, .object = record->object };
	unsigned int role = record->head.label.role;

	finding.op.kind = record->kind;
	finding.op.role = role;
	finding.op.origin = CORDON_ORIGIN_DROPPED;
	finding.op.depth = record->depth;
	finding.action = cordon_action_of(&finding.op, finding.rule, c->kernel_session.actions[role][finding.rule], 0);
	if (cordon_answer_of(finding.action, c->kernel_session.mode) != CORDON_ANSWER_PASS)
		finding.answer = CORDON_ANSWER_KILL;
	for (; finding.names < record->names && finding.names < CORDON_FINDING_NAMES; finding.names++)
		snprintf(finding.name[finding.names], CORDON_NAME_LEN, "%.*s", CORDON_NAME_LEN - 1, record->name[finding.names]);
	if (finding.action != CORDON_ACTION_ALLOW)
		finding_take(c, &finding);
	return finding.answer == CORDON_ANSWER_KILL ? SIGKILL : SIGCONT;
}

/* Gives the signal for the task. */
static int compare_program(struct controller *c, const struct cordon_record_program *record, const char *path, int fd)
{
	int signal, noted = 0, r = fd >= 0 ? compare_search(c, record, path, fd) : fd;

	log_debug("'%s', which %s would %s: %s", path ? path : "?", record->head.comm,
		  record->kind == CORDON_OP_EXEC ? "run" : "map", r ? strerror(-r) : "a copy of something good");
	if (r)
		noted = kernel_compared(c->kernel, &record->key, record->changed);
	if (noted)
		log_debug("and that cannot be noted: %s", strerror(-noted));
	signal = r && (record->final || noted) ? compare_refuse(c, record) : SIGCONT;
	/* Told, and not to be refused (audit): else the call would be held once more, and so on. */
	if (noted && signal == SIGCONT)
		kernel_origin_set(c->kernel, &record->key, CORDON_ORIGIN_UNPACKED);
	return signal;
}

void compare_take(struct controller *c, const struct cordon_record_program *record)
{
	_cleanup_free_ char *path = NULL;
	struct kernel_origin origin;
	_cleanup_close_ int fd = look_open(c, record, NULL, &path, &origin);

	task_answer(c, &record->head,
		    record->kind == CORDON_OP_OPEN ? startup_take(c, record, path) : compare_program(c, record, path, fd));
}
