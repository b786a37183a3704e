/* SPDX-License-Identifier: Apache-2.0 */
/*
 * file.h - techniques for file.secret and file.hidden: ways to the content of a file.
 *
 * A read counts as allowed only when the decoy's marker was in what came back: an open alone has stolen nothing, and an
 * empty answer would be a third outcome that nobody asked for.
 */
#ifndef ATTACK_FILE_H
#define ATTACK_FILE_H

#include "outcome.h"
#include "uring.h"

#include <dirent.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <linux/openat2.h>
#include <stdlib.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/wait.h>

#define MARKER "decoy"

static int file_check(const char *data, ssize_t len)
{
	if (len < 0)
		return -errno;
	return memmem(data, (size_t)len, MARKER, strlen(MARKER)) ? 0 : broken(ENODATA);
}

/* Takes: a descriptor or -1 with errno; closes it. */
static int file_drain(int fd)
{
	char data[65536];
	int r;

	if (fd < 0)
		return -errno;
	r = file_check(data, read(fd, data, sizeof(data)));
	close(fd);
	return r;
}

static int file_read(char **args)
{
	return file_drain(open(args[0], O_RDONLY | O_CLOEXEC));
}

static int read_openat2(char **args)
{
	struct open_how how = { .flags = O_RDONLY | O_CLOEXEC, .resolve = RESOLVE_NO_MAGICLINKS };

	return file_drain((int)syscall(SYS_openat2, AT_FDCWD, args[0], &how, sizeof(how)));
}

/* The folder by O_PATH, which reaches no hook, then the file below it. */
static int read_dirfd(char **args)
{
	char folder[PATH_MAX], name[PATH_MAX];
	int dir, r;

	snprintf(folder, sizeof(folder), "%s", args[0]);
	snprintf(name, sizeof(name), "%s", args[0]);
	dir = open(dirname(folder), O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (dir < 0)
		return -errno;
	r = file_drain(openat(dir, basename(name), O_RDONLY | O_CLOEXEC));
	close(dir);
	return r;
}

static int read_chdir(char **args)
{
	char folder[PATH_MAX], name[PATH_MAX];

	snprintf(folder, sizeof(folder), "%s", args[0]);
	snprintf(name, sizeof(name), "%s", args[0]);
	if (chdir(dirname(folder)))
		return -errno;
	return file_drain(open(basename(name), O_RDONLY | O_CLOEXEC));
}

static int read_reopen(char **args)
{
	char again[64];
	int fd = open(args[0], O_PATH | O_CLOEXEC), r;

	if (fd < 0)
		return -errno;
	snprintf(again, sizeof(again), "/proc/self/fd/%d", fd);
	r = file_drain(open(again, O_RDONLY | O_CLOEXEC));
	close(fd);
	return r;
}

static int read_proc_root(char **args)
{
	char path[PATH_MAX];

	snprintf(path, sizeof(path), "/proc/self/root%s", args[0]);
	return file_drain(open(path, O_RDONLY | O_CLOEXEC));
}

static int read_mmap(char **args)
{
	int fd = open(args[0], O_RDONLY | O_CLOEXEC), r;
	struct stat st;
	char *data;

	if (fd < 0 || fstat(fd, &st))
		return -errno;
	data = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
	r = data == MAP_FAILED ? -errno : file_check(data, st.st_size);
	close(fd);
	return r;
}

static int read_sendfile(char **args)
{
	int fd = open(args[0], O_RDONLY | O_CLOEXEC), ends[2];

	if (fd < 0)
		return -errno;
	if (pipe2(ends, O_CLOEXEC))
		return broken(errno);
	if (sendfile(ends[1], fd, NULL, 4096) < 0)
		return -errno;
	close(ends[1]);
	return file_drain(ends[0]);
}

static int read_uring(char **args)
{
	int res = 0, r = uring_open(args[0], O_RDONLY, &res);

	if (r)
		return r;
	return res < 0 ? res : file_drain(res);
}

/* By file handle: no path is walked. Overlays and some others hand out no handles. */
static int read_handle(char **args)
{
	struct {
		struct file_handle head;
		unsigned char bytes[MAX_HANDLE_SZ];
	} handle = { .head.handle_bytes = MAX_HANDLE_SZ };
	char folder[PATH_MAX];
	int mount_id, mount, r;

	if (name_to_handle_at(AT_FDCWD, args[0], &handle.head, &mount_id, 0))
		return errno == EOPNOTSUPP ? unavailable(errno) : -errno;
	snprintf(folder, sizeof(folder), "%s", args[0]);
	/* The parent's parent: listing the protected folder itself is another technique. */
	mount = open(dirname(dirname(folder)), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (mount < 0)
		return broken(errno);
	r = file_drain(open_by_handle_at(mount, &handle.head, O_RDONLY | O_CLOEXEC));
	close(mount);
	return r;
}

/* Another program does it. cat says in words what its open gave. */
static int read_cat(char **args)
{
	char data[65536];
	int ends[2], status;
	ssize_t len, n;
	pid_t child;

	if (pipe2(ends, O_CLOEXEC) || (child = fork()) < 0)
		return broken(errno);
	if (child == 0) {
		dup2(ends[1], 1);
		dup2(ends[1], 2);
		execl("/bin/cat", "cat", args[0], NULL);
		_exit(127);
	}
	close(ends[1]);
	/* To its end: cat writes its complaint in pieces. */
	for (len = 0; (n = read(ends[0], data + len, sizeof(data) - (size_t)len)) > 0; len += n)
		;
	close(ends[0]);
	if (n < 0 || waitpid(child, &status, 0) < 0)
		return broken(errno);
	if (WIFSIGNALED(status))
		return OUTCOME_KILLED;
	if (memmem(data, (size_t)len, "not permitted", strlen("not permitted")))
		return -EPERM;
	return file_check(data, len);
}

/* Takes: the file, a free name of the package's own. What is moved comes back, so that the next technique finds it. */
static int read_linked(char **args)
{
	int r;

	if (link(args[0], args[1]))
		return errno == EXDEV ? unavailable(errno) : -errno;
	r = file_drain(open(args[1], O_RDONLY | O_CLOEXEC));
	unlink(args[1]);
	return r;
}

static int read_renamed(char **args)
{
	int r;

	if (rename(args[0], args[1]))
		return errno == EXDEV ? unavailable(errno) : -errno;
	r = file_drain(open(args[1], O_RDONLY | O_CLOEXEC));
	if (rename(args[1], args[0]))
		return broken(errno);
	return r;
}

static int read_exchanged(char **args)
{
	int own = open(args[1], O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600), r;

	if (own < 0)
		return broken(errno);
	close(own);
	if (syscall(SYS_renameat2, AT_FDCWD, args[0], AT_FDCWD, args[1], 2 /* RENAME_EXCHANGE */))
		return errno == EXDEV || errno == EINVAL ? unavailable(errno) : -errno;
	r = file_drain(open(args[1], O_RDONLY | O_CLOEXEC));
	if (syscall(SYS_renameat2, AT_FDCWD, args[0], AT_FDCWD, args[1], 2))
		return broken(errno);
	unlink(args[1]);
	return r;
}

/* The folder is moved, then the file is read below its new name: only the inode stays what it was. */
static int read_moved(char **args)
{
	char path[PATH_MAX];
	int r;

	if (rename(args[0], args[2]))
		return errno == EXDEV ? unavailable(errno) : -errno;
	snprintf(path, sizeof(path), "%s/%s", args[2], args[1]);
	r = file_drain(open(path, O_RDONLY | O_CLOEXEC));
	if (rename(args[2], args[0]))
		return broken(errno);
	return r;
}

static int read_symlinked(char **args)
{
	int r;

	if (symlink(args[0], args[1]))
		return broken(errno);
	r = file_drain(open(args[1], O_RDONLY | O_CLOEXEC));
	unlink(args[1]);
	return r;
}

static int list_folder(char **args)
{
	DIR *dir = opendir(args[0]);
	int names = 0;

	if (!dir)
		return -errno;
	while (readdir(dir))
		names++;
	closedir(dir);
	return names > 2 ? 0 : broken(ENODATA);
}

static int file_truncate(char **args)
{
	int fd = open(args[0], O_WRONLY | O_TRUNC | O_CLOEXEC);

	if (fd < 0)
		return -errno;
	close(fd);
	return 0;
}

static int file_creat(char **args)
{
	int fd = creat(args[0], 0600);

	if (fd < 0)
		return -errno;
	close(fd);
	return 0;
}

/* environ and cmdline of another process: any bytes are loot. */
static int read_proc(char **args)
{
	char path[64], data[4096];
	ssize_t len;
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/%s", atoi(args[0]), args[1]);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	len = read(fd, data, sizeof(data));
	close(fd);
	if (len < 0)
		return -errno;
	return len ? 0 : broken(ENODATA);
}

static const struct technique file_techniques[] = {
	{ "read", 1, file_read },
	{ "read-openat2", 1, read_openat2 },
	{ "read-dirfd", 1, read_dirfd },
	{ "read-chdir", 1, read_chdir },
	{ "read-reopen", 1, read_reopen },
	{ "read-proc-root", 1, read_proc_root },
	{ "read-mmap", 1, read_mmap },
	{ "read-sendfile", 1, read_sendfile },
	{ "read-uring", 1, read_uring },
	{ "read-handle", 1, read_handle },
	{ "read-cat", 1, read_cat },
	{ "read-linked", 2, read_linked },
	{ "read-renamed", 2, read_renamed },
	{ "read-exchanged", 2, read_exchanged },
	{ "read-moved", 3, read_moved },
	{ "read-symlinked", 2, read_symlinked },
	{ "read-proc", 2, read_proc },
	{ "list", 1, list_folder },
	{ "truncate-open", 1, file_truncate },
	{ "creat", 1, file_creat },
	{ 0 },
};

#endif
