/* SPDX-License-Identifier: Apache-2.0 */
/*
 * places_learn.c - paths into descriptors: the inode that a path leads to now, and its name below the nearest folder that
 * is there, for what is made, or replaced by rename, later on.
 */
#include "guard/places_internal.h"

#include "base/cleanup.h"
#include "base/text.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

/*
 * Files below a secret folder that get a key of their own, so that hard links to them are known; more are protected by
 * their folder alone. Each is one descriptor, for the whole session. The bound of one folder leaves keys for the others: a
 * browser's profile has some thousands of files.
 */
#define PLACES_FILES_MAX 2048
#define PLACES_FILES_OF_ONE_MAX 512
#define PLACES_FOLDERS_MAX 16 /* one in the other */

int places_add_key(struct places *places, int fd, const struct place_key *like)
{
	char *copy = like->chain ? strdup(like->chain) : NULL;

	if ((like->chain && !copy) ||
	    places_grow((void **)&places->keys, &places->key_room, places->key_count, sizeof(*places->keys))) {
		if (!like->shared)
			close(fd);
		free(copy);
		return -ENOMEM;
	}
	places->keys[places->key_count] = *like;
	places->keys[places->key_count].fd = fd;
	places->keys[places->key_count++].chain = copy;
	return 0;
}

/* Said only of what must not be reached or changed: a cache that moves is no danger. */
void places_note(struct places *places, const struct place *place, const char *why)
{
	if (places_weight(place->zone) < places_weight(CORDON_ZONE_PERSIST) && !place->write_zone)
		return;
	if (!places->unlearnable++)
		places->example = text_format("%s (%s)", place->path, why);
}

/* --- what lies below a secret folder -------------------------------------------------------------------------------- */

struct below {
	struct places *places;
	uint32_t object;
	size_t left; /* of this folder's files */
};

static int below_add_all(struct below *below, int folder, unsigned int depth);

static int below_add(struct below *below, int dir, const char *name, unsigned int depth)
{
	const struct place_key key = { .object = below->object, .derived = true };
	int fd = openat(dir, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	struct stat st;
	int r;

	if (fd < 0)
		return errno == EMFILE || errno == ENFILE ? -errno : 0;
	if (fstat(fd, &st) || (!S_ISDIR(st.st_mode) && !S_ISREG(st.st_mode))) {
		close(fd);
		return 0;
	}
	below->left--;
	below->places->files++;
	r = places_add_key(below->places, fd, &key);
	return r || !S_ISDIR(st.st_mode) ? r : below_add_all(below, fd, depth + 1);
}

/* Everything that is there now. `folder` is an O_PATH descriptor that stays the caller's. What cannot be listed is
 * protected by its folder alone. */
static int below_add_all(struct below *below, int folder, unsigned int depth)
{
	int copy = openat(folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *d = copy < 0 ? NULL : fdopendir(copy);
	struct dirent *entry;
	int r = 0;

	if (!d) {
		cleanup_close(&copy);
		return 0;
	}
	while (!r && depth < PLACES_FOLDERS_MAX && below->left && below->places->files < PLACES_FILES_MAX &&
	       (entry = readdir(d)))
		if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
			r = below_add(below, dirfd(d), entry->d_name, depth);
	closedir(d);
	return r;
}

/* --- one place ------------------------------------------------------------------------------------------------------ */

static int places_learn_inode(struct places *places, uint32_t object)
{
	const struct place *place = &places->items[object - 1];
	int fd = open(place->path, O_PATH | O_CLOEXEC), r;
	struct below below = { .places = places, .object = object, .left = PLACES_FILES_OF_ONE_MAX };
	struct stat st;

	if (fd < 0) {
		if (errno == EMFILE || errno == ENFILE)
			return -errno;
		if (errno != ENOENT && errno != ENOTDIR)
			places_note(places, place, strerror(errno));
		return 0;
	}
	if (places_is_moving(fd))
		places_note(places, place, "on a file system whose inodes cannot be held");
	r = places_add_key(places, fd, &(struct place_key){ .object = object });
	if (r || fstat(fd, &st) || !S_ISDIR(st.st_mode))
		return r;
	/* Only what must not be read: a hard link to it is as good as the file. For all others the folder is enough. */
	return place->zone == CORDON_ZONE_SECRET || place->zone == CORDON_ZONE_HIDDEN || place->zone == CORDON_ZONE_GUARD ?
		       below_add_all(&below, fd, 0) :
		       0;
}

/* Gives the descriptor of a folder that names are looked for in, -1: not opened so far. */
static int places_parent(const struct places *places, const char *path)
{
	uint64_t hash = text_hash(path, strlen(path));

	for (size_t i = 0; i < places->parent_count; i++)
		if (places->parents[i].hash == hash && !strcmp(places->parents[i].path, path))
			return places->parents[i].fd;
	return -1;
}

static int places_note_parent(struct places *places, const char *path, int fd)
{
	int r = places_grow((void **)&places->parents, &places->parent_room, places->parent_count,
			    sizeof(*places->parents));
	char *copy = r ? NULL : strdup(path);

	if (!copy)
		return -ENOMEM;
	places->parents[places->parent_count++] =
		(struct place_parent){ .path = copy, .hash = text_hash(path, strlen(path)), .fd = fd };
	return 0;
}

static int places_learn_name(struct places *places, const char *path, uint32_t object)
{
	_cleanup_free_ char *parent = strdup(path);
	char *slash;

	while (parent && (slash = strrchr(parent, '/'))) {
		struct place_key key = { .object = object, .chain = (char *)path + (slash - parent) + 1 };
		int fd, r;

		*slash = '\0';
		fd = places_parent(places, parent);
		if (fd >= 0) {
			key.shared = true;
			return places_add_key(places, fd, &key);
		}
		fd = open(*parent ? parent : "/", O_PATH | O_DIRECTORY | O_CLOEXEC);
		if (fd >= 0) {
			r = places_add_key(places, fd, &key);
			return r ? r : places_note_parent(places, parent, fd);
		}
		if (errno == EMFILE || errno == ENFILE)
			return -errno;
	}
	return parent ? -EINVAL : -ENOMEM;
}

static int places_learn_one(struct places *places, uint32_t object)
{
	const char *path = places->items[object - 1].path;
	_cleanup_free_ char *real = NULL;
	int r = places_learn_inode(places, object);

	if (!r && strcmp(path, "/") != 0)
		r = places_learn_name(places, path, object);
	/* Where the path is a symbolic link, what it leads to can be replaced in its own folder. */
	real = r ? NULL : realpath(path, NULL);
	if (real && strcmp(real, path) != 0 && strcmp(real, "/") != 0)
		r = places_learn_name(places, real, object);
	return r;
}

int places_learn_paths(struct places *places)
{
	int r = 0;

	for (uint32_t object = 1; !r && object <= places->count; object++)
		if (!places->items[object - 1].nameless)
			r = places_learn_one(places, object);
	return r;
}
