/* SPDX-License-Identifier: Apache-2.0 */
/*
 * write.h - ways to change the content of a file: PATH, and where a second name is wanted OWN, a free one in a folder
 * of the package's own.
 *
 * Each really writes: a line that is a comment to whoever reads shells, settings, Python or crontabs.
 */
#ifndef ATTACK_WRITE_H
#define ATTACK_WRITE_H

#include "file.h"

#define WRITTEN "# written by a test\n"

/* Takes: a descriptor, or -1 with errno; closes it. */
static int write_drain(int fd)
{
	int r;

	if (fd < 0)
		return -errno;
	r = outcome_of(write(fd, WRITTEN, strlen(WRITTEN)));
	close(fd);
	return r;
}

/* Of a link or rename: between file systems, or two mounts of one, there is none. */
static int name_outcome(long ret)
{
	return ret < 0 && errno == EXDEV ? unavailable(errno) : outcome_of(ret);
}

/* A file of the package's own, made where it is not there. Gives: 0, or broken(). */
static int own_file(const char *path)
{
	return write_drain(open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0644)) ? broken(errno) : 0;
}

static int write_append(char **args)
{
	return write_drain(open(args[0], O_WRONLY | O_APPEND | O_CLOEXEC));
}

static int write_rdwr(char **args)
{
	return write_drain(open(args[0], O_RDWR | O_CLOEXEC));
}

static int write_trunc(char **args)
{
	return write_drain(open(args[0], O_WRONLY | O_TRUNC | O_CLOEXEC));
}

/* O_TRUNC empties a file that is opened for reading, too. */
static int write_trunc_rdonly(char **args)
{
	int fd = open(args[0], O_RDONLY | O_TRUNC | O_CLOEXEC);
	struct stat st;

	if (fd < 0 || fstat(fd, &st))
		return -errno;
	close(fd);
	return st.st_size ? broken(EIO) : 0;
}

static int write_new(char **args)
{
	return write_drain(open(args[0], O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644));
}

static int write_creat(char **args)
{
	return write_drain(creat(args[0], 0644));
}

static int write_openat2(char **args)
{
	struct open_how how = { .flags = O_WRONLY | O_CREAT | O_CLOEXEC, .mode = 0644, .resolve = RESOLVE_NO_SYMLINKS };

	return write_drain((int)syscall(SYS_openat2, AT_FDCWD, args[0], &how, sizeof(how)));
}

static int write_dirfd(char **args)
{
	char folder[PATH_MAX], name[PATH_MAX];
	int dir, r;

	snprintf(folder, sizeof(folder), "%s", args[0]);
	snprintf(name, sizeof(name), "%s", args[0]);
	dir = open(dirname(folder), O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (dir < 0)
		return broken(errno);
	r = write_drain(openat(dir, basename(name), O_WRONLY | O_CREAT | O_CLOEXEC, 0644));
	close(dir);
	return r;
}

static int write_chdir(char **args)
{
	char folder[PATH_MAX], name[PATH_MAX];

	snprintf(folder, sizeof(folder), "%s", args[0]);
	snprintf(name, sizeof(name), "%s", args[0]);
	if (chdir(dirname(folder)))
		return broken(errno);
	return write_drain(open(basename(name), O_WRONLY | O_CREAT | O_CLOEXEC, 0644));
}

/* Opened without a right to write, and then once more by its descriptor's name. */
static int write_again(const char *path, int flags)
{
	char again[64];
	int fd = open(path, flags | O_CLOEXEC), r;

	if (fd < 0)
		return broken(errno);
	snprintf(again, sizeof(again), "/proc/self/fd/%d", fd);
	r = write_drain(open(again, O_WRONLY | O_CLOEXEC));
	close(fd);
	return r;
}

static int write_reopen(char **args)
{
	return write_again(args[0], O_PATH);
}

static int write_upgrade(char **args)
{
	return write_again(args[0], O_RDONLY);
}

static int write_proc_root(char **args)
{
	char path[PATH_MAX];

	snprintf(path, sizeof(path), "/proc/self/root%s", args[0]);
	return write_drain(open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0644));
}

static int write_handle(char **args)
{
	struct {
		struct file_handle head;
		unsigned char bytes[MAX_HANDLE_SZ];
	} handle = { .head.handle_bytes = MAX_HANDLE_SZ };
	char folder[PATH_MAX];
	int mount_id, mount, r;

	if (name_to_handle_at(AT_FDCWD, args[0], &handle.head, &mount_id, 0))
		return errno == EOPNOTSUPP ? unavailable(errno) : broken(errno);
	snprintf(folder, sizeof(folder), "%s", args[0]);
	mount = open(dirname(folder), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (mount < 0)
		return broken(errno);
	r = write_drain(open_by_handle_at(mount, &handle.head, O_WRONLY | O_CLOEXEC));
	close(mount);
	return r;
}

static int write_symlinked(char **args)
{
	if (symlink(args[0], args[1]))
		return broken(errno);
	return write_drain(open(args[1], O_WRONLY | O_CREAT | O_CLOEXEC, 0644));
}

/* The file under a name in the package's own folder: written there, it has changed where it came from. */
static int write_linked(char **args)
{
	int r = name_outcome(link(args[0], args[1]));

	if (r)
		return r;
	return write_drain(open(args[1], O_WRONLY | O_APPEND | O_CLOEXEC));
}

/* The reverse: a file of the package's own, whose other name is in the foreign folder. */
static int write_link_out(char **args)
{
	int r = own_file(args[1]);

	if (r)
		return r;
	return name_outcome(link(args[1], args[0]));
}

static int write_mmap(char **args)
{
	int fd = open(args[0], O_RDWR | O_CLOEXEC), r = 0;
	char *data;

	if (fd < 0)
		return -errno;
	data = mmap(NULL, 1, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (data == MAP_FAILED)
		r = -errno;
	else
		data[0] = '#';
	close(fd);
	return r;
}

/* The bytes go from file to file within the kernel: no write(2) has them. */
static int write_moved(char **args, int sends)
{
	int from, to, r = own_file(args[1]);

	if (r)
		return r;
	to = open(args[0], O_WRONLY | O_CLOEXEC);
	if (to < 0)
		return -errno;
	from = open(args[1], O_RDONLY | O_CLOEXEC);
	if (from < 0)
		return broken(errno);
	r = outcome_of(sends ? sendfile(to, from, NULL, 8) : copy_file_range(from, NULL, to, NULL, 8, 0));
	close(from);
	close(to);
	return r;
}

static int write_copied(char **args)
{
	return write_moved(args, 0);
}

static int write_sent(char **args)
{
	return write_moved(args, 1);
}

static int write_uring(char **args)
{
	int res = 0, r = uring_open(args[0], O_WRONLY | O_APPEND, &res);

	if (r)
		return r;
	return res < 0 ? res : write_drain(res);
}

static int write_ftruncate(char **args)
{
	int fd = open(args[0], O_RDWR | O_CLOEXEC), r;

	if (fd < 0)
		return -errno;
	r = outcome_of(ftruncate(fd, 0));
	close(fd);
	return r;
}

/* Opened for writing by somebody else, who is in no session, and handed over. */
static int write_handed(char **args)
{
	(void)args;
	return outcome_of(ftruncate(HANDED_FD, 0));
}

/* As write_linked, with a descriptor of the file in place of its name. */
static int write_linked_fd(char **args)
{
	int fd = open(args[0], O_PATH | O_CLOEXEC), r;

	if (fd < 0)
		return broken(errno);
	r = name_outcome(linkat(fd, "", AT_FDCWD, args[1], AT_EMPTY_PATH));
	if (r)
		return r;
	return write_drain(open(args[1], O_WRONLY | O_APPEND | O_CLOEXEC));
}

static int write_emptied(char **args)
{
	return outcome_of(truncate(args[0], 0));
}

/* Without a name first, then named into the foreign folder. OWN is the folder where it is made. */
static int write_tmpfile(char **args, int by_proc)
{
	int fd = open(args[1], O_TMPFILE | O_WRONLY | O_CLOEXEC, 0644), r;
	char path[64];

	if (fd < 0)
		return errno == EOPNOTSUPP ? unavailable(errno) : outcome_of(fd);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	if (write(fd, WRITTEN, strlen(WRITTEN)) < 0)
		return broken(errno);
	r = name_outcome(by_proc ? linkat(AT_FDCWD, path, AT_FDCWD, args[0], AT_SYMLINK_FOLLOW)
				 : linkat(fd, "", AT_FDCWD, args[0], AT_EMPTY_PATH));
	close(fd);
	return r;
}

static int write_tmpfile_fd(char **args)
{
	return write_tmpfile(args, 0);
}

static int write_tmpfile_proc(char **args)
{
	return write_tmpfile(args, 1);
}

/* The folders above are missing too; which of them is refused is the guard's choice. */
static int write_deep(char **args)
{
	char path[PATH_MAX];

	snprintf(path, sizeof(path), "%s", args[0]);
	for (char *slash = strchr(path + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		if (mkdir(path, 0755) && errno != EEXIST)
			return -errno;
		*slash = '/';
	}
	return write_new(args);
}

static const struct technique write_techniques[] = {
	{ "write-append", 1, write_append },
	{ "write-rdwr", 1, write_rdwr },
	{ "write-trunc", 1, write_trunc },
	{ "write-trunc-rdonly", 1, write_trunc_rdonly },
	{ "write-new", 1, write_new },
	{ "write-creat", 1, write_creat },
	{ "write-openat2", 1, write_openat2 },
	{ "write-dirfd", 1, write_dirfd },
	{ "write-chdir", 1, write_chdir },
	{ "write-reopen", 1, write_reopen },
	{ "write-upgrade", 1, write_upgrade },
	{ "write-proc-root", 1, write_proc_root },
	{ "write-handle", 1, write_handle },
	{ "write-symlinked", 2, write_symlinked },
	{ "write-linked", 2, write_linked },
	{ "write-link-out", 2, write_link_out },
	{ "write-mmap", 1, write_mmap },
	{ "write-copied", 2, write_copied },
	{ "write-sent", 2, write_sent },
	{ "write-uring", 1, write_uring },
	{ "write-ftruncate", 1, write_ftruncate },
	{ "write-handed", 1, write_handed },
	{ "write-linked-fd", 2, write_linked_fd },
	{ "write-emptied", 1, write_emptied },
	{ "write-tmpfile-fd", 2, write_tmpfile_fd },
	{ "write-tmpfile-proc", 2, write_tmpfile_proc },
	{ "write-deep", 1, write_deep },
	{ 0 },
};

#endif
