/* SPDX-License-Identifier: Apache-2.0 */
#include "guard/handover.h"

#include "base/cleanup.h"
#include "base/log.h"
#include "base/text.h"
#include "guard/places.h"
#include "session/pattern.h"

#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

/* Of one session. A large install builds some hundreds of packages, with three or four folders each. */
#define HANDOVER_MAX 8192
/* input.json holds a few paths and the user's config_settings. */
#define INPUT_MAX (1u << 20)

struct folder {
	char *path;
	int fd; /* O_PATH: keeps the inode's address valid */
	uint32_t package;
};

struct shared {
	char *path;
	int fd;
	uint64_t inode;
};

struct handover {
	struct handover_input input;
	struct folder *folders;
	size_t count, room;
	struct shared *temps;
	size_t temp_count;
	uint64_t since; /* of the folders of the round that is on, 0: not taken yet */
};

/* What a round is about. */
struct round {
	struct handover *handover;
	const struct installer *installer;
	uint32_t package;
	size_t new_ones;
	int error;
};

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

static bool is_under(const char *path, const char *folder)
{
	size_t len = strlen(folder);

	return !strncmp(path, folder, len) && (!path[len] || path[len] == '/');
}

/* The shared folder that `path` lies directly or deeper in, the nearest one; NULL: in none. */
static const struct shared *shared_above(const struct handover *h, const char *path)
{
	const struct shared *best = NULL;

	for (size_t i = 0; i < h->temp_count; i++)
		if (is_under(path, h->temps[i].path) && strcmp(path, h->temps[i].path) != 0 &&
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

/* A folder of sources as the recognition file knows them, in the installer's own cache. */
static bool is_source(const struct installer *installer, const char *path)
{
	struct pattern_match match;

	for (size_t i = 0; i < installer->attribute_cwd_count; i++)
		if (!pattern_match(installer->attribute_cwd[i], path, installer->ecosystem, &match))
			return true;
	return false;
}

static bool is_acceptable(const struct round *round, const char *path)
{
	const struct handover *h = round->handover;
	const struct shared *temp = shared_above(h, path);

	/* Never what is around the project or the home. */
	if ((h->input.start && is_under(h->input.start, path)) || (h->input.home && is_under(h->input.home, path)))
		return false;
	if (temp && made_by_installer(h, temp, path))
		return true;
	if (!strcmp(round->installer->ecosystem, "npm"))
		return is_module(path);
	return is_source(round->installer, path);
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

static int folder_register(struct round *round, const char *path, int fd)
{
	struct handover *h = round->handover;
	struct cordon_zone_val val = { .zone = CORDON_ZONE_OWN, .package = round->package };
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

static int folder_add(struct round *round, const char *path)
{
	struct handover *h = round->handover;
	_cleanup_close_ int fd = open(path, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	struct folder *there = find_folder(h, path);
	char *copy;
	int r;

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
	r = copy ? folder_register(round, path, fd) : -ENOMEM;
	if (r) {
		free(copy);
		return r;
	}
	log_debug("'%s' is for package %u", path, round->package);
	h->folders[h->count++] = (struct folder){ .path = copy, .fd = TAKE_FD(fd), .package = round->package };
	round->new_ones++;
	return 0;
}

/* `whole`: the entry of the shared folder, not the path below it: a build environment is named by its bin folder. */
static void round_path(struct round *round, const char *path, size_t len, bool whole)
{
	_cleanup_free_ char *text = len && len < PATH_MAX ? strndup(path, len) : NULL;
	_cleanup_free_ char *real = text && text[0] == '/' ? realpath(text, NULL) : NULL;
	const struct shared *temp = real ? shared_above(round->handover, real) : NULL;
	struct stat st;

	if (!real || round->error || !is_acceptable(round, real))
		return;
	if (whole) {
		if (!temp)
			return;
		real[strlen(temp->path) + 1 + strcspn(real + strlen(temp->path) + 1, "/")] = '\0';
	}
	if (stat(real, &st) || !S_ISDIR(st.st_mode))
		return;
	round->error = folder_add(round, real);
}

/* Every absolute path in a text: an argument, or code of -c with paths in quotes. */
static void round_text(struct round *round, const char *text)
{
	static const char ends[] = "'\"=,;:() \t\n";

	for (const char *at = text; *at;) {
		size_t len = strcspn(at, ends);

		if (*at == '/' && len > 1)
			round_path(round, at, len, false);
		at += len + !!at[len];
	}
}

static void round_json(struct round *round, const json_t *value)
{
	const char *key;
	json_t *item;
	size_t i;

	if (json_is_string(value))
		round_path(round, json_string_value(value), json_string_length(value), false);
	else if (json_is_object(value))
		json_object_foreach((json_t *)value, key, item)
			round_json(round, item);
	else if (json_is_array(value))
		json_array_foreach(value, i, item)
			round_json(round, item);
}

/* PEP 517: the installer names the folders for the result in a file, in a folder that it names in argv. */
static void round_input(struct round *round, const char *folder)
{
	_cleanup_free_ char *path = text_format("%s/input.json", folder);
	_cleanup_close_ int fd = path ? open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC) : -1;
	struct stat st;
	json_t *input;

	if (fd < 0 || fstat(fd, &st) || !S_ISREG(st.st_mode) || st.st_size > INPUT_MAX)
		return;
	input = json_loadfd(fd, 0, NULL);
	if (input)
		round_json(round, input);
	json_decref(input);
}

static void round_variable(struct round *round, const struct facts *facts, const char *name, bool whole)
{
	const char *value = facts_env(facts, name);

	for (const char *at = value; at && *at;) {
		size_t len = strcspn(at, ":");

		round_path(round, at, len, whole);
		at += len + !!at[len];
	}
}

int handover_to(struct handover *handover, const struct installer *installer, const struct facts *facts, uint32_t package)
{
	struct round round = { .handover = handover, .installer = installer, .package = package };
	const char *end = facts->cmdline.bytes ? facts->cmdline.bytes + facts->cmdline.len : NULL;

	handover->since = 0;
	if (facts->cwd)
		round_path(&round, facts->cwd, strlen(facts->cwd), false);
	for (const char *arg = facts->cmdline.bytes; arg && arg < end; arg += strlen(arg) + 1) {
		round_text(&round, arg);
		if (arg[0] == '/')
			round_input(&round, arg);
	}
	/* Where the environment of the build is, and cargo's folder for a build script's output. */
	round_variable(&round, facts, "PYTHONPATH", true);
	round_variable(&round, facts, "PATH", true);
	round_variable(&round, facts, "VIRTUAL_ENV", false);
	round_variable(&round, facts, "OUT_DIR", false);
	return round.error;
}

size_t handover_folders(const struct handover *handover, uint32_t package, const char **ret, size_t size)
{
	size_t count = 0;

	for (size_t i = 0; i < handover->count && count < size; i++)
		if (handover->folders[i].package == package)
			ret[count++] = handover->folders[i].path;
	return count;
}
