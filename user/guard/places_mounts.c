/* SPDX-License-Identifier: Apache-2.0 */
/*
 * places_mounts.c - roots of file systems that are mounted below a place: a walk up ends there, so they are keys of their
 * own, as what the place around them is.
 */
#include "guard/places_internal.h"

#include "base/cleanup.h"
#include "base/text.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
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

/* Space, tab, newline and backslash stand in there as \ooo. */
static void mounts_unescape(char *path)
{
	char *out = path;

	for (const char *in = path; *in; out++) {
		if (in[0] == '\\' && in[1] >= '0' && in[1] <= '3' && in[2] >= '0' && in[2] <= '7' && in[3] >= '0' &&
		    in[3] <= '7') {
			*out = (char)((in[1] - '0') << 6 | (in[2] - '0') << 3 | (in[3] - '0'));
			in += 4;
		} else {
			*out = *in++;
		}
	}
	*out = '\0';
}

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

int places_learn_mounts(struct places *places, const struct places_input *input)
{
	_cleanup_fclose_ FILE *file = input->mounts ? fopen(input->mounts, "re") : NULL;
	struct mounts_above above = { .count = 0 };
	_cleanup_free_ char *line = NULL;
	size_t size = 0;
	int r = 0;

	if (!input->mounts)
		return 0;
	if (!file)
		return -errno;
	mounts_note_above(&above, input->home);
	mounts_note_above(&above, input->start);
	/* 36 35 98:0 /root /mount/point options - type source options */
	while (!r && getline(&line, &size, file) > 0) {
		char *rest = line, *field = NULL;

		for (unsigned int i = 0; i < 5; i++)
			field = strsep(&rest, " ");
		if (!rest || !field || field[0] != '/')
			continue;
		mounts_unescape(field);
		r = mounts_add(places, &above, field);
	}
	return r ? r : ferror(file) ? -EIO : 0;
}
