/* SPDX-License-Identifier: Apache-2.0 */
/*
 * drop.h - how a program comes to lie somewhere: steps that are taken one after the other, such as `built,append`.
 *
 * What is dropped is a copy of a program, library or loader of this system, so that nothing here is anybody's payload;
 * what is built is a program that ends at once. No step is an attack by itself: one that fails is a broken test.
 */
#ifndef ATTACK_DROP_H
#define ATTACK_DROP_H

#include "child.h"
#include "write.h"

#include <dlfcn.h>
#include <link.h>

enum payload { PAYLOAD_PROGRAM, PAYLOAD_LIBM, PAYLOAD_LIBC, PAYLOAD_LOADER };

struct drop {
	enum payload payload;
	char from[PATH_MAX]; /* the system's */
	char at[PATH_MAX];   /* where it lies; steps may move it */
	int fd;		     /* that `at` is the name of, -1 */
};

static int drop_find_loader(struct dl_phdr_info *info, size_t size, void *ret_path)
{
	(void)size;
	if (!info->dlpi_name || !strstr(info->dlpi_name, "/ld-"))
		return 0;
	snprintf(ret_path, PATH_MAX, "%s", info->dlpi_name);
	return 1;
}

/* Which file of this system it is; by the dynamic linker, since no two distributions agree. */
static int drop_find(struct drop *drop)
{
	struct link_map *map;
	void *library;

	drop->from[0] = '\0';
	switch (drop->payload) {
	case PAYLOAD_PROGRAM:
		snprintf(drop->from, sizeof(drop->from), "/bin/true");
		break;
	case PAYLOAD_LOADER:
		dl_iterate_phdr(drop_find_loader, drop->from);
		break;
	default:
		library = dlopen(drop->payload == PAYLOAD_LIBM ? "libm.so.6" : "libc.so.6", RTLD_NOW);
		if (!library || dlinfo(library, RTLD_DI_LINKMAP, &map))
			break;
		snprintf(drop->from, sizeof(drop->from), "%s", map->l_name);
		dlclose(library);
	}
	return drop->from[0] ? 0 : broken(ENOENT);
}

/* Takes: `to`, open for writing, which is closed. */
static int drop_copy_into(const struct drop *drop, int to)
{
	int from = open(drop->from, O_RDONLY | O_CLOEXEC);
	char data[65536];
	ssize_t len = 0;

	if (to < 0 || from < 0)
		return broken(errno);
	while ((len = read(from, data, sizeof(data))) > 0)
		if (write(to, data, (size_t)len) != len)
			return broken(EIO);
	close(from);
	return close(to) || len < 0 ? broken(errno) : 0;
}

static int drop_create(const char *path)
{
	return open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0755);
}

static int drop_write(struct drop *drop)
{
	return drop_copy_into(drop, drop_create(drop->at));
}

static int drop_cp(struct drop *drop)
{
	return RUN("cp", drop->from, drop->at);
}

static int drop_dd(struct drop *drop)
{
	char from[PATH_MAX + 4], to[PATH_MAX + 4];
	int r;

	snprintf(from, sizeof(from), "if=%s", drop->from);
	snprintf(to, sizeof(to), "of=%s", drop->at);
	r = RUN("dd", "bs=65536", from, to);
	return r ? r : RUN("chmod", "755", drop->at);
}

static int drop_install(struct drop *drop)
{
	return RUN("install", "-m", "755", drop->from, drop->at);
}

static int drop_python(struct drop *drop)
{
	return RUN("python3", "-ISc", "import shutil, sys; shutil.copy(*sys.argv[1:])", drop->from, drop->at);
}

/* What a file of text decodes to, as the packages of this kind carry it. */
static int drop_base64(struct drop *drop)
{
	return RUN("sh", "-c", "base64 \"$0\" > \"$1.b64\" && base64 -d \"$1.b64\" > \"$1\" && chmod 755 \"$1\"",
		   drop->from, drop->at);
}

static int drop_tar(struct drop *drop)
{
	return RUN("sh", "-c", "tar -chPf \"$1.tar\" \"$0\" && tar -xPOf \"$1.tar\" > \"$1\" && chmod 755 \"$1\"",
		   drop->from, drop->at);
}

/* By objcopy and strip: they keep what was built, and this was not. */
static int drop_objcopy(struct drop *drop)
{
	return RUN("objcopy", drop->from, drop->at);
}

static int drop_strip(struct drop *drop)
{
	return RUN("strip", "-o", drop->at, drop->from);
}

/* Within the kernel, or by memory: no write(2) has the bytes. */
static int drop_sent(struct drop *drop)
{
	int from = open(drop->from, O_RDONLY | O_CLOEXEC), to = drop_create(drop->at);
	struct stat st;
	ssize_t len;

	if (from < 0 || to < 0 || fstat(from, &st))
		return broken(errno);
	while ((len = sendfile(to, from, NULL, (size_t)st.st_size)) > 0)
		;
	close(from);
	return close(to) || len < 0 ? broken(errno) : 0;
}

static int drop_mapped(struct drop *drop)
{
	int from = open(drop->from, O_RDONLY | O_CLOEXEC), to = drop_create(drop->at);
	struct stat st;
	char *data;

	if (from < 0 || to < 0 || fstat(from, &st) || ftruncate(to, st.st_size))
		return broken(errno);
	data = mmap(NULL, (size_t)st.st_size, PROT_READ | PROT_WRITE, MAP_SHARED, to, 0);
	if (data == MAP_FAILED || read(from, data, (size_t)st.st_size) != st.st_size)
		return broken(errno);
	munmap(data, (size_t)st.st_size);
	close(from);
	return close(to) ? broken(errno) : 0;
}

/* Where there is no ring that is the answer: nothing came to lie anywhere. */
static int drop_uring(struct drop *drop)
{
	int fd = -1, r = uring_open(drop->at, O_RDWR | O_CREAT, &fd);

	if (r)
		return r;
	if (fd < 0)
		return fd;
	r = drop_copy_into(drop, fd);
	return r ? r : chmod(drop->at, 0755) ? broken(errno) : 0;
}

/* Made elsewhere and moved there, alone or with the folder that it lies in. `as` ends the path of that folder. */
static int drop_elsewhere(struct drop *drop, const char *in, const char *as)
{
	char folder[PATH_MAX], file[PATH_MAX * 2];
	int r;

	snprintf(folder, sizeof(folder), "%s/attack-%d", getenv("TMPDIR") ?: "/tmp", (int)getpid());
	snprintf(file, sizeof(file), "%s%s", folder, in);
	if (mkdir(folder, 0755) || (*in && mkdir(file, 0755)))
		return broken(errno);
	strcat(file, "/it");
	r = drop_copy_into(drop, drop_create(file));
	if (!r && rename(*as ? folder : file, drop->at))
		return errno == EPERM ? -EPERM : broken(errno);
	snprintf(file, sizeof(file), "%s%s%s", drop->at, as, *as ? "/it" : "");
	snprintf(drop->at, sizeof(drop->at), "%.*s", PATH_MAX - 1, file);
	return r;
}

static int drop_moved(struct drop *drop)
{
	return drop_elsewhere(drop, "", "");
}

static int drop_nested(struct drop *drop)
{
	return drop_elsewhere(drop, "/node_modules", "/node_modules");
}

static int drop_modules(struct drop *drop)
{
	char folder[PATH_MAX];

	snprintf(folder, sizeof(folder), "%s", drop->at);
	snprintf(drop->at, sizeof(drop->at), "%.*s/node_modules", PATH_MAX - 16, dirname(folder));
	return drop_elsewhere(drop, "", "/");
}

/* What has no name: opened anew for reading, or it would be busy. */
static int drop_nameless(struct drop *drop, int fd)
{
	char path[64];
	int r;

	if (fd < 0)
		return errno == EOPNOTSUPP ? unavailable(errno) : broken(errno);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	drop->fd = open(path, O_RDONLY);
	r = drop_copy_into(drop, fd);
	snprintf(drop->at, sizeof(drop->at), "/proc/self/fd/%d", drop->fd);
	return drop->fd < 0 ? broken(errno) : r;
}

static int drop_memfd(struct drop *drop)
{
	char name[PATH_MAX];

	snprintf(name, sizeof(name), "%s", drop->at);
	return drop_nameless(drop, memfd_create(basename(name), MFD_CLOEXEC));
}

static int drop_tmpfile(struct drop *drop)
{
	char folder[PATH_MAX];

	snprintf(folder, sizeof(folder), "%s", drop->at);
	return drop_nameless(drop, open(dirname(folder), O_TMPFILE | O_RDWR | O_CLOEXEC, 0755));
}

/* The name goes, the descriptor stays. */
static int drop_unlinked(struct drop *drop)
{
	drop->fd = open(drop->at, O_RDONLY);
	if (drop->fd < 0 || unlink(drop->at))
		return broken(errno);
	snprintf(drop->at, sizeof(drop->at), "/proc/self/fd/%d", drop->fd);
	return 0;
}

static int drop_built(struct drop *drop)
{
	const char *shared = drop->payload == PAYLOAD_PROGRAM ? "-pie" : "-shared";
	char source[PATH_MAX + 2];
	int fd;

	snprintf(source, sizeof(source), "%s.c", drop->at);
	fd = open(source, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	if (fd < 0 || dprintf(fd, "int main(void) { return 0; }\n") < 0 || close(fd))
		return broken(errno);
	return RUN("gcc", "-g", "-fPIC", (char *)shared, "-o", drop->at, source);
}

/* Already there: it came with the package. */
static int drop_shipped(struct drop *drop)
{
	return access(drop->at, R_OK) ? broken(errno) : 0;
}

#endif
