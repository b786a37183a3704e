/* SPDX-License-Identifier: Apache-2.0 */
#include "guard/places.h"

#include "base/cleanup.h"
#include "base/log.h"
#include "base/text.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/magic.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>

#define PLACES_MAGIC_FUSE 0x65735546
#define PLACES_MAGIC_CIFS 0xff534d42
#define PLACES_MAGIC_SMB2 0xfe534d42

/* Files below a protected folder that get a key of their own, so that hard links to them are known; more are protected by
 * their folder alone. A browser's profile has some thousands, one descriptor each. */
#define PLACES_FILES_MAX 4096

struct place {
	char *path;
	unsigned int zone, classes;
};

/* A descriptor whose address is to be learned, and what its key says. */
struct place_key {
	int fd;
	uint32_t object;  /* 0: only a parent of names */
	char *chain;      /* the path below it, NULL: the inode itself */
};

struct places {
	struct place *items; /* object - 1 */
	size_t count, room;
	struct place_key *keys;
	size_t key_count, key_room;
	size_t files;
	uint64_t pseudo; /* numbers given to folders that are missing */
	size_t unlearnable;
	char *example;
};

static int places_grow(void **items, size_t *room, size_t count, size_t size)
{
	void *more;

	if (count < *room)
		return 0;
	more = realloc(*items, (*room = *room * 2 + 64) * size);
	if (!more)
		return -ENOMEM;
	*items = more;
	return 0;
}

static int places_add_key(struct places *places, int fd, uint32_t object, const char *chain)
{
	char *copy = chain ? strdup(chain) : NULL;

	if ((chain && !copy) || places_grow((void **)&places->keys, &places->key_room, places->key_count, sizeof(*places->keys))) {
		close(fd);
		free(copy);
		return -ENOMEM;
	}
	places->keys[places->key_count++] = (struct place_key){ .fd = fd, .object = object, .chain = copy };
	return 0;
}

static void places_note(struct places *places, const char *path, const char *why)
{
	if (!places->unlearnable++)
		places->example = text_format("%s (%s)", path, why);
}

bool places_is_moving(int fd)
{
	struct statfs fs;

	if (fstatfs(fd, &fs))
		return true;
	switch ((unsigned long)fs.f_type) {
	case NFS_SUPER_MAGIC:
	case V9FS_MAGIC:
	case SMB_SUPER_MAGIC:
	case PLACES_MAGIC_CIFS:
	case PLACES_MAGIC_SMB2:
	case PLACES_MAGIC_FUSE:
		return true;
	default:
		return false;
	}
}

static int places_add_below(struct places *places, int folder, uint32_t object, unsigned int depth);

static int places_add_entry(struct places *places, int dir, const char *name, uint32_t object, unsigned int depth)
{
	int fd = openat(dir, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	struct stat st;
	int r;

	if (fd < 0)
		return errno == EMFILE || errno == ENFILE ? -errno : 0;
	if (fstat(fd, &st) || (!S_ISDIR(st.st_mode) && !S_ISREG(st.st_mode))) {
		close(fd);
		return 0;
	}
	places->files++;
	r = places_add_key(places, fd, object, NULL);
	return r || !S_ISDIR(st.st_mode) ? r : places_add_below(places, fd, object, depth + 1);
}

/* Everything that is there now, roots of file systems mounted below included: a walk up ends at those. `folder` is an
 * O_PATH descriptor that stays the caller's. What cannot be listed is protected by its folder alone. */
static int places_add_below(struct places *places, int folder, uint32_t object, unsigned int depth)
{
	int copy = openat(folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *d = copy < 0 ? NULL : fdopendir(copy);
	struct dirent *entry;
	int r = 0;

	if (!d) {
		cleanup_close(&copy);
		return 0;
	}
	while (!r && depth < 16 && places->files < PLACES_FILES_MAX && (entry = readdir(d)))
		if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
			r = places_add_entry(places, dirfd(d), entry->d_name, object, depth);
	closedir(d);
	return r;
}

/* The inode that the path leads to now, and what lies below it. */
static int places_add_inode(struct places *places, const char *path, uint32_t object)
{
	int fd = open(path, O_PATH | O_CLOEXEC), r;
	struct stat st;

	if (fd < 0) {
		if (errno == EMFILE || errno == ENFILE)
			return -errno;
		if (errno != ENOENT && errno != ENOTDIR)
			places_note(places, path, strerror(errno));
		return 0;
	}
	if (places_is_moving(fd))
		places_note(places, path, "on a file system whose inodes cannot be held");
	r = places_add_key(places, fd, object, NULL);
	return r || fstat(fd, &st) || !S_ISDIR(st.st_mode) ? r : places_add_below(places, fd, object, 0);
}

/* The name below the nearest folder that is there: for a file that is made, or replaced by rename, later on. */
static int places_add_name(struct places *places, const char *path, uint32_t object)
{
	_cleanup_free_ char *parent = strdup(path);
	char *slash;

	while (parent && (slash = strrchr(parent, '/'))) {
		const char *chain = path + (slash - parent) + 1;
		int fd;

		*slash = '\0';
		fd = open(*parent ? parent : "/", O_PATH | O_DIRECTORY | O_CLOEXEC);
		if (fd >= 0)
			return places_add_key(places, fd, object, chain);
		if (errno == EMFILE || errno == ENFILE)
			return -errno;
	}
	return parent ? -EINVAL : -ENOMEM;
}

/* A new entry, whose number is places->count. Takes `path` over; NULL is out of memory. */
static int places_push(struct places *places, char *path, unsigned int zone, unsigned int classes)
{
	if (!path || places_grow((void **)&places->items, &places->room, places->count, sizeof(*places->items))) {
		free(path);
		return -ENOMEM;
	}
	places->items[places->count++] = (struct place){ .path = path, .zone = zone, .classes = classes };
	return 0;
}

static int places_add(struct places *places, const char *path, unsigned int zone, unsigned int classes)
{
	_cleanup_free_ char *real = NULL;
	char *trimmed = strdup(path);
	size_t len = trimmed ? strlen(trimmed) : 0;
	uint32_t object = (uint32_t)places->count + 1;
	int r;

	while (len > 1 && trimmed[len - 1] == '/')
		trimmed[--len] = '\0';
	r = places_push(places, trimmed, zone, classes);
	if (r)
		return r;
	r = places_add_inode(places, trimmed, object);
	if (!r)
		r = places_add_name(places, trimmed, object);
	/* Where the path is a symbolic link, what it leads to can be replaced in its own folder. */
	real = realpath(trimmed, NULL);
	if (!r && real && strcmp(real, trimmed) != 0)
		r = places_add_name(places, real, object);
	return r;
}

/* --- registration ------------------------------------------------------------------------------------------------ */

static struct cordon_zone_val places_val(const struct places *places, uint32_t object)
{
	const struct place *place = &places->items[object - 1];

	return (struct cordon_zone_val){ .zone = place->zone, .classes = place->classes, .object = object };
}

static int places_register_name(struct places *places, const struct places_input *input, const struct place_key *key,
				uint64_t parent)
{
	struct cordon_name_key name = { .parent = parent, .session = input->session };
	char *rest = key->chain, *component;
	unsigned int depth = 0;

	while ((component = strsep(&rest, "/"))) {
		struct cordon_zone_val val = { 0 };
		int r;

		if (!*component)
			continue;
		if (++depth > CORDON_CHAIN_MAX || strlen(component) >= CORDON_NAME_LEN - 1) {
			/* The kernel follows no further. What is above is protected instead: too much, not too little. */
			val = places_val(places, key->object);
			return kernel_name_add(input->kernel, &name, &val);
		}
		name.name = text_hash(component, strlen(component));
		if (!rest || !rest[strspn(rest, "/")]) {
			val = places_val(places, key->object);
			return kernel_name_add(input->kernel, &name, &val);
		}
		r = kernel_name_get(input->kernel, &name, &val);
		if (r && r != -ENOENT)
			return r;
		if (!r && val.zone) /* all of this folder is protected already */
			return 0;
		if (r || !val.next) {
			val = (struct cordon_zone_val){ .next = CORDON_NAME_PSEUDO | ++places->pseudo };
			r = kernel_name_add(input->kernel, &name, &val);
			if (r)
				return r;
		}
		name.parent = val.next;
	}
	return 0;
}

static int places_register(struct places *places, const struct places_input *input)
{
	_cleanup_free_ struct cordon_inode_entry *entries = calloc(places->key_count + 1, sizeof(*entries));
	_cleanup_free_ int *fds = calloc(places->key_count + 1, sizeof(*fds));
	int r;

	if (!entries || !fds)
		return -ENOMEM;
	for (size_t i = 0; i < places->key_count; i++)
		fds[i] = places->keys[i].fd;
	r = kernel_inodes(input->kernel, fds, places->key_count, entries);
	for (size_t i = 0; !r && i < places->key_count; i++) {
		struct place_key *key = &places->keys[i];

		if (key->chain) {
			r = places_register_name(places, input, key, entries[i].inode);
		} else {
			struct cordon_zone_key inode = { .inode = entries[i].inode, .session = input->session };
			struct cordon_zone_val val = places_val(places, key->object);

			r = kernel_zone_add(input->kernel, &inode, &val);
		}
	}
	return r == -E2BIG ? -ENOSPC : r;
}

static int places_add_procfs(struct places *places, const struct places_input *input, const struct zone_entry *entry)
{
	struct cordon_name_key key = { .parent = CORDON_NAME_PROCFS, .session = input->session };
	struct cordon_zone_val val;
	int r = places_push(places, text_format("/proc/PID/%s", entry->path), entry->zone, entry->classes);

	if (r)
		return r;
	key.name = text_hash(entry->path, strlen(entry->path));
	val = places_val(places, (uint32_t)places->count);
	return kernel_name_add(input->kernel, &key, &val);
}

/* What a path is protected as: by the deepest entry above it. */
static const struct place *places_cover(const struct places *places, const char *path)
{
	const struct place *best = NULL;

	for (size_t i = 0; i < places->count; i++) {
		const struct place *place = &places->items[i];
		size_t len = strlen(place->path);

		if (strncmp(path, place->path, len) || (path[len] && path[len] != '/'))
			continue;
		if (!best || len > strlen(best->path))
			best = place;
	}
	return best;
}

/* A granted path gets an object of its own, so that the grant opens that file and not its whole folder. */
static int places_add_grants(struct places *places, const struct places_input *input)
{
	for (size_t i = 0; i < input->policy->grant_count; i++) {
		const struct policy_grant *grant = &input->policy->grants[i];
		_cleanup_free_ char *path = grant->path ? places_expand(grant->path, input->home) : NULL;
		const struct place *cover;
		int r;

		if (!path || places_object(places, path))
			continue;
		cover = places_cover(places, path);
		if (!cover)
			continue;
		r = places_add(places, path, cover->zone, cover->classes);
		if (r)
			return r;
	}
	return 0;
}

int places_learn(const struct places_input *input, struct places **ret)
{
	struct places *places = calloc(1, sizeof(*places));
	int r = places ? 0 : -ENOMEM;

	for (size_t i = 0; !r && i < input->zones->count; i++) {
		const struct zone_entry *entry = &input->zones->entries[i];

		r = entry->procfs ? places_add_procfs(places, input, entry) :
				    places_add(places, entry->path, entry->zone, entry->classes);
	}
	for (size_t i = 0; !r && i < input->guard_count; i++)
		r = places_add(places, input->guard[i], CORDON_ZONE_GUARD, 0);
	{ /* TEMPORARY */
		static const char *const temps[] = { "/tmp", "/var/tmp", "/dev/shm" };
		const char *t = getenv("X_TMPDIR");
		for (size_t i = 0; !r && i < 3; i++) {
			int fd = open(temps[i], O_PATH | O_CLOEXEC);
			r = places_push(places, strdup(temps[i]), CORDON_ZONE_TEMP, 0);
			if (!r) r = places_add_key(places, fd, (uint32_t)places->count, NULL);
		}
		if (!r && t) {
			int fd = open(t, O_PATH | O_CLOEXEC);
			r = places_push(places, strdup(t), CORDON_ZONE_TEMP, 0);
			if (!r) r = places_add_key(places, fd, (uint32_t)places->count, NULL);
		}
		if (!r) {
			int fd = open(input->home, O_PATH | O_CLOEXEC);
			r = places_push(places, strdup(input->home), CORDON_ZONE_PRIVATE, 0);
			if (!r) r = places_add_key(places, fd, (uint32_t)places->count, NULL);
		}
	}
	if (!r)
		r = places_add_grants(places, input);
	if (!r)
		r = places_register(places, input);
	if (r)
		places_free(places);
	else
		*ret = places;
	return r;
}

void places_free(struct places *places)
{
	if (!places)
		return;
	for (size_t i = 0; i < places->count; i++)
		free(places->items[i].path);
	for (size_t i = 0; i < places->key_count; i++) {
		close(places->keys[i].fd);
		free(places->keys[i].chain);
	}
	free(places->items);
	free(places->keys);
	free(places->example);
	free(places);
}

const char *places_path(const struct places *places, uint32_t object)
{
	return object && object <= places->count ? places->items[object - 1].path : NULL;
}

uint32_t places_object(const struct places *places, const char *path)
{
	for (size_t i = 0; i < places->count; i++)
		if (!strcmp(places->items[i].path, path))
			return (uint32_t)i + 1;
	return 0;
}

uint32_t places_name(struct places *places, const char *path)
{
	return places_push(places, strdup(path), CORDON_ZONE_OWN, 0) ? 0 : (uint32_t)places->count;
}

char *places_entry_above(const struct places *places, const char *path)
{
	const struct place *cover = places_cover(places, path);
	size_t len = cover ? strlen(cover->path) : 0;

	if (!cover || cover->zone != CORDON_ZONE_TEMP || path[len] != '/')
		return NULL;
	return strndup(path, len + 1 + strcspn(path + len + 1, "/"));
}

char *places_expand(const char *path, const char *home)
{
	if (text_starts_with(path, "~/") && home)
		return text_format("%s/%s", home, path + 2);
	return strdup(path);
}

size_t places_unlearnable(const struct places *places, const char **ret_example)
{
	*ret_example = places->example;
	return places->unlearnable;
}
