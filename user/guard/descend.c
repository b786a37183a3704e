/* SPDX-License-Identifier: Apache-2.0 */
#include "guard/descend.h"

#include "base/cleanup.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

struct seen {
	pid_t pid, ppid;
	char state;
};

struct seen_list {
	struct seen *items;
	size_t count, room;
};

/* "PID (COMM) STATE PPID ...": COMM is the process's own choice and may hold brackets, so the last one counts. */
static bool descend_read(int proc, const char *name, struct seen *ret)
{
	char path[NAME_MAX + 8], text[512];
	_cleanup_close_ int fd = -1;
	const char *p;
	ssize_t n;

	snprintf(path, sizeof(path), "%s/stat", name);
	fd = openat(proc, path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return false;
	n = read(fd, text, sizeof(text) - 1);
	if (n <= 0)
		return false;
	text[n] = '\0';
	p = strrchr(text, ')');
	if (!p || sscanf(p + 1, " %c %d", &ret->state, &ret->ppid) != 2)
		return false;
	ret->pid = (pid_t)strtol(name, NULL, 10);
	return true;
}

static void descend_list(struct seen_list *list)
{
	DIR *dir = opendir("/proc");
	struct dirent *entry;

	if (!dir)
		return;
	while ((entry = readdir(dir))) {
		struct seen seen;

		if (!isdigit((unsigned char)entry->d_name[0]) || !descend_read(dirfd(dir), entry->d_name, &seen))
			continue;
		if (list->count == list->room) {
			size_t room = list->room * 2 + 512;
			struct seen *more = realloc(list->items, room * sizeof(*more));

			if (!more)
				break;
			list->items = more;
			list->room = room;
		}
		list->items[list->count++] = seen;
	}
	closedir(dir);
}

static pid_t descend_parent(const struct seen_list *list, pid_t pid)
{
	for (size_t i = 0; i < list->count; i++)
		if (list->items[i].pid == pid)
			return list->items[i].ppid;
	return 0;
}

static bool descend_is_below(const struct seen_list *list, pid_t pid, pid_t top)
{
	/* Bounded: the list is no snapshot, and numbers may have been given anew into a loop. */
	for (size_t depth = 0; pid > 1 && depth < list->count; depth++) {
		if (pid == top)
			return true;
		pid = descend_parent(list, pid);
	}
	return false;
}

/* Whether the thread stopped in a call that may have a program or a library run which nobody has looked at. Where it cannot be
 * told, it did. */
static bool descend_begins(int tasks, const char *thread)
{
	static const long calls[] = { SYS_execve, SYS_execveat, SYS_mmap, SYS_mprotect, SYS_pkey_mprotect };
	char path[NAME_MAX + 16], text[32] = "";
	_cleanup_close_ int fd = -1;
	long call;

	snprintf(path, sizeof(path), "%s/syscall", thread);
	fd = openat(tasks, path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || read(fd, text, sizeof(text) - 1) <= 0)
		return true;
	call = strtol(text, NULL, 10);
	for (size_t i = 0; i < ARRAY_SIZE(calls); i++)
		if (calls[i] == call)
			return true;
	return false;
}

/* Of any of its threads: one that waits stops them all. The other calls for which they wait are made once more. */
static bool descend_is_held(pid_t pid)
{
	struct dirent *entry;
	bool held = false;
	char path[32];
	DIR *dir;

	snprintf(path, sizeof(path), "/proc/%d/task", (int)pid);
	dir = opendir(path);
	while (dir && !held && (entry = readdir(dir)))
		held = isdigit((unsigned char)entry->d_name[0]) && descend_begins(dirfd(dir), entry->d_name);
	if (dir)
		closedir(dir);
	return !dir || held;
}

void descend_wake(pid_t top, bool audit)
{
	struct seen_list list = { 0 };

	descend_list(&list);
	for (size_t i = 0; i < list.count; i++) {
		const struct seen *seen = &list.items[i];

		if (seen->state == 'T' && seen->pid != top && descend_is_below(&list, seen->pid, top))
			kill(seen->pid, !audit && descend_is_held(seen->pid) ? SIGKILL : SIGCONT);
	}
	free(list.items);
}

void descend_end_others(pid_t spared)
{
	struct seen_list list = { 0 };
	char self[16] = "";

	/* /proc may be that of another container, whose numbers are others'. */
	if (getpid() != 1 || readlink("/proc/self", self, sizeof(self) - 1) != 1 || self[0] != '1')
		return;
	descend_list(&list);
	for (size_t i = 0; i < list.count; i++)
		if (list.items[i].pid != spared && list.items[i].pid != 1)
			kill(list.items[i].pid, SIGKILL);
	free(list.items);
}
