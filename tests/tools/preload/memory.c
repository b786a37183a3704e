/* SPDX-License-Identifier: Apache-2.0 */
/*
 * memory.c - for LD_PRELOAD: cordon does not get at the memory of others (/proc/PID/mem). For tests/environ.
 *
 *   MEMORY=read     reading fails        MEMORY=write    writing fails
 *   MEMORY=forget   writing says that all is written, and writes nothing
 */
#include <errno.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

static bool memory_is_meant(int fd, const char *what)
{
	const char *wanted = getenv("MEMORY");
	char name[32], path[PATH_MAX];
	ssize_t n;

	if (!wanted || strcmp(wanted, what))
		return false;
	snprintf(name, sizeof(name), "/proc/self/fd/%d", fd);
	n = readlink(name, path, sizeof(path));
	return n > 4 && !memcmp(path + n - 4, "/mem", 4);
}

ssize_t pread(int fd, void *bytes, size_t len, off_t at)
{
	if (memory_is_meant(fd, "read")) {
		errno = EIO;
		return -1;
	}
	return syscall(SYS_pread64, fd, bytes, len, at);
}

ssize_t pwrite(int fd, const void *bytes, size_t len, off_t at)
{
	if (memory_is_meant(fd, "forget"))
		return (ssize_t)len;
	if (memory_is_meant(fd, "write")) {
		errno = EIO;
		return -1;
	}
	return syscall(SYS_pwrite64, fd, bytes, len, at);
}
