/* SPDX-License-Identifier: Apache-2.0 */
#include "session/trust.h"

#include "base/cleanup.h"
#include "base/text.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/openat2.h>
#include <stdbool.h>
#include <string.h>
#include <sys/syscall.h>

#define LINKS_MAX 16  /* /usr/bin/x -> /etc/alternatives/x -> /usr/bin/x-1 is two */
#define DEPTH_MAX 128 /* folders above a file */

static bool is_same(const struct stat *a, const struct stat *b)
{
	return a->st_dev == b->st_dev && a->st_ino == b->st_ino;
}

static bool is_owned(const struct trust *trust, const struct stat *st)
{
	return (st->st_uid == trust->owner || st->st_uid == 0) && !(st->st_mode & (S_IWGRP | S_IWOTH));
}

/* A folder below `trust->root`, symbolic links followed, as a process would that has it for its root. */
static int open_folder(const struct trust *trust, const char *path)
{
	struct open_how how = { .flags = O_PATH | O_DIRECTORY | O_CLOEXEC, .resolve = RESOLVE_IN_ROOT };
	int fd = (int)syscall(SYS_openat2, trust->root, path, &how, sizeof(how));

	return fd < 0 ? -errno : fd;
}

static bool is_excluded(const struct trust *trust, const struct stat *folder)
{
	for (size_t i = 0; i < trust->excluded_count; i++) {
		_cleanup_close_ int fd = open_folder(trust, trust->excluded[i]);
		struct stat st;

		if (fd >= 0 && fstat(fd, &st) == 0 && is_same(&st, folder))
			return true;
	}
	return false;
}

/* Checks a folder and all above it. */
static int check_folders(const struct trust *trust, int folder)
{
	_cleanup_close_ int at = fcntl(folder, F_DUPFD_CLOEXEC, 0);
	struct stat root, st;

	if (at < 0 || fstat(trust->root, &root) < 0)
		return -errno;
	for (int i = 0; i < DEPTH_MAX; i++) {
		int above;

		if (fstat(at, &st) < 0)
			return -errno;
		if (!is_owned(trust, &st))
			return -EPERM;
		if (is_same(&st, &root))
			return 0;
		if (is_excluded(trust, &st) || faccessat(at, "pyvenv.cfg", F_OK, 0) == 0)
			return -EPERM;
		above = openat(at, "..", O_PATH | O_DIRECTORY | O_CLOEXEC);
		if (above < 0)
			return -errno;
		close(at);
		at = above;
	}
	return -EPERM;
}

/* Checks one name. Gives 0 and its state; where it is a symbolic link, also *ret_next: what it points to. */
static int check_name(const struct trust *trust, const char *path, struct stat *ret, char **ret_next)
{
	const char *name = text_basename(path);
	/* With the slash, so that "/x" has "/". */
	_cleanup_free_ char *parent = strndup(path, (size_t)(name - path));
	_cleanup_close_ int folder = -1;
	char target[PATH_MAX];
	ssize_t len;
	int r;

	if (!parent)
		return -ENOMEM;
	folder = open_folder(trust, parent);
	if (folder < 0)
		return folder;
	r = check_folders(trust, folder);
	if (r < 0)
		return r;
	if (fstatat(folder, name, ret, AT_SYMLINK_NOFOLLOW) < 0)
		return -errno;
	if (!S_ISLNK(ret->st_mode))
		return S_ISREG(ret->st_mode) && is_owned(trust, ret) ? 0 : -EPERM;
	len = readlinkat(folder, name, target, sizeof(target) - 1);
	if (len < 0)
		return -errno;
	target[len] = '\0';
	*ret_next = target[0] == '/' ? strdup(target) : text_format("%s%s", parent, target);
	return *ret_next ? 0 : -ENOMEM;
}

int trust_system_file(const struct trust *trust, const char *path, struct stat *ret)
{
	_cleanup_free_ char *at = strdup(path);
	struct stat st;

	if (!at)
		return -ENOMEM;
	if (at[0] != '/')
		return -EPERM;
	for (int i = 0; i < LINKS_MAX; i++) {
		char *next = NULL;
		int r = check_name(trust, at, &st, &next);

		if (r < 0)
			return r;
		if (!next) {
			*ret = st;
			return 0;
		}
		free(at);
		at = next;
	}
	return -ELOOP;
}
