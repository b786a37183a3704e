/* SPDX-License-Identifier: Apache-2.0 */
/*
 * places_session.c - the places that no list names, for they are where this command has them: its home, its project, its
 * temporary folders, its environments and interpreters, the folders of its PATH.
 */
#include "guard/places_internal.h"

#include "base/cleanup.h"
#include "base/text.h"
#include "policy/zone_expand.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>

/* Entries of the start folder that are looked at for an environment. A project has some dozens. */
#define SESSION_ENTRIES_MAX 4096
/* Arguments of the command that may be a program in an environment: `cordon run -- env/bin/python -m pip`. */
#define SESSION_ARGS_MAX 32

static void dir_close(DIR *dir)
{
	closedir(dir);
}
DEFINE_CLEANUP(DIR *, dir_close)

/* Nobody works in a folder of keys; where one does, it stays one. */
static bool session_is_kept(const struct places *places, const char *path)
{
	const struct place *cover = places_cover_with_zone(places, path, false);

	return cover && places_weight(cover->zone) >= places_weight(CORDON_ZONE_HIDDEN);
}

static int session_add(struct places *places, const char *path, unsigned int zone)
{
	return session_is_kept(places, path) ? 0 : places_add(places, path, &(struct place){ .zone = zone });
}

static int session_add_temps(struct places *places, const struct places_input *input)
{
	int r = 0;

	for (size_t i = 0; !r && i < input->temp_count; i++)
		if (strcmp(input->temps[i], "/") != 0)
			r = session_add(places, input->temps[i], CORDON_ZONE_TEMP);
	return r;
}

/* The root is nobody's project: everything lies in it. */
static bool session_has_project(const struct places_input *input)
{
	if (!strcmp(input->start, "/") || !strcmp(input->start, input->home))
		return false;
	for (size_t i = 0; i < input->temp_count; i++)
		if (!strcmp(input->start, input->temps[i]))
			return false;
	return true;
}

/* --- environments --------------------------------------------------------------------------------------------------- */

static bool session_has(const char *folder, const char *name)
{
	_cleanup_free_ char *path = text_format("%s/%s", folder, name);

	return path && access(path, F_OK) == 0;
}

static bool session_is_environment(const char *folder)
{
	return session_has(folder, "pyvenv.cfg") || session_has(folder, "conda-meta");
}

/* An environment, or what an interpreter was installed to. /usr is the system's, and one that the home or the project
 * lies in would make them a tool. */
static int session_add_tool(struct places *places, const struct places_input *input, const char *folder)
{
	_cleanup_free_ char *real = realpath(folder, NULL);
	const struct place *there;

	if (!real || !strcmp(real, "/usr") || zone_path_is_under(input->home, real) || !strcmp(input->start, real))
		return 0;
	there = places_cover_with_zone(places, real, false);
	return there && there->zone == CORDON_ZONE_TOOL ? 0 : session_add(places, real, CORDON_ZONE_TOOL);
}

/* `folder` is one that programs are started from. */
static int session_add_bin(struct places *places, const struct places_input *input, const char *folder)
{
	static const char *const interpreters[] = { "python3", "python", "node" };
	_cleanup_free_ char *prefix = text_format("%s/..", folder);
	int r = prefix ? 0 : -ENOMEM;

	if (!r && session_is_environment(prefix))
		r = session_add_tool(places, input, prefix);
	for (size_t i = 0; !r && i < ARRAY_SIZE(interpreters); i++) {
		_cleanup_free_ char *program = text_format("%s/%s", folder, interpreters[i]);
		_cleanup_free_ char *real = program ? realpath(program, NULL) : NULL;
		char *slash = real ? strrchr(real, '/') : NULL;

		if (!slash)
			continue;
		*slash = '\0';
		if (!text_ends_with(real, "/bin"))
			continue;
		real[strlen(real) - strlen("/bin")] = '\0';
		r = *real ? session_add_tool(places, input, real) : 0;
	}
	return r;
}

/* Whoever can write in a folder of the PATH is the next command of any name. */
static int session_add_path_folder(struct places *places, const struct places_input *input, const char *folder)
{
	_cleanup_free_ char *real = realpath(folder, NULL);

	if (!real || zone_path_is_under(input->home, real) || zone_path_is_under(input->start, real))
		return 0;
	if (!zone_path_is_under(real, input->home) && !zone_path_is_under(real, input->start))
		return 0;
	if (session_is_kept(places, real))
		return 0;
	return places_add(places, real,
			  &(struct place){ .write_zone = CORDON_ZONE_PERSIST, .classes = CORDON_CLASS_INSTALLER });
}

static int session_add_path(struct places *places, const struct places_input *input)
{
	const char *path = facts_env(input->command, "PATH");
	_cleanup_free_ char *copy = path ? strdup(path) : NULL;
	char *rest = copy, *folder;
	int r = path && !copy ? -ENOMEM : 0;

	while (!r && (folder = strsep(&rest, ":"))) {
		if (folder[0] != '/')
			continue;
		r = session_add_bin(places, input, folder);
		if (!r)
			r = session_add_path_folder(places, input, folder);
	}
	return r;
}

/* Programs that the command names by a path. */
static int session_add_args(struct places *places, const struct places_input *input)
{
	const struct facts_block *args = &input->command->cmdline;
	unsigned int count = 0;
	int r = 0;

	for (size_t at = 0; !r && at < args->len && count++ < SESSION_ARGS_MAX; at += strlen(args->bytes + at) + 1) {
		const char *arg = args->bytes + at;
		_cleanup_free_ char *path = NULL;
		char *slash;

		if (!strchr(arg, '/') || strlen(arg) >= PATH_MAX)
			continue;
		path = arg[0] == '/' ? strdup(arg) : text_format("%s/%s", input->start, arg);
		slash = path ? strrchr(path, '/') : NULL;
		if (!slash)
			return -ENOMEM;
		*slash = '\0';
		r = session_add_bin(places, input, path);
	}
	return r;
}

/* Environments directly below the project, by whatever name. Those with the usual ones are in tool.list. */
static int session_add_nearby(struct places *places, const struct places_input *input)
{
	CLEANUP(dir_close_cleanup) DIR *dir = session_has_project(input) ? opendir(input->start) : NULL;
	struct dirent *entry;
	int r = 0;

	for (unsigned int i = 0; dir && !r && i < SESSION_ENTRIES_MAX && (entry = readdir(dir)); i++) {
		_cleanup_free_ char *path = NULL;

		if (entry->d_type != DT_DIR && entry->d_type != DT_UNKNOWN)
			continue;
		if (!strcmp(entry->d_name, ".") || !strcmp(entry->d_name, ".."))
			continue;
		path = text_format("%s/%s", input->start, entry->d_name);
		if (!path)
			return -ENOMEM;
		if (session_is_environment(path))
			r = session_add_tool(places, input, path);
	}
	return r;
}

int places_add_session(struct places *places, const struct places_input *input)
{
	int r = session_add_temps(places, input);

	if (!r && strcmp(input->home, "/") != 0)
		r = session_add(places, input->home, CORDON_ZONE_PRIVATE);
	if (!r && session_has_project(input))
		r = session_add(places, input->start, CORDON_ZONE_PROJECT);
	if (!r)
		r = session_add_nearby(places, input);
	if (!r && input->command)
		r = session_add_path(places, input);
	if (!r && input->command)
		r = session_add_args(places, input);
	return r;
}
