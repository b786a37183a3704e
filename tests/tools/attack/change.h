/* SPDX-License-Identifier: Apache-2.0 */
/*
 * change.h - what may be done to a program that lies there already: some of it keeps it what it was, some does not.
 */
#ifndef ATTACK_CHANGE_H
#define ATTACK_CHANGE_H

#include "drop.h"

/* The last byte of its identification, which is padding: it runs as before, and is another file. */
#define CHANGED_BYTE 15

static int change_byte(struct drop *drop)
{
	int fd = open(drop->at, O_RDWR | O_CLOEXEC);

	return fd < 0 || pwrite(fd, "c", 1, CHANGED_BYTE) != 1 || close(fd) ? broken(errno) : 0;
}

static int change_append(struct drop *drop)
{
	char *path[] = { drop->at };

	return write_append(path) ? broken(errno) : 0;
}

/* The descriptor is closed when the byte is stored, and the mapping stays until the end. */
static int change_mapped(struct drop *drop)
{
	int fd = open(drop->at, O_RDWR | O_CLOEXEC);
	char *data;

	if (fd < 0)
		return broken(errno);
	data = mmap(NULL, CHANGED_BYTE + 1, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (data == MAP_FAILED || close(fd))
		return broken(errno);
	data[CHANGED_BYTE] = 'c';
	/* A writable mapping keeps a program from being started, guard or not. */
	return munmap(data, CHANGED_BYTE + 1) ? broken(errno) : 0;
}

/* The mapping stays: what it holds is stored by the second of the ways that follow. */
static char *change_held_at;

static int change_held(struct drop *drop)
{
	int fd = open(drop->at, O_RDWR | O_CLOEXEC);

	if (fd < 0)
		return broken(errno);
	change_held_at = mmap(NULL, CHANGED_BYTE + 1, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	return change_held_at == MAP_FAILED || close(fd) ? broken(errno) : 0;
}

static int change_rewritten(struct drop *drop)
{
	return drop_copy_into(drop, open(drop->at, O_WRONLY | O_TRUNC | O_CLOEXEC));
}

/* A dropped one takes its name. */
static int change_name(struct drop *drop, unsigned int flags)
{
	char beside[PATH_MAX + 8];
	int r;

	snprintf(beside, sizeof(beside), "%s.beside", drop->at);
	r = drop_copy_into(drop, drop_create(beside));
	if (r)
		return r;
	return syscall(SYS_renameat2, AT_FDCWD, beside, AT_FDCWD, drop->at, flags) ? broken(errno) : 0;
}

static int change_replaced(struct drop *drop)
{
	return change_name(drop, 0);
}

static int change_exchanged(struct drop *drop)
{
	return change_name(drop, 2 /* RENAME_EXCHANGE */);
}

/* The rest leaves the bytes as they are, or is what builds do: `at` goes on to the new name. */
static int change_to(struct drop *drop, const char *suffix, int (*make)(const char *from, const char *to))
{
	char next[PATH_MAX];

	if (snprintf(next, sizeof(next), "%s%s", drop->at, suffix) >= (int)sizeof(next))
		return broken(ENAMETOOLONG);
	if (make(drop->at, next))
		return broken(errno);
	memcpy(drop->at, next, sizeof(next));
	return 0;
}

static int change_renamed(struct drop *drop)
{
	return change_to(drop, "-renamed", rename);
}

static int change_linked(struct drop *drop)
{
	return change_to(drop, "-linked", link);
}

static int change_symlinked(struct drop *drop)
{
	return change_to(drop, "-symlinked", symlink);
}

static int copy_by_cp(const char *from, const char *to)
{
	return RUN("cp", (char *)from, (char *)to);
}

static int change_copied(struct drop *drop)
{
	return change_to(drop, "-copied", copy_by_cp);
}

static int copy_by_install(const char *from, const char *to)
{
	return RUN("install", "-m", "755", (char *)from, (char *)to);
}

static int change_installed(struct drop *drop)
{
	return change_to(drop, "-installed", copy_by_install);
}

static int copy_by_objcopy(const char *from, const char *to)
{
	return RUN("objcopy", (char *)from, (char *)to);
}

static int change_objcopied(struct drop *drop)
{
	return change_to(drop, "-objcopied", copy_by_objcopy);
}

static int copy_by_python(const char *from, const char *to)
{
	return RUN("python3", "-ISc", "import shutil, sys; shutil.copy(*sys.argv[1:])", (char *)from, (char *)to);
}

/* As setuptools copies an extension from build/lib to the wheel. */
static int change_pythoned(struct drop *drop)
{
	return change_to(drop, "-pythoned", copy_by_python);
}

static int change_stripped(struct drop *drop)
{
	return RUN("strip", drop->at);
}

static int change_chmod(struct drop *drop)
{
	return chmod(drop->at, 0755) ? broken(errno) : 0;
}

/* Another time for it, as whoever unpacks and installs sets one. */
static int change_touched(struct drop *drop)
{
	struct timespec times[2] = { { .tv_sec = 1577836800 }, { .tv_sec = 1577836800 } };

	return utimensat(AT_FDCWD, drop->at, times, 0) ? broken(errno) : 0;
}

static const struct {
	const char *name;
	int (*take)(struct drop *drop);
} steps[] = {
	{ "write", drop_write },
	{ "cp", drop_cp },
	{ "dd", drop_dd },
	{ "install", drop_install },
	{ "python", drop_python },
	{ "base64", drop_base64 },
	{ "tar", drop_tar },
	{ "objcopy", drop_objcopy },
	{ "strip", drop_strip },
	{ "sent", drop_sent },
	{ "mapped", drop_mapped },
	{ "uring", drop_uring },
	{ "moved", drop_moved },
	{ "nested", drop_nested },
	{ "modules", drop_modules },
	{ "memfd", drop_memfd },
	{ "tmpfile", drop_tmpfile },
	{ "built", drop_built },
	{ "shipped", drop_shipped },
	{ "unlinked", drop_unlinked },
	{ "byte", change_byte },
	{ "append", change_append },
	{ "remapped", change_mapped },
	{ "held", change_held },
	{ "rewritten", change_rewritten },
	{ "replaced", change_replaced },
	{ "exchanged", change_exchanged },
	{ "renamed", change_renamed },
	{ "linked", change_linked },
	{ "symlinked", change_symlinked },
	{ "copied", change_copied },
	{ "installed", change_installed },
	{ "objcopied", change_objcopied },
	{ "pythoned", change_pythoned },
	{ "stripped", change_stripped },
	{ "chmod", change_chmod },
	{ "touched", change_touched },
};

/* Takes: steps by name, with commas between. Gives: 0, or what the first that failed gave. */
static int drop_take(struct drop *drop, const char *list)
{
	char copy[256], *save = NULL;
	int r = drop_find(drop);

	snprintf(copy, sizeof(copy), "%s", list);
	for (char *name = strtok_r(copy, ",", &save); name && !r; name = strtok_r(NULL, ",", &save)) {
		r = broken(EINVAL);
		for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++)
			if (!strcmp(name, steps[i].name))
				r = steps[i].take(drop);
	}
	return r;
}

#endif
