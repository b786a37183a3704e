/* SPDX-License-Identifier: Apache-2.0 */
/*
 * name.h - ways to change names: PATH, and where a second name is wanted OWN, one in a folder of the package's own.
 */
#ifndef ATTACK_NAME_H
#define ATTACK_NAME_H

#include "write.h"

#include <sys/socket.h>
#include <sys/sysmacros.h>
#include <sys/un.h>

static int name_mkdir(char **args)
{
	return outcome_of(mkdir(args[0], 0755));
}

static int name_rmdir(char **args)
{
	return outcome_of(rmdir(args[0]));
}

/* As node empties a folder: it first tries whether there is anything in it. */
static int name_rmdir_full(char **args)
{
	char file[PATH_MAX];
	int r;

	snprintf(file, sizeof(file), "%s/file", args[0]);
	r = mkdir(args[0], 0755) ? -errno : own_file(file);
	if (r)
		return r;
	if (!rmdir(args[0]) || errno != ENOTEMPTY)
		return broken(errno);
	r = outcome_of(unlink(file));
	return r ? r : outcome_of(rmdir(args[0]));
}

static int name_fifo(char **args)
{
	return outcome_of(mknod(args[0], S_IFIFO | 0644, 0));
}

static int name_regular(char **args)
{
	return outcome_of(mknod(args[0], S_IFREG | 0644, 0));
}

/* /dev/null and the first RAM disk: nobody's data. */
static int name_char(char **args)
{
	return outcome_of(mknod(args[0], S_IFCHR | 0600, makedev(1, 3)));
}

static int name_block(char **args)
{
	return outcome_of(mknod(args[0], S_IFBLK | 0600, makedev(1, 0)));
}

/* By bind(2): the address is a name like any other. */
static int name_socket(char **args)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0), r;
	struct sockaddr_un at = { .sun_family = AF_UNIX };

	if (fd < 0)
		return broken(errno);
	if (snprintf(at.sun_path, sizeof(at.sun_path), "%s", args[0]) >= (int)sizeof(at.sun_path))
		return broken(ENAMETOOLONG);
	r = outcome_of(bind(fd, (struct sockaddr *)&at, sizeof(at)));
	close(fd);
	return r;
}

static int name_symlink(char **args)
{
	return outcome_of(symlink("/dev/null", args[0]));
}

/* Own file to PATH, which is there or is not. */
static int name_rename_to(char **args)
{
	int r = own_file(args[1]);

	return r ? r : name_outcome(rename(args[1], args[0]));
}

static int name_rename_away(char **args)
{
	return name_outcome(rename(args[0], args[1]));
}

static int name_exchange(char **args)
{
	int r = own_file(args[1]);

	if (r)
		return r;
	if (syscall(SYS_renameat2, AT_FDCWD, args[1], AT_FDCWD, args[0], 2 /* RENAME_EXCHANGE */))
		return errno == EINVAL || errno == EXDEV ? unavailable(errno) : -errno;
	return 0;
}

/* A whole folder of the package's own, with the foreign name inside of it. */
static int name_rename_folder(char **args)
{
	return mkdir(args[1], 0755) ? broken(errno) : name_outcome(rename(args[1], args[0]));
}

static int name_unlinkat(char **args)
{
	char folder[PATH_MAX], name[PATH_MAX];
	int dir, r;

	snprintf(folder, sizeof(folder), "%s", args[0]);
	snprintf(name, sizeof(name), "%s", args[0]);
	dir = open(dirname(folder), O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (dir < 0)
		return broken(errno);
	r = outcome_of(unlinkat(dir, basename(name), 0));
	close(dir);
	return r;
}

static int name_uring(const struct io_uring_sqe *entry)
{
	int res = 0, r = uring_do(entry, &res);

	if (r)
		return r;
	return res == -EINVAL ? unavailable(EINVAL) : res;
}

static int name_uring_unlink(char **args)
{
	struct io_uring_sqe entry = { .opcode = IORING_OP_UNLINKAT, .fd = AT_FDCWD, .addr = (uintptr_t)args[0] };

	return name_uring(&entry);
}

/* A file of its own, args[1], gets the name args[0]. */
static int name_uring_own(uint8_t opcode, char **args)
{
	struct io_uring_sqe entry = { .opcode = opcode,
				      .fd = AT_FDCWD,
				      .addr = (uintptr_t)args[1],
				      .len = (uint32_t)AT_FDCWD,
				      .addr2 = (uintptr_t)args[0] };
	int r = own_file(args[1]);

	return r ? r : name_uring(&entry);
}

static int name_uring_rename(char **args)
{
	return name_uring_own(IORING_OP_RENAMEAT, args);
}

static int name_uring_link(char **args)
{
	return name_uring_own(IORING_OP_LINKAT, args);
}

static int name_uring_symlink(char **args)
{
	struct io_uring_sqe entry = { .opcode = IORING_OP_SYMLINKAT,
				      .fd = AT_FDCWD,
				      .addr = (uintptr_t)"/dev/null",
				      .addr2 = (uintptr_t)args[0] };

	return name_uring(&entry);
}

static int name_uring_mkdir(char **args)
{
	struct io_uring_sqe entry = {
		.opcode = IORING_OP_MKDIRAT, .fd = AT_FDCWD, .addr = (uintptr_t)args[0], .len = 0755
	};

	return name_uring(&entry);
}

/* FOLDER: every file of it, as a wiper does. Refused at some file is refused. */
static int flood_unlink(char **args)
{
	DIR *dir = opendir(args[0]);
	struct dirent *entry;
	int r = 0, files = 0;

	if (!dir)
		return broken(errno);
	while (!r && (entry = readdir(dir))) {
		if (entry->d_type != DT_REG)
			continue;
		files++;
		r = outcome_of(unlinkat(dirfd(dir), entry->d_name, 0));
	}
	closedir(dir);
	return files ? r : broken(ENODATA);
}

static const struct technique name_techniques[] = {
	{ "mkdir", 1, name_mkdir },
	{ "rmdir", 1, name_rmdir },
	{ "rmdir-full", 1, name_rmdir_full },
	{ "mkfifo", 1, name_fifo },
	{ "mknod-regular", 1, name_regular },
	{ "mknod-char", 1, name_char },
	{ "mknod-block", 1, name_block },
	{ "bind-socket", 1, name_socket },
	{ "symlink", 1, name_symlink },
	{ "rename-to", 2, name_rename_to },
	{ "rename-away", 2, name_rename_away },
	{ "rename-folder", 2, name_rename_folder },
	{ "exchange", 2, name_exchange },
	{ "unlinkat", 1, name_unlinkat },
	{ "uring-unlink", 1, name_uring_unlink },
	{ "uring-rename", 2, name_uring_rename },
	{ "uring-mkdir", 1, name_uring_mkdir },
	{ "uring-link", 2, name_uring_link },
	{ "uring-symlink", 1, name_uring_symlink },
	{ "flood-unlink", 1, flood_unlink },
	{ 0 },
};

#endif
