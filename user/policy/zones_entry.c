/* SPDX-License-Identifier: Apache-2.0 */
/* zones_entry.c - entries of the lists: what one path is, all lists together. */
#include "base/cleanup.h"
#include "policy/read.h"
#include "policy/zone_expand.h"
#include "policy/zones.h"

#include <errno.h>
#include <string.h>

void zones_free(struct zones *zones)
{
	if (!zones)
		return;
	for (size_t i = 0; i < zones->count; i++) {
		free(zones->entries[i].path);
		free(zones->entries[i].file);
	}
	free(zones->entries);
	free(zones);
}

static struct zone_entry *find_entry(const struct zones *zones, const struct zone_entry *like)
{
	for (size_t i = 0; i < zones->count; i++) {
		struct zone_entry *entry = &zones->entries[i];

		if (entry->procfs == like->procfs && entry->anywhere == like->anywhere && entry->suffix == like->suffix &&
		    !strcmp(entry->path, like->path))
			return entry;
	}
	return NULL;
}

static int push_entry(struct zones *zones, const struct zone_entry *like)
{
	struct zone_entry *grown = reallocarray(zones->entries, zones->count + 1, sizeof(*grown));
	char *file = strdup(like->file), *path = strdup(like->path);

	if (grown)
		zones->entries = grown;
	if (!grown || !file || !path) {
		free(path);
		free(file);
		return -ENOMEM;
	}
	grown[zones->count] = *like;
	grown[zones->count].file = file;
	grown[zones->count++].path = path;
	return 0;
}

int zones_join(struct zones *zones, const struct zone_entry *like, const struct zone_entry **ret_there)
{
	struct zone_entry *there = find_entry(zones, like);

	if (!there)
		return push_entry(zones, like);
	*ret_there = there;
	if (like->write_zone ? there->write_zone : there->zone)
		return -EEXIST;
	if (like->write_zone)
		there->write_zone = like->write_zone;
	else
		there->zone = like->zone;
	there->classes |= like->classes;
	there->subtree = there->subtree || like->subtree;
	if (there->from != like->from)
		there->from = 0;
	return 0;
}

int zones_add(struct zones *zones, const char *path, unsigned int zone, const struct zones_scene *scene,
	      const char *file)
{
	const struct zone_entry *there;
	char **paths = NULL;
	size_t count = 0;
	int r = zone_path_mistake(path) ? -EINVAL : zone_path_expand(path, scene, &paths, &count);

	for (size_t i = 0; !r && i < count; i++) {
		struct zone_entry *old, entry = { .path = paths[i], .subtree = true, .zone = zone,
						  .file = (char *)file };

		/* ~/.cargo/registry is a tool's to everybody, and a cache where cargo says so. */
		old = find_entry(zones, &entry);
		if (old && old->zone == CORDON_ZONE_TOOL)
			old->zone = zone;
		else
			r = zones_join(zones, &entry, &there);
		r = r == -EEXIST ? 0 : r;
	}
	strings_free(paths, count);
	return r;
}
