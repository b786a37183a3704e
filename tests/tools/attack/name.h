/* SPDX-License-Identifier: Apache-2.0 */
/*
 * name.h - ways to change names and attributes: PATH, and where a second name is wanted OWN, one in a folder of the
 * package's own.
 */
#ifndef ATTACK_NAME_H
#define ATTACK_NAME_H

#include "write.h"

#include <linux/capability.h>
#include <sys/socket.h>
#include <sys/sysmacros.h>
#include <sys/un.h>
#include <sys/xattr.h>

#ifndef SYS_fchmodat2
#define SYS_fchmodat2 452
#endif
#define DECOY_XATTR "trusted.decoy" /* of root's kind, which every file system here has; user.* tmpfs has since 6.6 */

static int name_mkdir(char **args)
{
	return outcome_of(mkdir(args[0], 0755));
}

static int name_rmdir(char **args)
{
	return outcome_of(rmdir(args[0]));
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

	return r ? r : outcome_of(rename(args[1], args[0]));
}

static int name_rename_away(char **args)
{
	return outcome_of(rename(args[0], args[1]));
}

static int name_exchange(char **args)
{
	int r = own_file(args[1]);

	if (r)
		return r;
	if (syscall(SYS_renameat2, AT_FDCWD, args[1], AT_FDCWD, args[0], 2 /* RENAME_EXCHANGE */))
		return errno == EINVAL ? unavailable(errno) : -errno;
	return 0;
}

/* A whole folder of the package's own, with the foreign name inside of it. */
static int name_rename_folder(char **args)
{
	return mkdir(args[1], 0755) ? broken(errno) : outcome_of(rename(args[1], args[0]));
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

static int name_uring_rename(char **args)
{
	struct io_uring_sqe entry = { .opcode = IORING_OP_RENAMEAT,
				      .fd = AT_FDCWD,
				      .addr = (uintptr_t)args[1],
				      .len = (uint32_t)AT_FDCWD,
				      .addr2 = (uintptr_t)args[0] };
	int r = own_file(args[1]);

	return r ? r : name_uring(&entry);
}

static int name_uring_mkdir(char **args)
{
	struct io_uring_sqe entry = {
		.opcode = IORING_OP_MKDIRAT, .fd = AT_FDCWD, .addr = (uintptr_t)args[0], .len = 0755
	};

	return name_uring(&entry);
}

/* MODE in octal. */
static int attr_chmod(char **args)
{
	return outcome_of(chmod(args[0], (mode_t)strtoul(args[1], NULL, 8)));
}

/* A descriptor for reading is enough to change what is not content. */
static int attr_open(const char *path, int flags)
{
	int fd = open(path, flags | O_CLOEXEC);

	return fd < 0 ? broken(errno) : fd;
}

static int attr_fchmod(char **args)
{
	int fd = attr_open(args[0], O_RDONLY);

	return fd >= OUTCOME_BROKEN ? fd : outcome_of(fchmod(fd, (mode_t)strtoul(args[1], NULL, 8)));
}

static int attr_fchmodat2(char **args)
{
	int fd = attr_open(args[0], O_PATH);

	if (fd >= OUTCOME_BROKEN)
		return fd;
	if (syscall(SYS_fchmodat2, fd, "", (mode_t)strtoul(args[1], NULL, 8), AT_EMPTY_PATH))
		return errno == ENOSYS ? unavailable(errno) : -errno;
	return 0;
}

static int attr_chmod_proc(char **args)
{
	int fd = attr_open(args[0], O_PATH);
	char path[64];

	if (fd >= OUTCOME_BROKEN)
		return fd;
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	return outcome_of(chmod(path, (mode_t)strtoul(args[1], NULL, 8)));
}

static int attr_chown(char **args)
{
	return outcome_of(chown(args[0], getuid(), getgid()));
}

static int attr_lchown(char **args)
{
	return outcome_of(lchown(args[0], getuid(), getgid()));
}

static int attr_fchown(char **args)
{
	int fd = attr_open(args[0], O_RDONLY);

	return fd >= OUTCOME_BROKEN ? fd : outcome_of(fchown(fd, getuid(), getgid()));
}

static int attr_utimes(char **args)
{
	struct timespec times[2] = { { .tv_sec = 1577836800 }, { .tv_sec = 1577836800 } };

	return outcome_of(utimensat(AT_FDCWD, args[0], times, AT_SYMLINK_NOFOLLOW));
}

static int attr_of_xattr(int r)
{
	return r && errno == EOPNOTSUPP ? unavailable(errno) : outcome_of(r);
}

static int attr_setxattr(char **args)
{
	return attr_of_xattr(setxattr(args[0], DECOY_XATTR, "1", 1, 0));
}

static int attr_fsetxattr(char **args)
{
	int fd = attr_open(args[0], O_RDONLY);

	return fd >= OUTCOME_BROKEN ? fd : attr_of_xattr(fsetxattr(fd, DECOY_XATTR, "1", 1, 0));
}

/* There is none to remove: who may not do it gets no such answer. */
static int attr_removexattr(char **args)
{
	int r = attr_of_xattr(lremovexattr(args[0], DECOY_XATTR));

	return r == -ENODATA ? 0 : r;
}

/* As setcap(8) does it; of no capability at all, so that nobody gains one. */
static int attr_setcap(char **args)
{
	struct vfs_cap_data caps = { .magic_etc = VFS_CAP_REVISION_2 | VFS_CAP_FLAGS_EFFECTIVE };
	int r = own_file(args[0]);

	return r ? r : attr_of_xattr(setxattr(args[0], "security.capability", &caps, sizeof(caps), 0));
}

/* Setuid from its first moment. */
static int attr_born_setuid(char **args)
{
	return write_drain(open(args[0], O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 04755));
}

static int attr_mknod_setuid(char **args)
{
	return outcome_of(mknod(args[0], S_IFREG | 06755, 0));
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
	{ "chmod", 2, attr_chmod },
	{ "fchmod", 2, attr_fchmod },
	{ "fchmodat2", 2, attr_fchmodat2 },
	{ "chmod-proc", 2, attr_chmod_proc },
	{ "chown", 1, attr_chown },
	{ "lchown", 1, attr_lchown },
	{ "fchown", 1, attr_fchown },
	{ "utimes", 1, attr_utimes },
	{ "setxattr", 1, attr_setxattr },
	{ "fsetxattr", 1, attr_fsetxattr },
	{ "removexattr", 1, attr_removexattr },
	{ "setcap", 1, attr_setcap },
	{ "born-setuid", 1, attr_born_setuid },
	{ "mknod-setuid", 1, attr_mknod_setuid },
	{ "flood-unlink", 1, flood_unlink },
	{ 0 },
};

#endif
