/* SPDX-License-Identifier: Apache-2.0 */
/* places.c - the places of a session: their paths, what each is, and how two that are one path join. */
#include "guard/places_internal.h"

#include "base/cleanup.h"
#include "base/text.h"

#include <errno.h>
#include <linux/magic.h>
#include <string.h>
#include <sys/vfs.h>

DEFINE_CLEANUP(struct places *, places_free)

#define PLACES_MAGIC_FUSE 0x65735546
#define PLACES_MAGIC_CIFS 0xff534d42
#define PLACES_MAGIC_SMB2 0xfe534d42

int places_grow(void **items, size_t *room, size_t count, size_t size)
{
	void *more;

	if (count < *room)
		return 0;
	more = realloc(*items, (*room * 2 + 64) * size);
	if (!more)
		return -ENOMEM;
	*room = *room * 2 + 64;
	*items = more;
	return 0;
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

/*
 * Secrets are secrets wherever they lie. A home that is /tmp is a temporary folder, else nothing could be built there; a
 * project that is a cache, or an environment, stays the project, and a cache that is the home stays private.
 */
unsigned int places_weight(unsigned int zone)
{
	static const unsigned char weights[CORDON_ZONE_COUNT] = {
		[CORDON_ZONE_GUARD] = 11,  [CORDON_ZONE_SECRET] = 10, [CORDON_ZONE_HIDDEN] = 9, [CORDON_ZONE_PERSIST] = 8,
		[CORDON_ZONE_BROKER] = 7,  [CORDON_ZONE_TEMP] = 6,    [CORDON_ZONE_PRIVATE] = 5, [CORDON_ZONE_PROJECT] = 4,
		[CORDON_ZONE_CACHE] = 3,   [CORDON_ZONE_TOOL] = 2,    [CORDON_ZONE_PLAIN] = 1,
	};

	return zone < CORDON_ZONE_COUNT ? weights[zone] : 0;
}

unsigned int places_zone_below(unsigned int zone)
{
	return zone == CORDON_ZONE_TEMP || zone == CORDON_ZONE_CACHE ? CORDON_ZONE_TOOL : zone;
}

/* --- by path ------------------------------------------------------------------------------------------------------ */

uint32_t places_number(const struct places *places, const struct place *place)
{
	return (uint32_t)(place - places->items) + 1;
}

static struct place *places_find_len(const struct places *places, const char *path, size_t len)
{
	uint64_t hash = text_hash(path, len);

	for (size_t i = hash; places->table_size; i++) {
		uint32_t object = places->table[i & (places->table_size - 1)];
		struct place *place = object ? &places->items[object - 1] : NULL;

		if (!place)
			return NULL;
		if (place->hash == hash && !strncmp(place->path, path, len) && !place->path[len])
			return place;
	}
	return NULL;
}

struct place *places_find(const struct places *places, const char *path)
{
	return places_find_len(places, path, strlen(path));
}

static void places_table_put(struct places *places, uint32_t object)
{
	size_t i = places->items[object - 1].hash;

	while (places->table[i & (places->table_size - 1)])
		i++;
	places->table[i & (places->table_size - 1)] = object;
}

/* At most half full, so that a search ends. */
static int places_table_grow(struct places *places)
{
	size_t size = places->table_size ? places->table_size * 2 : 1024;
	uint32_t *table;

	if (places->count * 2 < places->table_size)
		return 0;
	table = calloc(size, sizeof(*table));
	if (!table)
		return -ENOMEM;
	free(places->table);
	places->table = table;
	places->table_size = size;
	for (uint32_t object = 1; object <= places->count; object++)
		places_table_put(places, object);
	return 0;
}

struct place *places_cover(const struct places *places, const char *path, bool above)
{
	size_t len = strlen(path);

	while (len) {
		struct place *place = above ? NULL : places_find_len(places, path, len);

		if (place)
			return place;
		above = false;
		while (len && path[len - 1] != '/')
			len--;
		/* The root's own slash stays. */
		if (len > 1)
			len--;
		else
			return len && strlen(path) > 1 ? places_find_len(places, path, 1) : NULL;
	}
	return NULL;
}

const struct place *places_cover_with_zone(const struct places *places, const char *path, bool above)
{
	const struct place *place = places_cover(places, path, above);

	while (place && !place->zone)
		place = places_cover(places, place->path, true);
	return place;
}

static void places_join(struct place *to, const struct place *from)
{
	if (places_weight(from->zone) > places_weight(to->zone)) {
		to->zone = from->zone;
		to->classes = (to->classes & CORDON_CLASS_INSTALLER) | from->classes;
	} else {
		to->classes |= from->classes & CORDON_CLASS_INSTALLER;
	}
	if (from->write_zone)
		to->write_zone = from->write_zone;
	to->unlisted = to->unlisted && from->unlisted;
}

int places_add(struct places *places, const char *path, const struct place *like)
{
	size_t len = strlen(path);
	struct place *there;
	int r;

	while (len > 1 && path[len - 1] == '/')
		len--;
	there = places_find_len(places, path, len);
	if (there) {
		places_join(there, like);
		return 0;
	}
	r = places_grow((void **)&places->items, &places->room, places->count, sizeof(*places->items));
	if (!r)
		r = places_table_grow(places);
	if (r)
		return r;
	places->items[places->count] = *like;
	places->items[places->count].hash = text_hash(path, len);
	places->items[places->count].path = strndup(path, len);
	if (!places->items[places->count].path)
		return -ENOMEM;
	places_table_put(places, (uint32_t)++places->count);
	return 0;
}

/* --- what there is to add ------------------------------------------------------------------------------------------ */

static int places_add_entry(struct places *places, const struct zone_entry *entry)
{
	struct place like = { .zone = entry->zone, .write_zone = entry->write_zone, .classes = entry->classes };
	_cleanup_free_ char *path = NULL;

	if (!entry->procfs && !entry->anywhere)
		return places_add(places, entry->path, &like);
	like.nameless = true;
	path = entry->procfs ? text_format("/proc/PID/%s", entry->path) :
			       text_format("*/%s%s", entry->suffix ? "*" : "", entry->path);
	return path ? places_add(places, path, &like) : -ENOMEM;
}

/* A granted path gets an object of its own, so that the grant opens that place and not the whole folder around it. */
static int places_add_grants(struct places *places, const struct places_input *input)
{
	int r = 0;

	for (size_t i = 0; !r && i < input->policy->grant_count; i++) {
		const struct policy_grant *grant = &input->policy->grants[i];
		_cleanup_free_ char *path = NULL;

		if (!grant->path)
			continue;
		path = places_expand(grant->path, input->home);
		r = path ? places_add(places, path, &(struct place){ .unlisted = true }) : -ENOMEM;
	}
	return r;
}

/* What takes after the place around it: known only when all are there. */
static void places_resolve(struct places *places)
{
	for (size_t i = 0; i < places->count; i++) {
		struct place *place = &places->items[i];
		const struct place *around = place->zone ? NULL : places_cover_with_zone(places, place->path, true);
		const struct place *nearest = places_cover(places, place->path, true);

		if (place->unlisted && nearest && nearest->write_zone) {
			place->write_zone = nearest->write_zone;
			place->classes |= nearest->classes & CORDON_CLASS_INSTALLER;
		}
		if (place->zone)
			continue;
		/* A name anywhere is whatever its file's place is. */
		if (around && !place->nameless) {
			place->zone = places_zone_below(around->zone);
			place->classes |= around->classes & ~CORDON_CLASS_INSTALLER;
		} else {
			place->zone = place->write_zone ? place->write_zone : CORDON_ZONE_PLAIN;
		}
	}
}

int places_collect(const struct places_input *input, struct places **ret)
{
	CLEANUP(places_free_cleanup) struct places *places = calloc(1, sizeof(*places));
	int r = places ? 0 : -ENOMEM;

	for (size_t i = 0; !r && i < input->guard_count; i++)
		r = places_add(places, input->guard[i], &(struct place){ .zone = CORDON_ZONE_GUARD });
	for (size_t i = 0; !r && i < input->zones->count; i++)
		r = places_add_entry(places, &input->zones->entries[i]);
	if (!r)
		r = places_add_session(places, input);
	if (!r)
		r = places_add_grants(places, input);
	if (r)
		return r;
	places_resolve(places);
	*ret = TAKE_PTR(places);
	return 0;
}

int places_learn(const struct places_input *input, struct places **ret)
{
	CLEANUP(places_free_cleanup) struct places *places = NULL;
	int r = places_collect(input, &places);

	if (!r)
		r = places_learn_paths(places);
	if (!r)
		r = places_learn_mounts(places, input);
	if (!r)
		r = places_register(places, input);
	if (r)
		return r;
	*ret = TAKE_PTR(places);
	return 0;
}

void places_free(struct places *places)
{
	if (!places)
		return;
	for (size_t i = 0; i < places->count; i++)
		free(places->items[i].path);
	for (size_t i = 0; i < places->key_count; i++) {
		if (!places->keys[i].shared)
			close(places->keys[i].fd);
		free(places->keys[i].chain);
	}
	for (size_t i = 0; i < places->parent_count; i++)
		free(places->parents[i].path);
	free(places->items);
	free(places->table);
	free(places->keys);
	free(places->parents);
	free(places->example);
	free(places);
}

const char *places_path(const struct places *places, uint32_t object)
{
	return object && object <= places->count ? places->items[object - 1].path : NULL;
}

uint32_t places_object(const struct places *places, const char *path)
{
	const struct place *place = places_find(places, path);

	return place ? places_number(places, place) : 0;
}

uint32_t places_name(struct places *places, const char *path)
{
	struct place like = { .zone = CORDON_ZONE_OWN };

	return places_add(places, path, &like) ? 0 : places_object(places, path);
}

char *places_entry_above(const struct places *places, const char *path)
{
	const struct place *cover = places_cover(places, path, true);
	size_t len;

	/* A folder that was handed over lies in one, maybe. */
	while (cover && cover->zone == CORDON_ZONE_OWN)
		cover = places_cover(places, cover->path, true);
	len = cover ? strlen(cover->path) : 0;
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
