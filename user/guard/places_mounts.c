/* SPDX-License-Identifier: Apache-2.0 */
/*
 * places_mounts.c - roots of file systems that are mounted below a place: a walk up ends there, so they are keys of their
 * own, as what the place around them is.
 */
#include "guard/places_internal.h"

#include "base/cleanup.h"
#include "base/mountinfo.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

/* Folders that the home and the project lie in; 64 is a walk's bound. */
#define MOUNTS_ABOVE_MAX 128

struct mounts_above {
	struct {
		dev_t dev;
		ino_t ino;
	} items[MOUNTS_ABOVE_MAX];
	size_t count;
};

static void mounts_note_above(struct mounts_above *above, const char *folder)
{
	_cleanup_free_ char *path = strdup(folder);
	struct stat st;

	while (path && above->count < MOUNTS_ABOVE_MAX) {
		char *slash;

		if (!stat(*path ? path : "/", &st)) {
			above->items[above->count].dev = st.st_dev;
			above->items[above->count++].ino = st.st_ino;
		}
		slash = strrchr(path, '/');
		if (!slash)
			return;
		*slash = '\0';
	}
}

/* Whether the home or the project lie in it: a bind mount of / below a project makes no project of the machine. */
static bool mounts_is_above(const struct mounts_above *above, int fd)
{
	struct stat st;

	if (fstat(fd, &st))
		return true;
	for (size_t i = 0; i < above->count; i++)
		if (above->items[i].dev == st.st_dev && above->items[i].ino == st.st_ino)
			return true;
	return false;
}

static int mounts_add(struct places *places, const struct mounts_above *above, const char *path)
{
	const struct place *cover = places_cover(places, path, false);
	struct place_key key = { .derived = true };
	bool strict;
	int fd;

	/* What is a place by itself has its key. */
	if (!cover || !strcmp(cover->path, path))
		return 0;
	fd = open(path, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return errno == EMFILE || errno == ENFILE ? -errno : 0;
	strict = places_weight(cover->zone) >= places_weight(CORDON_ZONE_PERSIST);
	if (!strict && mounts_is_above(above, fd)) {
		close(fd);
		return 0;
	}
	key.object = places_number(places, cover);
	return places_add_key(places, fd, &key);
}

struct mounts_learning {
	struct places *places;
	struct mounts_above above;
};

static int mounts_learn(const struct mount *mount, void *data)
{
	struct mounts_learning *learning = data;

	return mounts_add(learning->places, &learning->above, mount->target);
}

int places_learn_mounts(struct places *places, const struct places_input *input)
{
	struct mounts_learning learning = { .places = places };

	if (!input->mounts)
		return 0;
	mounts_note_above(&learning.above, input->home);
	mounts_note_above(&learning.above, input->start);
	return mountinfo_each(input->mounts, mounts_learn, &learning);
}
