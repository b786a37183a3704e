/* SPDX-License-Identifier: Apache-2.0 */
/*
 * look.c - the file that a task was stopped for, opened by the controller itself.
 *
 * The kernel tells the names above it up to a place that has a path, or else up to the root of its file system, which may be
 * mounted anywhere: there the task's own list of mounts tells the rest. What was opened must be that file; so a wrong guess,
 * or a name that somebody has given to another one, does nothing.
 */
#include "base/cleanup.h"
#include "base/mountinfo.h"
#include "base/text.h"
#include "guard/controller.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#define DEVICE_MINOR_BITS 20 /* of the kernel's own dev_t */

struct look {
	struct controller *c;
	const struct cordon_record_program *record;
	const char *names; /* from the root of its file system on */
	char *path;
	struct kernel_origin *origin;
	int fd;
};

bool look_same_file(const struct cordon_origin_key *a, const struct cordon_origin_key *b)
{
	return a->inode == b->inode && a->ino == b->ino && a->volume == b->volume && a->generation == b->generation &&
	       a->session == b->session;
}

/* `base`, and the record's names below it. NULL: they are not all known, or memory is short. */
static char *path_below(const struct cordon_record_program *record, const char *base, uint32_t below, const char *leaf)
{
	char *path = below <= record->names ? strdup(base) : NULL;

	while (path && below-- > 0) {
		char *longer = text_format("%s/%s", path, !below && leaf ? leaf : record->name[below]);

		free(path);
		path = longer;
	}
	return path;
}

/* Gives a descriptor or -errno. */
static int open_that(struct controller *c, const struct cordon_record_program *record, const char *path, struct kernel_origin *ret)
{
	_cleanup_close_ int fd = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	int r = fd < 0 ? -errno : kernel_origin(c->kernel, &record->head.label, fd, ret);

	if (r)
		return r;
	return look_same_file(&ret->key, &record->key) ? TAKE_FD(fd) : -ESTALE;
}

/* What of the names lies below the mount's root; NULL: they do not. */
static const char *names_below(const char *names, const char *root)
{
	size_t len = strcmp(root, "/") ? strlen(root) : 0;

	return !strncmp(names, root, len) && names[len] == '/' ? names + len : NULL;
}

/* Gives 1 where it is there. */
static int look_below_mount(const struct mount *mount, void *data)
{
	struct look *look = data;
	const uint32_t device = look->record->device;
	const char *below = NULL;
	_cleanup_free_ char *path = NULL, *seen = NULL;

	if (mount->major == device >> DEVICE_MINOR_BITS && mount->minor == (device & ((1U << DEVICE_MINOR_BITS) - 1)))
		below = names_below(look->names, mount->root);
	if (!below)
		return 0;
	path = text_format("%s%s", strcmp(mount->target, "/") ? mount->target : "", below);
	/* As the task sees it, which may live in a mount namespace of its own. */
	seen = path ? text_format("/proc/%d/root%s", (int)look->record->head.pid, path) : NULL;
	if (!seen)
		return -ENOMEM;
	look->fd = open_that(look->c, look->record, seen, look->origin);
	if (look->fd < 0)
		return 0;
	look->path = TAKE_PTR(path);
	return 1;
}

/* All its names; NULL: there may be more of them. */
static char *path_in_file_system(const struct cordon_record_program *record, const char *leaf)
{
	return record->names < CORDON_PROGRAM_NAMES ? path_below(record, "", record->names, leaf) : NULL;
}

/* Gives whether it was found on one of the task's mounts: `path` and `fd`. */
static bool look_on_mounts(struct look *look, const char *leaf)
{
	_cleanup_free_ char *names = path_in_file_system(look->record, leaf);
	_cleanup_free_ char *mounts = text_format("/proc/%d/mountinfo", (int)look->record->head.pid);

	look->names = names;
	return names && mounts && mountinfo_each(mounts, look_below_mount, look) == 1;
}

int look_open(struct controller *c, const struct cordon_record_program *record, const char *leaf, char **ret_path,
	      struct kernel_origin *ret)
{
	const char *base = places_path(c->places, record->object);
	_cleanup_free_ char *path = base ? path_below(record, base, record->depth, leaf) : path_in_file_system(record, leaf);
	struct look look = { .c = c, .record = record, .origin = ret, .fd = -1 };
	int r = path ? open_that(c, record, path, ret) : -ENAMETOOLONG;

	if (r < 0 && look_on_mounts(&look, leaf)) {
		*ret_path = look.path;
		return look.fd;
	}
	*ret_path = TAKE_PTR(path);
	return r;
}
