/* SPDX-License-Identifier: Apache-2.0 */
/* handover.c - the folders that were handed over: which may be, and their registration. */
#include "guard/handover_internal.h"

#include "base/cleanup.h"
#include "base/log.h"
#include "base/text.h"
#include "guard/places.h"
#include "session/pattern.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

/* Of one session. A large install builds some hundreds of packages, with three or four folders each. */
#define HANDOVER_MAX 8192
int handover_new(const struct handover_input *input, struct handover **ret)
{
	struct handover *h = calloc(1, sizeof(*h));
	struct cordon_inode_entry entry;

	if (!h)
		return -ENOMEM;
	h->input = *input;
	h->temps = calloc(input->temp_count + 1, sizeof(*h->temps));
	for (size_t i = 0; h->temps && i < input->temp_count; i++) {
		struct shared *temp = &h->temps[h->temp_count];

		temp->fd = open(input->temps[i], O_PATH | O_DIRECTORY | O_CLOEXEC);
		if (temp->fd < 0) /* not there: nothing was made in it */
			continue;
		temp->path = strdup(input->temps[i]);
		h->temp_count++;
		if (!temp->path || kernel_inodes(input->kernel, &temp->fd, 1, &entry)) {
			handover_free(h);
			return -ENOMEM;
		}
		temp->inode = entry.inode;
	}
	if (!h->temps) {
		handover_free(h);
		return -ENOMEM;
	}
	*ret = h;
	return 0;
}

void handover_free(struct handover *h)
{
	if (!h)
		return;
	for (size_t i = 0; i < h->count; i++) {
		free(h->folders[i].path);
		close(h->folders[i].fd);
	}
	for (size_t i = 0; i < h->temp_count; i++) {
		free(h->temps[i].path);
		close(h->temps[i].fd);
	}
	free(h->folders);
	free(h->temps);
	free(h);
}

bool handover_is_under(const char *path, const char *folder)
{
	size_t len = strlen(folder);

	return !strncmp(path, folder, len) && (!path[len] || path[len] == '/');
}

/* The shared folder that `path` lies directly or deeper in, the nearest one; NULL: in none. */
const struct shared *handover_shared_above(const struct handover *h, const char *path)
{
	const struct shared *best = NULL;

	for (size_t i = 0; i < h->temp_count; i++)
		if (handover_is_under(path, h->temps[i].path) && strcmp(path, h->temps[i].path) != 0 &&
		    (!best || strlen(h->temps[i].path) > strlen(best->path)))
			best = &h->temps[i];
	return best;
}

/* Whether an installer of this session made the entry of the shared folder that `path` lies in. The kernel knows. */
static bool made_by_installer(const struct handover *h, const struct shared *temp, const char *path)
{
	const char *name = path + strlen(temp->path) + 1;
	_cleanup_free_ char *first = strndup(name, strcspn(name, "/"));
	struct cordon_made made;

	return first && !kernel_made(h->input.kernel, h->input.session, temp->inode, first, &made) &&
	       (made.role == CORDON_ROLE_INSTALLER || made.role == CORDON_ROLE_HELPER);
}

/* The package's own folder in a tree of node_modules: .../node_modules/[@scope/]NAME. */
static bool is_module(const char *path)
{
	const char *name = strrchr(path, '/'), *above;
	_cleanup_free_ char *parent = name ? strndup(path, (size_t)(name - path)) : NULL;

	if (!parent)
		return false;
	above = text_basename(parent);
	if (above[0] == '@') {
		char *slash = strrchr(parent, '/');

		if (!slash)
			return false;
		*slash = '\0';
		above = text_basename(parent);
	}
	return !strcmp(above, "node_modules");
}

/* The part of the path, from its root on, that one of the patterns matches: its length, 0: none does. */
static size_t matched_above(char *const *patterns, size_t count, const char *ecosystem, const char *path)
{
	struct pattern_match match;

	for (const char *end = path; *end;) {
		_cleanup_free_ char *part = NULL;

		end += 1 + strcspn(end + 1, "/");
		part = strndup(path, (size_t)(end - path));
		for (size_t i = 0; part && i < count; i++)
			if (!pattern_match(patterns[i], part, ecosystem, &match))
				return (size_t)(end - path);
	}
	return 0;
}

/* A folder of sources as the recognition file knows them, or in the installer's own cache. */
static bool is_source(const struct installer *installer, const char *path)
{
	struct pattern_match match;
	size_t len = matched_above(installer->own, installer->own_count, installer->ecosystem, path);

	if (len && path[len])
		return true;
	for (size_t i = 0; i < installer->attribute_cwd_count; i++)
		if (!pattern_match(installer->attribute_cwd[i], path, installer->ecosystem, &match))
			return true;
	return false;
}

size_t handover_shared_len(const struct installer *installer, const char *path)
{
	return matched_above(installer->shared, installer->shared_count, installer->ecosystem, path);
}

bool handover_accepts(const struct round *round, const char *path)
{
	const struct handover *h = round->handover;
	const struct shared *temp = handover_shared_above(h, path);

	/* Never what is around the project or the home. */
	if ((h->input.start && handover_is_under(h->input.start, path)) || (h->input.home && handover_is_under(h->input.home, path)))
		return false;
	if (temp && made_by_installer(h, temp, path))
		return true;
	return is_source(round->installer, path) || (!strcmp(round->installer->ecosystem, "npm") && is_module(path));
}

static struct folder *find_folder(struct handover *h, const char *path)
{
	for (size_t i = 0; i < h->count; i++)
		if (!strcmp(h->folders[i].path, path))
			return &h->folders[i];
	return NULL;
}

/* What the installer wrote is older than this, and what the package writes is not: file times move in ticks, so the
 * tick that is on is waited out, some milliseconds. */
static uint64_t take_since(void)
{
	struct timespec start, now;

	clock_gettime(CLOCK_REALTIME_COARSE, &start);
	do {
		nanosleep(&(struct timespec){ .tv_nsec = 500000 }, NULL);
		clock_gettime(CLOCK_REALTIME_COARSE, &now);
	} while (now.tv_sec == start.tv_sec && now.tv_nsec == start.tv_nsec);
	return (uint64_t)now.tv_sec * 1000000000ULL + (uint64_t)now.tv_nsec;
}

static int folder_register(struct round *round, const char *path, int fd, unsigned int zone)
{
	struct handover *h = round->handover;
	struct cordon_zone_val val = { .zone = zone, .package = round->package };
	struct cordon_zone_key key = { .session = h->input.session };
	struct cordon_inode_entry entry;
	int r = kernel_inodes(h->input.kernel, &fd, 1, &entry);

	if (r)
		return r;
	if (!h->since)
		h->since = take_since();
	key.inode = entry.inode;
	val.since = h->since;
	val.object = places_name(h->input.places, path);
	if (!val.object)
		return -ENOMEM;
	return kernel_zone_add(h->input.kernel, &key, &val);
}

int handover_add(struct round *round, const char *path, enum handed how)
{
	unsigned int zone = how == HANDED_ENTRIES ? CORDON_ZONE_CACHE : CORDON_ZONE_OWN;
	struct handover *h = round->handover;
	_cleanup_close_ int fd = open(path, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	struct folder *there = find_folder(h, path);
	char *copy;
	int r;

	/* One package after the other is built; among entries, what the one before made stays its own. */
	if (fd >= 0 && there && how != HANDED_FIRST) {
		there->package = round->package;
		return folder_register(round, path, there->fd, zone);
	}
	if (fd < 0 || there) /* gone again; or given already, to this package or to another one, whose it stays */
		return 0;
	if (h->count == HANDOVER_MAX)
		return -ENOSPC;
	if (h->count == h->room) {
		size_t room = h->room * 2 + 64;
		struct folder *more = realloc(h->folders, room * sizeof(*more));

		if (!more)
			return -ENOMEM;
		h->folders = more;
		h->room = room;
	}
	copy = strdup(path);
	r = copy ? folder_register(round, path, fd, zone) : -ENOMEM;
	if (r) {
		free(copy);
		return r;
	}
	log_debug("'%s' is for package %u", path, round->package);
	h->folders[h->count++] = (struct folder){ .path = copy, .fd = TAKE_FD(fd), .package = round->package };
	return 0;
}

size_t handover_folders(const struct handover *handover, uint32_t package, const char **ret, size_t size)
{
	size_t count = 0;

	for (size_t i = 0; i < handover->count && count < size; i++)
		if (handover->folders[i].package == package)
			ret[count++] = handover->folders[i].path;
	return count;
}
