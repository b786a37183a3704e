/* SPDX-License-Identifier: Apache-2.0 */
/*
 * attr.h - ways to change what is neither name nor content of a file: mode, owner, times, flags, extended attributes.
 */
#ifndef ATTACK_ATTR_H
#define ATTACK_ATTR_H

#include "name.h"

#include <linux/capability.h>
#include <linux/fs.h>
#include <sys/ioctl.h>
#include <sys/xattr.h>

#ifndef SYS_fchmodat2
#define SYS_fchmodat2 452
#endif
#ifndef SYS_setxattrat
#define SYS_setxattrat 463
#endif
#ifndef SYS_file_setattr
#define SYS_file_setattr 469
#endif
#define DECOY_XATTR "trusted.decoy" /* of root's kind, which every file system here has; user.* tmpfs has since 6.6 */

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

/* As touch(1) does it: to now, which takes no more than a right to write. */
static int attr_touch(char **args)
{
	return outcome_of(utimensat(AT_FDCWD, args[0], NULL, 0));
}

/* The time of reading alone. */
static int attr_utimes_read(char **args)
{
	struct timespec times[2] = { { .tv_sec = 1577836800 }, { .tv_nsec = UTIME_OMIT } };

	return outcome_of(utimensat(AT_FDCWD, args[0], times, 0));
}

static int attr_futimens(char **args)
{
	struct timespec times[2] = { { .tv_sec = 1577836800 }, { .tv_sec = 1577836800 } };
	int fd = attr_open(args[0], O_RDONLY);

	return fd >= OUTCOME_BROKEN ? fd : outcome_of(futimens(fd, times));
}

static int attr_utimes_proc(char **args)
{
	struct timespec times[2] = { { .tv_sec = 1577836800 }, { .tv_sec = 1577836800 } };
	int fd = attr_open(args[0], O_PATH);
	char path[64];

	if (fd >= OUTCOME_BROKEN)
		return fd;
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	return outcome_of(utimensat(AT_FDCWD, path, times, 0));
}

/* What a file system that has no such flags says. */
static int attr_of_flags(int r)
{
	return r && (errno == ENOTTY || errno == EOPNOTSUPP || errno == ENOSYS) ? unavailable(errno) : outcome_of(r);
}

/* "no dump": of chattr's flags the one that changes nothing else, and takes no capability. */
static int attr_flags(char **args)
{
	int fd = attr_open(args[0], O_RDONLY);
	long flags = FS_NODUMP_FL;

	return fd >= OUTCOME_BROKEN ? fd : attr_of_flags(ioctl(fd, FS_IOC_SETFLAGS, &flags));
}

static int attr_fsxattr(char **args)
{
	struct fsxattr attr = { .fsx_xflags = FS_XFLAG_NODUMP };
	int fd = attr_open(args[0], O_RDONLY);

	return fd >= OUTCOME_BROKEN ? fd : attr_of_flags(ioctl(fd, FS_IOC_FSSETXATTR, &attr));
}

/* The same without a descriptor, from Linux 6.17 on. */
static int attr_file_setattr(char **args)
{
	struct {
		uint64_t xflags;
		uint32_t more[4];
	} attr = { .xflags = FS_XFLAG_NODUMP };

	return attr_of_flags((int)syscall(SYS_file_setattr, AT_FDCWD, args[0], &attr, sizeof(attr), 0));
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

/* From Linux 6.13 on. */
static int attr_setxattrat(char **args)
{
	struct {
		uint64_t value;
		uint32_t size, flags;
	} attr = { .value = (uintptr_t)"1", .size = 1 };
	int r = (int)syscall(SYS_setxattrat, AT_FDCWD, args[0], 0, DECOY_XATTR, &attr, sizeof(attr));

	return r && errno == ENOSYS ? unavailable(errno) : attr_of_xattr(r);
}

static int attr_uring_setxattr(char **args)
{
	struct io_uring_sqe entry = { .opcode = IORING_OP_SETXATTR,
				      .addr = (uintptr_t)DECOY_XATTR,
				      .addr2 = (uintptr_t)"1",
				      .len = 1,
				      .addr3 = (uintptr_t)args[0] };

	return name_uring(&entry);
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

static const struct technique attr_techniques[] = {
	{ "chmod", 2, attr_chmod },
	{ "fchmod", 2, attr_fchmod },
	{ "fchmodat2", 2, attr_fchmodat2 },
	{ "chmod-proc", 2, attr_chmod_proc },
	{ "chown", 1, attr_chown },
	{ "lchown", 1, attr_lchown },
	{ "fchown", 1, attr_fchown },
	{ "utimes", 1, attr_utimes },
	{ "touch", 1, attr_touch },
	{ "utimes-read", 1, attr_utimes_read },
	{ "futimens", 1, attr_futimens },
	{ "utimes-proc", 1, attr_utimes_proc },
	{ "set-flags", 1, attr_flags },
	{ "set-fsxattr", 1, attr_fsxattr },
	{ "file-setattr", 1, attr_file_setattr },
	{ "setxattr", 1, attr_setxattr },
	{ "fsetxattr", 1, attr_fsetxattr },
	{ "setxattrat", 1, attr_setxattrat },
	{ "uring-setxattr", 1, attr_uring_setxattr },
	{ "removexattr", 1, attr_removexattr },
	{ "setcap", 1, attr_setcap },
	{ "born-setuid", 1, attr_born_setuid },
	{ "mknod-setuid", 1, attr_mknod_setuid },
	{ 0 },
};

#endif
