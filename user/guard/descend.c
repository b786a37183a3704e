/* SPDX-License-Identifier: Apache-2.0 */
#include "guard/descend.h"

#include "base/cleanup.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdbool.h>
#include <string.h>
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

void descend_end_stopped(pid_t top)
{
	struct seen_list list = { 0 };

	descend_list(&list);
	for (size_t i = 0; i < list.count; i++) {
		const struct seen *seen = &list.items[i];

		if (seen->state == 'T' && seen->pid != top && descend_is_below(&list, seen->pid, top))
			kill(seen->pid, SIGKILL);
	}
	free(list.items);
}
